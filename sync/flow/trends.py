"""How a number went from milestone to milestone, and which of it is noise; pure.

A process-behaviour chart of single values: mean ± 2.66 times the average moving range holds nearly
all of what a stable process does (2.66 = 3 / 1.128, Wheeler). Fewer than eight points tell no
limits: a run chart is all that can be shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

#: From so many known points on limits are told.
LEAST = 8
#: Mean moving ranges from the mean to a limit.
FACTOR = 2.66
#: Points that are shown; limits rest on all.
SHOWN = 6


@dataclass(frozen=True, slots=True)
class Point:
    """One milestone's value; None: it is not known, or not told."""

    label: str
    value: float | None
    #: why there is no value.
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a stable process keeps to."""

    mean: float
    #: average of the differences between neighbours, without sign.
    moving_range: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Series:
    """One number over milestones, oldest first."""

    name: str
    #: items, share, working days.
    unit: str
    points: tuple[Point, ...]
    #: None: fewer than eight points are known.
    limits: Limits | None

    @property
    def shown(self) -> tuple[Point, ...]:
        """The newest of them."""
        return self.points[-SHOWN:]

    @property
    def known(self) -> int:
        """How many points have a value."""
        return sum(one.value is not None for one in self.points)

    @property
    def outside(self) -> tuple[Point, ...]:
        """Points outside of the limits: something was other than before."""
        if self.limits is None:
            return ()
        lower, upper = self.limits.lower, self.limits.upper
        return tuple(
            one for one in self.points if one.value is not None and not lower <= one.value <= upper
        )


def limits(
    values: Sequence[float], *, least: float | None = None, most: float | None = None
) -> Limits | None:
    """Limits of values in order of time; None: there are too few.

    `least`, `most`: bounds that the number itself cannot leave, as a share or a duration has them.
    """
    if len(values) < LEAST:
        return None
    mean = sum(values) / len(values)
    ranges = [abs(after - before) for before, after in pairwise(values)]
    moving = sum(ranges) / len(ranges)
    lower, upper = mean - FACTOR * moving, mean + FACTOR * moving
    return Limits(
        mean,
        moving,
        lower if least is None else max(least, lower),
        upper if most is None else min(most, upper),
    )


def series(
    name: str,
    unit: str,
    points: Sequence[Point],
    *,
    least: float | None = None,
    most: float | None = None,
) -> Series:
    """A number over milestones with its limits. Points without a value are left out of those."""
    held = [one.value for one in points if one.value is not None]
    return Series(name, unit, tuple(points), limits(held, least=least, most=most))
