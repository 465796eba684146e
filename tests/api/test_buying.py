"""From a quote to a fulfilled order, and every way it can be refused."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.inventory.models import Interval
from marketplace.inventory.serials import SerialRange
from marketplace.orders import settlement
from marketplace.orders.models import Order
from marketplace.orders.words import consent_version
from marketplace.outbox.models import Job
from marketplace.quotes.models import Quote
from tests.api.buying import TONNE, a_certificate, a_quote, an_order, an_order_of, fresh_key
from tests.builders.market import a_listing


class TestAQuote:
    async def test_adds_up_and_holds_the_units(self, client, small):
        quote = await a_quote(client, small, tonnes=3, yen_per_tonne=4_000)
        assert (quote["credits"], quote["fee"], quote["tax"], quote["total"]) == (12_000, 600, 1_260, 13_860)
        assert (quote["amount_g"], quote["currency"], quote["state"]) == (3 * TONNE, "JPY", "open")
        assert quote["expires_at"] == "2026-11-22T03:30:00Z"
        (line,) = quote["listings"]
        assert (line["amount_g"], line["price_per_tonne"], line["credits"]) == (3 * TONNE, 4_000, 12_000)

    async def test_of_several_listings_is_all_or_nothing(self, client, small):
        plenty, little = await a_listing(small), await a_listing(small, tonnes=1)
        wish = {"listings": [{"listing_id": one.id, "amount_g": 2 * TONNE} for one in (plenty, little)]}
        answer = await client.post("/v1/quotes", json=wish)
        assert (answer.status_code, answer.json()["code"]) == (409, "not_enough_units")
        assert answer.json()["params"] | {"holding_id": ""} == {"holding_id": "", "asked": 2, "free": 1}
        assert not await Interval.filter(state="reserved").exists()

    @pytest.mark.parametrize(
        ("facts", "wish", "refusal"),
        [
            ({"open": False}, {}, (409, "listing_closed")),
            ({"minimum_tonnes": 5}, {}, (422, "below_minimum")),
            ({}, {"listing_id": "lst_none"}, (404, "listing_not_found")),
        ],
    )
    async def test_of_what_is_not_for_sale(self, client, small, facts, wish, refusal):
        listing = await a_listing(small, **facts)
        line = {"listing_id": listing.id, "amount_g": TONNE} | wish
        answer = await client.post("/v1/quotes", json={"listings": [line]})
        assert (answer.status_code, answer.json()["code"]) == refusal

    @pytest.mark.parametrize("amount", [0, -TONNE, TONNE + 0.5, "1000000", 10**16])
    async def test_of_anything_but_whole_grams(self, client, amount):
        answer = await client.post("/v1/quotes", json={"listings": [{"listing_id": "lst_1", "amount_g": amount}]})
        assert answer.status_code == 422
        assert {error["pointer"] for error in answer.json()["errors"]} == {"/listings/0/amount_g"}

    async def test_understands_the_number_however_json_writes_it(self, client, small):
        listing = await a_listing(small)
        body = json.dumps({"listings": [{"listing_id": listing.id, "amount_g": 2e6}]})
        answer = await client.post("/v1/quotes", content=body, headers={"Content-Type": "application/json"})
        assert answer.json()["amount_g"] == 2 * TONNE

    async def test_for_a_footprint_that_does_not_exist(self, client, small):
        listing = await a_listing(small)
        wish = {"listings": [{"listing_id": listing.id, "amount_g": TONNE}], "footprint_id": "fpr_none"}
        answer = await client.post("/v1/quotes", json=wish)
        assert (answer.status_code, answer.json()["code"]) == (404, "footprint_not_found")


class TestAnOrder:
    async def test_is_made_with_its_payment_page(self, client, small):
        quote = await a_quote(client, small)
        answer = await client.post("/v1/orders", json=an_order_of(quote, external_id="PO-1"), headers=fresh_key())
        assert answer.status_code == 201
        order = answer.json()
        assert answer.headers["location"] == order["url"] == f"https://ashiato.example/v1/orders/{order['token']}"
        assert (order["state"], order["total"], order["currency"]) == ("awaiting_payment", quote["total"], "JPY")
        assert order["checkout_url"] == "https://pay.example/cs_1"
        assert order["external_id"] == "PO-1"
        assert order["certificate"] is None
        assert [event["kind"] for event in order["timeline"]] == ["ordered", "checkout_opened"]

    async def test_carries_the_key_as_its_reference_if_it_has_none(self, client, small):
        key = fresh_key()
        answer = await client.post("/v1/orders", json=an_order_of(await a_quote(client, small)), headers=key)
        assert answer.json()["external_id"] == key["Idempotency-Key"]

    async def test_is_followed_to_its_certificate(self, client, small):
        order = await a_certificate(client, small)
        assert order["certificate"]["url"].startswith("https://ashiato.example/v1/certificates/TEST-")
        assert order["checkout_url"] is None
        kinds = [event["kind"] for event in order["timeline"]]
        assert kinds.index("paid") < kinds.index("cancellation_confirmed") < kinds.index("certified")

    async def test_lists_the_certificate_of_a_part_before_the_order_is_complete(self, client, small):
        pending = [2]
        small.registry.change_notice = lambda notice: (
            replace(notice, serials=(SerialRange(1, pending.pop()),)) if pending else notice
        )
        small.registry.script = [None, *["closed"] * 8]
        order = await an_order(client, small)
        await small.deliver(small.payments.pay(order["checkout_url"].rpartition("/")[2]))
        await small.work()
        read = (await client.get(order["url"])).json()
        assert (read["state"], read["certificate"], len(read["certificates"])) == ("retiring", None, 1)
        await small.work_for(timedelta(minutes=3))
        done = (await client.get(order["url"])).json()
        assert done["certificates"] == [*read["certificates"], done["certificate"]]
        stated = [(await client.get(one["url"])).json()["amount_g"] for one in done["certificates"]]
        assert stated == [2 * TONNE, TONNE]

    async def test_never_says_more_than_the_registry(self, client, small):
        order = await an_order(client, small)
        small.registry.script = ["closed"] * 100
        await small.deliver(small.payments.pay(order["checkout_url"].rpartition("/")[2]))
        await small.work()
        read = (await client.get(order["url"])).json()
        assert read["state"] == "retiring"
        assert "registry_waiting" in [event["kind"] for event in read["timeline"]]
        assert read["certificate"] is None
        assert "cancellation_confirmed" not in [event["kind"] for event in read["timeline"]]

    async def test_stands_when_the_payment_provider_does_not_answer(self, client, small):
        small.payments.unreachable = 1
        order = await an_order(client, small)
        assert (order["state"], order["checkout_url"]) == ("quoted", None)
        await small.work()
        read = (await client.get(order["url"])).json()
        assert (read["state"], read["checkout_url"]) == ("awaiting_payment", "https://pay.example/cs_1")

    async def test_says_so_when_the_payment_provider_refuses_its_page_and_lapses_unpaid(self, client, small):
        small.payments.refusal = "amount_too_small"
        body, key = an_order_of(await a_quote(client, small)), fresh_key()
        for _ in range(2):
            answer = await client.post("/v1/orders", json=body, headers=key)
            assert (answer.status_code, answer.json()["code"]) == (502, "payment_refused")
        placed = await Order.get()
        small.clock.advance(timedelta(hours=1))
        await settlement.enqueue_overdue(small.market)
        await small.work()
        assert (await Order.get(id=placed.id)).state == "expired"

    async def test_is_opened_by_its_token_only(self, client, small):
        order = await an_order(client, small)
        for guess in (order["id"], order["token"][:-1], order["token"] + "x", "x"):
            answer = await client.get(f"/v1/orders/{guess}")
            assert (answer.status_code, answer.json()["code"]) == (404, "order_not_found")

    async def test_holds_nothing_personal_in_its_view(self, client, small):
        order = await an_order(client, small, email="buyer@example.com")
        assert "buyer@example.com" not in json.dumps(order)
        assert "実行委員会" not in json.dumps(order, ensure_ascii=False)

    async def test_places_nothing_on_a_dry_run(self, client, small):
        quote = await a_quote(client, small)
        answer = await client.post("/v1/orders", json=an_order_of(quote, dry_run=True), headers=fresh_key())
        assert answer.status_code == 200
        rehearsed = answer.json()
        assert (rehearsed["dry_run"], rehearsed["total"]) == (True, quote["total"])
        assert "足跡学会実行委員会" in rehearsed["consent_text"]
        assert not await Order.exists()
        assert not await Job.exists()
        assert (await Quote.get(id=quote["id"])).state == "open"
        placed = await client.post("/v1/orders", json=an_order_of(quote), headers=fresh_key())
        assert placed.status_code == 201


class TestAnOrderIsRefused:
    @pytest.mark.parametrize(
        ("changed", "refusal"),
        [
            ({"quote_id": "quo_none"}, (404, "quote_not_found")),
            ({"max_total": 1}, (409, "total_above_limit")),
            ({"consent_version": "1999-01-01"}, (422, "consent_missing")),
        ],
    )
    @pytest.mark.parametrize("dry_run", [True, False])
    async def test_by_the_same_rules_dry_or_not(self, client, small, changed, refusal, dry_run):
        body = an_order_of(await a_quote(client, small)) | changed | {"dry_run": dry_run}
        answer = await client.post("/v1/orders", json=body, headers=fresh_key())
        assert (answer.status_code, answer.json()["code"]) == refusal

    async def test_on_a_quote_that_ran_out(self, client, small):
        body = an_order_of(await a_quote(client, small))
        small.clock.advance(timedelta(minutes=31))
        answer = await client.post("/v1/orders", json=body, headers=fresh_key())
        assert (answer.status_code, answer.json()["code"]) == (409, "quote_expired")

    async def test_on_a_quote_that_made_an_order(self, client, small):
        body = an_order_of(await a_quote(client, small))
        await client.post("/v1/orders", json=body, headers=fresh_key())
        answer = await client.post("/v1/orders", json=body, headers=fresh_key())
        assert (answer.status_code, answer.json()["code"]) == (409, "quote_used")

    async def test_under_an_external_id_that_is_taken_even_in_a_race(self, client, small):
        bodies = [an_order_of(await a_quote(client, small), external_id="PO-1") for _ in range(5)]
        answers = await asyncio.gather(*(client.post("/v1/orders", json=b, headers=fresh_key()) for b in bodies))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"external_id_taken"}

    @pytest.mark.parametrize(
        ("instruction", "pointer", "code"),
        [
            ({"type": "war"}, "/instruction/type", "unknown_choice"),
            ({"beneficiary_public": "yes"}, "/instruction/beneficiary_public", "not_a_boolean"),
            ({"subject": "x" * 201}, "/instruction/subject", "too_long"),
            ({"subject": " "}, "/instruction/subject", "too_short"),
            ({"credit_user": "a\nb"}, "/instruction/credit_user", "wrong_form"),
            ({"period_first": "2026-11-03"}, "/instruction", "period_ends_before_it_begins"),
            ({"period_first": "tomorrow"}, "/instruction/period_first", "not_a_date"),
            ({"grams": 1}, "/instruction/grams", "unknown_field"),
        ],
    )
    async def test_with_a_bad_instruction(self, client, instruction, pointer, code):
        body = an_order_of({"id": "quo_1"})
        body["instruction"] |= instruction
        answer = await client.post("/v1/orders", json=body, headers=fresh_key())
        assert answer.status_code == 422
        assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]

    @pytest.mark.parametrize("email", ["not-an-address", "a@b", "a b@example.com", "a@example.com\r\nBcc: x@y.z"])
    async def test_with_a_bad_email_address(self, client, email):
        answer = await client.post("/v1/orders", json=an_order_of({"id": "q"}, email=email), headers=fresh_key())
        assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [("/email", "wrong_form")]


@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_the_wording_of_the_consent_has_its_version_and_three_gaps(offline, locale):
    consent = (await offline.get("/v1/consent", params={"locale": locale})).json()
    assert consent["version"] == consent_version()
    for gap in ("{purpose}", "{purpose_detail}", "{credit_user}"):
        assert gap in consent["wording"]
