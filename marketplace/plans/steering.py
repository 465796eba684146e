"""Bring a plan and its subscription at the payment provider together.

The person decides whether a plan runs, pauses or ends, and the newest terms say what it costs: the provider is made to follow.
The provider decides whether the card works and knows whether somebody ended the subscription over there: the plan follows.
Every call here sets something, so it may be repeated; a call that was overtaken by a newer decision is followed by another look.
"""

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database.transactions import run_tx
from marketplace.mail.post import JSON
from marketplace.market import Market
from marketplace.payments.plan_gateway import PlanState as ProviderState
from marketplace.payments.plan_gateway import Subscription
from marketplace.plans import service as plans
from marketplace.plans import terms as plan_terms
from marketplace.plans.models import Plan
from marketplace.plans.states import EndedBecause, PlanState

MOST_LOOKS = 10


class PlanDoesNotSettle(Exception):
    """The plan was changed again and again while it was brought to the provider; the job tries again."""

    code = "plan_does_not_settle"


async def follow(market: Market, plan_id: str) -> None:
    """Look, act, and look again until nothing is left to do. Safe to repeat.

    Raises PaymentProviderUnreachable, PlanDoesNotSettle.
    """
    for _ in range(MOST_LOOKS):
        plan = await plans.find(plan_id)
        if plan.subscription is None or plan.state in (PlanState.AWAITING_PAYMENT, PlanState.LAPSED):
            return
        told = await market.plans.subscription(plan.subscription)
        yen = (await plan_terms.newest(plan.id)).total_yen
        if not await _act(market, plan, told, yen):
            await _adopt(market, plan, told)
            if (await plans.find(plan_id)).version == plan.version:
                return
    raise PlanDoesNotSettle(plan_id)


async def _act(market: Market, plan: Plan, told: Subscription, yen: int) -> bool:
    """Make the provider do what was decided here; False if it does already."""
    if told.state is ProviderState.ENDED:
        return False
    if plan.state == PlanState.ENDED:
        await market.plans.end_now(told.id)
    elif told.monthly_amount != yen:
        await market.plans.change_amount(told.id, yen)
    elif plan.state == PlanState.PAUSED and told.state is ProviderState.ACTIVE:
        await market.plans.pause(told.id)
    elif plan.state == PlanState.ACTIVE and told.state is ProviderState.PAUSED:
        await market.plans.resume(told.id)
    else:
        return False
    return True


async def _adopt(market: Market, seen: Plan, told: Subscription) -> None:
    """Take over what only the provider can know."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        plan = await plans.find(seen.id)
        if plan.version != seen.version:
            # a newer decision: it has a look of its own
            return
        await Plan.filter(id=plan.id).update(customer=told.customer, paid_until=told.period_end)
        if told.state is ProviderState.ENDED and plan.state != PlanState.ENDED:
            failed = plan.state == PlanState.PAST_DUE
            await end(tx, market, plan, EndedBecause.CARD_FAILED if failed else EndedBecause.PROVIDER)
        elif told.state is ProviderState.PAST_DUE and plan.state in (PlanState.ACTIVE, PlanState.PAUSED):
            await plans.move(plan, PlanState.PAST_DUE, at=now)
        elif told.state is ProviderState.ACTIVE and plan.state == PlanState.PAST_DUE:
            await plans.move(plan, PlanState.ACTIVE, at=now)

    await run_tx(work)


async def end(tx: BaseDBAsyncClient, market: Market, plan: Plan, because: EndedBecause) -> None:
    """Inside the caller's transaction: nothing more is charged or delivered, and the person is told."""
    now = market.clock()
    await plans.move(plan, PlanState.ENDED, at=now, ended_because=because)
    await plans.follow_soon(tx, plan.id, f"v{plan.version}", at=now)
    params: dict[str, JSON] = {"state": PlanState.ENDED.value, "because": because.value}
    await plans.tell(tx, plan, "plan_state", params, key=f"v{plan.version}", at=now)
