"""Payments through Stripe: hosted checkouts, refunds, and the events that tell when to look again."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import stripe
from pydantic import SecretStr

from marketplace.payments.events import SUBJECTS
from marketplace.payments.gateway import (
    Checkout,
    CheckoutRequest,
    PaymentEvent,
    PaymentRefused,
    PaymentState,
    Refund,
)
from marketplace.payments.stripe_connection import StripeConnection, translated
from marketplace.payments.webhooks import event_from, read_webhook

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

LONGEST_PAGE = 100

# what a payment's state says once its session is complete but not paid: these never become money any more
LOST_PAYMENT_STATES = frozenset({"requires_payment_method", "canceled"})


def _utc_now() -> datetime:
    return datetime.now(UTC)


class StripeGateway:
    """PaymentGateway by Stripe, or by the sandbox payment server when `api_base` names it.

    One instance belongs to one event loop; close it with `close`.
    """

    def __init__(
        self,
        *,
        api_key: SecretStr,
        webhook_secrets: Sequence[SecretStr],
        api_base: str | None = None,
        timeout: timedelta = timedelta(seconds=10),
        retries: int = 2,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        """`webhook_secrets` are all that are current, two while one replaces the other; `timeout` is for each try.

        Raises: ValueError, naming the setting that is wrong.
        """
        if not webhook_secrets or not all(s.get_secret_value().startswith("whsec_") for s in webhook_secrets):
            raise ValueError("at least one webhook secret is needed, and each starts with whsec_")
        self._connection = StripeConnection(api_key, api_base=api_base, timeout=timeout, retries=retries)
        self._stripe = self._connection.client.v1
        self._webhook_secrets = tuple(webhook_secrets)
        self._now = now

    async def close(self) -> None:
        await self._connection.close()

    async def open_checkout(self, request: CheckoutRequest) -> Checkout:
        """Open the hosted page. A session that was opened unseen (its answer lost for good) can be paid by nobody, since
        nobody knows its address; it expires, and its event names an id that the market does not know.
        """
        session = await self._connection.create(
            f"checkout:{request.key}",
            lambda options: self._stripe.checkout.sessions.create_async(_session_parameters(request), options),
        )
        return _checkout(session)

    async def checkout(self, session_id: str) -> Checkout:
        async with translated():
            session = await self._stripe.checkout.sessions.retrieve_async(session_id, {"expand": ["payment_intent"]})
        return _checkout(session)

    async def expire_checkout(self, session_id: str) -> Checkout:
        try:
            async with translated():
                await self._stripe.checkout.sessions.expire_async(session_id)
        except PaymentRefused:
            # it was no longer open: the buyer was quicker, or it ran out by itself
            checkout = await self.checkout(session_id)
            if checkout.state is PaymentState.OPEN:
                raise
            return checkout
        return await self.checkout(session_id)

    async def refund(self, payment: str, amount: int, *, key: str) -> Refund:
        """Raises PaymentRefused("idempotency_key_reused") if `key` already stands for a refund of another amount."""
        refund = await self._find_refund(payment, key)
        if refund is None:
            refund = await self._connection.create(
                f"refund:{key}",
                lambda options: self._stripe.refunds.create_async(
                    {"payment_intent": payment, "amount": amount, "metadata": {"key": key}}, options
                ),
                find=lambda: self._find_refund(payment, key),
            )
        if refund.amount != amount:
            raise PaymentRefused("idempotency_key_reused", f"{key} already gave back {refund.amount}, not {amount}")
        return _refund(refund)

    async def refund_by_id(self, refund_id: str) -> Refund:
        async with translated():
            return _refund(await self._stripe.refunds.retrieve_async(refund_id))

    async def _find_refund(self, payment: str, key: str) -> stripe.Refund | None:
        async with translated():
            page = await self._stripe.refunds.list_async({"payment_intent": payment, "limit": LONGEST_PAGE})
            async for refund in page.auto_paging_iter():
                if refund.metadata is not None and refund.metadata.to_dict().get("key") == key:
                    return refund
        return None

    async def events_since(self, moment: datetime) -> Sequence[PaymentEvent]:
        """Stripe keeps events for 30 days."""
        async with translated():
            page = await self._stripe.events.list_async(
                {"created": {"gte": int(moment.timestamp())}, "types": list(SUBJECTS), "limit": LONGEST_PAGE}
            )
            newest_first = [event.to_dict() async for event in page.auto_paging_iter()]
        return [event_from(fields, json.dumps(fields).encode()) for fields in reversed(newest_first)]

    def read_event(self, body: bytes, signature: str) -> PaymentEvent:
        return read_webhook(body, signature, secrets=self._webhook_secrets, live=self._connection.live, now=self._now())


def _session_parameters(request: CheckoutRequest) -> "SessionCreateParams":
    names: Mapping[str, str] = {"order_id": request.order_id}
    parameters: SessionCreateParams = {
        "mode": "payment",
        "client_reference_id": request.order_id,
        "allowed_payment_method_types": ["card"],
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": request.currency.lower(),
                    "unit_amount": line.amount,
                    "product_data": {"name": line.name},
                },
            }
            for line in request.lines
        ],
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
        "locale": "ja" if request.locale == "ja" else "en",
        "expires_at": int(request.expires_at.timestamp()),
        "metadata": dict(names),
        "payment_intent_data": {"metadata": dict(names)},
    }
    if request.email is not None:
        parameters["customer_email"] = request.email
    return parameters


def _checkout(session: stripe.checkout.Session) -> Checkout:
    """Raises PaymentRefused("checkout_not_ours") for a session that the market did not open."""
    if session.client_reference_id is None or session.amount_total is None or session.currency is None:
        raise PaymentRefused("checkout_not_ours", f"{session.id} carries no order")
    state = _state(session)
    intent = session.payment_intent
    return Checkout(
        id=session.id,
        url=session.url,
        order_id=session.client_reference_id,
        state=state,
        amount=session.amount_total,
        currency=session.currency.upper(),
        payment=(intent if isinstance(intent, str) or intent is None else intent.id)
        if state is PaymentState.PAID
        else None,
    )


def _state(session: stripe.checkout.Session) -> PaymentState:
    if session.status == "open":
        return PaymentState.OPEN
    if session.status == "expired":
        return PaymentState.EXPIRED
    if session.payment_status == "paid":
        return PaymentState.PAID
    intent = session.payment_intent
    if isinstance(intent, stripe.PaymentIntent) and intent.status in LOST_PAYMENT_STATES:
        return PaymentState.FAILED
    return PaymentState.PENDING


def _refund(refund: stripe.Refund) -> Refund:
    intent = refund.payment_intent
    payment = intent if isinstance(intent, str) else intent.id if intent is not None else ""
    return Refund(id=refund.id, payment=payment, amount=refund.amount, state=refund.status or "pending")
