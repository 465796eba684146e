"""Place an order on a quote, and watch it until its certificate."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue
from tortoise.backends.base.client import BaseDBAsyncClient

from api.calls import Call, KeyPolicy, Reply
from api.endpoints import endpoint
from api.v1.order_names import OrderPath, order_numbered, order_of, own_number, shown_number
from api.v1.payment_pages import opened_now
from api.v1.sandbox_wishes import SandboxWishes
from api.v1.shapes import Currency, Cursor, Id, Page, PageSize, View, Wish, Yen, cursor_after, place_in
from certificates.render_pdf import TextNotPrintable
from marketplace.accounts import belongings
from marketplace.accounts.errors import ApiKeyNeeded, ScopeMissing
from marketplace.accounts.keys import Scope
from marketplace.errors import (
    BalanceTooLow,
    BelowSmallestPayment,
    ConsentMissing,
    ExternalIdTaken,
    NoBalance,
    OrderNotCancellable,
    OrderNotFound,
    QuoteExpired,
    QuoteNotFound,
    QuoteUsed,
    TextTooLongForRegistry,
    TotalAboveLimit,
    UseNotPermitted,
)
from marketplace.notifications.endpoints import organisation_of
from marketplace.orders import certified_parts
from marketplace.orders import service as orders
from marketplace.orders.cancellation import cancel
from marketplace.orders.instruction import Consent, Instruction
from marketplace.orders.models import Order, OrderKey
from marketplace.orders.rehearsal import rehearse
from marketplace.orders.service import OrderWish
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import events_of
from marketplace.orders.words import consent_version, consent_wording, pool_wording
from marketplace.payments.gateway import PaymentRefused
from marketplace.registries.profiles import ActNotOffered
from marketplace.sandbox_wishes.errors import FaultNotOffered, OnlyInSandbox

LocaleTag = Literal["ja", "en"]
ExternalId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]

EXAMPLE: dict[str, JsonValue] = {
    "quote_id": "$QUOTE_ID",
    "instruction": {
        "type": "event",
        "subject": "Example conference",
        "period_first": "2026-12-12",
        "period_last": "2026-12-13",
        "beneficiary": "Example conference committee",
        "beneficiary_public": True,
        "purpose_detail": "Offset of the example conference",
        "credit_user": "Example conference committee",
        "reduction_effort": "Handouts are sent by mail instead of printed",
    },
    "consent_version": consent_version(),
    "max_total": 60_000,
    "locale": "en",
}


class ConsentQuery(Wish):
    locale: LocaleTag = "ja"


class ConsentView(View):
    """`wording` holds three gaps in braces, to be filled with what the order will carry; `pool_wording` is agreed to when
    grams come out of a pool, and its gap is the user name that the registry will show."""

    version: str
    locale: LocaleTag
    wording: str
    pool_wording: str


class OrderBody(Wish):
    """`instruction` is what the certificate and the registry will say; `max_total` is your own limit in yen, tax included."""

    quote_id: Id
    instruction: Instruction
    consent_version: Annotated[str, Field(max_length=40, description="Of the wording that the buyer has agreed to.")]
    locale: LocaleTag = "ja"
    email: Annotated[
        str | None, Field(max_length=320, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", description="For the payment page.")
    ] = None
    external_id: Annotated[ExternalId | None, Field(description="Your own number; the key without one.")] = None
    max_total: Yen | None = None
    pay_from: Annotated[
        Literal["checkout", "balance"], Field(description="From the prepaid balance of your organisation, at once.")
    ] = "checkout"
    dry_run: Annotated[bool, Field(description="Check everything and place nothing.")] = False
    sandbox: Annotated[
        SandboxWishes | None, Field(description="Only with a test key: let it be paid, or let something go wrong.")
    ] = None


class CancelBody(Wish):
    refund_to: Annotated[
        Literal["payment", "balance"],
        Field(description="The way the money came, or the prepaid balance of the organisation that owns the order."),
    ] = "payment"


class OrdersQuery(Wish):
    external_id: Annotated[ExternalId | None, Field(description="Only the order with your own number.")] = None
    idempotency_key: Annotated[
        ExternalId | None, Field(description="Only the order that was placed under this Idempotency-Key.")
    ] = None
    limit: PageSize = 25
    cursor: Cursor = None


class EventView(View):
    """Something that really happened, when it happened."""

    kind: str
    at: datetime
    detail: dict[str, Any]


class CertificateLinks(View):
    number: str
    url: str
    page_url: str


class OrderView(View):
    """`state` never runs ahead of the registry. `token` opens this order to whoever has it: keep it like a password."""

    id: str
    token: str
    url: str
    page_url: str
    state: OrderState
    total: int
    currency: Currency
    external_id: str | None
    checkout_url: str | None = Field(description="Where to pay, while the order waits for its payment.")
    pay_until: datetime
    timeline: list[EventView]
    certificate: CertificateLinks | None = Field(description="The one that completed the order.")
    certificates: list[CertificateLinks] = Field(
        description="All certificates of the order so far. There is more than one where a registry confirmed only a part: each "
        "states exactly its own units, and the confirmed part has its certificate before the order is complete."
    )
    refund_reason: str | None
    created_at: datetime


class RehearsalView(View):
    """What the order would be: the total, and the text that the buyer would agree to, gaps filled."""

    dry_run: Literal[True]
    quote_id: str
    total: int
    currency: Currency
    consent_version: str
    consent_text: str


@endpoint("GET", "/v1/consent", answers={200: ConsentView}, tag="Buying", cache="public, max-age=300")
async def read_consent(call: Call, query: ConsentQuery) -> Reply:
    """Read the words a buyer has to agree to

    What is written in a registry can never be changed. Show the wording to the buyer, gaps filled, and send its version.
    """
    return Reply(
        ConsentView(
            version=consent_version(),
            locale=query.locale,
            wording=consent_wording(query.locale),
            pool_wording=pool_wording(query.locale),
        )
    )


@endpoint(
    "POST",
    "/v1/orders",
    answers={201: OrderView, 200: RehearsalView},
    refuses=(
        QuoteNotFound,
        QuoteUsed,
        QuoteExpired,
        TotalAboveLimit,
        ConsentMissing,
        TextNotPrintable,
        ExternalIdTaken,
        ActNotOffered,
        BelowSmallestPayment,
        NoBalance,
        BalanceTooLow,
        UseNotPermitted,
        TextTooLongForRegistry,
        ApiKeyNeeded,
        OnlyInSandbox,
        FaultNotOffered,
        PaymentRefused,
    ),
    tag="Buying",
    key=KeyPolicy.REQUIRED,
    example=EXAMPLE,
    scope=Scope.ORDERS_WRITE,
)
async def create_order(call: Call, body: OrderBody) -> Reply:
    """Place an order

    With an API key the order belongs to your organisation; without one it is a guest's and opens with its token alone.
    Answers 201 with the address of the payment page; with `dry_run` nothing is placed and the answer is 200. If the
    payment provider cannot be reached at this moment, `checkout_url` is null and appears as soon as it can; if it refuses the payment
    page, the answer is `payment_refused` and the order lapses unpaid.
    """
    if body.sandbox is not None:
        body.sandbox.check_asked_by(call)
    wish = OrderWish(
        quote_id=body.quote_id,
        instruction=body.instruction,
        consent_version=body.consent_version,
        locale=body.locale,
        email=body.email,
        external_id=own_number(call, body.external_id or call.key),
        max_total_yen=body.max_total,
        pay_from_balance=body.pay_from == "balance",
        buyer=call.holder.actor if call.holder else None,
    )
    if body.dry_run:
        return Reply(_rehearsed(await rehearse(call.services.market, wish)))

    async def beside(tx: BaseDBAsyncClient, order: Order) -> None:
        organisation_id = call.holder.actor.organisation_id if call.holder else None
        if organisation_id is not None and call.key is not None and body.external_id not in {None, call.key}:
            await OrderKey.create(order_id=order.id, organisation_id=organisation_id, idempotency_key=call.key)
        if body.sandbox is not None:
            await body.sandbox.note(tx, call, order)

    order = await _placed_before(call, wish) or await orders.place(call.services.market, wish, beside=beside)
    view = await _view(call, await opened_now(orders.open_checkout_of(call.services.market, order), order))
    return Reply(view, 201, location=view.url)


@endpoint(
    "GET",
    "/v1/orders/{token}",
    answers={200: OrderView},
    refuses=(OrderNotFound, ScopeMissing),
    tag="Buying",
)
async def read_order(call: Call, path: OrderPath) -> Reply:
    """Read an order

    By the token of the answer to POST /v1/orders, or by its id (`ord_…`) with a key of the organisation that owns it. Poll it, or send
    the buyer to `page_url`.
    """
    return Reply(await _view(call, await order_of(call, path.token)))


@endpoint(
    "GET",
    "/v1/orders",
    answers={200: Page[OrderView]},
    tag="Buying",
    scope=Scope.ORDERS_READ,
    only_with_key=True,
)
async def list_orders(call: Call, query: OrdersQuery) -> Reply:
    """List your organisation's orders

    Newest first. By the key you send; a guest's orders are in no list. With `external_id` or `idempotency_key` it is the one order, or none.
    """
    organisation_id = organisation_of(call.actor)
    if query.external_id is not None or query.idempotency_key is not None:
        order = await order_numbered(call, organisation_id, external_id=query.external_id, key=query.idempotency_key)
        return Reply(Page[OrderView](data=[await _view(call, order)] if order else [], next_cursor=None))
    before = None if query.cursor is None else place_in(query.cursor, 1)[0]
    found = await belongings.orders_of(organisation_id, limit=query.limit + 1, before=before)
    page = found[: query.limit]
    return Reply(
        Page[OrderView](
            data=[await _view(call, order) for order in page],
            next_cursor=cursor_after(page[-1].id) if len(found) > query.limit else None,
        )
    )


@endpoint(
    "POST",
    "/v1/orders/{token}/cancel",
    answers={200: OrderView},
    refuses=(OrderNotFound, OrderNotCancellable, NoBalance),
    tag="Buying",
    key=KeyPolicy.OPTIONAL,
    example={"refund_to": "payment"},
    scope=Scope.ORDERS_WRITE,
)
async def cancel_order(call: Call, path: OrderPath, body: CancelBody) -> Reply:
    """Cancel an order

    Free of charge until the registry has the request; all that was paid goes back. An order that is over stays as it is.
    """
    order = await order_of(call, path.token, needs=Scope.ORDERS_WRITE)
    cancelled = await cancel(call.services.market, order.id, to_balance=body.refund_to == "balance")
    return Reply(await _view(call, cancelled))


async def _placed_before(call: Call, wish: OrderWish) -> Order | None:
    """After a crash the same request runs again: the order it placed is found by its external reference."""
    if not call.again:
        return None
    return await Order.get_or_none(external_id=wish.external_id, quote_id=wish.quote_id)


async def _view(call: Call, order: Order) -> OrderView:
    origin = call.services.public_origin
    number = order.certificate_number
    return OrderView(
        id=order.id,
        token=order.access_token,
        url=f"{origin}/v1/orders/{order.access_token}",
        page_url=f"{origin}/{order.locale}/orders/{order.access_token}",
        state=OrderState(order.state),
        total=order.total_yen,
        currency="JPY",
        external_id=shown_number(order.external_id),
        checkout_url=order.pay_url,
        pay_until=order.pay_until,
        timeline=[
            EventView(kind=event.kind, at=event.at, detail=json.loads(event.detail))
            for event in await events_of(order.id)
        ],
        certificate=None if number is None else _certificate(origin, number),
        certificates=[_certificate(origin, one) for one in (await certified_parts.certificates_of([order]))[order.id]],
        refund_reason=order.refund_reason,
        created_at=order.created_at,
    )


def _certificate(origin: str, number: str) -> CertificateLinks:
    return CertificateLinks(number=number, url=f"{origin}/v1/certificates/{number}", page_url=f"{origin}/c/{number}")


def _rehearsed(order: Order) -> RehearsalView:
    consent = Consent.model_validate_json(order.consent)
    return RehearsalView(
        dry_run=True,
        quote_id=order.quote_id,
        total=order.total_yen,
        currency="JPY",
        consent_version=consent.version,
        consent_text=consent.text,
    )
