"""Containers out of the store: members, their events and their places, one query per table."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from connectors.contract import GoneReason
from mappings.vocabulary import (
    EventField,
    HistoryState,
    ItemType,
    MilestoneKind,
    Priority,
    StatusCategory,
)
from sync.ledger import epics, horizon, last_seen, nameless
from sync.ledger.mass_edit import PRESENCE, Edit
from sync.ledger.milestones import Key, MilestoneFacts
from sync.ledger.nameless import Nameless
from sync.ledger.then import Undone, undone
from sync.ledger.timeline import ItemHistory, Stay, moving
from sync.ledger.tracks import ROW, EventRow, Names, PlainRow, Row, Told, tells_parents
from sync.store import past, schema
from sync.store.bulk import among, select_raw, select_raw_where
from sync.store.types import read_instant

_FIELD_OF_KIND = {
    MilestoneKind.VERSION: EventField.VERSION,
    MilestoneKind.SPRINT: EventField.SPRINT,
    MilestoneKind.MILESTONE: EventField.MILESTONE,
    MilestoneKind.ITERATION: EventField.ITERATION,
    MilestoneKind.EPIC: EventField.PARENT,
}
#: Members by value: calling an enumeration for each of a million rows takes its time.
_PRIORITIES = {one.value: one for one in Priority}
_STATES = {one.value: one for one in HistoryState}
_SUBTASK = ItemType.SUBTASK.value
_SPRINT = EventField.SPRINT.value
#: Milestones whose items may be in any project.
_ANYWHERE = frozenset({MilestoneKind.SPRINT, MilestoneKind.ITERATION, MilestoneKind.EPIC})
#: Why an item may be gone; what left with its whole scope is told as that.
_VANISHED = frozenset(reason.value for reason in GoneReason if reason is not GoneReason.LEFT_SCOPE)


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What a person needs to recognise an item, and what we know of its history."""

    connection_id: int
    id: str
    key: str
    title: str
    scope_id: str
    item_type: ItemType
    priority: Priority
    parent_id: str | None
    assignee_id: str | None
    restricted: bool
    url: str | None
    created_at: datetime | None
    history_state: HistoryState
    history_reason: str | None

    @property
    def subject(self) -> str:
        """How findings name it."""
        return f"issue:{self.id}"


@dataclass(frozen=True, slots=True)
class Container:
    """A milestone with everything that ever was in it, as known at one instant."""

    facts: MilestoneFacts
    items: Mapping[str, ItemFacts]
    by_item: Mapping[str, ItemHistory]
    #: changes of membership and size by account, and items that vanished, for mass edits: those
    #: after an instant, up to another.
    edits: Callable[[datetime, datetime], Iterable[Edit]] = field(
        default=lambda _after, _until: (), compare=False, repr=False
    )
    #: items that were in some milestone of the repository, perhaps in this one.
    nameless: tuple[Nameless, ...] = field(default=())
    #: work closed before this instant (UTC) was not read; None: all of it was.
    read_since: datetime | None = None

    @property
    def histories(self) -> tuple[ItemHistory, ...]:
        """Histories of all items, in order of their ids."""
        return tuple(self.by_item.values())

    @property
    def scopes(self) -> frozenset[str]:
        """Projects and repositories that its items are in."""
        if isinstance(self.items, _Items):
            return self.items.scopes
        return frozenset(one.scope_id for one in self.items.values())

    def history(self, id_: str) -> ItemHistory:
        """History of one of its items."""
        return self.by_item[id_]

    def gaps(self, since: datetime) -> tuple[str, ...]:
        """Why the ledger from `since` on would not be whole; empty when it is."""
        # Who stands still since before has no stay of unknown begin, and no other parent.
        moved = moving(self.by_item.values(), since)
        cut = [one for one in moved if not one.whole]
        unsure = {
            one.id for one in moved for stay in one.stays if not stay.exact and stay.start > since
        }
        found: list[str] = []
        if cut:
            found.append(f"the history of {len(cut)} of {len(self.items)} items is not complete")
        if unsure:
            found.append(f"since when {len(unsure)} items are in it is not known")
        lost = {one.item_id for one in self.nameless if one.end is None or one.end > since}
        if lost:
            found.append(
                f"{len(lost)} items were in a milestone whose title is lost, perhaps in this one"
            )
        nameless = [
            one for one in moved if one.parent.changes and not tells_parents(one.parent, since)
        ]
        if nameless:
            found.append(f"who was the parent of {len(nameless)} items before is not told")
        if self.read_since is not None and since < self.read_since:
            found.append(f"work that was closed before {self.read_since:%Y-%m-%d} was not read")
        return tuple(found)


