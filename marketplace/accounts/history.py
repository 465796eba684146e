"""What an organisation kept and had cancelled, by the month in Japan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from certificates.models import Certificate
from marketplace.accounts.models import KeptFootprint, OrderOwner
from marketplace.clock import japan_date
from marketplace.footprints.models import StoredFootprint
from marketplace.orders.models import CertifiedPart, Order


@dataclass(frozen=True, slots=True)
class MonthSum:
    """Grams of the footprints kept in a month, and of the certificates issued in it; `month` is its first day."""

    month: date
    kept_g: int
    certified_g: int


async def history(organisation_id: str, months: Sequence[date]) -> tuple[MonthSum, ...]:
    """One sum for each of `months`, in their order. A certificate counts in the month in which it was first issued."""
    kept = dict.fromkeys(months, 0)
    kept_at = await KeptFootprint.filter(organisation_id=organisation_id).values_list("footprint_id", "kept_at")
    totals = dict(
        await StoredFootprint.filter(id__in=[footprint_id for footprint_id, _ in kept_at]).values_list("id", "total_g")
    )
    for footprint_id, at in kept_at:
        _add(kept, at, totals[footprint_id])
    certified = dict.fromkeys(months, 0)
    owned = await OrderOwner.filter(organisation_id=organisation_id).values_list("order_id", flat=True)
    numbers = {
        *await Order.filter(id__in=owned, certificate_number__isnull=False).values_list(
            "certificate_number", flat=True
        ),
        *await CertifiedPart.filter(order_id__in=owned).values_list("number", flat=True),
    }
    for grams, at in await Certificate.filter(number__in=numbers).values_list("grams", "issued_at"):
        _add(certified, at, grams)
    return tuple(MonthSum(month, kept[month], certified[month]) for month in months)


def _add(sums: dict[date, int], at: datetime, grams: int) -> None:
    month = japan_date(at).replace(day=1)
    if month in sums:
        sums[month] += grams
