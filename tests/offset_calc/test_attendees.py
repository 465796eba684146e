"""Attendee lists as people send them: every encoding of Excel, separators, merged cells, and rows that cannot be used."""

import contextlib
import csv
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from offset_calc import event
from offset_calc.attendees import import_attendees
from offset_calc.tabular import MAX_BYTES, TableRefused, open_table, rejected_csv, safe_cell
from tests.offset_calc.builders import an_event

LIST = """氏名,出発地,交通手段,泊数
山田,東京,飛行機,2
佐藤,東京,飛行機,2
鈴木,旭川,電車,1
Kim,ソウル,飛行機,3
高橋,,オンライン,
"""


def csv_file(text, encoding="utf-8"):
    return io.BytesIO(text.encode(encoding))


def xlsx_file(rows, merge=None):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    if merge:
        book.active.merge_cells(merge)
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    return out


def refused(stream):
    with pytest.raises(TableRefused) as caught:
        import_attendees(stream)
    return caught.value


def codes(imported):
    return [[(p.row, p.column, p.code) for p in found] for _, found in imported.rejected]


class TestAnAttendeeList:
    def test_equal_journeys_are_added_together(self):
        imported = import_attendees(csv_file(LIST.replace("オンライン,", "徒歩,").replace("高橋,", "高橋,札幌")))
        assert imported.rows == {
            "travel_participants": [
                {"people": "2", "mode": "air_domestic", "origin": "jp.tokyo.tokyo"},
                {"people": "1", "mode": "rail", "origin": "jp.hokkaido.asahikawa"},
                {"people": "1", "mode": "air_international_economy", "origin": "kr.seoul"},
                {"people": "1", "mode": "walk", "origin": "jp.hokkaido.sapporo"},
            ],
            "lodging": [
                {"people": "2", "nights": "2"},
                {"people": "1", "nights": "1"},
                {"people": "1", "nights": "3"},
            ],
        }
        assert imported.people == 5
        assert imported.ignored_columns == ("氏名",)

    def test_the_rows_can_be_calculated(self):
        imported = import_attendees(csv_file(LIST.replace("高橋,,オンライン,", "高橋,函館,JR,0")))
        footprint = event.calculate(event.read_inputs(an_event(**imported.rows)))
        assert [line.category for line in footprint.lines] == ["travel_participants"] * 4 + ["lodging"] * 3

    def test_people_online_need_their_hours(self):
        assert codes(import_attendees(csv_file(LIST))) == [[(6, "hours", "required")]]
        online = import_attendees(csv_file("手段,時間,人数\nオンライン,6.5,40\nremote,6.50,2\n"))
        assert online.rows == {"online": [{"people": "42", "hours": "6.5"}]}

    def test_a_stated_distance_goes_before_the_city(self):
        imported = import_attendees(csv_file("mode,往復距離 (km),人数\nrail,１５０,９\n"))
        assert imported.rows == {"travel_participants": [{"people": "9", "mode": "rail", "distance_km": "150"}]}


class TestEveryFileThatExcelWrites:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
    def test_encodings(self, encoding):
        assert import_attendees(csv_file(LIST, encoding)).people == 4

    @pytest.mark.parametrize("delimiter", [",", "\t", ";"])
    def test_delimiters_and_line_ends(self, delimiter):
        text = LIST.replace(",", delimiter).replace("\n", "\r\n")
        assert import_attendees(csv_file(text, "cp932")).people == 4

    def test_xlsx_with_numbers_and_separators(self):
        rows = [
            ["", ""],
            ["出発地", "手段", "人数", "泊数"],
            ["東京", "新幹線", "1,200", 2.0],
            ["大阪", "新幹線", 30, None],
        ]
        imported = import_attendees(xlsx_file(rows))
        assert imported.rows["travel_participants"] == [
            {"people": "1200", "mode": "shinkansen", "origin": "jp.tokyo.tokyo"},
            {"people": "30", "mode": "shinkansen", "origin": "jp.osaka.osaka"},
        ]

    def test_a_merged_cell_is_named_in_its_row_and_nothing_is_guessed(self):
        rows = [["出発地", "手段", "人数"], ["東京", "新幹線", 2], [None, "新幹線", 3], ["大阪", "新幹線", 4]]
        imported = import_attendees(xlsx_file(rows, merge="A2:A3"))
        assert codes(imported) == [[(3, "出発地", "merged_cell")]]
        assert imported.people == 6


