"""The trail only grows, shows every change made to it by hand, and some acts need two people."""

import asyncio
import json
from datetime import timedelta

import pytest
from tortoise.exceptions import BaseORMException

from marketplace.accounts.actor import CONSOLE
from marketplace.accounts.roles import Role
from marketplace.audit import reading, second_person
from marketplace.audit import service as audit
from marketplace.audit.models import AuditEntry, Proposal
from marketplace.audit.reading import Wanted
from marketplace.audit.second_person import AlreadyProposed, ProposalNotOpen, SecondPersonNeeded
from marketplace.audit.service import BrokenChain, ReasonMissing
from marketplace.database.dialect import is_postgres, sql
from marketplace.database.transactions import run_tx
from tests.builders.market import SmallMarket
from tests.signed_in import an_actor


async def written(small: SmallMarket, *subjects: str) -> None:
    for subject in subjects:
        await run_tx(lambda tx, s=subject: audit.record(tx, CONSOLE, "test.done", s, "why", {"n": 1}, at=small.clock()))


async def execute(statement: str, *, past_the_triggers: bool = False) -> None:
    """As somebody with full rights on the database would, if need be with the triggers out of the way."""

    async def work(tx) -> None:
        if past_the_triggers and is_postgres(tx):
            await tx.execute_query("SET LOCAL session_replication_role = replica")
        elif past_the_triggers:
            for name in ("never_changes", "never_vanishes", "continues"):
                await tx.execute_query(f"DROP TRIGGER audit_entry_{name}")
        await tx.execute_query(sql(tx, statement))

    await run_tx(work)


class TestTheTrail:
    async def test_holds_who_did_what_to_what_and_why(self, small):
        await written(small, "ord_1")
        entry = await AuditEntry.get()
        assert (entry.position, entry.actor, entry.act, entry.subject, entry.reason, json.loads(entry.detail)) == (
            *(1, "console", "test.done", "ord_1", "why"),
            {"n": 1},
        )
        assert await audit.verify() == []

    async def test_vanishes_with_the_transaction_that_failed(self, small):
        async def work(tx):
            await audit.record(tx, CONSOLE, "test.done", "x", None, {}, at=small.clock())
            raise KeyError("after")

        with pytest.raises(KeyError):
            await run_tx(work)
        assert await AuditEntry.all().count() == 0

    async def test_stays_one_chain_when_many_write_at_once(self, small):
        await asyncio.gather(*(written(small, f"x_{n}") for n in range(20)))
        assert await AuditEntry.all().count() == 20
        assert await audit.verify() == []

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE audit_entry SET reason = 'another'",
            "DELETE FROM audit_entry WHERE position = 2",
            "INSERT INTO audit_entry (position, at, actor, act, subject, detail, previous, seal) "
            "SELECT 9, at, actor, act, subject, detail, seal, 'made up' FROM audit_entry WHERE position = 3",
            "INSERT INTO audit_entry (position, at, actor, act, subject, detail, previous, seal) "
            "SELECT 4, at, actor, act, subject, detail, 'made up', 'made up too' FROM audit_entry WHERE position = 3",
        ],
    )
    async def test_cannot_be_changed(self, small, statement):
        await written(small, "a", "b", "c")
        with pytest.raises(BaseORMException, match="audit_entry"):
            await execute(statement)
        assert await audit.verify() == []

    @pytest.mark.parametrize(
        ("statement", "found"),
        [
            ("UPDATE audit_entry SET reason = 'another' WHERE position = 2", [BrokenChain(2, "seal")]),
            ("UPDATE audit_entry SET actor = 'somebody' WHERE position = 1", [BrokenChain(1, "seal")]),
            ("DELETE FROM audit_entry WHERE position = 2", [BrokenChain(3, "gap")]),
            ("DELETE FROM audit_entry WHERE position = 1", [BrokenChain(2, "gap")]),
        ],
    )
    async def test_shows_it_when_somebody_went_past_the_rules(self, small, statement, found):
        await written(small, "a", "b", "c")
        await execute(statement, past_the_triggers=True)
        assert await audit.verify() == found

    async def test_can_be_taken_along_and_is_harmless_in_a_spreadsheet(self, small):
        await run_tx(lambda tx: audit.record(tx, CONSOLE, "test.done", "x", "=1+1", {}, at=small.clock()))
        (line,) = [json.loads(line) async for line in reading.as_json_lines()]
        assert (line["reason"], line["seal"]) == ("=1+1", await audit.newest_seal())
        head, row = [line async for line in reading.as_csv()]
        assert head.startswith("position,at,actor")
        assert ",'=1+1," in row

    async def test_can_be_narrowed_and_read_page_by_page(self, small):
        await written(small, "a", "b", "a")
        assert [one.entry.position for one in await reading.page(Wanted(subject="a"), limit=9)] == [3, 1]
        assert [one.entry.position for one in await reading.page(Wanted(), limit=1, before=3)] == [2]


