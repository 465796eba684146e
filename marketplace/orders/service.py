"""Place an order on a quote, and open its checkout. What follows a payment is in fulfilment.py."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from certificates.render_pdf import TextNotPrintable
from certificates.sheet import tonnes
from marketplace.accounts import belongings
from marketplace.accounts.actor import Actor
from marketplace.database import rows
from marketplace.database.dialect import is_postgres
from marketplace.database.rows import Joined
from marketplace.database.transactions import run_tx
from marketplace.errors import (
    BelowSmallestPayment,
    ConsentMissing,
    ExternalIdTaken,
    MoveNotAllowed,
    NoBalance,
    OrderNotFound,
    TextTooLongForRegistry,
    TotalAboveLimit,
)
from marketplace.ids import new_id, new_token
from marketplace.market import Market
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.orders.printable import find_unprintable
from marketplace.orders.states import ALLOWED_MOVES, OrderState
from marketplace.orders.timeline import Entry, Happened, note, note_all
from marketplace.orders.words import checkout_words, consent_to, consent_version
from marketplace.outbox import service as outbox
from marketplace.outbox.service import NewJob
from marketplace.payments import prepaid
from marketplace.payments.gateway import CheckoutLine, CheckoutRequest, PaymentMethod
from marketplace.quotes import service as quotes
from marketplace.quotes.models import Quote
from marketplace.registries.form_limits import too_long

# Stripe's own shortest checkout is 30 minutes; what is above it is the time we have to open one.
CHECKOUT_LASTS = timedelta(minutes=45)
# The units outlive the checkout, so that a payment in its last second still finds them.
UNITS_HELD_AFTER_CHECKOUT = timedelta(minutes=10)
# Stripe's smallest charge in yen.
SMALLEST_PAYMENT_YEN = 50
# A convenience store takes the money until the end of the third day after the buyer chose it.
KONBINI_DAYS = 3


@dataclass(frozen=True, slots=True)
class OrderWish:
    """`consent_version` is the version of the words shown to the buyer; `max_total_yen` the buyer's own limit.

    The order belongs to the organisation that `buyer` acts for; without one it is a guest's, who has only its token.
    `pay_from_balance` pays it at once from that organisation's prepaid balance; `paid_by` from the balance of an
    organisation that pays for somebody else, without the order becoming its own.
    """

    quote_id: str
    instruction: Instruction
    consent_version: str | None
    locale: str
    email: str | None = None
    external_id: str | None = None
    form_key: str | None = None
    max_total_yen: int | None = None
    buyer: Actor | None = None
    pay_from_balance: bool = False
    paid_by: str | None = None

    @property
    def is_prepaid(self) -> bool:
        return self.pay_from_balance or self.paid_by is not None


Beside = Callable[[BaseDBAsyncClient, Order], Awaitable[None]]


async def place(market: Market, wish: OrderWish, *, beside: Beside | None = None) -> Order:
    """Take the quote and write the order with everything that can never be changed later.

    `beside` writes what belongs to the order in the same transaction, or refuses it.
    Raises QuoteNotFound, QuoteUsed, QuoteExpired, TotalAboveLimit, BelowSmallestPayment, ConsentMissing, ExternalIdTaken,
    ActNotOffered, UseNotPermitted, TextNotPrintable, TextTooLongForRegistry, NoBalance, BalanceTooLow.
    """
    await refuse_texts(wish)

    async def work(tx: BaseDBAsyncClient) -> Order:
        order = await place_within(tx, market, wish)
        if beside is not None:
            await beside(tx, order)
        return order

    try:
        return await run_tx(work)
    except IntegrityError as clash:
        # another order took the external_id between our look and our write
        if wish.external_id is not None and await rows.find(Order, external_id=wish.external_id):
            raise ExternalIdTaken(f"external_id {wish.external_id} is taken", external_id=wish.external_id) from clash
        raise


async def refuse_texts(wish: OrderWish) -> None:
    """Before any transaction. Raises TextNotPrintable, ConsentMissing."""
    if unprintable := await find_unprintable(wish.instruction):
        raise TextNotPrintable("".join(unprintable.values()))
    if wish.consent_version != consent_version():
        raise ConsentMissing("the texts that can never be changed were not confirmed in their present wording")


async def place_within(tx: BaseDBAsyncClient, market: Market, wish: OrderWish) -> Order:
    """As `place`, inside the caller's transaction, for texts that `refuse_texts` has let pass."""
    now = market.clock()
    quote = await quotes.find(wish.quote_id)
    if wish.max_total_yen is not None and quote.total_yen > wish.max_total_yen:
        raise TotalAboveLimit(
            f"the quote costs {quote.total_yen} yen", total_yen=quote.total_yen, max_total=wish.max_total_yen
        )
    if not wish.is_prepaid and quote.total_yen < SMALLEST_PAYMENT_YEN:
        raise BelowSmallestPayment(
            f"{quote.total_yen} yen cannot be paid by card",
            total_yen=quote.total_yen,
            smallest_yen=SMALLEST_PAYMENT_YEN,
        )
    parts = await quotes.parts_of(quote)
    quotes.refuse_other_uses(parts, wish.instruction.purpose)
    await quotes.use(quote, now=now)
    registries = quotes.registries(parts)
    _refuse_too_long(market, quote, registries, wish.instruction)
    consent = consent_to(
        wish.instruction,
        registries=registries,
        locale=wish.locale,
        agreed_at=now,
        own_name=quote.own_tonnes > 0,
        pool_user=market.terms.pools.credit_user if quote.pool_g else None,
    )
    if wish.external_id is not None and await rows.find(Order, external_id=wish.external_id):
        raise ExternalIdTaken(f"external_id {wish.external_id} is taken", external_id=wish.external_id)
    pay_until = now + CHECKOUT_LASTS
    order = Order(
        id=new_id("ord", now),
        access_token=new_token(),
        quote_id=quote.id,
        external_id=wish.external_id,
        form_key=wish.form_key,
        # from a balance the money comes with the order
        state=OrderState.PAID if wish.is_prepaid else OrderState.QUOTED,
        locale=wish.locale,
        email=wish.email,
        total_yen=quote.total_yen,
        instruction=wish.instruction.model_dump_json(),
        consent=consent.model_dump_json(),
        pay_until=pay_until,
        created_at=now,
    )
    await rows.insert(order)
    await quotes.hold_parts_until(parts, pay_until + UNITS_HELD_AFTER_CHECKOUT)
    if wish.buyer is not None and wish.buyer.organisation_id is not None:
        # before the first entry of the time line, which the owner is told
        await belongings.own(order.id, wish.buyer, now=now)
    if wish.is_prepaid:
        await _pay_from_balance(order, wish, now=now)
        return order
    await note(order, Happened.ORDERED, at=now)
    await outbox.add(tx, "order.open_checkout", f"open_checkout:{order.id}", {"order_id": order.id}, at=now)
    return order


