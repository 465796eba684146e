"""One cancellation in the linked registry, from our written intent to the registry's notice.

The order of steps is the safety: (1) the request with our own reference is stored with the order's transaction, (2) the
move to `submitted` is committed, (3) the registry is called, (4) its answer is compared with the request, (5) only then is
anything confirmed. After a crash or a lost answer the registry is asked by our reference; nothing is sent twice blindly, and
a refusal of what was sent twice is not believed before the registry was asked once more.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database import rows
from marketplace.database.transactions import run_tx
from marketplace.errors import MoveNotAllowed
from marketplace.ids import new_id
from marketplace.inventory import service as inventory
from marketplace.inventory.holdings import whole_holdings
from marketplace.inventory.models import Holding, Interval
from marketplace.inventory.serials import SerialRange
from marketplace.market import Market
from marketplace.orders.instruction import Instruction
from marketplace.orders.timeline import Happened, note, note_once
from marketplace.outbox import service as outbox
from marketplace.outbox.service import NewJob
from marketplace.registries.gateway import (
    CancellationReport,
    CancellationRequest,
    CancellationState,
    Notice,
    OutcomeUnknown,
    RegistryUnreachable,
    RequestRefused,
)
from marketplace.registries.matching import PartialConfirmation, match_notice, partial_confirmation
from marketplace.registries.profiles import load_profiles
from marketplace.retirements.models import Retirement
from marketplace.retirements.partly import split
from marketplace.retirements.states import ALLOWED_MOVES, RetirementState

# The longer something lasts, the less is gained by asking often: a tenth of its age, within these bounds.
LOOK_AGAIN_WHEN_PENDING = timedelta(seconds=1)
LOOK_AGAIN_WHEN_UNREACHABLE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=10)
LOOK_FIRST_AFTER = timedelta(minutes=5)
GIVEN_UP = "not_taken_by_the_registry"


@dataclass(frozen=True, slots=True)
class ToCancel:
    """Intervals that are to be cancelled for an order, as its instruction says."""

    order_id: str
    intervals: Sequence[Interval]
    instruction: Instruction


async def queue(wanted: Sequence[ToCancel], *, now: datetime) -> None:
    """Inside the orders' transaction: write the intent to cancel each of the intervals, and the jobs that carry it out."""
    holdings = await whole_holdings([interval.holding_id for one in wanted for interval in one.intervals])
    new = [
        _queued(one.order_id, interval, holdings[interval.holding_id], one.instruction, now=now)
        for one in wanted
        for interval in one.intervals
    ]
    await rows.insert(*new)
    await outbox.add_all(
        [NewJob("retirement.advance", f"retirement:{one.id}", {"retirement_id": one.id}) for one in new], at=now
    )


def _queued(
    order_id: str, interval: Interval, holding: Holding, instruction: Instruction, *, now: datetime
) -> Retirement:
    retirement_id = new_id("ret", now)
    use = load_profiles()[holding.block.registry].use_for(instruction.purpose)
    request = CancellationRequest(
        reference=retirement_id,
        account=holding.account.number,
        block=holding.block.certification_number,
        serials=interval.serials,
        act=use.act,
        purpose=use.code,
        purpose_detail=instruction.purpose_detail,
        credit_user=instruction.credit_user,
        scope=instruction.scope,
    )
    return Retirement(
        id=retirement_id,
        order_id=order_id,
        interval_id=interval.id,
        reference=request.reference,
        state=RetirementState.QUEUED,
        registry=holding.block.registry,
        request=json.dumps(asdict(request), ensure_ascii=False, sort_keys=True),
        created_at=now,
    )


def request_of(retirement: Retirement) -> CancellationRequest:
    fields = json.loads(retirement.request)
    return CancellationRequest(**{**fields, "serials": SerialRange(**fields["serials"])})


async def advance(market: Market, retirement_id: str) -> timedelta | None:
    """Take the retirement as far as it goes now. Returns when to look again, or None if there is nothing left to do."""
    retirement = await rows.get(Retirement, id=retirement_id)
    if retirement.review_reason is not None:
        return None
    try:
        report = await _ask(market, retirement)
    except RegistryUnreachable:
        await _tell_buyer(market, retirement, Happened.REGISTRY_WAITING)
        return _pause(market, retirement, LOOK_AGAIN_WHEN_UNREACHABLE)
    except OutcomeUnknown:
        await _now_unknown(market, retirement_id)
        return _pause(market, retirement, LOOK_AGAIN_WHEN_UNREACHABLE)
    except RequestRefused as refused:
        await _stop_for_a_person(market, retirement_id, refused.code)
        return None
    return None if report is None else await _follow(market, retirement, report)


