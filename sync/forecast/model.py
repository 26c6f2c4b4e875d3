"""When a milestone will be done: a simulation of its coming weeks; pure (drift-spec 2.3).

Each run draws one rate and one growth and keeps both, which is what makes few data honest. Work
done and work arriving are Poisson processes of unit rate, read off at the time that the run has
worked up to each step (random time change). So the same seed couples all questions about one
milestone: run by run, more open work, a lower rate or more growth never end earlier.
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.forecast import arrivals, recalibrate
from sync.forecast.days import Coming, coming
from sync.forecast.inputs import DEFAULTS, Inputs, Learned, Prior, Settings
from sync.forecast.rates import Rate, growth, rate

#: Version of the model: stored beside each forecast.
VERSION = 2
#: Runs that are simulated together.
GROUP = 2_500
#: Steps and events that are drawn together.
_STEPS, _EVENTS = 16, 16
#: Nobody does more than so many times the expected work in two years.
_OUT_OF_REACH = 4.0

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Change:
    """What is asked to be otherwise; the same random numbers decide."""

    #: the rate is multiplied by this.
    pace: float = 1.0
    grows: bool = True
    waits: bool = True


AS_IT_IS = Change()


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What the runs say, or why nothing is said."""

    as_of: date
    due: date | None
    #: why there is no forecast; None: there is one.
    abstained: str | None
    #: end of each run in calendar days after `as_of`, in order of the runs: for the chain of what
    #: waits for it; `cap` stands for "not within two years".
    ends: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    #: the same in working days.
    work_days: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    #: `ends` before what earlier outcomes teach: the probability rests on them.
    plain: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    cap: int = 0
    rate: Rate | None = None
    #: expected growth: items that arrive for each one done, before it fades.
    growth: float | None = None
    #: keys of blockers of which no finishing days were handed in.
    unknown_blockers: tuple[str, ...] = ()
    #: what earlier outcomes taught; `ends` and the probability are told with it.
    learned: Learned = field(default_factory=Learned)
    #: whether nothing is open.
    empty: bool = False

    def date_at(self, level: float) -> date | None:
        """The day by which this share of the runs is done; None: not within two years."""
        if self.abstained is not None:
            return None
        # The smallest day that so many runs keep: a day is a day, nothing is interpolated.
        day = int(np.quantile(self.ends, level, method="inverted_cdf"))
        return None if day >= self.cap else self.as_of + timedelta(days=day)

    @property
    def p50(self) -> date | None:
        """Half of the runs are done by then."""
        return self.date_at(0.50)

    @property
    def p70(self) -> date | None:
        """Seven of ten runs are done by then."""
        return self.date_at(0.70)

    @property
    def p85(self) -> date | None:
        """85 % of the runs are done by then."""
        return self.date_at(0.85)

    def p_by(self, day: date) -> float | None:
        """Share of the runs that are done by the end of this day; None: nothing is forecast."""
        if self.abstained is not None:
            return None
        span = (day - self.as_of).days
        return float(np.mean((self.plain <= span) & (self.plain < self.cap)))

    @property
    def p_on_time(self) -> float | None:
        """How probably the promised date is kept; None: none is promised, or abstained.

        The share of the runs, drawn to how often earlier milestones were on time. What is over
        cannot be kept.
        """
        share = None if self.due is None else self.p_by(self.due)
        if share is None or self.due is None or self.due < self.as_of:
            return share
        return recalibrate.probability(share, self.learned, empty=self.empty)

    @property
    def converges(self) -> bool:
        """Whether 85 % of the runs end within two years."""
        return self.abstained is None and self.p85 is not None


