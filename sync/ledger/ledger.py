"""The scope ledger: every line between the planned and the present scope of a container; pure.

Identity (drift-spec 1.3): W(t) = W(t_b) + A - R + E + L. Lines come from the events; W(t) comes
from what is held now, so a missing event shows as an imbalance and not as a wrong number.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sync.ledger.timeline import (
    ABSENT,
    ItemHistory,
    Place,
    Track,
    counted,
    leaves_in_scope,
    parents_within,
    place,
)

#: Sizes are sums of decimal numbers: what is smaller than this is rounding.
EPSILON = 1e-6
#: Share of estimated items from which points lead (defaults of drift-spec 1.3).
ESTIMATED_SHARE = 0.8
#: Reason of an estimate that was lowered to what is left: a tag of its own, no cut of the scope.
REMAINING_WORK = "lowered to what is left"


class Unit(StrEnum):
    """In what size is counted."""

    ITEMS = "items"
    POINTS = "points"


class LineKind(StrEnum):
    """What a line of the ledger is."""

    ADDED = "added"
    REMOVED = "removed"
    REESTIMATED = "reestimated"
    #: the first estimate of an item that was planned without one.
    LATE_SIZED = "late_sized"
    #: work that moved between a parent and its children: these lines sum to nothing.
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Line:
    """One change of the scope; `amount` is signed."""

    at: datetime
    item_id: str
    kind: LineKind
    amount: float
    #: entered, reopened, revived, left, deleted, cancelled, split, re-sized, …
    reason: str
    #: event at the source that it tells of, and the account that made it, where they are known.
    event_id: str | None = field(default=None, compare=False)
    actor_id: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The scope of one container between its baseline and an instant, in one unit."""

    unit: Unit
    #: baseline instant, and the end of the grace window from which changes count.
    since: datetime
    counted_from: datetime
    at: datetime
    baseline: float
    current: float
    lines: tuple[Line, ...]
    #: items in scope at the baseline and now.
    planned: frozenset[str]
    present: frozenset[str]
    #: planned items with their parents in the container, which carry no size of their own.
    family: frozenset[str] = frozenset()
    #: items whose place at the baseline or at the end is not known: an incomplete history, or an
    #: end that nobody saw; and before which instant (UTC) the former are unknown.
    unsure: frozenset[str] = frozenset()
    unknown_before: datetime | None = None
    #: items whose events do not lead to what they are, or of which one in between is missing.
    torn: frozenset[str] = frozenset()
    #: where the container's items stood at `counted_from`, and where they stand at `at`, judged
    #: backwards; empty: nobody worked that out.
    before: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)
    now: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    def was(self, item: ItemHistory) -> Place:
        """Where an item stood when the plan was made."""
        return self.before.get(item.id) or place(item, self.counted_from, self.since)

    def stands(self, item: ItemHistory) -> Place:
        """Where an item stands at the end, judged backwards from what is held."""
        return self.now.get(item.id) or place(item, self.at, self.since, undone=True)

    def total(self, kind: LineKind) -> float:
        """Signed sum of the lines of one kind."""
        return sum(line.amount for line in self.lines if line.kind is kind)

    @property
    def added(self) -> float:
        """A: size of what entered, at entry."""
        return self.total(LineKind.ADDED)

    @property
    def removed(self) -> float:
        """R: size of what left, at exit (positive)."""
        return -self.total(LineKind.REMOVED) or 0.0

    @property
    def reestimated(self) -> float:
        """E: changes of estimates before completion."""
        return self.total(LineKind.REESTIMATED)

    @property
    def late_sized(self) -> float:
        """L: first estimates given after the baseline."""
        return self.total(LineKind.LATE_SIZED)

    @property
    def balanced(self) -> bool:
        """Whether the lines explain the present scope, with no event missing among them."""
        if self.torn:
            return False
        told = self.baseline + self.added - self.removed + self.reestimated + self.late_sized
        return abs(told - self.current) < EPSILON

    @property
    def net_ratio(self) -> float | None:
        """(W(t) - W(t_b)) / W(t_b); None where nothing was planned."""
        if self.baseline <= EPSILON:
            return None
        return (self.current - self.baseline) / self.baseline

    @property
    def entered(self) -> frozenset[str]:
        """Items that were not planned and are there now."""
        return frozenset(
            line.item_id
            for line in self.lines
            if line.kind is LineKind.ADDED
            and line.item_id in self.present
            and line.item_id not in self.planned
        )

    @property
    def left(self) -> frozenset[str]:
        """Items that were planned and are no longer there."""
        return frozenset(
            line.item_id
            for line in self.lines
            if line.kind is LineKind.REMOVED
            and line.item_id in self.planned
            and line.item_id not in self.present
        )

    @property
    def resized(self) -> frozenset[str]:
        """Items still there whose size changed or was given for the first time."""
        kinds = (LineKind.REESTIMATED, LineKind.LATE_SIZED)
        return frozenset(
            line.item_id
            for line in self.lines
            if line.kind in kinds and line.item_id in self.present
        )

    @property
    def transient(self) -> frozenset[str]:
        """Items that entered and left again: churn, and no change."""
        added = {line.item_id for line in self.lines if line.kind is LineKind.ADDED}
        return frozenset(added - self.present - self.planned)


