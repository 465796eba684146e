"""Estimate a footprint and read it again."""

import asyncio
import json
from dataclasses import replace
from datetime import date, datetime
from io import BytesIO
from typing import Annotated, Any

from pydantic import Field, JsonValue, WithJsonSchema
from starlette.responses import Response

from api.calls import Call, Content, KeyPolicy, Reply
from api.endpoints import JSON, endpoint
from api.input_errors import pointer
from api.problems import FieldError, InputRefused
from api.v1.footprint_inputs import TYPES, Inputs, Subject
from api.v1.shapes import Id, View, Wish
from marketplace.errors import FootprintNotFound
from marketplace.footprints.models import StoredFootprint
from marketplace.footprints.service import stored
from offset_calc import Footprint, InputsRefused, by_type, from_dict
from offset_calc.calculators.base import LEFT_OUT_REASONS, Calculator
from offset_calc.lines import Line
from offset_calc.quantities import Rounding, plain
from offset_calc.uncertainty import analytic
from offset_calc.worksheet import write_worksheet

LARGEST_INPUTS = 1_000_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LeftOutReason = Annotated[str, WithJsonSchema({"type": "string", "enum": list(LEFT_OUT_REASONS)})]
Day = Annotated[str, Field(min_length=8, max_length=20), WithJsonSchema({"type": "string", "format": "date"})]

EXAMPLE: dict[str, JsonValue] = {
    "type": "event",
    "subject": {"name": "Example conference", "place": "札幌"},
    "period": {"start": "2026-12-12", "end": "2026-12-13"},
    "inputs": {
        "venue_energy": [{"area_m2": "800", "hours": "18"}],
        "travel_participants": [{"people": "9", "mode": "rail", "distance_km": "150"}],
        "lodging": [{"people": "31", "nights": "2"}],
    },
}


class PeriodWish(Wish):
    """First and last day, both included, Japan time."""

    start: Day
    end: Day


class FootprintWish(Wish):
    """Activity data. Numbers are best sent as decimal texts: "33401", "0.473"."""

    type: Annotated[str, WithJsonSchema({"type": "string", "enum": list(TYPES)})]
    subject: Subject
    period: PeriodWish
    inputs: Inputs
    left_out: dict[str, LeftOutReason] = Field(
        default={}, description="Categories that are left out on purpose, each with its reason."
    )
    rounding: Rounding = Rounding.HALF_UP

    def as_inputs(self) -> dict[str, Any]:
        """The flat form that the calculators read."""
        return {
            "type": self.type,
            "subject": self.subject,
            "period": self.period.model_dump(),
            "left_out": self.left_out,
            "rounding": self.rounding.value,
            **self.inputs,
        }


class FootprintPath(Wish):
    id: Id


class TermView(View):
    """One factor of a line's product: multiply (`mul`) or divide (`div`) by `value`."""

    op: str
    name: str
    value: str
    unit: str
    source: str
    note: str | None


class LineView(View):
    """quantity × factor, rounded once to whole grams; `terms` is the whole product, to be redone by hand."""

    category: str
    row: int
    activity: str
    method: str
    path: list[str]
    quantity: str
    unit: str
    factor_id: str
    terms: list[TermView]
    amount_g: int
    grade: str
    vintage: str

    @classmethod
    def of(cls, line: Line) -> "LineView":
        return cls(
            category=line.category,
            row=line.row,
            activity=line.activity,
            method=line.method,
            path=[f"{step.question}:{'yes' if step.answer else 'no'}" for step in line.path],
            quantity=plain(line.quantity),
            unit=line.unit,
            factor_id=line.factor.id,
            terms=[
                TermView(
                    op=term.op,
                    name=term.name,
                    value=plain(term.value),
                    unit=term.unit,
                    source=term.source,
                    note=term.note or None,
                )
                for term in line.terms
            ],
            amount_g=line.grams.value,
            grade=line.grade,
            vintage=line.vintage,
        )


class ExcludedView(View):
    """A category that is not counted, and why."""

    category: str
    requirement: str
    reason: str


class FactorSetView(View):
    """The figures the footprint was computed with."""

    edition: str
    sha256: str


class UncertaintyView(View):
    """A 95 % range of the total, from stated uncertainties of data and factors; `percent` is half its width."""

    low_g: int
    high_g: int
    percent: str


class FootprintView(View):
    """`total_g` is the sum of the lines. `to_cancel_g` covers it in whole tonnes. `sha256` is the hash of the document."""

    id: str
    type: str
    subject: dict[str, str]
    period_first: date
    period_last: date
    total_g: int
    to_cancel_g: int
    uncertainty: UncertaintyView
    complete: bool = Field(description="Whether everything the guidance requires is counted or declared not to occur.")
    lines: list[LineView]
    excluded: list[ExcludedView]
    not_counted: list[str]
    factor_set: FactorSetView
    rounding: str
    sha256: str
    url: str
    document_url: str
    worksheet_url: str
    created_at: datetime


