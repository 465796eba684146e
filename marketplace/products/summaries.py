"""One month of a product's cover in one signed document: the certificates that came in, what was lost, what was sold.

It lists certificates and is none itself: each gram stays with the one certificate that states it
(docs/decisions/0017-product-cover.md). A compact JSON Web Signature (RFC 7515) with ES256 and a type of its own.
"""

import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from certificates.jose import ALGORITHM, to_base64url
from certificates.successors import newest_of
from marketplace.clock import japan_date
from marketplace.market import Market
from marketplace.products.errors import MonthNotOver
from marketplace.products.models import Product, ProductEntry
from marketplace.products.states import EntryKind

TYPE = "cover-summary+jwt"
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class CoveredBy:
    """A certificate that came in during the month, under its present number; `revoked` says that it no longer counts."""

    certificate: str
    units: int
    grams: int
    day: date
    revoked: bool


@dataclass(frozen=True, slots=True)
class MonthSummary:
    """Days in Japan time. Sums leave out what is revoked by `made_at`; a return counts in the month of its sale."""

    product_id: str
    month: str
    first_day: date
    last_day: date
    made_at: datetime
    covered_by: tuple[CoveredBy, ...]
    covered_units: int
    covered_g: int
    sold_units: int
    returned_units: int
    kept_g: int


async def summary_of(market: Market, product: Product, month: str) -> MonthSummary:
    """`month` as 2026-11. Raises MonthNotOver while it lasts, and for what is no month."""
    first_day, last_day = days_of(month)
    now = market.clock()
    if last_day >= japan_date(now):
        raise MonthNotOver(f"{month} is not over", month=month)
    entries = await ProductEntry.filter(product_id=product.id, day__gte=first_day, day__lte=last_day).order_by("id")
    covered = [entry for entry in entries if entry.kind == EntryKind.COVERED]
    lost = {row.cover_id for row in await ProductEntry.filter(product_id=product.id, kind=EntryKind.UNCOVERED)}
    numbers = await newest_of([str(entry.certificate_number) for entry in covered])
    covered_by = tuple(
        CoveredBy(number, entry.units, entry.grams, entry.day, entry.cover_id in lost)
        for number, entry in zip(numbers, covered, strict=True)
    )
    counting = [one for one in covered_by if not one.revoked]
    sold = [entry for entry in entries if entry.kind == EntryKind.SOLD]
    returned = [entry for entry in entries if entry.kind == EntryKind.RETURNED]
    return MonthSummary(
        product_id=product.id,
        month=month,
        first_day=first_day,
        last_day=last_day,
        made_at=now,
        covered_by=covered_by,
        covered_units=sum(one.units for one in counting),
        covered_g=sum(one.grams for one in counting),
        sold_units=sum(entry.units for entry in sold),
        returned_units=sum(entry.units for entry in returned),
        kept_g=sum(entry.grams for entry in sold) - sum(entry.grams for entry in returned),
    )


def days_of(month: str) -> tuple[date, date]:
    """The first and the last day of a month such as 2028-02. Raises MonthNotOver for what is no month."""
    if not _MONTH.fullmatch(month):
        raise MonthNotOver("no month", month=month[:20])
    first_day = date(int(month[:4]), int(month[5:]), 1)
    return first_day, (first_day + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def signed(market: Market, product: Product, summary: MonthSummary) -> str:
    """The summary as a token that anybody can check with our public keys."""
    claims = {
        "iss": market.base_url,
        "sub": product.id,
        "iat": int(summary.made_at.timestamp()),
        "environment": product.environment,
        "is_certificate": False,
        "product_number": product.number,
        "month": summary.month,
        "certificates": [
            {
                "number": one.certificate,
                "units": one.units,
                "amount_g": one.grams,
                "day": one.day.isoformat(),
                "revoked": one.revoked,
            }
            for one in summary.covered_by
        ],
        "covered_units": summary.covered_units,
        "covered_g": summary.covered_g,
        "sold_units": summary.sold_units,
        "returned_units": summary.returned_units,
        "kept_g": summary.kept_g,
    }
    signer = market.signing_keys.active
    signing_input = f"{_part({'alg': ALGORITHM, 'typ': TYPE, 'kid': signer.key.kid})}.{_part(claims)}"
    return f"{signing_input}.{to_base64url(signer.sign(signing_input.encode('ascii')))}"


def _part(value: dict[str, Any]) -> str:
    return to_base64url(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())
