"""A bulk run as files: what `ashiato footprint bulk` writes, and what a service that runs it in a process of its own reads.

In the folder: result.json (the sums, or why the file was refused), totals.csv (every group) and rejected.csv (refused rows as they
were written, with row number and reason).
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from offset_calc.bulk.duckdb_engine import DuckDBEngine
from offset_calc.bulk.result import BulkRefused, BulkResult, Group
from offset_calc.bulk.run import run_bulk
from offset_calc.factors import FactorSet
from offset_calc.quantities import Rounding, plain
from offset_calc.tabular import safe_cell

GROUP_BY = ("site", "kind", "unit", "factor")
RESULT, TOTALS, REJECTED = "result.json", "totals.csv", "rejected.csv"


def run_to_files(
    source: Path,
    out: Path,
    *,
    memory_limit: str = "2GB",
    factors: FactorSet | None = None,
    rounding: Rounding = Rounding.HALF_UP,
) -> BulkResult:
    """Run `source` and write the three files into `out`, which is made if need be.

    Raises: BulkRefused, after writing its reason to result.json.
    """
    out.mkdir(parents=True, exist_ok=True)
    try:
        with DuckDBEngine(memory_limit=memory_limit) as engine:
            result = run_bulk(
                source,
                engine,
                group_by=GROUP_BY,
                rejected_file=out / REJECTED,
                factors=factors,
                rounding=rounding,
                detailed=True,
            )
    except BulkRefused as refused:
        params = {name: value for name, value in refused.params.items() if name != "reason"}
        _write_json(out / RESULT, {"refused": refused.reason, "params": params})
        raise
    with (out / TOTALS).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*GROUP_BY, "rows", "quantity", "grams"))
        for group in result.groups:
            keys = (safe_cell(group.key[column]) for column in GROUP_BY)
            writer.writerow((*keys, group.rows, _quantity(group), group.grams.value))
    _write_json(out / RESULT, _as_dict(result))
    return result


def _as_dict(result: BulkResult) -> dict[str, Any]:
    return {
        "factor_set": {"edition": result.edition, "sha256": result.factor_set_sha256},
        "total_g": result.total.value,
        "rows": result.rows,
        "rejected": dict(result.rejected),
        "groups": [
            {
                "key": dict(group.key),
                "rows": group.rows,
                "grams": group.grams.value,
                "quantity": _quantity(group),
                "first_day": str(group.first_day),
                "last_day": str(group.last_day),
            }
            for group in result.groups
        ],
    }


def _quantity(group: Group) -> str:
    return "" if group.quantity is None else plain(group.quantity)


def _write_json(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
