"""Bills of materials and activity files: good rows are taken, the others come back with what is wrong."""

import io

import pytest

from offset_calc import InputsRefused, by_type
from offset_calc.row_files import HEADERS, WORDS, import_rows

PRODUCT_HEADER = {
    "subject": {"name": "ボトル", "functional_unit": "1本", "units": "1000"},
    "period": {"start": "2026-04-01", "end": "2027-03-31"},
}
YEAR = {"subject": {"name": "会社"}, "period": {"start": "2025-04-01", "end": "2026-03-31"}}


def imported(text, type_="product", category="materials", header=PRODUCT_HEADER):
    return import_rows(io.BytesIO(text.encode("cp932")), by_type(type_), category, header)


class TestABillOfMaterials:
    def test_in_japanese_from_excel(self):
        found = imported("部品名,素材,質量(kg),配分率\n本体,スチール,２５０,\nふた,ポリプロピレン,40,50\n")
        assert found.rows == (
            {"label": "本体", "material": "steel", "mass_kg": "２５０"},
            {"label": "ふた", "material": "pp", "mass_kg": "40", "allocation_percent": "50"},
        )
        product = by_type("product")
        footprint = product.calculate(product.read_inputs({**PRODUCT_HEADER, "materials": list(found.rows)}))
        assert [line.g for line in footprint.lines] == [715_975, 51_551]

    def test_each_bad_row_is_named_by_row_and_column(self):
        found = imported("部品名,素材,質量\n本体,オリハルコン,1\nふた,鉄,-1\n底,,3\n箱,段ボール,2\n")
        assert [[(p.row, p.column, p.code) for p in problems] for _, problems in found.rejected] == [
            [(2, "素材", "unknown_choice")],
            [(3, "質量", "negative")],
            [(4, "素材", "required")],
        ]
        assert len(found.rows) == 1


class TestAnActivityFile:
    def test_units_that_do_not_fit_are_refused_in_their_row(self):
        text = '事業所,燃料,使用量,単位\n札幌,灯油,"1,200",L\n札幌,軽油,3,kg\n函館,プロパン,0.5,トン\n'
        found = imported(text, "organisation", "scope1_fuels", YEAR)
        assert [row["site"] for row in found.rows] == ["札幌", "函館"]
        assert [(p.row, p.column, p.code) for _, problems in found.rejected for p in problems] == [
            (3, "単位", "unit_mismatch")
        ]

    def test_a_header_that_cannot_be_read_is_not_blamed_on_the_rows(self):
        with pytest.raises(InputsRefused):
            imported("素材,質量\n鉄,1\n", header={**PRODUCT_HEADER, "period": {"start": "x", "end": "y"}})


def test_every_header_and_word_leads_to_something_that_exists():
    fields = {
        name
        for type_ in ("event", "product", "organisation")
        for c in by_type(type_).categories
        for name in c.fields_by_name
    }
    assert set(HEADERS) <= fields
    for name, words in WORDS.items():
        choices = {
            choice
            for type_ in ("product", "organisation")
            for c in by_type(type_).categories
            for f in c.fields
            if f.name == name
            for choice in f.choices
        }
        assert set(words.values()) <= choices
