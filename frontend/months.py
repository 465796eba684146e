"""The calendar months of a history, as Japan counts them."""

from datetime import UTC, date, datetime, time

from marketplace.clock import JAPAN

A_YEAR = 12


def last_months(today: date, count: int = A_YEAR) -> tuple[date, ...]:
    """The first days of the month of `today` and of those before it, oldest first."""
    months = [today.year * 12 + today.month - 1 - back for back in range(count)]
    return tuple(date(month // 12, month % 12 + 1, 1) for month in reversed(months))


def end_of(month: date) -> datetime:
    """The moment at which a month is over in Japan, given its first day."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return datetime.combine(following, time.min, JAPAN).astimezone(UTC)
