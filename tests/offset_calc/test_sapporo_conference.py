"""The real case: a two-day conference in Sapporo, worked by hand to the gram."""

import json
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import offset_calc
from offset_calc import event, replay

EXAMPLE = Path(offset_calc.__file__).parent / "examples" / "sapporo_conference.json"

# category, activity, method, the sum as one would key it in, whole grams
WORKED_BY_HAND = (
    ("venue_energy", "electricity.national_average", "area_hours", "800 * 18 * 0.05 * 0.423 * 1000", 304_560),
    ("travel_participants", "travel.air_domestic", "places", "22 * 821 * 2 * 0.091 * 1000", 3_287_284),
    ("travel_participants", "travel.rail", "distance", "9 * 150 * 0.017 * 1000", 22_950),
    ("travel_participants", "travel.bus", "distance", "26 * 14 * 0.057 * 1000", 20_748),
    ("lodging", "lodging.person_night", "person_nights", "31 * 2 * 31.532238 * 1000", 1_954_999),
    ("meals", "food.ready_meal", "count", "57 * 2 * 0.5 * 3.940265729 * 1000", 224_595),
    ("meals", "food.ready_meal", "count", "57 * 1 * 0.8 * 3.940265729 * 1000", 179_676),
    ("printed_matter", "paper.primary", "pages", "57 * 120 * 0.06237 * 68 / 1000000 * 1345.0779 * 1000", 39_020),
    ("waste", "waste.burnable", "mass", "60 / 1000 * 0.533928 * 1000000", 32_036),
    ("waste", "waste.haul", "mass", "60 / 1000 * 0.047219 * 1000000", 2_833),
)
TOTAL = 6_068_701


def pocket_calculator(keys: str) -> int:
    """Key in a chain of × and ÷ from left to right, then round half up once."""
    first, *rest = keys.split()
    shown = Decimal(first)
    for operator, number in zip(rest[::2], rest[1::2], strict=True):
        shown = shown * Decimal(number) if operator == "*" else shown / Decimal(number)
    return int(shown.quantize(Decimal(1), ROUND_HALF_UP))


def conference() -> offset_calc.Footprint:
    return event.calculate(event.read_inputs(json.loads(EXAMPLE.read_text(encoding="utf-8"))))


class TestTheHandWorkedTable:
    def test_the_table_itself_is_right(self):
        assert [pocket_calculator(keys) for *_, keys, _ in WORKED_BY_HAND] == [grams for *_, grams in WORKED_BY_HAND]
        assert sum(grams for *_, grams in WORKED_BY_HAND) == TOTAL

    def test_every_line_agrees_to_the_gram(self):
        found = [(line.category, line.activity, line.method, line.grams.value) for line in conference().lines]
        assert found == [(category, activity, method, grams) for category, activity, method, _, grams in WORKED_BY_HAND]

    def test_the_terms_of_each_line_are_the_keys_to_press(self):
        for line, (*_, keys, _) in zip(conference().lines, WORKED_BY_HAND, strict=True):
            pressed = "".join(f" {'*' if t['op'] == 'mul' else '/'} {t['value']}" for t in line.as_dict()["terms"])
            assert pressed.removeprefix(" * ") == keys

    def test_the_total_is_the_sum_of_the_shown_lines_and_needs_seven_tonnes(self):
        footprint = conference()
        assert footprint.total.value == TOTAL == sum(footprint.to_dict()["lines"][i]["grams"] for i in range(10))
        assert footprint.total.tonnes_to_cover() == 7


class TestWhatTheResultSays:
    def test_the_chosen_paths_are_recorded(self):
        lines = conference().to_dict()["lines"]
        assert lines[0]["path"] == [
            {"question": "energy_metered", "answer": "no"},
            {"question": "area_and_hours_known", "answer": "yes"},
        ]
        assert lines[1]["path"] == [
            {"question": "distance_known", "answer": "no"},
            {"question": "origin_known", "answer": "yes"},
        ]

    def test_the_flight_distance_names_the_two_airports(self):
        distance = conference().to_dict()["lines"][1]["terms"][1]
        assert distance["derivation"] == {"rule": "great_circle", "inputs": {"from": "air.hnd", "to": "air.cts"}}

    def test_every_assumption_is_listed_with_value_and_basis(self):
        found = [(a["category"], a["name"], a["value"], a["basis"]) for a in conference().assumptions()]
        assert found == [
            ("venue_energy", "kwh_per_m2_hour", "0.05", "venue_electricity_intensity"),
            ("meals", "kg_per_meal", "0.5", "meal_mass_lunch"),
            ("meals", "kg_per_meal", "0.8", "meal_mass_dinner"),
            ("printed_matter", "grammage", "68", "office_paper_grammage"),
        ]

    def test_what_is_left_out_is_listed_and_the_missing_staff_make_it_incomplete(self):
        footprint = conference()
        assert [e.category for e in footprint.excluded] == ["travel_staff", "goods", "freight", "water", "online"]
        assert {e.reason for e in footprint.excluded} == {"not_stated"}
        assert not footprint.complete

    def test_every_factor_carries_its_source(self):
        for factor in conference().to_dict()["factors"]:
            assert factor["source_title"]
            assert factor["source_publisher"]
            assert factor["year"]

    def test_it_replays_from_its_own_json(self):
        footprint = conference()
        assert replay(json.loads(footprint.canonical_json())).sha256 == footprint.sha256
