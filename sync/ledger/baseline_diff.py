"""What lies between two baselines of a milestone, or between one of them and now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa

from sync.clock import Clock
from sync.errors import UsageError
from sync.ledger import agreements, load, milestones
from sync.ledger.baseline import Baseline, original, stored, suggest, the_one
from sync.ledger.ledger import EPSILON, Unit, lead_unit, size_of
from sync.ledger.load import Container, ItemFacts
from sync.ledger.mass_edit import MassEdit
from sync.ledger.milestones import MilestoneFacts
from sync.ledger.timeline import Place, in_scope, parents_within, place
from sync.ledger.working_days import WorkCalendar
from sync.pasted import shell
from sync.store.open import Store


class DiffKind(StrEnum):
    """How an item differs between two plans."""

    ENTERED = "entered"
    LEFT = "left"
    RESIZED = "re-sized"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two plans: a baseline, or what is there now."""

    #: which of the milestone's baselines, from 1; None: now.
    number: int | None
    #: baseline instant, or now (UTC).
    at: datetime
    accepted: bool
    #: made from a history that has gaps.
    is_partial: bool
    #: the date promised then.
    due_date: date | None
    items: int
    #: sum of the estimates; items without one add nothing.
    points: float
    unestimated: int


@dataclass(frozen=True, slots=True)
class ItemDiff:
    """One item that differs."""

    item: ItemFacts
    kind: DiffKind
    #: why it left: left, cancelled, deleted, …; empty for the other kinds.
    reason: str
    #: points in the first and the second plan; None: not estimated, or not in it.
    old: float | None
    new: float | None


@dataclass(frozen=True, slots=True)
class BaselineDiff:
    """All that differs between two plans of one milestone."""

    facts: MilestoneFacts
    first: Side
    second: Side
    changes: tuple[ItemDiff, ...]
    #: the unit that `net_ratio` is told in.
    unit: Unit
    #: change of the size as a share of the first plan; None: not agreed to, empty, or held.
    net_ratio: float | None
    #: many like changes by one account that nobody confirmed: no share is told.
    mass: tuple[MassEdit, ...]
    #: why the difference may not be whole.
    gaps: tuple[str, ...]


def diff(
    store: Store,
    calendar: WorkCalendar,
    *,
    clock: Clock,
    milestone: str,
    grace_days: int,
    first: int = 1,
    second: int | None = None,
) -> BaselineDiff:
    """What differs between the milestone's baselines `first` and `second` (None: now).

    Changes within the grace window of a baseline are part of it. Raises UsageError for a name that
    matches none or several, and for a baseline that is not there.
    """
    now = clock.now()
    with store.reading() as conn:
        facts = the_one(milestones.Milestones(conn, now, now), milestone)
        container = load.containers(conn, [facts], known_at=now, present=True)[facts.key]
        made = _made(conn, facts, container, calendar, now)
        seen = agreements.confirmations(conn, {facts.key}, now).get(facts.key, ())
    before = _numbered(facts, made, first)
    after = None if second is None else _numbered(facts, made, second)

    def end(one: Baseline) -> datetime:
        return max(one.at, min(now, calendar.add(one.at, grace_days)))

    start, stop = end(before), now if after is None else end(after)
    items = container.histories
    # What was done since the first plan is still a part of it: both leave out what was done before.
    planned = in_scope(items, start, before.at)
    held = in_scope(items, stop, before.at, undone=after is None)
    changes = tuple(_changes(container, planned, held, stop, before.at))
    unit = lead_unit(planned.values(), held.values())
    size = sum(size_of(one, unit) for one in planned.values())
    mass = agreements.unconfirmed(
        container,
        after=start,
        until=stop,
        size=max(len(planned), len(held)),
        confirmed=seen,
        agreed_at=max((one.created_at for one in made if one.accepted), default=None),
    )
    ratio = None
    if before.accepted and size > EPSILON and not mass:
        ratio = (sum(size_of(one, unit) for one in held.values()) - size) / size
    return BaselineDiff(
        facts=facts,
        first=_side(first, before.at, before, facts, planned),
        second=_side(second, now if after is None else after.at, after, facts, held),
        changes=changes,
        unit=unit,
        net_ratio=ratio,
        mass=mass,
        gaps=container.gaps(start),
    )


def _made(
    conn: sa.Connection,
    facts: MilestoneFacts,
    container: Container,
    calendar: WorkCalendar,
    now: datetime,
) -> Sequence[Baseline]:
    """Baselines that are stored, else the one that the rules give."""
    made = stored(conn, {facts.key}, now).get(facts.key, ())
    first = original(made) or suggest(facts, container, calendar, now)
    return () if first is None else (first, *made[1:])


def _numbered(facts: MilestoneFacts, made: Sequence[Baseline], number: int) -> Baseline:
    if 1 <= number <= len(made):
        return made[number - 1]
    if not made:
        raise UsageError(
            "it has not begun, so there is no baseline yet",
            where=facts.line,
            todo=f"Set one with: driftline baseline set {shell(facts.line)}",
        )
    raise UsageError(
        f"there is no baseline {number}; it has {len(made)}",
        where=facts.line,
        todo=f"List them with: driftline baseline list {shell(facts.line)}",
    )


def _side(
    number: int | None,
    at: datetime,
    baseline: Baseline | None,
    facts: MilestoneFacts,
    places: Mapping[str, Place],
) -> Side:
    sizes = [one.points for one in places.values()]
    return Side(
        number=number,
        at=at,
        accepted=baseline is not None and baseline.accepted,
        is_partial=baseline is not None and baseline.is_partial,
        due_date=facts.due_date if baseline is None else baseline.due_date,
        items=len(sizes),
        points=sum(size for size in sizes if size is not None),
        unestimated=sizes.count(None),
    )


def _changes(
    container: Container,
    planned: Mapping[str, Place],
    held: Mapping[str, Place],
    at: datetime,
    since: datetime,
) -> list[ItemDiff]:
    places = {one.id: place(one, at, since) for one in container.histories}
    parents = parents_within(places.items())
    found = []
    for id_ in sorted(planned.keys() | held.keys()):
        was, now = planned.get(id_), held.get(id_)
        old, new = (None if one is None else one.points for one in (was, now))
        if was is None:
            kind, reason = DiffKind.ENTERED, ""
        elif now is None:
            kind = DiffKind.LEFT
            reason = _why_left(container, id_, places[id_], at, is_parent=bool(parents.get(id_)))
        elif old != new:
            kind, reason = DiffKind.RESIZED, ""
        else:
            continue
        found.append(ItemDiff(container.items[id_], kind, reason, old, new))
    order = list(DiffKind)
    return sorted(found, key=lambda one: (order.index(one.kind), one.item.key))


def _why_left(container: Container, id_: str, now: Place, at: datetime, *, is_parent: bool) -> str:
    if now.member:
        return "cancelled" if now.cancelled else "split" if is_parent else "done before"
    ended = [s for s in container.history(id_).stays if s.end is not None and s.end <= at]
    cause = ended[-1].end_cause if ended else None
    return "left" if cause in (None, "event", "inferred", "observed") else str(cause)
