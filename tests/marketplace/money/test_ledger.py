"""Money is booked once, sums to zero, and a prepaid balance never falls below zero."""

import asyncio
import csv
import io
from datetime import date, timedelta

import asyncpg
import pytest
from tortoise.exceptions import BaseORMException

from marketplace.database.transactions import run_tx
from marketplace.errors import BalanceTooLow
from marketplace.ledger import balance, bookkeeping, check
from marketplace.ledger import service as ledger
from marketplace.ledger.bookkeeping import By
from marketplace.ledger.models import LedgerCheck, LedgerPosting, LedgerTransaction
from marketplace.outbox.models import Job
from marketplace.payments.refund_states import BorneBy
from marketplace.payouts import onboarding
from tests.builders.market import a_listing
from tests.marketplace.money.acts import a_paid_order, give_back

REFUSED = (BaseORMException, asyncpg.PostgresError)


async def booked(small, event="one", **postings):
    await run_tx(lambda tx: ledger.book(event, postings, order_id=None, at=small.clock()))


async def credited(small, yen, buyer="org_1", event="deposit"):
    await run_tx(lambda tx: balance.credit(buyer, yen, taken_from=ledger.CLEARING, event=event, at=small.clock()))


async def debited(small, yen, buyer="org_1", event="spent"):
    await run_tx(lambda _: balance.debit(buyer, yen, given_to=ledger.FEE, event=event, at=small.clock()))


class TestABooking:
    async def test_adds_to_each_account(self, small):
        await booked(small, "one", clearing=100, fee=-60, tax=-40)
        await booked(small, "two", clearing=-30, loss=30)
        assert [await ledger.balance(name) for name in ("clearing", "fee", "tax", "loss", "none")] == [
            70,
            -60,
            -40,
            30,
            0,
        ]
        assert await ledger.balances(["clearing", "fee", "none"]) == {"clearing": 70, "fee": -60, "none": 0}

    async def test_leaves_out_what_is_zero(self, small):
        await booked(small, "one", clearing=5, fee=-5, tax=0)
        assert {posting.account for posting in await LedgerPosting.all()} == {"clearing", "fee"}

    async def test_happens_once_per_event(self, small):
        await booked(small, "one", clearing=1, fee=-1)
        with pytest.raises(REFUSED):
            await booked(small, "one", clearing=1, fee=-1)
        assert await LedgerTransaction.all().count() == 1

    async def test_that_does_not_sum_to_zero_is_refused(self, small):
        with pytest.raises(REFUSED):
            await booked(small, "one", clearing=2, fee=-1)
        assert await LedgerPosting.all().count() == 0

    async def test_remembers_its_order_and_what_was_earned_with_it(self, small):
        order = await a_paid_order(small, listing=await a_listing(small, yen_per_tonne=10_000), tonnes=1)
        assert await ledger.earned_with(order.id) == {"provider:prov_a": 11_000, "tax": 50, "fee": 500}
        assert await ledger.earned_with("ord_none") == {}
        assert await LedgerTransaction.filter(order_id=order.id).count() == 2


class TestAPrepaidBalance:
    async def test_is_what_was_credited_less_what_was_spent(self, small):
        assert await balance.balance_of("org_1") == 0
        await credited(small, 100)
        await debited(small, 30)
        assert await balance.balance_of("org_1") == 70
        assert await balance.balance_of("org_2") == 0
        assert await ledger.balance(ledger.FEE) == -30
        assert await ledger.balance(ledger.CLEARING) == 100

    async def test_is_spent_to_the_last_yen_and_not_beyond(self, small):
        await credited(small, 100)
        await debited(small, 100, event="all")
        with pytest.raises(BalanceTooLow) as refused:
            await debited(small, 1, event="more")
        assert refused.value.params == {"buyer": "org_1", "yen": 1, "available_yen": 0}

    async def test_never_falls_below_zero_whoever_books(self, small):
        with pytest.raises(REFUSED):
            await run_tx(
                lambda tx: ledger.book(
                    "forced",
                    {ledger.buyer_balance_account("org_1"): 1, ledger.FEE: -1},
                    order_id=None,
                    at=small.clock(),
                )
            )

    async def test_is_not_spent_twice_at_once(self, small):
        await credited(small, 100)
        outcomes = await asyncio.gather(
            *(debited(small, 60, event=f"at-once-{number}") for number in range(4)), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes].count(BalanceTooLow) == 3
        assert await balance.balance_of("org_1") == 40


