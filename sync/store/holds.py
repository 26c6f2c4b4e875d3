"""Which scopes are read, from when to when, and what their leaving and coming back does to rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import MilestoneKind, MilestoneState
from sync.store import due, past, schema
from sync.store.tables_code import change_request, deployment, pipeline_run, release
from sync.store.tables_presence import absence, scope_fence, scope_hold

LEFT = "left_scope"
#: Rows of a scope that have no absence of their own.
_OTHERS = (schema.milestone, pipeline_run, release, deployment)
_KINDS = {"work_item": schema.work_item, "change_request": change_request}
#: States of milestones that are over.
_OVER = tuple(
    one.value for one in (MilestoneState.CLOSED, MilestoneState.RELEASED, MilestoneState.ARCHIVED)
)
#: Long enough ago for whatever is done once a day.
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Hold:
    """A scope that is being read."""

    kind: str
    id: str
    key: str
    #: project that a board belongs to.
    parent_id: str | None


def held(conn: sa.Connection, connection_id: int) -> list[Hold]:
    """The scopes of a connection that are being read."""
    c = scope_hold.c
    rows = conn.execute(
        sa.select(c.scope_kind, c.scope_id, c.scope_key, c.parent_id)
        .where(c.connection_id == connection_id, c.known_to.is_(None))
        .order_by(c.scope_kind, c.scope_id)
    )
    return [Hold(*row) for row in rows]


def were_held(conn: sa.Connection, connection_id: int) -> set[tuple[str, str]]:
    """(kind, id) of scopes that were read once and then no more."""
    c = scope_hold.c
    query = sa.select(c.scope_kind, c.scope_id).where(
        c.connection_id == connection_id, c.known_to.is_not(None)
    )
    return {(row.scope_kind, row.scope_id) for row in conn.execute(query)}


def definition(conn: sa.Connection, connection_id: int) -> Mapping[str, Any] | None:
    """What the configuration said was to be read; None before the first run."""
    c = scope_fence.c
    found = conn.execute(
        sa.select(c.definition).where(c.connection_id == connection_id, c.known_to.is_(None))
    ).scalar_one_or_none()
    return found if isinstance(found, Mapping) else None


def define(
    conn: sa.Connection, connection_id: int, wanted: Mapping[str, Any], now: datetime
) -> None:
    """Keep another definition; the one before ends."""
    _close(conn, scope_fence, now, scope_fence.c.connection_id == connection_id)
    # Two definitions at one instant are one.
    conn.execute(
        sa.delete(scope_fence).where(
            scope_fence.c.connection_id == connection_id, scope_fence.c.known_from == now
        )
    )
    conn.execute(
        sa.insert(scope_fence).values(
            connection_id=connection_id, definition=dict(wanted), known_from=now
        )
    )


def hold(conn: sa.Connection, connection_id: int, scopes: Iterable[Hold], now: datetime) -> None:
    """These are read from now on, under these keys."""
    c = scope_hold.c
    for one in scopes:
        mine = (
            c.connection_id == connection_id,
            c.scope_kind == one.kind,
            c.scope_id == one.id,
            c.known_to.is_(None),
        )
        values = {"scope_key": one.key, "parent_id": one.parent_id}
        if conn.execute(sa.update(scope_hold).where(*mine).values(**values)).rowcount == 0:
            conn.execute(
                sa.insert(scope_hold).values(
                    connection_id=connection_id,
                    scope_kind=one.kind,
                    scope_id=one.id,
                    known_from=now,
                    **values,
                )
            )


def leave(
    conn: sa.Connection, connection_id: int, one: Hold, reason: str, detail: str, now: datetime
) -> int:
    """End the reading of a scope and of all it holds that has no absence of its own.

    Milestones that another scope still holds stay. How many rows changed.
    """
    changed = 0
    for table in _OTHERS:
        c = table.c
        changed += _overwrite(
            conn,
            table,
            now,
            (c.connection_id == connection_id, c.scope_id == one.id, c.gone_at.is_(None)),
            {"gone_at": now, "gone_reason": LEFT},
        )
    s = schema.scope.c
    changed += _overwrite(
        conn,
        schema.scope,
        now,
        (
            s.connection_id == connection_id,
            s.kind == one.kind,
            s.source_id == one.id,
            s.gone_at.is_(None),
        ),
        {"gone_at": now, "gone_reason": LEFT},
    )
    h = scope_hold.c
    mine = (h.connection_id == connection_id, h.scope_kind == one.kind, h.scope_id == one.id)
    conn.execute(
        sa.update(scope_hold)
        .where(*mine, h.known_to.is_(None))
        .values(known_to=now, reason=f"{reason}: {detail}")
    )
    _have_judged(conn, connection_id, one.id)
    return changed


def _have_judged(conn: sa.Connection, connection_id: int, scope_id: str) -> None:
    if due.is_kept(conn, connection_id):
        due.note(conn, connection_id, [(due.Kind.SCOPE, scope_id)])


def goes_on(conn: sa.Connection, connection_id: int, scope_id: str) -> bool:
    """Whether a scope holds a milestone that is not over and that no other scope holds."""
    t, m, o = schema.scope_entity.c, schema.milestone.c, schema.scope_entity.alias("other").c
    elsewhere = sa.exists().where(
        o.connection_id == t.connection_id,
        o.entity_kind == t.entity_kind,
        o.entity_id == t.entity_id,
        o.scope_id != t.scope_id,
        o.known_to.is_(None),
    )
    return bool(
        conn.execute(
            sa.select(
                sa.exists().where(
                    t.connection_id == connection_id,
                    t.scope_id == scope_id,
                    t.known_to.is_(None),
                    m.connection_id == t.connection_id,
                    m.kind == t.entity_kind,
                    m.source_id == t.entity_id,
                    m.gone_at.is_(None),
                    m.state.not_in(_OVER),
                    ~elsewhere,
                )
            )
        ).scalar()
    )


def entity_kinds(conn: sa.Connection, connection_id: int, scope_id: str) -> list[MilestoneKind]:
    """Kinds of milestones that a scope holds now."""
    t = schema.scope_entity.c
    rows = conn.execute(
        sa.select(t.entity_kind)
        .distinct()
        .where(t.connection_id == connection_id, t.scope_id == scope_id, t.known_to.is_(None))
    ).scalars()
    known = {kind.value: kind for kind in MilestoneKind}
    return [known[name] for name in sorted(rows) if name in known]


def come_back(
    conn: sa.Connection, connection_id: int, scope_id: str, now: datetime
) -> dict[str, list[str]]:
    """Take up again what left with its scope: table -> ids of its items and changes.

    Its streams are read from the start, and the next census is due.
    """
    revived: dict[str, list[str]] = {}
    gone = {"gone_at": None, "gone_reason": None}
    for name, table in _KINDS.items():
        c = table.c
        mine = (
            c.connection_id == connection_id,
            c.scope_id == scope_id,
            c.gone_reason == LEFT,
        )
        revived[name] = list(conn.execute(sa.select(c.source_id).where(*mine)).scalars())
        a = absence.c
        conn.execute(
            sa.update(absence)
            .where(
                a.connection_id == connection_id,
                a.entity_kind == name,
                a.known_to.is_(None),
                a.entity_id.in_(sa.select(c.source_id).where(*mine)),
            )
            .values(known_to=now)
        )
        _overwrite(conn, table, now, mine, gone)
    for table in _OTHERS:
        c = table.c
        left = (c.connection_id == connection_id, c.scope_id == scope_id, c.gone_reason == LEFT)
        _overwrite(conn, table, now, left, gone)
    k = schema.cursor.c
    conn.execute(
        sa.update(schema.cursor)
        .where(k.connection_id == connection_id, k.scope_id == scope_id)
        .values(committed=sa.null(), progress=sa.null(), walk_started_at=None, daily_at=_LONG_AGO)
    )
    _have_judged(conn, connection_id, scope_id)
    return revived


def _overwrite(
    conn: sa.Connection,
    table: sa.Table,
    now: datetime,
    such: tuple[sa.ColumnElement[bool], ...],
    values: Mapping[str, Any],
) -> int:
    """Give these rows other values; what they were stays known. How many."""
    if table.name in schema.PAST:
        past.keep(conn, table, now, *such)
    return conn.execute(sa.update(table).where(*such).values(**values)).rowcount


def _close(
    conn: sa.Connection, table: sa.Table, now: datetime, *such: sa.ColumnElement[bool]
) -> None:
    conn.execute(sa.update(table).where(*such, table.c.known_to.is_(None)).values(known_to=now))
