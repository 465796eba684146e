"""Search the emission factors that footprints are computed with."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from api.calls import Call, Reply
from api.endpoints import endpoint
from api.v1.shapes import Cursor, Page, PageSize, View, Wish, cursor_after, malformed_cursor, place_in
from marketplace.footprints.recalls import recalls_in_force
from offset_calc import Factor, factors, tables
from offset_calc.errors import EditionUnknown, FactorNotFound
from offset_calc.quantities import plain

FOR_A_MINUTE = "public, max-age=60"
FOR_AN_HOUR = "public, max-age=3600"
Edition = Annotated[
    str | None, Field(max_length=20, description="An older edition by its name; the current one without.")
]
_MOST_HITS = 5_000


class FactorQuery(Wish):
    q: Annotated[
        str, Field(min_length=1, max_length=100, description="Words in Japanese or English, or parts of an id.")
    ]
    edition: Edition = None
    limit: PageSize = 25
    cursor: Cursor = None


class FactorPath(Wish):
    id: Annotated[str, Field(max_length=200)]


class EditionQuery(Wish):
    edition: Edition = None


class FactorView(View):
    """Emissions per unit of activity, as published: `value` is a decimal text in `unit`."""

    id: str
    edition: str
    category: str
    name_ja: str
    name_en: str
    region: str
    year: str
    valid_from: date | None
    valid_to: date | None
    value: str
    unit: str
    gas: str
    gwp_set: str
    confidence: str
    source_title: str
    source_publisher: str
    source_year: str
    source_url: str
    note: str

    @classmethod
    def of(cls, factor: Factor, edition: str) -> "FactorView":
        return cls(
            id=factor.id,
            edition=edition,
            category=factor.category,
            name_ja=factor.name_ja,
            name_en=factor.name_en,
            region=factor.region,
            year=factor.year,
            valid_from=factor.valid_from,
            valid_to=factor.valid_to,
            value=plain(factor.value),
            unit=factor.unit,
            gas=factor.gas,
            gwp_set=factor.gwp_set,
            confidence=factor.confidence,
            source_title=factor.source_title,
            source_publisher=factor.source_publisher,
            source_year=factor.source_year,
            source_url=factor.source_url,
            note=factor.note,
        )


class EditionView(View):
    """One edition of the shipped factors. It never changes: equal `sha256`, equal figures."""

    edition: str
    sha256: str
    current: bool


class EditionList(View):
    data: list[EditionView]


class RecallView(View):
    """A factor that turned out wrong. `corrected_value` is in the factor's unit, null while it is not known."""

    factor_id: str
    reason: str
    corrected_value: str | None
    recalled_at: datetime


class RecallsQuery(Wish):
    limit: PageSize = 25
    cursor: Cursor = None


@endpoint("GET", "/v1/factors/editions", answers={200: EditionList}, tag="Footprints", cache=FOR_AN_HOUR)
async def list_editions(call: Call) -> Reply:
    """List the editions of the factor set"""
    editions = (factors.load(name) for name in tables.editions())
    current = factors.CURRENT_EDITION
    views = [EditionView(edition=e.edition, sha256=e.sha256, current=e.edition == current) for e in editions]
    return Reply(EditionList(data=views))


@endpoint("GET", "/v1/factors/recalls", answers={200: Page[RecallView]}, tag="Footprints", cache=FOR_A_MINUTE)
async def list_recalls(call: Call, query: RecallsQuery) -> Reply:
    """List the factors that were recalled

    Newest first; an earlier recall of the same factor is replaced by a later one. A footprint that used one stays as it was computed;
    its page says what the total should have been.
    """
    before = None if query.cursor is None else place_in(query.cursor, 1)[0]
    newest_first = sorted((await recalls_in_force()).values(), key=lambda recall: recall.id, reverse=True)
    rest = [recall for recall in newest_first if before is None or recall.id < before]
    page = rest[: query.limit]
    return Reply(
        Page[RecallView](
            data=[
                RecallView(
                    factor_id=recall.factor_id,
                    reason=recall.reason,
                    corrected_value=recall.corrected_value,
                    recalled_at=recall.recalled_at,
                )
                for recall in page
            ],
            next_cursor=cursor_after(page[-1].id) if len(rest) > query.limit else None,
        )
    )


@endpoint(
    "GET",
    "/v1/factors",
    answers={200: Page[FactorView]},
    refuses=(EditionUnknown,),
    tag="Footprints",
    cache=FOR_AN_HOUR,
    query_example={"q": "都市ガス"},
)
async def search_factors(call: Call, query: FactorQuery) -> Reply:
    """Search emission factors

    Every word has to occur in the id, the name, the region or the year. An edition never changes, so neither do its pages.
    """
    chosen = _edition(query.edition)
    start = 0 if query.cursor is None else _offset(query.cursor)
    hits = chosen.search(query.q, limit=start + query.limit + 1)
    page = hits[start : start + query.limit]
    more = len(hits) > start + query.limit
    return Reply(
        Page[FactorView](
            data=[FactorView.of(factor, chosen.edition) for factor in page],
            next_cursor=cursor_after(str(start + query.limit)) if more else None,
        )
    )


@endpoint(
    "GET",
    "/v1/factors/{id}",
    answers={200: FactorView},
    refuses=(FactorNotFound, EditionUnknown),
    tag="Footprints",
    cache=FOR_AN_HOUR,
)
async def read_factor(call: Call, path: FactorPath, query: EditionQuery) -> Reply:
    """Read one emission factor"""
    chosen = _edition(query.edition)
    return Reply(FactorView.of(chosen.by_id(path.id), chosen.edition))


def _edition(name: str | None) -> factors.FactorSet:
    return factors.load() if name is None else factors.load(name)


def _offset(cursor: str) -> int:
    (place,) = place_in(cursor, 1)
    if not (place.isascii() and place.isdigit() and int(place[:6]) <= _MOST_HITS and len(place) <= 6):
        raise malformed_cursor()
    return int(place)
