"""What flow is measured by: age, cycle time, throughput, work in progress, wait share; pure.

All durations are working days, all instants UTC. Medians and percentiles, never a mean: a few items
that lay for months would decide it.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from sync.flow.stages import Cycle, ItemFlow, Span, Stage
from sync.flow.work_time import WorkTime


def percentile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that so many (0 to 1) of all are not above; None: there are none."""
    ordered = sorted(values)
    if not ordered:
        return None
    # Of 20 values, 85 of 100 are the first 17: no rounding error may make it 18.
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]


def cycle_time(cycle: Cycle, time: WorkTime) -> float:
    """Working days from the first start to the end."""
    return time.between(cycle.started_at, cycle.done_at)


def age(item: ItemFlow, as_of: datetime, time: WorkTime) -> float | None:
    """Working days since work on it began; None: it does not go on, or nobody knows since when."""
    start = item.started_at
    return None if start is None else time.between(start, as_of)


def spent(spans: Iterable[Span], until: datetime, time: WorkTime) -> dict[Stage, float]:
    """Working days in each stage; a span that is still open ends at `until`."""
    found: dict[Stage, float] = {}
    for one in spans:
        worked = time.between(one.start, one.end or until)
        found[one.stage] = found.get(one.stage, 0.0) + worked
    return found


def wait_share(spans: Iterable[Span], until: datetime, time: WorkTime) -> float | None:
    """Share (0 to 1) of the time since the start in which it waited; None: it was not begun.

    Flow efficiency is what is left of 1. Time back in the backlog counts as neither.
    """
    stages = spent(spans, until, time)
    waited = sum(worked for stage, worked in stages.items() if stage.is_waiting)
    begun = sum(worked for stage, worked in stages.items() if stage.is_started)
    return waited / begun if begun else None


def throughput(done: Iterable[datetime], start: datetime, end: datetime) -> int:
    """How many got done after `start` and not after `end`."""
    return sum(start < at <= end for at in done)


def in_progress(items: Iterable[ItemFlow], at: datetime) -> int:
    """How many items were started and not done at an instant."""
    return sum((stage := one.at(at)) is not None and stage.is_started for one in items)


def handoffs(owners: Sequence[str | None]) -> int:
    """How often work went from one owner to another; a time without an owner is no hand-off.

    `owners`: teams, or people of whom nothing but this number is told, in order of time.
    """
    named = [one for one in owners if one is not None]
    return sum(before != after for before, after in pairwise(named))
