"""What people do about a difference: take it, say what it was, or give it back. Every act is noted and audited."""

from collections.abc import Sequence
from dataclasses import dataclass

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.queryset import QuerySet

from marketplace.accounts.actor import Actor
from marketplace.audit import service as audit
from marketplace.database.transactions import run_tx
from marketplace.errors import MarketplaceError
from marketplace.market import Market
from marketplace.reconciliation.models import CaseNote, CaseRecord, CaseState, ComparisonRecord

SHOWN = 200


class CaseChanged(MarketplaceError):
    """Somebody else holds the case, or it is not in the state this act needs."""

    code = "case_changed"


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with its whole history, the oldest first."""

    case: CaseRecord
    notes: Sequence[CaseNote]


async def waiting() -> Sequence[CaseRecord]:
    """Open and taken cases, the gravest first."""
    states = [CaseState.OPEN, CaseState.TAKEN]
    return await CaseRecord.filter(state__in=states).order_by("gravity", "first_seen", "key").limit(SHOWN)


async def settled() -> Sequence[CaseRecord]:
    """Explained and vanished ones, the latest first."""
    states = [CaseState.EXPLAINED, CaseState.GONE]
    return await CaseRecord.filter(state__in=states).order_by("-last_seen", "key").limit(SHOWN)


async def latest_comparisons() -> Sequence[ComparisonRecord]:
    """The newest comparison of each account, the longest ago first."""
    newest: dict[tuple[str, str], ComparisonRecord] = {}
    for run in await ComparisonRecord.all().order_by("-started_at", "-id").limit(2_000):
        newest.setdefault((run.registry, run.account), run)
    return sorted(newest.values(), key=lambda run: (run.started_at, run.registry, run.account))


async def file_of(key: str) -> CaseFile | None:
    case = await CaseRecord.get_or_none(key=key)
    return None if case is None else CaseFile(case, await CaseNote.filter(case_key=key).order_by("id"))


async def take(market: Market, actor: Actor, key: str, text: str | None = None) -> None:
    """Become the owner of an open or an explained case. Raises CaseChanged."""
    free = CaseRecord.filter(key=key, state__in=[CaseState.OPEN, CaseState.EXPLAINED])
    await _move(market, actor, key, free, _Act("taken", CaseState.TAKEN, text or None))


async def give_back(market: Market, actor: Actor, key: str, text: str | None) -> None:
    """Of one's own case, with a reason. Raises CaseChanged, ReasonMissing."""
    await _move(market, actor, key, _own(actor, key), _Act("given_back", CaseState.OPEN, audit.stated(text)))


async def explain(market: Market, actor: Actor, key: str, text: str | None) -> None:
    """Close one's own case by saying what it was and what was done, outside of here. Raises CaseChanged, ReasonMissing."""
    await _move(market, actor, key, _own(actor, key), _Act("explained", CaseState.EXPLAINED, audit.stated(text)))


async def add_note(market: Market, actor: Actor, key: str, text: str | None) -> None:
    """Anybody's remark; the case stays as it is. Raises CaseChanged if there is no such case, ReasonMissing."""
    why = audit.stated(text)

    async def work(tx: BaseDBAsyncClient) -> None:
        if not await CaseRecord.exists(key=key):
            raise CaseChanged("there is no such case", key=key)
        await _note(tx, market, actor, key, _Act("noted", None, why))

    await run_tx(work)


@dataclass(frozen=True, slots=True)
class _Act:
    name: str
    leads_to: CaseState | None
    text: str | None


def _own(actor: Actor, key: str) -> QuerySet[CaseRecord]:
    return CaseRecord.filter(key=key, state=CaseState.TAKEN, owner=actor.person_id)


async def _move(market: Market, actor: Actor, key: str, cases: QuerySet[CaseRecord], act: _Act) -> None:
    owner = None if act.leads_to is CaseState.OPEN else actor.person_id

    async def work(tx: BaseDBAsyncClient) -> None:
        if await cases.using_db(tx).update(state=act.leads_to, owner=owner) != 1:
            raise CaseChanged("somebody else was quicker, or holds this case", key=key)
        await _note(tx, market, actor, key, act)

    await run_tx(work)


async def _note(tx: BaseDBAsyncClient, market: Market, actor: Actor, key: str, act: _Act) -> None:
    now = market.clock()
    await CaseNote.create(case_key=key, author=actor.person_id, act=act.name, text=act.text, at=now)
    await audit.record(tx, actor, f"reconciliation.{act.name}", key, act.text, {}, at=now)
