"""Count sales and returns, each once for ever, whoever reports it and however often.

A movement is found again by its `source`. The same source with the same figures is known already and changes nothing; with
other figures it is refused. A batch is counted whole or not at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError, OperationalError

from marketplace.clock import japan_date
from marketplace.database.transactions import run_tx
from marketplace.errors import MarketplaceError
from marketplace.market import Market
from marketplace.outbox import service as outbox
from marketplace.products.errors import (
    CountedDifferently,
    FootprintStartsLater,
    ReturnsExceedSale,
    SaleInFuture,
    SaleNotFound,
    TooManyGrams,
)
from marketplace.products.models import Product, ProductEntry, ProductFootprint
from marketplace.products.service import find, still_active
from marketplace.products.states import EntryKind

WATCH = "product.watch"
SALE = "sale:"
MOST_GRAMS = 10**15
MOST_UNITS = 10**9
# the clocks of shops are not ours
AHEAD_AT_MOST = timedelta(hours=24)
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Movement:
    """Units sold or, with `returns_of` (the source of the sale), returned; `external_id` is what its sender calls it."""

    source: str
    external_id: str
    units: int
    at: datetime
    returns_of: str | None = None


def sale(external_id: str, units: int, at: datetime) -> Movement:
    """As programs and lists report it: `external_id` is the sender's own number, one per product for ever."""
    return Movement(f"{SALE}{external_id}", external_id, units, at)


def goods_back(external_id: str, units: int, at: datetime, *, of: str) -> Movement:
    """`of` is the external_id of the sale."""
    return Movement(f"return:{external_id}", external_id, units, at, returns_of=f"{SALE}{of}")


class Fate(StrEnum):
    NEW = "new"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a movement; `refusal` says why it cannot be counted."""

    movement: Movement
    fate: Fate
    refusal: MarketplaceError | None = None


@dataclass(slots=True)
class _Sale:
    """What is known of a sale while a batch is examined: figures, and how much of it has come back."""

    entry: ProductEntry
    back: int = 0


async def count(market: Market, product_id: str, movements: Sequence[Movement]) -> list[Outcome]:
    """Count all that is new, in one transaction. Raises the first refusal, and then nothing was counted.

    Raises ProductNotFound, ProductEnded, CountedDifferently, FootprintStartsLater, SaleInFuture, SaleNotFound,
    ReturnsExceedSale, TooManyGrams.
    """

    async def work(tx: BaseDBAsyncClient) -> list[Outcome]:
        product = still_active(await find(product_id))
        outcomes, entries = await _examined(market, product, movements)
        for outcome in outcomes:
            if outcome.refusal is not None:
                raise outcome.refusal
        await _write(tx, market, product, entries)
        return outcomes

    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await run_tx(work)
        except (IntegrityError, OperationalError):
            # somebody counted the same at the same moment: look again, and see it
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")


async def rehearse(market: Market, product_id: str, movements: Sequence[Movement]) -> list[Outcome]:
    """What `count` would make of each, one by one; nothing is written. Raises ProductNotFound, ProductEnded."""
    product = still_active(await find(product_id))
    outcomes, _ = await _examined(market, product, movements)
    return outcomes


async def _examined(
    market: Market, product: Product, movements: Sequence[Movement]
) -> tuple[list[Outcome], list[tuple[ProductEntry, str | None]]]:
    """Every movement's fate, and the new entries, each with the source of the sale it stands on."""
    now = market.clock()
    versions = await ProductFootprint.filter(product_id=product.id).order_by("-from_day")
    sources = {one.source for one in movements} | {one.returns_of for one in movements if one.returns_of}
    known = await _known(product.id, sources)
    sales = await _sales(known)
    outcomes: list[Outcome] = []
    entries: list[tuple[ProductEntry, str | None]] = []
    for movement in movements:
        try:
            if counted := known.get(movement.source):
                _refuse_other_figures(movement, counted, sales)
                outcomes.append(Outcome(movement, Fate.KNOWN))
                continue
            entry = _entry(product, movement, versions, sales, now=now)
        except MarketplaceError as refusal:
            outcomes.append(Outcome(movement, Fate.REFUSED, refusal))
            continue
        known[movement.source] = entry
        if movement.returns_of is None:
            sales[movement.source] = _Sale(entry)
        else:
            sales[movement.returns_of].back += movement.units
        outcomes.append(Outcome(movement, Fate.NEW))
        entries.append((entry, movement.returns_of))
    return outcomes, entries


_CHUNK = 500


