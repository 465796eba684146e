"""The projects behind the credits: public facts, each with its source."""

from datetime import date
from typing import Annotated

from pydantic import Field

from api.calls import Call, Reply
from api.endpoints import endpoint
from api.v1.shapes import Cursor, Page, PageSize, View, Wish, cursor_after, place_in
from marketplace.clock import japan_date
from marketplace.errors import ProjectNotFound
from marketplace.listings.offers import EVERYTHING, OfferFilter, projects_on_sale
from marketplace.projects.catalogue import Activity, Issue, Language, Project, Source, find_projects, load_catalogue
from marketplace.projects.eligibility import Purpose
from marketplace.projects.kinds import CreditKind, RegistryCode
from marketplace.projects.places import Region

FOR_TEN_MINUTES = "public, max-age=600"
FOR_A_MINUTE = "public, max-age=60"
Country = Annotated[str | None, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1, for example JP.")]
PrefectureCode = Annotated[str | None, Field(pattern=r"^JP-[0-9]{2}$", description="ISO 3166-2, for example JP-01.")]


Vintage = Annotated[
    int | None,
    Field(
        ge=1990,
        le=2100,
        description="Only units on offer of this year: calendar or fiscal, or a monitoring period that touches it.",
    ),
]
MaxPrice = Annotated[
    int | None,
    Field(ge=1, le=10**12, description="Only units on offer at this price at most: yen per tonne before tax."),
]


class ProjectQuery(Wish):
    registry: RegistryCode | None = None
    kind: CreditKind | None = None
    country: Country = None
    region: Region | None = None
    prefecture: PrefectureCode = None
    use: Annotated[Purpose | None, Field(description="Only with credits on offer that are confirmed for this use.")] = (
        None
    )
    vintage: Vintage = None
    max_price_per_tonne: MaxPrice = None
    limit: PageSize = 25
    cursor: Cursor = None


class ProjectPath(Wish):
    key: Annotated[str, Field(max_length=100, description="For example jcredit/normal/225; encode each slash as %2F.")]


class SourceView(View):
    """Where the facts were published; `as_of` is the state of the publication."""

    publisher: str
    title: str
    url: str
    as_of: str
    licence: str

    @classmethod
    def of(cls, source: Source) -> "SourceView":
        return cls(
            publisher=source.publisher,
            title=source.title,
            url=source.url,
            as_of=source.as_of,
            licence=source.licence,
        )


class ActivityView(View):
    """What the project does, by one methodology. `planned_g` is the list's plan figure: neither issued nor on offer."""

    methodology: str
    version: str | None
    kinds: list[CreditKind]
    name_ja: str
    name_en: str
    started_on: date | None
    certification_ends: date | None
    planned_g: int | None

    @classmethod
    def of(cls, activity: Activity) -> "ActivityView":
        return cls(
            methodology=activity.methodology,
            version=activity.version,
            kinds=list(activity.kinds),
            name_ja=activity.name_ja,
            name_en=activity.name_en,
            started_on=activity.started_on,
            certification_ends=activity.certification_ends,
            planned_g=None if activity.expected_t is None else int(activity.expected_t * 1_000_000),
        )


class IssueView(View):
    """One side of one monitoring period of a JCM project, as the joint committee's table states it."""

    side: str
    monitored_from: date
    monitored_to: date
    decided_on: date
    notified_g: int
    issued_on: date | None
    issued_g: int | None
    source: SourceView

    @classmethod
    def of(cls, issue: Issue) -> "IssueView":
        return cls(
            side=issue.side,
            monitored_from=issue.monitored_from,
            monitored_to=issue.monitored_to,
            decided_on=issue.decided_on,
            notified_g=issue.notified_t * 1_000_000,
            issued_on=issue.issued_on,
            issued_g=None if issue.issued_t is None else issue.issued_t * 1_000_000,
            source=SourceView.of(issue.source),
        )


class ProjectView(View):
    """Public facts as the source states them; `our_translation` says which of the two names is a translation of ours."""

    key: str
    registry: RegistryCode
    scheme: str
    list_type: str | None
    number: str
    operator: str
    place: str
    country: str
    prefectures: list[str]
    registered_on: date | None
    name_ja: str
    name_en: str
    our_translation: Language
    activities: list[ActivityView]
    issues: list[IssueView]
    source: SourceView

    @classmethod
    def of(cls, project: Project) -> "ProjectView":
        return cls(
            key=project.key,
            registry=project.registry,
            scheme=project.scheme,
            list_type=project.list_type,
            number=project.number,
            operator=project.operator,
            place=project.place,
            country=project.country,
            prefectures=list(project.prefectures),
            registered_on=project.registered_on,
            name_ja=project.name_ja,
            name_en=project.name_en,
            our_translation=project.our_translation,
            activities=[ActivityView.of(activity) for activity in project.activities],
            issues=[IssueView.of(issue) for issue in project.issues],
            source=SourceView.of(project.source),
        )


@endpoint("GET", "/v1/projects", answers={200: Page[ProjectView]}, tag="Catalogue", cache=FOR_TEN_MINUTES)
async def list_projects(call: Call, query: ProjectQuery) -> Reply:
    """List projects

    In the order of their keys. A nationwide project answers to no single prefecture. `use`, `vintage` and `max_price_per_tonne` ask
    for one offer that fits them all, so they leave out what nobody sells now.
    """
    found = find_projects(
        load_catalogue().values(),
        registry=query.registry,
        kind=query.kind,
        country=query.country,
        region=query.region,
        prefecture=query.prefecture,
    )
    cache = None
    offered = OfferFilter(use=query.use, vintage=query.vintage, max_yen_per_tonne=query.max_price_per_tonne)
    if offered != EVERYTHING:
        on_sale = await projects_on_sale(japan_date(call.services.market.clock()), offered)
        found = tuple(project for project in found if project.key in on_sale)
        cache = FOR_A_MINUTE
    (after,) = ("",) if query.cursor is None else place_in(query.cursor, 1)
    rest = sorted((project for project in found if project.key > after), key=lambda project: project.key)
    page = rest[: query.limit]
    return Reply(
        Page[ProjectView](
            data=[ProjectView.of(project) for project in page],
            next_cursor=cursor_after(page[-1].key) if len(rest) > query.limit else None,
        ),
        cache=cache,
    )


@endpoint(
    "GET",
    "/v1/projects/{key:path}",
    answers={200: ProjectView},
    refuses=(ProjectNotFound,),
    tag="Catalogue",
    cache=FOR_TEN_MINUTES,
)
async def read_project(call: Call, path: ProjectPath) -> Reply:
    """Read one project"""
    project = load_catalogue().get(path.key)
    if project is None:
        raise ProjectNotFound(f"there is no project {path.key}", key=path.key)
    return Reply(ProjectView.of(project))
