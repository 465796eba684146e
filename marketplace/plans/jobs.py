"""What workers do for plans: follow the provider's events, and look for what no event told."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database.transactions import run_tx
from marketplace.market import Market
from marketplace.outbox import service as outbox
from marketplace.plans import beginning, bounced, gifts, months, renewing, steering
from marketplace.plans import service as plans
from marketplace.plans.models import Plan
from marketplace.plans.states import LIVE, PlanState

# an invoice is drafted with the month and charged about an hour later
AFTER_MONTHS_END = timedelta(hours=3)
AT_ONCE = 500


async def open_checkout(market: Market, plan_id: str) -> Plan:
    """The payment page of a plan or of a gift, once."""
    plan = await plans.find(plan_id)
    if plan.gift_months is None or plan.state != PlanState.AWAITING_PAYMENT or plan.checkout_session is not None:
        return await beginning.open_checkout(market, plan_id)
    return await gifts.open_checkout(market, plan)


async def run_out(market: Market, plan_id: str) -> None:
    """The payment page is long closed: what it came to is read again."""
    plan = await plans.find(plan_id)
    if plan.gift_months is None or plan.checkout_session is None:
        await beginning.run_out(market, plan_id)
    elif plan.state == PlanState.AWAITING_PAYMENT:
        await gifts.follow_checkout(market, await market.payments.checkout(plan.checkout_session))


async def follow_subscription(market: Market, subscription_id: str) -> None:
    """An event named a subscription; one that is not a plan's is none of ours."""
    plan = await Plan.get_or_none(subscription=subscription_id)
    if plan is not None:
        await steering.follow(market, plan.id)


async def look_again(market: Market, plan_id: str) -> None:
    """A month ended and nothing was heard of the next: read the subscription and its newest invoice."""
    plan = await plans.find(plan_id)
    if plan.subscription is None:
        return
    told = await market.plans.subscription(plan.subscription)
    if told.latest_invoice is not None:
        await months.settle_invoice(market, told.latest_invoice)
    await steering.follow(market, plan_id)


async def enqueue_overdue(market: Market) -> None:
    """Sweep: plans of which something should have been heard by now are looked at."""
    await run_tx(lambda tx: _enqueue_overdue(market, tx))


async def _enqueue_overdue(market: Market, tx: BaseDBAsyncClient) -> None:
    now = market.clock()
    # the provider's page closes at pay_until; its last second may still be on its way
    never_paid = Plan.filter(state=PlanState.AWAITING_PAYMENT, pay_until__lte=now - timedelta(minutes=10))
    for plan in await never_paid.limit(AT_ONCE):
        hour = now.strftime("%Y%m%d%H")
        await outbox.add(tx, "plan.run_out", f"plan.run_out:{plan.id}:{hour}", {"plan_id": plan.id}, at=now)
    unheard = Plan.filter(
        state__in=list(LIVE), subscription__isnull=False, paid_until__lte=now - AFTER_MONTHS_END
    ).order_by("paid_until")
    for plan in await unheard.limit(AT_ONCE):
        day = now.strftime("%Y%m%d")
        await outbox.add(tx, "plan.look_again", f"plan.look_again:{plan.id}:{day}", {"plan_id": plan.id}, at=now)


HANDLERS: Mapping[str, Callable[..., Awaitable[object]]] = {
    beginning.OPEN_CHECKOUT: open_checkout,
    "plan.run_out": run_out,
    gifts.DELIVER: gifts.deliver,
    gifts.RETURN: gifts.give_back,
    bounced.AGAIN: bounced.return_again,
    "plan.invoice": months.settle_invoice,
    renewing.CERTIFY: renewing.certify,
    "plan.subscription": follow_subscription,
    "plan.look_again": look_again,
    plans.FOLLOW: steering.follow,
}
