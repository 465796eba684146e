"""The badge of a product: how many units are covered and sold today, in the wording of the market it is sold in."""

import hashlib
from datetime import date

from tortoise.connection import get_connection

from certificates.badges.facts import BadgeFacts, BadgeKind, BadgeState, SoldUnits
from certificates.claims.judge import Judgement
from certificates.statement import OffsetType
from marketplace.badges.badge import Badge, audience_of, wording_for
from marketplace.certification.claims import judge_purchase
from marketplace.clock import japan_date
from marketplace.database.dialect import is_postgres, sql
from marketplace.market import Market
from marketplace.products.coverage import Coverage, coverage
from marketplace.products.models import Product
from marketplace.products.service import find
from marketplace.products.states import SalesMarket
from marketplace.projects.kinds import CreditKind

# The kinds of credits in every certificate that counts, however many there are: one row for each kind.
_KINDS_OF_PERIOD = """
SELECT DISTINCT {kind} AS kind FROM product_entry e
JOIN cover_period p ON p.id = e.period_id
JOIN certificate c ON c.number = e.certificate_number
CROSS JOIN {each}
WHERE p.product_id = ? AND p.first_day = ? AND e.kind = 'covered'
AND NOT EXISTS (SELECT 1 FROM product_entry u WHERE u.cover_id = e.cover_id AND u.kind = 'uncovered')
ORDER BY kind"""
_ON_SQLITE = {
    "kind": "json_extract(one.value, '$.credit_kind')",
    "each": "json_each(c.statement, '$.cancellations') one",
}
_ON_POSTGRES = {
    "kind": "one.value ->> 'credit_kind'",
    "each": "jsonb_array_elements(c.statement::jsonb -> 'cancellations') one(value)",
}


async def badge_of_product(market: Market, product_id: str, *, shown_in: SalesMarket | None = None) -> Badge:
    """As it stands today in Japan. Raises ProductNotFound."""
    product, today = await find(product_id), japan_date(market.clock())
    covered = await coverage(product, today)
    judgement = await _judged(product, covered, today, shown_in)
    facts = BadgeFacts(
        kind=BadgeKind.PRODUCT,
        state=BadgeState(covered.state.value),
        subject=product.name,
        covered_g=covered.covered_g,
        share_per_mille=covered.share_per_mille,
        period_first=covered.from_day or today,
        period_last=covered.until_day or today,
        number=product.number,
        mark_sha256=mark_of_product(product.number),
        units=SoldUnits(covered.covered_units, covered.kept_units),
        wording=wording_for(judgement),
        sandbox=covered.sandbox,
    )
    return Badge(facts, f"/p/{product.number}", judgement)


def mark_of_product(number: str) -> str:
    """The hash that a product's mark is drawn from: the same on every badge, page and print."""
    return hashlib.sha256(f"product {number}".encode()).hexdigest()


async def _judged(product: Product, covered: Coverage, on: date, shown_in: SalesMarket | None) -> Judgement:
    """Of what was sold; while nothing was sold, of one unit."""
    units = max(covered.kept_units, 1)
    promised_g = (covered.covered_g_per_unit or 0) * units
    return judge_purchase(
        type=OffsetType.PRODUCT_SERVICE,
        on=on,
        covered_g=min(covered.covered_g, promised_g),
        footprint_g=covered.g_per_unit * units if covered.g_per_unit else None,
        reduction_effort=product.reduction_effort,
        kinds=await _kinds(product.id, covered.from_day) if covered.from_day else (),
        audience=audience_of(SalesMarket(product.market), shown_in),
        on_badge=True,
    )


async def _kinds(product_id: str, first_day: date) -> list[CreditKind]:
    connection = get_connection("default")
    dialect = _ON_POSTGRES if is_postgres(connection) else _ON_SQLITE
    rows = await connection.execute_query_dict(
        sql(connection, _KINDS_OF_PERIOD.format(**dialect)),
        [product_id, first_day if is_postgres(connection) else first_day.isoformat()],
    )
    return [CreditKind(row["kind"]) for row in rows]
