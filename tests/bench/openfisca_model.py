"""The same multiplications in OpenFisca-Core, written as its guide says: a variable per line, factors as dated parameters.

The quantities of the lines are known on both sides. Here a case becomes a simulation of its own before it can be calculated:
a simulation keeps every result, so that a second case, or the same once more, needs a second simulation.
"""

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


def one_case(lines: Sequence[tuple[Decimal, Decimal]]) -> tuple[Callable[[], float], Callable[[], float]]:
    """Two calls that compute the sum of quantity × factor of one case; `lines` are those pairs.

    The first builds the simulation from a test case, a person with its entries, as the guide does for one case. The second sets
    the twenty arrays of a nameless population of one, the shortest way in there is.
    """
    person = build_entity(key="person", plural="people", label="One case", is_person=True)
    system = TaxBenefitSystem([person])
    factors = {f"f{n}": {"values": {"2000-01-01": {"value": float(factor)}}} for n, (_, factor) in enumerate(lines)}
    system.parameters = ParameterNode("", data={"factors": factors})
    for number in range(len(lines)):
        system.add_variable(_quantity(person, number))
        system.add_variable(_line(person, number))
    system.add_variable(_total(person, len(lines)))

    case = {"people": {"case": {f"quantity_{n}": {PERIOD: float(quantity)} for n, (quantity, _) in enumerate(lines)}}}
    arrays = {f"quantity_{n}": [float(quantity)] for n, (quantity, _) in enumerate(lines)}

    def from_test_case() -> float:
        simulation = SimulationBuilder().build_from_entities(system, case)
        return float(simulation.calculate("total", PERIOD)[0])

    def from_arrays() -> float:
        simulation = SimulationBuilder().build_default_simulation(system, count=1)
        for name, array in arrays.items():
            simulation.set_input(name, PERIOD, array)
        return float(simulation.calculate("total", PERIOD)[0])

    return from_test_case, from_arrays


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
