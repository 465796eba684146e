"""Uncertainty of a total: by hand for one and two lines, and against an independent simulation."""

from decimal import Decimal

import pytest

from offset_calc import uncertainty
from tests.offset_calc.builders import event_footprint
from tests.offset_calc.test_sapporo_conference import conference


class TestByHand:
    def test_one_line_is_activity_and_factor_in_quadrature(self):
        footprint = event_footprint(
            venue_energy=[{"electricity_kwh": "1000"}], period={"start": "2025-10-01", "end": "2025-10-01"}
        )
        found = uncertainty.analytic(footprint)  # grade A 3 %, factor in force 5 %: √(0.03² + 0.05²) = 5.831 %
        assert found.standard.value == 24_665
        assert (found.low.value, found.high.value) == (423_000 - 48_343, 423_000 + 48_343)
        assert found.percent == Decimal("11.4")

    def test_lines_with_one_factor_share_its_error(self):
        day = {"start": "2025-10-01", "end": "2025-10-01"}
        once = event_footprint(venue_energy=[{"electricity_kwh": "1000"}], period=day)
        split = event_footprint(venue_energy=[{"electricity_kwh": "500"}] * 2, period=day)
        both = uncertainty.analytic(split).standard.value  # √(2·(211.5·0.03)² + (423·0.05)²) = 22.975 kg
        assert both == 22_975
        assert both < uncertainty.analytic(once).standard.value

    def test_nothing_is_certain_about_nothing(self):
        walk = event_footprint(travel_participants=[{"people": 1, "mode": "walk", "distance_km": 1}])
        assert uncertainty.analytic(walk) == uncertainty.Uncertainty(walk.total, walk.total, walk.total, Decimal(0))

    def test_the_interval_never_goes_below_zero(self):
        vague = event_footprint(meals=[{"people": "5", "meals_each": "1"}])
        assert uncertainty.analytic(vague).low.value == 0


class TestAgainstSimulation:
    @pytest.mark.parametrize("seed", [1, 20261122])
    def test_the_conference(self, seed):
        footprint = conference()
        simulated = uncertainty.monte_carlo(footprint, seed=seed, trials=20_000)
        assert abs(simulated / uncertainty.analytic(footprint).standard.value - 1) < 0.03

    def test_the_same_seed_gives_the_same_number(self):
        footprint = conference()
        one, two = (uncertainty.monte_carlo(footprint, seed=7, trials=200) for _ in range(2))
        assert one == two
        assert one != uncertainty.monte_carlo(footprint, seed=8, trials=200)
