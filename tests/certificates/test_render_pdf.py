"""The certificate on paper: it says what the statement says, and nothing that nobody signed."""

import io
import json
import threading
from datetime import date
from decimal import Decimal
from typing import Any

import pikepdf
import pytest
import zxingcpp
from PIL import ImageFilter

from certificates.evidence import verify_file
from certificates.mark import mark_svg
from certificates.qr import proof_url, qr_matrix, qr_svg, short_url
from certificates.render_pdf import TextNotPrintable, check_printable, render_pdf
from certificates.sheet import DisclosureNotCommitted, Locale, strings
from certificates.statement import DisclosedField, Disclosure, Disclosures, Environment, OffsetType, Statement
from certificates.verdict import Outcome
from tests.certificates.authority import ISSUER, NOW, Issued, a_ring
from tests.certificates.builders import (
    a_cancellation,
    a_footprint,
    a_jcm_cancellation,
    a_project,
    a_span,
    a_statement,
    some_disclosures,
)
from tests.certificates.pdf_reading import (
    attachments_of,
    jpeg,
    lines_of,
    metadata_of,
    page_count,
    picture_of,
    unspaced,
    words_of,
)

LOCALES: tuple[Locale, ...] = ("ja", "en")
VIOLET = (90, 42, 140)


def a_pdf(
    statement: Statement, disclosures: Disclosures | None = None, *, locale: Locale = "ja", jwt: str = "e30.e30.c2ln"
) -> bytes:
    url = short_url(ISSUER, statement.number)
    return render_pdf(
        statement,
        some_disclosures() if disclosures is None else disclosures,
        verification_url=url,
        qr_svg=qr_svg(_printed_url(statement)),
        locale=locale,
        credential_jwt=jwt,
    )


def _printed_url(statement: Statement) -> str:
    """As long as a real one."""
    return f"{short_url(ISSUER, statement.number)}#{'A1b_' * 33}"


def of_texts(locale: Locale = "ja", **texts: str) -> bytes:
    disclosures = some_disclosures(**texts)
    return a_pdf(a_statement(disclosures), disclosures, locale=locale)


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


class TestTheCodeOnThePaper:
    @pytest.mark.parametrize("locale", LOCALES)
    def test_the_printed_code_carries_the_proof_and_the_page_address(self, locale: Locale) -> None:
        issued = Issued()
        url = proof_url(ISSUER, issued.statement.number, issued.proof)
        pdf = render_pdf(
            issued.statement,
            issued.disclosures,
            verification_url=short_url(ISSUER, issued.statement.number),
            qr_svg=qr_svg(url),
            locale=locale,
            credential_jwt=issued.credential,
        )
        for dpi in (72, 110, 300):
            assert [code.text for code in zxingcpp.read_barcodes(picture_of(pdf, dpi=dpi))] == [url]

    def test_a_blurred_and_squeezed_copy_is_still_read(self) -> None:
        statement = a_statement()
        picture = picture_of(a_pdf(statement), dpi=150).rotate(7, expand=True, fillcolor="white")
        copy = jpeg(picture.filter(ImageFilter.GaussianBlur(1.2)), quality=25)
        assert zxingcpp.read_barcodes(copy)[0].text.startswith(short_url(ISSUER, statement.number) + "#")

    def test_it_is_at_least_thirty_millimetres_wide_with_its_quiet_zone_free(self) -> None:
        dpi, statement = 254, a_statement(environment=Environment.LIVE)
        picture = picture_of(a_pdf(statement), dpi=dpi)
        corners = zxingcpp.read_barcodes(picture)[0].position
        width = corners.top_right.x - corners.top_left.x
        with_quiet_zone = len(qr_matrix(_printed_url(statement)))
        module = width / (with_quiet_zone - 8)
        assert with_quiet_zone * module / dpi * 25.4 >= 30
        left, top = corners.top_left.x, corners.top_left.y
        beside = picture.crop((round(left - 3.5 * module), top, left - 3, top + width))
        above = picture.crop((left, round(top - 3.5 * module), left + width, top - 3))
        assert beside.getextrema() == above.getextrema() == ((255, 255), (255, 255), (255, 255))

    def test_the_pdf_itself_verifies(self) -> None:
        issued = Issued()
        pdf = a_pdf(issued.statement, issued.disclosures, jwt=issued.credential)
        verdict = verify_file(pdf, issued.issuer, now=NOW, status_list=issued.status_list())
        assert verdict.outcome is Outcome.TEST_CERTIFICATE
        assert verdict.statement == issued.statement


class TestTheMark:
    def test_it_is_drawn_from_the_statement(self) -> None:
        one, other = (
            a_statement(environment=Environment.LIVE),
            a_statement(environment=Environment.LIVE, grams=4_000_000),
        )
        region = (600, 110, 740, 330)
        marks = [picture_of(a_pdf(statement), dpi=100).crop(region) for statement in (one, one, other)]
        assert marks[0].tobytes() == marks[1].tobytes()
        assert marks[0].tobytes() != marks[2].tobytes()
        assert mark_svg(one.sha256()) != mark_svg(other.sha256())


