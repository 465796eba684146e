"""The event calculator: one form, made from the declaration; adding a row is a round trip that keeps everything."""

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.calculator_form import CalculatorForm, menus_of
from frontend.calculator_words import CalculatorWords
from frontend.context import PageContext, services_of
from frontend.forms import read_typed
from frontend.responses import page_response
from offset_calc import FieldProblem, InputsRefused, Kind, event
from offset_calc import factors as factor_sets
from offset_calc import places as place_tables

EXAMPLE = "sapporo"


async def page(request: Request) -> Response:
    """Show the form: empty, with the worked example (?example=sapporo), or with a kept footprint (?footprint=id)."""
    words = CalculatorWords(PageContext.of(request).locale)
    if request.query_params.get("example") == EXAMPLE:
        return _form(request, CalculatorForm.of_inputs(event.EVENT, example_inputs(), words))
    if footprint_id := request.query_params.get("footprint"):
        services = services_of(request)
        footprint = await services.footprints.load(footprint_id)
        if footprint is None or footprint.type != event.EVENT.type:
            raise HTTPException(404)
        return _form(request, CalculatorForm.of_inputs(event.EVENT, footprint.inputs, words))
    return _form(request, CalculatorForm.of(event.EVENT, {}))


async def submit(request: Request) -> Response:
    """Do what the pressed button says: add:<category>, remove:<category>:<row>, or calculate."""
    typed = await read_typed(request)
    form = CalculatorForm.of(event.EVENT, typed)
    categories = {category.id for category in event.EVENT.categories}
    match typed.get("action", "calculate").split(":"):
        case ["add", category] if category in categories:
            form = form.with_row_added(category)
            fields = event.EVENT.category(category).fields
            return _form(request, form, focus=f"{category}/{len(form.rows[category]) - 1}/{fields[0].name}")
        case ["remove", category, number] if category in categories and number.isdecimal():
            return _form(request, form.with_row_removed(category, int(number)))
        case _:
            return await _calculate(request, form)


async def _calculate(request: Request, form: CalculatorForm) -> Response:
    try:
        footprint = event.calculate(event.read_inputs(form.raw()))
    except InputsRefused as refused:
        return _form(request, form, refused=refused.problems)
    services = services_of(request)
    footprint_id = await services.footprints.save(footprint)
    return RedirectResponse(PageContext.of(request).url(f"/footprints/{footprint_id}"), status_code=303)


def _form(request: Request, form: CalculatorForm, *, refused: Sequence[FieldProblem] = (), focus: str = "") -> Response:
    words = CalculatorWords(PageContext.of(request).locale)
    places = place_tables.load(factor_sets.CURRENT_EDITION).all()
    menus = [
        (category.id, [words.factor(menu) for menu in menus_of(field)])
        for category in event.EVENT.categories
        for field in category.fields
        if field.kind is Kind.FACTOR
    ]
    return page_response(
        request,
        "pages/event_calculator.html",
        status=422 if refused else 200,
        form=form.view(words, refused, focus),
        places=[words.place(place.key) for place in places],
        menus=menus,
        example=EXAMPLE,
    )


def example_inputs() -> dict[str, Any]:
    """The conference in Sapporo that the first page works through, as a visitor would type it."""
    source = files("offset_calc") / "examples" / "sapporo_conference.json"
    inputs: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return inputs
