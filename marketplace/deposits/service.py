"""Begin a deposit, open its payment page, and book what the provider says of it: once, whenever it comes.

The most that a balance may hold is the operator's, since the law on prepaid payment instruments sets duties by amount.
"""

import tomllib
from datetime import timedelta
from functools import cache
from pathlib import Path

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.database.dialect import is_postgres
from marketplace.database.transactions import run_tx
from marketplace.deposits.errors import DepositNotFound, DepositsNotTaken, DepositTooLarge, DepositTooSmall
from marketplace.deposits.models import Deposit, DepositState
from marketplace.ids import new_id
from marketplace.ledger import balance
from marketplace.ledger import service as ledger
from marketplace.mail.service import send_later
from marketplace.market import Market
from marketplace.orders.service import CHECKOUT_LASTS, KONBINI_DAYS, SMALLEST_PAYMENT_YEN
from marketplace.orders.settlement import BANK_TRANSFER_WITHIN, PaymentDiffers
from marketplace.outbox import service as outbox
from marketplace.payments import early_news
from marketplace.payments.gateway import (
    Checkout,
    CheckoutLine,
    CheckoutRequest,
    PaymentMethod,
    PaymentRefused,
    PaymentState,
)

OPEN_CHECKOUT, RUN_OUT = "deposit.open_checkout", "deposit.run_out"
_PREFIX = "dep"
_LAST_SECOND = timedelta(minutes=10)


def is_deposit(order_id: str) -> bool:
    """Whether a checkout's order is a deposit."""
    return order_id.startswith(f"{_PREFIX}_")


async def begin(market: Market, actor: Actor, yen: int, *, locale: str, external_id: str | None = None) -> Deposit:
    """A deposit into the balance of the actor's organisation that waits for its payment.

    Whoever begins again under the same `external_id`, after a crash or beside the first attempt, is given the deposit there is.
    Raises DepositsNotTaken, DepositTooSmall, DepositTooLarge.
    """
    organisation_id, most = actor.organisation_id, market.terms.balance_most_yen
    if most == 0 or organisation_id is None:
        raise DepositsNotTaken("no money is taken ahead")
    if yen < SMALLEST_PAYMENT_YEN:
        raise DepositTooSmall(f"{yen} yen", least_yen=SMALLEST_PAYMENT_YEN)

    async def work(tx: BaseDBAsyncClient) -> Deposit:
        now = market.clock()
        await _lock(tx, organisation_id)
        if external_id is not None and (
            begun := await Deposit.get_or_none(organisation_id=organisation_id, external_id=external_id)
        ):
            return begun
        if yen > (room_yen := await room_of(market, organisation_id)):
            raise DepositTooLarge(f"{yen} yen, with room for {room_yen}", most_yen=most, room_yen=room_yen)
        deposit = await Deposit.create(
            id=new_id(_PREFIX, now),
            organisation_id=organisation_id,
            external_id=external_id,
            amount_yen=yen,
            state=DepositState.AWAITING_PAYMENT,
            locale=locale,
            email=actor.email,
            pay_until=now + CHECKOUT_LASTS,
            created_at=now,
        )
        await outbox.add(tx, OPEN_CHECKOUT, f"{OPEN_CHECKOUT}:{deposit.id}", {"deposit_id": deposit.id}, at=now)
        return deposit

    return await run_tx(work)


async def _lock(tx: BaseDBAsyncClient, organisation_id: str) -> None:
    # SQLite has one writer at a time; on PostgreSQL two deposits of one organisation queue here
    if is_postgres(tx):
        await tx.execute_query_dict("SELECT id FROM organisation WHERE id = $1 FOR NO KEY UPDATE", [organisation_id])


async def open_checkout(market: Market, deposit_id: str) -> Deposit:
    """Open the payment page, once: the deposit's id is the idempotency key, so a repetition finds the same page.

    Raises PaymentProviderUnreachable, after which it may be tried again, and PaymentRefused, with which the deposit has lapsed.
    """
    deposit = await Deposit.get(id=deposit_id)
    if deposit.state != DepositState.AWAITING_PAYMENT or deposit.checkout_session is not None:
        return deposit
    try:
        checkout = await market.payments.open_checkout(_checkout_request(market, deposit))
    except PaymentRefused:
        # nobody can pay what has no page, so the room is free again
        await run_tx(lambda _: _lapse(deposit.id))
        raise

    async def work(_: BaseDBAsyncClient) -> None:
        waiting = Deposit.filter(id=deposit.id, checkout_session__isnull=True, state=DepositState.AWAITING_PAYMENT)
        await waiting.update(checkout_session=checkout.id, checkout_url=checkout.url)

    await run_tx(work)
    return await Deposit.get(id=deposit.id)


