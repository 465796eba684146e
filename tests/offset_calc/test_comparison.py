"""Estimate against actual figures."""

from offset_calc import Grams
from offset_calc.comparison import compare
from tests.offset_calc.builders import event_footprint

ESTIMATE = {"venue_energy": [{"area_m2": "800", "hours": "18"}], "lodging": [{"people": "31", "nights": "2"}]}
ACTUAL = {"venue_energy": [{"electricity_kwh": "655"}], "lodging": [{"people": "33", "nights": "2"}]}


class TestEstimateAndActualFigures:
    def test_by_category_and_in_total(self):
        comparison = compare(event_footprint(**ESTIMATE), event_footprint(**ACTUAL))
        assert [(c.category, c.change) for c in comparison.changes] == [
            ("venue_energy", 277_065 - 304_560),
            ("lodging", 2_081_128 - 1_954_999),
        ]
        assert comparison.change == sum(c.change for c in comparison.changes)
        assert comparison.same_boundary

    def test_only_what_was_not_yet_covered_is_due(self):
        comparison = compare(event_footprint(**ESTIMATE), event_footprint(**ACTUAL))
        assert comparison.to_cover(comparison.before).value == comparison.change
        assert comparison.to_cover(Grams(3_000_000)).value == 0

    def test_a_category_in_only_one_of_them_is_another_boundary(self):
        comparison = compare(event_footprint(**ESTIMATE), event_footprint(**ESTIMATE, waste=[{"mass_kg": "60"}]))
        assert not comparison.same_boundary
        assert [(c.category, c.counted_before, c.counted_after) for c in comparison.changes][-1] == (
            "waste",
            False,
            True,
        )
