"""Files with something changed are never accepted: every file of the exit bundle, the PDF alone, the files of the public log.

Seeded and repeatable. 160 mutations run with every test run; ASHIATO_MUTATIONS=10000 (or more) runs the full count, as for
tests/certificates/test_mutations.py.
"""

import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from certificates.bundle import read_bundle_files
from certificates.bundle_check import SUMS, sums_of
from certificates.credential import StatusSlot
from certificates.evidence import UnreadableEvidence, verify_file
from certificates.log.audit import audit
from certificates.verdict import CheckName, CheckResult, Outcome, Verdict
from tests.certificates.authority import NOW, Issued
from tests.certificates.log.test_audit import REFUSALS, TRUST, files_of
from tests.certificates.whole_bundle import a_signed_pdf, a_whole_bundle, an_authority, with_notice, zipped

COUNT = int(os.environ.get("ASHIATO_MUTATIONS", "160"))
SEED = 20261122

# Instructions and keys for whoever has no keys from elsewhere. No signature covers them, and the verifier reads none of them;
# a change is found by the sums, as long as nobody writes new ones.
NOT_SIGNED = {"README.en.txt", "README.ja.txt", "verify.mjs", "bundle.json", "jwks.json", "log-key.txt"}
# What proves something about a certificate, and nothing once it is spoilt: the check is then not passed.
AUXILIARY = {"certificate.tlog-proof": CheckName.LOG, "status-list.jwt": CheckName.STATUS}

Change = Callable[[bytes, bytes, random.Random], bytes]


def flip_a_bit(data: bytes, _: bytes, rng: random.Random) -> bytes:
    spoilt = bytearray(data)
    spoilt[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(spoilt)


def cut(data: bytes, _: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def lose_a_piece(data: bytes, _: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randint(1, 40) :]


def swap(_: bytes, other: bytes, __: random.Random) -> bytes:
    """The same file of another certificate of the same issuer."""
    return other


CHANGES: tuple[Change, ...] = (flip_a_bit, flip_a_bit, cut, lose_a_piece, swap)


def spoil(data: bytes, other: bytes, rng: random.Random) -> bytes:
    spoilt = data
    while spoilt == data:
        spoilt = rng.choice(CHANGES)(data, other, rng)
    return spoilt


@dataclass(frozen=True)
class _Ours:
    issued: Issued
    files: Mapping[str, bytes]
    other: Mapping[str, bytes]
    pdf: bytes
    other_pdf: bytes

    def judge(self, file: bytes) -> Verdict | None:
        """None if nothing could be read."""
        try:
            return verify_file(file, self.issued.issuer, now=NOW, paper_roots=(an_authority().root,))
        except UnreadableEvidence:
            return None


@cache
def _ours() -> _Ours:
    one = with_notice()
    other = with_notice(ring=one.ring, log=one.log, slot=StatusSlot(2, 7))
    files, others = (read_bundle_files(a_whole_bundle(issued).to_zip()) for issued in (one, other))
    others["notices/SBX-N-2026-000123.pdf"] = b"%PDF-1.7 what the registry never wrote"
    return _Ours(one, files, others, a_signed_pdf(one), a_signed_pdf(other))


def refused(verdict: Verdict | None) -> bool:
    return verdict is None or (verdict.outcome in {Outcome.ALTERED, Outcome.NOT_OURS} and verdict.statement is None)


def test_what_is_spoilt_here_is_accepted_as_it_was() -> None:
    ours = _ours()
    whole, paper = ours.judge(zipped(ours.files)), ours.judge(ours.pdf)
    assert whole is not None and paper is not None
    assert {check.result for check in whole.checks} == {CheckResult.PASSED}
    assert paper.check(CheckName.PAPER).result is CheckResult.PASSED


def test_no_changed_file_of_a_bundle_is_accepted() -> None:
    """Neither by accident, where the sums find it, nor on purpose, with new sums, where a signature does."""
    rng, ours = random.Random(SEED), _ours()
    by_accident = [(name, False) for name in sorted(ours.files)]
    on_purpose = [(name, True) for name in sorted(ours.files.keys() - NOT_SIGNED - {SUMS})]
    kinds = [*by_accident, *on_purpose]
    accepted = []
    for count in range(COUNT * 3 // 4):
        name, new_sums = kinds[count % len(kinds)]
        files = dict(ours.files) | {name: spoil(ours.files[name], ours.other[name], rng)}
        if new_sums:
            files |= {SUMS: sums_of({other: data for other, data in files.items() if other != SUMS})}
        verdict = ours.judge(zipped(files))
        if name in AUXILIARY and new_sums and verdict is not None:
            fine = verdict.check(AUXILIARY[name]).result is not CheckResult.PASSED
        else:
            fine = refused(verdict)
        if not fine:
            accepted.append((count, name, new_sums))
    assert accepted == []


def test_an_address_that_has_lost_its_proof_is_refused_though_the_sums_are_new() -> None:
    ours = _ours()
    files = dict(ours.files) | {"proof-url.txt": ours.files["proof-url.txt"].partition(b"#")[0]}
    files |= {SUMS: sums_of({name: data for name, data in files.items() if name != SUMS})}
    assert refused(ours.judge(zipped(files)))


def test_names_in_another_spelling_are_refused_though_they_say_the_same() -> None:
    ours = _ours()
    files = dict(ours.files) | {"disclosures.json": ours.files["disclosures.json"].replace(b"\n  ", b"")}
    files |= {SUMS: sums_of({name: data for name, data in files.items() if name != SUMS})}
    assert refused(ours.judge(zipped(files)))


def test_no_changed_pdf_is_accepted() -> None:
    rng, ours = random.Random(SEED + 1), _ours()
    changes = (flip_a_bit, cut, lose_a_piece)
    spoilt = [changes[count % len(changes)](ours.pdf, b"", rng) for count in range(COUNT // 8)]
    assert [number for number, pdf in enumerate(spoilt) if pdf != ours.pdf and not refused(ours.judge(pdf))] == []


def test_no_changed_file_of_the_log_passes_the_audit() -> None:
    rng = random.Random(SEED + 2)
    files = files_of([Issued().leaf().model_dump_json().encode() + bytes([n % 256]) for n in range(300)])
    names = sorted(files)
    passed = []
    for count in range(COUNT // 8):
        name = names[count % len(names)]
        spoilt = files | {name: spoil(files[name], files[names[count % len(names) - 1]], rng)}
        try:
            audit(spoilt.__getitem__, TRUST)
        except REFUSALS:
            continue
        passed.append((count, name))
    assert passed == []
