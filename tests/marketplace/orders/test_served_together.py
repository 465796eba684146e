"""Paid orders of whole tonnes that wait at the same time are sent to the registry, invoiced and certified in few transactions, each
as it would be alone."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from certificates.models import Certificate, CertificateVisibility
from certificates.records import find
from marketplace.certification.whole import certify_whole
from marketplace.database.transactions import run_tx
from marketplace.invoices import service as invoices
from marketplace.invoices.models import InvoiceRecord
from marketplace.ledger import service as ledger
from marketplace.mail.models import Mail
from marketplace.orders import fulfilment
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import events_of
from marketplace.outbox.models import Job
from marketplace.payouts.models import Payout
from marketplace.quotes import service as quotes
from marketplace.retirements.models import Retirement
from tests.builders.market import a_listing, a_quote, a_wish, an_instruction
from tests.builders.pools import a_gram_quote, with_pools
from tests.builders.products import a_maker, a_period, a_product, a_purchase, coverage_now
from tests.marketplace.orders.test_killed_anywhere import killed_once_then_recovered, watched
from tests.marketplace.retirements.test_partly_confirmed import once

# every point of the way of a single order is tried in test_killed_anywhere.py
KILL_EVERY = 4


@pytest.fixture
def small(small):
    return with_pools(small)


async def paid(small, quote, **wish: object) -> Order:
    order = await orders.open_checkout(small.market, (await orders.place(small.market, a_wish(quote, **wish))).id)
    await small.deliver(small.payments.pay(order.checkout_session))
    return order


async def several(small, listing, *, count: int = 3, **wish: object) -> list[Order]:
    return [await paid(small, await a_quote(small, listing, tonnes=2), **wish) for _ in range(count)]


async def until(small, kind: str) -> None:
    """Work until jobs of this kind are due, and stop before them."""
    while not await Job.filter(kind=kind, done_at=None).exists():
        assert await small.worker().run_due()


async def states(bought: Sequence[Order]) -> list[str]:
    return [(await orders.find(order.id)).state for order in bought]


def ids(bought: Sequence[Order]) -> list[str]:
    return [order.id for order in bought]


async def left_behind(order: Order) -> object:
    """All that an order leaves, less what is its own: numbers, serials and times."""
    now = await orders.find(order.id)
    record = await find(str(now.certificate_number))
    own = {"serials", "our_reference", "notice_number", "notice_sha256"}
    invoice = invoices.content_of(await invoices.invoice_of(order.id))
    return (
        [event.kind for event in await events_of(order.id)],
        record.statement.model_dump(include={"grams", "type", "period", "pool", "from_pool", "adds_to"}),
        [one.model_dump(exclude=own) for one in record.statement.cancellations],
        {name: text.value for name, text in record.disclosures.items()},
        await ledger.balance(ledger.order_account(order.id)),
        sorted((await ledger.earned_with(order.id)).items()),
        await Payout.filter(order_id=order.id).values("provider_id", "amount_yen", "state"),
        await Retirement.filter(order_id=order.id).values("state", "registry"),
        invoice.model_dump(exclude={"number", "order_id"}),
    )


class TestEachIsServedAsIfItWereAlone:
    async def test_with_the_same_rows(self, small):
        listing = await a_listing(small, tonnes=20)
        (alone,) = await several(small, listing, count=1, email="a@example.com")
        await small.work()
        together = await several(small, listing, email="b@example.com")
        await small.work()
        assert await states(together) == [OrderState.FULFILLED] * 3
        expected = await left_behind(alone)
        for order in together:
            assert await left_behind(order) == expected
        assert len(set(small.registry.cancelled)) == 4 * 2
        assert await Mail.filter(recipient="b@example.com", message="certified").count() == 3
        numbers = await InvoiceRecord.all().order_by("sequence").values_list("sequence", flat=True)
        assert numbers == [1, 2, 3, 4]

    async def test_a_name_that_stays_hidden_is_hidden(self, small):
        private = an_instruction(beneficiary_public=False)
        bought = await several(small, await a_listing(small, tonnes=20), count=2, instruction=private)
        await small.work()
        assert await states(bought) == [OrderState.FULFILLED] * 2
        assert await CertificateVisibility.all().count() == 2

    async def test_of_two_providers_each_gets_its_own(self, small):
        dear, cheap = await a_listing(small, provider="prov_a"), await a_listing(small, provider="prov_b")
        mixed = await quotes.create(
            [quotes.WishedLine(dear.id, 1), quotes.WishedLine(cheap.id, 2)],
            footprint_id=None,
            fee_basis_points=500,
            holds_for=timedelta(minutes=30),
            clock=small.clock,
        )
        bought = [await paid(small, mixed), *await several(small, dear, count=2)]
        await small.work()
        assert await states(bought) == [OrderState.FULFILLED] * 3
        owed = Payout.filter(order_id=bought[0].id).order_by("provider_id")
        assert await owed.values_list("provider_id", "amount_yen") == [("prov_a", 4_400), ("prov_b", 8_800)]


class TestOthersAmongThemGoTheirOwnWay:
    async def test_a_reservation_that_ran_out_is_replaced(self, small):
        listing = await a_listing(small, tonnes=20)
        bought = await several(small, listing)
        await until(small, "order.retire")
        await run_tx(lambda tx: quotes.release(tx, bought[1].quote_id))
        assert await fulfilment.retire_together(small.market, ids(bought)) == {bought[1].id}
        await small.work()
        assert await states(bought) == [OrderState.FULFILLED] * 3
        assert "units_replaced" in [event.kind for event in await events_of(bought[1].id)]

    async def test_amounts_with_grams_of_a_pool_are_left_at_both_steps(self, small):
        listing = await a_listing(small, tonnes=20, yen_per_tonne=100_000_000)
        whole = await several(small, listing, count=2)
        mixed = await paid(small, await a_gram_quote(small, listing, 1_005_000))
        await until(small, "order.retire")
        assert await fulfilment.retire_together(small.market, ids([*whole, mixed])) == {mixed.id}
        await until(small, "order.certify")
        assert mixed.id in await certify_whole(small.market, ids([*whole, mixed]))
        await small.work()
        assert await states([*whole, mixed]) == [OrderState.FULFILLED] * 3

    async def test_one_that_covers_the_rest_of_another_is_left_and_names_it(self, small):
        listing = await a_listing(small, tonnes=20)
        (first,) = await several(small, listing, count=1)
        await small.work()
        rest = await quotes.create(
            [quotes.WishedLine(listing.id, 1)],
            footprint_id=None,
            fee_basis_points=500,
            holds_for=timedelta(minutes=30),
            clock=small.clock,
            tops_up=first.id,
        )
        bought = [*await several(small, listing, count=2), await paid(small, rest)]
        await until(small, "order.certify")
        assert await certify_whole(small.market, ids(bought)) == {bought[2].id}
        await small.work()
        record = await find(str((await orders.find(bought[2].id)).certificate_number))
        assert record.statement.adds_to == (await orders.find(first.id)).certificate_number

    async def test_one_that_covers_a_product_is_left_and_counted(self, small):
        listing, maker = await a_listing(small, tonnes=20), await a_maker(small)
        product = await a_product(small, maker)
        covering = await a_purchase(small, await a_period(small, maker, product), listing, grams=2_000_000)
        bought = [covering, *await several(small, listing, count=2)]
        await until(small, "order.certify")
        await small.work()
        assert await states(bought) == [OrderState.FULFILLED] * 3
        assert (await coverage_now(small, product)).covered_units == 2_000

    async def test_what_the_registry_has_not_decided_waits(self, small):
        listing = await a_listing(small, tonnes=20)
        small.registry.script = [None, "pending", None]
        bought = await several(small, listing)
        await until(small, "order.certify")
        undecided = {row.order_id for row in await Retirement.filter(state="submitted")}
        assert len(undecided) == 1
        assert await certify_whole(small.market, ids(bought)) == undecided
        assert await Certificate.all().count() == 2

    async def test_one_that_is_certified_in_part_is_left_and_names_its_parts(self, small):
        once(small, (0, 0))
        (order,) = await several(small, await a_listing(small, tonnes=20), count=1)
        while await Retirement.filter(state="confirmed").count() < 2:
            assert await small.worker().run_due()
        assert await certify_whole(small.market, [order.id]) == {order.id}
        await small.work()
        certified = [event for event in await events_of(order.id) if event.kind == "certified"]
        assert len(json.loads(certified[0].detail)["earlier"]) == 1

    async def test_what_the_registry_refused_is_replaced(self, small):
        small.registry.script = ["rejected"]
        bought = await several(small, await a_listing(small, tonnes=20))
        await small.work()
        assert await states(bought) == [OrderState.FULFILLED] * 3
        assert len(set(small.registry.cancelled)) == 6


class TestTwiceChangesNothing:
    async def test_what_is_on_its_way_or_fulfilled_is_neither_served_again_nor_left(self, small):
        bought = ids(await several(small, await a_listing(small, tonnes=20)))
        await until(small, "order.retire")
        assert await fulfilment.retire_together(small.market, bought) == frozenset()
        assert await fulfilment.retire_together(small.market, bought) == frozenset()
        await small.work()
        assert await certify_whole(small.market, bought) == frozenset()
        assert await Certificate.filter(order_reference__in=bought).count() == 3
        assert await Retirement.filter(order_id__in=bought).count() == 3

    async def test_one_that_nobody_placed_is_left_for_the_way_that_says_so(self, small):
        assert await fulfilment.retire_together(small.market, ["ord_unknown"]) == {"ord_unknown"}
        assert await certify_whole(small.market, ["ord_unknown"]) == {"ord_unknown"}


class TestKilledWhileTheyAreServed:
    async def test_each_is_cancelled_and_certified_once(self, small):
        watched(small)
        listing = await a_listing(small, tonnes=400)

        async def bought(number: int | None) -> tuple[list[str], list[str]]:
            both = await several(small, listing, count=2)
            points = await killed_once_then_recovered(small, small.work, number)
            return points, await states(both)

        points, reached = await bought(None)
        assert reached == [OrderState.FULFILLED] * 2
        for number in range(1, len(points) + 1, KILL_EVERY):
            assert (await bought(number))[1] == [OrderState.FULFILLED] * 2, points[number - 1]
        assert len(small.registry.cancelled) == len(set(small.registry.cancelled))
