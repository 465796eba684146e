import random
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certificates.log import store
from certificates.log.audit import Audit, LogDiffers, audit, tree_root
from certificates.log.checkpoint import (
    Checkpoint,
    ForeignLog,
    LogTrust,
    MalformedCheckpoint,
    TooFewWitnesses,
    sign_checkpoint,
)
from certificates.log.leaves import Corrected, Issued, Leaf, LoggedShare, Revoked, encode_leaf
from certificates.log.merkle import fold, leaf_hash
from certificates.log.notes import COSIGNATURE, MalformedNote, NoteNotSigned, NoteSigner
from certificates.log.tiles import NotATile, bundles_of, encode_bundle, tiles_of
from tests.certificates.authority import NOW
from tests.certificates.builders import fixed_hash
from tests.certificates.log.filled import SIGNER as SERVICE_SIGNER
from tests.certificates.log.filled import correct, issue, publish, revoke

SIGNER = NoteSigner.of(Ed25519PrivateKey.generate(), "certs.example/log")
TRUST = LogTrust(SIGNER.key)
REFUSALS = (
    LogDiffers,
    NotATile,
    MalformedNote,
    MalformedCheckpoint,
    NoteNotSigned,
    ForeignLog,
    UnicodeDecodeError,
    KeyError,
)


def files_of(entries: list[bytes], signer: NoteSigner = SIGNER) -> dict[str, bytes]:
    """The public files of a log with these entries, made straight from the definitions."""
    hashes = [leaf_hash(entry) for entry in entries]
    files = {}
    for tile in tiles_of(len(entries)):
        span = 256**tile.level
        first = tile.index * 256 * span
        row = [fold(hashes[first + i * span : first + (i + 1) * span]) for i in range(tile.width)]
        files[tile.path] = b"".join(row)
    for bundle in bundles_of(len(entries)):
        files[bundle.path] = encode_bundle(entries[bundle.index * 256 :][: bundle.width])
    checkpoint = Checkpoint(signer.key.name, len(entries), tree_root(hashes))
    files["checkpoint"] = str(sign_checkpoint(checkpoint, signer)).encode()
    return files


def a_share(reference: str = "ret_1", grams: int = 400_000, *, serials: tuple[int, int] = (1, 1)) -> LoggedShare:
    return LoggedShare(
        reference=reference,
        registry="jcredit",
        block="blk_1",
        serials=(serials,),
        notice_sha256=fixed_hash("notice"),
        grams=grams,
    )


def an_issue(number: str, *shares: LoggedShare, replaces: str | None = None, grams: int | None = None) -> Issued:
    held = shares or (a_share(),)
    return Issued(
        number=number,
        at=NOW,
        statement_sha256=fixed_hash(number),
        credential_sha256=fixed_hash(number),
        grams=grams or sum(share.grams for share in held),
        shares=held,
        replaces=replaces,
    )


def audited(*leaves: Leaf) -> Audit:
    return audit(files_of([encode_leaf(leaf) for leaf in leaves]).__getitem__, TRUST)


def codes(*leaves: Leaf) -> set[str]:
    return {finding.code for finding in audited(*leaves).findings}


class TestASoundLog:
    @pytest.mark.usefixtures("db")
    async def test_of_the_service_has_no_findings(self, tmp_path: Path) -> None:
        first = await issue("ord_1", grams=300_000)
        await correct(first.number, "ord_1/2", grams=200_000)
        second = await issue("ord_2", grams=800_000)
        await revoke(second.number)
        await issue("ord_3", grams=5, serial=8)
        await publish()
        await store.export(tmp_path / "log")
        result = audit(lambda path: (tmp_path / "log" / path).read_bytes(), LogTrust(SERVICE_SIGNER.key))
        assert result.findings == ()
        assert (result.checkpoint.size, result.issued, result.grams) == (6, 4, 200_005)

    @pytest.mark.parametrize("size", [1, 255, 256, 257, 600])
    def test_of_any_size_is_whole(self, size: int) -> None:
        entries = [encode_leaf(Revoked(number=f"TEST-{n}", at=NOW)) for n in range(size)]
        assert audit(files_of(entries).__getitem__, TRUST).checkpoint.size == size

    def test_continues_every_earlier_checkpoint(self) -> None:
        entries = [encode_leaf(an_issue(f"TEST-{n}", a_share(grams=1))) for n in range(40)]
        files = files_of(entries)
        for size in (1, 7, 39, 40):
            earlier = files_of(entries[:size])["checkpoint"].decode()
            assert audit(files.__getitem__, TRUST, earlier=earlier).findings == ()


