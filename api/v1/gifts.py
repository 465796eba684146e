"""A monthly plan as a gift: paid once for some months, and somebody else gets a certificate each month."""

from typing import Annotated, Literal

from pydantic import Field

from api.calls import Call, KeyPolicy, Reply
from api.endpoints import endpoint
from api.v1.payment_pages import opened_now
from api.v1.plans import BEGUN, EXAMPLE, MonthCost, PlanBody, cost_of, number_of
from api.v1.shapes import Currency, View, WholeNumber, Yen
from marketplace.plans import gifts
from marketplace.plans.errors import GiftMonthsRefused
from marketplace.plans.gifts import LONGEST_GIVER, MOST_MONTHS, GiftWish
from marketplace.plans.jobs import open_checkout
from marketplace.plans.models import Plan
from marketplace.plans.words import consent_text, consent_version


class GiftBody(PlanBody):
    """As for a plan; `email` is of whoever gets it. You pay `months` times a month at once, by card."""

    months: Annotated[WholeNumber, Field(ge=1, le=MOST_MONTHS)]
    giver_email: Annotated[
        str, Field(max_length=320, description="Gets the receipt, and what is left if the plan ends early.")
    ]
    giver_name: Annotated[
        str, Field(max_length=LONGEST_GIVER, description="Stands in the mail to whoever gets it.")
    ] = ""


class GiftView(View):
    """The plan belongs to whoever gets it, so its own address comes by mail to them alone."""

    id: str
    months: int
    month: MonthCost
    total: int
    currency: Currency
    checkout_url: str | None


class GiftRehearsalView(View):
    dry_run: Literal[True]
    months: int
    month: MonthCost
    total: Yen
    currency: Currency
    consent_version: str
    consent_text: str


@endpoint(
    "POST",
    "/v1/plan_gifts",
    answers={201: GiftView, 200: GiftRehearsalView},
    refuses=(*BEGUN, GiftMonthsRefused),
    tag="Plans",
    key=KeyPolicy.REQUIRED,
    example={**EXAMPLE, "months": 6, "giver_email": "giver@example.jp", "giver_name": "A. B."},
)
async def give_plan(call: Call, body: GiftBody) -> Reply:
    """Give a monthly plan to somebody

    Answers 201 with the address of the payment page. With `dry_run` nothing begins and the answer is 200. `consent_version` is that of
    GET /v1/plan_consent, as for a plan.
    """
    market = call.services.market
    wish = GiftWish(body.wish(number_of(call, what="gift:")), body.months, body.giver_email, body.giver_name)
    draft = await gifts.considered(market, wish)
    month = cost_of(draft, body.use)
    if body.dry_run:
        text = consent_text(body.locale, pool_user=market.terms.pools.credit_user, gift_months=body.months)
        return Reply(
            GiftRehearsalView(
                dry_run=True,
                months=body.months,
                month=month,
                total=body.months * month.total,
                currency="JPY",
                consent_version=consent_version(),
                consent_text=text,
            )
        )
    begun_before = await Plan.get_or_none(external_id=wish.plan.external_id) if call.again else None
    begun = begun_before or await gifts.begin(market, wish)
    plan = await opened_now(open_checkout(market, begun.id), begun)
    return Reply(
        GiftView(
            id=plan.id,
            months=body.months,
            month=month,
            total=body.months * month.total,
            currency="JPY",
            checkout_url=plan.checkout_url,
        ),
        201,
    )
