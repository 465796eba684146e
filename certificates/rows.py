"""Rows by the values of their columns, with statements that are built once.

The ORM puts every statement together anew, which takes several times as long as the query itself. What every order and
every certificate asks in the same words goes through here instead: the same model instances, in the same transaction.
Anything with ranges or counts stays with the ORM. It stands here because the market, which uses it as well
(marketplace/database/rows.py), may import this room and not the reverse.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.exceptions import DoesNotExist
from tortoise.models import Model

M = TypeVar("M", bound=Model)
_Shape = tuple[tuple[str, int | None], ...]
"""Each column with the number of values it may have, or None if it is to be NULL."""
# so that a statement has a few forms, and far fewer parameters than a database takes
_ROWS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Joined:
    """The row of `model` that the column `by` of another table names; `of` is that table's place, counted from zero."""

    model: type[Model]
    by: str
    of: int = 0


async def find(model: type[M], **wanted: Any) -> M | None:
    """The row whose columns hold these values, or None; the columns are a key."""
    rows = await find_all(model, **wanted)
    return rows[0] if rows else None


async def get(model: type[M], **wanted: Any) -> M:
    """As find. Raises DoesNotExist."""
    row = await find(model, **wanted)
    if row is None:
        raise DoesNotExist(model)
    return row


async def find_all(model: type[M], *, order_by: str | None = None, locked: bool = False, **wanted: Any) -> list[M]:
    """Rows whose columns hold these values. A list stands for any of its values (an empty one finds nothing), None for NULL.

    `locked`: nobody else changes them until the transaction ends. Those that somebody was changing are waited for and found as
    they are then, so that they may no longer be in order. SQLite has one writer at a time anyway.
    """
    if any(value == [] for value in wanted.values()):
        return []
    connection = get_connection("default")
    postgres = _is_postgres(connection)
    shape, values = _taken_apart(model, wanted, postgres=postgres)
    statement = _select(model, shape, order_by, postgres)
    if locked and postgres:
        statement += " FOR NO KEY UPDATE"
    _, rows = await connection.execute_query(statement, values)
    return [model._init_from_db(**row) for row in rows]


async def find_joined(
    model: type[Model], *joined: Joined, order_by: str | None = None, locked: bool = False, **wanted: Any
) -> list[tuple[Any, ...]]:
    """As find_all, each row with the rows that it leads to, in the order of `joined`; every one of them is there, and none of
    these is locked."""
    if any(value == [] for value in wanted.values()):
        return []
    connection = get_connection("default")
    postgres = _is_postgres(connection)
    shape, values = _taken_apart(model, wanted, postgres=postgres)
    statement = _select_joined(model, joined, shape, order_by, postgres)
    if locked and postgres:
        statement += " FOR NO KEY UPDATE OF t0"
    _, rows = await connection.execute_query(statement, values)
    models = (model, *(one.model for one in joined))
    return [tuple(_apart(models, tuple(row))) for row in rows]


async def change(model: type[Model], where: Mapping[str, object], **new: object) -> int:
    """Set columns of the rows whose columns hold the values of `where`; returns how many rows these were."""
    connection = get_connection("default")
    postgres = _is_postgres(connection)
    shape, values = _taken_apart(model, where, postgres=postgres)
    fields = model._meta.fields_map
    changed = [fields[name].to_db_value(value, model) for name, value in new.items()]
    statement = _update(model, tuple(new), shape, postgres)
    written, _ = await connection.execute_query(statement, [*changed, *values])
    return int(written)


async def delete(model: type[Model], **wanted: Any) -> None:
    """Delete the rows whose columns hold these values; as find_all. An empty list deletes nothing."""
    if any(value == [] for value in wanted.values()):
        return
    connection = get_connection("default")
    postgres = _is_postgres(connection)
    shape, values = _taken_apart(model, wanted, postgres=postgres)
    await connection.execute_query(_delete(model, shape, postgres), values)


async def insert(*new: Model) -> None:
    """Write new rows of one table. A key that the database gives is set on its instance."""
    connection = get_connection("default")
    for some in _in_portions(new):
        statement, values = _insertion(some, postgres=_is_postgres(connection))
        if not some[0]._meta.pk.generated:
            await connection.execute_query(statement, values)
        else:
            written = await connection.execute_query_dict(f"{statement} RETURNING {_key_column(some[0])}", values)
            for one, row in zip(some, written, strict=True):
                one.pk = next(iter(row.values()))
    for one in new:
        one._saved_in_db = True


async def insert_missing(*new: M) -> list[M]:
    """As insert, leaving out what clashes with a row that is there; returns what was written. Keys are the instances' own."""
    connection = get_connection("default")
    written: set[object] = set()
    for some in _in_portions(new):
        statement, values = _insertion(some, postgres=_is_postgres(connection))
        missing = f"{statement} ON CONFLICT DO NOTHING RETURNING {_key_column(some[0])}"
        written |= {next(iter(row.values())) for row in await connection.execute_query_dict(missing, values)}
    return [one for one in new if one.pk in written]


def _is_postgres(connection: BaseDBAsyncClient) -> bool:
    return connection.capabilities.dialect == "postgres"


def _in_portions(new: Sequence[M]) -> Iterator[Sequence[M]]:
    return (new[start : start + _ROWS_AT_ONCE] for start in range(0, len(new), _ROWS_AT_ONCE))


