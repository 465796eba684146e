"""Which years a block's vintages name."""

import json

import pytest

from marketplace.inventory.block_facts import is_of_year


class TestTheYearOfABlock:
    @pytest.mark.parametrize(
        ("basis", "label", "years"),
        [
            ("calendar_year", "2022", {2022}),
            ("fiscal_year", "2023", {2023}),
            ("monitoring_period", "2021-04-01/2023-03-31", {2021, 2022, 2023}),
            ("monitoring_period", "2022-01-01/2022-12-31", {2022}),
        ],
    )
    def test_is_any_that_a_vintage_names(self, basis, label, years):
        vintages = json.dumps([{"basis": basis, "label": label, "tonnes": None}])
        assert {year for year in range(2018, 2027) if is_of_year(vintages, year)} == years

    def test_may_be_one_of_several(self):
        vintages = json.dumps([{"basis": "fiscal_year", "label": label} for label in ("2020", "2022")])
        assert [is_of_year(vintages, year) for year in (2020, 2021, 2022)] == [True, False, True]
