"""Two footprints side by side: estimate and actual figures, this year and last, one choice and another."""

from __future__ import annotations

from dataclasses import dataclass

from offset_calc.footprint import Footprint
from offset_calc.quantities import Grams


@dataclass(frozen=True, slots=True)
class Change:
    """One category in both footprints.  change: grams after minus before, negative when it fell.

    Absent from a footprint counts as zero there, and `counted_before`, `counted_after` say so.
    """

    category: str
    before: Grams
    after: Grams
    counted_before: bool
    counted_after: bool

    @property
    def change(self) -> int:
        """Signed grams."""
        return self.after.value - self.before.value


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference of two footprints by category and in total.

    same_boundary is false when a category is counted in only one of them: then the totals do not compare like with like.
    """

    changes: tuple[Change, ...]
    before: Grams
    after: Grams

    @property
    def change(self) -> int:
        """Signed grams of the totals."""
        return self.after.value - self.before.value

    @property
    def same_boundary(self) -> bool:
        """Whether both count the same categories."""
        return all(change.counted_before and change.counted_after for change in self.changes)

    def to_cover(self, covered: Grams) -> Grams:
        """What is still to be covered after the actual figures are in; zero if the estimate was covered and was enough."""
        return Grams(max(0, self.after.value - covered.value))


def compare(before: Footprint, after: Footprint) -> Comparison:
    """Compare two footprints of one type, category by category, in the order of the first."""
    left, right = before.by_category(), after.by_category()
    zero = Grams(0)
    return Comparison(
        changes=tuple(
            Change(category, left.get(category, zero), right.get(category, zero), category in left, category in right)
            for category in {**left, **right}
        ),
        before=before.total,
        after=after.total,
    )
