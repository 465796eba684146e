"""An attendee's travel, paid by the organiser, by the attendee, or by both: with one another, or not at all."""

import asyncio
from datetime import timedelta

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from certificates.records import find
from certificates.statement import DisclosedField
from marketplace.database.transactions import run_tx
from marketplace.errors import OrderNotCancellable
from marketplace.ledger.balance import balance_of
from marketplace.mail.models import Mail
from marketplace.orders import service as orders
from marketplace.orders.cancellation import cancel
from marketplace.orders.models import Order
from marketplace.orders.settlement import enqueue_overdue
from marketplace.orders.states import OrderState
from marketplace.participation import event_pages, following
from marketplace.participation.errors import (
    CapBelowCommitted,
    EventPageClosed,
    EventPageNotFound,
    OrganiserPartNotReady,
    SharesChanged,
)
from marketplace.participation.joining import join
from marketplace.participation.models import EventPage, OrganiserPart, Participation, Payer
from marketplace.participation.shares import Without, shares_of
from marketplace.participation.sums import as_csv, sum_of
from marketplace.payments.gateway import PaymentMethod
from tests.builders.events import a_wish_to_join, after, an_attendee, an_event_page, an_organiser, event_terms, page_now
from tests.builders.market import a_listing
from tests.builders.pools import paid_grams, with_pools

YEN_PER_TONNE = 40_000


@pytest.fixture
async def small(small):
    with_pools(small, pools=2, low_g=400_000)
    small.listing = await a_listing(small, tonnes=20, yen_per_tonne=YEN_PER_TONNE)
    return small


async def with_open_pools(small) -> None:
    await paid_grams(small, small.listing, 2_000)
    await small.work()


async def pay(small, joined: Participation) -> None:
    order = await orders.open_checkout(small.market, str(joined.order_id))
    await small.deliver(small.payments.pay(order.checkout_session))


async def follow(small) -> None:
    await small.work()
    await following.look_after(small.market)
    await small.work()


async def order(order_id: str | None) -> Order:
    return await orders.find(str(order_id))


class TestTheOrganiserPays:
    async def test_the_attendee_has_a_certificate_and_pays_nothing(self, small):
        page = await an_event_page(small, Payer.ORGANISER)
        joined = await an_attendee(small, page, public_name="足跡 花子", email="hanako@ashiato.example")
        await follow(small)
        joined = await after(joined)
        paid = await order(joined.organiser_order_id)
        certificate = await find(str(paid.certificate_number))

        assert (joined.order_id, joined.organiser_part, joined.email) == (None, OrganiserPart.SPENT, None)
        assert certificate.grams == joined.organiser_g
        assert certificate.statement.type == "event"
        texts = {field: text.value for field, text in certificate.disclosures.items()}
        assert texts[DisclosedField.BENEFICIARY] == "足跡 花子"
        assert texts[DisclosedField.SUBJECT] == "第1回 足跡学会への移動"
        assert texts[DisclosedField.PURCHASER] == "足跡学会"
        assert await balance_of(page.organisation_id) == 100_000 - joined.organiser_yen
        assert (await page_now(page)).committed_yen == joined.organiser_yen
        assert [mail.message for mail in await Mail.filter(recipient="hanako@ashiato.example")] == [
            "participation_certified"
        ]

    async def test_nobody_is_named_unless_asked_for(self, small):
        page = await an_event_page(small, Payer.ORGANISER)
        joined = await an_attendee(small, page)
        assert "第1回 足跡学会の参加者" in (await order(joined.organiser_order_id)).instruction

    async def test_the_same_form_twice_is_one_attendee(self, small):
        page = await an_event_page(small, Payer.ORGANISER)
        wish = await a_wish_to_join(small, page)
        answers = await asyncio.gather(*(join(small.market, page, wish) for _ in range(3)))
        assert len({joined.id for joined in answers}) == 1
        assert (await page_now(page)).committed_yen == wish.organiser_yen

    async def test_the_cap_holds_whoever_comes_at_once(self, small):
        page = await an_event_page(small, Payer.ORGANISER)
        wishes = [await a_wish_to_join(small, page) for _ in range(4)]
        yen = wishes[0].organiser_yen
        await EventPage.filter(id=page.id).update(cap_yen=2 * yen + 1)
        page = await page_now(page)
        answers = await asyncio.gather(*(join(small.market, page, w) for w in wishes), return_exceptions=True)
        refused = [one for one in answers if isinstance(one, Exception)]
        assert [type(one) for one in refused] == [SharesChanged, SharesChanged]
        assert (await page_now(page)).committed_yen == 2 * yen
        assert await balance_of(page.organisation_id) == 100_000 - 2 * yen

    async def test_without_money_the_attendee_is_told_to_pay(self, small):
        page = await an_event_page(small, Payer.ORGANISER, yen=10)
        for cap_yen, why in ((50_000, Without.BALANCE), (10, Without.CAP)):
            await EventPage.filter(id=page.id).update(cap_yen=cap_yen)
            shares = await shares_of(small.market, await page_now(page), 500_000)
            assert (shares.without, shares.organiser.yen, shares.attendee.grams) == (why, 0, 500_000)

    async def test_a_balance_spent_meanwhile_takes_no_place(self, small):
        page = await an_event_page(small, Payer.ORGANISER, yen=8_000)
        first, second = await a_wish_to_join(small, page), await a_wish_to_join(small, page)
        await join(small.market, page, first)
        with pytest.raises(SharesChanged):
            await join(small.market, await page_now(page), second)
        assert (await page_now(page)).committed_yen == first.organiser_yen


