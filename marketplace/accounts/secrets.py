"""Secrets that are handed out once and kept only as a hash."""

import hashlib
import secrets

TOKEN_BYTES = 32


def new_secret() -> str:
    """256 random bits, safe in a URL and in a cookie."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def sha256_of(secret: str) -> str:
    """For secrets of 128 random bits and more: a slow hash would protect nothing that cannot be guessed anyway."""
    return hashlib.sha256(secret.encode()).hexdigest()
