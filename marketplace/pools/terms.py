"""The operator's terms for pools."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class PoolTerms:
    """`registries` are the codes of those where pools may be opened: ask each registry's secretariat first whether it
    accepts a cancellation in the service's name for others, and which user name the form must carry (`credit_user`).

    A listing whose pools are bought from is kept at `pools` pools that have at least `low_g` grams left, of
    `pool_tonnes` tonnes each. Whoever waits for a pool to open longer than `longest_wait` gets the money back.
    """

    registries: frozenset[str] = frozenset()
    credit_user: str = "Ashiato"
    pools: int = 3
    pool_tonnes: int = 1
    low_g: int = 200_000
    longest_wait: timedelta = timedelta(days=45)
