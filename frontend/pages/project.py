"""A project: its public facts with their sources, what is on offer of it, and what its units may be used for."""

from dataclasses import dataclass
from datetime import date

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from frontend.context import PageContext, services_of
from frontend.market_words import MarketWords
from frontend.offer_view import view_of
from frontend.responses import page_response
from marketplace.clock import japan_date
from marketplace.listings.offers import OfferFilter, find_offers
from marketplace.projects.catalogue import Activity, Issue, Project, load_catalogue
from marketplace.projects.eligibility import Usability, load_eligibility, uses_for
from marketplace.projects.kinds import CreditKind

MOST_OFFERS = 20
USE_KINDS = {
    Usability.USABLE: "cancelled",
    Usability.PARTLY: "waiting",
    Usability.NOT_USABLE: "refused",
    Usability.NOT_CONFIRMED: "plain",
}


@dataclass(frozen=True, slots=True)
class ActivityView:
    name: str
    methodology: str
    kinds: str
    certification_ends: date | None
    expected_t: str


@dataclass(frozen=True, slots=True)
class UseView:
    purpose: str
    kind: str
    usability: str
    conditions: str


@dataclass(frozen=True, slots=True)
class KindUses:
    """What units of one kind may be used for."""

    kind: str
    uses: tuple[UseView, ...]


async def page(request: Request) -> Response:
    project = load_catalogue().get(request.path_params["key"])
    if project is None:
        raise HTTPException(404)
    words = MarketWords(PageContext.of(request).locale)
    today = japan_date(services_of(request).market.clock())
    offers = await find_offers(OfferFilter(project=project.key), on=today, limit=MOST_OFFERS)
    return page_response(
        request,
        "pages/project.html",
        project=project,
        name=words.name(project),
        translated=project.our_translation.value == words.locale.value,
        where=words.where(project),
        registry=words.registry(project.registry),
        activities=[_activity(activity, words) for activity in project.activities],
        issues=[(issue, words.kind(issue.kind)) for issue in _latest_first(project)],
        uses=[KindUses(words.kind(kind), _uses(kind, today, words)) for kind in project.kinds],
        uses_edition=load_eligibility().edition,
        offers=[view_of(offer, words) for offer in offers],
        footprint=request.query_params.get("footprint", ""),
    )


def _activity(activity: Activity, words: MarketWords) -> ActivityView:
    return ActivityView(
        name=words.name(activity),
        methodology=" ".join(filter(None, (activity.methodology, activity.version))),
        kinds=words.list_of([words.kind(kind) for kind in activity.kinds]),
        certification_ends=activity.certification_ends,
        expected_t=f"{activity.expected_t:,}" if activity.expected_t is not None else "",
    )


def _latest_first(project: Project) -> list[Issue]:
    return sorted(project.issues, key=lambda issue: issue.monitored_to, reverse=True)


def _uses(kind: CreditKind, on: date, words: MarketWords) -> tuple[UseView, ...]:
    return tuple(
        UseView(
            purpose=words.of(f"purpose.{use.purpose.value}"),
            kind=USE_KINDS[use.usability],
            usability=words.of(f"usability.{use.usability.value}"),
            conditions=words.list_of([words.of(f"condition.{condition.value}") for condition in use.conditions]),
        )
        for use in uses_for(kind, on)
    )
