"""After a restored backup the log goes on from a saved copy of what was published, or not at all."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tortoise.exceptions import IntegrityError

from certificates import models
from certificates.log import store
from certificates.log.adopt import Adopted, CertifiedAgain, CopyNotLonger, LogForked, adopt, read_copy
from certificates.log.audit import audit
from certificates.log.checkpoint import LogTrust, read_checkpoint
from certificates.log.leaves import Corrected, Leaf, Revoked, encode_leaf
from certificates.log.missing import missing_here
from certificates.log.notes import NoteNotSigned, NoteSigner
from certificates.records import CertificateState, find
from certificates.self_check import contradictions
from certificates.verify import TrustedIssuer
from marketplace.database.transactions import run_tx
from tests.certificates.authority import ISSUER, NOW
from tests.certificates.builders import a_cancellation
from tests.certificates.log.filled import RING, SIGNER, issue, publish, revoke
from tests.certificates.log.test_audit import REFUSALS, a_share, an_issue, files_of

pytestmark = pytest.mark.usefixtures("db")
TRUST = LogTrust(SIGNER.key)
# what the rules of either database do is seen by the other tests
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
A_TONNE = 1_000_000


async def published_here() -> list[bytes]:
    """The leaves of our log so far."""
    rows = await models.LogEntry.all().order_by("position")
    events = {event.id: event.leaf for event in await models.LogEvent.all()}
    return [events[row.event_id] for row in rows]


async def waiting_here() -> bytes:
    pending = await models.LogPending.get()
    return (await models.LogEvent.get(id=pending.event_id)).leaf


def lost(number: str, reference: str = "ret_90", serial: int = 90, grams: int = A_TONNE) -> Leaf:
    """The leaf of a certificate that was issued, and published, after the backup."""
    share = a_share(reference, grams, serials=(serial, serial))
    return an_issue(number, share.model_copy(update={"block": a_cancellation().block}))


async def adopted(entries: Sequence[bytes], signer: NoteSigner = SIGNER) -> Adopted:
    copy = read_copy(files_of(list(entries), signer).__getitem__, TRUST)
    return await run_tx(lambda _: adopt(copy, now=NOW))


async def nothing_contradicts() -> bool:
    return await contradictions(TrustedIssuer(ISSUER, RING.keys, TRUST), now=NOW) == []


class TestTheLogGoesOn:
    async def test_from_what_was_published(self, tmp_path: Path) -> None:
        for n in range(3):
            await issue(f"ord_{n}")
        await publish()
        leaf = lost("TEST-2345-6789-CDFH-JKMN")
        entries = [*await published_here(), encode_leaf(leaf)]
        result = await adopted(entries)
        assert (result.size_before, result.size, result.lost) == (3, 4, (leaf,))
        await issue("ord_after", serial=8)
        await publish()
        await store.export(tmp_path)
        before = files_of(entries, SIGNER)["checkpoint"].decode()
        whole = audit(lambda path: (tmp_path / path).read_bytes(), TRUST, earlier=before)
        assert (whole.checkpoint.size, whole.issued, whole.findings) == (5, 5, ())

    @on_sqlite
    async def test_over_the_edges_of_tiles(self) -> None:
        await issue("ord_1")
        await publish()
        serials = range(100, 400)
        news = [encode_leaf(lost(f"TEST-{n}", f"ret_{n}", n)) for n in serials]
        entries = [*await published_here(), *news]
        await adopted(entries)
        for path, content in files_of(entries, SIGNER).items():
            assert await store.read_file(path) == content
        assert await nothing_contradicts()

    async def test_from_an_empty_log(self) -> None:
        await adopted([encode_leaf(lost("TEST-2345-6789-CDFH-JKMN"))])
        assert read_checkpoint(await store.latest_checkpoint()).size == 1

    async def test_with_the_certificates_that_waited_for_their_place(self) -> None:
        record = await issue("ord_1")
        await adopted([encode_leaf(lost("TEST-2345-6789-CDFH-JKMN")), await waiting_here()])
        assert (await store.proof_of(record.number)).check(TRUST).size == 2
        assert await publish() is None
        assert await nothing_contradicts()

    async def test_and_what_was_published_as_revoked_is_revoked(self) -> None:
        record = await issue("ord_1")
        await publish()
        await adopted([*await published_here(), encode_leaf(Revoked(number=record.number, at=NOW))])
        assert (await find(record.number)).state is CertificateState.REVOKED
        assert await nothing_contradicts()

    async def test_in_steps(self) -> None:
        first, second = encode_leaf(lost("TEST-A")), encode_leaf(lost("TEST-B", "ret_91", 91))
        await adopted([first])
        assert (await adopted([first, second])).size_before == 1
        assert await nothing_contradicts()


class TestALostCertificate:
    async def test_stays_named_as_missing(self) -> None:
        leaf = lost("TEST-2345-6789-CDFH-JKMN")
        files = files_of([encode_leaf(leaf)], SIGNER)
        await adopted([encode_leaf(leaf)])
        assert await missing_here(files.__getitem__, TRUST) == [leaf]

    async def test_holds_its_grams_so_that_none_is_certified_again(self) -> None:
        await issue("ord_1", serial=7)
        leaf = lost("TEST-A", "ret_7", 7, A_TONNE - 1)
        await adopted([await waiting_here(), encode_leaf(leaf)])
        with pytest.raises(IntegrityError):
            await issue("ord_2", serial=7)
        assert await nothing_contradicts()

    async def test_that_was_corrected_hands_its_grams_on(self) -> None:
        old, new = lost("TEST-A"), lost("TEST-B").model_copy(update={"replaces": "TEST-A"})
        correction = Corrected(number="TEST-A", at=NOW, replaced_by="TEST-B")
        await adopted([encode_leaf(leaf) for leaf in (old, correction, new)])
        assert (await models.CertifiedCancellation.get(our_reference="ret_90")).certified_g == A_TONNE
        assert await nothing_contradicts()

    async def test_also_if_it_was_lost_at_an_earlier_time(self) -> None:
        old, new = lost("TEST-A"), lost("TEST-B").model_copy(update={"replaces": "TEST-A"})
        correction = Corrected(number="TEST-A", at=NOW, replaced_by="TEST-B")
        await adopted([encode_leaf(old)])
        await adopted([encode_leaf(leaf) for leaf in (old, correction, new)])
        assert (await models.CertifiedCancellation.get(our_reference="ret_90")).certified_g == A_TONNE
        assert await nothing_contradicts()


@on_sqlite
class TestNothingIsTakenOver:
    @pytest.fixture(autouse=True)
    async def a_log_that_stays_as_it_is(self, db: str) -> AsyncIterator[None]:
        for n in range(2):
            await issue(f"ord_{n}")
        await publish()
        before = str(await store.latest_checkpoint())
        yield
        assert str(await store.latest_checkpoint()) == before
        assert await models.LogEvent.filter(lost=True).count() == 0

    @pytest.mark.parametrize("size", [1, 2])
    async def test_from_a_copy_that_is_not_longer(self, size: int) -> None:
        with pytest.raises(CopyNotLonger):
            await adopted((await published_here())[:size])

    @pytest.mark.parametrize("name", ["checkpoint", "tile/0/000.p/3", "tile/entries/000.p/3"])
    async def test_from_a_copy_with_a_changed_file(self, name: str) -> None:
        files = files_of([*await published_here(), encode_leaf(lost("TEST-A"))], SIGNER)
        files[name] = files[name][:-9] + bytes([files[name][-9] ^ 1]) + files[name][-8:]
        with pytest.raises(REFUSALS):
            read_copy(files.__getitem__, TRUST)

    async def test_from_a_log_with_another_key(self) -> None:
        stranger = NoteSigner.of(Ed25519PrivateKey.generate(), SIGNER.key.name)
        with pytest.raises(NoteNotSigned):
            await adopted([*await published_here(), encode_leaf(lost("TEST-A"))], stranger)

    @pytest.mark.parametrize("longer", [0, 5])
    async def test_after_the_log_has_forked(self, longer: int) -> None:
        """Work went on after the backup was restored, and was published."""
        first, _ = await published_here()
        others = [encode_leaf(lost(f"TEST-{n}", f"ret_{n}", 100 + n)) for n in range(longer + 1)]
        with pytest.raises(LogForked) as refused:
            await adopted([first, *others])
        assert refused.value.at == 1

    async def test_that_says_otherwise_than_a_leaf_that_waits_here(self) -> None:
        (record,) = [leaf async for leaf in models.Certificate.filter(order_reference="ord_0")]
        await revoke(record.number)
        earlier = Revoked(number=record.number, at=NOW.replace(year=2025))
        with pytest.raises(LogForked):
            await adopted([*await published_here(), encode_leaf(earlier)])

    async def test_that_certifies_grams_which_were_certified_here_meanwhile(self) -> None:
        leaf = lost("TEST-A", "ret_7", 7)
        with pytest.raises(CertifiedAgain):
            await adopted([*await published_here(), encode_leaf(leaf)])
