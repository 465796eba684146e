"""A small market that sells plans: what a household wishes, plans that run, and months that pass."""

from datetime import timedelta

from marketplace.listings.models import Listing
from marketplace.plans import beginning
from marketplace.plans import service as plans
from marketplace.plans.beginning import PlanWish
from marketplace.plans.models import Plan
from marketplace.plans.news import tell_ended_months
from marketplace.plans.usage import Usage
from marketplace.plans.words import consent_version
from tests.builders.market import SmallMarket

MENU = "A0002.all"
OTHER_MENU = "A0009.menu_f_residual"
KWH = "300"


def kwh(amount: str = KWH, menu: str | None = MENU) -> Usage:
    return Usage(menu, amount, None)


def a_plan_wish(listing: Listing, **changes: object) -> PlanWish:
    facts = {
        "usage": kwh(),
        "listing_id": listing.id,
        "email": "home@ashiato.example",
        "locale": "ja",
        "reduction_effort": "使わない部屋の照明を消している",
        "consent_version": consent_version(),
    }
    return PlanWish(**(facts | changes))


async def an_open_plan(small: SmallMarket, listing: Listing, **changes: object) -> Plan:
    """It waits for its first payment."""
    plan = await beginning.begin(small.market, a_plan_wish(listing, **changes))
    return await beginning.open_checkout(small.market, plan.id)


async def a_running_plan(small: SmallMarket, listing: Listing, **changes: object) -> Plan:
    """Its first month is paid and certified."""
    plan = await an_open_plan(small, listing, **changes)
    for event in small.plans.pay(plan.checkout_session):
        await small.deliver(event)
    await settled(small)
    return await plans.find(plan.id)


async def settled(small: SmallMarket) -> None:
    """Everything that is due is done, mails included."""
    await small.work()
    while await tell_ended_months(small.market):
        await small.work()


async def months_pass(small: SmallMarket, months: int = 1, *, deliver: bool = True) -> None:
    """Until the provider has charged `months` more months, with everything that follows from it."""
    for _ in range(months):
        small.clock.advance(timedelta(days=31))
        for event in small.plans.pass_time():
            if deliver:
                await small.deliver(event)
        await settled(small)
