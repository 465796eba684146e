"""`ashiato log …`: rebuild the public log from its files and check it, as anyone can; and write those files."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path

import httpx

from api.instance import settings_of
from certificates.log.audit import Audit, LogDiffers, audit
from certificates.log.checkpoint import ForeignLog, LogTrust, MalformedCheckpoint, TooFewWitnesses
from certificates.log.notes import MalformedKey, MalformedNote, NoteKey, NoteNotSigned
from certificates.log.tiles import NotATile

EXIT_SOUND, EXIT_UNSOUND, EXIT_NOT_READ = 0, 1, 2
TIMEOUT_SECONDS = 10
KEYS_PATH = "/.well-known/ashiato-log.txt"
_UNSOUND = (
    LogDiffers,
    NotATile,
    ForeignLog,
    MalformedCheckpoint,
    MalformedNote,
    NoteNotSigned,
    TooFewWitnesses,
    UnicodeDecodeError,
)


class NoLogKey(Exception):
    """Nobody said whose log it is meant to be."""

    code = "no_log_key"


def run(chosen: argparse.Namespace) -> int:
    """Exit code 0: sound, 1: not what it should be, 2: could not be read."""
    if chosen.act in _WITH_OUR_BOOKS:
        return asyncio.run(_WITH_OUR_BOOKS[chosen.act](chosen))
    source = _Source(chosen.source)
    try:
        trust = LogTrust(_key(chosen.key, source))
        earlier = chosen.earlier.read_text("utf-8") if chosen.earlier else None
        result = audit(source.read, trust, earlier=earlier)
        checkpoint = source.read("checkpoint")
    except (NoLogKey, MalformedKey, httpx.HTTPError, OSError) as problem:
        sys.stderr.write(f"could not be read: {problem}\n")
        return EXIT_NOT_READ
    except _UNSOUND as problem:
        sys.stderr.write(f"NOT SOUND: {problem}\n")
        return EXIT_UNSOUND
    sys.stdout.write(_as_text(result, trust.key))
    if result.findings:
        return EXIT_UNSOUND
    if chosen.keep:
        chosen.keep.write_bytes(checkpoint)
    return EXIT_SOUND


class _Source:
    """The log's files below an issuer's address or in a folder; each is read once, so that all are of one moment."""

    def __init__(self, place: str) -> None:
        self.place = place.rstrip("/").removesuffix("/log") if "://" in place else place
        self.online = "://" in place
        self._kept: dict[str, bytes] = {}

    def read(self, path: str) -> bytes:
        if path not in self._kept:
            self._kept[path] = self.fetch(f"/log/{path}") if self.online else (Path(self.place) / path).read_bytes()
        return self._kept[path]

    def fetch(self, path: str) -> bytes:
        return httpx.get(self.place + path, timeout=TIMEOUT_SECONDS).raise_for_status().content


def _key(given: str | None, source: _Source) -> NoteKey:
    if given is not None:
        file = Path(given)
        text = file.read_text("utf-8") if file.is_file() else given
    elif source.online:
        text = source.fetch(KEYS_PATH).decode()
    else:
        raise NoLogKey("name the log's verifier key with --key")
    lines = text.split()
    if not lines:
        raise NoLogKey("there is no key in what was named")
    return NoteKey.from_text(lines[0])


def _as_text(result: Audit, key: NoteKey) -> str:
    lines = [
        f"log: {key}",
        f"{result.checkpoint.size} entries, {result.issued} certificates, {result.grams:,} g CO2e certified and valid",
        *(f"FINDING at {finding.position}: {finding.code} {finding.subject}" for finding in result.findings),
        "NOT SOUND" if result.findings else "sound: signed, whole, and nothing is certified twice",
    ]
    return "\n".join(lines) + "\n"


async def _export(chosen: argparse.Namespace) -> int:
    from api.mail_wording import mail_wording  # noqa: PLC0415 - auditing needs no service
    from api.services import running_market  # noqa: PLC0415
    from certificates.log.store import export  # noqa: PLC0415

    settings = settings_of(chosen.data)
    async with running_market(settings, mail_wording(settings)):
        sys.stdout.write(f"{await export(chosen.folder)} entries\n")
    return EXIT_SOUND


async def _missing(chosen: argparse.Namespace) -> int:
    """Exit code 0: our books have all of it, 1: they do not, or the copy is not our log, 2: it could not be read."""
    from api.mail_wording import mail_wording  # noqa: PLC0415 - auditing needs no service
    from api.services import running_market  # noqa: PLC0415
    from certificates.log.missing import missing_here  # noqa: PLC0415

    settings = settings_of(chosen.data)
    async with running_market(settings, mail_wording(settings)) as market:
        try:
            leaves = await missing_here(_Source(chosen.source).read, market.log.trust)
        except (httpx.HTTPError, OSError) as problem:
            sys.stderr.write(f"could not be read: {problem}\n")
            return EXIT_NOT_READ
        except _UNSOUND as problem:
            sys.stderr.write(f"NOT SOUND: {problem}\n")
            return EXIT_UNSOUND
    for leaf in leaves:
        sys.stdout.write(f"{leaf.event} {leaf.number} {leaf.at.isoformat()}\n")
    sys.stdout.write(f"{len(leaves)} entries of the copy are missing here\n")
    return EXIT_UNSOUND if leaves else EXIT_SOUND


async def _adopt(chosen: argparse.Namespace) -> int:
    """Exit code 0: our log goes on from the copy, 1: it must not, and nothing was changed, 2: it could not be read."""
    from api.mail_wording import mail_wording  # noqa: PLC0415 - auditing needs no service
    from api.services import running_market  # noqa: PLC0415
    from certificates.backing import CancellationDiffers  # noqa: PLC0415
    from certificates.log.adopt import CertifiedAgain, CopyNotLonger, LogForked, adopt, read_copy  # noqa: PLC0415
    from certificates.log.leaves import MalformedLeaf  # noqa: PLC0415
    from marketplace.database.transactions import run_tx  # noqa: PLC0415

    settings = settings_of(chosen.data)
    async with running_market(settings, mail_wording(settings)) as market:
        try:
            copy = read_copy(_Source(chosen.source).read, market.log.trust)
            adopted = await run_tx(lambda _: adopt(copy, now=market.clock()))
        except (httpx.HTTPError, OSError) as problem:
            sys.stderr.write(f"could not be read: {problem}\n")
            return EXIT_NOT_READ
        except (CopyNotLonger, LogForked, CertifiedAgain, CancellationDiffers, MalformedLeaf, *_UNSOUND) as problem:
            sys.stderr.write(f"NOT ADOPTED: {problem}\n")
            return EXIT_UNSOUND
    for leaf in adopted.lost:
        sys.stdout.write(f"lost: {leaf.event} {leaf.number} {leaf.at.isoformat()}\n")
    sys.stdout.write(f"the log had {adopted.size_before} entries and goes on from {adopted.size}\n")
    return EXIT_SOUND


_WITH_OUR_BOOKS: Mapping[str, Callable[[argparse.Namespace], Coroutine[None, None, int]]] = {
    "export": _export,
    "missing": _missing,
    "adopt": _adopt,
}
