"""The rules the database keeps by itself, tried against code that does not know them."""

import pytest
from asyncpg.exceptions import ForeignKeyViolationError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tortoise import connections
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from certificates import service
from certificates.facts import Share
from certificates.log.notes import NoteSigner
from certificates.log.sequencer import sequence
from certificates.records import CertificateRecord
from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx
from tests.certificates.authority import ISSUER, NOW, a_ring, some_facts
from tests.certificates.builders import a_cancellation, a_span

pytestmark = pytest.mark.usefixtures("db")
RING = a_ring()


async def issued(grams: int = 3_000_000) -> CertificateRecord:
    facts = some_facts(shares=(Share(a_cancellation(), grams),))
    return await run_tx(lambda _: service.issue(facts, ring=RING, issuer_url=ISSUER, now=NOW))


async def execute(statement: str, *values: object) -> None:
    connection = connections.get("default")
    await connection.execute_query(sql(connection, statement), list(values))


class TestWhatIsIssuedNeverChanges:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE certificate SET grams = grams + 1",
            "UPDATE certificate SET number = 'TEST-2345-6789-CDFH-JKMN'",
            "UPDATE certificate SET statement = '{}'",
            "UPDATE certificate SET credential = ''",
            "UPDATE certificate SET proof = ''",
            "UPDATE certificate SET order_reference = 'another'",
            "DELETE FROM certificate",
            "UPDATE certificate_reservation SET status_index = 0",
            "DELETE FROM certificate_reservation",
            "UPDATE certificate_text SET value = 'somebody else'",
            "UPDATE certificate_share SET grams = 1",
            "DELETE FROM certificate_share",
            "UPDATE certified_cancellation SET tonnes = 1000",
            "DELETE FROM certified_cancellation",
            "UPDATE certified_span SET last_serial = last_serial + 1",
            "DELETE FROM certified_span",
        ],
    )
    async def test_refuses(self, statement: str) -> None:
        await issued()
        with pytest.raises(IntegrityError):
            await execute(statement)

    @pytest.mark.parametrize("statement", ["UPDATE certificate_end SET reason = ''", "DELETE FROM certificate_end"])
    async def test_a_revocation_is_final(self, statement: str) -> None:
        record = await issued()
        await run_tx(lambda _: service.revoke(record.number, "registry_reversed", now=NOW))
        with pytest.raises(IntegrityError):
            await execute(statement)


RESERVE = (
    "INSERT INTO certificate_reservation SELECT 'ord_9', environment, 'TEST-X', status_list, 1, reserved_at "
    "FROM certificate_reservation WHERE number = ?"
)
LOG = "INSERT INTO log_event (id, number, event, leaf) SELECT 'log_9', 'TEST-X', 'issued', leaf FROM log_event WHERE number = ?"
SHARE = (
    "INSERT INTO certificate_share SELECT 'cert_9', s.our_reference, s.grams FROM certificate_share s "
    "JOIN certificate c ON c.id = s.certificate_id WHERE c.number = ?"
)
CERTIFY = (
    "INSERT INTO certificate SELECT 'cert_9', 'ord_9', environment, 'TEST-X', statement, "
    "statement_sha256, credential, proof, grams, NULL, issued_at FROM certificate WHERE number = ?"
)


async def execute_together(*statements: str, number: str) -> None:
    """All in one transaction, each with the number as its parameter."""

    async def work(tx: BaseDBAsyncClient) -> None:
        for statement in statements:
            await tx.execute_query(sql(tx, statement), [number])

    await run_tx(work)


class TestACertificateHoldsExactlyItsShares:
    async def test_a_certificate_without_shares_is_refused(self) -> None:
        record = await issued()
        with pytest.raises(IntegrityError, match="certificate_grams_are_its_shares"):
            await execute_together(RESERVE, LOG, CERTIFY, number=record.number)

    async def test_a_share_cannot_be_added_afterwards(self) -> None:
        record = await issued()
        tonne = a_cancellation(serials=(a_span(900, 900),), our_reference="ret_late")
        late = some_facts(order_reference="ord_2", shares=(Share(tonne, 1),))
        await run_tx(lambda _: service.issue(late, ring=RING, issuer_url=ISSUER, now=NOW))
        with pytest.raises(IntegrityError, match="certificate_share_comes_first"):
            await execute("INSERT INTO certificate_share VALUES (?, 'ret_late', 1)", record.id)

    async def test_a_share_without_its_certificate_does_not_commit(self) -> None:
        await issued()
        with pytest.raises(IntegrityError):
            await execute("INSERT INTO certificate_share VALUES ('cert_none', 'ret_0001', 1)")

    async def test_a_certificate_needs_its_reservation(self) -> None:
        record = await issued(grams=1)
        with pytest.raises(IntegrityError):
            await execute_together(LOG, SHARE, CERTIFY, number=record.number)

    async def test_with_all_three_it_would_have_been_accepted(self) -> None:
        record = await issued(grams=1)
        await execute_together(RESERVE, LOG, SHARE, CERTIFY, number=record.number)


