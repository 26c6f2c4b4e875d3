"""The coming days of a calendar as arrays: which are worked, and their share of each step."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sync.ledger.working_days import WorkCalendar

WEEK = 7


@dataclass(frozen=True, slots=True, eq=False)
class Coming:
    """Days after an instant; day 1 is the day after it."""

    #: worked days up to and with each day, from day 0.
    worked: NDArray[np.int64]
    #: day of each worked day: `days[i]` is when the i-th one is over; `days[0]` is 0.
    days: NDArray[np.int64]
    #: worked share of an ordinary week in each step.
    shares: NDArray[np.float64]
    #: last day of each step.
    ends: NDArray[np.int64]
    #: what one step is of an ordinary week, holidays apart.
    nominal: float


@lru_cache(maxsize=256)
def coming(calendar: WorkCalendar, as_of: date, weeks: int, daily: bool) -> Coming:
    """The days of so many weeks after `as_of`, in steps of a day or a week."""
    number = weeks * WEEK
    flags = np.fromiter(
        (calendar.is_worked(as_of + timedelta(days=day)) for day in range(1, number + 1)),
        dtype=np.int64,
        count=number,
    )
    worked = np.concatenate(([0], flags.cumsum()))
    days = np.concatenate(([0], np.flatnonzero(flags) + 1))
    ordinary = max(1, len(calendar.work_days))
    step = 1 if daily else WEEK
    ends = np.arange(step, number + 1, step)
    shares = np.diff(worked[np.concatenate(([0], ends))]) / ordinary
    return Coming(worked, days, shares, ends, 1.0 / ordinary if daily else 1.0)


def share_of_week(calendar: WorkCalendar, last: date) -> float:
    """Worked share of the seven days up to and with `last`, of an ordinary week."""
    ordinary = max(1, len(calendar.work_days))
    return calendar.between(last - timedelta(days=WEEK), last) / ordinary
