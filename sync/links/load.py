"""What links rest on, out of the store: references of changes, and the things they may name."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import RefKind, RefSource
from sync.links import keys
from sync.links.hosted import Place, address, hosted_keys
from sync.links.resolve import Change, Thing, ThingKind, World, Written
from sync.store import schema
from sync.store import tables_code as code
from sync.store.bulk import select_ids

#: Changes whose references are resolved at a time.
BATCH = 500

#: What may be the project of a tracker's key, whether there is such a project or not.
_PROJECT = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?=-[1-9])")
_SHA = re.compile(r"^[0-9a-f]{7,64}$", re.IGNORECASE)
#: An issue or change at an address: its project's path, the kind and the number.
_HOSTED = re.compile(
    r"^(?P<host>[^/]+)/(?P<path>.+?)/(?:-/)?(?P<kind>issues|pull|merge_requests)/(?P<number>[1-9]\d*)$"
)

#: Names of connections whose items a repository speaks of, by its path.
Trackers = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Referring:
    """A change with its references."""

    change: Change
    references: tuple[Written, ...]


@dataclass
class Known:
    """What is read once for all batches."""

    conn: sa.Connection
    trackers: Trackers
    #: (connection, scope id) -> path.
    places: dict[tuple[int, str], str] = field(default_factory=dict)
    #: (connection, lower-case path) -> path.
    spelled: dict[tuple[int, str], str] = field(default_factory=dict)
    hosts: dict[str, frozenset[int]] = field(default_factory=dict)
    connections: dict[str, int] = field(default_factory=dict)
    #: whether a project of this key was ever seen, by connection.
    _projects: dict[str, frozenset[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read connections, their hosts and their scopes."""
        c, s = schema.connection.c, schema.scope.c
        for one in self.conn.execute(sa.select(c.id, c.name, c.base_url).order_by(c.id)):
            self.connections[one.name] = one.id
            self._host(one.id, one.base_url)
        scopes = self.conn.execute(
            sa.select(s.connection_id, s.source_id, s.key, s.url)
            .where(s.kind != "board", s.key.is_not(None))
            .order_by(s.connection_id, s.gone_at.is_not(None).desc(), s.source_id)
        )
        for row in scopes:
            self.places[row.connection_id, row.source_id] = row.key
            self.spelled[row.connection_id, row.key.lower()] = row.key
            self._host(row.connection_id, row.url)

    def _host(self, connection_id: int, url: str | None) -> None:
        spelled = address(url or "")
        if spelled is not None:
            host = spelled.partition("/")[0]
            self.hosts[host] = self.hosts.get(host, frozenset()) | {connection_id}

    def trackers_of(self, path: str) -> frozenset[int]:
        """Connections that configuration names for a repository; empty: it names none."""
        names = next(
            (names for name, names in self.trackers.items() if name.lower() == path.lower()), ()
        )
        return frozenset(self.connections[name] for name in names if name in self.connections)

    def projects(self, wanted: Iterable[str]) -> dict[str, frozenset[int]]:
        """Connections that hold, or held, items of these projects; without unknown ones."""
        asked = set(wanted)
        for project in asked - self._projects.keys():
            held = self._with_keys(project) | self._listed.get(project, frozenset())
            self._projects[project] = held
        return {one: self._projects[one] for one in asked if self._projects[one]}

    @cached_property
    def _listed(self) -> dict[str, frozenset[int]]:
        """Connections by the keys of the projects that they list."""
        found: dict[str, frozenset[int]] = {}
        s = schema.scope.c
        for row in self.conn.execute(
            sa.select(s.connection_id, s.key).where(s.kind == "project", s.key.is_not(None))
        ):
            found[row.key] = found.get(row.key, frozenset()) | {row.connection_id}
        return found

    def _with_keys(self, project: str) -> frozenset[int]:
        """Connections with an item that has, or had, a key of this project."""
        if self.conn.dialect.name != "sqlite":
            return self._prefixes.get(project, frozenset())
        k = schema.work_item_key.c
        # Between `ABC-0` and `ABC-:` lie all keys of ABC, and an index finds the first of them.
        held = sa.exists().where(
            k.connection_id == schema.connection.c.id,
            k.key >= f"{project}-0",
            k.key < f"{project}-:",
        )
        return frozenset(self.conn.execute(sa.select(schema.connection.c.id).where(held)).scalars())

    @cached_property
    def _prefixes(self) -> dict[str, frozenset[int]]:
        """The same of all projects at once: a server's order of letters may know no such range."""
        k = schema.work_item_key.c
        prefix = sa.func.substring(k.key, "^(.+)-[0-9]+$")
        found: dict[str, frozenset[int]] = {}
        for connection_id, project in self.conn.execute(
            sa.select(k.connection_id, prefix).where(prefix.is_not(None)).distinct()
        ):
            found[project] = found.get(project, frozenset()) | {connection_id}
        return found


