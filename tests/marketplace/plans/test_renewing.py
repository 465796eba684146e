"""Months in batches: what is charged at one time is read, written, certified and told together, and each month is still one."""

import asyncio
import json
from collections import Counter
from datetime import timedelta

import pytest
from tortoise.exceptions import BaseORMException

from certificates.models import Certificate
from marketplace.database.transactions import run_tx
from marketplace.invoices.models import InvoiceRecord
from marketplace.ledger.models import LedgerPosting, LedgerTransaction
from marketplace.mail.models import Mail
from marketplace.orders.models import Order, OrderEvent
from marketplace.orders.states import OrderState
from marketplace.outbox.models import Job
from marketplace.payments import heard_invoices
from marketplace.payments.gateway import PaymentProviderUnreachable
from marketplace.payments.models import HeardInvoice
from marketplace.plans import changes, months, renewing
from marketplace.plans.models import Plan, PlanMonth
from marketplace.plans.reading import months_of
from marketplace.plans.renewing import Renewals
from marketplace.pools.models import PoolDraw, PoolLine
from marketplace.quotes.models import Quote
from tests.builders.market import a_listing
from tests.builders.plans import a_running_plan, kwh, settled
from tests.builders.pools import with_pools
from tests.marketplace.orders.test_killed_anywhere import killed_once_then_recovered, watched

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
A_MONTH = timedelta(days=31)


@pytest.fixture
async def small(small):
    return with_pools(small, pool_tonnes=10)


async def running(small, count: int, listing=None) -> list[Plan]:
    """Plans of different use that are in their first month; an open pool has grams for the next one."""
    listing = listing or await a_listing(small, tonnes=50)
    return [
        await a_running_plan(small, listing, usage=kwh(str(200 + 10 * number)), email=f"home{number}@ashiato.example")
        for number in range(count)
    ]


async def a_month_is_charged(small) -> None:
    """The provider has charged everyone and told of it; nothing has followed from it yet."""
    small.clock.advance(A_MONTH)
    for event in small.plans.pass_time():
        await small.deliver(event)


async def orders_of(plan: Plan) -> list[Order]:
    return [
        await Order.get(id=month.order_id) for month in await PlanMonth.filter(plan_id=plan.id).order_by("first_day")
    ]


async def what_stands_of(order: Order) -> dict[str, object]:
    """All that may not differ between a month that went in a batch and one that went alone."""
    (certificate,) = await Certificate.filter(order_reference=order.id)
    (invoice,) = await InvoiceRecord.filter(order_id=order.id)
    events = await OrderEvent.filter(order_id=order.id).order_by("id")
    booked = await LedgerTransaction.filter(order_id=order.id)
    postings = await LedgerPosting.filter(transaction_id__in=[one.id for one in booked])
    return {
        "state": order.state,
        "certified": (order.certificate_number, (await Quote.get(id=order.quote_id)).grams)
        == (certificate.number, certificate.grams),
        "events": [(event.kind, event.detail.replace(certificate.number, "")) for event in events],
        "invoiced": json.loads(invoice.content).keys(),
        "booked": Counter(one.event.partition(":")[0] for one in booked),
        "accounts": Counter(posting.account.partition(":")[0] for posting in postings),
        "handed_on": await PoolDraw.filter(pool_line_id__in=await lines_of(order), handed_on=True).count(),
        "mails": await Mail.filter(message="plan_certified", body__contains=certificate.number).count(),
    }


async def lines_of(order: Order) -> list[str]:
    return [line.id for line in await PoolLine.filter(quote_id=order.quote_id)]


class TestABatch:
    @on_sqlite
    async def test_is_a_few_commits_for_all_its_months(self, small):
        plans = await running(small, 4)
        await a_month_is_charged(small)
        small.plans.calls.clear()
        before = await Job.all().count()
        await settled(small)
        for plan in plans:
            assert [month.state for month in await months_of(plan.id)] == [OrderState.FULFILLED] * 2
        reads = Counter(call for call, _ in small.plans.calls)
        assert (reads["paid_invoices"], reads["invoice"]) == (1, 0)
        # to certify, to invoice, to sequence the log, and a mail for each
        assert await Job.all().count() - before == 3 + len(plans)

    async def test_leaves_the_same_behind_as_a_month_that_goes_alone(self, small):
        batch, alone = await running(small, 2)
        await a_month_is_charged(small)
        (invoice,) = [one.id for one in small.plans.invoices.values() if one.plan_id == alone.id][1:]
        await months.settle_invoice(small.market, invoice)
        await settled(small)
        one, other = (await orders_of(batch))[1], (await orders_of(alone))[1]
        assert await what_stands_of(one) == await what_stands_of(other)

    @on_sqlite
    async def test_numbers_its_invoices_without_a_gap(self, small):
        await running(small, 3)
        await a_month_is_charged(small)
        await settled(small)
        numbers = await InvoiceRecord.all().order_by("sequence").values_list("sequence", flat=True)
        # one more than the months: the service's own purchase of the pool
        assert list(numbers) == list(range(1, 8))

    @on_sqlite
    async def test_that_is_told_twice_is_one_month_each(self, small):
        await running(small, 2)
        small.clock.advance(A_MONTH)
        for event in small.plans.pass_time() * 2:
            await small.deliver(event)
        await settled(small)
        for event in small.payments.events:
            await small.deliver(event)
        await settled(small)
        assert (
            await PlanMonth.all().count()
            == await Certificate.filter(order_reference__startswith="ord_").count() - 1
            == 4
        )


