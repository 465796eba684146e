"""Give money back: promised in the caller's transaction, carried out by a job, followed until the provider has decided.

    requested ─▶ pending ─▶ succeeded ─▶ failed (the bank sent it back)
        └──────────┴──▶ failed ─▶ requested again, as another attempt with another key

Money that did not come by card goes back to an account that the provider asks the buyer for: `pending` until it has an
answer. A refund of a prepaid order returns to the prepaid balance at once.
"""

from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database.dialect import is_postgres, sql
from marketplace.database.transactions import run_tx
from marketplace.errors import RefundKeyReused, RefundTooLarge
from marketplace.ids import new_id
from marketplace.ledger import service as ledger
from marketplace.market import Market
from marketplace.money import allocate
from marketplace.orders.models import Order
from marketplace.orders.service import find, move
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, note
from marketplace.outbox import service as outbox
from marketplace.payments import early_news
from marketplace.payments.events import Subject
from marketplace.payments.gateway import PaymentRefused, Refund
from marketplace.payments.models import Payment, PrepaidPayment, RefundRecord
from marketplace.payments.refund_states import ALLOWED_MOVES, OF_PROVIDER, BorneBy, RefundState
from marketplace.payouts import service as payouts

LOOK_AGAIN = timedelta(hours=6)
PAUSE_BEFORE_NEXT_ATTEMPT = timedelta(days=1)
ATTEMPTS_WITHOUT_A_PERSON = 3
MADE_AT_PROVIDER = "made_at_provider"


async def refund(
    tx: BaseDBAsyncClient,
    order: Order,
    yen: int,
    *,
    reason: str,
    key: str,
    at: datetime,
    borne_by: BorneBy = BorneBy.ORDER,
    to_balance_of: str | None = None,
) -> RefundRecord:
    """Promise `yen` of the order's payment back, once per `key` for ever; the job that does it is written with it.

    `yen` may be a part; all refunds of an order together never exceed its payment. For what could not be delivered, take
    the paid total minus the price of what was, so that every rounding favours the buyer. `reason` is a code that
    frontend/locale turns into a sentence. Raises: RefundTooLarge, RefundKeyReused.
    """
    payment = await _locked_payment(tx, order, yen)
    known = await RefundRecord.get_or_none(key=key)
    if known is not None:
        if (known.payment_id, known.amount_yen) != (payment.id, yen):
            raise RefundKeyReused(f"{key} already stands for a refund of {known.amount_yen} yen", key=key)
        return known
    left = payment.amount_yen - sum(earlier.amount_yen for earlier in await RefundRecord.filter(payment_id=payment.id))
    if borne_by is BorneBy.ORDER:
        left = min(left, -await ledger.balance(ledger.order_account(order.id)))
    elif borne_by is BorneBy.PROVIDERS:
        left = min(left, sum((await ledger.left_of_sale(order.id)).values()))
    if not 0 < yen <= left:
        raise RefundTooLarge(f"order {order.id} has {left} yen to give back, not {yen}", yen=yen, left_yen=left)
    if to_balance_of is None and (prepaid := await PrepaidPayment.get_or_none(payment_id=payment.id)):
        to_balance_of = prepaid.buyer
    record = await _write(payment, yen, reason=reason, key=key, borne_by=borne_by, to_balance_of=to_balance_of, at=at)
    sources = await _sources(order.id, yen, borne_by)
    for account, share in sources.items():
        kind, _, provider = account.partition(":")
        if kind == "provider" and share:
            await payouts.reduce(tx, order.id, provider, share, refund_id=record.id, at=at)
    if to_balance_of is not None:
        await _book(record, "promised", {**sources, ledger.buyer_balance_account(to_balance_of): -yen}, order.id, at=at)
        await _given_back(tx, record, payment, at=at)
        return record
    await _book(record, "promised", {**sources, ledger.refund_account(record.id): -yen}, order.id, at=at)
    if yen < payment.amount_yen:
        await note(order.id, Happened.PART_REFUND_DUE, at=at, amount_yen=yen, reason=reason)
    await _enqueue(tx, record, at=at)
    return record


async def _locked_payment(tx: BaseDBAsyncClient, order: Order, yen: int) -> Payment:
    payment = await Payment.get_or_none(order_id=order.id)
    if payment is None:
        raise RefundTooLarge(f"order {order.id} is not paid", yen=yen, left_yen=0)
    # SQLite has one writer at a time; on PostgreSQL refunds of one payment queue here
    if is_postgres(tx):
        await tx.execute_query_dict("SELECT id FROM payment WHERE id = $1 FOR UPDATE", [payment.id])
    return payment


