"""Lists of holdings and cancellations as files: taken whole, or refused with every faulty row named."""

from datetime import date

import pytest

from marketplace.inventory.serials import SerialRange
from marketplace.registries.gateway import HoldingReport
from marketplace.registries.imported_lists import ListRefused, RowFault, read_cancellations, read_holdings

HEAD = "account,block,serial_first,serial_last\n"


class TestAGoodFileIsTaken:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
    def test_in_the_encodings_people_save(self, encoding: str) -> None:
        content = (HEAD + "サービス口座,架空ブロック,1,10\n").encode(encoding)
        assert read_holdings(content) == (HoldingReport("サービス口座", "架空ブロック", SerialRange(1, 10)),)

    def test_digits_of_any_width_and_columns_in_any_order(self) -> None:
        content = 'serial_last,note,account,serial_first,block\r\n"１，２００",x,A,１００１,B1\r\n'
        assert read_holdings(content.encode()) == (HoldingReport("A", "B1", SerialRange(1001, 1200)),)

    def test_cancellations_with_date_and_notice(self) -> None:
        head = HEAD.strip() + ",notice_number,recorded_on\n"
        [recorded] = read_cancellations((head + "A,B1,1,10,N-1,2026/11/24\n").encode())
        assert (recorded.serials, recorded.notice_number, recorded.recorded_on) == (
            SerialRange(1, 10),
            "N-1",
            date(2026, 11, 24),
        )
        assert recorded.reference is None

    def test_an_empty_list(self) -> None:
        assert read_holdings(HEAD.encode()) == ()


class TestABadFileIsRefusedAsAWhole:
    def test_every_faulty_row_is_named(self) -> None:
        rows = [
            "A,B1,1,10",
            "A,B1,0,5",
            "A,,1,2",
            "A,B1,30,20",
            "A,B1,x,5",
            "A,B1,10,12",
            "A,B2,1e3,9",
            "A,B2,5",
            "A,B1,13,20",
        ]
        with pytest.raises(ListRefused) as refused:
            read_holdings((HEAD + "\n".join(rows)).encode())
        assert refused.value.faults == (
            RowFault(3, "serial_first", "not_a_serial"),
            RowFault(4, "block", "cell_missing"),
            RowFault(5, "serial_last", "serials_reversed"),
            RowFault(6, "serial_first", "not_a_serial"),
            RowFault(7, "", "serials_listed_twice"),
            RowFault(8, "serial_first", "not_a_serial"),
            RowFault(9, "serial_last", "cell_missing"),
        )

    def test_a_date_that_is_none(self) -> None:
        head = HEAD.strip() + ",notice_number,recorded_on\n"
        with pytest.raises(ListRefused) as refused:
            read_cancellations((head + "A,B1,1,10,N-1,2026-02-29\n").encode())
        assert refused.value.faults == (RowFault(2, "recorded_on", "not_a_date"),)

    @pytest.mark.parametrize("content", [b"", b"account;block\n", b"%PDF-1.7\n\xff\xfe\x00"])
    def test_something_else_than_a_list(self, content: bytes) -> None:
        with pytest.raises(ListRefused):
            read_holdings(content)

    def test_missing_columns_are_named(self) -> None:
        with pytest.raises(ListRefused) as refused:
            read_holdings(b"account,serial_first\nA,1\n")
        assert refused.value.missing == ("block", "serial_last")
