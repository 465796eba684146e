"""Bulk runs beside the bare query: ten million rows of five kinds at fifty sites, in one Parquet file.

The bare query knows five factors, joins them by kind, multiplies, rounds each row and sums; its decimals are the narrowest that hold
every product exactly. The run does the same with all its rules: units, days, the factor of the day, limits, and rows it refuses.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb

from offset_calc import factors
from offset_calc.bulk import BulkResult, run_bulk
from offset_calc.bulk.duckdb_engine import DuckDBEngine
from tests.bench.report import Figure, medians_us_by_turns

ROWS = 10_000_000
MEMORY = "2GB"
# kind, unit, and the factor of the year that the file covers
KINDS = (
    ("fuel.gasoline", "L", "jp.shk.gasoline.co2"),
    ("fuel.diesel_oil", "L", "jp.shk.diesel_oil.co2"),
    ("electricity", "kWh", "jp.grid.fy2024.national_average"),
    ("travel.rail", "人km", "jp.mlit.fy2024.rail"),
    ("travel.car", "人km", "jp.mlit.fy2024.car"),
)
GRAMS = {kind: int(factors.load().by_id(factor).value * 1000) for kind, _, factor in KINDS}

Sums = dict[tuple[str, str], int]


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="bench-bulk-") as folder:
        file, quarter = Path(folder) / "rows.parquet", Path(folder) / "quarter.parquet"
        _write(file, ROWS)
        _write(quarter, ROWS // 4)
        ours = _by_site_and_kind(_run(file))
        assert ours == _bare(file)
        assert _by_kind(ours) == _in_plain_decimals(file)
        whole, bare, part = (
            median / 1_000_000
            for median in medians_us_by_turns(
                lambda: _run(file), lambda: _bare(file), lambda: _run(quarter), turns=4, block=2
            )
        )
        return [
            Figure("bulk_vs_duckdb", whole, "s", baseline=bare, ratio=bare / whole, goal=">= 0.6"),
            Figure("bulk_growth_per_row", whole / part / 4, "x", goal="<= 1.25"),
            Figure("bulk_memory_mb", _memory_mb(file), "MB", goal="<= 4000"),
        ]


def _write(file: Path, rows: int) -> None:
    """The same file on every machine: a million different quantities with three decimals, over a year, fifty sites."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE kinds (number INTEGER, kind VARCHAR, unit VARCHAR)")
        numbered = [(number, kind, unit) for number, (kind, unit, _) in enumerate(KINDS)]
        connection.executemany("INSERT INTO kinds VALUES (?, ?, ?)", numbered)
        connection.execute(
            f"""
            COPY (
              SELECT DATE '2025-04-01' + CAST(h // 1000000 % 365 AS INTEGER) AS date, kind, unit, site,
                     CAST(CAST(h % 1000000 * 97 AS DECIMAL(12, 0)) * 0.001 AS DECIMAL(12, 3)) AS quantity
              FROM (SELECT hash(n) AS h, 'site' || CAST(hash(n) // 7 % 50 AS VARCHAR) AS site FROM range({rows}) t(n))
              JOIN kinds ON number = h % {len(KINDS)}
            ) TO '{file}' (FORMAT parquet)
            """
        )


def _run(file: Path) -> BulkResult:
    with DuckDBEngine(memory_limit=MEMORY) as engine:
        result = run_bulk(file, engine)
    assert not result.rejected
    return result


def _bare(file: Path) -> Sums:
    values = ", ".join(f"('{kind}', CAST({grams} AS DECIMAL(6, 0)))" for kind, grams in GRAMS.items())
    with duckdb.connect(config={"memory_limit": MEMORY}) as connection:
        rows = connection.execute(
            f"SELECT site, kind, SUM(ROUND(quantity * grams)) FROM '{file}' "
            f"JOIN (VALUES {values}) factor(kind, grams) USING (kind) GROUP BY site, kind"
        ).fetchall()
    return {(site, kind): int(total) for site, kind, total in rows}


def _in_plain_decimals(file: Path) -> dict[str, int]:
    """Every different quantity of a kind once in Python's decimals, times how often it stands in the file."""
    with duckdb.connect() as connection:
        counted = connection.execute(
            f"SELECT kind, quantity, COUNT(*) FROM '{file}' GROUP BY kind, quantity"
        ).fetchall()
    sums: Counter[str] = Counter()
    for kind, quantity, times in counted:
        sums[kind] += int((quantity * GRAMS[kind]).quantize(Decimal(1), ROUND_HALF_UP)) * times
    return dict(sums)


def _by_site_and_kind(result: BulkResult) -> Sums:
    return {(group.key["site"], group.key["kind"]): group.grams.value for group in result.groups}


def _by_kind(sums: Sums) -> dict[str, int]:
    total: Counter[str] = Counter()
    for (_, kind), grams in sums.items():
        total[kind] += grams
    return dict(total)


def _memory_mb(file: Path) -> float:
    """The most memory that a process ever held which does nothing but one run."""
    code = (
        "import resource, sys; from pathlib import Path; from tests.bench.bench_bulk import _run; _run(Path(sys.argv[1]))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], check=True, capture_output=True, text=True)
    return int(done.stdout) / 1024
