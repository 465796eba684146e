"""A worker is killed at every commit and at every call to the outside; after its restart the order completes, once.

The points are found by instrumentation, not by hand: a first run counts them, then each of them gets a run of its own: every
one on SQLite, and a seeded quarter of them on PostgreSQL, which differs in its locks, not in where a process can die.
"""

import contextlib
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from certificates.models import Certificate
from marketplace import fault_points
from marketplace.inventory.serials import SerialRange
from marketplace.orders import service as orders
from marketplace.orders.certified_parts import certificates_of
from marketplace.orders.states import OrderState
from tests.builders.market import a_listing, a_quote, a_wish, an_order
from tests.fakes.observed import Observed

AFTER_A_LEASE = timedelta(seconds=21)
SEED = 20261122


class Killed(BaseException):
    """Not an Exception: nothing may catch it, as nothing catches kill -9."""


class KillAt:
    def __init__(self, number: int | None) -> None:
        self.number, self.seen = number, []

    def __call__(self, name: str) -> None:
        self.seen.append(name)
        if len(self.seen) == self.number:
            raise Killed(name)


def watched(small):
    small.market = replace(
        small.market,
        payments=Observed(small.payments, "payments"),
        registries={"jcredit": Observed(small.registry, "registry")},
    )
    return small


async def killed_once_then_recovered(small, work, number) -> list[str]:
    """Run `work` with a kill at the numbered point, then let a new worker go on until nothing is left."""
    kill = KillAt(number)
    with fault_points.listened_to(kill), contextlib.suppress(Killed):
        await work()
    await small.work_for(AFTER_A_LEASE * 3, step=AFTER_A_LEASE)
    return kill.seen


def chosen(points: Sequence[str], db: str) -> list[int]:
    """The numbers of the points at which this database's worker is killed."""
    numbers = range(1, len(points) + 1)
    if "sqlite" in db:
        return list(numbers)
    return sorted(random.Random(SEED).sample(numbers, len(points) // 4))


async def fulfil(small, order, number=None) -> list[str]:
    await small.deliver(small.payments.pay(order.checkout_session))
    return await killed_once_then_recovered(small, small.work, number)


class TestKilledBetweenPaymentAndCertificate:
    async def test_at_every_point(self, small, db):
        watched(small)
        listing = await a_listing(small, tonnes=200)
        points = await fulfil(small, await an_order(small, listing))
        assert len(points) >= 12
        assert {"before_registry_submit", "after_registry_submit", "before_payments_checkout"} <= set(points)

        for number in chosen(points, db):
            order = await an_order(small, listing)
            await fulfil(small, order, number)
            assert (await orders.find(order.id)).state == OrderState.FULFILLED, points[number - 1]

        assert len(small.registry.cancelled) == 3 * (len(chosen(points, db)) + 1)

    @pytest.mark.parametrize("fault", ["lost_before", "lost_after", "closed", "pending"])
    async def test_at_every_point_with_a_registry_that_misbehaves_too(self, small, db, fault):
        watched(small)
        listing = await a_listing(small, tonnes=200)
        small.registry.script = [fault]
        points = await fulfil(small, await an_order(small, listing))
        for number in chosen(points, db):
            small.registry.script = [fault]
            order = await an_order(small, listing)
            await fulfil(small, order, number)
            assert (await orders.find(order.id)).state == OrderState.FULFILLED, points[number - 1]
        assert len(small.registry.cancelled) == 3 * (len(chosen(points, db)) + 1)


class TestKilledDuringARefund:
    async def test_at_every_point(self, small, db):
        watched(small)
        listing = await a_listing(small, tonnes=3)

        async def refunded(number) -> tuple[str, list[str]]:
            small.registry.script = ["rejected"]
            order = await an_order(small, await a_listing(small, tonnes=3, kind="jver"))
            points = await fulfil(small, order, number)
            return (await orders.find(order.id)).state, points

        state, points = await refunded(None)
        assert state == OrderState.REFUNDED
        for number in chosen(points, db):
            state, _ = await refunded(number)
            assert state == OrderState.REFUNDED, points[number - 1]
        assert len(small.payments.refunds) == len(chosen(points, db)) + 1
        assert small.registry.requests == []
        assert listing


class TestKilledBetweenACertifiedPartAndTheRest:
    async def test_each_unit_is_certified_once_at_an_eighth_of_the_points(self, small):
        watched(small)
        listing = await a_listing(small, tonnes=200)

        async def in_parts(number) -> tuple[list[int], list[str]]:
            """The grams of the order's certificates; the registry confirms two tonnes of the three, and the third later."""
            pending = [1]
            small.registry.change_notice = lambda notice: (
                replace(
                    notice, serials=(SerialRange(notice.serials[0].first, notice.serials[0].first + pending.pop()),)
                )
                if pending
                else notice
            )
            order = await an_order(small, listing)
            points = await fulfil(small, order, number)
            numbers = (await certificates_of([await orders.find(order.id)]))[order.id]
            return sorted(await Certificate.filter(number__in=numbers).values_list("grams", flat=True)), points

        _, points = await in_parts(None)
        for number in chosen(points, "a quarter")[::2]:
            grams, _ = await in_parts(number)
            assert grams == [1_000_000, 2_000_000], points[number - 1]


class TestKilledWhileTheOrderIsPlaced:
    async def test_the_checkout_is_opened_once_or_nothing_was_ordered(self, small):
        watched(small)
        listing = await a_listing(small, tonnes=200)

        async def place(quote):
            order = await orders.place(small.market, a_wish(quote))
            await orders.open_checkout(small.market, order.id)

        for number in range(1, 9):
            quote = await a_quote(small, listing)
            await killed_once_then_recovered(small, lambda quote=quote: place(quote), number)
            order = await orders.Order.get_or_none(quote_id=quote.id)
            assert order is None or order.checkout_session is not None
        assert len(small.payments.sessions) == len(small.payments.session_of_key)
