"""Projects and listings."""

import pytest

from tests.api.buying import TONNE, a_quote
from tests.builders.market import PROJECT, a_listing


async def every_page(client, address, **params):
    rows, cursor = [], {}
    while True:
        page = (await client.get(address, params=params | cursor)).json()
        rows += page["data"]
        if page["next_cursor"] is None:
            return rows
        cursor = {"cursor": page["next_cursor"]}


class TestProjects:
    async def test_are_listed_once_each_across_pages(self, offline):
        keys = [project["key"] for project in await every_page(offline, "/v1/projects", limit=9)]
        assert keys == sorted(set(keys))
        assert len(keys) >= 60

    @pytest.mark.parametrize(
        ("wanted", "holds"),
        [
            ({"registry": "jcm_jp"}, lambda project: project["registry"] == "jcm_jp"),
            ({"country": "MN"}, lambda project: project["country"] == "MN"),
            ({"prefecture": "JP-01"}, lambda project: "JP-01" in project["prefectures"]),
            ({"kind": "jcredit_forest"}, lambda p: any("jcredit_forest" in a["kinds"] for a in p["activities"])),
        ],
    )
    async def test_are_filtered(self, offline, wanted, holds):
        found = await every_page(offline, "/v1/projects", **wanted)
        every = await every_page(offline, "/v1/projects")
        assert found == [project for project in every if holds(project)] != []

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({"vintage": 2023}, [PROJECT]),
            ({"vintage": 2022}, []),
            ({"max_price_per_tonne": 4_000}, [PROJECT]),
            ({"max_price_per_tonne": 3_999}, []),
            ({"use": "voluntary_offset"}, [PROJECT]),
            ({"use": "re100"}, []),
            ({"use": "voluntary_offset", "country": "MN"}, []),
        ],
    )
    async def test_are_filtered_by_what_is_on_offer_of_them(self, client, small, wanted, found):
        await a_listing(small, yen_per_tonne=4_000)
        answer = await client.get("/v1/projects", params=wanted)
        assert [project["key"] for project in answer.json()["data"]] == found
        assert answer.headers["cache-control"] == "public, max-age=60"

    async def test_carry_their_source_and_our_translation_mark(self, offline):
        project = (await offline.get(f"/v1/projects/{PROJECT}")).json()
        assert project["key"] == PROJECT
        assert project["source"]["url"].startswith("https://")
        assert project["our_translation"] in {"ja", "en"}

    async def test_are_read_with_encoded_slashes_too(self, offline):
        answer = await offline.get(f"/v1/projects/{PROJECT.replace('/', '%2F')}")
        assert answer.json()["key"] == PROJECT

    async def test_may_be_kept_for_a_while(self, offline):
        answer = await offline.get("/v1/projects")
        assert answer.headers["cache-control"] == "public, max-age=600"
        again = await offline.get("/v1/projects", headers={"If-None-Match": f'"other", {answer.headers["etag"]}'})
        assert again.status_code == 304

    async def test_unknown(self, offline):
        answer = await offline.get("/v1/projects/jcredit/normal/0")
        assert (answer.status_code, answer.json()["code"]) == (404, "project_not_found")


class TestListings:
    async def test_show_price_free_tonnes_and_what_is_invented(self, client, small):
        listing = await a_listing(small, tonnes=100, yen_per_tonne=4_000, minimum_tonnes=2)
        (shown,) = (await client.get("/v1/listings")).json()["data"]
        assert shown | {"vintages": [], "provider": {}, "certification_number": "", "name_ja": "", "name_en": ""} == {
            "id": listing.id,
            "project": PROJECT,
            "name_ja": "",
            "name_en": "",
            "country": "JP",
            "registry": "jcredit",
            "kind": "jcredit_forest",
            "methodology": shown["methodology"],
            "certification_number": "",
            "vintages": [],
            "price_per_tonne": 4_000,
            "currency": "JPY",
            "minimum_g": 2 * TONNE,
            "free_g": 100 * TONNE,
            "provider": {},
            "invented": True,
        }
        assert shown["provider"] == {"id": "prov_a", "name_ja": "供給者", "name_en": "Provider", "invented": True}

    async def test_show_what_a_quote_has_left(self, client, small):
        await a_quote(client, small, tonnes=3)
        (shown,) = (await client.get("/v1/listings")).json()["data"]
        assert shown["free_g"] == 97 * TONNE

    async def test_come_cheapest_first_and_once_each_across_pages(self, client, small):
        for price in (4_000, 3_000, 3_000, 9_000, 3_000):
            await a_listing(small, yen_per_tonne=price)
        rows = await every_page(client, "/v1/listings", limit=2)
        assert [row["price_per_tonne"] for row in rows] == [3_000, 3_000, 3_000, 4_000, 9_000]
        assert len({row["id"] for row in rows}) == 5

    async def test_that_are_closed_are_not_shown(self, client, small):
        await a_listing(small, open=False)
        assert (await client.get("/v1/listings")).json()["data"] == []

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({}, 2),
            ({"kind": "jcredit_waste"}, 1),
            ({"registry": "jcm_jp"}, 0),
            ({"country": "JP"}, 2),
            ({"country": "MN"}, 0),
            ({"project": PROJECT}, 2),
            ({"project": "jcm/MN003"}, 0),
            ({"max_price_per_tonne": 4_999}, 1),
            ({"vintage": 2023}, 2),
            ({"vintage": 2024}, 0),
            ({"use": "voluntary_offset"}, 2),
            ({"use": "re100"}, 0),
            ({"prefecture": "JP-47"}, 0),
        ],
    )
    async def test_are_filtered(self, client, small, wanted, found):
        await a_listing(small, yen_per_tonne=4_000)
        await a_listing(small, yen_per_tonne=5_000, kind="jcredit_waste")
        assert len((await client.get("/v1/listings", params=wanted)).json()["data"]) == found

    async def test_are_asked_for_again_each_time_by_what_was_answered_last(self, client, small):
        answer = await client.get("/v1/listings")
        assert answer.headers["cache-control"] == "public, no-cache"
        known = {"If-None-Match": answer.headers["etag"]}
        assert (await client.get("/v1/listings", headers=known)).status_code == 304
        await a_listing(small)
        assert (await client.get("/v1/listings", headers=known)).status_code == 200
