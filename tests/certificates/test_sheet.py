"""The words and figures of a printed certificate: exact, in both languages, for every code that can occur."""

import re
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.sheet import Locale, kilograms, per_mille, sheet, shown_amount, strings, tonnes
from certificates.statement import OffsetType, Statement, Vintage
from marketplace.projects.catalogue import load_catalogue
from marketplace.projects.kinds import CreditKind
from marketplace.registries.profiles import load_profiles
from offset_calc import by_type
from tests.certificates.builders import a_cancellation, a_footprint, a_line, a_span, a_statement, some_disclosures

LOCALES: tuple[Locale, ...] = ("ja", "en")
GRAMS = st.integers(1, 10**15)


def the_sheet(statement: Statement, locale: Locale = "en") -> dict[str, object]:
    return sheet(statement, some_disclosures(), verification_url="https://certs.example/c/x", locale=locale)


class TestFiguresAreExact:
    @given(GRAMS)
    def test_tonnes_and_kilograms_read_back_to_the_gram(self, grams: int) -> None:
        assert Decimal(tonnes(grams).replace(",", "")) * 1_000_000 == grams
        assert Decimal(kilograms(grams).replace(",", "")) * 1_000 == grams

    @given(GRAMS)
    def test_an_amount_keeps_its_value_whatever_its_unit(self, grams: int) -> None:
        figure, unit = shown_amount(grams)
        assert Decimal(figure.replace(",", "")) * {"t": 1_000_000, "kg": 1_000, "g": 1}[unit] == grams

    @pytest.mark.parametrize(
        ("grams", "shown"),
        [
            (5_000_000, ("5", "t")),
            (5_742_402, ("5.742402", "t")),
            (1_234_500_000, ("1,234.5", "t")),
            (1_000_000, ("1", "t")),
            (999_999, ("999.999", "kg")),
            (345_250, ("345.25", "kg")),
            (1_000, ("1", "kg")),
            (999, ("999", "g")),
            (1, ("1", "g")),
        ],
    )
    def test_amounts_as_a_person_would_say_them(self, grams: int, shown: tuple[str, str]) -> None:
        assert shown_amount(grams) == shown

    def test_a_column_of_kilograms_lines_up(self) -> None:
        assert [kilograms(grams) for grams in (8_640, 304_560, 5_742_402)] == ["8.640", "304.560", "5,742.402"]


class TestSharesAreRoundedDown:
    @given(part=GRAMS, whole=GRAMS)
    def test_never_above_the_true_share_and_never_above_all(self, part: int, whole: int) -> None:
        exact = (Decimal(part) * 1000 / Decimal(whole)).to_integral_value(ROUND_FLOOR)
        assert per_mille(part, whole) == min(exact, 1000)

    @pytest.mark.parametrize(
        ("part", "shown"), [(999_999, "99.9"), (1_000_000, "100.0"), (1_500, "0.1"), (999, "less than 0.1")]
    )
    def test_as_shown(self, part: int, shown: str) -> None:
        footprint = a_footprint(total_g=1_000_000)
        figures = the_sheet(a_statement(grams=part, footprint=footprint))["figures"]
        assert isinstance(figures, list)
        assert figures[-1]["figure"] == shown

    def test_more_than_the_footprint_is_all_of_it(self) -> None:
        nine = a_cancellation(serials=(a_span(1, 9),))
        content = the_sheet(a_statement(grams=9_000_000, cancellations=(nine,)))
        assert "all (100 %)" in str(content["meaning"])


class TestVintages:
    @pytest.mark.parametrize(
        ("basis", "label", "shown"),
        [
            ("calendar_year", "2023", "2023"),
            ("fiscal_year", "2023", "Japanese fiscal year 2023"),
            ("monitoring_period", "2019-07-06/2020-12-31", "monitoring period 2019-07-06 to 2020-12-31"),
            ("monitoring_period", "not published", "not published"),
        ],
    )
    def test_each_basis_is_said(self, basis: str, label: str, shown: str) -> None:
        cancellation = a_cancellation(vintages=(Vintage.model_validate({"basis": basis, "label": label}),))
        shown_credits: Any = the_sheet(a_statement(grams=1, cancellations=(cancellation,)))["credits"]
        assert {"label": "Vintage", "value": shown} in shown_credits[0]["facts"]

    def test_several_vintages_stand_side_by_side(self) -> None:
        years = tuple(Vintage(basis="calendar_year", label=year) for year in ("2021", "2022"))
        content = the_sheet(a_statement(grams=1, cancellations=(a_cancellation(vintages=years),)))
        assert "2021, 2022" in str(content["credits"])


