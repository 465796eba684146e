"""Quantities, money and dates on pages: exact, in the reader's language."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend import formatting
from frontend.locales import Locale


class TestMassIsExact:
    @pytest.mark.parametrize(
        ("grams", "shown"),
        [
            (0, "0\u202fg"),
            (999, "999\u202fg"),
            (1_000, "1\u202fkg"),
            (345_000, "345\u202fkg"),
            (345_006, "345.006\u202fkg"),
            (1_000_000, "1.000\u202ft"),
            (12_345_000, "12.345\u202ft"),
            (12_345_678, "12.345678\u202ft"),
            (1_234_567_000_000, "1,234,567.000\u202ft"),
            (-345_000, "-345\u202fkg"),
        ],
    )
    def test_the_unit_follows_the_size(self, grams: int, shown: str) -> None:
        assert formatting.mass(grams) == shown

    @given(st.integers(-(10**15), 10**15))
    def test_no_gram_is_lost(self, grams: int) -> None:
        figure, unit = formatting.mass_parts(grams)
        scale = {"g": 1, "kg": 1_000, "t": 1_000_000}[unit]
        assert Decimal(figure.replace(",", "")) * scale == grams

    @given(st.integers(0, 10**15))
    def test_columns_of_kilograms_have_three_decimals(self, grams: int) -> None:
        shown = formatting.kilograms(grams)
        assert shown[-4] == "."
        assert Decimal(shown.replace(",", "")) * 1_000 == grams


class TestTheLargeFigureIsRoundedOnce:
    @pytest.mark.parametrize(
        ("grams", "shown"),
        [(12_345_500, "12.346"), (12_344_500, "12.344"), (499, "0.000"), (501, "0.001"), (0, "0.000")],
    )
    def test_to_kilograms_half_to_even(self, grams: int, shown: str) -> None:
        assert formatting.tonnes_rounded(grams) == shown


class TestSharesNeverClaimMore:
    @pytest.mark.parametrize(
        ("part", "whole", "shown"), [(1, 3, "33.3%"), (2, 3, "66.6%"), (999_999, 1_000_000, "99.9%"), (5, 5, "100.0%")]
    )
    def test_rounded_down(self, part: int, whole: int, shown: str) -> None:
        assert formatting.percent(part, whole) == shown

    def test_a_share_of_nothing_is_refused(self) -> None:
        with pytest.raises(ZeroDivisionError):
            formatting.percent(0, 0)


class TestMoneyAndNumbers:
    def test_yen_are_whole_and_grouped(self) -> None:
        assert formatting.yen(1_234_567, locale=Locale.JA) == "1,234,567\u202f円"
        assert formatting.yen(1_234_567, locale=Locale.EN) == "¥1,234,567"
        assert formatting.yen(-500, locale=Locale.EN) == "-¥500"

    def test_a_number_keeps_every_digit(self) -> None:
        assert formatting.number(Decimal("1234.000431000"), locale=Locale.EN) == "1,234.000431"
        assert formatting.number(Decimal("0.00000000000000000000000000012"), locale=Locale.JA).endswith("12")


class TestDatesAreJapanTime:
    LATE = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)

    def test_the_day_turns_at_midnight_in_japan(self) -> None:
        assert formatting.japan_day(self.LATE, locale=Locale.JA) == "2026年11月22日"
        assert formatting.japan_day(self.LATE, locale=Locale.EN) == "22 November 2026"

    def test_a_moment_names_its_zone(self) -> None:
        assert formatting.moment(self.LATE, locale=Locale.JA) == "2026年11月22日 0:30\u202f日本時間"
        assert formatting.moment(self.LATE, locale=Locale.EN) == "22 November 2026, 00:30\u202fJST"

    def test_a_business_date_stays_as_it_is(self) -> None:
        assert formatting.day(date(2026, 3, 31), locale=Locale.EN) == "31 March 2026"

    def test_a_moment_without_a_zone_is_refused(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            formatting.moment(datetime(2026, 11, 22, 0, 30), locale=Locale.EN)  # noqa: DTZ001
