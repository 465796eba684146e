"""Place an order on a quote, and watch it until its certificate."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import structlog
from pydantic import Field, JsonValue

from api.calls import Call, KeyPolicy, Reply
from api.endpoints import endpoint
from api.v1.shapes import Currency, Id, View, Wish, Yen
from certificates.render_pdf import TextNotPrintable
from marketplace.errors import (
    ConsentMissing,
    ExternalIdTaken,
    OrderNotFound,
    QuoteExpired,
    QuoteNotFound,
    QuoteUsed,
    TotalAboveLimit,
)
from marketplace.orders import service as orders
from marketplace.orders.instruction import Consent, Instruction
from marketplace.orders.models import Order
from marketplace.orders.rehearsal import rehearse
from marketplace.orders.service import OrderWish
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import events_of
from marketplace.orders.words import consent_version, consent_wording
from marketplace.payments.gateway import PaymentProviderUnreachable, PaymentRefused
from marketplace.registries.profiles import ActNotOffered

log = structlog.get_logger()

CHECKOUT_OPENS_WITHIN = timedelta(seconds=10)
LocaleTag = Literal["ja", "en"]
ExternalId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]

EXAMPLE: dict[str, JsonValue] = {
    "quote_id": "quo_…",
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
    """`wording` holds three gaps in braces, to be filled with what the order will carry."""

    version: str
    locale: LocaleTag
    wording: str


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
    dry_run: Annotated[bool, Field(description="Check everything and place nothing.")] = False


class OrderPath(Wish):
    token: Id


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
    certificate: CertificateLinks | None
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
    return Reply(ConsentView(version=consent_version(), locale=query.locale, wording=consent_wording(query.locale)))


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
    ),
    tag="Buying",
    key=KeyPolicy.REQUIRED,
    example=EXAMPLE,
)
async def create_order(call: Call, body: OrderBody) -> Reply:
    """Place an order

    Answers 201 with the address of the payment page; with `dry_run` nothing is placed and the answer is 200. If the
    payment provider cannot be reached at this moment, `checkout_url` is null and appears as soon as it can.
    """
    wish = OrderWish(
        quote_id=body.quote_id,
        instruction=body.instruction,
        consent_version=body.consent_version,
        locale=body.locale,
        email=body.email,
        external_id=body.external_id or call.key,
        max_total_yen=body.max_total,
    )
    if body.dry_run:
        return Reply(_rehearsed(await rehearse(call.services.market, wish)))
    order = await _placed_before(call, wish) or await orders.place(call.services.market, wish)
    view = await _view(call, await _with_checkout(call, order))
    return Reply(view, 201, location=view.url)


@endpoint("GET", "/v1/orders/{token}", answers={200: OrderView}, refuses=(OrderNotFound,), tag="Buying")
async def read_order(call: Call, path: OrderPath) -> Reply:
    """Read an order

    By the token of the answer to POST /v1/orders. Poll it, or send the buyer to `page_url`.
    """
    return Reply(await _view(call, await orders.find_by_token(path.token)))


async def _placed_before(call: Call, wish: OrderWish) -> Order | None:
    """After a crash the same request runs again: the order it placed is found by its external reference."""
    if not call.again:
        return None
    return await Order.get_or_none(external_id=wish.external_id, quote_id=wish.quote_id)


async def _with_checkout(call: Call, order: Order) -> Order:
    """Open the payment page now, if the provider does it; the order stands in any case, and the worker tries again."""
    try:
        async with asyncio.timeout(CHECKOUT_OPENS_WITHIN.total_seconds()):
            return await orders.open_checkout(call.services.market, order.id)
    except (PaymentProviderUnreachable, PaymentRefused, TimeoutError) as problem:
        log.warning("checkout_opens_later", order=order.id, error=type(problem).__name__)
        return await orders.find(order.id)


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
        external_id=order.external_id,
        checkout_url=order.checkout_url if order.state == OrderState.AWAITING_PAYMENT else None,
        pay_until=order.pay_until,
        timeline=[
            EventView(kind=event.kind, at=event.at, detail=json.loads(event.detail))
            for event in await events_of(order.id)
        ],
        certificate=None
        if number is None
        else CertificateLinks(number=number, url=f"{origin}/v1/certificates/{number}", page_url=f"{origin}/c/{number}"),
        refund_reason=order.refund_reason,
        created_at=order.created_at,
    )


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
