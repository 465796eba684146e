"""A signed answer vouches for one request, one status and one body, and any JOSE library can check it."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, KeySet
from jwcrypto import jwk as other_jwk
from jwcrypto import jws as other_jws

from marketplace.registries.answer_signature import (
    AnsweredRequest,
    SignatureMissingOrWrong,
    UnknownSigningKey,
    check_answer,
    sign_answer,
)

ASKED = AnsweredRequest("GET", "/v1/cancellations?reference=R1", "id-1")
BODY = b'{"items":[],"next":null}'


@pytest.fixture(scope="module")
def key() -> ECKey:
    return ECKey.generate_key("P-256", auto_kid=True)


@pytest.fixture(scope="module")
def public(key: ECKey) -> KeySet:
    return KeySet.import_key_set({"keys": [key.as_dict(private=False)]})


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class TestItVouchesForThisAnswerOnly:
    def test_the_true_answer_passes(self, key: ECKey, public: KeySet) -> None:
        check_answer(public, sign_answer(key, ASKED, status=200, body=BODY), ASKED, status=200, body=BODY)

    @pytest.mark.parametrize(
        ("asked", "status", "body"),
        [
            (replace(ASKED, request_id="id-2"), 200, BODY),  # an old answer to the same question
            (replace(ASKED, target="/v1/cancellations?reference=R2"), 200, BODY),
            (replace(ASKED, method="POST"), 200, BODY),
            (ASKED, 201, BODY),
            (ASKED, 200, BODY + b" "),
            (ASKED, 200, b""),
        ],
    )
    def test_no_other_does(self, key: ECKey, public: KeySet, asked: AnsweredRequest, status: int, body: bytes) -> None:
        signature = sign_answer(key, ASKED, status=200, body=BODY)
        with pytest.raises(SignatureMissingOrWrong):
            check_answer(public, signature, asked, status=status, body=body)

    def test_every_flipped_bit_is_noticed(self, key: ECKey, public: KeySet) -> None:
        signature = sign_answer(key, ASKED, status=200, body=BODY)
        head, payload, tail = signature.split(".")
        for position in range(0, len(payload), 7):
            changed = payload[:position] + ("A" if payload[position] != "A" else "B") + payload[position + 1 :]
            with pytest.raises(SignatureMissingOrWrong):
                check_answer(public, f"{head}.{changed}.{tail}", ASKED, status=200, body=BODY)


class TestForgeriesAreRefused:
    @pytest.mark.parametrize("signature", ["", "nonsense", "a.b.c", "..", "e30.e30.e30", "あ.い.う"])
    def test_no_signature_at_all(self, public: KeySet, signature: str) -> None:
        with pytest.raises(SignatureMissingOrWrong):
            check_answer(public, signature, ASKED, status=200, body=BODY)

    def test_a_stranger_with_its_own_key(self, public: KeySet) -> None:
        stranger = ECKey.generate_key("P-256", auto_kid=True)
        with pytest.raises(UnknownSigningKey):
            check_answer(public, sign_answer(stranger, ASKED, status=200, body=BODY), ASKED, status=200, body=BODY)

    def test_a_stranger_under_the_registrys_key_name(self, key: ECKey, public: KeySet) -> None:
        stranger = ECKey.import_key(ECKey.generate_key("P-256").as_dict(private=True) | {"kid": key.kid})
        with pytest.raises(SignatureMissingOrWrong):
            check_answer(public, sign_answer(stranger, ASKED, status=200, body=BODY), ASKED, status=200, body=BODY)

    def test_another_algorithm_with_the_public_key_as_secret(self, key: ECKey, public: KeySet) -> None:
        genuine = sign_answer(key, ASKED, status=200, body=BODY).split(".")
        header = {"alg": "HS256", "typ": "registry-answer+jws", "kid": key.kid}
        signed = f"{encoded(json.dumps(header).encode())}.{genuine[1]}"
        mac = hmac.digest(key.as_pem(private=False), signed.encode(), "sha256")
        forged = f"{signed}.{encoded(mac)}"
        with pytest.raises(SignatureMissingOrWrong):
            check_answer(public, forged, ASKED, status=200, body=BODY)

    def test_a_signature_made_for_another_purpose(self, key: ECKey, public: KeySet) -> None:
        genuine = jws.extract_compact(sign_answer(key, ASKED, status=200, body=BODY).encode())
        header = {"alg": "ES256", "typ": "vc+jwt", "kid": key.kid}
        borrowed = jws.serialize_compact(header, genuine.payload, key)
        with pytest.raises(SignatureMissingOrWrong):
            check_answer(public, borrowed, ASKED, status=200, body=BODY)


def test_another_jose_library_verifies_it(key: ECKey) -> None:
    signature = sign_answer(key, ASKED, status=200, body=BODY)
    stranger = other_jws.JWS()
    stranger.deserialize(signature, other_jwk.JWK(**key.as_dict(private=False)))
    claims = json.loads(stranger.payload)
    assert claims["sha256"] == hashlib.sha256(BODY).hexdigest()
    assert claims["target"] == ASKED.target
