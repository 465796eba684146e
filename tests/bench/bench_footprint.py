"""The calculator in process."""

import subprocess
import sys

from offset_calc import Footprint, event
from offset_calc.calculators.base import Inputs
from tests.bench.openfisca_model import one_case
from tests.bench.report import Figure, interleaved_medians_us, median_us


def _twenty_lines() -> dict[str, object]:
    rows = [{"people": str(10 + n), "mode": "rail", "distance_km": str(100 + n)} for n in range(20)]
    period = {"start": "2026-12-12", "end": "2026-12-13"}
    return {"subject": {"name": "bench"}, "period": period, "travel_participants": rows}


def figures() -> list[Figure]:
    inputs = event.read_inputs(_twenty_lines())
    footprint = event.calculate(inputs)
    assert len(footprint.lines) == 20
    return [
        _beside_openfisca(inputs, footprint),
        Figure("footprint_20_lines_us", median_us(lambda: event.calculate(inputs), rounds=500), "us", goal="<= 60"),
        Figure("import_offset_calc_ms", _import_ms(), "ms", goal="<= 150"),
    ]


def _beside_openfisca(inputs: Inputs, footprint: Footprint) -> Figure:
    """How many times faster one case of twenty lines is here, with its full breakdown, than there, without one."""
    compute = one_case([(line.quantity, line.factor.value * 1000) for line in footprint.lines])
    # they count in single precision: good to about seven digits
    assert abs(compute() - footprint.total.value) < footprint.total.value / 10**5
    ours, theirs = interleaved_medians_us(lambda: event.calculate(inputs), compute, rounds=200)
    return Figure("footprint_vs_openfisca", ours, "us", baseline=theirs, ratio=theirs / ours, goal=">= 40")


def _import_ms() -> float:
    """What importing costs on top of an empty interpreter."""
    with_it, without = (
        median_us(lambda code=code: subprocess.run([sys.executable, "-c", code], check=True), rounds=7, warm_up=1)
        for code in ("import offset_calc", "pass")
    )
    return (with_it - without) / 1000
