"""What a form that is not finished comes to: the rows that can be calculated are, and the others wait.

Every figure is one that the finished calculation will show too. So nothing is guessed that a figure depends on: without a
period there is no total, since the period decides which factors are in force.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from frontend.calculator_form import END, START, CalculatorForm, empty_row, has_entry
from frontend.calculator_view import field_name
from frontend.calculator_words import CalculatorWords
from frontend.formatting import kilograms
from offset_calc import FieldProblem, Footprint, InputsRefused

PERIOD = frozenset({START, END})
# Stands where a text that no gram depends on is missing, such as the name; it is never shown.
STAND_IN = "1"
# A row that cannot be read goes in the first round, one that relied on it in the second; three are not known to be needed.
MOST_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class SoFar:
    """`footprint` is None while nothing can be calculated; `problems` are those of the whole form as it stands.

    `waiting` counts the rows that say something and are not counted yet.
    """

    footprint: Footprint | None
    problems: tuple[FieldProblem, ...]
    waiting: int

    @property
    def needs_period(self) -> bool:
        return self.footprint is None and any(field_name(p.pointer) in PERIOD for p in self.problems)


@dataclass(frozen=True, slots=True)
class SoFarView:
    """Texts by the names of rows ("lodging/0"), of categories, and of fields with a problem. `total` is kg or ""."""

    total: str
    note: str
    rows: dict[str, str]
    categories: dict[str, str]
    problems: dict[str, str]


def so_far(form: CalculatorForm) -> SoFar:
    """Calculate what can be calculated of `form`."""
    calculator, left = form.calculator, form
    problems: tuple[FieldProblem, ...] = ()
    for _ in range(MOST_ROUNDS):
        try:
            footprint = calculator.calculate(calculator.read_inputs(left.raw()))
        except InputsRefused as refused:
            problems = problems or refused.problems
            if any(field_name(p.pointer) in PERIOD for p in refused.problems):
                break
            left = _without(left, [field_name(p.pointer) for p in refused.problems])
        else:
            return SoFar(footprint, problems, _entries(form) - _entries(left))
    return SoFar(None, problems, _entries(form))


def view_of(result: SoFar, form: CalculatorForm, words: CalculatorWords) -> SoFarView:
    categories = {category.id: category for category in form.calculator.categories}
    footprint = result.footprint
    rows: dict[str, list[str]] = {}
    waiting: dict[str, list[str]] = {}
    for line in footprint.lines if footprint else ():
        text = words.of("so_far.line", factor=words.factor(line.factor), kg=kilograms(line.grams.value))
        rows.setdefault(f"{line.category}/{line.row}", []).append(text)
    for problem in result.problems:
        match field_name(problem.pointer).split("/"):
            case [category_id, number, *name] if category_id in categories and number.isdecimal():
                missing = words.field(category_id, name[0]) if name else words.refusal(problem, categories[category_id])
                waiting.setdefault(f"{category_id}/{number}", []).append(missing)
    texts = {name: words.of("so_far.row_waits", fields=words.list_of(fields)) for name, fields in waiting.items()}
    return SoFarView(
        total=kilograms(footprint.total.value) if footprint else "",
        note=_note(result, words),
        rows={**texts, **{name: words.list_of(lines) for name, lines in rows.items()}},
        categories={
            key: words.of("so_far.kg", kg=kilograms(grams.value))
            for key, grams in (footprint.by_category() if footprint else {}).items()
        },
        problems={
            field_name(p.pointer): words.refusal(p, categories.get(p.pointer.split("/")[1] if p.pointer else ""))
            for p in reversed(result.problems)
        },
    )


def _note(result: SoFar, words: CalculatorWords) -> str:
    if result.waiting and result.needs_period:
        return words.of("so_far.needs_period")
    if result.waiting:
        return words.of("so_far.waiting", n=result.waiting)
    return "" if result.footprint else words.of("so_far.nothing")


def _without(form: CalculatorForm, troubled: Iterable[str]) -> CalculatorForm:
    """The form without the rows and texts that these names of fields lie in."""
    header, left_out, rows = (
        dict(form.header),
        dict(form.left_out),
        {key: list(all_) for key, all_ in form.rows.items()},
    )
    for name in troubled:
        match name.split("/"):
            case ["left_out", category_id] | [category_id] if category_id in left_out:
                left_out[category_id] = ""
            case [category_id, number, *_] if category_id in rows:
                rows[category_id][int(number)] = empty_row(form.calculator.category(category_id))
            case _ if name in header:
                header[name] = "" if header[name] else STAND_IN
    return replace(form, header=header, left_out=left_out, rows=rows)


def _entries(form: CalculatorForm) -> int:
    return sum(has_entry(category, row) for category in form.calculator.categories for row in form.rows[category.id])
