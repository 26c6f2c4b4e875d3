"""Stages of many items out of the store: one query for their rows, one for their events."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from mappings.vocabulary import HistoryState, StatusCategory, WaitsFor
from sync.flow.activity import Event
from sync.flow.stages import ItemFlow, Meaning, item_flow
from sync.ledger.timeline import Change
from sync.store import past, schema
from sync.store.bulk import select_columns
from sync.store.read import event_order

_UNKNOWN = Meaning(StatusCategory.UNKNOWN)
_ITEM = (
    "source_id",
    "created_at",
    "status_category",
    "waits_for",
    "raw_status_id",
    "history_state",
)
_EVENT = ("work_item_id", "source_event_id", "field", "at", "old_ids", "new_ids", "new_text")
_MOVES = "AND field IN ('status', 'flag')"
_KNOWN = "AND known_from <= %s AND (known_to IS NULL OR known_to > %s)"


class _Told(NamedTuple):
    at: datetime
    id: str
    old: str
    new: str


def read(
    conn: sa.Connection,
    connection_id: int,
    ids: Collection[str],
    *,
    as_of: datetime,
    known_at: datetime,
    rows_at: datetime | None = None,
) -> dict[str, ItemFlow]:
    """Stages of these items up to `as_of`, as known at `known_at` (both UTC), by id.

    `rows_at`: the instant whose rows count, as `View.rows_at` says; None: they stand as they are.
    """
    meanings = _meanings(conn, connection_id, rows_at)
    moves, flags = _events(conn, connection_id, ids, known_at)
    found: dict[str, ItemFlow] = {}
    for id_, created_at, category, waits_for, status_id, state in past.select_ids(
        conn, schema.work_item, _ITEM, connection_id, ids, rows_at
    ):
        held = Meaning(StatusCategory(category), WaitsFor(waits_for) if waits_for else None)
        mine = sorted(moves.get(id_, ()), key=lambda one: (one.at, event_order(one.id)))
        changes = [
            Change(one.at, meanings.get(one.old, _UNKNOWN), meanings.get(one.new, _UNKNOWN), one.id)
            for one in mine
        ]
        if changes and mine[-1].new == (status_id or ""):
            # The item's own category knows its resolution and type, which a status does not.
            changes[-1] = changes[-1]._replace(new=held)
        found[id_] = item_flow(
            id_,
            created_at,
            changes,
            held,
            as_of=as_of,
            flags=flags.get(id_, ()),
            whole=state == HistoryState.COMPLETE.value,
        )
    return found


def events_of(
    conn: sa.Connection,
    connection_id: int,
    ids: Collection[str],
    *,
    as_of: datetime,
    known_at: datetime,
) -> list[Event]:
    """All that was done to these items up to `as_of`, as known at `known_at` (both UTC)."""
    found = select_columns(
        conn,
        schema.field_event,
        ("work_item_id", "field", "at", "actor_id"),
        connection_id,
        "work_item_id",
        ids,
        f"{_KNOWN} AND at <= %s",
        known_at,
        known_at,
        as_of,
    )
    return [Event(*row) for row in zip(*found, strict=True)]


def _meanings(
    conn: sa.Connection, connection_id: int, rows_at: datetime | None
) -> Mapping[str, Meaning]:
    rows = past.select_all(
        conn, schema.status, ("source_id", "category", "waits_for"), connection_id, rows_at
    )
    return {
        id_: Meaning(StatusCategory(category), WaitsFor(waits_for) if waits_for else None)
        for id_, category, waits_for in rows
    }


def _events(
    conn: sa.Connection, connection_id: int, ids: Collection[str], known_at: datetime
) -> tuple[dict[str, list[_Told]], dict[str, Sequence[tuple[datetime, bool]]]]:
    """Changes of status, and of the flag, by item."""
    columns = select_columns(
        conn,
        schema.field_event,
        _EVENT,
        connection_id,
        "work_item_id",
        ids,
        f"{_MOVES} {_KNOWN}",
        known_at,
        known_at,
    )
    moves: dict[str, list[_Told]] = {}
    flags: dict[str, list[tuple[datetime, bool]]] = {}
    for id_, event_id, field, at, old, new, text in zip(*columns, strict=True):
        if field == "flag":
            flags.setdefault(id_, []).append((at, bool(new or text)))
        else:
            moves.setdefault(id_, []).append(_Told(at, event_id, old or "", new or ""))
    return moves, {id_: sorted(mine) for id_, mine in flags.items()}
