"""Whose child data is behind its parent's, and what may still change without a sign of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import ChangeState, Conclusion, HistoryState, StatusCategory
from sync.store import schema
from sync.store.bulk import select_ids
from sync.store.tables_code import change_request, check_result, checks_state, pipeline_run
from sync.store.tables_judged import test_check

#: Tables of parents by the kind of record that their stream feeds; else they are work items.
_PARENTS = {"change_request": change_request, "pipeline_run": pipeline_run}


@dataclass(frozen=True, slots=True)
class Due:
    """When child data that may change without a sign is to be read again; instants in UTC."""

    #: parents that ended before this are over.
    since: datetime
    #: data last read before this is read again,
    read_before: datetime
    #: but that of parents which did not move since this instant
    quiet_since: datetime
    #: only when it was last read before this.
    quiet_read_before: datetime


def parent_table(feeds: Collection[str]) -> sa.Table:
    """The table that holds what a stream with these `feeds` brings."""
    found = [table for feed, table in _PARENTS.items() if feed in feeds]
    return found[0] if found else schema.work_item


def pending(
    conn: sa.Connection,
    connection_id: int,
    scope_id: str,
    *,
    parent: sa.Table,
    of: str,
    stream: str,
    limit: int,
    after: str,
    checks: bool = False,
    refused_before: datetime | None = None,
) -> list[str]:
    """Ids, in text order after `after`, of present parents whose `stream` is behind.

    Behind: their payload of stream `of` is newer than that of `stream`, or there is none; where
    the stream brings the `checks` of changes, also if a run of their commits moved since, or if
    they were refused, that was last asked before `refused_before`, and others came since.
    """
    told, own = schema.raw_record.alias(), schema.raw_record.alias()
    behind = [own.c.fetched_at.is_(None), own.c.fetched_at < told.c.fetched_at]
    if checks and parent is change_request:
        behind.append(_ran_again(own.c.fetched_at))
        if refused_before is not None:
            behind.append(_allowed_since(own.c.fetched_at, refused_before))
    return list(
        conn.execute(
            sa.select(parent.c.source_id)
            .distinct()
            .join(told, _payload(told, parent, of))
            .outerjoin(own, _payload(own, parent, stream))
            .where(
                parent.c.connection_id == connection_id,
                parent.c.scope_id == scope_id,
                parent.c.gone_at.is_(None),
                parent.c.source_id > after,
                sa.or_(*behind),
            )
            .order_by(parent.c.source_id)
            .limit(limit)
        ).scalars()
    )


def unproven(
    conn: sa.Connection,
    connection_id: int,
    scope_id: str,
    *,
    stream: str,
    landed_before: datetime,
    limit: int,
    after: str,
) -> list[str]:
    """Ids, in text order after `after`, of changes of which no test tells how what landed fares.

    They landed before that instant (UTC), as a commit that is not their head and on which no test
    has ended (no check, where it is not known yet which are tests); and `stream` was never read
    for them.
    """
    c, own = change_request.c, schema.raw_record.alias()
    ended = (Conclusion.SUCCESS.value, Conclusion.FAILURE.value, Conclusion.TIMED_OUT.value)
    r, t = check_result.c, test_check.c
    counting = sa.select(t.name).where(
        t.connection_id == connection_id,
        t.scope_id == scope_id,
        t.known_to.is_(None),
        t.is_test.is_(True),
    )
    # A check is called by its stage too where another one has its name.
    names = {one for label in conn.execute(counting).scalars() for one in (label, _bare(label))}
    spoken_for = sa.exists().where(
        r.connection_id == c.connection_id,
        r.sha == c.landed_sha,
        r.known_to.is_(None),
        r.conclusion.in_(ended),
        *((r.name.in_(sorted(names)),) if names else ()),
    )
    return list(
        conn.execute(
            sa.select(c.source_id)
            .outerjoin(own, _payload(own, change_request, stream))
            .where(
                c.connection_id == connection_id,
                c.scope_id == scope_id,
                c.gone_at.is_(None),
                c.state == ChangeState.MERGED.value,
                c.merged_at < landed_before,
                c.landed_sha.is_not(None),
                c.landed_sha != c.head_sha,
                c.source_id > after,
                own.c.fetched_at.is_(None),
                ~spoken_for,
            )
            .order_by(c.source_id)
            .limit(limit)
        ).scalars()
    )


def _bare(label: str) -> str:
    return label.rpartition(" [")[0] or label


def watched(
    conn: sa.Connection,
    connection_id: int,
    scope_id: str,
    *,
    parent: sa.Table,
    stream: str,
    due: Due,
    limit: int,
) -> list[str]:
    """Ids of present parents that may still change, the longest unread first.

    Unfinished, or finished a short while ago, and their payload of `stream` is `due`.
    """
    own = schema.raw_record.alias()
    last = sa.func.min(own.c.fetched_at)
    return list(
        conn.execute(
            sa.select(parent.c.source_id)
            .join(own, _payload(own, parent, stream))
            .where(
                parent.c.connection_id == connection_id,
                parent.c.scope_id == scope_id,
                parent.c.gone_at.is_(None),
                own.c.fetched_at < due.read_before,
                sa.or_(
                    parent.c.updated_at.is_(None),
                    parent.c.updated_at >= due.quiet_since,
                    own.c.fetched_at < due.quiet_read_before,
                ),
                _may_change(parent, due.since),
            )
            .group_by(parent.c.source_id)
            .order_by(last, parent.c.source_id)
            .limit(limit)
        ).scalars()
    )


def _may_change(parent: sa.Table, since: datetime) -> sa.ColumnElement[bool]:
    c = parent.c
    if parent is change_request:
        landed = sa.and_(c.state == ChangeState.MERGED.value, c.merged_at >= since)
        return sa.or_(c.state == ChangeState.OPEN.value, landed)
    if parent is pipeline_run:
        ended = sa.func.coalesce(c.finished_at, c.updated_at, type_=c.updated_at.type)
        return sa.or_(c.conclusion == Conclusion.PENDING.value, ended >= since)
    over = (StatusCategory.DONE.value, StatusCategory.CANCELLED.value)
    return sa.or_(c.status_category.not_in(over), c.resolved_at >= since)


def keys(
    conn: sa.Connection, connection_id: int, parent: sa.Table, ids: Collection[str]
) -> dict[str, str]:
    """What people call these parents; a run is called by its id."""
    if "key" not in parent.c:
        return {id_: id_ for id_ in ids}
    rows = select_ids(conn, parent, ("source_id", "key"), connection_id, "source_id", ids)
    return {row[0]: row[1] for row in rows}


def touch(
    conn: sa.Connection, connection_id: int, stream: str, ids: Collection[str], now: datetime
) -> None:
    """Remember that these payloads were fetched again and found unchanged."""
    c = schema.raw_record.c
    conn.execute(
        sa.update(schema.raw_record)
        .where(c.connection_id == connection_id, c.stream == stream, c.source_id.in_(list(ids)))
        .values(fetched_at=now)
    )


def catch_up(
    conn: sa.Connection,
    connection_id: int,
    *,
    of: str,
    stream: str,
    ids: Collection[str],
    now: datetime,
    read_before: datetime,
) -> None:
    """Child payloads that came along with their parents were read now, changed or not.

    Only those that would be asked for again otherwise: behind their parent, or last read before
    `read_before` (UTC).
    """
    c, told = schema.raw_record.c, schema.raw_record.alias()
    parent_is_newer = sa.exists().where(
        told.c.connection_id == connection_id,
        told.c.stream == of,
        told.c.source_id == c.source_id,
        told.c.fetched_at > c.fetched_at,
    )
    conn.execute(
        sa.update(schema.raw_record)
        .where(
            c.connection_id == connection_id,
            c.stream == stream,
            c.source_id.in_(list(ids)),
            sa.or_(c.fetched_at < read_before, parent_is_newer),
        )
        .values(fetched_at=now)
    )


def _ran_again(read_at: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """A run of the head or of what landed moved after `read_at`; that moves no change."""
    run, change = pipeline_run.c, change_request.c
    return sa.exists().where(
        run.connection_id == change.connection_id,
        run.scope_id == change.scope_id,
        run.sha.in_([change.head_sha, change.landed_sha]),
        run.updated_at > read_at,
    )


def _allowed_since(
    read_at: sa.ColumnElement[Any], refused_before: datetime
) -> sa.ColumnElement[bool]:
    """What was refused may be had by now: of other commits it came after `read_at`."""
    mine, other = checks_state.alias().c, checks_state.alias().c
    change = change_request.c
    came = sa.exists().where(
        other.connection_id == change.connection_id,
        other.scope_id == change.scope_id,
        other.subject_kind == "commit",
        other.source == mine.source,
        other.known_to.is_(None),
        other.state == HistoryState.COMPLETE.value,
        other.known_from > read_at,
    )
    refused = sa.exists().where(
        mine.connection_id == change.connection_id,
        mine.scope_id == change.scope_id,
        mine.subject_kind == "commit",
        mine.subject_id.in_([change.head_sha, change.landed_sha]),
        mine.known_to.is_(None),
        mine.state == HistoryState.UNAVAILABLE.value,
        came,
    )
    return sa.and_(read_at < refused_before, refused)


def _payload(raw: Any, parent: sa.Table, stream: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        raw.c.connection_id == parent.c.connection_id,
        raw.c.stream == stream,
        raw.c.source_id == parent.c.source_id,
    )