async def _write(
    payment: Payment, yen: int, *, reason: str, key: str, borne_by: BorneBy, to_balance_of: str | None, at: datetime
) -> RefundRecord:
    at_once = to_balance_of is not None
    return await RefundRecord.create(
        id=new_id("ref", at),
        payment_id=payment.id,
        key=key,
        amount_yen=yen,
        reason=reason,
        borne_by=borne_by,
        to_balance_of=to_balance_of,
        state=RefundState.SUCCEEDED if at_once else RefundState.REQUESTED,
        requested_at=at,
        decided_at=at if at_once else None,
    )


async def _sources(order_id: str, yen: int, borne_by: BorneBy) -> dict[str, int]:
    """The accounts that pay for it. The sellers share it as they shared the sale, fee and tax included."""
    match borne_by:
        case BorneBy.ORDER:
            return {ledger.order_account(order_id): yen}
        case BorneBy.SERVICE:
            return {ledger.LOSS: yen}
        case BorneBy.PROVIDERS:
            left = await ledger.left_of_sale(order_id)
            return dict(zip(left, allocate(yen, list(left.values())), strict=True))


async def _book(record: RefundRecord, what: str, postings: dict[str, int], order_id: str, *, at: datetime) -> None:
    await ledger.book(f"refund_{what}:{record.id}:{record.attempt}", postings, order_id=order_id, at=at)


async def _enqueue(tx: BaseDBAsyncClient, record: RefundRecord, *, at: datetime) -> None:
    await outbox.add(tx, "refund.advance", f"refund:{record.id}:{record.attempt}", {"refund_id": record.id}, at=at)


async def advance(market: Market, refund_id: str) -> timedelta | None:
    """Ask the provider for the refund, or how it stands. Returns when to look again while it is undecided."""
    record = await RefundRecord.get(id=refund_id)
    if record.state == RefundState.REQUESTED:
        payment = await Payment.get(id=record.payment_id)
        try:
            told = await market.payments.refund(payment.provider_payment, record.amount_yen, key=_provider_key(record))
        except PaymentRefused as refused:
            await _refused(market, record, refused.reason)
            return None
    elif record.state == RefundState.PENDING:
        told = await market.payments.refund_by_id(await _provider_refund(record))
    else:
        return None
    await follow(market, told)
    return LOOK_AGAIN if OF_PROVIDER.get(told.state, RefundState.PENDING) is RefundState.PENDING else None


async def follow(market: Market, told: Refund) -> None:
    """Bring our record to what the provider says. Safe to repeat, in any order."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        payment = await Payment.get_or_none(provider_payment=told.payment)
        if payment is None:
            await early_news.keep(tx, Subject.REFUND, told.id, told.payment, at=now)
            return
        await _locked_payment(tx, await find(payment.order_id), told.amount)
        record = await _ours(told)
        if record is None:
            record = await _made_elsewhere(payment, told, at=now)
        elif record.reason != MADE_AT_PROVIDER and told.key != _provider_key(record):
            # an earlier attempt, which has ended
            return
        await tx.execute_query(
            sql(
                tx,
                "INSERT INTO refund_attempt (refund_id, number, provider_refund, at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (refund_id, number) DO NOTHING",
            ),
            [record.id, record.attempt, told.id, now],
        )
        await _follow(tx, record, payment, told.state, at=now)

    await run_tx(work)


async def _ours(told: Refund) -> RefundRecord | None:
    """By the key that we gave it; a refund that was made at the provider is known by its number there."""
    if told.key is not None and (ours := await RefundRecord.get_or_none(id=told.key.partition(":")[0])):
        return ours
    return await RefundRecord.get_or_none(key=f"provider:{told.id}")


async def _made_elsewhere(payment: Payment, told: Refund, *, at: datetime) -> RefundRecord:
    """Somebody gave money back on the provider's own pages. The order goes on, so what it costs is our loss."""
    record = await _write(
        payment,
        told.amount,
        reason=MADE_AT_PROVIDER,
        key=f"provider:{told.id}",
        borne_by=BorneBy.SERVICE,
        to_balance_of=None,
        at=at,
    )
    postings = {ledger.LOSS: told.amount, ledger.refund_account(record.id): -told.amount}
    await _book(record, "promised", postings, payment.order_id, at=at)
    return record


