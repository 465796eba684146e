"""Rows of ledger, retirement, inventory and order edited by somebody who can switch the database's own rules off (fault F33).

The edits of certificates are in tests/certificates/test_self_check.py; together they are fifty and more.
"""

import re
from contextlib import suppress

from marketplace import invariants
from marketplace.database.dialect import is_postgres
from marketplace.database.transactions import run_tx
from tests.marketplace.test_public_log import a_fulfilled_order, small

__all__ = ["small"]

EDITS = [
    # the ledger
    ("UPDATE ledger_posting SET amount_yen = amount_yen + 1 WHERE account LIKE 'order:%'", "I4"),
    ("UPDATE ledger_posting SET amount_yen = 0 WHERE account LIKE 'order:%'", "I4"),
    ("UPDATE ledger_posting SET amount_yen = -amount_yen WHERE account LIKE 'order:%' AND amount_yen < 0", "I4"),
    ("UPDATE ledger_posting SET account = 'fee' WHERE account LIKE 'order:%' AND amount_yen < 0", "I4"),
    ("UPDATE ledger_posting SET transaction_id = 'elsewhere' WHERE account LIKE 'order:%' AND amount_yen < 0", "I4"),
    ("DELETE FROM ledger_posting WHERE account LIKE 'order:%' AND amount_yen < 0", "I4"),
    ("DELETE FROM ledger_posting WHERE account LIKE 'order:%' AND amount_yen > 0", "I4"),
    ("UPDATE ledger_transaction SET balance = 5", "I4"),
    # the retirement
    ("UPDATE retirement SET state = 'submitted'", "I2"),
    ("UPDATE retirement SET state = 'rejected'", "I2"),
    ("UPDATE retirement SET notice_number = NULL", "I8"),
    ("UPDATE retirement SET recorded_on = NULL", "I8"),
    ("UPDATE retirement SET notice_document = NULL", "I8"),
    ("UPDATE retirement SET notice_sha256 = NULL", "I8"),
    ("UPDATE retirement SET interval_id = (SELECT id FROM unit_interval WHERE state = 'available')", "I2"),
    ("UPDATE retirement SET order_id = 'ord_another'", "I2"),
    ("DELETE FROM retirement", "I2"),
    # the units
    ("UPDATE unit_interval SET state = 'available' WHERE state = 'cancelled'", "I2"),
    ("UPDATE unit_interval SET state = 'cancelled' WHERE state = 'available'", "I2"),
    ("UPDATE unit_interval SET last_serial = last_serial + 1 WHERE state = 'cancelled'", "I1"),
    ("UPDATE unit_interval SET first_serial = first_serial + 1 WHERE state = 'cancelled'", "I1"),
    ("DELETE FROM unit_interval WHERE state = 'cancelled'", "I1"),
    ("UPDATE block SET size = size + 1", "I1"),
    # the order and its payment
    ("UPDATE buyer_order SET state = 'retiring'", "I6"),
    ("UPDATE buyer_order SET state = 'refunded'", "I3"),
    ("UPDATE buyer_order SET certificate_number = NULL", "I6"),
    ("UPDATE buyer_order SET certificate_number = 'TEST-X'", "I6"),
    ("DELETE FROM payment", "I3"),
]
TABLE = re.compile(r"(?:UPDATE|DELETE FROM) (\w+)")


class Undo(Exception):
    """Rolls an edit back, so that the next one finds sound books."""


async def broken_by(statement: str) -> set[str]:
    """The invariants (I1 to I8) that a statement breaks which ran with every rule of the tables switched off."""
    broken: set[str] = set()

    async def work(tx) -> None:
        if is_postgres(tx):
            checks = "SELECT conname FROM pg_constraint WHERE contype IN ('c', 'x') AND conrelid = $1::regclass"
            for check in await tx.execute_query_dict(checks, [table := TABLE.findall(statement)[0]]):
                await tx.execute_query(f"ALTER TABLE {table} DROP CONSTRAINT {check['conname']}")
            await tx.execute_script(f"SET LOCAL session_replication_role = replica; {statement}")
        else:
            for trigger in await tx.execute_query_dict("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
                await tx.execute_query(f"DROP TRIGGER {trigger['name']}")
            await tx.execute_query("PRAGMA ignore_check_constraints = ON")
            await tx.execute_query("PRAGMA defer_foreign_keys = ON")
            await tx.execute_query(statement)
        broken.update(violation.rule.split()[0] for violation in await invariants.violations())
        raise Undo

    with suppress(Undo):
        await run_tx(work)
    return broken


class TestEveryEditIsNamed:
    async def test_by_the_rule_it_breaks(self, small):
        await a_fulfilled_order(small)
        missed = [statement for statement, rule in EDITS if rule not in await broken_by(statement)]
        assert missed == []
        assert await invariants.violations() == []
