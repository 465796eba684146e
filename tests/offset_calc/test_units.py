"""Units fit or are refused; conversions are exact."""

from decimal import Decimal

import pytest

from offset_calc.errors import UnitMismatch
from offset_calc.units import conversion, factor_unit


class TestFactorUnitsAreTakenApart:
    @pytest.mark.parametrize(
        ("text", "grams", "gas", "per"),
        [
            ("kgCO2/kWh", 1000, "CO2", "kWh"),
            ("tCO2/1000m3", 1_000_000, "CO2", "1000m3"),
            ("kgCO2e/人・泊", 1000, "CO2e", "人・泊"),
            ("kgCH4/km", 1000, "CH4", "km"),
        ],
    )
    def test_mass_of_gas_per_something(self, text, grams, gas, per):
        unit = factor_unit(text)
        assert (unit.grams, unit.gas, unit.per) == (grams, gas, per)

    @pytest.mark.parametrize("text", ["kWh/GB", "GJ/kL", "-", "kgCO2", "m3/kg"])
    def test_what_is_not_an_emission_factor_is_none(self, text):
        assert factor_unit(text) is None


class TestConversionIsExact:
    @pytest.mark.parametrize(
        ("given", "wanted", "step"),
        [
            ("kg", "t", (1, 1000)),
            ("t", "kg", (1000, 1)),
            ("m3", "1000m3", (1, 1000)),
            ("kWh", "GJ", (Decimal("3.6"), 1000)),
            ("GJ", "kWh", (1000, Decimal("3.6"))),
            ("円", "千円", (1, 1000)),
            ("人km", "人km", (1, 1)),
        ],
    )
    def test_as_one_step(self, given, wanted, step):
        assert conversion(given, wanted) == step

    @pytest.mark.parametrize(
        ("given", "wanted"), [("kg", "kWh"), ("人km", "台km"), ("人・泊", "室・泊"), ("furlong", "km")]
    )
    def test_other_dimensions_are_refused(self, given, wanted):
        with pytest.raises(UnitMismatch) as refused:
            conversion(given, wanted)
        assert refused.value.code == "unit_mismatch"
        assert refused.value.params == {"given": given, "expected": wanted}
