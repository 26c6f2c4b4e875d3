"""How good forecasts were, and how sure that is; pure.

Scores are those of drift-spec 2.5.5: strictly proper ones (Gneiting & Raftery, 2007) for the
probability (Brier, 1950) and for the dates (pinball loss, Koenker & Bassett, 1978). Spans are
working days from the instant of the forecast.
"""

import itertools
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from statistics import median

import numpy as np
from numpy.typing import NDArray

#: Shares of outcomes that should come no later than each forecast date.
LEVELS = (0.50, 0.70, 0.85, 0.95)
#: Bounds of the bins of the reliability table; the last one is closed.
BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
#: Samples of milestones that an interval is made of, and its share.
SAMPLES = 2_000
CONFIDENCE = 0.90
#: One seed: the same forecasts always give the same interval.
SEED = 20_250_101
#: A day in which it was done is a day: spans are compared by their logarithm.
LEAST_DAYS = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """One forecast beside what happened; what is not known, or was not forecast, is None."""

    #: forecasts of one milestone are alike; they are drawn together.
    milestone: Hashable
    #: days to each forecast date, by level.
    days: Mapping[float, float] = field(default_factory=dict)
    #: days to the outcome.
    actual: float | None = None
    #: forecast probability of being on time, and whether it was.
    p: float | None = None
    on_time: bool | None = None

    @property
    def dated(self) -> bool:
        """Whether its dates can be scored."""
        return self.actual is not None and all(level in self.days for level in LEVELS)

    @property
    def judged(self) -> bool:
        """Whether its probability can be scored."""
        return self.p is not None and self.on_time is not None


