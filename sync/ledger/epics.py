"""An epic as a container: what is below it by the parents that items had, at any depth.

Nothing is stored for it: who came and who left stands in the events of parents, on both clocks, and
an item that none of them speaks of has had its parent since its creation.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import (
    EventField,
    HistoryState,
    ItemType,
    MilestoneKind,
    MilestoneState,
    StatusCategory,
)
from sync.ledger.combined import merged
from sync.ledger.milestones import Key, MilestoneFacts, Observed
from sync.ledger.timeline import Stay, Track
from sync.store import past, schema

#: Levels below an epic that are followed: more is a circle.
DEPTH = 8
#: Ids in one question.
_CHUNK = 500

_STATES = {
    StatusCategory.TODO: MilestoneState.FUTURE,
    StatusCategory.IN_PROGRESS: MilestoneState.ACTIVE,
    StatusCategory.IN_REVIEW: MilestoneState.ACTIVE,
    StatusCategory.DONE: MilestoneState.CLOSED,
    StatusCategory.CANCELLED: MilestoneState.CLOSED,
    StatusCategory.UNKNOWN: MilestoneState.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Life:
    """What is known of an item beside its parents (all UTC)."""

    created_at: datetime | None
    #: when it was first certainly as it is.
    seen_at: datetime
    whole: bool
    gone_at: datetime | None = None
    gone_reason: str | None = None


# --- who is below -----------------------------------------------------------------------------


def candidates(
    conn: sa.Connection, connection_id: int, epics: Collection[str], *, now: bool
) -> set[str]:
    """Items that are, or ever were, below one of these epics, by anything we ever knew.

    `now`: former rows are left out; what stands now is enough.
    """
    found: set[str] = set()
    frontier = set(epics)
    for _ in range(DEPTH):
        frontier = _children(conn, connection_id, frontier, now=now) - found - set(epics)
        if not frontier:
            break
        found |= frontier
    return found


def _children(
    conn: sa.Connection, connection_id: int, parents: Collection[str], *, now: bool
) -> set[str]:
    w, e = schema.work_item.c, schema.field_event.c
    former = schema.PAST["work_item"].c
    found: set[str] = set()
    ordered = sorted(parents)
    for start in range(0, len(ordered), _CHUNK):
        some = ordered[start : start + _CHUNK]
        asked = [
            sa.select(c.source_id).where(c.connection_id == connection_id, c.parent_id.in_(some))
            for c in ((w,) if now else (w, former))
        ]
        asked.extend(
            # Said as it is in the index, which holds these events only.
            sa.select(e.work_item_id).where(
                e.connection_id == connection_id, sa.text("field = 'parent'"), side.in_(some)
            )
            for side in (e.old_ids, e.new_ids)
        )
        for query in asked:
            found.update(conn.scalars(query))
    return found


def lives(
    conn: sa.Connection, connection_id: int, ids: Collection[str], known_at: datetime | None
) -> dict[str, Life]:
    """The lives of these items, as known then (UTC; None: now)."""
    columns = (
        "source_id",
        "created_at",
        "updated_at",
        "first_seen_at",
        "history_state",
        "gone_at",
        "gone_reason",
    )
    rows = past.select_ids(conn, schema.work_item, columns, connection_id, ids, known_at)
    return {
        row[0]: Life(row[1], row[2] or row[3], row[4] == HistoryState.COMPLETE, row[5], row[6])
        for row in rows
    }


def stays(
    epic: str, parents: Mapping[str, Track[str | None]], lives: Mapping[str, Life]
) -> dict[str, list[Stay]]:
    """When each item was below the epic: under it, or under an item that was; pure.

    `parents`: of each item that may ever have been.
    """
    under: dict[str, list[tuple[str, Stay]]] = {}
    for id_, track in parents.items():
        life = lives.get(id_)
        if life is not None and id_ != epic:
            for parent, stay in _spans(track, life):
                under.setdefault(parent, []).append((id_, stay))
    found: dict[str, list[Stay]] = {}
    level: dict[str, list[Stay]] = {}
    for id_, stay in under.get(epic, ()):
        level.setdefault(id_, []).append(stay)
    for _ in range(DEPTH):
        for id_, mine in level.items():
            found.setdefault(id_, []).extend(mine)
        below: dict[str, list[Stay]] = {}
        for parent, theirs in level.items():
            for id_, stay in under.get(parent, ()):
                common = [both for one in theirs if (both := _both(stay, one)) is not None]
                if common and id_ != epic:
                    below.setdefault(id_, []).extend(common)
        level = below
        if not level:
            break
    return {id_: list(merged(mine)) for id_, mine in found.items()}


def _spans(track: Track[str | None], life: Life) -> Iterable[tuple[str, Stay]]:
    """Each parent that it had, and when."""
    first = track.changes[0].at if track.changes else life.seen_at
    if life.whole and life.created_at is not None:
        begin, exact = min(life.created_at, first), True
    else:
        # It held when the first known event found it there; since when is not known.
        begin, exact = min(first, life.seen_at), False
    parent = track.changes[0].old if track.changes else track.held
    start, event, actor = begin, None, None
    for change in (*track.changes, None):
        end = life.gone_at if change is None else change.at
        if parent is not None and (end is None or start < end):
            yield (
                parent,
                Stay(
                    start,
                    end,
                    None
                    if end is None
                    else (life.gone_reason or "gone")
                    if change is None
                    else "event",
                    exact,
                    event_id=event,
                    actor_id=actor,
                    end_event_id=None if change is None else change.event_id,
                    end_actor_id=None if change is None else change.actor_id,
                ),
            )
        if change is not None:
            parent, start, exact = change.new, change.at, True
            event, actor = change.event_id, change.actor_id


def _both(inner: Stay, outer: Stay) -> Stay | None:
    """When it was under its parent while that was below the epic."""
    later = outer if outer.start > inner.start else inner
    made = later._replace(
        end=inner.end,
        end_cause=inner.end_cause,
        end_event_id=inner.end_event_id,
        end_actor_id=inner.end_actor_id,
    )
    if outer.end is not None and (inner.end is None or outer.end < inner.end):
        made = made._replace(
            end=outer.end,
            end_cause=outer.end_cause,
            end_event_id=outer.end_event_id,
            end_actor_id=outer.end_actor_id,
        )
    return made if made.end is None or made.start < made.end else None


# --- the epic itself --------------------------------------------------------------------------


def called(
    conn: sa.Connection, texts: Iterable[str], as_of: datetime, known_at: datetime, *, now: bool
) -> dict[str, tuple[MilestoneFacts, ...]]:
    """Epics by what names them: a key, a title, or `PROJECT:title`; of texts that name any.

    A key may be any item's that has others below it.
    """
    found: dict[str, tuple[MilestoneFacts, ...]] = {}
    for text in dict.fromkeys(texts):
        plain = text.strip()
        keyed = facts_of(conn, _keyed(conn, plain, known_at), as_of, known_at, now=now)
        mine = tuple(keyed.values())
        if not mine:
            titled = facts_of(conn, _titled(conn, plain), as_of, known_at, now=now)
            mine = tuple(one for one in titled.values() if plain in (one.name, one.line))
        if mine:
            found[text] = mine
    return found


def _keyed(conn: sa.Connection, key: str, known_at: datetime) -> list[tuple[int, str]]:
    k = schema.work_item_key.c
    rows = conn.execute(
        sa.select(k.connection_id, k.work_item_id).where(
            k.connection_id.in_(sa.select(schema.connection.c.id)),
            k.key == key,
            k.first_seen_at <= known_at,
        )
    )
    return [(row[0], row[1]) for row in rows]


def _titled(conn: sa.Connection, text: str) -> list[tuple[int, str]]:
    w = schema.work_item.c
    names = {text, text.partition(":")[2].strip()} - {""}
    rows = conn.execute(
        sa.select(w.connection_id, w.source_id).where(
            w.item_type == ItemType.EPIC.value, w.title.in_(sorted(names)), ~w.restricted
        )
    )
    return [(row[0], row[1]) for row in rows]


def facts_of(
    conn: sa.Connection,
    ids: Iterable[tuple[int, str]],
    as_of: datetime,
    known_at: datetime,
    *,
    now: bool,
) -> dict[Key, MilestoneFacts]:
    """These items as milestones of the kind epic; of other types only those with items below.

    The title of a restricted item is its key.
    """
    by_connection: dict[int, list[str]] = {}
    for connection_id, id_ in ids:
        by_connection.setdefault(connection_id, []).append(id_)
    found: dict[Key, MilestoneFacts] = {}
    c, s = schema.connection.c, past.at(schema.scope, None if now else known_at).c
    for connection_id, mine in by_connection.items():
        name = conn.execute(sa.select(c.name).where(c.id == connection_id)).scalar_one()
        projects = {
            row[0]: row[1]
            for row in conn.execute(
                sa.select(s.source_id, s.key).where(
                    s.connection_id == connection_id, s.kind != "board"
                )
            )
        }
        rows = past.select_ids(
            conn, schema.work_item, _COLUMNS, connection_id, mine, None if now else known_at
        )
        events = _events(conn, connection_id, mine, known_at)
        for row in rows:
            one = dict(zip(_COLUMNS, row, strict=True))
            if one["gone_at"] is not None and one["gone_at"] <= as_of:
                continue
            is_epic = one["item_type"] == ItemType.EPIC
            if not is_epic and not _children(conn, connection_id, [one["source_id"]], now=now):
                continue
            facts = _facts(
                connection_id, name, projects, one, events.get(one["source_id"], []), as_of, conn
            )
            found[facts.key] = facts
    return found


_COLUMNS = (
    "source_id",
    "key",
    "title",
    "scope_id",
    "item_type",
    "status_category",
    "raw_status_id",
    "due_date",
    "restricted",
    "url",
    "created_at",
    "started_at",
    "done_at",
    "first_seen_at",
    "gone_at",
)


def _facts(
    connection_id: int,
    connection: str,
    projects: Mapping[str, str | None],
    row: Mapping[str, Any],
    events: Sequence[Any],
    as_of: datetime,
    conn: sa.Connection,
) -> MilestoneFacts:
    dues = [one for one in events if one.field == EventField.DUE_DATE]
    after = [one for one in dues if one.at > as_of]
    due = _date(after[0].old_text) if after else row["due_date"]
    statuses = [one for one in events if one.field == EventField.STATUS and one.at > as_of]
    category = StatusCategory(row["status_category"])
    if statuses:
        category = _category(conn, connection_id, statuses[0].old_ids)
    seen = row["created_at"] or row["first_seen_at"]
    observed = [
        Observed("due_date", one.old_text, one.new_text, False, one.at, one.at)
        for one in dues
        if one.at <= as_of
    ]
    done = row["done_at"] if row["done_at"] is not None and row["done_at"] <= as_of else None
    return MilestoneFacts(
        connection_id=connection_id,
        connection=connection,
        kind=MilestoneKind.EPIC,
        source_id=row["source_id"],
        name=row["key"] if row["restricted"] else row["title"],
        state=_STATES[category],
        scope_id=row["scope_id"],
        project_key=projects.get(row["scope_id"]),
        start_date=None,
        due_date=due,
        started_at=row["started_at"],
        finished_at=done if not _STATES[category].is_open else None,
        url=row["url"],
        first_seen_at=seen,
        observed=(_first(seen, dues, due), *observed),
        unseen=seen > as_of,
    )


def _first(seen: datetime, dues: Sequence[Any], due: date | None) -> Observed:
    """What its date was when it was made."""
    value = dues[0].old_text if dues else None if due is None else due.isoformat()
    return Observed("due_date", None, value, True, None, seen)


def _events(
    conn: sa.Connection, connection_id: int, ids: Collection[str], known_at: datetime
) -> dict[str, list[Any]]:
    e = schema.field_event.c
    rows = conn.execute(
        sa.select(e.work_item_id, e.field, e.at, e.old_ids, e.old_text, e.new_text)
        .where(
            e.connection_id == connection_id,
            e.work_item_id.in_(sorted(ids)),
            e.field.in_((EventField.DUE_DATE.value, EventField.STATUS.value)),
            e.known_from <= known_at,
            sa.or_(e.known_to.is_(None), e.known_to > known_at),
        )
        .order_by(e.at, e.source_event_id)
    )
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.work_item_id, []).append(row)
    return found


def _category(conn: sa.Connection, connection_id: int, id_: str | None) -> StatusCategory:
    s = schema.status.c
    found = conn.execute(
        sa.select(s.category).where(s.connection_id == connection_id, s.source_id == id_)
    ).scalar()
    return StatusCategory(found) if found else StatusCategory.UNKNOWN


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None
