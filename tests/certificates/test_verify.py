from dataclasses import replace

import pytest

from certificates.bundle_check import BundleFiles
from certificates.credential import StatusSlot, credential_claims, sign_credential
from certificates.jose import sign_compact
from certificates.keys import KeyRing
from certificates.number import new_number
from certificates.pdf_signature_result import PdfSignatureOutcome, PdfSignatureResult
from certificates.statement import DisclosedField, Disclosure, Environment
from certificates.verdict import CheckName, CheckResult, Outcome
from certificates.verify import Evidence, TrustedIssuer, verify
from tests.certificates.authority import ISSUER, NOW, Issued, a_ring
from tests.certificates.builders import a_statement
from tests.certificates.judging import judge, reason

# Checks of a bundle, a PDF and a part of a pool; elsewhere there is nothing to check.
ONLY_SOMETIMES = {CheckName.FILES, CheckName.PAPER, CheckName.POOL}


class TestAGenuineCertificate:
    def test_passes_every_check(self) -> None:
        issued = Issued(ring=a_ring(Environment.LIVE))
        verdict = judge(issued)
        assert verdict.outcome is Outcome.GENUINE
        assert [check.name for check in verdict.checks] == [name for name in CheckName if name not in ONLY_SOMETIMES]
        assert {check.result for check in verdict.checks} == {CheckResult.PASSED}
        assert verdict.statement == issued.statement
        assert verdict.attested is not None
        assert verdict.attested.grams == issued.statement.grams

    def test_of_the_sandbox_is_a_test_certificate(self) -> None:
        verdict = judge(Issued())
        assert verdict.outcome is Outcome.TEST_CERTIFICATE
        assert verdict.environment is Environment.SANDBOX

    def test_is_recognised_from_its_credential_alone(self) -> None:
        issued = Issued()
        verdict = verify(Evidence(credential=issued.credential), issued.issuer, now=NOW)
        assert verdict.outcome is Outcome.TEST_CERTIFICATE
        assert (verdict.number, verdict.statement) == (issued.statement.number, issued.statement)

    def test_is_recognised_from_its_qr_code_alone(self) -> None:
        issued = Issued()
        verdict = verify(Evidence(number=issued.statement.number, proof=issued.proof), issued.issuer, now=NOW)
        assert verdict.outcome is Outcome.TEST_CERTIFICATE
        assert verdict.statement is None
        assert verdict.attested is not None

    def test_a_statement_is_believed_if_the_qr_code_vouches_for_it(self) -> None:
        issued = Issued()
        evidence = Evidence(number=issued.statement.number, proof=issued.proof, statement=issued.statement)
        verdict = verify(evidence, issued.issuer, now=NOW)
        assert verdict.statement == issued.statement
        assert reason(verdict, CheckName.CONTENT) == (CheckResult.PASSED, None)


class TestAnOpenedFile:
    @pytest.mark.parametrize("found", BundleFiles)
    def test_is_a_check_if_it_was_a_bundle(self, found: BundleFiles) -> None:
        whole = found is BundleFiles.WHOLE
        verdict = judge(Issued(), files=found)
        expected = (CheckResult.PASSED, None) if whole else (CheckResult.FAILED, found.value)
        assert reason(verdict, CheckName.FILES) == expected
        assert verdict.outcome is (Outcome.TEST_CERTIFICATE if whole else Outcome.ALTERED)

    @pytest.mark.parametrize(
        ("found", "expected"),
        [
            (PdfSignatureOutcome.VALID, (CheckResult.PASSED, None)),
            (PdfSignatureOutcome.UNSIGNED, (CheckResult.NOT_MADE, "paper_not_signed")),
            (PdfSignatureOutcome.UNTRUSTED, (CheckResult.NOT_MADE, "paper_signer_unknown")),
            (PdfSignatureOutcome.INVALID, (CheckResult.FAILED, "paper_changed")),
        ],
    )
    def test_is_a_check_if_it_was_a_pdf(
        self, found: PdfSignatureOutcome, expected: tuple[CheckResult, str | None]
    ) -> None:
        verdict = judge(Issued(), paper=PdfSignatureResult(found))
        assert reason(verdict, CheckName.PAPER) == expected


