"""A deposit or a gift is given back or disputed at the payment provider: the balance it went into pays, as far as it can.

A balance never falls below zero, since what was spent of it has become cancelled units. What it cannot give is our loss, and
operators are told, so that they can ask the organisation for it; nothing is taken off a later deposit without asking. What
comes back, because the dispute is won or the bank returns the refund, goes back to where it was taken from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database.transactions import run_tx
from marketplace.deposits.models import Deposit
from marketplace.ledger import balance
from marketplace.ledger import service as ledger
from marketplace.mail import service as mail
from marketplace.mail.post import JSON
from marketplace.market import Market
from marketplace.payments import disputes, refunds
from marketplace.payments.gateway import DisputeState
from marketplace.payments.refund_states import OF_PROVIDER, RefundState
from marketplace.plans import bounced
from marketplace.plans import service as plans
from marketplace.plans.models import Plan, PlanGift, PlanReturn
from marketplace.plans.states import LIVE, EndedBecause, PlanState
from marketplace.plans.steering import end
from marketplace.taken_back.models import ALLOWED_MOVES, Kind, TakenBack, TakenState

OF_DISPUTE: Mapping[DisputeState, TakenState] = {
    DisputeState.INQUIRY: TakenState.ASKED,
    DisputeState.WITHDRAWN: TakenState.WITHHELD,
    DisputeState.WON: TakenState.RETURNED,
    DisputeState.LOST: TakenState.GONE,
}
OF_REFUND: Mapping[RefundState, TakenState] = {
    RefundState.PENDING: TakenState.WITHHELD,
    RefundState.SUCCEEDED: TakenState.GONE,
    RefundState.FAILED: TakenState.RETURNED,
}


@dataclass(frozen=True, slots=True)
class _Told:
    id: str
    kind: Kind
    payment: str
    amount_yen: int
    state: TakenState


async def follow_refund(market: Market, provider_refund: str) -> None:
    """Job: an event named this refund. Safe to repeat, in any order."""
    told = await market.payments.refund_by_id(provider_refund)
    stands = OF_PROVIDER.get(told.state, RefundState.PENDING)
    if told.key is not None and await PlanReturn.exists(id=told.key):
        # what was left of a gift, which we gave back and booked ourselves
        if stands is RefundState.FAILED:
            await bounced.follow(market, told)
        return
    state = OF_REFUND[stands]
    if not await _follow(market, _Told(told.id, Kind.REFUND, told.payment, told.amount, state)):
        await refunds.follow(market, told)


async def follow_dispute(market: Market, dispute_id: str) -> None:
    """Job: an event named this dispute. Safe to repeat, in any order."""
    told = await market.payments.dispute(dispute_id)
    if not await _follow(market, _Told(told.id, Kind.DISPUTE, told.payment, told.amount, OF_DISPUTE[told.state])):
        await disputes.follow(market, told)


async def _follow(market: Market, told: _Told) -> bool:
    """Bring our books to what the provider says; False if the payment is not one that was paid ahead."""

    async def work(tx: BaseDBAsyncClient) -> bool:
        deposit = await Deposit.get_or_none(provider_payment=told.payment)
        gift = await PlanGift.get_or_none(provider_payment=told.payment)
        if deposit is None and gift is None:
            return False
        owner = deposit.organisation_id if deposit is not None else str(gift and gift.plan_id)
        await _move(tx, market, owner, told, deposit)
        return True

    return await run_tx(work)


async def _move(tx: BaseDBAsyncClient, market: Market, owner: str, told: _Told, deposit: Deposit | None) -> None:
    now = market.clock()
    await balance.lock(owner)
    known = await TakenBack.get_or_none(id=told.id)
    if known is None:
        known = await TakenBack.create(
            id=told.id,
            kind=told.kind,
            provider_payment=told.payment,
            balance_of=owner,
            amount_yen=told.amount_yen,
            state=TakenState.ASKED,
            opened_at=now,
            changed_at=now,
        )
    old, new = TakenState(known.state), told.state
    if new not in ALLOWED_MOVES[old]:
        # nothing new, or an older answer that arrived after a newer one
        return
    before = _position(known, old)
    if old is TakenState.ASKED and new is not TakenState.RETURNED:
        known.from_balance_yen = min(await balance.balance_of(owner), known.amount_yen)
    known.state, known.changes, known.changed_at = new, known.changes + 1, now
    await known.save(update_fields=["state", "changes", "changed_at", "from_balance_yen"])
    after = _position(known, new)
    postings = {account: after[account] - before[account] for account in after}
    if any(postings.values()):
        await ledger.book(f"taken_back:{known.id}:{known.changes}", postings, order_id=None, at=now)
    await _tell(market, tx, known, deposit, at=now)
    if deposit is None:
        await _steer(tx, market, await plans.find(owner), known, at=now)


def _position(taken: TakenBack, state: TakenState) -> dict[str, int]:
    """What each account holds of it in a state; the sum is zero. A dispute takes the money first, a refund pays it out last."""
    whole, given = taken.amount_yen, taken.from_balance_yen
    lost = whole - given
    of_dispute = taken.kind == Kind.DISPUTE
    held = ledger.dispute_account(taken.id) if of_dispute else ledger.refund_account(taken.id)
    clearing = from_balance = on_hold = loss = 0
    if state is TakenState.GONE:
        clearing, from_balance, loss = -whole, given, lost
    elif state is TakenState.WITHHELD and of_dispute:
        clearing, from_balance, on_hold = -whole, given, lost
    elif state is TakenState.WITHHELD:
        from_balance, on_hold, loss = given, -whole, lost
    return {
        ledger.CLEARING: clearing,
        ledger.buyer_balance_account(taken.balance_of): from_balance,
        held: on_hold,
        ledger.LOSS: loss,
    }


async def _tell(
    market: Market, tx: BaseDBAsyncClient, taken: TakenBack, deposit: Deposit | None, *, at: datetime
) -> None:
    left = await balance.balance_of(taken.balance_of)
    facts: dict[str, JSON] = {
        "kind": taken.kind,
        "state": taken.state,
        "yen": taken.amount_yen,
        "from_balance_yen": taken.from_balance_yen,
        "balance_yen": left,
    }
    key = f"taken_back:{taken.id}:{taken.changes}"
    whose: dict[str, JSON] = {"number": taken.id, "balance_of": taken.balance_of}
    await mail.tell_operators(market, tx, "operator_taken_back", facts | whose, key=key)
    if deposit is not None:
        await mail.send_later(tx, "balance_taken_back", deposit.email, deposit.locale, facts, key=key, at=at)


async def _steer(tx: BaseDBAsyncClient, market: Market, plan: Plan, taken: TakenBack, *, at: datetime) -> None:
    """A gift whose money is taken delivers no further month; what comes back of an ended one goes to the giver."""
    if taken.state in (TakenState.WITHHELD, TakenState.GONE) and plan.state in LIVE:
        await end(tx, market, plan, EndedBecause.PROVIDER)
    elif taken.state == TakenState.RETURNED and plan.state == PlanState.ENDED and taken.from_balance_yen:
        await Plan.filter(id=plan.id).update(paid_until=at)


async def of_balance(owner: str, *, limit: int = 50) -> Sequence[TakenBack]:
    """Newest first; what was only asked about has taken nothing."""
    return (
        await TakenBack.filter(balance_of=owner)
        .exclude(state=TakenState.ASKED)
        .order_by("-opened_at", "-id")
        .limit(limit)
    )


async def newest(*, limit: int = 100) -> Sequence[TakenBack]:
    """Of all balances."""
    return await TakenBack.all().order_by("-opened_at", "-id").limit(limit)
