"""What was left of a gift went back to the giver, and the giver's bank sent it back to us.

It lies on the gift's balance again, since it is still the giver's. A day later another return is tried, twice; after that it waits
for a person, on the operators' page of money.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.audit import service as audit
from marketplace.database.transactions import run_tx
from marketplace.errors import MoveNotAllowed
from marketplace.ledger import balance
from marketplace.ledger import service as ledger
from marketplace.mail import service as mail
from marketplace.mail.post import JSON
from marketplace.market import Market
from marketplace.outbox import service as outbox
from marketplace.payments.gateway import Refund
from marketplace.plans import gifts
from marketplace.plans import service as plans
from marketplace.plans.models import Plan, PlanReturn, PlanReturnBounce
from marketplace.plans.states import PlanState

AGAIN = "plan.return_again"
PAUSE_BEFORE_NEXT_ATTEMPT = timedelta(days=1)
ATTEMPTS_WITHOUT_A_PERSON = 3


@dataclass(frozen=True, slots=True)
class Owed:
    """Money of a gift that ended, which its giver could not be given back; `bounces` counts how often it was tried."""

    plan: Plan
    yen: int
    bounces: int


async def follow(market: Market, told: Refund) -> None:
    """The provider says that this return of ours failed. Safe to repeat, also before we have noted that it went."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now, back = market.clock(), await PlanReturn.get(id=told.key)
        await balance.lock(back.plan_id)
        if await PlanReturnBounce.exists(return_id=back.id):
            return
        await gifts.note_returned(back, at=now)
        await PlanReturnBounce.create(return_id=back.id, provider_refund=told.id, heard_at=now)
        event = f"plan_return_bounced:{back.id}"
        await balance.credit(back.plan_id, back.amount_yen, taken_from=ledger.CLEARING, event=event, at=now)
        plan, bounces = await plans.find(back.plan_id), await _bounces(back.plan_id)
        tried_again = bounces < ATTEMPTS_WITHOUT_A_PERSON
        facts: dict[str, JSON] = {"yen": back.amount_yen, "tried_again": tried_again}
        await mail.tell_operators(market, tx, "operator_gift_bounced", facts | {"plan_id": plan.id}, key=event)
        await mail.send_later(
            tx, "plan_gift_bounced", str(plan.giver_email), plan.locale, facts, key=f"giver:{event}", at=now
        )
        if tried_again:
            when = now + PAUSE_BEFORE_NEXT_ATTEMPT
            await outbox.add(tx, AGAIN, f"{AGAIN}:{back.id}", {"plan_id": plan.id}, at=when)

    await run_tx(work)


async def return_again(market: Market, plan_id: str) -> None:
    """Job: what lies on the balance goes back once more. Safe to repeat."""
    await run_tx(lambda _: _begin_again(plan_id, at=market.clock()))


async def try_again(market: Market, actor: Actor, plan_id: str, reason: str | None) -> None:
    """Another return now. Raises ReasonMissing, MoveNotAllowed if nothing of that gift has bounced and lies here."""
    why = audit.stated(reason)
    if plan_id not in {owed.plan.id for owed in await waiting()}:
        raise MoveNotAllowed(f"nothing of the gift {plan_id} has come back", old="failed", new="requested")

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        await _begin_again(plan_id, at=now)
        await audit.record(tx, actor, "gift.return_again", plan_id, why, {}, at=now)

    await run_tx(work)


async def waiting() -> Sequence[Owed]:
    """Gifts whose rest has bounced and lies with us, whether or not it is tried again by itself; the oldest first."""
    bounced = await PlanReturnBounce.all().order_by("heard_at", "return_id")
    returns = {back.id: back for back in await PlanReturn.filter(id__in=[one.return_id for one in bounced])}
    plan_ids = dict.fromkeys(returns[one.return_id].plan_id for one in bounced)
    found = [
        Owed(await plans.find(plan_id), yen, await _bounces(plan_id))
        for plan_id in plan_ids
        if (yen := await balance.balance_of(plan_id))
    ]
    return [owed for owed in found if owed.plan.state == PlanState.ENDED]


async def _begin_again(plan_id: str, *, at: datetime) -> None:
    """The sweep of gifts returns what an ended one holds that is marked so (gifts.enqueue_due)."""
    await Plan.filter(id=plan_id, state=PlanState.ENDED, paid_until__isnull=True).update(paid_until=at)


async def _bounces(plan_id: str) -> int:
    returns = [back.id for back in await PlanReturn.filter(plan_id=plan_id)]
    return await PlanReturnBounce.filter(return_id__in=returns).count()
