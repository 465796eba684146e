"""What became of one attendee's travel: its parts, who paid them, and the certificates."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from frontend.context import services_of
from frontend.pages.order import REFRESH_SECONDS, SECRET_ADDRESS
from frontend.responses import page_response
from marketplace.footprints.service import stored
from marketplace.orders.certified_parts import certificates_of
from marketplace.orders.models import Order
from marketplace.participation.errors import ParticipationNotFound
from marketplace.participation.joining import find_by_token
from marketplace.participation.models import EventPage, Participation
from marketplace.participation.sums import state_of

KINDS = {
    "certified": "cancelled",
    "under_way": "waiting",
    "waiting_for_payment": "waiting",
    "given_up": "plain",
}
UNDER_WAY = frozenset({"under_way", "waiting_for_payment"})


@dataclass(frozen=True, slots=True)
class PartView:
    """`paid_by` is organiser or attendee; `token` leads to the order's own page, which only the attendee's part has."""

    paid_by: str
    grams: int
    yen: int
    certificates: Sequence[str]
    token: str | None


async def page(request: Request) -> Response:
    joined = await _joined(request)
    own, paid = await _orders(joined)
    state = state_of(joined, own, paid)
    return page_response(
        request,
        "pages/event/joined.html",
        headers=SECRET_ADDRESS,
        event=await EventPage.get(id=joined.event_page_id),
        token=joined.token,
        state=state,
        kind=KINDS[state],
        under_way=state in UNDER_WAY,
        refresh_seconds=REFRESH_SECONDS,
        travelled_g=(await stored(joined.footprint_id)).total_g,
        parts=await _parts(joined, own, paid),
        mail_to=joined.email,
        mailbox=services_of(request).market.post.keeps_copies,
    )


async def status(request: Request) -> Response:
    """For the page's script: has anything changed?"""
    joined = await _joined(request)
    return JSONResponse({"state": state_of(joined, *await _orders(joined))}, headers=SECRET_ADDRESS)


async def _parts(joined: Participation, own: Order | None, paid: Order | None) -> list[PartView]:
    certificates = await certificates_of([order for order in (own, paid) if order is not None])
    parts = []
    if joined.organiser_g:
        numbers = certificates[paid.id] if paid else ()
        parts.append(PartView("organiser", joined.organiser_g, joined.organiser_yen, numbers, None))
    if own is not None:
        numbers = certificates[own.id]
        parts.append(PartView("attendee", joined.attendee_g, joined.attendee_yen, numbers, own.access_token))
    return parts


async def _orders(joined: Participation) -> tuple[Order | None, Order | None]:
    own = await Order.get(id=joined.order_id) if joined.order_id else None
    paid = await Order.get(id=joined.organiser_order_id) if joined.organiser_order_id else None
    return own, paid


async def _joined(request: Request) -> Participation:
    try:
        joined = await find_by_token(request.path_params["token"])
    except ParticipationNotFound as missing:
        raise HTTPException(404) from missing
    return joined
