"""What would make a footprint smaller, by how much, and what of it was done or is planned.

The choices stand in the address, like those of a search: it can be kept, sent and opened again, and nothing is stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from frontend.calculator_words import CalculatorWords
from frontend.context import PageContext
from frontend.formatting import number
from frontend.pages.footprint_files import kept
from frontend.problems import sentence
from frontend.responses import page_response
from frontend.waterfall import waterfall
from offset_calc import Footprint
from offset_calc.errors import QuantityRefused
from offset_calc.measures import STATUSES, Effort, MeasureRefused, applicable, effort
from offset_calc.quantities import read_decimal

WHOLE = Decimal(100)
SMALLEST_SHARE = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class MeasureView:
    """One measure: `at_most` is its effect in grams at 100 %; `chosen` the effort that the address states."""

    id: str
    label: str
    categories: str
    at_most: int
    percent: str
    status: str
    error: str
    chosen: Effort | None


async def page(request: Request) -> Response:
    """Measures that would reduce this footprint, the most effective first; ?percent.<measure>= and ?status.<measure>= state some."""
    footprint = await kept(request)
    words = CalculatorWords(PageContext.of(request).locale)
    measures = measures_of(footprint, request.query_params, words)
    efforts = [(measure.label, measure.chosen) for measure in measures if measure.chosen]
    stated = {"reduction_effort": in_words([(label, one) for label, one in efforts if one], words)}
    return page_response(
        request,
        "pages/reduce.html",
        status=422 if any(measure.error for measure in measures) else 200,
        footprint_id=request.path_params["footprint_id"],
        title=footprint.subject["name"],
        total=footprint.total.value,
        measures=measures,
        efforts=efforts,
        fall=waterfall(footprint, [(label, one) for label, one in efforts if one]) if efforts else None,
        statuses=[(status, words.of(f"effort.{status}")) for status in STATUSES],
        problems=[(f"percent.{m.id}", f"{m.label}: {m.error}") for m in measures if m.error],
        carry_on=urlencode(stated),
    )


def measures_of(footprint: Footprint, stated: Mapping[str, str], words: CalculatorWords) -> list[MeasureView]:
    """The measures that save something here, largest effect first, with what `stated` says about them."""
    found: list[MeasureView] = []
    for measure in applicable(footprint):
        try:
            whole = effort(footprint, measure.id, WHOLE, STATUSES[0])
        except MeasureRefused:
            continue  # for instance no railway between the two places: not a measure here
        if whole.saved <= 0:
            continue
        percent, status = stated.get(f"percent.{measure.id}", ""), stated.get(f"status.{measure.id}", STATUSES[0])
        chosen, error = _chosen(footprint, measure.id, percent, status, words)
        categories = words.list_of(
            words.of(f"category.{category}") for category in _present(footprint, measure.categories)
        )
        label = words.of(f"measure.{measure.id}")
        found.append(MeasureView(measure.id, label, categories, whole.saved, percent, status, error, chosen))
    return sorted(found, key=lambda measure: -measure.at_most)


def in_words(efforts: list[tuple[str, Effort]], words: CalculatorWords) -> str:
    """The stated effort as it goes on to the order, one measure after the other, what is done before what is planned."""
    done_first = sorted(efforts, key=lambda item: STATUSES.index(item[1].status), reverse=True)
    sentences = (
        words.of(f"effort.{one.status}_sentence", measure=label, percent=number(one.percent, locale=words.locale))
        for label, one in done_first
    )
    return words.list_of(sentences)


def _chosen(
    footprint: Footprint, measure_id: str, percent: str, status: str, words: CalculatorWords
) -> tuple[Effort | None, str]:
    if not percent.strip():
        return None, ""
    try:
        share = read_decimal(percent, minimum=SMALLEST_SHARE, maximum=WHOLE)
        return effort(footprint, measure_id, share, status), ""
    except QuantityRefused as refused:
        params = {name: Decimal(str(value)) for name, value in refused.params.items() if name in {"minimum", "maximum"}}
        return None, sentence(refused.reason, {**refused.params, **params}, words.locale)
    except MeasureRefused:
        return None, sentence("unknown_choice", {}, words.locale)


def _present(footprint: Footprint, categories: tuple[str, ...]) -> list[str]:
    present = footprint.by_category()
    return [category for category in categories if category in present]
