"""Serial numbers as closed intervals; one serial is one tonne of CO2e."""

from collections.abc import Iterable
from dataclasses import dataclass


class CannotSplit(ValueError):
    """A range can only be cut inside itself."""

    code = "cannot_split"

    def __init__(self, serials: "SerialRange", count: int) -> None:
        super().__init__(f"cannot take {count} of the {len(serials)} serials {serials.first}-{serials.last}")
        self.serials, self.count = serials, count


@dataclass(frozen=True, slots=True, order=True)
class SerialRange:
    """Serials `first` to `last`, both included; never empty."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 0 < self.first <= self.last:
            raise ValueError(f"not a serial range: {self.first}-{self.last}")

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __contains__(self, other: "SerialRange") -> bool:
        return self.first <= other.first and other.last <= self.last

    def split(self, count: int) -> tuple["SerialRange", "SerialRange"]:
        """The first `count` serials and the rest, neither empty."""
        if not 0 < count < len(self):
            raise CannotSplit(self, count)
        cut = self.first + count
        return SerialRange(self.first, cut - 1), SerialRange(cut, self.last)


def joined(ranges: Iterable[SerialRange]) -> tuple[SerialRange, ...]:
    """The same serials, each once, in order, in as few ranges as possible."""
    result: list[SerialRange] = []
    for span in sorted(ranges):
        if result and span.first <= result[-1].last + 1:
            result[-1] = SerialRange(result[-1].first, max(result[-1].last, span.last))
        else:
            result.append(span)
    return tuple(result)