ACT = "test.pay"


@pytest.fixture
async def first(small):
    return await an_actor(small, Role.OPERATOR, email="first@ashiato.example")


@pytest.fixture
async def second(small):
    return await an_actor(small, Role.OPERATOR, email="second@ashiato.example")


async def propose(small, actor, subject="pay_1", reason="due"):
    return await run_tx(
        lambda tx: second_person.propose(tx, actor, ACT, subject, reason, {"yen": 100}, at=small.clock())
    )


async def approve(small, actor, proposal):
    return await run_tx(lambda tx: second_person.approve(tx, actor, proposal.id, act=ACT, at=small.clock()))


async def refuse(small, actor, proposal, reason="no"):
    return await run_tx(lambda tx: second_person.refuse(tx, actor, proposal.id, reason, act=ACT, at=small.clock()))


class TestASecondPerson:
    async def test_approves_what_the_first_one_proposed(self, small, first, second):
        approved = await approve(small, second, await propose(small, first))
        assert (approved.state, approved.decided_by, approved.detail) == ("approved", second.person_id, '{"yen": 100}')
        acts = [entry.act for entry in await AuditEntry.all().order_by("position")]
        assert acts == ["test.pay.proposed", "test.pay.approved"]

    async def test_is_never_the_first_one_even_by_hand(self, small, first):
        proposal = await propose(small, first)
        with pytest.raises(SecondPersonNeeded):
            await approve(small, first, proposal)
        with pytest.raises(BaseORMException, match=r"two_persons|CHECK"):
            await execute("UPDATE proposal SET state = 'approved', decided_by = proposed_by, decided_at = proposed_at")

    async def test_decides_once_even_when_two_press_at_once(self, small, first, second):
        third = await an_actor(small, Role.OPERATOR, email="third@ashiato.example")
        proposal = await propose(small, first)
        outcomes = await asyncio.gather(
            approve(small, second, proposal), approve(small, third, proposal), return_exceptions=True
        )
        assert [type(one) for one in outcomes if isinstance(one, Exception)] == [ProposalNotOpen]

    async def test_may_refuse_and_the_first_may_take_it_back_both_with_a_reason(self, small, first, second):
        proposal = await propose(small, first)
        with pytest.raises(ReasonMissing):
            await refuse(small, second, proposal, reason=" ")
        await refuse(small, second, proposal)
        await refuse(small, first, await propose(small, first))
        with pytest.raises(ProposalNotOpen):
            await approve(small, second, proposal)

    async def test_has_three_days(self, small, first, second):
        proposal = await propose(small, first)
        small.clock.advance(second_person.LASTS)
        with pytest.raises(ProposalNotOpen):
            await approve(small, second, proposal)
        await second_person.expire(small.clock)
        assert (await Proposal.get(id=proposal.id)).state == "expired"
        await propose(small, first)

    async def test_is_asked_once_per_act_and_subject_and_with_a_reason(self, small, first, second):
        await propose(small, first)
        with pytest.raises(AlreadyProposed):
            await propose(small, second)
        with pytest.raises(ReasonMissing):
            await propose(small, first, subject="pay_2", reason="")
        await propose(small, first, subject="pay_3")
        small.clock.advance(timedelta(hours=1))
        assert [one.subject for one in await second_person.waiting(ACT, now=small.clock())] == ["pay_1", "pay_3"]

    async def test_approves_only_the_act_that_the_caller_means_and_nothing_that_was_altered(self, small, first, second):
        proposal = await propose(small, first)
        with pytest.raises(ProposalNotOpen):
            await run_tx(lambda tx: second_person.approve(tx, second, proposal.id, act="test.other", at=small.clock()))
        with pytest.raises(BaseORMException, match="proposal_is_frozen"):
            await execute("UPDATE proposal SET detail = '{}'")
        with pytest.raises(BaseORMException, match="proposal_never_vanishes"):
            await execute("DELETE FROM proposal")
