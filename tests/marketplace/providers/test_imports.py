import asyncio
from datetime import timedelta

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from marketplace.accounts.actor import Actor
from marketplace.accounts.roles import Role
from marketplace.audit import service as audit
from marketplace.audit.models import AuditEntry
from marketplace.inventory import service as inventory
from marketplace.inventory.models import Block, Holding, Provider, RegistryAccount
from marketplace.outbox.models import Job
from marketplace.providers import import_jobs, imports
from marketplace.providers.errors import AccountNotFound, CheckedListGone
from marketplace.providers.import_jobs import ListState
from marketplace.providers.imports import account_of
from marketplace.providers.models import HoldingImport
from offset_calc.tabular import TableRefused
from tests.marketplace.providers.test_holding_list import FOREST, HEAD

SELLER = Actor("per_1", "seller", "seller@example.com", "org_1", "prov_a", frozenset({Role.PROVIDER}))


async def an_account(provider: str = "prov_a", number: str = "100") -> RegistryAccount:
    await Provider.get_or_create({"name_ja": "供給者", "name_en": "Provider", "invented": True}, id=provider)
    await RegistryAccount.create(id=f"acc_{number}", registry="jcredit", number=number, provider_id=provider)
    return await account_of(provider, f"acc_{number}")


async def checked(small, account, *rows):
    content = "\n".join([HEAD, *rows]).encode()
    return await imports.check(SELLER, account, content, file_name="list.csv", clock=small.clock)


async def bring_in(small, account, *rows):
    _, checked_id = await checked(small, account, *rows)
    return await imports.bring_in(SELLER, account, checked_id, clock=small.clock)


class TestACheck:
    async def test_says_what_would_happen_and_does_nothing(self, small):
        report, _ = await checked(small, await an_account(), FOREST)
        assert (len(report.new), report.tonnes) == (1, 120)
        assert not await Block.exists()
        assert not await HoldingImport.exists()

    async def test_serves_one_import(self, small):
        account = await an_account()
        _, checked_id = await checked(small, account, FOREST)
        answers = await asyncio.gather(
            *(imports.bring_in(SELLER, account, checked_id, clock=small.clock) for _ in range(3)),
            return_exceptions=True,
        )
        assert sorted(isinstance(answer, CheckedListGone) for answer in answers) == [False, True, True]

    async def test_is_kept_for_a_day(self, small):
        account = await an_account()
        _, checked_id = await checked(small, account, FOREST)
        small.clock.advance(timedelta(hours=25))
        assert await imports.forget_unused(small.clock) == 1
        with pytest.raises(CheckedListGone):
            await imports.bring_in(SELLER, account, checked_id, clock=small.clock)

    async def test_of_another_account_is_not_found(self, small):
        _, checked_id = await checked(small, await an_account(), FOREST)
        with pytest.raises(CheckedListGone):
            await imports.bring_in(SELLER, await an_account("prov_b", "200"), checked_id, clock=small.clock)

    async def test_of_more_rows_than_one_transaction_takes_is_refused(self, small, monkeypatch):
        monkeypatch.setattr(imports, "MOST_ROWS", 1)
        account = await an_account()
        await checked(small, account, FOREST)
        with pytest.raises(TableRefused) as refused:
            await checked(small, account, FOREST, FOREST)
        assert refused.value.reason == "too_many_rows"
        assert refused.value.params["most"] == 1


class TestAListThatAWorkerBringsIn:
    async def test_is_brought_in_once_however_often_it_is_asked_for(self, small):
        account = await an_account()
        _, list_id = await checked(small, account, FOREST)
        for _ in range(2):
            await import_jobs.ask(SELLER, list_id, clock=small.clock)
        assert (await import_jobs.standing_of("prov_a", list_id)).state is ListState.WAITING
        await small.work()
        await Job.filter(kind=imports.BRING_IN).update(done_at=None)
        await small.work()
        assert (await import_jobs.standing_of("prov_a", list_id)).state is ListState.DONE
        assert await Block.all().count() == 1
        assert [entry.actor for entry in await AuditEntry.all()] == ["per_1"]

    async def test_is_kept_until_it_is_brought_in(self, small):
        account = await an_account()
        _, list_id = await checked(small, account, FOREST)
        await import_jobs.ask(SELLER, list_id, clock=small.clock)
        small.clock.advance(timedelta(days=3))
        assert await imports.forget_unused(small.clock) == 0
        await small.work()
        assert await Block.exists()

    async def test_of_another_provider_is_not_found(self, small):
        _, list_id = await checked(small, await an_account(), FOREST)
        await an_account("prov_b", "200")
        with pytest.raises(CheckedListGone):
            await import_jobs.standing_of("prov_b", list_id)


