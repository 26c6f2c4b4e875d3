"""Dates that learn from how earlier ones held; pure (drift-spec 2.2, rolling recalibration).

Where each earlier outcome fell among the runs of its own forecast (its PIT value) tells which level
has to be read off to be right as often as promised. Only dates go through this map: pushed through
it, the probability of being on time got worse.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.forecast.scores import LEVELS

#: Milestones from which on something is learned, and how many weigh as much as the model itself.
LEAST_MILESTONES = 8
SHRINK = 10
#: No level is read off nearer to the ends than this.
EDGE = 0.005


@dataclass(frozen=True, slots=True)
class Fallen:
    """Where one outcome fell among the runs of its forecast."""

    milestone: Hashable
    pit: float


def pit(ends: NDArray[np.float64], actual: float) -> float:
    """Share of runs that ended before the outcome, half of those that ended with it."""
    return float((ends < actual).mean() + (ends == actual).mean() / 2)


def levels(fallen: Sequence[Fallen]) -> Mapping[float, float]:
    """The level to read off in place of each promised one; the same with too few milestones."""
    number = len({one.milestone for one in fallen})
    if number < LEAST_MILESTONES:
        return {level: level for level in LEVELS}
    trust = number / (number + SHRINK)
    seen = np.quantile(np.asarray([one.pit for one in fallen]), LEVELS)
    return {
        level: float(np.clip((1 - trust) * level + trust * cut, EDGE, 1 - EDGE))
        for level, cut in zip(LEVELS, seen, strict=True)
    }


def read_off(ends: NDArray[np.float64], at: Mapping[float, float]) -> dict[float, float]:
    """Working days to each date, by promised level."""
    # A day is a day: nothing is interpolated.
    cuts = np.quantile(ends, [at[level] for level in LEVELS], method="inverted_cdf")
    return {level: float(cut) for level, cut in zip(LEVELS, cuts, strict=True)}
