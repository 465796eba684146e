"""How the public log has grown."""

from collections.abc import Sequence
from datetime import datetime

from tortoise.connection import get_connection

from marketplace.database.dialect import sql


async def sizes_at(moments: Sequence[datetime]) -> list[int]:
    """How many leaves the newest checkpoint signed before each of `moments` covers; 0 where there was none. One look at all."""
    if not moments:
        return []
    connection = get_connection("default")
    cases = ", ".join(f"MAX(CASE WHEN signed_at < ? THEN size END) AS at_{number}" for number, _ in enumerate(moments))
    (row,) = await connection.execute_query_dict(sql(connection, f"SELECT {cases} FROM log_checkpoint"), list(moments))  # noqa: S608
    return [row[f"at_{number}"] or 0 for number, _ in enumerate(moments)]
