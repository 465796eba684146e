"""An activity file through the pages: sent without an account, left alone, found again, and carried on with."""

import pytest
from lxml import html

from frontend.bulk_view import COMMON, KINDS
from frontend.locales import Locale
from frontend.wording import words
from marketplace.accounts.roles import Role
from marketplace.bulk import running, service
from marketplace.bulk.models import BulkRun, BulkState
from offset_calc import factors
from offset_calc.bulk.rates import RateBook
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.signed_in import signed_in

ROWS = (
    "date,kind,quantity,unit,site\n"
    "2025-05-01,electricity,1000,kWh,東京\n"
    "2025-05-02,electricity,10,kWh,大阪\n"
    "2025-05-03,nothing_known,1,kg,東京\n"
)


async def sent(shop: MarketSite, text: str = ROWS) -> str:
    """The address to which the form leads."""
    answer = await shop.client.post("/ja/calculate/bulk", files={"file": ("2025年度.csv", text.encode("cp932"))})
    assert answer.status_code == 303, answer.text[:500]
    return answer.headers["location"]


async def computed(shop: MarketSite, text: str = ROWS) -> str:
    address = await sent(shop, text)
    await running.advance(shop.small.market, address.rpartition("/")[2])
    await running.all_computed()
    return address


class TestTheForm:
    @pytest.mark.parametrize("locale", list(Locale))
    async def test_says_what_a_file_holds(self, shop: MarketSite, locale: Locale) -> None:
        page = check_frame(await shop.client.get(f"/{locale}/calculate/bulk"))
        assert "fuel.gasoline" in page.text_content()
        assert page.xpath("//main//form/@enctype") == ["multipart/form-data"]

    async def test_without_a_file_says_so_next_to_the_field(self, shop: MarketSite) -> None:
        answer = await shop.client.post("/en/calculate/bulk", data={})
        assert answer.status_code == 422
        assert check_frame(answer).get_element_by_id("f-file").get("aria-invalid") == "true"

    async def test_while_too_many_are_under_way_asks_to_come_again(
        self, shop: MarketSite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service, "MOST_UNDER_WAY", 0)
        answer = await shop.client.post("/ja/calculate/bulk", files={"file": ("a.csv", b"x")})
        assert answer.status_code == 503
        check_frame(answer)

    async def test_the_example_is_computed_without_a_refused_row(self, shop: MarketSite) -> None:
        example = (await shop.client.get("/ja/calculate/bulk/example.csv")).content.decode("utf-8-sig")
        address = await computed(shop, example.replace("札幌", "東京"))
        assert shop_refusals(await shop.page(address)) == []


def shop_refusals(page: html.HtmlElement) -> list[str]:
    return page.xpath("//a[contains(@href, '/rejected.csv')]/@href")


class TestTheRun:
    async def test_is_found_again_while_it_waits_and_tells_scripts_how_it_stands(self, shop: MarketSite) -> None:
        address = await sent(shop)
        answer = await shop.client.get(address)
        page = check_frame(answer)
        assert page.xpath("//noscript/meta/@http-equiv") == ["refresh"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        status = (await shop.client.get(page.get_element_by_id("progress").get("data-status"))).json()
        assert status == {"version": page.get_element_by_id("progress").get("data-version"), "under_way": True}

    async def test_shows_sums_and_refused_rows_and_hands_out_both_files(self, shop: MarketSite) -> None:
        address = await computed(shop)
        page = check_frame(await shop.client.get(address.replace("/ja/", "/en/")))
        assert "東京" in page.text_content()
        assert words("bulk", "reason.unknown_kind", Locale.EN) in page.text_content()
        assert (await shop.client.get(f"{address}/totals.csv")).text.count("\n") == 3
        rejected = await shop.client.get(f"{address}/rejected.csv")
        assert "nothing_known" in rejected.text
        assert "attachment" in rejected.headers["content-disposition"]
        assert (await shop.client.get(f"{address}/source.csv")).status_code == 404

    async def test_becomes_a_footprint_of_the_same_amount(self, shop: MarketSite) -> None:
        address = await computed(shop)
        refused = await shop.client.post(address, data={"name": " "})
        assert refused.status_code == 422
        assert check_frame(refused).get_element_by_id("f-name").get("aria-invalid") == "true"
        answer = await shop.client.post(address, data={"name": "2025年度"})
        footprint = await shop.services.footprints.load(answer.headers["location"].rpartition("/")[2])
        run = await BulkRun.get()
        assert footprint is not None
        assert f'"total_g": {footprint.total.value}' in (run.result or "")

    async def test_of_others_or_of_nobody_is_not_there(self, shop: MarketSite) -> None:
        for address in ("/ja/calculate/bulk/bulk_1", "/ja/calculate/bulk/bulk_1/status"):
            assert (await shop.client.get(address)).status_code == 404
        waiting = await sent(shop)
        assert (await shop.client.get(f"{waiting}/totals.csv")).status_code == 404
        assert (await shop.client.post(waiting, data={"name": "x"})).status_code == 404

    async def test_a_file_that_cannot_be_used_names_the_reason(self, shop: MarketSite) -> None:
        page = check_frame(await shop.client.get(await computed(shop, "day,what\n1,2\n")))
        assert words("bulk", "refused.columns_missing", Locale.JA) in page.text_content()


class TestAnOrganisation:
    async def test_finds_its_runs_in_its_account(self, shop: MarketSite) -> None:
        visitor = await signed_in(shop.client, shop.small, Role.BUYER)
        files = {"file": ("a.csv", ROWS.encode())}
        answer = await shop.client.post("/ja/calculate/bulk", files=files, data={"forms_token": visitor.forms_token})
        account = check_frame(await shop.client.get("/ja/account"))
        assert account.xpath(f"//a[@href='{answer.headers['location']}']/text()") == ["a.csv"]


class TestTheKinds:
    @pytest.mark.parametrize(("kind", "unit"), COMMON)
    def test_that_the_form_names_have_a_rate_for_their_unit(self, kind: str, unit: str) -> None:
        assert unit in {rate.unit for rate in RateBook(factors.load()).of_kind(kind)}

    @pytest.mark.parametrize("state", list(BulkState))
    @pytest.mark.parametrize("locale", list(Locale))
    def test_every_state_has_words_and_a_shape(self, state: BulkState, locale: Locale) -> None:
        assert words("bulk", f"state.{state}", locale)
        assert words("bulk", f"next.{state}", locale)
        assert state in KINDS
