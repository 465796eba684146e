import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certificates import models
from certificates.log import store
from certificates.log.checkpoint import LogTrust, TooFewWitnesses, read_checkpoint, trusted_checkpoint
from certificates.log.notes import COSIGNATURE, Note, NoteSigner
from certificates.log.witness import SplitView, Witness, WitnessRefused, ask, cosign_latest
from marketplace.database.transactions import run_tx
from tests.certificates.log.fake_witness import FakeWitness
from tests.certificates.log.filled import SIGNER, issue, publish

pytestmark = pytest.mark.usefixtures("db")
URL = "http://witness.example"


def client_of(fake: FakeWitness) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=fake.app))


def answering(status: int, text: str, content_type: str = "text/plain") -> httpx.AsyncClient:
    """A witness that always gives one answer."""

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, text=text, headers={"content-type": content_type})

    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


async def a_log(size: int) -> Note:
    for n in range(size):
        await issue(f"ord_{size}_{n}")
    note = await publish()
    assert note is not None
    return note


class TestAWitnessCosigns:
    async def test_a_first_checkpoint(self) -> None:
        await a_log(3)
        fake = FakeWitness("witness.example", SIGNER.key)
        async with client_of(fake) as client:
            assert await cosign_latest(client, [Witness(URL, fake.signer.key)], run_tx) == []
        trust = LogTrust(SIGNER.key, (fake.signer.key,), quorum=1)
        assert trusted_checkpoint(str(await store.latest_checkpoint()), trust).size == 3
        assert fake.statuses == [200]

    async def test_the_next_one_from_where_it_stands(self) -> None:
        fake = FakeWitness("witness.example", SIGNER.key)
        async with client_of(fake) as client:
            for size in (2, 3, 4):
                await a_log(size)
                assert await cosign_latest(client, [Witness(URL, fake.signer.key)], run_tx) == []
        assert fake.seen[0] == 9
        assert fake.statuses == [200, 200, 200]

    async def test_only_once_per_checkpoint(self) -> None:
        await a_log(1)
        fake = FakeWitness("witness.example", SIGNER.key)
        async with client_of(fake) as client:
            for _ in range(3):
                await cosign_latest(client, [Witness(URL, fake.signer.key)], run_tx)
        assert fake.statuses == [200]

    async def test_a_proof_carries_the_cosignatures_asked_for(self) -> None:
        note = await a_log(1)
        issued = await models.Certificate.all().first()
        assert issued is not None
        fake = FakeWitness("witness.example", SIGNER.key)
        async with client_of(fake) as client:
            await cosign_latest(client, [Witness(URL, fake.signer.key)], run_tx)
        await a_log(2)
        trust = LogTrust(SIGNER.key, (fake.signer.key,), quorum=1)
        proof = await store.proof_of(issued.number, quorum=1)
        assert proof.check(trust).size == read_checkpoint(note).size
        with pytest.raises(TooFewWitnesses):
            (await store.proof_of(issued.number)).check(trust)


class TestAWitnessThatStandsElsewhere:
    async def test_tells_its_size_and_is_served_from_there(self) -> None:
        note = await a_log(3)
        fake = FakeWitness("witness.example", SIGNER.key)
        first = read_checkpoint(note)
        fake.seen = (first.size, first.root)
        await a_log(4)
        async with client_of(fake) as client:
            assert await cosign_latest(client, [Witness(URL, fake.signer.key)], run_tx) == []
        assert fake.statuses == [409, 200]

    async def test_having_seen_another_root_of_the_same_size_is_a_split_view(self) -> None:
        await a_log(3)
        fake = FakeWitness("witness.example", SIGNER.key)
        fake.seen = (3, bytes(32))
        async with client_of(fake) as client:
            troubles = await cosign_latest(client, [Witness(URL, fake.signer.key)], run_tx)
        assert [type(trouble) for trouble in troubles] == [SplitView]
        assert await models.LogCosignature.all().count() == 0

    async def test_having_seen_more_than_there_is_is_a_split_view(self) -> None:
        await a_log(3)
        fake = FakeWitness("witness.example", SIGNER.key)
        fake.seen = (5, bytes(32))
        async with client_of(fake) as client:
            troubles = await cosign_latest(client, [Witness(URL, fake.signer.key)], run_tx)
        assert [type(trouble) for trouble in troubles] == [SplitView]

    async def test_having_seen_another_history_refuses_the_proof(self) -> None:
        await a_log(3)
        fake = FakeWitness("witness.example", SIGNER.key)
        fake.seen = (2, bytes(32))
        async with client_of(fake) as client:
            troubles = await cosign_latest(client, [Witness(URL, fake.signer.key)], run_tx)
        assert [(type(t), getattr(t, "status", None)) for t in troubles] == [(WitnessRefused, 422)]
        assert fake.statuses == [409, 422]


