"""On which terms a provider offers a holding: price, smallest amount, permitted uses, from when until when."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import JsonValue
from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.audit import second_person
from marketplace.audit import service as audit
from marketplace.audit.models import Proposal
from marketplace.audit.second_person import ProposalNotOpen
from marketplace.clock import Clock
from marketplace.database.dialect import is_postgres
from marketplace.database.transactions import run_tx
from marketplace.errors import ListingNotFound
from marketplace.ids import new_id
from marketplace.inventory import service as inventory
from marketplace.inventory.models import Holding
from marketplace.listings.models import Listing
from marketplace.market import Market
from marketplace.projects.eligibility import Purpose
from marketplace.providers.errors import HoldingNotFound, ListedAlready, TermsRefused

CHANGE = "listing.change"
HIGHEST_YEN_PER_TONNE = 10_000_000


@dataclass(frozen=True, slots=True)
class TermsOfSale:
    """`yen_per_tonne` net of consumption tax. `uses` None: all. The days are Japan time, both included, None without limit.

    Raises TermsRefused.
    """

    yen_per_tonne: int
    minimum_tonnes: int = 1
    uses: frozenset[Purpose] | None = None
    opens_on: date | None = None
    closes_on: date | None = None

    def __post_init__(self) -> None:
        if not 0 < self.yen_per_tonne <= HIGHEST_YEN_PER_TONNE:
            raise TermsRefused("not a price", field="yen_per_tonne", rule="price_range", most=HIGHEST_YEN_PER_TONNE)
        if self.minimum_tonnes < 1:
            raise TermsRefused("not an amount", field="minimum_tonnes", rule="minimum_range")
        if self.uses is not None and not self.uses:
            raise TermsRefused("sold for nothing", field="uses", rule="no_use")
        if self.opens_on and self.closes_on and self.closes_on < self.opens_on:
            raise TermsRefused("ends before it begins", field="closes_on", rule="ends_before_it_begins")

    @classmethod
    def of(cls, listing: Listing) -> "TermsOfSale":
        uses = None if listing.uses is None else frozenset(Purpose(code) for code in json.loads(listing.uses))
        return cls(listing.yen_per_tonne, listing.minimum_tonnes, uses, listing.opens_on, listing.closes_on)

    @classmethod
    def said(cls, said: Mapping[str, Any]) -> "TermsOfSale":
        """From what a proposal keeps."""
        days = {name: date.fromisoformat(said[name]) if said[name] else None for name in ("opens_on", "closes_on")}
        uses = None if said["uses"] is None else frozenset(Purpose(code) for code in said["uses"].split(","))
        return cls(said["yen_per_tonne"], said["minimum_tonnes"], uses, days["opens_on"], days["closes_on"])

    def columns(self) -> dict[str, Any]:
        return {
            "yen_per_tonne": self.yen_per_tonne,
            "minimum_tonnes": self.minimum_tonnes,
            "uses": None if self.uses is None else json.dumps(sorted(self.uses)),
            "opens_on": self.opens_on,
            "closes_on": self.closes_on,
        }


async def offer(actor: Actor, holding_id: str, terms: TermsOfSale, *, clock: Clock) -> Listing:
    """Put what is free of a holding on sale. Raises HoldingNotFound, ListedAlready, TermsRefused."""

    async def work(tx: BaseDBAsyncClient) -> Listing:
        holding = await _own_holding(tx, actor, holding_id)
        if listed := await Listing.get_or_none(holding_id=holding_id, open=True):
            raise ListedAlready("the holding is on sale", listing_id=listed.id)
        await _refuse_unsellable(holding.id, terms)
        listing = await Listing.create(id=new_id("lst", clock()), holding_id=holding_id, open=True, **terms.columns())
        await audit.record(tx, actor, "listing.opened", listing.id, None, _said(terms), at=clock())
        return listing

    return await run_tx(work)


async def change(market: Market, actor: Actor, listing_id: str, terms: TermsOfSale) -> bool:
    """New terms for whoever asks from now on; quotes keep the price they were given.

    A price that moves by more than the operator's limit is only proposed, and False comes back: it counts once a second person of
    the provider has approved. Raises ListingNotFound, TermsRefused, AlreadyProposed.
    """

    async def work(tx: BaseDBAsyncClient) -> bool:
        listing = await own_listing(actor, listing_id)
        await _refuse_unsellable(listing.holding_id, terms)
        if _is_large(listing.yen_per_tonne, terms.yen_per_tonne, market.terms.price_alone_percent):
            why = f"{listing.yen_per_tonne} to {terms.yen_per_tonne} yen per tonne"
            await second_person.propose(tx, actor, CHANGE, listing.id, why, _said(terms), at=market.clock())
            return False
        await _put_in_force(tx, actor, listing, terms, at=market.clock())
        return True

    return await run_tx(work)


async def approve(market: Market, actor: Actor, listing_id: str, proposal_id: str) -> None:
    """By a second person of the same provider. Raises ListingNotFound, SecondPersonNeeded, ProposalNotOpen, TermsRefused."""

    async def work(tx: BaseDBAsyncClient) -> None:
        listing = await own_listing(actor, listing_id)
        proposal = await second_person.approve(tx, actor, proposal_id, act=CHANGE, at=market.clock())
        if proposal.subject != listing.id:
            raise ProposalNotOpen("it is about another listing")
        terms = TermsOfSale.said(json.loads(proposal.detail))
        await _refuse_unsellable(listing.holding_id, terms)
        await _put_in_force(tx, actor, listing, terms, at=market.clock())

    await run_tx(work)


async def refuse(market: Market, actor: Actor, listing_id: str, proposal_id: str, reason: str) -> None:
    """By anybody of the same provider, the proposer too. Raises ListingNotFound, ReasonMissing, ProposalNotOpen."""

    async def work(tx: BaseDBAsyncClient) -> None:
        listing = await own_listing(actor, listing_id)
        proposal = await second_person.refuse(tx, actor, proposal_id, reason, act=CHANGE, at=market.clock())
        if proposal.subject != listing.id:
            raise ProposalNotOpen("it is about another listing")

    await run_tx(work)


async def proposed(listing_id: str, *, now: datetime) -> Proposal | None:
    """The change of this listing that waits for a second person."""
    return next((one for one in await second_person.waiting(CHANGE, now=now) if one.subject == listing_id), None)


def _is_large(old_yen: int, new_yen: int, percent: int) -> bool:
    return abs(new_yen - old_yen) * 100 > old_yen * percent


async def _put_in_force(
    tx: BaseDBAsyncClient, actor: Actor, listing: Listing, terms: TermsOfSale, *, at: datetime
) -> None:
    before = TermsOfSale.of(listing)
    await Listing.filter(id=listing.id).update(**terms.columns())
    detail: Mapping[str, JsonValue] = {"from": dict(_said(before)), "to": dict(_said(terms))}
    await audit.record(tx, actor, "listing.changed", listing.id, None, detail, at=at)


async def close(actor: Actor, listing_id: str, *, clock: Clock) -> None:
    """Stop selling. Quotes that hold units keep them. Raises ListingNotFound."""

    async def work(tx: BaseDBAsyncClient) -> None:
        listing = await own_listing(actor, listing_id)
        if await Listing.filter(id=listing.id, open=True).update(open=False):
            await audit.record(tx, actor, "listing.closed", listing.id, None, {}, at=clock())

    await run_tx(work)


async def withdraw(actor: Actor, holding_id: str, tonnes: int, *, clock: Clock) -> None:
    """Take free tonnes off sale for good or for a while. Raises HoldingNotFound, NotEnoughUnits."""

    async def work(tx: BaseDBAsyncClient) -> None:
        await _own_holding(tx, actor, holding_id)
        await inventory.withdraw(tx, holding_id, tonnes, now=clock())
        await audit.record(tx, actor, "holding.withdrawn", holding_id, None, {"tonnes": tonnes}, at=clock())

    await run_tx(work)


async def put_back(actor: Actor, holding_id: str, *, clock: Clock) -> int:
    """Offer again what was withdrawn; returns tonnes. Raises HoldingNotFound."""

    async def work(tx: BaseDBAsyncClient) -> int:
        await _own_holding(tx, actor, holding_id)
        tonnes = await inventory.put_back(tx, holding_id)
        if tonnes:
            await audit.record(tx, actor, "holding.put_back", holding_id, None, {"tonnes": tonnes}, at=clock())
        return tonnes

    return await run_tx(work)


async def own_listing(actor: Actor, listing_id: str) -> Listing:
    """Raises ListingNotFound, also for another provider's listing."""
    listing = await Listing.get_or_none(id=listing_id).prefetch_related("holding__block", "holding__account")
    if listing is None or listing.holding.account.provider_id != actor.provider_id:
        raise ListingNotFound(f"no listing {listing_id}", listing_id=listing_id)
    return listing