def referring(conn: sa.Connection, known: Known) -> Iterator[list[Referring]]:
    """Changes that are there, with what they refer to now; in batches."""
    c, a = code.change_request.c, schema.account.c
    rows = conn.execute(
        sa.select(c.connection_id, c.source_id, c.scope_id, a.is_bot)
        .select_from(code.change_request)
        .outerjoin(
            schema.account,
            sa.and_(a.connection_id == c.connection_id, a.source_id == c.author_id),
        )
        .where(c.gone_at.is_(None))
        .order_by(c.connection_id, c.source_id)
    ).all()
    by_connection: dict[int, list[Any]] = {}
    for row in rows:
        by_connection.setdefault(row.connection_id, []).append(row)
    for connection_id, mine in by_connection.items():
        for first in range(0, len(mine), BATCH):
            yield _batch(conn, known, connection_id, mine[first : first + BATCH])


def _batch(
    conn: sa.Connection,
    known: Known,
    connection_id: int,
    rows: Sequence[Any],
) -> list[Referring]:
    written: dict[str, list[Written]] = {}
    for change_id, kind, source, target, target_id, span in select_ids(
        conn,
        code.reference,
        ("change_request_id", "kind", "source", "target", "target_id", "span"),
        connection_id,
        "change_request_id",
        [row.source_id for row in rows],
        "AND known_to IS NULL",
    ):
        written.setdefault(change_id, []).append(
            Written(RefKind(kind), RefSource(source), target, target_id, span)
        )
    found = []
    for row in rows:
        path = known.places.get((connection_id, row.scope_id), "")
        found.append(
            Referring(
                Change(
                    connection_id,
                    row.source_id,
                    Place(path),
                    by_bot=bool(row.is_bot),
                    trackers=known.trackers_of(path),
                ),
                tuple(written.get(row.source_id, ())),
            )
        )
    return found


def world(conn: sa.Connection, known: Known, batch: Sequence[Referring]) -> World:
    """The things that these references may name; a few queries for all of them."""
    every = [(one.change, each) for one in batch for each in one.references]
    projects = known.projects(_projects_in(each for _, each in every))
    wanted: dict[int, set[str]] = {}
    for _, each in every:
        for key in keys.find(each.target, projects, ignore_case=each.source is RefSource.BRANCH):
            for connection_id in projects[key.project]:
                wanted.setdefault(connection_id, set()).add(key.key)
    hosted: dict[tuple[int, str], tuple[int, str]] = {}
    by_address: dict[str, tuple[int, str]] = {}
    for change, each in every:
        for name in hosted_keys(each.target, change.place):
            spelled = _spelled(known, change.connection_id, name)
            hosted[change.connection_id, name.lower()] = (change.connection_id, spelled)
        link = address(each.target)
        at = _addressed(known, link) if link is not None else None
        if link is not None and at is not None:
            by_address[link] = at
    for connection_id, name in [*hosted.values(), *by_address.values()]:
        wanted.setdefault(connection_id, set()).add(name)
    things = _things(conn, wanted)
    return World(
        projects=projects,
        by_key=_by_key(things),
        by_hosted_key={key: things[at] for key, at in hosted.items() if at in things},
        by_address={link: things[at] for link, at in by_address.items() if at in things},
        by_id=_by_id(conn, every),
        by_sha=_by_sha(conn, every),
        hosts=known.hosts,
    )


def _projects_in(references: Iterable[Written]) -> set[str]:
    """What may be a project in these texts, in the spelling of trackers."""
    found: set[str] = set()
    for one in references:
        for match in _PROJECT.findall(one.target):
            parts = match.split("_")
            # `v2_ABC-12` and `X_ABC-12`: what stands behind an underscore may be the project.
            for i in range(len(parts)):
                name = "_".join(parts[i:])
                if name:
                    found.add(name.upper() if one.source is RefSource.BRANCH else name)
    return found


