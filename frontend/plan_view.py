"""A plan and its months as its pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from frontend.locales import Locale
from frontend.market_words import MarketWords
from frontend.offer_view import OfferView, view_of
from frontend.order_view import KINDS as ORDER_KINDS
from frontend.plan_form import menu_name
from frontend.wording import words
from marketplace.listings.offers import offers_of
from marketplace.plans import gifts
from marketplace.plans.errors import MenuUnknown
from marketplace.plans.models import Plan, PlanTerms
from marketplace.plans.reading import MonthSeen, next_month_at
from marketplace.plans.states import PlanState
from marketplace.plans.usage import in_force, menu_factor
from offset_calc.factors import load

KINDS = {
    PlanState.AWAITING_PAYMENT: "waiting",
    PlanState.ACTIVE: "plain",
    PlanState.PAUSED: "waiting",
    PlanState.PAST_DUE: "refused",
    PlanState.ENDED: "plain",
    PlanState.LAPSED: "plain",
}

LEAST_DRAWN, MOST_DRAWN = 12, 24


@dataclass(frozen=True, slots=True)
class TermsView:
    """What a month covers and costs. `use` names kWh and supplier, or the size; `menu_gone`: the list in force has it no more."""

    use: str
    edition: str
    month_g: int
    carried_g: int
    grams: int
    yen: int
    yen_per_tonne: int
    offer: OfferView
    menu_gone: bool
    footprint_id: str


@dataclass(frozen=True, slots=True)
class MonthView:
    """`actual_kwh` and `difference_g` are what its bill says; `extra_yen_known` is never guessed."""

    id: str
    first_day: date
    last_day: date
    grams: int
    covered_g: int
    carried_g: int
    yen: int
    kind: str
    state: str
    certificate_number: str | None
    order_token: str
    billed_kwh: str | None
    difference_g: int | None
    extra_g: int
    extra_token: str | None


async def terms_view(terms: PlanTerms, locale: Locale) -> TermsView:
    offer = (await offers_of([terms.listing_id]))[terms.listing_id]
    return TermsView(
        use=use_of(terms, locale),
        edition=terms.edition,
        month_g=terms.month_g,
        carried_g=terms.carried_g,
        grams=terms.grams,
        yen=terms.total_yen,
        yen_per_tonne=terms.yen_per_tonne,
        offer=view_of(offer, MarketWords(locale)),
        menu_gone=_menu_gone(terms),
        footprint_id=terms.footprint_id,
    )


def use_of(terms: PlanTerms, locale: Locale) -> str:
    if terms.household_size is not None:
        return words("calculator", f"choice.household_size.{terms.household_size}", locale)
    supplier = (
        words("plans", "unlisted", locale)
        if terms.menu is None
        else menu_name(menu_factor(terms.menu, load(terms.edition)), locale)
    )
    return words("plans", "use", locale, {"kwh": terms.kwh, "supplier": supplier})


def _menu_gone(terms: PlanTerms) -> bool:
    if terms.menu is None:
        return False
    try:
        menu_factor(terms.menu, in_force())
    except MenuUnknown:
        return True
    return False


def month_views(months: Sequence[MonthSeen], locale: Locale) -> list[MonthView]:
    """The newest first."""
    return [_month_view(month) for month in reversed(months)]


def _month_view(month: MonthSeen) -> MonthView:
    bill = month.bill
    return MonthView(
        id=month.id,
        first_day=month.first_day,
        last_day=month.last_day,
        grams=month.terms.grams,
        covered_g=month.covered_g,
        carried_g=month.terms.carried_g,
        yen=month.yen,
        kind=ORDER_KINDS[month.state],
        state=month.state.value,
        certificate_number=month.certificate_number,
        order_token=month.order_token,
        billed_kwh=None if bill is None else bill.kwh,
        difference_g=None if bill is None else bill.actual_g - month.terms.month_g,
        extra_g=month.extra_g,
        extra_token=None if month.extra is None else month.extra.access_token,
    )


@dataclass(frozen=True, slots=True)
class NextView:
    """What comes next: the name of the sentence, when the next month begins or a gift ends, and how many months of it are left."""

    word: str
    moment: datetime | None
    months_left: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns by month: the first day of each and what was covered. A short row is filled up with months to come."""

    firsts: Sequence[date]
    places: Sequence[Sequence[int]]


def chart_of(months: Sequence[MonthSeen]) -> Chart:
    """Of the newest MOST_DRAWN months, the oldest first."""
    drawn = months[-MOST_DRAWN:]
    firsts, places = [month.first_day for month in drawn], [[month.covered_g] for month in drawn]
    while firsts and len(firsts) < LEAST_DRAWN:
        last = firsts[-1].replace(day=1)
        firsts.append((last + timedelta(days=31)).replace(day=1))
        places.append([0])
    return Chart(firsts, places)


def chart_of_year(year: int, months: Sequence[MonthSeen]) -> Chart:
    """January to December; months that begin in the same calendar month stand in one column."""
    covered = [sum(month.covered_g for month in months if month.first_day.month == number) for number in range(1, 13)]
    return Chart([date(year, number, 1) for number in range(1, 13)], [[grams] for grams in covered])


async def next_view(plan: Plan, now: datetime) -> NextView:
    moment, left = next_month_at(plan, now), 0 if plan.gift_months is None else await gifts.months_left(plan)
    if plan.state != PlanState.ACTIVE:
        word = "gift_paused" if plan.gift_months is not None and plan.state == PlanState.PAUSED else plan.state
    elif moment is None:
        word = "arranging"
    elif plan.gift_months is not None:
        word = "gift" if left else "gift_last"
    else:
        word = "active"
    return NextView(word, moment, left)
