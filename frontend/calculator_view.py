"""How a calculator's form looks, made from its declaration and from what the visitor has typed so far.

Within a row the fields are ordered by what they are for: those that several methods share come first, then the fields of
each way to compute the row, then the settings that have a default and that most visitors never touch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frontend.calculator_form import (
    MOST_ROWS_ON_A_PAGE,
    OWN_FACTOR,
    STATED_FACTOR,
    CalculatorForm,
    chosen_factor,
    empty_row,
    factors_for,
    has_entry,
    header_fields,
    row_fields,
    takes_own_factor,
)
from frontend.calculator_words import CalculatorWords
from frontend.factor_search import find
from frontend.forms import Row
from offset_calc.calculators.base import LEFT_OUT_REASONS
from offset_calc.declarations import Category, Field, Kind, Method
from offset_calc.errors import FieldProblem

# Choices that only an expert changes; with the assumptions they wait behind a fold.
FOR_EXPERTS = frozenset({"radiative_forcing", "gwp_set"})
# The ways that most visitors have the data for; the other ways of these categories wait behind a fold as well.
USUAL_WAYS = {
    "travel_participants": frozenset({"distance", "places"}),
    "travel_staff": frozenset({"distance", "places"}),
    "scope3_06_business_travel": frozenset({"distance", "places", "employee_years"}),
    "lodging": frozenset({"person_nights"}),
    "meals": frozenset({"count"}),
    "printed_matter": frozenset({"pages"}),
    "freight": frozenset({"tonne_km"}),
    "distribution": frozenset({"tonne_km"}),
    "scope3_04_upstream_transport": frozenset({"tonne_km"}),
    "scope3_09_downstream_transport": frozenset({"tonne_km"}),
    "scope1_fuels": frozenset[str](),
}
OWN_FACTOR_WAY = "own_factor"
# Menus short enough to be offered while typing; longer lists are searched.
LONGEST_SUGGESTIONS = 300


@dataclass(frozen=True, slots=True)
class Hit:
    """One factor that a search found: `value` is what choosing it puts into the field."""

    id: str
    name: str
    figure: str
    source: str


@dataclass(frozen=True, slots=True)
class FieldView:
    """One control. `name` is its place in the input, `value` what was typed, `error` a sentence or "".

    A factor field has `searchable`; `chosen` is the factor its text names, `hits` what a search for the text has found.
    """

    name: str
    kind: str
    label: str
    hint: str = ""
    unit: str = ""
    value: str = ""
    error: str = ""
    options: tuple[tuple[str, str], ...] = ()
    preselected: bool = False
    suggestions: str = ""
    focus: bool = False
    searchable: bool = False
    searched: bool = False
    chosen: Hit | None = None
    hits: tuple[Hit, ...] = ()


def in_use(fields: Sequence[FieldView]) -> bool:
    """Whether something was typed or refused in `fields`; a preselected choice does not count."""
    return any(field.error or field.searched or (field.value and not field.preselected) for field in fields)


@dataclass(frozen=True, slots=True)
class WayView:
    """The fields that only one method needs; any one way is enough."""

    method: str
    label: str
    fields: tuple[FieldView, ...]

    @property
    def in_use(self) -> bool:
        return in_use(self.fields)


@dataclass(frozen=True, slots=True)
class RowView:
    """One row. `ways` are laid open; `further_ways` and `settings` are folded unless something in them is in use."""

    name: str
    number: int
    shared: tuple[FieldView, ...]
    ways: tuple[WayView, ...]
    further_ways: tuple[WayView, ...]
    settings: tuple[FieldView, ...]
    settings_open: bool
    error: str


@dataclass(frozen=True, slots=True)
class CompactEntry:
    """One entry of a row in one line: `shown` is `value` in words, with its unit."""

    name: str
    label: str
    value: str
    shown: str


@dataclass(frozen=True, slots=True)
class CompactRow:
    """A row beyond those with all their fields, to be read and sent again as it is."""

    number: int
    entries: tuple[CompactEntry, ...]


@dataclass(frozen=True, slots=True)
class SectionView:
    """One category. `filled` counts rows with something in them; without any, the form asks why it is left out.

    `group` is the heading of the categories that belong together, "" where there is none.
    """

    id: str
    group: str
    required: bool
    rows: tuple[RowView, ...]
    compact: tuple[CompactRow, ...]
    filled: int
    left_out: FieldView
    asks_why: bool
    error: str
    is_open: bool
    can_add: bool


@dataclass(frozen=True, slots=True)
class FormView:
    header: Mapping[str, FieldView]
    sections: tuple[SectionView, ...]
    problems: tuple[tuple[str, str], ...]
    menus: tuple[tuple[str, tuple[str, ...]], ...]


def view_of(
    form: CalculatorForm,
    words: CalculatorWords,
    refused: Sequence[FieldProblem] = (),
    *,
    focus: str = "",
    searched: str = "",
) -> FormView:
    """Everything the template shows.

    `focus` is the name of the field that gets the cursor, `searched` that of the factor field whose text is looked up.
    """
    return _Viewer(form, words, refused, focus, searched).view()


def field_name(pointer: str) -> str:
    """The name in the form of what a problem points at: the parts of a stated factor are fields of their row."""
    match pointer.lstrip("/").split("/"):
        case [category_id, number, "factor", part]:
            return f"{category_id}/{number}/{OWN_FACTOR}.{part}"
        case [category_id, number, "factor"]:
            return f"{category_id}/{number}/factor_id"
        case parts:
            return "/".join(parts)


class _Viewer:
    def __init__(
        self, form: CalculatorForm, words: CalculatorWords, refused: Sequence[FieldProblem], focus: str, searched: str
    ) -> None:
        self._form = form
        self._words = words
        self._refused = refused
        self._focus = focus
        self._searched = searched
        self._errors: dict[str, str] = {}
        self._unknown_factors = {field_name(p.pointer) for p in refused if p.code == "unknown_factor"}
        for problem in refused:
            self._errors.setdefault(field_name(problem.pointer), self._sentence(problem))

    def view(self) -> FormView:
        calculator = self._form.calculator
        header = {name: self._header_field(name, field) for name, field in header_fields(calculator).items()}
        sections = tuple(self._section(category) for category in calculator.categories)
        problems = tuple((field_name(p.pointer), self._place_of(p) + self._sentence(p)) for p in self._refused)
        return FormView(header, sections, problems, self._menus())

    def _menus(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The short lists of factors, each once, for suggestions while typing."""
        fields = {f.name: f for c in self._form.calculator.categories for f in c.fields if _is_short_menu(f)}
        return tuple(
            (f"menus-{name}", tuple(self._words.factor(factor) for factor in factors_for(field)))
            for name, field in fields.items()
        )

    def _sentence(self, problem: FieldProblem) -> str:
        return self._words.refusal(problem, self._category_of(problem))

    def _category_of(self, problem: FieldProblem) -> Category | None:
        first, *_ = problem.pointer.lstrip("/").split("/")
        return next((c for c in self._form.calculator.categories if c.id == first), None)

    def _place_of(self, problem: FieldProblem) -> str:
        """Where the refused entry stands, for the list at the top: category, row and field."""
        match field_name(problem.pointer).split("/"):
            case [""]:
                return ""
            case ["subject" | "period" as group, key]:
                parts = [self._words.header(self._form.calculator.type, f"{group}_{key}")]
            case ["rounding"]:
                parts = [self._words.header(self._form.calculator.type, "rounding")]
            case ["left_out", category_id]:
                parts = [self._words.of(f"category.{category_id}"), self._words.of("header.left_out")]
            case [category_id, number, *field]:
                parts = [self._words.of(f"category.{category_id}"), self._words.of("header.row", row=int(number) + 1)]
                parts += [self._words.field(category_id, name) for name in field]
            case [category_id]:
                parts = [self._words.of(f"category.{category_id}")]
            case _:
                raise AssertionError(problem.pointer)
        return self._words.of("header.place", place=" · ".join(parts))

    def _header_field(self, name: str, declared: Field) -> FieldView:
        key = name.replace("/", "_")
        kind = self._form.calculator.type
        is_choice = declared.kind is Kind.CHOICE
        return FieldView(
            name=name,
            kind=declared.kind.value,
            label=self._words.header(kind, key),
            hint=self._words.header_hint(kind, key),
            unit=self._words.unit(declared.unit),
            value=self._form.header[name] or (declared.default or "" if is_choice else ""),
            error=self._errors.get(name, ""),
            options=tuple((value, self._words.choice(declared.name, value)) for value in declared.choices),
            preselected=is_choice and declared.default is not None,
            suggestions="places" if declared.kind is Kind.PLACE else "",
            focus=name == self._focus,
        )

    def _section(self, category: Category) -> SectionView:
        typed = self._form.rows[category.id] or [empty_row(category)]
        in_full = [n < MOST_ROWS_ON_A_PAGE or self._is_troubled(f"{category.id}/{n}") for n in range(len(typed))]
        rows = tuple(self._row(category, n, row) for n, row in enumerate(typed) if in_full[n])
        compact = tuple(
            self._compact(category, n, row)
            for n, row in enumerate(typed)
            if not in_full[n] and has_entry(category, row)
        )
        name = f"left_out/{category.id}"
        left_out = FieldView(
            name=name,
            kind="choice",
            label=self._words.of("header.left_out"),
            hint=self._words.of("header_hint.left_out"),
            value=self._form.left_out[category.id],
            error=self._errors.get(name, ""),
            options=tuple((reason, self._words.of(f"left_out.{reason}")) for reason in LEFT_OUT_REASONS),
        )
        filled = sum(1 for row in typed if has_entry(category, row))
        troubled = any(p.pointer.startswith((f"/{category.id}", f"/{name}")) for p in self._refused)
        looked_at = f"{category.id}/"
        return SectionView(
            id=category.id,
            group=self._words.group(category.id),
            required=category.requirement.value == "must",
            rows=rows,
            compact=compact,
            filled=filled,
            left_out=left_out,
            asks_why=not filled or in_use((left_out,)),
            error=self._errors.get(category.id, ""),
            is_open=bool(filled or left_out.value or troubled) or self._focus.startswith(looked_at),
            can_add=len(typed) < min(category.max_rows, MOST_ROWS_ON_A_PAGE),
        )

    def _is_troubled(self, prefix: str) -> bool:
        return any(name == prefix or name.startswith(f"{prefix}/") for name in self._errors)

    def _compact(self, category: Category, number: int, row: Row) -> CompactRow:
        prefix = f"{category.id}/{number}"
        declared = {field.name: field for field in row_fields(category)}
        entries = tuple(
            CompactEntry(
                f"{prefix}/{name}", self._words.field(category.id, name), value, self._shown(declared[name], value)
            )
            for name, value in row.items()
            if value
        )
        return CompactRow(number + 1, entries)

    def _shown(self, field: Field, value: str) -> str:
        if field.kind is Kind.CHOICE and value in field.choices:
            return self._words.choice(field.name, value)
        return f"{value} {self._words.unit(field.unit)}".strip()

    def _row(self, category: Category, number: int, row: Row) -> RowView:
        prefix = f"{category.id}/{number}"
        shared, own, settings = _grouped(category)
        ways = [
            WayView(
                method.id,
                self._words.of(f"method.{method.id}"),
                tuple(self._field(category, f, prefix, row) for f in fields),
            )
            for method, fields in own
        ]
        usual = USUAL_WAYS.get(category.id, frozenset(way.method for way in ways))
        if takes_own_factor(category):
            fields = tuple(self._field(category, f, prefix, row) for f in STATED_FACTOR)
            ways.append(WayView(OWN_FACTOR_WAY, self._words.of("header.own_factor"), fields))
        setting_fields = tuple(self._field(category, f, prefix, row) for f in settings)
        return RowView(
            name=prefix,
            number=number + 1,
            shared=tuple(self._field(category, f, prefix, row) for f in shared),
            ways=tuple(way for way in ways if way.method in usual or way.in_use),
            further_ways=tuple(way for way in ways if way.method not in usual and not way.in_use),
            settings=setting_fields,
            settings_open=in_use(setting_fields),
            error=self._errors.get(prefix, ""),
        )

    def _field(self, category: Category, declared: Field, prefix: str, row: Row) -> FieldView:
        name = f"{prefix}/{declared.name}"
        hint = self._words.hint(category.id, declared.name)
        if declared.basis and declared.default:
            hint = self._words.of(
                "header_hint.assumption", value=declared.default, basis=self._words.of(f"basis.{declared.basis}")
            )
        typed = row[declared.name]
        is_choice = declared.kind is Kind.CHOICE
        is_factor = declared.kind is Kind.FACTOR
        searched = is_factor and (name == self._searched or name in self._unknown_factors)
        chosen = chosen_factor(declared, typed) if is_factor else None
        return FieldView(
            name=name,
            kind=declared.kind.value,
            label=self._words.field(category.id, declared.name),
            hint=hint,
            unit=self._words.unit(declared.unit),
            value=typed or (declared.default or "" if is_choice else ""),
            error=self._errors.get(name, ""),
            options=tuple((value, self._words.choice(declared.name, value)) for value in declared.choices),
            preselected=is_choice and declared.default is not None and typed in {"", declared.default},
            suggestions=_suggestions(declared),
            focus=name == self._focus,
            searchable=is_factor,
            searched=searched,
            chosen=self._words_of_factor(declared, chosen.id) if chosen and not searched else None,
            hits=tuple(self._words_of_factor(declared, hit.id) for hit in find(declared, typed)) if searched else (),
        )

    def _words_of_factor(self, field: Field, factor_id: str) -> Hit:
        factor = next(f for f in factors_for(field) if f.id == factor_id)
        return Hit(
            id=factor.id,
            name=self._words.factor(factor),
            figure=self._words.figure(factor),
            source=f"{factor.source_publisher} · {factor.source_title}",
        )


def _is_short_menu(field: Field) -> bool:
    return field.kind is Kind.FACTOR and len(factors_for(field)) <= LONGEST_SUGGESTIONS


def _suggestions(field: Field) -> str:
    if field.kind is Kind.PLACE:
        return "places"
    return f"menus-{field.name}" if _is_short_menu(field) else ""


def _grouped(category: Category) -> tuple[list[Field], list[tuple[Method, list[Field]]], list[Field]]:
    """Split a category's fields into shared ones, those of one method only, and settings."""
    users = {f.name: [m for m in category.methods if f.name in (*m.needs, *m.uses)] for f in category.fields}
    settings = [f for f in category.fields if _is_setting(f, len(users[f.name]))]
    plain = [f for f in category.fields if f not in settings]
    shared = [f for f in plain if len(users[f.name]) != 1]
    own = [(m, [f for f in plain if users[f.name] == [m]]) for m in category.methods]
    return shared, [(method, fields) for method, fields in own if fields], settings


def _is_setting(field: Field, users: int) -> bool:
    """Assumptions, choices for experts, and a menu that refines more than one way."""
    return bool(field.basis) or field.name in FOR_EXPERTS or (field.kind is Kind.FACTOR and users > 1)
