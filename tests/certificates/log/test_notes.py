from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certificates.log.checkpoint import (
    Checkpoint,
    ForeignLog,
    LogTrust,
    MalformedCheckpoint,
    TooFewWitnesses,
    cosigned_times,
    read_checkpoint,
    sign_checkpoint,
    trusted_checkpoint,
)
from certificates.log.notes import (
    COSIGNATURE,
    MalformedKey,
    MalformedNote,
    Note,
    NoteKey,
    NoteNotSigned,
    NoteSigner,
    read_note,
    with_signatures,
)

# The example of the Go package golang.org/x/mod/sumdb/note, with its published private key.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SEED = "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# The example of the specification C2SP signed-note.
C2SP_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n"
    "\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# A checkpoint of a staging Certificate Transparency log of May 2026, with cosignatures of independent witnesses.
REAL_CHECKPOINT = (
    "arche2025h1.staging.ct.transparency.dev\n"
    "1432088532\n"
    "U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n"
    "\n"
    "— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIg"
    "IpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=\n"
    "— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei5"
    "9RA23oHP7Ry1k3ZFWwQ=\n"
    "— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4Ascyl"
    "P3v7sEodkRAErumC2q44vdgJY096st5BQ==\n"
    "— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNW"
    "VuE0tgh0XwzdZsDsUAQ==\n"
    "— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0Dr"
    "AWfBw==\n"
    "— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvK"
    "FYe/TmN9DAg==\n"
)
REAL_LOG = "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
REAL_WITNESSES = (
    "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
)


def a_signer(name: str, kind: int = 1) -> NoteSigner:
    return NoteSigner.of(Ed25519PrivateKey.generate(), name, kind)


class TestPublishedVectors:
    @pytest.mark.parametrize(("text", "key"), [(GO_NOTE, GO_KEY), (C2SP_NOTE, C2SP_KEY)])
    def test_the_examples_of_the_go_package_and_of_the_specification_verify(self, text: str, key: str) -> None:
        note = read_note(text)
        note.check_signed_by(NoteKey.from_text(key))
        assert str(note) == text

    def test_key_ids_are_those_of_other_implementations(self) -> None:
        for text in (
            GO_KEY,
            C2SP_KEY,
            REAL_LOG,
            *REAL_WITNESSES,
            "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        ):
            assert str(NoteKey.from_text(text)) == text

    def test_a_real_checkpoint_verifies_with_its_log_and_witnesses(self) -> None:
        trust = LogTrust(
            NoteKey.from_text(REAL_LOG), tuple(NoteKey.from_text(text) for text in REAL_WITNESSES), quorum=4
        )
        checkpoint = trusted_checkpoint(REAL_CHECKPOINT, trust)
        assert (checkpoint.origin, checkpoint.size) == (trust.key.name, 1_432_088_532)
        times = cosigned_times(read_note(REAL_CHECKPOINT), trust.witnesses)
        assert times == [datetime(2026, 5, 23, 21, 50, 24, tzinfo=UTC)] * 4

    def test_our_signature_is_the_one_the_go_package_makes(self) -> None:
        signer = NoteSigner.of(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(GO_SEED)), "PeterNeumann")
        text = read_note(GO_NOTE).text
        assert str(signer.key) == GO_KEY
        assert str(Note(text, (signer.sign(text),))) == GO_NOTE


class TestOnlySignedNotesAreBelieved:
    def test_another_text_is_refused(self) -> None:
        with pytest.raises(NoteNotSigned):
            read_note(GO_NOTE.replace("answer", "question")).check_signed_by(NoteKey.from_text(GO_KEY))

    def test_every_bit_counts(self) -> None:
        key = NoteKey.from_text(GO_KEY)
        data = GO_NOTE.encode()
        for bit in range(len(data) * 8):
            spoilt = bytearray(data)
            spoilt[bit // 8] ^= 1 << bit % 8
            with pytest.raises((NoteNotSigned, MalformedNote, UnicodeDecodeError)):
                read_note(spoilt.decode()).check_signed_by(key)

    def test_a_key_that_did_not_sign_is_not_satisfied(self) -> None:
        with pytest.raises(NoteNotSigned):
            read_note(GO_NOTE).check_signed_by(a_signer("PeterNeumann").key)

    def test_one_wrong_signature_of_a_known_key_spoils_the_note(self) -> None:
        signer = a_signer("log.example")
        wrong = signer.sign("another text\n")
        note = Note("text\n", (signer.sign("text\n"), wrong))
        with pytest.raises(NoteNotSigned):
            note.check_signed_by(signer.key)

    def test_lines_of_strangers_do_not_matter(self) -> None:
        signer, stranger = a_signer("log.example"), a_signer("log.example")
        note = Note("text\n", (stranger.sign("other\n"), signer.sign("text\n")))
        note.check_signed_by(signer.key)

    def test_a_log_signature_is_no_cosignature(self) -> None:
        private = Ed25519PrivateKey.generate()
        log, witness = NoteSigner.of(private, "x"), NoteSigner.of(private, "x", COSIGNATURE)
        note = Note("text\n", (log.sign("text\n"),))
        with pytest.raises(NoteNotSigned):
            note.cosigned_at(witness.key)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "\n",
            "text\n",
            "text\n\n",
            "text\n\nno dash\n",
            "text\n\n— name\n",
            "text\n\n— name !!!!\n",
            "text\n\n— name AAAA\n",
            "text\n\n— name AAAAAA==\n",
            "text\n\n— name AAAAAAA=",
            "text\n\n— na+me AAAAAAA=\n",
            "text\n\n—  AAAAAAA=\n",
            "text\n\n— name AAAAAAB=\n",
            "te\x00xt\n\n— name AAAAAAA=\n",
            "te\rxt\n\n— name AAAAAAA=\n",
            "x" * 200_000 + "\n\n— name AAAAAAA=\n",
            "text\n\n" + "— name AAAAAAA=\n" * 65,
        ],
    )
    def test_a_text_of_another_form_is_refused(self, text: str) -> None:
        with pytest.raises(MalformedNote):
            read_note(text)

    def test_a_note_is_read_up_to_its_limits(self) -> None:
        line = "— name AAAAAAA=\n"
        longest = "x" * (100_000 - 2 - len(line)) + "\n\n" + line
        assert str(read_note(longest)) == longest
        with pytest.raises(MalformedNote):
            read_note("x" + longest)
        assert len(read_note("text\n\n" + line * 64).signatures) == 64

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "PeterNeumann",
            "PeterNeumann+c74f20a3+!!!!",
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWAAAA",
            "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        ],
    )
    def test_a_key_of_another_form_is_refused(self, text: str) -> None:
        with pytest.raises(MalformedKey):
            NoteKey.from_text(text)

    def test_a_signature_is_not_added_twice(self) -> None:
        signer = a_signer("log.example")
        note = Note("text\n", (signer.sign("text\n"),))
        assert with_signatures(note, note.signatures) == note


