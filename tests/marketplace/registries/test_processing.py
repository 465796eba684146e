"""When a registry deals with an application: business days, the weekly run, holidays, the turn of the year."""

from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.registries.processing import (
    JAPAN,
    NeverProcessed,
    intake_closes,
    next_processing,
    processing_window,
)
from marketplace.registries.profiles import Calendar, Closure, Profile, Rhythm, load_profiles


def a_profile(rhythm: Rhythm = Rhythm.BUSINESS_DAYS, **calendar: object) -> Profile:
    return load_profiles()["jcredit"].with_settings(Calendar.model_validate({"rhythm": rhythm} | calendar))


def japan(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=JAPAN)


class TestOnBusinessDays:
    @pytest.mark.parametrize(
        ("handed_in", "starts"),
        [
            ("2026-11-20 09:00", "2026-11-20 10:00"),  # Friday, before opening
            ("2026-11-20 16:59", "2026-11-20 16:59"),  # open
            ("2026-11-20 17:00", "2026-11-24 10:00"),  # closed; Monday the 23rd is a holiday
            ("2026-11-21 12:00", "2026-11-24 10:00"),  # Saturday
            ("2026-12-31 18:00", "2027-01-04 10:00"),  # New Year's Day, then a weekend
        ],
    )
    def test_the_next_open_moment(self, handed_in: str, starts: str) -> None:
        assert next_processing(a_profile(), japan(handed_in)) == japan(starts)

    def test_the_day_is_a_day_in_japan(self) -> None:
        handed_in = datetime(2026, 11, 19, 22, 0, tzinfo=UTC)  # Friday 7:00 there
        assert next_processing(a_profile(), handed_in) == datetime(2026, 11, 20, 1, 0, tzinfo=UTC)

    def test_the_answer_is_in_utc(self) -> None:
        assert next_processing(a_profile(), japan("2026-11-20 12:00")).tzinfo is UTC

    def test_a_holiday_that_is_not_kept(self) -> None:
        profile = a_profile(japanese_holidays=False)
        assert next_processing(profile, japan("2026-11-21 12:00")) == japan("2026-11-23 10:00")


class TestInAWeeklyRun:
    """As the J-Credit secretariat published it in 2021, the only rhythm ever published."""

    @pytest.mark.parametrize(
        ("handed_in", "starts", "ends"),
        [
            ("2026-11-12 11:59", "2026-11-16 10:00", "2026-11-17 17:00"),  # Thursday before noon: next Monday, Tuesday
            ("2026-11-12 12:00", "2026-11-24 10:00", "2026-11-25 17:00"),  # noon is too late; Monday is a holiday
            ("2026-12-24 11:00", "2026-12-28 10:00", "2026-12-29 17:00"),
            ("2026-12-25 11:00", "2027-01-12 10:00", "2027-01-13 17:00"),  # the turn of the year, then a holiday
        ],
    )
    def test_the_cut_off_decides_the_week(self, handed_in: str, starts: str, ends: str) -> None:
        window = processing_window(load_profiles()["jcredit"], japan(handed_in))
        assert (window.starts, window.ends) == (japan(starts), japan(ends))

    def test_a_cut_off_on_a_holiday_moves_to_the_business_day_before(self) -> None:
        profile = load_profiles()["jcredit"]
        assert next_processing(profile, japan("2026-04-30 11:00")) == japan("2026-05-07 10:00")
        wednesday_holiday = a_profile(Rhythm.WEEKLY, cut_off_weekday=2)  # 29 April 2026 is one
        assert next_processing(wednesday_holiday, japan("2026-04-28 11:59")) == japan("2026-05-07 10:00")
        assert next_processing(wednesday_holiday, japan("2026-04-28 12:01")) == japan("2026-05-11 10:00")


class TestAnyTime:
    def test_at_once(self) -> None:
        moment = japan("2026-11-22 03:00")
        assert processing_window(a_profile(Rhythm.ANY_TIME), moment).ends == moment


class TestUntilWhenAnApplicationCanChange:
    @pytest.mark.parametrize(
        ("ready", "closes"),
        [
            ("2026-11-09 09:00", "2026-11-12 12:00"),
            ("2026-11-12 11:59", "2026-11-12 12:00"),
            ("2026-11-12 12:00", "2026-11-19 12:00"),  # the next week's intake
            ("2026-04-27 09:00", "2026-04-30 12:00"),
        ],
    )
    def test_the_weekly_run_has_a_cut_off(self, ready: str, closes: str) -> None:
        assert intake_closes(load_profiles()["jcredit"], japan(ready)) == japan(closes)

    def test_elsewhere_until_the_registry_begins(self) -> None:
        assert intake_closes(a_profile(), japan("2026-11-20 18:00")) == japan("2026-11-24 10:00")
        assert intake_closes(a_profile(Rhythm.ANY_TIME), japan("2026-11-20 18:00")) == japan("2026-11-20 18:00")


class TestRefusals:
    def test_a_registry_that_is_not_acted_on(self) -> None:
        with pytest.raises(ValueError, match="no calendar"):
            next_processing(load_profiles()["cer"], japan("2026-11-20 12:00"))

    def test_a_calendar_that_never_opens(self) -> None:
        closure = Closure.model_validate({"from": "01-01", "until": "12-31"})
        with pytest.raises(NeverProcessed):
            next_processing(a_profile(closures=(closure,)), japan("2026-11-20 12:00"))

    def test_a_day_that_closes_before_it_opens(self) -> None:
        with pytest.raises(ValueError, match="opens before it closes"):
            Calendar(rhythm=Rhythm.BUSINESS_DAYS, opens=time(18))


@given(
    moment=st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    rhythm=st.sampled_from(Rhythm),
)
def test_it_is_never_promised_for_the_past_nor_out_of_hours(moment: datetime, rhythm: Rhythm) -> None:
    window = processing_window(a_profile(rhythm), moment)
    assert moment <= window.starts <= window.ends
    if rhythm is not Rhythm.ANY_TIME:
        local = window.starts.astimezone(JAPAN)
        assert local.weekday() < 5
        assert time(10) <= local.time() < time(17)