class TestAMissingCheckIsNeverPassed:
    @pytest.mark.parametrize(
        ("missing", "name", "expected"),
        [
            ({"status_list": None}, CheckName.STATUS, "no_status_list"),
            ({"credential": None}, CheckName.CREDENTIAL, "no_credential"),
            ({"credential": None}, CheckName.STATUS, "no_credential"),
            ({"proof": None}, CheckName.PROOF, "no_proof"),
            ({"log_proof": None}, CheckName.LOG, "no_log_proof"),
            ({"credential": None, "proof": None}, CheckName.LOG, "nothing_signed"),
            ({"disclosures": {}}, CheckName.DISCLOSURES, "nothing_disclosed"),
            ({"credential": None, "statement": None}, CheckName.CONTENT, "no_statement"),
            ({"credential": None, "statement": None}, CheckName.DISCLOSURES, "no_statement"),
            ({"credential": None, "number": None}, CheckName.NUMBER, "no_number"),
            ({"credential": None, "number": None}, CheckName.PROOF, "no_number"),
            ({"credential": None, "proof": None}, CheckName.KEY, "nothing_signed"),
            ({"credential": None, "proof": None}, CheckName.CONTENT, "nothing_signed"),
        ],
    )
    def test_without_its_evidence(self, missing: dict[str, object], name: CheckName, expected: str) -> None:
        assert reason(judge(Issued(), **missing), name) == (CheckResult.NOT_MADE, expected)

    def test_nothing_at_all_is_undecided(self) -> None:
        verdict = verify(Evidence(), Issued().issuer, now=NOW)
        assert verdict.outcome is Outcome.UNDECIDED
        assert {check.result for check in verdict.checks} == {CheckResult.NOT_MADE}

    def test_an_unsigned_statement_is_undecided_and_not_repeated(self) -> None:
        issued = Issued()
        verdict = judge(issued, credential=None, proof=None)
        assert verdict.outcome is Outcome.UNDECIDED
        assert verdict.statement is None


class TestWhatIsNotOurs:
    def test_a_certificate_of_another_issuer(self) -> None:
        issued, other = Issued(), Issued()
        verdict = verify(other.evidence(), issued.issuer, now=NOW)
        assert verdict.outcome is Outcome.NOT_OURS
        assert reason(verdict, CheckName.CREDENTIAL) == (CheckResult.FAILED, "unknown_key")
        assert reason(verdict, CheckName.PROOF) == (CheckResult.FAILED, "unknown_key")

    def test_our_key_in_the_name_of_another_address(self) -> None:
        issued = Issued()
        verdict = verify(issued.evidence(), TrustedIssuer("https://elsewhere.example", issued.ring.keys), now=NOW)
        assert verdict.outcome is Outcome.NOT_OURS
        assert reason(verdict, CheckName.CREDENTIAL) == (CheckResult.FAILED, "foreign_issuer")

    def test_a_key_that_says_it_is_ours(self) -> None:
        issued, forger = Issued(), a_ring()
        credential = issued.credential.split(".")
        forged = sign_credential(issued.statement, ring=forger, issuer_url=ISSUER, slot=issued.slot).split(".")
        verdict = judge(issued, credential=".".join([credential[0], forged[1], forged[2]]))
        assert verdict.outcome is Outcome.ALTERED
        assert reason(verdict, CheckName.CREDENTIAL) == (CheckResult.FAILED, "signature_does_not_match")

    @pytest.mark.parametrize(
        ("number", "expected"),
        [
            ("TEST-2345-6789-CDFH-JKMN", "certificate_number_mistyped"),
            ("АSHI-2345-6789-CDFH-JKMN", "not_a_certificate_number"),
            ("", "not_a_certificate_number"),
        ],
    )
    def test_a_number_that_is_none(self, number: str, expected: str) -> None:
        verdict = judge(Issued(), number=number)
        assert verdict.outcome is Outcome.NOT_OURS
        assert reason(verdict, CheckName.NUMBER) == (CheckResult.FAILED, expected)

    @pytest.mark.parametrize("text", ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "x" * 1_000_000, "\x00", "é.é.é"])
    def test_a_text_that_is_no_credential(self, text: str) -> None:
        verdict = judge(Issued(), credential=text)
        assert verdict.outcome is Outcome.NOT_OURS
        assert verdict.statement is None

    def test_another_credential_of_ours(self) -> None:
        issued = Issued()
        verdict = judge(issued, credential=issued.status_list())
        assert verdict.outcome is Outcome.NOT_OURS
        assert reason(verdict, CheckName.CREDENTIAL) == (CheckResult.FAILED, "not_a_certificate")


def signed_with(issued: Issued, **changes: object) -> str:
    """A credential under our own signature that says something our service never would."""
    claims = credential_claims(issued.statement, issuer_url=ISSUER, slot=issued.slot)
    return sign_compact(claims | changes, issued.ring.active)


