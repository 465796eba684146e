"""Money paid ahead is on the balance once it has arrived, once, and never beyond what the operator keeps."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from tortoise.exceptions import BaseORMException

from marketplace import invariants
from marketplace.accounts.roles import Role
from marketplace.deposits import service as deposits
from marketplace.deposits.errors import DepositsNotTaken, DepositTooLarge, DepositTooSmall
from marketplace.deposits.models import Deposit, DepositState
from marketplace.ledger import balance, check
from marketplace.orders import service as orders
from marketplace.orders.settlement import PaymentDiffers
from marketplace.orders.states import OrderState
from marketplace.payments.gateway import PaymentMethod
from tests.builders.market import a_listing, a_quote, a_wish
from tests.signed_in import an_actor

REFUSED = (BaseORMException, asyncpg.PostgresError)


async def a_deposit(small, owner, yen: int = 30_000) -> Deposit:
    begun = await deposits.begin(small.market, owner, yen, locale="ja")
    return await deposits.open_checkout(small.market, begun.id)


async def state_of(deposit: Deposit) -> str:
    return (await Deposit.get(id=deposit.id)).state


class TestPaidMoney:
    async def test_is_on_the_balance_once_however_often_it_is_told(self, small):
        owner = await an_actor(small, Role.OWNER)
        deposit = await a_deposit(small, owner)
        assert await balance.balance_of(owner.organisation_id) == 0
        event = small.payments.pay(deposit.checkout_session)
        for _ in range(3):
            await small.deliver(event)
        await small.work()
        await small.work()
        assert await balance.balance_of(owner.organisation_id) == 30_000
        assert await invariants.violations() == []
        assert check.findings_of(await check.run(small.market)) == []

    async def test_pays_an_order_at_once(self, small):
        owner = await an_actor(small, Role.OWNER)
        small.payments.pay((await a_deposit(small, owner)).checkout_session)
        await small.work()
        await deposits.follow(small.market, next(iter(small.payments.sessions.values())))
        quote = await a_quote(small, await a_listing(small))
        order = await orders.place(small.market, replace(a_wish(quote), buyer=owner, pay_from_balance=True))
        assert order.state == OrderState.PAID
        assert await balance.balance_of(owner.organisation_id) == 30_000 - order.total_yen

    async def test_of_another_amount_is_for_a_person_to_look_at(self, small):
        owner = await an_actor(small, Role.OWNER)
        deposit = await a_deposit(small, owner)
        small.payments.pay(deposit.checkout_session)
        told = replace(small.payments.sessions[deposit.checkout_session], amount=29_999)
        with pytest.raises(PaymentDiffers):
            await deposits.follow(small.market, told)
        assert await balance.balance_of(owner.organisation_id) == 0


class TestPromisedMoney:
    async def test_counts_when_it_arrives_also_after_its_time(self, small):
        owner = await an_actor(small, Role.OWNER)
        deposit = await a_deposit(small, owner)
        session = deposit.checkout_session
        await small.deliver(small.payments.promise(session, PaymentMethod.BANK_TRANSFER))
        await small.work()
        assert (await Deposit.get(id=deposit.id)).pay_until > deposit.pay_until
        assert await balance.balance_of(owner.organisation_id) == 0
        small.clock.advance(timedelta(days=9))
        await deposits.enqueue_overdue(small.market)
        await small.work()
        assert await state_of(deposit) == DepositState.LAPSED
        await small.deliver(small.payments.arrive(session))
        await small.work()
        assert await state_of(deposit) == DepositState.PAID
        assert await balance.balance_of(owner.organisation_id) == 30_000

    async def test_that_never_comes_frees_the_room(self, small):
        owner = await an_actor(small, Role.OWNER)
        deposit = await a_deposit(small, owner, small.market.terms.balance_most_yen)
        assert await deposits.room_of(small.market, owner.organisation_id) == 0
        small.clock.advance(timedelta(hours=2))
        await deposits.enqueue_overdue(small.market)
        await small.work()
        assert await state_of(deposit) == DepositState.LAPSED
        assert await deposits.room_of(small.market, owner.organisation_id) == small.market.terms.balance_most_yen


class TestTheSameNumber:
    async def test_is_the_same_deposit_however_many_begin_it_at_once(self, small):
        owner = await an_actor(small, Role.OWNER)
        begun = await asyncio.gather(
            *(deposits.begin(small.market, owner, 30_000, locale="ja", external_id="number-1") for _ in range(8))
        )
        assert len({deposit.id for deposit in begun}) == await Deposit.all().count() == 1
        with pytest.raises(REFUSED):
            await Deposit.filter(id=begun[0].id).update(external_id="number-2")

    async def test_of_another_organisation_is_another_one(self, small):
        for email in ("one@ashiato.example", "other@ashiato.example"):
            owner = await an_actor(small, Role.OWNER, email=email)
            await deposits.begin(small.market, owner, 30_000, locale="ja", external_id="number-1")
        assert await Deposit.all().count() == 2


class TestRefusals:
    async def test_less_than_the_provider_takes_and_more_than_the_operator_keeps(self, small):
        owner = await an_actor(small, Role.OWNER)
        most = small.market.terms.balance_most_yen
        with pytest.raises(DepositTooSmall):
            await deposits.begin(small.market, owner, 49, locale="ja")
        await deposits.begin(small.market, owner, most - 100, locale="ja")
        with pytest.raises(DepositTooLarge) as refused:
            await deposits.begin(small.market, owner, 101, locale="ja")
        assert refused.value.params == {"most_yen": most, "room_yen": 100}
        await deposits.begin(small.market, owner, 100, locale="ja")

    async def test_two_at_once_share_the_room(self, small):
        owner = await an_actor(small, Role.OWNER)
        most = small.market.terms.balance_most_yen
        outcomes = await asyncio.gather(
            *(deposits.begin(small.market, owner, most, locale="ja") for _ in range(4)), return_exceptions=True
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Deposit", *["DepositTooLarge"] * 3]

    async def test_where_the_operator_takes_none(self, small):
        closed = replace(small.market, terms=replace(small.market.terms, balance_most_yen=0))
        with pytest.raises(DepositsNotTaken):
            await deposits.begin(closed, await an_actor(small, Role.OWNER), 1_000, locale="ja")

    async def test_the_database_keeps_what_was_taken_in(self, small):
        deposit = await a_deposit(small, await an_actor(small, Role.OWNER))
        small.payments.pay(deposit.checkout_session)
        await deposits.follow(small.market, small.payments.sessions[deposit.checkout_session])
        for change in (
            lambda: Deposit.filter(id=deposit.id).update(amount_yen=1),
            lambda: Deposit.filter(id=deposit.id).update(state=DepositState.LAPSED),
            lambda: Deposit.filter(id=deposit.id).delete(),
        ):
            with pytest.raises(REFUSED):
                await change()
