"""What a server was found to honour, kept for a week instead of assumed or asked each time."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connectors.contract import Capability
from sync.store import schema

#: After this a capability is found out again: servers are upgraded.
LIFETIME = timedelta(days=7)


def remembered(conn: sa.Connection, connection_id: int, now: datetime) -> Mapping[str, Any]:
    """Unexpired capabilities by name."""
    c = schema.capability.c
    rows = conn.execute(
        sa.select(c.name, c.value).where(c.connection_id == connection_id, c.expires_at > now)
    )
    return {row.name: row.value for row in rows}


def remember(
    conn: sa.Connection, connection_id: int, found: Iterable[Capability], now: datetime
) -> None:
    """Store what is new or has expired; what is still remembered alike is not written again."""
    c = schema.capability.c
    known = {
        row.name: row
        for row in conn.execute(
            sa.select(schema.capability).where(c.connection_id == connection_id)
        )
    }
    for one in found:
        row = known.get(one.name)
        if row is not None and row.value == one.value and row.expires_at > now:
            continue
        values = {
            "value": sa.null() if one.value is None else one.value,
            "detail": one.detail,
            "observed_at": now,
            "expires_at": now + LIFETIME,
        }
        if row is None:
            conn.execute(
                sa.insert(schema.capability).values(
                    connection_id=connection_id, name=one.name, **values
                )
            )
        else:
            conn.execute(
                sa.update(schema.capability)
                .where(c.connection_id == connection_id, c.name == one.name)
                .values(**values)
            )
