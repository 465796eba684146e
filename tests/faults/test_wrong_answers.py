"""A registry answers 200 and says something else: nothing is certified on it, and a person is told (F11)."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from certificates.models import Certificate
from marketplace.inventory.models import Block, Interval
from marketplace.inventory.states import IntervalState
from marketplace.mail.models import Mail
from marketplace.operations import alarms, attention
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.registries.http import HttpRegistry
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import RetirementState
from tests.builders.market import SmallMarket, a_listing, an_order
from tests.faults.amounts import amount
from tests.marketplace.registries.servers import RunningRegistry, registry_in_a_thread

EACH = amount(100, 2)
FOREIGN = 1000
IN_THE_BOOKS = ("wrong_amount", "wrong_serials", "another_accounts_serials")
ON_THE_WAY = ("error_text", "html", "truncated_json")


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with registry_in_a_thread(tmp_path_factory.mktemp("registry")) as running:
        yield running


async def paid_orders(small: SmallMarket, registry: RunningRegistry, gateway: HttpRegistry) -> None:
    """Of two tonnes each, for serials that the registry holds; another account holds some of the same block."""
    small.market = replace(small.market, registries={"jcredit": gateway})
    listing = await a_listing(small, tonnes=4 * EACH)
    block = await Block.get()
    name, account = block.certification_number, "ACC-prov_a"
    registry.admin(
        "POST",
        "seed",
        {
            "accounts": [{"id": account, "name": "Provider"}],
            "blocks": [{"id": name, "first": 1, "last": 4 * EACH + FOREIGN, "acts": ["mukoka"]}],
            "holdings": [
                {"account": account, "block": name, "first": 1, "last": 4 * EACH},
                {"account": "service", "block": name, "first": 4 * EACH + 1, "last": 4 * EACH + FOREIGN},
            ],
        },
    )
    for _ in range(EACH):
        order = await an_order(small, listing, tonnes=2)
        await small.deliver(small.payments.pay(order.checkout_session))


@pytest.fixture
async def gateway(registry):
    async with registry.gateway(answer_timeout=3, look_up_attempts=1) as opened:
        yield opened
    registry.admin("DELETE", "faults")


class TestANoticeThatSaysSomethingElse:
    @pytest.mark.parametrize("fault", IN_THE_BOOKS)
    async def test_stops_for_a_person(self, small, registry, gateway, fault):
        await paid_orders(small, registry, gateway)
        registry.fault(fault, count=EACH)
        await small.work_for(timedelta(hours=1), step=timedelta(minutes=15))
        needed = await attention.needed()
        assert len(needed.reviewed) + len(needed.unknown) == EACH
        assert await Order.filter(state=OrderState.RETIRING).count() == EACH
        assert not await Certificate.exists()
        assert not await Interval.filter(state=IntervalState.CANCELLED).exists()
        await alarms.raise_due(small.market)
        told = {"operator_review", "operator_unknown"}
        assert await Mail.filter(message__in=told).count() == EACH


class TestAnAnswerThatIsNone:
    @pytest.mark.parametrize("fault", ON_THE_WAY)
    async def test_stays_unknown_is_told_and_is_found_when_the_registry_speaks_again(
        self, small, registry, gateway, fault
    ):
        await paid_orders(small, registry, gateway)
        registry.fault(fault, operation="submit", count=EACH)
        registry.fault(fault, operation="look_up", count=100_000)
        await small.work_for(timedelta(hours=1), step=timedelta(minutes=15))
        assert await Retirement.filter(state=RetirementState.UNKNOWN).count() == EACH
        assert not await Certificate.exists()
        await alarms.raise_due(small.market)
        assert await Mail.filter(message="operator_unknown").count() == EACH

        registry.admin("DELETE", "faults")
        await small.work_for(timedelta(minutes=30), step=timedelta(minutes=10))
        assert await Order.filter(state=OrderState.FULFILLED).count() == EACH
        # each of them had taken effect once
        mine = [row for row in registry.cancelled() if await Retirement.exists(reference=row[0])]
        assert len(mine) == EACH


class TestAlreadyCancelledAlthoughItWasNot:
    async def test_the_units_leave_the_shelf_and_others_take_their_place(self, small, registry, gateway):
        await paid_orders(small, registry, gateway)
        registry.fault("already_cancelled", count=EACH)
        await small.work_for(timedelta(minutes=30), step=timedelta(minutes=10))
        refused = await Interval.filter(state=IntervalState.WITHDRAWN)
        assert sum(len(one.serials) for one in refused) == 2 * EACH
        certified = {serial for one in await Interval.filter(state=IntervalState.CANCELLED) for serial in serials(one)}
        assert not certified & {serial for one in refused for serial in serials(one)}
        chosen = Random(7).choice(await Order.all())
        assert (await orders.find(chosen.id)).state == OrderState.FULFILLED


def serials(interval: Interval) -> range:
    return range(interval.first_serial, interval.last_serial + 1)
