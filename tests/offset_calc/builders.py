"""Sound defaults for inputs of every calculator: a test names only what matters to it."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from offset_calc import InputsRefused, event
from offset_calc.errors import FieldProblem
from offset_calc.footprint import Footprint
from offset_calc.lines import Line


def an_event(**categories: Any) -> dict[str, Any]:
    """Raw inputs of an event in Sapporo on 12 and 13 December 2026."""
    return {
        "subject": {"name": "会議", "place": "札幌"},
        "period": {"start": "2026-12-12", "end": "2026-12-13"},
        **categories,
    }


def event_footprint(**categories: Any) -> Footprint:
    return event.calculate(event.read_inputs(an_event(**categories)))


def event_line(category: str, **row: Any) -> Line:
    """The one line that a row of a category gives."""
    (line,) = event_footprint(**{category: [row]}).lines
    return line


def event_problems(**raw: Any) -> list[FieldProblem]:
    """What is wrong with an event, whether reading or calculating finds it."""
    try:
        event.calculate(event.read_inputs(an_event(**raw)))
    except InputsRefused as refused:
        return list(refused.problems)
    raise AssertionError("the event was accepted")


def only_problem(**raw: Any) -> tuple[str, str]:
    (problem,) = event_problems(**raw)
    return problem.pointer, problem.code


def sum_in_grams(kilograms: str) -> int:
    """Key "800 * 18 / 2 * 0.423" into a pocket calculator and round the kilograms half up to grams."""
    first, *rest = kilograms.split()
    top, bottom = Decimal(first), Decimal(1)
    for operator, number in zip(rest[::2], rest[1::2], strict=True):
        if operator == "*":
            top *= Decimal(number)
        else:
            bottom *= Decimal(number)
    return int((top * 1000 / bottom).quantize(Decimal(1), ROUND_HALF_UP))
