"""Small set queries the engine needs."""

from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa

from mappings.records import Field, Status
from mappings.vocabulary import EventField, HistoryState, MilestoneKind, StatusCategory, WaitsFor
from sync.store import schema
from sync.store.bulk import hashed, select_ids
from sync.store.payloads import Unpacker
from sync.store.rows import EventRow, ItemNow, MembershipRow

#: Literally the condition of the partial index: a bound value would hide it from the planner.
INCOMPLETE = sa.text("history_state <> 'complete'")


def items(conn: sa.Connection, connection_id: int, ids: Collection[str]) -> dict[str, ItemNow]:
    """Work items by id; those unknown are left out."""
    rows = select_ids(
        conn,
        schema.work_item,
        (
            "source_id",
            "scope_id",
            "created_at",
            "updated_at",
            "milestones",
            "status_category",
            "raw_status_id",
            "resolved_at",
            "history_state",
            "history_reason",
            "gone_at",
            "gone_reason",
            "started_at",
            "done_at",
        ),
        connection_id,
        "source_id",
        ids,
    )
    return {
        row[0]: ItemNow(
            source_id=row[0],
            scope_id=row[1],
            created_at=row[2],
            updated_at=row[3],
            milestones=frozenset((kind, id_) for kind, id_ in row[4]),
            status_category=row[5],
            raw_status_id=row[6],
            resolved_at=row[7],
            history_state=row[8],
            history_reason=row[9],
            gone_at=row[10],
            gone_reason=row[11],
            started_at=row[12],
            done_at=row[13],
        )
        for row in rows
    }


def events(
    conn: sa.Connection, connection_id: int, ids: Collection[str]
) -> dict[str, list[EventRow]]:
    """Events known now by item, in order of time, then of the vendor's own numbering."""
    out: dict[str, list[EventRow]] = {}
    rows = select_ids(
        conn,
        schema.field_event,
        (
            "work_item_id",
            "source_event_id",
            "field",
            "at",
            "actor_id",
            "old_ids",
            "new_ids",
            "old_text",
            "new_text",
            "is_delta",
            "origin",
        ),
        connection_id,
        "work_item_id",
        ids,
        "AND known_to IS NULL",
    )
    for row in rows:
        out.setdefault(row[0], []).append(
            EventRow(
                source_event_id=row[1],
                field=EventField(row[2]),
                at=row[3],
                actor_id=row[4],
                old_ids=_split(row[5]),
                new_ids=_split(row[6]),
                old_text=row[7],
                new_text=row[8],
                is_delta=row[9],
                origin=row[10],
            )
        )
    for mine in out.values():
        mine.sort(key=lambda event: (event.at, event_order(event.source_event_id)))
    return out


def event_order(source_event_id: str) -> tuple[tuple[int, str], ...]:
    """Order of ids such as `10042.3`: numbers as numbers, anything else after them as text."""
    return tuple(
        (int(part), "") if part.isdecimal() else (2**63, part)
        for part in source_event_id.split(".")
    )


def memberships(
    conn: sa.Connection, connection_id: int, ids: Collection[str]
) -> dict[str, tuple[MembershipRow, ...]]:
    """Intervals known now by item."""
    out: dict[str, list[MembershipRow]] = {}
    rows = select_ids(
        conn,
        schema.scope_membership,
        (
            "member_id",
            "milestone_kind",
            "milestone_id",
            "valid_from",
            "valid_to",
            "from_exact",
            "cause",
            "source_event_id",
            "end_cause",
            "end_event_id",
        ),
        connection_id,
        "member_id",
        ids,
        "AND known_to IS NULL AND member_kind = 'work_item'",
    )
    for row in rows:
        out.setdefault(row[0], []).append(MembershipRow(MilestoneKind(row[1]), *row[2:]))
    return {id_: tuple(mine) for id_, mine in out.items()}


def statuses(conn: sa.Connection, connection_id: int) -> list[Status]:
    """Workflow statuses of the connection, gone ones too: history still names them."""
    c = schema.status.c
    return [
        Status(
            row.source_id,
            row.raw_name,
            row.raw_category,
            StatusCategory(row.category),
            WaitsFor(row.waits_for) if row.waits_for else None,
            row.code_complete,
        )
        for row in conn.execute(sa.select(schema.status).where(c.connection_id == connection_id))
    ]


def fields(conn: sa.Connection, connection_id: int) -> list[Field]:
    """Field definitions of the connection."""
    c = schema.field.c
    return [
        Field(row.source_id, row.name, row.raw_type, EventField(row.role) if row.role else None)
        for row in conn.execute(sa.select(schema.field).where(c.connection_id == connection_id))
    ]