async def refuse_too_long(market: Market, quote: Quote, instruction: Instruction) -> None:
    """Before the texts are paid for, since the registry's form would cut them. Raises TextTooLongForRegistry."""
    _refuse_too_long(market, quote, await quotes.registries_of(quote.id), instruction)


def _refuse_too_long(market: Market, quote: Quote, registries: Sequence[str], instruction: Instruction) -> None:
    # whole tonnes bear the buyer's texts, pools the service's own
    for registry in registries if quote.own_tonnes else ():
        for fault in too_long(instruction, market.desk.profiles[registry]):
            raise TextTooLongForRegistry(
                f"{fault.field} has {fault.length} characters, {registry} takes {fault.limit}",
                field=fault.field,
                limit=fault.limit,
                registry=registry,
            )


async def _pay_from_balance(order: Order, wish: OrderWish, *, now: datetime) -> None:
    payer = wish.paid_by or (wish.buyer.organisation_id if wish.buyer else None)
    if payer is None:
        raise NoBalance("a guest has no balance")
    retire = NewJob("order.retire", f"retire:{order.id}", {"order_id": order.id})
    await note_all(
        [Entry(order, Happened.ORDERED), Entry(order, Happened.PAID)],
        at=now,
        jobs=[prepaid.invoice_of(order), retire],
    )
    # at the end, since others wait for the balance until the transaction is over
    await prepaid.take(order, payer, at=now)


async def find(order_id: str) -> Order:
    order = await rows.find(Order, id=order_id)
    if order is None:
        raise OrderNotFound(f"no order {order_id}", order_id=order_id)
    return order


async def queue_for(tx: BaseDBAsyncClient, order_id: str) -> None:
    """Inside a transaction, before the order is read: whoever else moves it waits until the transaction ends.

    A job whose lease ran out runs beside its repetition. Without this the slower of the two fails, and nothing else is wrong.
    """
    # SQLite has one writer at a time
    if is_postgres(tx):
        await tx.execute_query_dict("SELECT id FROM buyer_order WHERE id = $1 FOR NO KEY UPDATE", [order_id])