class TestTheDailyCheck:
    async def test_finds_nothing_after_sales_refunds_payouts_and_their_return(self, small):
        order = await a_paid_order(small)
        await onboarding.begin(small.market, "prov_a", email="seller@example.com", page_url="https://x.example")
        small.payouts.fill_in("acct_prov_a")
        await onboarding.follow(small.market, "acct_prov_a")
        await small.work()
        await give_back(small, order, 1_000, borne_by=BorneBy.PROVIDERS)
        await small.work()
        assert check.findings_of(await check.run(small.market)) == []

    async def test_names_money_that_no_table_knows(self, small):
        await booked(small, "payout:forged", clearing=-5, loss=5)
        await booked(small, "payment:forged", **{"provider:nobody": 7, "clearing": -7})
        found = check.findings_of(await check.run(small.market))
        assert {(one.code, one.about) for one in found} == {("ledger_differs", "payout"), ("ledger_differs", "payment")}

    async def test_names_a_seller_whose_account_differs(self, small):
        await a_listing(small)
        await booked(small, "gift", **{"provider:prov_a": -7, "loss": 7})
        (found,) = check.findings_of(await check.run(small.market))
        assert (found.code, found.about, found.detail) == ("seller_differs", "prov_a", "ledger -7, payouts 0")

    async def test_names_a_payment_that_the_provider_knows_otherwise(self, small):
        order = await a_paid_order(small)
        small.payments._change(order.checkout_session, "charge.updated", amount=1)
        (found,) = check.findings_of(await check.run(small.market))
        assert found.code == "payment_differs"

    async def test_says_when_it_could_not_ask(self, small):
        await a_paid_order(small)
        small.payments.unreachable = 1
        (found,) = check.findings_of(await check.run(small.market))
        assert found.code == "provider_silent"

    async def test_runs_once_a_day_in_japan(self, small):
        for _ in range(2):
            await check.enqueue_daily(small.market)
            await small.work()
            small.clock.advance(timedelta(hours=2))
        assert await LedgerCheck.all().count() == 1
        small.clock.advance(timedelta(hours=24))
        await check.enqueue_daily(small.market)
        assert await Job.filter(kind="ledger.check").count() == 2


class TestTheTableForBookkeeping:
    async def test_balances_on_every_day_and_in_every_month(self, small):
        await a_paid_order(small)
        small.clock.advance(timedelta(days=20))
        await a_paid_order(small)
        for by in (By.DAY, By.MONTH):
            rows = list(csv.DictReader(io.StringIO(await self.table(by))))
            for period in {row["period"] for row in rows}:
                mine = [row for row in rows if row["period"] == period]
                assert sum(int(row["debit_yen"]) for row in mine) == sum(int(row["credit_yen"]) for row in mine) > 0
        assert {row["period"] for row in rows} == {"2026-11", "2026-12"}

    async def test_lists_every_posting_of_the_days_asked_for_in_japan(self, small):
        await a_paid_order(small)
        everything = list(csv.DictReader(io.StringIO(await self.table(By.POSTING))))
        assert len(everything) == await LedgerPosting.all().count()
        assert {row["date"] for row in everything} == {"2026-11-22"}
        none = await bookkeeping.as_csv(date(2026, 11, 23), date(2026, 12, 31), By.POSTING)
        assert len(none.splitlines()) == 1

    async def test_holds_no_formula(self, small):
        await booked(small, '=HYPERLINK("x")', **{"@sum": 1, "clearing": -1})
        cells = [cell for row in csv.reader(io.StringIO(await self.table(By.POSTING))) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
        assert "'@sum" in cells

    async def table(self, by) -> str:
        text = await bookkeeping.as_csv(date(2026, 11, 1), date(2026, 12, 31), by)
        assert text.startswith("\ufeff")
        return text.removeprefix("\ufeff")
