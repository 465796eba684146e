"""A registry in memory that also slips with its pen, and remembers what it should have written."""

from dataclasses import replace
from random import Random

from marketplace.inventory.serials import SerialRange
from marketplace.registries.gateway import CancellationReport, CancellationRequest, CancellationState, Notice
from tests.fakes.registry import FakeRegistry

FAULTS = (None, None, None, "closed", "lost_before", "lost_after", "arrives_late", "pending", "rejected", "refused")
SLIPS = ("serials_shifted", "another_user", "another_block", "one_too_many")


class CarelessRegistry(FakeRegistry):
    """`truth` holds the right notice of every application; `undecided` those whose decision it has not told yet."""

    def __init__(self, clock, chance: Random) -> None:
        super().__init__(clock)
        self.chance, self.calm = chance, False
        self.truth: dict[str, Notice] = {}
        self.undecided: dict[str, CancellationReport] = {}

    async def submit(self, request: CancellationRequest) -> CancellationReport:
        self.script = [None if self.calm else self.chance.choice(FAULTS)]
        self.change_notice = lambda notice: self._written(request, notice)
        report = await super().submit(request)
        if report.state is CancellationState.PENDING:
            # decided behind closed doors; the notice comes some days later
            self.undecided[request.reference] = self.reports[request.reference]
            self.reports[request.reference] = report
        return report

    def _written(self, request: CancellationRequest, notice: Notice) -> Notice:
        kept = notice
        if not self.calm and len(request.serials) > 1 and self.chance.random() < 0.2:
            kept = replace(notice, serials=self._some_of(request.serials))
        self.truth[request.reference] = kept
        # a slip in a notice of a part may read like another part: only the daily comparison with the registry finds that
        if self.calm or kept is not notice or self.chance.random() > 0.1:
            return kept
        first, last = kept.serials[0].first, kept.serials[-1].last
        match self.chance.choice(SLIPS):
            case "serials_shifted":
                return replace(kept, serials=(SerialRange(first + 1, last + 1),))
            case "another_user":
                return replace(kept, credit_user="somebody else")
            case "another_block":
                return replace(kept, block="another block")
            case _:
                return replace(kept, serials=(SerialRange(request.serials.first, request.serials.last + 1),))

    def _some_of(self, serials: SerialRange) -> tuple[SerialRange, ...]:
        chosen = [n for n in range(serials.first, serials.last + 1) if self.chance.random() < 0.6]
        return tuple(SerialRange(n, n) for n in chosen or [serials.first])

    def decide_one(self) -> None:
        """Tell one decision that was held back."""
        if self.undecided:
            reference = self.chance.choice(sorted(self.undecided))
            self.reports[reference] = self.undecided.pop(reference)

    def settle_down(self) -> None:
        """From now on it works, tells every decision and has mended its slips."""
        self.calm = True
        while self.undecided:
            self.decide_one()
        for reference, notice in self.truth.items():
            if self.reports[reference].state is CancellationState.CONFIRMED:
                self.reports[reference] = replace(self.reports[reference], notice=notice)

    @property
    def confirmed_serials(self) -> list[tuple[str, int]]:
        """Every serial that a right notice names."""
        return sorted(
            (notice.block, n)
            for notice in self.truth.values()
            for s in notice.serials
            for n in range(s.first, s.last + 1)
        )
