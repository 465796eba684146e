"""What a benchmark says, and how it is shown."""

import json
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """`ratio` compares with `baseline`, measured in the same run; `goal` is what we promise, as text: "<= 60"."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    goal: str | None = None

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        sign, bound = self.goal.split()
        measured = self.value if self.ratio is None else self.ratio
        return measured <= float(bound) if sign == "<=" else measured >= float(bound)


def median_us(work: Callable[[], object], *, rounds: int = 200, warm_up: int = 20) -> float:
    """The median duration of one call in microseconds."""
    for _ in range(warm_up):
        work()
    took = []
    for _ in range(rounds):
        began = time.perf_counter_ns()
        work()
        took.append(time.perf_counter_ns() - began)
    return statistics.median(took) / 1000


def interleaved_medians_us(
    first: Callable[[], object], second: Callable[[], object], *, rounds: int = 100
) -> tuple[float, float]:
    """Medians of two calls made in turn, so that a machine that slows down slows both."""
    took: tuple[list[int], list[int]] = ([], [])
    for number in range(rounds + 5):
        for which, work in enumerate((first, second)):
            began = time.perf_counter_ns()
            work()
            if number >= 5:
                took[which].append(time.perf_counter_ns() - began)
    return statistics.median(took[0]) / 1000, statistics.median(took[1]) / 1000


def medians_us_by_turns(*works: Callable[[], object], turns: int = 12, block: int = 20) -> list[float]:
    """Medians of calls made in short blocks by turns: a machine that slows down slows all, and each finds its caches warm."""
    took: list[list[int]] = [[] for _ in works]
    for _ in range(turns):
        for work, durations in zip(works, took, strict=True):
            work()
            for _ in range(block):
                began = time.perf_counter_ns()
                work()
                durations.append(time.perf_counter_ns() - began)
    return [statistics.median(durations) / 1000 for durations in took]


def table(figures: Iterable[Figure]) -> str:
    rows = [("name", "value", "unit", "baseline", "ratio", "goal", "met")]
    for figure in figures:
        met = {None: "", True: "yes", False: "NO"}[figure.met]
        rows.append(
            (
                figure.name,
                f"{figure.value:,.1f}",
                figure.unit,
                "" if figure.baseline is None else f"{figure.baseline:,.1f}",
                "" if figure.ratio is None else f"{figure.ratio:.2f}",
                figure.goal or "",
                met,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def write(figures: Iterable[Figure], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {
        figure.name: {key: value for key, value in asdict(figure).items() if key != "name"} for figure in figures
    }
    file.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
