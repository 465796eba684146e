"""Send each seller what it earned with an order, once, and take back what refunds took off it.

due ─▶ sent                      by itself, once the seller's account is ready
 └──▶ held ─▶ released ─▶ sent   above the operator's limit: a second person releases it
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database import rows
from marketplace.database.dialect import is_postgres, sql
from marketplace.database.transactions import run_tx
from marketplace.errors import MoveNotAllowed
from marketplace.ids import new_id
from marketplace.ledger import service as ledger
from marketplace.market import Market
from marketplace.outbox import service as outbox
from marketplace.outbox.service import NewJob
from marketplace.payments.gateway import PaymentRefused
from marketplace.payments.models import Payment, PrepaidPayment
from marketplace.payouts.models import Payout, PayoutAccountRecord
from marketplace.payouts.states import ALLOWED_MOVES, PayoutState

LOOK_AGAIN_WHEN_REFUSED = timedelta(hours=6)
LOOK_AGAIN_WHEN_UNSENT = timedelta(minutes=10)


async def owe(gross_by_order: Mapping[str, Mapping[str, int]], *, at: datetime) -> None:
    """Inside the transaction that books the sales: one payout per order and provider, and the job that sends it."""
    due = [
        Payout(
            id=new_id("pout", at),
            provider_id=provider_id,
            order_id=order_id,
            amount_yen=yen,
            state=PayoutState.DUE,
            created_at=at,
        )
        for order_id, gross in gross_by_order.items()
        for provider_id, yen in gross.items()
        if yen
    ]
    await rows.insert(*due)
    await outbox.add_all([_look(payout, "sold") for payout in due], at=at)


async def enqueue(payout: Payout, why: str, *, at: datetime) -> None:
    """Inside a transaction. `why` tells apart the occasions on which the same payout is looked at."""
    await outbox.add_all([_look(payout, why)], at=at)


def _look(payout: Payout, why: str) -> NewJob:
    return NewJob("payout.advance", f"payout:{payout.id}:{why}", {"payout_id": payout.id})


async def advance(market: Market, payout_id: str) -> timedelta | None:
    """Send the payout if nothing stands against it. Safe to repeat; returns when to look again after a refusal."""
    found = await rows.get(Payout, id=payout_id)
    account = await rows.find(PayoutAccountRecord, provider_id=found.provider_id)
    if _waits_for_its_seller(market, found, account):
        return None
    payout = await run_tx(lambda tx: _prepared(tx, market, payout_id))
    if payout.asked_yen is None or payout.state not in {PayoutState.DUE, PayoutState.RELEASED} or account is None:
        return None
    try:
        transfer = await market.payouts.transfer(
            account.account,
            payout.asked_yen,
            "JPY",
            payment=await _payment_behind(payout.order_id),
            order_id=payout.order_id,
            key=payout.id,
        )
    except PaymentRefused as refused:
        await Payout.filter(id=payout.id).update(failure=refused.reason)
        return LOOK_AGAIN_WHEN_REFUSED
    await _sent(market, payout_id, transfer.id)
    return None


def _waits_for_its_seller(market: Market, payout: Payout, account: PayoutAccountRecord | None) -> bool:
    """The account that becomes ready looks again after everything that is due (onboarding.py)."""
    is_due = payout.state == PayoutState.DUE and payout.amount_yen > payout.reduced_yen
    by_itself = payout.amount_yen <= market.terms.payout_alone_yen
    return is_due and by_itself and payout.asked_yen is None and (account is None or not account.ready)


async def _prepared(tx: BaseDBAsyncClient, market: Market, payout_id: str) -> Payout:
    """Hold it, drop it, or fix the amount that is going to be asked for."""
    payout = await _locked(tx, payout_id)
    left = payout.amount_yen - payout.reduced_yen
    state = PayoutState(payout.state)
    if payout.asked_yen is not None or state in {PayoutState.SENT, PayoutState.DROPPED}:
        return payout
    if left == 0:
        await _move(payout, PayoutState.DROPPED)
    elif state is PayoutState.DUE and payout.amount_yen > market.terms.payout_alone_yen:
        await _move(payout, PayoutState.HELD)
    elif state is not PayoutState.HELD and await rows.find(
        PayoutAccountRecord, provider_id=payout.provider_id, ready=True
    ):
        payout.asked_yen = left
        await Payout.filter(id=payout.id).update(asked_yen=left)
    return payout


async def _payment_behind(order_id: str) -> str | None:
    """The provider's payment that the transfer is tied to; None for an order that was prepaid or is our own."""
    payment = await Payment.get_or_none(order_id=order_id)
    if payment is None or await PrepaidPayment.exists(payment_id=payment.id):
        return None
    return payment.provider_payment


