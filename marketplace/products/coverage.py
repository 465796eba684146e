"""How much of what was sold is covered, on one day, worked out from the ledger of units alone."""

from dataclasses import dataclass
from datetime import date

from tortoise.connection import get_connection

from certificates.successors import newest_of
from marketplace.database.dialect import sql
from marketplace.products.models import CoverPeriod, Product, ProductFootprint
from marketplace.products.service import find
from marketplace.products.states import CoverageState, EntryKind, ProductState, SalesMarket

CERTIFICATES_NAMED = 20


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What a badge or a page may say of a product; names are as typed, so whoever shows them escapes them."""

    id: str
    number: str
    name: str
    market: SalesMarket
    ended: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """How a product's cover stands on a day.

    `from_day` and `until_day` (Japan time, both included) are those of the period that the day falls into, else of the last
    one before it; None if there is none. All other figures are of that period. `covered_units` and `covered_g` leave out
    what was revoked, `sold_units` counts every sale and `returned_units` what came back.

    `g_per_unit` is what a unit emits, `covered_g_per_unit` the part of it that is to be covered; None before the first
    version. `share_per_mille`, rounded down, is how much of the footprint of what was sold is covered. `left_units` can
    still be sold. `certificates` are the numbers of the newest twenty that count, `certificate_count` says how many there are.
    """

    product: ProductFacts
    functional_unit: str
    on: date
    state: CoverageState
    sandbox: bool
    g_per_unit: int | None
    covered_g_per_unit: int | None
    from_day: date | None
    until_day: date | None
    covered_units: int
    covered_g: int
    sold_units: int
    returned_units: int
    kept_g: int
    share_per_mille: int
    left_units: int
    certificates: tuple[str, ...]
    certificate_count: int

    @property
    def kept_units(self) -> int:
        """Sold and not returned; `kept_g` are the grams they need."""
        return self.sold_units - self.returned_units


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of a period's entries, in units and grams; `certificates` counts those that cover."""

    covered_units: int = 0
    covered_g: int = 0
    uncovered_units: int = 0
    uncovered_g: int = 0
    sold_units: int = 0
    sold_g: int = 0
    returned_units: int = 0
    returned_g: int = 0
    certificates: int = 0

    @property
    def left_units(self) -> int:
        """Covered and not sold; below zero when more was sold."""
        return self.covered_units - self.uncovered_units - self.sold_units + self.returned_units

    @property
    def left_g(self) -> int:
        return self.covered_g - self.uncovered_g - self.sold_g + self.returned_g


async def coverage_of(product_id: str, on: date) -> Coverage:
    """How the product stands on a day in Japan time. Raises ProductNotFound."""
    return await coverage(await find(product_id), on)


async def coverage(product: Product, on: date) -> Coverage:
    """As coverage_of, of a product at hand."""
    version = await version_on(product.id, on)
    period = await CoverPeriod.filter(product_id=product.id, first_day__lte=on).order_by("-first_day").first()
    totals = await totals_of(period) if period else Totals()
    numbers = await _certificates(period) if period else []
    newest = await newest_of(numbers)
    promised = version.covered_g_per_unit if version else 0
    return Coverage(
        product=ProductFacts(
            id=product.id,
            number=product.number,
            name=product.name,
            market=SalesMarket(product.market),
            ended=product.state == ProductState.ENDED,
        ),
        functional_unit=product.functional_unit,
        on=on,
        state=_state(product, period, totals, version, on),
        sandbox=product.environment == "sandbox",
        g_per_unit=version.g_per_unit if version else None,
        covered_g_per_unit=version.covered_g_per_unit if version else None,
        from_day=period.first_day if period else None,
        until_day=period.last_day if period else None,
        covered_units=totals.covered_units - totals.uncovered_units,
        covered_g=totals.covered_g - totals.uncovered_g,
        sold_units=totals.sold_units,
        returned_units=totals.returned_units,
        kept_g=totals.sold_g - totals.returned_g,
        share_per_mille=_share(totals, version),
        left_units=max(0, min(totals.left_units, totals.left_g // promised)) if promised else 0,
        certificates=tuple(newest),
        certificate_count=totals.certificates,
    )


async def version_on(product_id: str, on: date) -> ProductFootprint | None:
    """The version of the footprint in force on a day; None before the first."""
    return await ProductFootprint.filter(product_id=product_id, from_day__lte=on).order_by("-from_day").first()


async def totals_of(period: CoverPeriod) -> Totals:
    """Cover of the period, and the sales and returns of its days; from sums by day that the database keeps."""
    connection = get_connection("default")
    rows = await connection.execute_query_dict(
        sql(
            connection,
            "SELECT kind, SUM(units) AS units, SUM(grams) AS grams, SUM(entries) AS entries FROM product_total "
            "WHERE product_id = ? AND (period_id = ? OR (period_id = '' AND day BETWEEN ? AND ?)) GROUP BY kind",
        ),
        [period.product_id, period.id, period.first_day, period.last_day],
    )
    sums = {EntryKind(row["kind"]): (int(row["units"]), int(row["grams"]), int(row["entries"])) for row in rows}
    covered, uncovered, sold, returned = (sums.get(kind, (0, 0, 0)) for kind in EntryKind)
    return Totals(*covered[:2], *uncovered[:2], *sold[:2], *returned[:2], certificates=covered[2] - uncovered[2])


async def _certificates(period: CoverPeriod) -> list[str]:
    """The newest numbers under which cover entered that still counts."""
    connection = get_connection("default")
    rows = await connection.execute_query_dict(
        sql(
            connection,
            "SELECT e.certificate_number AS number FROM product_entry e WHERE e.period_id = ? AND e.kind = 'covered' "
            "AND NOT EXISTS (SELECT 1 FROM product_entry u WHERE u.cover_id = e.cover_id AND u.kind = 'uncovered') "
            "ORDER BY e.id DESC LIMIT ?",
        ),
        [period.id, CERTIFICATES_NAMED],
    )
    return [str(row["number"]) for row in rows]


def _state(
    product: Product, period: CoverPeriod | None, totals: Totals, version: ProductFootprint | None, on: date
) -> CoverageState:
    """The gravest that holds."""
    covered_g = totals.covered_g - totals.uncovered_g
    holds = {
        CoverageState.ENDED: product.state == ProductState.ENDED,
        CoverageState.REVOKED: totals.uncovered_g > 0 and covered_g == 0,
        CoverageState.PERIOD_OVER: period is not None and period.last_day < on,
        CoverageState.OVERSOLD: totals.left_units < 0 or totals.left_g < 0,
        CoverageState.NOT_COVERED: version is None or covered_g == 0,
        CoverageState.PARTLY_COVERED: version is not None and version.covered_g_per_unit < version.g_per_unit,
        CoverageState.COVERED: True,
    }
    return next(state for state, held in holds.items() if held)


def _share(totals: Totals, version: ProductFootprint | None) -> int:
    """Of the footprint of what was sold, at the version in force; of what can be sold while nothing was."""
    covered_g = totals.covered_g - totals.uncovered_g
    if version is None or not covered_g:
        return 0
    needed_g = totals.sold_g - totals.returned_g
    if needed_g <= covered_g:
        return 1000 * version.covered_g_per_unit // version.g_per_unit
    return 1000 * version.covered_g_per_unit * covered_g // (version.g_per_unit * needed_g)