class TestWhatIsNotPlain:
    async def test_goes_alone_and_holds_up_no_other(self, small):
        """A plan that was paused meanwhile, a price that no terms know, and a card that did not work."""
        plain, paused, dearer, failing = await running(small, 4)
        small.plans.charged[failing.subscription].card_works = False
        await changes.pause(small.market, paused.id)
        await small.plans.change_amount(dearer.subscription, 4_321)
        await a_month_is_charged(small)
        await settled(small)
        assert [month.state for month in await months_of(plain.id)] == [OrderState.FULFILLED] * 2
        assert [month.state for month in await months_of(paused.id)] == [OrderState.FULFILLED, OrderState.REFUNDED]
        assert len(await months_of(dearer.id)) == len(await months_of(failing.id)) == 1
        (stopped,) = await Job.filter(error__contains="PlanPaymentDiffers")
        assert stopped.kind == "plan.invoice"

    @on_sqlite
    async def test_grams_that_no_open_pool_has_come_from_a_new_one(self, small):
        with_pools(small, pool_tonnes=1)
        plans = await running(small, 5, await a_listing(small, tonnes=4))
        await a_month_is_charged(small)
        await settled(small)
        for plan in plans:
            assert [month.state for month in await months_of(plan.id)] == [OrderState.FULFILLED] * 2

    @on_sqlite
    async def test_an_invoice_that_the_list_does_not_show_is_read_by_itself(self, small):
        (plan,) = await running(small, 1)
        small.plans.charged[plan.subscription].card_works = False
        await a_month_is_charged(small)
        await settled(small)
        small.plans.charged[plan.subscription].card_works = True
        small.clock.advance(timedelta(days=3))
        (told,) = [event for event in small.plans.pass_time() if event.type == heard_invoices.PAID]
        await HeardInvoice.create(invoice=told.object_id, made_at=small.clock(), heard_at=small.clock())
        await run_tx(lambda tx: heard_invoices.ask(tx, at=small.clock()))
        await settled(small)
        assert [month.state for month in await months_of(plan.id)] == [OrderState.FULFILLED] * 2


class TestSeveralWorkers:
    async def test_share_what_waits_and_no_month_is_written_twice(self, small, monkeypatch):
        monkeypatch.setattr(renewing, "AT_ONCE", 2)
        plans = await running(small, 5)
        await a_month_is_charged(small)
        await asyncio.gather(*(Renewals().run(small.market) for _ in range(4)))
        await settled(small)
        for plan in plans:
            assert [month.state for month in await months_of(plan.id)] == [OrderState.FULFILLED] * 2

    @on_sqlite
    async def test_a_process_works_on_one_batch_at_a_time(self, small):
        await running(small, 2)
        await a_month_is_charged(small)
        renewals = Renewals()
        outcomes = await asyncio.gather(*(renewals.run(small.market) for _ in range(3)))
        assert sorted(outcomes, key=str) == sorted([None, *[renewing.LOOK_AGAIN_WHEN_BUSY] * 2], key=str)


class TestKilled:
    async def test_between_any_two_commits_every_month_is_one_certificate(self, small, db):
        watched(small)
        plans = await running(small, 2, await a_listing(small, tonnes=200))

        async def renewed(number) -> list[str]:
            await a_month_is_charged(small)
            points = await killed_once_then_recovered(small, small.work, number)
            await small.work_for(heard_invoices.TAKEN_FOR, step=heard_invoices.TAKEN_FOR)
            await heard_invoices.ask_for_forgotten(small.clock())
            await settled(small)
            return points

        points = await renewed(None)
        commits = [number for number, name in enumerate(points, 1) if name == "after_commit"]
        assert len(commits) >= 6
        # PostgreSQL differs in its locks, not in where a process can die
        for number in commits if "sqlite" in db else commits[2:4]:
            await renewed(number)
        for plan in plans:
            assert {month.state for month in await months_of(plan.id)} == {OrderState.FULFILLED}
        ours = await PlanMonth.filter(plan_id__in=[plan.id for plan in plans]).values_list("order_id", flat=True)
        assert await Certificate.filter(order_reference__in=list(ours)).count() == len(ours)
        assert await InvoiceRecord.filter(order_id__in=list(ours)).count() == len(ours)
        assert await Mail.filter(message="plan_certified").count() == len(ours) == await PlanMonth.all().count()

    @on_sqlite
    async def test_what_a_dead_worker_held_is_taken_again(self, small):
        (plan,) = await running(small, 1)
        await a_month_is_charged(small)
        assert len(await heard_invoices.take(10, at=small.clock())) == 1
        await settled(small)
        assert len(await months_of(plan.id)) == 1
        small.clock.advance(heard_invoices.TAKEN_FOR * 2)
        await heard_invoices.ask_for_forgotten(small.clock())
        await settled(small)
        assert len(await months_of(plan.id)) == 2

    @on_sqlite
    async def test_while_the_provider_is_away_nothing_is_lost(self, small):
        (plan,) = await running(small, 1)
        await a_month_is_charged(small)
        small.payments.unreachable = 1
        with pytest.raises(PaymentProviderUnreachable):
            await Renewals().run(small.market)
        await settled(small)
        assert len(await months_of(plan.id)) == 2


class TestWhatWasHeard:
    @on_sqlite
    async def test_is_settled_once_for_ever(self, small):
        await running(small, 1)
        heard = await HeardInvoice.all().first()
        for change in (HeardInvoice.filter(invoice=heard.invoice).update(settled_at=None), heard.delete()):
            with pytest.raises(BaseORMException, match="heard_plan_invoice_is_settled_once"):
                await change