def _checkout_request(market: Market, deposit: Deposit) -> CheckoutRequest:
    page = f"{market.base_url}/{deposit.locale}/account/balance"
    return CheckoutRequest(
        key=deposit.id,
        order_id=deposit.id,
        currency="JPY",
        lines=[CheckoutLine(_words()[deposit.locale], deposit.amount_yen)],
        success_url=page,
        cancel_url=page,
        locale=deposit.locale,
        expires_at=deposit.pay_until,
        email=deposit.email,
        methods=(PaymentMethod.CARD, PaymentMethod.KONBINI, PaymentMethod.BANK_TRANSFER),
        konbini_days=KONBINI_DAYS,
    )


async def follow(market: Market, checkout: Checkout) -> None:
    """What has become of a deposit's payment page. Safe to call any number of times, in any order. Raises PaymentDiffers."""
    match checkout.state:
        case PaymentState.PAID:
            await run_tx(lambda tx: _paid(tx, market, checkout))
        case PaymentState.PENDING:
            until = checkout.pay_by or market.clock() + BANK_TRANSFER_WITHIN
            await Deposit.filter(id=checkout.order_id, state=DepositState.AWAITING_PAYMENT, pay_until__lt=until).update(
                pay_until=until, checkout_url=checkout.instructions_url
            )
        case PaymentState.FAILED | PaymentState.EXPIRED:
            await _lapse(checkout.order_id)
        case PaymentState.OPEN:
            pass


async def _paid(tx: BaseDBAsyncClient, market: Market, checkout: Checkout) -> None:
    now, deposit = market.clock(), await Deposit.get(id=checkout.order_id)
    if deposit.state == DepositState.PAID:
        return
    if checkout.payment is None or (checkout.amount, checkout.currency) != (deposit.amount_yen, "JPY"):
        raise PaymentDiffers(f"{checkout.id}: {checkout.amount} {checkout.currency}, not {deposit.amount_yen} JPY")
    await Deposit.filter(id=deposit.id).update(
        state=DepositState.PAID, provider_payment=checkout.payment, captured_at=now
    )
    await balance.credit(
        deposit.organisation_id,
        deposit.amount_yen,
        taken_from=ledger.CLEARING,
        event=f"deposit:{deposit.id}",
        at=now,
    )
    await early_news.look_again(tx, checkout.payment, at=now)
    told = {"yen": deposit.amount_yen, "balance_yen": await balance.balance_of(deposit.organisation_id)}
    await send_later(tx, "deposit_received", deposit.email, deposit.locale, told, key=f"deposit:{deposit.id}", at=now)


async def _lapse(deposit_id: str) -> None:
    await Deposit.filter(id=deposit_id, state=DepositState.AWAITING_PAYMENT).update(state=DepositState.LAPSED)


async def run_out(market: Market, deposit_id: str) -> None:
    """Job: the time to pay is over. The page is closed first, unless the money came after all."""
    deposit = await Deposit.get(id=deposit_id)
    if deposit.checkout_session is not None:
        checkout = await market.payments.expire_checkout(deposit.checkout_session)
        await follow(market, checkout)
        if checkout.state is not PaymentState.PENDING:
            return
    # a promise cannot be closed; money that comes later still is taken in
    if deposit.pay_until + _LAST_SECOND <= market.clock():
        await _lapse(deposit.id)


async def enqueue_overdue(market: Market) -> None:
    """Sweep: deposits whose time to pay is over."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        overdue = Deposit.filter(state=DepositState.AWAITING_PAYMENT, pay_until__lte=now - _LAST_SECOND)
        for deposit in await overdue.limit(100):
            key = f"{RUN_OUT}:{deposit.id}:{deposit.pay_until.isoformat()}"
            await outbox.add(tx, RUN_OUT, key, {"deposit_id": deposit.id}, at=now)

    await run_tx(work)


async def of_organisation(organisation_id: str, *, limit: int = 50, before: str | None = None) -> list[Deposit]:
    """Newest first; `before` is a deposit's id where the last piece ended."""
    owned = Deposit.filter(organisation_id=organisation_id)
    return await (owned.filter(id__lt=before) if before else owned).order_by("-id").limit(limit)


async def find(organisation_id: str, deposit_id: str) -> Deposit:
    """Another organisation's deposit looks like none. Raises DepositNotFound."""
    deposit = await Deposit.get_or_none(id=deposit_id, organisation_id=organisation_id)
    if deposit is None:
        raise DepositNotFound(f"no deposit {deposit_id}")
    return deposit


async def room_of(market: Market, organisation_id: str) -> int:
    """How many yen the balance may still take, with what is on its way."""
    awaited = await Deposit.filter(organisation_id=organisation_id, state=DepositState.AWAITING_PAYMENT)
    held = await balance.balance_of(organisation_id) + sum(one.amount_yen for one in awaited)
    return max(0, market.terms.balance_most_yen - held)


@cache
def _words() -> dict[str, str]:
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))
