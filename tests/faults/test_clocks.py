"""A clock that is wrong, jumps, or stands at a border of the calendar: days on papers are Japan's, and nothing is lost (F17)."""

import json
from datetime import UTC, datetime, timedelta
from random import Random

from certificates.models import Certificate
from marketplace.clock import JAPAN, japan_date
from marketplace.invoices.models import InvoiceRecord
from marketplace.orders import service as orders
from marketplace.orders.models import OrderEvent
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened
from marketplace.retirements.models import Retirement
from tests.builders.market import a_listing, an_order
from tests.faults.amounts import amount

RUNS = amount(200, 5)
BORDERS = [
    datetime(2028, 2, 29, tzinfo=JAPAN),
    datetime(2028, 3, 1, tzinfo=JAPAN),
    datetime(2027, 1, 1, tzinfo=JAPAN),
    datetime(2027, 4, 1, tzinfo=JAPAN),
    datetime(2026, 12, 31, 9, tzinfo=JAPAN),
]
JUMPS = [timedelta(minutes=-5), timedelta(minutes=5), timedelta(hours=-1), timedelta(hours=1), timedelta(0)]


async def test_every_paper_bears_the_day_it_was_in_japan(small):
    chance = Random(17)
    listing = await a_listing(small, tonnes=RUNS)
    for run in range(RUNS):
        small.clock.now = (BORDERS[run % len(BORDERS)] + timedelta(seconds=chance.randint(-3, 3))).astimezone(UTC)
        order = await an_order(small, listing, tonnes=1)
        small.clock.advance(chance.choice(JUMPS))
        await small.deliver(small.payments.pay(order.checkout_session))
        await small.worker().run_due()
        small.clock.advance(chance.choice(JUMPS))
        # what was put off until a moment that the clock went back from is done when it comes again
        await small.work_for(timedelta(hours=2), step=timedelta(minutes=30))

        order = await orders.find(order.id)
        assert order.state == OrderState.FULFILLED, f"run {run}"
        happened = {event.kind: event.at for event in await OrderEvent.filter(order_id=order.id)}
        statement = json.loads((await Certificate.get(number=order.certificate_number)).statement)
        retirement = await Retirement.get(order_id=order.id)
        assert datetime.fromisoformat(statement["issued_at"]) == happened[Happened.CERTIFIED].replace(microsecond=0)
        assert statement["cancellations"][0]["recorded_on"] == str(retirement.recorded_on)
        assert retirement.recorded_on == japan_date(happened[Happened.CANCELLATION_CONFIRMED])
        invoice = await InvoiceRecord.get(order_id=order.id)
        assert json.loads(invoice.content)["issued_on"] == japan_date(invoice.issued_at).isoformat()
        assert json.loads(invoice.content)["on"] == japan_date(happened[Happened.PAID]).isoformat()
