"""Accounts, blocks, holdings: who holds which serials. Every function works inside the caller's transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from marketplace.registries.protocol import Name, Serial


class _Seed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SeedAccount(_Seed):
    id: Name
    name: str


class SeedBlock(_Seed):
    """`serial_prefix` is printed before each serial number; `title` is what a notice calls the block."""

    id: Name
    first: Serial
    last: Serial
    serial_prefix: str = ""
    title: str = ""
    acts: Annotated[tuple[Name, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last < self.first:
            raise ValueError("a block runs from first to last")
        return self


class SeedHolding(_Seed):
    account: Name
    block: Name
    first: Serial
    last: Serial


class Seed(_Seed):
    """Invented accounts, blocks and first holdings. Loading the same seed again changes nothing, whatever has been
    transferred or cancelled since."""

    accounts: tuple[SeedAccount, ...] = ()
    blocks: tuple[SeedBlock, ...] = ()
    holdings: tuple[SeedHolding, ...] = ()


class SeedContradicts(Exception):
    """The seed says something else of an account, block or holding than the books do."""

    code = "seed_contradicts"


@dataclass(frozen=True, slots=True)
class HeldRange:
    block: str
    first: int
    last: int
    account: str


def load_seed(db: Connection, seed: Seed) -> dict[str, int]:
    """Returns how many accounts, blocks and holdings were new. Raises: SeedContradicts."""
    new = {"accounts": 0, "blocks": 0, "holdings": 0}
    for account in seed.accounts:
        new["accounts"] += _insert_or_same(db, "account", {"id": account.id}, {"name": account.name})
    for block in seed.blocks:
        facts = block.model_dump(exclude={"id", "acts"}) | {"acts": json.dumps(sorted(block.acts))}
        new["blocks"] += _insert_or_same(db, "block", {"id": block.id}, facts)
    for holding in seed.holdings:
        key = holding.model_dump(exclude={"account"})
        if _insert_or_same(db, "issue", key, {"account": holding.account}):
            hold(db, HeldRange(**holding.model_dump()))
            new["holdings"] += 1
    return new


def _insert_or_same(db: Connection, table: str, key: dict[str, Any], facts: dict[str, Any]) -> bool:
    where = " AND ".join(f"{column} = :{column}" for column in key)
    known = db.execute(f"SELECT {', '.join(facts)} FROM {table} WHERE {where}", key).fetchone()  # noqa: S608 - own names
    if known is None:
        row = key | facts
        slots = ", ".join(f":{column}" for column in row)
        db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({slots})", row)  # noqa: S608 - own names
        return True
    if dict(known) != facts:
        raise SeedContradicts(f"{table} {key} is already in the books with other facts")
    return False


def acts_of(db: Connection, block: str) -> frozenset[str] | None:
    """The acts offered for a block, or None if there is no such block."""
    row = db.execute("SELECT acts FROM block WHERE id = ?", (block,)).fetchone()
    return frozenset(json.loads(row["acts"])) if row else None


def block_contains(db: Connection, block: str, first: int, last: int) -> bool:
    query = "SELECT 1 FROM block WHERE id = ? AND first <= ? AND last >= ?"
    return db.execute(query, (block, first, last)).fetchone() is not None


def account_exists(db: Connection, account: str) -> bool:
    return db.execute("SELECT 1 FROM account WHERE id = ?", (account,)).fetchone() is not None


def accounts(db: Connection) -> list[dict[str, str]]:
    return [dict(row) for row in db.execute("SELECT id, name FROM account ORDER BY id")]


def hold(db: Connection, held: HeldRange) -> None:
    db.execute(
        "INSERT INTO holding (block, first, last, account) VALUES (?, ?, ?, ?)",
        (held.block, held.first, held.last, held.account),
    )
    _count_revision(db)


def _count_revision(db: Connection) -> None:
    db.execute(
        "INSERT INTO control (key, value) VALUES ('revision', '1')"
        " ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
    )


def held_by(db: Connection, account: str, block: str, first: int, last: int) -> Sequence[HeldRange]:
    """The account's holdings that touch the range, in order: of those that begin before it only the last can."""
    rows = db.execute(
        "SELECT block, first, last, account FROM holding"
        " WHERE account = :account AND block = :block AND first <= :last AND last >= :first AND first >= COALESCE("
        "(SELECT max(first) FROM holding WHERE account = :account AND block = :block AND first <= :first), :first)"
        " ORDER BY first",
        {"account": account, "block": block, "first": first, "last": last},
    )
    return [HeldRange(**row) for row in rows]


def holds_all(db: Connection, account: str, block: str, first: int, last: int) -> bool:
    next_needed = first
    for held in held_by(db, account, block, first, last):
        if held.first > next_needed:
            return False
        next_needed = held.last + 1
    return next_needed > last


def take_out(db: Connection, account: str, block: str, first: int, last: int) -> None:
    """Remove exactly the range from the account's holdings; what is left of a holding on either side stays."""
    for held in held_by(db, account, block, first, last):
        db.execute("DELETE FROM holding WHERE block = ? AND first = ?", (block, held.first))
        if held.first < first:
            hold(db, HeldRange(block, held.first, first - 1, account))
        if held.last > last:
            hold(db, HeldRange(block, last + 1, held.last, account))
    _count_revision(db)


def revision(db: Connection) -> int:
    row = db.execute("SELECT value FROM control WHERE key = 'revision'").fetchone()
    return int(row["value"]) if row else 0


def holdings_page(db: Connection, account: str, after: tuple[str, int], limit: int) -> list[HeldRange]:
    rows = db.execute(
        "SELECT block, first, last, account FROM holding"
        " WHERE account = ? AND (block, first) > (?, ?) ORDER BY block, first LIMIT ?",
        (account, *after, limit),
    )
    return [HeldRange(**row) for row in rows]
