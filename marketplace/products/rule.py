"""Buy cover again by rule, from the prepaid balance: once per shortage, never above the month's limit.

A purchase is written down before it is made, one at a time per product, and its yen are set aside against the limit before
the order is placed; the database keeps both. A crash at any point is taken up again at the same place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError, OperationalError

from marketplace.accounts.actor import Actor
from marketplace.accounts.roles import Role
from marketplace.audit import service as audit
from marketplace.clock import japan_date
from marketplace.database.dialect import is_postgres, sql
from marketplace.database.transactions import run_tx
from marketplace.errors import ConsentMissing, MarketplaceError
from marketplace.ids import new_id
from marketplace.listings.models import Listing
from marketplace.mail.post import JSON
from marketplace.market import Market
from marketplace.orders.models import Order
from marketplace.orders.words import consent_version
from marketplace.outbox import service as outbox
from marketplace.products.buying import CoverQuote, Credits, order_cover, quote_units
from marketplace.products.counting import watch_soon
from marketplace.products.coverage import totals_of
from marketplace.products.errors import PeriodNotFound, RuleRefused, TopUpAboveLimit
from marketplace.products.models import CoverPeriod, Product, ProductCover, ProductRule, ProductTopUp
from marketplace.products.owners import tell_owners
from marketplace.products.service import find, own, period_on, still_active
from marketplace.products.states import CoverOrigin, ProductState, TopUpState
from marketplace.quotes import service as quotes

TOP_UP = "product.top_up"
MOST = 10**12
# after a refusal, when it is tried again unless the rule is changed
PAUSE = timedelta(hours=24)
EVERY = timedelta(minutes=10)
_OPEN = (TopUpState.WANTED, TopUpState.RESERVED)


@dataclass(frozen=True, slots=True)
class RuleWish:
    """`consent` is the version of the words for the registry that the owner agreed to, once for all purchases."""

    below_units: int
    buy_units: int
    most_yen_a_month: int
    listing_id: str | None
    consent: str | None
    locale: str


async def set_rule(market: Market, actor: Actor, product_id: str, wish: RuleWish) -> ProductRule:
    """Switch the rule on, or change it. Raises ProductNotFound, ProductEnded, RuleRefused, ConsentMissing."""
    product = still_active(await own(actor, product_id))
    for field in ("below_units", "buy_units", "most_yen_a_month"):
        if not 0 < getattr(wish, field) <= MOST:
            raise RuleRefused(f"{field} is out of range", field=field)
    if wish.listing_id is not None and not await Listing.exists(id=wish.listing_id):
        raise RuleRefused("no such listing", field="listing_id")
    if wish.consent != consent_version():
        raise ConsentMissing("the texts that can never be changed were not confirmed in their present wording")
    terms = {
        "below_units": wish.below_units,
        "buy_units": wish.buy_units,
        "most_yen_a_month": wish.most_yen_a_month,
        "listing_id": wish.listing_id,
        "consent_version": wish.consent,
        "locale": wish.locale,
        "active": True,
        "set_by": actor.person_id,
        "set_at": market.clock(),
    }

    async def work(tx: BaseDBAsyncClient) -> ProductRule:
        rule, new = await ProductRule.get_or_create(terms, product_id=product.id)
        if not new:
            await ProductRule.filter(product_id=product.id).update(**terms)
        detail = {"below": wish.below_units, "buy": wish.buy_units, "most_yen": wish.most_yen_a_month}
        await watch_soon(tx, market, product.id, after=f"rule:{market.clock().isoformat()}")
        await audit.record(tx, actor, "product.rule_set", product.id, None, dict(detail), at=market.clock())
        return rule if new else await ProductRule.get(product_id=product.id)

    return await run_tx(work)


async def stop_rule(market: Market, actor: Actor, product_id: str) -> None:
    """Nothing more is bought; a purchase under way goes on. Raises ProductNotFound."""
    product = await own(actor, product_id)

    async def work(tx: BaseDBAsyncClient) -> None:
        if await ProductRule.filter(product_id=product.id, active=True).update(active=False):
            await audit.record(tx, actor, "product.rule_stopped", product.id, None, {}, at=market.clock())

    await run_tx(work)


async def rule_of(product_id: str) -> ProductRule | None:
    return await ProductRule.get_or_none(product_id=product_id)


async def spent_in(product_id: str, month: str) -> int:
    """Yen of a month in Japan (2026-11) that the rule has set aside or spent."""
    counted = ProductTopUp.filter(
        product_id=product_id, month=month, state__in=[TopUpState.RESERVED, TopUpState.ORDERED]
    )
    return sum([one.yen for one in await counted])


async def top_ups_of(product_id: str, *, limit: int) -> Sequence[ProductTopUp]:
    """Newest first."""
    return await ProductTopUp.filter(product_id=product_id).order_by("-id").limit(limit)


class Rounds:
    """A sweep of one worker: the ledger's own changes are looked at at once, this finds periods that begin and pauses that end."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._next: datetime | None = None

    async def __call__(self) -> None:
        now = self._market.clock()
        if self._next is None or now >= self._next:
            self._next = now + EVERY
            await look_after(self._market)


async def look_after(market: Market) -> None:
    """Every product whose rule is on."""
    for rule in await ProductRule.filter(active=True).order_by("product_id"):
        await notice_shortage(market, rule.product_id)


