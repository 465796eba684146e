import asyncio
import json
from pathlib import Path

import pytest

from certificates import models
from certificates.log import store
from certificates.log.checkpoint import LogTrust, read_checkpoint, trusted_checkpoint
from certificates.log.leaves import Corrected, Issued, decode_leaf
from certificates.log.merkle import check_consistency
from certificates.log.notes import Note
from certificates.log.proof import read_log_proof
from certificates.log.sequencer import sequence
from certificates.log.store import NotInTheLog
from certificates.log.tiles import NotATile
from marketplace.database.transactions import run_tx
from tests.certificates.authority import NOW
from tests.certificates.builders import DEFAULT_TEXTS
from tests.certificates.log.filled import SIGNER, correct, issue, publish, revoke

pytestmark = pytest.mark.usefixtures("db")
TRUST = LogTrust(SIGNER.key)


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


class TestEveryEventIsOneLeaf:
    async def test_in_the_order_of_the_positions(self) -> None:
        first = await issue("ord_1")
        await publish()
        second = await correct(first.number, "ord_1/2")
        await publish()
        await revoke(second.number)
        await publish()
        rows = await models.LogEntry.all().order_by("position")
        events = {event.id: event for event in await models.LogEvent.all()}
        told = [decode_leaf(events[row.event_id].leaf) for row in rows]
        assert [row.position for row in rows] == [0, 1, 2, 3]
        assert (told[0].event, told[0].number) == ("issued", first.number)
        assert {leaf.event for leaf in told[1:3]} == {"corrected", "issued"}
        assert (told[3].event, told[3].number) == ("revoked", second.number)
        correction = next(leaf for leaf in told if isinstance(leaf, Corrected))
        assert (correction.number, correction.replaced_by) == (first.number, second.number)

    async def test_an_issue_names_the_statement_by_its_hash_and_the_serials(self) -> None:
        issued = await issue("ord_1", grams=250_000)
        await publish()
        leaf = decode_leaf((await store.proof_of(issued.number)).leaf)
        assert isinstance(leaf, Issued)
        assert leaf.statement_sha256 == issued.statement.sha256()
        assert (leaf.grams, leaf.shares[0].grams, leaf.shares[0].serials) == (250_000, 250_000, ((7, 7),))

    async def test_no_name_is_in_the_log(self) -> None:
        await issue("ord_1")
        event = await models.LogEvent.all().first()
        assert event is not None
        written = event.leaf.decode()
        assert all(text not in written for text in DEFAULT_TEXTS.values())
        assert json.loads(written)["event"] == "issued"


class TestTheLogOnlyGrows:
    async def test_nothing_waiting_means_no_new_checkpoint(self) -> None:
        assert await publish() is None
        await issue("ord_1")
        assert await publish() is not None
        assert await publish() is None

    async def test_each_checkpoint_continues_the_one_before(self) -> None:
        checkpoints = []
        for n in range(6):
            for i in range(n + 1):
                await issue(f"ord_{n}_{i}")
            note = await publish()
            assert note is not None
            checkpoints.append(trusted_checkpoint(str(note), TRUST))
        assert [checkpoint.size for checkpoint in checkpoints] == [1, 3, 6, 10, 15, 21]
        for old in checkpoints:
            for new in checkpoints:
                if old.size <= new.size:
                    proof = await store.consistency_proof(old.size, new.size)
                    check_consistency(old.size, new.size, proof, old.root, new.root)

    async def test_a_full_batch_leaves_the_rest_waiting(self) -> None:
        for n in range(5):
            await issue(f"ord_{n}")
        sizes = []
        while note := await publish(limit=2):
            sizes.append(read_checkpoint(note).size)
        assert sizes == [2, 4, 5]

    async def test_sequencers_at_the_same_time_make_one_tree(self) -> None:
        for n in range(12):
            await issue(f"ord_{n}")
        notes = await asyncio.gather(*(publish(limit=3) for _ in range(6)))
        sizes = sorted(read_checkpoint(note).size for note in notes if note)
        assert sizes == [3, 6, 9, 12]

    async def test_a_crash_before_the_commit_changes_nothing(self) -> None:
        await issue("ord_1")

        async def crash(_: object) -> Note:
            await sequence(SIGNER, now=NOW)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await run_tx(crash)
        assert await models.LogEntry.all().count() == 0
        assert await models.LogTile.all().count() == 0
        note = await publish()
        assert note is not None
        assert read_checkpoint(note).size == 1


class TestAnybodyCanCheckACertificateIsInTheLog:
    @pytest.mark.parametrize("size", [1, 2, 7])
    async def test_with_a_proof_file(self, size: int) -> None:
        issued = [await issue(f"ord_{n}") for n in range(size)]
        await publish()
        for record in issued:
            text = str(await store.proof_of(record.number))
            proof = read_log_proof(text)
            assert proof.check(TRUST).size == size
            assert str(proof) == text

    async def test_a_certificate_is_proven_in_later_checkpoints_too(self) -> None:
        first = await issue("ord_1")
        await publish()
        await issue("ord_2")
        await publish()
        assert (await store.proof_of(first.number)).check(TRUST).size == 2

    async def test_there_is_no_proof_before_it_has_a_position(self) -> None:
        issued = await issue("ord_1")
        with pytest.raises(NotInTheLog):
            await store.proof_of(issued.number)
        with pytest.raises(NotInTheLog):
            await store.proof_of("TEST-2345-6789-CDFH-JKMN")

    async def test_a_revocation_has_a_proof_of_its_own(self) -> None:
        issued = await issue("ord_1")
        await revoke(issued.number)
        await publish()
        proof = await store.proof_of(issued.number, "revoked")
        proof.check(TRUST)
        assert decode_leaf(proof.leaf).event == "revoked"


class TestTheLogIsServedAsFiles:
    async def test_what_is_not_there_yet_is_not_found(self) -> None:
        with pytest.raises(NotInTheLog):
            await store.read_file("checkpoint")
        await issue("ord_1")
        await publish()
        for path in ("tile/0/000", "tile/0/000.p/2", "tile/0/001.p/1", "tile/entries/000.p/2", "tile/entries/007"):
            with pytest.raises(NotInTheLog):
                await store.read_file(path)

    @pytest.mark.parametrize("path", ["", "../secrets", "tile/9", "checkpoint/"])
    async def test_another_path_is_refused(self, path: str) -> None:
        with pytest.raises(NotATile):
            await store.read_file(path)

    async def test_a_partial_tile_stays_the_same_when_the_log_grows(self) -> None:
        await issue("ord_1")
        await publish()
        before = await store.read_file("tile/0/000.p/1")
        await issue("ord_2")
        await publish()
        assert await store.read_file("tile/0/000.p/1") == before
        assert (await store.read_file("tile/0/000.p/2"))[:32] == before

    async def test_an_export_holds_what_the_service_answers(self, tmp_path: Path) -> None:
        for n in range(3):
            await issue(f"ord_{n}")
        await publish()
        assert await store.export(tmp_path / "log") == 3
        files = files_in(tmp_path / "log")
        assert files.keys() == {"checkpoint", "tile/0/000.p/3", "tile/entries/000.p/3"}
        for path, content in files.items():
            assert await store.read_file(path) == content
