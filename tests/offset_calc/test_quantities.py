"""Grams, rounding, and numbers as people type them."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offset_calc.errors import QuantityRefused
from offset_calc.quantities import Grams, Rounding, plain, read_decimal, read_integer, round_ratio


def reason(text, **limits):
    with pytest.raises(QuantityRefused) as refused:
        read_decimal(text, **limits)
    return refused.value.reason


class TestGramsAreWholeAndNeverNegative:
    def test_half_a_gram_rounds_up(self):
        assert Grams.rounded(Decimal("1.5")) == Grams(2)
        assert Grams.rounded(Decimal("2.5")) == Grams(3)
        assert Grams.rounded(Decimal("2.4999999999")) == Grams(2)

    def test_the_conservative_mode_never_rounds_down(self):
        assert Grams.rounded(Decimal("2.0000001"), Rounding.UP) == Grams(3)
        assert Grams.rounded(Decimal("2"), Rounding.UP) == Grams(2)

    @pytest.mark.parametrize("value", [-1, 1.0, True, "1", Decimal(1)])
    def test_anything_but_a_non_negative_int_is_refused(self, value):
        with pytest.raises(QuantityRefused):
            Grams(value)

    @pytest.mark.parametrize(("grams", "tonnes"), [(0, 0), (1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2)])
    def test_tonnes_to_cover_never_fall_short(self, grams, tonnes):
        assert Grams(grams).tonnes_to_cover() == tonnes

    def test_parts_add_up(self):
        assert Grams(1) + Grams(2) == Grams.total([Grams(3)])
        assert Grams.total([]) == Grams(0)


@given(top=st.decimals(0, 10**12, places=6), bottom=st.decimals("0.001", 10**6, places=3))
def test_a_ratio_is_rounded_exactly_once(top, bottom):
    exact = Fraction(top) / Fraction(bottom)
    half_up, up = round_ratio(top, bottom), round_ratio(top, bottom, Rounding.UP)
    assert Fraction(-1, 2) < exact - half_up <= Fraction(1, 2) or exact - half_up == Fraction(-1, 2)
    assert half_up == int(exact + Fraction(1, 2))
    assert 0 <= up - exact < 1


class TestNumbersAreUnderstoodAsTyped:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("1200", "1200"),
            ("1,200", "1200"),
            ("１，２００", "1200"),
            ("1 200", "1200"),
            ("1\u00a0200\u00a0000", "1200000"),
            ("１２．５", "12.5"),
            ("  7　", "7"),
            (".5", "0.5"),
            ("5.", "5"),
            ("+3", "3"),
            ("1,234,567.89", "1234567.89"),
            (14, "14"),
            (0.1, "0.1"),
            (Decimal("3.20"), "3.2"),
            ("000012", "12"),
        ],
    )
    def test_read(self, text, value):
        assert read_decimal(text) == Decimal(value)

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("", "not_a_number"),
            ("abc", "not_a_number"),
            ("12 km", "not_a_number"),
            ("二十", "not_a_number"),
            ("٣", "not_a_number"),
            (None, "not_a_number"),
            (True, "not_a_number"),
            ([], "not_a_number"),
            ("NaN", "not_finite"),
            ("-inf", "not_finite"),
            (float("inf"), "not_finite"),
            (Decimal("sNaN"), "not_finite"),
            ("1e3", "exponent"),
            ("１Ｅ３", "exponent"),
            ("10^12", "exponent"),
            ("-5", "negative"),
            ("−5", "negative"),
            ("－５", "negative"),
            ("▲5", "negative"),
            ("1,20", "bad_grouping"),
            ("12,34,567", "bad_grouping"),
            ("1.200.000", "bad_grouping"),
            ("1,200 000", "bad_grouping"),
            ("1.0000001", "too_many_decimals"),
            ("9" * 41, "too_long"),
            (10**4000, "too_long"),
            (Decimal("1e999999"), "too_long"),
        ],
    )
    def test_refused_with_a_reason(self, text, code):
        assert reason(text) == code

    def test_limits_are_inclusive(self):
        assert read_decimal("50000", maximum=Decimal(50_000)) == 50_000
        assert reason("50000.1", maximum=Decimal(50_000)) == "too_large"
        assert reason("1000000000000", maximum=Decimal(50_000)) == "too_large"
        assert reason("0", minimum=Decimal(1)) == "too_small"

    def test_trailing_zeros_are_not_decimals(self):
        assert read_decimal("1.50000000") == Decimal("1.5")

    def test_people_are_whole(self):
        assert read_integer("1,000.0") == 1000
        with pytest.raises(QuantityRefused) as refused:
            read_integer("2.5")
        assert refused.value.reason == "not_whole"

    @given(st.text(max_size=60))
    def test_no_text_ever_does_anything_else(self, text):
        try:
            value = read_decimal(text)
        except QuantityRefused:
            return
        assert value.is_finite()
        assert value >= 0

    @given(st.decimals(0, 10**15, places=6))
    def test_plain_text_reads_back(self, value):
        text = plain(value)
        assert read_decimal(text) == value
        assert "E" not in text
        assert plain(read_decimal(text)) == text
