"""Make a product, state what a unit emits, name the periods of its cover, and end it. Members of its organisation only."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pydantic import JsonValue
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from marketplace.accounts.actor import Actor
from marketplace.accounts.errors import NotAMember
from marketplace.audit import service as audit
from marketplace.clock import japan_date
from marketplace.database.transactions import run_tx
from marketplace.errors import FootprintNotFound
from marketplace.footprints.models import StoredFootprint
from marketplace.idempotency.service import NoteMade
from marketplace.ids import new_id
from marketplace.market import Market
from marketplace.products.errors import (
    FootprintVersionRefused,
    PeriodNotFound,
    PeriodRefused,
    PeriodsOverlap,
    ProductEnded,
    ProductNotFound,
)
from marketplace.products.models import CoverPeriod, Product, ProductFootprint
from marketplace.products.states import ProductState, SalesMarket

LONGEST_ID = 64
LONGEST_PERIOD = timedelta(days=5 * 366)
# without I, L, O and U, as people read it off a package
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NUMBER_LENGTH = 10


@dataclass(frozen=True, slots=True)
class UnitFootprint:
    """What one unit emits and how much of it is to be covered, in grams; `footprint_id` names the calculation, if there is one."""

    g_per_unit: int
    covered_g_per_unit: int
    from_day: date
    footprint_id: str | None = None


@dataclass(frozen=True, slots=True)
class ProductWish:
    """`reduction_effort`: what was done to emit less. All texts are checked by whoever reads them in."""

    name: str
    functional_unit: str
    sold_in: SalesMarket
    reduction_effort: str
    footprint: UnitFootprint


async def create_product(
    market: Market,
    actor: Actor,
    wish: ProductWish,
    *,
    period: tuple[date, date] | None = None,
    note_made: NoteMade | None = None,
) -> Product:
    """For the actor's organisation, with a first period if one is given.

    Raises FootprintNotFound, FootprintVersionRefused, PeriodRefused.
    """
    if period is not None:
        _check_period(*period)

    async def work(tx: BaseDBAsyncClient) -> Product:
        now = market.clock()
        product = await Product.create(
            id=new_id("prd", now),
            number=_new_number(),
            organisation_id=_organisation_of(actor),
            environment=market.signing_keys.environment.value,
            name=wish.name,
            functional_unit=wish.functional_unit,
            market=wish.sold_in,
            reduction_effort=wish.reduction_effort,
            state=ProductState.ACTIVE,
            created_at=now,
        )
        await _add_version(market, product, wish.footprint)
        if period is not None:
            await CoverPeriod.create(
                id=new_id("cvp", now), product_id=product.id, first_day=period[0], last_day=period[1], created_at=now
            )
        await audit.record(tx, actor, "product.created", product.id, None, {}, at=now)
        if note_made is not None:
            await note_made(product.id)
        return product

    return await run_tx(work)


async def find(product_id: str) -> Product:
    """Raises ProductNotFound."""
    product = await Product.get_or_none(id=product_id) if may_be_id(product_id) else None
    if product is None:
        raise ProductNotFound(f"no product {product_id[:60]}", product_id=product_id[:60])
    return product


async def find_by_number(number: str) -> Product:
    """By the number in public addresses, in capitals or not. Raises ProductNotFound."""
    product = await Product.get_or_none(number=number.upper()) if may_be_id(number, _NUMBER_LENGTH) else None
    if product is None:
        raise ProductNotFound("no product of this number", product_id=number[:60])
    return product


async def own(actor: Actor, product_id: str) -> Product:
    """A product of the actor's organisation; those of others look like none. Raises ProductNotFound."""
    theirs = Product.filter(organisation_id=_organisation_of(actor))
    product = await theirs.get_or_none(id=product_id) if may_be_id(product_id) else None
    if product is None:
        raise ProductNotFound(f"no product {product_id[:60]}", product_id=product_id[:60])
    return product


async def products_of(organisation_id: str, *, limit: int, before: str | None = None) -> Sequence[Product]:
    """The newest first; `before` is the id where the last page ended."""
    query = Product.filter(organisation_id=organisation_id)
    return await (query.filter(id__lt=before) if before else query).order_by("-id").limit(limit)


async def add_footprint_version(
    market: Market, actor: Actor, product_id: str, footprint: UnitFootprint
) -> ProductFootprint:
    """From a day on a unit emits something else; what was counted before stays. One version per day.

    Raises ProductNotFound, ProductEnded, FootprintNotFound, FootprintVersionRefused.
    """
    product = still_active(await own(actor, product_id))

    async def work(tx: BaseDBAsyncClient) -> ProductFootprint:
        version = await _add_version(market, product, footprint)
        change: dict[str, JsonValue] = {
            "g_per_unit": footprint.g_per_unit,
            "from_day": footprint.from_day.isoformat(),
        }
        await audit.record(tx, actor, "product.footprint_changed", product.id, None, change, at=market.clock())
        return version

    try:
        return await run_tx(work)
    except IntegrityError as clash:
        if await ProductFootprint.exists(product_id=product.id, from_day=footprint.from_day):
            raise FootprintVersionRefused(
                "there is a version of that day", from_day=footprint.from_day.isoformat()
            ) from clash
        raise


