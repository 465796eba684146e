"""When the sandbox registry works: its opening hours, its processing delay, and a clock that can be set.

Hours are Japan time, which has had no summer time since 1951, so a fixed offset is exact.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

JAPAN = timezone(timedelta(hours=9), "JST")
LONGEST_CLOSURE = timedelta(days=400)


@cache
def _holidays(year: int) -> frozenset[date]:
    import holidays  # noqa: PLC0415 - takes half a second, and a start without a calendar needs none of it

    return frozenset(holidays.country_holidays("JP", years=year))


class ClosedDays(BaseModel):
    """Days without processing, both included, for example the turn of the year."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: date
    last: date


class OpeningHours(BaseModel):
    """`weekdays` counts from Monday = 0. Outside of the hours nothing is decided; with `refuse_when_closed` the whole
    registry answers 503 then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weekdays: Annotated[frozenset[int], Field(min_length=1)] = frozenset(range(5))
    opens: time = time(9)
    closes: time = time(17)
    japanese_holidays: bool = True
    closed: tuple[ClosedDays, ...] = ()
    refuse_when_closed: bool = False

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not self.weekdays <= set(range(7)) or self.opens >= self.closes:
            raise ValueError("weekdays are 0-6 and a day opens before it closes")
        return self

    def is_open_day(self, day: date) -> bool:
        return (
            day.weekday() in self.weekdays
            and not any(closure.first <= day <= closure.last for closure in self.closed)
            and not (self.japanese_holidays and day in _holidays(day.year))
        )

    def first_open(self, moment: datetime) -> datetime:
        """The first open moment at or after `moment`. Raises ValueError if there is none within 400 days."""
        local = moment.astimezone(JAPAN)
        for ahead in range(LONGEST_CLOSURE.days):
            day = local.date() + timedelta(days=ahead)
            if self.is_open_day(day) and local < datetime.combine(day, self.closes, JAPAN):
                return max(local, datetime.combine(day, self.opens, JAPAN)).astimezone(UTC)
        raise ValueError("these hours never open")


class Schedule(BaseModel):
    """`hours=None` is open day and night; the delay runs first, then the next open moment is waited for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    delay_seconds: Annotated[float, Field(ge=0, le=60 * 60 * 24 * 60)] = 0
    hours: OpeningHours | None = None

    def decision_moment(self, submitted_at: datetime) -> datetime:
        ready = submitted_at + timedelta(seconds=self.delay_seconds)
        return self.hours.first_open(ready) if self.hours else ready

    def refused_until(self, moment: datetime) -> datetime | None:
        """When the registry opens again, if it is closed to callers at `moment`."""
        if self.hours is None or not self.hours.refuse_when_closed:
            return None
        opening = self.hours.first_open(moment)
        return opening if opening > moment else None


class ClockSetting(BaseModel):
    """The registry's clock: the machine's, shifted, or standing still. Both None is the machine's own clock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    offset_seconds: float = 0
    stands_at: AwareDatetime | None = None

    def now(self) -> datetime:
        return self.stands_at or datetime.now(UTC) + timedelta(seconds=self.offset_seconds)


class ClockOrder(BaseModel):
    """PUT /admin/clock: from now on it is `now`, and time stands still there unless `runs`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    now: AwareDatetime
    runs: bool = True

    def setting(self) -> ClockSetting:
        utc = self.now.astimezone(UTC)
        if not self.runs:
            return ClockSetting(stands_at=utc)
        return ClockSetting(offset_seconds=(utc - datetime.now(UTC)).total_seconds())
