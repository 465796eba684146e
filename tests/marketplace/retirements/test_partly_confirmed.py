"""A registry confirms fewer serials than it was asked for: what is confirmed is certified, the rest is replaced or paid back."""

import asyncio
import contextlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tortoise.exceptions import BaseORMException

from certificates.models import Certificate, CertificateVisibility
from marketplace.certification import changes
from marketplace.certification.service import certify
from marketplace.inventory.models import Interval
from marketplace.inventory.serials import SerialRange
from marketplace.inventory.states import IntervalState
from marketplace.ledger import service as ledger
from marketplace.mail.models import Mail
from marketplace.orders import certified_parts, shortfalls
from marketplace.orders import service as orders
from marketplace.orders.models import CertifiedPart, Order, Shortfall
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, events_of
from marketplace.outbox.models import Job
from marketplace.payments.models import RefundRecord
from marketplace.quotes import service as quotes
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import RetirementState
from tests.builders.market import a_listing, a_wish, an_instruction
from tests.builders.products import a_maker, a_period, a_product, a_purchase


async def paid(small, *lines, email=None, public=True):
    """A paid order of (listing, tonnes) lines."""
    quote = await quotes.create(
        [quotes.WishedLine(listing.id, tonnes) for listing, tonnes in lines],
        footprint_id=None,
        fee_basis_points=500,
        holds_for=timedelta(minutes=30),
        clock=small.clock,
    )
    wish = a_wish(quote, email=email, instruction=an_instruction(beneficiary_public=public))
    order = await orders.place(small.market, wish)
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


async def certified(order) -> list[list[tuple[int, int]]]:
    """The serials of each certificate of the order, in the order in which they were issued."""
    numbers = (await certified_parts.certificates_of([await orders.find(order.id)]))[order.id]
    statements = [json.loads((await Certificate.get(number=number)).statement) for number in numbers]
    return [
        [(span["first_serial"], span["last_serial"]) for one in stated["cancellations"] for span in one["serials"]]
        for stated in statements
    ]


CLOSED_FOR_A_WHILE = ["closed"] * 8


class TestTheTimeLine:
    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    async def test_says_how_many_tonnes_were_asked_for_confirmed_and_left(self, small):
        once(small, (0, 3))
        order = await paid(small, (await a_listing(small, tonnes=6), 6))
        while Happened.PARTLY_CONFIRMED not in await kinds(order):
            assert await small.worker().run_due()
        told = json.loads((await events_of(order.id))[-1].detail)
        assert (told["asked"], told["confirmed"], told["remaining"]) == (6, 4, 2)


class TestTheConfirmedPartIsCertifiedAtOnceAndTheRestLater:
    async def test_each_certificate_states_exactly_its_own_units(self, small):
        once(small, (0, 1), (4, 4))
        order = await paid(small, (await a_listing(small, tonnes=20), 6), email="buyer@example.jp")
        await small.work()

        order = await orders.find(order.id)
        assert order.state == OrderState.FULFILLED
        first, second = await certified(order)
        assert first == [(1, 2), (5, 5)]
        assert list(await Certificate.all().values_list("grams", flat=True)) == [3_000_000] * 2
        units = [serial for a, b in first + second for serial in range(a, b + 1)]
        assert sorted(units) == sorted(serial for _, serial in small.registry.cancelled if serial not in {3, 4, 6})
        assert await RefundRecord.exists() is False
        told = await kinds(order)
        assert told.index("partly_confirmed") < told.index("part_certified") < told.index("certified")

    async def test_while_the_rest_waits(self, small):
        once(small, (0, 1), (4, 4))
        small.registry.script = [None, *CLOSED_FOR_A_WHILE]
        order = await paid(small, (await a_listing(small, tonnes=20), 6), email="buyer@example.jp")
        await small.work()
        assert (await orders.find(order.id)).state == OrderState.RETIRING
        assert (await orders.find(order.id)).certificate_number is None
        assert await certified(order) == [[(1, 2), (5, 5)]]

        await small.work_for(timedelta(minutes=3))
        order = await orders.find(order.id)
        assert order.state == OrderState.FULFILLED
        first, second = (await certified_parts.certificates_of([order]))[order.id]
        assert order.certificate_number == second
        done = json.loads((await events_of(order.id))[-1].detail)
        assert (done["number"], done["earlier"]) == (second, [first])
        bodies = {letter.message: letter.body for letter in await Mail.all()}
        assert first in bodies["part_certified"]
        assert first in bodies["certified"] and second in bodies["certified"]

    async def test_a_refund_of_the_rest_keeps_the_first(self, small):
        once(small, (0, 3))
        small.registry.script = [None, *CLOSED_FOR_A_WHILE, "rejected"]
        order = await paid(small, (await a_listing(small, tonnes=8, yen_per_tonne=3_333), 6), email="b@example.jp")
        await small.work()
        first = (await certified_parts.certificates_of([await orders.find(order.id)]))[order.id]
        await small.work_for(timedelta(minutes=5))

        order = await orders.find(order.id)
        assert (order.state, [order.certificate_number]) == (OrderState.FULFILLED, first)
        assert await certified(order) == [[(1, 4)]]
        delivered = 13_332 + 666 + 1_333 + 66
        assert [refund.amount_yen for refund in await RefundRecord.all()] == [order.total_yen - delivered]
        assert await ledger.balance(ledger.order_account(order.id)) == 0
        assert (await kinds(order)).count("certified") == 0
        assert {"part_certified", "ended_in_part"} <= {letter.message for letter in await Mail.all()}

    async def test_what_is_confirmed_of_other_lines_comes_along(self, small):
        whole, part = await a_listing(small, tonnes=3), await a_listing(small, tonnes=20, kind="jver")
        small.registry.script = [None, None, *CLOSED_FOR_A_WHILE]
        small.registry.change_notice = lambda notice: (
            replace(notice, serials=(SerialRange(1, 1),)) if len(notice.serials[0]) == 2 else notice
        )
        order = await paid(small, (whole, 3), (part, 2))
        await small.work()
        assert sorted((await certified(order))[0]) == [(1, 1), (1, 3)]

    async def test_the_replacement_may_be_confirmed_in_part_too(self, small):
        pending = [2, 1]

        def change(notice):
            first = notice.serials[0].first
            return replace(notice, serials=(SerialRange(first, first + pending.pop()),)) if pending else notice

        small.registry.change_notice = change
        order = await paid(small, (await a_listing(small, tonnes=20), 6))
        await small.work()
        assert await certified(order) == [[(1, 2)], [(7, 9)], [(11, 11)]]

    async def test_names_that_are_not_public_are_hidden_on_each(self, small):
        once(small, (0, 1))
        await paid(small, (await a_listing(small, tonnes=20), 6), public=False)
        await small.work()
        hidden = await CertificateVisibility.all()
        assert len(hidden) == await Certificate.all().count() == 2
        assert all("beneficiary" in one.hidden_fields for one in hidden)

    async def test_each_is_corrected_by_itself(self, small):
        once(small, (0, 1))
        order = await paid(small, (await a_listing(small, tonnes=20), 6))
        await small.work()
        first, second = (await certified_parts.certificates_of([await orders.find(order.id)]))[order.id]
        correction = changes.Correction(reduction_effort="紙をやめた")
        corrected = await changes.correct(small.market, first, correction, "wrong effort")
        assert corrected.record.grams == 2_000_000
        assert await Certificate.filter(number=second).exists()

    async def test_a_certificate_that_counts_as_one_waits_for_the_whole_order(self, small):
        once(small, (0, 1))
        small.registry.script = [None, *CLOSED_FOR_A_WHILE]
        maker = await a_maker(small)
        period = await a_period(small, maker, await a_product(small, maker))
        order = await a_purchase(small, period, await a_listing(small, tonnes=20), grams=6_000_000)
        await small.work()
        assert await certified(order) == []
        await small.work_for(timedelta(minutes=3))
        assert [len(spans) for spans in await certified(order)] == [2]


