"""Rows of one category from a file: a bill of materials, a site's activity data, a list of purchases."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import IO, Any

from offset_calc.calculators.base import Calculator
from offset_calc.errors import InputsRefused
from offset_calc.factors import FactorSet
from offset_calc.tabular import RowProblem, Table, TableRow, open_table

# Headers, besides a field's own name, under which people file it.
HEADERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "label": ("品名", "部品", "部品名", "名称", "item", "part", "name"),
        "site": ("事業所", "拠点", "工場", "plant"),
        "material": ("素材", "材料", "材質"),
        "mass_kg": ("質量", "重量", "質量kg", "重量kg", "mass", "weight"),
        "kind": ("種類", "区分", "type"),
        "spend_yen": ("金額", "支出", "購入額", "金額円", "amount", "spend"),
        "quantity": ("数量", "使用量", "活動量", "amount used"),
        "unit": ("単位",),
        "fuel": ("燃料", "燃料種"),
        "factor_id": ("係数", "排出係数id", "factor"),
        "allocation_percent": ("配分", "配分率", "配分%", "allocation"),
        "electricity_kwh": ("電力", "電力量", "電気使用量", "使用電力量"),
        "electricity_menu": ("電力メニュー", "メニュー"),
        "distance_km": ("距離", "輸送距離", "distance"),
        "mode": ("輸送手段", "交通手段"),
        "people": ("人数",),
        "nights": ("泊数",),
        "days": ("日数",),
    }
)

# Words for choices, besides the choices themselves.
WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "material": MappingProxyType(
            {
                "鉄": "steel", "鋼": "steel", "スチール": "steel", "アルミ": "aluminium", "アルミニウム": "aluminium",
                "ガラス": "glass", "木": "wood", "木材": "wood", "紙": "paper_mixed", "段ボール": "board", "板紙": "board",
                "プラスチック": "plastics_average", "樹脂": "plastics_average", "フィルム": "plastics_film",
                "ポリプロピレン": "pp", "ポリスチレン": "ps", "塩ビ": "pvc", "塩化ビニル": "pvc", "衣類": "clothing",
                "布": "clothing", "電子部品": "electrical_it",
            }
        ),
        "fuel": MappingProxyType(
            {
                "ガソリン": "gasoline", "揮発油": "gasoline", "軽油": "diesel_oil", "灯油": "kerosene", "a重油": "heavy_oil_a",
                "都市ガス": "city_gas", "lpガス": "lpg", "プロパン": "lpg", "プロパンガス": "lpg",
            }
        ),
        "unit": MappingProxyType({"リットル": "L", "l": "L", "kl": "kL", "㎥": "m3", "m³": "m3", "トン": "t", "キロ": "kg"}),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RowsImported:
    """rows: raw rows, ready to be put under the category.  rejected: the other rows with what is wrong in them."""

    rows: tuple[Mapping[str, str], ...]
    rejected: tuple[tuple[TableRow, tuple[RowProblem, ...]], ...]
    columns: Mapping[str, str]
    ignored_columns: tuple[str, ...]


def import_rows(
    stream: IO[bytes],
    calculator: Calculator,
    category_id: str,
    header: Mapping[str, Any],
    *,
    factors: FactorSet | None = None,
) -> RowsImported:
    """Read the rows of one category from a CSV or XLSX file, each checked by calculating it alone.

    header: subject and period of the footprint that the rows are for, in raw form.
    Raises: TableRefused for the file as a whole; InputsRefused when the header itself cannot be read.
    """
    check = _Check(calculator, category_id, header, factors)
    fields = calculator.category(category_id).fields_by_name
    table = open_table(stream, {name: HEADERS.get(name, ()) for name in fields})
    accepted: list[Mapping[str, str]] = []
    rejected: list[tuple[TableRow, tuple[RowProblem, ...]]] = []
    for row in table.rows:
        raw = {name: _in_our_words(name, text) for name, text in row.cells.items()}
        problems = check.problems(raw, row, table)
        if problems:
            rejected.append((row, problems))
        elif raw:
            accepted.append(raw)
    return RowsImported(tuple(accepted), tuple(rejected), table.columns, table.ignored)


def _in_our_words(name: str, text: str) -> str:
    words = WORDS.get(name)
    if words is None:
        return text
    folded = unicodedata.normalize("NFKC", text).strip()
    return words.get(folded, words.get(folded.casefold(), folded))


@dataclass(frozen=True, slots=True)
class _Check:
    """Checks one row by calculating it alone."""

    calculator: Calculator
    category_id: str
    header: Mapping[str, Any]
    factors: FactorSet | None

    def problems(self, raw: Mapping[str, str], row: TableRow, table: Table) -> tuple[RowProblem, ...]:
        found = [RowProblem(row.number, table.columns[name], "merged_cell") for name in sorted(row.merged)]
        try:
            inputs = self.calculator.read_inputs({**self.header, self.category_id: [raw]}, factors=self.factors)
            self.calculator.calculate(inputs, factors=self.factors)
        except InputsRefused as refused:
            start = f"/{self.category_id}/0"
            for problem in refused.problems:
                if problem.pointer and not problem.pointer.startswith(start):
                    raise
                name = problem.pointer.removeprefix(start).removeprefix("/")
                found.append(RowProblem(row.number, table.columns.get(name, name), problem.code, problem.params))
        return tuple(found)
