"""Monthly plans of households: what a month comes to, begin one, watch it, change, pause, resume and end it."""

from datetime import date, datetime
from typing import Annotated, Literal

import structlog
from pydantic import Field, JsonValue

from api.calls import Call, KeyPolicy, Reply
from api.endpoints import endpoint
from api.v1.payment_pages import opened_now
from api.v1.shapes import Currency, Id, View, Wish, Yen
from certificates.render_pdf import TextNotPrintable
from marketplace.closures.errors import RegistryClosed
from marketplace.errors import (
    BelowSmallestPayment,
    ConsentMissing,
    ListingClosed,
    ListingNotFound,
    PoolNotOffered,
    TotalAboveLimit,
)
from marketplace.mail.address import AddressRefused
from marketplace.orders.states import OrderState
from marketplace.payments.gateway import PaymentProviderUnreachable, PaymentRefused
from marketplace.plans import beginning, bills, changes, reading, steering
from marketplace.plans import service as plans
from marketplace.plans import terms as plan_terms
from marketplace.plans.beginning import PlanWish
from marketplace.plans.bills import BillRow
from marketplace.plans.errors import (
    BillMonthUnknown,
    EffortMissing,
    MenuUnknown,
    MonthTooLarge,
    MonthWithoutEmissions,
    PlanNotChangeable,
    PlanNotFound,
    PublicNameRefused,
    UsageRefused,
)
from marketplace.plans.models import Plan, PlanTerms
from marketplace.plans.states import PlanState
from marketplace.plans.terms import Draft
from marketplace.plans.usage import Usage
from marketplace.plans.words import consent_text, consent_version

log = structlog.get_logger()

Locale = Literal["ja", "en"]
Size = Literal["size1", "size2", "size3", "size4", "size5", "size6plus", "sizeall"]
Menu = Annotated[str, Field(min_length=1, max_length=100, description="As GET /v1/plan_menus lists it.")]
Kwh = Annotated[str, Field(min_length=1, max_length=40, description="A month's electricity, a plain decimal number.")]

PRICED = (
    RegistryClosed,
    MenuUnknown,
    UsageRefused,
    MonthWithoutEmissions,
    MonthTooLarge,
    ListingNotFound,
    ListingClosed,
    PoolNotOffered,
    BelowSmallestPayment,
)
# what POST /v1/plans and POST /v1/plan_gifts refuse alike
BEGUN = (
    *PRICED,
    AddressRefused,
    PublicNameRefused,
    ConsentMissing,
    EffortMissing,
    TextNotPrintable,
    TotalAboveLimit,
    PaymentRefused,
)
EXAMPLE: dict[str, JsonValue] = {
    "use": {"menu": "A0002.all", "kwh": "300"},
    "listing_id": "$LISTING_ID",
    "email": "home@example.jp",
    "reduction_effort": "Lights off in empty rooms",
    "consent_version": consent_version(),
    "max_monthly": 800,
    "locale": "en",
}


class UseBody(Wish):
    """Either `kwh` with the supplier's menu (leave it out if the list has it not), or `household_size`."""

    menu: Menu | None = None
    kwh: Kwh | None = None
    household_size: Size | None = None

    def usage(self) -> Usage:
        return Usage(self.menu, self.kwh, self.household_size)


class PlanBody(Wish):
    """`listing_id` must be one whose registry has pools. `public_name`: initials, or nothing."""

    use: UseBody
    listing_id: Id
    email: Annotated[str, Field(max_length=320, description="Gets the certificates and the link of the plan.")]
    reduction_effort: Annotated[str, Field(min_length=1, max_length=beginning.LONGEST_EFFORT)]
    consent_version: Annotated[str, Field(max_length=40, description="Of the wording that the person has agreed to.")]
    public_name: Annotated[str, Field(max_length=40)] = ""
    locale: Locale = "ja"
    max_monthly: Annotated[Yen | None, Field(description="The person's own limit for a month.")] = None
    dry_run: Annotated[bool, Field(description="Say what a month comes to and begin nothing.")] = False

    def wish(self, external_id: str | None) -> PlanWish:
        return PlanWish(
            usage=self.use.usage(),
            listing_id=self.listing_id,
            email=self.email,
            locale=self.locale,
            reduction_effort=self.reduction_effort,
            consent_version=self.consent_version,
            public_name=self.public_name,
            max_monthly_yen=self.max_monthly,
            external_id=external_id,
        )


