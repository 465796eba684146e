"""Rows by the values of their columns, with statements that are built once.

The ORM puts every statement together anew, which takes several times as long as the query itself. What every order asks
in the same words goes through here instead: the same model instances, in the same transaction. Anything with joins, ranges
or counts stays with the ORM.
"""

from collections.abc import Mapping
from functools import cache
from itertools import count
from typing import Any, TypeVar

from tortoise.connection import get_connection
from tortoise.exceptions import DoesNotExist
from tortoise.models import Model

from marketplace.database.dialect import is_postgres

M = TypeVar("M", bound=Model)
_Shape = tuple[tuple[str, int | None], ...]
"""Each column with the number of values it may have, or None if it is to be NULL."""


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


async def find_all(model: type[M], *, order_by: str | None = None, **wanted: Any) -> list[M]:
    """Rows whose columns hold these values. A list stands for any of its values (an empty one finds nothing), None for NULL."""
    if any(value == [] for value in wanted.values()):
        return []
    connection = get_connection("default")
    shape, values = _taken_apart(model, wanted, postgres=is_postgres(connection))
    statement = _select(model, shape, order_by, is_postgres(connection))
    _, rows = await connection.execute_query(statement, values)
    return [model._init_from_db(**row) for row in rows]


async def change(model: type[Model], where: Mapping[str, object], **new: object) -> int:
    """Set columns of the rows whose columns hold the values of `where`; returns how many rows these were."""
    connection = get_connection("default")
    postgres = is_postgres(connection)
    shape, values = _taken_apart(model, where, postgres=postgres)
    fields = model._meta.fields_map
    changed = [fields[name].to_db_value(value, model) for name, value in new.items()]
    statement = _update(model, tuple(new), shape, postgres)
    written, _ = await connection.execute_query(statement, [*changed, *values])
    return int(written)


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


@cache
def _select(model: type[Model], shape: _Shape, order_by: str | None, postgres: bool) -> str:
    columns = ", ".join(f'"{column}"' for column in model._meta.fields_db_projection.values())
    conditions = _conditions(model, shape, _Places(postgres))
    order = f' ORDER BY "{order_by}"' if order_by else ""
    return f'SELECT {columns} FROM "{model._meta.db_table}" WHERE {conditions}{order}'  # noqa: S608 - names of our own


@cache
def _update(model: type[Model], changed: tuple[str, ...], shape: _Shape, postgres: bool) -> str:
    place, columns = _Places(postgres), model._meta.fields_db_projection
    changes = ", ".join(f'"{columns[name]}" = {place()}' for name in changed)
    return f'UPDATE "{model._meta.db_table}" SET {changes} WHERE {_conditions(model, shape, place)}'  # noqa: S608


class _Places:
    """Where the next parameter stands: `?`, or $1, $2 … on PostgreSQL."""

    def __init__(self, postgres: bool) -> None:
        self._numbers = count(1) if postgres else None

    def __call__(self) -> str:
        return "?" if self._numbers is None else f"${next(self._numbers)}"


def _conditions(model: type[Model], shape: _Shape, place: _Places) -> str:
    columns = model._meta.fields_db_projection
    parts = []
    for name, many in shape:
        column = f'"{columns[name]}"'
        if many is None:
            parts.append(f"{column} IS NULL")
        elif many == 0:
            parts.append(f"{column} = ANY({place()})")
        elif many == 1:
            parts.append(f"{column} = {place()}")
        else:
            parts.append(f"{column} IN ({', '.join(place() for _ in range(many))})")
    return " AND ".join(parts)
