"""Tell a product's owners when four fifths of its cover are sold and when all of it is, once each: by mail and as an event."""

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.clock import japan_date
from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.mail.post import JSON
from marketplace.market import Market
from marketplace.products.announcing import announce_coverage
from marketplace.products.coverage import Totals, totals_of
from marketplace.products.models import CoverPeriod, ProductEntry
from marketplace.products.owners import tell_owners
from marketplace.products.rule import notice_shortage
from marketplace.products.service import find
from marketplace.products.states import EntryKind, ProductState

# in percent of the cover that is sold
MESSAGES = {80: "product_cover_low", 100: "product_cover_used_up"}


async def watch(market: Market, product_id: str) -> None:
    """Job, after the ledger has changed: mail the owners if a threshold was crossed, and buy again by rule. Safe to repeat.

    The same threshold is told again only after more cover has come in.
    """
    await notice_shortage(market, product_id)
    product, today = await find(product_id), japan_date(market.clock())
    period = await CoverPeriod.get_or_none(product_id=product_id, first_day__lte=today, last_day__gte=today)
    if product.state != ProductState.ACTIVE or period is None:
        return

    async def work(tx: BaseDBAsyncClient) -> None:
        totals = await totals_of(period)
        crossed = [percent for percent in MESSAGES if _is_crossed(totals, percent)]
        if not crossed:
            return
        covers = await ProductEntry.filter(period_id=period.id, kind=EntryKind.COVERED).count()
        told = [percent for percent in crossed if await _note(tx, market, period, percent, covers)]
        if told:
            percent = max(told)
            params: dict[str, JSON] = {
                "until_day": period.last_day.isoformat(),
                "covered_units": totals.covered_units - totals.uncovered_units,
                "kept_units": totals.sold_units - totals.returned_units,
            }
            key = f"product_cover:{period.id}:{percent}:{covers}"
            await tell_owners(tx, market, product, MESSAGES[percent], params, key=key)
            await announce_coverage(product.id, at=market.clock())

    await run_tx(work)


def _is_crossed(totals: Totals, percent: int) -> bool:
    """Whether that much of the cover is sold, in units or in grams, whichever is worse."""
    pairs = (
        (totals.sold_units - totals.returned_units, totals.covered_units - totals.uncovered_units),
        (totals.sold_g - totals.returned_g, totals.covered_g - totals.uncovered_g),
    )
    return any(sold and sold * 100 >= covered * percent for sold, covered in pairs)


async def _note(tx: BaseDBAsyncClient, market: Market, period: CoverPeriod, percent: int, covers: int) -> bool:
    """True for whoever notes it first."""
    rows = await tx.execute_query_dict(
        sql(
            tx,
            "INSERT INTO product_notice (id, product_id, period_id, percent, covers, at) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (period_id, percent, covers) DO NOTHING RETURNING id",
        ),
        [new_id("pnt", market.clock()), period.product_id, period.id, percent, covers, market.clock()],
    )
    return bool(rows)