async def _known(product_id: str, sources: set[str]) -> dict[str, ProductEntry]:
    wanted = sorted(sources)
    found: dict[str, ProductEntry] = {}
    for start in range(0, len(wanted), _CHUNK):
        rows = await ProductEntry.filter(product_id=product_id, source__in=wanted[start : start + _CHUNK])
        found |= {row.source: row for row in rows}
    return found


async def _sales(known: Mapping[str, ProductEntry]) -> dict[str, _Sale]:
    sales = {source: _Sale(entry) for source, entry in known.items() if entry.kind == EntryKind.SOLD}
    by_id = {one.entry.id: one for one in sales.values()}
    ids = sorted(by_id)
    for start in range(0, len(ids), _CHUNK):
        for row in await ProductEntry.filter(sale_id__in=ids[start : start + _CHUNK]):
            by_id[row.sale_id or 0].back += row.units
    return sales


def _refuse_other_figures(movement: Movement, counted: ProductEntry, sales: Mapping[str, _Sale]) -> None:
    kind = EntryKind.SOLD if movement.returns_of is None else EntryKind.RETURNED
    same = counted.kind == kind and counted.units == movement.units
    if movement.returns_of is None:
        same = same and counted.day == japan_date(movement.at)
    else:
        stands_on = sales.get(movement.returns_of)
        # within one batch the sale has no id yet, and its return can only stand on it
        same = same and stands_on is not None and counted.sale_id in {None, stands_on.entry.id}
    if not same:
        raise CountedDifferently(
            f"{movement.external_id} was counted with other figures", external_id=movement.external_id
        )


def _entry(
    product: Product,
    movement: Movement,
    versions: Sequence[ProductFootprint],
    sales: Mapping[str, _Sale],
    *,
    now: datetime,
) -> ProductEntry:
    if movement.at > now + AHEAD_AT_MOST:
        raise SaleInFuture(f"{movement.external_id} has not happened yet", external_id=movement.external_id)
    if movement.returns_of is None:
        day = japan_date(movement.at)
        version = next((one for one in versions if one.from_day <= day), None)
        if version is None:
            raise FootprintStartsLater(f"the footprint is not known for {day}", day=day.isoformat())
        kind, grams = EntryKind.SOLD, movement.units * version.covered_g_per_unit
    else:
        stands_on = sales.get(movement.returns_of)
        if stands_on is None:
            raise SaleNotFound(f"{movement.external_id} returns what was not sold", external_id=movement.external_id)
        sold = stands_on.entry
        left = sold.units - stands_on.back
        if movement.units > left:
            raise ReturnsExceedSale(
                f"{left} of {sold.units} units can still come back",
                external_id=movement.external_id,
                units=movement.units,
                left=left,
            )
        kind, day, grams = EntryKind.RETURNED, sold.day, sold.grams // sold.units * movement.units
    if grams > MOST_GRAMS:
        raise TooManyGrams(f"{movement.units} units come to {grams} g", most_g=MOST_GRAMS)
    return ProductEntry(
        product_id=product.id,
        kind=kind,
        units=movement.units,
        grams=grams,
        day=day,
        source=movement.source,
        happened_at=movement.at,
        counted_at=now,
    )


async def _write(
    tx: BaseDBAsyncClient, market: Market, product: Product, entries: Sequence[tuple[ProductEntry, str | None]]
) -> None:
    if not entries:
        return
    # in one order, because the sums of a day queue, and returns of one sale on it
    sold = sorted((entry for entry, of in entries if of is None), key=lambda entry: entry.day)
    await ProductEntry.bulk_create(sold, batch_size=_CHUNK, using_db=tx)
    returns = [(entry, of) for entry, of in entries if of is not None]
    stand_on = await _known(product.id, {of for _, of in returns})
    for entry, of in returns:
        entry.sale_id = stand_on[of].id
    back = sorted((entry for entry, _ in returns), key=lambda entry: (entry.day, entry.sale_id or 0))
    await ProductEntry.bulk_create(back, batch_size=_CHUNK, using_db=tx)
    newest = await ProductEntry.filter(product_id=product.id).order_by("-id").first()
    assert newest is not None  # noqa: S101 - written above
    await watch_soon(tx, market, product.id, after=newest.id)


async def watch_soon(tx: BaseDBAsyncClient, market: Market, product_id: str, *, after: int | str) -> None:
    """Inside the transaction that changed the ledger or the rule: look at the cover after entry or change `after`."""
    await outbox.add(tx, WATCH, f"{WATCH}:{product_id}:{after}", {"product_id": product_id}, at=market.clock())
