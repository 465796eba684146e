import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certificates.keys import KeyOfOtherEnvironment, UnusableKey
from certificates.log.checkpoint import Checkpoint, LogTrust, sign_checkpoint
from certificates.log.leaves import LeafTooLarge, MalformedLeaf, Revoked, decode_leaf, encode_leaf
from certificates.log.log_key import create_log_key_file, load_log_signer, log_origin
from certificates.log.merkle import ProofNotValid
from certificates.log.notes import MAX_NOTE_CHARACTERS, NoteSigner
from certificates.log.proof import LogProof, MalformedLogProof, read_log_proof
from certificates.statement import Environment
from tests.certificates.authority import NOW
from tests.certificates.log.test_audit import a_share, an_issue
from tests.certificates.log.test_merkle import LARGE, LEAVES, REFERENCE

SIGNER = NoteSigner.of(Ed25519PrivateKey.generate(), "certs.example/log")


def a_proof(index: int = 5, size: int = 8) -> LogProof:
    note = sign_checkpoint(Checkpoint(SIGNER.key.name, size, REFERENCE.root(0, size)), SIGNER)
    return LogProof(LEAVES[index], index, tuple(REFERENCE.inclusion(index, size)), str(note))


class TestProofFiles:
    def test_have_the_form_of_the_specification(self) -> None:
        lines = str(a_proof()).split("\n")
        assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra QEFCQw==", "index 5"]
        assert [len(line) for line in lines[3:6]] == [44, 44, 44]
        assert lines[6:9] == ["", "certs.example/log", "8"]

    def test_read_back_and_lead_to_the_root(self) -> None:
        for index in range(8):
            proof = read_log_proof(str(a_proof(index)))
            assert proof == a_proof(index)
            assert proof.check(LogTrust(SIGNER.key)).size == 8

    def test_of_another_leaf_do_not(self) -> None:
        proof = a_proof()
        with pytest.raises(ProofNotValid):
            LogProof(b"another", proof.index, proof.hashes, proof.checkpoint).check(LogTrust(SIGNER.key))

    @pytest.mark.parametrize(
        "spoil",
        [
            ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2"),
            ("extra QEFCQw==\n", ""),
            ("extra QEFCQw==", "extra QEFCQx=="),
            ("extra QEFCQw==", "extra !!!!"),
            ("index 5", "index 05"),
            ("index 5", "index -5"),
            ("index 5", "index five"),
            ("index 5\n", ""),
            ("index 5\n", "index 5\nAAAA\n"),
            ("index 5\n", "index 5\n" + "A" * 43 + "=\n" * 64),
            ("\n\n", "\n"),
        ],
    )
    def test_of_another_form_are_refused(self, spoil: tuple[str, str]) -> None:
        text = str(a_proof())
        spoilt = text.replace(*spoil) if spoil[0] == "\n\n" else text.replace(spoil[0], spoil[1], 1)
        assert spoilt != text
        with pytest.raises(MalformedLogProof):
            read_log_proof(spoilt)

    def test_have_none_to_sixty_three_hashes(self) -> None:
        head, one = "c2sp.org/tlog-proof@v1\nextra QEFCQw==\nindex 5\n", "A" * 43 + "=\n"
        for count in (0, 63):
            assert read_log_proof(f"{head}{one * count}\ncheckpoint").hashes == (bytes(32),) * count
        with pytest.raises(MalformedLogProof):
            read_log_proof(f"{head}{one * 64}\ncheckpoint")

    def test_of_a_large_log_stay_small(self) -> None:
        note = sign_checkpoint(Checkpoint(SIGNER.key.name, 600, LARGE.root(0, 600)), SIGNER)
        proof = LogProof(b"\x01\x00", 256, tuple(LARGE.inclusion(256, 600)), str(note))
        proof.check(LogTrust(SIGNER.key))
        assert len(str(proof)) < 1_000

    def test_hold_the_largest_note_and_twice_the_largest_leaf_and_no_more(self) -> None:
        head = "c2sp.org/tlog-proof@v1\nextra QEFCQw==\nindex 5\n\n"
        filled = head + "A" * (MAX_NOTE_CHARACTERS + 2 * 65_535 - len(head))
        assert read_log_proof(filled).leaf == LEAVES[5]
        with pytest.raises(MalformedLogProof, match="too large"):
            read_log_proof(filled + "A")


