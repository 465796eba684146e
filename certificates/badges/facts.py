"""What a badge is drawn from: what is true now, of whom, in which of the two wordings that the claim check knows."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class BadgeKind(StrEnum):
    CERTIFICATE = "certificate"
    PRODUCT = "product"


class BadgeState(StrEnum):
    """What is true now. The first two concern certificates and products, the others what can become of them.

    `not_covered`: nothing stands behind it (yet). `ended`: its maker keeps it up no longer.
    """

    COVERED = "covered"
    PARTLY_COVERED = "partly_covered"
    OVERSOLD = "oversold"
    NOT_COVERED = "not_covered"
    PERIOD_OVER = "period_over"
    REVOKED = "revoked"
    ENDED = "ended"


class Wording(StrEnum):
    """`contribution` speaks of paying for projects and never of a product's emissions: for consumer pages in the EU."""

    OFFSET = "offset"
    CONTRIBUTION = "contribution"


class ShareOutOfRange(ValueError):
    """A share lies between 0 and 1000 thousandths; whoever rounds it rounds down."""

    code = "share_out_of_range"


@dataclass(frozen=True, slots=True)
class SoldUnits:
    """Functional units of a product: covered by certificates, and sold."""

    covered: int
    sold: int


@dataclass(frozen=True, slots=True)
class BadgeFacts:
    """`covered_g` in grams of CO2e; `share_per_mille` of the emissions that is covered; the period in days of Japan time.

    `number` is the certificate's or the product's public number, `mark_sha256` the hash that its mark is drawn from.
    A `sandbox` badge shows its state and that it is a test, but never an amount.
    """

    kind: BadgeKind
    state: BadgeState
    subject: str
    covered_g: int
    share_per_mille: int
    period_first: date
    period_last: date
    number: str
    mark_sha256: str
    units: SoldUnits | None = None
    wording: Wording = Wording.OFFSET
    sandbox: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.share_per_mille <= 1000:
            raise ShareOutOfRange(f"{self.share_per_mille} is not between 0 and 1000")

    @property
    def shown_state(self) -> BadgeState:
        """A contribution does not speak of a product's coverage, so nothing can be partly covered or sold beyond it."""
        if self.wording is Wording.CONTRIBUTION and self.state in ABOUT_COVERAGE:
            return BadgeState.COVERED
        return self.state


ABOUT_COVERAGE = (BadgeState.PARTLY_COVERED, BadgeState.OVERSOLD)
WITHOUT_AMOUNT = (BadgeState.NOT_COVERED, BadgeState.REVOKED, BadgeState.ENDED)
