"""Products over the API: made, sold, returned and covered with a key, and read by everyone."""

import json
from base64 import urlsafe_b64decode
from datetime import timedelta

import pytest

from marketplace.accounts import keys
from marketplace.accounts.keys import Scope
from marketplace.orders.models import Order
from marketplace.orders.words import consent_version
from marketplace.products.models import ProductCover
from tests.api.buying import fresh_key
from tests.builders.market import a_listing
from tests.builders.pools import with_pools
from tests.builders.products import a_maker, money_for

EVIL = "<script>alert('x')</script>\"&"
BODY = {
    "name": EVIL,
    "functional_unit": "1冊",
    "market": "jp",
    "reduction_effort": "再生紙に変えた",
    "footprint": {"g_per_unit": 1000, "from_day": "2026-04-01"},
    "period": {"first_day": "2026-04-01", "last_day": "2027-03-31"},
}


@pytest.fixture
def small(small):
    return with_pools(small)


@pytest.fixture
async def maker(small):
    return await a_maker(small)


async def bearer(small, actor, *scopes: Scope) -> dict[str, str]:
    wanted = scopes or (Scope.PRODUCTS_READ, Scope.PRODUCTS_WRITE)
    _, secret = await keys.create(actor, "shop", wanted, environment="sandbox", expires_at=None, clock=small.clock)
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
async def key(small, maker):
    return await bearer(small, maker)


@pytest.fixture
async def product(client, key):
    answer = await client.post("/v1/products", json=BODY, headers=fresh_key() | key)
    assert answer.status_code == 201, answer.text
    return answer.json()


def a_sale(external_id: str = "1", units: int = 2, **changed) -> dict[str, object]:
    return {"external_id": external_id, "units": units, "at": "2026-11-20T12:00:00+09:00"} | changed


