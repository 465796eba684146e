"""Certificates issued by earlier versions of this program: exit bundles as they were made then, never made anew."""

from pathlib import Path

import pytest
from cryptography import x509

from certificates.bundle import read_bundle_files
from certificates.evidence import verify_file
from certificates.keys import read_jwks
from certificates.pdf_signature import check_pdf_signature
from certificates.pdf_signature_result import PdfSignatureOutcome
from certificates.statement import Statement
from certificates.verdict import CheckResult, Outcome
from certificates.verify import TrustedIssuer
from tests.certificates.authority import ISSUER, NOW

GOLDEN = Path(__file__).parent.parent / "golden" / "certificates"
VERSIONS = sorted(path.stem for path in GOLDEN.glob("*.zip"))


def bundle_of(version: str) -> bytes:
    return (GOLDEN / f"{version}.zip").read_bytes()


def issuer_in(files: dict[str, bytes]) -> TrustedIssuer:
    return TrustedIssuer(ISSUER, read_jwks(files["jwks.json"]))


@pytest.mark.parametrize("version", VERSIONS)
class TestAnOlderCertificate:
    def test_still_verifies(self, version: str) -> None:
        files = read_bundle_files(bundle_of(version))
        verdict = verify_file(bundle_of(version), issuer_in(files), now=NOW)
        assert verdict.outcome is Outcome.TEST_CERTIFICATE
        assert [check for check in verdict.checks if check.result is CheckResult.FAILED] == []

    def test_its_statement_is_still_written_with_the_same_bytes(self, version: str) -> None:
        signed = read_bundle_files(bundle_of(version))["statement.json"]
        assert Statement.model_validate_json(signed).canonical_json() == signed


def test_there_is_one_of_the_first_version() -> None:
    assert "version_1" in VERSIONS


def test_an_older_pdf_still_has_the_one_form_that_its_signature_may_have() -> None:
    # the library that writes the form anew for the comparison may change; the files that people keep do not
    root = x509.load_pem_x509_certificate((GOLDEN / "signed_2026_root.pem").read_bytes())
    result = check_pdf_signature((GOLDEN / "signed_2026.pdf").read_bytes(), (root,))
    assert result.outcome is PdfSignatureOutcome.VALID
