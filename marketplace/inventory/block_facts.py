"""How the published facts of a block are written into its row."""

import json
from collections.abc import Iterable
from decimal import Decimal

from marketplace.projects.sandbox_supply import Vintage


def vintages_json(vintages: Iterable[Vintage]) -> str:
    return json.dumps([{"basis": one.basis, "label": one.label, "tonnes": one.tonnes} for one in vintages])


def as_published(figure: Decimal | None) -> str | None:
    """Megawatt hours or gigajoules to the last published digit; never computed from tonnes."""
    return None if figure is None else str(figure)
