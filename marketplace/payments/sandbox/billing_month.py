"""The months of a plan: each begins on the day of the first, or on the last day of a month that is too short for it."""

import calendar
from datetime import UTC, datetime


def month_after(anchor: int, months: int) -> int:
    """The moment `months` months after `anchor`, both in seconds since 1970; days are counted in UTC, as the provider does.

    A plan begun on 31 January goes on on 28 or 29 February and then on 31 March again.
    """
    start = datetime.fromtimestamp(anchor, UTC)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


def next_boundary(anchor: int, after: int) -> int:
    """The first boundary of a month later than `after`."""
    months = 1
    while (boundary := month_after(anchor, months)) <= after:
        months += 1
    return boundary