async def find_with_quote(order_id: str, *, locked: bool = False) -> tuple[Order, Quote]:
    """The order and what it was placed on; `locked` does what queue_for does. Raises OrderNotFound."""
    found = await find_with_quotes([order_id], locked=locked)
    if not found:
        raise OrderNotFound(f"no order {order_id}", order_id=order_id)
    return found[0]


async def find_with_quotes(order_ids: Sequence[str], *, locked: bool = False) -> list[tuple[Order, Quote]]:
    """As find_with_quote, by their ids and in the order of these; those that do not exist are left out."""
    found = await rows.find_joined(Order, Joined(Quote, "quote_id"), id=list(order_ids), order_by="id", locked=locked)
    return [(order, quote) for order, quote in found]


async def placed_on(quote_id: str) -> Order | None:
    """What was ordered on the quote, which is at most one order."""
    return await rows.find(Order, quote_id=quote_id)


async def find_by_token(token: str) -> Order:
    order = await rows.find(Order, access_token=token)
    if order is None:
        raise OrderNotFound("no order under this link")
    return order


async def open_checkout(market: Market, order_id: str) -> Order:
    """Open the payment page, once: the order id is the idempotency key, so a repetition finds the same page."""
    return await open_checkout_of(market, await find(order_id))


async def open_checkout_of(market: Market, order: Order) -> Order:
    """As open_checkout, for an order in hand; it is the same one afterwards, as it then stands."""
    if order.state != OrderState.QUOTED:
        return order
    checkout = await market.payments.open_checkout(await _checkout_request(market, order))
    opened = {
        "state": OrderState.AWAITING_PAYMENT,
        "checkout_session": checkout.id,
        "checkout_url": checkout.url,
    }

    async def work(_: BaseDBAsyncClient) -> bool:
        now = market.clock()
        changed = await rows.change(Order, {"id": order.id, "state": OrderState.QUOTED}, **opened)
        if changed:
            await note(order, Happened.CHECKOUT_OPENED, at=now)
        return changed == 1

    if not await run_tx(work):
        return await find(order.id)
    return order.update_from_dict(opened)


async def _checkout_request(market: Market, order: Order) -> CheckoutRequest:
    quote = await quotes.find(order.quote_id)
    words = checkout_words(order.locale)
    page = f"{market.base_url}/{order.locale}/orders/{order.access_token}"
    return CheckoutRequest(
        key=order.id,
        order_id=order.id,
        currency="JPY",
        lines=[
            CheckoutLine(words.credits.format(tonnes=tonnes(quote.grams)), quote.credits_yen),
            *([CheckoutLine(words.fee, quote.fee_yen)] if quote.fee_yen else []),
            *([CheckoutLine(words.tax, quote.tax_yen)] if quote.tax_yen else []),
        ],
        success_url=f"{page}?paid=1",
        cancel_url=page,
        locale=order.locale,
        expires_at=order.pay_until,
        email=order.email,
        methods=_methods(order),
        konbini_days=KONBINI_DAYS,
    )


def _methods(order: Order) -> list[PaymentMethod]:
    """All that the provider allows for the amount; a bank transfer needs an address to send the account number to."""
    transfer = [PaymentMethod.BANK_TRANSFER] if order.email else []
    return [PaymentMethod.CARD, PaymentMethod.KONBINI, *transfer]


async def move(order: Order, new: OrderState, **changes: object) -> None:
    """One arrow, checked and changed in one statement; raises MoveNotAllowed if the order is no longer where it was."""
    await move_all([order], new, **changes)
    order.update_from_dict(changes)


async def move_all(orders: Sequence[Order], new: OrderState, **changes: object) -> None:
    """As move, for orders that are in the same state; all of them or none."""
    ids, old = [order.id for order in orders], OrderState(orders[0].state)
    if new not in ALLOWED_MOVES[old]:
        raise MoveNotAllowed(f"order {ids[0]} cannot move from {old} to {new}", old=old, new=new)
    if await rows.change(Order, {"id": ids, "state": old}, state=new, **changes) != len(ids):
        raise MoveNotAllowed(f"no longer {old}: {', '.join(ids)}", old=old, new=new)
    for order in orders:
        order.state = new


async def line_ids(order: Order) -> list[str]:
    return [line.id for line in await quotes.lines_of(order.quote_id)]