def lead_unit(*moments: Iterable[Place]) -> Unit:
    """Points if, at each moment, enough items are estimated and, at the last, not all alike."""
    sizes: list[float] = []
    for places in moments:
        all_sizes = [one.points for one in places]
        sizes = [size for size in all_sizes if size is not None]
        if len(sizes) < ESTIMATED_SHARE * len(all_sizes):
            return Unit.ITEMS
    return Unit.POINTS if len(set(sizes)) > 1 else Unit.ITEMS


def compute(
    items: Sequence[ItemHistory],
    *,
    since: datetime,
    counted_from: datetime,
    at: datetime,
    unit: Unit | None = None,
) -> Ledger:
    """The ledger of these items' container from the baseline `since` to `at`.

    Changes before `counted_from` (the end of the grace window) are part of the plan. Without a
    `unit` the lead unit is chosen.
    """
    counted_from = min(max(since, counted_from), max(at, since))
    before: dict[str, Place] = {}
    moved: list[ItemHistory] = []
    for item in items:
        rest = item.still
        if rest is not None and rest.moved <= counted_from:
            before[item.id] = rest.of_plan(since) if rest.place.done else rest.place
        else:
            before[item.id] = place(item, counted_from, since)
            moved.append(item)
    # Nothing is unclear about what rests.
    seen = _Glance.of(moved, counted_from)
    again = items if at < counted_from else [*seen.unsound, *seen.moving]
    # What did not move is where it was.
    now = before | {item.id: place(item, at, since, undone=True) for item in again}
    planned, present = leaves_in_scope(before), leaves_in_scope(now)
    if unit is None:
        unit = lead_unit(planned.values(), present.values())
    walk = _Walk({item.id: item for item in items}, since, unit)
    walk.start(before, seen.moving, counted_from)
    unsure = {
        item.id: first
        for item in seen.gappy
        if (first := item.unknown_before) is not None and counted_from < first
    }
    for instant in sorted(walk.by_instant):
        if instant > at:
            break
        walk.step(instant)
    return Ledger(
        unit=unit,
        since=since,
        counted_from=counted_from,
        at=at,
        baseline=_total(planned.values(), unit),
        current=_total(present.values(), unit),
        lines=tuple(walk.finish()),
        planned=frozenset(planned),
        present=frozenset(present),
        family=frozenset([id_ for id_, one in before.items() if one.member]),
        unsure=frozenset(unsure) | _vague(seen.unseen, (counted_from, at)),
        unknown_before=max(unsure.values(), default=None),
        torn=frozenset(
            walk.differing(now, present)
            | {
                item.id
                for item in seen.unsound
                if item.is_torn(counted_from, at, sized=unit is Unit.POINTS)
            }
        ),
        before=before,
        now=now,
    )


