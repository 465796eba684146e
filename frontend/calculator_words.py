"""Words for what a calculator declares and records: fields, units, choices, places, refusals."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from frontend.formatting import number
from frontend.locales import Locale
from frontend.problems import sentence
from frontend.wording import table_of, words
from offset_calc import factors as factor_sets
from offset_calc import places
from offset_calc.declarations import Category
from offset_calc.errors import FieldProblem
from offset_calc.factors import Factor
from offset_calc.units import factor_unit

TABLE = "calculator"
GASES = {"CO2": "CO₂", "CO2e": "CO₂e"}
# Choices that are international marks, or units: they are written, not translated.
GAS_NAMES = {"cf4": "CF₄", "c2f6": "C₂F₆", "sf6": "SF₆", "nf3": "NF₃"}
GROUPS = ("scope1", "scope2", "scope3")


@dataclass(frozen=True, slots=True)
class CalculatorWords:
    """The words of locale/<tag>/calculator.toml, looked up the way the declarations need them."""

    locale: Locale

    def of(self, key: str, **params: object) -> str:
        return words(TABLE, key, self.locale, params)

    def header(self, calculator_type: str, key: str) -> str:
        """The label of a field above the categories: the calculator's own one if there is one, else the common one."""
        return self._special("header", calculator_type, key) or self.of(f"header.{key}")

    def header_hint(self, calculator_type: str, key: str) -> str:
        common = table_of(TABLE, self.locale).get(f"header_hint.{key}", "")
        return self._special("header_hint", calculator_type, key) or common

    def group(self, category_id: str) -> str:
        """The heading that a category stands under, "" where its calculator has none."""
        return next((self.of(f"group.{group}") for group in GROUPS if category_id.startswith(group)), "")

    def field(self, category_id: str, name: str) -> str:
        """The label of a field: the one for its category if there is one, else the common one."""
        return self._special("field", category_id, name) or self.of(f"field.{name}")

    def hint(self, category_id: str, name: str) -> str:
        """What stands below the label; most fields need nothing."""
        common = table_of(TABLE, self.locale).get(f"hint.{name}", "")
        return self._special("hint", category_id, name) or common

    def _special(self, kind: str, category_id: str, name: str) -> str:
        return table_of(TABLE, self.locale).get(f"{kind}.{category_id}.{name}", "")

    def choice(self, name: str, value: str) -> str:
        """The label of one choice. Countries have the names that Babel keeps."""
        if name == "country":
            return str(self.locale.babel.territories[value])
        if name == "unit":
            return self.unit(value)
        if name == "gas":
            return self.gas(value)
        return self.of(f"choice.{name}.{value}")

    def gas(self, key: str) -> str:
        """A gas by its mark: HFC-32, R-410A, SF₆; or by its words where it has some."""
        if key in GAS_NAMES:
            return GAS_NAMES[key]
        if key.startswith("hfc"):
            return f"HFC-{key[3:]}"
        return table_of(TABLE, self.locale).get(f"gas.{key}") or f"R-{key[1:].upper()}"

    def unit(self, text: str) -> str:
        """A unit as people write it: "kgCO2e/人km" becomes "kg CO₂e/person-km" in English."""
        if not text:
            return ""
        parsed = factor_unit(text)
        if parsed is None:
            return self._plain_unit(text)
        return f"{parsed.mass} {GASES.get(parsed.gas, parsed.gas)}/{self.of(f'unit.{parsed.per}')}"

    def _plain_unit(self, text: str) -> str:
        """The unit if it has words of its own, else the words of its parts: GJ/kL."""
        if "/" in text and f"unit.{text}" not in table_of(TABLE, self.locale):
            return "/".join(self.of(f"unit.{part}") for part in text.split("/"))
        return self.of(f"unit.{text}")

    def figure(self, factor: Factor) -> str:
        """A factor's number with its unit: "0.423 kg CO₂/kWh"."""
        return f"{number(factor.value, locale=self.locale)} {self.unit(factor.unit)}"

    def factor(self, factor: Factor) -> str:
        return factor.name_ja if self.locale is Locale.JA else factor.name_en

    def place(self, key: str) -> str:
        """The name of a place given by its key, with its prefecture, so that the calculator finds the same place by it."""
        return self._name_of(places.load(factor_sets.CURRENT_EDITION).by_key(key).as_choice())

    def term(self, category_id: str, name: str) -> str:
        """What a number in a calculation is: a field of the category, or something the method brings along."""
        return table_of(TABLE, self.locale).get(f"term.{name}") or self.field(category_id, name)

    def refusal(self, problem: FieldProblem, category: Category | None) -> str:
        """The sentence for a refused field; its parameters become words first."""
        params = {name: self._param(name, value, category) for name, value in problem.params.items()}
        return sentence(problem.code, params, self.locale)

    def _param(self, name: str, value: object, category: Category | None) -> object:
        match name, value:
            case (("minimum" | "maximum"), str()):
                return number(Decimal(value), locale=self.locale)
            case (("origin" | "destination" | "place"), str()):
                return self.place(value)
            case "mode", str():
                return self.choice("mode", value)
            case "choices", tuple():
                return self.list_of(self._name_of(choice) for choice in value)
            case "any_of", tuple():
                return self.list_of(self.field(category.id if category else "", str(field)) for field in value)
        return value

    def _name_of(self, choice: object) -> str:
        if isinstance(choice, Mapping):
            return str(choice["name_ja" if self.locale is Locale.JA else "name_en"])
        return str(choice)

    def list_of(self, items: Iterable[str]) -> str:
        return ("、" if self.locale is Locale.JA else ", ").join(items)
