"""Identifiers: a prefix that names the kind, then a ULID, so that they sort by time of creation."""

import secrets
from datetime import datetime

from ulid import ULID


def new_id(prefix: str, at: datetime) -> str:
    """For example ord_01KAFQ3C9V3R6Y4M0N8T5B2D1E."""
    return f"{prefix}_{ULID.from_datetime(at)}"


def new_token() -> str:
    """An unguessable link code of 192 random bits, safe in a URL path."""
    return secrets.token_urlsafe(24)