class TestACredentialMustBeConsistentInItself:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"iss": "https://elsewhere.example"}, "foreign_issuer"),
            ({"issuer": "https://elsewhere.example"}, "foreign_issuer"),
            ({"issuer": {"id": ISSUER}}, "foreign_issuer"),
            ({"id": f"{ISSUER}/c/another"}, "not_a_certificate"),
            ({"validFrom": "2026-11-18T03:04:06Z"}, "not_a_certificate"),
            ({"type": ["VerifiableCredential", "TestCertificate"]}, "not_a_certificate"),
            ({"type": ["VerifiableCredential", "CreditCancellationCertificate"]}, "not_a_certificate"),
            ({"type": "CreditCancellationCertificate TestCertificate"}, "not_a_certificate"),
            ({"type": None}, "not_a_certificate"),
            ({"credentialStatus": {}}, "not_a_certificate"),
            ({"credentialStatus": None}, "not_a_certificate"),
            ({"credentialSubject": {}}, "not_a_certificate"),
        ],
    )
    def test_or_it_is_no_certificate(self, changes: dict[str, object], expected: str) -> None:
        issued = Issued()
        verdict = verify(
            Evidence(number=issued.statement.number, credential=signed_with(issued, **changes)), issued.issuer, now=NOW
        )
        assert verdict.outcome is Outcome.NOT_OURS
        assert reason(verdict, CheckName.CREDENTIAL) == (CheckResult.FAILED, expected)

    def test_unchanged_it_is_one(self) -> None:
        issued = Issued()
        evidence = Evidence(credential=signed_with(issued))
        assert verify(evidence, issued.issuer, now=NOW).outcome is Outcome.TEST_CERTIFICATE

    def test_a_live_one_is_never_marked_as_a_test(self) -> None:
        issued = Issued(ring=a_ring(Environment.LIVE))
        marked = signed_with(issued, type=["VerifiableCredential", "CreditCancellationCertificate", "TestCertificate"])
        verdict = verify(Evidence(credential=marked), issued.issuer, now=NOW)
        assert reason(verdict, CheckName.CREDENTIAL) == (CheckResult.FAILED, "not_a_certificate")


class TestWhatWasAltered:
    def test_a_credential_with_another_payload(self) -> None:
        issued = Issued()
        head, _, signature = issued.credential.split(".")
        other = sign_compact({"iss": ISSUER, "issuer": ISSUER}, issued.ring.active).split(".")[1]
        verdict = judge(issued, credential=f"{head}.{other}.{signature}")
        assert verdict.outcome is Outcome.ALTERED
        assert verdict.statement is None

    def test_a_statement_with_other_grams(self) -> None:
        issued = Issued()
        verdict = judge(issued, statement=issued.statement.model_copy(update={"grams": 4_000_000}))
        assert verdict.outcome is Outcome.ALTERED
        assert reason(verdict, CheckName.CONTENT) == (CheckResult.FAILED, "statement_differs")

    def test_the_credential_of_another_certificate(self) -> None:
        issued = Issued()
        other = Issued(ring=issued.ring)
        verdict = judge(issued, credential=other.credential, statement=None)
        assert verdict.outcome is Outcome.ALTERED
        assert reason(verdict, CheckName.CONTENT) == (CheckResult.FAILED, "number_differs")

    def test_the_proof_of_another_certificate(self) -> None:
        issued = Issued()
        other = Issued(ring=issued.ring)
        verdict = judge(issued, proof=other.proof)
        assert verdict.outcome is Outcome.ALTERED
        assert reason(verdict, CheckName.PROOF) == (CheckResult.FAILED, "signature_does_not_match")

    def test_a_proof_of_an_older_wording_under_the_same_number(self) -> None:
        issued = Issued()
        older = Issued(ring=issued.ring, changes={"number": issued.statement.number, "grams": 1})
        verdict = judge(issued, proof=older.proof)
        assert verdict.outcome is Outcome.ALTERED
        assert reason(verdict, CheckName.CONTENT) == (CheckResult.FAILED, "proof_differs")

    def test_a_name_that_the_statement_does_not_commit_to(self) -> None:
        issued = Issued()
        forged = dict(issued.disclosures)
        forged[DisclosedField.BENEFICIARY] = replace_value(forged[DisclosedField.BENEFICIARY], "別の団体")
        verdict = judge(issued, disclosures=forged)
        assert verdict.outcome is Outcome.ALTERED
        assert reason(verdict, CheckName.DISCLOSURES) == (CheckResult.FAILED, "text_differs")

    def test_a_name_shown_in_the_place_of_another(self) -> None:
        issued = Issued()
        swapped = dict(issued.disclosures)
        swapped[DisclosedField.BENEFICIARY] = issued.disclosures[DisclosedField.PURCHASER]
        assert judge(issued, disclosures=swapped).outcome is Outcome.ALTERED

    def test_an_erased_name_alters_nothing(self) -> None:
        issued = Issued()
        left = {DisclosedField.SUBJECT: issued.disclosures[DisclosedField.SUBJECT]}
        assert judge(issued, disclosures=left).outcome is Outcome.TEST_CERTIFICATE

    def test_a_live_number_signed_by_a_sandbox_key(self) -> None:
        ring = a_ring()
        forged = a_statement(environment=Environment.LIVE, number=new_number(Environment.LIVE))
        mislabelled = KeyRing(
            Environment.LIVE, replace(ring.active, key=replace(ring.active.key, environment=Environment.LIVE))
        )
        credential = sign_credential(forged, ring=mislabelled, issuer_url=ISSUER, slot=StatusSlot(1, 1))
        verdict = verify(Evidence(credential=credential), TrustedIssuer(ISSUER, ring.keys), now=NOW)
        assert verdict.outcome is Outcome.NOT_OURS
        assert reason(verdict, CheckName.KEY) == (CheckResult.FAILED, "key_of_other_environment")


def replace_value(disclosure: Disclosure, value: str) -> Disclosure:
    return disclosure.model_copy(update={"value": value})
