"""Findings that keep coming and going."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sync.reconcile.flaps import FLIPS, WINDOW, all_flapping, flapping

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def at(*days: float) -> list[datetime]:
    return [START + day * DAY for day in days]


def test_three_flips_within_two_weeks_are_flapping_since_the_third() -> None:
    assert flapping("f", at(0, 1), START + DAY) is None
    found = flapping("f", at(0, 1, 2), START + 2 * DAY)
    assert found is not None
    assert (found.flips, found.since) == (3, START + 2 * DAY)


def test_flips_two_weeks_apart_are_no_flapping() -> None:
    assert flapping("f", at(0, 7, 14), START + 14 * DAY) is None
    assert flapping("f", at(0, 7, 13.9), START + 14 * DAY - DAY / 10) is not None


def test_it_ends_once_two_weeks_hold_fewer_flips() -> None:
    assert flapping("f", at(0, 1, 2), START + 13.9 * DAY) is not None
    assert flapping("f", at(0, 1, 2), START + 14 * DAY) is None


def test_it_is_told_once_for_as_long_as_it_goes_on() -> None:
    found = flapping("f", at(0, 1, 2, 10, 12, 15, 20, 23), START + 23 * DAY)
    assert found is not None
    assert found.since == START + 2 * DAY
    again = flapping("f", at(0, 1, 2, 30, 31, 32), START + 32 * DAY)
    assert again is not None
    assert again.since == START + 32 * DAY


def test_what_comes_later_is_not_known_yet() -> None:
    assert all_flapping({"f": at(0, 1, 2)}, START + DAY) == ()


@given(st.lists(st.integers(0, 60), max_size=12), st.integers(0, 60))
def test_it_is_called_so_exactly_while_two_weeks_hold_three_flips(
    days: list[int], now: int
) -> None:
    flips = sorted(START + day * DAY for day in days if day <= now)
    instant = START + now * DAY
    held = sum(1 for one in flips if instant - one < WINDOW)
    assert (flapping("f", flips, instant) is not None) == (held >= FLIPS)