async def _sent(market: Market, payout_id: str, transfer: str) -> None:
    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        payout = await _locked(tx, payout_id)
        if payout.state == PayoutState.SENT or payout.asked_yen is None:
            return
        await _move(payout, PayoutState.SENT, transfer=transfer, failure=None, sent_at=now)
        account = ledger.provider_account(payout.provider_id)
        await ledger.book(
            f"payout:{payout.id}",
            {account: payout.asked_yen, ledger.CLEARING: -payout.asked_yen},
            order_id=payout.order_id,
            at=now,
        )

    await run_tx(work)


async def release(tx: BaseDBAsyncClient, payout_id: str, *, at: datetime) -> None:
    """Inside the transaction in which a second person agreed. Raises MoveNotAllowed if it is not held."""
    payout = await _locked(tx, payout_id)
    await _move(payout, PayoutState.RELEASED)
    await enqueue(payout, "released", at=at)


async def reduce(
    tx: BaseDBAsyncClient, order_id: str, provider_id: str, yen: int, *, refund_id: str, at: datetime
) -> None:
    """Inside the transaction of a refund that the seller bears: take `yen` off its payout, or back if it was sent."""
    found = await Payout.get_or_none(order_id=order_id, provider_id=provider_id)
    if found is None:
        return
    payout = await _locked(tx, found.id)
    done_at = at if payout.asked_yen is None else None
    await Payout.filter(id=payout.id).update(reduced_yen=payout.reduced_yen + yen)
    await tx.execute_query(
        sql(tx, "INSERT INTO payout_reduction (payout_id, refund_id, amount_yen, done_at) VALUES (?, ?, ?, ?)"),
        [payout.id, refund_id, yen, done_at],
    )
    if done_at is None:
        back = {"payout_id": payout.id, "refund_id": refund_id, "yen": yen}
        await outbox.add(tx, "payout.take_back", f"take_back:{payout.id}:{refund_id}", back, at=at)


async def take_back(market: Market, payout_id: str, refund_id: str, yen: int) -> timedelta | None:
    """Job: what was sent comes back. Safe to repeat."""
    payout = await Payout.get(id=payout_id)
    if payout.transfer is None:
        return LOOK_AGAIN_WHEN_UNSENT
    await market.payouts.take_back(payout.transfer, yen, key=f"{payout_id}:{refund_id}")

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        done, _ = await tx.execute_query(
            sql(
                tx,
                "UPDATE payout_reduction SET done_at = ? WHERE payout_id = ? AND refund_id = ? AND done_at IS NULL",
            ),
            [now, payout_id, refund_id],
        )
        if done == 1:
            account = ledger.provider_account(payout.provider_id)
            event = f"take_back:{payout_id}:{refund_id}"
            await ledger.book(event, {ledger.CLEARING: yen, account: -yen}, order_id=payout.order_id, at=now)

    await run_tx(work)
    return None


async def _locked(tx: BaseDBAsyncClient, payout_id: str) -> Payout:
    # SQLite has one writer at a time; on PostgreSQL refund, release and sending of one payout queue here
    if is_postgres(tx):
        await tx.execute_query_dict("SELECT id FROM payout WHERE id = $1 FOR UPDATE", [payout_id])
    return await Payout.get(id=payout_id)


async def _move(payout: Payout, new: PayoutState, **changes: object) -> None:
    old = PayoutState(payout.state)
    if new not in ALLOWED_MOVES[old]:
        raise MoveNotAllowed(f"payout {payout.id} cannot move from {old} to {new}", old=old, new=new)
    await Payout.filter(id=payout.id, state=old).update(state=new, **changes)
    payout.state = new
