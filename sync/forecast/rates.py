"""How fast work gets done and how much comes on top: shrunk estimates; pure (drift-spec 2.3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sync.forecast.inputs import DEFAULTS, DISPERSION, Inputs, Prior, Settings

#: Bounds of the dispersion, and weeks below which it is not measured.
LEAST_DISPERSION, MOST_DISPERSION = 1.0, 10.0
WEEKS_FOR_DISPERSION = 8
#: Weeks of the newest history that count.
HISTORY_WEEKS = 26
#: A share of growth is never taken for impossible.
LEAST_GROWTH = 0.01


@dataclass(frozen=True, slots=True)
class Rate:
    """Completions a working week, as a Gamma distribution with shape and exposure."""

    #: weighted completions and weighted weeks, both with the prior's part.
    sum: float
    exposure: float
    dispersion: float

    @property
    def mean(self) -> float:
        """Expected completions a working week."""
        return self.sum / self.exposure if self.exposure else 0.0

    @property
    def discount(self) -> float:
        """How much less over-dispersed weeks tell than independent ones would."""
        return 1.0 / (1.0 + self.mean / self.dispersion)


def rate(inputs: Inputs, prior: Prior, settings: Settings = DEFAULTS) -> Rate:
    """Recent weeks weigh more; with few of them the prior decides.

    Each past week counts by the share of it that was worked: a week of holidays tells nothing.
    """
    total, exposure = 0.0, 0.0
    for age, done in enumerate(inputs.weeks):
        weight = 0.5 ** (age / settings.half_life)
        worked = inputs.past_shares[age] if age < len(inputs.past_shares) else 1.0
        total += weight * done
        exposure += weight * worked
    if prior.mean is not None:
        total += prior.mean * settings.prior_weeks
        exposure += settings.prior_weeks
    elif exposure:
        # Without a prior the milestone's own mean is as good a guess as any.
        total += total / exposure * settings.prior_weeks
        exposure += settings.prior_weeks
    return Rate(total, exposure, prior.dispersion)


def growth(inputs: Inputs, mean: float, settings: Settings = DEFAULTS) -> float:
    """Items that come on top for each one done: shrunk, capped, between 0 and 1."""
    backed = settings.growth_weeks * mean
    net = max(0.0, inputs.added - inputs.removed)
    whole = inputs.completed + backed
    share = (net + settings.growth_prior * backed) / whole if whole > 0 else settings.growth_prior
    return min(max(share, LEAST_GROWTH), settings.growth_cap)


def prior(histories: Iterable[Sequence[float]]) -> Prior:
    """What the weekly completions of other milestones let one expect of the next.

    Each history is one milestone's whole weeks of work; only those finished, or past, by then.
    """
    weeks = np.asarray([done for one in histories for done in one], dtype=float)
    if not weeks.size:
        return Prior()
    return Prior(float(weeks.mean()), dispersion(weeks))


def dispersion(weeks: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """By moments: k = m^2 / (variance - m), within its bounds."""
    seen = np.asarray(weeks, dtype=float)
    if seen.size < WEEKS_FOR_DISPERSION or not seen.sum():
        return DISPERSION
    mean, variance = float(seen.mean()), float(seen.var(ddof=1))
    if variance <= mean:
        return MOST_DISPERSION
    return min(max(mean**2 / (variance - mean), LEAST_DISPERSION), MOST_DISPERSION)
