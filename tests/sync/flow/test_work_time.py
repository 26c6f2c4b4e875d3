"""Working time: nights count, weekends and holidays do not."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from sync.flow.work_time import WorkTime
from sync.ledger.working_days import WorkCalendar

FRIDAY_NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)


def test_a_weekend_is_no_time() -> None:
    time = WorkTime(WorkCalendar())
    assert time.between(FRIDAY_NOON, FRIDAY_NOON + timedelta(days=3)) == pytest.approx(1.0)


def test_a_day_is_a_day() -> None:
    time = WorkTime(WorkCalendar())
    tuesday = datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert time.between(tuesday, tuesday + timedelta(days=2)) == pytest.approx(2.0)
    assert time.between(tuesday, tuesday + timedelta(hours=6)) == pytest.approx(0.25)


def test_it_begins_and_ends_on_days_off() -> None:
    time = WorkTime(WorkCalendar())
    saturday = datetime(2026, 3, 7, 15, tzinfo=UTC)
    assert time.between(saturday, saturday + timedelta(days=1)) == 0.0
    assert time.between(saturday, saturday + timedelta(days=7)) == pytest.approx(5.0)


def test_holidays_are_no_time() -> None:
    monday = date(2026, 3, 9)
    time = WorkTime(WorkCalendar(holidays=frozenset({monday})))
    assert time.between(FRIDAY_NOON, FRIDAY_NOON + timedelta(days=4)) == pytest.approx(1.0)


def test_earlier_is_none() -> None:
    time = WorkTime(WorkCalendar())
    assert time.between(FRIDAY_NOON, FRIDAY_NOON - timedelta(days=1)) == 0.0


def test_days_begin_in_the_zone_of_the_calendar() -> None:
    time = WorkTime(WorkCalendar("Asia/Tokyo"))
    # Saturday has begun in Tokyo when it is Friday 15:00 in UTC.
    assert time.between(datetime(2026, 3, 6, 15, tzinfo=UTC), datetime(2026, 3, 7, tzinfo=UTC)) == 0


def test_a_long_and_a_short_day_are_one_day_each() -> None:
    time = WorkTime(WorkCalendar("Europe/Berlin", frozenset(range(1, 8))))
    for day in (date(2026, 3, 29), date(2026, 10, 25)):
        calendar = WorkCalendar("Europe/Berlin")
        assert time.between(calendar.start_of(day), calendar.end_of(day)) == pytest.approx(1.0)


def test_parts_add_up_whatever_is_asked_first() -> None:
    time = WorkTime(WorkCalendar("America/New_York", holidays=frozenset({date(2026, 3, 11)})))
    ends = [FRIDAY_NOON + timedelta(hours=7.3 * n) for n in range(60)]
    whole = time.between(ends[0], ends[-1])
    parts = sum(time.between(a, b) for a, b in pairwise(ends))
    assert parts == pytest.approx(whole)
    assert time.between(ends[0] - timedelta(days=30), ends[0]) == pytest.approx(
        WorkTime(WorkCalendar("America/New_York")).between(ends[0] - timedelta(days=30), ends[0])
    )