class TestAttachments:
    def test_credential_record_and_names_are_attached_as_they_are(self) -> None:
        statement, disclosures = a_statement(), some_disclosures()
        attached = attachments_of(a_pdf(statement, disclosures, jwt="e30.e30.c2lnbmF0dXJl"))
        assert set(attached) == {"certificate.jwt", "statement.json", "disclosures.json"}
        assert attached["certificate.jwt"] == b"e30.e30.c2lnbmF0dXJl"
        assert attached["statement.json"] == statement.canonical_json()
        opened = {
            DisclosedField(field): Disclosure(**value)
            for field, value in json.loads(attached["disclosures.json"]).items()
        }
        assert opened == disclosures
        assert {field: text.commitment(field) for field, text in opened.items()} == statement.commitments

    def test_each_says_what_it_is_to_the_document(self) -> None:
        with pikepdf.open(io.BytesIO(a_pdf(a_statement()))) as document:
            files = {str(file.UF): str(file.AFRelationship) for file in document.Root.AF}
        assert files == {
            "certificate.jwt": "/Source",
            "statement.json": "/Data",
            "disclosures.json": "/Supplement",
        }


class TestTheFileIsMadeToBeKept:
    def test_the_same_input_gives_the_same_bytes(self) -> None:
        assert a_pdf(a_statement()) == a_pdf(a_statement())

    def test_in_another_thread_and_after_other_certificates_too(self) -> None:
        expected, made = a_pdf(a_statement()), []
        threads = [
            threading.Thread(target=lambda: made.extend([a_pdf(a_statement(grams=1_000)), a_pdf(a_statement())]))
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [pdf == expected for pdf in made] == [False, True] * 3

    @pytest.mark.parametrize("locale", LOCALES)
    def test_it_declares_archive_and_accessibility_standards(self, locale: Locale) -> None:
        with pikepdf.open(io.BytesIO(a_pdf(a_statement(), locale=locale))) as document:
            metadata = document.open_metadata()
            assert metadata["pdfaid:part"] == "3"
            assert metadata["pdfaid:conformance"] == "A"
            assert metadata["pdfuaid:part"] == "1"
            assert str(document.Root.Lang).startswith(locale)
            assert bool(document.Root.MarkInfo.Marked)

    def test_every_font_is_embedded(self) -> None:
        with pikepdf.open(io.BytesIO(a_pdf(a_statement()))) as document:
            descriptors = [o for o in document.objects if _is(o, "/FontDescriptor")]
            assert descriptors
            assert all("/FontFile3" in descriptor or "/FontFile2" in descriptor for descriptor in descriptors)

    def test_its_date_is_the_date_of_issue(self) -> None:
        assert metadata_of(a_pdf(a_statement()))["CreationDate"].startswith("D:20261118030405")

    def test_its_title_names_the_certificate(self) -> None:
        assert (
            metadata_of(a_pdf(a_statement(), locale="en"))["Title"]
            == f"Certificate of cancellation {a_statement().number}"
        )

    @pytest.mark.parametrize("locale", LOCALES)
    @pytest.mark.parametrize("environment", Environment)
    def test_an_ordinary_certificate_has_two_pages(self, locale: Locale, environment: Environment) -> None:
        assert page_count(a_pdf(a_statement(environment=environment), locale=locale)) == 2

    @pytest.mark.parametrize(("locale", "limit"), [("ja", 130_000), ("en", 90_000)])
    def test_it_stays_small(self, locale: Locale, limit: int) -> None:
        issued = Issued()
        assert len(a_pdf(issued.statement, issued.disclosures, locale=locale, jwt=issued.credential)) < limit


class TestNobodyTakesATestForARealCertificate:
    @pytest.mark.parametrize("locale", LOCALES)
    def test_every_page_of_a_sandbox_certificate_says_so_in_both_languages(self, locale: Locale) -> None:
        pdf = a_pdf(a_statement(environment=Environment.SANDBOX), locale=locale)
        for page in range(page_count(pdf)):
            text = words_of(pdf, page)
            assert "テスト証明書" in text
            assert "TESTCERTIFICATE" in text
            assert _violet_edge(pdf, page)
        assert unspaced(strings(locale)["words"]["sandbox_note"]) in words_of(pdf, 0)

    @pytest.mark.parametrize("locale", LOCALES)
    def test_a_live_certificate_has_none_of_it(self, locale: Locale) -> None:
        ring = a_ring(Environment.LIVE)
        real = {"cancellations": tuple(c.model_copy(update={"invented": False}) for c in a_statement().cancellations)}
        issued = Issued(ring=ring, changes=real)
        pdf = a_pdf(issued.statement, issued.disclosures, locale=locale, jwt=issued.credential)
        text = words_of(pdf)
        assert "テスト" not in text
        assert "TEST" not in text
        assert "試験" not in text
        assert not any(_violet_edge(pdf, page) for page in range(page_count(pdf)))

    def test_invented_credits_are_called_invented(self) -> None:
        assert words_of(a_pdf(a_statement())).count("実在しないクレジットです") == 2

    def test_real_credits_are_not(self) -> None:
        real = a_statement(cancellations=(a_cancellation(invented=False), a_jcm_cancellation(invented=False)))
        assert "実在しないクレジットです" not in words_of(a_pdf(real))


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


def _is(found: Any, kind: str) -> bool:
    return isinstance(found, pikepdf.Dictionary) and found.get("/Type") == kind


def _violet_edge(pdf: bytes, page: int) -> bool:
    """Whether the outermost millimetres of all four sides carry the violet hatch."""
    picture = picture_of(pdf, page, dpi=72)
    wide, high = picture.size
    strips = [(0, 0, wide, 12), (0, high - 12, wide, high), (0, 0, 12, high), (wide - 12, 0, wide, high)]
    return all(any(_near(colour, VIOLET) for _, colour in _colours(picture.crop(strip))) for strip in strips)


def _colours(picture: Any) -> list[tuple[int, tuple[int, int, int]]]:
    return list(picture.getcolors(maxcolors=100_000))


def _near(colour: tuple[int, int, int], wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 30 for a, b in zip(colour, wanted, strict=True))
