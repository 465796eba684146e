"""What may be said about a purchase: the facts of an order or a certificate, put before the rules of claims."""

from collections.abc import Iterable
from datetime import date

from certificates.claims.judge import Audience, ClaimFacts, CreditFacts, CreditUse, Judgement, judge
from certificates.statement import OffsetType, Statement
from marketplace.projects.eligibility import Purpose, uses_for
from marketplace.projects.kinds import CreditKind


def judge_purchase(
    *,
    type: OffsetType,  # noqa: A002 - the statement's word
    on: date,
    covered_g: int,
    footprint_g: int | None,
    reduction_effort: str,
    kinds: Iterable[CreditKind],
    audience: Audience = Audience.GENERAL,
    on_badge: bool = False,
) -> Judgement:
    """On a day in Japan time. Whether every source was counted and a plan exists is not asked, so it counts as not so.

    Raises UsesNotKnown for a day before the table of uses begins.
    """
    return judge(
        ClaimFacts(
            type=type,
            on=on,
            covered_g=covered_g,
            footprint_g=footprint_g,
            reduction_effort=reduction_effort,
            credits=tuple(_credit(kind, on) for kind in kinds),
            audience=audience,
            on_badge=on_badge,
        )
    )


def judge_certificate(
    statement: Statement, *, on: date, audience: Audience = Audience.GENERAL, on_badge: bool = False
) -> Judgement:
    """As judge_purchase, from what was certified."""
    footprint_g = statement.footprint.total_g if statement.footprint else None
    return judge_purchase(
        type=statement.type,
        on=on,
        covered_g=statement.grams if footprint_g is None else min(statement.grams, footprint_g),
        footprint_g=footprint_g,
        reduction_effort=statement.reduction_effort,
        kinds=[CreditKind(cancellation.credit_kind) for cancellation in statement.cancellations],
        audience=audience,
        on_badge=on_badge,
    )


def _credit(kind: CreditKind, on: date) -> CreditFacts:
    uses = {use.purpose: CreditUse(use.usability.value) for use in uses_for(kind, on)}
    return CreditFacts(for_offset=uses[Purpose.VOLUNTARY_OFFSET], for_neutrality=uses[Purpose.CARBON_NEUTRAL_CLAIM])
