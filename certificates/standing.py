"""What of a certificate can still change, read in one query: its end, what is hidden, and which texts are left.

Everything else is immutable, so what was worked out for a standing holds while the standing is the same.
"""

from dataclasses import dataclass
from typing import Any, Final

from tortoise import connections

_QUERY: Final = """
SELECT c.number, c.statement_sha256, e.kind, e.replaced_by, v.link_code_sha256, v.hidden_fields, v.hidden_until,
       (SELECT COUNT(*) FROM certificate_text t WHERE t.certificate_id = c.id) AS texts
FROM certificate c
LEFT JOIN certificate_end e ON e.certificate_id = c.id
LEFT JOIN certificate_visibility v ON v.certificate_id = c.id
WHERE c.number = {place}"""


@dataclass(frozen=True, slots=True)
class Standing:
    """`texts` counts those not erased: texts never change, they only go."""

    number: str
    statement_sha256: str
    end: str | None
    replaced_by: str | None
    link_code_sha256: str | None
    hidden_fields: str | None
    hidden_until: str
    texts: int


async def standing_of(number: str) -> Standing | None:
    """Of the certificate with exactly this number, as printed; None if there is none."""
    if not (number.isascii() and number.isprintable()):
        return None
    connection = connections.get("default")
    place = "$1" if connection.capabilities.dialect == "postgres" else "?"
    rows: list[dict[str, Any]] = await connection.execute_query_dict(_QUERY.format(place=place), [number])
    if not rows:
        return None
    row = rows[0]
    return Standing(
        number=row["number"],
        statement_sha256=row["statement_sha256"],
        end=row["kind"],
        replaced_by=row["replaced_by"],
        link_code_sha256=row["link_code_sha256"],
        hidden_fields=row["hidden_fields"],
        hidden_until=str(row["hidden_until"]),
        texts=row["texts"],
    )
