import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from certificates.jose import MalformedToken, from_base64url, read_compact, sign_compact, to_base64url
from certificates.keys import LocalSigner, PublicKey
from certificates.statement import Environment
from tests.certificates.authority import NOW

# RFC 7515, appendix A.3: a JWS using ECDSA P-256 SHA-256.
RFC_7515_A3_KEY = {
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
RFC_7515_A3_SIGNING_INPUT = (
    "eyJhbGciOiJFUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
RFC_7515_A3_SIGNATURE = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"


def a_signer() -> LocalSigner:
    return LocalSigner.generate(Environment.SANDBOX, now=NOW)


def a_token(signer: LocalSigner, header: dict[str, object], payload: bytes = b"{}") -> str:
    """A correctly signed token with any header at all."""
    head = to_base64url(json.dumps(header).encode())
    body = to_base64url(payload)
    return f"{head}.{body}.{to_base64url(signer.sign(f'{head}.{body}'.encode()))}"


def our_header(signer: LocalSigner, **changes: object) -> dict[str, object]:
    header = {"alg": "ES256", "typ": "vc+jwt", "cty": "vc", "kid": signer.key.kid} | changes
    return {name: value for name, value in header.items() if value is not None}


class TestPublishedVector:
    def test_rfc_7515_a3_verifies(self) -> None:
        key = PublicKey(Environment.LIVE, RFC_7515_A3_KEY["x"], RFC_7515_A3_KEY["y"], NOW)
        signature = from_base64url(RFC_7515_A3_SIGNATURE)
        assert key.verifies(RFC_7515_A3_SIGNING_INPUT.encode(), signature)
        assert not key.verifies(RFC_7515_A3_SIGNING_INPUT.encode() + b" ", signature)


class TestStrangersCanReadOurTokens:
    def test_a_library_we_do_not_use_verifies_the_signature(self) -> None:
        signer = a_signer()
        token = JWS()
        token.deserialize(sign_compact({"iss": "https://certs.example"}, signer))
        token.verify(JWK(kty="EC", crv="P-256", x=signer.key.x, y=signer.key.y), alg="ES256")
        assert json.loads(token.payload) == {"iss": "https://certs.example"}
        assert token.jose_header == our_header(signer)

    def test_we_read_our_own(self) -> None:
        signer = a_signer()
        token = read_compact(sign_compact({"名": "証明書"}, signer))
        assert token.is_signed_by(signer.key)
        assert (token.kid, token.claims()) == (signer.key.kid, {"名": "証明書"})

    def test_another_key_did_not_sign_it(self) -> None:
        assert not read_compact(sign_compact({}, a_signer())).is_signed_by(a_signer().key)


class TestOnlyOurFormIsRead:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"alg": "none"}, "algorithm_not_allowed"),
            ({"alg": "HS256"}, "algorithm_not_allowed"),
            ({"alg": "ES384"}, "algorithm_not_allowed"),
            ({"alg": None}, "algorithm_not_allowed"),
            ({"jwk": {"kty": "EC"}}, "embedded_key"),
            ({"jku": "https://evil.example/jwks"}, "embedded_key"),
            ({"x5c": ["MII"]}, "embedded_key"),
            ({"x5t": "MII"}, "embedded_key"),
            ({"x5t#S256": "MII"}, "embedded_key"),
            ({"x5u": "https://evil.example/x"}, "embedded_key"),
            ({"typ": "JWT"}, "wrong_type"),
            ({"typ": None}, "wrong_type"),
            ({"typ": "vp+jwt"}, "wrong_type"),
            ({"cty": "vp"}, "wrong_type"),
            ({"crit": ["exp"]}, "unexpected_header"),
            ({"b64": False}, "unexpected_header"),
            ({"kid": None}, "unexpected_header"),
            ({"kid": 7}, "unexpected_header"),
        ],
    )
    def test_a_header_with_anything_else_is_refused(self, changes: dict[str, object], reason: str) -> None:
        signer = a_signer()
        with pytest.raises(MalformedToken) as refused:
            read_compact(a_token(signer, our_header(signer, **changes)))
        assert refused.value.reason == reason

    def test_an_unsigned_token_of_a_general_library_is_refused(self) -> None:
        key = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))
        with pytest.raises(MalformedToken):
            read_compact(jws.serialize_compact({"alg": "ES256"}, b"{}", key))

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "not_compact"),
            ("a.b", "not_compact"),
            ("a.b.c.d", "not_compact"),
            ("a.b.c", "unreadable_header"),
            ("é.b.c", "unreadable_header"),
            (to_base64url(b"[]") + ".b.c", "unreadable_header"),
            (to_base64url(b'{"alg":"ES256","alg":"none"}') + ".b.c", "unreadable_header"),
            (to_base64url(b"[" * 100_000) + ".b.c", "unreadable_header"),
            ("." * 500_001, "too_large"),
            ("." * 500_000, "not_compact"),
        ],
    )
    def test_a_text_of_another_shape_is_refused(self, text: str, reason: str) -> None:
        with pytest.raises(MalformedToken) as refused:
            read_compact(text)
        assert refused.value.reason == reason

    @pytest.mark.parametrize("payload", [b"", b"[]", b"3", b'{"a":1,"a":2}', b"\xff", b"{" * 100_000])
    def test_a_payload_that_is_no_plain_object_is_refused(self, payload: bytes) -> None:
        signer = a_signer()
        token = read_compact(a_token(signer, our_header(signer), payload))
        with pytest.raises(MalformedToken) as refused:
            token.claims()
        assert refused.value.reason == "not_json"


class TestEverySpellingOfTheSameBytesButOneIsRefused:
    def test_unused_bits_of_the_last_character_are_zero(self) -> None:
        signer = a_signer()
        token = sign_compact({}, signer)
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        neighbour = alphabet[alphabet.index(token[-1]) ^ 1]
        with pytest.raises(MalformedToken) as refused:
            read_compact(token[:-1] + neighbour)
        assert refused.value.reason == "not_canonical"

    @pytest.mark.parametrize("text", ["AA==", "A A", "A+/A", "A\nAA", "A"])
    def test_padding_blanks_and_the_other_alphabet_are_refused(self, text: str) -> None:
        with pytest.raises(MalformedToken):
            from_base64url(text)
