"""Only a notice that says exactly what was asked confirms anything; everything else is refused and explained."""

import asyncio
from datetime import timedelta

import pytest

from certificates.records import find_by_order
from marketplace.audit.models import AuditEntry
from marketplace.audit.second_person import SecondPersonNeeded
from marketplace.audit.service import ReasonMissing
from marketplace.clock import japan_date
from marketplace.desk import documents, notices
from marketplace.desk.errors import (
    ApplicationNotFound,
    DocumentRefused,
    HeldBySomebodyElse,
    NoticeAlreadyUsed,
    NoticeDiffers,
)
from marketplace.errors import MoveNotAllowed
from marketplace.inventory.models import Interval
from marketplace.inventory.serials import SerialRange
from marketplace.orders.states import OrderState
from marketplace.registries.desk.models import ApplicationRecord, ItemRecord, NoticeDocument
from marketplace.registries.desk.states import ApplicationChanged, DeskState, ItemState
from marketplace.registries.matching import DifferenceCode
from marketplace.retirements.models import Retirement
from tests.builders.desk import (
    AUDITOR,
    COLLEAGUE,
    OPERATOR,
    SCAN,
    Entering,
    a_paid_order,
    a_provider_person,
    an_executed_application,
    state_of,
    the_order,
    the_right_notice,
)
from tests.builders.market import a_listing


class TestTheRightNoticeConfirms:
    async def test_and_its_own_words_reach_order_retirement_and_certificate(self, desk):
        record = await an_executed_application(desk)
        assert await Entering(desk, record).enter() is DeskState.CONFIRMED
        await desk.work()
        retirement = await Retirement.get()
        assert (retirement.state, retirement.notice_number) == ("confirmed", "無-2026-0123")
        assert retirement.recorded_on == japan_date(desk.clock())
        assert (retirement.notice_document, retirement.notice_media_type) == (SCAN, "application/pdf")
        certificate = await find_by_order(retirement.order_id)
        assert certificate is not None
        (cancelled,) = certificate.statement.cancellations
        assert (cancelled.notice_number, cancelled.recorded_on) == ("無-2026-0123", retirement.recorded_on)

    async def test_the_recorded_date_is_a_day_in_japan_whatever_the_clock_says_elsewhere(self, desk):
        record = await an_executed_application(desk)
        # 23:30 in Tokyo on the last day of the year is half past two in the afternoon in London
        late = desk.clock().replace(year=2026, month=12, day=31, hour=14, minute=30)
        desk.clock.advance(late - desk.clock())
        await Entering(desk, record).enter()
        await desk.work()
        assert (await Retirement.get()).recorded_on.isoformat() == "2026-12-31"
        certificate = await find_by_order((await Retirement.get()).order_id)
        assert certificate is not None
        assert certificate.statement.cancellations[0].recorded_on.isoformat() == "2026-12-31"

    async def test_one_notice_answers_for_every_order_of_the_application(self, desk):
        listing = await a_listing(desk)
        first = await a_paid_order(desk, listing=listing)
        record = await an_executed_application(desk, listing=listing, tonnes=2)
        assert record.tonnes == 5
        await Entering(desk, record).enter()
        await desk.work()
        retirements = await Retirement.all()
        assert {one.notice_number for one in retirements} == {"無-2026-0123"}
        assert [one.state for one in retirements] == ["confirmed", "confirmed"]
        assert (await the_order(first)).state == OrderState.FULFILLED
        assert await Interval.filter(state="cancelled").count() == 2


class TestADifferenceIsRefusedAndExplained:
    async def test_one_serial_too_far(self, desk):
        record = await an_executed_application(desk)
        (item,) = await ItemRecord.all()
        shifted = ((item.block, SerialRange(item.first_serial + 1, item.last_serial + 1)),)
        with pytest.raises(NoticeDiffers) as refused:
            await Entering(desk, record).enter(lines=shifted)
        (row,) = refused.value.rows
        assert row.missing == (SerialRange(item.first_serial, item.first_serial),)
        assert row.not_asked == (SerialRange(item.last_serial + 1, item.last_serial + 1),)
        assert not refused.value.partial
        assert await state_of(record) is DeskState.EXECUTED
        await desk.work()
        assert (await Retirement.get()).state == "submitted"

    async def test_any_other_word(self, desk):
        record = await an_executed_application(desk)
        for changed, code in (
            ({"credit_user": "別の名義"}, DifferenceCode.CREDIT_USER),
            ({"purpose_detail": "別の目的"}, DifferenceCode.PURPOSE_DETAIL),
            ({"use": "gx_ets"}, DifferenceCode.PURPOSE),
            ({"tonnes": 4}, DifferenceCode.TONNES),
            ({"number": "  "}, DifferenceCode.NUMBER_MISSING),
        ):
            with pytest.raises(NoticeDiffers) as refused:
                await Entering(desk, record).enter(**changed)
            assert [one.code for one in refused.value.differences] == [code]

    async def test_a_date_before_the_act_or_still_to_come(self, desk):
        record = await an_executed_application(desk)
        today = japan_date(desk.clock())
        for day in (today - timedelta(days=1), today + timedelta(days=1)):
            with pytest.raises(NoticeDiffers):
                await Entering(desk, record).enter(recorded_on=day)

    async def test_fewer_serials_confirm_nothing_until_somebody_says_that_the_notice_is_so(self, desk):
        record = await an_executed_application(desk)
        (item,) = await ItemRecord.all()
        fewer = ((item.block, SerialRange(item.first_serial, item.last_serial - 1)),)
        with pytest.raises(NoticeDiffers) as refused:
            await Entering(desk, record).enter(lines=fewer)
        assert refused.value.partial
        done = await Entering(desk, record).enter(lines=fewer, part_because="通知が2トンのみ")
        assert done is DeskState.PARTLY_CONFIRMED
        (item,) = await ItemRecord.all()
        assert item.state == ItemState.PARTLY_CONFIRMED
        report = await desk.market.registries["jcredit"].look_up(item.reference)
        assert report.notice.serials == (fewer[0][1],)
        await desk.work()
        retirement = await Retirement.get(reference=item.reference)
        assert (retirement.state, retirement.notice_number) == ("confirmed", "無-2026-0123")
        assert await ItemRecord.filter(state=ItemState.WAITING).count() == 1, "the missing tonne is asked for anew"

    async def test_an_order_that_the_notice_leaves_out_waits_again(self, desk):
        listing = await a_listing(desk)
        await a_paid_order(desk, listing=listing)
        record = await an_executed_application(desk, listing=listing, tonnes=2)
        left_out, named = sorted(await ItemRecord.all(), key=lambda item: item.last_serial - item.first_serial)
        only = ((named.block, SerialRange(named.first_serial, named.last_serial)),)
        await Entering(desk, record).enter(lines=only, part_because="通知に1件のみ")
        again = await ItemRecord.get(reference=left_out.reference)
        assert (again.state, again.application_id) == (ItemState.WAITING, None)
        assert (await ItemRecord.get(reference=named.reference)).state == ItemState.CONFIRMED

    async def test_an_application_that_is_not_the_one_that_was_looked_at(self, desk):
        record = await an_executed_application(desk)
        with pytest.raises(ApplicationChanged):
            await Entering(desk, record).enter(seen="0" * 64)


