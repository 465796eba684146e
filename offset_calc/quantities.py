"""Quantities: grams of CO2e, exact rounding, and reading a number that a person typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from enum import StrEnum

from offset_calc.errors import QuantityRefused

GRAMS_PER_TONNE = 1_000_000

# A product must never be rounded silently: with `Inexact` trapped, running out of digits is an error instead.
EXACT = Context(prec=2000, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
_TO_WHOLE = Context(prec=2000, traps=[InvalidOperation, DivisionByZero, Overflow])
ONE = Decimal(1)


class Rounding(StrEnum):
    """How a line becomes whole grams. Lines are rounded, totals never: the shown lines add up to the shown total."""

    HALF_UP = "half_up"  # 四捨五入, what a reader's pocket calculator and every Japanese form do
    UP = "up"  # conservative: a claimed footprint is never smaller than the exact product


ROUNDING_MODES = {Rounding.HALF_UP: ROUND_HALF_UP, Rounding.UP: ROUND_CEILING}


def round_ratio(numerator: Decimal, denominator: Decimal = ONE, rounding: Rounding = Rounding.HALF_UP) -> int:
    """Return numerator ÷ denominator as a whole number, rounded exactly once and without an intermediate result.

    Both are non-negative, the denominator positive.
    """
    if denominator is ONE or denominator == ONE:
        return int(numerator.to_integral_value(ROUNDING_MODES[rounding]))
    top, top_scale = numerator.as_integer_ratio()
    bottom, bottom_scale = denominator.as_integer_ratio()
    dividend, divisor = top * bottom_scale, top_scale * bottom
    if rounding is Rounding.HALF_UP:
        return (2 * dividend + divisor) // (2 * divisor)
    return -(-dividend // divisor)


@dataclass(frozen=True, slots=True, order=True)
class Grams:
    """A mass of CO2e in whole grams, never negative."""

    value: int

    def __post_init__(self) -> None:
        if type(self.value) is not int:
            raise QuantityRefused("not_whole", given=repr(self.value))
        if self.value < 0:
            raise QuantityRefused("negative", given=self.value)

    @classmethod
    def rounded(cls, exact: Decimal, rounding: Rounding = Rounding.HALF_UP) -> Grams:
        """Round an exact number of grams to whole grams, half up unless the conservative mode is asked for."""
        return cls(round_ratio(exact, rounding=rounding))

    @classmethod
    def total(cls, parts: Iterable[Grams]) -> Grams:
        """Add up; the empty sum is zero grams."""
        return cls(sum(part.value for part in parts))

    def __add__(self, other: Grams) -> Grams:
        return Grams(self.value + other.value)

    def tonnes_to_cover(self) -> int:
        """Whole tonnes, rounded up: a claim never exceeds what was cancelled."""
        return -(-self.value // GRAMS_PER_TONNE)


_SPACES = re.compile(r"[\s\u00a0\u2009\u202f]+")
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_GROUPED = re.compile(r"[0-9]{1,3}(?P<separator>[, ])[0-9]{3}(?:(?P=separator)[0-9]{3})*(?:\.[0-9]*)?")
_LOOKS_EXPONENTIAL = re.compile(r"[0-9.]+\s*(?:[eE]|[x×*]?\s*10\s*\^|\^)\s*[+-]?[0-9]+")
_MINUS_SIGNS = "-\u2212\u2010\u2011\u2012\u2013\u25b2\u25b3"  # ▲ and △ mark negative amounts in Japanese accounts
_LONGEST_TEXT = 40


def read_decimal(
    given: object, *, minimum: Decimal | None = None, maximum: Decimal | None = None, places: int = 6
) -> Decimal:
    """Read one non-negative number as a person writes it: full-width digits and thousands separators are understood.

    Accepts "1,200", "１，２００", "1 200", "0.5", ".5", int, Decimal, and a JSON float (taken at its shortest text).
    Raises: QuantityRefused with reason not_a_number, not_finite, exponent, negative, bad_grouping, too_long,
    too_many_decimals (more than `places`), too_small (below `minimum`) or too_large (above `maximum`).
    """
    value = _parse(_plain_text(given))
    if _decimal_places(value) > places:
        raise QuantityRefused("too_many_decimals", most=places)
    if minimum is not None and value < minimum:
        raise QuantityRefused("too_small", minimum=str(minimum))
    if maximum is not None and value > maximum:
        raise QuantityRefused("too_large", maximum=str(maximum))
    return value


def read_integer(given: object, *, minimum: Decimal | None = None, maximum: Decimal | None = None) -> int:
    """Read a whole number with the rules of read_decimal; raises reason not_whole when a fraction is left."""
    value = read_decimal(given, minimum=minimum, maximum=maximum)
    if value != value.to_integral_value():
        raise QuantityRefused("not_whole")
    return int(value)


def plain(value: Decimal) -> str:
    """Write a Decimal without exponent and without trailing zeros, so that equal numbers have equal text."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text or "0"


def _plain_text(given: object) -> str:
    if isinstance(given, bool) or not isinstance(given, str | int | float | Decimal):
        raise QuantityRefused("not_a_number")
    if isinstance(given, float):
        given = Decimal(repr(given))
    if isinstance(given, Decimal):
        if not given.is_finite():
            raise QuantityRefused("not_finite")
        if abs(given.adjusted()) > _LONGEST_TEXT:
            raise QuantityRefused("too_long", most=_LONGEST_TEXT)
        given = format(given, "f")
    if isinstance(given, int) and given.bit_length() > 4 * _LONGEST_TEXT:  # str() of a huge int is slow, then an error
        raise QuantityRefused("too_long", most=_LONGEST_TEXT)
    text = str(given)
    if len(text) > _LONGEST_TEXT:
        raise QuantityRefused("too_long", most=_LONGEST_TEXT)
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text)).strip()


def _parse(text: str) -> Decimal:
    if text[:1] and text[0] in _MINUS_SIGNS and _number(text[1:].strip()) is not None:
        raise QuantityRefused("negative")
    value = _number(text.removeprefix("+"))
    if value is not None:
        return value
    if text.lower().lstrip("+-") in {"nan", "inf", "infinity", "∞"}:
        raise QuantityRefused("not_finite")
    if _LOOKS_EXPONENTIAL.fullmatch(text):
        raise QuantityRefused("exponent")
    if re.fullmatch(r"[0-9., ]*[0-9][0-9., ]*", text):
        raise QuantityRefused("bad_grouping")
    raise QuantityRefused("not_a_number")


def _number(text: str) -> Decimal | None:
    if not text.isascii():
        return None
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    if match := _GROUPED.fullmatch(text):
        return Decimal(text.replace(match["separator"], ""))
    return None


def _decimal_places(value: Decimal) -> int:
    exponent = value.normalize(_TO_WHOLE).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
