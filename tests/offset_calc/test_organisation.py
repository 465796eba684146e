"""An organisation's fiscal year: SHK parts, menus, both views of scope 2, the fifteen categories."""

import json

import pytest

from offset_calc import InputsRefused, by_type, replay
from offset_calc.calculators import organisation
from offset_calc.footprint import Period
from tests.offset_calc.builders import sum_in_grams as grams

FY2025 = Period.fiscal_year(2025).as_dict()
MENU = "jp.elec.fy2024.A0269.menu_m_residual.adjusted"  # 0.452
GREEN = "jp.elec.fy2024.A0269.menu_a.adjusted"  # 0.000
TRAVEL = "scope3_06_business_travel"


def footprint(**rows):
    raw = {"subject": {"name": "株式会社例"}, "period": FY2025, **rows}
    return organisation.calculate(organisation.read_inputs(raw))


def problems(**rows):
    with pytest.raises(InputsRefused) as refused:
        footprint(**rows)
    return [(p.pointer, p.code) for p in refused.value.problems]


CASES = [
    (
        "scope1_fuels",
        {"fuel": "gasoline", "quantity": "12,000", "unit": "L"},
        "shk_parts",
        "12 * 33.4 * 0.0187 * 44 / 12 * 1000",
    ),
    (
        "scope1_fuels",
        {"fuel": "coal_steam_imported", "quantity": "5", "unit": "t"},
        "shk_parts",
        "5 * 26.1 * 0.0243 * 44 / 12 * 1000",
    ),
    (
        "scope1_fuels",
        {"fuel": "city_gas", "quantity": "3500", "unit": "m3"},
        "shk_parts",
        "3.5 * 40 * 0.0140 * 44 / 12 * 1000",
    ),
    (
        "scope1_fuels",
        {"fuel": "city_gas", "quantity": "3500", "unit": "m3", "city_gas_menu": "jp.citygas.fy2025.A0020.2.adjusted"},
        "supplier",
        "3.5 * 2090",
    ),
    (
        "scope1_fuels",
        {"fuel": "lpg", "quantity": "800", "unit": "kg", "measured_gj_per_unit": "50.8"},
        "measured_gcv",
        "0.8 * 50.8 * 0.0163 * 44 / 12 * 1000",
    ),
    ("scope1_refrigerants", {"gas": "hfc32", "leaked_kg": "2.5"}, "leaked", "2.5 * 677"),
    ("scope1_refrigerants", {"gas": "hfc32", "leaked_kg": "2.5", "gwp_set": "AR6"}, "leaked", "2.5 * 771"),
    ("scope1_refrigerants", {"gas": "r410a", "charge_kg": "8", "recovered_kg": "7.2"}, "not_recovered", "0.8 * 1924"),
    (
        "scope1_other",
        {"quantity": "100", "unit": "km", "factor_id": "jp.seirei.vehicle.01.n2o"},
        "factor",
        "0.0029 * 265",
    ),
    ("scope2_electricity", {"electricity_kwh": "120,000", "electricity_menu": MENU}, "menu", "120000 * 0.452"),
    ("scope2_electricity", {"electricity_kwh": "120000"}, "substitute", "120000 * 0.416"),
    ("scope2_heat", {"heat_gj": "250"}, "default", "250 * 53.2"),
    ("scope2_heat", {"heat_gj": "250", "heat_supplier": "jp.heat.fy2024.020.2.adjusted"}, "supplier", "250 * 39.1"),
    ("scope3_01_purchased_goods_and_services", {"material": "steel", "mass_kg": "90"}, "mass", "90 * 2.86390131"),
    (
        "scope3_01_purchased_goods_and_services",
        {"kind": "furniture", "spend_yen": "200000"},
        "spend",
        "200 * 2.207048567",
    ),
    (
        "scope3_03_fuel_and_energy",
        {
            "quantity": "1000",
            "unit": "人km",
            "factor_id": "uk.desnz.wtt_air.long_haul_to_from_uk.economy_class.no_rf.2025",
        },
        "factor",
        "1000 * 0.02461",
    ),
    ("scope3_04_upstream_transport", {"fuel_l": "500"}, "fuel", "500 * 2.62"),
    ("scope3_05_waste", {"kind": "paper_recycled", "mass_kg": "1200"}, "mass", "1200 * 0.00468568"),
    (TRAVEL, {"people": "40", "days": "12", "trip_kind": "overseas"}, "days", "40 * 12 * 45.192"),
    (TRAVEL, {"employee_years": "85.5"}, "employee_years", "85.5 * 130.373"),
    (
        "scope3_07_commuting",
        {"people": "85", "days": "240", "workplace": "factory", "city": "town"},
        "people_days",
        "85 * 240 * 1.837927",
    ),
    (
        "scope3_11_use_of_sold_products",
        {"units_sold": "1200", "lifetime_kwh_each": "350"},
        "lifetime_kwh",
        "1200 * 350 * 0.423",
    ),
]


