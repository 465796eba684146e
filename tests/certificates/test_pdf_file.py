"""The certificate as a file: its code, its mark, its attachments, and the standards it declares."""

import io
import json
import threading
from typing import Any

import pikepdf
import pytest
import zxingcpp
from PIL import ImageFilter

from certificates.evidence import verify_file
from certificates.mark import mark_svg
from certificates.qr import proof_url, qr_matrix, qr_svg, short_url
from certificates.render_pdf import render_pdf
from certificates.sheet import Locale
from certificates.statement import DisclosedField, Disclosure, Environment
from certificates.verdict import Outcome
from tests.certificates.authority import ISSUER, NOW, Issued
from tests.certificates.builders import (
    a_statement,
    some_disclosures,
)
from tests.certificates.papers import LOCALES, a_pdf, printed_url
from tests.certificates.pdf_reading import (
    attachments_of,
    jpeg,
    metadata_of,
    page_count,
    picture_of,
)


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
        with_quiet_zone = len(qr_matrix(printed_url(statement)))
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
    def test_credential_and_names_are_attached_as_they_are(self) -> None:
        statement, disclosures = a_statement(), some_disclosures()
        attached = attachments_of(a_pdf(statement, disclosures, jwt="e30.e30.c2lnbmF0dXJl"))
        assert set(attached) == {"certificate.jwt", "disclosures.json"}
        assert attached["certificate.jwt"] == b"e30.e30.c2lnbmF0dXJl"
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

    # in Japanese nearly half are the outlines of some four hundred letters: docs/certificates.md
    @pytest.mark.parametrize(("locale", "limit"), [("ja", 80_000), ("en", 57_000)])
    def test_it_stays_small(self, locale: Locale, limit: int) -> None:
        issued = Issued()
        assert len(a_pdf(issued.statement, issued.disclosures, locale=locale, jwt=issued.credential)) < limit


def _is(found: Any, kind: str) -> bool:
    return isinstance(found, pikepdf.Dictionary) and found.get("/Type") == kind
