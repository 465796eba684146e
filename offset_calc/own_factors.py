"""An organisation's own factors from a file: the columns of the shipped tables, each row checked, a source required."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from offset_calc.errors import FactorRefused
from offset_calc.factors import COLUMNS, OWN_PREFIX, Factor
from offset_calc.tabular import RowProblem, TableRow, open_table

_REQUIRED = ("id", "value", "unit", "source_title", "source_publisher")
_ALIASES = {
    "id": ("ID", "識別子"),
    "name_ja": ("名称", "日本語名"),
    "name_en": ("英語名",),
    "value": ("値", "係数", "排出係数"),
    "unit": ("単位",),
    "region": ("地域",),
    "year": ("年", "年度"),
    "source_title": ("出典",),
    "source_publisher": ("発行者", "公表者"),
    "note": ("備考",),
}
_GASES = {"CO2": "n/a", "CO2e": "not stated"}


@dataclass(frozen=True, slots=True)
class OwnFactors:
    """factors: what FactorSet.with_own takes.  rejected: rows with what is wrong in them."""

    factors: tuple[Factor, ...]
    rejected: tuple[tuple[TableRow, tuple[RowProblem, ...]], ...]
    ignored_columns: tuple[str, ...]


def read_own_factors(stream: IO[bytes]) -> OwnFactors:
    """Read factors from a CSV or XLSX file.

    Columns as in the shipped tables; id, value, unit, source_title and source_publisher are required, region is JP and gas that of
    the unit unless stated.  An id is given the prefix "own." if it has none.  Raises: TableRefused for the file as a whole.
    """
    table = open_table(stream, {column: _ALIASES.get(column, ()) for column in COLUMNS}, required=_REQUIRED)
    found: dict[str, Factor] = {}
    rejected: list[tuple[TableRow, tuple[RowProblem, ...]]] = []
    for row in table.rows:
        problem = _add(row, found)
        if problem is not None:
            column, reason = problem
            code = reason.replace(" ", "_")
            rejected.append((row, (RowProblem(row.number, table.columns.get(column, column), code),)))
    return OwnFactors(tuple(found.values()), tuple(rejected), table.ignored)


def _add(row: TableRow, found: dict[str, Factor]) -> tuple[str, str] | None:
    """Add the row's factor; the column and the reason if it cannot be one."""
    cells = {column: row.cells.get(column, "") for column in COLUMNS}
    if row.merged:
        return sorted(row.merged)[0], "merged cell"
    if cells["id"]:
        cells["id"] = OWN_PREFIX + cells["id"].removeprefix(OWN_PREFIX)
    name = cells["name_ja"] or cells["name_en"]
    cells |= {
        "name_ja": name,
        "name_en": cells["name_en"] or name,
        "region": cells["region"] or "JP",
        "category": "own",
    }
    cells["year"] = cells["year"] or "n/a"
    try:
        factor = Factor.from_row(cells | {"gas": cells["gas"] or "CO2e"})
        if factor.parsed_unit is None:
            return "unit", "not an emission factor"
        gas = factor.parsed_unit.gas
        factor = Factor.from_row(cells | {"gas": gas, "gwp_set": cells["gwp_set"] or _GASES.get(gas, "n/a")})
    except FactorRefused as refused:
        return str(refused.params["column"]), str(refused.params["reason"])
    if factor.value < 0:
        return "value", "negative"
    if factor.id in found:
        return "id", "occurs twice"
    found[factor.id] = factor
    return None
