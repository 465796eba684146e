"""Pages on which attendees of an event state their travel: open one, set its cap, close it, read its sums and who joined."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, JsonValue

from api.calls import Call, KeyPolicy, Reply
from api.endpoints import endpoint
from api.v1.shapes import (
    Currency,
    Cursor,
    Id,
    Page,
    PageSize,
    View,
    WholeNumber,
    Wish,
    cursor_after,
    malformed_cursor,
    place_in,
)
from marketplace.accounts.keys import Scope
from marketplace.notifications.endpoints import organisation_of
from marketplace.participation import event_pages, sums
from marketplace.participation.errors import CapBelowCommitted, EventPageNotFound
from marketplace.participation.event_pages import HIGHEST_CAP_YEN, EventTerms
from marketplace.participation.models import EventPage, PageState, Payer
from offset_calc import factors, places
from offset_calc.errors import PlaceAmbiguous, PlaceUnknown

TAG = "Events with attendees"
Cap = Annotated[
    WholeNumber,
    Field(ge=0, le=HIGHEST_CAP_YEN, description="The most that you pay for all attendees together, in whole yen."),
]
EXAMPLE: dict[str, JsonValue] = {
    "name": "Example conference",
    "place": "札幌",
    "venue": "Example hall, Sapporo",
    "first_day": "2026-12-12",
    "last_day": "2026-12-13",
    "reduction_effort": "Handouts are sent by mail instead of printed",
    "payer": "split",
    "organiser_percent": 50,
    "cap_yen": 100_000,
}


class EventPageBody(EventTerms):
    """`payer` organiser: `organiser_percent` 100; attendee: 0, and no cap; split: 1 to 99. Your part is paid from the balance."""

    place: Annotated[
        str, Field(min_length=1, max_length=100, description="A city of the table of places, for example 札幌.")
    ]
    organiser_percent: Annotated[WholeNumber, Field(ge=0, le=100)]
    cap_yen: Cap

    def terms(self) -> EventTerms:
        """With the key of the place. Raises PlaceUnknown, PlaceAmbiguous."""
        return self.model_copy(update={"place": places.load(factors.CURRENT_EDITION).find(self.place).key})


class EventPagePath(Wish):
    page_id: Id


class CapBody(Wish):
    cap_yen: Cap


class EventPagesQuery(Wish):
    limit: PageSize = 25
    cursor: Cursor = None


class EventSumView(View):
    """`joined` counts whoever sent the form; grams and yen are of those whose whole travel is certified."""

    joined: int
    certified: int
    amount_g: int
    organiser_yen: int
    attendee_yen: int


class EventPageView(View):
    """`page_url` is what attendees open. `committed_yen` of the cap is promised to those who joined."""

    id: str
    url: str
    page_url: str
    state: PageState
    name: str
    place: str
    venue: str
    first_day: date
    last_day: date
    reduction_effort: str
    payer: Payer
    organiser_percent: int
    cap_yen: int
    committed_yen: int
    currency: Currency
    sum: EventSumView
    opened_at: datetime


class JoinedView(View):
    """One attendee as the organiser may see it: `name` only if it is shown and was meant for the organiser."""

    number: int
    joined_on: date
    name: str | None
    amount_g: int
    organiser_yen: int
    attendee_yen: int
    state: str
    certificate: str | None
    invoice: str | None


@endpoint(
    "POST",
    "/v1/event_pages",
    answers={201: EventPageView},
    refuses=(PlaceUnknown, PlaceAmbiguous),
    tag=TAG,
    key=KeyPolicy.REQUIRED,
    example=EXAMPLE,
    scope=Scope.EVENT_PAGES_WRITE,
    only_with_key=True,
)
async def open_event_page(call: Call, body: EventPageBody) -> Reply:
    """Open a page for attendees

    Attendees state how they travel and offset it; what you pay of it comes from the prepaid balance, up to the cap.
    """
    if made := await call.made_before():
        page = await event_pages.of_organisation(organisation_of(call.actor), made)
    else:
        page = await event_pages.open_page(call.services.market, call.actor, body.terms(), note_made=call.note_made)
    view = await _view(call, page)
    return Reply(view, 201, location=view.url)


@endpoint(
    "GET",
    "/v1/event_pages",
    answers={200: Page[EventPageView]},
    tag=TAG,
    scope=Scope.EVENT_PAGES_READ,
    only_with_key=True,
)
async def list_event_pages(call: Call, query: EventPagesQuery) -> Reply:
    """List your organisation's pages for attendees

    Newest first, closed ones included.
    """
    before = None if query.cursor is None else place_in(query.cursor, 1)[0]
    found = await event_pages.all_of(organisation_of(call.actor), limit=query.limit + 1, before=before)
    page = found[: query.limit]
    return Reply(
        Page[EventPageView](
            data=[await _view(call, one) for one in page],
            next_cursor=cursor_after(page[-1].id) if len(found) > query.limit else None,
        )
    )


@endpoint(
    "GET",
    "/v1/event_pages/{page_id}",
    answers={200: EventPageView},
    refuses=(EventPageNotFound,),
    tag=TAG,
    scope=Scope.EVENT_PAGES_READ,
    only_with_key=True,
)
async def read_event_page(call: Call, path: EventPagePath) -> Reply:
    """Read a page for attendees and its sums"""
    return Reply(await _read(call, path))


@endpoint(
    "GET",
    "/v1/event_pages/{page_id}/participations",
    answers={200: Page[JoinedView]},
    refuses=(EventPageNotFound,),
    tag=TAG,
    scope=Scope.EVENT_PAGES_READ,
    only_with_key=True,
)
async def list_participations(call: Call, path: EventPagePath, query: EventPagesQuery) -> Reply:
    """List who joined

    In the order of joining.
    """
    page = await event_pages.of_organisation(organisation_of(call.actor), path.page_id)
    after = sums.START if query.cursor is None else _place(query.cursor)
    rows, following = await sums.piece_of(page, after, limit=query.limit)
    return Reply(
        Page[JoinedView](
            data=[_joined(row) for row in rows],
            next_cursor=None if following is None else cursor_after(str(following.number), following.after),
        )
    )


@endpoint(
    "POST",
    "/v1/event_pages/{page_id}/cap",
    answers={200: EventPageView},
    refuses=(EventPageNotFound, CapBelowCommitted),
    tag=TAG,
    key=KeyPolicy.OPTIONAL,
    example={"cap_yen": 200_000},
    scope=Scope.EVENT_PAGES_WRITE,
    only_with_key=True,
)
async def change_event_cap(call: Call, path: EventPagePath, body: CapBody) -> Reply:
    """Change the cap

    Not below what is promised to those who joined.
    """
    await event_pages.change_cap(call.services.market, call.actor, path.page_id, body.cap_yen)
    return Reply(await _read(call, path))


@endpoint(
    "POST",
    "/v1/event_pages/{page_id}/close",
    answers={200: EventPageView},
    refuses=(EventPageNotFound,),
    tag=TAG,
    key=KeyPolicy.OPTIONAL,
    scope=Scope.EVENT_PAGES_WRITE,
    only_with_key=True,
)
async def close_event_page(call: Call, path: EventPagePath) -> Reply:
    """Close a page for attendees

    Nobody joins any more; who has joined pays and is certified as promised. Twice is once.
    """
    await event_pages.close(call.services.market, call.actor, path.page_id)
    return Reply(await _read(call, path))


async def _read(call: Call, path: EventPagePath) -> EventPageView:
    return await _view(call, await event_pages.of_organisation(organisation_of(call.actor), path.page_id))


async def _view(call: Call, page: EventPage) -> EventPageView:
    origin, came_to = call.services.public_origin, await sums.sum_of(page)
    return EventPageView(
        id=page.id,
        url=f"{origin}/v1/event_pages/{page.id}",
        page_url=f"{origin}/e/{page.code}",
        state=PageState(page.state),
        name=page.name,
        place=page.place,
        venue=page.venue,
        first_day=page.first_day,
        last_day=page.last_day,
        reduction_effort=page.reduction_effort,
        payer=Payer(page.payer),
        organiser_percent=page.organiser_percent,
        cap_yen=page.cap_yen,
        committed_yen=page.committed_yen,
        currency="JPY",
        sum=EventSumView(
            joined=came_to.joined,
            certified=came_to.certified,
            amount_g=came_to.grams,
            organiser_yen=came_to.organiser_yen,
            attendee_yen=came_to.attendee_yen,
        ),
        opened_at=page.opened_at,
    )


def _joined(row: sums.Row) -> JoinedView:
    return JoinedView(
        number=row.number,
        joined_on=row.joined_on,
        name=row.name,
        amount_g=row.grams,
        organiser_yen=row.organiser_yen,
        attendee_yen=row.attendee_yen,
        state=row.state,
        certificate=row.certificate,
        invoice=row.invoice,
    )


def _place(cursor: str) -> sums.Place:
    number, after = place_in(cursor, 2)
    if not (number.isascii() and number.isdigit() and len(number) <= 12 and len(after) <= 64):
        raise malformed_cursor()
    return sums.Place(int(number), after)