class TestTwoDecisionsAtOnce:
    async def test_certify_a_part_once(self, small):
        once(small, (0, 1))
        small.registry.script = [None, *CLOSED_FOR_A_WHILE]
        order = await paid(small, (await a_listing(small, tonnes=20), 6))
        await asyncio.gather(small.work(), *(_quietly(certify(small.market, order.id)) for _ in range(4)))
        await asyncio.gather(*(_quietly(certify(small.market, order.id)) for _ in range(4)))
        assert await certified(order) == [[(1, 2)]]


async def _quietly(deciding) -> None:
    """One that comes second may be refused by the database; its job would look again."""
    with contextlib.suppress(BaseORMException):
        await deciding


class TestTheRestIsReplaced:
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


class TestAPartIsConfirmedAndCertifiedOnce:
    async def _one_part(self, small) -> Order:
        once(small, (0, 3))
        small.registry.script = [None, *CLOSED_FOR_A_WHILE]
        order = await paid(small, (await a_listing(small, tonnes=20), 6))
        await small.work()
        return await orders.find(order.id)

    async def test_the_database_refuses_what_is_not_confirmed(self, small):
        order = await self._one_part(small)
        waiting = await Retirement.filter(order_id=order.id, state__not=RetirementState.CONFIRMED)
        for one in waiting:
            with pytest.raises(BaseORMException, match="certified_part_is_confirmed"):
                await certified_parts.record([one], 2, "TEST-other", at=small.clock())

    async def test_another_certificate_of_the_same_part(self, small):
        part = await CertifiedPart.get(order_id=(await self._one_part(small)).id)
        confirmed = await Retirement.get(id=part.retirement_id)
        for number, again in (("TEST-other", 1), (part.number, 2)):
            with pytest.raises(BaseORMException, match="certified_part_has_one_certificate"):
                await certified_parts.record([confirmed], again, number, at=small.clock())

    async def test_the_same_retirement_a_second_time(self, small):
        part = await CertifiedPart.get(order_id=(await self._one_part(small)).id)
        confirmed = await Retirement.get(id=part.retirement_id)
        with pytest.raises(BaseORMException):
            await certified_parts.record([confirmed], 2, "TEST-other", at=small.clock())

    async def test_that_it_changes_or_vanishes(self, small):
        await self._one_part(small)
        with pytest.raises(BaseORMException, match="certified_part_never_changes"):
            await CertifiedPart.all().update(number="TEST-other")
        with pytest.raises(BaseORMException, match="certified_part_never_vanishes"):
            await CertifiedPart.all().delete()

    async def test_that_its_whole_order_is_paid_back(self, small):
        order = await self._one_part(small)
        with pytest.raises(BaseORMException, match="certified_part_keeps_its_order"):
            await orders.move(order, OrderState.REFUND_DUE)
