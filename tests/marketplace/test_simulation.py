"""Seeds of the simulation; `python -m tests.simulation --seeds 10000` plays them all (F7, F9-F11, F31)."""

import pytest

from tests.simulation.play import a_stage
from tests.simulation.world import World

SEEDS = 100
AT_ONCE = 20
# seeds whose worker has so many places
ONE_JOB_AT_A_TIME, SIX_AT_A_TIME = 8, 7


@pytest.fixture
async def stage(migrated_sqlite):
    async with a_stage(migrated_sqlite) as opened:
        yield opened


class TestWhateverGoesWrong:
    async def test_every_paid_order_is_served_or_paid_back_on_either_database(self, small):
        world = await World.of_seed(small, 3)
        await world.live()
        assert {"paid", "certified"} <= set(world.trace)

    @pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
    async def test_every_paid_order_is_served_or_paid_back(self, stage, first):
        for seed in range(first, first + AT_ONCE):
            assert "paid" in await stage.play(seed), f"seed {seed} sold nothing"


@pytest.mark.parametrize("seed", [ONE_JOB_AT_A_TIME, SIX_AT_A_TIME])
async def test_a_seed_replays_alike(stage, seed):
    assert await stage.play(seed, steps=15) == await stage.play(seed, steps=15)
