"""A list of holdings as a provider exports it from its registry account or types it down: CSV or XLSX, a row a block.

No registry publishes an export format, so the columns are ours, under the names that Japanese and English lists use for them.
Serials are opaque texts: their last run of digits counts, whatever stands before it only has to be the same at both ends.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import IO

from marketplace.inventory.serials import SerialRange
from marketplace.projects.catalogue import Project, Scheme, Side, load_catalogue
from marketplace.projects.kinds import JCM_GENERATIONS, CreditKind, RegistryCode, jcm_generation
from marketplace.projects.sandbox_supply import CorrespondingAdjustment, JcmAttributes, Vintage, VintageBasis
from offset_calc.tabular import RowProblem, Table, TableRow, open_table

COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "project": ("プロジェクト", "プロジェクト番号", "project number"),
        "methodology": ("方法論", "方法論番号"),
        "certification_number": ("認証番号", "クレジット認証番号", "certification no"),
        "scheme_symbol": ("制度記号",),
        "credit_symbol": ("クレジット種別", "種別"),
        "serial_first": ("シリアル番号開始", "開始シリアル番号", "シリアル番号自", "first serial"),
        "serial_last": ("シリアル番号終了", "終了シリアル番号", "シリアル番号至", "last serial"),
        "tonnes": ("数量", "保有数量", "数量t-co2", "quantity", "t-co2"),
        "vintages": ("ビンテージ", "ヴィンテージ", "対象年度", "vintage"),
        "mwh": ("再エネ電力mwh", "電力量mwh"),
        "gj": ("再エネ熱gj", "熱量gj"),
        "side": ("発行側", "jcm side"),
        "authorised": ("承認", "authorized"),
        "corresponding_adjustment": ("相当調整",),
    }
)
REQUIRED = ("project", "certification_number", "serial_first", "serial_last", "vintages")
MOST_DIGITS = 15
_YES = frozenset({"yes", "true", "1", "はい", "有", "済", "あり"})
_NO = frozenset({"no", "false", "0", "いいえ", "無", "未", "なし"})
_SIDES = MappingProxyType({"japan": Side.JAPAN, "日本": Side.JAPAN, "partner": Side.PARTNER, "相手国": Side.PARTNER})
_ADJUSTMENTS = MappingProxyType(
    {
        "notapplicable": CorrespondingAdjustment.NOT_APPLICABLE,
        "対象外": CorrespondingAdjustment.NOT_APPLICABLE,
        "due": CorrespondingAdjustment.DUE,
        "予定": CorrespondingAdjustment.DUE,
        "applied": CorrespondingAdjustment.APPLIED,
        "済": CorrespondingAdjustment.APPLIED,
    }
)
_BASES = (
    (re.compile(r"(?:fy\s*)(\d{4})|(\d{4})\s*年度", re.IGNORECASE), VintageBasis.FISCAL_YEAR),
    (re.compile(r"(?:cy\s*)(\d{4})|(\d{4})\s*年", re.IGNORECASE), VintageBasis.CALENDAR_YEAR),
    (re.compile(r"(\d{4}-\d{2}-\d{2})\s*[/~]\s*(\d{4}-\d{2}-\d{2})"), VintageBasis.MONITORING_PERIOD),
)


@dataclass(frozen=True, slots=True)
class HeldBlock:
    """One row: a block as its registry identifies it. `serial_text(serials.first)` is the registry's own text, to the letter."""

    project: Project
    methodology: str
    kind: CreditKind
    certification_number: str
    scheme_symbol: str | None
    credit_symbol: str | None
    serial_prefix: str
    serial_width: int
    serials: SerialRange
    vintages: tuple[Vintage, ...]
    mwh: Decimal | None
    gj: Decimal | None
    jcm: JcmAttributes | None

    @property
    def numbering(self) -> tuple[str, str]:
        """Serials are unique within a registry and what stands before their digits."""
        return self.project.registry, self.serial_prefix

    def serial_text(self, serial: int) -> str:
        return f"{self.serial_prefix}{serial:0{self.serial_width}d}"


@dataclass(frozen=True, slots=True)
class HoldingList:
    """`refused` holds the rows that cannot be taken, each with what is wrong in them; `ignored` the columns nobody asked for."""

    taken: tuple[tuple[TableRow, HeldBlock], ...]
    refused: tuple[tuple[TableRow, tuple[RowProblem, ...]], ...]
    columns: Mapping[str, str]
    ignored: tuple[str, ...]