def containers(
    conn: sa.Connection,
    milestones: Iterable[MilestoneFacts],
    *,
    known_at: datetime,
    present: bool,
    as_of: datetime | None = None,
) -> dict[Key, Container]:
    """The containers of these milestones as known at an instant.

    `present`: known_at is now, so rows stand as they are. `as_of`: titles, priorities and the like
    are those of then. A few queries per connection, whatever the number of milestones and items.
    """
    found: dict[Key, Container] = {}
    by_connection: dict[int, list[MilestoneFacts]] = {}
    for one in milestones:
        by_connection.setdefault(one.connection_id, []).append(one)
    for connection_id, mine in by_connection.items():
        found.update(_of_connection(conn, connection_id, mine, known_at, present, as_of))
    return found


def _of_connection(
    conn: sa.Connection,
    connection_id: int,
    milestones: Sequence[MilestoneFacts],
    known_at: datetime,
    present: bool,
    as_of: datetime | None,
) -> dict[Key, Container]:
    rows_at = None if present else known_at
    stored = [one for one in milestones if one.kind is not MilestoneKind.EPIC]
    above = {one.source_id for one in milestones if one.kind is MilestoneKind.EPIC}
    told = _stay_rows(conn, connection_id, stored, known_at)
    below = epics.candidates(conn, connection_id, above, now=present) if above else set()
    # In order, once for all that is asked of them.
    ids = sorted({row[1] for _, stay_rows in told for row in stay_rows} | below)
    rows = _rows(conn, connection_id, ids, rows_at)
    events = _events(conn, connection_id, ids, known_at, present)
    stays = _stays(connection_id, told, events)
    # What is made next takes up their memory.
    del told
    last_seen.bounded(conn, connection_id, stays, known_at)
    names = Names(_statuses(conn, connection_id, rows_at), _fields(conn, connection_id, rows_at))
    if above:
        parents = {
            id_: Told(rows[id_], events.get(id_, ()), names, ()).parent
            for id_ in below
            if id_ in rows
        }
        lives = epics.lives(conn, connection_id, parents, rows_at)
        for id_ in above:
            stays[connection_id, MilestoneKind.EPIC, id_] = {
                item: _by_whom(mine, events.get(item, ()))
                for item, mine in epics.stays(id_, parents, lives).items()
            }
    before = _undone(conn, connection_id, rows, as_of, known_at)
    lost = nameless.of_milestones(conn, connection_id, milestones, known_at)
    horizons = horizon.by_scope(conn, connection_id, known_at)
    found: dict[Key, Container] = {}
    told_of, all_there = events.get, len(rows) == len(ids)
    for facts in milestones:
        mine = stays.get(facts.key, {})
        if not all_there:
            mine = {id_: held for id_, held in mine.items() if id_ in rows}
        if facts.kind is MilestoneKind.SPRINT:
            mine = _through_parents(mine, rows, events)
        by_item = {
            id_: Told(rows[id_], told_of(id_, ()), names, tuple(mine[id_])) for id_ in sorted(mine)
        }
        found[facts.key] = Container(
            facts=facts,
            items=_Items(connection_id, rows, by_item.keys(), before),
            by_item=by_item,
            edits=partial(_edits, facts, by_item.values()),
            nameless=tuple(lost.get(facts.key, ())),
            read_since=horizon.of(horizons, facts.scope_id, everywhere=facts.kind in _ANYWHERE),
        )
    return found


