"""A calculator's form, made from its declaration and from what the visitor has typed so far.

Within a row the fields are ordered by what they are for: those that several methods share come first, then the fields of
each way to compute the row, then the settings that have a default and that most visitors never touch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from frontend.calculator_words import CalculatorWords
from frontend.forms import Row, Typed, rows_of
from offset_calc import factors as factor_sets
from offset_calc import places as place_tables
from offset_calc.calculators.base import LEFT_OUT_REASONS, Calculator
from offset_calc.declarations import Category, Field, Kind, Method
from offset_calc.errors import FieldProblem
from offset_calc.factors import Factor

HEADER = ("subject/name", "subject/place", "period/start", "period/end")
MOST_ROWS_ON_A_PAGE = 50
# Choices that only an expert changes; with the assumptions they wait behind a fold.
FOR_EXPERTS = frozenset({"radiative_forcing"})
# The ways that most visitors have the data for; the other ways of these categories wait behind a fold as well.
USUAL_WAYS = {
    "travel_participants": frozenset({"distance", "places"}),
    "travel_staff": frozenset({"distance", "places"}),
    "lodging": frozenset({"person_nights"}),
    "meals": frozenset({"count"}),
    "printed_matter": frozenset({"pages"}),
    "freight": frozenset({"tonne_km"}),
}


@dataclass(frozen=True, slots=True)
class FieldView:
    """One control. `name` is its place in the input, `value` what was typed, `error` a sentence or ""."""

    name: str
    kind: str
    label: str
    hint: str
    unit: str
    value: str
    error: str
    options: tuple[tuple[str, str], ...]
    preselected: bool
    suggestions: str
    focus: bool


def in_use(fields: Sequence[FieldView]) -> bool:
    """Whether something was typed or refused in `fields`; a preselected choice does not count."""
    return any(field.error or (field.value and not field.preselected) for field in fields)


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
class SectionView:
    """One category. `filled` counts rows with something in them; without any, the form asks why it is left out."""

    id: str
    required: bool
    rows: tuple[RowView, ...]
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


@dataclass(frozen=True, slots=True)
class CalculatorForm:
    """What was typed into the form of `calculator`, row by row."""

    calculator: Calculator
    header: Mapping[str, str]
    rows: Mapping[str, Sequence[Row]]
    left_out: Mapping[str, str]

    @classmethod
    def of(cls, calculator: Calculator, typed: Typed) -> "CalculatorForm":
        categories = calculator.categories
        return cls(
            calculator=calculator,
            header={name: typed.get(name, "") for name in HEADER},
            rows={c.id: rows_of(typed, c.id, [f.name for f in c.fields], most=MOST_ROWS_ON_A_PAGE) for c in categories},
            left_out={c.id: typed.get(f"left_out/{c.id}", "") for c in categories},
        )

    @classmethod
    def of_inputs(cls, calculator: Calculator, inputs: Mapping[str, Any], words: CalculatorWords) -> "CalculatorForm":
        """The form as it looks when `inputs` (the nested form that the calculator reads) have been typed into it."""
        typed: Typed = {}
        for name in HEADER:
            group, _, key = name.partition("/")
            typed[name] = str(inputs.get(group, {}).get(key, ""))
        typed["subject/place"] = _as_typed(Kind.PLACE, typed["subject/place"], words)
        for category in calculator.categories:
            for index, row in enumerate(inputs.get(category.id, ())):
                for field, value in row.items():
                    typed[f"{category.id}/{index}/{field}"] = _as_typed(
                        category.fields_by_name[field].kind, str(value), words
                    )
            typed[f"left_out/{category.id}"] = str(inputs.get("left_out", {}).get(category.id, ""))
        return cls.of(calculator, typed)

    def raw(self) -> dict[str, Any]:
        """The nested input that the calculator reads. Names of tariff menus become the ids of their factors."""
        raw: dict[str, Any] = {}
        for name, value in self.header.items():
            group, _, key = name.partition("/")
            raw.setdefault(group, {})[key] = value
        for category in self.calculator.categories:
            menus = [f for f in category.fields if f.kind is Kind.FACTOR]
            raw[category.id] = [
                row | {f.name: factor_id(f, row[f.name]) for f in menus} for row in self.rows[category.id]
            ]
        raw["left_out"] = dict(self.left_out)
        return raw

    def with_row_added(self, category_id: str) -> "CalculatorForm":
        category = self.calculator.category(category_id)
        present = list(self.rows[category_id]) or [_empty(category)]
        return self._with_rows(category_id, [*present, _empty(category)][:MOST_ROWS_ON_A_PAGE])

    def with_row_removed(self, category_id: str, number: int) -> "CalculatorForm":
        return self._with_rows(category_id, [row for i, row in enumerate(self.rows[category_id]) if i != number])

    def _with_rows(self, category_id: str, rows: Sequence[Row]) -> "CalculatorForm":
        return CalculatorForm(self.calculator, self.header, {**self.rows, category_id: rows}, self.left_out)

    def view(self, words: CalculatorWords, refused: Sequence[FieldProblem] = (), focus: str = "") -> FormView:
        """Everything the template shows. `focus` is the name of the field that gets the cursor."""
        return _Viewer(self, words, refused, focus).view()


def factor_id(field: Field, typed: str) -> str:
    """The id of the factor whose name was typed, in either language; what is no name stays as it is, to be refused."""
    return next((f.id for f in menus_of(field) if typed.strip() in {f.name_ja, f.name_en}), typed)


def menus_of(field: Field) -> tuple[Factor, ...]:
    """The published factors that may be chosen in `field`, for suggestions while typing."""
    published = factor_sets.load().matching(field.factor_prefix, field.factor_suffix)
    return tuple(factor for factor in published if field.accepts_factor(factor.id))


def _as_typed(kind: Kind, value: str, words: CalculatorWords) -> str:
    """The words a visitor would type for a key; a text that is no key was typed by one and stays."""
    if kind is Kind.PLACE and value in {place.key for place in place_tables.load(factor_sets.CURRENT_EDITION).all()}:
        return words.place(value)
    if kind is Kind.FACTOR:
        return words.factor(factor_sets.load().by_id(value))
    return value


def _empty(category: Category) -> Row:
    return {field.name: "" for field in category.fields}


class _Viewer:
    def __init__(
        self, form: CalculatorForm, words: CalculatorWords, refused: Sequence[FieldProblem], focus: str
    ) -> None:
        self._form = form
        self._words = words
        self._refused = refused
        self._focus = focus
        self._errors: dict[str, str] = {}
        for problem in refused:
            self._errors.setdefault(problem.pointer.lstrip("/"), self._sentence(problem))

    def view(self) -> FormView:
        header = {name: self._header_field(name) for name in HEADER}
        sections = tuple(self._section(category) for category in self._form.calculator.categories)
        problems = tuple((p.pointer.lstrip("/"), self._place_of(p) + self._sentence(p)) for p in self._refused)
        return FormView(header, sections, problems)

    def _sentence(self, problem: FieldProblem) -> str:
        return self._words.refusal(problem, self._category_of(problem))

    def _category_of(self, problem: FieldProblem) -> Category | None:
        first, *_ = problem.pointer.lstrip("/").split("/")
        return next((c for c in self._form.calculator.categories if c.id == first), None)

    def _place_of(self, problem: FieldProblem) -> str:
        """Where the refused entry stands, for the list at the top: category, row and field."""
        match problem.pointer.lstrip("/").split("/"):
            case [""]:
                return ""
            case ["subject" | "period" as group, key]:
                parts = [self._words.of(f"header.{group}_{key}")]
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

    def _header_field(self, name: str) -> FieldView:
        key = name.replace("/", "_")
        return FieldView(
            name=name,
            kind="place" if name == "subject/place" else "text",
            label=self._words.of(f"header.{key}"),
            hint=self._words.of(f"header_hint.{key}"),
            unit="",
            value=self._form.header[name],
            error=self._errors.get(name, ""),
            options=(),
            preselected=False,
            suggestions="places" if name == "subject/place" else "",
            focus=name == self._focus,
        )

    def _section(self, category: Category) -> SectionView:
        typed = self._form.rows[category.id] or [_empty(category)]
        rows = tuple(self._row(category, number, row) for number, row in enumerate(typed))
        name = f"left_out/{category.id}"
        left_out = FieldView(
            name=name,
            kind="choice",
            label=self._words.of("header.left_out"),
            hint=self._words.of("header_hint.left_out"),
            unit="",
            value=self._form.left_out[category.id],
            error=self._errors.get(name, ""),
            options=tuple((reason, self._words.of(f"left_out.{reason}")) for reason in LEFT_OUT_REASONS),
            preselected=False,
            suggestions="",
            focus=False,
        )
        filled = sum(1 for row in typed if _has_entry(category, row))
        troubled = any(p.pointer.startswith((f"/{category.id}", f"/{name}")) for p in self._refused)
        return SectionView(
            id=category.id,
            required=category.requirement.value == "must",
            rows=rows,
            filled=filled,
            left_out=left_out,
            asks_why=not filled or in_use((left_out,)),
            error=self._errors.get(category.id, ""),
            is_open=bool(filled or left_out.value or troubled or self._focus.startswith(f"{category.id}/")),
            can_add=len(typed) < min(category.max_rows, MOST_ROWS_ON_A_PAGE),
        )

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
        options = tuple((value, self._words.choice(declared.name, value)) for value in declared.choices)
        typed = row[declared.name]
        is_choice = declared.kind is Kind.CHOICE
        return FieldView(
            name=name,
            kind=declared.kind.value,
            label=self._words.field(category.id, declared.name),
            hint=hint,
            unit=self._words.unit(declared.unit),
            value=typed or (declared.default or "" if is_choice else ""),
            error=self._errors.get(name, ""),
            options=options,
            preselected=is_choice and declared.default is not None and typed in {"", declared.default},
            suggestions={Kind.PLACE: "places", Kind.FACTOR: f"menus-{category.id}"}.get(declared.kind, ""),
            focus=name == self._focus,
        )


def _has_entry(category: Category, row: Row) -> bool:
    """Whether a row says something: a preselected choice alone does not."""
    return any(
        row[field.name].strip() and not (field.kind is Kind.CHOICE and row[field.name] == field.default)
        for field in category.fields
    )


def _grouped(category: Category) -> tuple[list[Field], list[tuple[Method, list[Field]]], list[Field]]:
    """Split a category's fields into shared ones, those of one method only, and settings."""
    users = {f.name: [m for m in category.methods if f.name in (*m.needs, *m.uses)] for f in category.fields}
    settings = [f for f in category.fields if f.basis or f.kind is Kind.FACTOR or f.name in FOR_EXPERTS]
    plain = [f for f in category.fields if f not in settings]
    shared = [f for f in plain if len(users[f.name]) != 1]
    own = [(m, [f for f in plain if users[f.name] == [m]]) for m in category.methods]
    return shared, [(method, fields) for method, fields in own if fields], settings
