"""From what a person or a program sent (a nested mapping of texts and numbers) to parsed rows, or a list of problems."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from offset_calc.calculation import Row, Value
from offset_calc.declarations import Category, Field, Kind
from offset_calc.errors import FactorNotFound, FieldProblem, PlaceAmbiguous, PlaceUnknown, QuantityRefused
from offset_calc.factors import FactorSet
from offset_calc.places import Place, PlaceTable
from offset_calc.quantities import plain, read_decimal, read_integer

_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_LONGEST_NAME = 200


@dataclass
class Problems:
    """Collects everything that is wrong, so that a form can show all of it at once."""

    found: list[FieldProblem] = field(default_factory=list)

    def add(self, pointer: str, code: str, **params: object) -> None:
        """Note one problem."""
        self.found.append(FieldProblem(pointer, code, params))


def is_blank(given: object) -> bool:
    """Nothing was entered: absent, null, or only white space (full-width too)."""
    return given is None or (isinstance(given, str) and not given.strip())


class RowReader:
    """Reads the rows of categories with one factor set and one place table."""

    def __init__(self, factors: FactorSet, places: PlaceTable, problems: Problems) -> None:
        self._factors = factors
        self._places = places
        self._problems = problems

    def rows(self, category: Category, given: object) -> tuple[Row, ...]:
        """Read a list of rows; blank rows are passed over and keep their number, so that pointers fit the form."""
        pointer = f"/{category.id}"
        if is_blank(given):
            return ()
        given = as_list(given)
        if not isinstance(given, list | tuple):
            self._problems.add(pointer, "not_a_list")
            return ()
        if len(given) > category.max_rows:
            self._problems.add(pointer, "too_many_rows", most=category.max_rows)
            return ()
        read: list[Row] = []
        for index, raw in enumerate(given):
            if isinstance(raw, Mapping):
                row = self._row(category, index, raw, f"{pointer}/{index}")
                if row is not None:
                    read.append(row)
            elif not is_blank(raw):
                self._problems.add(f"{pointer}/{index}", "not_an_object")
        return tuple(read)

    def _row(self, category: Category, index: int, raw: Mapping[str, Any], pointer: str) -> Row | None:
        fields = category.fields_by_name
        for name in raw:
            if name not in fields:
                self._problems.add(f"{pointer}/{_escaped(str(name))}", "unknown_field")
        filled = {name: raw[name] for name in fields if name in raw and not is_blank(raw[name])}
        # A form sends its preselected choices with every empty row: they alone do not make a row.
        if all(fields[name].kind is Kind.CHOICE and fields[name].default == raw[name] for name in filled):
            return None
        values: dict[str, Value] = {}
        for name, text in filled.items():
            value = self.value(fields[name], text, f"{pointer}/{name}")
            if value is not None:
                values[name] = value
        return Row(category, index, values)

    def value(self, declared: Field, given: object, pointer: str) -> Value | None:
        """Read one field; a problem is noted and None returned when it cannot be read."""
        try:
            match declared.kind:
                case Kind.DECIMAL:
                    read: Value | None = read_decimal(given, minimum=declared.minimum, maximum=declared.maximum)
                case Kind.INTEGER:
                    read = Decimal(read_integer(given, minimum=declared.minimum, maximum=declared.maximum))
                case Kind.CHOICE:
                    read = self._choice(declared, given, pointer)
                case Kind.PLACE:
                    read = self._places.find(str(given).strip())
                case Kind.FACTOR:
                    read = self._factor(declared, str(given).strip(), pointer)
                case Kind.TEXT:
                    read = clean_text(given, pointer, self._problems)
        except QuantityRefused as refused:
            params = {key: value for key, value in refused.params.items() if key != "reason"}
            self._problems.add(pointer, refused.reason, **params)
            return None
        except (PlaceUnknown, PlaceAmbiguous) as refused:
            self._problems.add(pointer, refused.code, **refused.params)
            return None
        return read

    def _choice(self, declared: Field, given: object, pointer: str) -> str | None:
        text = str(given).strip()
        if text in declared.choices:
            return text
        self._problems.add(pointer, "unknown_choice", choices=declared.choices)
        return None

    def _factor(self, declared: Field, factor_id: str, pointer: str) -> str | None:
        if declared.accepts_factor(factor_id):
            try:
                return self._factors.by_id(factor_id).id
            except FactorNotFound:
                pass
        self._problems.add(pointer, "unknown_factor", given=factor_id)
        return None


def read_name(given: object, pointer: str, problems: Problems) -> str:
    """A short text that must not be empty, such as the name of the event."""
    text = clean_text(given, pointer, problems)
    if not text:
        problems.add(pointer, "required")
    return text


def clean_text(given: object, pointer: str, problems: Problems) -> str:
    """A short text on one line; control and format characters are taken out."""
    text = "" if given is None else unicodedata.normalize("NFC", str(given)[: 10 * _LONGEST_NAME])
    text = "".join(c for c in text if unicodedata.category(c) not in {"Cc", "Cf"}).strip()
    if len(text) > _LONGEST_NAME:
        problems.add(pointer, "too_long", most=_LONGEST_NAME)
    return text


def read_date(given: object, pointer: str, problems: Problems) -> date | None:
    """A day written 2026-12-12, 2026/12/12 or 2026年12月12日, in digits of any width."""
    if is_blank(given):
        problems.add(pointer, "required")
        return None
    text = unicodedata.normalize("NFKC", str(given)).replace(" ", "")
    match = _DATE.fullmatch(text)
    try:
        if match:
            return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        pass  # the 31st of February: reported like any other text that is not a day
    problems.add(pointer, "not_a_date")
    return None


def as_text(value: Value) -> str:
    """A parsed value as the text that reads back to it."""
    if isinstance(value, Place):
        return value.key
    return plain(value) if isinstance(value, Decimal) else value


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Turn flat form names into the nested input: ("travel_staff.0.people", "3") → {"travel_staff": {"0": {"people": "3"}}}.

    Numbered mappings are accepted wherever a list of rows is. A name that is both a value and a group keeps the group.
    """
    nested: dict[str, Any] = {}
    for name, value in pairs:
        *groups, last = name.split(".")
        place = nested
        for group in groups:
            inner = place.get(group)
            if not isinstance(inner, dict):
                inner = place[group] = {}
            place = inner
        if not isinstance(place.get(last), dict):
            place[last] = value
    return nested


def as_list(given: object) -> object:
    """Rows keyed "0", "1", …, as a form sends them, as a list; gaps become blank rows.  Anything else stays as it is."""
    if not isinstance(given, Mapping):
        return given
    if not all(str(key).isascii() and str(key).isdigit() and len(str(key)) <= 5 for key in given):
        return [given]
    by_number = {int(key): row for key, row in given.items()}
    return [by_number.get(number) for number in range(max(by_number, default=-1) + 1)]


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
