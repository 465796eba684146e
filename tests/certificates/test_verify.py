from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certificates.credential import StatusSlot, credential_claims, sign_credential
from certificates.jose import sign_compact
from certificates.keys import KeyRing, LocalSigner
from certificates.log.checkpoint import LogTrust
from certificates.log.leaves import Revoked
from certificates.log.notes import COSIGNATURE, NoteSigner
from certificates.number import new_number
from certificates.statement import DisclosedField, Disclosure, Environment
from certificates.status_list import sign_status_list
from certificates.verdict import CheckName, CheckResult, Logged, Outcome, Verdict
from certificates.verify import Evidence, TrustedIssuer, verify
from tests.certificates.authority import ISSUED, ISSUER, NOW, Issued, a_ring
from tests.certificates.builders import a_statement

# Checks of a bundle, a PDF and a part of a pool; elsewhere there is nothing to check.
ONLY_SOMETIMES = {CheckName.FILES, CheckName.PAPER, CheckName.POOL}


def judge(issued: Issued, **changes: object) -> Verdict:
    return verify(issued.evidence(**changes), issued.issuer, now=NOW)


def reason(verdict: Verdict, name: CheckName) -> tuple[CheckResult, str | None]:
    check = verdict.check(name)
    return check.result, check.reason


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


class TestRevocation:
    def test_a_set_bit_revokes(self) -> None:
        issued = Issued()
        verdict = judge(issued, status_list=issued.status_list(issued.slot.index))
        assert verdict.outcome is Outcome.REVOKED
        assert reason(verdict, CheckName.STATUS) == (CheckResult.FAILED, "revoked")
        assert verdict.statement == issued.statement

    def test_the_bits_of_others_do_not(self) -> None:
        issued = Issued()
        neighbours = [issued.slot.index - 1, issued.slot.index + 1]
        assert judge(issued, status_list=issued.status_list(*neighbours)).outcome is Outcome.TEST_CERTIFICATE

    def test_a_list_from_before_is_not_believed(self) -> None:
        issued = Issued()
        verdict = judge(issued, status_list=issued.status_list(at=NOW - timedelta(hours=2)))
        assert reason(verdict, CheckName.STATUS) == (CheckResult.NOT_MADE, "status_list_out_of_date")

    def test_a_list_from_the_future_is_not_believed(self) -> None:
        issued = Issued()
        verdict = judge(issued, status_list=issued.status_list(at=NOW + timedelta(days=2)))
        assert reason(verdict, CheckName.STATUS) == (CheckResult.NOT_MADE, "status_list_out_of_date")

    def test_a_list_is_valid_for_exactly_an_hour(self) -> None:
        issued = Issued()
        evidence = issued.evidence(status_list=issued.status_list(at=NOW))
        for after, result in ((timedelta(0), CheckResult.PASSED), (timedelta(hours=1), CheckResult.NOT_MADE)):
            verdict = verify(evidence, issued.issuer, now=NOW + after)
            assert verdict.check(CheckName.STATUS).result is result
        just_before = verify(evidence, issued.issuer, now=NOW + timedelta(minutes=59, seconds=59))
        assert just_before.check(CheckName.STATUS).result is CheckResult.PASSED

    def test_a_reader_whose_clock_is_slow_by_a_day_still_believes_it(self) -> None:
        issued = Issued()
        evidence = issued.evidence(status_list=issued.status_list(at=NOW))
        verdict = verify(evidence, issued.issuer, now=NOW - timedelta(days=1))
        assert verdict.check(CheckName.STATUS).result is CheckResult.PASSED

    def test_the_list_of_other_certificates_is_not_believed(self) -> None:
        issued = Issued()
        other = sign_status_list(2, [], ring=issued.ring, issuer_url=ISSUER, now=NOW)
        verdict = judge(issued, status_list=other)
        assert reason(verdict, CheckName.STATUS) == (CheckResult.NOT_MADE, "status_list_of_other_certificates")

    def test_the_list_of_a_stranger_is_not_believed(self) -> None:
        issued = Issued()
        other = sign_status_list(1, [], ring=a_ring(), issuer_url=ISSUER, now=NOW)
        verdict = judge(issued, status_list=other)
        assert reason(verdict, CheckName.STATUS) == (CheckResult.NOT_MADE, "status_list_unknown_key")

    def test_a_certificate_is_no_list(self) -> None:
        issued = Issued()
        verdict = judge(issued, status_list=issued.credential)
        assert reason(verdict, CheckName.STATUS) == (CheckResult.NOT_MADE, "status_list_not_a_revocation_list")


