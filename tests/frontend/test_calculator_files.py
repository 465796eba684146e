"""Rows from files: attendee lists and activity data as people keep them, good rows taken, bad rows shown."""

from base64 import b64decode
from io import BytesIO
from typing import Any

import pytest
from lxml import html
from openpyxl import Workbook
from starlette.testclient import TestClient

from frontend.calculator_form import MOST_ROWS_ON_A_PAGE
from frontend.row_uploads import LARGEST_ROW_FILE, MOST_SHOWN
from tests.frontend.preview import PreviewServices
from tests.frontend.test_calculators import PRODUCT, typed

EVENT = {
    "subject/name": "研究会",
    "subject/place": "札幌",
    "period/start": "2026-12-12",
    "period/end": "2026-12-13",
}
ATTENDEES = "出発地,交通手段,泊数,人数\r\n東京,飛行機,2,3\r\n東京,飛行機,2,１\r\n旭川,電車,,2\r\n"


def send(site: TestClient, kind: str, category: str, file: bytes, name: str = "list.csv", **fields: str) -> Any:
    header = EVENT if kind == "event" else PRODUCT
    return site.post(
        f"/ja/calculate/{kind}",
        data={**header, **fields, "action": f"import:{category}"},
        files={f"file/{category}": (name, file)},
    )


def form(answer: Any) -> dict[str, str]:
    return typed(html.fromstring(answer.content))


def report(answer: Any) -> str:
    (found,) = html.fromstring(answer.content).xpath("//main//*[@role='status']")
    return str(found.text_content())


class TestAttendeeLists:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
    def test_equal_journeys_become_one_row_in_words(self, site: TestClient, encoding: str) -> None:
        answer = send(site, "event", "travel_participants", ATTENDEES.encode(encoding))
        fields = form(answer)
        assert answer.status_code == 200
        assert fields["travel_participants/0/people"] == "4"
        assert fields["travel_participants/0/origin"] == "東京（東京都）"
        assert fields["travel_participants/1/mode"] == "rail"
        assert fields["lodging/0/nights"] == "2"
        assert "6人分" in report(answer)

    def test_a_spreadsheet_does_as_well(self, site: TestClient) -> None:
        book = Workbook()
        for row in (["origin", "mode", "people"], ["Osaka", "shinkansen", 12]):
            book.active.append(row)
        stream = BytesIO()
        book.save(stream)
        answer = send(site, "event", "travel_participants", stream.getvalue(), "list.xlsx")
        assert form(answer)["travel_participants/0/people"] == "12"

    def test_what_was_typed_before_stays_and_the_file_comes_below(self, site: TestClient) -> None:
        before = {"travel_participants/0/people": "7", "travel_participants/0/mode": "walk", "waste/0/mass_kg": "x"}
        fields = form(send(site, "event", "travel_participants", ATTENDEES.encode(), **before))
        assert {name: fields[name] for name in before} == before
        assert fields["travel_participants/1/people"] == "4"

    def test_refused_rows_can_be_taken_home_as_csv(self, site: TestClient) -> None:
        rows = "".join(f"東京,飛行機,2,{text}\r\n" for text in ["3", *["=1+1"] * (MOST_SHOWN + 5)])
        answer = send(site, "event", "travel_participants", f"出発地,交通手段,泊数,人数\r\n{rows}".encode())
        (link,) = html.fromstring(answer.content).xpath("//a[@download]/@href")
        media_type, _, content = link.partition(",")
        lines = b64decode(content).decode("utf-8-sig").splitlines()
        assert media_type == "data:text/csv;charset=utf-8;base64"
        assert lines[0].startswith("row,problems,")
        assert len(lines) == 1 + MOST_SHOWN + 5
        assert all("'=1+1" in line for line in lines[1:])

    def test_every_refused_row_is_shown_with_its_number_and_reason(self, site: TestClient) -> None:
        rows = (
            "出発地,交通手段,人数\n府中,電車,2\nどこでもない町,電車,1\n東京,じゅうたん,1\n東京,電車,-3\n東京,電車,5\n"
        )
        answer = send(site, "event", "travel_participants", rows.encode())
        (table,) = html.fromstring(answer.content).xpath("//main//*[@role='status']//table")
        numbers = [cell.text_content() for cell in table.xpath("./tbody/tr/th")]
        assert numbers == ["2", "3", "4", "5"]
        for part in ("府中市（東京都）", "どこでもない町", "じゅうたん", "0以上の数"):
            assert part in table.text_content()
        assert form(answer)["travel_participants/0/people"] == "5"

    def test_the_result_counts_everybody(self, site: TestClient, services: PreviewServices) -> None:
        fields = form(send(site, "event", "travel_participants", ATTENDEES.encode()))
        assert site.post("/ja/calculate/event", data={**fields, "action": "calculate"}).status_code == 303
        lines = services.footprints.only().lines
        people = sum(
            term.value
            for line in lines
            for term in line.terms
            if line.category == "travel_participants" and term.name == "people"
        )
        assert people == 6

    def test_a_formula_in_a_cell_stays_text(self, site: TestClient) -> None:
        rows = '出発地,交通手段\n"=HYPERLINK(""http://x"")",電車\n<script>alert(1)</script>,電車\n'
        answer = send(site, "event", "travel_participants", rows.encode())
        assert "<script>alert" not in answer.text
        assert "=HYPERLINK" in report(answer)