class _Items(Mapping[str, ItemFacts]):
    """Facts of items, put together when they are asked for: most only count."""

    def __init__(
        self,
        connection_id: int,
        rows: Mapping[str, PlainRow],
        ids: Collection[str],
        before: Mapping[str, Undone],
    ) -> None:
        """`ids`: those of the rows that count."""
        self._connection_id, self._rows, self._ids, self._before = connection_id, rows, ids, before
        self._made: dict[str, ItemFacts] = {}

    @cached_property
    def scopes(self) -> frozenset[str]:
        """Their scopes, which nothing undoes."""
        return frozenset(self._rows[id_][_SCOPE] for id_ in self._ids)

    def __getitem__(self, id_: str) -> ItemFacts:
        found = self._made.get(id_)
        if found is None:
            if id_ not in self._ids:
                raise KeyError(id_)
            found = self._made[id_] = _item_facts(
                self._connection_id, ROW(self._rows[id_]), self._before.get(id_)
            )
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._ids


def _by_whom(stays: Sequence[Stay], events: Sequence[EventRow]) -> list[Stay]:
    """The stays with the accounts whose events, of this very item, began and ended them."""
    return [
        one._replace(
            actor_id=_actor(one.event_id, events), end_actor_id=_actor(one.end_event_id, events)
        )
        if one.event_id or one.end_event_id
        else one
        for one in stays
    ]


def _actor(event_id: str | None, events: Sequence[EventRow]) -> str | None:
    """The account of the event of this id."""
    if event_id:
        for one in events:
            if one[1] == event_id:
                return one[5]
    return None


def _through_parents(
    stays: Mapping[str, list[Stay]],
    rows: Mapping[str, PlainRow],
    events: Mapping[str, Sequence[EventRow]],
) -> dict[str, list[Stay]]:
    """Sub-tasks are in a sprint with their parent, and no history of their own tells since when."""
    found = dict(stays)
    for id_ in stays:
        if rows[id_][_TYPE] != _SUBTASK:
            continue
        row = ROW(rows[id_])
        theirs = stays.get(row.parent_id or "")
        mine = events.get(id_, ())
        if theirs is None or any(one[2] == _SPRINT for one in mine):
            continue
        # Its own end stands: it may be gone while its parent stays.
        own = stays[id_][-1]
        created = theirs[0].start if row.created_at is None else read_instant(row.created_at)
        until = [one if own.end is None else _until(one, own) for one in theirs]
        # Born into it: no event of its parent tells of that.
        later = [
            one._replace(start=created, event_id=None) if one.start < created else one
            for one in until
        ]
        lasting = [one for one in later if one.end is None or one.end > one.start]
        found[id_] = _by_whom(lasting, mine)
    return {id_: mine for id_, mine in found.items() if mine}


def _until(stay: Stay, last: Stay) -> Stay:
    """The stay, ended where the last one ended if that is earlier."""
    ended = stay.end is not None and last.end is not None and stay.end <= last.end
    return stay if ended else stay._replace(end=last.end, end_cause=last.end_cause)


def known(table: sa.Table, known_at: datetime) -> sa.ColumnElement[bool]:
    """Rows of a table with `known_from` and `known_to` as they were known at that instant."""
    c = table.c
    return sa.and_(c.known_from <= known_at, sa.or_(c.known_to.is_(None), c.known_to > known_at))


_STAY_COLUMNS = (
    "milestone_id",
    "member_id",
    "valid_from",
    "valid_to",
    "end_cause",
    "from_exact",
    "source_event_id",
    "end_event_id",
    "known_from",
)


def _stay_rows(
    conn: sa.Connection,
    connection_id: int,
    milestones: Sequence[MilestoneFacts],
    known_at: datetime,
) -> list[tuple[MilestoneKind, list[tuple[Any, ...]]]]:
    """Who was in these milestones and when, by kind: rows as a query gives them, in any order."""
    kinds: dict[MilestoneKind, list[str]] = {}
    for one in milestones:
        kinds.setdefault(one.kind, []).append(one.source_id)
    return [
        (
            kind,
            select_raw_where(
                conn,
                schema.scope_membership,
                _STAY_COLUMNS,
                # The ids one by one: a list in JSON would have SQLite read all members instead.
                "connection_id = %s AND member_kind = 'work_item' AND milestone_kind = %s "
                f"AND milestone_id {among(conn.dialect.name, ids)} "
                "AND known_from <= %s AND (known_to IS NULL OR known_to > %s)",
                connection_id,
                kind.value,
                ids,
                known_at,
                known_at,
            ),
        )
        for kind, ids in kinds.items()
    ]


