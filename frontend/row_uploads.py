"""Rows of a calculator from a file: an attendee list, a bill of materials, activity data. What cannot be used is shown, not lost."""

import io
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO

from frontend.calculator_form import CalculatorForm, as_typed, empty_row, has_entry
from frontend.calculator_words import CalculatorWords
from frontend.problems import sentence
from offset_calc import FieldProblem
from offset_calc.attendees import Imported, import_attendees
from offset_calc.declarations import Category
from offset_calc.errors import InputsRefused
from offset_calc.row_files import RowsImported, import_rows
from offset_calc.tabular import TableRefused, rejected_csv

ATTENDEES = ("event", "travel_participants")
# Each row of a file is checked by calculating it, while the visitor waits; lists of people are only added up.
LARGEST_ROW_FILE = 1_000_000
LARGEST_ATTENDEE_LIST = 100_000_000
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One row that was not taken: its number in the file, what is wrong in which column, and what it says."""

    number: int
    problems: tuple[tuple[str, str], ...]
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a file. `refusal` says why the whole file cannot be read, "" if it could.

    `people` is None for files that are no attendee lists; `further` counts refused rows beyond those shown. `refused_file` is the
    address of all of them as CSV, to be mended and sent again; it holds the file itself, since the page keeps nothing.
    """

    category_id: str
    taken: int = 0
    people: int | None = None
    columns: str = ""
    ignored: str = ""
    refused: tuple[RefusedRow, ...] = ()
    further: int = 0
    refused_file: str = ""
    refusal: str = ""


def with_file(
    form: CalculatorForm, category_id: str, file: IO[bytes], words: CalculatorWords
) -> tuple[CalculatorForm, Report, tuple[FieldProblem, ...]]:
    """Add the rows of `file` to the form below those that are there.

    Returns the form, the report, and what is wrong with the header of the form, without which rows cannot be judged.
    """
    is_list = (form.calculator.type, category_id) == ATTENDEES
    largest = LARGEST_ATTENDEE_LIST if is_list else LARGEST_ROW_FILE
    if file.seek(0, io.SEEK_END) > largest:
        return form, _refused(category_id, "too_large", words, most=largest // 1_000_000), ()
    try:
        if is_list:
            imported = import_attendees(file)
            rows: Mapping[str, Sequence[Mapping[str, str]]] = imported.rows
            report = _report(form.calculator.category(category_id), imported, words)
            report = replace(report, people=imported.people)
        else:
            header = {key: value for key, value in form.raw().items() if key in {"subject", "period"}}
            read = import_rows(file, form.calculator, category_id, header)
            rows = {category_id: read.rows}
            report = _report(form.calculator.category(category_id), read, words)
    except TableRefused as refused:
        return form, _refused(category_id, refused.reason, words, **_spoken(refused, category_id, words)), ()
    except InputsRefused as refused:
        return form, Report(category_id, refusal=words.of("file.header_first")), refused.problems
    for target, found in rows.items():
        category = form.calculator.category(target)
        present = [row for row in form.rows[target] if has_entry(category, row)]
        added = [
            empty_row(category)
            | {name: as_typed(category.fields_by_name[name], value, words) for name, value in row.items()}
            for row in found
        ]
        if len(present) + len(added) > category.max_rows:
            return form, _refused(category_id, "too_many_rows", words, most=category.max_rows), ()
        form = form.with_rows(target, [*present, *added])
    return form, replace(report, taken=sum(len(found) for found in rows.values())), ()


def _report(category: Category, imported: Imported | RowsImported, words: CalculatorWords) -> Report:
    columns = imported.columns
    refused = tuple(
        RefusedRow(
            row.number,
            tuple((p.column, words.refusal(FieldProblem("", p.code, p.params), category)) for p in problems),
            tuple((columns.get(name, name), text) for name, text in row.cells.items()),
        )
        for row, problems in imported.rejected[:MOST_SHOWN]
    )
    return Report(
        category.id,
        columns=words.list_of(columns.values()),
        ignored=words.list_of(imported.ignored_columns),
        refused=refused,
        further=max(0, len(imported.rejected) - MOST_SHOWN),
        refused_file=_as_address("".join(rejected_csv(imported.rejected, columns))) if imported.rejected else "",
    )


def _as_address(text: str) -> str:
    """With the mark at its start by which Excel knows UTF-8."""
    return f"data:text/csv;charset=utf-8;base64,{b64encode(text.encode('utf-8-sig')).decode()}"


def _refused(category_id: str, reason: str, words: CalculatorWords, **params: object) -> Report:
    return Report(category_id, refusal=sentence(f"table_{reason}", params, words.locale))


def _spoken(refused: TableRefused, category_id: str, words: CalculatorWords) -> dict[str, object]:
    """The parameters of a refusal in words: columns by the names of their fields, sizes in megabytes."""
    spoken: dict[str, object] = {}
    for name, value in refused.params.items():
        match name, value:
            case "missing", tuple():
                spoken[name] = words.list_of(words.field(category_id, str(field)) for field in value)
            case "found", tuple():
                spoken[name] = words.list_of(str(head) for head in value)
            case "most_bytes", int():
                spoken["most"] = value // 1_000_000
            case "most", _:
                spoken[name] = value
    return spoken
