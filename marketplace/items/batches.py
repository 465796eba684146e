"""Make a batch of item codes for units that are covered, take one back, and read them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError, OperationalError

from marketplace.accounts.actor import Actor
from marketplace.audit import service as audit
from marketplace.database.transactions import run_tx
from marketplace.idempotency.service import NoteMade
from marketplace.ids import new_id
from marketplace.items.codes import BATCH_BITS
from marketplace.items.errors import BatchNotFound, BatchRefused, ItemsAboveCover
from marketplace.items.models import BatchState, ItemBatch
from marketplace.market import Market
from marketplace.products import service as products
from marketplace.products.coverage import totals_of
from marketplace.products.errors import ProductEnded
from marketplace.products.models import CoverPeriod, Product
from marketplace.products.states import ProductState

LONGEST_NAME = 60
MOST_ITEMS_OF_A_BATCH = 1_000_000
WITHIN_COVER = "item_batch_within_cover"


@dataclass(frozen=True, slots=True)
class BatchWish:
    """`name` is the maker's own, such as the lot; `made_on` chooses the period of cover."""

    name: str
    made_on: date
    items: int


async def make(
    market: Market, actor: Actor, product_id: str, wish: BatchWish, *, note_made: NoteMade | None = None
) -> ItemBatch:
    """Raises ProductNotFound, ProductEnded, PeriodNotFound, BatchRefused, ItemsAboveCover."""
    product = await products.own(actor, product_id)
    name = wish.name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BatchRefused("a batch has a name", field="name")
    if not 0 < wish.items <= MOST_ITEMS_OF_A_BATCH:
        raise BatchRefused(f"1 to {MOST_ITEMS_OF_A_BATCH} items", field="items")
    if product.state == ProductState.ENDED:
        raise ProductEnded(f"product {product.id} has ended", product_id=product.id)
    period = await products.period_on(product.id, wish.made_on)

    async def work(tx: BaseDBAsyncClient) -> ItemBatch:
        now = market.clock()
        batch_id = new_id("itb", now)
        batch = await ItemBatch.create(
            id=batch_id,
            tag=secrets.randbelow(2**BATCH_BITS),
            product_id=product.id,
            period_id=period.id,
            name=name,
            made_on=wish.made_on,
            items=wish.items,
            secret=market.seals.seal(secrets.token_hex(32), batch_id),
            sealed_with=market.seals.newest,
            state=BatchState.ACTIVE,
            created_at=now,
        )
        await audit.record(tx, actor, "item_batch.made", batch.id, None, {"items": batch.items}, at=now)
        if note_made is not None:
            await note_made(batch.id)
        return batch

    try:
        return await run_tx(work)
    except (IntegrityError, OperationalError) as refused:
        if WITHIN_COVER not in str(refused):
            raise
        left = await left_units(period)
        raise ItemsAboveCover(f"{left} covered units have no code yet", left_units=left) from refused


async def withdraw(market: Market, actor: Actor, product_id: str, batch_id: str) -> None:
    """Labels that were never used, or were stolen: their pages say so, and the units may get other codes. Safe to repeat.

    Raises ProductNotFound, BatchNotFound.
    """
    batch = await of_product(await products.own(actor, product_id), batch_id)

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        active = ItemBatch.filter(id=batch.id, state=BatchState.ACTIVE)
        if await active.update(state=BatchState.WITHDRAWN, withdrawn_at=now):
            await audit.record(tx, actor, "item_batch.withdrawn", batch.id, None, {}, at=now)

    await run_tx(work)


def secret_of(market: Market, batch: ItemBatch) -> bytes:
    """What the batch's codes are made with. Raises SealBroken."""
    return bytes.fromhex(market.seals.opened(batch.secret, batch.sealed_with, batch.id))


async def left_units(period: CoverPeriod) -> int:
    """Covered units of the period that have no code."""
    totals = await totals_of(period)
    coded = sum([batch.items for batch in await ItemBatch.filter(period_id=period.id, state=BatchState.ACTIVE)])
    return max(0, totals.covered_units - totals.uncovered_units - coded)


async def of_product(product: Product, batch_id: str) -> ItemBatch:
    """Raises BatchNotFound."""
    batch = await ItemBatch.get_or_none(id=batch_id, product_id=product.id)
    if batch is None:
        raise BatchNotFound(f"no batch {batch_id}")
    return batch


async def all_of(product: Product, *, limit: int = 200, before: str | None = None) -> Sequence[ItemBatch]:
    """The newest first; `before` is a batch's id where the last piece ended."""
    made = ItemBatch.filter(product_id=product.id)
    return await (made.filter(id__lt=before) if before else made).order_by("-id").limit(limit)
