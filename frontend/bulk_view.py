"""A computed activity file as its page shows it: how far it is, what it came to, and by which places and kinds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from frontend.formatting import moment
from frontend.locales import Locale
from frontend.order_view import StepView
from frontend.wording import words
from marketplace.bulk.models import UNDER_WAY, BulkRun, BulkState
from offset_calc import factors as factor_sets

TABLE = "bulk"
MOST_SHOWN = 30
KINDS = {
    BulkState.RECEIVING: "waiting",
    BulkState.WAITING: "waiting",
    BulkState.RUNNING: "waiting",
    BulkState.DONE: "plain",
    BulkState.REFUSED: "refused",
    BulkState.FAILED: "refused",
}
# What is common enough to stand on the page, with a unit that people know it by.
COMMON = (
    ("electricity", "kWh"),
    ("fuel.city_gas", "m3"),
    ("fuel.lpg", "kg"),
    ("fuel.gasoline", "L"),
    ("fuel.diesel_oil", "L"),
    ("fuel.kerosene", "L"),
    ("fuel.heavy_oil_a", "L"),
    ("freight.truck", "tkm"),
    ("travel.rail", "人km"),
    ("travel.air_domestic", "人km"),
    ("waste.burnable", "kg"),
)


@dataclass(frozen=True, slots=True)
class Share:
    """The rows of one place and kind, summed: grams, rows."""

    site: str
    kind: str
    grams: int
    rows: int


@dataclass(frozen=True, slots=True)
class BulkView:
    """`refused` counts rows by the words of their reason; `version` changes whenever anything on the page would."""

    state: str
    kind: str
    word: str
    next: str
    steps: tuple[StepView, ...]
    under_way: bool
    version: str
    total_g: int = 0
    rows: int = 0
    edition: str = ""
    shares: tuple[Share, ...] = ()
    further: int = 0
    refused: tuple[tuple[str, int], ...] = ()

    @property
    def refused_rows(self) -> int:
        return sum(count for _, count in self.refused)


def view_of(run: BulkRun, locale: Locale) -> BulkView:
    state = BulkState(run.state)
    result: Mapping[str, Any] = json.loads(run.result) if run.result else {}
    following = words(TABLE, f"next.{state}", locale)
    if state is BulkState.REFUSED:
        following = words(TABLE, f"refused.{result['refused']}", locale) + " " + following
    view = BulkView(
        state=state,
        kind=KINDS[state],
        word=words(TABLE, f"state.{state}", locale),
        next=following,
        steps=_steps(run, state, locale),
        under_way=state in UNDER_WAY,
        version=f"{state}.{run.attempts}",
    )
    return _with_result(view, result, locale) if state is BulkState.DONE else view


def columns(locale: Locale) -> tuple[tuple[str, str], ...]:
    """The columns of a file with what they hold, in order; the first four are needed."""
    names = ("date", "kind", "quantity", "unit", "site", "supplier")
    return tuple((name, words(TABLE, f"column_{name}", locale)) for name in names)


def common_kinds(today: date, locale: Locale) -> tuple[tuple[str, str, str], ...]:
    """Kind, a unit, and the name of the factor that stands behind it today."""
    factors = factor_sets.load()
    named = []
    for kind, unit in COMMON:
        activity = "electricity.national_average" if kind == "electricity" else kind
        factor = factors.for_activity(activity, on=today)
        named.append((kind, unit, factor.name_ja if locale is Locale.JA else factor.name_en))
    return tuple(named)


def _with_result(view: BulkView, result: Mapping[str, Any], locale: Locale) -> BulkView:
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for group in result["groups"]:
        key = (group["key"]["site"], group["key"]["kind"])
        grams, rows = sums.get(key, (0, 0))
        sums[key] = (grams + group["grams"], rows + group["rows"])
    shares = sorted((Share(*key, *found) for key, found in sums.items()), key=lambda share: -share.grams)
    refused: dict[str, int] = {}
    for reason, count in result["rejected"].items():
        said = _reason(reason, locale)
        refused[said] = refused.get(said, 0) + count
    return BulkView(
        state=view.state,
        kind=view.kind,
        word=view.word,
        next=view.next,
        steps=view.steps,
        under_way=False,
        version=view.version,
        total_g=result["total_g"],
        rows=result["rows"],
        edition=result["factor_set"]["edition"],
        shares=tuple(shares[:MOST_SHOWN]),
        further=max(0, len(shares) - MOST_SHOWN),
        refused=tuple(refused.items()),
    )


def _reason(reason: str, locale: Locale) -> str:
    """The reasons why a quantity is refused have one word here: the file of refused rows names each."""
    known = {"date_missing", "not_a_date", "unknown_kind", "unit_mismatch", "unknown_supplier", "factor_not_found"}
    return words(TABLE, f"reason.{reason if reason in known | {'broken_row'} else 'quantity'}", locale)


def _steps(run: BulkRun, state: BulkState, locale: Locale) -> tuple[StepView, ...]:
    steps = [StepView("done", words(TABLE, "received", locale), moment(run.received_at, locale=locale), "")]
    if run.started_at is None:
        steps.append(StepView("ahead", words(TABLE, "to_be_computed", locale), "", ""))
    else:
        kind = "now" if state is BulkState.RUNNING else "done"
        steps.append(StepView(kind, words(TABLE, "started", locale), moment(run.started_at, locale=locale), ""))
    if run.finished_at is None:
        steps.append(StepView("ahead", words(TABLE, "to_be_finished", locale), "", ""))
    else:
        kind = "done" if state is BulkState.DONE else "failed"
        steps.append(StepView(kind, words(TABLE, "finished", locale), moment(run.finished_at, locale=locale), ""))
    return tuple(steps)
