"""The public ledger for programs."""

from datetime import date
from typing import Annotated

from pydantic import Field

from api.calls import Call, Reply
from api.endpoints import endpoint
from api.v1.shapes import Cursor, Page, PageSize, View, Wish, cursor_after, malformed_cursor, place_in
from marketplace.projects.kinds import CreditKind, RegistryCode
from marketplace.public_ledger.entries import LedgerEntry, LedgerFilter, Place, find_entries

GRAMS_PER_TONNE = 1_000_000


class CancellationQuery(Wish):
    registry: RegistryCode | None = None
    q: Annotated[
        str,
        Field(
            max_length=100,
            pattern=r"^[^\x00]*$",
            description="A certificate number, a serial as the registry writes it, a project's key or a part of its name.",
        ),
    ] = ""
    limit: PageSize = 25
    cursor: Cursor = None


class CancellationView(View):
    """One run of serials that the registry has confirmed as cancelled."""

    recorded_on: date = Field(description="The registry's day of record, Japan time.")
    registry: RegistryCode
    kind: CreditKind
    project: str
    certification_number: str
    first_serial: str
    last_serial: str
    amount_g: int
    act: str = Field(description="The registry's own word for the act.")
    purpose: str = Field(description="The registry's own word for the use.")
    notice_number: str
    certificate: str | None = Field(description="Null until it is issued, and where its owner has closed its page.")
    beneficiary: str | None = Field(description="Only where its owner has agreed to be named.")
    invented: bool

    @classmethod
    def of(cls, entry: LedgerEntry) -> "CancellationView":
        return cls(
            recorded_on=entry.recorded_on,
            registry=RegistryCode(entry.registry),
            kind=CreditKind(entry.block.credit_kind),
            project=entry.block.project_key,
            certification_number=entry.block.certification_number,
            first_serial=entry.block.serial_text(entry.serials.first),
            last_serial=entry.block.serial_text(entry.serials.last),
            amount_g=entry.tonnes * GRAMS_PER_TONNE,
            act=entry.act.name.ja,
            purpose=entry.use.name.ja,
            notice_number=entry.notice_number,
            certificate=entry.certificate,
            beneficiary=entry.beneficiary,
            invented=entry.block.invented,
        )


@endpoint(
    "GET",
    "/v1/cancellations",
    answers={200: Page[CancellationView]},
    tag="Certificates",
    cache="public, max-age=60",
)
async def list_cancellations(call: Call, query: CancellationQuery) -> Reply:
    """List every cancellation this service has caused

    Only what a registry has confirmed, the latest first.
    """
    after = None if query.cursor is None else _place(query.cursor)
    found = await find_entries(LedgerFilter(query.registry, query.q), limit=query.limit + 1, after=after)
    page = found[: query.limit]
    last = page[-1] if len(found) > query.limit else None
    return Reply(
        Page[CancellationView](
            data=[CancellationView.of(entry) for entry in page],
            next_cursor=None if last is None else cursor_after(last.recorded_on.isoformat(), last.id),
        )
    )


def _place(cursor: str) -> Place:
    day, entry = place_in(cursor, 2)
    try:
        return Place(date.fromisoformat(day), entry)
    except ValueError as strange:
        raise malformed_cursor() from strange
