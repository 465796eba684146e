"""Secrets that have to be computed with, and so cannot be kept as a hash, are kept sealed: Fernet, AES-128-CBC with HMAC-SHA-256.

The keys lie in a file beside the database, one to a line, the newest first: the first one seals, all of them open. A copy of
the database alone opens nothing, and a sealed secret that is moved to another person's row does not open either.
"""

import os
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SealKeysUnusable(Exception):
    """The file has no key, or a line of it is none. The line itself is not repeated."""

    code = "seal_keys_unusable"


class SealBroken(Exception):
    """No key opens this: it was changed, belongs to somebody else, or its key was removed from the file too early."""

    code = "seal_broken"


@dataclass(frozen=True, slots=True)
class SealKeys:
    """The newest first. `name_of` gives keys names that may be written down."""

    keys: tuple[str, ...] = field(repr=False)

    @classmethod
    def from_text(cls, text: str) -> "SealKeys":
        """One key (32 bytes in base64url) to a line; empty lines and lines that begin with # do not count. Raises SealKeysUnusable."""
        keys = tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))
        if not keys:
            raise SealKeysUnusable("there is no key in the file")
        try:
            for key in keys:
                Fernet(key)
        except ValueError as malformed:
            raise SealKeysUnusable("a line of the file is no key") from malformed
        return cls(keys)

    @property
    def newest(self) -> str:
        """The name of the key that seals."""
        return name_of(self.keys[0])

    def seal(self, secret: str, owner: str) -> str:
        """Only for `owner`, an id; opened with `open` alone."""
        return Fernet(self.keys[0]).encrypt(f"{owner}:{secret}".encode()).decode()

    def open(self, sealed: str, owner: str) -> str:
        """Raises SealBroken."""
        try:
            whose, _, secret = MultiFernet([Fernet(key) for key in self.keys]).decrypt(sealed).decode().partition(":")
        except InvalidToken as broken:
            raise SealBroken("no key opens this secret") from broken
        if whose != owner:
            raise SealBroken("this secret belongs to somebody else")
        return secret

    def opened(self, secret: str, sealed_with: str | None, owner: str) -> str:
        """One that may be older than seals: without the name of a key it stands as it is. Raises SealBroken."""
        return secret if sealed_with is None else self.open(secret, owner)


def name_of(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:12]


def add_seal_key(path: Path) -> str:
    """Put a fresh key on the first line of the file, or start the file; only its owner can read it. Returns the key's name."""
    key = Fernet.generate_key().decode()
    older = path.read_text("utf-8") if path.exists() else ""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:  # noqa: PTH123
        opened.write(f"{key}\n{older}")
    draft.replace(path)
    return name_of(key)
