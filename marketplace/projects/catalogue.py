"""Real public mitigation projects, as facts with their source. What is on offer is never decided here.

A project's key is (scheme list, type, number): the normal and the program list of the J-Credit scheme both count from 1.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic.dataclasses import dataclass

from marketplace.projects.facts import ROW, DataDefect, read_rows, unique
from marketplace.projects.kinds import JCM_GENERATIONS, CreditKind, RegistryCode, jcm_generation
from marketplace.projects.places import Region, load_prefectures

FOLDER = Path(__file__).with_name("catalogue")


class Scheme(StrEnum):
    """Whose project list the number belongs to."""

    JCREDIT = "jcredit"
    DOMESTIC_CREDIT = "domestic"
    JVER = "jver"
    JCM = "jcm"


_NATIONAL_SCHEMES = (Scheme.JCREDIT, Scheme.DOMESTIC_CREDIT, Scheme.JVER)


class ListType(StrEnum):
    NORMAL = "normal"
    PROGRAM = "program"


class Side(StrEnum):
    """Which government issues its share of a JCM amount."""

    JAPAN = "japan"
    PARTNER = "partner"


class Language(StrEnum):
    JA = "ja"
    EN = "en"


@dataclass(config=ROW, frozen=True, slots=True)
class Source:
    """A publication; `as_of` is its state as precisely as known: 2024-06-05 or 2026-06."""

    id: str
    publisher: str
    title: str
    url: str
    as_of: str
    licence: str


@dataclass(frozen=True, slots=True)
class Activity:
    """What a project does under one methodology. A project has one row per methodology.

    `expected_t` is the plan figure of the list in tonnes up to FY2050, decimals as published: neither issued nor on offer.
    `certification_ends` is None where the list states no end. `version` is None for the legacy schemes.
    """

    methodology: str
    version: str | None
    kinds: tuple[CreditKind, ...]
    name_ja: str
    name_en: str
    started_on: date | None
    certification_ends: date | None
    expected_t: Decimal | None


@dataclass(frozen=True, slots=True)
class Issue:
    """One side's share of one JCM monitoring period (days included), in whole tonnes, as the issue table showed it.

    `issued_t` and `issued_on` are None while the table shows no issue. The table says nothing of authorisation or
    corresponding adjustment; for reductions up to 2020 neither question arises.
    """

    side: Side
    monitored_from: date
    monitored_to: date
    decided_on: date
    notified_t: int
    issued_on: date | None
    issued_t: int | None
    source: Source

    @property
    def kind(self) -> CreditKind:
        return jcm_generation(self.monitored_to)


@dataclass(frozen=True, slots=True)
class Project:
    """`our_translation` names the language whose names are ours, not published. No `prefectures` means nationwide or abroad.

    `country` is ISO 3166-1 alpha-2; `prefectures` are ISO 3166-2 codes; `operator` and `place` are as published.
    """

    key: str
    scheme: Scheme
    list_type: ListType | None
    number: str
    operator: str
    place: str
    country: str
    prefectures: tuple[str, ...]
    registered_on: date | None
    our_translation: Language
    source: Source
    activities: tuple[Activity, ...]
    issues: tuple[Issue, ...]

    @property
    def registry(self) -> RegistryCode:
        """Where units of the project are recorded; the legacy units live in the J-Credit registry."""
        return RegistryCode.JCM_JAPAN if self.scheme is Scheme.JCM else RegistryCode.JCREDIT

    @property
    def name_ja(self) -> str:
        return "、".join(activity.name_ja for activity in self.activities)

    @property
    def name_en(self) -> str:
        return "; ".join(activity.name_en for activity in self.activities)

    @property
    def kinds(self) -> tuple[CreditKind, ...]:
        """The kinds its units can be of; for the JCM the monitoring period decides between the two generations."""
        return tuple(dict.fromkeys(kind for activity in self.activities for kind in activity.kinds))

    @property
    def regions(self) -> tuple[Region, ...]:
        prefectures = load_prefectures()
        return tuple(dict.fromkeys(prefectures[code].region for code in self.prefectures))

    def activity(self, methodology: str) -> Activity:
        """Raises DataDefect if the project has no row for the methodology."""
        for activity in self.activities:
            if activity.methodology == methodology:
                return activity
        raise DataDefect(f"project {self.key} has no activity under {methodology}")


@dataclass(config=ROW, frozen=True, slots=True)
class _ActivityRow:
    methodology: str
    name_ja: str
    name_en: str
    version: str | None = None
    kind: CreditKind | None = None
    started_on: date | None = None
    certification_ends: date | None = None
    expected_t: Decimal | None = None


@dataclass(config=ROW, frozen=True, slots=True)
class _IssueRow:
    side: Side
    monitored_from: date
    monitored_to: date
    decided_on: date
    notified_t: int
    source: str
    issued_on: date | None = None
    issued_t: int | None = None


@dataclass(config=ROW, frozen=True, slots=True)
class _ProjectRow:
    key: str
    operator: str
    place: str
    country: str
    our_translation: Language
    source: str
    activity: tuple[_ActivityRow, ...]
    source_url: str | None = None
    registered_on: date | None = None
    prefectures: tuple[str, ...] = ()
    issue: tuple[_IssueRow, ...] = ()


@cache
def load_sources() -> Mapping[str, Source]:
    """Every publication the catalogue rests on, by id."""
    rows = read_rows(FOLDER / "sources.toml", "source", Source)
    unique((row.id for row in rows), what="source")
    return MappingProxyType({row.id: row for row in rows})


@cache
def load_catalogue() -> Mapping[str, Project]:
    """Every project by key, in the order of the data files. Raises DataDefect if a file contradicts itself."""
    files = sorted(path for path in FOLDER.glob("*.toml") if path.name != "sources.toml")
    projects = [_project(row) for path in files for row in read_rows(path, "project", _ProjectRow)]
    unique((project.key for project in projects), what="project")
    return MappingProxyType({project.key: project for project in projects})


def find_projects(
    projects: Iterable[Project],
    *,
    kind: CreditKind | None = None,
    country: str | None = None,
    region: Region | None = None,
    prefecture: str | None = None,
    registry: RegistryCode | None = None,
) -> tuple[Project, ...]:
    """Those that meet every given condition, in the given order.

    A nationwide project answers to no single region or prefecture: where its next tonne comes from is not known.
    """
    return tuple(
        project
        for project in projects
        if (kind is None or kind in project.kinds)
        and (country is None or country == project.country)
        and (region is None or region in project.regions)
        and (prefecture is None or prefecture in project.prefectures)
        and (registry is None or registry is project.registry)
    )


def _project(row: _ProjectRow) -> Project:
    scheme, list_type, number = _key_parts(row.key)
    source = _source(row.source, row)
    if row.source_url is not None:
        source = Source(source.id, source.publisher, source.title, row.source_url, source.as_of, source.licence)
    unknown = set(row.prefectures) - set(load_prefectures())
    if unknown or (row.prefectures and row.country != "JP"):
        raise DataDefect(f"project {row.key}: no such prefectures in {row.country}: {sorted(row.prefectures)}")
    if not row.activity:
        raise DataDefect(f"project {row.key} has no activity")
    unique((activity.methodology for activity in row.activity), what=f"project {row.key}: methodology")
    return Project(
        key=row.key,
        scheme=scheme,
        list_type=list_type,
        number=number,
        operator=row.operator,
        place=row.place,
        country=row.country,
        prefectures=row.prefectures,
        registered_on=row.registered_on,
        our_translation=row.our_translation,
        source=source,
        activities=tuple(_activity(activity, scheme, row.key) for activity in row.activity),
        issues=tuple(_issue(issue, row) for issue in row.issue),
    )


def _key_parts(key: str) -> tuple[Scheme, ListType | None, str]:
    """The JCM has one list per country and no types; its number already carries the country."""
    match key.split("/"):
        case [Scheme.JCM, number]:
            return Scheme.JCM, None, number
        case [scheme, list_type, number] if scheme in _NATIONAL_SCHEMES and list_type in tuple(ListType):
            return Scheme(scheme), ListType(list_type), number
        case _:
            raise DataDefect(f"not a project key: {key}")


def _activity(row: _ActivityRow, scheme: Scheme, key: str) -> Activity:
    # The generation of JCM units belongs to the monitoring period, so a JCM row states no kind and any other row must.
    if (row.kind is None) != (scheme is Scheme.JCM):
        raise DataDefect(f"project {key}, {row.methodology}: a kind is stated exactly outside the JCM")
    return Activity(
        methodology=row.methodology,
        version=row.version,
        kinds=JCM_GENERATIONS if row.kind is None else (row.kind,),
        name_ja=row.name_ja,
        name_en=row.name_en,
        started_on=row.started_on,
        certification_ends=row.certification_ends,
        expected_t=row.expected_t,
    )


def _issue(row: _IssueRow, project: _ProjectRow) -> Issue:
    if row.monitored_to < row.monitored_from or (row.issued_on is None) != (row.issued_t is None):
        raise DataDefect(f"project {project.key}: issue of {row.monitored_from} contradicts itself")
    return Issue(
        side=row.side,
        monitored_from=row.monitored_from,
        monitored_to=row.monitored_to,
        decided_on=row.decided_on,
        notified_t=row.notified_t,
        issued_on=row.issued_on,
        issued_t=row.issued_t,
        source=_source(row.source, project),
    )


def _source(source_id: str, row: _ProjectRow) -> Source:
    try:
        return load_sources()[source_id]
    except KeyError:
        raise DataDefect(f"project {row.key} names the unknown source {source_id}") from None
