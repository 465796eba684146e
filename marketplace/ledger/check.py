"""The daily check: ledger, orders and inventory, payment provider and registries agree, or the difference is named."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import timedelta

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from marketplace import invariants
from marketplace.certification import own_books
from marketplace.clock import japan_date
from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.ledger.models import LedgerCheck
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.orders.models import Order
from marketplace.outbox import service as outbox
from marketplace.payments.gateway import PaymentProviderUnreachable, PaymentRefused, PaymentState
from marketplace.payments.models import Payment, PrepaidPayment
from marketplace.reconciliation import cases

LOOKS_BACK = timedelta(days=2)
MOST_PAYMENTS = 500
MOST_FINDINGS = 200

# what money at the provider must have been moved by, from the tables of each side: (kind of event, query)
CLEARING_SIDES = (
    (
        "payment",
        "SELECT COALESCE(SUM(amount_yen), 0) AS yen FROM payment p "
        "WHERE NOT EXISTS (SELECT 1 FROM prepaid_payment b WHERE b.payment_id = p.id)",
    ),
    (
        "refund_paid",
        "SELECT -COALESCE(SUM(amount_yen), 0) AS yen FROM refund WHERE to_balance_of IS NULL AND state = 'succeeded'",
    ),
    (
        "dispute",
        "SELECT -COALESCE(SUM(amount_yen), 0) AS yen FROM dispute WHERE state IN ('withdrawn', 'lost')",
    ),
    ("deposit", "SELECT COALESCE(SUM(amount_yen), 0) AS yen FROM balance_deposit WHERE state = 'paid'"),
    (
        "taken_back",
        "SELECT -COALESCE(SUM(amount_yen), 0) AS yen FROM taken_back "
        "WHERE state = 'gone' OR (kind = 'dispute' AND state = 'withheld')",
    ),
    ("plan_gift", "SELECT COALESCE(SUM(amount_yen), 0) AS yen FROM plan_gift"),
    (
        "plan_return_paid",
        "SELECT -COALESCE(SUM(amount_yen), 0) AS yen FROM plan_return r WHERE returned_at IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM plan_return_bounce b WHERE b.return_id = r.id)",
    ),
    ("payout", "SELECT -COALESCE(SUM(asked_yen), 0) AS yen FROM payout WHERE state = 'sent'"),
    (
        "take_back",
        # what was taken off before the transfer was asked for is the difference of amount and asked
        "SELECT COALESCE(SUM(r.done - (p.amount_yen - p.asked_yen)), 0) AS yen FROM payout p JOIN ("
        "SELECT payout_id, SUM(amount_yen) AS done FROM payout_reduction WHERE done_at IS NOT NULL GROUP BY payout_id"
        ") r ON r.payout_id = p.id WHERE p.state = 'sent'",
    ),
)
# a refund that bounced is booked back: both kinds together are what has left for good
SAME_SIDE = {"refund_returned": "refund_paid", "plan_return_bounced": "plan_return_paid"}


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` names the rule, `about` the thing, `detail` what was found, for instance "ledger 100, tables 90"."""

    code: str
    about: str
    detail: str


async def run(market: Market) -> LedgerCheck:
    """Compare everything with everything, keep the result, and tell the operators if something differs."""
    found = [finding async for finding in _findings(market)]

    async def work(tx: BaseDBAsyncClient) -> LedgerCheck:
        now = market.clock()
        kept = await LedgerCheck.create(
            id=new_id("chk", now),
            day=japan_date(now),
            findings=json.dumps([asdict(finding) for finding in found[:MOST_FINDINGS]], ensure_ascii=False),
            finding_count=len(found),
            at=now,
        )
        if found:
            await mail.tell_operators(market, tx, "operator_books", {"count": len(found)}, key=f"check:{kept.id}")
        return kept

    return await run_tx(work)


async def enqueue_daily(market: Market) -> None:
    """Sweep: once a day in Japan, and never twice for the same day."""
    now = market.clock()
    day = japan_date(now)
    if not await LedgerCheck.exists(day=day):
        await run_tx(lambda tx: outbox.add(tx, "ledger.check", f"ledger_check:{day}", {}, at=now))


