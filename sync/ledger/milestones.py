"""Milestones as they were at an instant, as far as we knew then; and how a person names one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import MilestoneKind, MilestoneState
from sync.store import past, schema

#: (connection id, kind, source id).
Key = tuple[int, MilestoneKind, str]


@dataclass(frozen=True, slots=True)
class Observed:
    """One observed change of a milestone's date, state or name; values as ISO text."""

    field: str
    old: str | None
    new: str | None
    #: first sight: nothing changed, it was there when we came.
    is_first: bool
    #: it changed after this reading (UTC), if there was one, …
    observed_after: datetime | None
    #: … and not after this one (UTC).
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class MilestoneFacts:
    """A milestone at the view's instant."""

    connection_id: int
    connection: str
    kind: MilestoneKind
    source_id: str
    name: str
    state: MilestoneState
    #: project of a version, board of a sprint.
    scope_id: str | None
    project_key: str | None
    start_date: date | None
    due_date: date | None
    started_at: datetime | None
    finished_at: datetime | None
    url: str | None
    first_seen_at: datetime
    #: observed changes up to the instant, oldest first.
    observed: tuple[Observed, ...] = ()
    #: it was not yet known to us at the instant: its dates then are a guess nobody makes.
    unseen: bool = False

    @property
    def key(self) -> Key:
        """Identity in the store."""
        return (self.connection_id, self.kind, self.source_id)

    @property
    def subject(self) -> str:
        """How findings name it."""
        return f"{self.kind.value}:{self.source_id}"

    @property
    def line(self) -> str:
        """How configuration names it without doubt."""
        return f"{self.project_key}:{self.name}" if self.project_key else self.name


def at(conn: sa.Connection, as_of: datetime, known_at: datetime) -> dict[Key, MilestoneFacts]:
    """All milestones that were there at `as_of`, by what was known at `known_at` (both UTC)."""
    events = _events(conn, known_at)
    names = _connections(conn)
    keys = _project_keys(conn, known_at)
    found: dict[Key, MilestoneFacts] = {}
    for row in conn.execute(sa.select(past.at(schema.milestone, known_at))):
        if row.gone_at is not None and row.gone_at <= as_of:
            continue
        kind = MilestoneKind(row.kind)
        mine = events.get((row.connection_id, kind, row.source_id), ())
        values = _values(row, mine, as_of)
        found[row.connection_id, kind, row.source_id] = MilestoneFacts(
            connection_id=row.connection_id,
            connection=names[row.connection_id],
            kind=kind,
            source_id=row.source_id,
            name=values["name"] or row.source_id,
            state=MilestoneState(values["state"] or MilestoneState.UNKNOWN),
            scope_id=row.scope_id,
            project_key=keys.get((row.connection_id, kind is MilestoneKind.SPRINT, row.scope_id)),
            start_date=_date(values["start_date"]),
            due_date=_date(values["due_date"]),
            started_at=_instant(values["started_at"]),
            finished_at=_instant(values["finished_at"]),
            url=row.url,
            first_seen_at=row.first_seen_at,
            observed=tuple(one for one in mine if one.observed_at <= as_of),
            unseen=row.first_seen_at > as_of,
        )
    return found


_FIELDS = ("name", "state", "start_date", "due_date", "started_at", "finished_at")


def _values(row: Any, events: Sequence[Observed], as_of: datetime) -> dict[str, str | None]:
    """The row's values with what was observed after the instant undone."""
    values: dict[str, str | None] = {}
    for name in _FIELDS:
        held = getattr(row, name)
        values[name] = held.isoformat() if isinstance(held, (date, datetime)) else held
        mine = [one for one in events if one.field == name]
        before = [one for one in mine if one.observed_at <= as_of]
        if before:
            values[name] = before[-1].new
        elif mine:
            # Not seen at that instant yet: the first sight stands for it, and `unseen` says so.
            values[name] = mine[0].new
    return values


