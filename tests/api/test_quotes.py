"""Quotes by amount or budget, of listings or of a mix, below a tonne or rounded up, with every seller's part shown."""

import json

import pytest

from certificates.jose import from_base64url
from certificates.records import find_by_order
from marketplace.listings.models import Listing
from tests.api.application import a_client, an_application
from tests.api.buying import TONNE, an_order_of, fresh_key
from tests.builders.market import a_listing
from tests.builders.pools import with_pools


@pytest.fixture
def small(small):
    return with_pools(small)


@pytest.fixture
async def client(small):
    async with a_client(an_application(small, rate_limit_factor=1_000)) as client:
        yield client


async def quoted(client, status: int = 201, **wish):
    answer = await client.post("/v1/quotes", json=wish)
    assert answer.status_code == status, answer.text
    return answer.json()


class TestAnExactAmount:
    async def test_shows_whole_tonnes_and_grams_of_a_pool_and_who_gets_what(self, client, small):
        listing = await a_listing(small, yen_per_tonne=4_000)
        quote = await quoted(client, listings=[{"listing_id": listing.id, "amount_g": 2_300_000}])
        assert [(line["amount_g"], line["from_pool"], line["credits"]) for line in quote["listings"]] == [
            (2 * TONNE, False, 8_000),
            (300_000, True, 1_200),
        ]
        assert quote["sellers"] == [
            {"seller": "prov_a", "net": 8_000, "tax": 800, "receives": 8_800},
            {"seller": "service", "net": 1_660, "tax": 166, "receives": 1_826},
        ]
        assert quote["total"] == 8_800 + 1_826 == quote["credits"] + quote["fee"] + quote["tax"]

    async def test_rounded_up_is_whole_tonnes_in_the_buyers_own_name(self, client, small):
        listing = await a_listing(small)
        quote = await quoted(client, listings=[{"listing_id": listing.id}], amount_g=2_300_000, rounding="whole")
        assert (quote["amount_g"], [line["from_pool"] for line in quote["listings"]]) == (3 * TONNE, [False])

    async def test_the_whole_lot(self, client, small):
        listing = await a_listing(small, tonnes=5)
        assert (await quoted(client, listings=[{"listing_id": listing.id}], amount_g=5 * TONNE))[
            "amount_g"
        ] == 5 * TONNE
        refused = await quoted(client, 409, listings=[{"listing_id": listing.id}], amount_g=1)
        assert refused["code"] == "not_enough_units"

    async def test_without_pools_less_than_a_tonne_is_refused(self, client, small):
        with_pools(small, registries=frozenset())
        async with a_client(an_application(small)) as without:
            listing = await a_listing(small)
            refused = await quoted(without, 422, listings=[{"listing_id": listing.id, "amount_g": TONNE - 1}])
            assert refused["code"] == "pool_not_offered"


class TestABudget:
    @pytest.mark.parametrize("budget", [2, 777, 4_619, 4_620, 100_000])
    async def test_buys_the_most_that_it_pays_for(self, client, small, budget):
        listing = await a_listing(small, yen_per_tonne=4_000)
        quote = await quoted(client, listings=[{"listing_id": listing.id}], budget=budget)
        assert quote["total"] <= budget
        more = await quoted(client, listings=[{"listing_id": listing.id}], amount_g=quote["amount_g"] + 1)
        assert more["total"] > budget

    async def test_in_whole_tonnes(self, client, small):
        listing = await a_listing(small, yen_per_tonne=4_000)
        quote = await quoted(client, listings=[{"listing_id": listing.id}], budget=10_000, rounding="whole")
        assert (quote["amount_g"], quote["total"]) == (2 * TONNE, 9_240)

    async def test_that_pays_for_nothing_is_refused(self, client, small):
        listing = await a_listing(small, yen_per_tonne=4_000)
        refused = await quoted(client, 422, listings=[{"listing_id": listing.id}], budget=4_619, rounding="whole")
        assert refused["code"] == "budget_too_low"
        assert (await quoted(client, 422, mix={}, budget=0))["code"] == "budget_too_low"


class TestAMix:
    async def test_spreads_whole_tonnes_over_the_cheapest_projects(self, client, small):
        cheap = await a_listing(small, yen_per_tonne=3_000)
        other = await a_listing(small, yen_per_tonne=5_000, project="jcredit/normal/83")
        await a_listing(small, yen_per_tonne=9_000, project="jcredit/normal/127")
        quote = await quoted(client, mix={"projects": 2}, amount_g=5_400_000)
        assert [(line["listing_id"], line["amount_g"]) for line in quote["listings"]] == [
            (cheap.id, 3 * TONNE),
            (other.id, 2 * TONNE),
            (cheap.id, 400_000),
        ]

    async def test_by_budget_never_costs_more(self, client, small):
        await a_listing(small, yen_per_tonne=3_000, tonnes=4)
        await a_listing(small, yen_per_tonne=5_000, project="jcredit/normal/83", tonnes=4)
        quote = await quoted(client, mix={"projects": 2}, budget=30_000)
        assert 29_900 < quote["total"] <= 30_000

    async def test_keeps_to_its_rules(self, client, small):
        await a_listing(small, yen_per_tonne=3_000)
        for rules in ({"max_price_per_tonne": 2_999}, {"kind": "jver"}, {"registry": "jcm_jp"}, {"projects": 2}):
            refused = await quoted(client, 409, mix=rules, amount_g=2 * TONNE)
            assert refused["code"] == "mix_not_available"

    async def test_for_a_use_that_its_kinds_are_not_confirmed_for(self, client, small):
        listing = await a_listing(small, kind="jver")
        refused = await quoted(
            client, 422, listings=[{"listing_id": listing.id}], amount_g=TONNE, claim={"use": "re100"}
        )
        assert refused["code"] == "claim_not_confirmed"


