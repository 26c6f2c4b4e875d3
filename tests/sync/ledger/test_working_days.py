"""Working days and dates in a zone."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.ledger.working_days import WorkCalendar

FRIDAY = date(2026, 3, 6)
DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))
CALENDARS = st.builds(
    WorkCalendar,
    st.just("UTC"),
    st.frozensets(st.integers(1, 7)),
    st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=20),
)


@pytest.mark.parametrize(
    ("last", "days"),
    [
        (date(2026, 3, 6), 0),
        (date(2026, 3, 7), 0),
        (date(2026, 3, 8), 0),
        (date(2026, 3, 9), 1),
        (date(2026, 3, 11), 3),
        (date(2026, 3, 13), 5),
        (date(2026, 3, 16), 6),
        (date(2026, 3, 5), -1),
        (date(2026, 2, 27), -5),
    ],
)
def test_days_after_a_friday(last: date, days: int) -> None:
    assert WorkCalendar().between(FRIDAY, last) == days


def test_holidays_are_not_worked_unless_they_fall_on_a_weekend() -> None:
    calendar = WorkCalendar(holidays=frozenset({date(2026, 3, 9), date(2026, 3, 8)}))
    assert calendar.between(FRIDAY, date(2026, 3, 13)) == 4


@given(calendar=CALENDARS, first=DAYS, last=DAYS)
def test_counting_agrees_with_looking_at_each_day(
    calendar: WorkCalendar, first: date, last: date
) -> None:
    low, high = sorted((first, last))
    days = [low + timedelta(days=n) for n in range(1, (high - low).days + 1)]
    expected = sum(calendar.is_worked(day) for day in days)
    assert abs(calendar.between(first, last)) == expected


def test_a_working_day_later_keeps_the_time_of_day_over_a_change_of_clocks() -> None:
    calendar = WorkCalendar("Europe/Berlin")
    friday = datetime(2026, 3, 27, 14, 0, tzinfo=UTC)
    assert calendar.add(friday, 1) == datetime(2026, 3, 30, 13, 0, tzinfo=UTC)


def test_no_days_and_no_working_days_change_nothing() -> None:
    at = datetime(2026, 3, 27, 14, 0, tzinfo=UTC)
    assert WorkCalendar().add(at, 0) == at
    assert WorkCalendar(work_days=frozenset()).add(at, 1) == at
    assert WorkCalendar(work_days=frozenset()).between(FRIDAY, date(2026, 4, 1)) == 0


def test_a_date_begins_and_ends_in_its_zone() -> None:
    calendar = WorkCalendar("America/New_York")
    day = date(2026, 3, 8)
    assert calendar.start_of(day) == datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert calendar.end_of(day) == datetime(2026, 3, 9, 4, tzinfo=UTC)
    assert calendar.local_date(datetime(2026, 3, 8, 4, 59, tzinfo=UTC)) == date(2026, 3, 7)
