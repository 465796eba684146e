"""A plan as a gift: somebody pays once for some months, and another person gets a certificate each month.

The money lies in the plan's own prepaid balance, out of which each month's order is paid. What is left when the plan ends,
because its owner ended it or a month could not be covered, goes back to the giver's card.
"""

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.clock import JAPAN, japan_date
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.ledger import balance
from marketplace.ledger import service as ledger
from marketplace.mail import service as mail
from marketplace.mail.address import checked
from marketplace.mail.post import JSON
from marketplace.market import Market
from marketplace.orders.models import Order
from marketplace.orders.service import move as move_order
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, note
from marketplace.outbox import service as outbox
from marketplace.payments import early_news, prepaid
from marketplace.payments.gateway import Checkout, CheckoutLine, CheckoutRequest, PaymentMethod, PaymentState
from marketplace.plans import beginning, months
from marketplace.plans import service as plans
from marketplace.plans import terms as plan_terms
from marketplace.plans.beginning import PlanWish
from marketplace.plans.errors import GiftMonthsRefused, PlanPaymentDiffers
from marketplace.plans.models import Plan, PlanGift, PlanMonth, PlanReturn
from marketplace.plans.months import PaidMonth
from marketplace.plans.states import EndedBecause, PlanState
from marketplace.plans.steering import end
from marketplace.plans.terms import Because, Draft
from marketplace.plans.words import checkout_name, consent_text

MOST_MONTHS = 24
LONGEST_GIVER = 40
DELIVER, RETURN = "plan.gift_month", "plan.return"
_GIVEN_BACK = (OrderState.REFUND_DUE, OrderState.REFUNDED)


@dataclass(frozen=True, slots=True)
class GiftWish:
    """`plan` is what the other person gets, its `email` theirs; `giver_name` stands in the mail to them."""

    plan: PlanWish
    months: int
    giver_email: str
    giver_name: str


def is_gift(order_id: str) -> bool:
    """Whether a checkout's order is a plan that is given."""
    return order_id.startswith("plan_")


async def considered(market: Market, wish: GiftWish) -> Draft:
    """The terms of a month. Raises as beginning.considered, and GiftMonthsRefused."""
    if not 1 <= wish.months <= MOST_MONTHS:
        raise GiftMonthsRefused(f"{wish.months} months", most=MOST_MONTHS)
    checked(wish.giver_email.strip())
    return await beginning.considered(market, wish.plan)


async def begin(market: Market, wish: GiftWish) -> Plan:
    """A gift that waits for its payment. Raises as `considered`."""
    wanted = await considered(market, wish)

    async def work(tx: BaseDBAsyncClient) -> Plan:
        now = market.clock()
        pool_user = market.terms.pools.credit_user
        text = consent_text(wish.plan.locale, pool_user=pool_user, gift_months=wish.months)
        plan = await Plan.create(
            **beginning.agreed(market, wish.plan, text, now),
            email=wish.plan.email.strip(),
            edition=wanted.footprint.edition,
            gift_months=wish.months,
            giver_email=wish.giver_email.strip(),
            giver_name=" ".join(wish.giver_name.split())[:LONGEST_GIVER],
        )
        await plan_terms.write(plan.id, 1, wanted, Because.BEGUN, clock=market.clock)
        await outbox.add(
            tx, beginning.OPEN_CHECKOUT, f"{beginning.OPEN_CHECKOUT}:{plan.id}", {"plan_id": plan.id}, at=now
        )
        return plan

    return await run_tx(work)


async def open_checkout(market: Market, plan: Plan) -> Plan:
    """The payment page for the whole gift; the plan's id is the idempotency key."""
    terms = await plan_terms.newest(plan.id)
    count = plan.gift_months or 0
    page = f"{market.base_url}/{plan.locale}/plans/given"
    checkout = await market.payments.open_checkout(
        CheckoutRequest(
            key=plan.id,
            order_id=plan.id,
            currency="JPY",
            lines=[CheckoutLine(checkout_name(plan.locale, gift_months=count), count * terms.total_yen)],
            success_url=page,
            cancel_url=f"{market.base_url}/{plan.locale}/plans/gift",
            locale=plan.locale,
            expires_at=plan.pay_until,
            email=plan.giver_email,
            methods=(PaymentMethod.CARD,),
        )
    )
    await beginning.keep_checkout(plan, checkout.id, checkout.url)
    return await plans.find(plan.id)


async def follow_checkout(market: Market, checkout: Checkout) -> None:
    """What has become of the payment page of a gift. Safe to call any number of times. Raises PlanPaymentDiffers."""
    if checkout.state is PaymentState.EXPIRED:
        await beginning.lapse(market, checkout.order_id)
    elif checkout.state is PaymentState.PAID:
        await run_tx(lambda tx: _paid(tx, market, checkout))


