"""Product pages: made, covered, sold and looked at by their own organisation, read by everyone, in both languages."""

import csv
import io
from datetime import UTC, datetime

import httpx
import pytest
from lxml import html

from frontend.locales import Locale
from frontend.wording import table_of
from marketplace.accounts.roles import Role
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.orders.words import consent_version
from marketplace.products import errors
from marketplace.products.counting import count, sale
from marketplace.products.models import CoverPeriod, Product, ProductEntry, ProductRule, ProductShop
from marketplace.products.states import CoverageState
from tests.builders.market import a_listing
from tests.builders.pools import with_pools
from tests.builders.products import covered, money_for
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.signed_in import Visitor, signed_in

# pages show what tests/marketplace/products has seen on both databases
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# what no page can run into, or answers by itself
NOT_SHOWN = (
    errors.ProductNotFound,
    errors.MonthNotOver,
    errors.ShopSignatureRefused,
    errors.ShopOrderMalformed,
    errors.TopUpAboveLimit,
)
SHOWN = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "code")} - {
    kind.code for kind in NOT_SHOWN
}
EVIL = "<script>alert('x')</script>\"& ノート"
TYPED = {
    "name": EVIL,
    "functional_unit": "1冊",
    "market": "jp",
    "g_per_unit": "1,000",
    "covered_g_per_unit": "",
    "reduction_effort": "再生紙に変えた",
    "first_day": "2026-04-01",
    "last_day": "2027-03-31",
}


@pytest.fixture
async def owner(shop: MarketSite) -> Visitor:
    shop.services.market = with_pools(shop.small).market
    return await signed_in(shop.client, shop.small, Role.OWNER)


async def send(site: MarketSite, visitor: Visitor, path: str = "", **fields: str) -> httpx.Response:
    return await site.client.post(f"/ja/account/products{path}", data=fields | {"forms_token": visitor.forms_token})


@pytest.fixture
async def product(shop: MarketSite, owner: Visitor) -> Product:
    made = await send(shop, owner, **TYPED)
    assert made.status_code == 303, made.text
    return await Product.get()


async def in_both_languages(shop: MarketSite, path: str) -> list[html.HtmlElement]:
    pages = []
    for language in ("ja", "en"):
        address = f"{path}?lang={language}" if path.startswith("/p/") else f"/{language}{path}"
        answer = await shop.client.get(address)
        assert answer.status_code == 200, answer.text[:500]
        pages.append(check_frame(answer))
        assert pages[-1].get("lang") == language
        assert "<script>alert" not in answer.text
    return pages


class TestWords:
    def test_there_are_some_for_every_state_and_every_refusal(self):
        for locale in Locale:
            words, problems = table_of("products", locale), table_of("problems", locale)
            for state in CoverageState:
                assert words[f"state.{state}"] and words[f"says.{state}"]
            assert {code for code in SHOWN if code not in problems} == set()


@on_sqlite
class TestANewProduct:
    async def test_stands_in_the_list_of_its_organisation_with_its_name_as_text(self, shop, owner, product):
        for page in await in_both_languages(shop, "/account/products"):
            assert page.xpath("string(//table//th[@scope='row']/a)") == EVIL

    @pytest.mark.parametrize(
        ("field", "text"),
        [
            ("name", ""),
            ("name", "x" * 121),
            ("functional_unit", ""),
            ("reduction_effort", ""),
            ("g_per_unit", "many"),
            ("g_per_unit", "1.5"),
            ("g_per_unit", "0"),
            ("covered_g_per_unit", "1001"),
            ("first_day", "2027-02-29"),
            ("last_day", "2026-03-31"),
            ("market", "mars"),
        ],
    )
    async def test_that_makes_no_sense_comes_back_with_what_is_wrong(self, shop, owner, field, text):
        refused = await send(shop, owner, **(TYPED | {field: text}))
        assert refused.status_code == 422
        page = check_frame(refused)
        assert page.xpath("//*[@role='alert']//li")
        assert page.xpath("string(//input[@name='functional_unit']/@value)") == (
            "" if field == "functional_unit" else "1冊"
        )
        assert not await Product.exists()