class TestAnAnswerThatWasLost:
    async def test_by_a_crash_is_had_again(self) -> None:
        note = await a_log(3)
        fake = FakeWitness("witness.example", SIGNER.key)
        witness = Witness(URL, fake.signer.key)
        async with client_of(fake) as client:
            await ask(client, witness, note, seen=0, consistency=store.consistency_proof)  # and then the power went
            assert await cosign_latest(client, [witness], run_tx) == []
        trust = LogTrust(SIGNER.key, (fake.signer.key,), quorum=1)
        assert trusted_checkpoint(str(await store.latest_checkpoint()), trust).size == 3
        assert fake.statuses == [200, 409, 200]


class TestAWitnessThatRefuses:
    async def test_because_it_does_not_know_the_log(self) -> None:
        await a_log(1)
        fake = FakeWitness("witness.example", NoteSigner.of(Ed25519PrivateKey.generate(), "other.example").key)
        async with client_of(fake) as client:
            troubles = await cosign_latest(client, [Witness(URL, fake.signer.key)], run_tx)
        assert [getattr(trouble, "status", None) for trouble in troubles] == [404]

    async def test_because_it_knows_another_key_of_the_log(self) -> None:
        await a_log(1)
        fake = FakeWitness("witness.example", NoteSigner.of(Ed25519PrivateKey.generate(), SIGNER.key.name).key)
        async with client_of(fake) as client:
            troubles = await cosign_latest(client, [Witness(URL, fake.signer.key)], run_tx)
        assert [getattr(trouble, "status", None) for trouble in troubles] == [403]

    async def test_does_not_keep_another_from_signing(self) -> None:
        await a_log(1)
        good = FakeWitness("good.example", SIGNER.key)
        unknown = NoteSigner.of(Ed25519PrivateKey.generate(), "bad.example", COSIGNATURE)
        async with client_of(good) as client:
            witnesses = [Witness("http://bad.example/none", unknown.key), Witness(URL, good.signer.key)]
            troubles = await cosign_latest(client, witnesses, run_tx)
        assert [getattr(trouble, "status", None) for trouble in troubles] == [404]
        assert good.statuses == [200]

    @pytest.mark.parametrize(
        ("status", "text", "content_type"),
        [
            (400, "", "text/plain"),
            (500, "trouble", "text/html"),
            (200, "", "text/plain"),
            (200, "<html>", "text/html"),
            (200, "— witness.example AAAAAAAAAAAAAAAAAAAA\n", "text/plain"),
            (409, "3\n", "text/plain"),
            (409, "many\n", "text/x.tlog.size"),
            (409, "9" * 30, "text/x.tlog.size"),
        ],
    )
    async def test_or_says_something_else(self, status: int, text: str, content_type: str) -> None:
        note = await a_log(1)
        key = NoteSigner.of(Ed25519PrivateKey.generate(), "witness.example", COSIGNATURE).key
        async with answering(status, text, content_type) as client:
            with pytest.raises(WitnessRefused) as refused:
                await ask(client, Witness(URL, key), note, seen=0, consistency=store.consistency_proof)
        assert refused.value.status == status

    async def test_because_it_is_not_there(self) -> None:
        def refuse(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused", request=request)

        note = await a_log(1)
        key = NoteSigner.of(Ed25519PrivateKey.generate(), "witness.example", COSIGNATURE).key
        async with httpx.AsyncClient(transport=httpx.MockTransport(refuse)) as client:
            with pytest.raises(WitnessRefused) as refused:
                await ask(client, Witness(URL, key), note, seen=0, consistency=store.consistency_proof)
        assert refused.value.status is None

    async def test_a_cosignature_over_another_checkpoint_is_not_kept(self) -> None:
        note = await a_log(1)
        signer = NoteSigner.of(Ed25519PrivateKey.generate(), "witness.example", COSIGNATURE)
        other = signer.cosign(note.text.replace("\n1\n", "\n2\n"), time=1_795_000_000)
        async with answering(200, str(other)) as client:
            with pytest.raises(WitnessRefused):
                await ask(client, Witness(URL, signer.key), note, seen=0, consistency=store.consistency_proof)
