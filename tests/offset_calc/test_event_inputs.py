"""Bad input gets a clear answer: which field, why, and what would do; everything at once."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import offset_calc
from offset_calc import InputsRefused, event
from offset_calc.reading import nest
from tests.offset_calc.builders import an_event, event_footprint, event_problems, only_problem


class TestNumbersInAForm:
    @pytest.mark.parametrize(
        ("typed", "code"),
        [
            ("1000000000000", "too_large"),
            ("10^12", "exponent"),
            ("-5", "negative"),
            ("NaN", "not_finite"),
            ("たくさん", "not_a_number"),
            ("1,20", "bad_grouping"),
        ],
    )
    def test_absurd_ones_are_refused_at_their_field(self, typed, code):
        row = {"people": "1", "mode": "rail", "distance_km": typed}
        assert only_problem(travel_participants=[row]) == ("/travel_participants/0/distance_km", code)

    def test_full_width_and_separators_are_understood(self):
        wide = event_footprint(
            travel_participants=[{"people": "１，０００", "mode": "rail", "distance_km": "１４．５"}]
        )
        plain = event_footprint(travel_participants=[{"people": 1000, "mode": "rail", "distance_km": 14.5}])
        assert wide.total == plain.total
        assert wide.to_dict() == plain.to_dict()

    def test_half_a_person_is_refused(self):
        row = {"people": "2.5", "mode": "rail", "distance_km": "1"}
        assert only_problem(travel_participants=[row]) == ("/travel_participants/0/people", "not_whole")


class TestPlaces:
    def test_an_unknown_city(self):
        row = {"people": "1", "mode": "rail", "origin": "アトランティス"}
        assert only_problem(travel_participants=[row]) == ("/travel_participants/0/origin", "place_unknown")

    def test_an_ambiguous_city_lists_the_choices_and_accepts_one_of_their_keys(self):
        row = {"people": "1", "mode": "rail", "origin": "伊達"}
        (problem,) = event_problems(travel_participants=[row])
        assert problem.code == "place_ambiguous"
        keys = [choice["key"] for choice in problem.params["choices"]]
        assert keys == ["jp.hokkaido.date", "jp.fukushima.date"]
        assert event_footprint(travel_participants=[{**row, "origin": keys[0]}]).total.value > 0

    def test_without_a_venue_the_destination_is_asked_for(self):
        raw = {"subject": {"name": "x"}, "travel_participants": [{"people": "1", "mode": "rail", "origin": "旭川"}]}
        assert only_problem(**raw) == ("/travel_participants/0/destination", "required")

    @pytest.mark.parametrize(
        ("mode", "origin", "pointer", "code"),
        [
            ("rail", "札幌", "origin", "same_place"),
            ("air_domestic", "小樽", "origin", "same_place"),
            ("rail", "ソウル", "mode", "mode_does_not_fit"),
            ("air_domestic", "ソウル", "mode", "mode_does_not_fit"),
            ("air_international_economy", "東京", "mode", "mode_does_not_fit"),
        ],
    )
    def test_a_journey_that_cannot_be(self, mode, origin, pointer, code):
        row = {"people": "1", "mode": mode, "origin": origin}
        assert only_problem(travel_participants=[row]) == (f"/travel_participants/0/{pointer}", code)

    def test_a_venue_nobody_knows(self):
        raw = {"subject": {"name": "x", "place": "府中"}, "waste": [{"mass_kg": "1"}]}
        assert only_problem(**raw) == ("/subject/place", "place_ambiguous")


class TestWhatIsMissing:
    def test_an_empty_form_is_refused_as_a_whole(self):
        assert only_problem() == ("", "nothing_to_calculate")

    def test_rows_of_blank_fields_and_preselected_choices_are_empty(self):
        blank = {"people": "", "mode": None, "trip": "return", "radiative_forcing": "yes", "distance_km": "　"}
        assert only_problem(travel_participants=[blank, {}]) == ("", "nothing_to_calculate")

    def test_a_row_that_no_method_fits_says_what_would_help(self):
        (problem,) = event_problems(travel_participants=[{"people": "5"}])
        assert (problem.pointer, problem.code) == ("/travel_participants/0", "not_enough")
        assert problem.params["any_of"] == ("distance_km", "origin", "fare_yen", "days")

    def test_a_field_that_the_method_needs(self):
        assert only_problem(travel_participants=[{"distance_km": "5", "mode": "rail"}]) == (
            "/travel_participants/0/people",
            "required",
        )

    def test_a_fare_for_a_mode_without_a_figure(self):
        row = {"mode": "bicycle", "fare_yen": "100"}
        assert only_problem(travel_participants=[row]) == ("/travel_participants/0/mode", "no_factor_for_mode")

    def test_every_problem_is_told_at_once_in_the_order_of_the_form(self):
        found = event_problems(
            subject={"name": ""},
            period={"start": "2026-13-01", "end": ""},
            venue_energy=[{"electricity_kwh": "x"}],
            waste=[{}, {"mass_kg": "-1"}],
        )
        assert [(p.pointer, p.code) for p in found] == [
            ("/subject/name", "required"),
            ("/period/start", "not_a_date"),
            ("/period/end", "required"),
            ("/venue_energy/0/electricity_kwh", "not_a_number"),
            ("/waste/1/mass_kg", "negative"),
        ]


class TestDays:
    @pytest.mark.parametrize(
        ("period", "expected"),
        [
            ({"start": "2026-12-13", "end": "2026-12-12"}, ("/period/end", "end_before_start")),
            ({"start": "2026-01-01", "end": "2027-01-02"}, ("/period/end", "period_too_long")),
            ({"start": "2026-02-30", "end": "2026-03-01"}, ("/period/start", "not_a_date")),
            ({"start": "1999-01-01", "end": "1999-01-01"}, ("/travel_staff/0", "factor_not_found")),
        ],
    )
    def test_refused(self, period, expected):
        assert only_problem(period=period, travel_staff=[{"people": 1, "mode": "rail", "distance_km": 1}]) == expected

    def test_japanese_ways_of_writing_a_day(self):
        typed = event_footprint(period={"start": "２０２６年１２月１日", "end": "2026/12/2"}, waste=[{"mass_kg": 1}])
        assert typed.to_dict()["period"] == {"start": "2026-12-01", "end": "2026-12-02"}


class TestShape:
    @pytest.mark.parametrize(
        ("raw", "expected"),
        [
            ({"wastes": [{"mass_kg": 1}]}, ("/wastes", "unknown_field")),
            ({"waste": [{"mass": 1}]}, ("/waste/0/mass", "unknown_field")),
            ({"waste": "60"}, ("/waste", "not_a_list")),
            ({"waste": ["60"]}, ("/waste/0", "not_an_object")),
            ({"waste": [{}] * 1001}, ("/waste", "too_many_rows")),
            ({"waste": [{"kind": "gold", "mass_kg": 1}]}, ("/waste/0/kind", "unknown_choice")),
            ({"type": "wedding", "waste": [{"mass_kg": 1}]}, ("/type", "unknown_choice")),
            ({"rounding": "down", "waste": [{"mass_kg": 1}]}, ("/rounding", "unknown_choice")),
            ({"subject": {"name": "x" * 201}, "waste": [{"mass_kg": 1}]}, ("/subject/name", "too_long")),
            (
                {"subject": {"name": "x", "colour": "y"}, "waste": [{"mass_kg": 1}]},
                ("/subject/colour", "unknown_field"),
            ),
        ],
    )
    def test_refused(self, raw, expected):
        assert only_problem(**raw) == expected

    @pytest.mark.parametrize(
        "menu",
        [
            "jp.elec.fy2024.A0269.overall.adjusted",
            "jp.elec.fy2024.A0269.menu_m_residual.basic",
            "jp.shk.gasoline.co2",
            "x",
        ],
    )
    def test_only_a_menu_of_a_supplier_is_taken_for_a_menu(self, menu):
        row = {"electricity_kwh": 1, "electricity_menu": menu}
        assert only_problem(venue_energy=[row]) == ("/venue_energy/0/electricity_menu", "unknown_factor")

    def test_a_form_sends_rows_by_number(self):
        pairs = [
            ("subject.name", "会議"),
            ("period.start", "2026-12-12"),
            ("period.end", "2026-12-13"),
            ("waste.0.mass_kg", ""),
            ("waste.2.mass_kg", "x"),
            ("waste.10.mass_kg", "60"),
        ]
        with pytest.raises(InputsRefused) as refused:
            event.read_inputs(nest(pairs))
        assert [p.pointer for p in refused.value.problems] == ["/waste/2/mass_kg"]

    def test_a_control_character_does_not_reach_the_name(self):
        assert event_footprint(subject={"name": "A\x00B\u202e"}, waste=[{"mass_kg": 1}]).subject["name"] == "AB"


class TestLeftOut:
    def test_a_declared_reason_is_kept_and_makes_the_boundary_complete(self):
        footprint = event_footprint(
            venue_energy=[{"electricity_kwh": 1}],
            travel_participants=[{"people": 1, "mode": "rail", "distance_km": 1}],
            left_out={"travel_staff": "does_not_occur", "goods": ""},
        )
        reasons = {e.category: e.reason for e in footprint.excluded}
        assert reasons["travel_staff"] == "does_not_occur"
        assert reasons["goods"] == "not_stated"
        assert footprint.complete

    @pytest.mark.parametrize(
        ("left_out", "expected"),
        [
            ({"waste": "negligible"}, ("/left_out/waste", "both_stated_and_left_out")),
            ({"goods": "boring"}, ("/left_out/goods", "unknown_choice")),
            ({"love": "negligible"}, ("/left_out/love", "unknown_field")),
        ],
    )
    def test_refused(self, left_out, expected):
        assert only_problem(waste=[{"mass_kg": 1}], left_out=left_out) == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


class TestNothingEverCrashesIt:
    @given(
        st.dictionaries(st.sampled_from([c.id for c in event.EVENT.categories] + ["period", "subject"]), json_values)
    )
    def test_any_json_is_answered_with_problems_or_a_footprint(self, raw):
        try:
            event.calculate(event.read_inputs(an_event(**raw)))
        except InputsRefused as refused:
            assert refused.problems

    @given(st.data())
    def test_any_value_in_any_field_of_the_example(self, data):
        path = Path(offset_calc.__file__).parent / "examples" / "sapporo_conference.json"
        raw = json.loads(path.read_text(encoding="utf-8"))
        category = data.draw(st.sampled_from(event.EVENT.categories))
        field = data.draw(st.sampled_from(category.fields))
        rows = raw.setdefault(category.id, [{}])
        rows[0] = {**rows[0], field.name: data.draw(json_values)}
        try:
            event.calculate(event.read_inputs(raw))
        except InputsRefused as refused:
            assert all(problem.pointer.startswith(f"/{category.id}/") for problem in refused.problems)
