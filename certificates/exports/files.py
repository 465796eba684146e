"""An export as a file for spreadsheets. Text stays text: nothing in it is ever taken for a formula."""

import csv
import io
from collections.abc import Iterator

from certificates.exports.model import Export
from certificates.exports.words import group_label, note_of, words_of
from certificates.sheet import Locale

# What spreadsheets take for the beginning of a formula, in Japanese ones also in full width.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_COLUMN_WIDTHS = (26, 34, 52, 10, 22, 70)


def head_of(export: Export, locale: Locale) -> tuple[str, ...]:
    """The lines above the table."""
    words = words_of(locale)
    warning = [words["file"]["sandbox"]] if export.sandbox else []
    return (*warning, words["title"][export.form], words["about"][export.form], words["file"]["no_official_form"])


def to_csv(export: Export, locale: Locale) -> bytes:
    """UTF-8 with a byte order mark, so that Excel reads Japanese; a text that looks like a formula gets an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerows([_safe(line)] for line in head_of(export, locale))
    writer.writerow([])
    writer.writerows([_safe(cell) for cell in row] for row in _rows(export, locale))
    writer.writerow([])
    writer.writerows([_safe(line)] for line in foot_of(export, locale))
    return stream.getvalue().encode("utf-8-sig")


def to_xlsx(export: Export, locale: Locale) -> bytes:
    """One sheet; every cell is a text, amounts too, so that no digit is lost."""
    from xlsxwriter import Workbook  # noqa: PLC0415 - only who asks for a workbook waits for its library

    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    workbook = Workbook(stream, options)
    sheet = workbook.add_worksheet(export.form.value)
    bold = workbook.add_format({"bold": True})
    wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
    for column, width in enumerate(_COLUMN_WIDTHS):
        sheet.set_column(column, column, width)
    at = 0
    for line in head_of(export, locale):
        sheet.write_string(at, 0, line, bold)
        at += 1
    at += 1
    for number, row in enumerate(_rows(export, locale)):
        for column, cell in enumerate(row):
            sheet.write_string(at, column, cell, wrapped if number else bold)
        at += 1
    at += 1
    for line in foot_of(export, locale):
        sheet.write_string(at, 0, line)
        at += 1
    sheet.ignore_errors({"number_stored_as_text": f"A1:F{at}"})
    workbook.close()
    return stream.getvalue()


def foot_of(export: Export, locale: Locale) -> tuple[str, ...]:
    """What is confirmed and what is not, and the editions it rests on."""
    words = words_of(locale)
    editions = words["file"]["edition"].format(edition=export.edition, uses_edition=export.uses_edition)
    return (words["file"]["notes"], *(words["note"][note] for note in export.notes), editions)


def _rows(export: Export, locale: Locale) -> Iterator[tuple[str, ...]]:
    words = words_of(locale)
    names = words["file"]
    yield ("", names["item"], names["value"], names["unit"], names["origin"], names["note"])
    for entry in export.entries:
        yield (
            group_label(entry, locale),
            words["item"][f"{entry.group}.{entry.key}"],
            entry.value,
            entry.unit,
            words["origin"][entry.origin],
            note_of(entry, locale),
        )


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