async def own_holding(actor: Actor, holding_id: str) -> Holding:
    """Raises HoldingNotFound, also for another provider's holding."""
    holding = await Holding.get_or_none(id=holding_id).prefetch_related("block", "account__provider")
    if holding is None or holding.account.provider_id != actor.provider_id:
        raise HoldingNotFound(f"no holding {holding_id}", holding_id=holding_id)
    return holding


async def _own_holding(tx: BaseDBAsyncClient, actor: Actor, holding_id: str) -> Holding:
    # two people of one provider who list the same holding at the same moment queue here
    if is_postgres(tx):
        await tx.execute_query_dict("SELECT id FROM holding WHERE id = $1 FOR UPDATE", [holding_id])
    return await own_holding(actor, holding_id)


async def _refuse_unsellable(holding_id: str, terms: TermsOfSale) -> None:
    free = await inventory.free_tonnes(holding_id)
    if terms.minimum_tonnes > free:
        raise TermsRefused("more than there is", field="minimum_tonnes", rule="minimum_above_stock", most=free)


def _said(terms: TermsOfSale) -> Mapping[str, JsonValue]:
    return {
        "yen_per_tonne": terms.yen_per_tonne,
        "minimum_tonnes": terms.minimum_tonnes,
        "uses": None if terms.uses is None else ",".join(sorted(terms.uses)),
        "opens_on": terms.opens_on.isoformat() if terms.opens_on else None,
        "closes_on": terms.closes_on.isoformat() if terms.closes_on else None,
    }
