"""The queue as a person sees it: what waits to be frozen, what is under way, how old it is and by when it is due.

Read with as few statements as the page has parts, whatever the length of the queue; pages follow a key, not an offset.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.connection import get_connection

from marketplace.accounts.actor import Actor
from marketplace.accounts.models import Person
from marketplace.database.dialect import sql
from marketplace.desk.authority import limited_to
from marketplace.registries.desk.models import ApplicationRecord
from marketplace.registries.desk.states import OPEN, DeskState

PAGE = 50
_OPEN_STATES = ", ".join(f"'{state.value}'" for state in OPEN)


@dataclass(frozen=True, slots=True)
class Filters:
    """None for any. `holder` is a person's id, or "" for nobody's; `state` only of open applications."""

    registry: str | None = None
    account: str | None = None
    state: DeskState | None = None
    holder: str | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of the page before."""

    due_at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One open application in the queue."""

    application: ApplicationRecord
    holder_name: str
    overdue: bool


@dataclass(frozen=True, slots=True)
class Page:
    """`following` is None on the last page."""

    entries: tuple[Entry, ...]
    following: Cursor | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Items that will share an application. `freezes_at` is the cut-off of the oldest."""

    key: str
    registry: str
    account: str
    act: str
    use_code: str
    purpose_detail: str
    credit_user: str
    scope: str
    items: int
    tonnes: int
    waiting_since: datetime
    freezes_at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """Open applications by state, overdue ones, and items that wait to be frozen."""

    by_state: Mapping[str, int]
    overdue: int
    waiting_items: int

    @property
    def open(self) -> int:
        return sum(self.by_state.values())


async def applications(actor: Actor, filters: Filters, *, after: Cursor | None, now: datetime) -> Page:
    """Soonest due first. Raises ApplicationNotFound for somebody who has no business at the desk."""
    wanted = ApplicationRecord.filter(state__in=[filters.state] if filters.state else list(OPEN))
    provider = limited_to(actor)
    equal = {"provider_id": provider, "registry": filters.registry, "account": filters.account}
    wanted = wanted.filter(**{column: value for column, value in equal.items() if value is not None})
    if filters.holder is not None:
        wanted = wanted.filter(holder=filters.holder) if filters.holder else wanted.filter(holder__isnull=True)
    if filters.overdue:
        wanted = wanted.filter(due_at__lt=now)
    if after is not None:
        # one comparison of two columns is not something the ORM can say
        same = await wanted.filter(due_at=after.due_at, id__gt=after.id).order_by("id").limit(PAGE + 1)
        later = await wanted.filter(due_at__gt=after.due_at).order_by("due_at", "id").limit(PAGE + 1)
        found = [*same, *later][: PAGE + 1]
    else:
        found = await wanted.order_by("due_at", "id").limit(PAGE + 1)
    shown = found[:PAGE]
    names = await names_of([row.holder for row in shown])
    entries = tuple(Entry(row, names.get(row.holder or "", ""), row.due_at < now) for row in shown)
    following = Cursor(shown[-1].due_at, shown[-1].id) if len(found) > PAGE else None
    return Page(entries, following)


_BATCHES = """
SELECT batch_key, MIN(registry) AS registry, MIN(account) AS account, MIN(act) AS act, MIN(use_code) AS use_code,
  MIN(purpose_detail) AS purpose_detail, MIN(credit_user) AS credit_user, MIN(scope) AS scope, COUNT(*) AS items,
  SUM(last_serial - first_serial + 1) AS tonnes, MIN(queued_at) AS waiting_since, MIN(freeze_at) AS freezes_at
FROM desk_item WHERE state = 'waiting'{more} GROUP BY batch_key ORDER BY MIN(freeze_at), batch_key LIMIT ?
"""


async def batches(actor: Actor, filters: Filters) -> Sequence[Batch]:
    """What waits to be frozen, the soonest cut-off first; the first fifty. Raises ApplicationNotFound."""
    equal = {"provider_id": limited_to(actor), "registry": filters.registry, "account": filters.account}
    limits = {column: value for column, value in equal.items() if value is not None}
    more = "".join(f" AND {column} = ?" for column in limits)
    connection = get_connection("default")
    rows = await connection.execute_query_dict(sql(connection, _BATCHES.format(more=more)), [*limits.values(), PAGE])
    return [
        Batch(
            row["batch_key"],
            row["registry"],
            row["account"],
            row["act"],
            row["use_code"],
            row["purpose_detail"],
            row["credit_user"],
            row["scope"],
            int(row["items"]),
            int(row["tonnes"]),
            _moment(row["waiting_since"]),
            _moment(row["freezes_at"]),
        )
        for row in rows
    ]


async def counts(actor: Actor, *, now: datetime) -> Counts:
    """Raises ApplicationNotFound."""
    provider = limited_to(actor)
    where, values = ("", []) if provider is None else (" AND provider_id = ?", [provider])
    connection = get_connection("default")
    states = await connection.execute_query_dict(
        sql(
            connection,
            "SELECT state, COUNT(*) AS n, SUM(CASE WHEN due_at < ? THEN 1 ELSE 0 END) AS late FROM desk_application "  # noqa: S608
            f"WHERE state IN ({_OPEN_STATES}){where} GROUP BY state",
        ),
        [now, *values],
    )
    waiting = await connection.execute_query_dict(
        sql(connection, f"SELECT COUNT(*) AS n FROM desk_item WHERE state = 'waiting'{where}"),  # noqa: S608
        values,
    )
    return Counts(
        {row["state"]: int(row["n"]) for row in states}, sum(int(row["late"]) for row in states), int(waiting[0]["n"])
    )


async def accounts(actor: Actor) -> Sequence[tuple[str, str]]:
    """Registry and account of everything that is open, for the filter. Raises ApplicationNotFound."""
    provider = limited_to(actor)
    where, values = ("", []) if provider is None else (" AND provider_id = ?", [provider, provider])
    connection = get_connection("default")
    rows = await connection.execute_query_dict(
        sql(
            connection,
            f"SELECT registry, account FROM desk_application WHERE state IN ({_OPEN_STATES}){where} "  # noqa: S608
            f"UNION SELECT registry, account FROM desk_item WHERE state = 'waiting'{where} ORDER BY registry, account",
        ),
        values,
    )
    return [(row["registry"], row["account"]) for row in rows]


async def to_be_done(actor: Actor, registry: str, account: str) -> Sequence[ApplicationRecord]:
    """Applications of one account that nobody has carried out yet, for one pre-check: the soonest due, at most 500.

    Raises ApplicationNotFound.
    """
    waiting = ApplicationRecord.filter(
        registry=registry, account=account, state__in=[DeskState.PREPARED, DeskState.TAKEN]
    )
    if (provider := limited_to(actor)) is not None:
        waiting = waiting.filter(provider_id=provider)
    return await waiting.order_by("due_at", "id").limit(500)


async def decided(actor: Actor) -> Sequence[ApplicationRecord]:
    """The newest that are done, for looking things up. Raises ApplicationNotFound."""
    done = ApplicationRecord.filter(decided_at__isnull=False)
    if (provider := limited_to(actor)) is not None:
        done = done.filter(provider_id=provider)
    return await done.order_by("-decided_at").limit(20)


async def names_of(person_ids: Sequence[str | None]) -> Mapping[str, str]:
    """Names as they are now; an erased person has none."""
    wanted = {one for one in person_ids if one}
    return {person.id: person.name for person in await Person.filter(id__in=wanted)} if wanted else {}


def _moment(value: Any) -> datetime:
    """An aggregate comes as text from SQLite."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