class _CellRefused(Exception):
    """Becomes a RowProblem; never leaves this module."""

    def __init__(self, column: str, code: str, **params: object) -> None:
        super().__init__(f"{column}: {code}")
        self.column, self.code, self.params = column, code, params


def read_holding_list(stream: IO[bytes], registry: RegistryCode) -> HoldingList:
    """Every row judged by itself and against the rows before it. Raises: TableRefused for the file as a whole."""
    table = open_table(stream, COLUMNS, REQUIRED)
    taken: list[tuple[TableRow, HeldBlock]] = []
    seen = _Seen()
    refused: list[tuple[TableRow, tuple[RowProblem, ...]]] = []
    for row in table.rows:
        if not row.cells and not row.merged:
            continue
        try:
            block = _block(row, registry)
            seen.add(block, row)
        except _CellRefused as fault:
            column = table.columns.get(fault.column, fault.column)
            refused.append((row, (RowProblem(row.number, column, fault.code, fault.params),)))
        else:
            taken.append((row, block))
    return HoldingList(tuple(taken), tuple(refused), _shown(table), table.ignored)


def _shown(table: Table) -> Mapping[str, str]:
    return {name: table.columns[name] for name in COLUMNS if name in table.columns}


def _block(row: TableRow, registry: RegistryCode) -> HeldBlock:
    for name in sorted(row.merged):
        raise _CellRefused(name, "merged_cell")
    cells = {name: unicodedata.normalize("NFKC", row.cells.get(name, "")).strip() for name in COLUMNS}
    for name in REQUIRED:
        if not cells[name]:
            raise _CellRefused(name, "cell_missing")
    project = _project(cells["project"], registry)
    methodology = _methodology(cells["methodology"], project)
    # serials are kept as written, in their own width
    prefix, width, serials = _serials(row.cells["serial_first"].strip(), row.cells["serial_last"].strip())
    if cells["tonnes"] and _whole(cells["tonnes"], "tonnes") != len(serials):
        raise _CellRefused("tonnes", "tonnes_do_not_fit_serials", counted=len(serials), stated=cells["tonnes"])
    vintages = _vintages(cells["vintages"], len(serials))
    is_jcm = registry is RegistryCode.JCM_JAPAN
    if not is_jcm and not cells["scheme_symbol"]:
        raise _CellRefused("scheme_symbol", "cell_missing")
    return HeldBlock(
        project=project,
        methodology=methodology,
        kind=_kind(project, methodology, vintages),
        certification_number=cells["certification_number"],
        scheme_symbol=None if is_jcm else cells["scheme_symbol"],
        credit_symbol=cells["credit_symbol"] or None,
        serial_prefix=prefix,
        serial_width=width,
        serials=serials,
        vintages=vintages,
        mwh=_as_published(cells["mwh"], "mwh"),
        gj=_as_published(cells["gj"], "gj"),
        jcm=_jcm(cells) if is_jcm else None,
    )


def _project(text: str, registry: RegistryCode) -> Project:
    """By our key (jcredit/normal/225), or as lists write it: P43 for a program project, MN006 in the JCM. A bare number of the
    J-Credit list could mean two projects, so it is refused."""
    catalogue = load_catalogue()
    number = text.upper()
    candidates = [text, f"{Scheme.JCM}/{number}"]
    if re.fullmatch(r"P\d+", number):
        candidates.append(f"{Scheme.JCREDIT}/program/{number[1:]}")
    if text.isascii() and text.isdigit():
        both = [f"{Scheme.JCREDIT}/{kind}/{int(text)}" for kind in ("normal", "program")]
        raise _CellRefused("project", "project_ambiguous", candidates=", ".join(both))
    for key in candidates:
        project = catalogue.get(key)
        if project is not None and project.registry is registry:
            return project
    raise _CellRefused("project", "project_unknown", project=text)


def _methodology(text: str, project: Project) -> str:
    known = [activity.methodology for activity in project.activities]
    if not text and len(known) == 1:
        return known[0]
    if text.upper() not in known:
        raise _CellRefused("methodology", "methodology_unknown", known=", ".join(known))
    return text.upper()


