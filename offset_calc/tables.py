"""The shipped data files: an edition names them with their hashes, and they are read only when needed."""

from __future__ import annotations

import csv
import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from offset_calc.errors import EditionUnknown, FactorTableDamaged

DATA = Path(__file__).parent / "data"
PLAIN_DECIMAL = re.compile(r"-?\d+(\.\d+)?")
_EDITION_NAME = re.compile(r"\d{4}-\d{2}(\.\d+)?")

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """One data file as its edition describes it.  A factor id belongs to it if a prefix and the suffix fit."""

    name: str
    rows: int
    sha256: str
    publisher: str
    published: str
    licence: str
    credit: str
    prefixes: tuple[str, ...]
    suffix: str

    def may_hold(self, factor_id: str) -> bool:
        """Tell from the id alone whether the factor would be in this file."""
        return factor_id.startswith(self.prefixes) and factor_id.endswith(self.suffix)

    def may_hold_prefix(self, prefix: str) -> bool:
        """Tell whether some id that begins with `prefix` could be in this file."""
        return any(own.startswith(prefix) or prefix.startswith(own) for own in self.prefixes)


@dataclass(frozen=True, slots=True)
class Resource:
    """A data file that is not a factor table, under the name by which it is asked for in every edition."""

    name: str
    file: str
    sha256: str


class Edition:
    """A dated selection of data files.  `sha256` changes when any figure in any of them changes."""

    def __init__(self, name: str, tables: tuple[Table, ...], resources: tuple[Resource, ...]) -> None:
        self.name = name
        self.tables = tables
        self._resources = {resource.name: resource for resource in resources}
        self._rows: dict[str, dict[str, Row]] = {}

    @cached_property
    def sha256(self) -> str:
        """Hash of the edition's list of file names and file hashes."""
        lines = [f"{table.name} {table.sha256}" for table in self.tables]
        lines += [f"{resource.name} {resource.sha256}" for resource in self._resources.values()]
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()

    def row(self, factor_id: str) -> Row | None:
        """One row by its id, or None."""
        for table in self.tables:
            if table.may_hold(factor_id):
                row = self._table(table).get(factor_id)
                if row is not None:
                    return row
        return None

    def ids(self, prefix: str = "") -> Iterator[str]:
        """Ids that begin with `prefix`, sorted within each file."""
        for table in self.tables:
            if table.may_hold_prefix(prefix):
                yield from (factor_id for factor_id in self._table(table) if factor_id.startswith(prefix))

    def factor_ids(self, activity: str, region: str) -> tuple[str, ...]:
        """Ids of the factors of one activity in one region, as activities.csv lists them; empty if there are none."""
        return self._activities.get((activity, region), ())

    def activities(self) -> tuple[tuple[str, str], ...]:
        """Every (activity, region) pair that has a factor."""
        return tuple(self._activities)

    def credit_lines(self) -> tuple[str, ...]:
        """The credit line of every table, each once, in the order of the edition."""
        return tuple(dict.fromkeys(table.credit for table in self.tables))

    def resource(self, name: str) -> list[Row]:
        """The rows of a data file that is not a factor table: "activities" or "places"."""
        resource = self._resources[name]
        return _read(DATA / resource.file, resource.sha256)

    @cached_property
    def _activities(self) -> dict[tuple[str, str], tuple[str, ...]]:
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for row in self.resource("activities"):
            key = (row["activity"], row["region"])
            found[key] = (*found.get(key, ()), row["factor_id"])
        return found

    def _table(self, table: Table) -> dict[str, Row]:
        if table.name not in self._rows:
            rows = _read(DATA / "tables" / f"{table.name}.csv", table.sha256)
            self._rows[table.name] = {row["id"]: row for row in rows}
        return self._rows[table.name]


def open_edition(name: str) -> Edition:
    """Read the description of an edition.  Raises: EditionUnknown."""
    path = DATA / "editions" / f"{name}.toml"
    if not _EDITION_NAME.fullmatch(name) or not path.is_file():
        raise EditionUnknown(name)
    described = tomllib.loads(path.read_text(encoding="utf-8"))
    tables = tuple(
        Table(**{**entry, "prefixes": tuple(entry["prefixes"]), "suffix": entry.get("suffix", "")})
        for entry in described["table"]
    )
    return Edition(name, tables, tuple(Resource(**entry) for entry in described["resource"]))


def editions() -> tuple[str, ...]:
    """Names of the shipped editions, oldest first."""
    return tuple(sorted(path.stem for path in (DATA / "editions").glob("*.toml")))


def _read(path: Path, sha256: str) -> list[Row]:
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise FactorTableDamaged(path.name)
    return list(csv.DictReader(content.decode("utf-8").splitlines()))
