"""Paid orders of grams that wait at the same time are served in one transaction, each as it would be alone."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from certificates.models import Certificate, CertificateVisibility
from certificates.pools import pool_of
from certificates.records import find
from marketplace.certification.pooled import serve_pooled
from marketplace.database.transactions import run_tx
from marketplace.errors import BalanceTooLow
from marketplace.invoices import service as invoices
from marketplace.ledger import balance
from marketplace.ledger import service as ledger
from marketplace.mail.models import Mail
from marketplace.orders import fulfilment
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import events_of
from marketplace.outbox.models import Job
from marketplace.pools.models import PoolDraw
from marketplace.quotes import service as quotes
from tests.builders.market import a_listing, a_wish, an_instruction, an_order
from tests.builders.pools import a_gram_order, a_gram_quote, paid_grams, with_pools
from tests.fakes.observed import Observed
from tests.marketplace.orders.test_killed_anywhere import killed_once_then_recovered

GRAMS = 5_000
# each point of the whole way takes a second or so on a slow disk; the ones that matter are around the batch
KILL_EVERY = 3


@pytest.fixture
def small(small):
    return with_pools(small)


async def with_an_open_pool(small):
    listing = await a_listing(small, yen_per_tonne=100_000_000)
    await paid_grams(small, listing, GRAMS)
    await small.work()
    return listing


async def states(bought: Sequence[Order]) -> list[str]:
    return [(await orders.find(order.id)).state for order in bought]


async def settled(small, listing, *, count: int = 3, **wish: object) -> list[Order]:
    """Paid, and what the payment provider said is taken in; the jobs that retire them are due."""
    bought = [await a_gram_order(small, listing, GRAMS, **wish) for _ in range(count)]
    for order in bought:
        await small.deliver(small.payments.pay(order.checkout_session))
    while await Job.filter(kind="payment.settle", done_at=None).exists():
        await small.worker().run_due()
    return bought


class TestEachIsServedAsIfItWereAlone:
    async def test_in_one_transaction_with_the_same_rows(self, small):
        listing = await with_an_open_pool(small)
        alone = await paid_grams(small, listing, GRAMS, email="a@example.com")
        await small.work()
        together = [await paid_grams(small, listing, GRAMS, email="b@example.com") for _ in range(3)]
        await small.work()

        assert await states(together) == [OrderState.FULFILLED] * 3
        assert len(small.registry.cancelled) == 1
        expected = await self._left_behind(alone)
        for order in together:
            assert await self._left_behind(order) == expected
        assert (await pool_of((await self._certificate(alone)).statement.from_pool[0].parent)).handed_g == 5 * GRAMS
        assert await Mail.filter(recipient="b@example.com", message="certified").count() == 3

    async def test_a_name_that_stays_hidden_is_hidden(self, small):
        listing = await with_an_open_pool(small)
        private = an_instruction(beneficiary_public=False)
        bought = [await paid_grams(small, listing, GRAMS, instruction=private) for _ in range(2)]
        await small.work()
        assert await states(bought) == [OrderState.FULFILLED] * 2
        assert await CertificateVisibility.all().count() == 2

    @staticmethod
    async def _certificate(order: Order):
        return await find((await orders.find(order.id)).certificate_number)

    async def _left_behind(self, order: Order) -> object:
        record = await self._certificate(order)
        invoice = invoices.content_of(await invoices.invoice_of(order.id))
        return (
            [event.kind for event in await events_of(order.id)],
            record.statement.model_dump(include={"grams", "from_pool", "cancellations", "type", "period", "pool"}),
            {name: text.value for name, text in record.disclosures.items()},
            await ledger.balance(ledger.order_account(order.id)),
            sorted((await ledger.earned_with(order.id)).items()),
            invoice.model_dump(exclude={"number", "order_id"}),
        )


class TestOthersAmongThemGoTheirOwnWay:
    async def test_whole_tonnes_and_mixed_amounts_are_left(self, small):
        listing = await with_an_open_pool(small)
        grams = await settled(small, listing, count=2)
        whole, mixed = await an_order(small, listing, tonnes=1), await a_gram_order(small, listing, 1_000_000 + GRAMS)
        for order in (whole, mixed):
            await small.deliver(small.payments.pay(order.checkout_session))
        await small.work()
        assert await states([*grams, whole, mixed]) == [OrderState.FULFILLED] * 4
        assert len(small.registry.cancelled) == 3

    async def test_the_use_case_names_what_it_leaves(self, small):
        listing = await with_an_open_pool(small)
        grams = await settled(small, listing, count=2)
        whole = await an_order(small, listing, tonnes=1)
        assert await serve_pooled(small.market, [order.id for order in (*grams, whole)]) == {whole.id}
        assert await states([*grams, whole]) == [
            OrderState.FULFILLED,
            OrderState.FULFILLED,
            OrderState.AWAITING_PAYMENT,
        ]

    async def test_grams_of_a_pool_that_is_not_open_yet_wait_for_it(self, small):
        listing = await a_listing(small, yen_per_tonne=100_000_000)
        bought = await settled(small, listing)
        assert await serve_pooled(small.market, [order.id for order in bought]) == {order.id for order in bought}
        await small.work()
        assert await states(bought) == [OrderState.FULFILLED] * 3
        assert len(small.registry.cancelled) == 1


class TestServingTwiceChangesNothing:
    async def test_what_is_fulfilled_is_neither_served_again_nor_left(self, small):
        bought = [order.id for order in await settled(small, await with_an_open_pool(small))]
        await serve_pooled(small.market, bought)
        assert await serve_pooled(small.market, bought) == frozenset()
        await small.work()
        assert await Certificate.filter(order_reference__in=bought).count() == 3

    async def test_the_way_of_one_finds_it_done(self, small):
        bought = await settled(small, await with_an_open_pool(small), count=2)
        await fulfilment.retire(small.market, bought[0].id)
        await serve_pooled(small.market, [order.id for order in bought])
        await small.work()
        assert await states(bought) == [OrderState.FULFILLED] * 2
        assert await Certificate.filter(order_reference__in=[order.id for order in bought]).count() == 2


class TestKilledWhileTheyAreServed:
    async def test_the_grams_of_each_are_handed_on_once(self, small):
        listing = await with_an_open_pool(small)
        small.market = replace(small.market, payments=Observed(small.payments, "payments"))

        async def bought(number: int | None) -> tuple[list[str], list[str]]:
            both = await settled(small, listing, count=2)
            points = await killed_once_then_recovered(small, small.work, number)
            return points, await states(both)

        points, reached = await bought(None)
        assert reached == [OrderState.FULFILLED] * 2
        numbers = range(1, len(points) + 1, KILL_EVERY)
        for number in numbers:
            assert (await bought(number))[1] == [OrderState.FULFILLED] * 2, points[number - 1]
        handed_on = sum(draw.grams for draw in await PoolDraw.filter(handed_on=True))
        assert handed_on == (1 + 2 * (1 + len(numbers))) * GRAMS


class TestPaidFromABalance:
    async def test_an_order_begins_paid_and_says_both(self, small):
        listing = await with_an_open_pool(small)
        money = {"taken_from": ledger.CLEARING, "event": "test:credit", "at": small.clock()}
        await run_tx(lambda _: balance.credit("org_rich", 10_000_000, **money))
        quote = await a_gram_quote(small, listing, GRAMS)
        order = await orders.place(small.market, a_wish(quote, paid_by="org_rich"))
        assert (await orders.find(order.id)).state == order.state == OrderState.PAID
        assert [event.kind for event in await events_of(order.id)] == ["ordered", "paid"]
        assert await balance.balance_of("org_rich") == 10_000_000 - quote.total_yen
        await small.work()
        assert await states([order]) == [OrderState.FULFILLED]

    async def test_too_little_money_leaves_nothing_behind(self, small):
        quote = await a_gram_quote(small, await with_an_open_pool(small), GRAMS)
        before = await Job.all().count()
        with pytest.raises(BalanceTooLow):
            await orders.place(small.market, a_wish(quote, paid_by="org_poor"))
        assert await Order.filter(quote_id=quote.id).count() == 0
        assert await Job.all().count() == before
        assert (await quotes.find(quote.id)).state == "open"
