"""An operator recalls a factor on a page and sees what it touched."""

import pytest

from marketplace.accounts.roles import Role
from marketplace.audit.models import AuditEntry
from marketplace.footprints.models import FactorRecall
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.signed_in import signed_in

ELECTRICITY = "jp.grid.fy2024.national_average"
PATH = "/ja/operations/recalls"


async def recall(shop: MarketSite, **typed: str):
    token = (await shop.page(PATH)).xpath("//main//input[@name='forms_token']/@value")[0]
    wish = {"factor_id": ELECTRICITY, "reason": "訂正が公表された", "corrected_value": "0.846"}
    return await shop.client.post(PATH, data={"forms_token": token, **wish, **typed})


class TestARecall:
    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_lists_the_footprints_with_their_corrected_totals(self, shop: MarketSite, language: str) -> None:
        footprint = await shop.a_footprint(venue_energy=[{"electricity_kwh": "1000"}])
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        answer = await recall(shop)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}/{ELECTRICITY}")
        page = check_frame(await shop.client.get(f"/{language}/operations/recalls/{ELECTRICITY}"))
        assert f"/{language}/footprints/{footprint}" in page.xpath("//main//a/@href")
        # 1000 kWh at 0.846 instead of 0.423 kg
        assert "423" in " ".join(page.xpath("//main//td[3]")[0].itertext())
        listed = check_frame(await shop.client.get(f"/{language}/operations/recalls"))
        assert f"/{language}/operations/recalls/{ELECTRICITY}" in listed.xpath("//main//a/@href")

    async def test_is_written_into_the_audit_trail_with_who_and_why(self, shop: MarketSite) -> None:
        visitor = await signed_in(shop.client, shop.small, Role.OPERATOR)
        await recall(shop)
        entry = await AuditEntry.get(act="factor.recall")
        assert (entry.subject, entry.reason) == (ELECTRICITY, "訂正が公表された")
        assert entry.actor == visitor.actor.person_id

    @pytest.mark.parametrize(
        "typed",
        [
            {"factor_id": "jp.unicorn"},
            {"factor_id": ""},
            {"reason": " "},
            {"corrected_value": "-1"},
            {"corrected_value": "1e3"},
        ],
    )
    async def test_what_cannot_be_taken_is_said_and_recalls_nothing(
        self, shop: MarketSite, typed: dict[str, str]
    ) -> None:
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        answer = await recall(shop, **typed)
        assert answer.status_code == 422
        check_frame(answer)
        assert await FactorRecall.all().count() == 0

    async def test_a_factor_that_was_never_recalled_has_no_report(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        assert (await shop.client.get(f"{PATH}/{ELECTRICITY}")).status_code == 404


class TestWhoMay:
    async def test_an_auditor_reads_and_recalls_nothing(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.AUDITOR)
        page = await shop.page(PATH)
        assert page.xpath("//main//form") == []
        assert (await shop.client.post(PATH, data={})).status_code == 404

    async def test_a_buyer_finds_no_such_page(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.BUYER)
        assert (await shop.client.get(PATH)).status_code == 404
