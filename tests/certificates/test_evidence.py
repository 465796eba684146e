import io

import pypdfium2
import pytest

from certificates.evidence import MAX_FILE_BYTES, UnreadableEvidence, evidence_in_url, read_evidence, verify_file
from certificates.qr import proof_url, short_url
from certificates.verdict import CheckName, CheckResult, Outcome, failed, not_made
from tests.certificates.authority import ISSUER, NOW, Issued
from tests.certificates.whole_bundle import a_signed_pdf, an_authority, with_notice


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


class TestThePapersOwnSignature:
    """The credential inside decides; the signature says whether the printed words are those that were signed."""

    def test_of_a_known_authority_is_passed(self) -> None:
        issued = with_notice()
        verdict = verify_file(a_signed_pdf(issued), issued.issuer, now=NOW, paper_roots=(an_authority().root,))
        assert verdict.check(CheckName.PAPER).result is CheckResult.PASSED

    @pytest.mark.parametrize(("signed", "reason"), [(True, "paper_signer_unknown"), (False, "paper_not_signed")])
    def test_of_nobody_known_or_nobody_at_all_is_not_made(self, signed: bool, reason: str) -> None:
        issued = with_notice()
        pdf = a_signed_pdf(issued) if signed else a_pdf(certificate_jwt=issued.credential.encode())
        verdict = verify_file(pdf, issued.issuer, now=NOW)
        assert verdict.check(CheckName.PAPER) == not_made(CheckName.PAPER, reason)
        assert verdict.outcome is Outcome.TEST_CERTIFICATE

    def test_on_changed_paper_fails_and_so_does_the_certificate(self) -> None:
        issued = with_notice()
        pdf = a_signed_pdf(issued) + b"% a word more"
        verdict = verify_file(pdf, issued.issuer, now=NOW, paper_roots=(an_authority().root,))
        assert verdict.check(CheckName.PAPER) == failed(CheckName.PAPER, "paper_changed")
        assert (verdict.outcome, verdict.statement) == (Outcome.ALTERED, None)

    def test_is_not_asked_for_without_paper(self) -> None:
        issued = Issued()
        verdict = verify_file(issued.credential.encode(), issued.issuer, now=NOW)
        assert CheckName.PAPER not in {check.name for check in verdict.checks}


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
