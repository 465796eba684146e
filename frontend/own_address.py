"""Addresses that lead back: a path on this site and nothing else, however it is written."""

import re
from urllib.parse import urlsplit

# "//host" and "/\host" lead a browser to another site, and so do control characters that it drops on the way
_OWN = re.compile(r"/(?![/\\])[^\s\\\x00-\x1f\x7f]*\Z")
LONGEST = 2_000


def own_address(text: str) -> str | None:
    """The path if it is one on this site, else None."""
    if len(text) > LONGEST or not _OWN.match(text):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else text
