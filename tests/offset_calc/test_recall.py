"""A factor turns out wrong: the footprints that used it are found and corrected."""

from decimal import Decimal

import pytest

from offset_calc.errors import DocumentInvalid
from offset_calc.recall import Recall, affected
from tests.offset_calc.builders import event_footprint

HOTEL = "jp.moe36.accommodation.person_night"


def stored():
    one = event_footprint(subject={"name": "A"}, lodging=[{"people": "31", "nights": "2"}], waste=[{"mass_kg": "60"}])
    two = event_footprint(subject={"name": "B"}, waste=[{"mass_kg": "60"}])
    three = event_footprint(
        subject={"name": "C"}, lodging=[{"people": "1", "nights": "1"}, {"people": "2", "nights": "1"}]
    )
    return [footprint.to_dict() for footprint in (one, two, three)]


class TestRecall:
    def test_every_footprint_that_used_it_is_listed_with_its_corrected_total(self):
        found = list(affected(stored(), Recall(HOTEL, "misprint", Decimal("41.532238"))))
        assert [(a.subject, a.lines, a.corrected.value - a.stored.value) for a in found] == [
            ("A", (0,), 620_000),
            ("C", (0, 1), 30_000),
        ]
        assert [a.shortfall.value for a in found] == [620_000, 30_000]

    def test_a_figure_that_was_too_high_leaves_no_shortfall(self):
        found = next(affected(stored(), Recall(HOTEL, "misprint", Decimal("30"))))
        assert found.corrected < found.stored
        assert found.shortfall.value == 0

    def test_while_the_right_value_is_not_known_the_users_are_still_listed(self):
        found = next(affected(stored(), Recall(HOTEL, "under review")))
        assert (found.corrected, found.shortfall) == (None, None)

    def test_a_coefficient_inside_a_derived_term_asks_for_a_new_calculation(self):
        truck = {"mass_kg": "1500", "distance_km": "300", "payload_kg": "3000", "load_percent": "58"}
        document = event_footprint(freight=[truck]).to_dict()
        found = list(affected([document], Recall("jp.improved_tkm.diesel.coef_b", "misprint", Decimal("-0.8"))))
        assert [(a.lines, a.corrected) for a in found] == [((0,), None)]

    def test_a_density_is_corrected_like_a_factor(self):
        from offset_calc.calculators import household

        raw = {
            "subject": {"name": "わが家"},
            "period": {"start": "2026-06-01", "end": "2026-06-30"},
            "lpg": [{"lpg_m3": "4.58"}],
        }
        document = household.calculate(household.read_inputs(raw)).to_dict()
        found = next(affected([document], Recall("jp.lpg.m3_per_kg", "misprint", Decimal("0.5"))))
        assert (found.stored.value, found.corrected.value) == (29_900, 27_388)

    def test_what_is_no_footprint_is_refused(self):
        with pytest.raises(DocumentInvalid):
            list(affected([{"format": "something"}], Recall(HOTEL, "misprint")))