CHECKPOINT = Checkpoint("log.example/log", 7, bytes(range(32)))


class TestCheckpoints:
    def test_read_back(self) -> None:
        signer = a_signer("log.example/log")
        note = sign_checkpoint(CHECKPOINT, signer)
        assert trusted_checkpoint(str(note), LogTrust(signer.key)) == CHECKPOINT

    def test_extension_lines_are_ignored_and_signed(self) -> None:
        signer = a_signer("log.example/log")
        text = CHECKPOINT.text + "an extension\n"
        note = str(Note(text, (signer.sign(text),)))
        assert trusted_checkpoint(note, LogTrust(signer.key)) == CHECKPOINT
        with pytest.raises(NoteNotSigned):
            trusted_checkpoint(note.replace("an ext", "an axt"), LogTrust(signer.key))

    def test_of_another_log_are_refused(self) -> None:
        signer = a_signer("log.example/log")
        other = Checkpoint("other.example/log", 7, bytes(32))
        with pytest.raises(ForeignLog):
            trusted_checkpoint(str(sign_checkpoint(other, signer)), LogTrust(signer.key))

    @pytest.mark.parametrize(
        "text",
        [
            "log.example/log\n7\n",
            "log.example/log\n07\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
            "log.example/log\n-7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
            "log.example/log\n７\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
            "log.example/log\n99999999999999999999\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
            "log.example/log\n7\nAAEC\n",
            "log.example/log\n7\n!!!!\n",
            "log.example/log\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=\n",
            "\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
            "log.example/log\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\nextension\n",
        ],
    )
    def test_of_another_form_are_refused(self, text: str) -> None:
        with pytest.raises(MalformedCheckpoint):
            read_checkpoint(Note(text, ()))


class TestWitnesses:
    def signed_by(self, count: int, *, time: int = 1_790_000_000) -> tuple[Note, LogTrust]:
        log = a_signer("log.example/log")
        witnesses = [a_signer(f"witness{n}.example", COSIGNATURE) for n in range(3)]
        lines = [witness.cosign(CHECKPOINT.text, time=time + n) for n, witness in enumerate(witnesses[:count])]
        note = with_signatures(sign_checkpoint(CHECKPOINT, log), lines)
        return note, LogTrust(log.key, tuple(witness.key for witness in witnesses), quorum=2)

    def test_a_quorum_is_enough(self) -> None:
        note, trust = self.signed_by(2)
        assert trusted_checkpoint(str(note), trust) == CHECKPOINT
        assert [moment.timestamp() for moment in cosigned_times(note, trust.witnesses)] == [
            1_790_000_000,
            1_790_000_001,
        ]

    def test_too_few_are_not(self) -> None:
        note, trust = self.signed_by(1)
        with pytest.raises(TooFewWitnesses) as refused:
            trusted_checkpoint(str(note), trust)
        assert (refused.value.found, refused.value.wanted) == (1, 2)

    def test_one_witness_twice_counts_once(self) -> None:
        note, trust = self.signed_by(1)
        doubled = Note(note.text, (*note.signatures, note.signatures[-1]))
        with pytest.raises(TooFewWitnesses):
            trusted_checkpoint(str(doubled), trust)

    def test_a_cosignature_with_another_time_is_refused(self) -> None:
        note, trust = self.signed_by(2)
        line = note.signatures[1]
        moved = bytes([*line.signature[:7], line.signature[7] ^ 1, *line.signature[8:]])
        spoilt = Note(note.text, (note.signatures[0], type(line)(line.name, line.key_id, moved), note.signatures[2]))
        with pytest.raises(NoteNotSigned):
            trusted_checkpoint(str(spoilt), trust)

    def test_a_quorum_cannot_exceed_the_witnesses(self) -> None:
        with pytest.raises(ValueError, match="quorum"):
            LogTrust(a_signer("log.example/log").key, (), quorum=1)
