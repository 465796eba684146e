"""Bills from a table, CSV or XLSX: all of it or nothing, and every row that cannot be used is named."""

from collections.abc import Mapping
from typing import IO

from marketplace.errors import MarketplaceError
from marketplace.market import Market
from marketplace.plans import bills
from marketplace.plans import service as plans
from marketplace.plans.bills import BillRow
from marketplace.plans.errors import BillRowsRefused
from offset_calc.tabular import TableRefused, open_table

MOST_ROWS = 100
_HEADS = {"month": ("月", "使用月", "期間の初日", "first_day"), "kwh": ("使用量", "使用電力量")}


async def enter_table(market: Market, plan_id: str, file: IO[bytes]) -> int:
    """A table with the columns month and kwh; returns how many bills it held.

    Raises TableRefused, BillRowsRefused, PlanNotChangeable.
    """
    table = open_table(file, _HEADS, required=("month", "kwh"))
    plan = await plans.find(plan_id)
    rows: list[BillRow] = []
    refused: list[Mapping[str, object]] = []
    for line in table.rows:
        row = BillRow(line.cells["month"], line.cells["kwh"])
        rows.append(row)
        if len(rows) > MOST_ROWS:
            raise TableRefused("too_many_rows", most=MOST_ROWS)
        try:
            await bills.judge(plan, row)
        except MarketplaceError as problem:
            refused.append({"line": line.number, "code": problem.code, "params": problem.params})
    if refused:
        raise BillRowsRefused(f"{len(refused)} rows cannot be used", rows=refused)
    if not rows:
        raise TableRefused("empty")
    await bills.enter(market, plan_id, rows)
    return len(rows)
