"""Any history of buying, paying, refunding and disputing, with a crash between any two steps: the books hold at every moment.

Hypothesis draws the histories and shortens one that breaks a rule. ASHIATO_FAULTS=full draws many and longer ones.
"""

import asyncio
import contextlib
import itertools
import secrets
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE

from marketplace import fault_points, invariants
from marketplace.database.connect import tortoise_config
from marketplace.database.transactions import run_tx
from marketplace.errors import NotEnoughUnits, RefundTooLarge
from marketplace.ledger import check
from marketplace.orders import service as orders
from marketplace.orders import settlement
from marketplace.orders.models import Order
from marketplace.orders.states import UNPAID, OrderState
from marketplace.payments import inbox, refunds
from marketplace.payments.gateway import DisputeState, PaymentMethod, PaymentProviderUnreachable, PaymentState
from marketplace.payments.models import Payment
from marketplace.payments.refund_states import BorneBy
from marketplace.payouts import onboarding
from marketplace.quotes import service as quotes
from tests.builders.market import a_listing, a_quote, a_small_market, a_wish
from tests.fakes.observed import Observed
from tests.faults.amounts import SHARE, amount

AFTER_A_LEASE = timedelta(seconds=21)
SETTLED = {OrderState.FULFILLED, OrderState.REFUNDED, *UNPAID}


_numbers = itertools.count()


class Killed(BaseException):
    """Nothing may catch it, as nothing catches kill -9."""


