"""Railway distances between Japanese cities: the shortest way over a table of operating kilometres (営業キロ).

The table (offset_calc/data/rail_km.csv) is our own compilation of public facts for the Shinkansen and the main lines between
large cities; it is no timetable, and a city that is not on it has no distance here.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from heapq import heappop, heappush

from offset_calc import tables


class RailNetwork:
    """The lines of one edition, in tenths of a kilometre."""

    def __init__(self, edition: tables.Edition) -> None:
        self._lines: dict[str, dict[str, int]] = {}
        for row in edition.resource("rail_km"):
            tenths = int(Decimal(row["km"]) * 10)
            self._lines.setdefault(row["one"], {})[row["other"]] = tenths
            self._lines.setdefault(row["other"], {})[row["one"]] = tenths
        self._known: dict[tuple[str, str], Decimal | None] = {}

    def km(self, start: str, end: str) -> Decimal | None:
        """Operating kilometres of the shortest way between two places, to one decimal; None if either is not on a line."""
        key = (start, end) if start < end else (end, start)
        if key not in self._known:
            self._known[key] = self._shortest(*key)
        return self._known[key]

    def _shortest(self, start: str, end: str) -> Decimal | None:
        if start not in self._lines or end not in self._lines:
            return None
        queue, done = [(0, start)], set()
        while queue:
            tenths, here = heappop(queue)
            if here == end:
                return Decimal(tenths).scaleb(-1)
            if here not in done:
                done.add(here)
                for there, length in self._lines[here].items():
                    heappush(queue, (tenths + length, there))
        return None


@lru_cache(maxsize=4)
def load(edition: str) -> RailNetwork:
    """The railway table of an edition of the factor set.  Raises: EditionUnknown."""
    return RailNetwork(tables.open_edition(edition))
