"""Why a forecast says what it says, and what would change it; pure.

Every question is asked with the same random numbers, so that answers differ by their cause only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from sync.forecast.inputs import DEFAULTS, Inputs, Prior, Settings
from sync.forecast.model import Change, Forecast, Ints, simulate
from sync.forecast.rates import rate

#: What has to hold: a date with fewer items, and so many items by a fixed date.
LIKELY, SAFE = 0.80, 0.85
#: A single estimate above this share of what is left is a risk of its own (drift-spec 7).
HUGE = 0.20


@dataclass(frozen=True, slots=True)
class Need:
    """What the promised date asks for, in items a working week."""

    #: working weeks left; 0: none.
    weeks_left: float
    #: open items by weeks left; None: the date is over.
    required: float | None
    #: 85th percentile of the weeks seen; None: none was seen.
    best: float | None

    @property
    def is_out_of_reach(self) -> bool:
        """Whether more is needed each week than was done in good ones: that alone is red."""
        if self.required is None:
            return True
        return self.best is not None and self.required > self.best


@dataclass(frozen=True, slots=True)
class Otherwise:
    """The answer to one question."""

    p50: date | None
    p85: date | None
    p_on_time: float | None


@dataclass(frozen=True, slots=True)
class Explained:
    """What would change the forecast; None: the question does not arise."""

    without_growth: Otherwise | None
    without_waiting: Otherwise | None
    at_earlier_rate: Otherwise | None
    #: items a working week now, and as they were before the newest weeks.
    rate: float
    earlier_rate: float | None
    #: open items to leave out for the promised date to be likely; None: not even all but one.
    to_drop: int | None
    #: open items that make the promised date safely.
    fit: int | None
    #: the date that holds safely.
    safe_date: date | None


#: Weeks that count as now; the earlier rate is that of the weeks before.
NEWEST_WEEKS = 4


def need(inputs: Inputs) -> Need | None:
    """The rate that the promised date asks for, beside the best seen; None: no date, or done."""
    if inputs.due is None or inputs.open_items <= 0:
        return None
    worked = max(1, len(inputs.calendar.work_days))
    left = max(0, inputs.calendar.between(inputs.as_of, inputs.due)) / worked
    # A week of which nothing was worked is no week.
    shares = [*inputs.past_shares, *[1.0] * len(inputs.weeks)]
    seen = [done for done, worked in zip(inputs.weeks, shares, strict=False) if done or worked]
    best = float(np.quantile(seen, SAFE)) if seen else None
    return Need(left, inputs.open_items / left if left else None, best)


def earlier_rate(inputs: Inputs) -> float | None:
    """Items a working week before the newest weeks; None: too few weeks before them."""
    weeks = list(inputs.weeks)[NEWEST_WEEKS:]
    if len(weeks) < NEWEST_WEEKS:
        return None
    shares = list(inputs.past_shares)[NEWEST_WEEKS : NEWEST_WEEKS + len(weeks)]
    exposure = sum(shares) + len(weeks) - len(shares)
    return sum(weeks) / exposure if exposure > 0 else None


def explain(
    inputs: Inputs,
    prior: Prior,
    made: Forecast,
    settings: Settings = DEFAULTS,
    *,
    waits: Mapping[str, Ints] | None = None,
) -> Explained | None:
    """What would change this forecast; None: nothing was forecast, or nothing is open."""
    if made.abstained is not None or made.rate is None:
        return None

    def asked(change: Change) -> Forecast:
        return simulate(inputs, prior, settings, waits=waits, change=change)

    def p_with(left: int) -> float | None:
        fewer = replace(inputs, open_items=left)
        return simulate(fewer, prior, settings, waits=waits).p_on_time

    before = earlier_rate(inputs)
    now = rate(inputs, prior, settings).mean
    earlier = None
    if before is not None and before > now > 0:
        earlier = _otherwise(asked(Change(pace=before / now)))
    return Explained(
        without_growth=_otherwise(asked(Change(grows=False))),
        without_waiting=_otherwise(asked(Change(waits=False))) if waits else None,
        at_earlier_rate=earlier,
        rate=now,
        earlier_rate=before,
        to_drop=to_drop(inputs.open_items, made, p_with),
        fit=fitting(inputs.open_items, made, p_with),
        safe_date=made.date_at(SAFE),
    )


def to_drop(open_items: int, made: Forecast, p_with: Callable[[int], float | None]) -> int | None:
    """The fewest items to leave out for the promised date to be likely."""
    if made.p_on_time is None:
        return None
    if made.p_on_time >= LIKELY:
        return 0
    left = _most(open_items, p_with, LIKELY)
    return None if left is None else open_items - left


def fitting(open_items: int, made: Forecast, p_with: Callable[[int], float | None]) -> int | None:
    """The most items that make the promised date safely; None: there is no date."""
    if made.p_on_time is None:
        return None
    if made.p_on_time >= SAFE:
        return open_items
    return _most(open_items, p_with, SAFE) or 0


def _most(open_items: int, p_with: Callable[[int], float | None], level: float) -> int | None:
    """The most open items with which the date holds so often: more items never end earlier."""
    low, high = 0, open_items
    while high - low > 1:
        middle = (low + high) // 2
        if (p_with(middle) or 0.0) >= level:
            low = middle
        else:
            high = middle
    return low or None


def _otherwise(made: Forecast) -> Otherwise:
    return Otherwise(made.p50, made.p85, made.p_on_time)


def is_huge(estimate: float, remaining: float) -> bool:
    """Whether one estimate is so much of what is left that counting items means little."""
    return remaining > 0 and estimate > HUGE * remaining