@dataclass(slots=True)
class _Glance:
    """What of many items needs a second look, found out by one."""

    #: something happens to them later.
    moving: list[ItemHistory] = field(default_factory=list)
    #: told and undone may not be the same, or an event is missing.
    unsound: list[ItemHistory] = field(default_factory=list)
    #: the begin of a stay, or a part of the history, is not known.
    gappy: list[ItemHistory] = field(default_factory=list)
    #: a stay ended unseen.
    unseen: list[ItemHistory] = field(default_factory=list)

    @staticmethod
    def of(items: Iterable[ItemHistory], at: datetime) -> "_Glance":
        found = _Glance()
        for item in items:
            is_moving, is_gappy, is_unseen = False, not item.whole, False
            for stay in item.stays:
                if stay.start > at:
                    is_moving = True
                if stay.end is not None:
                    is_moving = is_moving or stay.end > at
                    is_unseen = is_unseen or stay.gone_by is not None
                if not stay.exact:
                    is_gappy = True
            for track in (item.points, item.category, item.parent):
                if track.ats:
                    if track.ats[-1] > at:
                        is_moving = True
                    if not track.sound:
                        found.unsound.append(item)
            if is_moving:
                found.moving.append(item)
            if is_gappy:
                found.gappy.append(item)
            if is_unseen:
                found.unseen.append(item)
        return found


def _vague(items: Iterable[ItemHistory], instants: Iterable[datetime]) -> frozenset[str]:
    """Items that left unseen around one of these instants."""
    return frozenset(
        item.id
        for item in items
        for stay in item.stays
        if stay.gone_by is not None and any(stay.is_vague(at) for at in instants)
    )


def size_of(one: Place, unit: Unit) -> float:
    """Size in the unit; an item without estimate adds nothing in points."""
    if unit is Unit.ITEMS:
        return 1.0
    return one.points or 0.0


def _total(places: Collection[Place], unit: Unit) -> float:
    """Size of all of them."""
    return sum([1.0] * len(places) if unit is Unit.ITEMS else [one.points or 0.0 for one in places])


def _told(item: ItemHistory, at: datetime, reason: str) -> Iterator[tuple[str | None, str | None]]:
    """Events of this item at this instant, those first that a line of this reason tells of."""
    points: Track[Any] = item.points
    changes: list[Track[Any]] = [item.category, item.parent, points]
    if reason in ("sized", "re-sized"):
        changes = [points, item.category, item.parent]
    elif reason == "split":
        changes = [item.parent, points, item.category]
    stays = [(s.event_id, s.actor_id) for s in item.stays if s.start == at]
    stays += [(s.end_event_id, s.end_actor_id) for s in item.stays if s.end == at]
    if reason not in _OF_STATUS:
        yield from stays
    for track in changes:
        change = track.change_at(at)
        if change is not None:
            yield change.event_id, change.actor_id
    yield from stays


#: Reasons that a status tells, and no membership.
_OF_STATUS = frozenset({"cancelled", "revived", "reopened", "sized", "re-sized"})


