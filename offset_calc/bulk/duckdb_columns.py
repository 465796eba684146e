"""Expressions that read the columns of a file in DuckDB, whatever type they are stored in."""

from __future__ import annotations

import re

MOST_QUANTITY = 10**12

_PLAIN_NUMBER = r"[0-9]{1,12}(\.[0-9]{1,3})?"
_PLAIN_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DECIMAL_TYPE = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_WHOLE_TYPES = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}


def is_number(kind: str) -> bool:
    """Whether a column of this type holds exact numbers that 64 bits can work with."""
    match = _DECIMAL_TYPE.fullmatch(kind)
    return kind in _WHOLE_TYPES or bool(match and int(match[1]) <= 18 and int(match[2]) <= 6)


def quantity(column: str, kind: str, *, guarded: bool) -> tuple[str, int]:
    """The column as whole numbers of 10^-places, NULL where it is not plainly a number, and those places.

    The steps keep every intermediate result within the 18 digits that DuckDB multiplies in 64 bits.  guarded: whether values
    outside the limits can occur; testing every row for them costs a fifth of a run.
    """
    if not is_number(kind):
        text = f"TRIM(CAST({column} AS VARCHAR))"
        number = f"CAST(CAST({text} AS DECIMAL(18, 3)) * 1000 AS BIGINT)"
        return f"CASE WHEN regexp_full_match({text}, '{_PLAIN_NUMBER}') THEN {number} END", 3
    match, places = _DECIMAL_TYPE.fullmatch(kind), 3
    if match is None:
        number = f"CAST({column} AS BIGINT) * 1000"
    elif int(match[2]) <= places:
        number = f"CAST({column} * 1000 AS BIGINT)"
    else:
        places = 6
        whole, part = f"CAST(TRUNC({column}) AS BIGINT)", f"CAST(({column} - TRUNC({column})) * 1000000 AS BIGINT)"
        number = f"{whole} * 1000000 + {part}"
    return (f"CASE WHEN {column} BETWEEN 0 AND {MOST_QUANTITY} THEN {number} END" if guarded else number), places


def key(column: str, kind: str) -> str:
    """The column as text, to join and group by.

    A text column is taken as it lies in the file, dictionary and all; wrapping it would cost more than the join.
    """
    return column if kind == "VARCHAR" and column != "NULL" else f"CAST({column} AS VARCHAR)"


def day(column: str, kind: str) -> str:
    """The column as a date, NULL where it is not plainly one."""
    if kind == "DATE":
        return column
    if kind.startswith("TIMESTAMP") and "TIME ZONE" not in kind:
        return f"CAST({column} AS DATE)"
    text = f"TRIM(CAST({column} AS VARCHAR))"
    return f"CASE WHEN regexp_full_match({text}, '{_PLAIN_DAY}') THEN TRY_CAST({text} AS DATE) END"


def name(text: str) -> str:
    """A column name, quoted."""
    return '"' + text.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text, quoted."""
    return "'" + text.replace("'", "''") + "'"
