"""What offset_calc refuses, one class per rule. Each has a stable `code`; sentences for people are made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

Params = Mapping[str, object]


class OffsetCalcError(Exception):
    """Base of every refusal of this library; `code` is stable, `params` says what it was about."""

    code = "offset_calc_error"

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message)
        self.params: Params = MappingProxyType(params)


class QuantityRefused(OffsetCalcError):
    """A text is not a quantity we accept. `reason` is one of the codes listed in README.md."""

    code = "quantity_refused"

    def __init__(self, reason: str, **params: object) -> None:
        super().__init__(f"not an acceptable quantity: {reason}", reason=reason, **params)
        self.reason = reason


class UnitMismatch(OffsetCalcError):
    """A quantity was given in a unit that the factor cannot be multiplied with (kilograms for kilowatt-hours)."""

    code = "unit_mismatch"

    def __init__(self, given: str, expected: str) -> None:
        super().__init__(f"{given} cannot be converted to {expected}", given=given, expected=expected)


class FactorNotFound(OffsetCalcError):
    """No factor fits. Never answered with zero: a missing factor must not make a footprint smaller."""

    code = "factor_not_found"

    def __init__(self, wanted: str, *, region: str | None = None, on: date | None = None) -> None:
        where = f" for {region}" if region else ""
        when = f" on {on.isoformat()}" if on else ""
        super().__init__(f"no factor {wanted}{where}{when}", wanted=wanted, region=region, on=on and on.isoformat())


class FactorRefused(OffsetCalcError):
    """A factor row breaks a rule of the table format (unit, value, source missing, …)."""

    code = "factor_refused"

    def __init__(self, factor_id: str, column: str, reason: str) -> None:
        super().__init__(f"factor {factor_id!r}: {column} {reason}", id=factor_id, column=column, reason=reason)


class EditionUnknown(OffsetCalcError):
    """The named edition of the factor set is not shipped with this version."""

    code = "edition_unknown"

    def __init__(self, edition: str) -> None:
        super().__init__(f"factor-set edition {edition!r} is not shipped here", edition=edition)


class FactorTableDamaged(OffsetCalcError):
    """A shipped data file does not have the hash that its edition names."""

    code = "factor_table_damaged"

    def __init__(self, table: str) -> None:
        super().__init__(f"data file {table!r} differs from the hash in its edition", table=table)


class PlaceUnknown(OffsetCalcError):
    """The place table has no place of that name."""

    code = "place_unknown"

    def __init__(self, given: str) -> None:
        super().__init__(f"no place {given!r} in the table", given=given)


class PlaceAmbiguous(OffsetCalcError):
    """Several places carry that name; `choices` are their keys and names, to ask which is meant."""

    code = "place_ambiguous"

    def __init__(self, given: str, choices: tuple[dict[str, str], ...]) -> None:
        super().__init__(f"{given!r} can mean {len(choices)} places", given=given, choices=choices)


class DocumentInvalid(OffsetCalcError):
    """A stored footprint document does not have the shape of its format."""

    code = "document_invalid"

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(f"footprint document: {pointer or '/'} {reason}", pointer=pointer, reason=reason)


class ReplayDiffers(OffsetCalcError):
    """Recomputing a stored footprint gave something else than the document says."""

    code = "replay_differs"

    def __init__(self, pointer: str, stored: object, recomputed: object) -> None:
        super().__init__(
            f"replay differs at {pointer}: stored {stored!r}, recomputed {recomputed!r}",
            pointer=pointer,
            stored=stored,
            recomputed=recomputed,
        )


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing wrong with one input: JSON pointer into the raw input, stable code, facts for the sentence."""

    pointer: str
    code: str
    params: Params = field(default_factory=dict)


class InputsRefused(OffsetCalcError):
    """The inputs cannot be calculated; `problems` names every field that has to be mended, in input order."""

    code = "inputs_refused"

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        listed = "; ".join(f"{p.pointer or '/'} {p.code}" for p in problems)
        super().__init__(f"inputs refused: {listed}")
        self.problems = problems