class TestCorrection:
    def test_a_signed_successor_that_names_it_replaces_it(self) -> None:
        issued = Issued()
        successor = Issued(ring=issued.ring, changes={"replaces": issued.statement.number})
        verdict = judge(issued, replacement=successor.credential, status_list=issued.status_list(issued.slot.index))
        assert (verdict.outcome, verdict.replaced_by) == (Outcome.CORRECTED, successor.statement.number)

    def test_it_needs_no_status_list(self) -> None:
        issued = Issued()
        successor = Issued(ring=issued.ring, changes={"replaces": issued.statement.number})
        assert judge(issued, replacement=successor.credential, status_list=None).outcome is Outcome.CORRECTED

    def test_a_stranger_cannot_replace_it(self) -> None:
        issued = Issued()
        forged = Issued(changes={"replaces": issued.statement.number})
        assert judge(issued, replacement=forged.credential).outcome is Outcome.TEST_CERTIFICATE

    @pytest.mark.parametrize("replaces", [None, "TEST-2345-6789-CDFH-JKMN"])
    def test_a_certificate_that_names_another_does_not_replace_it(self, replaces: str | None) -> None:
        issued = Issued()
        other = Issued(ring=issued.ring, changes={"replaces": replaces})
        assert judge(issued, replacement=other.credential).outcome is Outcome.TEST_CERTIFICATE

    @pytest.mark.parametrize("text", ["", "a.b.c"])
    def test_a_broken_successor_replaces_nothing(self, text: str) -> None:
        assert judge(Issued(), replacement=text).outcome is Outcome.TEST_CERTIFICATE


class TestThePublicLog:
    def test_a_proof_tells_where_and_when(self) -> None:
        issued = Issued()
        assert judge(issued).logged == Logged(position=1, size=2, at=ISSUED)

    def test_the_qr_code_alone_can_be_found_in_it(self) -> None:
        issued = Issued()
        evidence = Evidence(number=issued.statement.number, proof=issued.proof, log_proof=issued.log_proof())
        assert reason(verify(evidence, issued.issuer, now=NOW), CheckName.LOG) == (CheckResult.PASSED, None)

    @pytest.mark.parametrize(
        "changes",
        [
            {"number": "TEST-2345-6789-CDFH-JKMN"},
            {"statement_sha256": "0" * 64},
            {"credential_sha256": "0" * 64},
        ],
    )
    def test_an_entry_of_another_certificate_is_not_this_one(self, changes: dict[str, str]) -> None:
        issued = Issued()
        verdict = judge(issued, log_proof=issued.log_proof(issued.leaf(**changes)))
        assert verdict.outcome is Outcome.ALTERED
        assert reason(verdict, CheckName.LOG) == (CheckResult.FAILED, "log_entry_differs")

    def test_an_entry_of_another_statement_contradicts_the_qr_code(self) -> None:
        issued = Issued()
        log_proof = issued.log_proof(issued.leaf(statement_sha256="0" * 64))
        verdict = judge(issued, credential=None, statement=None, log_proof=log_proof)
        assert reason(verdict, CheckName.LOG) == (CheckResult.FAILED, "log_entry_differs")

    def test_a_revocation_is_no_issue(self) -> None:
        issued = Issued()
        leaf = Revoked(number=issued.statement.number, at=ISSUED)
        verdict = judge(issued, log_proof=issued.log_proof(leaf))
        assert reason(verdict, CheckName.LOG) == (CheckResult.FAILED, "log_entry_differs")

    @pytest.mark.parametrize(
        ("spoil", "expected"),
        [
            (lambda text: "", "malformed_log_proof"),
            (lambda text: text.replace("index 1", "index 0"), "log_proof_not_valid"),
            (lambda text: text.replace("certs.example/log\n2", "other.example/log\n2"), "foreign_log"),
            (lambda text: text.replace("certs.example/log\n2", "certs.example/log\n3"), "note_not_signed"),
            (lambda text: text.replace("certs.example/log\n2", "certs.example/log\ntwo"), "malformed_checkpoint"),
            (lambda text: text.replace("—", "-"), "malformed_note"),
        ],
    )
    def test_a_broken_proof_proves_nothing(self, spoil: Callable[[str], str], expected: str) -> None:
        issued = Issued()
        verdict = judge(issued, log_proof=spoil(issued.log_proof()))
        assert reason(verdict, CheckName.LOG) == (CheckResult.NOT_MADE, expected)
        assert verdict.logged is None

    def test_the_log_of_a_stranger_proves_nothing(self) -> None:
        issued, other = Issued(), Issued()
        other.statement, other.credential = issued.statement, issued.credential
        verdict = judge(issued, log_proof=other.log_proof())
        assert reason(verdict, CheckName.LOG) == (CheckResult.NOT_MADE, "note_not_signed")

    def test_a_log_that_no_witness_has_seen_proves_nothing_to_who_asks_for_one(self) -> None:
        issued = Issued()
        witness = NoteSigner.of(Ed25519PrivateKey.generate(), "witness.example", COSIGNATURE)
        strict = replace(issued.issuer, log=LogTrust(issued.log.key, (witness.key,), quorum=1))
        verdict = verify(issued.evidence(), strict, now=NOW)
        assert reason(verdict, CheckName.LOG) == (CheckResult.NOT_MADE, "too_few_witnesses")

    def test_without_the_key_of_the_log_it_stays_open(self) -> None:
        issued = Issued()
        verdict = verify(issued.evidence(), replace(issued.issuer, log=None), now=NOW)
        assert reason(verdict, CheckName.LOG) == (CheckResult.NOT_MADE, "no_log_key")


