"""Compare one account with its registry, or with a list that somebody saved there, and keep every difference as a case.

The registry is read between two looks at our own books, and only what differs from both is a difference: a cancellation
that is confirmed in that moment is none. Nothing is ever mended from here.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time
from typing import Protocol, runtime_checkable

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.clock import JAPAN, japan_date
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.inventory.models import RegistryAccount
from marketplace.mail import service as mail
from marketplace.mail.post import JSON
from marketplace.market import Market
from marketplace.outbox import service as outbox
from marketplace.outbox.models import Job
from marketplace.reconciliation.belief import believed
from marketplace.reconciliation.models import CaseNote, CaseRecord, CaseState, ComparisonRecord
from marketplace.registries.gateway import HoldingReport, RequestRefused
from marketplace.registries.reconciliation import (
    BelievedRange,
    Case,
    CaseCode,
    RecordedCancellation,
    Said,
    reconcile,
)

SERVICE = "service"
DAILY_AT = time(6, tzinfo=JAPAN)
_GRAVITY = {code: place for place, code in enumerate(CaseCode)}


@runtime_checkable
class ListsCancellations(Protocol):
    """A gateway that can also tell every cancellation of an account."""

    async def cancellations(self, account: str) -> Sequence[RecordedCancellation]: ...


@dataclass(frozen=True, slots=True)
class Found:
    """What one comparison found: all differences, and how many of them are new."""

    cases: tuple[Case, ...]
    new: int


async def enqueue_daily(market: Market) -> None:
    """Sweep: once a day, from six in the morning in Japan, every account is compared."""
    now = market.clock()
    today = japan_date(now)
    key = f"reconciliation:{today}"
    if now < datetime.combine(today, DAILY_AT) or await Job.exists(key=key):
        return
    await run_tx(lambda tx: outbox.add(tx, "reconciliation.daily", key, {"day": today.isoformat()}, at=now))


async def compare_all(market: Market, day: str) -> None:
    """Give every account a job of its own, so that a registry that is closed holds up no other."""

    async def work(tx: BaseDBAsyncClient) -> None:
        for account in await RegistryAccount.all().order_by("registry", "number"):
            facts = {"registry": account.registry, "account": account.number}
            key = f"reconciliation:{day}:{account.registry}:{account.number}"
            await outbox.add(tx, "reconciliation.account", key, facts, at=market.clock())

    await run_tx(work)


async def compare_with_registry(market: Market, registry: str, account: str) -> Found | None:
    """None if this registry cannot be read by machine, which is noted. Raises RegistryUnreachable, OutcomeUnknown."""
    gateway = market.registries[registry]
    before = await believed(registry, account)
    try:
        holdings = await gateway.holdings(account)
        cancellations = await gateway.cancellations(account) if isinstance(gateway, ListsCancellations) else None
    except RequestRefused as refused:
        await _not_compared(market, registry, account, refused.problem)
        return None
    return await _compare(market, _Read(registry, account, "gateway", holdings, cancellations), before)


async def compare_with_list(
    market: Market,
    registry: str,
    account: str,
    holdings: Sequence[HoldingReport],
    cancellations: Sequence[RecordedCancellation] | None,
) -> Found:
    """`holdings` is the account's whole list as read by a person today; `cancellations` likewise, or None if there is none.

    Rows about other accounts are left out.
    """
    mine = [one for one in holdings if one.account == account]
    recorded = None if cancellations is None else [one for one in cancellations if one.account == account]
    before = await believed(registry, account)
    return await _compare(market, _Read(registry, account, "list", mine, recorded), before)


@dataclass(frozen=True, slots=True)
class _Read:
    """What a registry, or a list of `source`, says of one account."""

    registry: str
    account: str
    source: str
    holdings: Sequence[HoldingReport]
    cancellations: Sequence[RecordedCancellation] | None

    def against(self, ours: Sequence[BelievedRange]) -> tuple[Case, ...]:
        return reconcile(ours, self.holdings, self.cancellations, accounts=[self.account])


async def _compare(market: Market, read: _Read, before: Sequence[BelievedRange]) -> Found:
    earlier = {case.key for case in read.against(before)}
    cases = tuple(case for case in read.against(await believed(read.registry, read.account)) if case.key in earlier)

    async def work(tx: BaseDBAsyncClient) -> int:
        now = market.clock()
        run_id = new_id("rec", now)
        new = [await _keep(read.registry, read.account, case, now=now) for case in cases].count(True)
        await _gone(read.registry, read.account, {case.key for case in cases}, now=now)
        await ComparisonRecord.create(
            id=run_id,
            registry=read.registry,
            account=read.account,
            source=read.source,
            state="compared",
            differences=len(cases),
            started_at=now,
            compared_on=japan_date(now),
        )
        if new:
            facts: dict[str, JSON] = {"registry": read.registry, "account": read.account, "count": new}
            await mail.tell_operators(market, tx, "operator_differences", facts, key=f"differences:{run_id}")
        return new

    return Found(cases, await run_tx(work))


async def _keep(registry: str, account: str, case: Case, *, now: datetime) -> bool:
    """Whether the case is new, or has come back."""
    key = f"{registry}:{case.key}"
    known = await CaseRecord.get_or_none(key=key)
    if known is None:
        await CaseRecord.create(
            key=key,
            registry=registry,
            account=account,
            block=case.block,
            first_serial=case.serials.first,
            last_serial=case.serials.last,
            code=case.code,
            gravity=_GRAVITY[case.code],
            ours=_sides(case.ours),
            theirs=_sides(case.theirs),
            state=CaseState.OPEN,
            first_seen=now,
            last_seen=now,
        )
        await CaseNote.create(case_key=key, author=SERVICE, act="found", at=now)
        return True
    back = known.state == CaseState.GONE
    changes: dict[str, object] = {"state": CaseState.OPEN, "owner": None} if back else {}
    await CaseRecord.filter(key=key).update(last_seen=now, **changes)
    if back:
        await CaseNote.create(case_key=key, author=SERVICE, act="found_again", at=now)
    return back


async def _gone(registry: str, account: str, found: set[str], *, now: datetime) -> None:
    """Cases of this account that this comparison did not find any more."""
    there = CaseRecord.filter(registry=registry, account=account).exclude(state=CaseState.GONE)
    for case in await there:
        if case.key.removeprefix(f"{registry}:") not in found:
            await CaseRecord.filter(key=case.key).update(state=CaseState.GONE)
            await CaseNote.create(case_key=case.key, author=SERVICE, act="gone", at=now)


async def _not_compared(market: Market, registry: str, account: str, reason: str) -> None:
    async def work(_: BaseDBAsyncClient) -> None:
        now = market.clock()
        await ComparisonRecord.create(
            id=new_id("rec", now),
            registry=registry,
            account=account,
            source="gateway",
            state="not_compared",
            reason=reason[:200],
            differences=0,
            started_at=now,
            compared_on=japan_date(now),
        )

    await run_tx(work)


def _sides(said: Sequence[Said]) -> str:
    rows = [asdict(one) for one in said]
    return json.dumps(rows, ensure_ascii=False, default=str)
