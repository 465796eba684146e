"""Rows edited by hand, by somebody who can switch the database's own rules off (fault F33)."""

from contextlib import suppress
from datetime import timedelta

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from certificates import service
from certificates.facts import Share
from certificates.self_check import contradictions
from certificates.verify import TrustedIssuer
from marketplace.database.dialect import is_postgres
from marketplace.database.transactions import run_tx
from tests.certificates.authority import ISSUER, NOW, a_ring, some_facts
from tests.certificates.builders import a_cancellation, a_span

pytestmark = pytest.mark.usefixtures("db")
RING = a_ring(created=NOW - timedelta(days=1))


async def sound_books() -> str:
    """Two valid certificates on one pool tonne, one revoked, one corrected; returns the number of a valid one."""

    def facts(order: str, grams: int) -> service.StatementFacts:
        tonne = a_cancellation(serials=(a_span(7, 7),), our_reference="ret_7")
        return some_facts(order_reference=order, shares=(Share(tonne, grams),), footprint=None)

    async def issue(order: str, grams: int) -> str:
        return (
            await run_tx(lambda _: service.issue(facts(order, grams), ring=RING, issuer_url=ISSUER, now=NOW))
        ).number

    number = await issue("ord_1", 1_000)
    await issue("ord_2", 2_000)
    revoked, corrected = await issue("ord_3", 3_000), await issue("ord_4", 4_000)
    await run_tx(lambda _: service.revoke(revoked, "registry_reversed", now=NOW))
    await run_tx(
        lambda _: service.correct(
            corrected, facts("ord_4/2", 4_001), "typing_error", ring=RING, issuer_url=ISSUER, now=NOW
        )
    )
    return number


EDITS = [
    ("UPDATE certificate SET grams = grams + 1 WHERE number = :n", "columns_differ_from_statement"),
    (
        "UPDATE certificate SET issued_at = '2020-01-01 00:00:00+00:00' WHERE number = :n",
        "columns_differ_from_statement",
    ),
    ("UPDATE certificate SET replaces = 'TEST-X' WHERE number = :n", "columns_differ_from_statement"),
    ("UPDATE certificate SET environment = 'live' WHERE number = :n", "columns_differ_from_statement"),
    (
        "UPDATE certificate SET statement = replace(statement, '1000', '9000') WHERE number = :n",
        "statement_hash_differs",
    ),
    ("UPDATE certificate SET statement = '{}' WHERE number = :n", "statement_unreadable"),
    ("UPDATE certificate SET statement = statement || ' ' WHERE number = :n", "statement_not_canonical"),
    (
        "UPDATE certificate SET statement_sha256 = replace(statement_sha256, 'a', 'b') WHERE number = :n",
        "leaf_differs",
    ),
    ("UPDATE certificate SET credential = 'x' WHERE number = :n", "credential_not_compact"),
    (
        "UPDATE certificate SET credential = (SELECT credential FROM certificate WHERE order_reference = 'ord_2') WHERE number = :n",
        "content_number_differs",
    ),
    (
        "UPDATE certificate SET proof = (SELECT proof FROM certificate WHERE order_reference = 'ord_2') WHERE number = :n",
        "proof_signature_does_not_match",
    ),
    ("UPDATE certificate_text SET value = 'another' WHERE field = 'beneficiary'", "disclosures_text_differs"),
    ("UPDATE certificate_text SET salt = replace(salt, '1', '2')", "disclosures_text_differs"),
    ("DELETE FROM log_event WHERE number = :n", "leaf_missing"),
    ("UPDATE log_event SET leaf = substr(leaf, 2) WHERE number = :n", "leaf_unreadable"),
    (
        "UPDATE certificate_share SET grams = 1 WHERE certificate_id = (SELECT id FROM certificate WHERE number = :n)",
        "grams_are_not_the_shares",
    ),
    (
        "DELETE FROM certificate_share WHERE certificate_id = (SELECT id FROM certificate WHERE number = :n)",
        "grams_are_not_the_shares",
    ),
]
EDITS_OF_ENDS = [
    "DELETE FROM certificate_end WHERE kind = 'revoked'",
    "DELETE FROM certificate_end WHERE kind = 'corrected'",
    "UPDATE certificate_end SET kind = 'revoked', replaced_by = NULL WHERE kind = 'corrected'",
    "UPDATE certificate_end SET replaced_by = 'TEST-X' WHERE kind = 'corrected'",
    "INSERT INTO certificate_end SELECT id, 'revoked', 'x', NULL, issued_at FROM certificate WHERE number = :n",
    "DELETE FROM log_event WHERE event = 'revoked'",
]


class Undo(Exception):
    """Rolls an edit back, so that the next one finds sound books."""


async def found_after(statement: str, number: str, subject: str | None = None) -> set[str]:
    """What is found after a statement that ran with every rule of the tables switched off; nothing of it stays."""
    codes: set[str] = set()

    async def work(tx: BaseDBAsyncClient) -> None:
        edit = statement.replace(":n", f"'{number}'")
        if is_postgres(tx):
            await tx.execute_script(f"SET LOCAL session_replication_role = replica; {edit}")
        else:
            for trigger in await tx.execute_query_dict("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
                await tx.execute_query(f"DROP TRIGGER {trigger['name']}")
            await tx.execute_query("PRAGMA defer_foreign_keys = ON")
            await tx.execute_query(edit)
        codes.update(await found(subject))
        raise Undo

    with suppress(Undo):
        await run_tx(work)
    return codes


async def found(subject: str | None = None) -> set[str]:
    report = await contradictions(TrustedIssuer(ISSUER, RING.keys), now=NOW)
    return {one.code for one in report if subject is None or one.subject == subject}


class TestSoundBooks:
    async def test_contradict_nothing(self) -> None:
        await sound_books()
        assert await found() == set()

    async def test_stay_sound_when_a_name_is_erased(self) -> None:
        number = await sound_books()
        assert await found_after("DELETE FROM certificate_text WHERE field = 'beneficiary'", number) == set()


class TestEveryEditIsNamed:
    async def test_with_its_certificate(self) -> None:
        number = await sound_books()
        for statement, code in EDITS:
            assert code in await found_after(statement, number, number), statement
        assert await found() == set()

    async def test_with_its_cancellation(self) -> None:
        number = await sound_books()
        edit = "UPDATE certified_cancellation SET certified_g = certified_g - 1"
        assert await found_after(edit, number, "ret_7") == {"certified_grams_differ"}

    async def test_of_a_certificate_that_is_gone(self) -> None:
        number = await sound_books()
        assert await found_after("DELETE FROM certificate WHERE number = :n", number) == {"grams_are_not_the_shares"}

    async def test_of_an_end(self) -> None:
        number = await sound_books()
        for statement in EDITS_OF_ENDS:
            assert "end_differs_from_log" in await found_after(statement, number), statement
        assert await found() == set()
