"""A plain list of activities, each with a published factor or one of the user's own."""

import json

import pytest

from offset_calc import InputsRefused, by_type, replay
from offset_calc.calculators import activities


def a_list(*rows):
    return {
        "subject": {"name": "工場"},
        "period": {"start": "2025-04-01", "end": "2026-03-31"},
        "activities": list(rows),
    }


def footprint(*rows):
    return activities.calculate(activities.read_inputs(a_list(*rows)))


def problem(*rows):
    with pytest.raises(InputsRefused) as refused:
        footprint(*rows)
    (found,) = refused.value.problems
    return found.pointer, found.code


PETROL = {"quantity": "33401", "unit": "L", "factor_id": "jp.shk.gasoline.co2"}
OWN = {"value": "0.473", "unit": "kgCO2e/kWh", "source": "Contract with Example Power, annex 2"}


class TestPublishedFactors:
    @pytest.mark.parametrize(
        ("row", "grams"),
        [
            (PETROL, 76_488_290),  # 33.401 kL × 2.29 t/kL
            ({"quantity": "33.401", "unit": "kL", "factor_id": "jp.shk.gasoline.co2"}, 76_488_290),
            ({"quantity": "3.6", "unit": "GJ", "factor_id": "jp.grid.fy2024.national_average"}, 423_000),
            ({"quantity": "1,000", "unit": "km", "factor_id": "jp.seirei.vehicle.01.ch4"}, 280),  # 0.01 kg CH4 × 28
            ({"quantity": "1000", "unit": "km", "factor_id": "jp.seirei.vehicle.01.n2o", "gwp_set": "AR4"}, 8_642),
            ({"quantity": "2", "unit": "kg", "factor_id": "gwp.ar5.sf6"}, 47_000_000),
        ],
    )
    def test_any_fitting_unit_gives_the_same_grams(self, row, grams):
        assert footprint(row).total.value == grams

    def test_a_second_factor_stands_in_the_line(self):
        (line,) = footprint({"quantity": "1000", "unit": "km", "factor_id": "jp.seirei.vehicle.01.ch4"}).lines
        assert [f.id for f in line.factors] == ["jp.seirei.vehicle.01.ch4", "gwp.ar5.ch4"]
        assert (str(line.quantity), line.unit) == ("1000", "km")


class TestOwnFactors:
    def test_one_stated_with_the_activity_travels_with_the_footprint(self):
        result = footprint({"quantity": "1000", "unit": "kWh", "factor": OWN, "label": "第一工場"}, PETROL)
        assert result.total.value == 473_000 + 76_488_290
        assert [factor.source_title for factor in result.own_factors] == [OWN["source"]]
        assert replay(json.loads(result.canonical_json())).sha256 == result.sha256

    @pytest.mark.parametrize(
        ("changes", "pointer", "code"),
        [
            ({"source": ""}, "source", "required"),
            ({"value": "abc"}, "value", "not_a_number"),
            ({"value": "-1"}, "value", "negative"),
            ({"unit": "bananas"}, "unit", "not_an_emission_factor"),
            ({"unit": "kgCO2/furlong"}, "unit", "not_an_emission_factor"),
            ({"colour": "green"}, "colour", "unknown_field"),
        ],
    )
    def test_refused(self, changes, pointer, code):
        row = {"quantity": "1", "unit": "kWh", "factor": {**OWN, **changes}}
        assert problem(row) == (f"/activities/0/factor/{pointer}", code)

    def test_not_both_an_id_and_a_statement(self):
        assert problem({**PETROL, "factor": OWN}) == ("/activities/0/factor", "factor_stated_twice")


class TestWhatDoesNotFit:
    @pytest.mark.parametrize(
        ("changes", "pointer", "code"),
        [
            ({"unit": "kg"}, "/unit", "unit_mismatch"),
            ({"unit": "gallon"}, "/unit", "unknown_choice"),
            ({"factor_id": "jp.shk.gasoline.gcv"}, "/factor_id", "not_an_emission_factor"),
            ({"factor_id": "jp.shk.moonshine.co2"}, "/factor_id", "unknown_factor"),
            ({"factor_id": "own.stated.7"}, "/factor_id", "unknown_factor"),
            ({"quantity": ""}, "/quantity", "required"),
        ],
    )
    def test_is_refused_at_its_field(self, changes, pointer, code):
        assert problem({**PETROL, **changes}) == (f"/activities/0{pointer}", code)


def test_it_is_found_by_its_type():
    assert by_type("activities") is activities.ACTIVITIES
