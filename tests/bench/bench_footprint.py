"""The calculator in process."""

import subprocess
import sys

from offset_calc import Footprint, event
from offset_calc.calculators.base import Inputs
from tests.bench.openfisca_model import one_case
from tests.bench.report import Figure, median_us, medians_us_by_turns


def _twenty_lines() -> dict[str, object]:
    rows = [{"people": str(10 + n), "mode": "rail", "distance_km": str(100 + n)} for n in range(20)]
    period = {"start": "2026-12-12", "end": "2026-12-13"}
    return {"subject": {"name": "bench"}, "period": period, "travel_participants": rows}


def figures() -> list[Figure]:
    raw = _twenty_lines()
    inputs = event.read_inputs(raw)
    footprint = event.calculate(inputs)
    assert len(footprint.lines) == 20
    return [
        *_beside_openfisca(raw, inputs, footprint),
        Figure("footprint_20_lines_us", median_us(lambda: event.calculate(inputs), rounds=500), "us", goal="<= 60"),
        Figure("import_offset_calc_ms", _import_ms(), "ms", goal="<= 150"),
    ]


def _beside_openfisca(raw: dict[str, object], inputs: Inputs, footprint: Footprint) -> list[Figure]:
    """How many times faster one case of twenty lines is here than there; there it is one product per line and a sum.

    The first figure is the calculation of a case: here from inputs that were read and checked, with every line's terms, factors,
    method, grade and exact whole grams; there from a test case with numbers. The second leaves out what a test case costs there.
    The third adds what reading and checking texts costs here. Each side runs in blocks, so that each has its own caches.
    """
    from_test_case, from_arrays = one_case([(line.quantity, line.factor.value * 1000) for line in footprint.lines])
    for compute in (from_test_case, from_arrays):
        # they count in single precision: good to about seven digits
        assert abs(compute() - footprint.total.value) < footprint.total.value / 10**5
    calculated, case, arrays, read = medians_us_by_turns(
        lambda: event.calculate(inputs), from_test_case, from_arrays, lambda: event.calculate(event.read_inputs(raw))
    )
    return [
        Figure("footprint_vs_openfisca", calculated, "us", baseline=case, ratio=case / calculated, goal=">= 40"),
        Figure("footprint_vs_openfisca_arrays", calculated, "us", baseline=arrays, ratio=arrays / calculated),
        Figure("footprint_read_vs_openfisca", read, "us", baseline=case, ratio=case / read),
    ]


def _import_ms() -> float:
    """What importing costs on top of an empty interpreter."""
    with_it, without = (
        median_us(lambda code=code: subprocess.run([sys.executable, "-c", code], check=True), rounds=7, warm_up=1)
        for code in ("import offset_calc", "pass")
    )
    return (with_it - without) / 1000
