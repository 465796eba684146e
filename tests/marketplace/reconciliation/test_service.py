"""Our books against the registry's, day by day: a difference becomes a case, and nothing is mended by itself."""

from datetime import UTC, datetime, timedelta

import pytest
from tortoise.exceptions import BaseORMException

from marketplace.accounts.actor import CONSOLE, Actor
from marketplace.accounts.roles import Role
from marketplace.audit.models import AuditEntry
from marketplace.audit.service import ReasonMissing
from marketplace.inventory.models import Block, Interval
from marketplace.inventory.serials import SerialRange
from marketplace.listings.models import Listing
from marketplace.mail.models import Mail
from marketplace.outbox.models import Job
from marketplace.reconciliation import cases, service
from marketplace.reconciliation.cases import CaseChanged
from marketplace.reconciliation.models import CaseNote, CaseRecord, CaseState, ComparisonRecord
from marketplace.registries.gateway import HoldingReport, RegistryUnreachable, RequestRefused
from marketplace.registries.reconciliation import CaseCode, RecordedCancellation
from tests.builders.market import a_listing, an_order

ACCOUNT = "ACC-prov_a"
OTHER = Actor("per_other", "", "", None, None, frozenset({Role.OPERATOR}))


async def stocked(small, tonnes=10) -> str:
    """A block on the account, and the registry says the same; returns the registry's name of the block."""
    await a_listing(small, tonnes=tonnes)
    block = (await Block.all().order_by("-id").first()).certification_number
    small.registry.held = [HoldingReport(ACCOUNT, block, SerialRange(1, tonnes))]
    return block


async def compare(small):
    return await service.compare_with_registry(small.market, "jcredit", ACCOUNT)


async def codes() -> list[tuple[str, str]]:
    return [(case.code, case.state) for case in await CaseRecord.all().order_by("gravity", "first_serial")]


class TestBooksThatAgreeMakeNoCase:
    async def test_untouched_units(self, small):
        await stocked(small)
        assert await compare(small) == service.Found((), 0)
        run = await ComparisonRecord.get()
        assert (run.state, run.source, run.differences) == ("compared", "gateway", 0)

    async def test_cancelled_units_that_the_registry_holds_no_more(self, small):
        await a_listing(small, tonnes=10)
        block = (await Block.get()).certification_number
        order = await an_order(small, await _only_listing(), tonnes=4)
        await small.deliver(small.payments.pay(order.checkout_session))
        await small.work()
        small.registry.held = [HoldingReport(ACCOUNT, block, SerialRange(5, 10))]
        assert (await compare(small)).cases == ()

    async def test_a_cancellation_that_is_confirmed_while_the_registry_is_read(self, small):
        """Our first look says held, the registry says gone, our second look says cancelled: no difference."""
        await a_listing(small, tonnes=10)
        block = (await Block.get()).certification_number
        order = await an_order(small, await _only_listing(), tonnes=4)
        read = small.registry.holdings

        async def read_slowly(account):
            await small.deliver(small.payments.pay(order.checkout_session))
            await small.work()
            return await read(account)

        small.registry.holdings = read_slowly
        small.registry.held = [HoldingReport(ACCOUNT, block, SerialRange(5, 10))]
        assert (await compare(small)).cases == ()


class TestADifferenceBecomesACase:
    async def test_units_that_are_gone(self, small):
        block = await stocked(small)
        small.registry.held = [HoldingReport(ACCOUNT, block, SerialRange(1, 7))]
        found = await compare(small)
        assert (len(found.cases), found.new) == (1, 1)
        case = await CaseRecord.get()
        assert (case.code, case.first_serial, case.last_serial) == (CaseCode.GONE_FROM_ACCOUNT, 8, 10)
        assert [interval.state for interval in await Interval.all()] == ["available"], "nothing is mended"

    async def test_certified_units_that_are_still_there_are_the_gravest(self, small):
        await a_listing(small, tonnes=10)
        block = (await Block.get()).certification_number
        order = await an_order(small, await _only_listing(), tonnes=4)
        await small.deliver(small.payments.pay(order.checkout_session))
        await small.work()
        small.registry.held = [HoldingReport(ACCOUNT, block, SerialRange(1, 9))]
        await compare(small)
        assert await codes() == [
            (CaseCode.CERTIFIED_BUT_STILL_HELD, CaseState.OPEN),
            (CaseCode.GONE_FROM_ACCOUNT, CaseState.OPEN),
        ]

    async def test_the_same_difference_tomorrow_is_the_same_case(self, small):
        block = await stocked(small)
        small.registry.held = [HoldingReport(ACCOUNT, block, SerialRange(1, 7))]
        await compare(small)
        small.clock.advance(timedelta(days=1))
        assert (await compare(small)).new == 0
        case = await CaseRecord.get()
        assert case.last_seen - case.first_seen == timedelta(days=1)

    async def test_operators_hear_of_new_ones_once(self, small):
        block = await stocked(small)
        small.registry.held = [HoldingReport(ACCOUNT, block, SerialRange(1, 7))]
        for _ in range(2):
            await compare(small)
        await small.work()
        assert [mail.message for mail in await Mail.all()] == ["operator_differences"]

    async def test_one_that_is_gone_is_noted_and_one_that_is_back_opens_again(self, small):
        block = await stocked(small)
        whole, less = small.registry.held, [HoldingReport(ACCOUNT, block, SerialRange(1, 7))]
        for held in (less, whole, less):
            small.registry.held = held
            await compare(small)
        assert await codes() == [(CaseCode.GONE_FROM_ACCOUNT, CaseState.OPEN)]
        assert [note.act for note in await CaseNote.all().order_by("id")] == ["found", "gone", "found_again"]


