"""Batches are frozen at the cut-off or by a person; one person holds an application; every step can be undone until the end."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import asyncpg
import pytest
from tortoise import connections
from tortoise.exceptions import BaseORMException

from marketplace.audit.models import AuditEntry
from marketplace.audit.service import ReasonMissing
from marketplace.clock import japan_date
from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx
from marketplace.desk import batches, handling, reminders
from marketplace.desk.errors import ActInFuture, ApplicationNotFound, FieldsTooLong, HeldBySomebodyElse, NothingWaits
from marketplace.errors import MoveNotAllowed
from marketplace.inventory.models import Interval
from marketplace.inventory.states import IntervalState
from marketplace.mail.models import Mail
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, events_of
from marketplace.registries.desk.models import ApplicationRecord, ItemRecord
from marketplace.registries.desk.states import ALLOWED_MOVES, ITEM_MOVES, ApplicationChanged, DeskState, ItemState
from marketplace.registries.gateway import RequestRefused
from marketplace.registries.processing import JAPAN
from marketplace.retirements.models import Retirement
from marketplace.retirements.service import request_of
from tests.builders.desk import (
    AUDITOR,
    COLLEAGUE,
    OPERATOR,
    Entering,
    a_frozen_application,
    a_paid_order,
    a_provider_person,
    an_executed_application,
    done_at_the_registry,
    state_of,
    the_right_notice,
    with_limits,
)
from tests.builders.market import OPERATOR_MAIL, a_listing

REFUSED = (BaseORMException, asyncpg.PostgresError)


async def batch_keys() -> list[str]:
    return sorted({item.batch_key for item in await ItemRecord.filter(state=ItemState.WAITING)})


async def happened(order) -> list[str]:
    return [event.kind for event in await events_of(order.id)]


class TestABatchIsFrozen:
    async def test_by_a_person_and_its_orders_are_told(self, desk):
        order = await a_paid_order(desk)
        assert (await happened(order))[-1] == Happened.AT_THE_DESK
        (key,) = await batch_keys()
        record = await ApplicationRecord.get(id=await batches.freeze(desk.market, OPERATOR, key))
        assert (record.state, record.tonnes, record.frozen_by) == (DeskState.PREPARED, 3, OPERATOR.person_id)
        assert record.fingerprint == record.as_frozen().fingerprint()
        assert (await happened(order))[-1] == Happened.APPLICATION_FROZEN
        await done_at_the_registry(desk, record)
        assert (await happened(order))[-1] == Happened.CANCELLATION_REQUESTED

    async def test_at_the_cut_off_with_what_was_there_by_then(self, desk):
        listing = await a_listing(desk)
        await a_paid_order(desk, listing=listing)
        (early,) = await ItemRecord.all()
        assert early.freeze_at.astimezone(JAPAN).strftime("%a %H:%M") == "Thu 12:00"
        desk.clock.advance(early.freeze_at - desk.clock() - timedelta(seconds=1))
        await batches.freeze_due(desk.market)
        assert not await ApplicationRecord.exists()
        desk.clock.advance(timedelta(seconds=1))
        await a_paid_order(desk, listing=listing)
        await batches.freeze_due(desk.market)
        record = await ApplicationRecord.get()
        assert (record.frozen_by, [item.request.reference for item in record.as_frozen().items]) == (
            None,
            [early.reference],
        )
        assert await ItemRecord.filter(state=ItemState.WAITING).count() == 1

    async def test_uses_of_different_scope_never_share_one(self, desk):
        listing = await a_listing(desk)
        for subject in ("春の学会", "秋の学会"):
            await a_paid_order(desk, listing=listing, subject=subject)
        assert len(await batch_keys()) == 2

    async def test_once_whoever_presses_first(self, desk):
        await a_paid_order(desk)
        (key,) = await batch_keys()
        outcomes = await asyncio.gather(
            *(batches.freeze(desk.market, actor, key) for actor in (OPERATOR, COLLEAGUE)), return_exceptions=True
        )
        assert sum(isinstance(one, str) for one in outcomes) == 1
        assert {type(one) for one in outcomes if isinstance(one, Exception)} <= {NothingWaits, MoveNotAllowed}
        assert await ApplicationRecord.all().count() == 1

    async def test_not_by_somebody_elses_provider(self, desk):
        await a_paid_order(desk)
        (key,) = await batch_keys()
        for stranger in (a_provider_person("prov_b"), AUDITOR):
            with pytest.raises(NothingWaits):
                await batches.freeze(desk.market, stranger, key)


class TestTheGateway:
    async def test_the_same_reference_again_changes_nothing(self, desk):
        await a_paid_order(desk)
        request = request_of(await Retirement.get())
        await desk.market.registries["jcredit"].submit(request)
        assert await ItemRecord.all().count() == 1
        assert await desk.market.registries["jcredit"].look_up("ret_never_seen") is None

    async def test_an_account_that_is_not_on_the_books_is_refused(self, desk):
        await a_paid_order(desk)
        request = request_of(await Retirement.get())
        stranger = replace(request, reference="ret_other", account="ACC-X")
        with pytest.raises(RequestRefused):
            await desk.market.registries["jcredit"].submit(stranger)


class TestOnePersonHoldsIt:
    async def test_two_take_it_and_one_has_it(self, desk):
        record = await a_frozen_application(desk)
        outcomes = await asyncio.gather(
            *(handling.take(desk.market, actor, record.id) for actor in (OPERATOR, COLLEAGUE)), return_exceptions=True
        )
        assert [type(one) for one in outcomes if one is not None] == [MoveNotAllowed]
        assert await AuditEntry.filter(act="desk.take").count() == 1

    async def test_only_the_holder_goes_on_until_somebody_takes_over_with_a_reason(self, desk):
        record = await a_frozen_application(desk)
        await handling.take(desk.market, OPERATOR, record.id)
        with pytest.raises(HeldBySomebodyElse):
            await handling.put_back(desk.market, COLLEAGUE, record.id)
        with pytest.raises(ReasonMissing):
            await handling.take_over(desk.market, COLLEAGUE, record.id, "")
        await handling.take_over(desk.market, COLLEAGUE, record.id, "休暇のため")
        await handling.put_back(desk.market, COLLEAGUE, record.id)
        assert await state_of(record) is DeskState.PREPARED
        entry = await AuditEntry.get(act="desk.take_over")
        assert (entry.actor, entry.reason, entry.subject) == (COLLEAGUE.person_id, "休暇のため", record.id)

    async def test_a_stranger_finds_nothing(self, desk):
        record = await a_frozen_application(desk)
        for stranger in (a_provider_person("prov_b"), AUDITOR):
            with pytest.raises(ApplicationNotFound):
                await handling.take(desk.market, stranger, record.id)


class TestTheActIsRecorded:
    async def test_only_for_what_was_read_and_not_ahead_of_time(self, desk):
        record = await a_frozen_application(desk)
        await handling.take(desk.market, OPERATOR, record.id)
        today = japan_date(desk.clock())
        for changes, refusal in (
            ({"seen": "0" * 64}, ApplicationChanged),
            ({"executed_on": today + timedelta(days=1)}, ActInFuture),
        ):
            facts = {"executed_on": today, "seen": record.fingerprint} | changes
            with pytest.raises(refusal):
                await handling.record_act(desk.market, OPERATOR, record.id, **facts)
        short = with_limits(desk, credit_user=3)
        with pytest.raises(FieldsTooLong):
            await handling.record_act(short, OPERATOR, record.id, executed_on=today, seen=record.fingerprint)

    async def test_and_taken_back_while_no_notice_is_there(self, desk):
        record = await an_executed_application(desk)
        with pytest.raises(ReasonMissing):
            await handling.undo_act(desk.market, OPERATOR, record.id, " ")
        await handling.undo_act(desk.market, OPERATOR, record.id, "押し間違い")
        back = await ApplicationRecord.get(id=record.id)
        assert (back.state, back.executed_on) == (DeskState.TAKEN, None)
        await handling.withdraw(desk.market, OPERATOR, record.id, "内容を見直す")
        assert await ItemRecord.filter(state=ItemState.WAITING, application_id__isnull=True).count() == 1
        assert (await ApplicationRecord.get(id=record.id)).as_frozen().tonnes == 3
        await done_at_the_registry(
            desk,
            await ApplicationRecord.get(id=await batches.freeze(desk.market, OPERATOR, (await batch_keys())[0])),
        )

    async def test_never_after_the_notice(self, desk):
        record = await an_executed_application(desk)
        await Entering(desk, record).enter()
        for step in (handling.undo_act, handling.withdraw, handling.refuse):
            with pytest.raises(MoveNotAllowed):
                await step(desk.market, OPERATOR, record.id, "遅すぎる")


class TestTheRegistryDoesNotAccept:
    async def test_the_orders_learn_why_and_get_their_money_back(self, desk):
        record = await an_executed_application(desk, listing=await a_listing(desk, tonnes=3))
        await handling.refuse(desk.market, OPERATOR, record.id, "口座が停止されている")
        await desk.work()
        retirement = await Retirement.get()
        assert (retirement.state, retirement.rejection_reason) == ("rejected", "口座が停止されている")
        order = await Order.get(id=retirement.order_id)
        assert order.state in {OrderState.REFUND_DUE, OrderState.REFUNDED}
        assert await Interval.filter(state=IntervalState.CANCELLED).count() == 0


class TestNobodyHasToRememberADeadline:
    async def test_one_reminder_before_and_one_alarm_after(self, desk):
        record = await a_frozen_application(desk)

        async def mails() -> set[tuple[str, str]]:
            await reminders.send_due(desk.market)
            return {(mail.message, mail.recipient) for mail in await Mail.filter(message__startswith="desk_")}

        assert await mails() == set()
        desk.clock.advance(record.due_at - desk.clock() - timedelta(hours=23))
        assert await mails() == {("desk_reminder", OPERATOR_MAIL)}
        desk.clock.advance(timedelta(hours=48))
        assert await mails() == {("desk_reminder", OPERATOR_MAIL), ("desk_alarm", OPERATOR_MAIL)}
        await mails()
        assert await Mail.filter(message__startswith="desk_").count() == 2
        await desk.work()
        assert await Mail.filter(message__startswith="desk_", state="waiting").count() == 0


class TestTheDatabaseRefuses:
    async def test_moves_that_are_not_drawn(self, desk):
        rows = await connections.get("default").execute_query_dict("SELECT * FROM state_move")
        for machine, moves in (("desk_application", ALLOWED_MOVES), ("desk_item", ITEM_MOVES)):
            drawn = {(row["from_state"], row["to_state"]) for row in rows if row["machine"] == machine}
            assert drawn == {(old.value, new.value) for old, targets in moves.items() for new in targets}

    async def test_to_rewrite_what_was_frozen_or_to_confirm_without_a_notice(self, desk):
        record = await an_executed_application(desk)
        for rule, statement in (
            ("desk_application_is_frozen", "UPDATE desk_application SET credit_user = 'x'"),
            ("desk_item_request_is_frozen", "UPDATE desk_item SET last_serial = last_serial + 1"),
            ("", "UPDATE desk_application SET state = 'confirmed', decided_at = executed_at, confirmed_by = 'x'"),
            (
                "desk_item_confirmed_with_notice",
                "UPDATE desk_item SET state = 'confirmed', confirmed_serials = '[]', decided_at = queued_at",
            ),
        ):
            await refused(rule, statement)
        await Entering(desk, record).enter()
        await refused("desk_application_is_final", "UPDATE desk_application SET notice_number = 'x'")
        await refused("desk_document_never_changes", "UPDATE desk_document SET sha256 = 'x'")
        await refused("desk_item", "DELETE FROM desk_item")

    async def test_another_document_for_a_notice_that_is_known(self, desk):
        record = await an_executed_application(desk)
        await Entering(desk, record).enter()
        await desk.work()
        await a_paid_order(desk, subject="別の会", listing=await a_listing(desk, provider="prov_b"))
        statement = (
            "UPDATE retirement SET state = 'confirmed', notice_number = '無-2026-0123', recorded_on = '2026-11-22', "
            "notice = '{}', notice_document = ?, notice_sha256 = 'other' WHERE state = 'submitted'"
        )
        await refused("retirement_same_notice_same_document", statement, b"other")

    async def test_the_tax_date_stays_the_day_that_was_typed(self, desk):
        record = await an_executed_application(desk)
        notice = await the_right_notice(desk, record)
        await Entering(desk, record).enter(recorded_on=notice.recorded_on)
        assert (await ApplicationRecord.get(id=record.id)).recorded_on == date(2026, 11, 22)


async def refused(rule: str, statement: str, *values: object) -> None:
    async def work(tx):
        await tx.execute_query(sql(tx, statement), list(values))

    with pytest.raises(REFUSED) as error:
        await run_tx(work)
    assert rule in str(error.value)
