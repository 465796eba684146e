"""What an order's time line says, also by mail: to the buyer in the buyer's language, and to operators what needs a person.

The mail follows the entry, so no mail can say more than the time line does, and none says "cancelled" before the registry
has confirmed it.
"""

import json

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.clock import japan_date
from marketplace.database.transactions import run_tx
from marketplace.mail import service as mail
from marketplace.mail.address import is_address
from marketplace.mail.post import JSON
from marketplace.market import Market
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order, OrderEvent
from marketplace.orders.timeline import MAILS, Happened
from marketplace.registries.processing import processing_window


async def follow(market: Market, event_id: int) -> None:
    """Job: write the mails that follow one entry of a time line. Safe to repeat."""
    event = await OrderEvent.get(id=event_id)
    follows = MAILS[Happened(event.kind)]
    order = await Order.get(id=event.order_id)
    wanted = order.email is not None and is_address(order.email)
    if follows.lasting and await OrderEvent.filter(order_id=order.id, id__gt=event.id).exists():
        wanted = False
    if not wanted and follows.operators is None:
        return
    params = _params(market, order, event)
    key = f"order:{order.id}:{follows.message}" if follows.lasting else f"order_event:{event.id}"

    async def work(tx: BaseDBAsyncClient) -> None:
        if wanted and order.email is not None:
            await mail.send_later(tx, follows.message, order.email, order.locale, params, key=key, at=market.clock())
        if follows.operators is not None:
            await mail.tell_operators(market, tx, follows.operators, params, key=f"operators:{event.id}")

    await run_tx(work)


def _params(market: Market, order: Order, event: OrderEvent) -> dict[str, JSON]:
    """What every message about an order may use; `detail` is what the entry says beyond its kind, `expected` the day in Japan by
    which the registry that it names deals with what it was sent, None if it names none."""
    detail = json.loads(event.detail)
    expected = None
    if "registry" in detail:
        window = processing_window(market.desk.profiles[detail["registry"]], event.at)
        expected = japan_date(window.ends).isoformat()
    return {
        "subject": Instruction.model_validate_json(order.instruction).subject,
        "order_id": order.id,
        "token": order.access_token,
        "total_yen": order.total_yen,
        "pay_until": order.pay_until.isoformat(),
        "refund_reason": order.refund_reason,
        "detail": detail,
        "expected": expected,
    }