class TestARegistryThatCannotBeRead:
    async def test_by_machine_is_noted_as_not_compared(self, small):
        await stocked(small)
        small.registry.held = RequestRefused(501, "holdings_are_imported", None)
        assert await compare(small) is None
        run = await ComparisonRecord.get()
        assert (run.state, run.reason) == ("not_compared", "holdings_are_imported")

    async def test_now_is_tried_again(self, small):
        await stocked(small)
        small.registry.held = RegistryUnreachable("closed")
        with pytest.raises(RegistryUnreachable):
            await compare(small)
        assert not await ComparisonRecord.exists()

    async def test_is_compared_with_a_list_that_a_person_saved(self, small):
        block = await stocked(small)
        found = await service.compare_with_list(
            small.market,
            "jcredit",
            ACCOUNT,
            [HoldingReport(ACCOUNT, block, SerialRange(1, 9)), HoldingReport("another", block, SerialRange(10, 10))],
            [RecordedCancellation(ACCOUNT, block, SerialRange(10, 10))],
        )
        assert [case.code for case in found.cases] == [CaseCode.CANCELLED_WITHOUT_US]
        assert (await ComparisonRecord.get()).source == "list"


class TestEveryDay:
    async def test_once_from_six_in_the_morning_in_japan(self, small):
        await stocked(small)
        small.clock.now = datetime(2026, 11, 22, 20, 59, tzinfo=UTC)
        await service.enqueue_daily(small.market)
        assert not await Job.exists()
        small.clock.advance(timedelta(minutes=2))
        for _ in range(3):
            await service.enqueue_daily(small.market)
            await small.work()
        assert await ComparisonRecord.all().count() == 1
        small.clock.advance(timedelta(days=1))
        await service.enqueue_daily(small.market)
        await small.work()
        assert await ComparisonRecord.all().count() == 2


class TestWhatPeopleDo:
    async def a_case(self, small) -> str:
        block = await stocked(small)
        small.registry.held = [HoldingReport(ACCOUNT, block, SerialRange(1, 7))]
        await compare(small)
        return (await CaseRecord.get()).key

    async def test_taken_and_explained_with_every_step_noted_and_audited(self, small):
        key = await self.a_case(small)
        await cases.take(small.market, CONSOLE, key)
        await cases.add_note(small.market, OTHER, key, "seen it too")
        await cases.explain(small.market, CONSOLE, key, "moved by its provider")
        found = await cases.file_of(key)
        assert (found.case.state, found.case.owner) == (CaseState.EXPLAINED, CONSOLE.person_id)
        assert [note.act for note in found.notes] == ["found", "taken", "noted", "explained"]
        assert await AuditEntry.filter(subject=key).count() == 3

    async def test_only_its_owner_closes_it_or_gives_it_back(self, small):
        key = await self.a_case(small)
        await cases.take(small.market, CONSOLE, key)
        for act in (cases.take, cases.explain, cases.give_back):
            with pytest.raises(CaseChanged):
                await act(small.market, OTHER, key, "mine")
        await cases.give_back(small.market, CONSOLE, key, "on leave")
        await cases.take(small.market, OTHER, key)

    async def test_nobody_closes_it_without_a_word(self, small):
        key = await self.a_case(small)
        await cases.take(small.market, CONSOLE, key)
        with pytest.raises(ReasonMissing):
            await cases.explain(small.market, CONSOLE, key, "  ")
        with pytest.raises(BaseORMException, match="reconciliation_case_moves"):
            await CaseRecord.filter(key=key).update(state="explained_away")
        with pytest.raises(BaseORMException, match="reconciliation_note_never_changes"):
            await CaseNote.all().update(text="nothing happened")


async def _only_listing():

    return await Listing.get()
