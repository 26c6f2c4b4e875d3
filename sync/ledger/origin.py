"""Where an addition came from: the first of drift-spec 1.3's answers that fits; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mappings.vocabulary import ItemType, Priority
from sync.ledger.ledger import EPSILON, REMAINING_WORK, Ledger, Line, LineKind, Unit
from sync.ledger.timeline import Track

#: So close to each other a parent gives up size and a child takes it: one act of splitting.
ONE_ACT = timedelta(days=1)


class OriginKind(StrEnum):
    """Origin of work that entered after the baseline."""

    CARRY_OVER = "carried over"
    PULLED_IN = "pulled in"
    SPLIT = "split"
    DEFECT = "defect"
    EXPEDITE = "expedite"
    NEW = "new work"
    #: nothing tells when it was created, so it is not called new.
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One stay of an item in another container of the same kind; instants in UTC."""

    container_id: str
    start: datetime
    #: None: it is still there.
    end: datetime | None
    #: when that container was finished, or its date ends; None: not known.
    closes: datetime | None

    def holds(self, at: datetime) -> bool:
        """Whether the item was there at this instant."""
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class OriginFacts:
    """What is known of an item beside its place in this container."""

    created_at: datetime | None
    item_type: ItemType
    priority: Priority
    parent: Track[str | None]
    elsewhere: tuple[Elsewhere, ...] = ()
    #: items it is split or cloned from or into.
    split_with: frozenset[str] = frozenset()
    #: all items it is linked with, directly or over a change that speaks of both.
    linked: frozenset[str] = frozenset()
    #: items it duplicates, or that duplicate it.
    duplicates: frozenset[str] = frozenset()

    def parents(self, at: datetime, until: datetime) -> frozenset[str]:
        """Its parents from `at` on, as one act would give them; nothing after `until` counts."""
        told = (self.parent.told(at), self.parent.told(min(at + ONE_ACT, max(at, until))))
        return frozenset(id_ for id_ in told if id_ is not None)


def origin(line: Line, facts: OriginFacts, ledger: Ledger, due: datetime | None) -> OriginKind:
    """Why this line's item entered; `due` (UTC) is the end of the container."""
    if line.reason == "split":
        # It was here all along and carries again what its children carried.
        return OriginKind.SPLIT
    before = [one.closes for one in facts.elsewhere if one.start < line.at]
    if any(closes is not None and (due is None or closes < due) for closes in before):
        return OriginKind.CARRY_OVER
    if before or (facts.created_at is not None and facts.created_at < ledger.since):
        return OriginKind.PULLED_IN
    if sources(line, facts, ledger):
        return OriginKind.SPLIT
    planned = ledger.planned | ledger.family
    if facts.item_type is ItemType.DEFECT and facts.linked & planned:
        return OriginKind.DEFECT
    if facts.priority is Priority.EXPEDITE:
        return OriginKind.EXPEDITE
    return OriginKind.UNKNOWN if facts.created_at is None else OriginKind.NEW


def sources(line: Line, facts: OriginFacts, ledger: Ledger) -> frozenset[str]:
    """Planned items that this line's item was split off from."""
    near = facts.split_with | facts.parents(line.at, ledger.at)
    return near & (ledger.planned | ledger.family)


@dataclass(frozen=True, slots=True)
class Explained:
    """A ledger whose split pairs net out, and the origin of each of its additions."""

    ledger: Ledger
    #: (line, origin), in order of time.
    additions: tuple[tuple[Line, OriginKind], ...]

    @property
    def by_origin(self) -> dict[str, float]:
        """Size added per origin, largest first; origins that brought nothing are left out."""
        sums: dict[str, float] = {}
        for line, kind in self.additions:
            sums[kind.value] = sums.get(kind.value, 0.0) + line.amount
        return dict(sorted(sums.items(), key=lambda pair: (-pair[1], pair[0])))