class ChangeBody(Wish):
    use: UseBody
    listing_id: Id


class BillBody(Wish):
    """`month`: the first day of a paid month, or its calendar month if only one begins in it."""

    month: Annotated[str, Field(min_length=7, max_length=10)]
    kwh: Kwh


class NothingBody(Wish):
    pass


class PlanPath(Wish):
    token: Id


class MonthCost(View):
    """What a month covers and costs. `carried_g`: what earlier bills left to cover."""

    use: UseBody
    edition: str
    month_g: int
    carried_g: int
    amount_g: int
    listing_id: str
    total: int
    currency: Currency


class RehearsalView(View):
    dry_run: Literal[True]
    month: MonthCost
    consent_version: str
    consent_text: str


class MonthView(View):
    """A paid month: its days in Japan time, both included, and the state of the order that covers it."""

    first_day: date
    last_day: date
    amount_g: int
    total: int
    state: OrderState
    certificate_number: str | None
    billed_kwh: str | None


class PlanView(View):
    """`token` opens this plan to whoever has it: keep it like a password. `next_month` is what the next month will be."""

    token: str
    url: str
    page_url: str
    state: PlanState
    ended_because: str | None
    checkout_url: str | None = Field(description="Where to pay the first month, while the plan waits for it.")
    next_charge_at: datetime | None
    next_month: MonthCost
    offset_g: int = Field(description="Grams on all certificates of the plan.")
    still_to_cover_g: int = Field(description="What bills left for the next months; below zero: covered too much.")
    months: list[MonthView]
    created_at: datetime


@endpoint(
    "POST",
    "/v1/plans",
    answers={201: PlanView, 200: RehearsalView},
    refuses=BEGUN,
    tag="Plans",
    key=KeyPolicy.REQUIRED,
    example=EXAMPLE,
)
async def create_plan(call: Call, body: PlanBody) -> Reply:
    """Begin a monthly plan

    Answers 201 with the address of the payment page, where the person enters a card: the first month is charged at once and
    each further one by itself, until the plan is ended. With `dry_run` nothing begins and the answer is 200.
    """
    market = call.services.market
    wish = body.wish(number_of(call))
    if body.dry_run:
        wanted = await beginning.considered(market, wish)
        text = consent_text(body.locale, pool_user=market.terms.pools.credit_user)
        cost = cost_of(wanted, body.use)
        return Reply(RehearsalView(dry_run=True, month=cost, consent_version=consent_version(), consent_text=text))
    begun_before = await Plan.get_or_none(external_id=wish.external_id) if call.again else None
    begun = begun_before or await beginning.begin(market, wish)
    plan = await opened_now(beginning.open_checkout(market, begun.id), begun)
    view = await _view(call, plan)
    return Reply(view, 201, location=view.url)


@endpoint("GET", "/v1/plans/{token}", answers={200: PlanView}, refuses=(PlanNotFound,), tag="Plans")
async def read_plan(call: Call, path: PlanPath) -> Reply:
    """Read a plan

    By the token of the answer to POST /v1/plans.
    """
    return Reply(await _view(call, await plans.find_by_token(path.token)))


@endpoint(
    "POST",
    "/v1/plans/{token}/change",
    answers={200: PlanView},
    refuses=(PlanNotFound, PlanNotChangeable, *PRICED),
    tag="Plans",
    key=KeyPolicy.OPTIONAL,
    example={"use": {"menu": "A0002.all", "kwh": "350"}, "listing_id": "$LISTING_ID"},
)
async def change_plan(call: Call, path: PlanPath, body: ChangeBody) -> Reply:
    """Change use or credits

    From the next month on; the month that is paid stays as it is.
    """
    plan = await plans.find_by_token(path.token)
    await changes.change(call.services.market, plan.id, body.use.usage(), body.listing_id)
    return await _settled(call, plan)


@endpoint(
    "POST",
    "/v1/plans/{token}/pause",
    answers={200: PlanView},
    refuses=(PlanNotFound, PlanNotChangeable),
    tag="Plans",
    key=KeyPolicy.OPTIONAL,
    example={},
)
async def pause_plan(call: Call, path: PlanPath, body: NothingBody) -> Reply:
    """Pause a plan

    Months pass without being charged until it is resumed. Twice is once.
    """
    plan = await changes.pause(call.services.market, (await plans.find_by_token(path.token)).id)
    return await _settled(call, plan)


