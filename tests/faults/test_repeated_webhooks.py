"""Each webhook comes one to twenty times, over eight connections at once: one effect each, and an answer at once (F1)."""

import asyncio
import time
from collections import Counter
from random import Random

import pytest

from certificates.models import Certificate
from marketplace.ledger import service as ledger
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.payments import early_news
from marketplace.payments.gateway import DisputeState, PaymentEvent, PaymentMethod
from marketplace.payments.models import DisputeRecord, Payment, PaymentEventRecord, RefundRecord
from tests.api.application import a_client, an_application, without_limits
from tests.builders.market import a_listing, an_order
from tests.faults.amounts import amount
from tests.marketplace.money.acts import five_events

ORDERS = amount(2_000, 8)
"""With five events each."""
AT_ONCE = 40
CONNECTIONS = 8
LONGEST_SECONDS = 0.2
"""Of this process, which answers all connections: what else the machine does meanwhile does not count."""

# eight connections write at the same time on PostgreSQL only
pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


class TestAWebhookThatComesAgainAndAgain:
    async def test_has_one_effect_and_is_answered_at_once(self, small):
        chance, waited = Random(1), []
        listing = await a_listing(small, tonnes=ORDERS)
        application = an_application(small, around=without_limits())

        async def connection(deliveries: list[PaymentEvent]) -> None:
            async with a_client(application) as client:
                while deliveries:
                    body = deliveries.pop().body
                    began = time.process_time()
                    answer = await client.post("/webhooks/stripe", content=body, headers={"stripe-signature": "good"})
                    waited.append(time.process_time() - began)
                    assert answer.status_code == 204, answer.text

        for first in range(0, ORDERS, AT_ONCE):
            events = []
            for _ in range(first, min(first + AT_ONCE, ORDERS)):
                events += five_events(small, await an_order(small, listing, tonnes=1), PaymentMethod.CARD)
            deliveries = [event for event in events for _ in range(chance.randint(1, 20))]
            chance.shuffle(deliveries)
            # one half comes before anybody looked into them, the other after all was done
            for half in (deliveries[::2], deliveries[1::2]):
                await asyncio.gather(*(connection(half) for _ in range(CONNECTIONS)))
                await small.work(rounds=1_000)

        # what was heard of a payment in the very moment in which it was booked
        small.clock.advance(early_news.LOOK_ONCE_MORE_AFTER)
        await small.work(rounds=1_000)

        placed = await Order.all()
        assert Counter(order.state for order in placed) == {OrderState.FULFILLED: ORDERS}
        assert await PaymentEventRecord.all().count() == 5 * ORDERS == len(small.payments.events)
        assert await Payment.all().count() == ORDERS == await Certificate.all().count()
        assert Counter(await RefundRecord.all().values_list("amount_yen", "state")) == {(100, "succeeded"): ORDERS}
        assert Counter(await DisputeRecord.all().values_list("state", flat=True)) == {DisputeState.LOST: ORDERS}
        assert len(small.registry.cancelled) == ORDERS
        # all that was paid was given back or taken away after the units were gone
        assert await ledger.balance(ledger.CLEARING) == 0
        assert sorted(waited)[len(waited) * 99 // 100] <= LONGEST_SECONDS
