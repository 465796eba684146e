"""What was typed into a calculator's form, row by row, and the nested input that the calculator reads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from frontend.calculator_words import CalculatorWords
from frontend.forms import Row, Typed, rows_of
from offset_calc import factors as factor_sets
from offset_calc import places as place_tables
from offset_calc.calculators.base import Calculator
from offset_calc.declarations import Category, Field, Kind
from offset_calc.errors import FactorNotFound
from offset_calc.factors import OWN_PREFIX, Factor
from offset_calc.quantities import Rounding, plain

# Rows with all their fields; further ones come from a file and are shown in one line each.
MOST_ROWS_ON_A_PAGE = 50
MOST_ROWS = 1_000
NAME, START, END, ROUNDING = "subject/name", "period/start", "period/end", "rounding"
# A factor of the visitor's own, in any row that takes one: the calculator reads the three as one object.
OWN_FACTOR = "factor"
STATED_FACTOR = (
    Field(f"{OWN_FACTOR}.value", Kind.DECIMAL),
    Field(f"{OWN_FACTOR}.unit", Kind.TEXT),
    Field(f"{OWN_FACTOR}.source", Kind.TEXT),
)


def header_fields(calculator: Calculator) -> dict[str, Field]:
    """The fields above the categories, by their name in the form."""
    subject = {f"subject/{field.name}": field for field in calculator.subject_fields}
    return {
        NAME: Field("name", Kind.TEXT, required=True),
        **subject,
        START: Field("start", Kind.TEXT, required=True),
        END: Field("end", Kind.TEXT, required=True),
        ROUNDING: Field(
            "rounding",
            Kind.CHOICE,
            choices=tuple(rounding.value for rounding in Rounding),
            default=Rounding.HALF_UP.value,
        ),
    }


def row_fields(category: Category) -> tuple[Field, ...]:
    """The fields of a row: the declared ones, and those of a stated factor where the row takes a factor."""
    return (*category.fields, *(STATED_FACTOR if takes_own_factor(category) else ()))


def takes_own_factor(category: Category) -> bool:
    return "factor_id" in category.fields_by_name


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
            header={name: typed.get(name, "") for name in header_fields(calculator)},
            rows={
                c.id: rows_of(typed, c.id, [f.name for f in row_fields(c)], most=min(c.max_rows, MOST_ROWS))
                for c in categories
            },
            left_out={c.id: typed.get(f"left_out/{c.id}", "") for c in categories},
        )

    @classmethod
    def of_inputs(
        cls, calculator: Calculator, inputs: Mapping[str, Any], words: CalculatorWords, own: Iterable[Factor] = ()
    ) -> "CalculatorForm":
        """The form as it looks when `inputs` (the nested form that the calculator reads) have been typed into it.

        `own` are the factors that were stated inside the inputs and are named there by their ids.
        """
        typed: Typed = {}
        for name, field in header_fields(calculator).items():
            group, _, key = name.partition("/")
            value = inputs.get(group, {}).get(key, "") if key else inputs.get(group, "")
            typed[name] = as_typed(field, str(value), words)
        stated = {factor.id: factor for factor in own}
        for category in calculator.categories:
            for index, row in enumerate(inputs.get(category.id, ())):
                for name, value in row.items():
                    if value in stated:
                        typed |= _stated(f"{category.id}/{index}", stated[value])
                    else:
                        field = category.fields_by_name[name]
                        typed[f"{category.id}/{index}/{name}"] = as_typed(field, str(value), words)
            typed[f"left_out/{category.id}"] = str(inputs.get("left_out", {}).get(category.id, ""))
        return cls.of(calculator, typed)

    def typed(self) -> Typed:
        """Everything by its name in the form, without what is empty: `of` makes the same form of it again."""
        entries = dict(self.header)
        for category_id, rows in self.rows.items():
            for number, row in enumerate(rows):
                entries |= {f"{category_id}/{number}/{name}": value for name, value in row.items()}
        entries |= {f"left_out/{category_id}": reason for category_id, reason in self.left_out.items()}
        return {name: value for name, value in entries.items() if value}

    def raw(self) -> dict[str, Any]:
        """The nested input that the calculator reads. Names of factors become their ids."""
        raw: dict[str, Any] = {}
        for name, value in self.header.items():
            group, _, key = name.partition("/")
            if key:
                raw.setdefault(group, {})[key] = value
            else:
                raw[group] = value
        for category in self.calculator.categories:
            raw[category.id] = [_raw_row(category, row) for row in self.rows[category.id]]
        raw["left_out"] = dict(self.left_out)
        return raw

    def with_row_added(self, category_id: str) -> "CalculatorForm":
        category = self.calculator.category(category_id)
        present = list(self.rows[category_id]) or [empty_row(category)]
        most = min(category.max_rows, MOST_ROWS_ON_A_PAGE)
        return self.with_rows(category_id, [*present, empty_row(category)][:most])

    def with_row_removed(self, category_id: str, number: int) -> "CalculatorForm":
        return self.with_rows(category_id, [row for i, row in enumerate(self.rows[category_id]) if i != number])

    def with_entry(self, category_id: str, number: int, name: str, value: str) -> "CalculatorForm":
        rows = [{**row, name: value} if i == number else row for i, row in enumerate(self.rows[category_id])]
        return self.with_rows(category_id, rows)

    def with_rows(self, category_id: str, rows: Sequence[Row]) -> "CalculatorForm":
        return replace(self, rows={**self.rows, category_id: rows})


def _raw_row(category: Category, row: Row) -> dict[str, Any]:
    declared = {f.name: factor_id(f, row[f.name]) if f.kind is Kind.FACTOR else row[f.name] for f in category.fields}
    if takes_own_factor(category):
        prefix = f"{OWN_FACTOR}."
        stated = {f.name.removeprefix(prefix): row[f.name] for f in STATED_FACTOR if row[f.name].strip()}
        return {**declared, OWN_FACTOR: stated} if stated else declared
    return declared


def _stated(row_name: str, factor: Factor) -> Typed:
    return {
        f"{row_name}/{OWN_FACTOR}.value": plain(factor.value),
        f"{row_name}/{OWN_FACTOR}.unit": factor.unit,
        f"{row_name}/{OWN_FACTOR}.source": factor.source_title,
    }


def factor_id(field: Field, typed: str) -> str:
    """The id of the factor whose name was typed, in either language; what is no name stays as it is, to be refused."""
    return _ids_by_name(field).get(typed.strip(), typed)


@cache
def factors_for(field: Field) -> tuple[Factor, ...]:
    """The published factors that may be chosen in `field`."""
    published = factor_sets.load().matching(field.factor_prefix, field.factor_suffix)
    return tuple(factor for factor in published if field.accepts_factor(factor.id))


def chosen_factor(field: Field, typed: str) -> Factor | None:
    """The published factor that `typed` names; None for anything else."""
    named = factor_id(field, typed).strip()
    if not named or not field.accepts_factor(named) or named.startswith(OWN_PREFIX):
        return None
    try:
        return factor_sets.load().by_id(named)
    except FactorNotFound:
        return None


def factor_as_typed(field: Field, factor: Factor, words: CalculatorWords) -> str:
    """A factor's name where no other factor of the field has it, else its id: what reads back to the same factor."""
    name = words.factor(factor)
    return name if factor_id(field, name) == factor.id else factor.id


