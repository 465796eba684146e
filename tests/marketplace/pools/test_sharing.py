"""Which pools give how much of an amount: one that has it all, else open ones together, and others only when nothing else is left."""

import pytest

from marketplace.pools.models import Pool
from marketplace.pools.service import _shared_out
from marketplace.pools.states import PoolState

OPEN, PLANNED = PoolState.OPEN, PoolState.PLANNED


def pools(*left: tuple[PoolState, int]) -> list[Pool]:
    return [
        Pool(id=f"pool_{number}", state=state, grams=1_000, drawn_g=1_000 - grams)
        for number, (state, grams) in enumerate(left, start=1)
    ]


class TestAnAmount:
    @pytest.mark.parametrize(
        ("left", "grams", "given"),
        [
            ([(OPEN, 300), (PLANNED, 700)], 700, [("pool_2", 700)]),
            ([(OPEN, 300), (OPEN, 400), (PLANNED, 400)], 600, [("pool_1", 300), ("pool_2", 300)]),
            ([(OPEN, 300), (OPEN, 300), (OPEN, 300)], 600, [("pool_1", 300), ("pool_2", 300)]),
            ([(OPEN, 300), (PLANNED, 400)], 600, []),
            ([(OPEN, 300), (OPEN, 299)], 600, []),
            ([], 1, []),
        ],
    )
    def test_comes_from_one_pool_or_from_open_ones_together(self, left, grams, given):
        assert _shared_out(pools(*left), grams) == given

    @pytest.mark.parametrize(
        ("left", "grams", "given"),
        [
            ([(OPEN, 300), (PLANNED, 400)], 600, [("pool_1", 300), ("pool_2", 300)]),
            ([(PLANNED, 300), (PLANNED, 400), (PLANNED, 400)], 700, [("pool_1", 300), ("pool_2", 400)]),
            ([(OPEN, 300), (PLANNED, 299)], 600, []),
        ],
    )
    def test_comes_as_a_last_resort_from_any_together(self, left, grams, given):
        assert _shared_out(pools(*left), grams, last_resort=True) == given
