"""The desk's papers: a workbook for the registry's pre-check, and a sheet to read from at the keyboard.

The secretariat's own pre-check templates were not seen, so the workbook lists every field the form asks for, one row per
range of serials, to be copied or sent along. All texts are written as texts: a name that begins with = stays a name.
"""

import io
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import xlsxwriter

from marketplace.projects.kinds import CreditKind
from marketplace.registries.desk.application import Application
from marketplace.registries.drawing import draw
from marketplace.registries.processing import JAPAN
from marketplace.registries.profiles import Profile

TEMPLATE = Path(__file__).with_name("sheet.typ")
COLUMNS = (
    "account",
    "act",
    "use",
    "purpose_detail",
    "credit_user",
    "project",
    "credit_kind",
    "certification_number",
    "serial_first",
    "serial_last",
    "tonnes",
    "fingerprint",
)


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """What people call a block: how the form knows it, and how its serials are printed."""

    project: str
    credit_kind: str
    certification_number: str
    serial_prefix: str
    serial_width: int

    def serial_text(self, serial: int) -> str:
        return f"{self.serial_prefix}{serial:0{self.serial_width}d}"


def pre_check_workbook(
    applications: Sequence[Application], profile: Profile, blocks: Mapping[str, BlockFacts], *, made_at: datetime
) -> bytes:
    """One row per application and range of serials, with a head row; the total of tonnes is a figure, not a formula."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.set_properties({"title": labels()["title"], "created": made_at.replace(tzinfo=None)})
        sheet = book.add_worksheet(labels()["precheck"])
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        figure = book.add_format({"num_format": "#,##0", "valign": "top"})
        for column, name in enumerate(_heads(profile)):
            sheet.write_string(0, column, name, head)
        row = 0
        for row, cells in enumerate(_rows(applications, profile, blocks), start=1):
            for column, value in enumerate(cells):
                if isinstance(value, int):
                    sheet.write_number(row, column, value, figure)
                else:
                    sheet.write_string(row, column, value, text)
        tonnes = COLUMNS.index("tonnes")
        sheet.write_string(row + 1, tonnes - 1, labels()["total"], head)
        sheet.write_number(row + 1, tonnes, sum(application.tonnes for application in applications), head)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(COLUMNS) - 1, 18)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
    return content.getvalue()


def printed_sheet(
    application: Application, profile: Profile, blocks: Mapping[str, BlockFacts], *, sandbox: bool
) -> bytes:
    """One application as a PDF, with room for the hand: who did it, when, and what the notice says."""
    fields = [
        (labels()["registry"], profile.name.ja),
        (labels()["account"], application.account),
        (labels()["act"], profile.act(application.act).name.ja),
        (_field_name(profile, "use"), profile.use(application.use).name.ja),
        (_field_name(profile, "purpose_detail"), application.purpose_detail),
        (_field_name(profile, "credit_user"), application.credit_user),
        (labels()["waiting_since"], f"{application.waiting_since.astimezone(JAPAN):%Y-%m-%d %H:%M}"),
        (labels()["fingerprint"], in_fours(application.fingerprint())),
    ]
    spans = [
        [facts.project, facts.certification_number, facts.serial_text(first), facts.serial_text(last), f"{tonnes:,}"]
        for facts, first, last, tonnes in _spans(application, blocks)
    ]
    heads = ("project", "certification_number", "serial_first", "serial_last", "tonnes")
    by_hand = ("executed_by", "executed_at", "notice_number", "recorded_on")
    data = {
        "title": labels()["title"],
        "warning": labels()["irreversible"],
        "sandbox": labels()["sandbox"] if sandbox else "",
        "fields": fields,
        "heads": [labels()[name] for name in heads],
        "spans": spans,
        "total": [labels()["total"], f"{application.tonnes:,}"],
        "by_hand": [labels()[name] for name in by_hand],
    }
    return draw(TEMPLATE, data, dated=application.waiting_since)


def in_fours(fingerprint: str) -> str:
    """A long text of digits as people compare it aloud."""
    return " ".join(fingerprint[place : place + 4] for place in range(0, len(fingerprint), 4))


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(Path(__file__).with_name("labels.toml").read_text(encoding="utf-8"))


def labels() -> Mapping[str, str]:
    return _words()["label"]


def kind_name(kind: CreditKind) -> str:
    """The kind of a credit as the papers say it, in Japanese."""
    return _words()["kind"][kind]


def _heads(profile: Profile) -> list[str]:
    own = {field.code: field.name.ja for field in profile.fields}
    return [own.get(column, labels()[column]) for column in COLUMNS]


def _field_name(profile: Profile, code: str) -> str:
    return next((field.name.ja for field in profile.fields if field.code == code), labels()[code])


def _rows(
    applications: Sequence[Application], profile: Profile, blocks: Mapping[str, BlockFacts]
) -> Iterator[tuple[str | int, ...]]:
    for application in applications:
        for facts, first, last, tonnes in _spans(application, blocks):
            yield (
                application.account,
                profile.act(application.act).name.ja,
                profile.use(application.use).name.ja,
                application.purpose_detail,
                application.credit_user,
                facts.project,
                facts.credit_kind,
                facts.certification_number,
                facts.serial_text(first),
                facts.serial_text(last),
                tonnes,
                application.fingerprint(),
            )


def _spans(application: Application, blocks: Mapping[str, BlockFacts]) -> Iterator[tuple[BlockFacts, int, int, int]]:
    for line in application.lines:
        for span in line.serials:
            yield blocks[line.block], span.first, span.last, len(span)
