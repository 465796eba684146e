"""Calculators are declared as data: categories, their fields, the questions that choose a method, and the methods.

A web form, an API schema and the documentation are generated from these declarations, and so is the decision path that a
result records. Names are stable keys; the words for people live where the pages are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from offset_calc.quantities import plain

if TYPE_CHECKING:
    from offset_calc.calculation import Row, Sheet
    from offset_calc.lines import Line

INCOMPLETE = ""  # target of a question that no method follows: the row does not say enough


class Kind(StrEnum):
    """How a field is read and shown."""

    DECIMAL = "decimal"
    INTEGER = "integer"
    CHOICE = "choice"
    PLACE = "place"
    FACTOR = "factor"
    TEXT = "text"


class Requirement(StrEnum):
    """Whether the guidance expects the category in every footprint of the type."""

    MUST = "must"
    SHOULD = "should"


class Grade(StrEnum):
    """Data quality of a line, the greater the worse: A measured or invoiced, B counted with a national factor, C modelled, D assumed."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


@dataclass(frozen=True, slots=True)
class Field:
    """One input.  `default` fills an empty field; with `basis` the default is an assumption that every result shows."""

    name: str
    kind: Kind
    unit: str = ""
    minimum: Decimal = Decimal(0)
    maximum: Decimal = Decimal(10) ** 9
    choices: tuple[str, ...] = ()
    default: str | None = None
    basis: str | None = None
    factor_prefix: str = ""
    factor_suffix: str = ""
    factor_except: str = ""
    required: bool = False

    def accepts_factor(self, factor_id: str) -> bool:
        """Whether a factor of this id may be chosen here; own factors always may."""
        if factor_id.startswith("own."):
            return True
        named = factor_id.startswith(self.factor_prefix) and factor_id.endswith(self.factor_suffix)
        return named and not (self.factor_except and self.factor_except in factor_id)

    def as_dict(self) -> dict[str, object]:
        """JSON form: only what the kind uses."""
        described: dict[str, object] = {"name": self.name, "kind": self.kind.value}
        if self.kind in {Kind.DECIMAL, Kind.INTEGER}:
            described |= {"unit": self.unit, "min": plain(self.minimum), "max": plain(self.maximum)}
        if self.kind is Kind.CHOICE:
            described["choices"] = list(self.choices)
        if self.required:
            described["required"] = True
        if self.kind is Kind.FACTOR:
            described |= {
                "factor_prefix": self.factor_prefix,
                "factor_suffix": self.factor_suffix,
                "factor_except": self.factor_except,
            }
        if self.default is not None:
            described |= {"default": self.default, "assumption": self.basis is not None}
        if self.basis:
            described["basis"] = self.basis
        return described


@dataclass(frozen=True, slots=True)
class Question:
    """A yes/no step: are all of `given` filled in (or one of `given_any`), and does every `equals` hold?

    `yes` and `no` name a method or a later question; INCOMPLETE means that the row cannot be computed.
    """

    id: str
    yes: str
    no: str = INCOMPLETE
    given: tuple[str, ...] = ()
    given_any: tuple[str, ...] = ()
    equals: Mapping[str, str] = field(default_factory=dict)

    def answer(self, row: Row) -> bool:
        """Answer for one row."""
        if not all(row.stated(name) for name in self.given):
            return False
        if self.given_any and not any(row.stated(name) for name in self.given_any):
            return False
        return all(row.get(name) == value for name, value in self.equals.items())

    def as_dict(self) -> dict[str, object]:
        """JSON form."""
        return {
            "id": self.id,
            "given": list(self.given),
            "given_any": list(self.given_any),
            "equals": dict(self.equals),
            "yes": self.yes,
            "no": self.no or None,
        }


@dataclass(frozen=True, slots=True)
class Method:
    """A documented way to compute one row.  needs: fields that must be filled; uses: fields it also looks at."""

    id: str
    needs: tuple[str, ...]
    build: Callable[[Row, Sheet], tuple[Line, ...]]
    grade: Grade
    uses: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """JSON form."""
        return {"id": self.id, "needs": list(self.needs), "uses": list(self.uses), "grade": self.grade.value}


@dataclass(frozen=True)
class Category:
    """One part of the boundary. Its input is a list of rows, each with the same fields; each row takes its own path."""

    id: str
    requirement: Requirement
    fields: tuple[Field, ...]
    questions: tuple[Question, ...]
    methods: tuple[Method, ...]
    not_counted: tuple[str, ...] = ()
    max_rows: int = 1000

    @cached_property
    def fields_by_name(self) -> dict[str, Field]:
        """The fields by name, in their order."""
        return {f.name: f for f in self.fields}

    @cached_property
    def default_texts(self) -> dict[str, str]:
        """The defaults of choices by field name."""
        return {f.name: f.default for f in self.fields if f.kind is Kind.CHOICE and f.default is not None}

    @cached_property
    def questions_by_id(self) -> dict[str, Question]:
        """The questions by id."""
        return {q.id: q for q in self.questions}

    @cached_property
    def methods_by_id(self) -> dict[str, Method]:
        """The methods by id."""
        return {m.id: m for m in self.methods}

    def as_dict(self) -> dict[str, object]:
        """JSON form, enough to draw the form and the flowchart."""
        return {
            "id": self.id,
            "requirement": self.requirement.value,
            "max_rows": self.max_rows,
            "fields": [f.as_dict() for f in self.fields],
            "questions": [q.as_dict() for q in self.questions],
            "methods": [m.as_dict() for m in self.methods],
            "not_counted": list(self.not_counted),
        }
