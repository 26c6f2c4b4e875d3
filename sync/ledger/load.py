"""Containers out of the store: members, their events and their places, one query per table."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

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
from sync.ledger.timeline import Change, ItemHistory, Stay, Track
from sync.store import past, schema
from sync.store.bulk import among, select_columns, select_where
from sync.store.read import event_order

_T = TypeVar("_T")
_FIELD_OF_KIND = {
    MilestoneKind.VERSION: EventField.VERSION,
    MilestoneKind.SPRINT: EventField.SPRINT,
    MilestoneKind.MILESTONE: EventField.MILESTONE,
    MilestoneKind.ITERATION: EventField.ITERATION,
    MilestoneKind.EPIC: EventField.PARENT,
}
#: Members by value: calling an enumeration for each of a million rows takes its time.
_CATEGORIES = {one.value: one for one in StatusCategory}
_EVENT_FIELDS = {one.value: one for one in EventField}
_ITEM_TYPES = {one.value: one for one in ItemType}
_PRIORITIES = {one.value: one for one in Priority}
_STATES = {one.value: one for one in HistoryState}
#: Before the name of a parent of which no id is told.
_NAMED = "named:"
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
    def scopes(self) -> set[str]:
        """Projects and repositories that its items are in."""
        if isinstance(self.items, _Items):
            return self.items.scopes
        return {one.scope_id for one in self.items.values()}

    def history(self, id_: str) -> ItemHistory:
        """History of one of its items."""
        return self.by_item[id_]

    def gaps(self, since: datetime) -> tuple[str, ...]:
        """Why the ledger from `since` on would not be whole; empty when it is."""
        cut = [one for one in self.histories if not one.whole]
        unsure = {
            one.id
            for one in self.histories
            for stay in one.stays
            if not stay.exact and stay.start > since
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
            one
            for one in self.histories
            if one.parent.changes and not _tells_parents(one.parent, since)
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
    ids = {id_ for _, (_, members, *_) in told for id_ in members} | below
    rows = _rows(conn, connection_id, ids, rows_at)
    events = _events(conn, connection_id, ids, known_at, present)
    stays = _stays(connection_id, told, events)
    last_seen.bounded(conn, connection_id, stays, known_at)
    statuses = _statuses(conn, connection_id, rows_at)
    point_names = _point_names(conn, connection_id, rows_at)
    tracks = {
        id_: _tracks(row, events.get(id_, ()), statuses, point_names) for id_, row in rows.items()
    }
    if above:
        parents = {id_: tracks[id_][2] for id_ in below if id_ in tracks}
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
    for facts in milestones:
        mine = {id_: s for id_, s in stays.get(facts.key, {}).items() if id_ in rows}
        if facts.kind is MilestoneKind.SPRINT:
            mine = _through_parents(mine, rows, events)
        found[facts.key] = Container(
            facts=facts,
            items=_Items(connection_id, {id_: rows[id_] for id_ in mine}, before),
            by_item={
                id_: ItemHistory(id_, tuple(mine[id_]), *tracks[id_], rows[id_].is_whole)
                for id_ in sorted(mine)
            },
            edits=partial(_edits, facts, mine, events, statuses),
            nameless=tuple(lost.get(facts.key, ())),
            read_since=horizon.of(horizons, facts.scope_id, everywhere=facts.kind in _ANYWHERE),
        )
    return found


class _Items(Mapping[str, ItemFacts]):
    """Facts of items, put together when they are asked for: most only count."""

    def __init__(
        self, connection_id: int, rows: Mapping[str, "_Row"], before: Mapping[str, Undone]
    ) -> None:
        self._connection_id, self._rows, self._before = connection_id, rows, before
        self._made: dict[str, ItemFacts] = {}

    @property
    def scopes(self) -> set[str]:
        """Their scopes, which nothing undoes."""
        return {row.facts[3] for row in self._rows.values()}

    def __getitem__(self, id_: str) -> ItemFacts:
        found = self._made.get(id_)
        if found is None:
            found = self._made[id_] = _item_facts(
                self._connection_id, self._rows[id_], self._before.get(id_)
            )
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._rows


def _by_whom(stays: Sequence[Stay], events: Sequence["_Event"]) -> list[Stay]:
    """The stays with the accounts whose events, of this very item, began and ended them."""
    return [
        one._replace(
            actor_id=_actor(one.event_id, events), end_actor_id=_actor(one.end_event_id, events)
        )
        if one.event_id or one.end_event_id
        else one
        for one in stays
    ]


def _actor(event_id: str | None, events: Sequence["_Event"]) -> str | None:
    """The account of the event of this id."""
    if event_id:
        for one in events:
            if one.id == event_id:
                return one.actor_id
    return None


def _through_parents(
    stays: Mapping[str, list[Stay]],
    rows: Mapping[str, "_Row"],
    events: Mapping[str, Sequence["_Event"]],
) -> dict[str, list[Stay]]:
    """Sub-tasks are in a sprint with their parent, and no history of their own tells since when."""
    found = dict(stays)
    for id_ in stays:
        row = rows[id_]
        if row.item_type is not ItemType.SUBTASK:
            continue
        theirs = stays.get(row.parent_id or "")
        mine = events.get(id_, ())
        if theirs is None or any(one.field is EventField.SPRINT for one in mine):
            continue
        # Its own end stands: it may be gone while its parent stays.
        created, own = row.created_at or theirs[0].start, stays[id_][-1]
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
) -> list[tuple[MilestoneKind, list[Sequence[Any]]]]:
    """Who was in these milestones and when, by kind: columns, in order of time."""
    kinds: dict[MilestoneKind, list[str]] = {}
    for one in milestones:
        kinds.setdefault(one.kind, []).append(one.source_id)
    return [
        (
            kind,
            select_where(
                conn,
                schema.scope_membership,
                _STAY_COLUMNS,
                # The ids one by one: a list in JSON would have SQLite read all members instead.
                "connection_id = %s AND member_kind = 'work_item' AND milestone_kind = %s "
                f"AND milestone_id {among(conn.dialect.name, ids)} "
                "AND known_from <= %s AND (known_to IS NULL OR known_to > %s) ORDER BY valid_from",
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
    told: Iterable[tuple[MilestoneKind, list[Sequence[Any]]]],
    events: Mapping[str, Sequence["_Event"]],
) -> dict[Key, dict[str, list[Stay]]]:
    found: dict[Key, dict[str, list[Stay]]] = {}
    for kind, columns in told:
        milestones: dict[str, dict[str, list[Stay]]] = {}
        for milestone, member, start, end, cause, exact, event, ended_by, seen in zip(
            *columns, strict=True
        ):
            mine = events.get(member, ()) if event or ended_by else ()
            stay = Stay(
                start,
                end,
                cause,
                exact,
                event,
                _actor(event, mine) if event else None,
                ended_by,
                _actor(ended_by, mine) if ended_by else None,
                None,
                seen if last_seen.is_unseen(cause) else None,
            )
            by_item = milestones.get(milestone)
            if by_item is None:
                by_item = milestones[milestone] = {}
            if member in by_item:
                by_item[member].append(stay)
            else:
                by_item[member] = [stay]
        found.update(((connection_id, kind, id_), mine) for id_, mine in milestones.items())
    return found


_ITEM_COLUMNS = (
    "source_id",
    "key",
    "title",
    "scope_id",
    "item_type",
    "priority",
    "parent_id",
    "assignee_id",
    "restricted",
    "url",
    "created_at",
    "history_state",
    "history_reason",
    "status_category",
    "raw_status_id",
    "estimate_points",
    "estimate_field",
)


class _Row(NamedTuple):
    #: `_ITEM_COLUMNS`.
    facts: tuple[Any, ...]
    category: StatusCategory

    @property
    def parent_id(self) -> str | None:
        parent: str | None = self.facts[6]
        return parent

    @property
    def item_type(self) -> ItemType:
        return _ITEM_TYPES[self.facts[4]]

    @property
    def created_at(self) -> datetime | None:
        created: datetime | None = self.facts[10]
        return created

    @property
    def is_whole(self) -> bool:
        return bool(self.facts[11] == _COMPLETE)

    @property
    def status_id(self) -> str | None:
        status: str | None = self.facts[14]
        return status

    @property
    def points(self) -> float | None:
        points: float | None = self.facts[15]
        return points

    @property
    def points_field(self) -> str | None:
        points_field: str | None = self.facts[16]
        return points_field


_COMPLETE = HistoryState.COMPLETE.value


def _rows(
    conn: sa.Connection, connection_id: int, ids: Collection[str], known_at: datetime | None
) -> dict[str, _Row]:
    rows = past.select_ids(conn, schema.work_item, _ITEM_COLUMNS, connection_id, ids, known_at)
    return {row[0]: _Row(row, _CATEGORIES[row[13]]) for row in rows}


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
    return [_item_facts(connection_id, rows[id_], before.get(id_)) for id_ in sorted(rows)]


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


def _item_facts(connection_id: int, row: _Row, before: Undone | None = None) -> ItemFacts:
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


def _as_read(connection_id: int, row: _Row) -> ItemFacts:
    one = row.facts
    return ItemFacts(
        connection_id=connection_id,
        id=one[0],
        key=one[1],
        title=one[2],
        scope_id=one[3],
        item_type=_ITEM_TYPES[one[4]],
        priority=_PRIORITIES[one[5]],
        parent_id=one[6],
        assignee_id=one[7],
        restricted=one[8],
        url=one[9],
        created_at=one[10],
        history_state=_STATES[one[11]],
        history_reason=one[12],
    )


class _Event(NamedTuple):
    id: str
    field: EventField
    raw_field: str
    at: datetime
    actor_id: str | None
    old_ids: str | None
    new_ids: str | None
    old_text: str | None
    new_text: str | None


_EVENT_COLUMNS = (
    "work_item_id",
    "source_event_id",
    "field",
    "raw_field",
    "at",
    "actor_id",
    "old_ids",
    "new_ids",
    "old_text",
    "new_text",
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
) -> dict[str, list[_Event]]:
    """Events by item as known at an instant, in order."""
    until = "AND known_to IS NULL" if present else "AND (known_to IS NULL OR known_to > %s)"
    items, event_ids, fields, *rest = select_columns(
        conn,
        schema.field_event,
        _EVENT_COLUMNS,
        connection_id,
        "work_item_id",
        ids,
        f"{_WANTED} {until}",
        *((known_at,) if present else (known_at, known_at)),
    )
    found: dict[str, list[_Event]] = {}
    made = map(_Event, event_ids, map(_EVENT_FIELDS.__getitem__, fields), *rest)
    for id_, event in zip(items, made, strict=True):
        if id_ in found:
            found[id_].append(event)
        else:
            found[id_] = [event]
    for mine in found.values():
        if len(mine) > 1:
            mine.sort(key=_AT)
            if len(set(map(_AT, mine))) < len(mine):
                mine.sort(key=lambda event: (event.at, event_order(event.id)))
    return found


_AT = attrgetter("at")


def _statuses(
    conn: sa.Connection, connection_id: int, known_at: datetime | None
) -> dict[str, StatusCategory]:
    rows = past.select_all(conn, schema.status, ("source_id", "category"), connection_id, known_at)
    return {id_: StatusCategory(category) for id_, category in rows}


def _point_names(
    conn: sa.Connection, connection_id: int, known_at: datetime | None
) -> dict[str, str]:
    return dict(past.select_all(conn, schema.field, ("source_id", "name"), connection_id, known_at))


def _tracks(
    row: _Row,
    events: Sequence[_Event],
    statuses: Mapping[str, StatusCategory],
    names: Mapping[str, str],
) -> tuple[Track[float | None], Track[StatusCategory], Track[str | None]]:
    sizes: list[_Event] = []
    states: list[_Event] = []
    parents: list[_Event] = []
    for one in events:
        name = one.field
        if name is EventField.STATUS:
            states.append(one)
        elif name is EventField.POINTS:
            sizes.append(one)
        elif name is EventField.PARENT:
            parents.append(one)
    return (
        _points_track(row, sizes, names) if sizes else _still(row.points),
        _category_track(row, states, statuses) if states else _still(row.category),
        _parent_track(row, parents) if parents else _still(row.parent_id),
    )


# Typed, as a status and a parent may be the same text.
@lru_cache(maxsize=4096, typed=True)
def _still(held: _T) -> Track[_T]:
    """A field without a change; most items share theirs with others."""
    return Track((), held)


def _category_track(
    row: _Row, mine: Sequence[_Event], statuses: Mapping[str, StatusCategory]
) -> Track[StatusCategory]:
    unknown = StatusCategory.UNKNOWN
    changes = [
        Change(
            event.at,
            statuses.get(event.old_ids or "", unknown),
            statuses.get(event.new_ids or "", unknown),
            event.id,
            event.actor_id,
        )
        for event in mine
    ]
    if mine[-1].new_ids == row.status_id:
        # The item's own category knows its resolution and type, which a status id alone does not.
        changes[-1] = changes[-1]._replace(new=row.category)
    return Track.of(changes, row.category)


def _points_track(
    row: _Row, mine: Sequence[_Event], names: Mapping[str, str]
) -> Track[float | None]:
    told = tuple({event.raw_field for event in mine}) if row.points_field else ()
    own = names.get(row.points_field or "")
    wanted = _estimate_field(row.points_field, own, told) or mine[-1].raw_field.casefold()
    return Track.of(
        [
            Change(
                event.at,
                _number(event.old_text),
                _number(event.new_text),
                event.id,
                event.actor_id,
            )
            for event in mine
            if event.raw_field == wanted or event.raw_field.casefold() == wanted
        ],
        row.points,
    )


@lru_cache(maxsize=256)
def _estimate_field(id_: str | None, name: str | None, told: tuple[str, ...]) -> str:
    """The estimate field whose events tell an item's size, in small letters.

    `id_` and `name` are of the field that holds its size (None: it has none, and the answer is
    empty), `told` those that events are of.
    """
    if id_ is None:
        return ""
    small = {one.casefold() for one in told}
    for one in (name or "", id_):
        if one.casefold() in small:
            return one.casefold()
    return (id_ if name is None else name).casefold()


def _parent_track(row: _Row, mine: Sequence[_Event]) -> Track[str | None]:
    # One act may tell the same change under two field names, once as a removal: the parent wins.
    by_instant: dict[datetime, Change[str | None]] = {}
    for event in mine:
        known_one = by_instant.get(event.at)
        old, new = _parent(event.old_ids, event.old_text), _parent(event.new_ids, event.new_text)
        if known_one is not None:
            old, new = _better(known_one.old, old), _better(new, known_one.new)
        by_instant[event.at] = Change(event.at, old, new, event.id, event.actor_id)
    last = max(by_instant)
    if row.parent_id is not None and _is_named(by_instant[last].new):
        # Whoever was named last is who it is now.
        by_instant[last] = by_instant[last]._replace(new=row.parent_id)
    return Track.of(by_instant.values(), row.parent_id)


def _parent(id_: str | None, name: str | None) -> str | None:
    """Id of a parent; a word that is nobody's id where the vendor gives a name alone (GitHub)."""
    return id_ or (f"{_NAMED}{name}" if name else None)


