"""Milestones as they were at an instant, as far as we knew then; and how a person names one."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import NullType

from mappings.vocabulary import MilestoneKind, MilestoneState
from sync.store import past, schema
from sync.store.types import read_instant

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


class Milestones(Mapping[Key, MilestoneFacts]):
    """All milestones that were there at `as_of`, by what was known at `known_at` (both UTC).

    A store holds thousands of them, and most questions are about one: facts are put together when
    they are asked for, through the connection, which has to be open as long.
    """

    def __init__(self, conn: sa.Connection, as_of: datetime, known_at: datetime) -> None:
        self._conn, self._as_of, self._known_at = conn, as_of, known_at
        self._connections = _connections(conn)
        self._project_keys = _project_keys(conn, known_at)
        self._made: dict[Key, MilestoneFacts] = {}
        #: events of all milestones, once they were read.
        self._events: dict[Key, list[Observed]] | None = None
        self._by_text: dict[str, list[Key]] | None = None
        #: those that were asked for; no store lists its epics as milestones.
        self._epics: dict[Key, MilestoneFacts] = {}

    def __getitem__(self, key: Key) -> MilestoneFacts:
        """One of them."""
        found = self._made.get(key) or self._epics.get(key)
        if found is None:
            row = self._rows[key]
            if self._events is None:
                self._events = _events(self._conn, self._known_at)
            found = self._made[key] = self._facts(key, row, self._events.get(key, ()))
        return found

    def __iter__(self) -> Iterator[Key]:
        """Their identities."""
        return iter((*self._rows, *self._epics))

    def __len__(self) -> int:
        """How many there are."""
        return len(self._rows) + len(self._epics)

    def __contains__(self, key: object) -> bool:
        """Whether it was there."""
        return key in self._rows or key in self._epics

    @cached_property
    def _rows(self) -> dict[Key, Any]:
        return _rows(self._conn, self._as_of, self._known_at)

    def boards(self) -> Iterator[tuple[Key, str]]:
        """The board that each sprint came from, without putting anything together."""
        for key, row in self._rows.items():
            if key[1] is MilestoneKind.SPRINT and row.scope_id:
                yield key, row.scope_id

    def find(self, *texts: str) -> tuple["Named", ...]:
        """What each text stands for, as `find` tells it; only what matches is put together."""
        found: dict[str, Named] = {}
        if 0 < len(texts) <= FEW:
            by_text = _by_text(self._called(texts))
            for text in texts:
                keys = _exact(by_text, text)
                if keys:
                    found[text] = Named(text, tuple(self[key] for key in keys))
        for text in texts:
            if text not in found:
                if self._by_text is None:
                    self._by_text = self._texts()
                found[text] = _named(self, text, *_matching(self._by_text, text))
        return tuple(self._or_epics(found[text]) for text in texts)

    def _called(self, texts: Iterable[str]) -> list[MilestoneFacts]:
        """Milestones that are called so now, or ever were: among them all that were so then."""
        words = {one for text in texts for one in (text, text.strip())}
        names = {word[at:] for word in words for at in _after_colons(word)}
        c = schema.milestone_date_event.c
        told = sa.select(c.milestone_id).where(c.field == "name", c.new.in_(names))
        ids = set(self._conn.scalars(told)) if names else set()
        rows = _rows(self._conn, self._as_of, self._known_at, names=names, ids=ids)
        events = _events(self._conn, self._known_at, rows.keys())
        for key, row in rows.items():
            if key not in self._made:
                self._made[key] = self._facts(key, row, events.get(key, ()))
        return [self._made[key] for key in rows]

    def _or_epics(self, named: "Named") -> "Named":
        """What nothing else is called may be an epic, by its key or title."""
        from sync.ledger import epics

        if named.matches:
            return named
        found = epics.called(self._conn, (named.text,), self._as_of, self._known_at, now=False).get(
            named.text, ()
        )
        self._epics.update((one.key, one) for one in found)
        return replace(named, matches=found) if found else named

    def with_epics(self, keys: Iterable[Key]) -> None:
        """Know these epics too, as far as they are there."""
        from sync.ledger import epics

        missing = [(key[0], key[2]) for key in keys if key not in self]
        if missing:
            self._epics.update(
                epics.facts_of(self._conn, missing, self._as_of, self._known_at, now=False)
            )

    def _texts(self) -> dict[str, list[Key]]:
        """What each text names, without putting anything together."""
        names = _names(self._conn, self._as_of, self._known_at)
        found: dict[str, list[Key]] = {}
        for key, row in self._rows.items():
            name = names.get(key, row.name) or key[2]
            project = self._project_key(key, row)
            for text in {name, f"{project}:{name}" if project else name}:
                found.setdefault(text, []).append(key)
        return found

    def _project_key(self, key: Key, row: Any) -> str | None:
        return self._project_keys.get((key[0], key[1] is MilestoneKind.SPRINT, row.scope_id))

    def _facts(self, key: Key, row: Any, events: Sequence[Observed]) -> MilestoneFacts:
        values = _values(row, events, self._as_of)
        first_seen_at = read_instant(row.first_seen_at)
        return MilestoneFacts(
            connection_id=key[0],
            connection=self._connections[key[0]],
            kind=key[1],
            source_id=key[2],
            name=values["name"] or key[2],
            state=MilestoneState(values["state"] or MilestoneState.UNKNOWN),
            scope_id=row.scope_id,
            project_key=self._project_key(key, row),
            start_date=_date(values["start_date"]),
            due_date=_date(values["due_date"]),
            started_at=_instant(values["started_at"]),
            finished_at=_instant(values["finished_at"]),
            url=row.url,
            first_seen_at=first_seen_at,
            observed=tuple(one for one in events if one.observed_at <= self._as_of),
            unseen=first_seen_at > self._as_of,
        )


def at(conn: sa.Connection, as_of: datetime, known_at: datetime) -> dict[Key, MilestoneFacts]:
    """All milestones that were there at `as_of`, by what was known at `known_at` (both UTC)."""
    return dict(Milestones(conn, as_of, known_at))


_FIELDS = ("name", "state", "start_date", "due_date", "started_at", "finished_at")
#: As many names are looked up in the database; for more, all are read.
FEW = 1_000


def _rows(
    conn: sa.Connection,
    as_of: datetime,
    known_at: datetime,
    *,
    names: Collection[str] | None = None,
    ids: Collection[str] = (),
) -> dict[Key, Any]:
    """Rows as the driver gives them: instants and dates of most are never looked at.

    Where `names` are given: of milestones that are called so now, or have one of these ids.
    """
    c = past.at(schema.milestone, known_at).c
    plain = ("connection_id", "kind", "source_id", "name", "state", "scope_id", "url")
    timed = ("start_date", "due_date", "started_at", "finished_at", "first_seen_at")
    rows = conn.execute(
        sa.select(
            *(c[name] for name in plain),
            *(sa.type_coerce(c[name], NullType()).label(name) for name in timed),
        )
        .where(sa.or_(c.gone_at.is_(None), c.gone_at > as_of))
        .where(sa.true() if names is None else sa.or_(c.name.in_(names), c.source_id.in_(ids)))
    )
    return {(row[0], MilestoneKind(row[1]), row[2]): row for row in rows}


def _values(row: Any, events: Sequence[Observed], as_of: datetime) -> dict[str, str | None]:
    """The row's values with what was observed after the instant undone."""
    values: dict[str, str | None] = {
        "name": row.name,
        "state": row.state,
        **{name: _iso(_read_date(getattr(row, name))) for name in ("start_date", "due_date")},
        **{name: _iso(_read_instant(getattr(row, name))) for name in ("started_at", "finished_at")},
    }
    for name in _FIELDS:
        mine = [one for one in events if one.field == name]
        before = [one for one in mine if one.observed_at <= as_of]
        if before:
            values[name] = before[-1].new
        elif mine:
            # Not seen at that instant yet: the first sight stands for it, and `unseen` says so.
            values[name] = mine[0].new
    return values


