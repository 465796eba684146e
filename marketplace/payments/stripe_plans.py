"""Monthly plans through Stripe: a Checkout in subscription mode, then one invoice a month that Stripe charges by itself."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import stripe

from marketplace.payments.gateway import PaymentRefused, PaymentState
from marketplace.payments.plan_gateway import (
    InvoiceState,
    PlanCheckout,
    PlanInvoice,
    PlanRequest,
    PlanState,
    Subscription,
)
from marketplace.payments.stripe_connection import LONGEST_PAGE, StripeConnection, translated

if TYPE_CHECKING:
    from stripe.params import InvoiceListParams, SubscriptionUpdateParams
    from stripe.params.checkout import SessionCreateParams

State = TypeVar("State")

PLAN_STATES: Mapping[str, PlanState] = {
    "incomplete": PlanState.INCOMPLETE,
    "incomplete_expired": PlanState.ENDED,
    "trialing": PlanState.ACTIVE,
    "active": PlanState.ACTIVE,
    "paused": PlanState.PAUSED,
    "past_due": PlanState.PAST_DUE,
    "unpaid": PlanState.PAST_DUE,
    "canceled": PlanState.ENDED,
}

CHECKOUT_STATES: Mapping[str, PaymentState] = {
    "open": PaymentState.OPEN,
    "expired": PaymentState.EXPIRED,
    "complete": PaymentState.PAID,
}

INVOICE_STATES: Mapping[str, InvoiceState] = {state.value: state for state in InvoiceState}


class StripePlans:
    """PlanGateway by Stripe. It shares the connection of the StripeGateway, which closes it."""

    def __init__(self, connection: StripeConnection) -> None:
        self._connection = connection
        self._stripe = connection.client.v1

    async def open_plan(self, request: PlanRequest) -> PlanCheckout:
        """Cards only: a konbini or a bank transfer cannot be charged month by month."""
        session = await self._connection.create(
            f"plan:{request.key}",
            lambda options: self._stripe.checkout.sessions.create_async(_session_parameters(request), options),
        )
        return _plan_checkout(session)

    async def plan_checkout(self, session_id: str) -> PlanCheckout:
        async with translated():
            return _plan_checkout(await self._stripe.checkout.sessions.retrieve_async(session_id))

    async def subscription(self, subscription_id: str) -> Subscription:
        async with translated():
            return _subscription(await self._stripe.subscriptions.retrieve_async(subscription_id))

    async def invoice(self, invoice_id: str) -> PlanInvoice:
        async with translated():
            return _invoice(await self._stripe.invoices.retrieve_async(invoice_id, {"expand": ["payments"]}))

    async def paid_invoices(self, since: datetime, until: datetime, *, most: int) -> Sequence[PlanInvoice]:
        found: list[PlanInvoice] = []
        looked_at, after = 0, None
        async with translated():
            while looked_at < most:
                page = await self._stripe.invoices.list_async(
                    _page_of_paid(since, until, min(LONGEST_PAGE, most), after)
                )
                found += [_invoice(invoice) for invoice in page.data if _is_ours(invoice)]
                looked_at += len(page.data)
                if not page.has_more:
                    break
                after = page.data[-1].id
        return found

    async def change_amount(self, subscription_id: str, monthly_amount: int) -> Subscription:
        async with translated():
            item = _item(await self._stripe.subscriptions.retrieve_async(subscription_id))
        product = item.price.product
        return await self._update(
            subscription_id,
            {
                "items": [
                    {
                        "id": item.id,
                        "price_data": {
                            "currency": item.price.currency,
                            "product": product if isinstance(product, str) else product.id,
                            "recurring": {"interval": "month"},
                            "unit_amount": monthly_amount,
                        },
                    }
                ],
                "proration_behavior": "none",
            },
        )

    async def pause(self, subscription_id: str) -> Subscription:
        return await self._update(subscription_id, {"pause_collection": {"behavior": "void"}})

    async def resume(self, subscription_id: str) -> Subscription:
        return await self._update(subscription_id, {"pause_collection": ""})

    async def end_with_month(self, subscription_id: str) -> Subscription:
        return await self._update(subscription_id, {"cancel_at_period_end": True})

    async def end_now(self, subscription_id: str) -> Subscription:
        try:
            async with translated():
                return _subscription(await self._stripe.subscriptions.cancel_async(subscription_id))
        except PaymentRefused:
            # it has ended already, perhaps by an earlier try whose answer was lost
            subscription = await self.subscription(subscription_id)
            if subscription.state is not PlanState.ENDED:
                raise
            return subscription

    async def card_page(self, customer_id: str, *, return_url: str, locale: str) -> str:
        async with translated():
            session = await self._stripe.billing_portal.sessions.create_async(
                {
                    "customer": customer_id,
                    "return_url": return_url,
                    "locale": "ja" if locale == "ja" else "en",
                    "flow_data": {"type": "payment_method_update"},
                }
            )
        return session.url

    async def _update(self, subscription_id: str, changes: "SubscriptionUpdateParams") -> Subscription:
        """Every change here sets something, so that doing it twice does no more than once."""
        async with translated():
            return _subscription(await self._stripe.subscriptions.update_async(subscription_id, changes))


def _session_parameters(request: PlanRequest) -> "SessionCreateParams":
    parameters: SessionCreateParams = {
        "mode": "subscription",
        "client_reference_id": request.plan_id,
        "allowed_payment_method_types": ["card"],
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": request.currency.lower(),
                    "unit_amount": request.monthly_amount,
                    "recurring": {"interval": "month"},
                    "product_data": {"name": request.name},
                },
            }
        ],
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
        "locale": "ja" if request.locale == "ja" else "en",
        "expires_at": int(request.expires_at.timestamp()),
        "subscription_data": {"metadata": {"plan_id": request.plan_id}},
    }
    if request.email is not None:
        parameters["customer_email"] = request.email
    return parameters


def _known(states: Mapping[str, State], word: str | None, thing: str) -> State:
    """Raises PaymentRefused("plan_state_unknown") for a state that is newer than this code."""
    if word is None or word not in states:
        raise PaymentRefused("plan_state_unknown", f"{thing} is {word}")
    return states[word]


def _plan_checkout(session: stripe.checkout.Session) -> PlanCheckout:
    """Raises PaymentRefused("checkout_not_ours") for a session that began no plan of the market."""
    if session.mode != "subscription" or session.client_reference_id is None:
        raise PaymentRefused("checkout_not_ours", f"{session.id} carries no plan")
    subscription = session.subscription
    return PlanCheckout(
        id=session.id,
        url=session.url,
        plan_id=session.client_reference_id,
        state=_known(CHECKOUT_STATES, session.status, session.id),
        subscription=subscription if isinstance(subscription, str) or subscription is None else subscription.id,
    )


def _item(subscription: stripe.Subscription) -> stripe.SubscriptionItem:
    """Raises PaymentRefused("plan_not_ours"): each plan of ours has exactly one item."""
    items = subscription["items"].data
    if len(items) != 1:
        raise PaymentRefused("plan_not_ours", f"{subscription.id} has {len(items)} items")
    item: stripe.SubscriptionItem = items[0]
    return item


def _subscription(subscription: stripe.Subscription) -> Subscription:
    item = _item(subscription)
    plan_id = subscription.metadata.to_dict().get("plan_id")
    if plan_id is None or item.price.unit_amount is None:
        raise PaymentRefused("plan_not_ours", f"{subscription.id} carries no plan")
    state = _known(PLAN_STATES, subscription.status, subscription.id)
    paused = state is PlanState.ACTIVE and subscription.pause_collection is not None
    customer, invoice = subscription.customer, subscription.latest_invoice
    return Subscription(
        id=subscription.id,
        plan_id=plan_id,
        customer=customer if isinstance(customer, str) else customer.id,
        state=PlanState.PAUSED if paused else state,
        monthly_amount=item.price.unit_amount,
        currency=item.price.currency.upper(),
        period_start=datetime.fromtimestamp(item.current_period_start, UTC),
        period_end=datetime.fromtimestamp(item.current_period_end, UTC),
        ends_then=subscription.cancel_at_period_end,
        latest_invoice=invoice if isinstance(invoice, str) or invoice is None else invoice.id,
    )


def _page_of_paid(since: datetime, until: datetime, limit: int, after: str | None) -> "InvoiceListParams":
    parameters: InvoiceListParams = {
        "status": "paid",
        "created": {"gte": int(since.timestamp()), "lte": int(until.timestamp())},
        "limit": limit,
        "expand": ["data.payments"],
    }
    if after is not None:
        parameters["starting_after"] = after
    return parameters


def _plan_of(invoice: stripe.Invoice) -> str | None:
    details = invoice.parent.subscription_details if invoice.parent is not None else None
    if details is None or details.metadata is None:
        return None
    plan_id: str | None = details.metadata.to_dict().get("plan_id")
    return plan_id


def _is_ours(invoice: stripe.Invoice) -> bool:
    return _plan_of(invoice) is not None and bool(invoice.lines.data)


def _invoice(invoice: stripe.Invoice) -> PlanInvoice:
    """Raises PaymentRefused("invoice_not_ours") for an invoice of anything but a plan."""
    details = invoice.parent.subscription_details if invoice.parent is not None else None
    plan_id = _plan_of(invoice)
    if details is None or plan_id is None or not invoice.lines.data:
        raise PaymentRefused("invoice_not_ours", f"{invoice.id} carries no plan")
    subscription = details.subscription
    # the invoice's own period is the one before; its line says which month is paid for
    month = invoice.lines.data[0].period
    next_attempt = invoice.next_payment_attempt
    return PlanInvoice(
        id=invoice.id,
        subscription=subscription if isinstance(subscription, str) else subscription.id,
        plan_id=plan_id,
        state=_known(INVOICE_STATES, invoice.status, invoice.id),
        amount=invoice.total,
        currency=invoice.currency.upper(),
        period_start=datetime.fromtimestamp(month.start, UTC),
        period_end=datetime.fromtimestamp(month.end, UTC),
        payment=_payment(invoice),
        attempts=invoice.attempt_count,
        next_attempt=None if next_attempt is None else datetime.fromtimestamp(next_attempt, UTC),
    )


def _payment(invoice: stripe.Invoice) -> str | None:
    for entry in invoice.payments.data if invoice.payments is not None else ():
        intent = entry.payment.payment_intent
        if entry.status == "paid" and intent is not None:
            return intent if isinstance(intent, str) else intent.id
    return None
