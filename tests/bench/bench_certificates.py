"""Signing and checking certificates in process."""

from dataclasses import replace
from datetime import UTC, datetime

import jwt
from cryptography.hazmat.primitives import serialization

from certificates.compact_proof import sign_proof
from certificates.credential import StatusSlot, credential_claims, sign_credential
from certificates.verify import Evidence, TrustedIssuer, verify
from tests.bench.report import Figure, interleaved_medians_us, median_us
from tests.certificates.authority import a_ring
from tests.certificates.builders import a_statement

ISSUER = "https://ashiato.example"


def figures() -> list[Figure]:
    ring, statement, slot = a_ring(), a_statement(), StatusSlot(1, 4711)
    claims = credential_claims(statement, issuer_url=ISSUER, slot=slot)
    pem = ring.active.private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    ours, pyjwt = interleaved_medians_us(
        lambda: sign_credential(statement, ring=ring, issuer_url=ISSUER, slot=slot),
        lambda: jwt.encode(claims, pem, algorithm="ES256"),
    )
    issuer = TrustedIssuer(ISSUER, ring.keys)
    offline = Evidence(number=statement.number, proof=sign_proof(statement, ring=ring))
    now = datetime.now(UTC)
    full = replace(offline, credential=sign_credential(statement, ring=ring, issuer_url=ISSUER, slot=slot))
    return [
        Figure("issue_vs_pyjwt", ours, "us", baseline=pyjwt, ratio=pyjwt / ours, goal=">= 0.7"),
        Figure("offline_check_us", median_us(lambda: verify(offline, issuer, now=now)), "us", goal="<= 400"),
        Figure("full_check_us", median_us(lambda: verify(full, issuer, now=now)), "us"),
    ]