def _stays(
    connection_id: int,
    told: Iterable[tuple[MilestoneKind, list[tuple[Any, ...]]]],
    events: Mapping[str, Sequence[EventRow]],
) -> dict[Key, dict[str, list[Stay]]]:
    found: dict[Key, dict[str, list[Stay]]] = {}
    for kind, rows in told:
        milestones: defaultdict[str, dict[str, list[Stay]]] = defaultdict(dict)
        for milestone, member, start, end, cause, exact, event, ended_by, seen in rows:
            actor = _actor(event, events.get(member, ())) if event else None
            ended = _actor(ended_by, events.get(member, ())) if ended_by else None
            unseen = cause is not None and last_seen.is_unseen(cause)
            stay = _STAY(
                (
                    read_instant(start),
                    None if end is None else read_instant(end),
                    cause,
                    bool(exact),
                    event,
                    actor,
                    ended_by,
                    ended,
                    None,
                    read_instant(seen) if unseen else None,
                    None,
                )
            )
            by_item = milestones[milestone]
            mine = by_item.get(member)
            if mine is None:
                by_item[member] = [stay]
            else:
                mine.append(stay)
                mine.sort(key=_START)
        found.update(((connection_id, kind, id_), mine) for id_, mine in milestones.items())
    return found


def _rows(
    conn: sa.Connection, connection_id: int, ids: Collection[str], known_at: datetime | None
) -> dict[str, PlainRow]:
    rows = (
        select_raw(conn, schema.work_item, Row._fields, connection_id, "source_id", ids)
        if known_at is None
        else past.select_ids(conn, schema.work_item, Row._fields, connection_id, ids, known_at)
    )
    return {row[0]: row for row in rows}


_SCOPE, _TYPE = map(Row._fields.index, ("scope_id", "item_type"))
#: Made of a tuple as it is: a constructor takes three times as long.
_STAY: Callable[[tuple[Any, ...]], Stay] = partial(tuple.__new__, Stay)
_START = itemgetter(0)


