"""An application and a copied notice side by side, block by block, so that a person finds the one wrong serial. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from marketplace.inventory.serials import SerialRange, joined
from marketplace.registries.desk.application import Application
from marketplace.registries.desk.entered_notice import EnteredNotice
from marketplace.registries.matching import without


@dataclass(frozen=True, slots=True)
class BlockComparison:
    """Serials of one block: applied for, on the notice, and what is missing, too many or named twice on the notice."""

    block: str
    asked: tuple[SerialRange, ...]
    stated: tuple[SerialRange, ...]
    missing: tuple[SerialRange, ...]
    not_asked: tuple[SerialRange, ...]
    twice: tuple[SerialRange, ...]

    @property
    def agrees(self) -> bool:
        return not (self.missing or self.not_asked or self.twice)


def compare(application: Application, entered: EnteredNotice) -> tuple[BlockComparison, ...]:
    """One row per block of either side, the application's own blocks first."""
    asked = {line.block: line.serials for line in application.lines}
    stated: dict[str, list[SerialRange]] = defaultdict(list)
    for block, span in entered.lines:
        stated[block].append(span)
    return tuple(
        BlockComparison(
            block=block,
            asked=asked.get(block, ()),
            stated=joined(stated[block]),
            missing=without(asked.get(block, ()), stated[block]),
            not_asked=without(stated[block], asked.get(block, ())),
            twice=_twice(stated[block]),
        )
        for block in [*asked, *sorted(stated.keys() - asked.keys())]
    )


def _twice(spans: Sequence[SerialRange]) -> tuple[SerialRange, ...]:
    seen: list[SerialRange] = []
    again: list[SerialRange] = []
    for span in spans:
        fresh = without([span], seen)
        again.extend(without([span], fresh))
        seen.append(span)
    return joined(again)
