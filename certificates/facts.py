"""What the market hands over to have a certificate issued: the statement without what only issuing can add."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from certificates.statement import (
    GRAMS_PER_TONNE,
    Cancellation,
    DisclosedField,
    Disclosures,
    Environment,
    FootprintSummary,
    OffsetType,
    Period,
    PoolShare,
    Statement,
)


class ShareTooLarge(ValueError):
    """A certificate takes at least one gram and at most all grams of a cancellation."""

    code = "share_too_large"

    def __init__(self, share: "Share") -> None:
        super().__init__(
            f"{share.grams} g of {share.cancellation.our_reference}, which has {share.cancellation.tonnes} t in all"
        )


@dataclass(frozen=True, slots=True)
class Share:
    """The part of one confirmed cancellation that goes into one certificate, in grams of CO2e."""

    cancellation: Cancellation
    grams: int

    def __post_init__(self) -> None:
        if not 0 < self.grams <= self.cancellation.tonnes * GRAMS_PER_TONNE:
            raise ShareTooLarge(self)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Grams taken out of a pool certificate, whose statement `pool` is; its cancellations stand behind them. `texts` are those of
    its texts that were not erased."""

    pool: Statement
    grams: int
    texts: Disclosures = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.pool.pool:
            raise ValueError(f"{self.pool.number} is not a pool certificate")
        if not 0 < self.grams <= self.pool.grams:
            raise ValueError(f"{self.grams} g of pool certificate {self.pool.number}, which has {self.pool.grams} g")

    def as_share(self) -> PoolShare:
        return PoolShare(parent=self.pool.number, statement_sha256=self.pool.sha256(), grams=self.grams)


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """`order_reference` names the purchase for ever: the same one never gets a second certificate.

    `shares` are cancelled for this certificate, `drawn` comes out of pool certificates; `pool` makes it one of these.
    `texts` are names and wordings that may point at a person; the statement only commits to them.
    """

    order_reference: str
    environment: Environment
    type: OffsetType
    period: Period
    shares: tuple[Share, ...]
    reduction_effort: str
    footprint: FootprintSummary | None = None
    third_party_check: str | None = None
    texts: Mapping[DisclosedField, str] = field(default_factory=dict)
    drawn: tuple[Drawn, ...] = ()
    pool: bool = False
    contact: str | None = None
    adds_to: str | None = None

    @property
    def grams(self) -> int:
        return sum(share.grams for share in self.shares) + sum(one.grams for one in self.drawn)

    @property
    def cancellations(self) -> tuple[Cancellation, ...]:
        """Own ones first, then those behind the pools."""
        own = tuple(share.cancellation for share in self.shares)
        return own + tuple(cancellation for one in self.drawn for cancellation in one.pool.cancellations)

    def statement(
        self, *, number: str, issued_at: datetime, disclosures: Disclosures, replaces: str | None = None
    ) -> Statement:
        return Statement(
            version=self._version,
            environment=self.environment,
            number=number,
            type=self.type,
            period=self.period,
            issued_at=issued_at,
            grams=self.grams,
            cancellations=self.cancellations,
            footprint=self.footprint,
            reduction_effort=self.reduction_effort,
            third_party_check=self.third_party_check,
            commitments={name: text.commitment(name) for name, text in disclosures.items()},
            replaces=replaces,
            pool=True if self.pool else None,
            from_pool=tuple(one.as_share() for one in self.drawn) or None,
            contact=self.contact,
            adds_to=self.adds_to,
        )

    @property
    def _version(self) -> Literal[1, 2, 3, 4]:
        """The lowest that can say it, so that the same facts always make the same statement."""
        if self.adds_to is not None:
            return 4
        if self.contact is not None or any(one.needs_version_3 for one in self.cancellations):
            return 3
        return 2 if self.pool or self.drawn else 1

    def say_the_same_as(self, statement: Statement, disclosures: Disclosures) -> bool:
        """Whether an issued statement and the texts that are left of it were made from these facts."""
        rebuilt = self.statement(
            number=statement.number,
            issued_at=statement.issued_at,
            disclosures={},
            replaces=statement.replaces,
        )
        same_texts = all(self.texts.get(name) == text.value for name, text in disclosures.items())
        same_fields = statement.commitments.keys() == self.texts.keys()
        return rebuilt == statement.model_copy(update={"commitments": {}}) and same_texts and same_fields
