from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from jwcrypto.jwk import JWK

from certificates.compact_proof import PROOF_CHARACTERS, DayOutsideProof, MalformedProof, read_proof, sign_proof
from certificates.jose import from_base64url, to_base64url
from certificates.keys import KeyOfOtherEnvironment
from certificates.number import new_number
from certificates.statement import Environment, Period
from tests.certificates.authority import Issued, a_ring
from tests.certificates.builders import a_cancellation, a_span, a_statement


class TestTheProofStandsForTheStatement:
    def test_it_reads_back(self) -> None:
        issued = Issued()
        proof = read_proof(issued.statement.number, issued.proof)
        assert proof.is_signed_by(issued.ring.active.key)
        assert proof.may_be_of(issued.ring.active.key)
        assert proof.agrees_with(issued.statement)
        assert (proof.grams, proof.period) == (issued.statement.grams, issued.statement.period)

    def test_the_day_of_issue_is_the_japanese_one(self) -> None:
        issued = Issued(changes={"issued_at": datetime(2026, 12, 31, 15, 0, tzinfo=UTC)})
        proof = read_proof(issued.statement.number, issued.proof)
        assert proof.issued_on == date(2027, 1, 1)
        assert proof.issued_at_earliest == datetime(2026, 12, 31, 15, 0, tzinfo=UTC)

    def test_an_amount_far_beyond_any_registry_fits(self) -> None:
        grams = 10**15
        cancellation = a_cancellation(serials=(a_span(1, grams // 1_000_000),))
        issued = Issued(changes={"cancellations": (cancellation,), "grams": grams})
        assert read_proof(issued.statement.number, issued.proof).grams == grams

    @pytest.mark.parametrize("day", [date(1970, 1, 1), date(2149, 6, 6)])
    def test_a_single_day_the_first_or_last_that_two_bytes_hold(self, day: date) -> None:
        issued = Issued(changes={"period": Period(first=day, last=day)})
        assert read_proof(issued.statement.number, issued.proof).period == issued.statement.period

    @pytest.mark.parametrize(
        "changes",
        [
            {"grams": 4_999_999},
            {"period": Period(first=date(2026, 9, 12), last=date(2026, 9, 14))},
            {"issued_at": datetime(2026, 11, 19, 3, 4, 5, tzinfo=UTC)},
            {"reduction_effort": "別の取組"},
            {"number": new_number(Environment.SANDBOX)},
        ],
    )
    def test_it_disagrees_with_any_other_statement(self, changes: dict[str, object]) -> None:
        issued = Issued()
        other = issued.statement.model_copy(update=changes)
        assert not read_proof(issued.statement.number, issued.proof).agrees_with(other)


class TestTheSignatureCoversEverything:
    def test_the_documented_bytes_verify_with_another_library(self) -> None:
        issued = Issued()
        data = from_base64url(issued.proof)
        message = b"ashiato certificate QR proof v1\n" + issued.statement.number.encode() + b"\n" + data[:-64]
        key = JWK(kty="EC", crv="P-256", x=issued.ring.active.key.x, y=issued.ring.active.key.y)
        public = key.get_op_key("verify")
        assert isinstance(public, ec.EllipticCurvePublicKey)
        der = encode_dss_signature(int.from_bytes(data[-64:-32]), int.from_bytes(data[-32:]))
        public.verify(der, message, ec.ECDSA(hashes.SHA256()))

    def test_every_single_bit(self) -> None:
        issued = Issued()
        data = from_base64url(issued.proof)
        accepted = []
        for bit in range(len(data) * 8):
            spoilt = bytearray(data)
            spoilt[bit // 8] ^= 1 << bit % 8
            try:
                proof = read_proof(issued.statement.number, to_base64url(bytes(spoilt)))
            except MalformedProof:
                continue
            if proof.is_signed_by(issued.ring.active.key):
                accepted.append(bit)
        assert accepted == []

    def test_another_number(self) -> None:
        issued = Issued()
        proof = read_proof(new_number(Environment.SANDBOX), issued.proof)
        assert not proof.is_signed_by(issued.ring.active.key)

    def test_a_signature_made_for_something_else_is_no_proof(self) -> None:
        issued = Issued()
        data = from_base64url(issued.proof)
        without_domain = data[:-64] + issued.ring.active.sign(data[:-64])
        proof = read_proof(issued.statement.number, to_base64url(without_domain))
        assert not proof.is_signed_by(issued.ring.active.key)


class TestTheProofIsSmall:
    def test_it_has_132_characters(self) -> None:
        assert PROOF_CHARACTERS == len(Issued().proof) == 132


class TestOtherFragmentsAreRefused:
    @pytest.mark.parametrize(
        ("spoil", "reason"),
        [
            (lambda proof: "", "wrong_length"),
            (lambda proof: proof[:-4], "wrong_length"),
            (lambda proof: proof + "AAAA", "wrong_length"),
            (lambda proof: proof[:-1] + "=", "not_canonical"),
            (lambda proof: proof.replace(proof[5], "é"), "not_canonical"),
            (lambda proof: to_base64url(b"\2" + from_base64url(proof)[1:]), "unknown_version"),
        ],
    )
    def test_with_the_rule_they_break(self, spoil: object, reason: str) -> None:
        issued = Issued()
        assert callable(spoil)
        with pytest.raises(MalformedProof) as refused:
            read_proof(issued.statement.number, spoil(issued.proof))
        assert refused.value.reason == reason

    def test_a_period_that_ends_before_it_begins(self) -> None:
        data = bytearray(from_base64url(Issued().proof))
        data[13:15], data[15:17] = b"\x50\x00", b"\x4f\xff"
        with pytest.raises(MalformedProof) as refused:
            read_proof("TEST", to_base64url(bytes(data)))
        assert refused.value.reason == "bad_dates"


class TestWhatCannotBeProvenIsNotSigned:
    @pytest.mark.parametrize("day", [date(1969, 12, 31), date(2149, 6, 7)])
    def test_a_day_that_two_bytes_cannot_hold(self, day: date) -> None:
        with pytest.raises(DayOutsideProof):
            sign_proof(a_statement(period=Period(first=day, last=day)), ring=a_ring())

    def test_a_statement_of_the_other_environment(self) -> None:
        with pytest.raises(KeyOfOtherEnvironment):
            sign_proof(a_statement(), ring=a_ring(Environment.LIVE))


class TestKeyHintsOnlyPointTheWay:
    def test_a_key_with_the_same_hint_still_has_to_verify(self) -> None:
        issued, other = Issued(), a_ring()
        proof = read_proof(issued.statement.number, issued.proof)
        pretended = replace(proof, key_hint=from_base64url(other.active.key.kid)[:4])
        assert pretended.may_be_of(other.active.key)
        assert not pretended.is_signed_by(other.active.key)
