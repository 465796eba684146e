"""Serials are counted with both ends, cut inside, and joined without losing or doubling one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.inventory.serials import CannotSplit, SerialRange, joined


def spans(*ends: tuple[int, int]) -> tuple[SerialRange, ...]:
    return tuple(SerialRange(first, last) for first, last in ends)


class TestARange:
    @pytest.mark.parametrize(("first", "last", "count"), [(1, 1, 1), (5, 5, 1), (1, 10, 10), (999, 1_001, 3)])
    def test_counts_both_ends(self, first, last, count):
        assert len(SerialRange(first, last)) == count

    @pytest.mark.parametrize(("first", "last"), [(0, 5), (-1, 5), (5, 4)])
    def test_begins_at_one_and_is_never_empty(self, first, last):
        with pytest.raises(ValueError, match="not a serial range"):
            SerialRange(first, last)

    @pytest.mark.parametrize(
        ("other", "lies_within"),
        [((2, 9), True), ((3, 4), True), ((1, 9), False), ((2, 10), False), ((1, 1), False), ((10, 11), False)],
    )
    def test_holds_another_that_does_not_reach_beyond_it(self, other, lies_within):
        assert (SerialRange(*other) in SerialRange(2, 9)) is lies_within


class TestACut:
    @pytest.mark.parametrize(("count", "parts"), [(1, ((5, 5), (6, 9))), (2, ((5, 6), (7, 9))), (4, ((5, 8), (9, 9)))])
    def test_gives_the_low_end_and_the_rest(self, count, parts):
        assert SerialRange(5, 9).split(count) == spans(*parts)

    @pytest.mark.parametrize("count", [-1, 0, 5, 6])
    def test_leaves_no_side_empty(self, count):
        with pytest.raises(CannotSplit) as refused:
            SerialRange(5, 9).split(count)
        assert (refused.value.serials, refused.value.count) == (SerialRange(5, 9), count)


class TestJoinedRanges:
    @pytest.mark.parametrize(
        ("ranges", "result"),
        [
            ((), ()),
            (((7, 9), (1, 3), (4, 6)), ((1, 9),)),
            (((1, 3), (5, 6)), ((1, 3), (5, 6))),
            (((1, 8), (3, 4)), ((1, 8),)),
            (((1, 4), (4, 6), (9, 9)), ((1, 6), (9, 9))),
        ],
    )
    def test_touch_neither_each_other_nor_what_was_not_there(self, ranges, result):
        assert joined(spans(*ranges)) == spans(*result)

    @given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 9)), max_size=8))
    def test_name_each_serial_once(self, wished):
        ranges = [SerialRange(first, first + more) for first, more in wished]
        serials = {serial for span in ranges for serial in range(span.first, span.last + 1)}
        result = [serial for span in joined(ranges) for serial in range(span.first, span.last + 1)]
        assert result == sorted(serials)
