"""The coming days of a calendar as arrays: which are worked, and their share of each step."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sync.ledger.working_days import WorkCalendar

WEEK = 7
#: Where days are simulated, weeks follow after so many of them: nobody plans that far by days.
BY_DAYS = 12 * WEEK
#: After so many weeks four make a step: the work of four is drawn at once.
BY_WEEKS, LONG = 26 * WEEK, 4 * WEEK


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
    #: what each step is of an ordinary week, holidays apart.
    nominal: NDArray[np.float64]


@lru_cache(maxsize=256)
def coming(calendar: WorkCalendar, as_of: date, weeks: int, daily: bool) -> Coming:
    """The days of so many weeks after `as_of`, in growing steps; `daily`: of a day at first."""
    number = weeks * WEEK
    flags = np.fromiter(
        (calendar.is_worked(as_of + timedelta(days=day)) for day in range(1, number + 1)),
        dtype=np.int64,
        count=number,
    )
    worked = np.concatenate(([0], flags.cumsum()))
    days = np.concatenate(([0], np.flatnonzero(flags) + 1))
    ordinary = max(1, len(calendar.work_days))
    first = min(BY_DAYS, number) if daily else 0
    second = min(BY_WEEKS, number)
    ends = np.concatenate(
        (
            np.arange(1, first + 1),
            np.arange(first + WEEK, second + 1, WEEK),
            np.arange(second + LONG, number, LONG),
            [number],
        )
    )
    # A short span ends with its last step.
    ends = np.unique(ends)
    starts = np.concatenate(([0], ends[:-1]))
    shares = np.diff(worked[np.concatenate(([0], ends))]) / ordinary
    nominal = np.where(ends - starts == 1, 1.0 / ordinary, (ends - starts) / WEEK)
    return Coming(worked, days, shares, ends, nominal)


def share_of_week(calendar: WorkCalendar, last: date) -> float:
    """Worked share of the seven days up to and with `last`, of an ordinary week."""
    ordinary = max(1, len(calendar.work_days))
    return calendar.between(last - timedelta(days=WEEK), last) / ordinary
