"""Endpoints and events over the API: an organisation's own, behind the scopes made for them."""

from dataclasses import replace

import pytest

from marketplace.accounts.keys import Scope
from marketplace.accounts.roles import Role
from marketplace.notifications import delivery
from marketplace.notifications.addresses import WebhookRules
from tests.api.application import a_client, an_application
from tests.api.buying import a_quote, an_order_of, fresh_key
from tests.api.test_keys import bearer
from tests.fakes.receiver import receiving
from tests.signed_in import an_actor

# how events come to be and travel is seen on both databases in tests/marketplace/notifications
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def small(small):
    small.market = replace(small.market, webhooks=WebhookRules(https_only=False, to_loopback=True))
    return small


@pytest.fixture
async def client(small):
    async with a_client(an_application(small, rate_limit_factor=1_000)) as opened:
        yield opened


@pytest.fixture
async def headers(small):
    return await bearer(small, await an_actor(small, Role.OWNER))


@pytest.fixture
async def theirs(small):
    return await bearer(small, await an_actor(small, Role.OWNER, email="stranger@ashiato.example"))


async def work(small):
    for _ in range(2):
        await delivery.sweep(small.market)
        await small.work()


async def register(client, headers, url="http://127.0.0.1:8799/hook", **changed):
    answer = await client.post("/v1/webhook_endpoints", json={"url": url} | changed, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


class TestAnEndpoint:
    async def test_is_registered_with_a_secret_that_is_shown_once(self, client, headers):
        made = await register(client, headers, types=["order.paid"], description="shop")
        assert made["secret"].startswith("whsec_")
        assert (made["enabled"], made["types"], made["disabled_because"]) == (True, ["order.paid"], None)
        (listed,) = (await client.get("/v1/webhook_endpoints", headers=headers)).json()["data"]
        assert listed == {name: value for name, value in made.items() if name != "secret"}
        read = await client.get(f"/v1/webhook_endpoints/{made['id']}", headers=headers)
        assert (read.status_code, read.json()) == (200, listed)

    async def test_gets_an_order_from_its_placing_to_its_certificate(self, small, client, headers):
        async with receiving() as receiver:
            made = await register(client, headers, receiver.url)
            body = an_order_of(await a_quote(client, small), external_id="A-1")
            order = (await client.post("/v1/orders", json=body, headers=fresh_key() | headers)).json()
            await small.deliver(small.payments.pay(order["checkout_url"].rpartition("/")[2]))
            await small.work()
            await work(small)
            sent = [got.body.decode() for got in receiver.got]
        feed = await client.get("/v1/events", params={"limit": 100}, headers=headers)
        events = feed.json()["data"]
        assert [event["type"] for event in events][:: len(events) - 1] == ["order.placed", "order.fulfilled"]
        assert len(sent) == len(events)
        assert all(event["id"] in body for event, body in zip(events, sent, strict=True))
        assert events[0]["data"]["order"]["external_id"] == "A-1"
        assert order["token"] not in "".join(sent)
        log = (await client.get(f"/v1/webhook_endpoints/{made['id']}/deliveries", headers=headers)).json()
        assert [one["event_id"] for one in log["data"]] == [event["id"] for event in reversed(events)]
        assert {attempt["status"] for one in log["data"] for attempt in one["attempts"]} == {200}

    async def test_is_tested_replayed_rotated_switched_and_deleted(self, small, client, headers):
        async with receiving() as receiver:
            made = await register(client, headers, receiver.url)
            at = f"/v1/webhook_endpoints/{made['id']}"
            tested = await client.post(f"{at}/test", headers=headers)
            assert tested.status_code == 202
            event_id = tested.json()["event_id"]
            await work(small)
            again = await client.post(f"{at}/replay", json={"event_id": event_id}, headers=headers)
            assert (again.status_code, again.json()) == (202, {"events": 1})
            await work(small)
            assert receiver.ids == [event_id, event_id]
            new = (await client.post(f"{at}/rotate", headers=headers)).json()["secret"]
            assert new.startswith("whsec_")
            assert new != made["secret"]
            off = await client.post(f"{at}/switch", json={"enabled": False}, headers=headers)
            assert (off.json()["enabled"], off.json()["disabled_because"]) == (False, "by_owner")
            assert (await client.delete(at, headers=headers)).json() == {"id": made["id"], "deleted": True}
            assert (await client.get(at, headers=headers)).json()["code"] == "webhook_endpoint_not_found"

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"url": "http://10.0.0.1/"}, "webhook_address_not_allowed"),
            ({"url": "no address"}, "webhook_address_not_allowed"),
            ({"url": "https://a.example/", "types": ["order.eaten"]}, "input_refused"),
            ({"url": "https://a.example/", "secret": "mine"}, "input_refused"),
        ],
    )
    async def test_at_a_bad_address_is_refused(self, client, headers, body, code):
        answer = await client.post("/v1/webhook_endpoints", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, code)

    async def test_at_the_same_address_again_is_refused_and_named(self, client, headers):
        made = await register(client, headers)
        answer = await client.post("/v1/webhook_endpoints", json={"url": made["url"]}, headers=headers)
        assert (answer.status_code, answer.json()["params"]) == (409, {"id": made["id"]})

    @pytest.mark.parametrize(
        "body", [{}, {"event_id": "evt_1", "since": "2026-11-01T00:00:00Z"}, {"since": "2026-11-01"}]
    )
    async def test_is_replayed_by_one_event_or_a_time(self, client, headers, body):
        made = await register(client, headers)
        answer = await client.post(f"/v1/webhook_endpoints/{made['id']}/replay", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "input_refused")