class TestLeaves:
    def test_read_back(self) -> None:
        for leaf in (an_issue("TEST-1", replaces="TEST-0"), Revoked(number="TEST-1", at=NOW)):
            assert decode_leaf(encode_leaf(leaf)) == leaf

    def test_are_written_in_one_order_without_what_is_missing_and_as_the_letters_are(self) -> None:
        moment = NOW.isoformat().replace("+00:00", "Z")
        expected = f'{{"at":"{moment}","event":"revoked","number":"森-1"}}'
        assert encode_leaf(Revoked(number="森-1", at=NOW)).decode() == expected
        assert b"null" not in encode_leaf(an_issue("TEST-1"))

    def test_have_one_spelling(self) -> None:
        data = encode_leaf(an_issue("TEST-1"))
        for other in (data + b"\n", data.replace(b":", b": ", 1), data.replace(b"TEST-1", b"\\u0054EST-1")):
            with pytest.raises(MalformedLeaf):
                decode_leaf(other)

    @pytest.mark.parametrize("data", [b"", b"null", b"[]", b'{"event":"praised"}', b"\xff", b"[" * 50_000])
    def test_of_another_kind_are_refused(self, data: bytes) -> None:
        with pytest.raises(MalformedLeaf):
            decode_leaf(data)

    def test_that_no_tile_can_hold_are_refused(self) -> None:
        shares = [a_share(f"ret_{n}", serials=(n, n)) for n in range(1, 600)]
        with pytest.raises(LeafTooLarge):
            encode_leaf(an_issue("TEST-1", *shares))

    def test_fill_a_tile_to_the_last_byte(self) -> None:
        filler = "森" + "1" * (65_535 - len(encode_leaf(Revoked(number="森", at=NOW))))
        assert len(encode_leaf(Revoked(number=filler, at=NOW))) == 65_535
        with pytest.raises(LeafTooLarge):
            encode_leaf(Revoked(number=filler + "1", at=NOW))

    def test_say_how_much_was_cancelled_for_a_share(self) -> None:
        assert a_share(serials=(3, 5)).cancelled_g == 3_000_000


class TestTheLogHasAKeyOfItsOwn:
    def test_named_by_its_address(self) -> None:
        assert log_origin("https://ashiato.example") == "ashiato.example/log"
        assert log_origin("http://127.0.0.1:8000") == "127.0.0.1:8000/log"

    def test_kept_in_a_file_for_its_owner(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        path = tmp_path_factory.mktemp("keys") / "log.pem"
        text = create_log_key_file(path, Environment.LIVE)
        assert path.read_text() == text
        assert path.stat().st_mode & 0o777 == 0o600
        signer = load_log_signer(text, Environment.LIVE, issuer_url="https://ashiato.example")
        assert signer.key.name == "ashiato.example/log"
        assert load_log_signer(text, Environment.LIVE, issuer_url="https://ashiato.example").key == signer.key
        with pytest.raises(FileExistsError):
            create_log_key_file(path, Environment.LIVE)
        with pytest.raises(KeyOfOtherEnvironment):
            load_log_signer(text, Environment.SANDBOX, issuer_url="https://ashiato.example")

    @pytest.mark.parametrize("text", ["", "Ashiato log key, environment: live\nno key"])
    def test_another_text_is_refused(self, text: str) -> None:
        with pytest.raises(UnusableKey):
            load_log_signer(text, Environment.LIVE, issuer_url="https://ashiato.example")