class AnyHistory(RuleBasedStateMachine):
    """Each history has books of its own. `runner` is the event loop that their connections live in."""

    runner: asyncio.Runner
    a_database: Callable[[], Awaitable[str]]

    @initialize(prices=st.lists(st.integers(1, 9_999), min_size=2, max_size=2))
    def a_market(self, prices):
        self.do(self._open())
        self.small = a_small_market()
        self.small.market = replace(
            self.small.market,
            payments=Observed(self.small.payments, "payments"),
            payouts=Observed(self.small.payouts, "payouts"),
            registries={"jcredit": Observed(self.small.registry, "registry")},
        )
        self.placed, self.undelivered = [], []
        self.listings = [self.do(a_listing(self.small, tonnes=6, yen_per_tonne=price)) for price in prices]

    async def _open(self):
        EXECUTOR_CACHE.clear()
        await Tortoise.init(config=tortoise_config(await self.a_database()), _enable_global_fallback=True)

    def do(self, work):
        return self.runner.run(work)

    async def _order(self, which):
        """Rules draw the same whatever has happened, so that a history can be shortened; they do nothing if there is none."""
        return await orders.find(self.placed[which % len(self.placed)].id) if self.placed else None

    async def _session(self, which):
        order = await self._order(which)
        return self.small.payments.sessions.get(order.checkout_session or "") if order else None

    @rule(which=st.integers(0, 1), tonnes=st.integers(1, 4))
    def order(self, which, tonnes):
        async def place():
            # a page that cannot be opened now is opened by the worker
            with contextlib.suppress(NotEnoughUnits, PaymentProviderUnreachable):
                order = await orders.place(
                    self.small.market, a_wish(await a_quote(self.small, self.listings[which], tonnes=tonnes))
                )
                self.placed.append(order)
                await orders.open_checkout(self.small.market, order.id)

        self.do(place())

    @rule(which=st.integers(0, 99), how=st.sampled_from(list(PaymentMethod)))
    def pay(self, which, how):
        async def pay():
            session = await self._session(which)
            if session is None:
                return
            fake = self.small.payments
            if session.state is PaymentState.OPEN and how is PaymentMethod.CARD:
                self.undelivered.append(fake.pay(session.id))
            elif session.state is PaymentState.OPEN:
                day = self.small.clock() + timedelta(days=3)
                self.undelivered.append(fake.promise(session.id, how, pay_by=day if "konbini" in how else None))
            elif session.state is PaymentState.PENDING:
                self.undelivered.append(fake.arrive(session.id))

        self.do(pay())

    @rule(which=st.integers(0, 99), keep=st.booleans())
    def deliver(self, which, keep):
        if not self.undelivered:
            return
        place = which % len(self.undelivered)
        event = self.undelivered[place] if keep else self.undelivered.pop(place)
        self.do(self.small.deliver(event))

    @rule(point=st.one_of(st.none(), st.integers(1, 12)))
    def work_and_perhaps_die(self, point):
        seen = 0

        def kill(_):
            nonlocal seen
            seen += 1
            if seen == point:
                raise Killed

        async def work():
            with fault_points.listened_to(kill), contextlib.suppress(Killed):
                await self.small.worker().run_due()
                await self.small.worker().run_due()

        self.do(work())
        self.small.clock.advance(AFTER_A_LEASE)

    @rule(time=st.sampled_from([timedelta(minutes=31), timedelta(hours=5), timedelta(days=2), timedelta(days=8)]))
    def time_passes(self, time):
        self.small.clock.advance(time)
        self.do(quotes.expire_stale(self.small.clock))
        self.do(settlement.enqueue_overdue(self.small.market))

    @rule(fault=st.sampled_from(["rejected", "lost_before", "lost_after", "closed", "pending"]))
    def the_registry_misbehaves(self, fault):
        self.small.registry.script.append(fault)

    @rule()
    def the_provider_is_away_for_a_call(self):
        self.small.payments.unreachable += 1

    @rule(which=st.integers(0, 99), yen=st.integers(1, 9_999), borne_by=st.sampled_from(list(BorneBy)))
    def give_a_part_back(self, which, yen, borne_by):
        key = f"part-{next(_numbers)}"

        async def give():
            order = await self._order(which)
            if order is None:
                return
            with contextlib.suppress(RefundTooLarge):
                await run_tx(
                    lambda tx: refunds.refund(
                        tx, order, yen, reason="goodwill", key=key, at=self.small.clock(), borne_by=borne_by
                    )
                )

        self.do(give())

    @rule(which=st.integers(0, 99), state=st.sampled_from(["succeeded", "failed"]))
    def a_bank_speaks(self, which, state):
        known = list(self.small.payments.refunds.values())
        if not known:
            return
        told = known[which % len(known)]
        if told.state != "failed" and not (told.state == state == "succeeded"):
            self.undelivered.append(self.small.payments.decide_refund(told.id, state))

    @rule(which=st.integers(0, 99), state=st.sampled_from(list(DisputeState)))
    def a_cards_owner_objects(self, which, state):
        async def object_to():
            session = await self._session(which)
            disputed = {dispute.payment for dispute in self.small.payments.disputes.values()}
            if session is not None and session.payment is not None and session.payment not in disputed:
                event = self.small.payments.object_to(session.payment, session.amount, state)
                self.undelivered.append(event)

        self.do(object_to())

    @rule()
    def the_seller_opens_its_account(self):
        async def open_account():
            await onboarding.begin(
                self.small.market, "prov_a", email="seller@example.com", page_url="https://x.example"
            )
            self.small.payouts.fill_in("acct_prov_a")
            await onboarding.follow(self.small.market, "acct_prov_a")

        self.do(open_account())

    @invariant()
    def the_books_hold(self):
        assert self.do(invariants.violations()) == []

    def teardown(self):
        """All news arrive, all work is done: every payment was served or went back, and all books agree."""
        if not hasattr(self, "placed"):
            return
        self.small.payments.unreachable = 0
        self.small.registry.script.clear()
        self.do(self._settle())
        for order in self.do(self._orders()):
            assert order.state in SETTLED, (order.id, order.state)
        findings = check.findings_of(self.do(check.run(self.small.market)))
        self.do(Tortoise.close_connections())
        assert findings == []

    async def _settle(self):
        for event in self.undelivered:
            await self.small.deliver(event)
        await inbox.catch_up(self.small.market)
        for _ in range(6):
            await self.small.work(rounds=500)
            self.small.clock.advance(timedelta(minutes=11))
            await settlement.enqueue_overdue(self.small.market)
        await self.small.work(rounds=500)

    async def _orders(self):
        paid = await Payment.filter(order_id__in=[order.id for order in self.placed])
        return await Order.filter(id__in=[payment.order_id for payment in paid])


@pytest.fixture(params=["sqlite", "postgres"])
def a_database(request, tmp_path):
    """Makes migrated databases, one after the other; the next replaces the one before."""
    if request.param == "sqlite":
        template = request.getfixturevalue("migrated_sqlite")

        async def copied() -> str:
            for file in tmp_path.glob("books.sqlite3*"):
                file.unlink()
            return f"sqlite://{shutil.copy(template, tmp_path / 'books.sqlite3')}"

        return copied
    server, template = request.getfixturevalue("postgres_server"), request.getfixturevalue("migrated_postgres")
    name = f"t_{secrets.token_hex(8)}"

    async def created() -> str:
        connection = await asyncpg.connect(server)
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        await connection.close()
        return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))

    return created


def test_the_books_hold_in_any_history(a_database):
    with asyncio.Runner() as runner:
        machine = type("AnyHistoryHere", (AnyHistory,), {"runner": runner, "a_database": staticmethod(a_database)})
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=amount(500, 5),
                    stateful_step_count=amount(50, 20),
                    derandomize=not SHARE,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(Tortoise.close_connections())
            EXECUTOR_CACHE.clear()
