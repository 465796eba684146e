"""Serials as people copy them: what is understood, whose they are, and where reading stops."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.inventory.serials import SerialRange
from marketplace.registries.desk.application import prepare
from marketplace.registries.desk.comparison import compare
from marketplace.registries.desk.serial_text import BlockNumbers, SerialsUnreadable, read_serials
from tests.marketplace.registries.test_desk import JCREDIT, a_notice, an_item

FOREST, NEXT = BlockNumbers("C1", "JC-FM-", SerialRange(1, 50)), BlockNumbers("C2", "JC-FM-", SerialRange(51, 90))
SOLAR = BlockNumbers("C3", "JCL-ERL-", SerialRange(1, 50))


def read(text: str, *blocks: BlockNumbers) -> list[tuple[str, int, int]]:
    return [(block, span.first, span.last) for block, span in read_serials(text, blocks or (FOREST,))]


class TestTheRegistrysWayOfWriting:
    @pytest.mark.parametrize(
        "text",
        [
            "JC-FM-000000003〜JC-FM-000000005",
            "JC-FM-3-JC-FM-5",
            "JC-FM-3 - 5",
            "ＪＣ－ＦＭ－０００３～０００５",
            "jc-fm-3から5まで",
            "JC-FM-3 to JC-FM-5",
            "3–5",
            " 3…5 ",
        ],
    )
    def test_a_range(self, text: str) -> None:
        assert read(text) == [("C1", 3, 5)]

    @pytest.mark.parametrize("text", ["3, 5", "3、5", "3\n5", "JC-FM-3及びJC-FM-5", "3;JC-FM-5", "３　５"])
    def test_a_list(self, text: str) -> None:
        assert read(text) == [("C1", 3, 3), ("C1", 5, 5)]

    @given(spans=st.lists(st.tuples(st.integers(1, 50), st.integers(0, 10)), min_size=1, max_size=8))
    def test_what_is_printed_is_read_back(self, spans: list[tuple[int, int]]) -> None:
        wanted = [(first, min(50, first + more)) for first, more in spans]
        text = "、".join(f"JC-FM-{first:09d}〜JC-FM-{last:09d}" for first, last in wanted)
        assert read(text) == [("C1", first, last) for first, last in wanted]


class TestWhoseTheyAre:
    def test_a_range_across_two_blocks_is_split_between_them(self) -> None:
        assert read("49-52", FOREST, NEXT) == [("C1", 49, 50), ("C2", 51, 52)]

    def test_the_same_number_under_two_prefixes(self) -> None:
        assert read("JC-FM-7 JCL-ERL-7", FOREST, SOLAR) == [("C1", 7, 7), ("C3", 7, 7)]

    def test_what_lies_in_no_block_stands_under_its_prefix(self) -> None:
        assert read("JC-FM-50-51") == [("C1", 50, 50), ("JC-FM-", 51, 51)]


class TestWhereReadingStops:
    @pytest.mark.parametrize(
        ("text", "reason", "line"),
        [
            ("", "nothing_there", 1),
            (" \n、\n", "nothing_there", 1),
            ("3\nabc", "not_a_number", 2),
            ("XX-FM-3", "not_a_number", 1),
            ("3-", "not_a_number", 1),
            ("5-3", "backwards", 1),
            ("0", "backwards", 1),
            ("7", "prefix_needed", 1),
            ("JC-FM-3〜JCL-ERL-5", "two_prefixes", 1),
        ],
    )
    def test_it_says_why_and_on_which_line(self, text: str, reason: str, line: int) -> None:
        blocks = (FOREST, SOLAR) if reason in {"prefix_needed", "two_prefixes"} else (FOREST,)
        with pytest.raises(SerialsUnreadable) as stopped:
            read_serials(text, blocks)
        assert (stopped.value.reason, stopped.value.line) == (reason, line)


class TestBesideTheApplication:
    def test_missing_not_asked_and_twice_are_named_to_the_serial(self) -> None:
        (application,) = prepare([an_item("R1", 1, 10)], JCREDIT)
        lines = (
            ("B1", SerialRange(1, 8)),
            ("B1", SerialRange(8, 8)),
            ("B1", SerialRange(11, 11)),
            ("B9", SerialRange(1, 1)),
        )
        own, stray = compare(application, a_notice(application, lines=lines))
        assert (own.missing, own.not_asked, own.twice) == (
            (SerialRange(9, 10),),
            (SerialRange(11, 11),),
            (SerialRange(8, 8),),
        )
        assert (stray.block, stray.asked, stray.not_asked, stray.agrees) == ("B9", (), (SerialRange(1, 1),), False)
