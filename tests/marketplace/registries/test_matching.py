"""A notice is matched serial by serial and word by word."""

import unicodedata
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.inventory.serials import SerialRange
from marketplace.registries.gateway import CancellationRequest, Notice
from marketplace.registries.matching import (
    Difference,
    DifferenceCode,
    PartialConfirmation,
    joined,
    match_notice,
    partial_confirmation,
    without,
    written,
)
from tests.marketplace.registries.servers import a_request


def a_notice(request: CancellationRequest, **changed: Any) -> Notice:
    """Exactly what was asked, but for what a test changes."""
    facts: dict[str, Any] = {
        "number": "N1",
        "recorded_on": date(2026, 11, 20),
        "block": request.block,
        "serials": (request.serials,),
        "act": request.act,
        "purpose": request.purpose,
        "purpose_detail": request.purpose_detail,
        "credit_user": request.credit_user,
        "document": b"%PDF-",
        "document_media_type": "application/pdf",
    }
    return Notice(**facts | changed)


class TestExactlyWhatWasAsked:
    def test_no_difference(self) -> None:
        request = a_request()
        assert match_notice(request, a_notice(request)) == ()

    def test_the_same_serials_in_pieces(self) -> None:
        request = a_request(first=1, last=10)
        assert match_notice(request, a_notice(request, serials=(SerialRange(6, 10), SerialRange(1, 5)))) == ()

    def test_the_same_text_composed_otherwise(self) -> None:
        request = a_request(credit_user="ガス株式会社")
        decomposed = unicodedata.normalize("NFD", request.credit_user)
        assert decomposed != request.credit_user
        assert match_notice(request, a_notice(request, credit_user=decomposed)) == ()


class TestEveryDifferenceIsNamedWithBothValues:
    @pytest.mark.parametrize(
        ("field", "code"),
        [
            ("block", DifferenceCode.BLOCK),
            ("act", DifferenceCode.ACT),
            ("purpose", DifferenceCode.PURPOSE),
            ("purpose_detail", DifferenceCode.PURPOSE_DETAIL),
            ("credit_user", DifferenceCode.CREDIT_USER),
        ],
    )
    def test_a_word(self, field: str, code: DifferenceCode) -> None:
        request = a_request()
        difference = Difference(code, getattr(request, field), "something else")
        assert match_notice(request, a_notice(request, **{field: "something else"})) == (difference,)

    def test_a_full_width_letter_is_a_difference(self) -> None:
        request = a_request(credit_user="ABC株式会社")
        assert len(match_notice(request, a_notice(request, credit_user="ＡBC株式会社"))) == 1

    def test_one_serial_off_is_two_differences(self) -> None:
        request = a_request(first=1, last=10)
        assert match_notice(request, a_notice(request, serials=(SerialRange(2, 11),))) == (
            Difference(DifferenceCode.SERIALS_MISSING, "1-10", "2-11"),
            Difference(DifferenceCode.SERIALS_NOT_ASKED, "1-10", "2-11"),
        )

    def test_a_serial_stated_twice(self) -> None:
        request = a_request(first=1, last=10)
        notice = a_notice(request, serials=(SerialRange(1, 6), SerialRange(6, 10)))
        assert [difference.code for difference in match_notice(request, notice)] == [DifferenceCode.SERIALS_TWICE]

    def test_no_serial_at_all(self) -> None:
        request = a_request(first=7, last=7)
        difference = Difference(DifferenceCode.SERIALS_MISSING, "7", "")
        assert match_notice(request, a_notice(request, serials=())) == (difference,)


class TestAPartialNoticeSaysWhatIsConfirmedAndWhatRemains:
    def test_the_middle_is_missing(self) -> None:
        request = a_request(first=1, last=10)
        notice = a_notice(request, serials=(SerialRange(1, 3), SerialRange(8, 10)))
        assert partial_confirmation(request, notice) == PartialConfirmation(
            (SerialRange(1, 3), SerialRange(8, 10)), (SerialRange(4, 7),)
        )

    @pytest.mark.parametrize(
        "changed",
        [
            {},
            {"serials": (SerialRange(1, 5),), "credit_user": "another"},
            {"serials": (SerialRange(1, 11),)},
            {"serials": (SerialRange(5, 11),)},
            {"serials": ()},
        ],
    )
    def test_anything_else_is_not_partial(self, changed: dict[str, Any]) -> None:
        request = a_request(first=1, last=10)
        assert partial_confirmation(request, a_notice(request, **changed)) is None


RANGES = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 12)).map(lambda pair: SerialRange(pair[0], pair[0] + pair[1])),
    max_size=6,
)


def serials_of(ranges: tuple[SerialRange, ...] | list[SerialRange]) -> set[int]:
    return {serial for span in ranges for serial in range(span.first, span.last + 1)}


@given(ranges=RANGES)
def test_joining_keeps_every_serial_and_leaves_gaps_between_ranges(ranges: list[SerialRange]) -> None:
    result = joined(ranges)
    assert serials_of(result) == serials_of(ranges)
    assert all(one.last + 1 < other.first for one, other in pairwise(result))


@given(ranges=RANGES, taken=RANGES)
def test_without_is_the_difference_of_sets(ranges: list[SerialRange], taken: list[SerialRange]) -> None:
    assert serials_of(without(ranges, taken)) == serials_of(ranges) - serials_of(taken)


@given(stated=RANGES)
def test_a_notice_passes_only_if_its_serials_are_the_asked_ones_each_once(stated: list[SerialRange]) -> None:
    request = a_request(first=10, last=20)
    same = sorted(serial for span in stated for serial in range(span.first, span.last + 1)) == list(range(10, 21))
    assert (match_notice(request, a_notice(request, serials=tuple(stated))) == ()) == same


def test_serials_are_written_as_people_write_them() -> None:
    assert written([SerialRange(1, 5), SerialRange(8, 8)]) == "1-5, 8"
