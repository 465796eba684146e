"""Open an event page, change its cap, close it, and read it."""

import secrets
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.accounts.errors import NotAMember
from marketplace.audit import service as audit
from marketplace.database.transactions import run_tx
from marketplace.idempotency.service import NoteMade
from marketplace.ids import new_id
from marketplace.market import Market
from marketplace.orders.instruction import LongText, Text
from marketplace.participation.errors import CapBelowCommitted, EventPageNotFound
from marketplace.participation.models import EventPage, PageState, Payer

# Read aloud and typed by hand; without 0, 1, i, l and o. 31 ** 8 pages are more than anyone can try.
CODE_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
CODE_LENGTH = 8
HIGHEST_CAP_YEN = 100_000_000
LONGEST_NAME = 120

Name = Annotated[Text, Field(max_length=LONGEST_NAME)]


class EventTerms(BaseModel):
    """What an organiser states. `place` is a key of the table of places; the cap counts only where the organiser pays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    place: str
    venue: Text
    first_day: date
    last_day: date
    reduction_effort: Annotated[LongText, Field(min_length=1)]
    payer: Payer
    organiser_percent: Annotated[int, Field(ge=0, le=100)]
    cap_yen: Annotated[int, Field(ge=0, le=HIGHEST_CAP_YEN)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        fitting = {Payer.ORGANISER: {100}, Payer.ATTENDEE: {0}, Payer.SPLIT: set(range(1, 100))}
        if self.last_day < self.first_day:
            raise ValueError("period_ends_before_it_begins")
        if self.organiser_percent not in fitting[self.payer]:
            raise ValueError("share_does_not_fit")
        return self


async def open_page(market: Market, actor: Actor, terms: EventTerms, *, note_made: NoteMade | None = None) -> EventPage:
    """Raises NotAMember."""

    async def work(tx: BaseDBAsyncClient) -> EventPage:
        now = market.clock()
        page = await EventPage.create(
            id=new_id("evt", now),
            code="".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH)),
            organisation_id=_organisation_of(actor),
            opened_by=actor.person_id,
            opened_at=now,
            **terms.model_dump(),
        )
        await audit.record(tx, actor, "event_page.opened", page.id, None, {"cap_yen": page.cap_yen}, at=now)
        if note_made is not None:
            await note_made(page.id)
        return page

    return await run_tx(work)


async def change_cap(market: Market, actor: Actor, page_id: str, cap_yen: int) -> None:
    """Raises EventPageNotFound, CapBelowCommitted."""

    async def work(tx: BaseDBAsyncClient) -> None:
        page = await of_organisation(_organisation_of(actor), page_id)
        changed = EventPage.filter(id=page.id, committed_yen__lte=cap_yen)
        if await changed.update(cap_yen=cap_yen) != 1:
            raise CapBelowCommitted(f"{page.committed_yen} yen are promised", committed_yen=page.committed_yen)
        detail = {"before_yen": page.cap_yen, "after_yen": cap_yen}
        await audit.record(tx, actor, "event_page.cap_changed", page.id, None, detail, at=market.clock())

    await run_tx(work)


async def close(market: Market, actor: Actor, page_id: str) -> None:
    """Nobody joins any more; who has joined pays and is certified as promised. Safe to repeat. Raises EventPageNotFound."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        page = await of_organisation(_organisation_of(actor), page_id)
        opened = EventPage.filter(id=page.id, state=PageState.OPEN)
        if await opened.update(state=PageState.CLOSED, closed_at=now):
            await audit.record(tx, actor, "event_page.closed", page.id, None, {}, at=now)

    await run_tx(work)


async def find_by_code(code: str) -> EventPage:
    """Raises EventPageNotFound."""
    return _found(await EventPage.get_or_none(code=code.lower()), code)


async def of_organisation(organisation_id: str, page_id: str) -> EventPage:
    """Another organisation's page looks like none. Raises EventPageNotFound."""
    return _found(await EventPage.get_or_none(id=page_id, organisation_id=organisation_id), page_id)


async def all_of(organisation_id: str, *, limit: int = 200, before: str | None = None) -> Sequence[EventPage]:
    """The newest first; `before` is a page's id where the last piece ended."""
    owned = EventPage.filter(organisation_id=organisation_id)
    return await (owned.filter(id__lt=before) if before else owned).order_by("-id").limit(limit)


def _found(page: EventPage | None, named: str) -> EventPage:
    if page is None:
        raise EventPageNotFound(f"no event page {named}")
    return page


def _organisation_of(actor: Actor) -> str:
    if actor.organisation_id is None:
        raise NotAMember("acts for no organisation")
    return actor.organisation_id
