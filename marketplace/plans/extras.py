"""An extra order for what a month's bill says beyond the month. It is paid, certified and given back like any other order."""

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.errors import BelowSmallestPayment, ConsentMissing
from marketplace.market import Market
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.orders.service import SMALLEST_PAYMENT_YEN, OrderWish
from marketplace.orders.words import consent_version, pool_wording
from marketplace.plans import bills
from marketplace.plans import service as plans
from marketplace.plans.errors import BillMonthUnknown, NothingExtra
from marketplace.plans.instruction import instruction_for
from marketplace.plans.models import PlanBill, PlanMonth, PlanTerms
from marketplace.plans.usage import Usage
from marketplace.quotes import service as quotes
from marketplace.quotes.models import Quote
from marketplace.quotes.service import WishedLine


async def extra_g(month: PlanMonth, bill: PlanBill | None) -> int:
    """How many grams an extra order of this month would cover; 0 for none."""
    if bill is None or bill.order_id is not None:
        return 0
    terms = await PlanTerms.get(id=month.terms_id)
    return max(0, min(bill.actual_g - terms.month_g, await bills.uncovered_g(month.plan_id)))


def consent_words(market: Market, locale: str) -> tuple[str, str]:
    """What is agreed to with an extra order, as with any order of grams: the version of the words, and the words."""
    return consent_version(), pool_wording(locale).format(pool_user=market.terms.pools.credit_user)


async def order_extra(market: Market, plan_id: str, month_id: str, *, consent: str | None, locale: str) -> Order:
    """At today's price of the plan's credits. The next month then no longer makes up for it. `consent` is the version of the words
    that were agreed to in this language.

    Raises ConsentMissing, BillMonthUnknown, NothingExtra, BelowSmallestPayment, ListingClosed, NotEnoughUnits, PoolNotOffered.
    """
    if consent != consent_version():
        # before any grams are set aside
        raise ConsentMissing("the words of the extra order were not confirmed in their present wording")
    plan = await plans.find(plan_id)
    month = await PlanMonth.get_or_none(id=month_id, plan_id=plan_id)
    if month is None:
        raise BillMonthUnknown("no such month", month=month_id)
    bill = (await bills.newest_bills([month])).get(month.id)
    grams = await extra_g(month, bill)
    if bill is None or grams == 0:
        raise NothingExtra("the month covers its bill")
    terms = await PlanTerms.get(id=month.terms_id)
    quote = await _quote(market, terms, grams)
    wish = OrderWish(
        quote_id=quote.id,
        instruction=instruction_for(market, plan, Usage(terms.menu, bill.kwh, None), month.first_day, month.last_day),
        consent_version=consent,
        locale=locale,
        email=plan.email,
    )

    async def keep(tx: BaseDBAsyncClient, order: Order) -> None:
        if await PlanBill.filter(id=bill.id, order_id__isnull=True).update(order_id=order.id) != 1:
            raise NothingExtra("the month has an extra order already")
        await bills.even_out(tx, market, await plans.find(plan_id))

    return await orders.place(market, wish, beside=keep)


async def _quote(market: Market, terms: PlanTerms, grams: int) -> Quote:
    quote = await quotes.create(
        [WishedLine(terms.listing_id, 0, grams)],
        footprint_id=None,
        fee_basis_points=market.terms.fee_basis_points,
        holds_for=market.terms.quote_lasts,
        clock=market.clock,
        pools=market.terms.pools,
    )
    if quote.total_yen < SMALLEST_PAYMENT_YEN:
        raise BelowSmallestPayment(
            f"{quote.total_yen} yen cannot be paid by card",
            total_yen=quote.total_yen,
            smallest_yen=SMALLEST_PAYMENT_YEN,
        )
    return quote
