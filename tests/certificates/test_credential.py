import hashlib
import json
from base64 import b64decode

import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from certificates.credential import (
    CONTEXT_SHA256,
    StatusSlot,
    context_document,
    credential_claims,
    sign_credential,
    slot_in,
    statement_in,
)
from certificates.keys import KeyOfOtherEnvironment
from certificates.statement import Environment
from tests.certificates.authority import ISSUER, Issued, a_ring
from tests.certificates.builders import a_statement

SLOT = StatusSlot(3, 94_567)


class TestTheCredentialIsAVerifiableCredential:
    def test_it_has_what_the_data_model_requires(self) -> None:
        statement = a_statement()
        claims = credential_claims(statement, issuer_url=ISSUER, slot=SLOT)
        assert claims["@context"][0] == "https://www.w3.org/ns/credentials/v2"
        assert claims["type"][0] == "VerifiableCredential"
        assert claims["issuer"] == claims["iss"] == ISSUER
        assert claims["id"] == f"{ISSUER}/c/{statement.number}"
        assert claims["validFrom"] == "2026-11-18T03:04:05Z"
        assert claims["iat"] == int(statement.issued_at.timestamp())
        assert not {"vc", "vp", "nbf"} & claims.keys()

    def test_its_status_entry_is_that_of_a_bitstring_status_list(self) -> None:
        claims = credential_claims(a_statement(), issuer_url=ISSUER, slot=SLOT)
        assert claims["credentialStatus"] == {
            "id": f"{ISSUER}/status/3#94567",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": "94567",
            "statusListCredential": f"{ISSUER}/status/3",
        }
        assert slot_in(claims, ISSUER) == SLOT

    def test_the_status_list_of_somebody_else_is_not_ours(self) -> None:
        claims = credential_claims(a_statement(), issuer_url=ISSUER, slot=SLOT)
        with pytest.raises(ValueError, match="status list"):
            slot_in(claims, "https://elsewhere.example")

    def test_it_names_its_context_by_hash(self) -> None:
        claims = credential_claims(a_statement(), issuer_url=ISSUER, slot=SLOT)
        related = claims["relatedResource"][0]
        assert related["id"] == claims["@context"][1]
        algorithm, _, digest = related["digestSRI"].partition("-")
        assert algorithm == "sha256"
        assert b64decode(digest) == hashlib.sha256(context_document()).digest()


class TestThePublishedContextNeverChanges:
    def test_its_hash_is_the_pinned_one(self) -> None:
        assert hashlib.sha256(context_document()).hexdigest() == CONTEXT_SHA256

    def test_it_defines_every_term_of_ours(self) -> None:
        context = json.loads(context_document())["@context"]
        claims = credential_claims(a_statement(), issuer_url=ISSUER, slot=SLOT)
        own_types = set(claims["type"]) - {"VerifiableCredential"}
        subject = claims["credentialSubject"]
        assert own_types | {subject["type"]} <= context.keys()
        assert subject.keys() - {"type"} <= context[subject["type"]]["@context"].keys()


class TestTheStatementIsCarriedWhole:
    def test_it_comes_back_out_equal(self) -> None:
        statement = a_statement()
        claims = credential_claims(statement, issuer_url=ISSUER, slot=SLOT)
        assert statement_in(json.loads(json.dumps(claims))) == statement

    @pytest.mark.parametrize("claims", [{}, {"credentialSubject": None}, {"credentialSubject": {"statement": {}}}])
    def test_a_credential_without_one_is_refused(self, claims: dict[str, object]) -> None:
        with pytest.raises(ValueError):
            statement_in(claims)

    def test_no_name_is_in_it(self) -> None:
        issued = Issued()
        payload = json.dumps(credential_claims(issued.statement, issuer_url=ISSUER, slot=SLOT), ensure_ascii=False)
        assert all(text.value not in payload for text in issued.disclosures.values())


class TestASandboxCredentialSaysSo:
    def test_in_its_type_and_in_its_name(self) -> None:
        claims = credential_claims(a_statement(), issuer_url=ISSUER, slot=SLOT)
        assert "TestCertificate" in claims["type"]
        assert "テスト証明書" in claims["name"][0]["@value"]
        assert "TEST CERTIFICATE" in claims["name"][1]["@value"]

    def test_a_live_one_does_not(self) -> None:
        statement = a_statement(environment=Environment.LIVE)
        claims = credential_claims(statement, issuer_url=ISSUER, slot=SLOT)
        assert claims["type"] == ["VerifiableCredential", "CreditCancellationCertificate"]
        assert "TEST" not in claims["name"][1]["@value"].removesuffix(statement.number)

    @pytest.mark.parametrize("environment", Environment)
    def test_a_ring_signs_for_its_own_environment_only(self, environment: Environment) -> None:
        other = next(e for e in Environment if e is not environment)
        with pytest.raises(KeyOfOtherEnvironment):
            sign_credential(a_statement(environment=environment), ring=a_ring(other), issuer_url=ISSUER, slot=SLOT)


class TestAStockLibraryVerifiesIt:
    def test_with_the_published_key_alone(self) -> None:
        issued = Issued()
        token = JWS()
        token.deserialize(issued.credential)
        published = issued.ring.jwks()["keys"][0]
        token.verify(JWK(**{name: published[name] for name in ("kty", "crv", "x", "y")}), alg="ES256")
        assert token.jose_header["typ"] == "vc+jwt"
        assert json.loads(token.payload)["credentialSubject"]["statement"]["grams"] == issued.statement.grams
