"""Pages for attendees over the API: opened, read with their sums, capped and closed by their organisation alone."""

import pytest

from marketplace.accounts.keys import Scope
from marketplace.accounts.roles import Role
from marketplace.participation.models import EventPage
from tests.api.buying import fresh_key
from tests.api.test_catalogue import every_page
from tests.api.test_keys import bearer
from tests.builders.events import an_attendee
from tests.builders.market import a_listing
from tests.builders.pools import with_pools
from tests.signed_in import an_actor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BODY = {
    "name": "第1回 足跡学会",
    "place": "札幌",
    "venue": "足跡会館",
    "first_day": "2026-12-12",
    "last_day": "2026-12-13",
    "reduction_effort": "資料を電子配布に変えた",
    "payer": "attendee",
    "organiser_percent": 0,
    "cap_yen": 0,
}


@pytest.fixture
async def owner(small):
    return await an_actor(small, Role.OWNER)


@pytest.fixture
async def key(small, owner):
    return await bearer(small, owner)


async def opened(client, key, **changed):
    answer = await client.post("/v1/event_pages", json=BODY | changed, headers=fresh_key() | key)
    assert answer.status_code == 201, answer.text
    return answer.json()


class TestAPage:
    async def test_is_opened_once_per_key_and_found_by_its_address(self, client, key):
        same = fresh_key()
        first, again = [await client.post("/v1/event_pages", json=BODY, headers=same | key) for _ in range(2)]
        assert again.content == first.content
        page = first.json()
        assert (page["state"], page["place"], page["committed_yen"]) == ("open", "jp.hokkaido.sapporo", 0)
        assert page["page_url"].startswith("https://ashiato.example/e/")
        assert (await client.get(first.headers["location"], headers=key)).json() == page
        assert await EventPage.all().count() == 1

    async def test_lists_who_joined_piece_by_piece_without_their_names(self, client, small, key):
        with_pools(small)
        await a_listing(small, tonnes=20)
        page = await opened(client, key)
        for _ in range(3):
            await an_attendee(small, await EventPage.get(id=page["id"]))
        rows = await paged(client, f"/v1/event_pages/{page['id']}/participations", key)
        assert [row["number"] for row in rows] == [1, 2, 3]
        assert {(row["name"], row["state"]) for row in rows} == {(None, "waiting_for_payment")}
        read = (await client.get(f"/v1/event_pages/{page['id']}", headers=key)).json()
        assert (read["sum"]["joined"], read["sum"]["certified"]) == (3, 0)

    async def test_is_capped_and_closed(self, client, key):
        page = await opened(client, key, payer="organiser", organiser_percent=100, cap_yen=1_000)
        capped = await client.post(f"/v1/event_pages/{page['id']}/cap", json={"cap_yen": 5_000}, headers=key)
        assert capped.json()["cap_yen"] == 5_000
        for _ in range(2):
            closed = await client.post(f"/v1/event_pages/{page['id']}/close", headers=key)
            assert (closed.status_code, closed.json()["state"]) == (200, "closed")

    async def test_looks_like_none_to_others(self, client, small, key):
        page = await opened(client, key)
        theirs = await bearer(small, await an_actor(small, Role.OWNER, email="stranger@ashiato.example"))
        for method, path in (("GET", ""), ("GET", "/participations"), ("POST", "/close")):
            answer = await client.request(method, f"/v1/event_pages/{page['id']}{path}", headers=theirs)
            assert (answer.status_code, answer.json()["code"]) == (404, "event_page_not_found")
        assert (await client.get("/v1/event_pages", headers=theirs)).json()["data"] == []

    async def test_needs_its_scopes(self, client, small, owner):
        reads = await bearer(small, owner, Scope.EVENT_PAGES_READ)
        refused = await client.post("/v1/event_pages", json=BODY, headers=fresh_key() | reads)
        assert (refused.status_code, refused.json()["params"]) == (403, {"scope": "event_pages:write"})
        assert (await client.get("/v1/event_pages")).json()["code"] == "api_key_needed"

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"place": "アトランティス"}, "place_unknown"),
            ({"last_day": "2026-12-11"}, "period_ends_before_it_begins"),
            ({"organiser_percent": 50}, "share_does_not_fit"),
            ({"cap_yen": 10**9}, "too_large"),
            ({"owner": "me"}, "unknown_field"),
        ],
    )
    async def test_is_refused_by_name(self, client, key, changed, code):
        answer = await client.post("/v1/event_pages", json=BODY | changed, headers=fresh_key() | key)
        refused = answer.json()
        assert (answer.status_code, code in {refused["code"], *(one["code"] for one in refused.get("errors", []))}) == (
            422,
            True,
        ), refused


class TestTheList:
    async def test_comes_newest_first_across_pieces(self, client, key):
        made = [(await opened(client, key, name=f"第{n}回"))["id"] for n in range(3)]
        rows = await paged(client, "/v1/event_pages", key)
        assert [row["id"] for row in rows] == sorted(made, reverse=True)


async def paged(client, address, key):
    """All rows, one to a piece."""
    client.headers.update(key)
    try:
        return await every_page(client, address, limit=1)
    finally:
        del client.headers["Authorization"]
