"""A market with many fulfilled orders behind it: the rows that one real order wrote, again and again under other names.

Written past triggers and foreign keys, by the database itself, so that a hundred thousand take seconds. Serials, invoice numbers,
places in status lists and the public log go on from where the real order stood, so that orders can be placed afterwards.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from certificates.status_list import PLACES

_TABLES = "SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public' ORDER BY relname"
_COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attidentity <> '' OR a.attgenerated <> '' OR d.adrelid IS NOT NULL AS given,
       EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY(i.indkey)) AS key,
       EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY(i.indkey)) AS own
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attname = 'id'
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
# what the sequencer writes itself, from the leaves that are waiting
_THE_LOG_ITSELF = {"log_pending", "log_entry", "log_tile", "log_checkpoint", "log_head"}
# figures that are each order's own; `n` counts the copies from 1
_NEXT: Mapping[tuple[str, str], str] = {
    ("unit_interval", "first_serial"): "{value} + n",
    ("unit_interval", "last_serial"): "{value} + n",
    ("certified_span", "first_serial"): "{value} + n",
    ("certified_span", "last_serial"): "{value} + n",
    ("invoice", "sequence"): "{value} + n",
    # lists that nobody uses yet, and a next one when half of the places are taken
    ("certificate_reservation", "status_list"): f"{{list}} + 1 + n / {PLACES // 2}",
    ("certificate_reservation", "status_index"): f"n % {PLACES // 2}",
}
_SHORTEST_NAME, _COUNTED_BY = 15, 8


@dataclass(frozen=True)
class Rows:
    """Of one table: its columns, and whole rows by their primary keys."""

    columns: tuple[asyncpg.Record, ...]
    by_key: Mapping[tuple[Any, ...], asyncpg.Record]


async def read(connection: asyncpg.Connection) -> dict[str, Rows]:
    """Everything; for a market that is small still."""
    found = {}
    for (table,) in await connection.fetch(_TABLES):
        columns = tuple(await connection.fetch(_COLUMNS, f'public."{table}"'))
        keys = [column["name"] for column in columns if column["key"]]
        rows = await connection.fetch(f'SELECT * FROM public."{table}"')
        found[table] = Rows(columns, {tuple(row[key] for key in keys): row for row in rows})
    return found


async def write(
    connection: asyncpg.Connection,
    before: Mapping[str, Rows],
    after: Mapping[str, Rows],
    copies: range,
    *,
    sequence: Callable[[], Awaitable[object]],
) -> None:
    """The rows that `after` has and `before` has not, once for each number in `copies`."""
    new = {
        table: [row for key, row in rows.by_key.items() if key not in before[table].by_key]
        for table, rows in after.items()
        if table not in _THE_LOG_ITSELF
    }
    names = _own_names(after, new, known={str(part) for rows in before.values() for key in rows.by_key for part in key})
    async with connection.transaction():
        # neither triggers nor foreign keys: the copies are as right as what they are copies of
        await connection.execute("SET LOCAL session_replication_role = replica")
        (block,) = {row["block_id"] for row in new["unit_interval"]}
        await connection.execute(
            "UPDATE unit_interval SET first_serial = first_serial + $1 WHERE block_id = $2 AND state = 'available'",
            len(copies),
            block,
        )
        newest_list = await connection.fetchval("SELECT max(status_list) FROM certificate_reservation")
        for table, rows in new.items():
            for row in rows:
                values = _Values(table, row, names, newest_list)
                await connection.execute(_insert(table, after[table].columns, values, copies))
        await connection.execute(
            "INSERT INTO log_pending SELECT e.id FROM log_event e LEFT JOIN log_entry p ON p.event_id = e.id WHERE p IS NULL"
        )
        await connection.execute("UPDATE invoice_series SET last_number = last_number + $1", len(copies))
    while await sequence():
        continue
    await connection.execute("VACUUM ANALYZE")


def _own_names(
    after: Mapping[str, Rows], new: Mapping[str, list[asyncpg.Record]], *, known: Collection[str]
) -> list[str]:
    """Texts that only this order's rows bear in their keys: ids, tokens, numbers. None of them contains another."""
    texts = {
        row[column["name"]]
        for table, rows in new.items()
        for row in rows
        for column in after[table].columns
        if column["own"] and isinstance(row[column["name"]], str)
    }
    names = {text for text in texts if len(text) >= _SHORTEST_NAME and text not in known}
    return sorted(name for name in names if not any(other != name and other in name for other in names))


@dataclass(frozen=True)
class _Values:
    """The SQL of each column of a copied row."""

    table: str
    row: asyncpg.Record
    names: list[str]
    newest_list: int

    def of(self, column: asyncpg.Record) -> str:
        value, kind = self.row[column["name"]], column["type"]
        if value is None:
            return f"NULL::{kind}"
        if (rule := _NEXT.get((self.table, column["name"]))) is not None:
            return f"({rule.format(value=value, list=self.newest_list)})::{kind}"
        if isinstance(value, bytes):
            return f"convert_to({_text(value.decode(), self.names)}, 'UTF8')"
        if isinstance(value, str):
            return f"({_text(value, self.names)})::{kind}"
        return f"'{value}'::{kind}"


def _insert(table: str, columns: tuple[asyncpg.Record, ...], values: _Values, copies: range) -> str:
    written = [column for column in columns if not column["given"]]
    into = ", ".join(f'"{column["name"]}"' for column in written)
    return (
        f'INSERT INTO "{table}" ({into}) SELECT {", ".join(values.of(column) for column in written)} '
        f"FROM (SELECT n, lpad(n::text, {_COUNTED_BY}, '0') AS k FROM generate_series({copies.start}, {copies.stop - 1}) n) copy"
    )


def _text(value: str, names: list[str]) -> str:
    """A literal in which the last places of each own name count."""
    parts = [value]
    for place, name in enumerate(names):
        # ids of one moment differ in their last places only
        kept = f"{name[: -_COUNTED_BY - 2]}{place:02}"
        parts = [piece for part in parts for piece in _split(part, name, kept)]
    return " || ".join(part if part == "k" else "'" + part.replace("'", "''") + "'" for part in parts)


def _split(part: str, name: str, kept: str) -> list[str]:
    if part == "k" or name not in part:
        return [part]
    pieces = part.split(name)
    found = [pieces[0] + kept]
    for piece in pieces[1:-1]:
        found += ["k", piece + kept]
    return [*found, "k", pieces[-1]]