def facts_of(
    conn: sa.Connection,
    connection_id: int,
    ids: Collection[str],
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> list[ItemFacts]:
    """Facts of these items; ids not known at `known_at` (UTC; None: now) are left out.

    `as_of` (UTC): what was changed later is undone, where a history tells it.
    """
    rows = _rows(conn, connection_id, ids, known_at)
    before = {} if known_at is None else _undone(conn, connection_id, rows, as_of, known_at)
    return [_item_facts(connection_id, ROW(rows[id_]), before.get(id_)) for id_ in sorted(rows)]


def _undone(
    conn: sa.Connection,
    connection_id: int,
    ids: Collection[str],
    as_of: datetime | None,
    known_at: datetime,
) -> dict[str, Undone]:
    if as_of is None:
        return {}
    return undone(conn, connection_id, ids, as_of=as_of, known_at=known_at)


def _item_facts(connection_id: int, row: Row, before: Undone | None = None) -> ItemFacts:
    """The facts of one row, with later changes undone."""
    found = _as_read(connection_id, row)
    if before is None:
        return found
    held = before.before
    none = (None, None)
    priority, item_type = before.read or (Priority.UNKNOWN.value, ItemType.UNKNOWN.value)
    return replace(
        found,
        key=held.get(EventField.KEY, none)[1] or found.key,
        title=held[EventField.TITLE][1] or "" if EventField.TITLE in held else found.title,
        priority=Priority(priority) if EventField.PRIORITY in held else found.priority,
        item_type=ItemType(item_type) if EventField.TYPE in held else found.item_type,
        assignee_id=held.get(EventField.ASSIGNEE, (found.assignee_id, None))[0],
        parent_id=held.get(EventField.PARENT, (found.parent_id, None))[0],
    )


def _as_read(connection_id: int, row: Row) -> ItemFacts:
    return ItemFacts(
        connection_id=connection_id,
        id=row.source_id,
        key=row.key,
        title=row.title,
        scope_id=row.scope_id,
        item_type=row.type,
        priority=_PRIORITIES[row.priority],
        parent_id=row.parent_id,
        assignee_id=row.assignee_id,
        restricted=bool(row.restricted),
        url=row.url,
        created_at=None if row.created_at is None else read_instant(row.created_at),
        history_state=_STATES[row.history_state],
        history_reason=row.history_reason,
    )


_EVENT_COLUMNS = (
    "work_item_id",
    "source_event_id",
    "field",
    # Names tell more than ids of some fields only; the others' would be made for nothing.
    "CASE WHEN field = 'points' THEN raw_field END",
    "at",
    "actor_id",
    "old_ids",
    "new_ids",
    "CASE WHEN field IN ('points', 'parent') THEN old_text END",
    "CASE WHEN field IN ('points', 'parent') THEN new_text END",
)
_WANTED = (
    "AND field IN ('status', 'points', 'parent', 'version', 'sprint', 'milestone', 'iteration') "
    "AND known_from <= %s"
)


def _events(
    conn: sa.Connection,
    connection_id: int,
    ids: Collection[str],
    known_at: datetime,
    present: bool,
) -> dict[str, list[EventRow]]:
    """Events by item as known at an instant, in any order."""
    until = "AND known_to IS NULL" if present else "AND (known_to IS NULL OR known_to > %s)"
    rows = select_raw(
        conn,
        schema.field_event,
        _EVENT_COLUMNS,
        connection_id,
        "work_item_id",
        ids,
        f"{_WANTED} {until}",
        *((known_at,) if present else (known_at, known_at)),
    )
    found: defaultdict[str, list[EventRow]] = defaultdict(list)
    for event in rows:
        found[event[0]].append(event)
    return dict(found)


def _statuses(
    conn: sa.Connection, connection_id: int, known_at: datetime | None
) -> dict[str, StatusCategory]:
    rows = past.select_all(conn, schema.status, ("source_id", "category"), connection_id, known_at)
    return {id_: StatusCategory(category) for id_, category in rows}


def _fields(conn: sa.Connection, connection_id: int, known_at: datetime | None) -> dict[str, str]:
    return dict(past.select_all(conn, schema.field, ("source_id", "name"), connection_id, known_at))


_STATUS = EventField.STATUS.value
_SIZES = frozenset({EventField.POINTS.value, EventField.PARENT.value})


def _edits(
    facts: MilestoneFacts,
    items: Iterable[Told],
    after: datetime,
    until: datetime,
) -> Iterable[Edit]:
    """Whatever changed the scope between two instants; work that gets done does not."""
    of_kind = _FIELD_OF_KIND.get(facts.kind)
    membership = None if of_kind is None else of_kind.value
    told = {membership, _STATUS, *_SIZES}
    for item in moving(items, after):
        id_ = item.id
        for stay in item.stays:
            end = stay.end
            if end is not None and stay.end_cause in _VANISHED and after < end <= until:
                yield Edit(id_, PRESENCE, end, "")
        for _, _, name, _, told_at, actor, old, new, _, _ in item.events:
            if actor is None or name not in told:
                continue
            at = read_instant(told_at)
            if at <= after or at > until:
                continue
            if name == membership:
                if facts.source_id in set((old or "").split(",")) ^ set((new or "").split(",")):
                    yield Edit(id_, name, at, actor)
            elif name in _SIZES:
                yield Edit(id_, name, at, actor)
            elif name == _STATUS:
                before = item.names.statuses.get(old or "")
                now = item.names.statuses.get(new or "")
                if (before is StatusCategory.CANCELLED) != (now is StatusCategory.CANCELLED):
                    yield Edit(id_, name, at, actor)
