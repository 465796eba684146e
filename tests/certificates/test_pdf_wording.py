"""The certificate on paper: it says what the statement says, and nothing that nobody signed."""

from datetime import date
from decimal import Decimal

import pytest

from certificates.qr import short_url
from certificates.render_pdf import TextNotPrintable, check_printable, is_known_printable
from certificates.sheet import DisclosureNotCommitted, Locale, strings
from certificates.statement import DisclosedField, Disclosure, Disclosures, OffsetType
from tests.certificates.authority import ISSUER
from tests.certificates.builders import (
    a_cancellation,
    a_footprint,
    a_jcm_cancellation,
    a_project,
    a_span,
    a_statement,
    some_disclosures,
)
from tests.certificates.papers import LOCALES, a_pdf, of_texts
from tests.certificates.pdf_reading import (
    attachments_of,
    lines_of,
    metadata_of,
    unspaced,
    words_of,
)


class TestItSaysWhatTheStatementSays:
    @pytest.mark.parametrize("locale", LOCALES)
    def test_every_registered_and_disclosed_text_stands_in_it(self, locale: Locale) -> None:
        statement = a_statement()
        text = words_of(a_pdf(statement, locale=locale))
        for disclosure in some_disclosures().values():
            assert unspaced(disclosure.value) in text
        assert unspaced(statement.number) in text
        assert unspaced(statement.reduction_effort) in text
        assert statement.sha256() in text
        assert unspaced(short_url(ISSUER, statement.number)) in text

    @pytest.mark.parametrize("locale", LOCALES)
    def test_every_cancellation_stands_in_it_with_all_its_facts(self, locale: Locale) -> None:
        text = words_of(a_pdf(a_statement(), locale=locale))
        for cancellation in a_statement().cancellations:
            project = cancellation.project
            shown = [
                cancellation.registry_name_ja if locale == "ja" else cancellation.registry_name_en,
                project.name_ja if locale == "ja" else project.name_en,
                project.key,
                project.operator,
                project.place,
                project.methodology,
                cancellation.certification_number,
                cancellation.act,
                cancellation.executed_by,
                cancellation.our_reference,
                cancellation.notice_number,
                cancellation.notice_sha256,
                f"{cancellation.tonnes} t",
                strings(locale)["kind"][cancellation.credit_kind],
                strings(locale)["purpose"][cancellation.purpose],
                *(span.first_text for span in cancellation.serials),
                *(span.last_text for span in cancellation.serials),
            ]
            assert [fact for fact in shown if unspaced(fact) not in text] == []

    def test_dates_in_the_readers_language_and_in_japan_time(self) -> None:
        japanese, english = words_of(a_pdf(a_statement())), words_of(a_pdf(a_statement(), locale="en"))
        assert "2026年9月12日から2026年9月13日まで" in japanese
        assert "12September2026to13September2026" in english
        assert "記録日2026年11月16日" in japanese
        assert "16November2026" in english
        late_evening_in_london = a_statement().issued_at.replace(hour=20)
        assert "2026年11月19日" in words_of(a_pdf(a_statement(issued_at=late_evening_in_london)))

    @pytest.mark.parametrize("locale", LOCALES)
    def test_each_line_of_the_footprint_can_be_done_again_from_the_page(self, locale: Locale) -> None:
        text = words_of(a_pdf(a_statement(), locale=locale), page=1)
        for line in a_footprint().lines:
            unit = strings(locale)["unit"].get(line.unit, line.unit)
            mass, _, per = line.factor_unit.partition("/")
            formula = f"{Decimal(line.quantity):,}{unit}×{Decimal(line.factor_value):,}{mass}/"
            formula += strings(locale)["unit"].get(per, per)
            assert f"{formula}{line.factor_id}·{line.method}{Decimal(line.grams) / 1000:,.3f}" in text
        assert f"{strings(locale)['words']['calculation_total']}5,742.402" in text

    def test_lines_stand_largest_first(self) -> None:
        text = words_of(a_pdf(a_statement()), page=1)
        by_size = sorted(a_footprint().lines, key=lambda line: -line.grams)
        places = [text.index(f"·{line.method}{Decimal(line.grams) / 1000:,.3f}") for line in by_size]
        assert places == sorted(places)

    def test_what_was_left_out_is_named_with_the_reason(self) -> None:
        assert "輸送、オンライン参加（申告なし）" in words_of(a_pdf(a_statement()))
        assert "Freight,Onlineattendance(notstated)" in words_of(a_pdf(a_statement(), locale="en"))

    def test_an_amount_below_the_footprint_shows_its_share_rounded_down(self) -> None:
        text = words_of(a_pdf(a_statement(grams=4_999_999, footprint=a_footprint())))
        assert "4,999.999kg" in text
        # 4,999,999 g of 5,742,402 g are 87.07 %
        assert "の87.0%にあたる" in text

    def test_a_full_cover_says_all_and_never_more(self) -> None:
        three = a_cancellation(serials=(a_span(1, 9),))
        text = words_of(a_pdf(a_statement(grams=9_000_000, cancellations=(three,))))
        assert "の全量（100%）にあたる" in text
        assert "156" not in text

    def test_part_of_a_tonne_shows_the_credits_total_beside_it(self) -> None:
        text = words_of(a_pdf(a_statement(grams=345_250)))
        assert "345.25kg-CO₂e" in text
        assert "下記のクレジットの合計5,000.000kg" in text

    def test_a_top_up_names_the_certificate_it_adds_to(self) -> None:
        assert "TEST-77JF-HMJX-F854-TRYN" in words_of(a_pdf(a_statement(version=4, adds_to="TEST-77JF-HMJX-F854-TRYN")))

    def test_a_correction_names_the_certificate_it_replaces(self) -> None:
        assert "TEST-77JF-HMJX-F854-TRYN" in words_of(a_pdf(a_statement(replaces="TEST-77JF-HMJX-F854-TRYN")))

    def test_a_third_party_check_is_named_and_its_absence_too(self) -> None:
        assert "自己宣言です" in words_of(a_pdf(a_statement()))
        checked = words_of(a_pdf(a_statement(third_party_check="検証機構 2026年11月10日")))
        assert "検証機構2026年11月10日" in checked
        assert "自己宣言です" not in checked


