"""Quantities, money and dates as people read them. Exact: integers and decimals in, never a binary float.

Every function returns plain text. Values and units are joined by a narrow no-break space, so that they neither
run together nor part at the end of a line.
"""

from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from frontend.locales import Locale

JAPAN = ZoneInfo("Asia/Tokyo")
NARROW_SPACE = "\u202f"
GRAMS_PER_KILOGRAM = 1_000
GRAMS_PER_TONNE = 1_000_000

_MONTH_PATTERNS = {Locale.JA: "y年M月", Locale.EN: "MMMM y"}
_DATE_PATTERNS = {Locale.JA: "y年M月d日", Locale.EN: "d MMMM y"}
_MOMENT_PATTERNS = {Locale.JA: "y年M月d日 H:mm", Locale.EN: "d MMMM y, HH:mm"}
_UNTIL = {Locale.JA: "〜", Locale.EN: " – "}
_TIME_ZONE_NAMES = {Locale.JA: "日本時間", Locale.EN: "JST"}


def mass_parts(grams: int) -> tuple[str, str]:
    """Split exact `grams` into figure and unit: ("12.345", "t"), ("12.345678", "t"), ("345", "kg"), ("9", "g").

    From one tonne up the figure keeps three decimals or, where grams are left over, six; never is a digit dropped.
    """
    if abs(grams) >= GRAMS_PER_TONNE:
        places = 3 if grams % GRAMS_PER_KILOGRAM == 0 else 6
        return _scaled(grams, GRAMS_PER_TONNE, places), "t"
    if abs(grams) >= GRAMS_PER_KILOGRAM:
        return _scaled(grams, GRAMS_PER_KILOGRAM, 0 if grams % GRAMS_PER_KILOGRAM == 0 else 3), "kg"
    return str(grams), "g"


def mass(grams: int) -> str:
    """Exact `grams` with the unit that reads best."""
    return NARROW_SPACE.join(mass_parts(grams))


def kilograms(grams: int) -> str:
    """Exact `grams` as kilograms with always three decimals, for columns that line up; without the unit."""
    return _scaled(grams, GRAMS_PER_KILOGRAM, 3)


def tonnes_rounded(grams: int) -> str:
    """`grams` as tonnes with three decimals, half to even, for one large figure; the exact value stands beside it."""
    thousandths = (Decimal(grams) / GRAMS_PER_KILOGRAM).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    return _scaled(int(thousandths) * GRAMS_PER_KILOGRAM, GRAMS_PER_TONNE, 3)


def _scaled(grams: int, scale: int, places: int) -> str:
    sign = "-" if grams < 0 else ""
    whole, rest = divmod(abs(grams), scale)
    digits = str(rest).rjust(len(str(scale)) - 1, "0")[:places]
    return f"{sign}{whole:,}.{digits}" if places else f"{sign}{whole:,}"


def number(value: Decimal | int, *, locale: Locale) -> str:
    """Every digit of `value`, grouped in thousands."""
    return str(format_decimal(value, locale=locale.babel, decimal_quantization=False))


def number_parts(value: Decimal | int, *, locale: Locale) -> tuple[str, str]:
    """The digits before the decimal point, and the rest with the point, for columns that line up on it."""
    whole, point, decimals = number(value, locale=locale).partition(".")
    return whole, point + decimals


def yen(amount: int, *, locale: Locale) -> str:
    """Whole yen: 12,345 円 in Japanese, ¥12,345 in English."""
    grouped = f"{abs(amount):,}"
    sign = "-" if amount < 0 else ""
    return f"{sign}{grouped}{NARROW_SPACE}円" if locale is Locale.JA else f"{sign}¥{grouped}"


def percent(part: int, whole: int, *, places: int = 1) -> str:
    """Share of `part` in `whole`, rounded down: a share never claims more than there is.

    Raises: ZeroDivisionError if `whole` is 0, since a share of nothing is not a number.
    """
    scale = 10**places
    units = part * 100 * scale // whole
    return f"{units // scale}.{units % scale:0{places}d}%" if places else f"{units}%"


def day(value: date, *, locale: Locale) -> str:
    """A business date, which is already Japan time."""
    return format_date(value, _DATE_PATTERNS[locale], locale=locale.babel)


def month(value: date, *, locale: Locale) -> str:
    """The month of a business date: 2026年11月, November 2026."""
    return format_date(value, _MONTH_PATTERNS[locale], locale=locale.babel)


def period(first: date, last: date, *, locale: Locale) -> str:
    """A stretch of business dates, both included; a single day is written once."""
    if first == last:
        return day(first, locale=locale)
    return f"{day(first, locale=locale)}{_UNTIL[locale]}{day(last, locale=locale)}"


def japan_day(moment: datetime, *, locale: Locale) -> str:
    """The day in Japan on which an aware moment falls."""
    return day(_in_japan(moment).date(), locale=locale)


def moment(value: datetime, *, locale: Locale) -> str:
    """An aware moment in Japan time, to the minute, with the zone named."""
    text = format_datetime(_in_japan(value), _MOMENT_PATTERNS[locale], locale=locale.babel)
    return f"{text}{NARROW_SPACE}{_TIME_ZONE_NAMES[locale]}"


def _in_japan(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError("a moment without a time zone cannot be placed in Japan time")
    return moment.astimezone(JAPAN)
