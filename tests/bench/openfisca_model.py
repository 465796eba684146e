"""The same multiplications in OpenFisca-Core, written as its guide says: a variable per line, factors as dated parameters."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from openfisca_core.entities import build_entity
from openfisca_core.parameters import ParameterNode
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

PERIOD = "2026"


def one_case(lines: Sequence[tuple[Decimal, Decimal]]) -> Callable[[], float]:
    """A call that sets the quantities of one case and computes the sum of quantity × factor; `lines` are those pairs."""
    person = build_entity(key="person", plural="people", label="One case", is_person=True)
    system = TaxBenefitSystem([person])
    factors = {f"f{n}": {"values": {"2000-01-01": {"value": float(factor)}}} for n, (_, factor) in enumerate(lines)}
    system.parameters = ParameterNode("", data={"factors": factors})
    for number in range(len(lines)):
        system.add_variable(_quantity(person, number))
        system.add_variable(_line(person, number))
    system.add_variable(_total(person, len(lines)))

    def compute() -> float:
        simulation = SimulationBuilder().build_default_simulation(system, count=1)
        for number, (quantity, _) in enumerate(lines):
            simulation.set_input(f"quantity_{number}", PERIOD, [float(quantity)])
        return float(simulation.calculate("total", PERIOD)[0])

    return compute


def _variable(name: str, person: Any, formula: Callable[..., Any] | None = None) -> type[Variable]:
    facts = {"value_type": float, "entity": person, "definition_period": DateUnit.YEAR, "label": name}
    return type(name, (Variable,), facts | ({"formula": formula} if formula else {}))


def _quantity(person: Any, number: int) -> type[Variable]:
    return _variable(f"quantity_{number}", person)


def _line(person: Any, number: int) -> type[Variable]:
    def formula(case: Any, period: Any, parameters: Any) -> Any:
        return case(f"quantity_{number}", period) * getattr(parameters(period).factors, f"f{number}")

    return _variable(f"line_{number}", person, formula)


def _total(person: Any, count: int) -> type[Variable]:
    def formula(case: Any, period: Any, parameters: Any) -> Any:
        return sum(case(f"line_{number}", period) for number in range(count))

    return _variable("total", person, formula)
