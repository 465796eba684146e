from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certificates.log.checkpoint import LogTrust
from certificates.log.leaves import Revoked
from certificates.log.notes import COSIGNATURE, NoteSigner
from certificates.verdict import CheckName, CheckResult, Logged, Outcome
from certificates.verify import Evidence, verify
from tests.certificates.authority import ISSUED, NOW, Issued
from tests.certificates.judging import judge, reason


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
