"""Which scope was read well enough to be judged, from the certificates; pure but for one query."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from mappings.vocabulary import MilestoneKind
from sync.store import schema

#: Streams that list one kind of milestone matter to that kind only.
LISTS = {
    "versions": MilestoneKind.VERSION,
    "sprints": MilestoneKind.SPRINT,
    "milestones": MilestoneKind.MILESTONE,
    "iterations": MilestoneKind.ITERATION,
}

#: Streams of boards that say something of items of any scope of their connection.
OVER_ITEMS = frozenset({"project_fields", "project_items"})

#: (connection id, scope kind, scope id).
ScopeId = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest certificate of one stream of one scope; instants in UTC."""

    id: int
    run_id: int
    connection_id: int
    connection: str
    scope_kind: str
    scope_id: str
    scope_key: str
    stream: str
    mode: str
    outcome: str
    reason: str | None
    fresh_at: datetime
    finished_at: datetime
    remote_count: int | None
    local_count: int | None
    unreadable: int
    history_gaps: int

    @property
    def subject(self) -> str:
        """How findings name it."""
        return f"stream:{self.connection}/{self.scope_key}/{self.stream}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What may be judged at one instant."""

    readings: tuple[Reading, ...]
    as_of: datetime
    stale: timedelta

    @property
    def in_force(self) -> tuple[Reading, ...]:
        """Readings of what is still read: named by their scope's and connection's newest run.

        A census runs once a day only, so its newest one counts as long as its scope is read.
        """
        newest: dict[int, int] = {}
        scopes: dict[tuple[int, str, str], int] = {}
        for one in self.readings:
            scope = (one.connection_id, one.scope_kind, one.scope_key)
            newest[one.connection_id] = max(newest.get(one.connection_id, 0), one.run_id)
            scopes[scope] = max(scopes.get(scope, 0), one.run_id)
        return tuple(
            one
            for one in self.readings
            if scopes[one.connection_id, one.scope_kind, one.scope_key] == newest[one.connection_id]
            and (one.run_id == newest[one.connection_id] or one.mode == "census")
        )

    def trouble(self, one: Reading) -> str | None:
        """Why a reading is not good enough, in words that follow the name of the stream."""
        if one.outcome == "unavailable":
            return f"cannot be read here: {one.reason or 'the source does not offer it'}"
        if one.outcome != "complete":
            word = "was read only in part" if one.outcome == "partial" else "could not be read"
            return f"{word}: {one.reason}" if one.reason else word
        age = self.as_of - one.fresh_at
        if one.mode != "census" and age > self.stale:
            return f"was last read {_age(age)} ago"
        return None

    def over_items(self, connection_id: int) -> list[str]:
        """What is wrong with boards that say something of a connection's items."""
        found = []
        for one in self.in_force:
            if one.connection_id == connection_id and one.stream in OVER_ITEMS:
                trouble = self.trouble(one)
                if trouble is not None:
                    found.append(f"{one.stream} of {one.scope_key} {trouble}")
        return found

    def lacks(
        self, scope: ScopeId, key: str | None, streams: Collection[str], kind: str
    ) -> list[str]:
        """What is wrong with these streams of a scope, one sentence each.

        `key` is what a person calls the scope: a scope that could not be resolved has no id.
        """
        found: list[str] = []
        label = key or scope[2]
        for stream in streams:
            mine = [
                one
                for one in self.readings
                if one.connection_id == scope[0]
                and one.stream == stream
                and one.scope_kind == scope[1]
                and (one.scope_id == scope[2] or (key is not None and one.scope_key == key))
            ]
            if not mine:
                found.append(f"{stream} of {kind} {label} was never read")
                continue
            trouble = self.trouble(max(mine, key=lambda one: one.id))
            if trouble is not None:
                found.append(f"{stream} of {kind} {label} {trouble}")
        return found


def load(conn: sa.Connection, *, as_of: datetime, known_at: datetime, stale: timedelta) -> Coverage:
    """The newest certificates written by `known_at`, one per connection, scope and stream."""
    s, c = schema.sync_step, schema.connection
    newest = (
        sa.select(sa.func.max(s.c.id).label("id"))
        .where(s.c.finished_at <= known_at)
        .group_by(s.c.connection_id, s.c.scope_kind, s.c.scope_id, s.c.stream)
        .subquery()
    )
    rows = conn.execute(
        sa.select(s, c.c.name.label("connection"))
        .join(newest, newest.c.id == s.c.id)
        .join(c, c.c.id == s.c.connection_id)
        .order_by(c.c.name, s.c.scope_kind, s.c.scope_key, s.c.stream, s.c.id)
    )
    found: dict[tuple[int, str, str, str], Reading] = {}
    for row in rows:
        key = row.scope_key or row.scope_id
        # A scope that could not be resolved is certified under its key: the newer one counts.
        found[row.connection_id, row.scope_kind, key, row.stream] = Reading(
            id=row.id,
            run_id=row.run_id,
            connection_id=row.connection_id,
            connection=row.connection,
            scope_kind=row.scope_kind,
            scope_id=row.scope_id,
            scope_key=key,
            stream=row.stream,
            mode=row.mode,
            outcome=row.outcome,
            reason=row.reason,
            fresh_at=row.fresh_at,
            finished_at=row.finished_at,
            remote_count=row.remote_count,
            local_count=row.local_count,
            unreadable=row.unreadable,
            history_gaps=row.history_gaps,
        )
    return Coverage(tuple(found.values()), as_of, stale)


def needed(streams: Iterable[str], kind: MilestoneKind | None) -> tuple[list[str], list[str]]:
    """(streams of projects, streams of boards) that matter to a milestone kind; None: to all."""
    wanted = [name for name in streams if kind is None or LISTS.get(name, kind) is kind]
    return (
        [name for name in wanted if name != "sprints"],
        [name for name in wanted if name == "sprints"],
    )


def _age(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"