class TestUnusualQuantities:
    def test_a_quantity_that_is_no_plain_decimal_is_shown_as_it_is(self) -> None:
        line = a_line("waste", "mass", "0.06", "t", ("own", "0.144", "tCO2/t")).model_copy(update={"quantity": "1.5e3"})
        content = the_sheet(a_statement(footprint=a_footprint(lines=(line,))))
        assert "1.5e3 t × 0.144 tCO2/t" in str(content["calculation"])


class TestBothLanguagesSayTheSame:
    def test_the_same_tables_and_keys(self) -> None:
        japanese, english = ({table: set(keys) for table, keys in strings(locale).items()} for locale in LOCALES)
        assert japanese == english

    def test_the_same_places_to_fill_in(self) -> None:
        fields = [
            {key: set(re.findall(r"{(\w+)}", text)) for key, text in strings(locale)["words"].items()}
            for locale in LOCALES
        ]
        for key, wanted in fields[0].items():
            # a Japanese sentence names the act; the English one says "cancelled". Months are words in English only
            assert wanted - {"acts", "month"} == fields[1][key] - {"acts", "month_name"}

    @pytest.mark.parametrize("locale", LOCALES)
    def test_nothing_is_empty(self, locale: Locale) -> None:
        assert all(text.strip() for table in strings(locale).values() for text in table.values())


class TestWordsWeNeverUse:
    FORBIDDEN = (
        r"zero",
        r"neutral(?!ity action plan)",
        r"\beco\b",
        r"\bgreen(?! power| heat)",
        r"climate[- ]positive",
        r"ゼロ",
        r"エコ",
        r"中立",
        r"ニュートラル(?!行動計画)",
        r"環境にやさしい",
        r"実質",
        r"first ",
        r"日本初",
        r"!|！",
    )

    @pytest.mark.parametrize("locale", LOCALES)
    @pytest.mark.parametrize("pattern", FORBIDDEN)
    def test_no_sentence_has_them(self, locale: Locale, pattern: str) -> None:
        texts = [text for table in strings(locale).values() for text in table.values()]
        assert [text for text in texts if re.search(pattern, text, re.IGNORECASE)] == []


@pytest.mark.parametrize("locale", LOCALES)
class TestEveryCodeHasAWord:
    def test_types(self, locale: Locale) -> None:
        assert set(strings(locale)["type"]) == {kind.value for kind in OffsetType}

    @pytest.mark.parametrize("kind", ["event", "household", "product", "organisation", "activities"])
    def test_categories_and_reasons_of_every_calculator(self, locale: Locale, kind: str) -> None:
        calculator = by_type(kind)
        assert calculator is not None
        declaration: Any = calculator.describe()
        assert {category["id"] for category in declaration["categories"]} <= set(strings(locale)["category"])
        assert {"not_stated", *declaration["left_out_reasons"]} <= set(strings(locale)["reason"])

    def test_credit_kinds(self, locale: Locale) -> None:
        assert set(strings(locale)["kind"]) == {kind.value for kind in CreditKind}

    def test_acts_and_purposes_of_the_registries_on_offer(self, locale: Locale) -> None:
        on_offer = [profile for profile in load_profiles().values() if profile.sellable]
        assert on_offer
        assert {f"{p.code} {act.name.ja}" for p in on_offer for act in p.acts} <= set(strings(locale)["act"])
        assert {use.code for p in on_offer for use in p.uses} <= set(strings(locale)["purpose"])

    def test_countries_of_the_catalogue(self, locale: Locale) -> None:
        assert {project.country for project in load_catalogue().values()} <= set(strings(locale)["country"])
