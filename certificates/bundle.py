"""The exit bundle: one ZIP with everything that proves a certificate when the service is gone.

Besides the proofs it carries a program of one file (verify.mjs) that checks them with nothing but Node.js, and
instructions in both languages. The same parts give the same bytes.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from certificates.bundle_check import NOTICES, SUMS, sums_of
from certificates.credential import rfc3339
from certificates.log.checkpoint import LogTrust
from certificates.qr import proof_url
from certificates.statement import Disclosures, Statement

MAX_UNPACKED_BYTES = 30_000_000
MAX_FILES = 60
_TEXT_FILES = ("README.en.txt", "README.ja.txt", "verify.mjs")
_FOLDER = Path(__file__).parent / "bundle_files"


@dataclass(frozen=True, slots=True)
class PoolProof:
    """What proves a pool certificate: its credential, and that it is in the log (None before it has its place)."""

    credential: str
    log_proof: str | None


class UnreadableBundle(ValueError):
    """Not a bundle of this form, or one that unpacks to more than a bundle may hold."""

    code = "unreadable_bundle"


@dataclass(frozen=True, slots=True)
class Bundle:
    """`notices` maps file names to the registry's documents; `log_proof` comes with the log's and witnesses' keys.

    `pools` maps the numbers of the pool certificates, of which this one has grams, to their proofs.
    """

    issuer_url: str
    statement: Statement
    disclosures: Disclosures
    credential: str
    proof: str
    jwks: Mapping[str, Any]
    status_list: str
    made_at: datetime
    log_proof: str | None = None
    log: LogTrust | None = None
    pdf: bytes | None = None
    notices: Mapping[str, bytes] = field(default_factory=dict)
    pools: Mapping[str, PoolProof] = field(default_factory=dict)

    def to_zip(self) -> bytes:
        files = self._files()
        buffer = BytesIO()
        with ZipFile(buffer, "w", ZIP_DEFLATED, compresslevel=9) as archive:
            for name, data in sorted((files | {SUMS: sums_of(files)}).items()):
                entry = ZipInfo(name, self.made_at.timetuple()[:6])
                entry.compress_type = ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, data)
        return buffer.getvalue()

    def _files(self) -> dict[str, bytes]:
        about = {
            "certificate": self.statement.number,
            "issuer": self.issuer_url,
            "made_at": rfc3339(self.made_at),
        }
        files = {name: (_FOLDER / name).read_bytes() for name in _TEXT_FILES}
        files |= {
            "bundle.json": _readable(about),
            "certificate.jwt": self.credential.encode(),
            "disclosures.json": disclosures_file(self.disclosures),
            "jwks.json": _readable(self.jwks),
            "proof-url.txt": proof_url(self.issuer_url, self.statement.number, self.proof).encode(),
            "statement.json": self.statement.canonical_json(),
            "status-list.jwt": self.status_list.encode(),
        }
        if self.log_proof is not None and self.log is not None:
            files["certificate.tlog-proof"] = self.log_proof.encode()
            files["log-key.txt"] = "\n".join(str(key) for key in (self.log.key, *self.log.witnesses)).encode()
        if self.pdf is not None:
            files["certificate.pdf"] = self.pdf
        for number, pool in self.pools.items():
            files[f"pools/{number}.jwt"] = pool.credential.encode()
            if pool.log_proof is not None:
                files[f"pools/{number}.tlog-proof"] = pool.log_proof.encode()
        return files | {f"{NOTICES}{Path(name).name}": data for name, data in self.notices.items()}


def read_bundle_files(data: bytes) -> dict[str, bytes]:
    """The files of a bundle, unpacked with limits. Raises UnreadableBundle."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
                raise UnreadableBundle("larger than any bundle")
            if len({entry.filename for entry in entries}) < len(entries):
                raise UnreadableBundle("a name occurs twice, and programs differ in which file they take")
            return {entry.filename: archive.read(entry) for entry in entries}
    except (BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as problem:
        raise UnreadableBundle(f"not a readable bundle: {problem}") from problem


def disclosures_file(disclosures: Disclosures) -> bytes:
    """The names as a bundle spells them; in another spelling they would be another file of the same certificate."""
    return _readable({name.value: text.model_dump() for name, text in disclosures.items()})


def _readable(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
