"""Another signing key takes over: the files that hold the active key and those used before."""

import os
from datetime import datetime
from pathlib import Path

from certificates.keys import KeyRing, LocalSigner, read_jwks
from certificates.statement import Environment

STOLEN = "compromised"


def rotate_key_files(
    active: Path, retired: Path, *, environment: Environment, now: datetime, stolen_since: datetime | None = None
) -> KeyRing:
    """Replace the active key by a new one and keep the old one among the retired; with `stolen_since`, as revoked then.

    The running service goes on with the old key until it starts again. Safe to repeat after a crash: at every moment the
    old key is in one of the files. Raises UnusableKey, KeyOfOtherEnvironment, OSError.
    """
    signer = LocalSigner.from_text(active.read_text("utf-8"))
    known = read_jwks(retired.read_text("utf-8")) if retired.exists() else ()
    before = KeyRing(environment, signer, tuple(key for key in known if key.kid != signer.key.kid))
    after = before.rotated(successor := LocalSigner.generate(environment, now=now), now=now)
    if stolen_since is not None:
        after = after.with_revoked(signer.key.kid, at=stolen_since, reason=STOLEN)
    _replace(retired, after.history_text())
    _replace(active, successor.to_text())
    return after


def _replace(file: Path, text: str) -> None:
    """The whole new text or the whole old one, whatever happens meanwhile; only the owner can read it."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:  # noqa: PTH123
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)
