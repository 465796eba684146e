"""What an order writes, as a pgbench script: the same rows into tables of the same shape, in as many durable commits.

Which rows these are is read from the server's own counters. Each table that was written to has an empty copy with the same
columns and indexes; a run of the script inserts as many rows there as an order does, each as wide as a real one and with
keys of its own, and updates as many. Rows that many orders update stay few there too. Triggers, checks and foreign keys
are ours to pay for: the copies have none.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

_COUNTERS = "SELECT relname, n_tup_ins, n_tup_upd FROM pg_stat_user_tables WHERE schemaname = 'public'"
_COMMITS = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"  # transactions that wrote something
_COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
       bool_or(coalesce(a.attnum = ANY(i.indkey), false)) AS indexed
FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
GROUP BY a.attnum, a.attname, a.atttypid, a.atttypmod ORDER BY a.attnum
"""
_KEYS = """
SELECT array_agg(a.attname::text) AS columns FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum > 0 AND NOT a.attisdropped
                   AND pg_get_indexdef(i.indexrelid) ~ ('\\m' || a.attname || '\\M')
WHERE i.indrelid = $1::regclass AND (i.indisunique OR i.indisexclusion) GROUP BY i.indexrelid
"""
_MOST_SHARED_ROWS = 8


@dataclass(frozen=True)
class Written:
    """Rows by table, and commits."""

    inserted: Mapping[str, int]
    updated: Mapping[str, int]
    commits: int

    def since(self, before: "Written", *, orders: int) -> "Written":
        """What was written after `before`, for each of so many orders, rounded down."""
        return Written(
            {table: (rows - before.inserted.get(table, 0)) // orders for table, rows in self.inserted.items()},
            {table: (rows - before.updated.get(table, 0)) // orders for table, rows in self.updated.items()},
            (self.commits - before.commits) // orders,
        )


async def written(connection: asyncpg.Connection) -> Written:
    rows = await connection.fetch(_COUNTERS)
    return Written(
        {row["relname"]: row["n_tup_ins"] for row in rows},
        {row["relname"]: row["n_tup_upd"] for row in rows},
        await connection.fetchval(_COMMITS),
    )


async def script(connection: asyncpg.Connection, work: Written) -> str:
    """One order's writes, its rows spread evenly over its commits; one run of the script is one order."""
    await connection.execute("DROP SCHEMA IF EXISTS replay CASCADE; CREATE SCHEMA replay")
    inserts: list[str] = []
    updates: list[str] = []
    for table in sorted(work.inserted):
        copy = await _Copy.of(connection, table) if work.inserted[table] or work.updated[table] else None
        if copy is not None:
            inserts += [copy.insert(number) for number in range(work.inserted[table])]
            own = work.inserted[table]
            updates += [
                copy.update_own(number % own) if own else copy.update_shared() for number in range(work.updated[table])
            ]
    statements = inserts + updates
    size = max(1, -(-len(statements) // max(1, work.commits)))
    parts = [statements[start : start + size] for start in range(0, len(statements), size)]
    # a new key for each run, so that no two rows clash
    head = "\\set run random(1, 9000000000000000)\n"
    return head + "\n".join("BEGIN;\n" + "\n".join(part) + "\nCOMMIT;" for part in parts) + "\n"


@dataclass(frozen=True)
class _Copy:
    """The copy of one table. `literals` is a real row, `keys` are the columns whose values every new row has of its own."""

    table: str
    literals: Mapping[str, str]
    keys: Mapping[str, str]
    changes: str
    shared_rows: int

    @classmethod
    async def of(cls, connection: asyncpg.Connection, table: str) -> "_Copy":
        name = f'replay."{table}"'
        await connection.execute(f'CREATE TABLE {name} (LIKE public."{table}" INCLUDING DEFAULTS INCLUDING INDEXES)')
        columns = await connection.fetch(_COLUMNS, f'public."{table}"')
        shown = ", ".join(f'quote_nullable("{column["name"]}"::text) AS "{column["name"]}"' for column in columns)
        row = await connection.fetchrow(f'SELECT {shown} FROM public."{table}" ORDER BY ctid DESC LIMIT 1')
        types = {column["name"]: column["type"] for column in columns}
        own: set[str] = set()
        for key in await connection.fetch(_KEYS, f'public."{table}"'):
            texts = {
                column for column in key["columns"] if types[column] in {"text", "uuid"} or "char" in types[column]
            }
            # a text of its own makes any key unique; where there is none, its numbers do
            own |= texts or {column for column in key["columns"] if types[column] in {"bigint", "integer"}}
        plain = [column["name"] for column in columns if not column["indexed"]] or [columns[0]["name"]]
        await connection.execute(f'INSERT INTO {name} SELECT * FROM public."{table}" LIMIT {_MOST_SHARED_ROWS}')
        return cls(
            table=name,
            # a table that is a waiting list may be empty again
            literals={column: f"{row[column]}::{types[column]}" for column in types} if row else {},
            keys={key: types[key] for key in own},
            changes=f'"{plain[0]}" = "{plain[0]}"',
            shared_rows=await connection.fetchval(f"SELECT count(*) FROM {name}"),
        )

    def insert(self, number: int) -> str:
        values = self.literals | {key: self._key(key, number) for key in self.keys}
        columns = ", ".join(f'"{column}"' for column in values)
        return f"INSERT INTO {self.table} ({columns}) VALUES ({', '.join(values.values())});"

    def update_own(self, number: int) -> str:
        """Of a row that this run inserted."""
        row = " AND ".join(f'"{key}" = {self._key(key, number)}' for key in self.keys)
        return f"UPDATE {self.table} SET {self.changes} WHERE {row};"

    def update_shared(self) -> str:
        """Of a row that other orders update too, since no order inserts any."""
        row = f"(SELECT ctid FROM {self.table} OFFSET :client_id % {self.shared_rows} LIMIT 1)"
        return f"UPDATE {self.table} SET {self.changes} WHERE ctid = {row};"

    def _key(self, key: str, number: int) -> str:
        if self.keys[key] in {"bigint", "integer"}:
            # an integer column takes what fits into it
            return f"(:run % 2000000000 + {number})::{self.keys[key]}"
        return f"('key_' || lpad((:run)::text, 24, '0') || '_{number}')"
