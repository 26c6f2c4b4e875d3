"""What may be claimed of the forecasts: nothing, until they were better than simple ones; pure.

The gate of drift-spec 2.5.8. Dates and probability are proven apart: a team without promised dates
can prove its dates only.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from sync.forecast.scores import (
    Estimate,
    Scored,
    Scores,
    brier_of,
    difference,
    pinball_at,
    score,
    skill,
)

#: Below this many milestones no figure means anything; from the second on something is proven.
LEAST_MILESTONES = 10
PROOF_MILESTONES = 20
#: P85 has to hold this often.
COVERAGE = (0.75, 0.95)
P85 = 0.85


@dataclass(frozen=True, slots=True)
class Against:
    """Our forecasts beside those of one simple forecaster, over what both forecast."""

    name: str
    #: 1 - our loss / theirs: above 0 ours is better; None: nothing both forecast.
    brier_skill: float | None
    pinball_skill: float | None
    #: our mean loss less theirs; below 0 ours is better.
    brier: Estimate | None
    pinball: Estimate | None
    theirs: Scores


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether one half of the forecasts is proven, and if not, why."""

    proven: bool
    milestones: int
    why: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands beside every forecast."""

    dates: Claim
    probability: Claim
    #: dates of 85 %: of so many forecasts, so many held.
    forecasts: int
    held: int

    @property
    def proven(self) -> bool:
        """Whether a forecast may have a colour: dates and probability both are proven."""
        return self.dates.proven and self.probability.proven

    @property
    def words(self) -> str:
        """One line for people."""
        record = f"of {self.forecasts} past forecasts, the 85 % date held {self.held} times"
        if self.proven:
            return record
        if self.dates.proven:
            return f"{record}; the probability is unproven: {self.probability.why}"
        return f"unproven: {self.dates.why}"


#: Nothing was ever scored.
NOTHING = Standing(
    Claim(False, 0, "no finished milestone was forecast and scored yet"),
    Claim(False, 0, "no finished milestone was forecast and scored yet"),
    0,
    0,
)


def against(
    ours: Sequence[Scored], theirs: Mapping[str, Sequence[Scored | None]]
) -> tuple[Against, ...]:
    """Ours beside each of theirs, which come in the same order; None: it said nothing."""
    return tuple(_against(name, ours, said) for name, said in theirs.items())


def _against(name: str, ours: Sequence[Scored], said: Sequence[Scored | None]) -> Against:
    pairs = [(one, other) for one, other in zip(ours, said, strict=True) if other is not None]
    dated = [(one, other) for one, other in pairs if one.dated and other.dated]
    judged = [(one, other) for one, other in pairs if one.judged and other.judged]
    loss = pinball_at(P85)
    return Against(
        name,
        skill(judged, brier_of),
        skill(dated, loss),
        difference(judged, brier_of),
        difference(dated, loss),
        score([other for _, other in pairs]),
    )


def standing(ours: Sequence[Scored], others: Sequence[Against]) -> Standing:
    """The gate over all scored forecasts."""
    dated = [one for one in ours if one.dated]
    judged = [one for one in ours if one.judged]
    held = sum(1 for one in dated if one.actual is not None and one.actual <= one.days[P85])
    share = held / len(dated) if dated else None
    dates = _claim(
        {one.milestone for one in dated},
        [one.name for one in others if one.pinball is not None and one.pinball.value >= 0],
        share,
    )
    probability = _claim(
        {one.milestone for one in judged},
        [one.name for one in others if one.brier is not None and one.brier.value >= 0],
        None,
    )
    return Standing(dates, probability, len(dated), held)


def _claim(milestones: set[Hashable], better: Sequence[str], share: float | None) -> Claim:
    number = len(milestones)
    if number < LEAST_MILESTONES:
        few = f"{number} finished milestones to judge by, {PROOF_MILESTONES} are needed"
        return Claim(False, number, few if number else NOTHING.dates.why)
    if better:
        return Claim(False, number, f"no better than: {', '.join(better)}")
    if share is not None and not COVERAGE[0] <= share <= COVERAGE[1]:
        return Claim(
            False, number, f"the 85 % date held in {share:.0%} of forecasts, not in 75 to 95 %"
        )
    if number < PROOF_MILESTONES:
        return Claim(False, number, f"{number} milestones so far, {PROOF_MILESTONES} are needed")
    return Claim(True, number, "")