class TestFilesThatCannotBeRead:
    @pytest.mark.parametrize(
        ("file", "part"),
        [
            (b"", "行がありません"),
            (b"PK\x03\x04 not a workbook", "読み取れません"),
            (b"\xff\xfe\x00", "読み取れません"),
            ("名前,所属\n山田,研究所\n".encode(), "必要な列がありません：移動手段"),
        ],
    )
    def test_the_reason_is_said_and_nothing_is_lost(self, site: TestClient, file: bytes, part: str) -> None:
        answer = send(site, "event", "travel_participants", file, **{"waste/0/mass_kg": "60"})
        assert answer.status_code == 422
        assert part in report(answer)
        assert form(answer)["waste/0/mass_kg"] == "60"

    def test_a_file_beyond_the_bound_is_refused(self, site: TestClient) -> None:
        answer = send(site, "product", "materials", b"x" * (LARGEST_ROW_FILE + 1))
        assert "大きすぎます" in report(answer)

    def test_a_list_beyond_what_other_bodies_may_have_is_read(self, site: TestClient) -> None:
        rows = ATTENDEES.encode() + b"\xe6\x97\xad\xe5\xb7\x9d,\xe9\x9b\xbb\xe8\xbb\x8a,,1," + b"x" * 5_000 + b"\r\n"
        line = rows[len(ATTENDEES.encode()) :]
        answer = send(site, "event", "travel_participants", ATTENDEES.encode() + line * 3_000)
        assert "3006" in report(answer)
        assert form(answer)["subject/name"] == EVENT["subject/name"]

    def test_no_file_chosen(self, site: TestClient) -> None:
        answer = site.post("/ja/calculate/event", data={**EVENT, "action": "import:lodging"})
        assert "ファイルを選んで" in report(answer)

    def test_rows_are_judged_with_the_header_so_it_comes_first(self, site: TestClient) -> None:
        answer = send(site, "product", "materials", "素材,質量\n鉄,5\n".encode(), **{"subject/units": ""})
        page = html.fromstring(answer.content)
        assert page.xpath("//*[@aria-invalid='true']/@name") == ["subject/units"]


class TestRowsOfACategory:
    def test_a_bill_of_materials(self, site: TestClient) -> None:
        rows = '部品名,素材,質量kg\n胴,鉄,"1,200"\nふた,プラスチック,0.05\n謎,魔法,1\n'
        answer = send(site, "product", "materials", rows.encode("cp932"))
        fields = form(answer)
        assert fields["materials/1/material"] == "steel"
        assert fields["materials/1/mass_kg"] == "1,200"
        assert fields["materials/2/label"] == "ふた"
        assert "魔法" in report(answer)

    def test_more_rows_than_a_page_of_fields_are_kept_and_counted(
        self, site: TestClient, services: PreviewServices
    ) -> None:
        count = 3 * MOST_ROWS_ON_A_PAGE
        rows = "素材,質量kg\n" + "鉄,1\n" * count
        sent = {name: given for name, given in PRODUCT.items() if not name.startswith("materials/")}
        answer = site.post(
            "/ja/calculate/product",
            data={**sent, "action": "import:materials"},
            files={"file/materials": ("bom.csv", rows.encode())},
        )
        fields = {**form(answer), "action": "calculate"}
        assert site.post("/ja/calculate/product", data=fields).status_code == 303
        assert sum(1 for line in services.footprints.only().lines if line.category == "materials") == count

    def test_a_wrong_row_far_down_is_laid_open(self, site: TestClient) -> None:
        rows = {f"materials/{n}/mass_kg": "1" for n in range(80)} | {
            f"materials/{n}/material": "steel" for n in range(80)
        }
        sent = {**PRODUCT, **rows, "materials/70/mass_kg": "x"}
        page = html.fromstring(site.post("/ja/calculate/product", data=sent).content)
        assert page.xpath("//*[@aria-invalid='true']/@name") == ["materials/70/mass_kg"]
        assert typed(page)["materials/79/mass_kg"] == "1"
        assert "素材: 鋼" in page.text_content()
