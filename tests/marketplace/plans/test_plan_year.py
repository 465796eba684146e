"""A few plans for some months of the simulated year; `python -m tests.simulation.plans_year` plays 1,000 for all of it."""

import pytest

from tests.simulation.plans_year import Year, sums_agree


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_paid_month_is_one_certificate_or_paid_back_and_all_sums_agree(small):
    year = await Year.of(small, seed=7)
    await year.live(plans=8, months=3)
    sums = await sums_agree(small)
    assert sums["certificates"] > 10
    assert len(year.happened) >= 3
