"""The words for what a product is, where it is sold, and how its cover stands."""

from enum import StrEnum


class ProductState(StrEnum):
    ACTIVE = "active"
    ENDED = "ended"


class SalesMarket(StrEnum):
    """Where a product is sold, because what may be said of it depends on that."""

    JP = "jp"
    EU = "eu"
    OTHER = "other"


class EntryKind(StrEnum):
    """Cover enters with a certificate and leaves when that is revoked; sales take from it, returns give back."""

    COVERED = "covered"
    UNCOVERED = "uncovered"
    SOLD = "sold"
    RETURNED = "returned"


class CoverOrigin(StrEnum):
    """Bought by hand for many units, by a rule of the owner's, or by a program for one order of its own."""

    BULK = "bulk"
    RULE = "rule"
    ORDER = "order"


class CoverageState(StrEnum):
    """How a product stands on a day, the gravest first; only COVERED and PARTLY_COVERED are good news.

    PARTLY_COVERED: every unit sold has the part of its footprint covered that was promised, which is not all of it.
    NOT_COVERED: nothing has been covered yet.
    """

    ENDED = "ended"
    REVOKED = "revoked"
    PERIOD_OVER = "period_over"
    OVERSOLD = "oversold"
    NOT_COVERED = "not_covered"
    PARTLY_COVERED = "partly_covered"
    COVERED = "covered"


class TopUpState(StrEnum):
    """A purchase by rule: noticed, its money within the limit, ordered; or dropped with a reason."""

    WANTED = "wanted"
    RESERVED = "reserved"
    ORDERED = "ordered"
    DROPPED = "dropped"
