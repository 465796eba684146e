"""Maintenance closes what buyers send and nothing that others rely on: each route is on one side or the other."""

from datetime import timedelta

import pytest
from starlette.routing import Route

from api.app import create_app
from api.closed_doors import ALWAYS_OPEN, shuts
from marketplace.accounts.actor import CONSOLE
from marketplace.closures import service as closures
from tests.api.application import a_client, an_application, some_settings
from tests.api.buying import a_certificate
from tests.builders.market import a_listing

ROUTES = [route for route in create_app(some_settings()).routes if isinstance(route, Route)]


def addresses(method: str) -> set[str]:
    return {route.path.replace("{", "").replace("}", "") for route in ROUTES if method in route.methods}


def closed(name: str, method: str) -> set[str]:
    return {path for path in addresses(method) if not ALWAYS_OPEN.fullmatch(path) and shuts(name, method, path)}


class TestMaintenance:
    def test_closes_every_form_but_these(self):
        still_open = {path.removeprefix("/ja") for path in addresses("POST") - closed("maintenance", "POST")}
        assert {path for path in still_open if not path.startswith("/en/")} == {
            "/v1/verifications",
            "/verify",
            "/verify/picture",
            "/theme",
            "/sign-in",
            "/sign-in/token",
            "/sign-out",
            "/passkeys/sign-in/options",
            "/passkeys/sign-in",
            "/account/second-factor",
            *(path for path in still_open if path.startswith(("/webhooks/", "/operations", "/desk"))),
        }

    def test_closes_no_page_but_the_forms_of_buying(self):
        assert {path.removeprefix("/ja").removeprefix("/en") for path in closed("maintenance", "GET")} == {
            "/footprints/footprint_id/offset",
            "/quotes/quote_id",
        }

    @pytest.mark.parametrize("name", closures.FUNCTIONS)
    def test_and_every_other_switch_closes_something_and_nothing_that_is_checked(self, name):
        assert closed(name, "POST")
        for path in ("/c/x", "/c/x.svg", "/status/1", "/log/checkpoint", "/webhooks/stripe", "/.well-known/jwks.json"):
            assert ALWAYS_OPEN.fullmatch(path)


class TestASwitchOfOneFunction:
    def test_of_plans_closes_what_begins_one_and_leaves_those_that_run(self):
        for method in ("GET", "POST"):
            assert {"/ja/plans", "/ja/plans/gift"} <= closed("plans", method)
        assert {"/v1/plans", "/v1/plan_gifts"} <= closed("plans", "POST")
        going_on = {"/ja/plans/token", "/ja/plans/token/end", "/v1/plans/token/change", "/v1/plans/token/cancel"}
        assert not going_on & (closed("plans", "POST") | closed("plans", "GET"))

    def test_of_products_closes_changes_and_counts_what_was_sold(self):
        at = "/products/product_id"
        shut = closed("products", "POST")
        assert {
            "/v1/products",
            f"/v1{at}/periods",
            f"/v1{at}/cover",
            f"/v1{at}/item_batches",
            f"/ja/account{at}/cover",
        } <= shut
        assert not {f"/v1{at}/sales", f"/v1{at}/returns", f"/ja/account{at}/sales"} & shut
        assert closed("products", "GET") == set()


@pytest.fixture
async def closing(small):
    async def close(name: str, **more):
        await closures.close(CONSOLE, name, reason="planned work", clock=small.clock, **more)
        # a fresh application has not looked yet
        return a_client(an_application(small, rate_limit_factor=1_000))

    return close


class TestAClosedDoor:
    async def test_answers_503_with_the_time_of_opening(self, small, closing):
        async with await closing("maintenance", opens_at=small.clock() + timedelta(minutes=30)) as client:
            answer = await client.post("/v1/quotes", json={})
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1800"
        problem = answer.json()
        assert (problem["code"], problem["retryable"]) == ("closed_for_now", True)
        assert problem["params"]["what"] == "maintenance"
        assert problem["params"]["opens_at"] == (small.clock() + timedelta(minutes=30)).isoformat()

    async def test_without_a_time_says_come_back_later(self, closing):
        async with await closing("buying") as client:
            answer = await client.post("/v1/orders", json={})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "600")

    async def test_lets_certificates_be_checked_and_webhooks_in(self, small, client, closing):
        number = (await a_certificate(client, small))["certificate"]["number"]
        async with await closing("maintenance") as shut:
            assert (await shut.get(f"/v1/certificates/{number}")).status_code == 200
            verdict = await shut.post("/v1/verifications", json={"number": number})
            assert verdict.json()["outcome"] == "test_certificate"
            assert (await shut.get("/.well-known/jwks.json")).status_code == 200
            assert (await shut.get("/log/checkpoint")).status_code == 200
            assert (await shut.post("/webhooks/stripe", content=b"{}")).status_code == 400

    async def test_a_registry_is_refused_where_units_are_asked_for(self, small, closing):
        listing = await a_listing(small)
        async with await closing("registry.jcredit") as client:
            wish = {"listings": [{"listing_id": listing.id, "amount_g": 1_000_000}]}
            answer = await client.post("/v1/quotes", json=wish)
        assert (answer.status_code, answer.json()["code"]) == (409, "registry_closed")
        assert answer.json()["params"] == {"registry": "jcredit"}
