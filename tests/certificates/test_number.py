from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.number import (
    ALPHABET,
    RANDOM_SYMBOLS,
    MistypedNumber,
    NotACertificateNumber,
    environment_of,
    new_number,
    number_from,
    read_number,
)
from certificates.statement import Environment

ENVIRONMENTS = st.sampled_from(Environment)
NUMBERS = st.builds(
    number_from,
    st.lists(st.integers(0, len(ALPHABET) - 1), min_size=RANDOM_SYMBOLS, max_size=RANDOM_SYMBOLS),
    ENVIRONMENTS,
)


def symbol_places(number: str) -> list[int]:
    return [place for place in range(5, len(number)) if number[place] != "-"]


class TestNumbersCanBeReadAndSaid:
    def test_a_number_is_five_groups_of_four(self) -> None:
        assert [len(group) for group in new_number(Environment.LIVE).split("-")] == [4] * 5

    def test_no_two_symbols_look_alike(self) -> None:
        for pair in ("0O", "0Q", "1I", "1L", "2Z", "5S", "6G", "8B", "UV"):
            assert len(set(pair) & set(ALPHABET)) <= 1

    def test_no_word_can_appear(self) -> None:
        assert not set("AEIOU") & set(ALPHABET)

    def test_at_least_sixty_bits_are_random(self) -> None:
        assert len(ALPHABET) ** RANDOM_SYMBOLS >= 2**60

    def test_numbers_do_not_repeat(self) -> None:
        assert len({new_number(Environment.SANDBOX) for _ in range(2_000)}) == 2_000

    def test_sandbox_numbers_say_test(self) -> None:
        assert new_number(Environment.SANDBOX).startswith("TEST-")
        assert new_number(Environment.LIVE).startswith("ASHI-")


class TestNumbersInPrintStayValid:
    @pytest.mark.parametrize(
        ("values", "environment", "number"),
        [
            ([0] * 14, Environment.LIVE, "ASHI-2222-2222-2222-2222"),
            ([0] * 14, Environment.SANDBOX, "TEST-2222-2222-2222-223X"),
            (list(range(14)), Environment.LIVE, "ASHI-2345-6789-CDFH-JK8T"),
            (list(range(14)), Environment.SANDBOX, "TEST-2345-6789-CDFH-JK9P"),
        ],
    )
    def test_the_check_symbols_are_computed_the_same_way_for_ever(
        self, values: list[int], environment: Environment, number: str
    ) -> None:
        assert number_from(values, environment) == number
        assert read_number(number) == number


class TestReadingIsTolerant:
    @given(NUMBERS)
    def test_the_canonical_spelling_reads_as_itself(self, number: str) -> None:
        assert read_number(number) == number

    @pytest.mark.parametrize(
        "typed",
        [
            "test-2345-6789-cdfh-{check}",
            "  TEST 2345 6789 CDFH {check} ",
            "TEST23456789CDFH{check}",
            "ＴＥＳＴ－２３４５－６７８９－ＣＤＦＨ－{wide}",
            "ｔｅｓｔ　２３４５　６７８９　ｃｄｆｈ　{wide}",
            "TEST–2345—6789ーCDFH‐{check}",
            "TEST\n2345\t6789\u00a0CDFH {check}",
        ],
    )
    def test_case_spaces_hyphens_and_full_width_do_not_matter(self, typed: str) -> None:
        number = number_from(range(12 + 2), Environment.SANDBOX)
        assert number.startswith("TEST-2345-6789-CDFH-")
        tail = number[-4:]
        wide = "".join(chr(ord(c) + 0xFEE0) for c in tail)
        assert read_number(typed.format(check=tail, wide=wide)) == number

    @given(NUMBERS)
    def test_the_environment_is_told_from_the_number(self, number: str) -> None:
        assert (environment_of(number) is Environment.SANDBOX) == number.startswith("TEST")


class TestMistypedNumbersAreNoticed:
    @given(NUMBERS)
    def test_every_single_wrong_symbol(self, number: str) -> None:
        for place in symbol_places(number):
            for symbol in set(ALPHABET) - {number[place]}:
                with pytest.raises(MistypedNumber):
                    read_number(number[:place] + symbol + number[place + 1 :])

    @given(NUMBERS)
    def test_every_exchange_of_any_two_symbols(self, number: str) -> None:
        for left, right in combinations(symbol_places(number), 2):
            if number[left] == number[right]:
                continue
            swapped = list(number)
            swapped[left], swapped[right] = number[right], number[left]
            with pytest.raises(MistypedNumber):
                read_number("".join(swapped))

    @given(NUMBERS, st.data())
    def test_every_two_wrong_symbols(self, number: str, data: st.DataObject) -> None:
        left, right = data.draw(st.lists(st.sampled_from(symbol_places(number)), min_size=2, max_size=2, unique=True))
        wrong = list(number)
        for place in (left, right):
            wrong[place] = data.draw(st.sampled_from(sorted(set(ALPHABET) - {number[place]})))
        with pytest.raises(MistypedNumber):
            read_number("".join(wrong))

    @given(NUMBERS)
    def test_a_prefix_of_the_other_environment(self, number: str) -> None:
        other = "ASHI" if number.startswith("TEST") else "TEST"
        with pytest.raises(MistypedNumber):
            read_number(other + number[4:])

    @given(NUMBERS, st.data())
    def test_a_wrong_symbol_under_the_other_prefix(self, number: str, data: st.DataObject) -> None:
        other = "ASHI" if number.startswith("TEST") else "TEST"
        place = data.draw(st.sampled_from(symbol_places(number)))
        symbol = data.draw(st.sampled_from(sorted(set(ALPHABET) - {number[place]})))
        with pytest.raises(MistypedNumber):
            read_number(other + number[4:place] + symbol + number[place + 1 :])


class TestOtherTextsAreRefused:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "TEST",
            "2345-6789-CDFH-JKMN",
            # a long s, which becomes an S as a capital letter
            "TE\u017fT-95D3-6JW7-8R4H-CNDC",
            "ABCD-2345-6789-CDFH-JKMN",
            "TEST-2345-6789-CDFH-JKM",
            "TEST-2345-6789-CDFH-JKMNP",
            "TEST-2345-6789-CDFH-JKM0",
            "TEST-2345-6789-CDFH-JKMO",
            "ТEST-2345-6789-CDFH-JKMN",  # the first letter is Cyrillic
            "TEST-2345-6789-СDFH-JKMN",  # the C is Cyrillic
            "TEST-2345-6789-CDFH-JKM\u200bN",
            "TEST-②345-6789-CDFH-JKMN",
            "\x00" * 50,
            "🌱" * 20,
        ],
    )
    def test_with_the_rule_they_break(self, text: str) -> None:
        with pytest.raises(NotACertificateNumber) as refused:
            read_number(text)
        assert refused.value.code == "not_a_certificate_number"

    @given(st.text(max_size=40))
    def test_arbitrary_text_never_crashes(self, text: str) -> None:
        try:
            assert read_number(text)[:5] in {"TEST-", "ASHI-"}
        except (NotACertificateNumber, MistypedNumber) as refused:
            assert refused.code
