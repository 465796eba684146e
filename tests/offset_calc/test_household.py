"""A household's month or year: the bill first, else the survey average for its size."""

import json

import pytest

from offset_calc import InputsRefused, by_type, replay
from offset_calc.calculators import household
from tests.offset_calc.builders import sum_in_grams as grams

JUNE = {"start": "2026-06-01", "end": "2026-06-30"}
MENU = "jp.elec.fy2024.A0267.menu_f_residual.adjusted"
GAS_MENU = "jp.citygas.fy2025.B0002.1.adjusted"

CASES = [
    ("electricity", {"electricity_kwh": "260"}, "bill", "260 * 0.423"),
    ("electricity", {"electricity_kwh": "260", "electricity_menu": MENU}, "bill", "260 * 0.526"),
    ("electricity", {"household_size": "size3"}, "household_size", "1 / 12 * 2290"),
    ("city_gas", {"city_gas_m3": "31"}, "bill", "31 * 2.05"),
    ("city_gas", {"city_gas_m3": "31", "city_gas_menu": GAS_MENU}, "bill", "31 * 2.09"),
    ("city_gas", {"household_size": "size1"}, "household_size", "1 / 12 * 200"),
    ("lpg", {"lpg_kg": "12"}, "mass", "12 * 2.99"),
    ("lpg", {"lpg_m3": "6.5"}, "volume", "6.5 * 2.99 / 0.458"),
    ("lpg", {"household_size": "size6plus"}, "household_size", "1 / 12 * 360"),
    ("kerosene", {"kerosene_l": "90"}, "litres", "90 * 2.50"),
    ("kerosene", {"household_size": "sizeall"}, "household_size", "1 / 12 * 320"),
    ("car", {"fuel_l": "55.5"}, "fuel", "55.5 * 2.29"),
    ("car", {"charged_kwh": "120", "electricity_menu": MENU}, "charged", "120 * 0.526"),
    ("car", {"kind": "hybrid", "distance_km": "800"}, "distance", "800 * 0.12825"),
    ("car", {"average": "yes"}, "average", "1 / 12 * 1030"),
]


def footprint(period=JUNE, **rows):
    raw = {"subject": {"name": "わが家"}, "period": period, **rows}
    return household.calculate(household.read_inputs(raw))


class TestEachMethod:
    @pytest.mark.parametrize(("category", "row", "method", "kilograms"), CASES)
    def test_to_the_gram(self, category, row, method, kilograms):
        (line,) = footprint(**{category: [row]}).lines
        assert (line.method, line.g) == (method, grams(kilograms))

    def test_no_method_is_without_a_case(self):
        declared = {(c.id, m.id) for c in household.HOUSEHOLD.categories for m in c.methods}
        assert declared == {(category, method) for category, _, method, _ in CASES}

    def test_every_footprint_replays(self):
        everything = {category: [row] for category, row, *_ in CASES}
        document = json.loads(footprint(**everything).canonical_json())
        assert replay(document).to_dict() == document

    def test_the_density_of_gas_is_cited_with_its_source(self):
        result = footprint(lpg=[{"lpg_m3": "6.5"}])
        assert [factor.id for factor in result.factors()] == ["jp.shk.lpg.co2", "jp.lpg.m3_per_kg"]
        assert result.lines[0].factor.id == "jp.shk.lpg.co2"


class TestTheSurveyAverageFollowsThePeriod:
    @pytest.mark.parametrize(
        ("period", "kilograms"),
        [
            ({"start": "2026-02-01", "end": "2026-02-28"}, "1 / 12 * 2290"),
            ({"start": "2026-04-01", "end": "2027-03-31"}, "12 / 12 * 2290"),
            ({"start": "2026-12-01", "end": "2027-01-31"}, "2 / 12 * 2290"),
            ({"start": "2026-06-11", "end": "2026-07-10"}, "30 / 365 * 2290"),
            ({"start": "2026-06-01", "end": "2026-06-29"}, "29 / 365 * 2290"),
        ],
    )
    def test_whole_months_or_days(self, period, kilograms):
        assert footprint(period, electricity=[{"household_size": "size3"}]).total.value == grams(kilograms)


class TestRefusals:
    def test_the_overall_figure_of_a_supplier_is_no_menu(self):
        row = {"electricity_kwh": "260", "electricity_menu": "jp.elec.fy2024.A0267.overall.adjusted"}
        with pytest.raises(InputsRefused) as refused:
            footprint(electricity=[row])
        assert [(p.pointer, p.code) for p in refused.value.problems] == [
            ("/electricity/0/electricity_menu", "unknown_factor")
        ]

    def test_a_month_before_the_first_figure(self):
        with pytest.raises(InputsRefused) as refused:
            footprint({"start": "2020-06-01", "end": "2020-06-30"}, electricity=[{"electricity_kwh": "260"}])
        assert refused.value.problems[0].code == "factor_not_found"


def test_it_is_found_by_its_type():
    assert by_type("household") is household.HOUSEHOLD
