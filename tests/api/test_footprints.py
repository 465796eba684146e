"""Footprints: the real conference, its document, and what cannot be calculated."""

import hashlib
import json
from pathlib import Path

import pytest

import offset_calc
from api.v1.footprints import EXAMPLE

CONFERENCE = Path(offset_calc.__file__).parent / "examples" / "sapporo_conference.json"
OUTSIDE_INPUTS = ("type", "subject", "period")


def the_conference():
    """The real event, as a caller would send it."""
    flat = json.loads(CONFERENCE.read_text("utf-8"))
    return {name: flat.pop(name) for name in OUTSIDE_INPUTS} | {"inputs": flat}


class TestTheRealConference:
    async def test_comes_out_at_the_gram(self, client):
        answer = await client.post("/v1/footprints", json=the_conference())
        assert answer.status_code == 201
        footprint = answer.json()
        assert footprint["total_g"] == 6_068_701
        assert footprint["to_cancel_g"] == 7_000_000
        assert sum(line["amount_g"] for line in footprint["lines"]) == 6_068_701

    async def test_is_read_again_as_it_was_made(self, client):
        made = await client.post("/v1/footprints", json=the_conference())
        read = await client.get(made.headers["location"])
        assert read.json() == made.json()

    async def test_has_a_document_that_anyone_can_replay(self, client):
        made = (await client.post("/v1/footprints", json=the_conference())).json()
        document = await client.get(made["document_url"])
        assert hashlib.sha256(document.content).hexdigest() == made["sha256"]
        assert offset_calc.replay(document.json()).total.value == made["total_g"]

    async def test_numbers_may_be_numbers(self, client):
        wish = the_conference()
        wish["inputs"]["waste"] = [{"kind": "burnable", "mass_kg": 60}]
        answer = await client.post("/v1/footprints", json=wish)
        assert answer.json()["total_g"] == 6_068_701


class TestWhatCannotBeCalculated:
    async def test_a_name_of_several_places_is_answered_with_their_keys(self, offline):
        answer = await offline.post(
            "/v1/footprints", json=the_conference() | {"subject": {"name": "x", "place": "伊達"}}
        )
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/subject/place", "place_ambiguous")
        assert error["detail"].endswith("choices: jp.hokkaido.date, jp.fukushima.date)")

    @pytest.mark.parametrize(
        ("changed", "pointer", "code"),
        [
            ({"inputs": {}}, "", "nothing_to_calculate"),
            ({"inputs": {"unicorns": []}}, "/inputs/unicorns", "unknown_field"),
            ({"inputs": {"subject": []}}, "/inputs/subject", "unknown_field"),
            ({"inputs": {"waste": [{"mass_kg": "-1"}]}}, "/inputs/waste/0/mass_kg", "negative"),
            ({"inputs": {"waste": [{"mass_kg": "1e9"}]}}, "/inputs/waste/0/mass_kg", "exponent"),
            ({"inputs": {"waste": [{"mass_kg": 10**12}]}}, "/inputs/waste/0/mass_kg", "too_large"),
            ({"inputs": {"waste": [{"speed": "1"}]}}, "/inputs/waste/0/speed", "unknown_field"),
            ({"inputs": {"waste": [{"mass_kg": None}]}}, "/inputs/waste/0/mass_kg", "not_a_text_or_number"),
            ({"inputs": {"waste": [{}, {"mass_kg": True}]}}, "/inputs/waste/1/mass_kg", "not_a_text_or_number"),
            ({"inputs": {"waste": {"mass_kg": "1"}}}, "/inputs/waste", "not_a_list_of_rows"),
            ({"inputs": {"waste": [{"mass_kg": "1"}, None]}}, "/inputs/waste/1", "not_an_object"),
            ({"inputs": []}, "/inputs", "not_an_object"),
            ({"type": "war"}, "/type", "unknown_choice"),
            ({"period": {"start": "2026-12-13", "end": "2026-12-12"}}, "/period/end", "end_before_start"),
            ({"period": {"start": "2026-02-30", "end": "2026-12-12"}}, "/period/start", "not_a_date"),
            ({"subject": {"name": "x", "place": "どこでもない町"}}, "/subject/place", "place_unknown"),
            ({"left_out": {"waste": "too dear"}}, "/left_out/waste", "both_stated_and_left_out"),
            ({"rounding": "down"}, "/rounding", "unknown_choice"),
            ({"surprise": 1}, "/surprise", "unknown_field"),
        ],
    )
    async def test_is_refused_at_its_place(self, client, changed, pointer, code):
        answer = await client.post("/v1/footprints", json=the_conference() | changed)
        assert answer.status_code == 422, answer.text
        assert (pointer, code) in [(error["pointer"], error["code"]) for error in answer.json()["errors"]]

    async def test_full_width_digits_are_understood(self, client):
        wish = the_conference()
        wish["inputs"]["waste"] = [{"kind": "burnable", "mass_kg": "６０"}]
        assert (await client.post("/v1/footprints", json=wish)).json()["total_g"] == 6_068_701


class TestAFootprintOfSomebodyElse:
    @pytest.mark.parametrize("address", ["/v1/footprints/fpr_guess", "/v1/footprints/fpr_guess/document"])
    async def test_is_not_found_by_guessing(self, client, address):
        answer = await client.get(address)
        assert (answer.status_code, answer.json()["code"]) == (404, "footprint_not_found")


async def test_the_example_of_the_documentation_works(client):
    assert (await client.post("/v1/footprints", json=EXAMPLE)).status_code == 201


class TestFactors:
    async def test_are_found_by_words_of_either_language(self, offline):
        for words in ("全国平均係数", "national average coefficient"):
            found = (await offline.get("/v1/factors", params={"q": words})).json()["data"]
            assert "jp.grid.fy2024.national_average" in [factor["id"] for factor in found]

    async def test_carry_value_unit_and_source(self, offline):
        factor = (await offline.get("/v1/factors/jp.grid.fy2024.national_average")).json()
        assert (factor["value"], factor["unit"]) == ("0.423", "kgCO2/kWh")
        assert factor["source_publisher"] == "環境省・経済産業省"

    async def test_come_in_pages_that_join_without_gap_or_overlap(self, offline):
        whole = (await offline.get("/v1/factors", params={"q": "fy2024", "limit": 60})).json()["data"]
        pages, cursor = [], {}
        while len(pages) < 60:
            page = (await offline.get("/v1/factors", params={"q": "fy2024", "limit": 7} | cursor)).json()
            pages += page["data"]
            cursor = {"cursor": page["next_cursor"]}
        assert pages[:60] == whole

    async def test_are_not_fetched_twice(self, offline):
        first = await offline.get("/v1/factors", params={"q": "LNG"})
        again = await offline.get("/v1/factors", params={"q": "LNG"}, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]

    @pytest.mark.parametrize(
        ("address", "status", "code"),
        [
            ("/v1/factors/nothing", 404, "factor_not_found"),
            ("/v1/factors?q=a&edition=1900-01", 404, "edition_unknown"),
            ("/v1/factors", 422, "input_refused"),
            ("/v1/factors?q=a&cursor=OTk5OTk5OQ", 422, "input_refused"),
        ],
    )
    async def test_that_do_not_exist(self, offline, address, status, code):
        answer = await offline.get(address)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