def _taken_apart(model: type[Model], wanted: Mapping[str, object], *, postgres: bool) -> tuple[_Shape, list[Any]]:
    shape: list[tuple[str, int | None]] = []
    values: list[Any] = []
    for name, value in wanted.items():
        field = model._meta.fields_map[name]
        if value is None:
            shape.append((name, None))
        elif isinstance(value, list):
            all_values = [field.to_db_value(one, model) for one in value]
            # one statement for lists of any length, where the database knows arrays
            shape.append((name, 0 if postgres else len(all_values)))
            values += [all_values] if postgres else all_values
        else:
            shape.append((name, 1))
            values.append(field.to_db_value(value, model))
    return tuple(shape), values


def _insertion(new: Sequence[Model], *, postgres: bool) -> tuple[str, list[Any]]:
    """The statement that writes these rows, and its values."""
    model = type(new[0])
    fields = [(name, model._meta.fields_map[name]) for name in _written(model)]
    if postgres and len(new) > 1:
        # one statement for any number of rows: each form of a statement is prepared anew on each connection
        return _insert_arrays(model), [
            [field.to_db_value(getattr(one, name), one) for one in new] for name, field in fields
        ]
    values = [field.to_db_value(getattr(one, name), one) for one in new for name, field in fields]
    return _insert(model, len(new), postgres), values


def _apart(models: Sequence[type[Model]], row: tuple[Any, ...]) -> Iterator[Model]:
    start = 0
    for model in models:
        columns = _columns(model)
        yield model._init_from_db(**dict(zip(columns, row[start : start + len(columns)], strict=True)))
        start += len(columns)


@cache
def _columns(model: type[Model]) -> tuple[str, ...]:
    return tuple(model._meta.fields_db_projection.values())


@cache
def _written(model: type[Model]) -> tuple[str, ...]:
    """The fields of a new row; a key that the database gives is none of them."""
    meta = model._meta
    return tuple(name for name in meta.fields_db_projection if not (meta.pk.generated and name == meta.pk_attr))


def _key_column(one: Model) -> str:
    return f'"{one._meta.db_pk_column}"'


@cache
def _select(model: type[Model], shape: _Shape, order_by: str | None, postgres: bool) -> str:
    columns = ", ".join(f'"{column}"' for column in _columns(model))
    conditions = _conditions(model, shape, _Places(postgres))
    order = f' ORDER BY "{order_by}"' if order_by else ""
    return f'SELECT {columns} FROM "{model._meta.db_table}" WHERE {conditions}{order}'  # noqa: S608 - names of our own


@cache
def _select_joined(
    model: type[Model], joined: tuple[Joined, ...], shape: _Shape, order_by: str | None, postgres: bool
) -> str:
    models = (model, *(one.model for one in joined))
    columns = ", ".join(f't{place}."{column}"' for place, one in enumerate(models) for column in _columns(one))
    joins = "".join(
        f' JOIN "{one.model._meta.db_table}" t{place} ON t{place}."{one.model._meta.db_pk_column}" = t{one.of}."{one.by}"'
        for place, one in enumerate(joined, start=1)
    )
    conditions = _conditions(model, shape, _Places(postgres), table="t0.")
    order = f' ORDER BY t0."{order_by}"' if order_by else ""
    return f'SELECT {columns} FROM "{model._meta.db_table}" t0{joins} WHERE {conditions}{order}'  # noqa: S608


@cache
def _update(model: type[Model], changed: tuple[str, ...], shape: _Shape, postgres: bool) -> str:
    place, columns = _Places(postgres), model._meta.fields_db_projection
    changes = ", ".join(f'"{columns[name]}" = {place()}' for name in changed)
    return f'UPDATE "{model._meta.db_table}" SET {changes} WHERE {_conditions(model, shape, place)}'  # noqa: S608


@cache
def _delete(model: type[Model], shape: _Shape, postgres: bool) -> str:
    return f'DELETE FROM "{model._meta.db_table}" WHERE {_conditions(model, shape, _Places(postgres))}'  # noqa: S608


@cache
def _insert(model: type[Model], rows: int, postgres: bool) -> str:
    place, names = _Places(postgres), _written(model)
    columns = ", ".join(f'"{model._meta.fields_db_projection[name]}"' for name in names)
    row = ", ".join(f"({', '.join(place() for _ in names)})" for _ in range(rows))
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES {row}'  # noqa: S608


@cache
def _insert_arrays(model: type[Model]) -> str:
    """On PostgreSQL: the values of each column as an array."""
    names, meta = _written(model), model._meta
    columns = ", ".join(f'"{meta.fields_db_projection[name]}"' for name in names)
    types = [meta.fields_map[name].get_for_dialect("postgres", "SQL_TYPE") for name in names]
    arrays = ", ".join(f"${place}::{one}[]" for place, one in enumerate(types, start=1))
    return f'INSERT INTO "{meta.db_table}" ({columns}) SELECT * FROM unnest({arrays})'  # noqa: S608 - names of our own


class _Places:
    """Where the next parameter stands: `?`, or $1, $2 … on PostgreSQL."""

    def __init__(self, postgres: bool) -> None:
        self._numbers = count(1) if postgres else None

    def __call__(self) -> str:
        return "?" if self._numbers is None else f"${next(self._numbers)}"


def _conditions(model: type[Model], shape: _Shape, place: _Places, *, table: str = "") -> str:
    columns = model._meta.fields_db_projection
    parts = []
    for name, many in shape:
        column = f'{table}"{columns[name]}"'
        if many is None:
            parts.append(f"{column} IS NULL")
        elif many == 0:
            parts.append(f"{column} = ANY({place()})")
        elif many == 1:
            parts.append(f"{column} = {place()}")
        else:
            parts.append(f"{column} IN ({', '.join(place() for _ in range(many))})")
    return " AND ".join(parts)
