"""Replay: compute a stored footprint again, offline, and insist on the same gram."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from offset_calc import factors as factor_sets
from offset_calc.calculators import by_type
from offset_calc.documents import from_dict
from offset_calc.errors import DocumentInvalid, InputsRefused, ReplayDiffers
from offset_calc.footprint import Footprint


def replay(document: Mapping[str, Any]) -> Footprint:
    """Recompute the document twice over and return the footprint.

    First every line from its own terms, which needs nothing but arithmetic; then the whole footprint from its inputs with
    the edition of factors that it names.  Both must agree with the document in every particular, not only in the total.
    Raises: DocumentInvalid; EditionUnknown; ReplayDiffers at the first difference.
    """
    stored = from_dict(document)
    for index, line in enumerate(stored.lines):
        again = line.recomputed(stored.rounding)
        if again != line.grams:
            raise ReplayDiffers(f"/lines/{index}/grams", line.grams.value, again.value)
    calculator = by_type(stored.type)
    if calculator is None:
        raise DocumentInvalid("/type", "is not a calculator of this version")
    if calculator.version != stored.version:
        raise ReplayDiffers("/version", stored.version, calculator.version)
    factors = factor_sets.load(stored.edition).with_own(stored.own_factors)
    try:
        recomputed = calculator.calculate(calculator.read_inputs(stored.inputs, factors=factors), factors=factors)
    except InputsRefused as refused:
        raise DocumentInvalid(f"/inputs{refused.problems[0].pointer}", refused.problems[0].code) from refused
    _compare("", dict(document), recomputed.to_dict())
    return recomputed


def _compare(pointer: str, stored: object, recomputed: object) -> None:
    if isinstance(stored, Mapping) and isinstance(recomputed, Mapping):
        for key in {**stored, **recomputed}:
            _compare(f"{pointer}/{key}", stored.get(key), recomputed.get(key))
    elif isinstance(stored, list) and isinstance(recomputed, list) and len(stored) == len(recomputed):
        for index, (left, right) in enumerate(zip(stored, recomputed, strict=True)):
            _compare(f"{pointer}/{index}", left, right)
    elif stored != recomputed or type(stored) is not type(recomputed):
        raise ReplayDiffers(pointer, stored, recomputed)