class TestTheAttendeePays:
    async def test_an_ordinary_order_with_its_own_certificate(self, small):
        page = await an_event_page(small, Payer.ATTENDEE)
        joined = await an_attendee(small, page)
        await pay(small, joined)
        await small.work()
        assert (await order(joined.order_id)).state == OrderState.FULFILLED
        assert (joined.organiser_part, joined.organiser_yen) == (OrganiserPart.NONE, 0)

    async def test_below_the_smallest_payment_a_little_more_is_covered(self, small):
        page = await an_event_page(small, Payer.ATTENDEE)
        shares = await shares_of(small.market, page, 5)
        assert shares.attendee.yen == 50
        assert shares.attendee.grams > 5
        less = await shares_of(small.market, page, shares.attendee.grams - 1)
        assert less.attendee.grams == shares.attendee.grams


class TestBothPayOrNeither:
    async def test_the_attendees_payment_brings_the_organisers_part_along(self, small):
        await with_open_pools(small)
        page = await an_event_page(small, Payer.SPLIT)
        joined = await an_attendee(small, page)
        held = await after(joined)
        assert (held.organiser_part, held.organiser_order_id) == (OrganiserPart.HELD, None)
        assert await balance_of(page.organisation_id) == 100_000 - joined.organiser_yen
        await pay(small, joined)
        await follow(small)
        joined = await after(joined)
        parts = [await order(joined.order_id), await order(joined.organiser_order_id)]
        assert [part.state for part in parts] == [OrderState.FULFILLED] * 2
        grams = [(await find(str(part.certificate_number))).grams for part in parts]
        assert grams == [joined.attendee_g, joined.organiser_g]
        assert joined.organiser_g == joined.grams * 40 // 100
        total = await sum_of(page)
        assert (total.joined, total.certified, total.grams) == (1, 1, joined.grams)
        assert (total.organiser_yen, total.attendee_yen) == (joined.organiser_yen, joined.attendee_yen)

    async def test_an_attendee_who_does_not_pay_gives_the_organiser_everything_back(self, small):
        await with_open_pools(small)
        page = await an_event_page(small, Payer.SPLIT)
        joined = await an_attendee(small, page)
        session = (await orders.open_checkout(small.market, str(joined.order_id))).checkout_session
        await small.deliver(small.payments.promise(session, PaymentMethod.BANK_TRANSFER))
        await small.work()
        small.clock.advance(timedelta(days=7, minutes=1))
        await following.look_after(small.market)
        assert (await after(joined)).organiser_part == OrganiserPart.HELD

        small.clock.advance(timedelta(hours=1))
        await enqueue_overdue(small.market)
        await follow(small)
        assert (await after(joined)).organiser_part == OrganiserPart.RETURNED
        assert await balance_of(page.organisation_id) == 100_000
        assert (await page_now(page)).committed_yen == 0

        # the money arrives all the same: it goes back too
        await small.deliver(small.payments.arrive(session))
        await small.work()
        late = await order(joined.order_id)
        assert (late.state, late.refund_reason) == (OrderState.REFUND_DUE, "organiser_part_gone")

    async def test_before_the_payment_the_attendee_may_leave_after_it_neither_may(self, small):
        await with_open_pools(small)
        page = await an_event_page(small, Payer.SPLIT)
        left, stays = await an_attendee(small, page), await an_attendee(small, page)
        await cancel(small.market, str(left.order_id))
        await pay(small, stays)
        await follow(small)
        assert (await after(left)).organiser_part == OrganiserPart.RETURNED
        with pytest.raises(OrderNotCancellable):
            await cancel(small.market, str(stays.order_id))
        assert (await page_now(page)).committed_yen == stays.organiser_yen

    async def test_nothing_is_promised_that_still_has_to_be_cancelled(self, small):
        page = await an_event_page(small, Payer.SPLIT)
        with pytest.raises(OrganiserPartNotReady):
            await an_attendee(small, page)
        assert await Participation.all().count() == 0
        await small.work()
        assert (await an_attendee(small, page)).organiser_part == OrganiserPart.HELD


