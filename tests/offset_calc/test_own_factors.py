"""Own factors from a file: good rows are taken, the others come back with the column that is wrong."""

import io

import pytest

from offset_calc import factors
from offset_calc.own_factors import read_own_factors
from offset_calc.tabular import TableRefused

HEADER = "id,名称,値,単位,出典,発行者,年度\n"


def read(*lines, encoding="cp932"):
    return read_own_factors(io.BytesIO((HEADER + "".join(f"{line}\n" for line in lines)).encode(encoding)))


class TestOwnFactorFiles:
    def test_a_row_becomes_a_factor_that_can_be_used(self):
        found = read("linen,リネンの洗濯,1.25,kgCO2e/kg,自社測定,例ランドリー,2025")
        (factor,) = found.factors
        assert (factor.id, factor.region, factor.gas, factor.year) == ("own.linen", "JP", "CO2e", "2025")
        assert factors.load().with_own(found.factors).by_id("own.linen") == factor

    @pytest.mark.parametrize(
        ("line", "column", "code"),
        [
            ("a,x,1.25,kgCO2e/kg,,例,2025", "出典", "empty"),
            ("a,x,1.25,kgCO2e/kg,測定,,2025", "発行者", "empty"),
            ("a,x,1e3,kgCO2e/kg,測定,例,2025", "値", "not_a_plain_decimal_number"),
            ("a,x,-1,kgCO2e/kg,測定,例,2025", "値", "negative"),
            ("a,x,1,kWh/kg,測定,例,2025", "単位", "not_an_emission_factor"),
            (",x,1,kgCO2e/kg,測定,例,2025", "id", "empty"),
            ("a,,1,kgCO2e/kg,測定,例,2025", "名称", "empty"),
        ],
    )
    def test_a_bad_row_names_its_column(self, line, column, code):
        found = read("good,x,1,kgCO2e/kg,測定,例,2025", line)
        assert len(found.factors) == 1
        assert [(p.row, p.column, p.code) for _, problems in found.rejected for p in problems] == [(3, column, code)]

    def test_an_id_may_occur_once(self):
        found = read("a,x,1,kgCO2e/kg,測定,例,2025", "own.a,x,2,kgCO2e/kg,測定,例,2025")
        assert [p.code for _, problems in found.rejected for p in problems] == ["occurs_twice"]

    def test_a_file_without_a_source_column_is_refused(self):
        with pytest.raises(TableRefused) as refused:
            read_own_factors(io.BytesIO(b"id,value,unit\na,1,kgCO2e/kg\n"))
        assert refused.value.params["missing"] == ("source_title", "source_publisher")
