"""Read the fields of the products' forms; what cannot be read is noted next to its field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from frontend.locales import Locale
from frontend.problems import sentence
from offset_calc.errors import QuantityRefused
from offset_calc.quantities import read_integer


@dataclass(slots=True)
class Reading:
    """A form as it was typed, and what is wrong with it so far."""

    typed: Mapping[str, str]
    locale: Locale
    errors: dict[str, str] = field(default_factory=dict)

    def refuse(self, name: str, code: str, **params: object) -> None:
        self.errors.setdefault(name, sentence(code, params, self.locale))


def read_text(reading: Reading, name: str, *, most: int) -> str:
    """One line of text, blanks folded."""
    text = " ".join(reading.typed.get(name, "").split())
    if not text:
        reading.refuse(name, "required")
    elif len(text) > most:
        reading.refuse(name, "too_long", most=most)
    return text


def read_units(reading: Reading, name: str, *, most: int, needed: bool = True) -> int:
    """A whole number from one up; 0 where it cannot be read, or is left out and not needed."""
    text = reading.typed.get(name, "").strip()
    if not text:
        if needed:
            reading.refuse(name, "required")
        return 0
    try:
        number = read_integer(text)
    except QuantityRefused as refused:
        reading.refuse(name, refused.reason, **refused.params)
        return 0
    if not 1 <= number <= most:
        reading.refuse(name, "units_out_of_range", most=most)
        return 0
    return number


def read_day(reading: Reading, name: str) -> date | None:
    """A day as date fields send it."""
    try:
        return date.fromisoformat(reading.typed.get(name, "").strip())
    except ValueError:
        reading.refuse(name, "not_a_date")
        return None
