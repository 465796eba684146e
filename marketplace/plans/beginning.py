"""Begin a plan: write down what was agreed, open the payment page, and start when its first month is paid."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import F

from certificates.render_pdf import check_printable
from marketplace.database.transactions import run_tx
from marketplace.errors import ConsentMissing, TotalAboveLimit
from marketplace.ids import new_id, new_token
from marketplace.mail.address import checked
from marketplace.market import Market
from marketplace.orders.instruction import Consent
from marketplace.outbox import service as outbox
from marketplace.payments.gateway import PaymentState
from marketplace.payments.plan_gateway import PlanCheckout, PlanRequest
from marketplace.plans import service as plans
from marketplace.plans import terms as plan_terms
from marketplace.plans.errors import EffortMissing
from marketplace.plans.models import Plan
from marketplace.plans.states import PlanState
from marketplace.plans.terms import Because, Draft
from marketplace.plans.usage import Usage
from marketplace.plans.words import checkout_name, consent_text, consent_version

CHECKOUT_LASTS = timedelta(minutes=45)
OPEN_CHECKOUT = "plan.open_checkout"
LONGEST_EFFORT = 1_000


@dataclass(frozen=True, slots=True)
class PlanWish:
    """`public_name`: initials or "". `max_monthly_yen` is the person's own limit. `consent_version` names the words shown."""

    usage: Usage
    listing_id: str
    email: str
    locale: str
    reduction_effort: str
    consent_version: str | None
    public_name: str = ""
    max_monthly_yen: int | None = None
    external_id: str | None = None


async def begin(market: Market, wish: PlanWish) -> Plan:
    """A plan that waits for its first payment.

    Raises AddressRefused, PublicNameRefused, ConsentMissing, EffortMissing, TextNotPrintable, TotalAboveLimit, and what terms.draft raises.
    """
    wanted = await considered(market, wish)

    async def work(tx: BaseDBAsyncClient) -> Plan:
        now = market.clock()
        plan = await Plan.create(
            **agreed(market, wish, consent_text(wish.locale, pool_user=market.terms.pools.credit_user), now),
            email=wish.email.strip(),
            edition=wanted.footprint.edition,
        )
        await plan_terms.write(plan.id, 1, wanted, Because.BEGUN, clock=market.clock)
        await outbox.add(tx, OPEN_CHECKOUT, f"{OPEN_CHECKOUT}:{plan.id}", {"plan_id": plan.id}, at=now)
        return plan

    return await run_tx(work)


async def considered(market: Market, wish: PlanWish) -> Draft:
    """The terms that the wish comes to, everything checked that can be. Raises as `begin`."""
    checked(wish.email.strip())
    plans.checked_public_name(wish.public_name)
    if wish.consent_version != consent_version():
        raise ConsentMissing("the terms of the plan were not confirmed in their present wording")
    if not wish.reduction_effort.strip():
        raise EffortMissing("an offset is for what is left after an effort of one's own")
    await asyncio.to_thread(check_printable, wish.reduction_effort + wish.public_name)
    wanted = await plan_terms.draft(market, wish.usage, wish.listing_id)
    if wish.max_monthly_yen is not None and wanted.total_yen > wish.max_monthly_yen:
        raise TotalAboveLimit(
            f"a month costs {wanted.total_yen} yen", total_yen=wanted.total_yen, max_total=wish.max_monthly_yen
        )
    return wanted


def agreed(market: Market, wish: PlanWish, consent: str, now: datetime) -> dict[str, Any]:
    """The columns of a new plan that say what was agreed."""
    stated = Consent(version=consent_version(), text=consent, agreed_at=now.isoformat(timespec="seconds"))
    return {
        "id": new_id("plan", now),
        "access_token": new_token(),
        "external_id": wish.external_id,
        "state": PlanState.AWAITING_PAYMENT,
        "state_since": now,
        "locale": wish.locale,
        "public_name": plans.checked_public_name(wish.public_name),
        "reduction_effort": wish.reduction_effort.strip()[:LONGEST_EFFORT],
        "consent": stated.model_dump_json(),
        "pay_until": now + CHECKOUT_LASTS,
        "created_at": now,
    }


async def open_checkout(market: Market, plan_id: str) -> Plan:
    """Open the payment page, once: the plan's id is the idempotency key, so a repetition finds the same page."""
    plan = await plans.find(plan_id)
    if plan.state != PlanState.AWAITING_PAYMENT or plan.checkout_session is not None:
        return plan
    terms = await plan_terms.newest(plan.id)
    page = f"{market.base_url}/{plan.locale}/plans/{plan.access_token}"
    checkout = await market.plans.open_plan(
        PlanRequest(
            key=plan.id,
            plan_id=plan.id,
            currency="JPY",
            name=checkout_name(plan.locale),
            monthly_amount=terms.total_yen,
            success_url=f"{page}?paid=1",
            cancel_url=page,
            locale=plan.locale,
            expires_at=plan.pay_until,
            email=plan.email,
        )
    )
    await keep_checkout(plan, checkout.id, checkout.url)
    return await plans.find(plan_id)


async def keep_checkout(plan: Plan, session: str, url: str | None) -> None:
    await Plan.filter(id=plan.id, checkout_session__isnull=True).update(checkout_session=session, checkout_url=url)


async def follow_checkout(market: Market, session_id: str) -> None:
    """What has become of the page on which a plan is begun. Safe to call any number of times."""
    checkout = await market.plans.plan_checkout(session_id)
    if checkout.state is PaymentState.PAID and checkout.subscription is not None:
        await _begun(market, checkout)
    elif checkout.state is PaymentState.EXPIRED:
        await lapse(market, checkout.plan_id)


async def _begun(market: Market, checkout: PlanCheckout) -> None:
    async def work(tx: BaseDBAsyncClient) -> None:
        plan = await plans.find(checkout.plan_id)
        if checkout.subscription is not None:
            await start(tx, plan, checkout.subscription, at=market.clock())

    await run_tx(work)


async def start(tx: BaseDBAsyncClient, plan: Plan, subscription: str, *, at: datetime) -> None:
    """Inside the caller's transaction: the provider charges it from now on. Repeated, it changes nothing.

    The page's event and the first invoice's come at the same time; whichever is first starts it.
    """
    started = await Plan.filter(id=plan.id, state=PlanState.AWAITING_PAYMENT).update(
        state=PlanState.ACTIVE, state_since=at, version=F("version") + 1, subscription=subscription
    )
    await plan.refresh_from_db()
    if not started:
        return
    await plans.announce(plan, at=at)
    await plans.follow_soon(tx, plan.id, "begun", at=at)
    terms = await plan_terms.newest(plan.id)
    await plans.tell(tx, plan, "plan_started", {"grams": terms.grams, "yen": terms.total_yen}, key="started", at=at)


async def lapse(market: Market, plan_id: str) -> None:
    async def work(_: BaseDBAsyncClient) -> None:
        plan = await plans.find(plan_id)
        if plan.state == PlanState.AWAITING_PAYMENT:
            await plans.move(plan, PlanState.LAPSED, at=market.clock())

    await run_tx(work)


async def run_out(market: Market, plan_id: str) -> None:
    """Job: the payment page is long closed. What it came to is read; a page that was never opened came to nothing."""
    plan = await plans.find(plan_id)
    if plan.state != PlanState.AWAITING_PAYMENT:
        return
    if plan.checkout_session is None:
        await lapse(market, plan_id)
    else:
        await follow_checkout(market, plan.checkout_session)
