"""Which job kind calls which use case, and what is looked for regularly without any job announcing it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from marketplace import checkouts
from marketplace.accounts.retention import Retention
from marketplace.audit import second_person
from marketplace.bulk import running as bulk_running
from marketplace.bulk import service as bulk
from marketplace.certification import pooled, public_log, whole
from marketplace.certification import service as certification
from marketplace.contact import service as contact
from marketplace.deposits import service as deposits
from marketplace.desk import batches as desk_batches
from marketplace.desk import reminders as desk_reminders
from marketplace.invoices import service as invoices
from marketplace.items import scanning as item_scans
from marketplace.ledger import check
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.notifications import delivery, telling
from marketplace.operations import alarms
from marketplace.orders import fulfilment, mails, settlement
from marketplace.orders import service as orders
from marketplace.orders.timeline import MAIL
from marketplace.outbox.forgetting import Forgetting
from marketplace.outbox.worker import LEASE, Handler, Payloads, Together, Worker
from marketplace.participation import following as participations
from marketplace.payments import heard_invoices, inbox, refunds
from marketplace.payouts import onboarding
from marketplace.payouts import service as payouts
from marketplace.plans import changes as plan_changes
from marketplace.plans import failures as plan_failures
from marketplace.plans import gifts as plan_gifts
from marketplace.plans import jobs as plans
from marketplace.plans import news as plan_news
from marketplace.plans.renewing import Renewals
from marketplace.pools import jobs as pools
from marketplace.pools import opening
from marketplace.products import counting as product_counting
from marketplace.products import rule as product_rule
from marketplace.products import watching as product_watching
from marketplace.providers import import_jobs, imports
from marketplace.quotes import service as quotes
from marketplace.reconciliation import service as reconciliation
from marketplace.resealing import Resealing
from marketplace.retirements import service as retirements
from marketplace.sandbox_wishes import service as sandbox_wishes
from marketplace.taken_back import service as taken_back


def handlers(market: Market) -> Mapping[str, Handler]:
    def job(use_case: Callable[..., Awaitable[object]]) -> Handler:
        async def run(payload: dict[str, Any]) -> timedelta | None:
            outcome = await use_case(market, **payload)
            return outcome if isinstance(outcome, timedelta) else None

        return run

    courier = delivery.Courier(market)
    sequencing = public_log.Sequencing(market)

    async def certify(payload: dict[str, Any]) -> timedelta | None:
        await certification.certify(market, **payload)
        await sequencing()
        return None

    def together(one: Handler, some: Callable[[Sequence[str]], Awaitable[frozenset[str]]]) -> Handler:
        """Several orders at once; those whose ids `some` returns are left for `one`."""

        async def many(payloads: Payloads) -> Payloads:
            left = await some([payload["order_id"] for payload in payloads])
            return [payload for payload in payloads if payload["order_id"] in left]

        return Together(one, many)

    async def retire_some(order_ids: Sequence[str]) -> frozenset[str]:
        left = await pooled.serve_pooled(market, order_ids)
        if len(left) < len(order_ids):
            await sequencing()
        return await fulfilment.retire_together(market, sorted(left))

    async def certify_some(order_ids: Sequence[str]) -> frozenset[str]:
        left = await pooled.serve_pooled(market, order_ids)
        left = await whole.certify_whole(market, sorted(left))
        await sequencing()
        return left

    async def issue_invoices(order_ids: Sequence[str]) -> frozenset[str]:
        await invoices.issue_all(market, order_ids)
        return frozenset()

    return {
        "order.open_checkout": job(orders.open_checkout),
        "order.run_out": job(settlement.run_out),
        "payment.settle": job(checkouts.settle),
        deposits.OPEN_CHECKOUT: job(deposits.open_checkout),
        deposits.RUN_OUT: job(deposits.run_out),
        **{kind: job(use_case) for kind, use_case in plans.HANDLERS.items()},
        heard_invoices.RENEW: job(Renewals().run),
        "order.retire": together(job(fulfilment.retire), retire_some),
        "order.replace_refused": job(fulfilment.replace_refused),
        "invoice.issue": together(job(invoices.issue), issue_invoices),
        invoices.ISSUE_ALL: job(invoices.issue_all),
        "invoice.issue_credit_note": job(invoices.issue_credit_note),
        "ledger.check": job(check.run),
        "payout.account": job(onboarding.follow),
        "payout.advance": job(payouts.advance),
        "payout.take_back": job(payouts.take_back),
        "refund.advance": job(refunds.advance),
        "refund.follow": job(taken_back.follow_refund),
        "refund.try_again": job(refunds.try_again),
        "dispute.follow": job(taken_back.follow_dispute),
        "retirement.advance": job(retirements.advance),
        "order.certify": together(certify, certify_some),
        opening.TOP_UP: job(pools.top_up),
        "pool.draw_again": job(pools.draw_again),
        product_counting.WATCH: job(product_watching.watch),
        product_rule.TOP_UP: job(product_rule.advance),
        bulk.ADVANCE: job(bulk_running.advance),
        imports.BRING_IN: job(import_jobs.run),
        mail.SEND: job(mail.send),
        MAIL: job(mails.follow),
        "reconciliation.daily": job(reconciliation.compare_all),
        "reconciliation.account": job(reconciliation.compare_with_registry),
        public_log.SEQUENCE: job(public_log.sequence_waiting),
        public_log.COSIGN: job(public_log.cosign),
        sandbox_wishes.PAY: job(sandbox_wishes.pay),
        telling.TELL: job(telling.tell_waiting),
        telling.DELIVER: lambda payload: courier.deliver(**payload),
    }


def sweeps(market: Market) -> Mapping[str, Callable[[], Awaitable[object]]]:
    return {
        "checked_lists": lambda: imports.forget_unused(market.clock),
        "quotes": lambda: quotes.expire_stale(market.clock),
        "retention": Retention(market.clock),
        "done_jobs": Forgetting(market.clock),
        "seals": Resealing(market.seals, market.clock),
        "old_bulk_runs": lambda: bulk.forget_old(market.clock),
        "old_messages": lambda: contact.forget_old(market.clock()),
        "proposals": lambda: second_person.expire(market.clock),
        "overdue_deposits": lambda: deposits.enqueue_overdue(market),
        "overdue_orders": lambda: settlement.enqueue_overdue(market),
        "desk_cut_offs": lambda: desk_batches.freeze_due(market),
        "desk_reminders": lambda: desk_reminders.send_due(market),
        "pools": lambda: pools.look_after(market),
        "product_rules": product_rule.Rounds(market),
        "participations": lambda: participations.look_after(market),
        "old_item_scans": lambda: item_scans.forget_old(market.clock()),
        "heard_invoices": lambda: heard_invoices.ask_for_forgotten(market.clock()),
        "overdue_plans": lambda: plans.enqueue_overdue(market),
        "gifts_of_plans": lambda: plan_gifts.enqueue_due(market),
        "unpaid_plans": lambda: plan_failures.end_long_unpaid(market),
        "editions_of_plans": lambda: plan_changes.apply_edition(market),
        "months_of_plans": lambda: plan_news.tell_ended_months(market),
        "lost_webhooks": lambda: inbox.catch_up(market),
        "daily_check_of_the_books": lambda: check.enqueue_daily(market),
        "reconciliation": lambda: reconciliation.enqueue_daily(market),
        "alarms": lambda: alarms.raise_due(market),
        "waiting_log_leaves": lambda: public_log.sequence_waiting(market),
        "webhooks": lambda: delivery.sweep(market),
        "old_events": delivery.Forgetting(market),
        "log_witnesses": lambda: public_log.ask_witnesses(market),
    }


def worker(market: Market, *, lease: timedelta = LEASE) -> Worker:
    """`lease`: how long a job stays with a worker of which nothing is heard any more."""
    return Worker(handlers(market), clock=market.clock, sweeps=sweeps(market), lease=lease)
