"""Nobody asks too often, and everybody sees where they stand."""

import time
from datetime import timedelta

import pytest

from api.rate_limits import ASKING, CALCULATING, HOLDING, LOOKING_UP, PAGES_PER_SECOND, TYPING, caller_of, policy_for
from marketplace import fault_points
from tests.api.application import WithState, a_client, an_application


class TestWhatIsLimited:
    @pytest.mark.parametrize(
        ("method", "path", "policy"),
        [
            ("POST", "/v1/quotes", HOLDING),
            ("POST", "/v1/orders", HOLDING),
            ("POST", "/ja/footprints/fpr_1/offset", HOLDING),
            ("POST", "/en/quotes/quo_1", HOLDING),
            ("POST", "/v1/footprints", CALCULATING),
            ("POST", "/ja/calculate/event", CALCULATING),
            ("POST", "/ja/calculate/event/so-far", TYPING),
            ("GET", "/v1/products/prd_1/item_batches/itb_1/labels.pdf", CALCULATING),
            ("GET", "/ja/account/products/prd_1/items/itb_1/labels.pdf", CALCULATING),
            ("POST", "/v1/verifications", LOOKING_UP),
            ("POST", "/en/verify", LOOKING_UP),
            ("GET", "/v1/certificates/TEST", LOOKING_UP),
            ("HEAD", "/v1/certificates/TEST.pdf", LOOKING_UP),
            ("GET", "/c/TEST", LOOKING_UP),
            ("GET", "/v1/orders/token", LOOKING_UP),
            ("GET", "/ja/orders/token/status", LOOKING_UP),
            ("GET", "/v1/listings", ASKING),
            ("GET", "/ja/", ASKING),
            ("DELETE", "/v1/anything", ASKING),
            ("GET", "/v1/certificates/../../static/x", LOOKING_UP),
        ],
    )
    def test_by_what_it_costs(self, method, path, policy):
        assert policy_for(method, path) is policy

    @pytest.mark.parametrize(
        "path",
        [
            "/static/site.css",
            "/docs",
            "/docs/errors",
            "/.well-known/jwks.json",
            "/status/1",
            "/webhooks/stripe",
            "/readyz",
        ],
    )
    def test_and_what_is_not(self, path):
        assert policy_for("GET", path) is None


class TestACaller:
    @pytest.mark.parametrize(
        ("client", "caller"),
        [
            (("203.0.113.7", 1), "203.0.113.7"),
            (("::ffff:203.0.113.7", 1), "203.0.113.7"),
            (("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
            (("testclient", 1), "unknown"),
            (None, "unknown"),
        ],
    )
    def test_is_an_address_or_a_network(self, client, caller):
        assert caller_of({"client": client}) == caller


class From:
    """The application as seen by a caller at this address."""

    def __init__(self, app: WithState, address: str) -> None:
        self.app, self.address = app, address

    async def __call__(self, scope, receive, send) -> None:
        await self.app({**scope, "client": (self.address, 1)}, receive, send)


async def statuses(app, times, *, address="203.0.113.7", path="/v1/certificates/x"):
    async with a_client(From(app, address)) as client:
        return [(await client.get(path)).status_code for _ in range(times)]


class TestWhoeverAsksTooOften:
    async def test_is_told_to_wait_and_how_long(self, small):
        app = an_application(small)
        small.clock.advance(timedelta(seconds=40))
        assert set(await statuses(app, LOOKING_UP.most)) == {404}
        async with a_client(From(app, "203.0.113.7")) as client:
            answer = await client.get("/v1/certificates/x")
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
        assert answer.headers["retry-after"] == "20"
        assert answer.headers["ratelimit"] == '"looking_up";r=0;t=20'
        assert answer.json()["params"] == {"policy": "looking_up", "retry_after_seconds": 20}
        assert answer.headers["x-request-id"] == answer.json()["request_id"]

    async def test_may_ask_again_afterwards(self, small):
        app = an_application(small)
        await statuses(app, LOOKING_UP.most + 1)
        small.clock.advance(timedelta(minutes=1))
        assert await statuses(app, 1) == [404]

    async def test_does_not_lock_out_others_or_other_things(self, small):
        app = an_application(small)
        await statuses(app, LOOKING_UP.most + 1)
        assert await statuses(app, 1, address="203.0.113.8") == [404]
        assert await statuses(app, 1, path="/v1/consent") == [200]

    async def test_is_seen_by_every_process(self, small):
        processes = [an_application(small), an_application(small)]
        answers = [(await statuses(processes[n % 2], 1))[0] for n in range(2 * LOOKING_UP.most)]
        assert answers.count(404) <= LOOKING_UP.most
        assert 429 in answers

    async def test_may_ask_more_where_one_address_stands_for_many(self, small):
        app = an_application(small, rate_limit_factor=2)
        assert 429 not in await statuses(app, 2 * LOOKING_UP.most)
        assert await statuses(app, 1) == [429]


class TestAFlood:
    async def test_is_answered_without_the_database(self, small):
        app = an_application(small)
        await statuses(app, LOOKING_UP.most + 1)
        commits = []
        with fault_points.listened_to(commits.append):
            assert set(await statuses(app, 200)) == {429}
        assert commits == []

    async def test_is_told_the_same_as_the_first_refusal_with_an_id_of_its_own(self, small):
        app = an_application(small)
        await statuses(app, LOOKING_UP.most)
        async with a_client(From(app, "203.0.113.7")) as client:
            first, second = [await client.get("/v1/certificates/x") for _ in range(2)]
        assert {**first.json(), "request_id": ""} == {**second.json(), "request_id": ""}
        assert second.headers["x-request-id"] == second.json()["request_id"] != first.json()["request_id"]
        assert second.headers["content-type"] == "application/problem+json"
        assert second.headers["cache-control"] == "no-store"

    async def test_of_pages_is_told_in_one_line_after_a_few_of_them(self, small):
        app = an_application(small)
        await statuses(app, LOOKING_UP.most, path="/c/x")
        began = time.monotonic()
        async with a_client(From(app, "203.0.113.7")) as client:
            answers = [await client.get("/c/x") for _ in range(100)]
        seconds = int(time.monotonic() - began) + 2
        assert {answer.status_code for answer in answers} == {429}
        assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
        lines = [answer for answer in answers if answer.headers["content-type"].startswith("text/plain")]
        assert 1 <= len(answers) - len(lines) <= PAGES_PER_SECOND * seconds
        assert all("Too many requests. Try again in" in line.text for line in lines)


async def test_every_answer_says_where_its_caller_stands(client):
    answer = await client.get("/v1/consent")
    assert answer.headers["ratelimit-policy"] == '"asking";q=600000;w=60'
    assert answer.headers["ratelimit"] == '"asking";r=599999;t=60'


async def test_what_is_unlimited_works_without_a_database(offline):
    assert (await offline.get("/healthz")).status_code == 200
