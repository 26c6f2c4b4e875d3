"""The burn-up as bars."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sync.reconcile.contract import BurnUp, BurnUpPoint
from sync.report.course import bar_lines, bars

TODAY = date(2026, 3, 9)
START = date(2026, 1, 12)


def burn_up(*told: tuple[int, int]) -> BurnUp:
    points = tuple(
        BurnUpPoint(START + timedelta(weeks=n), scope, done) for n, (scope, done) in enumerate(told)
    )
    return BurnUp("Release 3.2", points, None, None, None, None)


def test_first_and_last_day_are_there_and_shares_are_of_the_largest_scope() -> None:
    rows = bars(burn_up(*[(10 + n, n) for n in range(20)]), TODAY)
    assert len(rows) == 8
    assert (rows[0].day, rows[-1].day) == ("12 Jan", "25 May")
    assert (rows[0].done_share, rows[0].open_share) == (0, 34)
    assert (rows[-1].done_share, rows[-1].open_share) == (66, 34)


def test_in_plain_text() -> None:
    assert list(bar_lines(burn_up((4, 0), (8, 2), (8, 8)), TODAY)) == [
        "12 Jan  ░░░░░░░░░░░░              0 of 4",
        "19 Jan  ██████░░░░░░░░░░░░░░░░░░  2 of 8",
        "26 Jan  ████████████████████████  8 of 8",
        "█ done, ░ in scope and open",
    ]


def test_one_day_and_an_empty_scope() -> None:
    assert [(one.done_share, one.open_share) for one in bars(burn_up((0, 0)), TODAY)] == [(0, 0)]


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=30))
def test_no_bar_is_longer_than_its_room(told: list[tuple[int, int]]) -> None:
    rows = bars(burn_up(*told), TODAY)
    assert all(0 <= one.done_share + one.open_share <= 100 for one in rows)
    assert all(len(line) <= 60 for line in bar_lines(burn_up(*told), TODAY))