def lookups_hash(conn: sa.Connection, connection_id: int) -> str:
    """Identity of the statuses and fields that normalizers consult (32 hex digits)."""
    known = (
        sorted(map(repr, statuses(conn, connection_id))),
        sorted(map(repr, fields(conn, connection_id))),
    )
    return hashed(known)[1].hex()


def pending_histories(
    conn: sa.Connection, connection_id: int, scope_id: str, *, limit: int, after: str
) -> list[str]:
    """Ids, in text order after `after`, of present items whose history is still to be fetched."""
    c = schema.work_item.c
    return list(
        conn.execute(
            sa.select(c.source_id)
            .where(
                c.connection_id == connection_id,
                c.scope_id == scope_id,
                INCOMPLETE,
                c.history_state == HistoryState.NOT_FETCHED.value,
                c.gone_at.is_(None),
                c.source_id > after,
            )
            .order_by(c.source_id)
            .limit(limit)
        ).scalars()
    )


def history_gaps(conn: sa.Connection, connection_id: int, scope_id: str) -> int:
    """Present items of the scope whose history is not known to be complete."""
    c = schema.work_item.c
    return int(
        conn.execute(
            sa.select(sa.func.count()).where(
                c.connection_id == connection_id,
                c.scope_id == scope_id,
                INCOMPLETE,
                c.gone_at.is_(None),
            )
        ).scalar_one()
    )


def raw_pages(
    conn: sa.Connection, connection_id: int, stream: str, size: int, scope_id: str | None = None
) -> Iterator[list[tuple[str, str, bytes, int]]]:
    """Stored payloads of a stream in pages of `size`: (id, scope id, JSON bytes, shape).

    Of one scope, or of all.
    """
    c = schema.raw_record.c
    unpacker = Unpacker(conn, connection_id, stream)
    mine = sa.true() if scope_id is None else c.scope_id == scope_id
    last = ""
    while True:
        rows: list[Any] = list(
            conn.execute(
                sa.select(c.source_id, c.scope_id, c.payload, c.shape)
                .where(c.connection_id == connection_id, c.stream == stream, c.source_id > last)
                .where(mine)
                .order_by(c.source_id)
                .limit(size)
            )
        )
        if not rows:
            return
        last = rows[-1].source_id
        yield [(row.source_id, row.scope_id, unpacker.json(row.payload), row.shape) for row in rows]


def raw_of(
    conn: sa.Connection, connection_id: int, stream: str, ids: Collection[str]
) -> list[tuple[str, str, bytes]]:
    """Stored payloads of these ids: (id, scope id, JSON bytes)."""
    unpacker = Unpacker(conn, connection_id, stream)
    columns = ("source_id", "scope_id", "payload", "stream")
    rows = select_ids(conn, schema.raw_record, columns, connection_id, "source_id", ids)
    return [(row[0], row[1], unpacker.json(row[2])) for row in rows if row[3] == stream]


def raw_hashes(
    conn: sa.Connection, connection_id: int, stream: str, ids: Collection[str]
) -> dict[str, bytes]:
    """Content hash of each stored payload of these ids."""
    c = schema.raw_record.c
    rows = conn.execute(
        sa.select(c.source_id, c.content_hash).where(
            c.connection_id == connection_id, c.stream == stream, c.source_id.in_(ids)
        )
    )
    return {row.source_id: bytes(row.content_hash) for row in rows}


def raw_pages_by_time(
    conn: sa.Connection, connection_id: int, stream: str, size: int, scope_id: str | None = None
) -> Iterator[list[tuple[str, str, bytes, int]]]:
    """As `raw_pages`, in the order in which the payloads were last read; ids are held in memory."""
    c = schema.raw_record.c
    unpacker = Unpacker(conn, connection_id, stream)
    mine = sa.and_(c.connection_id == connection_id, c.stream == stream)
    if scope_id is not None:
        mine = sa.and_(mine, c.scope_id == scope_id)
    order = sa.select(c.source_id).where(mine).order_by(c.fetched_at, c.source_id)
    ids = list(conn.execute(order).scalars())
    for start in range(0, len(ids), size):
        part = ids[start : start + size]
        query = sa.select(c.source_id, c.scope_id, c.payload, c.shape).where(mine)
        rows = {row.source_id: row for row in conn.execute(query.where(c.source_id.in_(part)))}
        held = [rows[id_] for id_ in part]
        yield [(row.source_id, row.scope_id, unpacker.json(row.payload), row.shape) for row in held]


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
