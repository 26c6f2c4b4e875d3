"""What happens later must not change what was forecast earlier, and this test can fail."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.forecast.leak import leaks

from benchmarks.forecast_worlds import CALENDAR, END, WORLDS, team
from sync.forecast import backtest, past, replay
from sync.forecast.replay import Instants, Subject
from sync.ledger.load import Container

SHARES = Instants(shares=(0.4, 0.8))


@cache
def _team(world: int, milestones: int = 10) -> list[Subject]:
    return team(WORLDS[world], milestones, seed=11)


def _middle(subjects: Sequence[Subject], share: float) -> datetime:
    begin = min(one.begin for one in subjects)
    end = max(one.outcome.at for one in subjects if one.outcome is not None)
    return CALENDAR.start_of(CALENDAR.local_date(begin + (end - begin) * share))


@given(world=st.sampled_from([1, 5]), share=st.floats(0.2, 0.9), seed=st.integers(0, 10_000))
@settings(max_examples=2, deadline=None)
def test_what_comes_later_changes_no_earlier_forecast(world: int, share: float, seed: int) -> None:
    subjects = _team(world)
    assert leaks(subjects, _middle(subjects, share), END, SHARES, seed) == []


@pytest.mark.full
@pytest.mark.parametrize("world", range(len(WORLDS)))
def test_nor_in_any_world(world: int) -> None:
    subjects = _team(world)
    assert leaks(subjects, _middle(subjects, 0.5), END, SHARES, seed=world) == []


def _peeking_weeks(container: Container, since: datetime, plan: datetime, at: datetime) -> Any:
    return WEEKS(container, since, plan, at + timedelta(days=14))


WEEKS = replay.weeks


def _uncut(container: Container, t: datetime, late: past.Late = past.NONE) -> Container:
    return container


def _all_finished(subjects: Sequence[Subject], at: datetime) -> list[Subject]:
    return [one for one in subjects if one.outcome is not None]


def _as_now(facts: Any, at: datetime) -> Any:
    return facts


def _at_once(mark: Any) -> tuple[datetime, datetime]:
    return mark.trial.at, mark.trial.at


MUTANTS: list[tuple[object, str, Callable[..., Any]]] = [
    (replay, "finished_before", _all_finished),
    (replay, "facts_at", _as_now),
    (backtest, "certain_at", _at_once),
]


@pytest.mark.parametrize(("where", "name", "mutant"), MUTANTS, ids=[one[1] for one in MUTANTS])
def test_a_backtest_that_peeks_is_caught(
    monkeypatch: pytest.MonkeyPatch, where: object, name: str, mutant: Callable[..., Any]
) -> None:
    """Each way to let the future in, put into the code, is told by the test above."""
    monkeypatch.setattr(where, name, mutant)
    assert _found()


def test_counts_of_a_fortnight_later_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "weeks", _peeking_weeks)
    assert not _found(), "the container is cut: there is nothing to peek at"
    monkeypatch.setattr(past, "at", _uncut)
    assert _found()


def _found() -> bool:
    """Whether a leak is told when the world changes right after a forecast."""
    subjects = _team(1)
    one = next(iter(replay.trials(subjects[6], SHARES, CALENDAR, END)))
    return bool(leaks(subjects, one.at, END, SHARES, seed=3))