async def _paid(tx: BaseDBAsyncClient, market: Market, checkout: Checkout) -> None:
    plan = await plans.find(checkout.order_id)
    if plan.state != PlanState.AWAITING_PAYMENT:
        return
    now, terms, count = market.clock(), await plan_terms.newest(plan.id), plan.gift_months or 0
    if checkout.payment is None or (checkout.amount, checkout.currency) != (count * terms.total_yen, "JPY"):
        raise PlanPaymentDiffers(
            f"{checkout.id}: {checkout.amount} {checkout.currency} for {count} months of {plan.id}"
        )
    await PlanGift.create(
        plan_id=plan.id, provider_payment=checkout.payment, amount_yen=checkout.amount, captured_at=now
    )
    await balance.credit(plan.id, checkout.amount, taken_from=ledger.CLEARING, event=f"plan_gift:{plan.id}", at=now)
    await early_news.look_again(tx, checkout.payment, at=now)
    await plans.move(plan, PlanState.ACTIVE, at=now, paid_until=now)
    told: dict[str, JSON] = {
        "giver": plan.giver_name or "",
        "months": count,
        "grams": terms.grams,
        "yen": checkout.amount,
    }
    await plans.tell(tx, plan, "plan_gift_received", told, key="gift", at=now)
    await mail.send_later(
        tx, "plan_gift_paid", str(plan.giver_email), plan.locale, told, key=f"plan:{plan.id}:given", at=now
    )
    await _deliver_soon(tx, plan, at=now)


async def _deliver_soon(tx: BaseDBAsyncClient, plan: Plan, *, at: datetime) -> None:
    due = "" if plan.paid_until is None else plan.paid_until.isoformat()
    await outbox.add(tx, DELIVER, f"{DELIVER}:{plan.id}:{due}:{plan.version}", {"plan_id": plan.id}, at=at)


async def deliver(market: Market, plan_id: str) -> None:
    """Job: the month that is due, or the end after the last one. Safe to repeat."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now, plan = market.clock(), await plans.find(plan_id)
        if plan.state != PlanState.ACTIVE or plan.paid_until is None or plan.paid_until > now:
            return
        if not await months_left(plan):
            await end(tx, market, plan, EndedBecause.GIFT_OVER)
            return
        given = await PlanMonth.filter(plan_id=plan.id).order_by("first_day")
        today = japan_date(now)
        first = max(given[-1].last_day + timedelta(days=1), today) if given else today
        anchor = given[0].first_day.day if given else first.day
        following = next_month(first, anchor)
        terms = await plan_terms.newest(plan.id)
        order = await months.place(market, PaidMonth(plan, terms, first, following - timedelta(days=1), None))
        await prepaid.pay(tx, order, plan.id, at=now)
        await move_order(order, OrderState.PAID)
        await note(order.id, Happened.PAID, at=now)
        await outbox.add(tx, "order.retire", f"retire:{order.id}", {"order_id": order.id}, at=now)
        await Plan.filter(id=plan.id).update(paid_until=datetime.combine(following, time(), JAPAN))

    await run_tx(work)


async def months_left(plan: Plan) -> int:
    """How many months of a gift are still to come; one that was paid back is among them."""
    order_ids = [month.order_id for month in await PlanMonth.filter(plan_id=plan.id)]
    kept = await Order.filter(id__in=order_ids).exclude(state__in=_GIVEN_BACK).count() if order_ids else 0
    return max((plan.gift_months or 0) - kept, 0)


def next_month(first: date, anchor_day: int) -> date:
    """The same day of the next month, or its last day where it is shorter than `anchor_day`."""
    year, month = divmod(first.year * 12 + first.month, 12)
    return date(year, month + 1, min(anchor_day, calendar.monthrange(year, month + 1)[1]))


async def enqueue_due(market: Market) -> None:
    """Sweep: gifts whose next month has come, and ended ones that still hold money."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        due = Plan.filter(state=PlanState.ACTIVE, gift_months__isnull=False, paid_until__lte=now)
        for plan in await due.limit(500):
            await _deliver_soon(tx, plan, at=now)

    await run_tx(work)
    for gift in await Plan.filter(state=PlanState.ENDED, gift_months__isnull=False, paid_until__isnull=False).limit(
        100
    ):
        await _return_rest(market, gift.id)


async def _return_rest(market: Market, plan_id: str) -> None:
    """`paid_until` is cleared once nothing is left that could still come back to the balance."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now, plan = market.clock(), await plans.find(plan_id)
        undecided = [OrderState.PAID, OrderState.RETIRING, OrderState.REFUND_DUE]
        order_ids = [month.order_id for month in await PlanMonth.filter(plan_id=plan.id)]
        if plan.paid_until is None or (order_ids and await Order.exists(id__in=order_ids, state__in=undecided)):
            return
        yen = await balance.balance_of(plan.id)
        if yen:
            back = await PlanReturn.create(id=new_id("plr", now), plan_id=plan.id, amount_yen=yen, requested_at=now)
            account = ledger.refund_account(back.id)
            await balance.debit(plan.id, yen, given_to=account, event=f"plan_return:{back.id}", at=now)
            await outbox.add(tx, RETURN, f"{RETURN}:{back.id}", {"return_id": back.id}, at=now)
        await Plan.filter(id=plan.id).update(paid_until=None)

    await run_tx(work)


async def give_back(market: Market, return_id: str) -> None:
    """Job: what is left goes back to the giver's card, once. Raises PaymentProviderUnreachable, PaymentRefused."""
    back = await PlanReturn.get(id=return_id)
    if back.returned_at is not None:
        return
    gift = await PlanGift.get(plan_id=back.plan_id)
    await market.payments.refund(gift.provider_payment, back.amount_yen, key=back.id)

    await run_tx(lambda _: note_returned(back, at=market.clock()))


async def note_returned(back: PlanReturn, *, at: datetime) -> None:
    """Inside the caller's transaction: the provider has the money, booked once."""
    if await PlanReturn.filter(id=back.id, returned_at__isnull=True).update(returned_at=at) == 1:
        postings = {ledger.refund_account(back.id): back.amount_yen, ledger.CLEARING: -back.amount_yen}
        await ledger.book(f"plan_return_paid:{back.id}", postings, order_id=None, at=at)