async def notice_shortage(market: Market, product_id: str) -> None:
    """Write a purchase down if too few units are left, counting those already on their way. Safe to repeat."""
    product = await find(product_id)
    if product.state != ProductState.ACTIVE:
        return
    try:
        period = await period_on(product_id, japan_date(market.clock()))
    except PeriodNotFound:
        return
    await run_tx(partial(_want, market=market, product=product, period=period))


async def _want(tx: BaseDBAsyncClient, market: Market, product: Product, period: CoverPeriod) -> None:
    query = ProductRule.filter(product_id=product.id, active=True)
    # whoever notices the same shortage at the same moment queues here
    rule = await (query.select_for_update() if is_postgres(tx) else query).first()
    if rule is None or await _pauses(rule, market.clock()):
        return
    # on their way first: what is certified between the two reads is then counted twice, and never not at all
    on_their_way = await _units_on_their_way(tx, period)
    if (await totals_of(period)).left_units + on_their_way >= rule.below_units:
        return
    now = market.clock()
    wanted = await ProductTopUp.create(
        id=new_id("ptu", now),
        product_id=product.id,
        period_id=period.id,
        month=month_of(now),
        units=rule.buy_units,
        state=TopUpState.WANTED,
        created_at=now,
    )
    await outbox.add(tx, TOP_UP, f"{TOP_UP}:{wanted.id}", {"top_up_id": wanted.id}, at=now)


async def _pauses(rule: ProductRule, now: datetime) -> bool:
    """While a purchase is under way, and for a day after one was refused under the same terms."""
    newest = await ProductTopUp.filter(product_id=rule.product_id).order_by("-id").first()
    if newest is None or newest.state == TopUpState.ORDERED:
        return False
    return newest.state in _OPEN or max(rule.set_at, now - PAUSE) < newest.created_at


async def _units_on_their_way(tx: BaseDBAsyncClient, period: CoverPeriod) -> int:
    """Of the period, paid for and not certified yet."""
    rows = await tx.execute_query_dict(
        sql(
            tx,
            "SELECT COALESCE(SUM(c.units), 0) AS units FROM product_cover c JOIN buyer_order o ON o.quote_id = c.quote_id "
            "WHERE c.period_id = ? AND o.state IN ('paid', 'retiring')",
        ),
        [period.id],
    )
    return int(rows[0]["units"])


async def advance(market: Market, top_up_id: str) -> None:
    """Job: price, set the money aside, order. Safe to repeat; what the market refuses drops the purchase and is told."""
    top_up = await ProductTopUp.get(id=top_up_id)
    product, rule = await find(top_up.product_id), await ProductRule.get(product_id=top_up.product_id)
    try:
        if top_up.state == TopUpState.WANTED:
            top_up = await _reserve(market, product, rule, top_up)
        if top_up.state == TopUpState.RESERVED:
            await _order(market, product, rule, top_up)
    except MarketplaceError as refused:
        await run_tx(partial(_drop, market=market, product=product, top_up=top_up, reason=refused.code))


async def _reserve(market: Market, product: Product, rule: ProductRule, top_up: ProductTopUp) -> ProductTopUp:
    """Raises TopUpAboveLimit, and what a quote raises."""
    period = await CoverPeriod.get(id=top_up.period_id)
    bought = await quote_units(market, product, period, top_up.units, Credits(rule.listing_id), origin=CoverOrigin.RULE)

    async def work(_: BaseDBAsyncClient) -> None:
        await ProductTopUp.filter(id=top_up.id, state=TopUpState.WANTED).update(
            state=TopUpState.RESERVED, quote_id=bought.quote.id, yen=bought.quote.total_yen
        )

    try:
        await run_tx(work)
    except (IntegrityError, OperationalError) as refused:
        if "top_up_above_limit" not in str(refused):
            raise
        # what the quote holds comes back when it expires
        raise TopUpAboveLimit(
            "the month's limit is reached", yen=bought.quote.total_yen, most_yen=rule.most_yen_a_month
        ) from refused
    return await ProductTopUp.get(id=top_up.id)


async def _order(market: Market, product: Product, rule: ProductRule, top_up: ProductTopUp) -> None:
    """Raises what placing an order raises."""
    external_id = f"{product.organisation_id}:{top_up.id}"
    # a crash may have come between the order and our note of it
    order = await Order.get_or_none(external_id=external_id)
    if order is None:
        buyer = Actor(rule.set_by, "", "", product.organisation_id, None, frozenset({Role.BUYER}))
        quote = await quotes.find(str(top_up.quote_id))
        order = await order_cover(
            market,
            buyer,
            product,
            CoverQuote(quote, await ProductCover.get(quote_id=quote.id)),
            consent_version=rule.consent_version,
            locale=rule.locale,
            external_id=external_id,
            max_total_yen=top_up.yen,
        )
    placed = order.id

    async def work(_: BaseDBAsyncClient) -> None:
        reserved = ProductTopUp.filter(id=top_up.id, state=TopUpState.RESERVED)
        await reserved.update(state=TopUpState.ORDERED, order_id=placed)

    await run_tx(work)


async def _drop(tx: BaseDBAsyncClient, market: Market, product: Product, top_up: ProductTopUp, reason: str) -> None:
    dropped = ProductTopUp.filter(id=top_up.id, state__in=list(_OPEN))
    if await dropped.update(state=TopUpState.DROPPED, reason=reason):
        params: dict[str, JSON] = {"units": top_up.units, "reason": reason}
        await tell_owners(tx, market, product, "product_top_up_refused", params, key=f"top_up:{top_up.id}")


def month_of(moment: datetime) -> str:
    """The month in Japan, as 2026-11."""
    return f"{japan_date(moment):%Y-%m}"