def simulate(
    inputs: Inputs,
    prior: Prior,
    settings: Settings = DEFAULTS,
    *,
    waits: Mapping[str, Ints] | None = None,
    change: Change = AS_IT_IS,
) -> Forecast:
    """Simulate the coming weeks of one milestone.

    `waits`: for each blocker's key the day (calendar days after `as_of`) on which it ends in each
    run; runs of one team share their draws, so run i of a blocker belongs to run i here.
    """
    learned = prior.learned
    stops = settings.stops if learned.stops is None else learned.stops
    # Where nothing is promised, nothing says when work stops to arrive.
    settings = replace(settings, stops=stops and inputs.due is not None)
    why = abstention(inputs, settings)
    if inputs.open_items <= 0 and why is not None:
        # Nothing is left: no history is needed to say so.
        ends = np.zeros(settings.runs, dtype=np.int64)
        return _told(inputs, ends, settings, None, None, waits, learned)
    if why is not None:
        return Forecast(inputs.as_of, inputs.due, why)
    found = rate(inputs, prior, settings)
    share = growth(inputs, found.mean, settings)
    days = coming(inputs.calendar, inputs.as_of, settings.cap_weeks, inputs.daily)

    def group(number: int) -> Ints:
        size = min(GROUP, settings.runs - number * GROUP)
        streams = np.random.SeedSequence((seed(inputs), number)).spawn(6)
        rngs = [np.random.Generator(np.random.PCG64(one)) for one in streams]
        some = _Group(inputs, settings, days, found, share, change, rngs, size)
        ends = some.ends() if inputs.open_items > 0 else np.zeros(size, dtype=np.int64)
        return some.with_more(ends) if change.grows else ends

    groups = _together(group, -(-settings.runs // GROUP))
    return _told(
        inputs,
        np.concatenate(groups),
        settings,
        found,
        share,
        waits if change.waits else {},
        learned,
    )


def _together(group: Callable[[int], Ints], number: int) -> list[Ints]:
    """All groups, at once where there is more than one core: each has draws of its own."""
    if number < 2 or (os.cpu_count() or 1) < 2:
        return [group(one) for one in range(number)]
    # Most of the time is drawing numbers, for which no thread waits for another.
    with ThreadPoolExecutor(number - 1) as others:
        later = [others.submit(group, one) for one in range(1, number)]
        return [group(0), *(one.result() for one in later)]


def seed(inputs: Inputs) -> int:
    """The same milestone and day draw the same numbers on every machine and database."""
    text = f"{inputs.stream or inputs.key}|{inputs.as_of.isoformat()}"
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big")


def abstention(inputs: Inputs, settings: Settings = DEFAULTS) -> str | None:
    """Why too little is known to forecast anything; None: enough is."""
    # A week with one holiday is a week.
    done, weeks = sum(inputs.weeks), round(inputs.weeks_worked)
    if done < settings.least_completions:
        return (
            f"not enough history: {done:.0f} completions in the weeks that count, "
            f"{settings.least_completions} are needed"
        )
    if weeks < settings.least_weeks:
        needed = settings.least_weeks
        return f"not enough history: {weeks} working weeks of evidence, {needed} are needed"
    return None


def _told(
    inputs: Inputs,
    ends: Ints,
    settings: Settings,
    found: Rate | None,
    share: float | None,
    waits: Mapping[str, Ints] | None,
    learned: Learned,
) -> Forecast:
    days = coming(inputs.calendar, inputs.as_of, settings.cap_weeks, inputs.daily)
    cap = len(days.worked)
    never = int(days.worked[-1]) + 1
    work = np.where(ends >= cap, never, days.worked[np.minimum(ends, cap - 1)])
    plain = ends
    if learned.stretch:
        work = recalibrate.stretched(work.astype(np.float64), learned, never).astype(np.int64)
        ends = np.where(work >= never, cap, days.days[np.minimum(work, len(days.days) - 1)])
    unknown = []
    # What is done waits for nothing, whatever its blockers do.
    for blocker in inputs.blockers if inputs.open_items > 0 and waits != {} else ():
        theirs = (waits or {}).get(blocker.key)
        if theirs is None:
            unknown.append(blocker.key)
        else:
            ends = np.maximum(ends, np.minimum(theirs, cap))
            plain = np.maximum(plain, np.minimum(theirs, cap))
    work = days.worked[np.minimum(ends, cap - 1)]
    return Forecast(
        inputs.as_of,
        inputs.due,
        None,
        ends,
        np.where(ends >= cap, never, work),
        plain,
        cap,
        found,
        share,
        tuple(unknown),
        learned,
        inputs.open_items <= 0,
    )


class _Group:
    """Some runs of one milestone; rows are steps or events, columns are runs."""

    def __init__(
        self,
        inputs: Inputs,
        settings: Settings,
        days: Coming,
        found: Rate,
        share: float,
        change: Change,
        rngs: list[np.random.Generator],
        size: int,
    ) -> None:
        self.inputs, self.settings, self.days, self.size = inputs, settings, days, size
        pace, grow, self._busy, self._work, self._new, self._more = rngs
        shape, exposure = found.sum * found.discount, found.exposure * found.discount
        self.pace = pace.standard_gamma(shape, size) / exposure * change.pace
        weight = settings.growth_weight
        drawn = grow.beta(weight * share, weight * (1 - share), size)
        self.growth = np.minimum(drawn, settings.growth_cap) * change.grows
        # Steps of a part of a week differ more from each other: together they make the week.
        self.shapes = (found.dispersion * days.nominal)[:, None]
        self.worked = np.zeros((len(days.ends), size), np.float32)
        self.drawn = 0

    def ends(self) -> Ints:
        """Calendar days after which each run is done; `len(days.worked)`: not within the cap."""
        number, cap = self.inputs.open_items, len(self.days.worked)
        reach = float(self.pace.max()) * float(self.days.shares.sum())
        if number > _OUT_OF_REACH * reach + 50:
            return np.full(self.size, cap, dtype=np.int64)
        stop = self._open_part()
        last = int(np.flatnonzero(stop)[-1]) + 1 if stop.any() and self.growth.any() else 0
        # Everything that may still arrive.
        most = self._arrivals_at_most(stop)
        new = self._epochs(self._new, int(most.shape[0]), most)
        epochs = self._epochs(self._work, number + new.shape[0], None)
        targets = np.full(self.size, number, dtype=np.int64)
        step = np.full(self.size, -1, dtype=np.int64)
        if last:
            self._grow(last, stop, new, epochs, targets, step)
        columns = np.arange(self.size)
        aim = epochs[targets - 1, columns]
        self._finish(aim, step, last)
        return self._days(aim, step)

    def with_more(self, ends: Ints) -> Ints:
        """The same runs, with what may enter after everything was done."""
        inputs, days, cap = self.inputs, self.days, len(self.days.worked)
        if inputs.open_items > 0 and not inputs.entered:
            return ends
        ordinary = max(1, len(inputs.calendar.work_days))
        until = None
        if self.settings.stops and inputs.due is not None:
            span = min(max((inputs.due - inputs.as_of).days, 0), cap - 1)
            until = float(days.worked[span])
        more = arrivals.last(inputs, self._more, self.pace / ordinary, self.growth, until, ordinary)
        never = int(days.worked[-1]) + 1
        work = np.minimum(np.ceil(more), never).astype(np.int64)
        later = np.where(work >= never, cap, days.days[np.minimum(work, len(days.days) - 1)])
        return np.maximum(ends, later)

    def _open_part(self) -> Floats:
        """Of each step the part of its work in which new work may still arrive."""
        if not self.settings.stops:
            return np.ones(len(self.days.ends))
        due = self.inputs.due
        span = 0 if due is None else (due - self.inputs.as_of).days
        stop = max(span, round(self.settings.stop_weeks * 7))
        starts = np.concatenate(([0], self.days.ends[:-1]))
        until = self.days.worked[np.clip(stop, starts, self.days.ends)] - self.days.worked[starts]
        whole = self.days.worked[self.days.ends] - self.days.worked[starts]
        return np.asarray(np.where(whole > 0, until / np.maximum(whole, 1), 0.0))

    def _arrivals_at_most(self, stop: Floats) -> Floats:
        """Intensity up to the end if nothing faded, as a row."""
        return self.growth * self.pace * float((self.days.shares * stop).sum())

    def _epochs(self, rng: np.random.Generator, number: int, until: Floats | None) -> Floats:
        """When the events of a process of unit rate happen; so many, or beyond `until`."""
        blocks: list[Floats] = []
        at, rows = np.zeros(self.size), 0
        while rows < number if until is None else bool((at <= until).any()):
            block = rng.standard_exponential((_EVENTS, self.size), np.float32)
            _sum_up(block, at)
            blocks.append(block)
            at, rows = block[-1], rows + _EVENTS
        return np.concatenate(blocks) if blocks else np.zeros((0, self.size))

    def _until(self, steps: int) -> Floats:
        """Work that each run could have done by the end of each of the first steps."""
        while self.drawn < steps:
            first, until = self.drawn, min(self.drawn + _STEPS, len(self.worked))
            # Whole blocks, so that what is drawn does not depend on how much is asked for.
            shapes = self.shapes[first:until]
            block = self.worked[first:until]
            self._busy.standard_gamma(
                np.broadcast_to(shapes, block.shape), out=block, dtype=np.float32
            )
            block *= self.days.shares[first:until, None] / shapes
            block *= self.pace
            _sum_up(block, self.worked[first - 1] if first else np.zeros(self.size))
            self.drawn = until
        return self.worked

    def _grow(
        self, last: int, stop: Floats, new: Floats, epochs: Floats, targets: Ints, step: Ints
    ) -> None:
        """The steps in which work still arrives: how much does depends on what is open."""
        number = self.inputs.open_items
        fade = self.settings.fade / max(1, self.inputs.baseline_items or number)
        columns = np.arange(self.size)
        running = columns
        pressure, came = np.zeros(self.size), np.zeros(self.size, dtype=np.int64)
        pull = self.growth * self.pace
        following = new[0].copy()
        worked = self._until(1)
        for at in range(last):
            if at >= self.drawn:
                worked = self._until(at + 1)
            part = float(self.days.shares[at] * stop[at])
            before = worked[at - 1] if at else np.zeros(self.size)
            # What is open is told by what could be done; what still runs has something open.
            left = np.maximum(number + came - before[running], 1.0) if at else number
            pressure += pull * np.minimum(part, part * fade * left)
            late = np.flatnonzero(following <= pressure)
            while late.size:
                came[late] += 1
                following[late] = new[came[late], running[late]]
                late = late[following[late] <= pressure[late]]
            aim = epochs[number + came - 1, running]
            over = worked[at, running] >= aim
            if over.any():
                ended = running[over]
                targets[ended] = number + came[over]
                step[ended] = at
                on = ~over
                running, pressure, came = running[on], pressure[on], came[on]
                pull, following = pull[on], following[on]
                if not running.size:
                    return
        targets[running] = number + came

    def _finish(self, aim: Floats, step: Ints, first: int) -> None:
        """The step in which each run that still goes on reaches its aim."""
        total = len(self.days.ends)
        while first < total and bool((step < 0).any()):
            until = min(total, max(first + _STEPS // 2, self.drawn))
            worked = self._until(until)[first:until]
            reached = worked >= aim
            found = reached.any(axis=0) & (step < 0)
            step[found] = first + reached.argmax(axis=0)[found]
            first = until

    def _days(self, aim: Floats, step: Ints) -> Ints:
        """The day within its step on which each run ends: work goes on evenly in it."""
        ended = step >= 0
        at = np.maximum(step, 0)
        columns = np.arange(self.size)
        upper = self.worked[at, columns]
        lower = np.where(at > 0, self.worked[np.maximum(at - 1, 0), columns], 0.0)
        part = np.clip((aim - lower) / np.maximum(upper - lower, 1e-12), 0.0, 1.0)
        starts = np.concatenate(([0], self.days.ends[:-1]))
        before = self.days.worked[starts[at]]
        within = self.days.worked[self.days.ends[at]] - before
        nth = before + np.maximum(1, np.ceil(part * within - 1e-9).astype(np.int64))
        day = self.days.days[np.minimum(nth, len(self.days.days) - 1)]
        return np.where(ended, day, len(self.days.worked))


def _sum_up(block: Floats, before: Floats) -> None:
    """Running sums down the rows, in place; row by row is many times faster than `cumsum`."""
    block[0] += before
    for at in range(1, len(block)):
        np.add(block[at - 1], block[at], out=block[at])