class TestNothingHappensWithoutItsLeaf:
    async def test_a_certificate(self) -> None:
        record = await issued(grams=1)
        with pytest.raises(IntegrityError, match="certificate_is_logged"):
            await execute_together(RESERVE, SHARE, CERTIFY, number=record.number)

    async def test_a_revocation(self) -> None:
        record = await issued()
        with pytest.raises(IntegrityError, match="certificate_end_is_logged"):
            await execute_together(
                "INSERT INTO certificate_end SELECT id, 'revoked', 'reason', NULL, issued_at "
                "FROM certificate WHERE number = ?",
                number=record.number,
            )

    async def test_a_leaf_without_its_certificate(self) -> None:
        record = await issued()
        # PostgreSQL sees it at the commit, where the driver's own error arrives untranslated
        with pytest.raises((IntegrityError, ForeignKeyViolationError)):
            await execute_together(LOG, number=record.number)

    async def test_a_leaf_that_is_called_lost_though_its_certificate_is_here(self) -> None:
        record = await issued()
        with pytest.raises(IntegrityError):
            await execute(
                "INSERT INTO log_event (id, number, event, leaf, lost) "
                f"SELECT 'log_9', number, 'revoked', leaf, TRUE FROM log_event WHERE number = '{record.number}'"
            )

    async def test_a_second_leaf_of_the_same_event(self) -> None:
        record = await issued()
        with pytest.raises(IntegrityError):
            await execute_together(
                "INSERT INTO log_event (id, number, event, leaf) SELECT 'log_9', number, event, leaf FROM log_event WHERE number = ?",
                number=record.number,
            )


class TestThePublishedLogNeverChanges:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE log_event SET leaf = leaf",
            "DELETE FROM log_event",
            "DELETE FROM log_pending",
            "UPDATE log_entry SET position = 5",
            "DELETE FROM log_entry",
            "INSERT INTO log_entry SELECT 2, event_id FROM log_pending",
            "UPDATE log_tile SET id = '9/9'",
            "UPDATE log_tile SET hashes = substr(hashes, 1, 1) || substr(hashes, 1, 31)",
            "DELETE FROM log_tile",
            "UPDATE log_checkpoint SET note = ''",
            "DELETE FROM log_checkpoint",
            "INSERT INTO log_checkpoint SELECT 2, note, signed_at FROM log_checkpoint",
            "UPDATE log_head SET size = 0",
            "DELETE FROM log_head",
        ],
    )
    async def test_refuses(self, statement: str) -> None:
        await issued()
        signer = NoteSigner.of(Ed25519PrivateKey.generate(), "certs.example/log")
        await run_tx(lambda _: sequence(signer, now=NOW))
        tonne = a_cancellation(serials=(a_span(900, 900),), our_reference="ret_late")
        waiting = some_facts(order_reference="ord_2", shares=(Share(tonne, 1),))
        await run_tx(lambda _: service.issue(waiting, ring=RING, issuer_url=ISSUER, now=NOW))
        with pytest.raises(IntegrityError):
            await execute(statement)


class TestAmountsAreWholeAndInRange:
    @pytest.mark.parametrize(
        "statement",
        [
            "INSERT INTO certified_cancellation VALUES ('r', 'jcredit', 'b', 0, 0)",
            "INSERT INTO certified_cancellation VALUES ('r', 'jcredit', 'b', 1, -1)",
            "INSERT INTO certified_cancellation VALUES ('r', 'jcredit', 'b', 1, 1000001)",
            "INSERT INTO certificate_share VALUES ('cert_none', 'ret_0001', 0)",
            "INSERT INTO certified_span VALUES ('ret_0001', 'jcredit', 'blk_x', 5, 4)",
            "INSERT INTO certified_span VALUES ('ret_0001', 'jcredit', 'blk_forest', 4203, 4203)",
            "INSERT INTO certified_span VALUES ('ret_0001', 'jcredit', 'blk_forest', 4202, 4210)",
        ],
    )
    async def test_refuses(self, statement: str) -> None:
        await issued()
        with pytest.raises(IntegrityError):
            await execute(statement)
