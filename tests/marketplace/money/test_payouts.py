"""Each seller gets what it earned, once; a second person releases what is large; refunds take their share back."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.accounts.actor import Actor
from marketplace.accounts.models import Organisation
from marketplace.accounts.roles import Role
from marketplace.database.transactions import run_tx
from marketplace.errors import MoveNotAllowed
from marketplace.ledger import balance
from marketplace.ledger import service as ledger
from marketplace.orders import service as orders
from marketplace.payments.models import Payment
from marketplace.payments.payout_gateway import PayoutAccount
from marketplace.payments.refund_states import BorneBy
from marketplace.payouts import onboarding, statement
from marketplace.payouts import service as payouts
from marketplace.payouts.models import Payout, PayoutAccountRecord
from marketplace.payouts.states import PayoutState
from tests.builders.market import a_listing, a_quote, a_wish, an_order
from tests.marketplace.money.acts import a_paid_order, give_back

PAGE = "https://ashiato.example/ja/payouts"
ORGANISATION = "org_01KAFQ3C9V3R6Y4M0N8T5B2D1E"
BUYER = Actor("per_1", "", "", ORGANISATION, None, frozenset({Role.BUYER}))
# what does not depend on the database is tried on one of them
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def ready(small, provider="prov_a") -> None:
    await onboarding.begin(small.market, provider, email="seller@example.com", page_url=PAGE)
    small.payouts.fill_in(f"acct_{provider}")
    await onboarding.follow(small.market, f"acct_{provider}")


async def sold_for(small, yen=10_000):
    """One tonne sold: the seller earned `yen` and a tenth of it as tax."""
    return await a_paid_order(small, listing=await a_listing(small, yen_per_tonne=yen), tonnes=1)


async def owed(small) -> Payout:
    """A payout that nobody has looked at; of the sale behind it there is only the order."""
    order = await an_order(small, await a_listing(small))
    await run_tx(lambda _: payouts.owe({order.id: {"prov_a": 11_000}}, at=small.clock()))
    return await Payout.get()


def refuse(small) -> None:
    """The provider wants to know more about the seller, and our books do not know it yet."""
    small.payouts.accounts["acct_prov_a"] = PayoutAccount("acct_prov_a", False, ("company.verification.document",))


class TestASellerIsPaid:
    async def test_what_it_earned_with_its_tax_once_its_account_is_ready(self, small):
        order = await sold_for(small)
        assert (await Payout.get()).state == PayoutState.DUE
        await ready(small)
        await small.work()

        payout = await Payout.get()
        assert (payout.state, payout.asked_yen, payout.transfer) == (PayoutState.SENT, 11_000, "tr_1")
        assert await ledger.balance("provider:prov_a") == 0
        assert await ledger.balance(ledger.CLEARING) == order.total_yen - 11_000
        assert small.payouts.payments == [(await Payment.get()).provider_payment]

    async def test_at_once_if_the_account_was_ready_before(self, small):
        await a_listing(small)
        await ready(small)
        await sold_for(small)
        assert (await Payout.get()).state == PayoutState.SENT

    async def test_once_however_often_the_job_runs(self, small):
        await sold_for(small)
        await ready(small)
        payout = await Payout.get()
        await asyncio.gather(*(payouts.advance(small.market, payout.id) for _ in range(3)))
        await small.work()
        assert len(small.payouts.transfers) == 1
        assert await ledger.balance("provider:prov_a") == 0

    async def test_not_while_the_provider_wants_to_know_more(self, small):
        await sold_for(small)
        await onboarding.begin(small.market, "prov_a", email="seller@example.com", page_url=PAGE)
        await small.work()
        assert small.payouts.transfers == {}
        assert (await PayoutAccountRecord.get()).missing == '["individual.dob"]'

    async def test_the_account_is_opened_once(self, small):
        await a_listing(small)
        for _ in range(2):
            await onboarding.begin(small.market, "prov_a", email="seller@example.com", page_url=PAGE)
        assert len(small.payouts.accounts) == 1

    @on_sqlite
    async def test_without_a_payment_behind_it_if_a_balance_paid_the_order(self, small):
        async def work(_):
            await balance.credit(ORGANISATION, 20_000, taken_from=ledger.LOSS, event="gift:1", at=small.clock())

        await Organisation.create(id=ORGANISATION, name="Buyer", created_at=small.clock())
        await run_tx(work)
        listing = await a_listing(small)
        await ready(small)
        quote = await a_quote(small, listing, tonnes=1)
        await orders.place(small.market, a_wish(quote, buyer=BUYER, pay_from_balance=True))
        await small.work()
        assert small.payouts.payments == [None]


@on_sqlite
class TestAPayoutIsLookedAtAgain:
    async def test_and_waits_for_a_seller_who_has_no_account(self, small):
        payout = await owed(small)
        assert await payouts.advance(small.market, payout.id) is None
        assert (await Payout.get()).asked_yen is None

    async def test_and_is_dropped_without_one_if_refunds_took_all_of_it(self, small):
        payout = await owed(small)
        await Payout.all().update(reduced_yen=11_000)
        assert await payouts.advance(small.market, payout.id) is None
        assert (await Payout.get()).state == PayoutState.DROPPED

    async def test_after_six_hours_if_it_was_refused_also_once_the_account_is_known_not_to_be_ready(self, small):
        payout = await owed(small)
        await ready(small)
        refuse(small)
        assert await payouts.advance(small.market, payout.id) == timedelta(hours=6)
        await onboarding.follow(small.market, "acct_prov_a")
        assert await payouts.advance(small.market, payout.id) == timedelta(hours=6)
        assert (await Payout.get()).failure == "account_not_ready"

    async def test_and_asks_for_what_was_asked_for_although_a_refund_came_between(self, small):
        await a_listing(small)
        await ready(small)
        refuse(small)
        order = await sold_for(small)
        payout = await Payout.get()
        record = await give_back(small, order, 1_155, borne_by=BorneBy.PROVIDERS)
        assert await payouts.take_back(small.market, payout.id, record.id, 1_100) == timedelta(minutes=10)

        small.payouts.fill_in("acct_prov_a")
        assert await payouts.advance(small.market, payout.id) is None
        await small.work_for(timedelta(minutes=10), step=timedelta(minutes=5))
        (transfer,) = small.payouts.transfers.values()
        assert (transfer.amount, transfer.taken_back) == (11_000, 1_100)
        assert await ledger.balance("provider:prov_a") == 0


class TestALargePayout:
    @on_sqlite
    async def test_begins_above_the_limit(self, small):
        small.market = replace(small.market, terms=replace(small.market.terms, payout_alone_yen=11_000))
        await a_listing(small)
        await ready(small)
        await sold_for(small)
        assert (await Payout.get()).state == PayoutState.SENT

    async def test_waits_for_a_second_person(self, small):
        small.market = replace(small.market, terms=replace(small.market.terms, payout_alone_yen=10_999))
        await a_listing(small)
        await ready(small)
        await sold_for(small)
        payout = await Payout.get()
        assert (payout.state, small.payouts.transfers) == (PayoutState.HELD, {})
        assert await payouts.advance(small.market, payout.id) is None
        assert (await Payout.get()).asked_yen is None

        await run_tx(lambda tx: payouts.release(tx, payout.id, at=small.clock()))
        await small.work()
        assert (await Payout.get()).state == PayoutState.SENT

        with pytest.raises(MoveNotAllowed):
            await run_tx(lambda tx: payouts.release(tx, payout.id, at=small.clock()))


class TestARefundThatTheSellerBears:
    async def test_before_the_transfer_makes_it_smaller(self, small):
        order = await sold_for(small)
        await give_back(small, order, 1_155, borne_by=BorneBy.PROVIDERS)
        await ready(small)
        await small.work()
        assert (await Payout.get()).asked_yen == 9_900
        assert small.payouts.reversals == {}
        assert await ledger.balance("provider:prov_a") == 0

    async def test_after_the_transfer_takes_it_back_once(self, small):
        order = await sold_for(small)
        await ready(small)
        await small.work()
        record = await give_back(small, order, 1_155, borne_by=BorneBy.PROVIDERS)
        await small.work()
        payout = await Payout.get()
        assert small.payouts.transfers[payout.id].taken_back == 1_100
        await payouts.take_back(small.market, payout.id, record.id, 1_100)
        assert small.payouts.transfers[payout.id].taken_back == 1_100
        assert await ledger.balance("provider:prov_a") == 0

    async def test_of_which_its_share_is_no_whole_yen_takes_nothing_off(self, small):
        small.market = replace(small.market, terms=replace(small.market.terms, fee_basis_points=20_000))
        order = await sold_for(small, yen=50)
        await give_back(small, order, 1, borne_by=BorneBy.PROVIDERS)
        assert (await Payout.get()).reduced_yen == 0

    async def test_of_all_of_it_drops_the_payout(self, small):
        order = await sold_for(small)
        await give_back(small, order, order.total_yen, borne_by=BorneBy.PROVIDERS)
        payout = await Payout.get()
        for _ in range(2):
            assert await payouts.advance(small.market, payout.id) is None
            assert (await Payout.get()).state == PayoutState.DROPPED
        await ready(small)
        await small.work()
        assert small.payouts.transfers == {}


class TestAStatement:
    async def test_names_serials_price_and_tax_of_a_sellers_own_payouts_only(self, small):
        await sold_for(small)
        await a_paid_order(small, listing=await a_listing(small, provider="prov_b", yen_per_tonne=3_333), tonnes=2)
        (stated,) = await statement.statement("prov_b")
        (sold,) = stated.sold
        assert (sold.tonnes, sold.net_yen, stated.tax_yen, stated.payout.amount_yen) == (2, 6_666, 666, 7_332)
        assert sold.first_serial.endswith("000000001")
        assert sold.last_serial.endswith("000000002")
        assert len(await statement.statement(None)) == 2