async def _findings(market: Market) -> AsyncIterator[Finding]:
    for violation in await invariants.violations():
        yield Finding("rule_broken", violation.rule, json.dumps(violation.row, default=str, ensure_ascii=False))
    async for finding in _clearing():
        yield finding
    async for finding in _sellers():
        yield finding
    async for finding in _at_the_provider(market):
        yield finding
    for difference in await own_books.differences(market):
        yield Finding("certificate_differs", difference.subject, difference.code)
    for case in await cases.waiting():
        yield Finding("registry_differs", f"{case.registry} {case.account}", f"{case.block} {case.code}")


async def _clearing() -> AsyncIterator[Finding]:
    connection = get_connection("default")
    rows = await connection.execute_query_dict(
        "SELECT t.event AS event, p.amount_yen AS yen FROM ledger_posting p "
        "JOIN ledger_transaction t ON t.id = p.transaction_id WHERE p.account = 'clearing'"
    )
    booked: dict[str, int] = {}
    for row in rows:
        kind = row["event"].partition(":")[0]
        side = SAME_SIDE.get(kind, kind)
        booked[side] = booked.get(side, 0) + row["yen"]
    for kind, query in CLEARING_SIDES:
        yen = int((await connection.execute_query_dict(query))[0]["yen"])
        if booked.get(kind, 0) != yen:
            yield Finding("ledger_differs", kind, f"ledger {booked.get(kind, 0)}, tables {yen}")


async def _sellers() -> AsyncIterator[Finding]:
    """What each seller's account holds is what its payouts still owe it, less what has yet to come back."""
    rows = await get_connection("default").execute_query_dict(
        "SELECT s.id AS provider, "
        "(SELECT COALESCE(SUM(amount_yen), 0) FROM ledger_posting WHERE account = 'provider:' || s.id) AS booked, "
        "(SELECT COALESCE(SUM(reduced_yen - amount_yen), 0) FROM payout WHERE provider_id = s.id AND state <> 'sent') "
        "+ (SELECT COALESCE(SUM(r.amount_yen), 0) FROM payout_reduction r JOIN payout p ON p.id = r.payout_id "
        "WHERE p.provider_id = s.id AND p.state = 'sent' AND r.done_at IS NULL) AS owed FROM provider s"
    )
    for row in rows:
        if row["booked"] != row["owed"]:
            yield Finding("seller_differs", row["provider"], f"ledger {row['booked']}, payouts {row['owed']}")


async def _at_the_provider(market: Market) -> AsyncIterator[Finding]:
    """Every payment of the last days as the provider knows it now."""
    since = market.clock() - LOOKS_BACK
    for payment in await Payment.filter(captured_at__gte=since).order_by("-captured_at").limit(MOST_PAYMENTS):
        order = await Order.get(id=payment.order_id)
        if order.checkout_session is None or await PrepaidPayment.exists(payment_id=payment.id):
            continue
        try:
            told = await market.payments.checkout(order.checkout_session)
        except (PaymentProviderUnreachable, PaymentRefused) as problem:
            yield Finding("provider_silent", payment.id, problem.code)
            return
        if (told.state, told.amount, told.payment) != (
            PaymentState.PAID,
            payment.amount_yen,
            payment.provider_payment,
        ):
            yield Finding("payment_differs", payment.id, f"{told.state} {told.amount} {told.payment}")


async def latest(limit: int = 30) -> list[LedgerCheck]:
    return await LedgerCheck.all().order_by("-at", "-id").limit(limit)


def findings_of(check: LedgerCheck) -> list[Finding]:
    return [Finding(**finding) for finding in json.loads(check.findings)]


async def balances() -> dict[str, int]:
    """The sum of each kind of account: what the parts before the colon hold together."""
    connection = get_connection("default")
    rows = await connection.execute_query_dict(
        sql(connection, "SELECT account, SUM(amount_yen) AS yen FROM ledger_posting GROUP BY account")
    )
    sums: dict[str, int] = {}
    for row in rows:
        kind = row["account"].partition(":")[0]
        sums[kind] = sums.get(kind, 0) + int(row["yen"])
    return dict(sorted(sums.items()))