@dataclass(frozen=True, slots=True)
class Bin:
    """Forecasts of about the same probability: how often it was kept."""

    low: float
    high: float
    count: int
    #: mean probability forecast, and share that was on time; None: no forecast in it.
    forecast: float | None
    observed: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the interval in which it lies, were other milestones of the kind drawn."""

    value: float
    low: float
    high: float
    #: forecasts, and milestones that they are of.
    count: int
    milestones: int


@dataclass(frozen=True, slots=True)
class Scores:
    """All scores of one forecaster; None where nothing could be scored."""

    brier: Estimate | None
    #: mean loss in working days, by level.
    pinball: Mapping[float, Estimate]
    #: share of outcomes no later than the forecast date, by level.
    coverage: Mapping[float, Estimate]
    #: mean of P85 - P50, working days: how wide; narrow and covered is good.
    sharpness: Estimate | None
    #: median of log(actual / P50): above 0 it took longer than forecast.
    bias: float | None
    reliability: tuple[Bin, ...]


def brier(p: float, on_time: bool) -> float:
    """Squared error of a probability: 0 is perfect, 0.25 is what "half and half" gets."""
    return (p - float(on_time)) ** 2


def pinball(forecast: float, actual: float, level: float) -> float:
    """Loss of one forecast quantile; its mean is least for the true quantile of this level."""
    late = actual - forecast
    return level * late if late >= 0 else (level - 1) * late


def score(forecasts: Sequence[Scored]) -> Scores:
    """All scores; only what can be scored counts in each."""
    dated = [one for one in forecasts if one.dated]
    judged = [one for one in forecasts if one.judged]
    return Scores(
        brier=mean(judged, brier_of),
        pinball=_told({level: mean(dated, pinball_at(level)) for level in LEVELS}),
        coverage=_told({level: mean(dated, covered_at(level)) for level in LEVELS}),
        sharpness=mean(dated, lambda one: one.days[0.85] - one.days[0.50]),
        bias=bias(dated),
        reliability=reliability(judged),
    )


def _told(found: Mapping[float, Estimate | None]) -> dict[float, Estimate]:
    return {level: one for level, one in found.items() if one is not None}


def brier_of(one: Scored) -> float:
    """Brier score of a judged forecast."""
    assert one.p is not None
    assert one.on_time is not None
    return brier(one.p, one.on_time)


def pinball_at(level: float) -> Callable[[Scored], float]:
    """Pinball loss of dated forecasts at this level."""

    def loss(one: Scored) -> float:
        assert one.actual is not None
        return pinball(one.days[level], one.actual, level)

    return loss


def covered_at(level: float) -> Callable[[Scored], float]:
    """Whether the outcome of a dated forecast came no later than the date of this level."""

    def covered(one: Scored) -> float:
        assert one.actual is not None
        return float(one.actual <= one.days[level])

    return covered


def bias(dated: Sequence[Scored]) -> float | None:
    """Median of log(actual / P50); None without forecasts."""
    logs = [
        log(max(one.actual, LEAST_DAYS) / max(one.days[0.50], LEAST_DAYS))
        for one in dated
        if one.actual is not None
    ]
    return median(logs) if logs else None


def reliability(judged: Sequence[Scored]) -> tuple[Bin, ...]:
    """Forecasts by their probability, beside how often it came true; empty without forecasts."""
    if not judged:
        return ()
    found = []
    for low, high in itertools.pairwise(BINS):
        last = high == BINS[-1]
        mine = [
            one
            for one in judged
            if one.p is not None and low <= one.p and (one.p < high or (last and one.p <= high))
        ]
        found.append(
            Bin(
                low,
                high,
                len(mine),
                sum(one.p or 0.0 for one in mine) / len(mine) if mine else None,
                sum(bool(one.on_time) for one in mine) / len(mine) if mine else None,
            )
        )
    return tuple(found)


def mean(forecasts: Sequence[Scored], value: Callable[[Scored], float]) -> Estimate | None:
    """Mean over all forecasts, with its interval; None without forecasts."""
    if not forecasts:
        return None
    sums, counts = _by_milestone(forecasts, [value])
    return _estimate(sums[0], counts, lambda drawn, of: drawn / of)


def skill(pairs: Sequence[tuple[Scored, Scored]], value: Callable[[Scored], float]) -> float | None:
    """1 - loss of the first / loss of the second, over the same forecasts.

    Above 0 the first is better. None without forecasts, and where the second has no loss at all.
    """
    ours = sum(value(one) for one, _ in pairs)
    theirs = sum(value(one) for _, one in pairs)
    return None if theirs <= 0 else 1 - ours / theirs


def difference(
    pairs: Sequence[tuple[Scored, Scored]], value: Callable[[Scored], float]
) -> Estimate | None:
    """Mean loss of the first less that of the second, over the same forecasts; below 0 is better.

    Drawn in pairs, so that what is hard for both weighs on neither.
    """
    if not pairs:
        return None
    apart = [value(ours) - value(theirs) for ours, theirs in pairs]
    by_id = {id(ours): gap for (ours, _), gap in zip(pairs, apart, strict=True)}
    ours = [one for one, _ in pairs]
    sums, counts = _by_milestone(ours, [lambda one: by_id[id(one)]])
    return _estimate(sums[0], counts, lambda drawn, of: drawn / of)


def _by_milestone(
    forecasts: Sequence[Scored], values: Sequence[Callable[[Scored], float]]
) -> tuple[list[Floats], Floats]:
    """Sums of each value and counts, by milestone, in the order in which they first come."""
    place: dict[Hashable, int] = {}
    for one in forecasts:
        place.setdefault(one.milestone, len(place))
    sums = [np.zeros(len(place)) for _ in values]
    counts = np.zeros(len(place))
    for one in forecasts:
        at = place[one.milestone]
        counts[at] += 1
        for total, value in zip(sums, values, strict=True):
            total[at] += value(one)
    return sums, counts


def _estimate(
    sums: Floats, counts: Floats, statistic: Callable[[Floats, Floats], Floats]
) -> Estimate:
    """The figure, and its interval by drawing whole milestones (percentile bootstrap)."""
    size = len(sums)
    drawn = np.random.default_rng(SEED).integers(0, size, size=(SAMPLES, size))
    found = statistic(sums[drawn].sum(axis=1), counts[drawn].sum(axis=1))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(found, (tail, 1 - tail))
    value = float(sums.sum() / counts.sum())
    return Estimate(value, float(low), float(high), int(counts.sum()), size)
