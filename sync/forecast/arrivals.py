"""What may still enter a milestone after all of it was done; pure.

A milestone with nothing open is done once that has stayed so for a week; until then something may
enter or be opened again. One of an archive is done when the last item is that will ever be in it.
Where no date is promised, nothing tells when that is, and the only measure is its own past: while
it still gathers work it goes on as long again as it has gone on, or twice, or half as long (a
scale-free prior). Whether it still does, its silence tells: after n days of arrivals up to `last`,
none came until `now` (Strauss & Sadler, 1989: the end of a range from its sightings).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.forecast.inputs import Inputs

Floats = NDArray[np.floating[Any]]
#: So often something enters an empty milestone at most.
_TURNS = 100
_LEAST = 1e-9


def last(
    inputs: Inputs,
    rng: np.random.Generator,
    pace: Floats,
    growth: Floats,
    until: float | None,
    week: int,
) -> Floats:
    """Working days after which the last of what comes on top is done, by run; 0: nothing comes.

    `pace`: items a working day; `growth`: items that arrive for each one done; `until`: working
    days to the promised date, when arrivals stop, None: nothing says when they do; `week`: working
    days of an ordinary week.
    """
    size = len(pace)
    if inputs.entered:
        gap, work = rng.standard_exponential(size), rng.standard_exponential(size)
        takes = work / np.maximum(pace, _LEAST)
        if until is None:
            return _while_it_gathers(inputs, rng, gap, takes, week)
        # The last one before the promised date.
        before = gap / np.maximum(growth * pace, _LEAST)
        return np.where(before < until, until - before + takes, 0.0)
    # What was done once and is open again comes like what is new.
    again = inputs.reopened / inputs.completed if inputs.completed else 0.0
    return _until_quiet(rng, pace, (growth + again) * pace, until, week)


def _until_quiet(
    rng: np.random.Generator, pace: Floats, often: Floats, until: float | None, week: int
) -> Floats:
    """One after the other enters and is done, until nothing does for a week."""
    size = len(pace)
    at = np.zeros(size)
    going = np.ones(size, dtype=bool)
    for _ in range(_TURNS):
        gap, work = rng.standard_exponential(size), rng.standard_exponential(size)
        gap /= np.maximum(often, _LEAST)
        going &= gap <= week
        if until is not None:
            going &= at + gap <= max(until, week)
        if not going.any():
            break
        at = np.where(going, at + gap + work / np.maximum(pace, _LEAST), at)
    return at


def gathers(days: tuple[int, ...]) -> float:
    """How probably something still enters, by the days on which something did; 0..1.

    `days`: days before now, oldest first.
    """
    if len(days) < 2:
        return 0.0
    number, age = len(days) - 1, max(1.0, float(days[0]))
    silent = age / max(age - days[-1], 0.5)
    # Beyond any doubt long before the power is too large a number.
    if (number + 1) * np.log(silent) > 50:
        return 0.0
    return float(min(1.0, (number + 1) / (number + silent ** (number + 1))))


def _while_it_gathers(
    inputs: Inputs, rng: np.random.Generator, gap: Floats, takes: Floats, week: int
) -> Floats:
    size = len(gap)
    active, far = rng.random(size), rng.random(size)
    sure = gathers(inputs.entered)
    if not sure:
        return np.zeros(size)
    number = len(inputs.entered) - 1
    age = max(1.0, inputs.entered[0] * week / 7)
    horizon = age * (1 / np.maximum(far, _LEAST) - 1)
    rate = rng.standard_gamma(number, size) / age
    came = horizon - gap / np.maximum(rate, _LEAST)
    return np.where((active < sure) & (came > 0), came + takes, 0.0)
