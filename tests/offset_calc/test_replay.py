"""A stored footprint computes to the same gram, or the first difference is named."""

import copy
import json

import pytest

from offset_calc import factors, from_dict, replay
from offset_calc.errors import DocumentInvalid, EditionUnknown, ReplayDiffers
from offset_calc.factors import Factor
from offset_calc.footprint import document_sha256
from tests.offset_calc.builders import an_event, event_footprint


@pytest.fixture
def document():
    return event_footprint(
        venue_energy=[{"electricity_kwh": "1,234.5"}],
        travel_participants=[{"people": "22", "mode": "air_domestic", "origin": "東京"}],
        freight=[{"mass_kg": "150", "distance_km": "30", "payload_kg": "2000", "load_percent": "40"}],
        meals=[{"people": "5", "meals_each": "1"}],
    ).to_dict()


def changed(document, path, value):
    forged = copy.deepcopy(document)
    *way, last = path
    place = forged
    for step in way:
        place = place[step]
    place[last] = value
    return forged


class TestRoundTrip:
    def test_a_document_reads_back_equal(self, document):
        assert from_dict(document).to_dict() == document

    def test_through_json_too(self, document):
        through = json.loads(json.dumps(document))
        assert replay(through).to_dict() == document
        assert document_sha256(through) == document_sha256(document)

    def test_the_hash_does_not_depend_on_the_order_of_keys(self, document):
        assert document_sha256(dict(reversed(document.items()))) == document_sha256(document)

    def test_there_is_no_float_in_it(self, document):
        def floats(value):
            if isinstance(value, dict):
                return any(floats(v) for v in value.values())
            if isinstance(value, list):
                return any(floats(v) for v in value)
            return isinstance(value, float)

        assert not floats(document)


class TestAForgedDocumentIsCaught:
    @pytest.mark.parametrize(
        ("path", "value", "pointer"),
        [
            (("lines", 0, "terms", 0, "value"), "1234.6", "/lines/0/grams"),
            (("lines", 0, "terms", 1, "value"), "0.001", "/lines/0/grams"),
            (("lines", 0, "method"), "area_hours", "/lines/0/method"),
            (("lines", 1, "path", 0, "answer"), "yes", "/lines/1/path/0/answer"),
            (("lines", 0, "grade"), "B", "/lines/0/grade"),
            (("inputs", "meals", 0, "people"), "6", "/lines/2/quantity"),
            (("factors", 0, "note"), "nothing to see", "/factors/0/note"),
            (("factors", 0, "value"), "0.5", "/factors/0/value"),
            (("excluded", 0, "reason"), "negligible", "/excluded/0/reason"),
            (("assumptions",), [], "/assumptions"),
            (("complete",), True, "/complete"),
            (("factor_set", "sha256"), "0" * 64, "/factor_set/sha256"),
            (("version",), 2, "/version"),
            (("rounding",), "up", "/lines/3/grams"),
            (("extra",), 1, "/extra"),
        ],
    )
    def test_at_the_place_of_the_change(self, document, path, value, pointer):
        with pytest.raises(ReplayDiffers) as differs:
            replay(changed(document, path, value))
        assert differs.value.params["pointer"] == pointer

    def test_a_consistent_lie_about_the_grams(self, document):
        forged = changed(document, ("lines", 0, "grams"), document["lines"][0]["grams"] - 1)
        forged["total_g"] -= 1
        with pytest.raises(ReplayDiffers):
            replay(forged)

    def test_a_line_left_out(self, document):
        forged = copy.deepcopy(document)
        forged["total_g"] -= forged["lines"].pop()["grams"]
        with pytest.raises(ReplayDiffers):
            replay(forged)

    def test_true_is_not_one(self, document):
        with pytest.raises((ReplayDiffers, DocumentInvalid)):
            replay(changed(document, ("lines", 0, "row"), False))


class TestABrokenDocumentIsRefused:
    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (("format",), "ashiato.footprint/9"),
            (("lines",), None),
            (("lines", 0), []),
            (("lines", 0, "terms", 0, "value"), "1e3"),
            (("lines", 0, "terms", 0, "value"), "-1"),
            (("lines", 0, "terms", 0, "op"), "add"),
            (("lines", 0, "grams"), 1.5),
            (("lines", 0, "grams"), -1),
            (("lines", 0, "factor_ids"), ["jp.unknown"]),
            (("total_g",), 1),
            (("period", "start"), "yesterday"),
            (("rounding",), "down"),
            (("factors", 0, "value"), "much"),
            (("type",), "wedding"),
            (("inputs",), {}),
        ],
    )
    def test_with_the_pointer(self, document, path, value):
        with pytest.raises(DocumentInvalid) as invalid:
            replay(changed(document, path, value))
        assert invalid.value.params["pointer"].startswith("/")

    def test_an_edition_that_is_not_shipped(self, document):
        with pytest.raises(EditionUnknown):
            replay(changed(document, ("factor_set", "edition"), "1999-01"))


class TestOwnFactorsTravelWithTheDocument:
    def test_a_footprint_with_an_own_menu_replays_offline(self):
        menu = Factor.from_row(
            dict.fromkeys(factors.COLUMNS, "")
            | {
                "id": "own.green_menu",
                "name_ja": "自社契約メニュー",
                "region": "JP",
                "year": "FY2025",
                "value": "0.1",
                "unit": "kgCO2/kWh",
                "gas": "CO2",
                "source_title": "Contract of 2026-04-01, annex 2",
                "source_publisher": "Example Power",
            }
        )
        from offset_calc import event

        own = factors.load().with_own([menu])
        raw = an_event(venue_energy=[{"electricity_kwh": "1000", "electricity_menu": "own.green_menu"}])
        footprint = event.calculate(event.read_inputs(raw, factors=own), factors=own)
        assert footprint.total.value == 100_000
        assert replay(json.loads(footprint.canonical_json())) == footprint
