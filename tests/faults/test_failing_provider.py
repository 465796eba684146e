"""The payment provider refuses, breaks, hangs or repeats a saved error in every fifth call: nobody pays or is paid back twice (F19)."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.payments import inbox
from marketplace.payments.gateway import PaymentProviderUnreachable
from marketplace.payments.models import Payment, RefundRecord
from marketplace.payments.refund_states import BorneBy, RefundState
from marketplace.payments.sandbox.faults import FaultKind
from tests.builders.market import SmallMarket, a_listing, a_quote, a_wish
from tests.faults.amounts import amount
from tests.marketplace.money.acts import give_back
from tests.marketplace.payments.servers import Sandbox, a_sandbox

ORDERS = amount(2_000, 8)
AT_ONCE = 20
FAILING = 0.2
TIMEOUT, HANGS_SECONDS = timedelta(milliseconds=300), 0.4
PART_YEN = 100


class Unsteady:
    """The market's gateway, whose sandbox is told to fail some of the calls."""

    def __init__(self, gateway, sandbox: Sandbox) -> None:
        self._gateway, self._sandbox, self._chance = gateway, sandbox, Random(19)

    def __getattr__(self, name):
        attribute = getattr(self._gateway, name)

        async def call(*args, **kwargs):
            if self._chance.random() < FAILING:
                await self._sandbox.fault(self._chance.choice(list(FaultKind)), seconds=HANGS_SECONDS)
            return await attribute(*args, **kwargs)

        return call


class Together:
    """The market and its provider, whose clocks run alike."""

    def __init__(self, small: SmallMarket, sandbox: Sandbox) -> None:
        self.small, self.sandbox = small, sandbox

    async def work(self) -> None:
        """What is due, some seconds later."""
        await self.small.work(rounds=1_000)
        self.small.clock.advance(timedelta(seconds=5))
        await self.sandbox.advance(timedelta(seconds=5))

    async def buy(self, listing, count: int) -> list[Order]:
        placed = [
            await orders.place(self.small.market, a_wish(await a_quote(self.small, listing, tonnes=1)))
            for _ in range(count)
        ]
        while await Order.filter(checkout_session=None).exists():
            await self.work()
        # buyers find the pages of their orders as they were opened
        await self.sandbox.control("DELETE", "faults")
        for order in placed:
            answer = await self.sandbox.http.post(
                str((await orders.find(order.id)).checkout_url),
                data={"email": "buyer@example.com", "number": "4242 4242 4242 4242", "expiry": "12/34", "cvc": "123"},
            )
            assert answer.status_code == 303, answer.text
        return placed

    async def hear(self) -> None:
        while True:
            try:
                await inbox.catch_up(self.small.market)
                return
            except PaymentProviderUnreachable:
                await self.work()


@pytest.fixture
async def together(small, tmp_path):
    # the provider's clock cannot be set, only advanced
    small.clock.now = datetime.now(UTC)
    async with a_sandbox(tmp_path / "provider") as sandbox:
        gateway = sandbox.gateway(timeout=TIMEOUT)
        small.market = replace(small.market, payments=Unsteady(gateway, sandbox))
        yield Together(small, sandbox)
        await gateway.close()


class TestAProviderThatFailsOneCallInFive:
    async def test_charges_once_and_pays_back_once(self, small, together):
        listing = await a_listing(small, tonnes=ORDERS)
        parts = 0
        for first in range(0, ORDERS, AT_ONCE):
            placed = await together.buy(listing, min(AT_ONCE, ORDERS - first))
            parts += len(placed[::2])
            await together.hear()
            while await Order.exclude(state=OrderState.FULFILLED).exists():
                await together.work()
            for order in placed[::2]:
                await give_back(
                    small, await orders.find(order.id), PART_YEN, key=f"part-{order.id}", borne_by=BorneBy.SERVICE
                )
            while await RefundRecord.exclude(state=RefundState.SUCCEEDED).exists():
                await together.work()

        await together.sandbox.control("DELETE", "faults")
        refunded = dict(await RefundRecord.all().values_list("payment_id", "amount_yen"))
        assert Counter(refunded.values()) == {PART_YEN: parts}
        for payment in await Payment.all():
            path = f"/v1/payment_intents/{payment.provider_payment}?expand[]=latest_charge"
            charge = (await together.sandbox.api("GET", path)).json()["latest_charge"]
            assert (charge["amount"], charge["amount_refunded"]) == (payment.amount_yen, refunded.get(payment.id, 0))
        assert await Payment.all().count() == ORDERS == len(small.registry.cancelled)
