"""The badge of a certificate: what was cancelled, for which period, and whether it still stands."""

from certificates.badges.facts import BadgeFacts, BadgeKind, BadgeState
from certificates.claims import judge
from certificates.sheet import per_mille
from certificates.statement import DisclosedField, Environment, Statement
from marketplace.badges.badge import Badge, BadgeNotOffered, audience_of, wording_for
from marketplace.certification.claims import judge_certificate
from marketplace.certification.publication import Publication, published
from marketplace.clock import japan_date
from marketplace.market import Market
from marketplace.products.states import SalesMarket


async def badge_of_certificate(market: Market, number: str, *, shown_in: SalesMarket | None = None) -> Badge:
    """By number, however typed; a corrected certificate has the badge of the one that replaced it.

    Raises CertificateNotFound, also for an unlisted one: a badge is for everyone. Raises BadgeNotOffered for a pool's.
    """
    publication = await _newest(market, number)
    record = publication.record
    statement = record.statement
    if statement.pool:
        raise BadgeNotOffered("a pool certificate claims nothing itself", number=record.number)
    judgement = judge_certificate(
        statement, on=japan_date(market.clock()), audience=audience_of(shown_in), on_badge=True
    )
    subject = publication.disclosures.get(DisclosedField.SUBJECT)
    if record.ended is not None:
        state = BadgeState.REVOKED
    else:
        in_part = judgement.best is judge.Wording.OFFSET_PARTIAL
        state = BadgeState.PARTLY_COVERED if in_part else BadgeState.COVERED
    facts = BadgeFacts(
        kind=BadgeKind.CERTIFICATE,
        state=state,
        subject=subject.value if subject else record.number,
        covered_g=statement.grams,
        share_per_mille=_share(statement),
        period_first=statement.period.first,
        period_last=statement.period.last,
        number=record.number,
        mark_sha256=statement.sha256(),
        wording=wording_for(judgement),
        sandbox=record.environment is Environment.SANDBOX,
    )
    return Badge(facts, f"/c/{record.number}", judgement)


async def _newest(market: Market, number: str) -> Publication:
    publication = await published(market, number)
    while (ended := publication.record.ended) is not None and ended.replaced_by is not None:
        publication = await published(market, ended.replaced_by)
    return publication


def _share(statement: Statement) -> int:
    return per_mille(statement.grams, statement.footprint.total_g) if statement.footprint else 1000