class TestAnImport:
    async def test_puts_the_block_on_the_books_but_not_on_sale(self, small):
        report = await bring_in(small, await an_account(), FOREST)
        block = await Block.get()
        assert (len(report.new), block.size, block.scheme_symbol, block.credit_symbol) == (1, 120, "JC", "FM")
        holding = await Holding.get()
        assert await inventory.free_tonnes(holding.id) == 120
        assert (await HoldingImport.get()).new_rows == 1

    async def test_is_in_the_audit_trail(self, small):
        account = await an_account()
        await bring_in(small, account, FOREST)
        entry = await AuditEntry.get()
        assert (entry.actor, entry.act, entry.subject) == ("per_1", "holdings.imported", account.id)
        assert await audit.verify() == []

    async def test_of_the_same_rows_counts_once(self, small):
        account = await an_account()
        await bring_in(small, account, FOREST)
        again = await bring_in(small, account, FOREST)
        assert (len(again.new), len(again.known), len(again.refused)) == (0, 1, 0)
        assert await Block.all().count() == 1

    async def test_at_the_same_moment_counts_once(self, small):
        account = await an_account()
        reports = await asyncio.gather(*(bring_in(small, account, FOREST) for _ in range(4)))
        assert sorted(len(report.new) for report in reports) == [0, 0, 0, 1]
        assert await Block.all().count() == 1

    async def test_a_row_that_overlaps_the_books_names_the_block(self, small):
        account = await an_account()
        await bring_in(small, account, FOREST)
        longer = FOREST.replace("C-1", "C-9").replace("000120,120", "000121,121")
        other = FOREST.replace("C-1", "C-2").replace("JC-000", "JC-777")
        report = await bring_in(small, account, longer, other)
        ((_, (fault,)),) = report.refused
        assert (fault.row, fault.code) == (2, "serials_on_the_books")
        assert fault.params == {"certification": "C-1", "first": "JC-000-000001", "last": "JC-000-000120"}
        assert len(report.new) == 1

    async def test_the_same_serials_with_other_facts_are_refused(self, small):
        account = await an_account()
        await bring_in(small, account, FOREST)
        report = await bring_in(small, account, FOREST.replace("FY2023", "FY2022"))
        assert [fault.code for _, (fault,) in report.refused] == ["serials_on_the_books"]

    async def test_what_another_provider_holds_is_refused(self, small):
        await bring_in(small, await an_account(), FOREST)
        report = await bring_in(small, await an_account("prov_b", "200"), FOREST)
        assert [fault.code for _, (fault,) in report.refused] == ["serials_on_the_books"]

    async def test_two_providers_at_the_same_moment_do_not_both_get_them(self, small):
        one, other = await an_account(), await an_account("prov_b", "200")
        reports = await asyncio.gather(bring_in(small, one, FOREST), bring_in(small, other, FOREST))
        assert sorted(len(report.new) for report in reports) == [0, 1]
        assert await Block.all().count() == 1


class TestAnAccount:
    async def test_of_another_provider_does_not_exist(self, small):
        await an_account("prov_b", "200")
        with pytest.raises(AccountNotFound):
            await account_of("prov_a", "acc_200")


class TestTheFactsOfABlock:
    async def test_cannot_be_rewritten(self, small):
        await bring_in(small, await an_account(), FOREST)
        with pytest.raises((IntegrityError, OperationalError), match="block_facts_never_change"):
            await Block.all().update(mwh="1")
