"""When each team works."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.forecast import calendar_rules
from sync.forecast.calendar import Calendars, ranges
from sync.ledger.working_days import WorkCalendar
from sync.store.open import Store, open_store

MONDAY = date(2026, 12, 21)
HOLIDAYS = frozenset({date(2026, 12, 24), date(2026, 12, 25)})
COMMON = WorkCalendar(holidays=HOLIDAYS)
WEB = WorkCalendar(
    work_days=frozenset({1, 2, 3, 4}),
    holidays=frozenset(MONDAY + timedelta(days=7 + n) for n in range(5)),
)
CALENDARS = Calendars(COMMON, {"Web": WEB})


def test_a_team_has_its_own_days_and_an_unnamed_one_those_of_everybody() -> None:
    assert CALENDARS.of("Web") is WEB
    assert CALENDARS.of("Core") is COMMON
    assert CALENDARS.of(None) is COMMON


def test_work_of_several_teams_goes_by_who_has_most_of_it() -> None:
    assert CALENDARS.of_most({"Web": 3, None: 2}) is WEB
    assert CALENDARS.of_most({"Web": 2, None: 3}) is COMMON
    assert CALENDARS.of_most({}) is COMMON
    # Of equals always the same one, in whatever order they come.
    assert CALENDARS.of_most({"Web": 2, "Core": 2}) is CALENDARS.of_most({"Core": 2, "Web": 2})


DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(st.lists(DAYS, max_size=30))
def test_ranges_hold_the_days_and_no_others(days: list[date]) -> None:
    found = ranges(days)
    held = {
        first + timedelta(days=n) for first, last in found for n in range((last - first).days + 1)
    }
    assert held == set(days)
    assert all(second[0] - first[1] > timedelta(days=1) for first, second in pairwise(found))


# --- what was configured when ----------------------------------------------------------------

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    made = open_store(store_url)
    yield made
    made.close()


@pytest.mark.full_on_postgres
def test_calendars_are_kept_as_they_were_configured_when(store: Store) -> None:
    later = NOW + timedelta(days=7)
    with store.writing() as conn:
        assert calendar_rules.calendars_at(conn, NOW, "UTC") is None
        # Common: its week and one range; the team: its week and one range.
        assert calendar_rules.refresh(conn, NOW, CALENDARS) == 4
        assert calendar_rules.refresh(conn, NOW + timedelta(days=1), CALENDARS) == 0
        assert calendar_rules.refresh(conn, later, Calendars(COMMON)) == 2
        assert calendar_rules.calendars_at(conn, NOW, "UTC") == CALENDARS
        assert calendar_rules.calendars_at(conn, later, "UTC") == Calendars(COMMON, {})
        assert calendar_rules.calendars_at(conn, NOW - timedelta(days=1), "UTC") is None
        # What comes back begins anew.
        assert calendar_rules.refresh(conn, later + timedelta(days=1), CALENDARS) == 2
