import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwcrypto.jwk import JWK

from certificates.keys import (
    DuplicateKey,
    KeyOfOtherEnvironment,
    KeyRing,
    LocalSigner,
    PublicKey,
    UnknownKey,
    UnusableKey,
    create_key_file,
    read_jwks,
)
from certificates.statement import Environment
from tests.certificates.authority import NOW, a_ring


class TestSigningIsEs256:
    def test_a_signature_is_64_bytes_and_verifies(self) -> None:
        signer = LocalSigner.generate(Environment.SANDBOX, now=NOW)
        signature = signer.sign(b"message")
        assert len(signature) == 64
        assert signer.key.verifies(b"message", signature)

    def test_another_message_key_or_length_does_not_verify(self) -> None:
        signer, other = (LocalSigner.generate(Environment.SANDBOX, now=NOW) for _ in range(2))
        signature = signer.sign(b"message")
        assert not signer.key.verifies(b"massage", signature)
        assert not other.key.verifies(b"message", signature)
        assert not signer.key.verifies(b"message", signature[:-1])
        assert not signer.key.verifies(b"message", signature + b"\0")
        assert not signer.key.verifies(b"message", bytes(64))

    def test_the_key_id_is_the_rfc_7638_thumbprint(self) -> None:
        key = LocalSigner.generate(Environment.LIVE, now=NOW).key
        assert key.kid == JWK(kty="EC", crv="P-256", x=key.x, y=key.y).thumbprint()


class TestKeysOutliveTheProcess:
    def test_a_key_reads_back_from_its_text(self) -> None:
        signer = LocalSigner.generate(Environment.LIVE, now=NOW)
        again = LocalSigner.from_text(signer.to_text())
        assert again.key == signer.key
        assert signer.key.verifies(b"m", again.sign(b"m"))

    def test_a_key_file_is_for_its_owner_only(self, tmp_path: Path) -> None:
        signer = create_key_file(tmp_path / "key.pem", Environment.SANDBOX, now=NOW)
        assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
        assert LocalSigner.from_text((tmp_path / "key.pem").read_text()).key == signer.key

    def test_a_key_file_is_never_overwritten(self, tmp_path: Path) -> None:
        create_key_file(tmp_path / "key.pem", Environment.SANDBOX, now=NOW)
        with pytest.raises(FileExistsError):
            create_key_file(tmp_path / "key.pem", Environment.SANDBOX, now=NOW)

    @pytest.mark.parametrize("damage", ["", "no key at all", "Ashiato signing key, environment: sandbox"])
    def test_a_text_without_a_key_is_refused(self, damage: str) -> None:
        with pytest.raises(UnusableKey):
            LocalSigner.from_text(damage)

    def test_a_key_without_its_environment_mark_is_refused(self) -> None:
        text = LocalSigner.generate(Environment.SANDBOX, now=NOW).to_text()
        with pytest.raises(UnusableKey):
            LocalSigner.from_text(text.partition("\n")[2])

    @pytest.mark.parametrize("key", [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP384R1())])
    def test_a_key_of_another_kind_is_refused(
        self, key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
    ) -> None:
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        mark = LocalSigner.generate(Environment.SANDBOX, now=NOW).to_text().partition("\n")[0]
        with pytest.raises(UnusableKey):
            LocalSigner.from_text(f"{mark}\n{pem}")


class TestSandboxAndLiveNeverShareAKey:
    def test_a_ring_refuses_an_active_key_of_the_other_environment(self) -> None:
        text = LocalSigner.generate(Environment.SANDBOX, now=NOW).to_text()
        with pytest.raises(KeyOfOtherEnvironment) as refused:
            KeyRing.load(Environment.LIVE, text)
        assert (refused.value.found, refused.value.wanted) == (Environment.SANDBOX, Environment.LIVE)

    def test_a_ring_refuses_a_history_of_the_other_environment(self) -> None:
        sandbox = a_ring(Environment.SANDBOX)
        with pytest.raises(KeyOfOtherEnvironment):
            replace(a_ring(Environment.LIVE), history=(sandbox.active.key,))


class TestRotationKeepsHistory:
    def test_the_old_key_is_retired_and_still_published(self) -> None:
        ring = a_ring()
        rotated = ring.rotated(LocalSigner.generate(Environment.SANDBOX, now=NOW), now=NOW)
        assert rotated.history == (replace(ring.active.key, retired_at=NOW),)
        assert [key["kid"] for key in rotated.jwks()["keys"]] == [rotated.active.key.kid, ring.active.key.kid]

    def test_history_survives_a_restart(self) -> None:
        successor = LocalSigner.generate(Environment.SANDBOX, now=NOW)
        rotated = a_ring().rotated(successor, now=NOW)
        revoked = rotated.with_revoked(rotated.history[0].kid, at=NOW, reason="compromised")
        loaded = KeyRing.load(Environment.SANDBOX, successor.to_text(), revoked.history_text())
        assert loaded.keys == revoked.keys

    def test_the_active_key_must_be_rotated_before_it_is_revoked(self) -> None:
        ring = a_ring()
        with pytest.raises(UnknownKey):
            ring.with_revoked(ring.active.key.kid, at=NOW, reason="compromised")

    def test_the_same_key_twice_is_refused(self) -> None:
        ring = a_ring()
        with pytest.raises(DuplicateKey):
            ring.rotated(ring.active, now=NOW)


class TestThePublishedSet:
    def test_it_reads_back_as_the_same_keys(self) -> None:
        ring = a_ring().rotated(LocalSigner.generate(Environment.SANDBOX, now=NOW), now=NOW)
        assert read_jwks(json.dumps(ring.jwks())) == ring.keys

    def test_it_holds_no_private_part(self) -> None:
        assert all("d" not in key for key in a_ring().jwks()["keys"])

    def test_life_dates_are_those_of_historical_keys(self) -> None:
        retired, revoked = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
        key = replace(
            a_ring(created=retired - timedelta(days=90)).active.key,
            retired_at=retired,
            revoked_at=revoked,
            revocation_reason="compromised",
        )
        jwk = key.to_jwk()
        assert jwk["exp"] == int(retired.timestamp())
        assert jwk["revoked"] == {"revoked_at": int(revoked.timestamp()), "reason": "compromised"}
        assert PublicKey.from_jwk(jwk) == key

    @pytest.mark.parametrize(
        "spoil",
        [
            {"kty": "RSA"},
            {"crv": "P-384"},
            {"alg": "none"},
            {"kid": "another"},
            {"x": "AAAA"},
            {"x": None},
            {"environment": "staging"},
            {"iat": "yesterday"},
            {"iat": 10**30},
        ],
    )
    def test_a_key_that_is_not_ours_to_publish_is_refused(self, spoil: dict[str, object]) -> None:
        jwk = a_ring().active.key.to_jwk()
        with pytest.raises(UnusableKey):
            read_jwks({"keys": [jwk | spoil]})

    @pytest.mark.parametrize("document", ["", "[]", "{}", '{"keys": 3}', '{"keys": [1]}', "[" * 100_000])
    def test_a_document_that_is_no_key_set_is_refused(self, document: str) -> None:
        with pytest.raises(UnusableKey):
            read_jwks(document)