def _pause(market: Market, retirement: Retirement, shortest: timedelta) -> timedelta:
    age = market.clock() - (retirement.submitted_at or retirement.created_at)
    return min(max(age / 10, shortest), LONGEST_PAUSE)


async def _follow(market: Market, retirement: Retirement, report: CancellationReport) -> timedelta | None:
    match report.state:
        case CancellationState.PENDING:
            if not _by_hand(market, retirement):
                await _tell_buyer(market, retirement, Happened.REGISTRY_WAITING)
            return report.look_again_after or _pause(market, retirement, LOOK_AGAIN_WHEN_PENDING)
        case CancellationState.REJECTED:
            await _rejected(market, retirement.id, report)
        case CancellationState.CONFIRMED:
            await _confirmed(market, retirement.id, report)
    return None


async def _ask(market: Market, retirement: Retirement) -> CancellationReport | None:
    registry = market.registries[retirement.registry]
    match RetirementState(retirement.state):
        case RetirementState.QUEUED:
            # one that has waited long may stem from a restored backup, and the registry may know it already
            known = None
            if market.clock() - retirement.created_at > LOOK_FIRST_AFTER:
                known = await registry.look_up(retirement.reference)
            await _intend(market, retirement)
            return known or await registry.submit(request_of(retirement))
        case RetirementState.SUBMITTED | RetirementState.UNKNOWN:
            # an earlier attempt may have reached the registry: look first
            report = await registry.look_up(retirement.reference)
            if report is not None:
                return report
            if retirement.state == RetirementState.UNKNOWN:
                await _move(retirement, RetirementState.SUBMITTED)
            answer = await registry.submit(request_of(retirement))
            if answer.state is CancellationState.REJECTED:
                # an attempt that was still on its way at the look may have arrived since, and taken these very serials
                return await registry.look_up(retirement.reference) or answer
            return answer
        case RetirementState.CONFIRMED | RetirementState.REJECTED:
            return None


def _by_hand(market: Market, retirement: Retirement) -> bool:
    return market.registries[retirement.registry].by_hand(request_of(retirement).account)


async def _intend(market: Market, retirement: Retirement) -> None:
    async def work(_: BaseDBAsyncClient) -> None:
        now = market.clock()
        await _move(retirement, RetirementState.SUBMITTED, submitted_at=now)
        await note(
            retirement.order_id,
            # the registry itself is asked when somebody has done it there (marketplace/desk)
            Happened.AT_THE_DESK if _by_hand(market, retirement) else Happened.CANCELLATION_REQUESTED,
            at=now,
            reference=retirement.reference,
            registry=retirement.registry,
        )

    await run_tx(work)


async def _now_unknown(market: Market, retirement_id: str) -> None:
    async def work(_: BaseDBAsyncClient) -> None:
        retirement = await rows.get(Retirement, id=retirement_id)
        if retirement.state == RetirementState.SUBMITTED:
            await _move(retirement, RetirementState.UNKNOWN)
            await note(retirement.order_id, Happened.REGISTRY_ANSWER_UNKNOWN, at=market.clock())

    await run_tx(work)


async def _tell_buyer(market: Market, retirement: Retirement, kind: Happened) -> None:
    async def work(_: BaseDBAsyncClient) -> None:
        await note_once(retirement.order_id, kind, at=market.clock(), registry=retirement.registry)

    await run_tx(work)