@endpoint(
    "POST",
    "/v1/footprints",
    answers={201: FootprintView},
    refuses=(InputsRefused,),
    tag="Footprints",
    key=KeyPolicy.OPTIONAL,
    most_bytes=LARGEST_INPUTS,
    example=EXAMPLE,
)
async def create_footprint(call: Call, body: FootprintWish) -> Reply:
    """Estimate the emissions of an activity

    Each line names its factor, source, method and data quality; the same input gives the same grams everywhere. The id
    in the answer cannot be guessed: whoever knows it can read the footprint.
    """
    calculator = _calculator(body)
    footprint = await asyncio.to_thread(_calculate, calculator, body.as_inputs(), frozenset(body.inputs))
    footprint_id = await call.services.footprints.save(footprint)
    view = _view(call, await stored(footprint_id), footprint)
    return Reply(view, 201, location=view.url)


@endpoint("GET", "/v1/footprints/{id}", answers={200: FootprintView}, refuses=(FootprintNotFound,), tag="Footprints")
async def read_footprint(call: Call, path: FootprintPath) -> Reply:
    """Read a footprint again

    Footprints never change.
    """
    row = await stored(path.id)
    footprint = await call.services.footprints.load(row.id)
    if footprint is None:
        raise FootprintNotFound(f"no footprint {path.id}", footprint_id=path.id)
    return Reply(_view(call, row, footprint))


@endpoint(
    "GET",
    "/v1/footprints/{id}/document",
    answers={200: Content(JSON, "The footprint's document, to the byte: its SHA-256 is the footprint's `sha256`.")},
    refuses=(FootprintNotFound,),
    tag="Footprints",
)
async def read_footprint_document(call: Call, path: FootprintPath) -> Response:
    """Read the replayable document of a footprint

    Holds all inputs, factors with their sources, and terms: enough to compute every gram again without us.
    """
    return Response((await stored(path.id)).document, media_type=JSON)


@endpoint(
    "GET",
    "/v1/footprints/{id}/worksheet.xlsx",
    answers={200: Content(XLSX, "A workbook: inputs, the sums as live formulas, and the source of every figure.")},
    refuses=(FootprintNotFound,),
    tag="Footprints",
)
async def read_footprint_worksheet(call: Call, path: FootprintPath) -> Response:
    """Read the workbook of a footprint

    Its columns and terms carry the names of this API; the pages offer the same workbook in Japanese and English.
    """
    row = await stored(path.id)
    stream = BytesIO()
    await asyncio.to_thread(write_worksheet, from_dict(json.loads(row.document)), stream)
    headers = {"Content-Disposition": f'attachment; filename="footprint-{row.sha256[:8]}.xlsx"'}
    return Response(stream.getvalue(), media_type=XLSX, headers=headers)


def _calculator(body: FootprintWish) -> Calculator:
    """Raises InputRefused for a type we do not have, and for inputs that are no category of it."""
    calculator = by_type(body.type)
    if calculator is None:
        raise _refused("/type", "unknown_choice", f"one of {', '.join(TYPES)}")
    known = {category.id for category in calculator.categories}
    unknown = next((name for name in body.inputs if name not in known), None)
    if unknown is not None:
        raise _refused(pointer(("inputs", unknown)), "unknown_field", f"one of {', '.join(sorted(known))}")
    return calculator


def _refused(where: str, code: str, detail: str) -> InputRefused:
    error = FieldError(place="body", pointer=where, code=code, detail=detail)
    return InputRefused("the body is not acceptable", errors=[error])


def _calculate(calculator: Calculator, raw: dict[str, Any], categories: frozenset[str]) -> Footprint:
    try:
        return calculator.calculate(calculator.read_inputs(raw))
    except InputsRefused as refused:
        raise InputsRefused(
            tuple(replace(problem, pointer=_in_body(problem.pointer, categories)) for problem in refused.problems)
        ) from None


def _in_body(pointer: str, categories: frozenset[str]) -> str:
    """The calculators take everything side by side; callers send the categories under `inputs`."""
    first = pointer.removeprefix("/").partition("/")[0]
    return f"/inputs{pointer}" if first in categories else pointer


def _view(call: Call, row: StoredFootprint, footprint: Footprint) -> FootprintView:
    url = f"{call.services.public_origin}/v1/footprints/{row.id}"
    sure = analytic(footprint)
    return FootprintView(
        id=row.id,
        type=footprint.type,
        subject=dict(footprint.subject),
        period_first=footprint.period.start,
        period_last=footprint.period.end,
        total_g=footprint.total.value,
        to_cancel_g=footprint.total.tonnes_to_cover() * 1_000_000,
        uncertainty=UncertaintyView(low_g=sure.low.value, high_g=sure.high.value, percent=plain(sure.percent)),
        complete=footprint.complete,
        lines=[LineView.of(line) for line in footprint.lines],
        excluded=[ExcludedView(**excluded.as_dict()) for excluded in footprint.excluded],
        not_counted=list(footprint.not_counted),
        factor_set=FactorSetView(edition=footprint.edition, sha256=footprint.factor_set_sha256),
        rounding=footprint.rounding.value,
        sha256=row.sha256,
        url=url,
        document_url=f"{url}/document",
        worksheet_url=f"{url}/worksheet.xlsx",
        created_at=row.created_at,
    )
