"""A registry decides after up to two weeks, in weekly batches and not over New Year: nothing is claimed before (F10)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from certificates.models import Certificate
from marketplace.clock import JAPAN, japan_date
from marketplace.mail.models import Mail
from marketplace.orders.models import Order, OrderEvent
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened
from marketplace.registries.gateway import CancellationReport, CancellationRequest, CancellationState
from marketplace.retirements.models import Retirement
from tests.builders.market import SmallMarket, a_listing, a_quote, a_wish, orders
from tests.fakes.registry import FakeRegistry
from tests.faults.amounts import amount

ORDERS = amount(1000, 6)
# twenty jobs each, and every order has a few on one day
ROUNDS = 50 + ORDERS
BEFORE_NEW_YEAR = datetime(2026, 12, 17, 3, tzinfo=UTC)
OPEN_AGAIN = datetime(2027, 1, 4, 10, tzinfo=JAPAN)


class LateRegistry(FakeRegistry):
    """Takes everything in, and decides it at a moment of its own."""

    def __init__(self, clock, chance: Random) -> None:
        super().__init__(clock)
        self.chance = chance
        self.decides_at: dict[str, datetime] = {}

    async def submit(self, request: CancellationRequest) -> CancellationReport:
        self.script = ["pending"]
        self.decides_at[request.reference] = self._decision()
        return await super().submit(request)

    async def look_up(self, reference: str) -> CancellationReport | None:
        report = self.reports.get(reference)
        if report is None or report.notice is None:
            return report
        decided = self.decides_at[reference]
        if self.clock() < decided:
            return replace(report, state=CancellationState.PENDING, notice=None)
        return replace(report, notice=replace(report.notice, recorded_on=japan_date(decided)))

    def _decision(self) -> datetime:
        """After up to fourteen days, every other time in a Friday's batch; nobody works from 29 December to 3 January."""
        day = (self.clock() + timedelta(days=14) * self.chance.random()).astimezone(JAPAN)
        if self.chance.random() < 0.5:
            day = (day + timedelta(days=(4 - day.weekday()) % 7)).replace(hour=15, minute=0)
        return OPEN_AGAIN if (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3) else day


async def requested(small: SmallMarket) -> None:
    listing = await a_listing(small, tonnes=ORDERS)
    for _ in range(ORDERS):
        wish = a_wish(await a_quote(small, listing, tonnes=1), email="buyer@example.jp", locale="en")
        order = await orders.open_checkout(small.market, (await orders.place(small.market, wish)).id)
        await small.deliver(small.payments.pay(order.checkout_session))
        await small.work()


async def test_nothing_is_certified_before_the_registry_has_decided(small):
    small.clock.now = BEFORE_NEW_YEAR
    registry = LateRegistry(small.clock, Random(10))
    small.registry = registry
    small.market = replace(small.market, registries={"jcredit": registry})
    await requested(small)
    assert not await Certificate.exists()

    for _ in range(30):
        small.clock.advance(timedelta(days=1))
        await small.work(ROUNDS)
        decided = {one for one, at in registry.decides_at.items() if at <= small.clock()}
        confirmed = set(await Retirement.filter(state="confirmed").values_list("reference", flat=True))
        assert confirmed == decided
        assert await Certificate.all().count() == len(decided)
        assert await Order.filter(state=OrderState.RETIRING).count() == ORDERS - len(decided)

    assert await Order.filter(state=OrderState.FULFILLED).count() == ORDERS
    recorded = await Retirement.all().values_list("reference", "recorded_on")
    assert dict(recorded) == {one: japan_date(at) for one, at in registry.decides_at.items()}


async def test_every_buyer_is_told_by_when_to_expect_it(small):
    small.clock.now = BEFORE_NEW_YEAR
    registry = LateRegistry(small.clock, Random(11))
    small.market = replace(small.market, registries={"jcredit": registry})
    await requested(small)
    await small.work_for(timedelta(minutes=4), step=timedelta(minutes=2), rounds=ROUNDS)
    asked = set(await OrderEvent.filter(kind=Happened.CANCELLATION_REQUESTED).values_list("order_id", flat=True))
    # the intake of a Thursday's week closes at noon of that day in Japan, and the next run begins after the holidays
    told = [mail.body for mail in await Mail.filter(message__in=["application_sent", "registry_waiting"])]
    assert len(told) == len(asked) == ORDERS
    assert all("by " in text and ("December 2026" in text or "January 2027" in text) for text in told)
