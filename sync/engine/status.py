"""What the last run did and how far each stream can be trusted; reads only."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync.store import schema
from sync.store.open import Store


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """The newest certificate of one stream of one scope; instants in UTC."""

    connection: str
    scope_kind: str
    scope: str
    stream: str
    outcome: str
    reason: str | None
    fresh_at: datetime
    #: last time it was complete, if ever.
    complete_at: datetime | None
    requests: int
    records: int
    rows_written: int
    remote_count: int | None
    local_count: int | None
    unreadable: int
    history_gaps: int


@dataclass(frozen=True, slots=True)
class RunStatus:
    """One sync run."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    reason: str | None
    requests: int
    rows_written: int


@dataclass(frozen=True, slots=True)
class LeaseStatus:
    """Who reads what just now."""

    connection: str
    scope_kind: str
    scope_id: str
    holder: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StatusReport:
    """All of `driftline status`."""

    run: RunStatus | None
    streams: tuple[StreamStatus, ...]
    leases: tuple[LeaseStatus, ...]
    work_items: int
    data_issues: int


def status(store: Store, now: datetime) -> StatusReport:
    """Read it; `now` (UTC) tells living leases from expired ones."""
    with store.reading() as conn:
        run = conn.execute(
            sa.select(schema.sync_run).order_by(schema.sync_run.c.id.desc()).limit(1)
        ).one_or_none()
        return StatusReport(
            run=None
            if run is None
            else RunStatus(
                run.id,
                run.started_at,
                run.finished_at,
                run.outcome,
                run.reason,
                run.requests,
                run.rows_written,
            ),
            streams=tuple(_streams(conn)),
            leases=tuple(_leases(conn, now)),
            work_items=_count(conn, schema.work_item),
            data_issues=_count(conn, schema.data_issue),
        )


def _streams(conn: sa.Connection) -> list[StreamStatus]:
    s, c = schema.sync_step, schema.connection
    key = (s.c.connection_id, s.c.scope_kind, s.c.scope_id, s.c.stream)
    newest = sa.select(sa.func.max(s.c.id).label("id")).group_by(*key).subquery()
    done = (
        sa.select(*key, sa.func.max(s.c.fresh_at, type_=s.c.fresh_at.type).label("at"))
        .where(s.c.outcome == "complete")
        .group_by(*key)
        .subquery()
    )
    rows = conn.execute(
        sa.select(s, c.c.name, done.c.at)
        .join(newest, newest.c.id == s.c.id)
        .join(c, c.c.id == s.c.connection_id)
        .outerjoin(
            done,
            sa.and_(
                done.c.connection_id == s.c.connection_id,
                done.c.scope_kind == s.c.scope_kind,
                done.c.scope_id == s.c.scope_id,
                done.c.stream == s.c.stream,
            ),
        )
        .order_by(c.c.name, s.c.scope_kind, s.c.scope_key, s.c.stream)
    )
    return [
        StreamStatus(
            connection=row.name,
            scope_kind=row.scope_kind,
            scope=row.scope_key or row.scope_id,
            stream=row.stream,
            outcome=row.outcome,
            reason=row.reason,
            fresh_at=row.fresh_at,
            complete_at=row.at,
            requests=row.requests,
            records=row.records,
            rows_written=row.rows_written,
            remote_count=row.remote_count,
            local_count=row.local_count,
            unreadable=row.unreadable,
            history_gaps=row.history_gaps,
        )
        for row in rows
    ]


def _leases(conn: sa.Connection, now: datetime) -> list[LeaseStatus]:
    t, c = schema.lease, schema.connection
    rows = conn.execute(
        sa.select(t, c.c.name)
        .join(c, c.c.id == t.c.connection_id)
        .where(t.c.holder.is_not(None), t.c.expires_at > now)
        .order_by(c.c.name, t.c.scope_kind, t.c.scope_id)
    )
    return [
        LeaseStatus(r.name, r.scope_kind, r.scope_id, r.holder.rsplit(" ", 1)[0], r.expires_at)
        for r in rows
    ]


def _count(conn: sa.Connection, table: sa.Table) -> int:
    return int(
        conn.execute(
            sa.select(sa.func.count()).select_from(table).where(table.c.gone_at.is_(None))
        ).scalar_one()
    )
