"""The lines of a scope, told forwards from what a company was watched doing; asks no ledger.

Written from the words of the definition: who is in is a leaf, not cancelled, and was not done
before the plan was made; what is done is as large as it was then.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from support.scope.chronicle import ABSENT, Chronicle, Life, Was


@dataclass(frozen=True, slots=True, order=True)
class Posted:
    """One line: what happened to the scope; `amount` is signed."""

    at: datetime
    item_id: str
    #: added, removed, reestimated, late_sized.
    kind: str
    amount: float


@dataclass
class _Day:
    """Where every item stands at one instant."""

    #: items in scope, with their size.
    sizes: dict[str, float | None] = field(default_factory=dict)
    parents: set[str] = field(default_factory=set)


def lines(
    chronicle: Chronicle, container: str, since: datetime, until: datetime, *, points: bool
) -> list[Posted]:
    """Every change of the scope in (since, until], for a plan made at `since`."""
    lives = [
        life
        for life in chronicle.lives.values()
        if not life.is_change and any(container in was.plans for was in life.states)
    ]
    instants = sorted({at for life in lives for at in life.ats if since < at <= until})
    before = _day(lives, container, since, since)
    posted: list[Posted] = []
    sized = {life.id for life in lives if _was_sized(life, since)}
    for at in instants:
        now = _day(lives, container, at, since)
        for id_ in sorted(before.sizes.keys() | now.sizes.keys()):
            old, new = before.sizes.get(id_), now.sizes.get(id_)
            if id_ not in before.sizes:
                posted.append(Posted(at, id_, "added", _size(new, points=points)))
            elif id_ not in now.sizes:
                posted.append(Posted(at, id_, "removed", -_size(old, points=points)))
            elif points and old != new:
                late = old is None and id_ not in sized
                kind = "late_sized" if late else "reestimated"
                posted.append(Posted(at, id_, kind, (new or 0.0) - (old or 0.0)))
        sized |= {life.id for life in lives if life.at(at).points is not None}
        before = now
    return posted


def in_scope(chronicle: Chronicle, container: str, at: datetime, since: datetime) -> set[str]:
    """Ids of the items in scope."""
    lives = [life for life in chronicle.lives.values() if not life.is_change]
    return set(_day(lives, container, at, since).sizes)


def _size(points_of: float | None, *, points: bool) -> float:
    return (points_of or 0.0) if points else 1.0


def _was_sized(life: Life, at: datetime) -> bool:
    return any(was.points is not None for since, _, was in life.steps() if since <= at)


def _day(lives: Iterable[Life], container: str, at: datetime, since: datetime) -> _Day:
    standing: Mapping[str, tuple[Life, Was]] = {
        life.id: (life, was)
        for life in lives
        if (was := life.at(at)).there and container in was.plans
    }
    day = _Day()
    day.parents = {
        was.parent for id_, (_, was) in standing.items() if was.parent not in (None, id_)
    }
    for id_, (life, was) in standing.items():
        done = _done_since(life, at)
        over = done is not None and done <= since
        if was.state != "cancelled" and id_ not in day.parents and not over:
            day.sizes[id_] = life.at(done).points if done is not None else was.points
    return day


def _done_since(life: Life, at: datetime) -> datetime | None:
    """Since when it has been done without a break; None: it is not."""
    since, before = None, ABSENT
    for when, was in zip(life.ats, life.states, strict=True):
        if when > at:
            break
        if was.state != "done":
            since = None
        elif before.state != "done" or not before.there:
            since = when
        before = was
    return since