class TestTheDocument:
    async def test_is_known_by_its_content_not_its_name(self, desk):
        record = await an_executed_application(desk)
        for content in (b"<html>", b"", b"PK\x03\x04", b"GIF89a"):
            with pytest.raises(DocumentRefused):
                await documents.keep(desk.market, OPERATOR, record.id, content)
        with pytest.raises(DocumentRefused):
            await documents.keep(desk.market, OPERATOR, record.id, b"%PDF-" + bytes(documents.MOST_BYTES))

    async def test_the_same_twice_is_kept_once(self, desk):
        record = await an_executed_application(desk)
        for _ in range(2):
            await documents.keep(desk.market, OPERATOR, record.id, SCAN)
        assert await NoticeDocument.all().count() == 1


class TestTwoAtOnce:
    async def test_two_people_enter_and_one_of_them_is_told(self, desk):
        record = await an_executed_application(desk)
        outcomes = await asyncio.gather(
            *(Entering(desk, record).enter(number=number) for number in ("N-1", "N-2")), return_exceptions=True
        )
        assert sorted(type(one) for one in outcomes if isinstance(one, Exception)) == [MoveNotAllowed]
        assert await AuditEntry.filter(act="desk.confirm").count() == 1
        await desk.work()
        assert (await Retirement.get()).notice_number in {"N-1", "N-2"}

    async def test_a_form_sent_twice_is_one_notice(self, desk):
        record = await an_executed_application(desk)
        entering = Entering(desk, record)
        assert await entering.enter() is await entering.enter() is DeskState.CONFIRMED
        assert await AuditEntry.filter(act="desk.confirm").count() == 1

    async def test_one_notice_settles_one_application(self, desk):
        listing = await a_listing(desk)
        first = await an_executed_application(desk, listing=listing, subject="一つ目")
        await Entering(desk, first).enter()
        second = await an_executed_application(desk, listing=listing, subject="二つ目")
        with pytest.raises(NoticeAlreadyUsed):
            await Entering(desk, second).enter()
        await Entering(desk, second).enter(number="無-2026-0124")


class TestWhoMayEnter:
    async def test_only_whoever_holds_it(self, desk):
        record = await an_executed_application(desk)
        with pytest.raises(HeldBySomebodyElse):
            await Entering(desk, record, COLLEAGUE).enter()

    async def test_a_provider_for_its_own_account_only(self, desk):
        own = a_provider_person("prov_a")
        record = await an_executed_application(desk, own)
        with pytest.raises(ApplicationNotFound):
            await Entering(desk, record, a_provider_person("prov_b")).enter()
        with pytest.raises(ApplicationNotFound):
            await Entering(desk, record, AUDITOR).enter()
        assert await Entering(desk, record, own).enter() is DeskState.CONFIRMED


class TestFourEyes:
    async def test_a_second_person_confirms(self, four_eyes):
        record = await an_executed_application(four_eyes)
        assert await Entering(four_eyes, record).enter() is DeskState.NOTICED
        await four_eyes.work()
        assert (await Retirement.get()).state == "submitted"
        with pytest.raises(SecondPersonNeeded):
            await notices.confirm(four_eyes.market, OPERATOR, record.id, seen=record.fingerprint)
        done = await notices.confirm(four_eyes.market, COLLEAGUE, record.id, seen=record.fingerprint)
        assert done is DeskState.CONFIRMED
        await four_eyes.work()
        assert (await Retirement.get()).state == "confirmed"

    async def test_or_sends_it_back_with_a_reason(self, four_eyes):
        record = await an_executed_application(four_eyes)
        await Entering(four_eyes, record).enter()
        with pytest.raises(ReasonMissing):
            await notices.decline(four_eyes.market, COLLEAGUE, record.id, " ")
        await notices.decline(four_eyes.market, COLLEAGUE, record.id, "番号の読み違い")
        back = await ApplicationRecord.get(id=record.id)
        assert (back.state, back.notice_number) == (DeskState.EXECUTED, None)
        await Entering(four_eyes, record).enter(number="無-2026-0999")
        assert await the_right_notice(four_eyes, record) is not None
