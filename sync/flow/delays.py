"""Where work lay: working time in states that wait, by whom they wait for; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sync.flow.measures import percentile
from sync.flow.stages import ItemFlow, Stage
from sync.flow.work_time import WorkTime


@dataclass(frozen=True, slots=True)
class Delay:
    """One wait state: how long work lay in it, in working days."""

    #: review, qa, release, customer, other, or `flagged`: blocked, and nothing says by whom.
    state: str
    days: float
    items: int
    #: of the items that lay in it; percentiles are days that an item really lay.
    p50: float
    p85: float
    #: ids of those that lay longest with their days, at most three.
    longest: tuple[tuple[str, float], ...]


FLAGGED = "flagged"


def delays(
    items: Iterable[ItemFlow],
    spans: Mapping[str, tuple[datetime, datetime]],
    time: WorkTime,
    most: int = 5,
) -> tuple[Delay, ...]:
    """The wait states in which work lay longest in all, the longest first.

    `spans`: from when to when (UTC) each item counts; others are left out.
    """
    lay: dict[str, dict[str, float]] = {}
    for one in items:
        if one.id not in spans:
            continue
        start, end = spans[one.id]
        for span in one.within(start, end):
            if not span.stage.is_waiting:
                continue
            worked = time.between(span.start, span.end or end)
            if worked > 0:
                mine = lay.setdefault(_name(span.stage, span.waits_for), {})
                mine[one.id] = mine.get(one.id, 0.0) + worked
    found = [_delay(state, mine) for state, mine in lay.items()]
    return tuple(sorted(found, key=lambda one: (-one.days, one.state))[:most])


def _name(stage: Stage, waits_for: str | None) -> str:
    return str(waits_for) if waits_for else FLAGGED if stage is Stage.BLOCKED else str(stage)


def _delay(state: str, mine: Mapping[str, float]) -> Delay:
    ordered = sorted(mine.items(), key=lambda pair: (-pair[1], pair[0]))
    values = [days for _, days in ordered]
    # The order of adding must not show in the last decimals.
    total = sum(sorted(values))
    return Delay(
        state,
        total,
        len(values),
        percentile(values, 0.50) or 0.0,
        percentile(values, 0.85) or 0.0,
        tuple(ordered[:3]),
    )
