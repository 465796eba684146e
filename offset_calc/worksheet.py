"""A footprint as a workbook: what was entered, the sums as live formulas, and the source of every figure."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any

from offset_calc.factors import Factor
from offset_calc.footprint import Footprint
from offset_calc.lines import ASSUMPTION, FACTOR, INPUT, MUL, PUBLISHED, Line, Term
from offset_calc.quantities import Rounding

Label = Callable[[str, str], str]

_SOURCE_COLUMNS = (
    "id", "name_ja", "name_en", "value", "unit", "gas", "gwp_set", "region", "year", "source_title", "source_publisher",
    "source_year", "source_url", "confidence", "note",
)  # fmt: skip
_VALUE_AT = _SOURCE_COLUMNS.index("value")
_INPUT_COLUMNS = ("category", "row", "name", "value", "unit", "source", "basis")
_LINE_COLUMNS = ("category", "row", "activity", "method", "grade", "grams")
_FIRST_TERM = len(_LINE_COLUMNS)
_GRAMS_AT = _LINE_COLUMNS.index("grams")


def plain_label(_kind: str, key: str) -> str:
    """The key itself: what stands in the workbook when no words for people are handed in."""
    return key


def write_worksheet(footprint: Footprint, stream: IO[bytes], *, label: Label = plain_label) -> None:
    """Write an XLSX with three sheets to `stream`.

    input: every input and assumption in a cell of its own, which may be changed.  calculation: one row per line, its terms
    side by side, grams as a formula over them, the total as a sum, and the difference to the stored total.  sources: every
    published figure with its provenance; the formulas take its value from there.
    label(kind, key) gives the words, kind being sheet, column, category, activity, method, term, unit, source or basis.
    No text of a user becomes a formula: texts are written as texts.
    """
    from xlsxwriter import Workbook  # noqa: PLC0415 - only when a workbook is written, not at import

    workbook = Workbook(stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    try:
        _Writer(workbook, footprint, label).write()
    finally:
        workbook.close()


class _Writer:
    def __init__(self, workbook: Any, footprint: Footprint, label: Label) -> None:
        self._footprint = footprint
        self._label = label
        names = [label("sheet", key) for key in ("input", "calculation", "sources")]
        self._input, self._calculation, self._sources = (workbook.add_worksheet(name) for name in names)
        self._input_name, _, self._sources_name = names
        self._head = workbook.add_format({"bold": True, "bottom": 1})
        self._editable = workbook.add_format({"bg_color": "#FFF6D6", "border": 1})
        self._total = workbook.add_format({"bold": True, "top": 1, "num_format": "#,##0"})
        self._whole = workbook.add_format({"num_format": "#,##0"})
        self._input_cells: dict[tuple[str, int, str], str] = {}
        self._source_cells: dict[str, str] = {}

    def write(self) -> None:
        self._write_sources(self._footprint.factors())
        self._write_inputs()
        self._write_calculation()

    def _header(self, sheet: Any, columns: tuple[str, ...]) -> None:
        for at, key in enumerate(columns):
            sheet.write_string(0, at, self._label("column", key), self._head)
        sheet.freeze_panes(1, 0)

    def _write_sources(self, factors: tuple[Factor, ...]) -> None:
        self._header(self._sources, _SOURCE_COLUMNS)
        for row, factor in enumerate(factors, start=1):
            cells = factor.to_row()
            for at, column in enumerate(_SOURCE_COLUMNS):
                if at == _VALUE_AT:
                    self._sources.write_number(row, at, float(factor.value))
                else:
                    self._sources.write_string(row, at, cells[column])
            self._source_cells[factor.id] = _reference(self._sources_name, row, _VALUE_AT)
        for row, (key, text) in enumerate(
            (("edition", self._footprint.edition), ("sha256", self._footprint.factor_set_sha256)),
            start=len(factors) + 2,
        ):
            self._sources.write_string(row, 0, self._label("column", key), self._head)
            self._sources.write_string(row, 1, text)

    def _write_inputs(self) -> None:
        self._header(self._input, _INPUT_COLUMNS)
        row = 0
        for line in self._footprint.lines:
            for term in line.terms:
                key = (line.category, line.row, term.name)
                if term.source not in {INPUT, ASSUMPTION} or key in self._input_cells:
                    continue
                row += 1
                self._input.write_string(row, 0, self._label("category", line.category))
                self._input.write_number(row, 1, line.row + 1)
                self._input.write_string(row, 2, self._label("term", term.name))
                self._input.write_number(row, 3, float(term.value), self._editable)
                self._input.write_string(row, 4, self._label("unit", term.unit))
                self._input.write_string(row, 5, self._label("source", term.source))
                if term.source == ASSUMPTION:
                    self._input.write_string(row, 6, self._label("basis", term.note))
                self._input_cells[key] = _reference(self._input_name, row, 3)

    def _write_calculation(self) -> None:
        sheet, lines = self._calculation, self._footprint.lines
        self._header(sheet, _LINE_COLUMNS)
        for row, line in enumerate(lines, start=1):
            sheet.write_string(row, 0, self._label("category", line.category))
            sheet.write_number(row, 1, line.row + 1)
            sheet.write_string(row, 2, self._label("activity", line.activity))
            sheet.write_string(row, 3, self._label("method", line.method))
            sheet.write_string(row, 4, str(line.grade))
            sheet.write_formula(row, _GRAMS_AT, self._write_terms(row, line), self._whole, line.g)
        last = len(lines)
        column = _column(_GRAMS_AT)
        sheet.write_string(last + 1, 0, self._label("column", "total"), self._head)
        total = f"=SUM({column}2:{column}{last + 1})"
        sheet.write_formula(last + 1, _GRAMS_AT, total, self._total, self._footprint.total.value)
        sheet.write_string(last + 2, 0, self._label("column", "stored_total"))
        sheet.write_number(last + 2, _GRAMS_AT, self._footprint.total.value, self._whole)
        sheet.write_string(last + 3, 0, self._label("column", "difference"))
        sheet.write_formula(last + 3, _GRAMS_AT, f"={column}{last + 2}-{column}{last + 3}", self._whole, 0)

    def _write_terms(self, row: int, line: Line) -> str:
        """Write a line's terms side by side, each under its name, and return the formula that multiplies them out."""
        product = ""
        for number, term in enumerate(line.terms):
            at = _FIRST_TERM + 2 * number
            name = (
                f"{'×' if term.op == MUL else '÷'} {self._label('term', term.name)} [{self._label('unit', term.unit)}]"
            )
            self._calculation.write_string(row, at, name)
            cell = self._cell_of(line, term)
            if cell is None:
                self._calculation.write_number(row, at + 1, float(term.value))
            else:
                self._calculation.write_formula(row, at + 1, f"={cell}", None, float(term.value))
            operator = "*" if term.op == MUL else "/"
            product += f"{operator}{_column(at + 1)}{row + 1}"
        rounded = "ROUNDUP" if self._footprint.rounding is Rounding.UP else "ROUND"
        # The inner rounding takes off the binary noise of a spreadsheet, so that an exact half is seen as one.
        return f"={rounded}(ROUND(1{product},6),0)"

    def _cell_of(self, line: Line, term: Term) -> str | None:
        if term.source in {FACTOR, PUBLISHED}:
            return self._source_cells[term.note]
        return self._input_cells.get((line.category, line.row, term.name))


def _column(position: int) -> str:
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _reference(sheet: str, row: int, column: int) -> str:
    quoted = sheet.replace("'", "''")
    return f"'{quoted}'!${_column(column)}${row + 1}"