def _serials(first_text: str, last_text: str) -> tuple[str, int, SerialRange]:
    first = re.fullmatch(r"(.*?)(\d+)", first_text, re.DOTALL | re.ASCII)
    last = re.fullmatch(r"(.*?)(\d+)", last_text, re.DOTALL | re.ASCII)
    if first is None or len(first[2]) > MOST_DIGITS or int(first[2]) == 0:
        raise _CellRefused("serial_first", "not_a_serial")
    if last is None or len(last[2]) > MOST_DIGITS:
        raise _CellRefused("serial_last", "not_a_serial")
    width = len(first[2])
    if last[1] != first[1] or f"{int(last[2]):0{width}d}" != last[2]:
        raise _CellRefused("serial_last", "serials_unlike", first=first_text)
    if int(last[2]) < int(first[2]):
        raise _CellRefused("serial_last", "serials_reversed")
    return first[1], width, SerialRange(int(first[2]), int(last[2]))


def _vintages(text: str, tonnes: int) -> tuple[Vintage, ...]:
    """FY2023:120; FY2024:30 (fiscal years), CY2023 or 2023年 (calendar years), 2021-01-01/2022-12-31 (a monitoring period)."""
    parts = [part.strip() for part in re.split(r"[;、,]", text) if part.strip()]
    vintages = []
    for part in parts:
        label, _, stated = part.rpartition(":") if ":" in part else (part, "", "")
        amount = _whole(stated, "vintages") if stated else tonnes
        vintages.append(_vintage(label.strip(), amount))
    if sum(vintage.tonnes for vintage in vintages) != tonnes:
        raise _CellRefused("vintages", "vintages_do_not_add_up", tonnes=tonnes)
    return tuple(vintages)


def _vintage(label: str, tonnes: int) -> Vintage:
    for pattern, basis in _BASES:
        if found := pattern.fullmatch(label):
            vintage = Vintage(basis, "/".join(part for part in found.groups() if part), tonnes)
            try:
                vintage.ends_on  # noqa: B018 - raises where there is no such day
            except ValueError:
                break
            return vintage
    raise _CellRefused("vintages", "not_a_vintage", text=label)


def _kind(project: Project, methodology: str, vintages: tuple[Vintage, ...]) -> CreditKind:
    kinds = project.activity(methodology).kinds
    if kinds != JCM_GENERATIONS:
        return kinds[0]
    generations = {jcm_generation(vintage.ends_on) for vintage in vintages}
    if len(generations) != 1:
        raise _CellRefused("vintages", "jcm_generations_mixed")
    return generations.pop()


def _jcm(cells: Mapping[str, str]) -> JcmAttributes:
    side = _SIDES.get(cells["side"].casefold())
    if side is None:
        raise _CellRefused("side", "not_a_choice", choices="japan, partner")
    authorised = cells["authorised"].casefold()
    if authorised not in _YES | _NO:
        raise _CellRefused("authorised", "not_a_choice", choices="yes, no")
    adjustment = _ADJUSTMENTS.get(re.sub(r"[\s_-]", "", cells["corresponding_adjustment"].casefold()))
    if adjustment is None:
        raise _CellRefused("corresponding_adjustment", "not_a_choice", choices="not_applicable, due, applied")
    return JcmAttributes(side, authorised in _YES, adjustment)


def _whole(text: str, column: str) -> int:
    digits = text.replace(",", "").strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) > MOST_DIGITS or int(digits) == 0:
        raise _CellRefused(column, "not_a_whole_number")
    return int(digits)


def _as_published(text: str, column: str) -> Decimal | None:
    if not text:
        return None
    digits = text.replace(",", "")
    if not re.fullmatch(r"\d{1,12}(\.\d{1,6})?", digits, re.ASCII):
        raise _CellRefused(column, "not_a_figure")
    return Decimal(digits)


class _Seen:
    """The serials of the rows above, by numbering, lowest first."""

    def __init__(self) -> None:
        self._rows: defaultdict[tuple[str, str], list[tuple[SerialRange, int]]] = defaultdict(list)

    def add(self, block: HeldBlock, row: TableRow) -> None:
        """Raises _CellRefused, naming the row that lists one of the serials already."""
        rows = self._rows[block.numbering]
        place = bisect_left(rows, (block.serials, row.number))
        for other, number in rows[max(0, place - 1) : place + 1]:
            if other.first <= block.serials.last and block.serials.first <= other.last:
                raise _CellRefused("serial_first", "serials_listed_twice", clashing_row=number)
        rows.insert(place, (block.serials, row.number))
