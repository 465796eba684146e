"""A few seeds of the simulation; `python -m tests.simulation --seeds 10000` plays them all (F7, F9-F11, F31)."""

import pytest

from tests.simulation.play import play
from tests.simulation.world import World


@pytest.mark.parametrize("seed", [3])
async def test_whatever_goes_wrong_every_paid_order_is_served_or_paid_back(small, seed):
    world = await World.of_seed(small, seed)
    await world.live()
    assert {"paid", "certified"} <= set(world.trace)


async def test_a_seed_replays_alike(migrated_sqlite):
    assert await play(migrated_sqlite, 7, steps=15) == await play(migrated_sqlite, 7, steps=15)
