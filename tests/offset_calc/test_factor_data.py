"""Walks every shipped figure: provenance, terms, dates, units, and that nothing unusable was let in."""

import csv
import hashlib
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from offset_calc import factors, tables
from offset_calc.units import known

EDITION = tables.open_edition(factors.CURRENT_EDITION)
SHIPPED = list(factors.load().all())
# What is not grams per something: calorific values, carbon contents, activity data, formula coefficients.
# Terms that allow to ship the figures; whatever else a list says of itself has to be looked at first.
CLEAR_TERMS = {
    "Open Government Licence v3.0", "公共データ利用規約（第1.0版）", "CC BY 4.0", "Apache-2.0", "facts; table CC0", "single facts, cited",
    "law text (Copyright Act, art. 13)", "notice text (Copyright Act, art. 13)",
}  # fmt: skip
NOT_EMISSIONS = re.compile(r"GJ/.+|kWh/.+|m3/.+|L/.+|GB/h|-")


def traced(factor):
    """Seen at the publisher or in a named secondary source, with title, publisher, year and address."""
    named = factor.source_title and factor.source_publisher and re.search(r"\d{4}", factor.source_year)
    return named and factor.confidence in {"A", "B"} and re.match(r"https?://", factor.source_url)


@pytest.mark.parametrize("table", EDITION.tables, ids=lambda table: table.name)
class TestEveryDataFile:
    def test_is_what_the_edition_says(self, table):
        content = (tables.DATA / "tables" / f"{table.name}.csv").read_bytes()
        assert hashlib.sha256(content).hexdigest() == table.sha256
        rows = list(csv.DictReader(content.decode().splitlines()))
        assert len(rows) == table.rows
        assert tuple(rows[0]) == factors.COLUMNS
        assert [row["id"] for row in rows] == sorted({row["id"] for row in rows})

    def test_names_publisher_terms_and_credit(self, table):
        assert table.publisher
        assert table.published
        assert set(table.licence.split(" / ")) <= CLEAR_TERMS
        assert table.credit

    def test_its_ids_lead_to_it_and_to_no_other(self, table):
        for factor_id in EDITION._table(table):
            assert [t.name for t in EDITION.tables if t.may_hold(factor_id)] == [table.name]


class TestEveryFigure:
    def test_there_are_as_many_as_the_edition_says_and_each_once(self):
        assert len(SHIPPED) == sum(table.rows for table in EDITION.tables) == len({f.id for f in SHIPPED})

    def test_is_traced_to_its_source(self):
        untraced = [factor.id for factor in SHIPPED if not traced(factor)]
        assert untraced == []

    def test_has_a_name_in_both_languages_a_year_a_region_and_a_unit_we_understand(self):
        for factor in SHIPPED:
            assert all((factor.name_ja, factor.name_en, factor.year, factor.region)), factor.id
            assert factor.parsed_unit or NOT_EMISSIONS.fullmatch(factor.unit), factor.id

    def test_none_is_from_a_list_whose_licence_is_unclear(self):
        assert not [
            f.id for f in SHIPPED if "3eid" in f.id or "3EID" in f.source_title or "Boavizta" in f.source_publisher
        ]

    def test_periods_follow_the_stated_year(self):
        for factor in SHIPPED:
            if match := re.fullmatch(r"FY(\d{4})-", factor.year):
                assert factor.valid_from == date(int(match[1]), 4, 1)
            elif match := re.fullmatch(r"(\d{4})", factor.year):
                assert factor.valid_from == date(int(match[1]), 1, 1)
            elif factor.id.startswith("jp.elec.fy2024."):
                assert (factor.valid_from, factor.valid_to) == (date(2025, 4, 1), date(2026, 3, 31))

    def test_fuel_products_are_calorific_value_times_carbon_times_44_over_12(self):
        by_id = {factor.id: factor.value for factor in SHIPPED}
        fuels = [i.removesuffix(".carbon") for i in by_id if i.startswith("jp.shk.") and i.endswith(".carbon")]
        checked = 0
        for fuel in fuels:
            printed = by_id.get(f"{fuel}.co2", by_id.get(f"{fuel}.default"))
            if printed is None:
                continue
            exact = by_id[f"{fuel}.gcv"] * by_id[f"{fuel}.carbon"] * 44 / 12
            assert abs(exact - printed) <= Decimal(10) ** (printed.adjusted() - 2) / 2 + Decimal("0.0005"), fuel
            checked += 1
        assert checked >= 27


class TestActivities:
    @pytest.mark.parametrize(("activity", "region"), EDITION.activities())
    def test_each_leads_to_emission_factors_of_one_unit(self, activity, region):
        found = [factors.load().by_id(factor_id) for factor_id in EDITION.factor_ids(activity, region)]
        units = {factor.parsed_unit.per for factor in found}
        assert len(units) == 1
        assert known(units.pop())
        assert {factor.parsed_unit.gas for factor in found} <= {"CO2", "CO2e"}


class TestDefaults:
    """What is taken without being chosen: by an activity, or by an id that stands in a method."""

    def test_each_is_traced_confirmed_and_of_clear_terms(self):
        ids = {i for activity, region in EDITION.activities() for i in EDITION.factor_ids(activity, region)}
        for file in (Path(factors.__file__).parent / "methods").glob("*.py"):
            ids |= set(re.findall(r'by_id\("([^"{]+)"\)', file.read_text("utf-8")))
        ids |= {f.id for f in SHIPPED if re.fullmatch(r"jp\.shk\..+\.(gcv|carbon)|gwp\..+|jp\.improved_tkm\..+", f.id)}
        assert len(ids) > 200
        for factor in map(factors.load().by_id, sorted(ids)):
            (table,) = (table for table in EDITION.tables if table.may_hold(factor.id))
            assert traced(factor), factor.id
            assert set(table.licence.split(" / ")) <= CLEAR_TERMS, factor.id


class TestNotesAreCodes:
    def test_every_code_is_explained_in_the_documentation(self):
        guide = (Path(__file__).parents[2] / "docs" / "algorithms" / "footprint-factors.md").read_text("utf-8")
        codes = {code.split(":")[0] for factor in SHIPPED for code in factor.note.split()}
        assert codes
        assert [code for code in sorted(codes) if f"`{code}" not in guide] == []
