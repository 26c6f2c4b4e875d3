"""From a finding back to the source: the events it rests on, what was sent, and how it was read."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from sync.reconcile.contract import Finding
from sync.store import schema, tables_code
from sync.store.payloads import Unpacker

#: Things that are traced for one finding, and events of one thing.
THINGS, EVENTS = 8, 6
#: Longest excerpt of what was sent, characters.
EXCERPT = 480
#: What names a person or is no fact of the plan is left out of excerpts.
_PRIVATE = re.compile(r"email|avatar|author|actor|assignee|reporter|creator|user|self$|_url$", re.I)
#: What subjects begin with.
_ITEM, _CHANGE = "issue", "change"
_MILESTONES = ("version", "milestone", "sprint", "iteration")


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One event of the source; the instant in UTC."""

    at: datetime
    #: the source's own id; None: the source keeps no history, and two readings differ.
    source_event_id: str | None
    #: as the source and as we call what changed.
    raw_field: str
    field: str
    old: str | None
    new: str | None
    #: whether the source told it, or it was inferred or observed.
    origin: str
    #: what was sent of it, JSON without names of people; None: no longer stored.
    excerpt: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the source sent of a thing itself."""

    stream: str
    fetched_at: datetime
    excerpt: str


@dataclass(frozen=True, slots=True)
class RawValue:
    """A value of the source, and the word of ours that it was read as."""

    #: status, item_type, priority.
    kind: str
    raw: str
    #: the vendor's own class of it, where there is one.
    raw_category: str | None
    read_as: str


@dataclass(frozen=True, slots=True)
class Trace:
    """One thing that a finding rests on."""

    #: `issue:10042`, `version:10001`.
    source: str
    connection: str
    #: what a person calls it; None: it is restricted, and nothing else is told of it.
    called: str | None
    #: key of its project, for what holds there alone.
    project: str | None = None
    events: tuple[RawEvent, ...] = ()
    readings: tuple[Reading, ...] = ()
    values: tuple[RawValue, ...] = ()


def traces(conn: sa.Connection, finding: Finding, connection_id: int | None) -> tuple[Trace, ...]:
    """What each piece of evidence rests on, as far as it is stored; at most THINGS of them.

    Restricted things are named by their id only.
    """
    c = schema.connection.c
    names = {row.id: row.name for row in conn.execute(sa.select(c.id, c.name))}
    if connection_id is None or connection_id not in names:
        return ()
    instants: dict[str, set[datetime]] = {}
    hidden: set[str] = set()
    for one in finding.evidence:
        source = one.source or finding.subject
        instants.setdefault(source, set()).update([one.at] if one.at else [])
        if one.restricted:
            hidden.add(source)
    found = []
    for source in list(instants)[:THINGS]:
        name = names[connection_id]
        if source in hidden:
            found.append(Trace(source, name, None))
            continue
        trace = _trace(conn, connection_id, name, source, instants[source])
        if trace is not None:
            found.append(trace)
    return tuple(found)


def _trace(
    conn: sa.Connection, connection_id: int, name: str, source: str, at: set[datetime]
) -> Trace | None:
    about, _, id_ = source.partition(":")
    if about == _ITEM:
        return _item(conn, connection_id, name, source, id_, at)
    if about in _MILESTONES:
        return _milestone(conn, connection_id, name, source, about, id_)
    if about == _CHANGE:
        t = tables_code.change_request.c
        row = conn.execute(
            sa.select(t.key, t.title, t.restricted).where(
                t.connection_id == connection_id, t.source_id == id_
            )
        ).one_or_none()
        if row is None:
            return None
        if row.restricted:
            return Trace(source, name, None)
        readings = _readings(conn, connection_id, id_, ("changes",))
        return Trace(source, name, f"{row.key} {row.title}", None, (), readings, ())
    return None


def _item(
    conn: sa.Connection,
    connection_id: int,
    name: str,
    source: str,
    id_: str,
    at: set[datetime],
) -> Trace | None:
    t = schema.work_item.c
    row = conn.execute(
        sa.select(schema.work_item).where(t.connection_id == connection_id, t.source_id == id_)
    ).one_or_none()
    if row is None:
        return None
    if row.restricted:
        return Trace(source, name, None)
    s = schema.status.c
    status = conn.execute(
        sa.select(s.raw_name, s.raw_category, s.category).where(
            s.connection_id == connection_id, s.source_id == row.raw_status_id
        )
    ).one_or_none()
    values = []
    if status is not None:
        values.append(RawValue("status", status.raw_name, status.raw_category, row.status_category))
    values += [
        RawValue(kind, raw, None, str(read_as))
        for kind, raw, read_as in (
            ("item_type", row.raw_type, row.item_type),
            ("priority", row.raw_priority, row.priority),
        )
        if raw
    ]
    project = conn.execute(
        sa.select(schema.scope.c.key).where(
            schema.scope.c.connection_id == connection_id,
            schema.scope.c.source_id == row.scope_id,
            schema.scope.c.kind != "board",
        )
    ).scalar()
    return Trace(
        source=source,
        connection=name,
        called=f"{row.key} {row.title or ''}".strip(),
        project=project,
        events=tuple(_events(conn, connection_id, id_, at)),
        readings=_readings(conn, connection_id, id_, ("issues",)),
        values=tuple(values),
    )


def _events(
    conn: sa.Connection, connection_id: int, id_: str, at: set[datetime]
) -> Iterator[RawEvent]:
    """Events at the instants that the evidence names, or else the newest."""
    e = schema.field_event.c
    rows = conn.execute(
        sa.select(schema.field_event)
        .where(e.connection_id == connection_id, e.work_item_id == id_, e.known_to.is_(None))
        .order_by(e.at.desc(), e.source_event_id.desc())
    ).all()
    named = [row for row in rows if row.at in at]
    chosen = sorted((named or rows)[:EVENTS], key=lambda row: (row.at, row.source_event_id))
    sent = [
        parsed
        for stream in ("changelogs", "histories", "issues")
        for _, parsed in _payloads(conn, connection_id, stream, id_)
    ]
    for row in chosen:
        part = _part(sent, row.source_event_id)
        yield RawEvent(
            at=row.at,
            source_event_id=row.source_event_id,
            raw_field=row.raw_field,
            field=row.field,
            old=row.old_text or row.old_ids,
            new=row.new_text or row.new_ids,
            origin=row.origin,
            excerpt=None if part is None else excerpt(part),
        )


def _milestone(
    conn: sa.Connection, connection_id: int, name: str, source: str, kind: str, id_: str
) -> Trace | None:
    m, d = schema.milestone.c, schema.milestone_date_event.c
    row = conn.execute(
        sa.select(m.name).where(
            m.connection_id == connection_id, m.kind == kind, m.source_id == id_
        )
    ).one_or_none()
    if row is None:
        return None
    moved = conn.execute(
        sa.select(schema.milestone_date_event)
        .where(
            d.connection_id == connection_id,
            d.milestone_kind == kind,
            d.milestone_id == id_,
            d.known_to.is_(None),
            d.is_first.is_(False),
        )
        .order_by(d.observed_at.desc(), d.field)
        .limit(EVENTS)
    ).all()
    events = tuple(
        RawEvent(one.observed_at, None, one.field, one.field, one.old, one.new, one.origin, None)
        for one in reversed(moved)
    )
    streams = ("versions", "milestones", "sprints", "iterations")
    readings = _readings(conn, connection_id, id_, streams)
    return Trace(source, name, row.name, None, events, readings, ())


def _readings(
    conn: sa.Connection, connection_id: int, id_: str, streams: Sequence[str]
) -> tuple[Reading, ...]:
    return tuple(
        Reading(stream, fetched_at, excerpt(parsed))
        for stream in streams
        for fetched_at, parsed in _payloads(conn, connection_id, stream, id_)
    )


def _payloads(
    conn: sa.Connection, connection_id: int, stream: str, id_: str
) -> Iterator[tuple[datetime, Any]]:
    r = schema.raw_record.c
    row = conn.execute(
        sa.select(r.payload, r.fetched_at).where(
            r.connection_id == connection_id, r.stream == stream, r.source_id == id_
        )
    ).one_or_none()
    if row is not None:
        raw = Unpacker(conn, connection_id, stream).json(row.payload)
        yield row.fetched_at, orjson.loads(raw)


def _part(sent: Iterable[Any], source_event_id: str) -> Any | None:
    """The smallest object among what was sent that carries the id of the event."""
    ids = {source_event_id, *re.split(r"[:.]", source_event_id)}
    for parsed in sent:
        found = [one for one in _objects(parsed) if str(one.get("id")) in ids]
        if found:
            return min(found, key=lambda one: len(orjson.dumps(one)))
    return None


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    # Not the whole: an item may have the number of an event.
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        if isinstance(one, dict):
            yield one
        yield from _objects(one)


def excerpt(value: Any) -> str:
    """JSON of what was sent, short, without names of people and addresses."""
    text = orjson.dumps(_bare(value)).decode()
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"


def _bare(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _bare(one)
            for key, one in value.items()
            if not _PRIVATE.search(key) and one not in (None, "", [], {})
        }
    if isinstance(value, list):
        return [_bare(one) for one in value]
    return value
