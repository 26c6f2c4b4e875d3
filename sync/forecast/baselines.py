"""The six forecasters that ours has to beat (drift-spec 2.2 and 2.5.6); pure.

Each says after how many working days the work is done, at each level, and how probable it is that
this is no later than the promised date. One that has nothing to go by says nothing (None).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf

import numpy as np

from sync.forecast.scores import LEVELS

#: Weeks of the newest history that the lines and the resampling look at (drift-spec 2.3).
WEEKS = 26
#: Working days after which nobody plans: what does not converge ends here (two years).
CAP = 520.0
WORK_WEEK = 5.0
RUNS = 2_000
#: How far Jira's version report goes to either side of its line.
BAND = 0.10


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of a milestone at the instant of the forecast."""

    #: open leaf items.
    remaining: int
    #: completions and net arrivals of whole weeks, oldest first, up to that instant.
    completions: Sequence[float]
    arrivals: Sequence[float]
    #: working days to the end of the promised date; negative when it has passed; None: none.
    due_in: float | None
    #: working days that earlier milestones still took at the same share of their life.
    earlier_days: Sequence[float] = ()
    #: of earlier milestones with a date, whether each was on time.
    earlier_on_time: Sequence[bool] = ()
    #: the same milestone and instant draw the same numbers.
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What a forecaster says; either half may be missing."""

    #: working days from the instant, by level; empty: no date.
    days: Mapping[float, float]
    p: float | None


Forecaster = Callable[[Known], Said | None]


def due_date(known: Known) -> Said | None:
    """The plan as it stands: done on the promised date, for certain. One that passed was wrong."""
    if known.due_in is None:
        return None
    return _point(max(0.0, known.due_in), known)


def throughput(known: Known) -> Said | None:
    """Open items by mean completions a week."""
    rate = _rate(known.completions)
    if rate is None:
        return None
    return _point(_span(known.remaining, rate), known)


def burn_up(known: Known) -> Said | None:
    """Where the line of what is done meets the line of the scope, both drawn on as they were."""
    done, came = _rate(known.completions), _rate(known.arrivals)
    if done is None or came is None:
        return None
    return _point(_span(known.remaining, done - came), known)


def band(known: Known) -> Said | None:
    """The line of Jira's version report with its ten per cent to either side."""
    rate = _rate(known.completions)
    if rate is None:
        return None
    middle = _span(known.remaining, rate)
    late = min(CAP, middle * (1 + BAND))
    days = {level: middle if level <= 0.5 else late for level in LEVELS}
    if known.due_in is None:
        return Said(days, None)
    early = middle * (1 - BAND)
    inside = 1.0 if late <= known.due_in else 0.0 if early > known.due_in else 0.5
    return Said(days, inside)


def climatology(known: Known) -> Said | None:
    """What became of earlier milestones, whatever is known of this one."""
    days: dict[float, float] = {}
    if known.earlier_days:
        cuts = np.quantile(np.asarray(known.earlier_days, dtype=float), LEVELS)
        days = {level: float(cut) for level, cut in zip(LEVELS, cuts, strict=True)}
    share: float | None = None
    if known.due_in is not None and known.earlier_on_time:
        share = sum(known.earlier_on_time) / len(known.earlier_on_time)
    return Said(days, share) if days or share is not None else None


def monte_carlo(known: Known) -> Said | None:
    """Past weeks drawn again and again until what is open now is done; nothing more arrives."""
    past = np.asarray(known.completions[-WEEKS:], dtype=float)
    if not past.size or not past.sum():
        return None
    if known.remaining <= 0:
        return _point(0.0, known)
    weeks = ceil(CAP / WORK_WEEK)
    rng = np.random.default_rng(known.seed)
    drawn = rng.choice(past, size=(RUNS, weeks))
    total = drawn.cumsum(axis=1)
    reached = total >= known.remaining
    week = np.where(reached.any(axis=1), reached.argmax(axis=1), weeks)
    inside = np.minimum(week, weeks - 1)
    rows = np.arange(RUNS)
    before = total[rows, inside] - drawn[rows, inside]
    # In the week in which it ends, work goes on evenly.
    part = (known.remaining - before) / np.maximum(drawn[rows, inside], 1e-9)
    ends = np.where(week < weeks, (week + np.clip(part, 0, 1)) * WORK_WEEK, CAP)
    cuts = np.quantile(ends, LEVELS)
    days = {level: float(cut) for level, cut in zip(LEVELS, cuts, strict=True)}
    p = None if known.due_in is None else float((ends <= known.due_in).mean())
    return Said(days, p)


#: All of them, by the name in tables.
ALL: Mapping[str, Forecaster] = {
    "due date as it is": due_date,
    "open items by mean throughput": throughput,
    "burn-up line": burn_up,
    "line with a band of 10 %": band,
    "climatology": climatology,
    "Monte Carlo, scope frozen": monte_carlo,
}


def _rate(weekly: Sequence[float]) -> float | None:
    """Mean of the newest weeks; None without any."""
    newest = weekly[-WEEKS:]
    return sum(newest) / len(newest) if newest else None


def _span(remaining: int, weekly: float) -> float:
    """Working days until so many items are done at this rate."""
    if remaining <= 0:
        return 0.0
    return min(CAP, remaining / weekly * WORK_WEEK) if weekly > 0 else CAP


def _point(days: float, known: Known) -> Said:
    """One date without doubt."""
    due = inf if known.due_in is None else known.due_in
    p = None if known.due_in is None else float(days <= due)
    return Said(dict.fromkeys(LEVELS, days), p)
