"""Activity files: send one, leave, and find at the same address how far it is and what it came to."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from frontend.access import noticing, visitor_of
from frontend.bulk_view import BulkView, columns, common_kinds, view_of
from frontend.context import PageContext, services_of
from frontend.forms import read_typed, uploaded
from frontend.problems import sentence
from frontend.responses import page_response
from frontend.wording import words
from marketplace.bulk import service as bulk
from marketplace.bulk.errors import BulkFileTooLarge, BulkRunNotFound, TooManyBulkRuns
from marketplace.bulk.models import BulkFile, BulkRun, BulkState
from marketplace.clock import japan_date
from offset_calc.calculators import activities
from offset_calc.errors import InputsRefused

REFRESH_SECONDS = 3
SECRET_ADDRESS = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
EXAMPLE = (
    "date,kind,quantity,unit,site,supplier\n"
    "2025-04-30,electricity,12345.6,kWh,東京事業所,A0269\n"
    "2025-04-30,fuel.gasoline,320,L,東京事業所,\n"
    "2025-05-12,travel.rail,1026,人km,札幌支店,\n"
)
FILES = {"totals": BulkFile.TOTALS, "rejected": BulkFile.REJECTED}


@dataclass(frozen=True, slots=True)
class Refused:
    """What is wrong with the form, by the field."""

    field: str
    why: str


@noticing
async def form(request: Request) -> Response:
    return _form(request)


@noticing
async def submit(request: Request) -> Response:
    """Take the file, and lead to the address where its result will be."""
    context = PageContext.of(request)
    file = await uploaded(request, "file")
    if file is None:
        return _form(request, words("bulk", "file_missing", context.locale), status=422)
    visitor = visitor_of(request)
    try:
        run_id = await bulk.receive(
            file,
            organisation_id=visitor.organisation_id if visitor else None,
            clock=services_of(request).market.clock,
        )
    except BulkFileTooLarge as refused:
        return _form(request, sentence(refused.code, refused.params, context.locale), status=413)
    except TooManyBulkRuns as refused:
        return _form(request, sentence(refused.code, refused.params, context.locale), status=503)
    return RedirectResponse(context.url(f"/calculate/bulk/{run_id}"), status_code=303, headers=SECRET_ADDRESS)


async def example(_: Request) -> Response:
    """A file to start from, with the mark by which Excel knows UTF-8."""
    return _csv("ashiato-activities.csv", _once(EXAMPLE.encode("utf-8-sig")))


async def page(request: Request) -> Response:
    return _shown(request, await _run(request))


async def status(request: Request) -> Response:
    """For the page's script: has anything changed, and is it worth asking again?"""
    run = await _run(request)
    view = view_of(run, PageContext.of(request).locale)
    return JSONResponse({"version": view.version, "under_way": view.under_way}, headers=SECRET_ADDRESS)


async def table(request: Request) -> Response:
    run, name = await _run(request), request.path_params["file"]
    if run.state != BulkState.DONE or name not in FILES:
        raise HTTPException(404)
    return _csv(f"ashiato-{name}.csv", bulk.pieces(run.id, FILES[name]))


async def make_footprint(request: Request) -> Response:
    """Keep the sums as a footprint, which can be offset and shown to others."""
    run, context = await _run(request), PageContext.of(request)
    if run.state != BulkState.DONE:
        raise HTTPException(404)
    typed = await read_typed(request)
    result: Mapping[str, Any] = json.loads(run.result or "{}")
    name = " ".join(typed.get("name", "").split())
    if not name:
        return _shown(request, run, refused=Refused("name", sentence("required", {}, context.locale)))
    sums = _sums_by_factor(result)
    if len(sums) > activities.ACTIVITIES.categories[0].max_rows:
        most = activities.ACTIVITIES.categories[0].max_rows
        return _shown(request, run, refused=Refused("", words("bulk", "too_many_sums", context.locale, {"most": most})))
    period = {
        "start": min(group["first_day"] for group in result["groups"]),
        "end": max(group["last_day"] for group in result["groups"]),
    }
    try:
        inputs = activities.read_inputs({"subject": {"name": name}, "period": period, "activities": sums})
    except InputsRefused as refused:
        problem = refused.problems[0]
        key = "too_long" if problem.code == "period_too_long" else ""
        why = words("bulk", key, context.locale) if key else sentence(problem.code, problem.params, context.locale)
        return _shown(request, run, refused=Refused("name" if problem.pointer == "/subject/name" else "", why))
    footprint_id = await services_of(request).footprints.save(activities.calculate(inputs))
    return RedirectResponse(context.url(f"/footprints/{footprint_id}"), status_code=303, headers=SECRET_ADDRESS)


def _sums_by_factor(result: Mapping[str, Any]) -> list[dict[str, str]]:
    """One activity for each factor and unit, over all places."""
    sums: dict[tuple[str, str], Decimal] = {}
    for group in result["groups"]:
        key = (group["key"]["factor"], group["key"]["unit"])
        sums[key] = sums.get(key, Decimal(0)) + Decimal(group["quantity"])
    return [
        {"factor_id": factor, "unit": unit, "quantity": format(quantity, "f")}
        for (factor, unit), quantity in sums.items()
    ]


def _form(request: Request, problem: str = "", *, status: int = 200) -> Response:
    locale = PageContext.of(request).locale
    return page_response(
        request,
        "pages/bulk/form.html",
        status=status,
        problem=problem,
        columns=columns(locale),
        kinds=common_kinds(japan_date(services_of(request).market.clock()), locale),
    )


def _shown(request: Request, run: BulkRun, *, refused: Refused | None = None) -> Response:
    view: BulkView = view_of(run, PageContext.of(request).locale)
    return page_response(
        request,
        "pages/bulk/run.html",
        headers=SECRET_ADDRESS,
        status=422 if refused else 200,
        run=run,
        view=view,
        refused=refused,
        refresh_seconds=REFRESH_SECONDS,
    )


async def _run(request: Request) -> BulkRun:
    try:
        return await bulk.find(request.path_params["run_id"], now=services_of(request).market.clock())
    except BulkRunNotFound as missing:
        raise HTTPException(404) from missing


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _csv(name: str, pieces: AsyncIterator[bytes]) -> Response:
    return StreamingResponse(
        pieces,
        media_type="text/csv; charset=utf-8",
        headers=SECRET_ADDRESS
        | {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"},
    )