class TestItNeverClaimsTooMuch:
    @pytest.mark.parametrize("locale", LOCALES)
    @pytest.mark.parametrize("kind", OffsetType)
    def test_it_says_that_the_emissions_took_place(self, locale: Locale, kind: OffsetType) -> None:
        sentence = {"ja": "排出そのものは実際に起きています。", "en": "Theemissionsthemselvestookplace."}[locale]
        assert sentence in words_of(a_pdf(a_statement(type=kind), locale=locale), page=0)

    @pytest.mark.parametrize("locale", LOCALES)
    def test_it_says_what_it_is_not(self, locale: Locale) -> None:
        text = words_of(a_pdf(a_statement(), locale=locale), page=0)
        words = strings(locale)["words"]
        for key in ("limit_own", "limit_right", "limit_schemes", "limit_carbon_neutral", "mark_note"):
            assert unspaced(words[key]) in text

    @pytest.mark.parametrize("locale", LOCALES)
    def test_another_effort_makes_no_claim_about_its_subject(self, locale: Locale) -> None:
        text = words_of(a_pdf(a_statement(type=OffsetType.OTHER), locale=locale))
        assert unspaced(strings(locale)["words"]["share_none"]) in text
        assert "87.0%" not in text

    def test_without_a_footprint_it_says_so(self) -> None:
        text = words_of(a_pdf(a_statement(footprint=None)))
        assert "算定した排出量がありません" in text
        assert "排出量に占める割合" not in text


