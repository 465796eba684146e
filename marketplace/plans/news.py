"""Tell what became of paid months: each one once, when its order has ended."""

from collections.abc import Sequence
from datetime import datetime

from tortoise import connections
from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database import rows
from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx
from marketplace.mail import service as mail
from marketplace.mail.post import JSON
from marketplace.market import Market
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.plans import service as plans
from marketplace.plans.bills import even_out
from marketplace.plans.changes import switch
from marketplace.plans.models import Plan, PlanMonth
from marketplace.plans.months import NOT_RUNNING
from marketplace.plans.reading import running_total_g, running_totals_g
from marketplace.plans.states import PlanState

AT_ONCE = 200
WANT_OF_UNITS = "no_units"
CERTIFIED = "plan_certified"

_UNTOLD = (
    "SELECT m.id AS id FROM plan_month m JOIN buyer_order o ON o.id = m.order_id "
    "WHERE m.told_at IS NULL AND o.state IN ('fulfilled', 'refunded') ORDER BY m.id LIMIT ?"
)


async def tell_ended_months(market: Market) -> int:
    """Sweep: write the mails of months that are certified or paid back. Returns how many it told."""
    told = 0
    while untold := await connections.get("default").execute_query_dict(
        sql(connections.get("default"), _UNTOLD), [AT_ONCE]
    ):
        for row in untold:
            await _tell(market, str(row["id"]))
        told += len(untold)
    return told


async def _tell(market: Market, month_id: str) -> None:
    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        if await PlanMonth.filter(id=month_id, told_at__isnull=True).update(told_at=now) != 1:
            return
        month = await PlanMonth.get(id=month_id)
        order = await Order.get(id=month.order_id)
        if order.state == OrderState.FULFILLED:
            await _certified(tx, month, order, at=now)
        else:
            await _refunded(tx, market, month, order, at=now)

    await run_tx(work)


async def tell_certified(orders: Sequence[Order], *, at: datetime) -> None:
    """Inside the transaction that certifies these orders of plans' months: the mails about all of them at once."""
    by_id = {order.id: order for order in orders}
    months = await rows.find_all(PlanMonth, order_id=sorted(by_id), told_at=None)
    if not months:
        return
    await rows.change(PlanMonth, {"id": [month.id for month in months], "told_at": None}, told_at=at)
    found = {plan.id: plan for plan in await rows.find_all(Plan, id=sorted({month.plan_id for month in months}))}
    totals = await running_totals_g(list(found))
    await mail.send_all_later(
        [
            plans.mail_to(
                found[month.plan_id],
                CERTIFIED,
                _of_certified(month, by_id[month.order_id], totals[month.plan_id]),
                key=f"month:{month.id}",
            )
            for month in months
        ],
        at=at,
    )


async def _certified(tx: BaseDBAsyncClient, month: PlanMonth, order: Order, *, at: datetime) -> None:
    plan = await plans.find(month.plan_id)
    params = _of_certified(month, order, await running_total_g(plan.id))
    await plans.tell(tx, plan, CERTIFIED, params, key=f"month:{month.id}", at=at)


def _of_certified(month: PlanMonth, order: Order, total_g: int) -> dict[str, JSON]:
    return {
        "number": order.certificate_number,
        "first_day": month.first_day.isoformat(),
        "last_day": month.last_day.isoformat(),
        "total_g": total_g,
        "yen": order.total_yen,
        "order_token": order.access_token,
    }


async def _refunded(tx: BaseDBAsyncClient, market: Market, month: PlanMonth, order: Order, *, at: datetime) -> None:
    """Nobody is charged again for credits that cannot be had: the plan waits until the person has chosen others."""
    plan = await plans.find(month.plan_id)
    params: dict[str, JSON] = {
        "first_day": month.first_day.isoformat(),
        "last_day": month.last_day.isoformat(),
        "yen": order.total_yen,
        "reason": order.refund_reason,
    }
    await plans.tell(tx, plan, "plan_refunded", params, key=f"month:{month.id}", at=at)
    if order.refund_reason != NOT_RUNNING:
        if plan.state == PlanState.ACTIVE:
            await switch(tx, market, plan, PlanState.PAUSED, because=WANT_OF_UNITS)
        await even_out(tx, market, plan)
