"""Products with cover: sound defaults, name only what matters."""

from datetime import date
from typing import Any

from marketplace.accounts.actor import Actor
from marketplace.accounts.roles import Role
from marketplace.certification import changes
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.ledger import balance
from marketplace.ledger import service as ledger
from marketplace.listings.models import Listing
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.products.coverage import Coverage, coverage_of
from marketplace.products.models import CoverPeriod, Product, ProductCover
from marketplace.products.service import ProductWish, UnitFootprint, add_period, create_product
from marketplace.products.states import CoverOrigin, SalesMarket
from marketplace.quotes import service as quotes
from marketplace.quotes.service import WishedLine
from tests.builders.market import SmallMarket, a_wish
from tests.signed_in import an_actor

YEAR = (date(2026, 4, 1), date(2027, 3, 31))


async def a_maker(small: SmallMarket, email: str = "maker@ashiato.example") -> Actor:
    """Somebody who owns an organisation that makes products."""
    return await an_actor(small, Role.OWNER, email=email)


async def a_product(
    small: SmallMarket,
    maker: Actor,
    *,
    g_per_unit: int = 1_000,
    covered_g_per_unit: int | None = None,
    from_day: date = YEAR[0],
    **changes: Any,
) -> Product:
    footprint = UnitFootprint(g_per_unit, covered_g_per_unit or g_per_unit, from_day)
    facts: dict[str, Any] = {
        "name": "足跡ノート",
        "functional_unit": "1冊",
        "sold_in": SalesMarket.JP,
        "reduction_effort": "再生紙に変えた",
        "footprint": footprint,
    }
    return await create_product(small.market, maker, ProductWish(**(facts | changes)))


async def a_period(small: SmallMarket, maker: Actor, product: Product, days: tuple[date, date] = YEAR) -> CoverPeriod:
    return await add_period(small.market, maker, product.id, *days)


async def a_purchase(
    small: SmallMarket, period: CoverPeriod, listing: Listing, *, grams: int, g_per_unit: int = 1_000
) -> Order:
    """A paid order that is meant to cover units; its certificate follows with `small.work()`."""
    quote = await quotes.create(
        [WishedLine.exactly(listing.id, grams)],
        footprint_id=None,
        fee_basis_points=small.market.terms.fee_basis_points,
        holds_for=small.market.terms.quote_lasts,
        clock=small.clock,
        pools=small.market.terms.pools,
    )
    await ProductCover.create(
        id=new_id("cov", small.clock()),
        product_id=period.product_id,
        period_id=period.id,
        quote_id=quote.id,
        units=grams // g_per_unit,
        grams=grams,
        covered_g_per_unit=g_per_unit,
        origin=CoverOrigin.BULK,
        created_at=small.clock(),
    )
    order = await orders.open_checkout(small.market, (await orders.place(small.market, a_wish(quote))).id)
    await small.deliver(small.payments.pay(order.checkout_session))
    return order


async def covered(
    small: SmallMarket, period: CoverPeriod, listing: Listing, *, grams: int = 1_000_000, g_per_unit: int = 1_000
) -> str:
    """The number of a certificate that covers units of the period."""
    order = await a_purchase(small, period, listing, grams=grams, g_per_unit=g_per_unit)
    await small.work()
    number = (await orders.find(order.id)).certificate_number
    assert number is not None
    return number


async def revoke(small: SmallMarket, number: str) -> None:
    await changes.revoke(small.market, number, "issued_in_error")


async def coverage_now(small: SmallMarket, product: Product, on: date = date(2026, 11, 22)) -> Coverage:
    return await coverage_of(product.id, on)


async def money_for(maker: Actor, small: SmallMarket, yen: int) -> None:
    """Put `yen` on the prepaid balance of the maker's organisation."""
    assert maker.organisation_id is not None

    async def work(_: object) -> None:
        event = f"test_money:{new_id('tst', small.clock())}"
        await balance.credit(maker.organisation_id, yen, taken_from=ledger.CLEARING, event=event, at=small.clock())

    await run_tx(work)