def _better(one: str | None, other: str | None) -> str | None:
    """An id rather than a name, and a name rather than nothing."""
    return (other or one) if one is None or _is_named(one) else one


def _is_named(parent: str | None) -> bool:
    return parent is not None and parent.startswith(_NAMED)


def _tells_parents(track: Track[str | None], since: datetime) -> bool:
    """Whether all parents from this instant on are known by their ids."""
    return not any(
        one.at > since and (_is_named(one.old) or _is_named(one.new)) for one in track.changes
    )


@lru_cache(maxsize=1024)
def _number(text: str | None) -> float | None:
    if text is None or not text.strip():
        return None
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _edits(
    facts: MilestoneFacts,
    items: Mapping[str, Sequence[Stay]],
    events: Mapping[str, Sequence[_Event]],
    statuses: Mapping[str, StatusCategory],
    after: datetime,
    until: datetime,
) -> Iterable[Edit]:
    """Whatever changed the scope between two instants; work that gets done does not."""
    membership = _FIELD_OF_KIND.get(facts.kind)
    for id_, stays in items.items():
        for stay in stays:
            end = stay.end
            if end is not None and stay.end_cause in _VANISHED and after < end <= until:
                yield Edit(id_, PRESENCE, end, "")
        mine = events.get(id_)
        for event in mine if mine is not None and mine[-1].at > after else ():
            if event.actor_id is None or not after < event.at <= until:
                continue
            if event.field is membership:
                old = set((event.old_ids or "").split(","))
                new = set((event.new_ids or "").split(","))
                if facts.source_id in old ^ new:
                    yield Edit(id_, event.field.value, event.at, event.actor_id)
            elif event.field in (EventField.POINTS, EventField.PARENT):
                yield Edit(id_, event.field.value, event.at, event.actor_id)
            elif event.field is EventField.STATUS:
                before, now = statuses.get(event.old_ids or ""), statuses.get(event.new_ids or "")
                if (before is StatusCategory.CANCELLED) != (now is StatusCategory.CANCELLED):
                    yield Edit(id_, event.field.value, event.at, event.actor_id)
