"""Membership intervals of a work item, derived from its events and its present state; pure.

The present state is sure, so events are undone from it backwards to the creation, then walked
forwards; only real flips of membership open or end an interval (drift-spec 1.4).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from mappings.vocabulary import EventField, HistoryState, MilestoneKind
from sync.engine.boards import is_of_board
from sync.engine.one_at_a_time import segments
from sync.store.rows import MembershipRow

_FIELD_OF_KIND = {
    MilestoneKind.VERSION: EventField.VERSION,
    MilestoneKind.SPRINT: EventField.SPRINT,
    MilestoneKind.MILESTONE: EventField.MILESTONE,
    MilestoneKind.ITERATION: EventField.ITERATION,
}
#: Kinds of which an item is in one at a time, as its own events tell it.
_SINGLE = frozenset({MilestoneKind.MILESTONE, MilestoneKind.ITERATION})


class Change(Struct, frozen=True, gc=False):
    """One membership event: what it took away and what it added, or the sets before and after."""

    event_id: str
    at: datetime
    old_ids: frozenset[str]
    new_ids: frozenset[str]
    is_delta: bool
    #: it took the item out of something, or put it into something, named or not.
    takes: bool = False
    gives: bool = False
    #: what it names was concluded from a title.
    is_guess: bool = False

    def before(self, after: frozenset[str]) -> frozenset[str]:
        """The set before this change, given the set after it."""
        if self.is_delta:
            return (after - self.new_ids) | self.old_ids
        # Ids that both sides of the event do not name are kept: the event does not speak of them.
        return (after - (self.new_ids - self.old_ids)) | (self.old_ids - self.new_ids)

    def after(self, before: frozenset[str]) -> frozenset[str]:
        """The set after this change, given the set before it."""
        return (before - (self.old_ids - self.new_ids)) | (self.new_ids - self.old_ids)


class ItemState(Struct, frozen=True, gc=False):
    """What is known of one item now."""

    created_at: datetime | None
    #: when the state below was true at the source.
    updated_at: datetime | None
    milestones: frozenset[tuple[str, str]]
    history: HistoryState
    #: since when and why the item is gone, if it is.
    gone_at: datetime | None = None
    gone_reason: str | None = None


def derive(
    state: ItemState,
    changes: Iterable[tuple[MilestoneKind, Change]],
    known: Sequence[MembershipRow],
    now: datetime,
    on_boards: Iterable[MembershipRow] = (),
) -> tuple[MembershipRow, ...]:
    """All intervals of the item, open ones with `valid_to` None.

    `changes` in order of time. `known` are the rows held now: without a whole history an interval
    that was observed earlier keeps its first instant. `now` (UTC) dates what has no better date.
    `on_boards`: intervals that boards tell, of which no history of the item's own knows.
    """
    by_kind: dict[str, list[Change]] = {}
    for kind, change in changes:
        by_kind.setdefault(kind, []).append(change)
    current: dict[str, list[str]] = {}
    for named, id_ in state.milestones:
        current.setdefault(named, []).append(id_)
    held: dict[str, list[MembershipRow]] = {}
    for row in known:
        if not is_of_board(row):
            held.setdefault(row.milestone_kind, []).append(row)
    rows: list[MembershipRow] = []
    for kind in _FIELD_OF_KIND:
        if kind in current or kind in by_kind or kind in held:
            there = frozenset(current.get(kind, ()))
            rows.extend(
                _of_kind(kind, state, there, by_kind.get(kind, ()), held.get(kind, ()), now)
            )
    rows.extend(on_boards)
    if state.gone_at is not None:
        rows = [_ended(row, state.gone_at, state.gone_reason or "gone") for row in rows]
    return tuple(rows)


def field_of(kind: MilestoneKind) -> EventField:
    """The field whose events tell memberships of this kind."""
    return _FIELD_OF_KIND[kind]


def _of_kind(
    kind: MilestoneKind,
    state: ItemState,
    current: frozenset[str],
    events: Sequence[Change],
    known: Sequence[MembershipRow],
    now: datetime,
) -> list[MembershipRow]:
    whole = state.history is HistoryState.COMPLETE
    if kind in _SINGLE and events and all(change.is_delta for change in events):
        rows = _one_at_a_time(kind, state, current, events, known, now)
        if not whole:
            rows.extend(_observed_ends(kind, current, rows, known, state, now))
        return rows
    at_start = current
    for change in reversed(events):
        at_start = change.before(at_start)
    opened: dict[str, tuple[datetime, bool, str, str | None]] = {}
    rows = []
    for id_ in sorted(at_start):
        opened[id_] = _first(id_, whole, state, events, known, now)
    members = at_start
    for change in events:
        following = change.after(members)
        for id_ in sorted(members - following):
            start = opened.pop(id_)
            # Opened and ended at one instant: never a member for any moment of time.
            if start[0] < change.at:
                rows.append(_row(kind, id_, start, change.at, "event", change.event_id))
        for id_ in sorted(following - members):
            opened[id_] = (change.at, True, "event", change.event_id)
        members = following
    for id_ in sorted(members - current):
        start = opened.pop(id_)
        end = max(start[0], state.updated_at or now)
        if start[0] < end:
            rows.append(_row(kind, id_, start, end, "inferred", None))
    for id_ in sorted(current - members):
        opened[id_] = _seen(id_, state, known, now)
    rows.extend(_row(kind, id_, start, None, None, None) for id_, start in opened.items())
    if not whole:
        rows.extend(_observed_ends(kind, current, rows, known, state, now))
    return rows


def _one_at_a_time(
    kind: MilestoneKind,
    state: ItemState,
    current: frozenset[str],
    events: Sequence[Change],
    known: Sequence[MembershipRow],
    now: datetime,
) -> list[MembershipRow]:
    whole = state.history is HistoryState.COMPLETE
    rows: list[MembershipRow] = []
    there: set[str] = set()
    for one in segments(events, current, known, whole=whole):
        if one.id is None:
            continue
        start = (
            _first(one.id, whole, state, events, known, now)
            if one.begin is None
            else (one.begin.at, True, "event", one.begin.event_id)
        )
        if one.end is not None:
            if start[0] < one.end.at:
                rows.append(_row(kind, one.id, start, one.end.at, "event", one.end.event_id))
        elif one.id in current:
            there.add(one.id)
            rows.append(_row(kind, one.id, start, None, None, None))
        elif start[0] < (end := max(start[0], state.updated_at or now)):
            rows.append(_row(kind, one.id, start, end, "inferred", None))
    for id_ in sorted(current - there):
        rows.append(_row(kind, id_, _seen(id_, state, known, now), None, None, None))
    return rows


def _first(
    id_: str,
    whole: bool,
    state: ItemState,
    events: Sequence[Change],
    known: Sequence[MembershipRow],
    now: datetime,
) -> tuple[datetime, bool, str, str | None]:
    """Begin of a membership that was there before the first event we have."""
    if whole and state.created_at is not None:
        return (state.created_at, True, "created", None)
    seen = _seen(id_, state, known, now)
    if events and events[0].at < seen[0]:
        # It held when the first known event found it there; since when is not known.
        return (events[0].at, False, "observed", None)
    return seen


def _seen(
    id_: str, state: ItemState, known: Sequence[MembershipRow], now: datetime
) -> tuple[datetime, bool, str, str | None]:
    for row in known:
        if row.milestone_id == id_ and row.valid_to is None:
            return (row.valid_from, row.from_exact, row.cause, row.source_event_id)
    return (state.updated_at or now, False, "observed", None)


def _observed_ends(
    kind: MilestoneKind,
    current: frozenset[str],
    rows: Sequence[MembershipRow],
    known: Sequence[MembershipRow],
    state: ItemState,
    now: datetime,
) -> list[MembershipRow]:
    """Rows seen in earlier runs that no event of a cut history explains: kept, ended if over."""
    explained = {(row.milestone_id, row.valid_from) for row in rows}
    kept: list[MembershipRow] = []
    for row in known:
        if row.cause != "observed" or (row.milestone_id, row.valid_from) in explained:
            continue
        if row.valid_to is not None:
            kept.append(row)
        elif row.milestone_id not in current:
            end = max(row.valid_from, state.updated_at or now)
            start = (row.valid_from, row.from_exact, row.cause, row.source_event_id)
            kept.append(_row(kind, row.milestone_id, start, end, "observed", None))
    return kept


def _row(
    kind: MilestoneKind,
    id_: str,
    start: tuple[datetime, bool, str, str | None],
    end: datetime | None,
    end_cause: str | None,
    end_event: str | None,
) -> MembershipRow:
    return MembershipRow(
        milestone_kind=kind,
        milestone_id=id_,
        valid_from=start[0],
        valid_to=end,
        from_exact=start[1],
        cause=start[2],
        source_event_id=start[3],
        end_cause=end_cause,
        end_event_id=end_event,
    )


def _ended(row: MembershipRow, at: datetime, reason: str) -> MembershipRow:
    if row.valid_to is not None:
        return row
    return MembershipRow(
        milestone_kind=row.milestone_kind,
        milestone_id=row.milestone_id,
        valid_from=row.valid_from,
        valid_to=max(at, row.valid_from),
        from_exact=row.from_exact,
        cause=row.cause,
        source_event_id=row.source_event_id,
        end_cause=reason,
        end_event_id=None,
    )
