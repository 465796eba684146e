"""A card that does not work: each try is told once, with the day of the next one and the last day of the plan."""

from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.mail.post import JSON
from marketplace.market import Market
from marketplace.payments.plan_gateway import PlanInvoice
from marketplace.plans import service as plans
from marketplace.plans.models import Plan, PlanFailure
from marketplace.plans.states import EndedBecause, PlanState
from marketplace.plans.steering import end

# Longer than the provider's own tries: whichever comes first ends the plan.
LASTS = timedelta(days=21)


async def note_failure(market: Market, invoice: PlanInvoice) -> None:
    """Safe to repeat: the provider counts the tries."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        plan = await plans.find(invoice.plan_id)
        if await PlanFailure.exists(invoice=invoice.id, attempt=invoice.attempts) or plan.state == PlanState.ENDED:
            return
        if plan.state in (PlanState.ACTIVE, PlanState.PAUSED):
            await plans.move(plan, PlanState.PAST_DUE, at=now)
        await PlanFailure.create(
            id=new_id("pfl", now),
            plan_id=plan.id,
            invoice=invoice.id,
            attempt=invoice.attempts,
            next_attempt_at=invoice.next_attempt,
            at=now,
        )
        params: dict[str, JSON] = {
            "yen": invoice.amount,
            "next_attempt": None if invoice.next_attempt is None else invoice.next_attempt.isoformat(),
            "last_day": last_moment(plan).isoformat(),
        }
        key = f"failure:{invoice.id}:{invoice.attempts}"
        await plans.tell(tx, plan, "plan_payment_failed", params, key=key, at=now)
        if invoice.next_attempt is None:
            # the provider gives up, and may have ended the subscription with it
            await plans.follow_soon(tx, plan.id, key, at=now)

    await run_tx(work)


def last_moment(plan: Plan) -> datetime:
    """When a plan that is past due ends at the latest."""
    return plan.state_since + LASTS


async def newest_failure(plan_id: str) -> PlanFailure | None:
    return await PlanFailure.filter(plan_id=plan_id).order_by("-id").first()


async def end_long_unpaid(market: Market) -> None:
    """Sweep: nobody stays past due for ever."""
    before = market.clock() - LASTS
    for overdue in await Plan.filter(state=PlanState.PAST_DUE, state_since__lte=before).limit(100):

        async def work(tx: BaseDBAsyncClient, plan_id: str = overdue.id) -> None:
            plan = await plans.find(plan_id)
            if plan.state == PlanState.PAST_DUE and last_moment(plan) <= market.clock():
                await end(tx, market, plan, EndedBecause.CARD_FAILED)

        await run_tx(work)
