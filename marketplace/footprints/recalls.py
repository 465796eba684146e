"""Recall of factors: what was marked wrong, which stored footprints used it, and what they should have come to."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import CONSOLE, Actor
from marketplace.audit import service as audit
from marketplace.clock import Clock
from marketplace.database.transactions import run_tx
from marketplace.footprints.models import FactorRecall, StoredFootprint
from marketplace.ids import new_id
from marketplace.orders.certified_parts import certificates_of
from marketplace.orders.models import Order
from marketplace.quotes.models import Quote
from offset_calc import factors as factor_sets
from offset_calc.quantities import plain, read_decimal
from offset_calc.recall import Affected, Recall, affected

BATCH = 200


@dataclass(frozen=True, slots=True)
class AffectedFootprint:
    """A stored footprint that used the factor; `order_ids` are the orders, `certificates` the certificate numbers that rest on it."""

    footprint_id: str
    created_at: datetime
    found: Affected
    order_ids: tuple[str, ...]
    certificates: tuple[str, ...]


async def recall_factor(
    factor_id: str, *, reason: str, corrected_value: str | None, clock: Clock, actor: Actor = CONSOLE
) -> FactorRecall:
    """Mark a factor of the current edition as wrong; the newest recall of a factor counts.

    Footprints that used it stay as they are: they say what was computed then.
    Raises: FactorNotFound; QuantityRefused for a corrected value that is no plain number; ReasonMissing.
    """
    stated = audit.stated(reason)
    factor = factor_sets.load().by_id(factor_id)
    value = None if corrected_value is None else plain(read_decimal(corrected_value, places=15))
    now = clock()

    async def write_down(tx: BaseDBAsyncClient) -> FactorRecall:
        recall = await FactorRecall.create(
            using_db=tx,
            id=new_id("rcl", now),
            factor_id=factor.id,
            reason=stated,
            corrected_value=value,
            recalled_at=now,
        )
        detail = {"recall": recall.id, "corrected_value": value}
        await audit.record(tx, actor, "factor.recall", factor.id, stated, detail, at=now)
        return recall

    return await run_tx(write_down)


async def recalls() -> list[FactorRecall]:
    """Every recall, oldest first."""
    return await FactorRecall.all().order_by("id")


async def recalls_in_force() -> dict[str, FactorRecall]:
    """The newest recall of each recalled factor, by the factor's id."""
    return {recall.factor_id: recall for recall in await recalls()}


async def affected_footprints(recalled: FactorRecall) -> AsyncIterator[AffectedFootprint]:
    """Walk all stored footprints, oldest first, a batch at a time, and report those that used the recalled factor."""
    value = recalled.corrected_value
    recall = Recall(recalled.factor_id, recalled.reason, None if value is None else Decimal(value))
    last = ""
    while batch := await StoredFootprint.filter(id__gt=last).order_by("id").limit(BATCH):
        last = batch[-1].id
        for stored in batch:
            # a text search first: reading a document is a hundred times the work
            if f'"{recalled.factor_id}"' not in stored.document:
                continue
            for found in affected([json.loads(stored.document)], recall):
                yield await _with_orders(stored, found)


async def _with_orders(stored: StoredFootprint, found: Affected) -> AffectedFootprint:
    quotes = await Quote.filter(footprint_id=stored.id).values_list("id", flat=True)
    orders = await Order.filter(quote_id__in=list(quotes)).order_by("id") if quotes else []
    certificates = await certificates_of(orders)
    return AffectedFootprint(
        footprint_id=stored.id,
        created_at=stored.created_at,
        found=found,
        order_ids=tuple(order.id for order in orders),
        certificates=tuple(number for order in orders for number in certificates[order.id]),
    )
