"""The drill for a stolen signing key (fault F24): rotate, publish, revoke; what the log had before stays valid."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from certificates.credential import sign_credential
from certificates.key_files import STOLEN, rotate_key_files
from certificates.keys import KeyRing, LocalSigner, create_key_file, read_jwks
from certificates.log.checkpoint import LogTrust
from certificates.statement import Environment
from certificates.status_list import sign_status_list
from certificates.verdict import CheckName, Outcome, not_made
from certificates.verify import TrustedIssuer, verify
from tests.certificates.authority import ISSUED, ISSUER, NOW, Issued

THEFT = ISSUED + timedelta(days=1)


@dataclass
class Files:
    """Where the service keeps its keys, and what it reads from there when it starts."""

    active: Path
    retired: Path

    def ring(self) -> KeyRing:
        history = self.retired.read_text("utf-8") if self.retired.exists() else None
        return KeyRing.load(Environment.SANDBOX, self.active.read_text("utf-8"), history)

    def rotate(self, stolen_since: datetime | None = THEFT) -> KeyRing:
        return rotate_key_files(
            self.active, self.retired, environment=Environment.SANDBOX, now=NOW, stolen_since=stolen_since
        )


@pytest.fixture
def files(tmp_path: Path) -> Files:
    create_key_file(tmp_path / "key.pem", Environment.SANDBOX, now=ISSUED - timedelta(days=30))
    return Files(tmp_path / "key.pem", tmp_path / "retired.json")


def the_issuer(files: Files, issued: Issued) -> TrustedIssuer:
    """As a stranger knows it: by the keys it publishes."""
    return TrustedIssuer(ISSUER, read_jwks(files.ring().jwks()), LogTrust(issued.log.key))


class TestAfterAKeyWasStolen:
    @pytest.mark.parametrize("drill", range(5))
    def test_old_certificates_stand_by_the_log_and_the_thiefs_do_not(self, files: Files, drill: int) -> None:
        stolen = files.ring()
        honest = Issued(ring=stolen)
        files.rotate()
        issuer, renewed = (
            the_issuer(files, honest),
            Issued(ring=files.ring(), log=honest.log, changes={"issued_at": NOW}),
        )
        fresh_list = sign_status_list(1, (), ring=files.ring(), issuer_url=ISSUER, now=NOW)
        of_honest = verify(honest.evidence(status_list=fresh_list), issuer, now=NOW)
        of_renewed = verify(renewed.evidence(status_list=fresh_list), issuer, now=NOW)
        assert (of_honest.outcome, of_renewed.outcome) == (Outcome.TEST_CERTIFICATE,) * 2
        for dated in (ISSUED, THEFT - timedelta(seconds=1), THEFT, NOW):
            forged = Issued(ring=stolen, changes={"issued_at": dated})
            verdict = verify(forged.evidence(status_list=fresh_list), issuer, now=NOW)
            assert verdict.outcome in {Outcome.UNDECIDED, Outcome.NOT_OURS}
            assert verdict.statement is None

    def test_no_status_list_of_that_key_says_anything(self, files: Files) -> None:
        stolen = files.ring()
        honest = Issued(ring=stolen)
        files.rotate()
        cleared = sign_status_list(1, (), ring=stolen, issuer_url=ISSUER, now=THEFT - timedelta(minutes=1))
        verdict = verify(honest.evidence(status_list=cleared), the_issuer(files, honest), now=THEFT)
        assert verdict.check(CheckName.STATUS) == not_made(CheckName.STATUS, "status_list_of_revoked_key")

    def test_no_correction_of_that_key_replaces_anything(self, files: Files) -> None:
        stolen = files.ring()
        honest = Issued(ring=stolen)
        files.rotate()
        forged = Issued(ring=stolen, changes={"replaces": honest.statement.number})
        credential = sign_credential(forged.statement, ring=stolen, issuer_url=ISSUER, slot=forged.slot)
        verdict = verify(honest.evidence(replacement=credential), the_issuer(files, honest), now=NOW)
        assert (verdict.outcome, verdict.replaced_by) == (Outcome.TEST_CERTIFICATE, None)


class TestTheKeyFiles:
    def test_publish_the_old_key_with_the_reason(self, files: Files) -> None:
        old = files.ring().active.key
        ring = files.rotate()
        (kept,) = files.ring().history
        assert (kept.kid, kept.revoked_at, kept.revocation_reason) == (old.kid, THEFT, STOLEN)
        assert files.ring().active.key.kid == ring.active.key.kid != old.kid
        assert files.active.stat().st_mode & 0o077 == 0

    def test_only_retire_a_key_that_nobody_stole(self, files: Files) -> None:
        files.rotate(stolen_since=None)
        (kept,) = files.ring().history
        assert (kept.retired_at, kept.revoked_at) == (NOW, None)

    def test_survive_a_crash_between_the_two(self, files: Files) -> None:
        before = files.active.read_text("utf-8")
        files.rotate()
        files.active.write_text(before, "utf-8")  # the second file had not been replaced yet
        again = files.rotate()
        assert [key.kid for key in again.history] == [LocalSigner.from_text(before).key.kid]

    def test_keep_every_key_of_several_rotations(self, files: Files) -> None:
        kids = []
        for _ in range(3):
            kids.append(files.ring().active.key.kid)
            files.rotate(stolen_since=None)
        assert [key.kid for key in files.ring().history] == kids[::-1]
