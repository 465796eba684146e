"""The knobs of the sandbox registry, kept in its database so that they outlive a kill: clock, schedule, faults."""

from sqlite3 import Connection
from typing import TypeVar

from pydantic import BaseModel

from marketplace.registries.sandbox.faults import Fault, FaultKind, Operation
from marketplace.registries.sandbox.schedule import ClockSetting, Schedule

Setting = TypeVar("Setting", bound=BaseModel)


def clock(db: Connection) -> ClockSetting:
    return _kept(db, "clock", ClockSetting)


def schedule(db: Connection) -> Schedule:
    return _kept(db, "schedule", Schedule)


def keep(db: Connection, key: str, setting: BaseModel) -> None:
    db.execute(
        "INSERT INTO control (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, setting.model_dump_json()),
    )


def _kept(db: Connection, key: str, kind: type[Setting]) -> Setting:
    row = db.execute("SELECT value FROM control WHERE key = ?", (key,)).fetchone()
    return kind.model_validate_json(row["value"]) if row else kind()


def add_faults(db: Connection, faults: list[Fault]) -> None:
    db.executemany(
        "INSERT INTO fault (kind, operation, reference, remaining, seconds)"
        " VALUES (:kind, :operation, :reference, :count, :seconds)",
        [fault.model_dump() for fault in faults],
    )


def take_fault(db: Connection, operation: Operation, reference: str | None) -> Fault | None:
    """The oldest fault that waits for this operation and reference; one of its counts is spent."""
    row = db.execute(
        "UPDATE fault SET remaining = remaining - 1 WHERE id ="
        " (SELECT id FROM fault WHERE remaining > 0 AND operation = ? AND (reference IS NULL OR reference = ?)"
        " ORDER BY id LIMIT 1) RETURNING kind, operation, reference, seconds",
        (operation, reference),
    ).fetchone()
    if row is None:
        return None
    return Fault(
        kind=FaultKind(row["kind"]),
        operation=Operation(row["operation"]),
        reference=row["reference"],
        seconds=row["seconds"],
    )


def waiting_faults(db: Connection) -> list[dict[str, object]]:
    rows = db.execute(
        "SELECT kind, operation, reference, remaining AS count, seconds FROM fault WHERE remaining > 0 ORDER BY id"
    )
    return [dict(row) for row in rows]


def forget_faults(db: Connection) -> None:
    db.execute("DELETE FROM fault")