def _spelled(known: Known, connection_id: int, key: str) -> str:
    """The key with its path as the host writes it."""
    path, mark, number = re.split(r"([#!])(?=\d+$)", key)
    return known.spelled.get((connection_id, path.lower()), path) + mark + number


def _addressed(known: Known, link: str) -> tuple[int, str] | None:
    """Connection and key of what stands at an address of a host of ours."""
    match = _HOSTED.match(link)
    if match is None:
        return None
    mark = "!" if match["kind"] == "merge_requests" else "#"
    for connection_id in sorted(known.hosts.get(match["host"], ())):
        parts = match["path"].split("/")
        # A host may live below a path of its own.
        for i in range(len(parts)):
            path = known.spelled.get((connection_id, "/".join(parts[i:])))
            if path is not None:
                return connection_id, f"{path}{mark}{match['number']}"
    return None


def _things(
    conn: sa.Connection, wanted: Mapping[int, Collection[str]]
) -> dict[tuple[int, str], tuple[Thing, ...]]:
    """Items and changes by connection and the key they have or had; an item goes first."""
    found: dict[tuple[int, str], list[Thing]] = {}
    tables = (
        (ThingKind.WORK_ITEM, schema.work_item_key, "work_item_id", schema.work_item),
        (
            ThingKind.CHANGE_REQUEST,
            code.change_request_key,
            "change_request_id",
            code.change_request,
        ),
    )
    for connection_id, names in sorted(wanted.items()):
        for kind, aliases, id_column, table in tables:
            pairs = select_ids(
                conn, aliases, ("key", id_column), connection_id, "key", sorted(names)
            )
            now = dict(
                select_ids(
                    conn,
                    table,
                    ("source_id", "key"),
                    connection_id,
                    "source_id",
                    sorted({id_ for _, id_ in pairs}),
                )
            )
            named: dict[str, list[Thing]] = {}
            for key, id_ in sorted(pairs):
                if id_ in now:
                    named.setdefault(key, []).append(Thing(connection_id, kind, id_, now[id_]))
            for key, mine in named.items():
                # Who has a key now goes before who had it once.
                present = [one for one in mine if one.key == key]
                if (connection_id, key) not in found:
                    found[connection_id, key] = present or mine
    return {key: tuple(each) for key, each in found.items()}


def _by_key(
    things: Mapping[tuple[int, str], tuple[Thing, ...]],
) -> dict[str, tuple[Thing, ...]]:
    found: dict[str, tuple[Thing, ...]] = {}
    for (_, key), each in sorted(things.items()):
        found[key] = (*found.get(key, ()), *each)
    return found


def _by_id(
    conn: sa.Connection, every: Sequence[tuple[Change, Written]]
) -> dict[tuple[int, str], tuple[Thing, ...]]:
    """Items by the id that a vendor declares. Ids of changes are numbers of another kind."""
    wanted: dict[int, set[str]] = {}
    for change, one in every:
        if one.target_id is not None:
            wanted.setdefault(change.connection_id, set()).add(one.target_id)
    return {
        (connection_id, id_): (Thing(connection_id, ThingKind.WORK_ITEM, id_, key),)
        for connection_id, ids in wanted.items()
        for id_, key in select_ids(
            conn, schema.work_item, ("source_id", "key"), connection_id, "source_id", sorted(ids)
        )
    }


def _by_sha(
    conn: sa.Connection, every: Sequence[tuple[Change, Written]]
) -> dict[tuple[int, str], tuple[Thing, ...]]:
    """Changes by what they landed, for shas as people write them, often short."""
    c = code.change_request.c
    found: dict[tuple[int, str], tuple[Thing, ...]] = {}
    for change, one in every:
        sha = one.target.lower()
        key = (change.connection_id, sha)
        if one.kind is not RefKind.REVERTS or key in found or not _SHA.match(sha):
            continue
        rows = conn.execute(
            sa.select(c.source_id, c.key)
            .where(
                c.connection_id == change.connection_id,
                c.landed_sha >= sha,
                c.landed_sha < sha + "g",
                c.source_id != change.source_id,
            )
            .order_by(c.source_id)
        ).all()
        if len(rows) == 1:
            (row,) = rows
            found[key] = (
                Thing(change.connection_id, ThingKind.CHANGE_REQUEST, row.source_id, row.key),
            )
    return found
