"""Who pays which grams of an attendee's travel, and what that costs now. Nothing is held by asking."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from marketplace.clock import japan_date
from marketplace.ledger.balance import balance_of
from marketplace.listings.offers import Offer
from marketplace.market import Market
from marketplace.orders.service import SMALLEST_PAYMENT_YEN
from marketplace.participation.models import EventPage
from marketplace.projects.catalogue import Project
from marketplace.quotes.mix import Mix, offers_for, spread
from marketplace.quotes.service import WishedLine
from marketplace.quotes.writing import PricedLine, price_of

CHEAPEST = Mix()


class Without(StrEnum):
    """Why the organiser pays nothing although the page says it does."""

    CAP = "cap"
    BALANCE = "balance"
    OWN_WISH = "own_wish"


@dataclass(frozen=True, slots=True)
class Part:
    """Grams, whose they are, and what they cost in yen, fee and tax included. `registries` are codes."""

    grams: int = 0
    yen: int = 0
    lines: tuple[WishedLine, ...] = ()
    projects: tuple[Project, ...] = ()
    registries: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Shares:
    """`without` is None unless the organiser should pay and does not."""

    attendee: Part
    organiser: Part
    without: Without | None

    @property
    def projects(self) -> tuple[Project, ...]:
        by_key = {project.key: project for project in (*self.attendee.projects, *self.organiser.projects)}
        return tuple(by_key.values())

    @property
    def registries(self) -> list[str]:
        return sorted(self.attendee.registries | self.organiser.registries)

    @property
    def whole_tonnes(self) -> bool:
        """Whether anything is cancelled for this attendee alone, beside grams of pools."""
        return any(line.tonnes for line in (*self.attendee.lines, *self.organiser.lines))


async def shares_of(market: Market, page: EventPage, grams: int, *, alone: bool = False) -> Shares:
    """The two parts of `grams`; the organiser's is its whole share or nothing. `alone`: the attendee wants to pay all of it.

    What an attendee pays is at least the smallest payment by card: below it the attendee covers some more, so that the
    parts may add up to more than `grams`. Raises MixNotAvailable.
    """
    prices = Prices(market, await offers_for(CHEAPEST, on=japan_date(market.clock())))
    organiser_g = 0 if alone else grams * page.organiser_percent // 100
    attendee = prices.payable_by_card(grams - organiser_g)
    organiser = prices.part(min(organiser_g, max(0, grams - attendee.grams)))
    without = Without.OWN_WISH if alone and page.organiser_percent else None
    if organiser.yen > page.left_yen:
        without = Without.CAP
    elif organiser.yen and organiser.yen > await balance_of(page.organisation_id):
        without = Without.BALANCE
    if without in {Without.CAP, Without.BALANCE}:
        attendee, organiser = prices.payable_by_card(grams), Part()
    return Shares(attendee, organiser, without)


class Prices:
    """What grams cost by the cheapest `offers`."""

    def __init__(self, market: Market, offers: Sequence[Offer]) -> None:
        self._terms, self._offers = market.terms, offers

    def part(self, grams: int) -> Part:
        """Raises MixNotAvailable."""
        if not grams:
            return Part()
        spread_out = spread(CHEAPEST, self._offers, grams, self._terms.pools)
        priced = [PricedLine(offer.listing, line.tonnes, line.pool_g) for offer, line in spread_out]
        return Part(
            grams=grams,
            yen=price_of(priced, fee_basis_points=self._terms.fee_basis_points).total_yen,
            lines=tuple(line for _, line in spread_out),
            projects=tuple(offer.project for offer, _ in spread_out),
            registries=frozenset(offer.block.registry for offer, _ in spread_out),
        )

    def payable_by_card(self, grams: int) -> Part:
        """`grams`, or the fewest above it that cost the smallest payment; nothing stays nothing. Raises MixNotAvailable."""
        part = self.part(grams)
        if not grams or part.yen >= SMALLEST_PAYMENT_YEN:
            return part
        low, high = grams, grams
        while self.part(high).yen < SMALLEST_PAYMENT_YEN:
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            if self.part(middle).yen < SMALLEST_PAYMENT_YEN:
                low = middle
            else:
                high = middle
        return self.part(high)