@dataclass(slots=True)
class _Walk:
    """Goes from instant to instant and posts what differs."""

    items: Mapping[str, ItemHistory]
    since: datetime
    unit: Unit
    places: dict[str, Place] = field(default_factory=dict)
    children: dict[str, int] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    #: size of a parent that was split and that its children have not taken up yet.
    pools: dict[str, float] = field(default_factory=dict)
    #: when each of them was split last.
    split_at: dict[str, datetime] = field(default_factory=dict)
    by_instant: dict[datetime, list[str]] = field(default_factory=dict)

    def start(
        self, places: Mapping[str, Place], moving: Iterable[ItemHistory], at: datetime
    ) -> None:
        """Begin where the items are at `at`; only those that move later are looked at again."""
        self.places.update(places)
        self.children.update(parents_within(places.items()))
        for item in moving:
            for instant in item.instants():
                if instant > at:
                    self.by_instant.setdefault(instant, []).append(item.id)

    def _put(self, id_: str, now: Place) -> None:
        before = self.places.get(id_, ABSENT)
        for one, step in ((before, -1), (now, 1)):
            if one.member and one.parent is not None and one.parent != id_:
                self.children[one.parent] = self.children.get(one.parent, 0) + step
        self.places[id_] = now

    def _counts(self, id_: str) -> bool:
        return counted(self.places[id_], is_leaf=not self.children.get(id_, 0))

    def step(self, at: datetime) -> None:
        moved = self.by_instant[at]
        if len(moved) == 1 and self._alone(at, moved[0]):
            return
        new = {id_: place(self.items[id_], at, self.since) for id_ in moved}
        touched = set(new)
        for id_, now in new.items():
            touched.update(p for p in (self.places[id_].parent, now.parent) if p in self.places)
        before = {id_: (self.places[id_], self._counts(id_)) for id_ in touched}
        for id_, now in new.items():
            self._put(id_, now)
        outs, ins, resized = [], [], []
        for id_ in sorted(touched):
            was, was_in = before[id_]
            is_in = self._counts(id_)
            if was_in and not is_in:
                outs.append((id_, was))
            elif is_in and not was_in:
                ins.append((id_, was))
            elif is_in:
                resized.append((id_, was))
        self._post(at, outs, ins, resized)

    def _alone(self, at: datetime, id_: str) -> bool:
        """Take the step of a single item without a family; False: it needs more than that."""
        was, now = self.places[id_], place(self.items[id_], at, self.since)
        if was.parent is not None or now.parent is not None or self.children.get(id_, 0):
            return False
        self.places[id_] = now
        was_in, is_in = counted(was, is_leaf=True), counted(now, is_leaf=True)
        if was_in or is_in:
            pair = [(id_, was)]
            self._post(
                at,
                pair if was_in and not is_in else [],
                pair if is_in and not was_in else [],
                pair if was_in and is_in else [],
            )
        return True

    def _post(
        self,
        at: datetime,
        outs: list[tuple[str, Place]],
        ins: list[tuple[str, Place]],
        resized: list[tuple[str, Place]],
    ) -> None:
        gone: dict[str, tuple[str | None, float, str]] = {}
        for id_, was in outs:
            reason = self._out_reason(id_, at)
            if reason == "split":
                self._split(at, id_, -size_of(was, self.unit))
                self.pools[id_] = self.pools.get(id_, 0.0) + size_of(was, self.unit)
                self.split_at[id_] = at
            else:
                gone[id_] = (was.parent, size_of(was, self.unit), reason)
        # A parent that is a leaf again takes back what its children carried.
        for id_, was in ins:
            if self._in_reason(id_, was) == "split":
                self._merge(at, id_, gone)
        for id_, (_, amount, reason) in gone.items():
            self._line(at, id_, LineKind.REMOVED, -amount, reason)
        for id_, was in ins:
            reason = self._in_reason(id_, was)
            if reason != "split":
                rest, taken = self._take(at, id_, size_of(self.places[id_], self.unit))
                if rest > EPSILON or not taken:
                    self._line(at, id_, LineKind.ADDED, rest, reason)
        for id_, was in resized:
            self._resize(at, id_, was)

    def _merge(
        self, at: datetime, id_: str, gone: dict[str, tuple[str | None, float, str]]
    ) -> None:
        size, pool = size_of(self.places[id_], self.unit), self.pools.pop(id_, 0.0)
        room = max(size, 0.0)
        back = min(pool, room)
        if pool - back > EPSILON:
            # Its own estimate fell while its children carried the work.
            self._split(at, id_, pool - back)
            self._line(at, id_, LineKind.REESTIMATED, back - pool, "re-sized")
        for child, (parent, amount, reason) in gone.items():
            take = min(amount, room - back) if parent == id_ else 0.0
            if take > 0:
                gone[child] = (parent, amount - take, reason)
                self._split(at, child, -take)
                back += take
        self._split(at, id_, back)
        if abs(size - back) > EPSILON or not back:
            self._line(at, id_, LineKind.ADDED, size - back, "split")

    def _take(self, at: datetime, id_: str, size: float) -> tuple[float, bool]:
        """What is left of `size` after the pool of the item's parent gave its part."""
        parent = self.places[id_].parent
        take = min(self.pools.get(parent or "", 0.0), size)
        if parent is None or take <= 0:
            return size, False
        self.pools[parent] -= take
        self._split(at, id_, take)
        return size - take, True

    def _resize(self, at: datetime, id_: str, was: Place) -> None:
        old, new = size_of(was, self.unit), size_of(self.places[id_], self.unit)
        if self.unit is Unit.ITEMS or was.points == self.places[id_].points:
            return
        if was.points is None and not self._ever_sized(id_, at):
            rest, taken = self._take(at, id_, new)
            if rest > EPSILON or not taken:
                self._line(at, id_, LineKind.LATE_SIZED, rest, "sized")
            return
        self._line(at, id_, LineKind.REESTIMATED, new - old, "re-sized")

    def _ever_sized(self, id_: str, at: datetime) -> bool:
        track = self.items[id_].points
        return any(
            change.old is not None or (change.at < at and change.new is not None)
            for change in track.changes
            if change.at <= at
        )

    def _out_reason(self, id_: str, at: datetime) -> str:
        now = self.places[id_]
        if not now.member:
            ended = [stay for stay in self.items[id_].stays if stay.end is not None]
            cause = next((s.end_cause for s in reversed(ended) if s.end and s.end <= at), None)
            return "left" if cause in (None, "event", "inferred", "observed") else str(cause)
        if now.cancelled:
            return "cancelled"
        return "split" if self.children.get(id_, 0) else "done before"

    @staticmethod
    def _in_reason(_id: str, was: Place) -> str:
        if not was.member:
            return "entered"
        if was.cancelled:
            return "revived"
        return "reopened" if was.done_before else "split"

    def _split(self, at: datetime, id_: str, amount: float) -> None:
        if abs(amount) > EPSILON:
            self._line(at, id_, LineKind.SPLIT, amount, "split")

    def _line(self, at: datetime, id_: str, kind: LineKind, amount: float, reason: str) -> None:
        event, actor = self._source(at, id_, reason)
        self.lines.append(Line(at, id_, kind, amount, reason, event, actor))

    def _source(self, at: datetime, id_: str, reason: str) -> tuple[str | None, str | None]:
        """The event that a line tells of: id and account, where they are known."""
        moved = self.by_instant.get(at, ())
        if reason == "split":
            # A parent is split, or whole again, by what happens to its children.
            family = [c for c in moved if self.items[c].parent.told(at) == id_]
            family += [c for c in moved if self.items[c].parent.before(at) == id_]
            mine = [id_, *family]
        else:
            mine = [id_]
        for one in mine:
            for event, actor in _told(self.items[one], at, reason):
                if event is not None:
                    return event, actor
        return None, None

    def differing(self, now: Mapping[str, Place], present: Mapping[str, Place]) -> set[str]:
        """Items that the events lead elsewhere than where they are: errors may cancel out.

        `now`: where all of them are; `present`: those that are in scope.
        """
        # The very same place leads elsewhere only where its children are others.
        others = {id_ for id_, one in self.places.items() if one is not now[id_]}
        parents = {at[id_].parent for at in (self.places, now) for id_ in others}
        told = {
            id_: self.places[id_]
            for id_ in others.union(one for one in parents if one in self.places)
            if self._counts(id_)
        }
        looked = others.union(one for one in parents if one is not None)
        return {
            id_
            for id_ in looked
            if (id_ in told) is not (id_ in present)
            or (
                id_ in told
                and abs(size_of(told[id_], self.unit) - size_of(present[id_], self.unit)) > EPSILON
            )
        }

    def finish(self) -> list[Line]:
        """All lines in order of time. What no child took up is less work than was planned."""
        for id_, left in sorted(self.pools.items()):
            if abs(left) > EPSILON:
                at = self.split_at[id_]
                self._split(at, id_, left)
                self._line(at, id_, LineKind.REESTIMATED, -left, "split")
        return sorted(self.lines, key=lambda line: line.at)
