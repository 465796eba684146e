"""The calculators: one page for all of them, made from their declarations. Every button is a round trip that keeps everything."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from frontend.calculator_form import CalculatorForm, chosen_factor, factor_as_typed, row_fields
from frontend.calculator_so_far import so_far
from frontend.calculator_so_far import view_of as so_far_view_of
from frontend.calculator_view import view_of
from frontend.calculator_words import CalculatorWords
from frontend.context import PageContext, services_of
from frontend.forms import read_typed, uploaded
from frontend.responses import page_response
from frontend.row_uploads import Report, with_file
from frontend.worked_example import EXAMPLE, example_inputs
from offset_calc import FieldProblem, Footprint, InputsRefused, Kind, by_type
from offset_calc import factors as factor_sets
from offset_calc import places as place_tables
from offset_calc.calculators.base import Calculator
from offset_calc.declarations import Field

# In the order of the page that lets the visitor choose.
ON_PAGES = ("event", "household", "product", "organisation")


@dataclass(frozen=True, slots=True)
class Attention:
    """What the visitor looks at after a round trip: the field with the cursor, and the one whose text is looked up."""

    focus: str = ""
    searched: str = ""


async def choose(request: Request) -> Response:
    """Say what each calculator is for."""
    return page_response(request, "pages/calculators.html", types=ON_PAGES)


async def page(request: Request) -> Response:
    """Show the form: empty, with the worked example (?example=sapporo), or with something kept (?footprint=id, ?draft=id)."""
    calculator = _calculator(request)
    words = CalculatorWords(PageContext.of(request).locale)
    if calculator.type == "event" and request.query_params.get("example") == EXAMPLE:
        return _form(request, CalculatorForm.of_inputs(calculator, example_inputs(), words))
    if footprint_id := request.query_params.get("footprint"):
        footprint = await _kept(request, footprint_id, calculator)
        form = CalculatorForm.of_inputs(calculator, footprint.inputs, words, footprint.own_factors)
        return _form(request, form, compared=footprint_id if "compare" in request.query_params else "")
    if draft_id := request.query_params.get("draft"):
        typed = await services_of(request).drafts.load(draft_id, calculator.type)
        if typed is None:
            raise HTTPException(404)
        form = CalculatorForm.of(calculator, typed)
        return _form(request, form, compared=typed.get("compared", ""), is_draft=True)
    return _form(request, CalculatorForm.of(calculator, {}))


async def submit(request: Request) -> Response:
    """Do what the pressed button says: calculate, or one of the round trips that only change the form."""
    calculator = _calculator(request)
    typed = await read_typed(request)
    form = CalculatorForm.of(calculator, typed)
    action = typed.get("action", "").split(":")
    if action[0] == "import" and action[-1] in form.rows:
        return await _import(request, form, action[-1], typed.get("compared", ""))
    if action == ["show"]:  # in another language, or with what a browser has kept
        return _form(request, form, compared=typed.get("compared", ""))
    if action == ["keep"]:
        return await _keep(request, form, typed.get("compared", ""))
    changed = _changed(form, action, CalculatorWords(PageContext.of(request).locale))
    if changed is not None:
        return _form(request, changed[0], attention=changed[1], compared=typed.get("compared", ""))
    return await _calculate(request, form, typed.get("compared", ""))


async def what_it_comes_to(request: Request) -> Response:
    """The lines and the total of a form that is still being filled in, as JSON; nothing is kept."""
    form = CalculatorForm.of(_calculator(request), await read_typed(request))
    words = CalculatorWords(PageContext.of(request).locale)
    return JSONResponse(asdict(so_far_view_of(so_far(form), form, words)), headers={"Cache-Control": "no-store"})


def _changed(
    form: CalculatorForm, action: Sequence[str], words: CalculatorWords
) -> tuple[CalculatorForm, Attention] | None:
    """The form after add:<category>, remove:<category>:<row>, find:<field> or take:<field>:<factor>; None for other buttons."""
    categories = {category.id: category for category in form.calculator.categories}
    match action:
        case ["add", category_id] if category_id in categories:
            form = form.with_row_added(category_id)
            first = row_fields(categories[category_id])[0].name
            return form, Attention(f"{category_id}/{len(form.rows[category_id]) - 1}/{first}")
        case ["remove", category_id, number] if category_id in categories and number.isdecimal():
            return form.with_row_removed(category_id, int(number)), Attention(f"{category_id}/")
        case ["find", name] if _factor_field(form, name):
            return form, Attention(focus=name, searched=name)
        case ["take", name, factor_id] if field := _factor_field(form, name):
            factor = chosen_factor(field, factor_id)
            if factor is None:
                return form, Attention(focus=name, searched=name)
            category_id, number, key = name.split("/")
            taken = form.with_entry(category_id, int(number), key, factor_as_typed(field, factor, words))
            return taken, Attention(focus=name)
        case _:
            return None


def _factor_field(form: CalculatorForm, name: str) -> Field | None:
    """The declared factor field that `name` ("materials/0/factor_id") stands for, None if there is none in the form."""
    match name.split("/"):
        case [category_id, number, key] if number.isdecimal() and int(number) < len(form.rows.get(category_id, ())):
            field = form.calculator.category(category_id).fields_by_name.get(key)
            return field if field is not None and field.kind is Kind.FACTOR else None
        case _:
            return None


async def _keep(request: Request, form: CalculatorForm, compared: str) -> Response:
    """Keep the form as it is, right or wrong, and lead to the address under which it can be continued."""
    kept = form.typed() | ({"compared": compared} if compared else {})
    draft_id = await services_of(request).drafts.save(form.calculator.type, kept)
    address = PageContext.of(request).url(f"/calculate/{form.calculator.type}")
    return RedirectResponse(f"{address}?draft={draft_id}", status_code=303)


async def _import(request: Request, form: CalculatorForm, category_id: str, compared: str) -> Response:
    """Add the rows of the chosen file; they are read in a thread, so that other visitors do not wait."""
    words = CalculatorWords(PageContext.of(request).locale)
    focus = Attention(focus=f"{category_id}/")
    file = await uploaded(request, f"file/{category_id}")
    if file is None:
        nothing = Report(category_id, refusal=words.of("file.none"))
        return _form(request, form, attention=focus, compared=compared, report=nothing)
    filled, report, problems = await asyncio.to_thread(with_file, form, category_id, file.file, words)
    return _form(request, filled, refused=problems, attention=focus, compared=compared, report=report)


async def _calculate(request: Request, form: CalculatorForm, compared: str) -> Response:
    """Keep the footprint and show it, beside the one that it is to be compared with if there is one."""
    calculator = form.calculator
    try:
        footprint = calculator.calculate(calculator.read_inputs(form.raw()))
    except InputsRefused as refused:
        return _form(request, form, refused=refused.problems, compared=compared)
    footprints = services_of(request).footprints
    footprint_id = await footprints.save(footprint)
    first = await footprints.load(compared) if compared else None
    address = f"/footprints/{footprint_id}"
    if first is not None and first.type == footprint.type:
        address = f"/footprints/{compared}/compare/{footprint_id}"
    return RedirectResponse(PageContext.of(request).url(address), status_code=303)


def _form(
    request: Request,
    form: CalculatorForm,
    *,
    refused: Sequence[FieldProblem] = (),
    attention: Attention | None = None,
    compared: str = "",
    report: Report | None = None,
    is_draft: bool = False,
) -> Response:
    words = CalculatorWords(PageContext.of(request).locale)
    looked_at = attention or Attention()
    fields = [field for category in form.calculator.categories for field in category.fields]
    asks_places = any(field.kind is Kind.PLACE for field in (*form.calculator.subject_fields, *fields))
    places = place_tables.load(factor_sets.CURRENT_EDITION).all() if asks_places else ()
    return page_response(
        request,
        "pages/calculator.html",
        status=422 if refused or (report and report.refusal) else 200,
        report=report,
        is_draft=is_draft,
        returned=request.method == "POST",
        type=form.calculator.type,
        form=view_of(form, words, refused, focus=looked_at.focus, searched=looked_at.searched),
        so_far=so_far_view_of(so_far(form), form, words),
        compared=compared,
        places=[words.place(place.key) for place in places],
        example=EXAMPLE if form.calculator.type == "event" else "",
    )


def _calculator(request: Request) -> Calculator:
    wanted = request.path_params["type"]
    calculator = by_type(wanted) if wanted in ON_PAGES else None
    if calculator is None:
        raise HTTPException(404)
    return calculator


async def _kept(request: Request, footprint_id: str, calculator: Calculator) -> Footprint:
    footprint = await services_of(request).footprints.load(footprint_id)
    if footprint is None or footprint.type != calculator.type:
        raise HTTPException(404)
    return footprint
