"""Reading the data files of this package: TOML rows into frozen dataclasses, refusing whatever does not fit exactly."""

import tomllib
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

Row = TypeVar("Row")

ROW = ConfigDict(extra="forbid")
"""For every row type: a misspelt column must not pass for a missing fact."""


class DataDefect(ValueError):
    """A data file of ours contradicts itself or its type; the message names file and row. Never a visitor's fault."""

    code = "data_defect"


def read_rows(path: Path, table: str, row_type: type[Row]) -> tuple[Row, ...]:
    """All `[[table]]` rows of the file in their order. Decimal figures stay exact. Raises DataDefect."""
    with path.open("rb") as file:
        content = tomllib.load(file, parse_float=Decimal)
    try:
        return TypeAdapter(tuple[row_type, ...]).validate_python(content.get(table, ()))  # type: ignore[valid-type]
    except ValidationError as error:
        raise DataDefect(f"{path.name}, table {table}: {error}") from error


def unique(keys: Iterable[str], *, what: str) -> None:
    """Raises DataDefect if a key occurs twice."""
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise DataDefect(f"{what} {key} occurs twice")
        seen.add(key)