class TestAPageBelongsToItsOrganiser:
    async def test_closed_means_nobody_joins(self, small):
        organiser = await an_organiser(small)
        page = await event_pages.open_page(small.market, organiser, event_terms(Payer.ORGANISER))
        wish = await a_wish_to_join(small, page)
        for _ in range(2):
            await event_pages.close(small.market, organiser, page.id)
        for known in (page, await page_now(page)):
            with pytest.raises(EventPageClosed):
                await join(small.market, known, wish)

    async def test_the_cap_never_goes_below_what_is_promised(self, small):
        organiser = await an_organiser(small)
        page = await event_pages.open_page(small.market, organiser, event_terms(Payer.ORGANISER))
        joined = await an_attendee(small, page)
        with pytest.raises(CapBelowCommitted):
            await event_pages.change_cap(small.market, organiser, page.id, joined.organiser_yen - 1)
        await event_pages.change_cap(small.market, organiser, page.id, joined.organiser_yen)
        assert (await page_now(page)).left_yen == 0

    async def test_others_find_no_such_page(self, small):
        page = await an_event_page(small, Payer.ATTENDEE)
        with pytest.raises(EventPageNotFound):
            await event_pages.of_organisation("org_other", page.id)

    async def test_the_list_names_only_who_agreed(self, small):
        page = await an_event_page(small, Payer.ORGANISER)
        await an_attendee(small, page, public_name="=HANAKO()", organiser_sees_name=True)
        await an_attendee(small, page, public_name="足跡 太郎")
        await follow(small)
        head, first, second = (await as_csv(page)).splitlines()
        assert head.endswith("state,certificate,invoice")
        assert ",'=HANAKO()," in first
        assert first.split(",")[6] == "certified"
        assert second.split(",")[2] == ""

    async def test_the_database_keeps_what_was_promised(self, small):
        page = await an_event_page(small, Payer.ORGANISER)
        await an_attendee(small, page)
        for change in (
            "UPDATE event_page SET name = 'x'",
            "UPDATE event_page SET committed_yen = cap_yen + 1",
            "DELETE FROM event_page",
            "UPDATE participation SET organiser_yen = 1",
            "UPDATE participation SET organiser_part = 'held'",
            "DELETE FROM participation",
        ):
            with pytest.raises((IntegrityError, OperationalError)):
                await run_tx(lambda tx, change=change: tx.execute_query(change))
