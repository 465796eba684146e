"""What must always hold, as one SQL file of queries that find the rows where it does not."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tortoise import connections


@dataclass(frozen=True, slots=True)
class Rule:
    """`query` returns the rows that break the rule; none is right."""

    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    row: dict[str, Any]


def _read(file: Path) -> tuple[Rule, ...]:
    parts = file.read_text("utf-8").split("-- rule: ")[1:]
    return tuple(Rule(part.split("\n", 1)[0].strip(), part.split("\n", 1)[1].strip()) for part in parts)


RULES = _read(Path(__file__).with_name("invariants.sql"))


async def violations() -> list[Violation]:
    """Every row that breaks a rule; safe to run at any time, online."""
    connection = connections.get("default")
    return [
        Violation(rule.name, dict(row)) for rule in RULES for row in await connection.execute_query_dict(rule.query)
    ]
