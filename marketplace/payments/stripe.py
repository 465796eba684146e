"""Payments through Stripe: hosted checkouts, refunds, and the events that tell when to look again."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypedDict

import stripe
from pydantic import SecretStr

from marketplace.payments.events import SUBJECTS
from marketplace.payments.gateway import (
    Checkout,
    CheckoutRequest,
    Dispute,
    DisputeState,
    PaymentEvent,
    PaymentMethod,
    PaymentRefused,
    PaymentState,
    Refund,
)
from marketplace.payments.stripe_connection import LONGEST_PAGE, StripeConnection, translated
from marketplace.payments.webhooks import event_from, read_webhook

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

PROVIDER_METHODS: Mapping[PaymentMethod, Literal["card", "konbini", "customer_balance"]] = {
    PaymentMethod.CARD: "card",
    PaymentMethod.KONBINI: "konbini",
    PaymentMethod.BANK_TRANSFER: "customer_balance",
}

# a warning is a question by the bank; an appeal is made after a dispute was lost and before the money comes back
DISPUTE_STATES: Mapping[str, DisputeState] = {
    "warning_needs_response": DisputeState.INQUIRY,
    "warning_under_review": DisputeState.INQUIRY,
    "needs_response": DisputeState.WITHDRAWN,
    "under_review": DisputeState.WITHDRAWN,
    "won": DisputeState.WON,
    "warning_closed": DisputeState.WON,
    "prevented": DisputeState.WON,
    "lost": DisputeState.LOST,
    "appeal_needs_response": DisputeState.LOST,
    "appeal_under_review": DisputeState.LOST,
}

# what a payment's state says once its session is complete but not paid: these never become money any more
LOST_PAYMENT_STATES = frozenset({"requires_payment_method", "canceled"})


def _utc_now() -> datetime:
    return datetime.now(UTC)


class StripeGateway:
    """PaymentGateway by Stripe, or by the sandbox payment server when `api_base` names it.

    One instance belongs to one event loop; close it with `close`. Its `connection` can serve other gateways too.
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
        self.connection = StripeConnection(api_key, api_base=api_base, timeout=timeout, retries=retries)
        self._stripe = self.connection.client.v1
        self._webhook_secrets = tuple(webhook_secrets)
        self._now = now

    async def close(self) -> None:
        await self.connection.close()

    async def open_checkout(self, request: CheckoutRequest) -> Checkout:
        """Open the hosted page. A session that was opened unseen (its answer lost for good) can be paid by nobody, since
        nobody knows its address; it expires, and its event names an id that the market does not know.
        """
        parameters = _session_parameters(request)
        if PaymentMethod.BANK_TRANSFER in request.methods:
            parameters["customer"] = await self._open_customer(request)
        elif request.email is not None:
            parameters["customer_email"] = request.email
        session = await self.connection.create(
            f"checkout:{request.key}",
            lambda options: self._stripe.checkout.sessions.create_async(parameters, options),
        )
        return _checkout(session)

    async def _open_customer(self, request: CheckoutRequest) -> str:
        """A bank transfer is paid into an account of the buyer's own at the provider, so the buyer needs one."""
        if request.email is None:
            raise PaymentRefused("parameter_missing", "a bank transfer needs the buyer's email address")
        email = request.email
        customer = await self.connection.create(
            f"customer:{request.key}",
            lambda options: self._stripe.customers.create_async(
                {"email": email, "metadata": {"order_id": request.order_id}}, options
            ),
        )
        return customer.id

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
            refund = await self.connection.create(
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

    async def dispute(self, dispute_id: str) -> Dispute:
        async with translated():
            return _dispute(await self._stripe.disputes.retrieve_async(dispute_id))

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
        return read_webhook(body, signature, secrets=self._webhook_secrets, live=self.connection.live, now=self._now())


def _session_parameters(request: CheckoutRequest) -> "SessionCreateParams":
    names: Mapping[str, str] = {"order_id": request.order_id}
    parameters: SessionCreateParams = {
        "mode": "payment",
        "client_reference_id": request.order_id,
        "allowed_payment_method_types": [PROVIDER_METHODS[method] for method in request.methods],
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
        # transfers to the providers of an order carry the same group
        "payment_intent_data": {"metadata": dict(names), "transfer_group": request.order_id},
        "payment_method_options": {},
    }
    if PaymentMethod.KONBINI in request.methods:
        parameters["payment_method_options"]["konbini"] = {"expires_after_days": request.konbini_days}
    if PaymentMethod.BANK_TRANSFER in request.methods:
        parameters["payment_method_options"]["customer_balance"] = {
            "funding_type": "bank_transfer",
            "bank_transfer": {"type": "jp_bank_transfer"},
        }
    return parameters


def _checkout(session: stripe.checkout.Session) -> Checkout:
    """Raises PaymentRefused: "checkout_is_a_plan" if it is read as a PlanCheckout, "checkout_not_ours" if not opened by us."""
    if session.mode == "subscription":
        raise PaymentRefused("checkout_is_a_plan", f"{session.id} begins a plan")
    if session.client_reference_id is None or session.amount_total is None or session.currency is None:
        raise PaymentRefused("checkout_not_ours", f"{session.id} carries no order")
    state = _state(session)
    return Checkout(
        id=session.id,
        url=session.url,
        order_id=session.client_reference_id,
        state=state,
        amount=session.amount_total,
        currency=session.currency.upper(),
        payment=_id(session.payment_intent) if state is PaymentState.PAID else None,
        **(_promised(session) if state is PaymentState.PENDING else {}),
    )


class _Promised(TypedDict, total=False):
    method: PaymentMethod
    instructions_url: str | None
    pay_by: datetime


def _promised(session: stripe.checkout.Session) -> _Promised:
    """How the buyer of a pending checkout chose to pay, where it reads how, and until when."""
    intent = session.payment_intent
    action = intent.next_action if isinstance(intent, stripe.PaymentIntent) else None
    if action is None:
        return {}
    # an action has the fields of its own type only; another's cannot even be asked for
    if action.type == "konbini_display_details" and (konbini := action.konbini_display_details) is not None:
        return {
            "method": PaymentMethod.KONBINI,
            "instructions_url": konbini.hosted_voucher_url,
            "pay_by": datetime.fromtimestamp(konbini.expires_at, UTC),
        }
    transfers = action.type == "display_bank_transfer_instructions"
    if transfers and (transfer := action.display_bank_transfer_instructions) is not None:
        return {"method": PaymentMethod.BANK_TRANSFER, "instructions_url": transfer.hosted_instructions_url}
    return {}


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
    return Refund(
        id=refund.id,
        payment=_id(refund.payment_intent) or "",
        amount=refund.amount,
        # a state that the provider leaves out is one that is not decided yet
        state=refund.status or "pending",
        key=refund.metadata.to_dict().get("key") if refund.metadata is not None else None,
    )


def _dispute(dispute: stripe.Dispute) -> Dispute:
    """Raises PaymentRefused("dispute_state_unknown") for a state that is newer than this code."""
    state = DISPUTE_STATES.get(dispute.status)
    if state is None:
        raise PaymentRefused("dispute_state_unknown", f"{dispute.id} is {dispute.status}")
    answer_by = dispute.evidence_details.due_by
    return Dispute(
        id=dispute.id,
        payment=_id(dispute.payment_intent) or "",
        amount=dispute.amount,
        currency=dispute.currency.upper(),
        reason=dispute.reason,
        state=state,
        answer_by=None if answer_by is None else datetime.fromtimestamp(answer_by, UTC),
    )


def _id(thing: str | stripe.PaymentIntent | None) -> str | None:
    return thing if isinstance(thing, str) or thing is None else thing.id
