"""What a person calls an item, as it was at an instant: later events are undone from its facts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from mappings.vocabulary import EventField
from sync.store import past, schema
from sync.store.bulk import select_ids
from sync.store.read import event_order

_FIELDS = (
    EventField.TITLE,
    EventField.KEY,
    EventField.PRIORITY,
    EventField.TYPE,
    EventField.ASSIGNEE,
    EventField.PARENT,
)
_COLUMNS = (
    "work_item_id",
    "source_event_id",
    "field",
    "at",
    "old_ids",
    "old_text",
    "known_from",
    "known_to",
)
_NAMED = ", ".join(f"'{one.value}'" for one in _FIELDS)


@dataclass(frozen=True, slots=True)
class Undone:
    """What later events say that one item was; a field that none of them changed is not in it."""

    #: (ids, text) before the first later event, by field.
    before: Mapping[EventField, tuple[str | None, str | None]]
    #: priority and type as a reading by then held them; None: nobody had read it yet.
    read: tuple[str, str] | None


def undone(
    conn: sa.Connection,
    connection_id: int,
    ids: Collection[str],
    *,
    as_of: datetime,
    known_at: datetime,
) -> dict[str, Undone]:
    """What to undo from items as known at `known_at` to have them at `as_of`, by id (both UTC).

    Events name a priority or type in the vendor's words only, so those come from what was read.
    """
    if as_of >= known_at:
        return {}
    found: dict[str, dict[EventField, tuple[str | None, str | None]]] = {}
    rows = [
        row
        for row in select_ids(
            conn,
            schema.field_event,
            _COLUMNS,
            connection_id,
            "work_item_id",
            ids,
            f"AND field IN ({_NAMED})",
        )
        if row[3] > as_of and row[6] <= known_at and (row[7] is None or row[7] > known_at)
    ]
    rows.sort(key=lambda row: (row[3], event_order(row[1])))
    for id_, _, field, _, old_ids, old_text, _, _ in rows:
        found.setdefault(id_, {}).setdefault(EventField(field), (old_ids, old_text))
    vague = [
        id_
        for id_, fields in found.items()
        if EventField.PRIORITY in fields or EventField.TYPE in fields
    ]
    read = {
        id_: (priority, item_type)
        for id_, priority, item_type in past.select_ids(
            conn,
            schema.work_item,
            ("source_id", "priority", "item_type"),
            connection_id,
            vague,
            as_of,
        )
    }
    return {id_: Undone(fields, read.get(id_)) for id_, fields in found.items()}
