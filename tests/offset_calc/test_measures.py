"""Measures: their effect is the difference of two calculations of the same event."""

from decimal import Decimal

import pytest

from offset_calc import measures
from offset_calc.measures import MeasureRefused, applicable, effort, with_measure
from tests.offset_calc.builders import event_footprint

FLIGHTS = {"travel_participants": [{"people": "22", "mode": "air_domestic", "distance_km": "1640"}]}


class TestEffects:
    def test_half_of_the_flyers_take_the_train(self):
        before = event_footprint(**FLIGHTS)
        found = effort(before, "rail_instead_of_flight", Decimal(50), "planned")
        assert found.saved == 11 * 1640 * 91 - 11 * 1640 * 20
        assert found.as_dict() == {
            "measure": "rail_instead_of_flight",
            "percent": "50",
            "status": "planned",
            "saved_g": found.saved,
        }

    def test_online_seats_take_the_trip_away_and_add_the_hours(self):
        before = event_footprint(**FLIGHTS)
        after = with_measure(before, "online_seats", Decimal(100))
        assert [(line.category, line.g) for line in after.lines] == [("online", 22 * 8 * 157)]

    @pytest.mark.parametrize(
        ("measure", "rows", "saved"),
        [
            ("less_venue_energy", {"venue_energy": [{"electricity_kwh": "1000"}]}, 42_300),
            ("recycled_paper", {"printed_matter": [{"paper_kg": "100"}]}, 134_508 - 121_057 - 10_501),
            ("paper_recycling", {"waste": [{"mass_kg": "100"}]}, 58_115 - 52_304 - 47),
            ("rail_freight", {"freight": [{"mass_kg": "1000", "distance_km": "100"}]}, None),
            ("less_waste", {"waste": [{"mass_kg": "100"}]}, 5_811),
        ],
    )
    def test_a_tenth(self, measure, rows, saved):
        found = effort(event_footprint(**rows), measure, Decimal(10), "done").saved
        assert found == saved if saved is not None else found > 0

    def test_everything_left_out_saves_everything(self):
        before = event_footprint(waste=[{"mass_kg": "60"}])
        assert with_measure(before, "less_waste", Decimal(100)) is None
        assert effort(before, "less_waste", Decimal(100), "done").saved == before.total.value

    def test_both_sides_halves_the_paper(self):
        before = event_footprint(printed_matter=[{"copies": "57", "pages": "120"}])
        after = with_measure(before, "both_sides", Decimal(100))
        assert abs(2 * after.total.value - before.total.value) <= 1


class TestWhichApply:
    def test_only_those_that_change_something(self):
        found = {m.id for m in applicable(event_footprint(**FLIGHTS))}
        assert found == {"rail_instead_of_flight", "online_seats"}

    def test_every_measure_applies_to_some_row(self):
        every_row = {
            "travel_participants": [
                {"people": "2", "mode": "air_domestic", "distance_km": "9"},
                {"people": "2", "mode": "car", "distance_km": "9"},
                {"people": "2", "mode": "air_international_business", "distance_km": "9"},
            ],
            "venue_energy": [{"electricity_kwh": "9"}],
            "printed_matter": [{"copies": "2", "pages": "9"}],
            "meals": [{"food": "beef", "food_kg": "2"}],
            "freight": [{"mass_kg": "2", "distance_km": "9"}],
            "waste": [{"mass_kg": "2"}, {"mass_kg": "2", "kind": "plastics_industrial"}],
        }
        for_homes = {"less_electricity", "less_driving", "less_gas"}
        assert {m.id for m in applicable(event_footprint(**every_row))} == {m.id for m in measures.MEASURES} - for_homes


class TestRefusals:
    @pytest.mark.parametrize(
        ("measure", "percent", "status"),
        [
            ("wishful_thinking", "10", "done"),
            ("rail_instead_of_flight", "0", "done"),
            ("rail_instead_of_flight", "101", "done"),
            ("rail_instead_of_flight", "10", "hoped for"),
            ("less_waste", "10", "done"),
        ],
    )
    def test_refused(self, measure, percent, status):
        with pytest.raises(MeasureRefused):
            effort(event_footprint(**FLIGHTS), measure, Decimal(percent), status)
