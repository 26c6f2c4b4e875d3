"""When a milestone will be done, by simulation: its cases, and what must hold for any inputs."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sync.forecast.inputs import Blocker, Inputs, Prior, Settings
from sync.forecast.model import Change, simulate
from sync.ledger.working_days import WorkCalendar

MONDAY = date(2026, 3, 9)
FEW = Settings(runs=1_000)
PRIOR = Prior(4.0, 3.0)

INPUTS = Inputs(
    key="jira:version:10005",
    as_of=MONDAY,
    due=date(2026, 5, 1),
    open_items=40,
    baseline_items=50,
    weekly_done=(4, 5, 3, 6, 2, 4, 5, 4),
    added=8,
    removed=2,
    completed=33,
)


def days(found):
    return [found.p50, found.p70, found.p85]


def test_the_dates_of_a_seed_are_the_same_on_every_machine():
    assert [one.isoformat() for one in days(simulate(INPUTS, PRIOR))] == DATES


def test_an_other_day_or_milestone_draws_other_numbers():
    ends = simulate(INPUTS, PRIOR, FEW).ends
    assert (ends == simulate(INPUTS, PRIOR, FEW).ends).all()
    assert (ends != simulate(replace(INPUTS, key="jira:version:10006"), PRIOR, FEW).ends).any()


def test_the_probability_is_that_of_the_promised_date():
    found = simulate(INPUTS, PRIOR)
    assert found.p_on_time == found.p_by(date(2026, 5, 1))
    assert 0.1 < found.p_on_time < 0.3
    assert found.p_by(found.p85) >= 0.85 > found.p_by(found.p85 - timedelta(days=3))


def test_steady_work_ends_about_when_division_says():
    steady = replace(INPUTS, weekly_done=(4.0,) * 26, added=0, removed=0, completed=104)
    found = simulate(steady, Prior(4.0, 10.0), change=Change(grows=False))
    assert abs((found.p50 - MONDAY).days / 7 - 10) < 1


def test_no_due_date_has_dates_and_no_probability():
    found = simulate(replace(INPUTS, due=None), PRIOR, FEW)
    assert found.p50 is not None
    assert found.p_on_time is None


def test_a_due_date_in_the_past_cannot_hold():
    assert simulate(replace(INPUTS, due=date(2026, 3, 6)), PRIOR, FEW).p_on_time == 0


def test_no_completions_are_not_enough_history():
    found = simulate(replace(INPUTS, weekly_done=(0,) * 12), PRIOR, FEW)
    told = "not enough history: 0 completions in the weeks that count, 5 are needed"
    assert found.abstained == told
    assert found.p50 is None
    assert found.p_on_time is None


def test_two_weeks_are_not_enough_history():
    found = simulate(replace(INPUTS, weekly_done=(9, 9)), PRIOR, FEW)
    assert found.abstained == "not enough history: 2 working weeks of evidence, 3 are needed"


def test_earlier_weeks_of_the_team_are_evidence():
    found = simulate(replace(INPUTS, weekly_done=(1,), team_weekly=(3, 2, 4)), PRIOR, FEW)
    assert found.abstained is None


def test_all_done_is_done_today_whatever_is_known():
    found = simulate(replace(INPUTS, open_items=0, weekly_done=()), Prior(), FEW)
    assert days(found) == [MONDAY] * 3
    assert found.p_on_time == 1


def test_what_never_ends_has_no_date():
    found = simulate(replace(INPUTS, open_items=5_000), PRIOR, FEW)
    assert days(found) == [None] * 3
    assert not found.converges
    assert found.p_on_time == 0


def test_holiday_weeks_are_not_worked():
    off = frozenset(MONDAY + timedelta(days=day) for day in range(1, 29))
    found = simulate(replace(INPUTS, calendar=WorkCalendar(holidays=off)), PRIOR, FEW)
    assert found.ends.min() > 28
    free = simulate(INPUTS, PRIOR, FEW)
    assert (found.ends >= free.ends).mean() > 0.99


def test_a_past_week_of_holidays_says_nothing_about_the_rate():
    quiet = replace(INPUTS, weekly_done=(0, *INPUTS.weekly_done), past_shares=(0.0,))
    busy = replace(INPUTS, weekly_done=(0, *INPUTS.weekly_done))
    assert simulate(quiet, PRIOR, FEW).rate.mean > simulate(busy, PRIOR, FEW).rate.mean


def test_what_it_waits_for_ends_first():
    waiting = replace(INPUTS, blockers=(Blocker("github:milestone:7", 3),))
    late = {"github:milestone:7": np.full(1_000, 200)}
    assert simulate(waiting, PRIOR, FEW, waits=late).ends.min() >= 200
    free = simulate(waiting, PRIOR, FEW, waits=late, change=Change(waits=False))
    assert (free.ends == simulate(INPUTS, PRIOR, FEW).ends).all()
    assert simulate(waiting, PRIOR, FEW).unknown_blockers == ("github:milestone:7",)


def test_days_are_simulated_for_what_is_planned_for_less_than_six_weeks():
    daily = simulate(replace(INPUTS, daily=True), PRIOR)
    weekly = simulate(INPUTS, PRIOR)
    assert abs((daily.p50 - weekly.p50).days) <= 7


def test_every_run_ends_on_a_worked_day():
    found = simulate(INPUTS, PRIOR, FEW)
    ended = found.ends[found.ends < found.cap]
    assert all((MONDAY + timedelta(days=int(day))).isoweekday() < 6 for day in ended)
    calendar = INPUTS.calendar
    assert [calendar.between(MONDAY, MONDAY + timedelta(days=int(day))) for day in ended] == list(
        found.work_days[found.ends < found.cap]
    )


any_inputs = st.builds(
    replace,
    st.just(INPUTS),
    key=st.sampled_from(["a", "b", "c", "d"]),
    open_items=st.integers(1, 120),
    baseline_items=st.integers(0, 150),
    weekly_done=st.lists(st.integers(0, 12), min_size=4, max_size=12).map(tuple),
    team_weekly=st.just((5, 5)),
    due=st.none() | st.integers(-30, 200).map(lambda days: MONDAY + timedelta(days=days)),
    added=st.integers(0, 80),
    removed=st.integers(0, 20),
    completed=st.integers(0, 80),
    daily=st.booleans(),
)
TINY = Settings(runs=200)


@given(any_inputs, st.integers(1, 40))
def test_more_open_work_never_ends_earlier(inputs, more):
    before = simulate(inputs, PRIOR, TINY)
    after = simulate(replace(inputs, open_items=inputs.open_items + more), PRIOR, TINY)
    # More than the rest of the plan was open: how fast arrivals fade is left as it is.
    if inputs.baseline_items:
        assert (after.ends >= before.ends).all()


@given(any_inputs, st.sets(st.integers(1, 120), max_size=30))
def test_more_holidays_never_end_earlier(inputs, off):
    holidays = frozenset(MONDAY + timedelta(days=day) for day in off)
    fewer = simulate(inputs, PRIOR, TINY, change=Change(grows=False))
    more = simulate(
        replace(inputs, calendar=WorkCalendar(holidays=holidays)),
        PRIOR,
        TINY,
        change=Change(grows=False),
    )
    assert (more.ends >= fewer.ends).all()


@given(any_inputs)
def test_dates_are_in_order_and_growth_or_a_slower_pace_never_ends_earlier(inputs):
    found = simulate(inputs, PRIOR, TINY)
    told = [one or date.max for one in days(found)]
    assert told == sorted(told)
    assert told[0] > MONDAY
    assert (simulate(inputs, PRIOR, TINY, change=Change(grows=False)).ends <= found.ends).all()
    slower = simulate(inputs, PRIOR, TINY, change=Change(pace=0.9, grows=False))
    assert (slower.ends >= simulate(inputs, PRIOR, TINY, change=Change(grows=False)).ends).all()


DATES = ["2026-05-26", "2026-06-10", "2026-06-26"]