def _events(
    conn: sa.Connection, known_at: datetime
) -> dict[tuple[int, MilestoneKind, str], list[Observed]]:
    c = schema.milestone_date_event.c
    rows = conn.execute(
        sa.select(
            c.connection_id,
            c.milestone_kind,
            c.milestone_id,
            c.field,
            c.old,
            c.new,
            c.is_first,
            c.observed_after,
            c.observed_at,
        )
        .where(
            c.field.in_(_FIELDS),
            c.known_from <= known_at,
            sa.or_(c.known_to.is_(None), c.known_to > known_at),
        )
        .order_by(c.observed_at, c.known_from)
    )
    found: dict[tuple[int, MilestoneKind, str], list[Observed]] = {}
    for row in rows:
        key = (row.connection_id, MilestoneKind(row.milestone_kind), row.milestone_id)
        found.setdefault(key, []).append(
            Observed(row.field, row.old, row.new, row.is_first, row.observed_after, row.observed_at)
        )
    return found


def _connections(conn: sa.Connection) -> dict[int, str]:
    c = schema.connection.c
    return {row.id: row.name for row in conn.execute(sa.select(c.id, c.name))}


def _project_keys(
    conn: sa.Connection, known_at: datetime
) -> dict[tuple[int, bool, str | None], str]:
    """Project key by (connection, whether the id is a board's, id)."""
    c = past.at(schema.scope, known_at).c
    rows = conn.execute(sa.select(c.connection_id, c.kind, c.source_id, c.key, c.parent_id)).all()
    keys: dict[tuple[int, bool, str | None], str] = {
        (row.connection_id, False, row.source_id): row.key
        for row in rows
        if row.kind != "board" and row.key
    }
    for row in rows:
        parent = keys.get((row.connection_id, False, row.parent_id))
        if row.kind == "board" and parent:
            keys[row.connection_id, True, row.source_id] = parent
        elif row.kind == "board" and row.key:
            # A board of no project may give milestones of other kinds than sprints.
            keys.setdefault((row.connection_id, False, row.source_id), row.key)
    return keys


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


# --- dates that moved -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DateMove:
    """A promised date that became another one."""

    old: date
    new: date
    observed_after: datetime | None
    observed_at: datetime


def due_moves(facts: MilestoneFacts) -> tuple[DateMove, ...]:
    """Moves of the due date we saw, oldest first.

    A first date and a date taken away are no moves; a date taken away and given anew is one.
    """
    moves: list[DateMove] = []
    last: date | None = None
    for one in facts.observed:
        if one.field != "due_date":
            continue
        if one.old and last is None:
            last = _date(one.old)
        new = _date(one.new)
        if new is None:
            continue
        if last is not None and new != last and not one.is_first:
            moves.append(DateMove(last, new, one.observed_after, one.observed_at))
        last = new
    return tuple(moves)


def first_due_seen(facts: MilestoneFacts) -> datetime | None:
    """When a due date was first observed (UTC), if ever."""
    for one in facts.observed:
        if one.field == "due_date" and one.new:
            return one.observed_at
    return None


# --- naming one -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Named:
    """What a name in configuration or on the command line stands for."""

    text: str
    matches: tuple[MilestoneFacts, ...]
    #: names that look like it, where nothing matched.
    close: tuple[str, ...] = field(default=())


def find(milestones: Iterable[MilestoneFacts], text: str) -> Named:
    """Milestones called `text`: a name, or `PROJECT:name`; small letters only break no tie.

    More than one match is an ambiguity that the caller shows; nothing is chosen silently.
    """
    known = list(milestones)
    by_text: Mapping[str, list[MilestoneFacts]] = _by_text(known)
    for wanted in (text, text.strip()):
        if wanted in by_text:
            return Named(text, tuple(by_text[wanted]))
    folded: dict[str, list[MilestoneFacts]] = {}
    for name, mine in by_text.items():
        folded.setdefault(name.casefold(), []).extend(mine)
    matches = tuple({one.key: one for one in folded.get(text.strip().casefold(), [])}.values())
    if matches:
        return Named(text, matches)
    alike = get_close_matches(text, sorted(by_text), n=3, cutoff=0.5)
    close = dict.fromkeys(one.line for name in alike for one in by_text[name])
    return Named(text, (), tuple(close)[:3])


def _by_text(known: Iterable[MilestoneFacts]) -> dict[str, list[MilestoneFacts]]:
    found: dict[str, list[MilestoneFacts]] = {}
    for one in known:
        for name in {one.name, one.line}:
            found.setdefault(name, []).append(one)
    return found