@endpoint(
    "POST",
    "/v1/plans/{token}/resume",
    answers={200: PlanView},
    refuses=(PlanNotFound, PlanNotChangeable),
    tag="Plans",
    key=KeyPolicy.OPTIONAL,
    example={},
)
async def resume_plan(call: Call, path: PlanPath, body: NothingBody) -> Reply:
    """Resume a plan

    The next month is charged again. Twice is once.
    """
    plan = await changes.resume(call.services.market, (await plans.find_by_token(path.token)).id)
    return await _settled(call, plan)


@endpoint(
    "POST",
    "/v1/plans/{token}/cancel",
    answers={200: PlanView},
    refuses=(PlanNotFound, PlanNotChangeable),
    tag="Plans",
    key=KeyPolicy.OPTIONAL,
    example={},
)
async def cancel_plan(call: Call, path: PlanPath, body: NothingBody) -> Reply:
    """End a plan

    At once: nothing is charged any more. What is certified stays. Twice is once.
    """
    plan = await changes.cancel(call.services.market, (await plans.find_by_token(path.token)).id)
    return await _settled(call, plan)


@endpoint(
    "POST",
    "/v1/plans/{token}/bills",
    answers={200: PlanView},
    refuses=(PlanNotFound, PlanNotChangeable, BillMonthUnknown, UsageRefused, MonthTooLarge),
    tag="Plans",
    key=KeyPolicy.OPTIONAL,
    example={"month": "2026-12-05", "kwh": "318"},
)
async def enter_plan_bill(call: Call, path: PlanPath, body: BillBody) -> Reply:
    """Enter a month's bill

    The next month makes up for the difference. Another bill of the same month takes the place of the first.
    """
    plan = await plans.find_by_token(path.token)
    await bills.enter(call.services.market, plan.id, [BillRow(body.month, body.kwh)])
    return await _settled(call, plan)


async def _settled(call: Call, plan: Plan) -> Reply:
    """The provider hears of it now if it can be reached; if not, the worker goes on trying."""
    try:
        await steering.follow(call.services.market, plan.id)
    except (PaymentProviderUnreachable, steering.PlanDoesNotSettle) as problem:
        log.warning("plan_settles_later", plan=plan.id, error=type(problem).__name__)
    return Reply(await _view(call, await plans.find(plan.id)))


def cost_of(wanted: Draft, use: UseBody) -> MonthCost:
    return MonthCost(
        use=use,
        edition=wanted.footprint.edition,
        month_g=wanted.month_g,
        carried_g=0,
        amount_g=wanted.month_g,
        listing_id=wanted.listing_id,
        total=wanted.total_yen,
        currency="JPY",
    )


def _cost(terms: PlanTerms) -> MonthCost:
    return MonthCost(
        use=UseBody.model_validate({"menu": terms.menu, "kwh": terms.kwh, "household_size": terms.household_size}),
        edition=terms.edition,
        month_g=terms.month_g,
        carried_g=terms.carried_g,
        amount_g=terms.grams,
        listing_id=terms.listing_id,
        total=terms.total_yen,
        currency="JPY",
    )


async def _view(call: Call, plan: Plan) -> PlanView:
    origin = call.services.public_origin
    months = await reading.months_of(plan.id)
    return PlanView(
        token=plan.access_token,
        url=f"{origin}/v1/plans/{plan.access_token}",
        page_url=f"{origin}/{plan.locale}/plans/{plan.access_token}",
        state=PlanState(plan.state),
        ended_because=plan.ended_because,
        checkout_url=plan.checkout_url if plan.state == PlanState.AWAITING_PAYMENT else None,
        next_charge_at=reading.next_charge_at(plan, call.services.market.clock()),
        next_month=_cost(await plan_terms.newest(plan.id)),
        offset_g=await reading.running_total_g(plan.id),
        still_to_cover_g=await bills.uncovered_g(plan.id),
        months=[
            MonthView(
                first_day=month.first_day,
                last_day=month.last_day,
                amount_g=month.terms.grams,
                total=month.yen,
                state=month.state,
                certificate_number=month.certificate_number,
                billed_kwh=None if month.bill is None else month.bill.kwh,
            )
            for month in months
        ],
        created_at=plan.created_at,
    )


def number_of(call: Call, *, what: str = "") -> str:
    """By which a plan is found again after a crash; each organisation has its own numbers, and a key is another one elsewhere."""
    return f"{call.holder.actor.organisation_id if call.holder else 'guest'}:{what}{call.key}"