class TestRowsThatCannotBeUsed:
    def test_each_says_what_is_wrong_and_the_others_go_on(self):
        text = "出発地,手段,泊数,人数\n伊達,電車,1,1\n東京,竜,1,1\n東京,,1,1\n,電車,1,1\n東京,飛行機,たくさん,1\n東京,飛行機,2,0\n東京,飛行機,2,1\n"
        imported = import_attendees(csv_file(text))
        assert codes(imported) == [
            [(2, "出発地", "place_ambiguous")],
            [(3, "手段", "unknown_choice")],
            [(4, "手段", "required")],
            [(5, "出発地", "required")],
            [(6, "泊数", "not_a_number")],
            [(7, "人数", "too_small")],
        ]
        assert imported.people == 1

    def test_they_come_back_as_a_file_in_which_nothing_is_a_formula(self):
        text = '出発地,手段\n"=HYPERLINK(""http://x"")",飛行機\n'
        imported = import_attendees(csv_file(text))
        lines = list(csv.reader("".join(rejected_csv(imported.rejected, imported.columns)).splitlines()))
        assert lines[0] == ["row", "problems", "出発地", "手段"]
        assert lines[1] == ["2", "出発地: place_unknown", '\'=HYPERLINK("http://x")', "飛行機"]

    @pytest.mark.parametrize("start", "=+-@＝＋－＠\t\r\n")
    def test_no_cell_begins_like_a_formula(self, start):
        assert safe_cell(f"{start}1+1").startswith("'")
        assert safe_cell("1+1") == "1+1"


class TestFilesThatCannotBeRead:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "empty"),
            (b"\n\n,,\n", "empty"),
            (b"name,age\nA,1\n", "columns_missing"),
            (b"\xff\x00\x81\x00\xfd", "encoding_unknown"),
            (b"PK\x03\x04 not a zip", "broken"),
            (b"mode,origin\nrail,\x00\n", None),
        ],
    )
    def test_with_a_reason(self, content, reason):
        if reason is None:
            assert codes(import_attendees(io.BytesIO(content)))
        else:
            assert refused(io.BytesIO(content)).reason == reason

    def test_a_zip_that_is_no_workbook(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("hello.txt", "hello")
        assert refused(out).reason == "broken"

    def test_an_upload_beyond_the_limit_is_not_read_at_all(self, tmp_path):
        path = tmp_path / "large.csv"
        with path.open("wb") as file:
            file.truncate(MAX_BYTES + 1)
        with path.open("rb") as file:
            assert refused(file).reason == "too_large"

    def test_missing_columns_are_named(self):
        error = refused(csv_file("出発地,泊数\n東京,1\n"))
        assert error.params["missing"] == ("mode",)
        assert error.params["found"] == ("出発地", "泊数")

    @given(st.binary(max_size=300))
    @settings(max_examples=200)
    def test_no_bytes_do_anything_else(self, content):
        with contextlib.suppress(TableRefused):
            list(open_table(io.BytesIO(content), {"a": ("x",)}).rows)

    @given(st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 255)), min_size=1, max_size=4))
    @settings(max_examples=150)
    def test_nor_does_a_damaged_workbook(self, damages):
        content = bytearray(xlsx_file([["origin", "mode"], ["東京", "rail"]]).getvalue())
        for place, byte in damages:  # ten-thousandths of the file, whose length changes with the time in it
            content[4 + place * (len(content) - 5) // 9999] = byte
        with contextlib.suppress(TableRefused):
            import_attendees(io.BytesIO(bytes(content)))
