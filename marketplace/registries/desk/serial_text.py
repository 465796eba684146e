"""Serial numbers as a person copies them off a notice: lists and ranges, with or without the registry's prefix. Pure.

Full-width characters, the various dashes and wave dashes, and the words of a range (から, まで, to) are understood; nothing is
guessed beyond that. A number without its prefix is taken only where one prefix is possible.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from marketplace.inventory.serials import SerialRange, joined
from marketplace.registries.matching import without

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−ー－", "-") | dict.fromkeys("〜～∼", "~"))
_BETWEEN = re.compile(r"(?:\s|,|、|;|及び|および|and\b)+")
_UNTIL = re.compile(r"\s*(?:から|to\b|~|-|\.{2,3}|…)\s*")
_DIGITS = re.compile(r"\d{1,18}")


class SerialsUnreadable(ValueError):
    """A part of the text is no serial number. `reason` is nothing_there, not_a_number, prefix_needed, two_prefixes or
    backwards; `line` counts from 1 and `part` is the place where reading stopped."""

    code = "serials_unreadable"

    def __init__(self, reason: str, line: int, part: str) -> None:
        super().__init__(f"line {line}: {reason} at {part!r}")
        self.reason, self.line, self.part = reason, line, part


@dataclass(frozen=True, slots=True)
class BlockNumbers:
    """How a block's serials are printed, and which they are."""

    block: str
    prefix: str
    serials: SerialRange


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A range as it was written, before it is known whose it is."""

    prefix: str
    serials: SerialRange


def read_serials(text: str, blocks: Sequence[BlockNumbers]) -> tuple[tuple[str, SerialRange], ...]:
    """Every range with the block it lies in, in the order of the text; what lies in no block stands under its bare prefix.

    Raises: SerialsUnreadable.
    """
    prefixes = sorted({block.prefix for block in blocks}, key=len, reverse=True)
    found = [one for number, line in enumerate(text.splitlines(), 1) for one in _in_line(line, number, prefixes)]
    if not found:
        raise SerialsUnreadable("nothing_there", 1, "")
    return tuple(placed for one in found for placed in _placed(one, blocks))


def _in_line(line: str, number: int, prefixes: Sequence[str]) -> Iterable[_Numbered]:
    reader = _Reader(_plain(line), number, prefixes)
    while reader.skip(_BETWEEN):
        yield reader.range()


class _Reader:
    """Reads one line from left to right."""

    def __init__(self, line: str, number: int, prefixes: Sequence[str]) -> None:
        self._line, self._number, self._at = line, number, 0
        self._prefixes = [(prefix, _plain(prefix).casefold()) for prefix in prefixes]

    def skip(self, pattern: re.Pattern[str]) -> bool:
        """Leave out what lies between two numbers; false at the end of the line."""
        if match := pattern.match(self._line, self._at):
            self._at = match.end()
        return self._at < len(self._line)

    def range(self) -> _Numbered:
        start = self._at
        prefix, first = self._serial()
        last = first
        if until := _UNTIL.match(self._line, self._at):
            self._at = until.end()
            other, last = self._serial()
            if prefix and other and other != prefix:
                raise self._stop("two_prefixes", start)
            prefix = prefix or other
            if self._line.startswith("まで", self._at):
                self._at += len("まで")
        if not prefix:
            if len(self._prefixes) != 1:
                raise self._stop("prefix_needed", start)
            prefix = self._prefixes[0][0]
        if not 0 < first <= last:
            raise self._stop("backwards", start)
        return _Numbered(prefix, SerialRange(first, last))

    def _serial(self) -> tuple[str, int]:
        rest = self._line[self._at :].casefold()
        prefix, plain = next(
            ((own, plain) for own, plain in self._prefixes if plain and rest.startswith(plain)), ("", "")
        )
        match = _DIGITS.match(self._line, self._at + len(plain))
        if match is None:
            raise self._stop("not_a_number", self._at)
        self._at = match.end()
        return prefix, int(match.group())

    def _stop(self, reason: str, at: int) -> SerialsUnreadable:
        return SerialsUnreadable(reason, self._number, self._line[at : at + 60])


def _placed(one: _Numbered, blocks: Sequence[BlockNumbers]) -> Iterable[tuple[str, SerialRange]]:
    left: Sequence[SerialRange] = (one.serials,)
    for block in blocks:
        if block.prefix == one.prefix:
            outside = without(left, [block.serials])
            yield from ((block.block, inside) for inside in without(left, outside))
            left = outside
    yield from ((one.prefix, stray) for stray in joined(left))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text.translate(_DASHES)).translate(_DASHES)
