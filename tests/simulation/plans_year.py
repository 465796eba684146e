"""A year of monthly plans: cards fail and are replaced, people change, pause, read their bills and leave, events come late, twice or never.

`python -m tests.simulation.plans_year --plans 1000 --seed 1` plays it on a SQLite file of its own and prints the sums; the tests
play a few plans for some months. Afterwards every paid month is exactly one certificate or paid back, and all sums agree.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import structlog
from tortoise import Tortoise

from certificates.models import Certificate, CertificatePoolShare
from marketplace import invariants
from marketplace.database.connect import tortoise_config
from marketplace.errors import MarketplaceError
from marketplace.ledger import service as ledger
from marketplace.listings.models import Listing
from marketplace.mail.models import Mail
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.payments import inbox
from marketplace.payments.models import RefundRecord
from marketplace.payments.plan_gateway import InvoiceState
from marketplace.plans import beginning, bills, changes, failures
from marketplace.plans.bills import BillRow
from marketplace.plans.jobs import enqueue_overdue
from marketplace.plans.models import Plan, PlanMonth
from marketplace.plans.reading import running_total_g
from marketplace.plans.states import LIVE
from tests.builders.market import SmallMarket, a_listing, a_small_market
from tests.builders.plans import MENU, OTHER_MENU, a_plan_wish, kwh, settled
from tests.builders.pools import with_pools
from tests.simulation.play import prepare

LOST, TWICE = 0.1, 0.2


@dataclass
class Year:
    """`happened` counts what people and cards did."""

    small: SmallMarket
    listing: Listing
    dice: random.Random
    happened: dict[str, int] = field(default_factory=dict)

    @classmethod
    async def of(cls, small: SmallMarket, seed: int) -> "Year":
        with_pools(small, pools=3, pool_tonnes=20, low_g=2_000_000)
        return cls(small, await a_listing(small, tonnes=20_000), random.Random(seed))

    async def live(self, *, plans: int, months: int) -> None:
        """Plans begin over the first month; every second day people act, and the provider charges what is due."""
        begins = sorted(self.dice.randrange(30) for _ in range(plans))
        for day in range(0, months * 31, 2):
            while begins and begins[0] <= day:
                begins.pop(0)
                await self._begin()
            await self._people_act()
            self.small.clock.advance(timedelta(days=2))
            self.small.plans.pass_time()
            await self._news()
        # whoever wants to go on pays what is open, and what is under way ends
        for charged in self.small.plans.charged.values():
            charged.card_works = True
        self.small.clock.advance(timedelta(days=10))
        self.small.plans.pass_time()
        await self._news()

    async def _begin(self) -> None:
        wish = a_plan_wish(
            self.listing,
            usage=kwh(str(self.dice.randrange(80, 700))),
            email=f"home{self.dice.randrange(10**6)}@ashiato.example",
        )
        plan = await beginning.begin(self.small.market, wish)
        plan = await beginning.open_checkout(self.small.market, plan.id)
        if self.dice.random() < 0.05:
            self._count("never paid")
            self.small.plans.expire(str(plan.checkout_session))
        else:
            self._count("begun")
            self.small.plans.pay(str(plan.checkout_session))

    async def _people_act(self) -> None:
        for plan in await Plan.filter(state__in=list(LIVE)).order_by("id"):
            if self.dice.random() < 0.04:
                try:
                    await self._one_act(plan)
                except MarketplaceError as refused:
                    self._count(f"refused {refused.code}")

    async def _one_act(self, plan: Plan) -> None:
        market, act = self.small.market, self.dice.choice(("card", "card", "change", "pause", "resume", "bill", "end"))
        self._count(act)
        if act == "card" and plan.subscription is not None:
            charged = self.small.plans.charged[plan.subscription]
            charged.card_works = not charged.card_works
        elif act == "change":
            usage = kwh(str(self.dice.randrange(80, 700)), self.dice.choice((MENU, OTHER_MENU, None)))
            await changes.change(market, plan.id, usage, self.listing.id)
        elif act == "pause":
            await changes.pause(market, plan.id)
        elif act == "resume":
            await changes.resume(market, plan.id)
        elif act == "bill" and (month := await PlanMonth.filter(plan_id=plan.id).order_by("-first_day").first()):
            await bills.enter(market, plan.id, [BillRow(month.first_day.isoformat(), str(self.dice.randrange(0, 900)))])
        elif act == "end" and self.dice.random() < 0.3:
            await changes.cancel(market, plan.id)

    async def _news(self) -> None:
        """Webhooks in any order, some twice, some lost; then the poller, the sweeps and the worker."""
        told = [event for event in self.small.payments.events[self._told :] if self.dice.random() >= LOST]
        self._told = len(self.small.payments.events)
        told += [event for event in told if self.dice.random() < TWICE]
        self.dice.shuffle(told)
        for event in told:
            await self.small.deliver(event)
        if self.dice.random() < 0.5:
            await self.small.work()
        await inbox.catch_up(self.small.market)
        await enqueue_overdue(self.small.market)
        await failures.end_long_unpaid(self.small.market)
        await settled(self.small)

    _told: int = 0

    def _count(self, what: str) -> None:
        self.happened[what] = self.happened.get(what, 0) + 1


async def sums_agree(small: SmallMarket) -> dict[str, int]:
    """Every paid invoice is one month, which is one certificate or paid back; grams, yen and mails add up. The sums."""
    paid = {one.id: one for one in small.plans.invoices.values() if one.state is InvoiceState.PAID}
    months = await PlanMonth.all()
    assert sorted(str(month.invoice) for month in months) == sorted(paid)
    orders = {order.id: order for order in await Order.filter(id__in=[month.order_id for month in months])}
    states = {OrderState(order.state) for order in orders.values()}
    assert states <= {OrderState.FULFILLED, OrderState.REFUNDED}, states
    fulfilled = [order for order in orders.values() if order.state == OrderState.FULFILLED]
    certificates = await Certificate.filter(order_reference__in=list(orders))
    assert sorted(c.order_reference for c in certificates) == sorted(order.id for order in fulfilled)
    handed_g = sum(share.grams for share in await CertificatePoolShare.all())
    covered_g = sum([await running_total_g(plan.id) for plan in await Plan.all()])
    assert handed_g == covered_g
    refunded_yen = sum(record.amount_yen for record in await RefundRecord.all())
    assert await ledger.balance(ledger.CLEARING) == sum(one.amount for one in paid.values()) - refunded_yen
    for message, count in (("plan_certified", len(fulfilled)), ("plan_refunded", len(orders) - len(fulfilled))):
        assert await Mail.filter(message=message).count() == count, message
    assert await invariants.violations() == []
    return {
        "paid months": len(months),
        "certificates": len(fulfilled),
        "paid back": len(orders) - len(fulfilled),
        "grams": covered_g,
        "yen": sum(order.total_yen for order in fulfilled),
    }


async def play(file: Path, *, plans: int, months: int, seed: int) -> tuple[dict[str, int], dict[str, int]]:
    await prepare(file)
    await Tortoise.init(config=tortoise_config(f"sqlite://{file}"), _enable_global_fallback=True)
    try:
        year = await Year.of(a_small_market(), seed)
        await year.live(plans=plans, months=months)
        return await sums_agree(year.small), year.happened
    finally:
        await Tortoise.close_connections()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.plans_year")
    parser.add_argument("--plans", type=int, default=1_000)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        sums, happened = asyncio.run(
            play(Path(folder) / "year.sqlite3", plans=chosen.plans, months=chosen.months, seed=chosen.seed)
        )
    for name, value in {**happened, **sums}.items():
        sys.stdout.write(f"{name}: {value:,}\n")
    sys.stdout.write(f"every paid month is one certificate or paid back; {time.monotonic() - began:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