class TestPerOrderCover:
    """On both databases: money, units and grams meet here."""

    async def buy(self, client, product, headers, **body):
        wish = {"consent_version": consent_version()} | body
        return await client.post(f"/v1/products/{product['id']}/cover", json=wish, headers=headers)

    async def test_each_order_gets_a_certificate_of_its_own_and_the_month_lists_them(
        self, small, client, maker, key, product
    ):
        listing = await a_listing(small)
        await money_for(maker, small, 10_000)
        once = fresh_key() | key
        first = await self.buy(client, product, once, units=3, listing_id=listing.id, max_total=50)
        assert first.status_code == 201, first.text
        again = await self.buy(client, product, once, units=3, listing_id=listing.id, max_total=50)
        assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
        second = await self.buy(client, product, fresh_key() | key, amount_g=2_500)
        assert (second.status_code, second.json()["units"]) == (201, 2), second.text
        await small.work()
        assert (await Order.filter(external_id__contains=":cover:").count(), await ProductCover.all().count()) == (2, 2)

        standing = (await client.get(f"/v1/products/{product['id']}")).json()["coverage"]
        assert (standing["covered_units"], standing["covered_g"], standing["state"]) == (5, 5_500, "covered")
        assert len(set(standing["certificates"])) == 2

        month = f"/v1/products/{product['id']}/months/2026-11"
        early = await client.get(month, headers=key)
        assert (early.status_code, early.json()["code"]) == (404, "month_not_over")
        small.clock.advance(timedelta(days=10))
        summary = (await client.get(month, headers=key)).json()
        assert sorted(one["amount_g"] for one in summary["certificates"]) == [2_500, 3_000]
        assert (summary["covered_units"], summary["covered_g"]) == (5, 5_500)
        header, claims, _ = summary["signed"].split(".")
        read = [json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (header, claims)]
        assert (read[0]["typ"], read[1]["is_certificate"]) == ("cover-summary+jwt", False)
        assert [one["number"] for one in read[1]["certificates"]] == [
            one["certificate"] for one in summary["certificates"]
        ]

    async def test_without_money_nothing_is_bought(self, small, client, key, product):
        await a_listing(small)
        answer = await self.buy(client, product, fresh_key() | key, units=1)
        assert (answer.status_code, answer.json()["code"]) == (409, "balance_too_low")
        assert await Order.all().count() == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestAProduct:
    async def test_is_read_by_everyone_with_its_name_as_typed(self, client, product):
        answer = await client.get(f"/v1/products/{product['id']}")
        read = answer.json()
        assert (read["name"], read["coverage"]["state"], read["sandbox"]) == (EVIL, "not_covered", True)
        assert read["page_url"].endswith(f"/p/{read['number']}")
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    async def test_is_listed_for_its_own_organisation_alone(self, small, client, key, product):
        assert [one["id"] for one in (await client.get("/v1/products", headers=key)).json()["data"]] == [product["id"]]
        stranger = await bearer(small, await a_maker(small, "stranger@ashiato.example"))
        assert (await client.get("/v1/products", headers=stranger)).json()["data"] == []

    async def test_is_changed_by_its_own_organisation_alone(self, small, client, product):
        stranger = await bearer(small, await a_maker(small, "stranger@ashiato.example"))
        address = f"/v1/products/{product['id']}"
        for path, body in (
            ("sales", {"sales": [a_sale()]}),
            ("returns", {"returns": [a_sale(of="1")]}),
            ("cover", {"units": 1, "consent_version": consent_version()}),
            ("footprints", {"g_per_unit": 1}),
            ("periods", {"first_day": "2028-01-01", "last_day": "2028-01-31"}),
            ("end", None),
        ):
            answer = await client.post(f"{address}/{path}", json=body, headers=fresh_key() | stranger)
            assert (answer.status_code, answer.json()["code"]) == (404, "product_not_found"), path
        assert (await client.get(f"{address}/months/2026-10", headers=stranger)).status_code == 404

    async def test_needs_a_key_with_the_scope(self, small, client, maker, product):
        reader = await bearer(small, maker, Scope.PRODUCTS_READ)
        address = f"/v1/products/{product['id']}/sales"
        for headers, status in (({}, 401), (reader, 403)):
            answer = await client.post(address, json={"sales": [a_sale()]}, headers=headers)
            assert answer.status_code == status

    async def test_gets_versions_and_periods_that_do_not_clash(self, client, key, product):
        address = f"/v1/products/{product['id']}"
        lighter = {"g_per_unit": 800, "covered_g_per_unit": 400, "from_day": "2026-12-01"}
        assert (await client.post(f"{address}/footprints", json=lighter, headers=key)).status_code == 201
        answer = await client.post(f"{address}/footprints", json=lighter, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (422, "footprint_version_refused")
        leap = {"first_day": "2028-02-01", "last_day": "2028-02-29"}
        made = (await client.post(f"{address}/periods", json=leap, headers=key)).json()
        assert (made["periods"][0]["last_day"], made["footprints"][0]["covered_g_per_unit"]) == ("2028-02-29", 400)
        answer = await client.post(f"{address}/periods", json=leap, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (409, "cover_periods_overlap")

    @pytest.mark.parametrize(
        ("changed", "status"),
        [
            ({"name": " "}, 422),
            ({"name": "x" * 121}, 422),
            ({"name": "a\nb"}, 422),
            ({"market": "mars"}, 422),
            ({"footprint": {"g_per_unit": 0}}, 422),
            ({"footprint": {"g_per_unit": 5, "covered_g_per_unit": 6}}, 422),
            ({"footprint": {"g_per_unit": 1.5}}, 422),
            ({"footprint": {"g_per_unit": 5, "footprint_id": "fpr_x"}}, 404),
            ({"period": {"first_day": "2027-02-29", "last_day": "2027-03-01"}}, 422),
            ({"period": {"first_day": "2027-03-01", "last_day": "2027-02-28"}}, 422),
            ({"period": {"first_day": "2027-01-01", "last_day": "2033-01-01"}}, 422),
        ],
    )
    async def test_that_makes_no_sense_is_refused(self, client, key, changed, status):
        answer = await client.post("/v1/products", json=BODY | changed, headers=fresh_key() | key)
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestSales:
    async def report(self, client, product, key, *rows, path="sales"):
        return await client.post(f"/v1/products/{product['id']}/{path}", json={path: list(rows)}, headers=key)

    async def test_count_once_and_say_how_the_product_stands(self, client, key, product):
        first = await self.report(client, product, key, a_sale("1"), a_sale("2", 5))
        again = await self.report(client, product, key, a_sale("1"), a_sale("3"))
        assert [row["outcome"] for row in first.json()["rows"]] == ["counted", "counted"]
        assert [row["outcome"] for row in again.json()["rows"]] == ["known", "counted"]
        assert (again.json()["coverage"]["sold_units"], again.json()["coverage"]["state"]) == (9, "oversold")

    async def test_come_back_once_and_never_more_than_were_sold(self, client, key, product):
        await self.report(client, product, key, a_sale("1", 2))
        back = [a_sale("r1", 1, of="1"), a_sale("r1", 1, of="1")]
        answer = await self.report(client, product, key, *back, path="returns")
        assert answer.json()["coverage"]["returned_units"] == 1
        answer = await self.report(client, product, key, a_sale("r2", 2, of="1"), path="returns")
        assert (answer.status_code, answer.json()["params"]["left"]) == (409, 1)

    @pytest.mark.parametrize(
        "row",
        [
            a_sale(units=0),
            a_sale(units=-1),
            a_sale(units=1.5),
            a_sale(units=True),
            a_sale(at="2026-11-20T12:00:00"),
            a_sale(at="2027-02-29T12:00:00+09:00"),
            a_sale(external_id="a b"),
            a_sale(external_id=""),
            a_sale(extra=1),
        ],
    )
    async def test_that_are_no_sales_are_refused(self, client, key, product, row):
        assert (await self.report(client, product, key, row)).status_code == 422

    async def test_of_an_ended_product_are_refused_and_its_reading_says_so(self, client, key, product):
        ended = await client.post(f"/v1/products/{product['id']}/end", headers=key)
        assert (ended.status_code, ended.json()["coverage"]["state"]) == (200, "ended")
        answer = await self.report(client, product, key, a_sale())
        assert (answer.status_code, answer.json()["code"]) == (409, "product_ended")