class TestWhatIsAnothers:
    async def test_does_not_exist(self, client, headers, theirs):
        made = await register(client, headers)
        at = f"/v1/webhook_endpoints/{made['id']}"
        for method, path, body in (
            ("GET", at, None),
            ("DELETE", at, None),
            ("POST", f"{at}/test", None),
            ("POST", f"{at}/rotate", None),
            ("POST", f"{at}/switch", {"enabled": False}),
            ("POST", f"{at}/replay", {"since": "2026-11-01T00:00:00Z"}),
            ("GET", f"{at}/deliveries", None),
        ):
            answer = await client.request(method, path, json=body, headers=theirs)
            assert (answer.status_code, answer.json()["code"]) == (404, "webhook_endpoint_not_found"), path
        assert (await client.get("/v1/webhook_endpoints", headers=theirs)).json()["data"] == []
        assert (await client.get("/v1/events", headers=theirs)).json()["data"] == []

    async def test_needs_a_key_with_the_scope(self, small, client):
        actor = await an_actor(small, Role.OWNER)
        orders_only = await bearer(small, actor, Scope.ORDERS_READ)
        for path in ("/v1/webhook_endpoints", "/v1/events"):
            assert (await client.get(path)).status_code == 401
            assert (await client.get(path, headers=orders_only)).json()["code"] == "scope_missing"


class TestTheFeed:
    async def test_is_read_page_by_page_and_goes_on_where_it_ended(self, small, client, headers):
        made = await register(client, headers)
        ids = [
            (await client.post(f"/v1/webhook_endpoints/{made['id']}/test", headers=headers)).json()["event_id"]
            for _ in range(3)
        ]
        first = (await client.get("/v1/events", params={"limit": 2}, headers=headers)).json()
        assert ([event["id"] for event in first["data"]], first["has_more"]) == (ids[:2], True)
        second = (await client.get("/v1/events", params={"after": first["next_after"]}, headers=headers)).json()
        assert ([event["id"] for event in second["data"]], second["has_more"]) == (ids[2:], False)
        rest = (await client.get("/v1/events", params={"after": second["next_after"]}, headers=headers)).json()
        assert (rest["data"], rest["next_after"]) == ([], ids[2])
        gone = await client.get("/v1/events", params={"after": "evt_gone"}, headers=headers)
        assert (gone.status_code, gone.json()["code"]) == (404, "event_not_found")

    async def test_of_deliveries_is_read_page_by_page(self, small, client, headers):
        made = await register(client, headers)
        at = f"/v1/webhook_endpoints/{made['id']}"
        ids = [(await client.post(f"{at}/test", headers=headers)).json()["event_id"] for _ in range(3)]
        page = (await client.get(f"{at}/deliveries", params={"limit": 2}, headers=headers)).json()
        rest = await client.get(f"{at}/deliveries", params={"cursor": page["next_cursor"]}, headers=headers)
        assert [one["event_id"] for one in (*page["data"], *rest.json()["data"])] == ids[::-1]
        for cursor in ("eA", "====", "LTE"):
            refused = await client.get(f"{at}/deliveries", params={"cursor": cursor}, headers=headers)
            assert refused.status_code == 422
