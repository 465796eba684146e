"""The log's own key: Ed25519, as C2SP checkpoints ask for, apart from the keys that sign certificates.

Whoever steals a signing key still cannot put anything into the log, and the other way round.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certificates.keys import KeyOfOtherEnvironment, UnusableKey
from certificates.log.notes import NoteSigner
from certificates.statement import Environment

_MARK = "Ashiato log key, environment: "


def log_origin(issuer_url: str) -> str:
    """The log's name: its address without scheme, e.g. ashiato.example/log."""
    parts = urlsplit(issuer_url)
    return f"{parts.netloc}{parts.path}/log"


def create_log_key_file(path: Path, environment: Environment) -> str:
    """Generate a key into a new file that only its owner can read, and return its text. Raises FileExistsError."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    text = f"{_MARK}{environment}\n{pem.decode()}"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)
    return text


def load_log_signer(text: str, environment: Environment, *, issuer_url: str) -> NoteSigner:
    """From the text of create_log_key_file. Raises UnusableKey, KeyOfOtherEnvironment."""
    mark = next((line.removeprefix(_MARK) for line in text.splitlines() if line.startswith(_MARK)), "")
    try:
        found = Environment(mark)
        private_key = serialization.load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError) as problem:
        raise UnusableKey(f"no log key with its environment mark: {problem}") from problem
    if not isinstance(private_key, Ed25519PrivateKey):
        raise UnusableKey("the log key is not an Ed25519 key")
    if found is not environment:
        raise KeyOfOtherEnvironment(found, environment)
    return NoteSigner.of(private_key, log_origin(issuer_url))
