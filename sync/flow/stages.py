"""The stages that an item went through, told from its events; pure.

Work waits or is worked on: a status says which, by its category and by whom it waits for. A flag
means that it is blocked, whatever its status.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from mappings.vocabulary import StatusCategory, WaitsFor
from sync.ledger.timeline import Change, Track


class Stage(StrEnum):
    """What happens to an item at a time."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    #: begun, and waiting for somebody: `Span.waits_for` says for whom.
    WAITING = "waiting"
    #: begun, and flagged or in a status that waits for something outside of the work.
    BLOCKED = "blocked"
    DONE = "done"
    CANCELLED = "cancelled"
    #: its status means nothing to the mapping.
    UNKNOWN = "unknown"

    @property
    def is_started(self) -> bool:
        """Whether work in this stage has begun and is not over."""
        return self in _STARTED

    @property
    def is_waiting(self) -> bool:
        """Whether it has begun, and nobody can work on it."""
        return self in (Stage.WAITING, Stage.BLOCKED)


_STARTED = frozenset({Stage.IN_PROGRESS, Stage.WAITING, Stage.BLOCKED})
_SAME = {
    StatusCategory.TODO: Stage.TODO,
    StatusCategory.DONE: Stage.DONE,
    StatusCategory.CANCELLED: Stage.CANCELLED,
    StatusCategory.UNKNOWN: Stage.UNKNOWN,
}


class Meaning(NamedTuple):
    """What a status says: `status.category` and `status.waits_for` of the store."""

    category: StatusCategory
    waits_for: WaitsFor | None = None


class Span(NamedTuple):
    """A time in one stage, from `start` up to but not with `end` (UTC)."""

    start: datetime
    #: None: still so at the instant that was asked for.
    end: datetime | None
    stage: Stage
    #: of a waiting stage: for whom.
    waits_for: WaitsFor | None = None


class Cycle(NamedTuple):
    """Work on an item from its first start to its end (UTC)."""

    started_at: datetime
    done_at: datetime


class ItemFlow(NamedTuple):
    """How one item went through its stages, up to an instant."""

    id: str
    #: in order, without gaps; empty: nothing is known of it.
    spans: tuple[Span, ...]
    #: False: a part of its history is missing, so nothing may be measured.
    whole: bool = True

    @property
    def stage(self) -> Stage:
        """What it is in at the end."""
        return self.spans[-1].stage if self.spans else Stage.UNKNOWN

    @property
    def waits_for(self) -> WaitsFor | None:
        """For whom it waits at the end, if it does."""
        return self.spans[-1].waits_for if self.spans else None

    @property
    def since(self) -> datetime | None:
        """Since when it has been in its last stage (UTC), whoever it waits for."""
        found = None
        for span in reversed(self.spans):
            if span.stage is not self.stage:
                break
            found = span.start
        return found

    @property
    def started_at(self) -> datetime | None:
        """When the work that goes on now began (UTC); None: it does not go on, or nobody knows.

        What was done or cancelled and is taken up again begins anew. What went back to the backlog
        for a while does not: its age counts from its first start.
        """
        if not self.whole or not self.stage.is_started:
            return None
        return _runs(self.spans)[1]

    @property
    def cycles(self) -> tuple[Cycle, ...]:
        """Each time it was worked on and got done; what was done without a start is none."""
        return _runs(self.spans)[0] if self.whole else ()

    @property
    def cycle(self) -> Cycle | None:
        """The last of these, if it is done now."""
        cycles = self.cycles if self.stage is Stage.DONE else ()
        # Closed a second time without a start: how long that took nobody knows.
        return cycles[-1] if cycles and cycles[-1].done_at == self.spans[-1].start else None

    def within(self, start: datetime, end: datetime) -> tuple[Span, ...]:
        """Its spans between two instants, cut to them."""
        return tuple(
            Span(
                max(one.start, start),
                end if one.end is None else min(one.end, end),
                one.stage,
                one.waits_for,
            )
            for one in self.spans
            if one.start < end and (one.end is None or one.end > start)
        )

    def at(self, instant: datetime) -> Stage | None:
        """The stage it was in; None: it was not there, or that is not known."""
        for one in self.spans:
            if one.start <= instant and (one.end is None or instant < one.end):
                return one.stage
        return None


def stage_of(meaning: Meaning, flagged: bool = False) -> Stage:
    """The stage that a status and a flag say."""
    same = _SAME.get(meaning.category)
    if same is not None:
        return same
    if flagged or meaning.waits_for is WaitsFor.OTHER:
        return Stage.BLOCKED
    if meaning.waits_for is not None or meaning.category is StatusCategory.IN_REVIEW:
        return Stage.WAITING
    return Stage.IN_PROGRESS


def item_flow(
    id_: str,
    created_at: datetime | None,
    moves: Iterable[Change[Meaning]],
    held: Meaning,
    *,
    as_of: datetime,
    flags: Sequence[tuple[datetime, bool]] = (),
    whole: bool = True,
) -> ItemFlow:
    """The stages of an item up to `as_of` (UTC).

    `moves`: changes of its status, also later ones; `held`: what its status says after all of
    them. `flags`: instants at which it was flagged or no longer. `whole`: all its history was read.
    """
    track = Track.of(moves, held)
    sound = whole and track.sound
    first = created_at or (track.changes[0].at if track.changes else None)
    if first is None or first > as_of:
        return ItemFlow(id_, (), sound)
    # A change dated before the creation is how the item was made.
    begun = track.told(first)
    turns: list[tuple[datetime, Meaning | None, bool | None]] = [(first, begun, None)]
    turns += [(one.at, one.new, None) for one in track.changes if first < one.at <= as_of]
    turns += [(max(at, first), None, on) for at, on in flags if at <= as_of]
    turns.sort(key=lambda turn: turn[0])
    spans: list[Span] = []
    meaning, flagged = begun, False
    for at, new, on in turns:
        meaning = meaning if new is None else new
        flagged = flagged if on is None else on
        stage = stage_of(meaning, flagged)
        waits_for = _waits_for(meaning, stage)
        if spans and spans[-1].start == at:
            spans.pop()
        if spans and spans[-1][2:] == (stage, waits_for):
            spans[-1] = spans[-1]._replace(end=None)
            continue
        if spans:
            spans[-1] = spans[-1]._replace(end=at)
        spans.append(Span(at, None, stage, waits_for))
    return ItemFlow(id_, tuple(spans), sound)


def _waits_for(meaning: Meaning, stage: Stage) -> WaitsFor | None:
    if not stage.is_waiting:
        return None
    if meaning.waits_for is None and meaning.category is StatusCategory.IN_REVIEW:
        return WaitsFor.REVIEW
    return meaning.waits_for


def _runs(spans: Iterable[Span]) -> tuple[tuple[Cycle, ...], datetime | None]:
    """Cycles, and the start of the work that goes on, where it is known."""
    cycles: list[Cycle] = []
    start: datetime | None = None
    unsure = False
    for span in spans:
        if span.stage is Stage.UNKNOWN:
            # It may have begun in there.
            start, unsure = None, True
        elif span.stage.is_started:
            if start is None and not unsure:
                start = span.start
        elif span.stage is Stage.DONE:
            if start is not None:
                cycles.append(Cycle(start, span.start))
            start, unsure = None, False
        elif span.stage is Stage.CANCELLED:
            start, unsure = None, False
    return tuple(cycles), start
