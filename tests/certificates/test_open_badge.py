import json
from typing import Any

import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from certificates.keys import KeyOfOtherEnvironment
from certificates.open_badge import open_badge_claims, sign_open_badge
from certificates.statement import Environment
from certificates.verdict import CheckName, Outcome
from certificates.verify import Evidence, verify
from tests.certificates.authority import ISSUER, NOW, Issued, a_ring


def a_badge(issued: Issued) -> dict[str, Any]:
    return open_badge_claims(issued.statement, issuer_url=ISSUER, slot=issued.slot)


class TestABadgeSaysWhatTheCertificateSays:
    def test_field_by_field(self) -> None:
        issued = Issued()
        badge, statement = a_badge(issued), issued.statement
        subject = badge["credentialSubject"]
        assert subject["result"][0]["value"] == str(statement.grams)
        assert subject["result"][0]["resultDescription"] == subject["achievement"]["resultDescription"][0]["id"]
        assert subject["activityStartDate"].startswith(statement.period.first.isoformat())
        assert subject["activityEndDate"].startswith(statement.period.last.isoformat())
        assert badge["validFrom"] == "2026-11-18T03:04:05Z"
        assert badge["evidence"][0] == {
            "id": f"{ISSUER}/c/{statement.number}",
            "type": ["Evidence"],
            "name": statement.number,
        }

    def test_it_is_revoked_with_the_certificate(self) -> None:
        issued = Issued()
        status = a_badge(issued)["credentialStatus"]
        assert (status["statusListIndex"], status["statusListCredential"]) == ("94567", f"{ISSUER}/status/1")

    def test_it_has_no_name_in_it(self) -> None:
        issued = Issued()
        written = json.dumps(a_badge(issued), ensure_ascii=False)
        assert all(text.value not in written for text in issued.disclosures.values())

    def test_it_never_says_that_nothing_was_emitted(self) -> None:
        narrative = a_badge(Issued())["credentialSubject"]["achievement"]["criteria"]["narrative"]
        assert "took place" in narrative

    @pytest.mark.parametrize("environment", Environment)
    def test_a_sandbox_badge_says_test(self, environment: Environment) -> None:
        badge = a_badge(Issued(ring=a_ring(environment)))
        assert badge["name"].startswith("TEST:") == (environment is Environment.SANDBOX)


class TestABadgeHasTheFormOfTheSpecification:
    def test_types_and_contexts(self) -> None:
        badge = a_badge(Issued())
        assert badge["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
        assert badge["@context"][0] == "https://www.w3.org/ns/credentials/v2"
        assert badge["credentialSubject"]["type"] == ["AchievementSubject"]
        assert badge["credentialSubject"]["achievement"].keys() >= {"id", "type", "name", "description", "criteria"}

    def test_registered_claims_repeat_the_properties(self) -> None:
        issued = Issued()
        badge = a_badge(issued)
        assert (badge["iss"], badge["jti"], badge["sub"]) == (
            badge["issuer"]["id"],
            badge["id"],
            badge["credentialSubject"]["id"],
        )
        assert badge["nbf"] == int(issued.statement.issued_at.timestamp())

    def test_another_library_verifies_it_with_the_key_in_its_header(self) -> None:
        issued = Issued()
        token = JWS()
        token.deserialize(sign_open_badge(issued.statement, ring=issued.ring, issuer_url=ISSUER, slot=issued.slot))
        token.verify(JWK(**token.jose_header["jwk"]), alg="ES256")
        assert json.loads(token.payload) == a_badge(issued)
        assert token.jose_header["jwk"].keys() == {"kty", "crv", "x", "y"}

    def test_it_is_signed_in_its_own_environment_only(self) -> None:
        issued = Issued()
        with pytest.raises(KeyOfOtherEnvironment):
            sign_open_badge(issued.statement, ring=a_ring(Environment.LIVE), issuer_url=ISSUER, slot=issued.slot)


def test_a_badge_is_not_taken_for_a_certificate() -> None:
    issued = Issued()
    badge = sign_open_badge(issued.statement, ring=issued.ring, issuer_url=ISSUER, slot=issued.slot)
    verdict = verify(Evidence(credential=badge), issued.issuer, now=NOW)
    assert verdict.outcome is Outcome.NOT_OURS
    assert verdict.check(CheckName.CREDENTIAL).reason == "embedded_key"
