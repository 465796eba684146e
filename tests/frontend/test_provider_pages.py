"""A provider's pages without JavaScript: bring a list in, sell on terms, withdraw; and what strangers see of it."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from lxml import html

from marketplace import invariants
from marketplace.inventory.models import Holding, RegistryAccount
from marketplace.listings.models import Listing
from marketplace.outbox.models import Job
from marketplace.providers.imports import BRING_IN
from tests.builders.desk import OPERATOR, a_provider_person, signed_in
from tests.builders.market import a_listing, a_small_market, an_order
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite, market_site
from tests.marketplace.providers.test_holding_list import FOREST, HEAD

SELLER = a_provider_person("prov_a")
OTHER = a_provider_person("prov_b")


@pytest.fixture
async def site(db) -> AsyncIterator[MarketSite]:
    async with market_site(a_small_market()) as running:
        yield running
    assert await invariants.violations() == []


async def send(site: MarketSite, path: str, files=None, **fields: str):
    page = await site.page(path)
    token = page.xpath("//input[@name='forms_token']/@value")[0]
    return await site.client.post(path, data={"forms_token": token, **fields}, files=files)


async def send_from(site: MarketSite, page: str, path: str):
    """Send a form to `path` with the token that another page carries."""
    token = (await site.page(page)).xpath("//input[@name='forms_token']/@value")[0]
    return await site.client.post(path, data={"forms_token": token})


def read(answer):
    return html.fromstring(answer.content)


def text_of(page) -> str:
    return " ".join(page.text_content().split())


class TestBringingAListIn:
    PATH = "/ja/provider/import"

    async def test_shows_each_row_first_and_takes_the_good_ones(self, site):
        await a_listing(site.small)
        await signed_in(site, SELLER)
        account = await RegistryAccount.get()
        rows = "\n".join([HEAD, FOREST, FOREST.replace("jcredit/normal/225", "225")])
        checked = await send(site, self.PATH, {"file": ("list.csv", rows.encode("cp932"))}, account=account.id)
        address = checked.headers["location"]
        page = check_frame(await site.client.get(address))
        assert "jcredit/program/225" in text_of(page), "the refused row says what to write"
        assert await Holding.all().count() == 1, "nothing was brought in yet"
        for _ in range(2):
            assert (await send_from(site, self.PATH, address)).headers["location"] == address
        await site.small.work()
        assert await Holding.all().count() == 2
        done = check_frame(await site.client.get(address))
        assert "取り込み済み" in text_of(done.xpath("//h1")[0])
        assert not done.xpath("//main//form")

    async def test_can_be_left_and_found_again(self, site):
        await a_listing(site.small)
        await signed_in(site, SELLER)
        rows = "\n".join([HEAD, FOREST]).encode()
        checked = await send(site, self.PATH, {"file": ("list.csv", rows)}, account=(await RegistryAccount.get()).id)
        address = checked.headers["location"]
        for elsewhere in (self.PATH, "/ja/provider"):
            assert (await site.page(elsewhere)).xpath(f"//main//a[@href='{address}']")
        await send(site, address)
        assert (await site.client.get(f"{address}/status")).json() == {"version": "waiting", "under_way": True}
        assert "取り込み中" in text_of((await site.page(address)).xpath("//h1")[0])
        await Job.filter(kind=BRING_IN).update(parked_at=site.small.clock())
        assert "止まっています" in text_of((await site.page(address)).xpath("//h1")[0])
        await Job.filter(kind=BRING_IN).update(parked_at=None)
        await site.small.work()
        assert (await site.client.get(f"{address}/status")).json() == {"version": "done", "under_way": False}
        assert not (await site.page(self.PATH)).xpath(f"//main//a[@href='{address}']")

    async def test_another_providers_list_does_not_exist(self, site):
        await a_listing(site.small)
        await signed_in(site, SELLER)
        rows = "\n".join([HEAD, FOREST]).encode()
        checked = await send(site, self.PATH, {"file": ("list.csv", rows)}, account=(await RegistryAccount.get()).id)
        address = checked.headers["location"]
        await signed_in(site, replace(OTHER, email="other@provider.example"))
        await RegistryAccount.create(id="acc_b", registry="jcredit", number="B", provider_id="prov_b")
        assert (await site.client.get(address)).status_code == 404
        assert (await send_from(site, self.PATH, address)).status_code == 404

    async def test_a_file_that_is_no_list_is_explained(self, site):
        await a_listing(site.small)
        await signed_in(site, SELLER)
        account = await RegistryAccount.get()
        contents = [b"", b"a,b\n1,2", b"PK\x03\x04 broken", b"\x81\x00\xff", b"x" * 1_000_001]
        for content in contents:
            for language in ("ja", "en"):
                files = {"file": ("x.csv", content)}
                answer = await send(site, f"/{language}/provider/import", files, account=account.id)
                assert answer.status_code == 422
                assert read(answer).xpath("//*[@role='alert']")

    async def test_another_providers_account_does_not_exist(self, site):
        await a_listing(site.small)
        await signed_in(site, OTHER)
        stranger = await RegistryAccount.create(id="acc_b", registry="jcredit", number="B", provider_id="prov_b")
        theirs = await RegistryAccount.get(provider_id="prov_a")
        assert stranger.id != theirs.id
        answer = await send(site, self.PATH, {"file": ("x.csv", b"")}, account=theirs.id)
        assert answer.status_code == 404


class TestAHolding:
    async def test_is_sold_on_its_providers_terms(self, site):
        holding = (await a_listing(site.small, open=False)).holding_id
        await signed_in(site, SELLER)
        path = f"/ja/provider/holdings/{holding}"
        answer = await send(
            site, path, wish="offer", yen_per_tonne="5,200", minimum_tonnes="２", all_uses="yes", closes_on="2027-03-31"
        )
        assert answer.status_code == 303
        listing = await Listing.get(open=True)
        assert (listing.yen_per_tonne, listing.minimum_tonnes, str(listing.closes_on)) == (5_200, 2, "2027-03-31")
        assert (await send(site, path, wish="close")).status_code == 303
        assert not await Listing.filter(open=True).exists()

    async def test_what_was_typed_comes_back_with_the_reason_beside_it(self, site):
        listing = await a_listing(site.small)
        await signed_in(site, SELLER)
        fields = {"yen_per_tonne": "5200", "minimum_tonnes": "1", "opens_on": "2026-12-01", "all_uses": "yes"}
        wrong = [
            ("yen_per_tonne", "dear"),
            ("yen_per_tonne", "0"),
            ("minimum_tonnes", "1.5"),
            ("minimum_tonnes", "101"),
            ("opens_on", "tomorrow"),
            ("closes_on", "2026-01-01"),
        ]
        for field, typed in wrong:
            path = f"/en/provider/holdings/{listing.holding_id}"
            answer = await send(site, path, wish="change", **(fields | {field: typed}))
            page = read(answer)
            assert answer.status_code == 422
            assert page.xpath(f"//input[@name='{field}']/@value") == [typed]
            assert page.xpath(f"//*[@id='f-{field}-error']"), (field, typed)
        assert (await Listing.get()).yen_per_tonne == 4_000

    async def test_reserved_tonnes_are_not_withdrawn(self, site):
        listing = await a_listing(site.small, tonnes=10)
        await an_order(site.small, listing, tonnes=4)
        await signed_in(site, SELLER)
        path = f"/ja/provider/holdings/{listing.holding_id}"
        refused = await send(site, path, wish="withdraw", tonnes="7")
        assert refused.status_code == 422
        assert "6 t" in text_of(read(refused))
        assert (await send(site, path, wish="withdraw", tonnes="6")).status_code == 303

    async def test_of_another_provider_does_not_exist(self, site):
        listing = await a_listing(site.small)
        await signed_in(site, OTHER)
        answer = await site.client.get(f"/ja/provider/holdings/{listing.holding_id}")
        assert answer.status_code == 404


class TestWhoMayLook:
    async def test_an_operator_has_no_provider_pages(self, site):
        await signed_in(site, OPERATOR)
        assert (await site.client.get("/ja/provider")).status_code == 404

    async def test_strangers_are_sent_to_sign_in(self, site):
        answer = await site.client.get("/ja/provider")
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/ja/sign-in")


class TestTheFiguresAddUp:
    async def test_on_the_own_page_the_public_page_and_in_the_file(self, site):
        small = site.small
        listing = await a_listing(small, tonnes=100)
        sold = await an_order(small, listing, tonnes=4)
        await an_order(small, listing, tonnes=3)
        await small.deliver(small.payments.pay(sold.checkout_session))
        await small.work()
        answer = await site.client.get("/ja/providers/prov_a/stock.csv")
        (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
        figures = {name: int(row[name]) for name in row if name.endswith("tonnes")}
        assert figures == {
            "tonnes": 100, "offered_tonnes": 93, "held_tonnes": 3, "sold_tonnes": 4, "cancelled_tonnes": 4,
            "withdrawn_tonnes": 0, "remaining_tonnes": 96,
        }  # fmt: skip
        for language in ("ja", "en"):
            public = check_frame(await site.client.get(f"/{language}/providers/prov_a"))
            cells = [" ".join(cell.text_content().split()) for cell in public.xpath("//table[1]/tbody/tr/td")]
            assert cells[:7] == ["100", "93", "3", "4", "4", "0", "96"]
            assert "N-1" in text_of(public), "the registry's notice number of the cancellation"
        await signed_in(site, SELLER)
        own = text_of(await site.page("/ja/provider"))
        assert "16,000" in own, "four tonnes at 4,000 yen, without tax"

    async def test_an_unknown_provider_has_no_page(self, site):
        for path in ("/ja/providers/nobody", "/ja/providers/nobody/stock.csv"):
            assert (await site.client.get(path)).status_code == 404
