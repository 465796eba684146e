"""What a bulk run gives back, and why one may be refused as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from offset_calc.errors import OffsetCalcError
from offset_calc.quantities import Grams


class BulkRefused(OffsetCalcError):
    """The file as a whole cannot be used; `reason`: columns_missing, unreadable, spreadsheet, encoding_unknown, unknown_group."""

    code = "bulk_refused"

    def __init__(self, reason: str, **params: object) -> None:
        super().__init__(f"bulk file refused: {reason}", reason=reason, **params)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Group:
    """Sum over the rows that share a key.  key: the grouping columns and their values, in the order asked for.

    quantity, first_day, last_day: of a detailed run; a sum of quantities means something where the groups have one unit.
    """

    key: Mapping[str, str]
    grams: Grams
    rows: int
    quantity: Decimal | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class BulkResult:
    """groups: sums of the accepted rows.  rejected: number of refused rows by reason; they stand in rejected_file.

    read_by_library: rows that the engine left to the library because they are not written plainly, refused ones included.
    """

    edition: str
    factor_set_sha256: str
    total: Grams
    rows: int
    groups: tuple[Group, ...]
    rejected: Mapping[str, int]
    read_by_library: int
    rejected_file: Path | None
