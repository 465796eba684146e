"""What an event page came to, for its organiser: counts, grams and yen, and names only of those who agreed to it."""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tortoise.connection import get_connection

from marketplace.clock import japan_date
from marketplace.database.dialect import sql
from marketplace.invoices.content import Kind
from marketplace.invoices.models import InvoiceRecord
from marketplace.orders.certified_parts import certificates_of
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.participation.models import EventPage, Participation
from offset_calc.tabular import safe_cell

_PAGE = 500
HEAD = ("number", "joined_on", "name", "grams", "organiser_yen", "attendee_yen", "state", "certificate", "invoice")


@dataclass(frozen=True, slots=True)
class EventSum:
    """`joined` counts whoever sent the form, `certified` those of whom all is certified; grams and yen are the certified ones'."""

    joined: int
    certified: int
    grams: int
    organiser_yen: int
    attendee_yen: int


@dataclass(frozen=True, slots=True)
class Row:
    """One attendee as the organiser may see it; `name` is None unless it was both chosen and shown to the organiser.

    `certificates`, `invoice` and `order_id` are those of what the organiser itself paid; `certificate` is the one that completed it.
    """

    number: int
    joined_on: date
    name: str | None
    grams: int
    organiser_yen: int
    attendee_yen: int
    state: str
    certificate: str | None
    certificates: Sequence[str]
    invoice: str | None
    order_id: str | None


_SUM = """
SELECT COUNT(*) AS joined,
       COALESCE(SUM(CASE WHEN done THEN 1 ELSE 0 END), 0) AS certified,
       COALESCE(SUM(CASE WHEN done THEN attendee_g + organiser_g ELSE 0 END), 0) AS grams,
       COALESCE(SUM(CASE WHEN done THEN organiser_yen ELSE 0 END), 0) AS organiser_yen,
       COALESCE(SUM(CASE WHEN done THEN attendee_yen ELSE 0 END), 0) AS attendee_yen
  FROM (SELECT p.attendee_g, p.organiser_g, p.attendee_yen, p.organiser_yen,
               (p.order_id IS NULL OR a.state = 'fulfilled') AND (p.organiser_g = 0 OR COALESCE(b.state, '') = 'fulfilled') AS done
          FROM participation p
          LEFT JOIN buyer_order a ON a.id = p.order_id
          LEFT JOIN buyer_order b ON b.id = p.organiser_order_id
         WHERE p.event_page_id = ?) joined
"""


async def sum_of(page: EventPage) -> EventSum:
    connection = get_connection("default")
    (row,) = await connection.execute_query_dict(sql(connection, _SUM), [page.id])
    return EventSum(**{name: int(value) for name, value in row.items()})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece of the list ends: the number and the id of its last attendee."""

    number: int
    after: str


START = Place(0, "")


async def rows_of(page: EventPage) -> AsyncIterator[Row]:
    """In the order of joining; read in pieces, so that an event may be large."""
    place: Place | None = START
    while place is not None:
        rows, place = await piece_of(page, place, limit=_PAGE)
        for row in rows:
            yield row


async def piece_of(page: EventPage, place: Place, *, limit: int) -> tuple[Sequence[Row], Place | None]:
    """Up to `limit` attendees after a place, and where to go on; None at the end."""
    found = await Participation.filter(event_page_id=page.id, id__gt=place.after).order_by("id").limit(limit + 1)
    piece = found[:limit]
    ids = {name for one in piece for name in (one.order_id, one.organiser_order_id) if name}
    by_id = {order.id: order for order in await Order.filter(id__in=ids)}
    certificates = await certificates_of(by_id.values())
    papers = await InvoiceRecord.filter(order_id__in=ids, kind=Kind.INVOICE)
    invoices = {paper.order_id: paper.number for paper in papers}
    rows = [
        _row(place.number + number, joined, by_id, certificates, invoices) for number, joined in enumerate(piece, 1)
    ]
    return rows, Place(place.number + limit, piece[-1].id) if len(found) > limit else None


def _row(
    number: int,
    joined: Participation,
    orders: Mapping[str, Order],
    certificates: Mapping[str, Sequence[str]],
    invoices: Mapping[str, str],
) -> Row:
    own = orders.get(joined.order_id or "")
    paid = orders.get(joined.organiser_order_id or "")
    shown = own or paid
    named = joined.organiser_sees_name and shown is not None
    return Row(
        number=number,
        joined_on=japan_date(joined.joined_at),
        name=json.loads(shown.instruction)["beneficiary"] if named and shown else None,
        grams=joined.grams,
        organiser_yen=joined.organiser_yen,
        attendee_yen=joined.attendee_yen,
        state=state_of(joined, own, paid),
        certificate=paid.certificate_number if paid else None,
        certificates=certificates[paid.id] if paid else (),
        invoice=invoices.get(paid.id) if paid else None,
        order_id=paid.id if paid else None,
    )


def state_of(joined: Participation, own: Order | None, paid: Order | None) -> str:
    """certified, under_way, waiting_for_payment or given_up."""
    states = {order.state for order in (own, paid) if order is not None}
    if states & {OrderState.EXPIRED, OrderState.PAYMENT_FAILED, OrderState.REFUND_DUE, OrderState.REFUNDED}:
        return "given_up"
    if states & {OrderState.QUOTED, OrderState.AWAITING_PAYMENT}:
        return "waiting_for_payment"
    complete = states == {OrderState.FULFILLED} and (paid is not None or joined.organiser_g == 0)
    return "certified" if complete else "under_way"


async def as_csv(page: EventPage) -> str:
    """UTF-8 with a mark for spreadsheets; no cell begins like a formula."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(HEAD)
    async for row in rows_of(page):
        writer.writerow(
            [
                row.number,
                row.joined_on.isoformat(),
                safe_cell(row.name or ""),
                row.grams,
                row.organiser_yen,
                row.attendee_yen,
                row.state,
                " ".join(row.certificates),
                row.invoice or "",
            ]
        )
    return "\ufeff" + file.getvalue()
