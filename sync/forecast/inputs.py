"""What a forecast rests on, frozen: the same inputs always give the same dates."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sync.ledger.working_days import WorkCalendar

#: Dispersion of weekly completions where too little is known to measure it (drift-spec 2.3.1).
DISPERSION = 3.0


@dataclass(frozen=True, slots=True)
class Learned:
    """What is made of the runs of a forecast, by how earlier forecasts held (`recalibrate`)."""

    #: earlier milestones that the dates learned from.
    milestones: int = 0
    #: log of the factor of the days, by level in the order of `scores.LEVELS`; empty: none.
    stretch: tuple[float, ...] = ()
    #: earlier milestones that the probability learned from.
    judged: int = 0
    #: part of the probability that the runs decide, 0..1; the share on time decides the rest.
    weight: float = 1.0
    #: how often earlier milestones were on time; None: not known.
    on_time: float | None = None
    #: earlier forecasts at which nothing was open, and how many of them were on time.
    empty: int = 0
    empty_on_time: int = 0
    #: whether arrivals were best taken to stop at the promised date; None: as the settings say.
    stops: bool | None = None


@dataclass(frozen=True, slots=True)
class Prior:
    """What earlier work of the team, or else of the organisation, lets one expect."""

    #: completions a working week; None: nothing is known, the milestone speaks for itself.
    mean: float | None = None
    #: k of the negative binomial: the smaller, the more one week differs from the next.
    dispersion: float = DISPERSION
    learned: Learned = field(default_factory=Learned)


@dataclass(frozen=True, slots=True)
class Blocker:
    """Something outside that open items of the milestone wait for."""

    #: names it among the finishing days that are handed to the simulation.
    key: str
    #: open items that cannot be done before it.
    blocked: int = 1


@dataclass(frozen=True, slots=True)
class Inputs:
    """A milestone as it was known at the end of a day. Counts are leaf items."""

    #: who it is in every database: connection name, kind and source id.
    key: str
    #: day (in the configured zone) at whose end this is so; work goes on the day after.
    as_of: date
    due: date | None
    open_items: int
    #: open and done items at the baseline; 0: none is known.
    baseline_items: int
    #: completions in each of the weeks before, newest first, 26 at most; a week is seven days.
    weekly_done: tuple[float, ...] = ()
    #: the same of the team in the weeks before those, newest first.
    team_weekly: tuple[float, ...] = ()
    #: worked share of each of those weeks, in the same order; missing ones count as whole.
    past_shares: tuple[float, ...] = ()
    #: since the baseline.
    added: float = 0.0
    removed: float = 0.0
    completed: float = 0.0
    calendar: WorkCalendar = field(default_factory=WorkCalendar)
    #: whether its plan spans less than six weeks: then days are simulated, and not weeks.
    daily: bool = False
    blockers: tuple[Blocker, ...] = ()
    #: those of one name share their random numbers, as work of one team does; empty: its own.
    stream: str = ""
    #: items of which nobody knows whether they were in it, or whether they are done.
    unsure_items: int = 0
    #: arrivals less what left in each week of `weekly_done`; the model does not look at them.
    weekly_net: tuple[float, ...] = ()
    #: items that were done and are, or were, open again.
    reopened: float = 0.0
    #: where it is done when the last item is that will ever be in it (an archive): the days on
    #: which items entered, as days before `as_of`, oldest first; empty: it is done once empty.
    entered: tuple[int, ...] = ()

    @property
    def weeks(self) -> Sequence[float]:
        """All weeks of evidence, newest first."""
        return (*self.weekly_done, *self.team_weekly)

    @property
    def weeks_worked(self) -> float:
        """The same in working weeks: holidays are no evidence."""
        missing = len(self.weeks) - len(self.past_shares)
        return sum(self.past_shares) + max(0, missing)


@dataclass(frozen=True, slots=True)
class Settings:
    """Parameters of drift-spec 2.3. The backtest may set them, nothing else does."""

    runs: int = 5_000
    #: weeks after which what was done counts half.
    half_life: float = 8.0
    #: weeks of evidence that the prior weighs as much as.
    prior_weeks: float = 2.0
    #: growth expected before anything is seen, by how many weeks of work that is backed, how
    #: firmly its share is known, and its ceiling.
    growth_prior: float = 0.15
    growth_weeks: float = 4.0
    growth_weight: float = 12.0
    growth_cap: float = 0.6
    #: arrivals fade once less than this part of the baseline is open.
    fade: float = 1.2
    #: arrivals stop at the promised date, and not before this many weeks; False: they never do.
    stops: bool = True
    stop_weeks: float = 4.0
    #: weeks after which nobody plans.
    cap_weeks: int = 104
    #: evidence below which nothing is forecast.
    least_completions: int = 5
    least_weeks: int = 3


DEFAULTS = Settings()