async def _follow(tx: BaseDBAsyncClient, record: RefundRecord, payment: Payment, said: str, *, at: datetime) -> None:
    old, new = RefundState(record.state), OF_PROVIDER.get(said, RefundState.PENDING)
    if new not in ALLOWED_MOVES[old]:
        # nothing new, or an older answer that arrived after a newer one
        return
    yen, account = record.amount_yen, ledger.refund_account(record.id)
    match new:
        case RefundState.SUCCEEDED:
            await _move(record, new, decided_at=at)
            await _book(record, "paid", {account: yen, ledger.CLEARING: -yen}, payment.order_id, at=at)
            await _given_back(tx, record, payment, at=at)
        case RefundState.FAILED:
            await _move(record, new, decided_at=at, failure=said)
            if old is RefundState.SUCCEEDED:
                await _book(record, "returned", {ledger.CLEARING: yen, account: -yen}, payment.order_id, at=at)
            await note(payment.order_id, Happened.REFUND_FAILED, at=at, amount_yen=yen)
            if record.attempt < ATTEMPTS_WITHOUT_A_PERSON:
                again = {"refund_id": record.id, "failed_attempt": record.attempt}
                key = f"refund_again:{record.id}:{record.attempt}"
                await outbox.add(tx, "refund.try_again", key, again, at=at + PAUSE_BEFORE_NEXT_ATTEMPT)
        case _:
            await _move(record, new)
            await note(payment.order_id, Happened.REFUND_PENDING, at=at, amount_yen=yen)


async def _given_back(tx: BaseDBAsyncClient, record: RefundRecord, payment: Payment, *, at: datetime) -> None:
    """Say so on the time line and on a credit note; the order is refunded once all of its payment has gone back."""
    order = await find(payment.order_id)
    returned = await RefundRecord.filter(payment_id=payment.id, state=RefundState.SUCCEEDED)
    whole = sum(one.amount_yen for one in returned) == payment.amount_yen
    if whole and order.state == OrderState.REFUND_DUE:
        await move(order, OrderState.REFUNDED)
    note_key = f"credit_note:{record.id}"
    await outbox.add(tx, "invoice.issue_credit_note", note_key, {"refund_id": record.id}, at=at)
    kind = Happened.REFUNDED if whole else Happened.PART_REFUNDED
    await note(order.id, kind, at=at, amount_yen=record.amount_yen)


async def _refused(market: Market, asked: RefundRecord, reason: str) -> None:
    """The provider will not do it, which no waiting changes: a person must look."""

    async def work(_: BaseDBAsyncClient) -> None:
        now = market.clock()
        record = await RefundRecord.get(id=asked.id)
        if (record.state, record.attempt) != (RefundState.REQUESTED, asked.attempt):
            return
        payment = await Payment.get(id=record.payment_id)
        await _move(record, RefundState.FAILED, decided_at=now, failure=reason)
        await note(payment.order_id, Happened.REFUND_FAILED, at=now, amount_yen=record.amount_yen)

    await run_tx(work)


async def try_again(market: Market, refund_id: str, failed_attempt: int) -> None:
    """Job: another attempt after a failed one, with another key."""
    await run_tx(lambda tx: begin_again(tx, refund_id, failed_attempt, at=market.clock()))


async def begin_again(tx: BaseDBAsyncClient, refund_id: str, failed_attempt: int, *, at: datetime) -> None:
    """Inside the caller's transaction. Repeated, or after somebody else's, it changes nothing."""
    record = await RefundRecord.get(id=refund_id)
    if (record.state, record.attempt) == (RefundState.FAILED, failed_attempt):
        await _move(record, RefundState.REQUESTED, attempt=failed_attempt + 1, failure=None, decided_at=None)
        await _enqueue(tx, record, at=at)


async def _move(record: RefundRecord, new: RefundState, **changes: object) -> None:
    await RefundRecord.filter(id=record.id, state=record.state).update(state=new, **changes)
    await record.refresh_from_db()


def _provider_key(record: RefundRecord) -> str:
    return f"{record.id}:{record.attempt}"


async def _provider_refund(record: RefundRecord) -> str:
    connection = RefundRecord._meta.db
    rows = await connection.execute_query_dict(
        sql(connection, "SELECT provider_refund FROM refund_attempt WHERE refund_id = ? AND number = ?"),
        [record.id, record.attempt],
    )
    return str(rows[0]["provider_refund"])


async def of_order(order_id: str) -> list[RefundRecord]:
    """The order's refunds, oldest first."""
    payment = await Payment.get_or_none(order_id=order_id)
    return [] if payment is None else await RefundRecord.filter(payment_id=payment.id).order_by("id")
