"""The ledger as a table for bookkeeping: debit and credit columns per posting, or summed per day or month in Japan.

A positive posting is a debit, a negative one a credit. No cell begins like a formula.
"""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from tortoise.connection import get_connection

from marketplace.clock import JAPAN, japan_date
from marketplace.database.dialect import sql
from offset_calc.tabular import safe_cell

HEAD_OF_POSTINGS = ("date", "account", "debit_yen", "credit_yen", "event", "order", "transaction")
HEAD_OF_SUMS = ("period", "account", "debit_yen", "credit_yen", "postings")


class By(StrEnum):
    POSTING = "posting"
    DAY = "day"
    MONTH = "month"


async def as_csv(first: date, last: date, by: By) -> str:
    """All postings of the days `first` to `last` in Japan, both included, with a head row; UTF-8 with a mark for Excel."""
    rows = [row async for row in _rows(first, last)]
    if by is By.POSTING:
        table: Iterable[Sequence[str | int]] = (
            (str(day), account, max(yen, 0), max(-yen, 0), event, order or "", transaction)
            for day, account, yen, event, order, transaction in rows
        )
        return _written(HEAD_OF_POSTINGS, table)
    return _written(HEAD_OF_SUMS, _summed(rows, by))


Row = tuple[date, str, int, str, str | None, str]


async def _rows(first: date, last: date) -> AsyncIterator[Row]:
    connection = get_connection("default")
    begin = datetime.combine(first, time(), JAPAN).astimezone(UTC)
    end = datetime.combine(last + timedelta(days=1), time(), JAPAN).astimezone(UTC)
    rows = await connection.execute_query_dict(
        sql(
            connection,
            "SELECT t.at AS at, p.account AS account, p.amount_yen AS yen, t.event AS event, t.order_id AS order_id, "
            "t.id AS transaction_id FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id "
            "WHERE t.at >= ? AND t.at < ? ORDER BY t.at, t.id, p.id",
        ),
        [begin, end],
    )
    for row in rows:
        at = datetime.fromisoformat(row["at"]) if isinstance(row["at"], str) else row["at"]
        aware = at if at.tzinfo else at.replace(tzinfo=UTC)
        yield japan_date(aware), row["account"], int(row["yen"]), row["event"], row["order_id"], row["transaction_id"]


def _summed(rows: Iterable[Row], by: By) -> list[tuple[str, str, int, int, int]]:
    """Accounts by their kind, since each order and seller has one of its own; debits and credits never net out."""
    sums: dict[tuple[str, str], tuple[int, int, int]] = {}
    for day, account, yen, *_ in rows:
        key = (str(day) if by is By.DAY else f"{day:%Y-%m}", account.partition(":")[0])
        debit, credit, count = sums.get(key, (0, 0, 0))
        sums[key] = (debit + max(yen, 0), credit + max(-yen, 0), count + 1)
    return [(*key, *figures) for key, figures in sorted(sums.items())]


def _written(head: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return "\ufeff" + file.getvalue()


def _safe(cell: str | int) -> str | int:
    return safe_cell(cell) if isinstance(cell, str) else cell
