"""The completeness certificate of one stream of one scope in one run."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.contract import Outcome
from sync.store import schema


@dataclass(frozen=True, slots=True)
class Step:
    """What was asked, what came, and whether it is all; instants in UTC."""

    connection: str
    connection_id: int
    scope_kind: str
    scope_id: str
    scope_key: str
    stream: str
    mode: str
    started_at: datetime
    finished_at: datetime
    outcome: Outcome
    reason: str | None
    fresh_at: datetime
    window_from: datetime | None = None
    window_to: datetime | None = None
    cursor_in: Any = None
    cursor_out: Any = None
    requests: int = 0
    pages: int = 0
    records: int = 0
    rows_written: int = 0
    remote_count: int | None = None
    local_count: int | None = None
    unreadable: int = 0
    history_gaps: int = 0
    newest_at: datetime | None = None


_COLUMNS = tuple(
    name for name in (c.name for c in schema.sync_step.columns) if name not in ("id", "run_id")
)


def write(conn: sa.Connection, run_id: int, step: Step) -> None:
    """Store it in the caller's transaction."""
    values = {name: getattr(step, name) for name in _COLUMNS}
    for name in ("cursor_in", "cursor_out"):
        values[name] = sa.null() if values[name] is None else values[name]
    conn.execute(sa.insert(schema.sync_step).values(run_id=run_id, **values))


def renamed_since(
    conn: sa.Connection, run_id: int, connection_id: int, scope_kind: str, scope_id: str, key: str
) -> int | None:
    """A later run that read this scope under another name than `key`; None if none did.

    What a run knows of its scopes it asked when it connected. A name that a later run found is
    newer, and rows that it certified must not get the former one again.
    """
    c = schema.sync_step.c
    newest = conn.execute(
        sa.select(c.run_id, c.scope_key)
        .where(
            c.connection_id == connection_id,
            c.scope_kind == scope_kind,
            c.scope_id == scope_id,
            c.run_id > run_id,
            # A run that could not connect repeats the name that it found in the store.
            sa.or_(c.pages > 0, c.outcome == Outcome.COMPLETE.value),
        )
        .order_by(c.id.desc())
        .limit(1)
    ).one_or_none()
    return None if newest is None or newest.scope_key == key else int(newest.run_id)