class TestAWishThatSaysTooMuchOrTooLittle:
    @pytest.mark.parametrize(
        ("wish", "code"),
        [
            ({"amount_g": 1}, "listings_or_mix"),
            ({"amount_g": 1, "mix": {}, "listings": [{"listing_id": "lst_1"}]}, "listings_or_mix"),
            ({"mix": {}}, "amount_or_budget"),
            ({"mix": {}, "amount_g": 1, "budget": 1}, "one_amount"),
            ({"amount_g": 1, "listings": [{"listing_id": "lst_1", "amount_g": 1}]}, "one_amount"),
            ({"listings": [{"listing_id": "lst_1", "amount_g": 1}, {"listing_id": "lst_2"}]}, "one_amount"),
            ({"amount_g": 2, "listings": [{"listing_id": "lst_1"}, {"listing_id": "lst_2"}]}, "amount_per_listing"),
        ],
    )
    async def test_is_told_so(self, client, wish, code):
        refused = await quoted(client, 422, **wish)
        assert [error["code"] for error in refused["errors"]] == [code]


class TestAQuoteIsSigned:
    async def test_with_a_published_key_over_its_price_and_lines(self, client, small):
        listing = await a_listing(small)
        quote = await quoted(client, listings=[{"listing_id": listing.id, "amount_g": 1_500_000}])
        head, claims, signature = quote["signed"].split(".")
        key = next(iter(small.market.signing_keys.keys))
        assert key.verifies(f"{head}.{claims}".encode(), from_base64url(signature))
        said = json.loads(from_base64url(claims))
        assert (said["jti"], said["total_yen"], said["amount_g"]) == (quote["id"], quote["total"], 1_500_000)
        assert json.loads(from_base64url(head))["typ"] == "quote+jwt"

    async def test_and_wins_over_a_price_raised_later(self, client, small):
        listing = await a_listing(small, yen_per_tonne=4_000)
        quote = await quoted(client, listings=[{"listing_id": listing.id, "amount_g": 500_000}])
        await Listing.filter(id=listing.id).update(yen_per_tonne=9_000)
        assert (await client.get(f"/v1/quotes/{quote['id']}")).json()["total"] == quote["total"]
        order = await client.post("/v1/orders", json=an_order_of(quote), headers=fresh_key())
        assert order.status_code == 201, order.text
        assert order.json()["total"] == quote["total"]


class TestATopUpAfterTheActualFigures:
    async def test_covers_what_the_first_order_leaves_open_and_is_linked_to_it(self, client, small):
        listing = await a_listing(small)
        first = await bought(client, small, {"listings": [{"listing_id": listing.id, "amount_g": 2 * TONNE}]})
        after = await a_footprint(client, 2_400_000)
        wish = {"listings": [{"listing_id": listing.id}], "footprint_id": after, "tops_up": first["token"]}
        quote = await quoted(client, **wish)
        assert (quote["amount_g"], quote["tops_up"], quote["footprint_id"]) == (400_000, first["id"], after)
        second = await bought(client, small, wish)
        assert (await quoted(client, 422, **wish))["code"] == "nothing_to_top_up"
        one, other = await find_by_order(first["id"]), await find_by_order(second["id"])
        assert (one.statement.adds_to, other.statement.adds_to) == (None, one.number)

    async def test_waits_for_the_first_certificate(self, client, small):
        listing = await a_listing(small)
        quote = await quoted(client, listings=[{"listing_id": listing.id, "amount_g": TONNE}])
        first = (await client.post("/v1/orders", json=an_order_of(quote), headers=fresh_key())).json()
        after = await a_footprint(client, 2_400_000)
        refused = await quoted(
            client, 409, listings=[{"listing_id": listing.id}], footprint_id=after, tops_up=first["token"]
        )
        assert refused["code"] == "top_up_too_early"


async def bought(client, small, wish):
    quote = await quoted(client, **wish)
    order = (await client.post("/v1/orders", json=an_order_of(quote), headers=fresh_key())).json()
    await small.deliver(small.payments.pay(order["checkout_url"].rpartition("/")[2]))
    await small.work()
    return (await client.get(f"/v1/orders/{order['token']}")).json()


async def a_footprint(client, total_g: int) -> str:
    """Of that many grams, from one line with a factor of one's own."""
    factor = {"value": "0.001", "unit": "kgCO2e/g", "source": "Example supplier, 2026"}
    wish = {
        "type": "activities",
        "subject": {"name": "Example"},
        "period": {"start": "2026-11-01", "end": "2026-11-02"},
        "inputs": {"activities": [{"quantity": str(total_g), "unit": "g", "factor": factor}]},
    }
    answer = await client.post("/v1/footprints", json=wish)
    assert answer.status_code == 201, answer.text
    assert answer.json()["total_g"] == total_g
    return answer.json()["id"]


class TestCancellingOverTheInterface:
    async def test_gives_everything_back_until_it_is_too_late(self, client, small):
        listing = await a_listing(small)
        quote = await quoted(client, listings=[{"listing_id": listing.id, "amount_g": TONNE}])
        order = (await client.post("/v1/orders", json=an_order_of(quote), headers=fresh_key())).json()
        answer = await client.post(f"/v1/orders/{order['token']}/cancel", json={})
        assert (answer.status_code, answer.json()["state"]) == (200, "expired")

        done = await bought(client, small, {"listings": [{"listing_id": listing.id, "amount_g": TONNE}]})
        late = await client.post(f"/v1/orders/{done['token']}/cancel", json={})
        assert (late.status_code, late.json()["code"]) == (409, "order_not_cancellable")
        assert (await client.post("/v1/orders/nothing/cancel", json={})).status_code == 404
