"""From the footprint to nothing left: what each measure takes off, and what credits are to cover of the rest.

The measures act one after the other, each on what the ones before it leave, so the steps add up to the gram.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from offset_calc import Footprint, Grams
from offset_calc.measures import Effort, MeasureRefused, with_measure


@dataclass(frozen=True, slots=True)
class Step:
    """One row. `before` and `after` are the levels in grams; for a level itself `before` is 0.

    `kind` is "level" for a sum, "measure" for a change, "credits" for what is to be offset.
    """

    kind: str
    label: str
    before: int
    after: int

    @property
    def change(self) -> int:
        return self.after - self.before

    @property
    def low(self) -> int:
        return min(self.before, self.after)

    @property
    def high(self) -> int:
        return max(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Waterfall:
    """`tonnes` are the whole tonnes of credits that cover what remains."""

    steps: tuple[Step, ...]
    tonnes: int

    @property
    def largest(self) -> int:
        return max(step.high for step in self.steps)


def waterfall(footprint: Footprint, efforts: Iterable[tuple[str, Effort]]) -> Waterfall:
    """The steps from `footprint` over `efforts`, each with its label, to what credits cover. Levels have no label."""
    current: Footprint | None = footprint
    level = footprint.total.value
    steps = [Step("level", "", 0, level)]
    for label, effort in efforts:
        if current is None:
            break
        try:
            current = with_measure(current, effort.measure, effort.percent)
        except MeasureRefused:  # an earlier measure left nothing for this one to change
            after = level
        else:
            after = current.total.value if current else 0
        steps.append(Step("measure", label, level, after))
        level = after
    return Waterfall(
        (*steps, Step("level", "", 0, level), Step("credits", "", level, 0)), Grams(level).tonnes_to_cover()
    )
