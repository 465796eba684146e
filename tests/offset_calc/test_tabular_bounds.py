"""Tables that people upload have bounds, which are met while reading, not after."""

import io

import pytest

from offset_calc.tabular import MAX_ROWS, TableRefused, open_table


def rows(count: int) -> io.BytesIO:
    return io.BytesIO(b"name\n" + b"x\n" * count)


def test_as_many_rows_as_the_bound_are_read() -> None:
    assert sum(1 for _ in open_table(rows(MAX_ROWS), {"name": ()}).rows) == MAX_ROWS


def test_one_more_is_refused_when_it_is_reached() -> None:
    table = open_table(rows(MAX_ROWS + 1), {"name": ()})
    with pytest.raises(TableRefused) as refused:
        for _ in table.rows:
            pass
    assert (refused.value.reason, refused.value.params["most"]) == ("too_many_rows", MAX_ROWS)