class TestKeysHaveALife:
    def test_a_retired_key_still_proves_what_it_signed_before(self) -> None:
        issued = Issued()
        issued.ring = issued.ring.rotated(LocalSigner.generate(Environment.SANDBOX, now=NOW), now=NOW)
        assert judge(issued).outcome is Outcome.TEST_CERTIFICATE

    def test_a_retired_key_proves_nothing_signed_later(self) -> None:
        issued = Issued()
        before = ISSUED - timedelta(seconds=1)
        issued.ring = issued.ring.rotated(LocalSigner.generate(Environment.SANDBOX, now=before), now=before)
        verdict = judge(issued)
        assert verdict.outcome is Outcome.NOT_OURS
        assert reason(verdict, CheckName.KEY) == (CheckResult.FAILED, "signed_after_key_retired")

    def test_a_key_may_sign_until_the_very_moment_it_is_retired(self) -> None:
        issued = Issued()
        issued.ring = issued.ring.rotated(LocalSigner.generate(Environment.SANDBOX, now=ISSUED), now=ISSUED)
        assert judge(issued).outcome is Outcome.TEST_CERTIFICATE

    def test_a_signature_from_the_moment_of_the_theft_is_refused(self) -> None:
        verdict = judge(stolen(at=ISSUED))
        assert reason(verdict, CheckName.KEY) == (CheckResult.FAILED, "signed_after_key_revoked")

    def test_a_signature_from_after_the_theft_is_refused(self) -> None:
        verdict = judge(stolen(at=ISSUED - timedelta(hours=1)))
        assert verdict.outcome is Outcome.NOT_OURS
        assert reason(verdict, CheckName.KEY) == (CheckResult.FAILED, "signed_after_key_revoked")

    def test_a_signature_dated_before_the_theft_needs_the_log(self) -> None:
        verdict = judge(stolen(at=ISSUED + timedelta(hours=1)), log_proof=None)
        assert verdict.outcome is Outcome.UNDECIDED
        assert reason(verdict, CheckName.KEY) == (CheckResult.NOT_MADE, "key_revoked_and_no_older_log_entry")
        assert verdict.statement is None

    def test_a_log_entry_from_before_the_theft_saves_it(self) -> None:
        issued = stolen(at=ISSUED + timedelta(hours=1))
        assert judge(issued, log_proof=issued.log_proof()).outcome is Outcome.TEST_CERTIFICATE

    def test_a_log_entry_from_after_the_theft_does_not(self) -> None:
        issued = stolen(at=ISSUED + timedelta(hours=1))
        late = issued.leaf(at=ISSUED + timedelta(hours=1))
        assert judge(issued, log_proof=issued.log_proof(late)).outcome is Outcome.UNDECIDED

    def test_nothing_is_issued_in_the_future(self) -> None:
        issued = Issued()
        verdict = verify(issued.evidence(), issued.issuer, now=ISSUED - timedelta(days=2))
        assert verdict.outcome is Outcome.NOT_OURS
        assert reason(verdict, CheckName.KEY) == (CheckResult.FAILED, "issued_in_future")

    def test_a_reader_whose_clock_is_slow_by_an_hour_is_not_alarmed(self) -> None:
        issued = Issued()
        verdict = verify(issued.evidence(status_list=None), issued.issuer, now=ISSUED - timedelta(hours=1))
        assert verdict.outcome is Outcome.TEST_CERTIFICATE


def stolen(at: object) -> Issued:
    """A certificate whose key was rotated today and revoked as of `at`."""
    issued = Issued()
    rotated = issued.ring.rotated(LocalSigner.generate(Environment.SANDBOX, now=NOW), now=NOW)
    issued.ring = rotated.with_revoked(rotated.history[0].kid, at=at, reason="compromised")
    return issued


class TestWhenNewsConflict:
    def test_alteration_outweighs_revocation(self) -> None:
        issued = Issued()
        other = issued.statement.model_copy(update={"grams": 1})
        verdict = judge(issued, statement=other, status_list=issued.status_list(issued.slot.index))
        assert verdict.outcome is Outcome.ALTERED

    def test_revocation_outweighs_test(self) -> None:
        issued = Issued()
        verdict = judge(issued, status_list=issued.status_list(issued.slot.index))
        assert (verdict.outcome, verdict.environment) == (Outcome.REVOKED, Environment.SANDBOX)