@on_sqlite
class TestAProduct:
    async def test_is_nobody_elses(self, shop, owner, product):
        stranger = await signed_in(shop.client, shop.small, Role.OWNER, email="stranger@ashiato.example")
        address = f"/{product.id}"
        for path in ("", "/cover", "/sales", "/ledger.csv"):
            assert (await shop.client.get(f"/ja/account/products/{'x' * 300}{path}")).status_code == 404
            assert (await shop.client.get(f"/ja/account/products{address}{path}")).status_code == 404
        assert (await send(shop, stranger, address, action="end")).status_code == 404
        assert (await Product.get()).state == "active"

    async def test_is_covered_from_the_balance_and_shows_it_to_everyone(self, shop, owner, product):
        await a_listing(shop.small)
        await money_for(owner.actor, shop.small, 10_000)
        cover = f"/account/products/{product.id}/cover"
        for page in await in_both_languages(shop, cover):
            choices = page.xpath("//select[@name='period']/option/@value")
        answer = await send(
            shop, owner, f"/{product.id}/cover", action="quote", units="1000", period=choices[0], listing="cheapest"
        )
        last_look = check_frame(answer)
        assert "4,620" in last_look.text_content()
        quote = last_look.xpath("string(//input[@name='quote']/@value)")
        without = await send(shop, owner, f"/{product.id}/cover", action="balance", quote=quote)
        assert (without.status_code, check_frame(without).xpath("boolean(//*[@role='alert'])")) == (422, True)
        agreed = {"quote": quote, "consent": consent_version()}
        ordered = await send(shop, owner, f"/{product.id}/cover", action="balance", **agreed)
        assert (ordered.status_code, (await Order.get()).state) == (303, OrderState.PAID)
        await shop.small.work()
        number = (await Order.get()).certificate_number
        await count(shop.small.market, product.id, [sale("=1+1", 400, shop.small.clock())])
        for path in (f"/account/products/{product.id}", f"/p/{product.number}"):
            for page in await in_both_languages(shop, path):
                assert number in page.text_content()
                assert page.xpath("//svg[contains(@class, 'gauge')]/@aria-label")[0].count("1,000") == 1
                assert page.xpath("//tfoot//td[@class='amount'][1]")[0].text_content() == "600"

        table = (await shop.client.get(f"/ja/account/products/{product.id}/ledger.csv")).text.lstrip("\ufeff")
        rows = list(csv.DictReader(io.StringIO(table)))
        assert [(row["kind"], row["units"]) for row in rows] == [("covered", "1000"), ("sold", "400")]
        assert rows[1]["source"] == "sale:=1+1"

    async def test_is_covered_by_card_too(self, shop, owner, product):
        await a_listing(shop.small)
        page = check_frame(await shop.client.get(f"/ja/account/products/{product.id}/cover"))
        period = page.xpath("//select[@name='period']/option/@value")[0]
        answer = await send(shop, owner, f"/{product.id}/cover", action="quote", units="50", period=period)
        quote = check_frame(answer).xpath("string(//input[@name='quote']/@value)")
        agreed = {"quote": quote, "consent": consent_version()}
        answer = await send(shop, owner, f"/{product.id}/cover", action="checkout", **agreed)
        assert (answer.status_code, (await Order.get()).state) == (303, OrderState.AWAITING_PAYMENT)
        clicked_twice = await send(shop, owner, f"/{product.id}/cover", action="checkout", **agreed)
        assert clicked_twice.headers["location"] == answer.headers["location"]

    async def test_says_where_a_payment_is_refused_for_good_and_keeps_what_was_typed(self, shop, owner, product):
        await a_listing(shop.small)
        period = (await CoverPeriod.get()).id
        answer = await send(shop, owner, f"/{product.id}/cover", action="quote", units="50", period=period)
        agreed = {"quote": check_frame(answer).xpath("string(//input[@name='quote']/@value)")}
        agreed["consent"] = consent_version()
        shop.small.payments.refusal = "amount_too_large"
        answer = await send(shop, owner, f"/{product.id}/cover", action="checkout", **agreed)
        page = check_frame(answer)
        assert answer.status_code == 422
        assert "時間をおいても変わりません" in page.get_element_by_id("f-units-error").text_content()
        assert page.xpath("//input[@name='units']/@value") == ["50"]
        assert (await Order.get()).state == OrderState.EXPIRED

    async def test_gets_periods_footprints_a_rule_and_a_shop(self, shop, owner, product):
        page = f"/{product.id}"
        for fields in (
            {"action": "period", "first_day": "2028-02-01", "last_day": "2028-02-29"},
            {"action": "footprint", "g_per_unit": "800", "covered_g_per_unit": "400", "from_day": "2026-12-01"},
            {
                "action": "rule",
                "below_units": "100",
                "buy_units": "1000",
                "most_yen_a_month": "5000",
                "consent": consent_version(),
            },
            {"action": "stop_rule"},
        ):
            assert (await send(shop, owner, page, **fields)).status_code == 303, fields
        made = await send(shop, owner, page, action="add_shop", name="本店", skus="A-1, A-2")
        (secret,) = check_frame(made).xpath("//code[@class='secret']/text()")
        living = await ProductShop.get()
        kept = shop.small.market.seals.open(living.secret, living.id)
        assert (kept, (await ProductRule.get()).active) == (secret, False)
        for shown in await in_both_languages(shop, f"/account/products/{product.id}"):
            assert secret not in shown.text_content()
            assert f"/webhooks/shops/{living.id}" in shown.text_content()
        assert (await send(shop, owner, page, action="revoke_shop", shop=living.id)).status_code == 303
        assert (await send(shop, owner, page, action="end")).status_code == 303
        assert (
            await send(shop, owner, page, action="period", first_day="2029-01-01", last_day="2029-01-31")
        ).status_code == 422
        for shown in await in_both_languages(shop, f"/p/{product.number}"):
            assert shown.xpath("string(//p[@class='lead'])")

    @pytest.mark.parametrize(
        "fields",
        [
            {"action": "period", "first_day": "2026-04-01", "last_day": "2026-04-30"},
            {"action": "period", "first_day": "x", "last_day": "2026-04-30"},
            {"action": "footprint", "g_per_unit": "5", "covered_g_per_unit": "6", "from_day": "2027-01-01"},
            {"action": "rule", "below_units": "0", "buy_units": "x", "most_yen_a_month": ""},
            {"action": "rule", "below_units": "1", "buy_units": "1", "most_yen_a_month": "1"},
            {"action": "add_shop", "name": "", "skus": "A"},
            {"action": "add_shop", "name": "x", "skus": ""},
        ],
    )
    async def test_says_what_it_does_not_take(self, shop, owner, product, fields):
        refused = await send(shop, owner, f"/{product.id}", **fields)
        assert refused.status_code == 422
        assert check_frame(refused).xpath("//*[@role='alert']//li")

    async def test_leaves_secrets_and_the_rule_to_owners(self, shop, owner, product):
        buyer = await signed_in(shop.client, shop.small, Role.BUYER, email="buyer@ashiato.example")
        for action in ("rule", "add_shop", "end"):
            assert (await send(shop, buyer, f"/{product.id}", action=action)).status_code == 404


