"""Find the factor that a visitor means by a few words, in a field that takes only some factors."""

from datetime import date

from offset_calc import factors as factor_sets
from offset_calc.declarations import Field
from offset_calc.factors import Factor

MOST_HITS = 20
_ALL = 1_000_000


def find(field: Field, text: str) -> tuple[Factor, ...]:
    """The MOST_HITS newest factors that `field` accepts and whose id or name contains every word of `text`."""
    accepted = [f for f in factor_sets.load().search(text, limit=_ALL) if field.accepts_factor(f.id)]
    accepted.sort(key=lambda factor: factor.valid_from or date.min, reverse=True)
    return tuple(accepted[:MOST_HITS])
