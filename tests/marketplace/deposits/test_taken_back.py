"""A deposit or a gift that is refunded or disputed at the provider: booked once, paid by the balance as far as it can."""

import pytest
from tortoise.exceptions import BaseORMException

from marketplace import invariants
from marketplace.accounts.roles import Role
from marketplace.ledger import balance, check
from marketplace.ledger import service as ledger
from marketplace.mail.models import Mail
from marketplace.payments.gateway import DisputeState
from marketplace.plans import changes
from marketplace.plans import service as plans
from marketplace.plans.states import PlanState
from marketplace.taken_back import service as taken_back
from marketplace.taken_back.models import TakenBack, TakenState
from tests.builders.market import a_listing
from tests.builders.plans import settled
from tests.builders.pools import with_pools
from tests.marketplace.deposits.test_deposits import a_deposit
from tests.marketplace.plans.test_plan_gifts import a_month_later, a_paid_gift
from tests.signed_in import an_actor

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def a_paid_deposit(small, yen: int = 30_000, spent: int = 0):
    """The owner and the provider's number of the payment; `spent` of it has gone to something else."""
    owner = await an_actor(small, Role.OWNER)
    deposit = await a_deposit(small, owner, yen)
    await small.deliver(small.payments.pay(deposit.checkout_session))
    await small.work()
    if spent:
        posted = {ledger.buyer_balance_account(owner.organisation_id): spent, ledger.FEE: -spent}
        await ledger.book("spent", posted, order_id=None, at=small.clock())
    return owner.organisation_id, f"pi_{deposit.checkout_session}"


async def tell(small, event) -> None:
    for _ in range(2):
        await small.deliver(event)
    await small.work()


async def books(organisation_id: str) -> tuple[int, int, int]:
    """What the balance, the money at the provider and our losses are."""
    assert await invariants.violations() == []
    return (
        await balance.balance_of(organisation_id),
        await ledger.balance(ledger.CLEARING),
        await ledger.balance(ledger.LOSS),
    )


class TestARefundOfADeposit:
    async def test_on_the_providers_pages_comes_off_the_balance_once(self, small):
        organisation_id, payment = await a_paid_deposit(small)
        await tell(small, small.payments.refund_by_hand(payment, 10_000))
        assert await books(organisation_id) == (20_000, 20_000, 0)
        assert check.findings_of(await check.run(small.market)) == []
        (mail,) = await Mail.filter(message="balance_taken_back")
        assert "10,000" in mail.body

    async def test_takes_no_more_than_is_there_and_the_rest_is_our_loss(self, small):
        organisation_id, payment = await a_paid_deposit(small, spent=25_000)
        await tell(small, small.payments.refund_by_hand(payment, 30_000))
        assert await books(organisation_id) == (0, 0, 25_000)
        assert check.findings_of(await check.run(small.market)) == []
        (told,) = await Mail.filter(message="operator_taken_back")
        assert "25,000" in told.body

    @on_sqlite
    async def test_that_is_told_before_the_deposit_is_booked_waits_for_it(self, small):
        owner = await an_actor(small, Role.OWNER)
        deposit = await a_deposit(small, owner)
        paid = small.payments.pay(deposit.checkout_session)
        await tell(small, small.payments.refund_by_hand(f"pi_{deposit.checkout_session}", 30_000))
        await tell(small, paid)
        assert await books(owner.organisation_id) == (0, 0, 0)


class TestADisputeOfADeposit:
    @pytest.mark.parametrize(
        ("decided", "after"),
        [(DisputeState.WON, (5_000, 30_000, 0)), (DisputeState.LOST, (0, 0, 25_000))],
    )
    async def test_withholds_what_is_there_until_it_is_decided(self, small, decided, after):
        organisation_id, payment = await a_paid_deposit(small, spent=25_000)
        event = small.payments.object_to(payment, 30_000)
        await tell(small, event)
        assert await books(organisation_id) == (0, 0, 0)
        assert await ledger.balance(ledger.dispute_account(event.object_id)) == 25_000
        await tell(small, small.payments.decide_dispute(event.object_id, decided))
        assert await books(organisation_id) == after
        assert check.findings_of(await check.run(small.market)) == []

    @on_sqlite
    async def test_that_only_asks_takes_nothing(self, small):
        organisation_id, payment = await a_paid_deposit(small)
        await tell(small, small.payments.object_to(payment, 30_000, DisputeState.INQUIRY))
        assert await books(organisation_id) == (30_000, 30_000, 0)
        assert await taken_back.of_balance(organisation_id) == []

    @on_sqlite
    async def test_may_still_be_won_after_it_was_lost(self, small):
        organisation_id, payment = await a_paid_deposit(small)
        event = small.payments.object_to(payment, 30_000, DisputeState.LOST)
        await tell(small, event)
        assert await books(organisation_id) == (0, 0, 0)
        await tell(small, small.payments.decide_dispute(event.object_id, DisputeState.WON))
        assert await books(organisation_id) == (30_000, 30_000, 0)


@on_sqlite
class TestADisputeOfAGift:
    @pytest.fixture
    async def gift(self, small):
        return await a_paid_gift(with_pools(small), await a_listing(small, tonnes=20))

    async def test_ends_it_and_covers_no_further_month(self, small, gift):
        event = small.payments.object_to(f"pi_{gift.checkout_session}", 3 * 584)
        await tell(small, event)
        await a_month_later(small)
        ended = await plans.find(gift.id)
        assert (ended.state, ended.ended_because) == (PlanState.ENDED, "provider")
        assert await balance.balance_of(gift.id) == 0
        await tell(small, small.payments.decide_dispute(event.object_id, DisputeState.LOST))
        assert await ledger.balance(ledger.LOSS) == 584
        assert check.findings_of(await check.run(small.market)) == []

    async def test_that_is_won_gives_the_rest_back_to_the_giver(self, small, gift):
        event = small.payments.object_to(f"pi_{gift.checkout_session}", 3 * 584)
        await tell(small, event)
        await a_month_later(small)
        await tell(small, small.payments.decide_dispute(event.object_id, DisputeState.WON))
        await a_month_later(small)
        assert [refund.amount for refund in small.payments.refunds.values()] == [2 * 584]
        assert await balance.balance_of(gift.id) == await ledger.balance(ledger.LOSS) == 0
        assert check.findings_of(await check.run(small.market)) == []

    async def test_our_own_return_of_the_rest_is_not_booked_again(self, small, gift):
        await changes.cancel(small.market, gift.id)
        await a_month_later(small)
        (ours,) = small.payments.refunds.values()
        await tell(small, small.payments._event("refund.updated", ours.id))
        await settled(small)
        assert await TakenBack.all().count() == 0
        assert check.findings_of(await check.run(small.market)) == []


class TestWhatWasTakenBack:
    @on_sqlite
    async def test_is_never_undone_in_the_books(self, small):
        _, payment = await a_paid_deposit(small)
        await tell(small, small.payments.refund_by_hand(payment, 10_000))
        row = await TakenBack.get()
        assert row.state == TakenState.GONE
        for change in (
            TakenBack.filter(id=row.id).update(from_balance_yen=0),
            TakenBack.filter(id=row.id).update(state=TakenState.ASKED),
            TakenBack.filter(id=row.id).delete(),
        ):
            with pytest.raises(BaseORMException, match="taken_back"):
                await change
