"""Seeds of the simulation; `python -m tests.simulation --seeds 10000` plays them all (F7, F9-F11, F31)."""

import os

import pytest

from tests.simulation.play import a_stage
from tests.simulation.world import World

SEEDS = int(os.environ.get("ASHIATO_SIMULATION_SEEDS", "50"))
AT_ONCE = 25


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
        for seed in range(first, min(first + AT_ONCE, SEEDS)):
            assert "paid" in await stage.play(seed), f"seed {seed} sold nothing"


async def test_a_seed_replays_alike(stage):
    assert await stage.play(7, steps=15) == await stage.play(7, steps=15)