def explain(
    ledger: Ledger, facts: Mapping[str, OriginFacts], due: datetime | None = None
) -> Explained:
    """Say where each addition came from. Lines of items without facts have no origin."""
    kinds = [
        origin(line, facts[line.item_id], ledger, due)
        if line.kind is LineKind.ADDED and line.item_id in facts
        else None
        for line in ledger.lines
    ]
    lines = list(zip(ledger.lines, kinds, strict=True))
    if ledger.unit is Unit.POINTS:
        lines = _netted(lines, facts, ledger)
        ledger = replace(ledger, lines=tuple(line for line, _ in lines))
    return Explained(ledger, tuple((line, kind) for line, kind in lines if kind is not None))


def split_candidates(ledger: Ledger) -> frozenset[str]:
    """Items that may be split pairs with others, by their instants: few, so few are looked up."""
    if ledger.unit is not Unit.POINTS:
        return frozenset()
    falls = [line for line in ledger.lines if line.kind is LineKind.REESTIMATED and line.amount < 0]
    if not falls:
        return frozenset()
    return frozenset(
        line.item_id
        for line in ledger.lines
        if line.kind is LineKind.ADDED
        and line.reason != "split"
        and any(
            fall.item_id != line.item_id and abs(fall.at - line.at) <= ONE_ACT for fall in falls
        )
    )


def _netted(
    lines: list[tuple[Line, OriginKind | None]], facts: Mapping[str, OriginFacts], ledger: Ledger
) -> list[tuple[Line, OriginKind | None]]:
    """Where a source's estimate fell by what was split off, only the difference counts."""
    #: by item: what is left of each fall of its estimate, by the index of its line.
    falls: dict[str, dict[int, float]] = {}
    for i, (line, _) in enumerate(lines):
        if line.kind is LineKind.REESTIMATED and line.amount < 0:
            falls.setdefault(line.item_id, {})[i] = -line.amount
    pairs: list[Line] = []
    rest = {i: line.amount for i, (line, _) in enumerate(lines)}
    for i, (line, kind) in enumerate(lines):
        if kind is not OriginKind.SPLIT or line.reason == "split":
            continue
        for source in sorted(sources(line, facts[line.item_id], ledger)):
            for j, fallen in falls.get(source, {}).items():
                fall = lines[j][0]
                take = min(rest[i], fallen)
                if take <= EPSILON or abs(fall.at - line.at) > ONE_ACT:
                    continue
                falls[source][j] -= take
                rest[i] -= take
                rest[j] += take
                pairs.append(_paired(line, take))
                pairs.append(_paired(fall, -take))
    if not pairs:
        return lines
    kept = [
        (replace(line, amount=rest[i]), kind)
        for i, (line, kind) in enumerate(lines)
        if rest[i] == line.amount or abs(rest[i]) > EPSILON
    ]
    kept.extend((line, None) for line in pairs)
    return sorted(kept, key=lambda pair: pair[0].at)


def _paired(line: Line, amount: float) -> Line:
    return replace(line, kind=LineKind.SPLIT, amount=amount, reason="split")


def lowered_near(ledger: Ledger, ended_at: datetime | None) -> tuple[Line, ...]:
    """Estimates lowered within a day of the end of a sprint (UTC; None: not known)."""
    if ended_at is None:
        return ()
    return tuple(
        line
        for line in ledger.lines
        if line.kind is LineKind.REESTIMATED
        and line.amount < 0
        and line.reason == "re-sized"
        and abs(ended_at - line.at) <= ONE_ACT
    )


def tagged(ledger: Ledger, facts: Mapping[str, OriginFacts], ended_at: datetime) -> Ledger:
    """The ledger in which estimates lowered to what is left, on items that move on, say so (1.4).

    `ended_at` (UTC): when the sprint really ended, or is to end.
    """
    edits = {
        line
        for line in lowered_near(ledger, ended_at)
        if line.item_id in facts and moves_on(facts[line.item_id].elsewhere, ended_at)
    }
    if not edits:
        return ledger
    lines = (
        replace(line, reason=REMAINING_WORK) if line in edits else line for line in ledger.lines
    )
    return replace(ledger, lines=tuple(lines))


def moves_on(elsewhere: Iterable[Elsewhere], ended_at: datetime) -> bool:
    """Whether the item was taken on by a container that goes on after `ended_at` (UTC)."""
    return any(
        one.closes is not None
        and one.closes > ended_at
        and one.start <= ended_at + ONE_ACT
        and (one.end is None or one.end > ended_at)
        for one in elsewhere
    )
