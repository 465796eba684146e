"""Event pages, and who joined one. The tables hold no names: what an attendee wants shown stands in its order."""

from datetime import date, datetime
from enum import StrEnum

from tortoise import fields
from tortoise.models import Model


class Payer(StrEnum):
    ORGANISER = "organiser"
    ATTENDEE = "attendee"
    SPLIT = "split"


class PageState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class OrganiserPart(StrEnum):
    """What became of the organiser's money for one attendee: held while the attendee pays, then spent or returned."""

    NONE = "none"
    HELD = "held"
    SPENT = "spent"
    RETURNED = "returned"


class EventPage(Model):
    """`place` is a key of the table of places, `venue` what visitors read. The days are Japan time.

    `committed_yen` is kept by the database and never exceeds `cap_yen`.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    code: fields.Field[str] = fields.CharField(16)
    organisation_id: fields.Field[str] = fields.CharField(64)
    name: fields.Field[str] = fields.CharField(200)
    place: fields.Field[str] = fields.CharField(64)
    venue: fields.Field[str] = fields.CharField(200)
    first_day: fields.Field[date] = fields.DateField()
    last_day: fields.Field[date] = fields.DateField()
    reduction_effort: fields.Field[str] = fields.TextField()
    payer: fields.Field[str] = fields.CharField(16)
    organiser_percent: fields.Field[int] = fields.BigIntField()
    cap_yen: fields.Field[int] = fields.BigIntField()
    committed_yen: fields.Field[int] = fields.BigIntField(default=0)
    state: fields.Field[str] = fields.CharField(16, default=PageState.OPEN)
    opened_by: fields.Field[str] = fields.CharField(64)
    opened_at: fields.Field[datetime] = fields.DatetimeField()
    closed_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "event_page"

    @property
    def left_yen(self) -> int:
        return self.cap_yen - self.committed_yen


class Participation(Model):
    """One attendee's travel. `key` makes a form that was sent twice count once; `token` is the address of its page.

    `order_id` is paid by the attendee, `organiser_order_id` by the organiser, in grams and yen of their own. `email` is None as
    soon as the mail about the organiser's part is written. `settled_at`: nothing is left to follow.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    event_page_id: fields.Field[str] = fields.CharField(64)
    key: fields.Field[str] = fields.CharField(64)
    token: fields.Field[str] = fields.CharField(64)
    footprint_id: fields.Field[str] = fields.CharField(64)
    locale: fields.Field[str] = fields.CharField(8)
    organiser_sees_name: fields.Field[bool] = fields.BooleanField()
    email: fields.Field[str | None] = fields.CharField(320, null=True)
    order_id: fields.Field[str | None] = fields.CharField(64, null=True)
    attendee_g: fields.Field[int] = fields.BigIntField()
    attendee_yen: fields.Field[int] = fields.BigIntField()
    organiser_quote_id: fields.Field[str | None] = fields.CharField(64, null=True)
    organiser_order_id: fields.Field[str | None] = fields.CharField(64, null=True)
    organiser_g: fields.Field[int] = fields.BigIntField()
    organiser_yen: fields.Field[int] = fields.BigIntField()
    organiser_part: fields.Field[str] = fields.CharField(16)
    joined_at: fields.Field[datetime] = fields.DatetimeField()
    settled_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "participation"

    @property
    def grams(self) -> int:
        return self.attendee_g + self.organiser_g
