import io

import pypdfium2
import pytest

from certificates.evidence import MAX_FILE_BYTES, UnreadableEvidence, evidence_in_url, read_evidence, verify_file
from certificates.qr import proof_url, short_url
from certificates.verdict import Outcome
from tests.certificates.authority import ISSUER, NOW, Issued


def a_pdf(**attachments: bytes) -> bytes:
    document = pypdfium2.PdfDocument.new()
    document.new_page(100, 100)
    for name, data in attachments.items():
        document.new_attachment(name.replace("_", ".")).set_data(data)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


class TestWhatPeopleHoldIsRecognised:
    def test_a_pdf_with_the_credential_attached(self) -> None:
        issued = Issued()
        pdf = a_pdf(notes_txt=b"x", certificate_jwt=issued.credential.encode())
        assert verify_file(pdf, issued.issuer, now=NOW).outcome is Outcome.TEST_CERTIFICATE

    def test_a_credential_file(self) -> None:
        issued = Issued()
        assert read_evidence(issued.credential.encode() + b"\n").credential == issued.credential

    def test_a_scanned_address_with_proof(self) -> None:
        issued = Issued()
        url = proof_url(ISSUER, issued.statement.number, issued.proof)
        evidence = read_evidence(url.encode())
        assert (evidence.number, evidence.proof) == (issued.statement.number, issued.proof)
        assert verify_file(url.encode(), issued.issuer, now=NOW).outcome is Outcome.TEST_CERTIFICATE

    def test_a_short_address_gives_the_number_only(self) -> None:
        issued = Issued()
        url = short_url(ISSUER, issued.statement.number)
        assert read_evidence(url.encode()).number == issued.statement.number
        assert verify_file(url.encode(), issued.issuer, now=NOW).outcome is Outcome.UNDECIDED

    def test_an_address_with_a_language_and_a_slash(self) -> None:
        assert evidence_in_url("https://certs.example/c/TEST-1/?lang=en").number == "TEST-1"

    def test_a_typed_number(self) -> None:
        assert read_evidence("ｔｅｓｔ 2345".encode()).number == "ｔｅｓｔ 2345"

    def test_revocation_is_checked_with_a_status_list_at_hand(self) -> None:
        issued = Issued()
        revoked = issued.status_list(issued.slot.index)
        verdict = verify_file(issued.credential.encode(), issued.issuer, now=NOW, status_list=revoked)
        assert verdict.outcome is Outcome.REVOKED


class TestOtherThingsAreRefusedCalmly:
    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"", "not_a_certificate"),
            (b"\xff\xfe\x00", "not_a_certificate"),
            (b"x" * 5_000, "not_a_certificate"),
            (b"https://certs.example/about", "not_a_certificate"),
            (b"https://certs.example/c/", "not_a_certificate"),
            (b"https://[broken/c/TEST", "not_a_certificate"),
            (b"%PDF-1.7\n", "unreadable_pdf"),
            (b"%PDF-1.7\n" + b"\x00" * 10_000, "unreadable_pdf"),
            (b"%PDF-" + b"x" * (MAX_FILE_BYTES + 1), "too_large"),
        ],
        ids=["empty", "binary", "prose", "page", "no number", "broken", "stub", "zeros", "50 MB"],
    )
    def test_with_a_reason(self, data: bytes, reason: str) -> None:
        with pytest.raises(UnreadableEvidence) as refused:
            read_evidence(data)
        assert refused.value.reason == reason

    def test_a_pdf_without_a_credential(self) -> None:
        with pytest.raises(UnreadableEvidence) as refused:
            read_evidence(a_pdf(invoice_xml=b"<x/>"))
        assert refused.value.reason == "no_credential_in_pdf"

    def test_a_pdf_with_rubbish_in_the_credentials_place(self) -> None:
        with pytest.raises(UnreadableEvidence) as refused:
            read_evidence(a_pdf(certificate_jwt=b"\xff\xff"))
        assert refused.value.reason == "unreadable_pdf"
