"""Cursors: where the next run starts, apart from where a broken walk goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from sync.store import schema


@dataclass(frozen=True, slots=True)
class Key:
    """Identity of a cursor."""

    connection_id: int
    scope_kind: str
    scope_id: str
    stream: str
    parameters_hash: str

    def where(self) -> tuple[sa.ColumnElement[bool], ...]:
        """Condition that picks its row."""
        c = schema.cursor.c
        return (
            c.connection_id == self.connection_id,
            c.scope_kind == self.scope_kind,
            c.scope_id == self.scope_id,
            c.stream == self.stream,
            c.parameters_hash == self.parameters_hash,
        )


@dataclass(frozen=True, slots=True)
class Saved:
    """What is stored of a cursor; all None before the first page."""

    committed: Mapping[str, Any] | None = None
    progress: Mapping[str, Any] | None = None
    #: server time at the start of the walk that `progress` belongs to, else of the last whole
    #: one (UTC).
    walk_started_at: datetime | None = None
    #: when the long overlap (or the census) was last applied (UTC).
    daily_at: datetime | None = None

    @property
    def start(self) -> Mapping[str, Any] | None:
        """Where reading goes on: inside the broken walk, else after the last whole one."""
        return self.progress if self.progress is not None else self.committed


#: Machines of one server differ by so much.
_SKEW = timedelta(minutes=1)


def trusted(saved: Saved, server_time: datetime) -> Saved:
    """The cursor, unless the walk it comes from began later than it is at the server now.

    One of the two clocks was wrong, then, and nobody knows what changed between the two: everything
    is read again. A bound that lies ahead would bring nothing and look like quiet.
    """
    began = saved.walk_started_at
    return Saved() if began is not None and began > server_time + _SKEW else saved


def due(last: datetime | None, now: datetime, every: timedelta) -> bool:
    """Whether what is done every so often is to be done now.

    An instant that lies ahead came from a wrong clock: it must not put anything off.
    """
    return last is None or not last <= now < last + every


_KEY = ("connection_id", "scope_kind", "scope_id", "stream", "parameters_hash")
#: Made once: an idle run asks it for every stream of every scope.
_LOAD = sa.select(
    schema.cursor.c.committed,
    schema.cursor.c.progress,
    schema.cursor.c.walk_started_at,
    schema.cursor.c.daily_at,
).where(*(schema.cursor.c[name] == sa.bindparam(name) for name in _KEY))


def load(conn: sa.Connection, key: Key) -> Saved:
    """The stored cursor."""
    row = conn.execute(_LOAD, {name: getattr(key, name) for name in _KEY}).one_or_none()
    if row is None:
        return Saved()
    return Saved(row.committed, row.progress, row.walk_started_at, row.daily_at)


def save(conn: sa.Connection, key: Key, saved: Saved, now: datetime) -> None:
    """Store the cursor in the caller's transaction."""
    values = {
        "committed": _null(saved.committed),
        "progress": _null(saved.progress),
        "walk_started_at": saved.walk_started_at,
        "daily_at": saved.daily_at,
        "updated_at": now,
    }
    changed = conn.execute(sa.update(schema.cursor).where(*key.where()).values(**values)).rowcount
    if changed == 0:
        conn.execute(
            sa.insert(schema.cursor).values(
                connection_id=key.connection_id,
                scope_kind=key.scope_kind,
                scope_id=key.scope_id,
                stream=key.stream,
                parameters_hash=key.parameters_hash,
                **values,
            )
        )


def _null(value: Mapping[str, Any] | None) -> Any:
    """SQL NULL for nothing: JSON's own null would look like a cursor."""
    return sa.null() if value is None else dict(value)
