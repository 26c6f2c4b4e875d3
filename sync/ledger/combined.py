"""One ledger over the parts of a program milestone, every item counted once; pure.

Each part keeps its own baseline. An item counts in the part that planned it first, and one that no
part planned in the part it came to first; it is in the program while any part holds it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sync.ledger.ledger import EPSILON, Ledger, Line, LineKind, Unit, compute, size_of
from sync.ledger.timeline import ItemHistory, Place, Stay, Track, in_scope


@dataclass(frozen=True, slots=True)
class PartScope:
    """One part: what was ever in it, its baseline, and when it was a part (all UTC)."""

    connection_id: int
    histories: Sequence[ItemHistory]
    since: datetime
    #: end of the grace window.
    counted_from: datetime
    spans: Sequence[tuple[datetime, datetime | None]]


@dataclass(frozen=True, slots=True)
class Combined:
    """The scope of a program milestone."""

    ledger: Ledger
    #: the same by part, in the order of the parts: what counts there.
    by_part: tuple[Ledger, ...]
    #: by `named` id.
    histories: Mapping[str, ItemHistory]
    #: items that several parts, or several systems, hold or held.
    shared: frozenset[str]


def named(connection_id: int, item_id: str) -> str:
    """How an item is called in a combined ledger: ids of several systems may be the same."""
    return f"{connection_id}:{item_id}"


def item_of(name: str) -> tuple[int, str]:
    """(connection id, item id) of a `named` item."""
    connection_id, _, item_id = name.partition(":")
    return int(connection_id), item_id


def combine(
    parts: Sequence[PartScope],
    *,
    at: datetime,
    unit: Unit,
    same: Mapping[str, str] | None = None,
) -> Combined:
    """The ledger of these parts together at `at` (UTC), in `unit`.

    `same`: `named` items that are mirrors -> the one that counts for them.
    """
    held = [_members(part, same or {}) for part in parts]
    everything = _united(held)
    items = [everything[id_] for id_ in sorted(everything)]
    made = [
        compute(items, since=one.since, counted_from=one.counted_from, at=at, unit=unit)
        for one in parts
    ]
    homes = _homes(held, made)
    by_part = tuple(
        _restricted(whole, items, frozenset(id_ for id_, home in homes.items() if home == i))
        for i, whole in enumerate(made)
    )
    copies = Counter(id_ for members in held for id_, copies in members.items() for _ in copies)
    twice = frozenset(id_ for id_, number in copies.items() if number > 1)
    return Combined(_together(by_part, at, unit), by_part, everything, twice)


def _members(part: PartScope, same: Mapping[str, str]) -> dict[str, list[ItemHistory]]:
    """Items of a part while it was one, by the item that counts for them."""
    found: dict[str, list[ItemHistory]] = {}
    for item in part.histories:
        stays = tuple(
            clipped
            for stay in item.stays
            for start, end in part.spans
            if (clipped := _clipped(stay, start, end)) is not None
        )
        if stays:
            own = named(part.connection_id, item.id)
            parent = _renamed(item.parent, part, same)
            mine = item._replace(id=own, stays=stays, parent=parent)
            found.setdefault(same.get(own, own), []).append(mine)
    return found


def _clipped(stay: Stay, start: datetime, end: datetime | None) -> Stay | None:
    """The stay within the time in which its container was a part."""
    if stay.start < start:
        stay = stay._replace(start=start, exact=True, event_id=None, actor_id=None)
    if end is not None and (stay.end is None or end < stay.end):
        stay = stay._replace(end=end, end_cause=None, end_event_id=None, end_actor_id=None)
    return stay if stay.end is None or stay.start < stay.end else None


def _renamed(
    track: Track[str | None], part: PartScope, same: Mapping[str, str]
) -> Track[str | None]:
    def of(id_: str | None) -> str | None:
        if id_ is None:
            return None
        own = named(part.connection_id, id_)
        return same.get(own, own)

    changes = tuple(one._replace(old=of(one.old), new=of(one.new)) for one in track.changes)
    return Track.of(changes, of(track.held))


def _united(held: Iterable[Mapping[str, Sequence[ItemHistory]]]) -> dict[str, ItemHistory]:
    """Every item once, in all its stays; what counts for its mirrors tells its size and state."""
    found: dict[str, list[ItemHistory]] = {}
    for members in held:
        for id_, mine in members.items():
            found.setdefault(id_, []).extend(mine)
    return {
        id_: next((one for one in mine if one.id == id_), mine[0])._replace(
            id=id_,
            stays=merged(stay for one in mine for stay in one.stays),
            whole=all(one.whole for one in mine),
        )
        for id_, mine in found.items()
    }


def merged(stays: Iterable[Stay]) -> tuple[Stay, ...]:
    """Stays that touch are one: going from part to part is no leaving."""
    found: list[Stay] = []
    for stay in sorted(stays, key=lambda one: (one.start, not one.exact)):
        last = found[-1] if found else None
        if last is None or (last.end is not None and last.end < stay.start):
            found.append(stay)
        elif last.end is not None and (stay.end is None or stay.end > last.end):
            found[-1] = last._replace(
                end=stay.end,
                end_cause=stay.end_cause,
                end_event_id=stay.end_event_id,
                end_actor_id=stay.end_actor_id,
                held_until=stay.held_until,
                gone_by=stay.gone_by,
            )
    return tuple(found)


def _homes(
    held: Sequence[Mapping[str, Sequence[ItemHistory]]], made: Sequence[Ledger]
) -> dict[str, int]:
    """In which part each item counts."""
    order = sorted(range(len(made)), key=lambda i: (made[i].since, i))
    homes: dict[str, int] = {}
    for i in order:
        for id_ in made[i].planned:
            mine = held[i].get(id_, ())
            if any(one.stay_at(made[i].counted_from) is not None for one in mine):
                homes.setdefault(id_, i)
    first: dict[str, tuple[datetime, int]] = {}
    for i in order:
        for id_, mine in held[i].items():
            start = min(stay.start for one in mine for stay in one.stays)
            if id_ not in homes and (id_ not in first or start < first[id_][0]):
                first[id_] = (start, i)
    return homes | {id_: i for id_, (_, i) in first.items()}


def _restricted(whole: Ledger, items: Sequence[ItemHistory], mine: frozenset[str]) -> Ledger:
    """What of a ledger over all items is about these."""

    def size(places: Mapping[str, Place]) -> float:
        return sum(size_of(one, whole.unit) for id_, one in places.items() if id_ in mine)

    lines = [line for line in whole.lines if line.item_id in mine]
    split = [line for line in lines if line.kind is LineKind.SPLIT]
    rest = sum(line.amount for line in split)
    if abs(rest) > EPSILON:
        # A parent was split into children that count in another part: that part planned them.
        lines.append(replace(split[-1], kind=LineKind.REESTIMATED, amount=rest))
        lines.append(replace(split[-1], amount=-rest))
    unsure = whole.unsure & mine
    return replace(
        whole,
        baseline=size(in_scope(items, whole.counted_from, whole.since)),
        current=size(in_scope(items, whole.at, whole.since, undone=True)),
        lines=tuple(lines),
        planned=whole.planned & mine,
        present=whole.present & mine,
        family=whole.family & mine,
        unsure=unsure,
        unknown_before=whole.unknown_before if unsure else None,
    )


def _together(by_part: Sequence[Ledger], at: datetime, unit: Unit) -> Ledger:
    def every(sets: Iterable[frozenset[str]]) -> frozenset[str]:
        return frozenset().union(*sets)

    lines: list[Line] = sorted(
        (line for one in by_part for line in one.lines), key=lambda line: line.at
    )
    vague = [one.unknown_before for one in by_part if one.unknown_before is not None]
    return Ledger(
        unit=unit,
        since=min(one.since for one in by_part),
        counted_from=min(one.counted_from for one in by_part),
        at=at,
        baseline=sum(one.baseline for one in by_part),
        current=sum(one.current for one in by_part),
        lines=tuple(lines),
        planned=every(one.planned for one in by_part),
        present=every(one.present for one in by_part),
        family=every(one.family for one in by_part),
        unsure=every(one.unsure for one in by_part),
        unknown_before=max(vague, default=None),
    )
