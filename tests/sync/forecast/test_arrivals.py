"""What may still come after everything was done, and as long as no date is promised."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from sync.forecast.arrivals import gathers
from sync.forecast.inputs import Inputs, Prior, Settings
from sync.forecast.model import simulate

MONDAY = date(2026, 3, 9)
RUNS = Settings(runs=4_000)
PRIOR = Prior(4.0, 3.0)
EMPTY = Inputs(
    key="jira:version:1",
    as_of=MONDAY,
    due=date(2026, 5, 1),
    open_items=0,
    baseline_items=30,
    weekly_done=(4, 5, 3, 6, 2, 4, 5, 4),
    added=10,
    completed=33,
)


def test_with_nothing_open_something_may_still_come() -> None:
    near = replace(EMPTY, due=MONDAY + timedelta(days=4))
    some = [replace(near, added=number) for number in (0, 10, 30)]
    calm, usual, busy = (simulate(one, PRIOR, RUNS).p_on_time or 0.0 for one in some)
    assert 0.95 > calm > usual > busy > 0.05
    far = replace(some[2], due=MONDAY + timedelta(days=60))
    assert 1 > simulate(far, PRIOR, RUNS).p_on_time > busy


def test_what_was_opened_again_before_may_be_so_again() -> None:
    due = MONDAY + timedelta(days=2)
    once = simulate(replace(EMPTY, due=due), PRIOR, RUNS).p_on_time
    again = simulate(replace(EMPTY, due=due, reopened=20), PRIOR, RUNS).p_on_time
    assert again < once - 0.05


def test_a_week_without_news_is_the_end() -> None:
    found = simulate(replace(EMPTY, added=0), PRIOR, RUNS)
    assert found.p70 == MONDAY
    assert 0.02 < (found.ends > 0).mean() < 0.3


def test_without_history_nothing_is_feared() -> None:
    found = simulate(replace(EMPTY, weekly_done=()), Prior(), RUNS)
    assert found.p_on_time == 1


def test_how_sure_it_is_that_more_comes() -> None:
    assert gathers(()) == 0
    assert gathers((100,)) == 0, "all of it came at once"
    assert gathers((100, 60, 30, 0)) == 1, "today something came"
    lively, silent = gathers((100, 80, 60, 40, 20)), gathers((400, 380, 360, 340, 320))
    assert lively > 0.5
    assert silent < 0.05
    assert gathers((400, 300, 200, 100)) > silent


def test_an_archive_without_a_date_goes_on_as_long_as_it_gathers() -> None:
    open_ = replace(EMPTY, open_items=5, due=None)
    ends = simulate(open_, PRIOR, RUNS).ends
    gathering = simulate(replace(open_, entered=(400, 300, 200, 100, 1)), PRIOR, RUNS)
    silent = simulate(replace(open_, entered=(400, 399, 398, 397)), PRIOR, RUNS)
    assert (silent.ends == ends).all()
    assert (gathering.ends >= ends).all()
    assert (gathering.ends > 300).mean() == pytest.approx(400 / 700, abs=0.1)


def test_an_archive_with_a_date_gathers_until_then() -> None:
    open_ = replace(EMPTY, open_items=1, entered=(60, 30, 1))
    found = simulate(open_, PRIOR, RUNS)
    assert found.p_on_time < simulate(replace(open_, entered=()), PRIOR, RUNS).p_on_time
    assert (found.ends > 30).mean() > 0.5
