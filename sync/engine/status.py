"""What the last run did and how far each stream can be trusted; reads only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync.engine.holder import ended, shown
from sync.engine.standing import Certified, Pause, Standing, State, ago, stand
from sync.engine.tokens import ending
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
    #: snapshot, incremental, follow_up, census.
    mode: str
    scope_id: str
    run_id: int


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
class ConnectionStatus:
    """One source: whether it was ever read, until when it is paused, when its token ends."""

    connection: str
    kind: str
    #: when the last run that read it began (UTC); None: it was never read.
    read_at: datetime | None
    paused: Pause | None
    #: as the vendor or the configuration tells (UTC); None: nobody tells.
    token_expires_at: datetime | None
    #: in words, where it ends soon.
    token_warning: str | None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """All of `driftline status`."""

    #: everything in one sentence.
    summary: str
    connections: tuple[ConnectionStatus, ...]
    scopes: tuple[Standing, ...]

    run: RunStatus | None
    streams: tuple[StreamStatus, ...]
    leases: tuple[LeaseStatus, ...]
    work_items: int
    data_issues: int


def status(
    store: Store,
    now: datetime,
    *,
    configured: Mapping[str, str] | None = None,
    time_zone: str = "UTC",
) -> StatusReport:
    """Read it; `now` (UTC) tells living leases from expired ones.

    `configured`: connection -> kind, of those that are to be read; None: all that the store knows.
    `time_zone`: of the times that are told in sentences.
    """
    with store.reading() as conn:
        run = conn.execute(
            sa.select(schema.sync_run).order_by(schema.sync_run.c.id.desc()).limit(1)
        ).one_or_none()
        streams = tuple(_streams(conn))
        connections = tuple(_connections(conn, streams, now, configured))
        scopes = tuple(_scopes(conn, streams, connections, now, time_zone))
        return StatusReport(
            summary=summary(connections, scopes, now),
            connections=connections,
            scopes=scopes,
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
            streams=streams,
            leases=tuple(_leases(conn, now)),
            work_items=_count(conn, schema.work_item),
            data_issues=_count(conn, schema.data_issue),
        )


def summary(
    connections: Sequence[ConnectionStatus], scopes: Sequence[Standing], now: datetime
) -> str:
    """How much of all that is configured is known completely, and since when."""
    unread = [one.connection for one in connections if one.read_at is None]
    good = [one for one in scopes if one.state is State.COMPLETE]
    if not scopes:
        return "Nothing has been read yet: nothing is known."
    if unread or len(good) < len(scopes):
        word = "scope" if len(scopes) == 1 else "scopes"
        told = f"{len(good)} of {len(scopes)} {word} complete"
        never = f"; never read: {', '.join(unread)}" if unread else ""
        return f"{told}{never}. What the others hold since their last reading is not known."
    oldest = min(one.complete_as_of for one in good if one.complete_as_of is not None)
    return f"Complete for what these tokens can see, as of {ago(oldest, now)}."


def _connections(
    conn: sa.Connection,
    streams: Sequence[StreamStatus],
    now: datetime,
    configured: Mapping[str, str] | None,
) -> Iterator[ConnectionStatus]:
    rows = {row.name: row for row in conn.execute(sa.select(schema.connection))}
    warnings = {one.connection: one.sentence for one in ending(conn, now)}
    names = rows if configured is None else configured
    read_at: dict[str, datetime] = {}
    for one in streams:
        read_at[one.connection] = max(one.fresh_at, read_at.get(one.connection, one.fresh_at))
    for name in names:
        row = rows.get(name)
        yield ConnectionStatus(
            connection=name,
            kind=row.kind if row is not None else (configured or {})[name],
            read_at=read_at.get(name),
            paused=_paused(conn, row.budget_key, now) if row is not None else None,
            token_expires_at=row.token_expires_at if row is not None else None,
            token_warning=warnings.get(name),
        )


def _paused(conn: sa.Connection, key: str | None, now: datetime) -> Pause | None:
    """The longest pause that a limit of this token asks for."""
    c = schema.rate_budget.c
    row = conn.execute(
        sa.select(c.paused_until, c.reason)
        .where(c.budget_key == (key or ""), c.paused_until > now)
        .order_by(c.paused_until.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Pause(row.paused_until, row.reason or "a limit was reached")


def _scopes(
    conn: sa.Connection,
    streams: Sequence[StreamStatus],
    connections: Sequence[ConnectionStatus],
    now: datetime,
    time_zone: str,
) -> Iterator[Standing]:
    s, c = schema.scope, schema.connection
    names = {
        (row.connection, row.kind, row.source_id): row.name or ""
        for row in conn.execute(
            sa.select(c.c.name.label("connection"), s.c.kind, s.c.source_id, s.c.name).join(
                c, c.c.id == s.c.connection_id
            )
        )
    }
    pauses = {one.connection: one.paused for one in connections}
    r = schema.sync_run.c
    whole_runs = set(conn.execute(sa.select(r.id).where(r.outcome == "complete")).scalars())
    newest: dict[str, int] = {}
    groups: dict[tuple[str, str, str], list[StreamStatus]] = {}
    for one in streams:
        if one.connection in pauses:
            newest[one.connection] = max(one.run_id, newest.get(one.connection, 0))
            groups.setdefault((one.connection, one.scope_kind, one.scope), []).append(one)
    for (connection, kind, key), held in groups.items():
        last = newest[connection]
        mine = held
        if last in whole_runs:
            # A whole run that did not read something was not asked to: it is configured no more.
            mine = [one for one in held if one.run_id == last or one.mode == "census"]
        is_left_out = all(one.run_id < last for one in mine)
        if is_left_out and (last in whole_runs or _is_over(conn, held[0])):
            continue
        yield stand(
            connection,
            kind,
            key,
            names.get((connection, kind, mine[0].scope_id), ""),
            [_certified(one, last) for one in mine],
            now=now,
            time_zone=time_zone,
            paused=pauses[connection],
        )


def _is_over(conn: sa.Connection, one: StreamStatus) -> bool:
    """Whether a scope is known to be read no more: it has left, or never had an id."""
    s, c = schema.scope, schema.connection
    row = conn.execute(
        sa.select(s.c.gone_at)
        .join(c, c.c.id == s.c.connection_id)
        .where(
            c.c.name == one.connection,
            s.c.kind == one.scope_kind,
            s.c.source_id == one.scope_id,
        )
    ).one_or_none()
    return row is None or row.gone_at is not None


def _certified(one: StreamStatus, newest_run: int) -> Certified:
    return Certified(
        stream=one.stream,
        mode=one.mode,
        outcome=one.outcome,
        reason=one.reason,
        complete_at=one.complete_at,
        remote_count=one.remote_count,
        local_count=one.local_count,
        unreadable=one.unreadable,
        history_gaps=one.history_gaps,
        in_last_run=one.run_id == newest_run,
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
            mode=row.mode,
            scope_id=row.scope_id,
            run_id=row.run_id,
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
        LeaseStatus(r.name, r.scope_kind, r.scope_id, shown(r.holder), r.expires_at)
        for r in rows
        if not ended(r.holder)
    ]


def _count(conn: sa.Connection, table: sa.Table) -> int:
    return int(
        conn.execute(
            sa.select(sa.func.count()).select_from(table).where(table.c.gone_at.is_(None))
        ).scalar_one()
    )
