"""A registry confirms fewer serials than it was asked for: what is confirmed is certified, the rest is replaced or paid back."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tortoise.exceptions import BaseORMException

from certificates.models import Certificate
from marketplace.inventory.models import Interval
from marketplace.inventory.serials import SerialRange
from marketplace.inventory.states import IntervalState
from marketplace.ledger import service as ledger
from marketplace.orders import service as orders
from marketplace.orders import shortfalls
from marketplace.orders.models import Shortfall
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, events_of
from marketplace.outbox.models import Job
from marketplace.payments.models import RefundRecord
from marketplace.quotes import service as quotes
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import RetirementState
from tests.builders.market import a_listing, a_wish


async def paid(small, *lines, email=None):
    """A paid order of (listing, tonnes) lines."""
    quote = await quotes.create(
        [quotes.WishedLine(listing.id, tonnes) for listing, tonnes in lines],
        footprint_id=None,
        fee_basis_points=500,
        holds_for=timedelta(minutes=30),
        clock=small.clock,
    )
    order = await orders.place(small.market, a_wish(quote, email=email))
    order = await orders.open_checkout(small.market, order.id)
    await small.deliver(small.payments.pay(order.checkout_session))
    return order


def once(small, *kept: tuple[int, int]):
    """The next notice names only these serials, counted from the first one asked for; later ones are whole again."""
    pending = [kept]

    def change(notice):
        if not pending:
            return notice
        start = notice.serials[0].first
        return replace(notice, serials=tuple(SerialRange(start + a, start + b) for a, b in pending.pop()))

    small.registry.change_notice = change


async def kinds(order) -> list[str]:
    return [event.kind for event in await events_of(order.id)]


async def statement() -> dict:
    return json.loads((await Certificate.get()).statement)


class TestTheRestIsReplaced:
    async def test_the_certificate_covers_both_and_says_so_exactly(self, small):
        once(small, (0, 1), (4, 4))
        order = await paid(small, (await a_listing(small, tonnes=20), 6), email="buyer@example.jp")
        await small.work()

        order = await orders.find(order.id)
        assert order.state == OrderState.FULFILLED
        certified = {
            tuple((span["first_serial"], span["last_serial"]) for span in one["serials"]): one["tonnes"]
            for one in (await statement())["cancellations"]
        }
        assert certified.pop(((1, 2), (5, 5))) == 3
        assert sum(certified.values()) == 3
        assert await RefundRecord.exists() is False
        told = await kinds(order)
        assert told.index(Happened.PARTLY_CONFIRMED) < told.index(Happened.UNITS_REPLACED) < told.index("certified")

    async def test_what_the_notice_does_not_name_is_sold_to_nobody(self, small):
        once(small, (0, 1), (4, 4))
        await paid(small, (await a_listing(small, tonnes=20), 6))
        await small.work()
        withdrawn = await Interval.filter(state=IntervalState.WITHDRAWN).order_by("first_serial")
        assert [(one.first_serial, one.last_serial) for one in withdrawn] == [(3, 4), (6, 6)]

    async def test_all_rows_keep_the_one_request_that_was_sent(self, small):
        once(small, (1, 2))
        await paid(small, (await a_listing(small, tonnes=20), 6))
        await small.work()
        rows = await Retirement.all()
        sent = next(row.request for row in rows if row.reference.endswith("/2"))
        pieces = [
            (row.state, len((await Interval.get(id=row.interval_id)).serials)) for row in rows if row.request == sent
        ]
        assert sorted(pieces) == [
            (RetirementState.CONFIRMED, 2),
            (RetirementState.REJECTED, 1),
            (RetirementState.REJECTED, 3),
        ]


class TestWithNothingToReplaceItTheRestIsPaidBack:
    async def test_part_certificate_and_part_refund_to_the_yen(self, small):
        once(small, (0, 3))
        order = await paid(small, (await a_listing(small, tonnes=6, yen_per_tonne=3_333), 6), email="buyer@example.jp")
        await small.work()

        order = await orders.find(order.id)
        assert order.state == OrderState.FULFILLED
        assert (await statement())["cancellations"][0]["tonnes"] == 4
        delivered = 13_332 + 666 + 1_333 + 66
        (refund,) = await RefundRecord.all()
        assert (refund.amount_yen, refund.reason) == (order.total_yen - delivered, "partly_cancelled")
        assert await ledger.balance(ledger.order_account(order.id)) == 0
        assert await ledger.balance("provider:prov_a") == -(13_332 + 1_333)
        assert await ledger.balance(ledger.CLEARING) == delivered
        assert await shortfalls.tonnes_of(order.id) == 2

    async def test_one_line_refused_for_good_does_not_stop_the_other(self, small):
        good, bad = await a_listing(small, tonnes=3), await a_listing(small, tonnes=2, kind="jver")
        small.registry.script = [None, "rejected"]
        order = await paid(small, (good, 3), (bad, 2))
        await small.work()
        assert (await orders.find(order.id)).state == OrderState.FULFILLED
        assert sum(one["tonnes"] for one in (await statement())["cancellations"]) == len(small.registry.cancelled)
        assert await Job.filter(done_at__isnull=True, kind__not="order.mail").count() == 0

    async def test_all_lines_refused_pays_everything_back(self, small):
        one, other = await a_listing(small, tonnes=3), await a_listing(small, tonnes=2, kind="jver")
        small.registry.script = ["rejected", "rejected"]
        order = await paid(small, (one, 3), (other, 2))
        await small.work()
        assert (await orders.find(order.id)).state == OrderState.REFUNDED
        assert await ledger.balance(ledger.CLEARING) == 0
        assert not await Certificate.exists()

    async def test_nothing_is_certified_while_a_part_is_undecided(self, small):
        good, slow = await a_listing(small, tonnes=3), await a_listing(small, tonnes=2, kind="jver")
        small.registry.script = [None, *["closed"] * 8]
        order = await paid(small, (good, 3), (slow, 2))
        await small.work()
        assert (await orders.find(order.id)).state == OrderState.RETIRING
        assert not await Certificate.exists()
        await small.work_for(timedelta(minutes=3))
        assert (await orders.find(order.id)).state == OrderState.FULFILLED


class TestWhatIsNoPartStopsForAPerson:
    @pytest.mark.parametrize("serials", [[(0, 6)], [(0, 1), (1, 2)], [(7, 9)], []])
    async def test_other_serials_twice_the_same_or_none(self, small, serials):
        once(small, *serials)
        order = await paid(small, (await a_listing(small, tonnes=20), 6))
        await small.work()
        assert (await kinds(order))[-1] == Happened.UNDER_REVIEW
        assert not await Certificate.exists()
        assert not await Interval.filter(state=IntervalState.CANCELLED).exists()

    async def test_fewer_serials_with_another_text(self, small):
        small.registry.change_notice = lambda notice: replace(
            notice, serials=(SerialRange(notice.serials[0].first, notice.serials[0].first),), credit_user="別人"
        )
        order = await paid(small, (await a_listing(small, tonnes=20), 6))
        await small.work()
        assert (await kinds(order))[-1] == Happened.UNDER_REVIEW


class TestAShortfallIsOfARefusalAndStays:
    async def test_the_database_says_so(self, small):
        once(small, (0, 3))
        order = await paid(small, (await a_listing(small, tonnes=6), 6))
        await small.work()
        short = await Shortfall.get()
        confirmed = await Retirement.get(order_id=order.id, state=RetirementState.CONFIRMED)
        with pytest.raises(BaseORMException, match="order_shortfall_is_of_a_refusal"):
            await shortfalls.record(confirmed, short.quote_line_id, 1, "registry_refused", at=small.clock())
        with pytest.raises(BaseORMException, match="order_shortfall_never_changes"):
            await Shortfall.all().update(tonnes=1)