class TestEachMethod:
    @pytest.mark.parametrize(("category", "row", "method", "kilograms"), CASES)
    def test_to_the_gram(self, category, row, method, kilograms):
        (line,) = footprint(**{category: [row]}).lines
        assert (line.method, line.g) == (method, grams(kilograms))

    def test_a_whole_report_replays(self):
        rows = {}
        for number, (category, row, *_) in enumerate(CASES):
            rows.setdefault(category, []).append({**row, "site": f"工場{number}"})
        document = json.loads(footprint(**rows).canonical_json())
        assert replay(document).to_dict() == document

    def test_the_parts_are_shown_one_by_one_and_cited(self):
        (line,) = footprint(scope1_fuels=[{"fuel": "gasoline", "quantity": "12", "unit": "kL"}]).lines
        assert [term.name for term in line.terms] == [
            "quantity",
            "calorific_value",
            "factor",
            "co2_molar_mass",
            "carbon_molar_mass",
            "grams_per_t",
        ]
        assert (str(line.quantity), line.unit) == ("400.8", "GJ")
        assert [factor.id for factor in line.factors] == ["jp.shk.gasoline.carbon", "jp.shk.gasoline.gcv"]


class TestTheFifteenCategories:
    def test_all_are_declared_in_order(self):
        numbers = [c.id.split("_")[1] if "scope3_" in c.id else "" for c in organisation.ORGANISATION.categories]
        assert [n for n in numbers if n] == [f"{n:02}" for n in range(1, 16)]

    @pytest.mark.parametrize("category", [c.id for c in organisation.ORGANISATION.categories if "scope3" in c.id])
    def test_each_takes_a_quantity_with_a_factor_of_ones_choice(self, category):
        row = {
            "quantity": "2",
            "unit": "t",
            "factor_id": "uk.desnz.material.construction.wood.re_used.2025",
            "site": "A",
        }
        (line,) = footprint(**{category: [row]}).lines
        assert (line.method, line.g, line.unused) == ("factor", grams("2 * 38.54288"), ())

    def test_what_is_not_computed_is_declared_out_with_a_reason(self):
        result = footprint(
            scope1_fuels=[{"fuel": "lpg", "quantity": 1, "unit": "t"}],
            scope2_electricity=[{"electricity_kwh": 1}],
            left_out={"scope3_14_franchises": "does_not_occur"},
        )
        reasons = {e.category: e.reason for e in result.excluded}
        assert reasons["scope3_14_franchises"] == "does_not_occur"
        assert reasons["scope3_15_investments"] == "not_stated"
        assert result.complete


class TestBothViewsOfScope2:
    def test_market_and_location_based(self):
        result = footprint(
            scope1_fuels=[{"fuel": "diesel_oil", "quantity": "1", "unit": "kL"}],
            scope2_electricity=[
                {"electricity_kwh": "1000", "electricity_menu": MENU},
                {"electricity_kwh": "500", "electricity_menu": GREEN},
            ],
            scope2_heat=[{"heat_gj": "10"}],
            scope3_05_waste=[{"mass_kg": "10", "kind": "paper_recycled"}],
        )
        totals = organisation.scope_totals(result)
        assert totals.scope1.value == grams("38 * 0.0188 * 44 / 12 * 1000")
        assert totals.scope2_market.value == grams("1000 * 0.452") + grams("10 * 53.2")
        assert totals.scope2_location.value == grams("1500 * 0.423") + grams("10 * 53.2")
        assert totals.scope3.value == 47
        assert result.total == totals.scope1 + totals.scope2_market + totals.scope3


class TestShkView:
    def test_energy_co2_basic_and_adjusted_and_each_other_gas(self):
        gas_menu = "jp.citygas.fy2025.A0020.1.adjusted"  # adjusted 0, basic 2.09
        result = footprint(
            scope1_fuels=[{"fuel": "city_gas", "quantity": "1000", "unit": "m3", "city_gas_menu": gas_menu}],
            scope1_refrigerants=[{"gas": "hfc32", "leaked_kg": "1"}, {"gas": "sf6", "leaked_kg": "1"}],
            scope1_other=[{"quantity": "1000", "unit": "km", "factor_id": "jp.seirei.vehicle.01.ch4"}],
            scope2_electricity=[{"electricity_kwh": "100"}],
        )
        rows = {row.gas: (row.basic.value, row.adjusted.value) for row in organisation.shk_view(result)}
        assert rows == {
            "energy_co2": (2_090_000 + 41_600, 41_600),
            "hfc32": (677_000, 677_000),
            "sf6": (23_500_000, 23_500_000),
            "ch4": (280, 280),
        }


class TestRefusals:
    @pytest.mark.parametrize(
        ("category", "row", "expected"),
        [
            ("scope1_fuels", {"fuel": "gasoline", "quantity": "1", "unit": "t"}, ("/unit", "unit_mismatch")),
            ("scope1_fuels", {"fuel": "moonshine", "quantity": "1", "unit": "L"}, ("/fuel", "unknown_choice")),
            (
                "scope1_refrigerants",
                {"gas": "hfc32", "charge_kg": "1", "recovered_kg": "2"},
                ("/recovered_kg", "too_large"),
            ),
            (
                "scope1_refrigerants",
                {"gas": "r410a", "leaked_kg": "1", "gwp_set": "AR6"},
                ("/gwp_set", "factor_not_found"),
            ),
            ("scope2_electricity", {"electricity_menu": MENU}, ("/electricity_kwh", "required")),
        ],
    )
    def test_at_the_field(self, category, row, expected):
        assert problems(**{category: [row]}) == [(f"/{category}/0{expected[0]}", expected[1])]


def test_it_is_found_by_its_type():
    assert by_type("organisation") is organisation.ORGANISATION
