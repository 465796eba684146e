"""A card's owner objects to a payment: the money is taken from us until it is decided.

A cancelled unit never comes back, so the order and its certificate stay as they are, and a lost dispute is our loss.
"""

from collections.abc import Mapping

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database.dialect import is_postgres
from marketplace.database.transactions import run_tx
from marketplace.ledger import service as ledger
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.payments import early_news
from marketplace.payments.events import Subject
from marketplace.payments.gateway import Dispute, DisputeState
from marketplace.payments.models import DisputeRecord, Payment

ALLOWED_MOVES: Mapping[DisputeState, frozenset[DisputeState]] = {
    DisputeState.INQUIRY: frozenset({DisputeState.WITHDRAWN, DisputeState.WON, DisputeState.LOST}),
    DisputeState.WITHDRAWN: frozenset({DisputeState.WON, DisputeState.LOST}),
    DisputeState.WON: frozenset(),
    # an appeal may still be won
    DisputeState.LOST: frozenset({DisputeState.WON}),
}

# how many times the disputed amount each account holds in a state: clearing, the dispute itself, our loss
POSITION: Mapping[DisputeState, tuple[int, int, int]] = {
    DisputeState.INQUIRY: (0, 0, 0),
    DisputeState.WITHDRAWN: (-1, 1, 0),
    DisputeState.WON: (0, 0, 0),
    DisputeState.LOST: (-1, 0, 1),
}


async def follow(market: Market, told: Dispute) -> None:
    """Bring our books to what the provider says of a dispute of an order's payment. Safe to repeat, in any order."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        payment = await Payment.get_or_none(provider_payment=told.payment)
        if payment is None:
            await early_news.keep(tx, Subject.DISPUTE, told.id, told.payment, at=now)
            return
        if is_postgres(tx):
            await tx.execute_query_dict("SELECT id FROM payment WHERE id = $1 FOR UPDATE", [payment.id])
        known = await DisputeRecord.get_or_none(id=told.id)
        if known is None:
            known = await DisputeRecord.create(
                id=told.id,
                payment_id=payment.id,
                amount_yen=told.amount,
                reason=told.reason,
                state=DisputeState.INQUIRY,
                answer_by=told.answer_by,
                opened_at=now,
                changed_at=now,
            )
        await _follow(market, tx, known, told, payment.order_id)

    await run_tx(work)


async def _follow(market: Market, tx: BaseDBAsyncClient, known: DisputeRecord, told: Dispute, order_id: str) -> None:
    old, new = DisputeState(known.state), told.state
    if new not in ALLOWED_MOVES[old]:
        # nothing new, or an older answer that arrived after a newer one
        return
    now, changes = market.clock(), known.changes + 1
    await DisputeRecord.filter(id=known.id, state=old).update(
        state=new, changes=changes, answer_by=told.answer_by, changed_at=now
    )
    accounts = (ledger.CLEARING, ledger.dispute_account(known.id), ledger.LOSS)
    shifts = (after - before for before, after in zip(POSITION[old], POSITION[new], strict=True))
    postings = {account: shift * known.amount_yen for account, shift in zip(accounts, shifts, strict=True) if shift}
    facts = {"dispute": known.id, "order_id": order_id, "state": new.value, "yen": known.amount_yen}
    await mail.tell_operators(market, tx, "operator_dispute", facts, key=f"dispute:{known.id}:{changes}")
    if postings:
        await ledger.book(f"dispute:{known.id}:{changes}", postings, order_id=order_id, at=now)
