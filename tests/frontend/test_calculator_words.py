"""Every key that a calculator declares or records has its words in both languages."""

import pytest

from frontend.calculator_form import STATED_FACTOR, header_fields
from frontend.calculator_words import TABLE, CalculatorWords
from frontend.locales import Locale
from frontend.pages.calculator import ON_PAGES
from frontend.wording import table_of
from offset_calc import FieldProblem, factors
from offset_calc.calculators import CALCULATORS
from offset_calc.calculators.base import LEFT_OUT_REASONS
from offset_calc.declarations import Grade, Kind
from offset_calc.lines import SOURCES
from offset_calc.measures import MEASURES, STATUSES

WRITTEN_NOT_TRANSLATED = {"country", "unit", "gas"}


@pytest.mark.parametrize("locale", list(Locale))
class TestEveryDeclaredKeyHasWords:
    def test_categories_fields_choices_questions_and_methods(self, locale: Locale) -> None:
        words = CalculatorWords(locale)
        for calculator in CALCULATORS:
            for category in calculator.categories:
                assert words.of(f"category.{category.id}")
                assert words.of(f"about.{category.id}")
                assert words.of(f"requirement.{category.requirement.value}")
                for question in category.questions:
                    assert words.of(f"question.{question.id}")
                for method in category.methods:
                    assert words.of(f"method.{method.id}")
                for key in category.not_counted:
                    assert words.of(f"not_counted.{key}")
                for field in category.fields:
                    assert words.field(category.id, field.name)
                    words.unit(field.unit)
                    if field.basis:
                        assert words.of(f"basis.{field.basis}")
                    if field.kind is Kind.CHOICE:
                        assert all(words.choice(field.name, value) for value in field.choices)

    def test_what_stands_above_the_categories(self, locale: Locale) -> None:
        words = CalculatorWords(locale)
        for calculator in (calculator for calculator in CALCULATORS if calculator.type in ON_PAGES):
            for key in ("title", "about", "needs", "subject", "result"):
                assert words.of(f"type.{calculator.type}.{key}")
            for name, field in header_fields(calculator).items():
                assert words.header(calculator.type, name.replace("/", "_"))
                assert all(words.choice(field.name, value) for value in field.choices)

    def test_measures_and_their_states(self, locale: Locale) -> None:
        words = CalculatorWords(locale)
        declared = {measure.id for measure in MEASURES}
        known = {key.removeprefix("measure.") for key in table_of(TABLE, locale) if key.startswith("measure.")}
        assert known == declared
        assert all(words.of(f"effort.{status}") for status in STATUSES)

    def test_reasons_grades_vintages_and_origins(self, locale: Locale) -> None:
        words = CalculatorWords(locale)
        keys = [f"left_out.{reason}" for reason in (*LEFT_OUT_REASONS, "not_stated")]
        keys += [f"grade.{grade.value}" for grade in Grade]
        keys += [f"term_source.{source}" for source in SOURCES]
        keys += [f"vintage.{vintage}" for vintage in ("in_force", "latest_available", "undated")]
        assert all(words.of(key) for key in keys)

    def test_every_unit_of_a_published_factor(self, locale: Locale) -> None:
        words = CalculatorWords(locale)
        for factor in factors.load().all():
            if factor.parsed_unit:
                assert words.unit(factor.unit)

    def test_no_word_for_a_key_that_nothing_declares(self, locale: Locale) -> None:
        categories = [category for calculator in CALCULATORS for category in calculator.categories]
        declared = {
            "category": {c.id for c in categories},
            "question": {q.id for c in categories for q in c.questions},
            "method": {m.id for c in categories for m in c.methods},
            "not_counted": {key for c in categories for key in c.not_counted},
            "left_out": {*LEFT_OUT_REASONS, "not_stated"},
        }
        for group, keys in declared.items():
            known = {key.removeprefix(f"{group}.") for key in table_of(TABLE, locale) if key.startswith(f"{group}.")}
            assert known == keys
        fields = {f.name for c in categories for f in c.fields} | {
            f"{c.id}.{f.name}" for c in categories for f in c.fields
        }
        fields |= {field.name for field in STATED_FACTOR}
        for group in ("field", "hint"):
            known = {key.removeprefix(f"{group}.") for key in table_of(TABLE, locale) if key.startswith(f"{group}.")}
            assert known <= fields
        headers = [field for calculator in CALCULATORS for field in header_fields(calculator).values()]
        everywhere = [*headers, *(f for c in categories for f in c.fields)]
        choices = {
            f"{f.name}.{value}" for f in everywhere if f.name not in WRITTEN_NOT_TRANSLATED for value in f.choices
        }
        known = {key.removeprefix("choice.") for key in table_of(TABLE, locale) if key.startswith("choice.")}
        assert known == choices


class TestRefusalsInWords:
    def test_parameters_become_words_of_the_language(self) -> None:
        problem = FieldProblem("/x", "mode_does_not_fit", {"origin": "air.hnd", "destination": "air.cts"})
        assert "羽田空港" in CalculatorWords(Locale.JA).refusal(problem, None)
        assert "Haneda" in CalculatorWords(Locale.EN).refusal(problem, None)

    def test_limits_are_grouped(self) -> None:
        problem = FieldProblem("/x", "too_large", {"maximum": "50000"})
        assert "50,000" in CalculatorWords(Locale.EN).refusal(problem, None)
