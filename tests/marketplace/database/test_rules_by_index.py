"""A rule kept by a trigger of SQLite costs the same whatever is stored: it is looked up by an index, never by reading a table."""

import re
import sqlite3

from marketplace.database.migrator import FOLDERS

# reads the last row only, which the plan cannot say
READS_ONE_ROW = {"audit_entry_continues"}


def _migrated() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    for folder in FOLDERS:
        for file in sorted(folder.glob("*.sqlite.sql")):
            db.executescript(file.read_text("utf-8"))
    return db


def _statements(trigger: str) -> list[str]:
    """What a trigger runs, as statements of their own: a value for the row's, a constant for the refusal."""
    head, body = re.split(r"\bBEGIN\b", trigger, maxsplit=1)
    condition = re.search(r"\bWHEN\b(.*)", head, re.DOTALL)
    whole = [part.strip() for part in body[: body.rindex("END")].split(";") if part.strip()]
    whole += [f"SELECT 1 WHERE {condition[1]}"] if condition else []
    return [re.sub(r"RAISE\([^)]*\)", "1", re.sub(r"\b(NEW|OLD)\.\w+", "'x'", one)) for one in whole]


def _reads_a_table(db: sqlite3.Connection, statement: str) -> bool:
    plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]
    return any(step.startswith("SCAN ") and step != "SCAN CONSTANT ROW" for step in plan)


class TestNoTriggerReadsATable:
    def test_of_all_rooms(self):
        db = _migrated()
        triggers = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
        assert len(triggers) > 100
        readers = {name for name, text in triggers.items() if any(_reads_a_table(db, one) for one in _statements(text))}
        assert readers == READS_ONE_ROW
