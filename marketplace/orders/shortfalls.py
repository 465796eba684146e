"""What of a paid order could not be cancelled and has nothing to take its place: its price goes back to the buyer."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database import rows
from marketplace.ledger import service as ledger
from marketplace.money import price
from marketplace.orders.models import Order, Shortfall
from marketplace.payments.refunds import refund
from marketplace.quotes.models import Quote
from marketplace.retirements.models import Retirement


async def give_back(
    tx: BaseDBAsyncClient, order: Order, quote: Quote, net_by_provider: Mapping[str, int], *, at: datetime
) -> int:
    """Promise back, in yen, what the buyer paid above the price of what was delivered, and say how much that is.

    The delivered credits cost what they would have cost if nothing else had been ordered, fee and tax included.
    """
    terms = json.loads(quote.terms)
    delivered = price(
        dict(net_by_provider),
        pooled_yen=quote.pooled_yen,
        fee_basis_points=terms["fee_basis_points"],
    )
    yen = -await ledger.balance(ledger.order_account(order.id)) - delivered.total_yen
    await refund(tx, order, yen, reason="partly_cancelled", key=f"short:{order.id}", at=at)
    return yen


async def record(refused: Retirement, quote_line_id: str, tonnes: int, reason: str, *, at: datetime) -> None:
    """Inside the caller's transaction."""
    await Shortfall.create(
        retirement_id=refused.id,
        order_id=refused.order_id,
        quote_line_id=quote_line_id,
        tonnes=tonnes,
        reason=reason,
        at=at,
    )


async def of_order(order_id: str) -> Sequence[Shortfall]:
    return await rows.find_all(Shortfall, order_id=order_id, order_by="retirement_id")


async def tonnes_of(order_id: str) -> int:
    return sum(one.tonnes for one in await of_order(order_id))
