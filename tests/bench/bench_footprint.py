"""The calculator in process."""

import subprocess
import sys

from offset_calc import event
from tests.bench.report import Figure, median_us


def _twenty_lines() -> dict[str, object]:
    rows = [{"people": str(10 + n), "mode": "rail", "distance_km": str(100 + n)} for n in range(20)]
    period = {"start": "2026-12-12", "end": "2026-12-13"}
    return {"subject": {"name": "bench"}, "period": period, "travel_participants": rows}


def figures() -> list[Figure]:
    inputs = event.read_inputs(_twenty_lines())
    assert len(event.calculate(inputs).lines) == 20
    return [
        Figure("footprint_20_lines_us", median_us(lambda: event.calculate(inputs), rounds=500), "us", goal="<= 60"),
        Figure("import_offset_calc_ms", _import_ms(), "ms", goal="<= 150"),
    ]


def _import_ms() -> float:
    """What importing costs on top of an empty interpreter."""
    with_it, without = (
        median_us(lambda code=code: subprocess.run([sys.executable, "-c", code], check=True), rounds=7, warm_up=1)
        for code in ("import offset_calc", "pass")
    )
    return (with_it - without) / 1000
