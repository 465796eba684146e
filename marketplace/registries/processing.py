"""When a registry will deal with an application: the truth behind "when to expect what". Pure.

Japan time has had no summer time since 1951, so a fixed offset is exact.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from itertools import islice

from marketplace.registries.profiles import Calendar, Closure, Profile, Rhythm

JAPAN = timezone(timedelta(hours=9), "JST")
LOOK_AHEAD_DAYS = 400


class NeverProcessed(ValueError):
    """A calendar without a single business day in more than a year."""

    code = "never_processed"


@dataclass(frozen=True, slots=True)
class ProcessingWindow:
    """An application is dealt with at some moment from `starts` to `ends`; aware UTC."""

    starts: datetime
    ends: datetime


def next_processing(profile: Profile, moment: datetime) -> datetime:
    """When the registry starts to deal with what is handed in at `moment`. Raises: NeverProcessed."""
    return processing_window(profile, moment).starts


def processing_window(profile: Profile, moment: datetime) -> ProcessingWindow:
    """From when until when the registry deals with what is handed in at `moment`. A registry without a calendar is not
    acted on here (ValueError). Raises: NeverProcessed."""
    calendar = profile.calendar
    if calendar is None:
        raise ValueError(f"{profile.code} has no calendar")
    match calendar.rhythm:
        case Rhythm.ANY_TIME:
            return ProcessingWindow(moment.astimezone(UTC), moment.astimezone(UTC))
        case Rhythm.BUSINESS_DAYS:
            return _on_business_days(calendar, moment.astimezone(JAPAN))
        case Rhythm.WEEKLY:
            return _in_the_weekly_run(calendar, moment.astimezone(JAPAN))


def intake_closes(profile: Profile, moment: datetime) -> datetime:
    """Until when an application that is ready at `moment` can still change: the weekly run's cut-off, else the moment
    at which the registry starts to deal with it; aware UTC. Raises: NeverProcessed."""
    calendar = profile.calendar
    if calendar is not None and calendar.rhythm is Rhythm.WEEKLY:
        return _cut_off(calendar, _intake_week(calendar, moment.astimezone(JAPAN))).astimezone(UTC)
    return next_processing(profile, moment)


def is_business_day(calendar: Calendar, day: date) -> bool:
    return (
        day.weekday() in calendar.weekdays
        and not (calendar.japanese_holidays and day in _holidays(day.year))
        and not any(_closed(closure, day) for closure in calendar.closures)
    )


def _on_business_days(calendar: Calendar, local: datetime) -> ProcessingWindow:
    for day in _business_days(calendar, local.date()):
        closing = datetime.combine(day, calendar.closes, JAPAN)
        if local < closing:
            return _window(max(local, datetime.combine(day, calendar.opens, JAPAN)), closing)
    raise NeverProcessed


def _in_the_weekly_run(calendar: Calendar, local: datetime) -> ProcessingWindow:
    monday = _intake_week(calendar, local)
    run = list(islice(_business_days(calendar, monday + timedelta(days=7)), calendar.run_days))
    return _window(datetime.combine(run[0], calendar.opens, JAPAN), datetime.combine(run[-1], calendar.closes, JAPAN))


def _intake_week(calendar: Calendar, local: datetime) -> date:
    """The Monday of the week whose intake takes what is ready at `local`."""
    monday = local.date() - timedelta(days=local.weekday())
    return monday if local < _cut_off(calendar, monday) else monday + timedelta(days=7)


def _cut_off(calendar: Calendar, monday: date) -> datetime:
    """The last moment of the week's intake: on a holiday it falls on the business day before."""
    day = monday + timedelta(days=calendar.cut_off_weekday)
    while day > monday and not is_business_day(calendar, day):
        day -= timedelta(days=1)
    return datetime.combine(day, calendar.cut_off, JAPAN)


def _business_days(calendar: Calendar, first: date) -> Iterator[date]:
    for ahead in range(LOOK_AHEAD_DAYS):
        day = first + timedelta(days=ahead)
        if is_business_day(calendar, day):
            yield day
    raise NeverProcessed


def _window(starts: datetime, ends: datetime) -> ProcessingWindow:
    return ProcessingWindow(starts.astimezone(UTC), ends.astimezone(UTC))


def _closed(closure: Closure, day: date) -> bool:
    today = day.strftime("%m-%d")
    if closure.first <= closure.last:
        return closure.first <= today <= closure.last
    return today >= closure.first or today <= closure.last


@cache
def _holidays(year: int) -> frozenset[date]:
    import holidays  # noqa: PLC0415 - takes half a second, and a start without a calendar needs none of it

    return frozenset(holidays.country_holidays("JP", years=year))
