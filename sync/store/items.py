"""Work items, their histories and what follows from them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import Any

import sqlalchemy as sa

from mappings.records import FieldEvent, History, WorkItem
from mappings.vocabulary import EventField, HistoryState
from sync.store import past, presence, schema
from sync.store.bulk import hashed
from sync.store.guard import clean_columns, clean_row
from sync.store.page import PRESENCE, Page, same
from sync.store.payloads import older
from sync.store.rows import Fate, MembershipRow

_ITEM = (
    "source_id",
    "key",
    "scope_id",
    "item_type",
    "raw_type",
    "status_category",
    "raw_status",
    "raw_status_id",
    "waits_for",
    "code_complete",
    "resolution",
    "resolved_at",
    "priority",
    "raw_priority",
    "title",
    "estimate_points",
    "estimate_seconds",
    "estimate_field",
    "due_date",
    "assignee_id",
    "reporter_id",
    "parent_id",
    "team",
    "labels",
    "components",
    "milestones",
    "text_hash",
    "text_tokens",
    "restricted",
    "url",
    "created_at",
    "updated_at",
    "raw_teams",
)
_LISTS = tuple(_ITEM.index(name) for name in ("labels", "components", "raw_teams"))
_MILESTONES = _ITEM.index("milestones")
_ENUMS = tuple(_ITEM.index(n) for n in ("item_type", "status_category", "priority"))
_WAITS_FOR = _ITEM.index("waits_for")
_EVENT = (
    "field",
    "raw_field",
    "at",
    "actor_id",
    "old_ids",
    "new_ids",
    "old_text",
    "new_text",
    "is_delta",
    "origin",
)
_MEMBERSHIP = (
    "valid_to",
    "from_exact",
    "cause",
    "source_event_id",
    "end_cause",
    "end_event_id",
)
_KEY = ("connection_id", "key", "work_item_id", "first_seen_at")
_get_item = attrgetter(*_ITEM)
#: What `.value` looks up at ten times the price.
_get_value = attrgetter("_value_")
_get_membership = attrgetter(*_MEMBERSHIP)

_ITEM_COLUMNS = (
    "connection_id",
    *_ITEM,
    *PRESENCE,
    "gone_to",
    "history_state",
    "history_reason",
)
_ITEM_UPDATE = tuple(
    name for name in _ITEM_COLUMNS if name not in ("connection_id", "source_id", "first_seen_at")
)
#: What follows from a history, beside its state.
_SPAN = ("started_at", "done_at")
_HELD = ("source_id", "content_hash", "updated_at", "history_state", "history_reason", "gone_at")
#: What histories tell changes of. Not the key: a renamed project gives one to each of its items.
_TOLD = (
    "raw_type",
    "raw_status",
    "raw_status_id",
    "resolution",
    "raw_priority",
    "title",
    "estimate_points",
    "estimate_seconds",
    "due_date",
    "assignee_id",
    "labels",
    "milestones",
    "text_hash",
)
_get_told = itemgetter(*map(_ITEM.index, _TOLD))


#: History state, its reason, begin and end of work (UTC).
Follows = tuple[str, str | None, datetime | None, datetime | None]


def write_items(
    page: Page, records: Iterable[WorkItem], follows: Mapping[str, Follows] | None = None
) -> frozenset[str]:
    """Items; ids inserted, changed or seen again after they were gone.

    `follows`: for items that come with their history, what follows from it.
    """
    follows = follows or {}
    mine: dict[str, WorkItem] = {}
    for one in records:
        before = mine.get(one.source_id)
        if before is None or not older(one.updated_at, before.updated_at):
            mine[one.source_id] = one
    columns = (*_HELD, "key", "gone_reason", *_TOLD)
    known = {row[0]: row for row in page.known(schema.work_item, columns, mine)}
    rows: list[tuple[Any, ...]] = []
    settled: list[tuple[Any, ...]] = []
    keys: list[tuple[Any, ...]] = []
    changed: set[str] = set()
    back: list[str] = []
    for id_, one in mine.items():
        held = known.get(id_)
        if held is None and id_ in page.unseen:
            page.fresh.add(id_)
        if held is not None and older(one.updated_at, held[2]):
            page.stale[id_] = held[2]
            continue
        values, digest = hashed(_values(one))
        # What became a discussion may be listed as it was: that brings nothing back.
        here = held is not None and (not page.is_back(held[5]) or held[7] == "converted")
        if held is not None and here and same(held[1], digest):
            page.states[id_] = (held[3], held[4])
            continue
        changed.add(id_)
        if held is not None and page.is_back(held[5]):
            back.append(id_)
        row = (page.connection_id, *values, page.now, None, None, digest, None)
        told = follows.get(id_)
        if told is not None:
            page.states[id_] = told[:2]
            settled.append((*row, *clean_row(told)))
        else:
            page.states[id_] = _history_of(page, one, held, _get_told(values))
            rows.append((*row, *page.states[id_]))
        if held is None or held[6] != one.key:
            for key in dict.fromkeys((*one.former_keys, one.key)):
                keys.append(clean_row((page.connection_id, key, id_, page.now)))
    page.rows += page.upsert(schema.work_item, _ITEM_COLUMNS, _ITEM_UPDATE, rows)
    page.rows += page.upsert(
        schema.work_item, (*_ITEM_COLUMNS, *_SPAN), (*_ITEM_UPDATE, *_SPAN), settled
    )
    page.upsert(schema.work_item_key, _KEY, None, keys)
    presence.came_back(page, "work_item", back)
    return frozenset(changed)


def _values(one: WorkItem) -> list[Any]:
    values = list(_get_item(one))
    for i in _LISTS:
        values[i] = list(values[i])
    for i in _ENUMS:
        values[i] = _get_value(values[i])
    if one.waits_for is not None:
        values[_WAITS_FOR] = one.waits_for.value
    values[_MILESTONES] = [[kind.value, id_] for kind, id_ in one.milestones]
    return values


def _history_of(
    page: Page, one: WorkItem, held: Sequence[Any] | None, told: Sequence[Any]
) -> tuple[str, str | None]:
    """The state a written item is in: moved without its history, it waits for it again.

    `told`: its present values of `_TOLD`. Stamps of whole seconds are the same for two changes of
    one second, and the history may have been read between them.
    """
    if one.history is HistoryState.NOT_FETCHED and held is not None:
        differs = not page.is_replay and tuple(told) != tuple(held[-len(_TOLD) :])
        moved = one.updated_at != held[2] or page.is_back(held[5]) or differs
        if not moved:
            return held[3], held[4]
    return one.history.value, one.history_reason


def write_histories(
    page: Page, records: Iterable[History], *, states: bool = True
) -> frozenset[str]:
    """The whole known history of each item, as a set: what differs is closed and inserted.

    The ids taken: a history that came with an older item is not. `states` False leaves the items'
    own history state to `settle`.
    """
    mine = {one.work_item_id: one for one in records if not _is_stale(page, one)}
    held: dict[str, dict[str, tuple[Any, ...]]] = {}
    for row in page.known(
        schema.field_event,
        ("work_item_id", "source_event_id", "known_from", *_EVENT),
        page.maybe_known(schema.field_event, mine),
        "AND known_to IS NULL",
        id_column="work_item_id",
    ):
        held.setdefault(row[0], {})[row[1]] = row
    closed: list[tuple[Any, ...]] = []
    added: list[tuple[Any, ...]] = []
    keys: list[tuple[Any, ...]] = []
    new: list[FieldEvent] = []
    of_item: list[str] = []
    # In the order of the table, where neighbours are written at less cost.
    for id_, history in sorted(mine.items()):
        before = held.get(id_)
        if before is None:
            new += history.events
            of_item += repeat(id_, len(history.events))
        else:
            rows = zip(*_events(history.events), strict=True)
            fresh = dict(zip((one.source_event_id for one in history.events), rows, strict=True))
            # A cut history is silent on what it does not hold: what was known stays known.
            is_whole = history.state is HistoryState.COMPLETE
            for event_id, known in before.items():
                now = fresh.get(event_id)
                if now != known[3:] and (now is not None or is_whole):
                    closed.append((page.now, page.connection_id, id_, event_id, known[2]))
            for event_id, row in fresh.items():
                if event_id not in before or before[event_id][3:] != row:
                    added.append((page.connection_id, id_, event_id, page.now, None, *row))
        for event in history.events:
            if event.field is EventField.KEY and event.old_text:
                keys.append(clean_row((page.connection_id, event.old_text, id_, page.now)))
    key = ("connection_id", "work_item_id", "source_event_id", "known_from")
    page.rows += page.update(schema.field_event, ("known_to",), key, closed)
    page.rows += page.upsert(
        schema.field_event, (*key, "known_to", *_EVENT), ("known_to", *_EVENT), added
    )
    page.rows += page.insert_columns(
        schema.field_event,
        (*key, "known_to", *_EVENT),
        (
            [page.connection_id] * len(new),
            of_item,
            [event.source_event_id for event in new],
            [page.now] * len(new),
            [None] * len(new),
            *_events(new),
        ),
    )
    if states:
        _write_states(page, mine)
    page.upsert(schema.work_item_key, _KEY, None, keys)
    return frozenset(mine)


def _is_stale(page: Page, history: History) -> bool:
    """Whether it came with an item older than the stored one, and says nothing newer itself."""
    stored = page.stale.get(history.work_item_id)
    return stored is not None and (history.as_of is None or history.as_of < stored)


def _events(events: Sequence[FieldEvent]) -> list[Sequence[Any]]:
    """The values of each of `_EVENT`, clean; column by column, which is the fastest."""
    raw_fields, *texts = clean_columns(
        [
            [one.raw_field for one in events],
            [one.actor_id for one in events],
            [",".join(one.old_ids) if one.old_ids else None for one in events],
            [",".join(one.new_ids) if one.new_ids else None for one in events],
            [one.old_text for one in events],
            [one.new_text for one in events],
        ]
    )
    return [
        list(map(_get_value, [one.field for one in events])),
        raw_fields,
        [one.at for one in events],
        *texts,
        [one.is_delta for one in events],
        list(map(_get_value, [one.origin for one in events])),
    ]


def _write_states(page: Page, mine: Mapping[str, History]) -> None:
    states = page.states
    for id_, state, reason in page.known(
        schema.work_item,
        ("source_id", "history_state", "history_reason"),
        [id_ for id_ in mine if id_ not in states],
    ):
        states[id_] = (state, reason)
    moved = []
    for id_, history in mine.items():
        wanted = (history.state.value, history.reason)
        if id_ in states and states[id_] != wanted:
            moved.append(clean_row((*wanted, page.connection_id, id_)))
            states[id_] = wanted
    page.update(
        schema.work_item,
        ("history_state", "history_reason"),
        ("connection_id", "source_id"),
        moved,
    )


def write_memberships(page: Page, by_item: Mapping[str, Sequence[MembershipRow]]) -> None:
    """All intervals of each item: what differs from what is known now is closed and inserted."""
    key = ("milestone_kind", "milestone_id", "valid_from")
    known: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row in page.known(
        schema.scope_membership,
        ("member_id", *key, "known_from", *_MEMBERSHIP),
        page.maybe_known(schema.scope_membership, by_item),
        "AND known_to IS NULL AND member_kind = 'work_item'",
        id_column="member_id",
    ):
        known[row[:4]] = row
    fresh: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for id_, rows in by_item.items():
        for one in rows:
            identity = (id_, one.milestone_kind.value, one.milestone_id, one.valid_from)
            fresh[clean_row(identity)] = clean_row(_get_membership(one))
    closed = [
        (page.now, page.connection_id, "work_item", *identity, row[4])
        for identity, row in known.items()
        if fresh.get(identity) != row[5:]
    ]
    added = [
        (page.connection_id, "work_item", *identity, page.now, None, *values)
        for identity, values in fresh.items()
        if identity not in known or known[identity][5:] != values
    ]
    names = ("connection_id", "member_kind", "member_id", *key, "known_from")
    page.rows += page.update(schema.scope_membership, ("known_to",), names, closed)
    page.rows += page.upsert(
        schema.scope_membership,
        (*names, "known_to", *_MEMBERSHIP),
        ("known_to", *_MEMBERSHIP),
        added,
    )


def settle(page: Page, by_item: Mapping[str, Follows]) -> None:
    """History state, its reason, begin and end of work; the caller knows that they differ."""
    page.states.update((id_, values[:2]) for id_, values in by_item.items())
    page.update(
        schema.work_item,
        ("history_state", "history_reason", "started_at", "done_at"),
        ("connection_id", "source_id"),
        [(*clean_row(values), page.connection_id, id_) for id_, values in by_item.items()],
    )


def write_tombstones(page: Page, gone: Mapping[str, Fate]) -> None:
    """Mark work items as gone: id -> why. Nothing is deleted."""
    alive = [
        id_
        for id_, gone_at in page.known(schema.work_item, ("source_id", "gone_at"), gone)
        if gone_at is None
    ]
    page.rows += page.update(
        schema.work_item,
        ("gone_at", "gone_reason", "gone_to"),
        ("connection_id", "source_id"),
        [(page.now, *gone[id_][:2], page.connection_id, id_) for id_ in alive],
    )
    presence.went(page, "work_item", {id_: gone[id_] for id_ in alive})


def resolve_parents(page: Page) -> None:
    """Parents named by key (Data Center's epic link) become ids, once both are stored."""
    # A range of texts can use the index on SQLite, whose LIKE does not; PostgreSQL's order of
    # texts depends on its locale.
    is_named = (
        "parent_id >= 'key:' AND parent_id < 'key;'"
        if page.dialect == "sqlite"
        else "parent_id LIKE 'key:%%'"
    )
    w, k = schema.work_item.c, schema.work_item_key.c
    found = sa.exists().where(
        k.connection_id == w.connection_id, k.key == sa.func.substr(w.parent_id, 5)
    )
    past.keep(
        page.conn,
        schema.work_item,
        page.now,
        w.connection_id == page.connection_id,
        w.parent_id.startswith("key:"),
        w.first_seen_at < page.now,
        found,
    )
    page.conn.exec_driver_sql(
        f"""
        UPDATE work_item SET parent_id = (
            SELECT MIN(k.work_item_id) FROM work_item_key k
             WHERE k.connection_id = work_item.connection_id
               AND k.key = substr(work_item.parent_id, 5))
         WHERE connection_id = {int(page.connection_id)} AND {is_named}
           AND EXISTS (SELECT 1 FROM work_item_key k
                        WHERE k.connection_id = work_item.connection_id
                          AND k.key = substr(work_item.parent_id, 5))
        """  # noqa: S608  # a whole number and two constants
    )
