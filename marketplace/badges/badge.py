"""A badge before it is drawn, and what the rules of claims make of its wording."""

from dataclasses import dataclass

from certificates.badges.facts import BadgeFacts, Wording
from certificates.claims import judge
from certificates.claims.judge import Audience, Judgement
from marketplace.errors import MarketplaceError
from marketplace.products.states import SalesMarket


class BadgeNotOffered(MarketplaceError):
    """Nobody may claim what this certificate states, so it has no badge; params: number."""

    code = "badge_not_offered"


@dataclass(frozen=True, slots=True)
class Badge:
    """`path` is where a click on it leads; `judgement` says why it does not say more."""

    facts: BadgeFacts
    path: str
    judgement: Judgement


def audience_of(*markets: SalesMarket | None) -> Audience:
    """The strictest of where the product is sold and where the badge is shown: a page cannot widen what may be said."""
    return Audience.EU_CONSUMERS if SalesMarket.EU in markets else Audience.GENERAL


def wording_for(judgement: Judgement) -> Wording:
    """What is not allowed as an offset is shown as a contribution, which speaks of the money and of no product."""
    offset = judgement.best in {judge.Wording.OFFSET_FULL, judge.Wording.OFFSET_PARTIAL}
    return Wording.OFFSET if offset else Wording.CONTRIBUTION
