"""What a person may do with a plan at any time: another use or other credits from the next month, a pause, and the end."""

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import F

from marketplace.database.transactions import run_tx
from marketplace.errors import MarketplaceError
from marketplace.mail.post import JSON
from marketplace.market import Market
from marketplace.plans import service as plans
from marketplace.plans import terms as plan_terms
from marketplace.plans.bills import even_out
from marketplace.plans.errors import PlanNotChangeable
from marketplace.plans.models import Plan, PlanTerms
from marketplace.plans.states import LIVE, EndedBecause, PlanState
from marketplace.plans.steering import end
from marketplace.plans.terms import Because
from marketplace.plans.usage import Usage, in_force
from offset_calc import FactorSet


async def change(market: Market, plan_id: str, usage: Usage, listing_id: str) -> PlanTerms:
    """From the next month on, at today's price of the listing.

    Raises PlanNotChangeable, and what terms.draft raises.
    """
    wanted = await plan_terms.draft(market, usage, listing_id)

    async def work(tx: BaseDBAsyncClient) -> PlanTerms:
        plan = await plans.find(plan_id)
        if plan.state not in LIVE or plan.gift_months is not None:
            raise PlanNotChangeable(f"plan {plan.id} is {plan.state}", state=plan.state)
        current = await plan_terms.newest(plan.id)
        await plan_terms.write(plan.id, current.version + 1, wanted, Because.CHANGED, clock=market.clock)
        return await _newly_agreed(tx, market, plan, Because.CHANGED)

    return await run_tx(work)


async def _newly_agreed(tx: BaseDBAsyncClient, market: Market, plan: Plan, because: Because) -> PlanTerms:
    """The newest terms are in the database: what bills left goes on, the provider is told, and so is the person."""
    now = market.clock()
    written = await plan_terms.newest(plan.id)
    await Plan.filter(id=plan.id).update(version=F("version") + 1, edition=written.edition)
    await plan.refresh_from_db()
    await even_out(tx, market, plan)
    terms = await plan_terms.newest(plan.id)
    await plans.follow_soon(tx, plan.id, f"v{plan.version}", at=now)
    await plans.announce(plan, at=now)
    params: dict[str, JSON] = {
        "because": because.value,
        "grams": terms.grams,
        "yen": terms.total_yen,
        "from": _next_month(plan),
    }
    await plans.tell(tx, plan, "plan_terms", params, key=f"terms:{written.version}", at=now)
    return terms


def _next_month(plan: Plan) -> str | None:
    return None if plan.paid_until is None else plan.paid_until.isoformat()


async def pause(market: Market, plan_id: str) -> Plan:
    """No month is charged or covered until it is resumed; a month that is paid stays. Raises PlanNotChangeable."""
    return await _switch(market, plan_id, PlanState.ACTIVE, PlanState.PAUSED)


async def resume(market: Market, plan_id: str) -> Plan:
    """The next month is charged again. Raises PlanNotChangeable."""
    return await _switch(market, plan_id, PlanState.PAUSED, PlanState.ACTIVE)


async def _switch(market: Market, plan_id: str, old: PlanState, new: PlanState) -> Plan:
    async def work(tx: BaseDBAsyncClient) -> Plan:
        plan = await plans.find(plan_id)
        if plan.state == new:
            return plan
        if plan.state != old:
            raise PlanNotChangeable(f"plan {plan.id} is {plan.state}", state=plan.state)
        await switch(tx, market, plan, new)
        return plan

    return await run_tx(work)


async def switch(tx: BaseDBAsyncClient, market: Market, plan: Plan, new: PlanState, *, because: str = "") -> None:
    """Inside the caller's transaction: between running and paused, with the mail that says so."""
    now = market.clock()
    await plans.move(plan, new, at=now)
    await plans.follow_soon(tx, plan.id, f"v{plan.version}", at=now)
    await plans.tell(tx, plan, "plan_state", {"state": new.value, "because": because}, key=f"v{plan.version}", at=now)


async def cancel(market: Market, plan_id: str) -> Plan:
    """At once and for good: nothing is charged any more. Twice is once. Raises PlanNotChangeable before it has begun."""

    async def work(tx: BaseDBAsyncClient) -> Plan:
        plan = await plans.find(plan_id)
        if plan.state == PlanState.ENDED:
            return plan
        if plan.state not in LIVE:
            raise PlanNotChangeable(f"plan {plan.id} is {plan.state}", state=plan.state)
        await end(tx, market, plan, EndedBecause.BY_PERSON)
        return plan

    return await run_tx(work)


async def apply_edition(market: Market, factors: FactorSet | None = None) -> int:
    """Sweep: plans that were calculated by another edition than the one in force get new terms from their next month, and a mail.

    Where the new edition has no answer (the menu is gone, or the month came to nothing or too much) the terms stay, and the
    mail says so. Returns how many plans were looked at.
    """
    chosen = factors or in_force()
    behind = (
        await Plan.filter(state__in=list(LIVE), gift_months__isnull=True).exclude(edition=chosen.edition).limit(100)
    )
    for plan in behind:
        await _apply_to(market, plan.id, chosen)
    return len(behind)


async def _apply_to(market: Market, plan_id: str, factors: FactorSet) -> None:
    async def work(tx: BaseDBAsyncClient) -> None:
        plan = await plans.find(plan_id)
        if plan.edition == factors.edition:
            return
        now = market.clock()
        current = await plan_terms.newest(plan.id)
        try:
            wanted = await plan_terms.redraft(current, on_clock=market.clock, factors=factors)
        except MarketplaceError as refused:
            await Plan.filter(id=plan.id).update(edition=factors.edition)
            params: dict[str, JSON] = {"edition": factors.edition, "reason": refused.code}
            await plans.tell(tx, plan, "plan_terms_kept", params, key=f"kept:{factors.edition}", at=now)
            return
        await plan_terms.write(plan.id, current.version + 1, wanted, Because.EDITION, clock=market.clock)
        await _newly_agreed(tx, market, plan, Because.EDITION)

    await run_tx(work)
