"""Reading a stored footprint document back, without trusting it: the shape is checked, the sums are not yet (see replay)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from offset_calc.errors import DocumentInvalid, FactorRefused
from offset_calc.factors import Factor
from offset_calc.footprint import FORMAT, Excluded, Footprint, Period
from offset_calc.lines import DIV, MUL, SOURCES, Derivation, Line, Step, Term
from offset_calc.quantities import Rounding
from offset_calc.tables import PLAIN_DECIMAL

T = TypeVar("T")
_LONGEST_NUMBER = 200


def from_dict(document: Mapping[str, Any]) -> Footprint:
    """Rebuild a Footprint from to_dict() or from its JSON.

    The grams are those that the document states.  Raises: DocumentInvalid naming the place and the reason.
    """
    root = _Node(document, "")
    if root.text("format") != FORMAT:
        raise DocumentInvalid("/format", f"is not {FORMAT}")
    factors = {f.id: f for f in root.each("factors", _factor)}
    period = root.child("period")
    factor_set = root.child("factor_set")
    footprint = Footprint(
        type=root.text("type"),
        version=root.whole("version"),
        subject={key: str(value) for key, value in root.child("subject").mapping.items()},
        period=Period(period.day("start"), period.day("end")),
        inputs=root.child("inputs").mapping,
        lines=root.each("lines", lambda node: _line(node, factors)),
        excluded=root.each("excluded", lambda n: Excluded(n.text("category"), n.text("requirement"), n.text("reason"))),
        not_counted=tuple(root.texts("not_counted")),
        edition=factor_set.text("edition"),
        factor_set_sha256=factor_set.text("sha256"),
        rounding=_rounding(root),
        own_factors=root.each("own_factors", _factor),
    )
    if root.whole("total_g") != footprint.total.value:
        raise DocumentInvalid("/total_g", "is not the sum of the lines")
    return footprint


class _Node:
    """One object of the document, with its JSON pointer for messages."""

    def __init__(self, value: object, pointer: str) -> None:
        if not isinstance(value, Mapping):
            raise DocumentInvalid(pointer, "is not an object")
        self.mapping: Mapping[str, Any] = value
        self.pointer = pointer

    def _get(self, key: str, kind: type[T]) -> T:
        value = self.mapping.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise DocumentInvalid(f"{self.pointer}/{key}", f"is not {kind.__name__}")
        return value

    def text(self, key: str) -> str:
        return self._get(key, str)

    def whole(self, key: str) -> int:
        return self._get(key, int)

    def child(self, key: str) -> _Node:
        return _Node(self.mapping.get(key), f"{self.pointer}/{key}")

    def items(self, key: str) -> list[Any]:
        return self._get(key, list)

    def texts(self, key: str) -> list[str]:
        values = self.items(key)
        if not all(isinstance(value, str) for value in values):
            raise DocumentInvalid(f"{self.pointer}/{key}", "is not a list of texts")
        return values

    def each(self, key: str, read: Callable[[_Node], T]) -> tuple[T, ...]:
        pointer = f"{self.pointer}/{key}"
        return tuple(read(_Node(value, f"{pointer}/{index}")) for index, value in enumerate(self.items(key)))

    def number(self, key: str) -> Decimal:
        text = self.text(key)
        if len(text) > _LONGEST_NUMBER or not PLAIN_DECIMAL.fullmatch(text):
            raise DocumentInvalid(f"{self.pointer}/{key}", "is not a plain decimal number")
        return Decimal(text)

    def day(self, key: str) -> date:
        text = self.text(key)
        try:
            return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else _no_day(self.pointer, key)
        except ValueError:
            return _no_day(self.pointer, key)


def _no_day(pointer: str, key: str) -> date:
    raise DocumentInvalid(f"{pointer}/{key}", "is not a day")


def _rounding(root: _Node) -> Rounding:
    try:
        return Rounding(root.text("rounding"))
    except ValueError:
        raise DocumentInvalid("/rounding", "is unknown") from None


def _factor(node: _Node) -> Factor:
    try:
        return Factor.from_row({key: str(value) for key, value in node.mapping.items()})
    except FactorRefused as refused:
        raise DocumentInvalid(node.pointer, f"{refused.params['column']} {refused.params['reason']}") from None


def _line(node: _Node, factors: Mapping[str, Factor]) -> Line:
    ids = node.texts("factor_ids")
    missing = [factor_id for factor_id in ids if factor_id not in factors]
    if missing or not ids:
        raise DocumentInvalid(f"{node.pointer}/factor_ids", "names a factor that is not in the document")
    grams = node.whole("grams")
    if grams < 0:
        raise DocumentInvalid(f"{node.pointer}/grams", "is negative")
    return Line(
        category=node.text("category"),
        row=node.whole("row"),
        activity=node.text("activity"),
        method=node.text("method"),
        path=node.each("path", lambda step: Step(step.text("question"), step.text("answer") == "yes")),
        terms=node.each("terms", _term),
        factors=tuple(factors[factor_id] for factor_id in ids),
        g=grams,
        grade=node.text("grade"),
        vintage=node.text("vintage"),
        unused=tuple(node.texts("unused")),
    )


def _term(node: _Node) -> Term:
    op, source, value = node.text("op"), node.text("source"), node.number("value")
    if op not in (MUL, DIV) or source not in SOURCES or value < 0 or (op == DIV and value == 0):
        raise DocumentInvalid(node.pointer, "is not a term")
    derivation = None
    if "derivation" in node.mapping:
        described = node.child("derivation")
        inputs = described.child("inputs").mapping
        derivation = Derivation(described.text("rule"), tuple((key, str(value)) for key, value in inputs.items()))
    note = node.text("note") if "note" in node.mapping else ""
    return Term(op, node.text("name"), value, node.text("unit"), source, note, derivation)