@cache
def _ids_by_name(field: Field) -> Mapping[str, str]:
    """Names that belong to one factor only; a name that several editions share does not say which is meant."""
    ids: dict[str, set[str]] = {}
    for factor in factors_for(field):
        for name in (factor.name_ja, factor.name_en):
            ids.setdefault(name.strip(), set()).add(factor.id)
    return {name: min(found) for name, found in ids.items() if name and len(found) == 1}


def as_typed(field: Field, value: str, words: CalculatorWords) -> str:
    """The words a visitor would type for a key; a text that is no key was typed by one and stays."""
    if field.kind is Kind.PLACE and value in _place_keys():
        return words.place(value)
    if field.kind is Kind.FACTOR and (factor := chosen_factor(field, value)):
        return factor_as_typed(field, factor, words)
    return value


@cache
def _place_keys() -> frozenset[str]:
    return frozenset(place.key for place in place_tables.load(factor_sets.CURRENT_EDITION).all())


def empty_row(category: Category) -> Row:
    return {field.name: "" for field in row_fields(category)}


def has_entry(category: Category, row: Row) -> bool:
    """Whether a row says something: a preselected choice alone does not."""
    return any(
        row[field.name].strip() and not (field.kind is Kind.CHOICE and row[field.name] == field.default)
        for field in row_fields(category)
    )