class TestNames:
    @pytest.mark.parametrize(
        "name", ["𠮷野髙﨑", "濵邉 桒原", "瀨戸内", "葛󠄀城 辻󠄂", "Łódź Ørsted Nguyễn Thị Ấn", "Жуковский Ελένη"]
    )
    def test_rare_characters_are_shown_and_can_be_searched(self, name: str) -> None:
        assert words_of(of_texts(beneficiary=name), page=0).count(unspaced(name)) >= 3

    def test_markup_is_shown_as_it_was_typed(self) -> None:
        name = '#read("/etc/passwd") *bold* _emph_ $x^2$ <b>&amp; \\ @ref `raw` = [x] // #[y] "q"'
        assert words_of(of_texts(beneficiary=name)).count(unspaced(name)) == 2

    def test_braces_are_no_placeholders(self) -> None:
        assert "{beneficiary}{0}" in words_of(of_texts(beneficiary="{beneficiary} {0}"))

    @pytest.mark.parametrize("locale", LOCALES)
    def test_very_long_names_are_shown_whole(self, locale: Locale) -> None:
        name = ("一般社団法人" + "広域連携持続可能社会推進機構" * 20)[:200]
        pdf = of_texts(locale, beneficiary=name, purchaser=name, credit_user=name, subject=name, purpose_detail=name)
        assert words_of(pdf).count(name) == 6

    def test_a_missing_glyph_is_refused_by_name(self) -> None:
        with pytest.raises(TextNotPrintable) as refusal:
            of_texts(beneficiary="山田🦉と𪚥")
        assert refusal.value.code == "text_not_printable"
        assert set(refusal.value.characters) == {"🦉", "𪚥"}
        assert "U+1F989" in str(refusal.value)

    @pytest.mark.parametrize("text", ["a\x00b", "\ufeffabc", "ไทย", "\x1b[0m"])
    def test_unprintable_texts_are_found_before_they_are_bought(self, text: str) -> None:
        with pytest.raises(TextNotPrintable):
            check_printable(text)

    @pytest.mark.parametrize("text", ["", "𠮷野 髙﨑", "#panic() $", "一行目\n二行目", "Zażółć ①㈱"])
    def test_printable_texts_pass(self, text: str) -> None:
        check_printable(text)

    def test_what_was_printable_once_is_known_to_be(self) -> None:
        assert not is_known_printable("鸚鵡と鸛")
        check_printable("鸚鵡・鸛と")
        assert is_known_printable("鸚鵡と鸛")

    def test_what_depends_on_its_neighbours_is_never_known(self) -> None:
        for text in ("e\u0301", "ᄒ\u1161ᆫ", "一\n二"):
            check_printable(text)
            assert not is_known_printable(text)

    def test_a_known_character_does_not_let_an_unknown_one_pass(self) -> None:
        check_printable("山田と")
        with pytest.raises(TextNotPrintable) as refusal:
            check_printable("山田🦉と")
        assert refusal.value.characters == "🦉"

    def test_a_withheld_name_appears_nowhere(self) -> None:
        disclosures = some_disclosures()
        shown: Disclosures = {DisclosedField.PURCHASER: disclosures[DisclosedField.PURCHASER]}
        pdf = a_pdf(a_statement(disclosures), shown)
        assert "北方計算科学会" not in words_of(pdf)
        assert "北方計算科学会" not in str(metadata_of(pdf))
        assert "北方計算科学会".encode() not in b"".join(attachments_of(pdf).values())
        assert "名義人非公開" in words_of(pdf)

    def test_a_name_that_nobody_signed_is_refused(self) -> None:
        forged = some_disclosures() | {DisclosedField.BENEFICIARY: Disclosure.of("北方計算科学会")}
        with pytest.raises(DisclosureNotCommitted) as refusal:
            a_pdf(a_statement(), forged)
        assert refusal.value.code == "disclosure_not_committed"


class TestSerialNumbers:
    def test_a_line_never_ends_inside_a_serial(self) -> None:
        spans = tuple(
            a_span(1_000 * k + 1, 1_000 * k + k + 1, prefix="SBX-JC-0123456789-ABCDEF-0123456789-")
            for k in range(1, 21)
        )
        cancellation = a_cancellation(serials=spans, project=a_project(operator="株式会社" + "長" * 180))
        shown = lines_of(a_pdf(a_statement(grams=200_000_000, cancellations=(cancellation,))))
        for span in spans:
            assert [line for line in shown if span.first_text in line]
            assert [line for line in shown if span.last_text in line and f"{span.tonnes} t" in line]

    def test_a_single_serial_stands_once(self) -> None:
        one = a_cancellation(serials=(a_span(77, 77),))
        text = words_of(a_pdf(a_statement(grams=1_000_000, cancellations=(one,))))
        assert text.count("SBX-JC-000010-000000077") == 1


class TestTheActIsNamedForWhatItMeans:
    def test_a_jcm_cancellation_says_for_which_purpose(self) -> None:
        text = words_of(a_pdf(a_statement()))
        assert "取消し（NDC以外の目的）" in text
        for_the_ndc = a_statement(grams=2_000_000, cancellations=(a_jcm_cancellation(act="無効化"),))
        assert "無効化（日本の国の目標NDCに使用）" in words_of(a_pdf(for_the_ndc))

    def test_an_act_without_an_entry_is_shown_in_the_registrys_own_word(self) -> None:
        other = a_statement(grams=1_000_000, cancellations=(a_cancellation(act="消却の手続"),))
        assert "消却の手続" in words_of(a_pdf(other))

    def test_the_recorded_date_is_the_registrys(self) -> None:
        late = a_statement(grams=1_000_000, cancellations=(a_cancellation(recorded_on=date(2026, 12, 31)),))
        assert "記録日2026年12月31日" in words_of(a_pdf(late))