def _read_instant(value: Any) -> datetime | None:
    """An instant as the driver gives it."""
    return None if value is None else read_instant(value)


def _read_date(value: Any) -> date | None:
    """A date as the driver gives it."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _iso(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _names(conn: sa.Connection, as_of: datetime, known_at: datetime) -> dict[Key, str | None]:
    """Names at an instant of those whose name was observed; before the first sight its name."""
    c = schema.milestone_date_event.c
    rows = conn.execute(
        sa.select(c.connection_id, c.milestone_kind, c.milestone_id, c.new, c.observed_at <= as_of)
        .where(c.field == "name", _known(c, known_at))
        .order_by(c.observed_at, c.known_from)
    )
    found: dict[Key, str | None] = {}
    for connection_id, kind, id_, name, is_before in rows:
        key = (connection_id, MilestoneKind(kind), id_)
        if is_before or key not in found:
            found[key] = name
    return found


def _known(c: Any, known_at: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(c.known_from <= known_at, sa.or_(c.known_to.is_(None), c.known_to > known_at))


def _events(
    conn: sa.Connection, known_at: datetime, keys: Collection[Key] | None = None
) -> dict[Key, list[Observed]]:
    """Events of all milestones, or of these at least."""
    c = schema.milestone_date_event.c
    chosen = [_known(c, known_at), c.field.in_(_FIELDS)]
    if keys is not None:
        chosen += [
            c.connection_id.in_({key[0] for key in keys}),
            c.milestone_kind.in_({key[1].value for key in keys}),
            c.milestone_id.in_({key[2] for key in keys}),
        ]
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
        .where(*chosen)
        .order_by(c.observed_at, c.known_from)
    )
    found: dict[Key, list[Observed]] = {}
    for row in rows:
        key = (row[0], MilestoneKind(row[1]), row[2])
        found.setdefault(key, []).append(Observed(*row[3:]))
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


#: At most so many names that look alike are told.
CLOSE = 3


def find(milestones: Iterable[MilestoneFacts], text: str) -> Named:
    """Milestones called `text`: a name, or `PROJECT:name`; small letters only break no tie.

    More than one match is an ambiguity that the caller shows; nothing is chosen silently.
    """
    by_key = {one.key: one for one in milestones}
    return _named(by_key, text, *_matching(_by_text(by_key.values()), text))


def _by_text(milestones: Iterable[MilestoneFacts]) -> dict[str, list[Key]]:
    found: dict[str, list[Key]] = {}
    for one in milestones:
        for name in {one.name, one.line}:
            found.setdefault(name, []).append(one.key)
    return found


def _named(
    known: Mapping[Key, MilestoneFacts], text: str, keys: Iterable[Key], close: Iterable[Key]
) -> Named:
    lines = dict.fromkeys(known[key].line for key in close)
    return Named(text, tuple(known[key] for key in keys), tuple(lines)[:CLOSE])


def _matching(by_text: Mapping[str, list[Key]], text: str) -> tuple[list[Key], list[Key]]:
    """What a text names, or else what is named alike."""
    exact = _exact(by_text, text)
    if exact:
        return exact, []
    folded = text.strip().casefold()
    alike = [name for name in by_text if name.casefold() == folded]
    matches = list(dict.fromkeys(key for name in alike for key in by_text[name]))
    if matches:
        return matches, []
    close = get_close_matches(text, sorted(by_text), n=CLOSE, cutoff=0.5)
    return [], [key for name in close for key in by_text[name]]


def _exact(by_text: Mapping[str, list[Key]], text: str) -> list[Key]:
    """What is called just so."""
    return by_text.get(text) or by_text.get(text.strip()) or []


def _after_colons(text: str) -> Iterator[int]:
    """Where a name may begin in `PROJECT:name`."""
    yield 0
    yield from (at + 1 for at, one in enumerate(text) if one == ":")
