"""Time is handed in, never taken: use cases read it from a Clock."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
JAPAN = ZoneInfo("Asia/Tokyo")


def system_clock() -> datetime:
    return datetime.now(UTC)


def japan_date(moment: datetime) -> date:
    """The calendar day in Japan at an aware moment."""
    return moment.astimezone(JAPAN).date()