class TestALogThatWasTamperedWith:
    def test_every_file_counts(self) -> None:
        entries = [encode_leaf(an_issue(f"TEST-{n}", a_share(grams=1))) for n in range(300)]
        files = files_of(entries)
        rng = random.Random(6)
        for path in files:
            for _ in range(20):
                spoilt = bytearray(files[path])
                spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
                with pytest.raises(REFUSALS):
                    audit((files | {path: bytes(spoilt)}).__getitem__, TRUST)

    def test_a_missing_file_is_noticed(self) -> None:
        files = files_of([encode_leaf(an_issue("TEST-1"))])
        for path in files:
            with pytest.raises(KeyError):
                audit({other: data for other, data in files.items() if other != path}.__getitem__, TRUST)

    def test_another_leaf_under_the_same_checkpoint(self) -> None:
        files = files_of([encode_leaf(an_issue("TEST-1"))])
        forged = files_of([encode_leaf(an_issue("TEST-2"))])
        with pytest.raises(LogDiffers):
            audit((forged | {"checkpoint": files["checkpoint"]}).__getitem__, TRUST)

    def test_a_rewritten_history_does_not_continue_the_old_one(self) -> None:
        old = files_of([encode_leaf(an_issue("TEST-1"))])["checkpoint"].decode()
        new = files_of([encode_leaf(an_issue("TEST-2")), encode_leaf(an_issue("TEST-3"))])
        with pytest.raises(LogDiffers):
            audit(new.__getitem__, TRUST, earlier=old)

    def test_a_shortened_history_neither(self) -> None:
        entries = [encode_leaf(an_issue(f"TEST-{n}", a_share(grams=1))) for n in range(3)]
        old = files_of(entries)["checkpoint"].decode()
        with pytest.raises(LogDiffers):
            audit(files_of(entries[:2]).__getitem__, TRUST, earlier=old)

    def test_a_checkpoint_of_somebody_else(self) -> None:
        stranger = NoteSigner.of(Ed25519PrivateKey.generate(), SIGNER.key.name)
        with pytest.raises(NoteNotSigned):
            audit(files_of([encode_leaf(an_issue("TEST-1"))], stranger).__getitem__, TRUST)

    def test_a_checkpoint_no_witness_has_seen(self) -> None:
        witness = NoteSigner.of(Ed25519PrivateKey.generate(), "witness.example", COSIGNATURE)
        with pytest.raises(TooFewWitnesses):
            audit(
                files_of([encode_leaf(an_issue("TEST-1"))]).__getitem__, LogTrust(SIGNER.key, (witness.key,), quorum=1)
            )


class TestWhatTheLeavesMustNotSay:
    def test_the_same_certificate_twice(self) -> None:
        assert codes(an_issue("TEST-1"), an_issue("TEST-1")) == {"certificate_issued_twice"}

    def test_the_same_grams_twice(self) -> None:
        result = audited(an_issue("TEST-1", a_share(grams=600_000)), an_issue("TEST-2", a_share(grams=400_001)))
        assert [(finding.code, finding.subject) for finding in result.findings] == [("grams_handed_out_twice", "ret_1")]

    def test_the_same_serial_under_two_references(self) -> None:
        assert codes(
            an_issue("TEST-1", a_share("ret_1", serials=(1, 5))), an_issue("TEST-2", a_share("ret_2", serials=(5, 9)))
        ) == {"serial_cancelled_twice"}

    def test_a_serial_inside_a_range_seen_long_before(self) -> None:
        assert codes(
            an_issue("TEST-1", a_share("ret_1", serials=(1, 100))),
            an_issue("TEST-2", a_share("ret_2", serials=(2, 3))),
            an_issue("TEST-3", a_share("ret_3", serials=(50, 50))),
        ) == {"serial_cancelled_twice"}

    def test_one_reference_with_two_faces(self) -> None:
        assert "cancellation_differs" in codes(
            an_issue("TEST-1", a_share(serials=(1, 1))), an_issue("TEST-2", a_share(serials=(2, 2)))
        )

    def test_grams_that_no_share_explains(self) -> None:
        assert codes(an_issue("TEST-1", grams=400_001)) == {"grams_are_not_the_shares"}

    def test_the_end_of_what_was_never_issued(self) -> None:
        assert codes(Revoked(number="TEST-1", at=NOW)) == {"ended_but_never_issued"}

    def test_two_ends(self) -> None:
        assert codes(an_issue("TEST-1"), Revoked(number="TEST-1", at=NOW), Revoked(number="TEST-1", at=NOW)) == {
            "certificate_ended_twice"
        }

    def test_a_correction_without_its_replacement(self) -> None:
        assert codes(an_issue("TEST-1"), Corrected(number="TEST-1", at=NOW, replaced_by="TEST-2")) == {
            "replacement_missing"
        }

    def test_a_replacement_without_its_correction(self) -> None:
        assert codes(an_issue("TEST-1"), an_issue("TEST-2", replaces="TEST-1")) == {"replaces_without_correction"}

    def test_a_replacement_that_takes_more_than_was_left(self) -> None:
        assert codes(
            an_issue("TEST-1", a_share(grams=500_000)),
            an_issue("TEST-2", a_share(grams=500_000)),
            Corrected(number="TEST-1", at=NOW, replaced_by="TEST-3"),
            an_issue("TEST-3", a_share(grams=500_001), replaces="TEST-1"),
        ) == {"grams_handed_out_twice"}

    def test_something_else_altogether(self) -> None:
        entries = [b"{}", b"\xff", encode_leaf(an_issue("TEST-1")) + b" "]
        result = audit(files_of(entries).__getitem__, TRUST)
        assert [(finding.code, finding.position) for finding in result.findings] == [
            ("malformed_leaf", 0),
            ("malformed_leaf", 1),
            ("malformed_leaf", 2),
        ]