@on_sqlite
class TestAListOfSales:
    async def upload(self, shop, owner, product, content: bytes) -> httpx.Response:
        return await shop.client.post(
            f"/ja/account/products/{product.id}/sales",
            data={"forms_token": owner.forms_token},
            files={"file": ("sales.csv", content)},
        )

    async def test_is_checked_row_by_row_and_then_counted_once(self, shop, owner, product):
        text = (
            "注文番号,数量,日付,返品元\n"
            "1001,3,2026-11-01,\n1002,2,2026/11/02 10:00,\n1002,2,2026-11-02,\n"
            "r1,1,2026-11-05,1001\n=cmd,x,2026-11-02,\n1003,1,soon,\nr2,9,2026-11-05,1001\n"
        )
        page = check_frame(await self.upload(shop, owner, product, text.encode("cp932")))
        assert page.xpath("//dl[@class='tallies']//dd/text()") == ["3", "1", "3"]
        assert page.xpath("//tbody/tr/th/text()") == ["6", "7", "8"]
        assert await ProductEntry.all().count() == 0
        checked = page.xpath("string(//input[@name='checked']/@value)")
        for tallies in (["3", "1", "0"], ["0", "4", "0"]):
            done = check_frame(await send(shop, owner, f"/{product.id}/sales", checked=checked))
            assert done.xpath("//dl[@class='tallies']//dd/text()") == tallies
        assert await ProductEntry.all().count() == 3
        second = await ProductEntry.get(source="sale:1002")
        assert second.happened_at == datetime(2026, 11, 2, 1, tzinfo=UTC)

    @pytest.mark.parametrize(
        "content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"PK\x03\x04 broken", "注文番号,数量\n1,2\n".encode()]
    )
    async def test_that_cannot_be_read_says_why(self, shop, owner, product, content):
        refused = await self.upload(shop, owner, product, content)
        assert refused.status_code == 422
        assert check_frame(refused).xpath("//*[@role='alert']//li")

    async def test_with_nothing_chosen_or_too_large_is_refused(self, shop, owner, product):
        assert (await send(shop, owner, f"/{product.id}/sales")).status_code == 422
        assert (await self.upload(shop, owner, product, b"x" * 500_001)).status_code == 422


@on_sqlite
class TestThePublicPage:
    async def test_of_no_product_is_not_found(self, shop, owner):
        for number in ("NOTHING000", "%E3%81%82", "x" * 300):
            assert (await shop.client.get(f"/p/{number}")).status_code == 404

    async def test_names_who_made_it_and_lists_what_counts(self, shop, owner, product):
        listing = await a_listing(shop.small)
        await covered(shop.small, await CoverPeriod.get(), listing)
        for page in await in_both_languages(shop, f"/p/{product.number.lower()}"):
            assert "足跡学会" in page.text_content()
            assert len(page.xpath("//a[starts-with(@href, '/c/')]")) == 1
