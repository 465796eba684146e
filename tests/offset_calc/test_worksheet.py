"""The workbook's formulas give the footprint's grams, and go on giving the right ones when an input is changed."""

import io
import re
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

import pytest
from openpyxl import load_workbook

from offset_calc.calculators import household
from offset_calc.worksheet import write_worksheet
from tests.offset_calc.builders import event_footprint
from tests.offset_calc.test_sapporo_conference import TOTAL, conference


def workbook(footprint, **options):
    out = io.BytesIO()
    write_worksheet(footprint, out, **options)
    return load_workbook(io.BytesIO(out.getvalue()))


class Sheets:
    """Evaluates the few kinds of formula that the workbook uses, in decimals and from the formulas alone."""

    ROUND = re.compile(r"=(ROUND|ROUNDUP)\(ROUND\(1((?:[*/][A-Z]+[0-9]+)+),6\),0\)")
    SUM = re.compile(r"=SUM\(([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)\)")
    REFERENCE = re.compile(r"='(.+)'!\$([A-Z]+)\$([0-9]+)")
    DIFFERENCE = re.compile(r"=([A-Z]+[0-9]+)-([A-Z]+[0-9]+)")

    def __init__(self, book):
        self.book = book

    def value(self, sheet, cell):
        content = self.book[sheet][cell].value
        if not isinstance(content, str) or not content.startswith("="):
            return Decimal(str(content))
        if match := self.REFERENCE.fullmatch(content):
            return self.value(match[1], match[2] + match[3])
        if match := self.ROUND.fullmatch(content):
            exact = Decimal(1)
            for operator, other in re.findall(r"([*/])([A-Z]+[0-9]+)", match[2]):
                exact = exact * self.value(sheet, other) if operator == "*" else exact / self.value(sheet, other)
            return exact.quantize(Decimal(1), ROUND_HALF_UP if match[1] == "ROUND" else ROUND_CEILING)
        if match := self.SUM.fullmatch(content):
            assert match[1] == match[3]
            return sum(self.value(sheet, f"{match[1]}{row}") for row in range(int(match[2]), int(match[4]) + 1))
        left, right = self.DIFFERENCE.fullmatch(content).groups()
        return self.value(sheet, left) - self.value(sheet, right)


class TestLiveFormulas:
    def test_every_line_and_the_total_of_the_conference(self):
        sheets = Sheets(workbook(conference()))
        grams = [int(sheets.value("calculation", f"F{row}")) for row in range(2, 12)]
        assert grams == [line.g for line in conference().lines]
        assert sheets.value("calculation", "F12") == TOTAL
        assert sheets.value("calculation", "F14") == 0

    def test_a_changed_input_changes_the_total(self):
        book = workbook(event_footprint(waste=[{"mass_kg": "60"}]))
        cell = next(c for c in book["input"]["D"] if c.value == 60)
        cell.value = 120
        total = Sheets(book).value("calculation", "F4")
        assert total == event_footprint(waste=[{"mass_kg": "120"}]).total.value

    def test_a_changed_factor_changes_the_total(self):
        book = workbook(event_footprint(venue_energy=[{"electricity_kwh": "1000"}]))
        book["sources"]["D2"].value = 0.5
        assert Sheets(book).value("calculation", "F2") == 500_000

    def test_conservative_rounding_is_in_the_formula(self):
        footprint = event_footprint(lodging=[{"people": "1", "nights": "1"}], rounding="up")
        assert Sheets(workbook(footprint)).value("calculation", "F2") == footprint.total.value == 31_533

    def test_divisions_and_other_published_figures(self):
        raw = {
            "subject": {"name": "わが家"},
            "period": {"start": "2026-06-01", "end": "2026-06-30"},
            "lpg": [{"lpg_m3": "6.5"}],
            "electricity": [{"household_size": "size3"}],
        }
        footprint = household.calculate(household.read_inputs(raw))
        sheets = Sheets(workbook(footprint))
        assert sheets.value("calculation", "F4") == footprint.total.value

    def test_the_numbers_that_a_reader_without_recalculation_sees_are_the_same(self):
        out = io.BytesIO()
        write_worksheet(conference(), out)
        shown = load_workbook(io.BytesIO(out.getvalue()), data_only=True)["calculation"]
        assert [shown[f"F{row}"].value for row in range(2, 13)] == [*(line.g for line in conference().lines), TOTAL]


class TestSources:
    def test_every_factor_stands_with_its_source(self):
        book = workbook(conference())
        listed = [row[0].value for row in book["sources"].iter_rows(min_row=2) if row[9].value]
        assert listed == [factor.id for factor in conference().factors()]
        assert conference().factor_set_sha256 in [cell.value for cell in book["sources"]["B"]]


class TestTextsStayTexts:
    @pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "+1+1", "@SUM(A1)", "http://example.org", "{=1}"])
    def test_no_label_becomes_a_formula_or_a_link(self, text):
        footprint = event_footprint(waste=[{"mass_kg": "60"}])
        book = workbook(footprint, label=lambda kind, key: text if kind == "category" else key)
        cell = book["input"]["A2"]
        assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)

    def test_sheet_names_in_japanese(self):
        names = {"input": "入力", "calculation": "計算", "sources": "出典"}
        book = workbook(conference(), label=lambda kind, key: names[key] if kind == "sheet" else key)
        assert book.sheetnames == ["入力", "計算", "出典"]
        assert Sheets(book).value("計算", "F12") == TOTAL
