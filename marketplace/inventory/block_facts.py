"""How the published facts of a block are written into its row."""

import json
from collections.abc import Iterable
from decimal import Decimal

from marketplace.projects.sandbox_supply import Vintage, VintageBasis


def vintages_json(vintages: Iterable[Vintage]) -> str:
    return json.dumps([{"basis": one.basis, "label": one.label, "tonnes": one.tonnes} for one in vintages])


def is_of_year(vintages: str, year: int) -> bool:
    """Whether a block's `vintages` name the year: as calendar year, as fiscal year (April to March), or within a monitoring period."""
    return any(_covers(one["basis"], one["label"], year) for one in json.loads(vintages))


def _covers(basis: str, label: str, year: int) -> bool:
    if basis != VintageBasis.MONITORING_PERIOD:
        return int(label) == year
    first, last = (int(day[:4]) for day in label.split("/"))
    return first <= year <= last


def as_published(figure: Decimal | None) -> str | None:
    """Megawatt hours or gigajoules to the last published digit; never computed from tonnes."""
    return None if figure is None else str(figure)
