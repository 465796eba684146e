"""One seed: a month in which everything that can go wrong does, and then a quiet week in which everything is put right."""

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from certificates.models import Certificate
from marketplace import fault_points, invariants
from marketplace.accounts.actor import CONSOLE
from marketplace.errors import MarketplaceError
from marketplace.inventory.models import Interval
from marketplace.inventory.states import IntervalState
from marketplace.jobs import handlers
from marketplace.operations import attention
from marketplace.operations import service as operations
from marketplace.orders import service as orders
from marketplace.orders import settlement
from marketplace.orders.certified_parts import certificates_of
from marketplace.orders.models import Order, OrderEvent
from marketplace.orders.states import OrderState
from marketplace.outbox.models import Job
from marketplace.outbox.worker import Worker
from marketplace.payments import inbox
from marketplace.payments.gateway import PaymentProviderUnreachable, PaymentState
from marketplace.quotes import service as quotes
from tests.builders.market import SmallMarket, a_listing, a_quote, a_wish
from tests.fakes.observed import Observed
from tests.simulation.registry import CarelessRegistry

STEPS = 40
SHORTEST = timedelta(days=30)
PAUSES = (*(timedelta(minutes=n) for n in (1, 20, 50)), *(timedelta(hours=n) for n in (8, 40, 24 * 5)))
AT_REST = frozenset({OrderState.FULFILLED, OrderState.REFUNDED, OrderState.EXPIRED, OrderState.PAYMENT_FAILED})


class Killed(BaseException):
    """Not an Exception: nothing may catch it, as nothing catches kill -9."""


@dataclass
class World:
    """`trace` is what happened, in words that do not change from run to run of the same seed; it lasts since `began`."""

    small: SmallMarket
    chance: Random
    registry: CarelessRegistry
    began: datetime
    worker: Worker
    listings: list = field(default_factory=list)
    trace: list[str] = field(default_factory=list)

    @classmethod
    async def of_seed(cls, small: SmallMarket, seed: int) -> "World":
        chance = Random(seed)
        registry = CarelessRegistry(small.clock, chance)
        small.registry = registry
        watched = Observed(registry, "registry")
        small.market = replace(
            small.market,
            payments=Observed(small.payments, "payments"),
            registries=dict.fromkeys(("jcredit", "jcm_jp"), watched),
        )
        # alone or several at a time, some of which then run together; nothing of it waits for another thread, so that the order
        # of things is the seed's alone
        worker = Worker(handlers(small.market), clock=small.clock, at_once=chance.choice((1, 6)))
        world = cls(small, chance, registry, small.clock(), worker)
        for _ in range(chance.randint(2, 4)):
            tonnes, yen = chance.randint(4, 25), chance.choice((3_000, 3_333, 4_001))
            world.listings.append(
                await a_listing(small, tonnes=tonnes, yen_per_tonne=yen, provider=chance.choice("ab"))
            )
        return world

    async def live(self, steps: int = STEPS) -> None:
        """Play the seed to its end and check everything that must hold."""
        acts = (self.order, self.order, self.pay, self.pay, self.work, self.work_until_killed, self.wait, self.sweep)
        for _ in range(steps):
            act = self.chance.choice(acts)
            self.trace.append(act.__name__)
            await act()
            self.registry.decide_one()
        while self.small.clock() < self.began + SHORTEST:
            await self.wait()
            await self.sweep()
            await self.work_until_killed()
        await self.come_to_rest()
        await self.check()

    async def order(self) -> None:
        listing = self.chance.choice(self.listings)
        # a page that cannot be opened now is opened by its job
        with contextlib.suppress(MarketplaceError, PaymentProviderUnreachable):
            quote = await a_quote(self.small, listing, tonnes=self.chance.randint(1, 5))
            email = self.chance.choice((None, "buyer@example.jp"))
            order = await orders.place(self.small.market, a_wish(quote, email=email))
            await orders.open_checkout(self.small.market, order.id)

    async def pay(self) -> None:
        """A buyer pays; the webhook is lost, comes once, or comes several times."""
        unpaid = [one for one in self.small.payments.sessions.values() if one.state is PaymentState.OPEN]
        if unpaid:
            event = self.small.payments.pay(self.chance.choice(unpaid).id)
            for _ in range(self.chance.choice((0, 1, 1, 3))):
                await self.small.deliver(event)

    async def work(self) -> None:
        for _ in range(self.chance.randint(1, 15)):
            if self.chance.random() < 0.05:
                self.small.payments.unreachable = 1
            await self.worker.run_due()

    async def work_until_killed(self) -> None:
        """The worker dies at some commit or call, and its leases have to run out."""
        left = self.chance.randint(1, 12)

        def reached(name: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                self.trace.append(f"killed {name}")
                raise Killed(name)

        with fault_points.listened_to(reached):
            try:
                while await self.worker.run_due():
                    pass
            except Killed:
                await self._die()
        self.small.clock.advance(timedelta(seconds=21))

    @staticmethod
    async def _die() -> None:
        """What the worker was doing beside is given up as well; a transaction under way comes to its end."""
        beside = [
            task for task in asyncio.all_tasks() if task.get_coro().__qualname__.startswith(f"{Worker.__name__}.")
        ]
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)

    async def wait(self) -> None:
        self.small.clock.advance(self.chance.choice(PAUSES))

    async def sweep(self) -> None:
        await quotes.expire_stale(self.small.clock)
        await settlement.enqueue_overdue(self.small.market)
        with contextlib.suppress(PaymentProviderUnreachable):
            await inbox.catch_up(self.small.market)

    async def come_to_rest(self) -> None:
        """The outside world works again, and operators see to what has stopped."""
        self.registry.settle_down()
        self.small.payments.unreachable = 0
        for _ in range(60):
            await self.sweep()
            while await self.worker.run_due():
                pass
            needed = await attention.needed()
            for retirement in needed.reviewed:
                await operations.ask_again(self.small.market, CONSOLE, retirement.id, "mended at the registry")
            for job in needed.parked:
                await operations.run_again(self.small.market, CONSOLE, job.id, "the cause is gone")
            self.small.clock.advance(timedelta(hours=1))
            if not await Order.exclude(state__in=AT_REST).exists() and needed.nothing:
                return

    async def check(self) -> None:
        stuck = [(one.id, one.state) for one in await Order.exclude(state__in=AT_REST)]
        assert stuck == [], "every order comes to its end"
        paid = [one for one in self.small.payments.sessions.values() if one.state is PaymentState.PAID]
        for checkout in paid:
            state = (await Order.get(id=checkout.order_id)).state
            assert state in {OrderState.FULFILLED, OrderState.REFUNDED}, "what was paid is served or paid back"
        assert await invariants.violations() == []
        assert await self.cancelled_here() == self.registry.confirmed_serials, "exactly what the notices say"
        numbers = await certificates_of(await Order.filter(state=OrderState.FULFILLED))
        certificates = await Certificate.all().values_list("number", flat=True)
        assert sorted(certificates) == sorted(number for of_one in numbers.values() for number in of_one)
        assert not await Job.filter(parked_at__isnull=False).exists()
        for event in await OrderEvent.all().order_by("id"):
            self.trace.append(event.kind)

    async def cancelled_here(self) -> list[tuple[str, int]]:
        intervals = await Interval.filter(state=IntervalState.CANCELLED).prefetch_related("block")
        return sorted(
            (one.block.certification_number, n)
            for one in intervals
            for n in range(one.first_serial, one.last_serial + 1)
        )