async def _confirmed(market: Market, retirement_id: str, report: CancellationReport) -> None:
    """Store the notice and confirm what it says, if that is what was asked or a part of it; otherwise stop for a person."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        retirement = await rows.get(Retirement, id=retirement_id)
        if retirement.state not in {RetirementState.SUBMITTED, RetirementState.UNKNOWN}:
            return
        if report.notice is None:
            await _under_review(retirement, "notice_missing", now=now)
            return
        request, columns = request_of(retirement), _notice_columns(report.notice)
        differences = match_notice(request, report.notice)
        parts = partial_confirmation(request, report.notice)
        if differences and parts is None:
            await _under_review(retirement, ",".join(one.code for one in differences), now=now)
            return
        if parts is None:
            confirmed: Sequence[Interval] = [await rows.get(Interval, id=retirement.interval_id)]
            refused: Sequence[Retirement] = []
        else:
            confirmed, refused = await split(tx, retirement, parts, columns, now=now)
        await _move(retirement, RetirementState.CONFIRMED, decided_at=now, **columns)
        await inventory.finish_cancelling(confirmed)
        await note(
            retirement.order_id,
            Happened.CANCELLATION_CONFIRMED if parts is None else Happened.PARTLY_CONFIRMED,
            at=now,
            reference=retirement.reference,
            notice_number=report.notice.number,
            recorded_on=report.notice.recorded_on.isoformat(),
            **({} if parts is None else _tonnes(parts)),
        )
        for row in refused:
            await _replace(tx, row, now=now)
        await certify_soon(tx, retirement, now=now)

    await run_tx(work)


def _tonnes(parts: PartialConfirmation) -> dict[str, int]:
    confirmed, remaining = sum(map(len, parts.confirmed)), sum(map(len, parts.remaining))
    return {"asked": confirmed + remaining, "confirmed": confirmed, "remaining": remaining}


async def _replace(tx: BaseDBAsyncClient, refused: Retirement, *, now: datetime) -> None:
    await outbox.add(
        tx,
        "order.replace_refused",
        f"replace:{refused.id}",
        {"order_id": refused.order_id, "retirement_id": refused.id},
        at=now,
    )


async def certify_soon(tx: BaseDBAsyncClient, decided: Retirement, *, now: datetime) -> None:
    """Have the order looked at after this decision is committed: two decisions at once do not see each other, and the job of
    the later one sees both."""
    await outbox.add(tx, "order.certify", f"certify:{decided.id}", {"order_id": decided.order_id}, at=now)


async def _stop_for_a_person(market: Market, retirement_id: str, reason: str) -> None:
    """The registry refused to take the request at all, which no waiting changes: a person must look."""

    async def work(_: BaseDBAsyncClient) -> None:
        retirement = await rows.get(Retirement, id=retirement_id)
        if retirement.state in _UNDECIDED:
            await _under_review(retirement, reason, now=market.clock())

    await run_tx(work)


async def _under_review(retirement: Retirement, reason: str, *, now: datetime) -> None:
    await Retirement.filter(id=retirement.id).update(review_reason=reason)
    await note(retirement.order_id, Happened.UNDER_REVIEW, at=now, reason=reason)


_UNDECIDED = (RetirementState.QUEUED, RetirementState.SUBMITTED, RetirementState.UNKNOWN)


def _notice_columns(notice: Notice) -> dict[str, Any]:
    fields = asdict(notice)
    document = fields.pop("document")
    return {
        "notice_number": notice.number,
        "recorded_on": notice.recorded_on,
        "notice": json.dumps(fields, ensure_ascii=False, sort_keys=True, default=str),
        "notice_document": document,
        "notice_media_type": notice.document_media_type,
        "notice_sha256": hashlib.sha256(document).hexdigest(),
    }


async def _rejected(market: Market, retirement_id: str, report: CancellationReport) -> None:
    """The registry refused: the serials return to the shelf, and the order looks for others or gives the money back."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        retirement = await rows.get(Retirement, id=retirement_id)
        if retirement.state not in {RetirementState.SUBMITTED, RetirementState.UNKNOWN}:
            return
        reason = report.rejection_reason or "no_reason_given"
        await _move(retirement, RetirementState.REJECTED, decided_at=now, rejection_reason=reason)
        await note(retirement.order_id, Happened.CANCELLATION_REFUSED, at=now, reason=reason)
        await _replace(tx, retirement, now=now)

    await run_tx(work)


async def given_up(tx: BaseDBAsyncClient, retirement_id: str, *, now: datetime) -> bool:
    """An operator ends a retirement that stopped for a person, knowing that the registry did nothing. False if it goes on
    already. Inside the caller's transaction."""
    retirement = await rows.get(Retirement, id=retirement_id)
    if retirement.review_reason is None or retirement.state not in _UNDECIDED:
        return False
    if retirement.state == RetirementState.QUEUED:
        await _move(retirement, RetirementState.SUBMITTED, submitted_at=now)
    await _move(retirement, RetirementState.REJECTED, decided_at=now, rejection_reason=GIVEN_UP, review_reason=None)
    await note(retirement.order_id, Happened.CANCELLATION_REFUSED, at=now, reason=GIVEN_UP)
    await _replace(tx, retirement, now=now)
    return True


async def _move(retirement: Retirement, new: RetirementState, **changes: Any) -> None:
    old = RetirementState(retirement.state)
    if new not in ALLOWED_MOVES[old]:
        raise MoveNotAllowed(f"retirement {retirement.id} cannot move from {old} to {new}", old=old, new=new)
    if await rows.change(Retirement, {"id": retirement.id, "state": old}, state=new, **changes) != 1:
        raise MoveNotAllowed(f"retirement {retirement.id} is no longer {old}", old=old, new=new)
    retirement.state = new
