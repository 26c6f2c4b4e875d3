"""From when on the closed work of a scope was read: what was closed earlier is missing."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from connectors.contract import Outcome
from sync.store import schema


def by_scope(
    conn: sa.Connection, connection_id: int, known_at: datetime
) -> Mapping[str, datetime | None]:
    """Scope id -> instant (UTC), None for a scope that was read whole.

    A first load asks for all open work, and for closed work from its horizon on. Of several loads
    the earliest horizon counts, of several streams the latest.
    """
    c = schema.sync_step.c
    is_whole = sa.and_(c.window_from.is_(None), c.outcome == Outcome.COMPLETE.value)
    rows = conn.execute(
        sa.select(
            c.scope_id,
            sa.func.min(c.window_from, type_=c.window_from.type).label("since"),
            sa.func.max(sa.case((is_whole, 1), else_=0)).label("whole"),
        )
        .where(
            c.connection_id == connection_id,
            c.window_to.is_not(None),
            c.started_at <= known_at,
        )
        .group_by(c.scope_id, c.stream)
    )
    found: dict[str, datetime | None] = {}
    for row in rows:
        since = None if row.whole else row.since
        held = found.setdefault(row.scope_id, since)
        if since is not None and (held is None or held < since):
            found[row.scope_id] = since
    return found


def of(
    horizons: Mapping[str, datetime | None], scope_id: str | None, *, everywhere: bool
) -> datetime | None:
    """The horizon of a milestone of this scope; `everywhere`: its items may be in any scope."""
    if scope_id is not None and scope_id in horizons and not everywhere:
        return horizons[scope_id]
    return max((one for one in horizons.values() if one is not None), default=None)
