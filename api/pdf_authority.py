"""Files of the authority that signs PDFs: a P-256 key, and its certificate followed by those above it, both as PEM."""

import os
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from certificates.keys import UnusableKey
from certificates.signing_authority import SigningAuthority, make_sandbox_authority


def read_authority(key_file: Path, chain_file: Path) -> SigningAuthority:
    """Raises UnusableKey unless the first certificate of the chain is that of the key, and OSError."""
    try:
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        chain = tuple(x509.load_pem_x509_certificates(chain_file.read_bytes()))
    except (ValueError, TypeError) as problem:
        raise UnusableKey(f"no key and certificates that can sign PDFs: {problem}") from problem
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise UnusableKey("the key that signs PDFs is not a P-256 key")
    if chain[0].public_key() != key.public_key():
        raise UnusableKey("the first certificate of the PDF chain belongs to another key")
    return SigningAuthority(key, chain)


def write_sandbox_authority(key_file: Path, chain_file: Path, *, now: datetime) -> None:
    """Make a test authority; its key goes into a file that only its owner can read."""
    authority = make_sandbox_authority(now)
    key = authority.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with open(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:  # noqa: PTH123
        opened.write(key)
    chain_file.write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in authority.chain))
