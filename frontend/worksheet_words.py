"""The words of a footprint's workbook (locale/<tag>/worksheet.toml for its own, calculator.toml for the rest)."""

from frontend.calculator_words import TABLE, CalculatorWords
from frontend.wording import table_of, words
from offset_calc import Footprint
from offset_calc.worksheet import Label

OWN_KINDS = ("sheet", "column")


def labels(footprint: Footprint, spoken: CalculatorWords) -> Label:
    """Words for every key that the workbook of `footprint` asks for. Raises: NoWords for a key without any."""
    factors = {line.activity: spoken.factor(line.factor) for line in footprint.lines}

    def label(kind: str, key: str) -> str:
        if kind in OWN_KINDS:
            return words("worksheet", f"{kind}.{key}", spoken.locale)
        match kind:
            case "activity":
                return factors[key]
            case "unit":
                return spoken.unit(key)
            case "source":
                return spoken.of(f"term_source.{key}")
            case "term":
                known = table_of(TABLE, spoken.locale)
                return next(known[name] for name in (f"term.{key}", f"field.{key}", f"derived.{key}") if name in known)
            case _:
                return spoken.of(f"{kind}.{key}")

    return label