async def _add_version(market: Market, product: Product, footprint: UnitFootprint) -> ProductFootprint:
    if not 0 < footprint.covered_g_per_unit <= footprint.g_per_unit:
        raise FootprintVersionRefused(
            "a unit cannot have more covered than it emits", from_day=footprint.from_day.isoformat()
        )
    if footprint.footprint_id is not None and not await StoredFootprint.exists(id=footprint.footprint_id):
        raise FootprintNotFound(f"no footprint {footprint.footprint_id}", footprint_id=footprint.footprint_id)
    now = market.clock()
    return await ProductFootprint.create(
        id=new_id("pfp", now),
        product_id=product.id,
        footprint_id=footprint.footprint_id,
        g_per_unit=footprint.g_per_unit,
        covered_g_per_unit=footprint.covered_g_per_unit,
        from_day=footprint.from_day,
        created_at=now,
    )


async def versions_of(product_id: str) -> list[ProductFootprint]:
    """Newest first."""
    return await ProductFootprint.filter(product_id=product_id).order_by("-from_day")


async def add_period(market: Market, actor: Actor, product_id: str, first_day: date, last_day: date) -> CoverPeriod:
    """Days in Japan time, both included. Raises ProductNotFound, ProductEnded, PeriodRefused, PeriodsOverlap."""
    product = still_active(await own(actor, product_id))
    _check_period(first_day, last_day)
    days = {"first_day": first_day.isoformat(), "last_day": last_day.isoformat()}

    async def work(tx: BaseDBAsyncClient) -> CoverPeriod:
        now = market.clock()
        if await CoverPeriod.exists(product_id=product.id, first_day__lte=last_day, last_day__gte=first_day):
            raise PeriodsOverlap("another period has some of these days", **days)
        period = await CoverPeriod.create(
            id=new_id("cvp", now), product_id=product.id, first_day=first_day, last_day=last_day, created_at=now
        )
        await audit.record(tx, actor, "product.period_added", product.id, None, dict(days), at=now)
        return period

    try:
        return await run_tx(work)
    except IntegrityError as clash:
        if "cover_periods_never_overlap" not in str(clash):
            raise
        raise PeriodsOverlap("another period has some of these days", **days) from clash


def _check_period(first_day: date, last_day: date) -> None:
    if last_day < first_day or last_day - first_day >= LONGEST_PERIOD:
        raise PeriodRefused(
            "a period has from one day to five years",
            first_day=first_day.isoformat(),
            last_day=last_day.isoformat(),
            most_days=LONGEST_PERIOD.days,
        )


async def periods_of(product_id: str) -> list[CoverPeriod]:
    """Newest first."""
    return await CoverPeriod.filter(product_id=product_id).order_by("-first_day")


async def period_of(product_id: str, period_id: str) -> CoverPeriod:
    """Raises PeriodNotFound."""
    of_product = CoverPeriod.filter(product_id=product_id)
    period = await of_product.get_or_none(id=period_id) if may_be_id(period_id) else None
    if period is None:
        raise PeriodNotFound(f"no period {period_id}", product_id=product_id)
    return period


async def period_on(product_id: str, on: date) -> CoverPeriod:
    """The period that a day in Japan time falls into. Raises PeriodNotFound."""
    period = await CoverPeriod.get_or_none(product_id=product_id, first_day__lte=on, last_day__gte=on)
    if period is None:
        raise PeriodNotFound(f"no period has {on}", product_id=product_id)
    return period


async def end_product(market: Market, actor: Actor, product_id: str) -> None:
    """For good: nothing is sold or covered any more, and its badge says so. Ending twice is once. Raises ProductNotFound."""
    product = await own(actor, product_id)

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        active = Product.filter(id=product.id, state=ProductState.ACTIVE)
        if await active.update(state=ProductState.ENDED, ended_at=now):
            await audit.record(tx, actor, "product.ended", product.id, None, {}, at=now)

    await run_tx(work)


def may_be_id(text: str, longest: int = LONGEST_ID) -> bool:
    """Whether a text from an address or a form is worth a look: databases refuse null characters, columns longer texts."""
    return len(text) <= longest and text.isascii() and text.isprintable()


def still_active(product: Product) -> Product:
    """The product itself. Raises ProductEnded."""
    if product.state != ProductState.ACTIVE:
        raise ProductEnded(f"{product.id} has ended", product_id=product.id)
    return product


def today(market: Market) -> date:
    return japan_date(market.clock())


def _new_number() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_NUMBER_LENGTH))


def _organisation_of(actor: Actor) -> str:
    if actor.organisation_id is None:
        raise NotAMember("acts for no organisation")
    return actor.organisation_id
