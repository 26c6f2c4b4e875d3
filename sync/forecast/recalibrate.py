"""Forecasts that learn from how earlier ones held; pure (drift-spec 2.2, rolling recalibration).

Dates: the days that earlier outcomes took, over the days that their own forecasts named, tell by
how much the days of a level have to be stretched to hold as often as promised (conformalized
quantiles on a log scale; Romano, Patterson & Candes, 2019). Probability: pushed through that map
it got worse, so it is drawn towards how often earlier milestones were on time, as far as that
would have been right more often. Both trust the model itself until enough has ended.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from sync.forecast.inputs import Learned
from sync.forecast.scores import LEVELS

Floats = NDArray[np.float64]

#: Milestones from which on something is learned, and how many weigh as much as the model itself.
LEAST_MILESTONES = 8
SHRINK = 10
#: Spans are compared as if they took this many working days more: none of them is nothing.
ROUNDING = 0.5


@dataclass(frozen=True, slots=True)
class Fallen:
    """One outcome beside the dates that its runs named."""

    milestone: Hashable
    #: log of the days it took over the days named, by level in the order of LEVELS.
    missed: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One probability beside what became of it."""

    milestone: Hashable
    #: share of the runs.
    said: float
    #: how often those before it had been on time, as known at its instant; None: none had ended.
    before: float | None
    on_time: bool
    #: whether nothing was open at its instant.
    empty: bool = False


def fallen(milestone: Hashable, days: Mapping[float, float], actual: float) -> Fallen:
    """How far an outcome lay from the dates of a forecast; both in working days."""
    return Fallen(
        milestone,
        tuple(log((max(actual, 0.0) + ROUNDING) / (days[level] + ROUNDING)) for level in LEVELS),
    )


def lesson(ends: Sequence[Fallen], judged: Sequence[Judged], stops: bool | None = None) -> Learned:
    """What outcomes that are certain by now teach of the next forecast."""
    told = [one for one in judged if not one.empty]
    empty = [one for one in judged if one.empty]
    share = before(told)
    return Learned(
        milestones=len({one.milestone for one in ends}),
        stretch=_stretch(ends),
        judged=len({one.milestone for one in told}),
        weight=1.0 if share is None else _weight(told),
        on_time=share,
        empty=len(empty),
        empty_on_time=sum(one.on_time for one in empty),
        stops=stops,
    )


def before(judged: Sequence[Judged]) -> float | None:
    """How often milestones were on time, shrunk towards one half; None: none was judged."""
    if not judged:
        return None
    return (sum(one.on_time for one in judged) + 1) / (len(judged) + 2)


def _stretch(ends: Sequence[Fallen]) -> tuple[float, ...]:
    number = len({one.milestone for one in ends})
    if number < LEAST_MILESTONES:
        return ()
    trust = number / (number + SHRINK)
    missed = np.asarray([one.missed for one in ends])
    # The next outcome is one more of its kind: of few, a level lies further out.
    cuts = [min(1.0, level * (number + 1) / number) for level in LEVELS]
    return tuple(float(trust * np.quantile(missed[:, at], cut)) for at, cut in enumerate(cuts))


def _weight(judged: Sequence[Judged]) -> float:
    """How much the runs count beside the share: as would have lost least (squared error)."""
    pairs = [(one, one.before) for one in judged if one.before is not None]
    if len({one.milestone for one, _ in pairs}) < LEAST_MILESTONES:
        return 1.0
    apart = np.asarray([one.said - share for one, share in pairs])
    wanted = np.asarray([float(one.on_time) - share for one, share in pairs])
    # So many milestones more in which the runs were right.
    own = SHRINK * float(np.mean(apart**2))
    whole = float((apart**2).sum()) + own
    return 1.0 if whole <= 0 else float(np.clip(((apart * wanted).sum() + own) / whole, 0.0, 1.0))


def stretched(days: Floats, learned: Learned, never: float) -> Floats:
    """Working days to the end of each run, as earlier outcomes teach; the order of runs stays.

    What is over today stays so, and so does what never ends (`never` days and more).
    """
    if not learned.stretch or not days.size:
        return days
    order = np.argsort(days, kind="stable")
    ranks = (np.arange(days.size) + 0.5) / days.size
    # Beyond the outermost levels nothing more is known.
    factor = np.exp(np.interp(ranks, LEVELS, learned.stretch))
    told = days[order]
    moved = np.maximum.accumulate((told + ROUNDING) * factor - ROUNDING)
    moved = np.where(told <= 0, 0.0, np.clip(np.ceil(moved - 1e-9), 1.0, never))
    found = np.empty(days.size)
    found[order] = np.where(told >= never, told, moved)
    return found


def probability(share: float, learned: Learned, *, empty: bool) -> float:
    """Probability of being on time, from the share of the runs. `empty`: nothing is open."""
    if empty:
        return (learned.empty_on_time + SHRINK * share) / (learned.empty + SHRINK)
    if learned.on_time is None:
        return share
    return learned.weight * share + (1 - learned.weight) * learned.on_time


def read_off(ends: Floats) -> dict[float, float]:
    """Working days to each date, by level."""
    # A day is a day: nothing is interpolated.
    cuts = np.quantile(ends, LEVELS, method="inverted_cdf")
    return {level: float(cut) for level, cut in zip(LEVELS, cuts, strict=True)}


def words(learned: Learned) -> str:
    """What was made of the runs, for people; empty: they say it themselves."""
    told = []
    if learned.stretch:
        late = float(np.exp(learned.stretch[LEVELS.index(0.85)]))
        told.append(
            f"dates are recalibrated by {learned.milestones} earlier milestones "
            f"(days to the 85 % date times {late:.1f})"
        )
    if learned.weight < 1.0 and learned.on_time is not None:
        told.append(
            f"{1 - learned.weight:.0%} of the probability is how often {learned.judged} earlier "
            "ones were on time"
        )
    return "; ".join(told)
