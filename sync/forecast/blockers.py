"""Who waits for whom, out of the store: links of all systems, by what was known at an instant.

Every claim is read with a few queries for the whole store, whatever its size. A link that was first
seen later, or withdrawn by then, does not count; since when a link is true in the world no vendor
tells, so what was not known then is not known of then.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from mappings.vocabulary import LinkKind, StatusCategory
from sync.forecast.graph import Dependency, Graph, Item, Standing, graph
from sync.store import schema
from sync.store.tables_judged import change_link

#: How far a claim over something else than a link of the vendor may be trusted.
OVER_PARTS, OVER_CHANGES = 0.9, 0.6

_OVER = frozenset({StatusCategory.DONE.value, StatusCategory.CANCELLED.value})
#: Why a row is gone that no longer exists anywhere.
_DELETED = "deleted"
_CHANGE = "change_request"
_WORKING = (LinkKind.IMPLEMENTS.value, LinkKind.CLOSES.value)


@dataclass(frozen=True, slots=True)
class Named:
    """What a person calls an item of the graph, and what restricts that."""

    key: str
    title: str
    url: str | None
    restricted: bool
    #: project or repository.
    scope_id: str


@dataclass(frozen=True, slots=True)
class Blockers:
    """The graph of the whole store, and what its items are called."""

    graph: Graph
    named: Mapping[Item, Named]

    def called(self, item: Item) -> str:
        """Its key and title; a restricted one is not named, and one that is not read says so."""
        one = self.named.get(item)
        if one is None:
            return f"{item[1]} (not read)"
        return "a restricted item" if one.restricted else f"{one.key} {one.title}".strip()


def load(
    conn: sa.Connection,
    items: sa.FromClause,
    *,
    known_at: datetime,
    same: Mapping[Item, Item] | None = None,
) -> Blockers:
    """Everything that open work waits for.

    `items`: work items as they stood (`View.items`: connection_id, id, key, title, scope_id,
    category, parent_id, restricted, url). `known_at` (UTC): the instant by which links count; for a
    state of the past the earlier of both clocks. `same`: items that are another one's mirror.
    """
    claims = [*_links(conn, known_at), *_changes(conn, known_at)]
    claims += _parts(conn, items, {one.blocker for one in claims})
    mirrors = same or {}
    claims = [_as_one(one, mirrors) for one in claims]
    ends = {end for one in claims for end in (one.blocker, one.blocked)}
    standing, named = _ends(conn, items, ends, known_at)
    return Blockers(graph(claims, standing), named)


def _as_one(one: Dependency, same: Mapping[Item, Item]) -> Dependency:
    """The claim about the items that count for their mirrors."""
    if one.blocker not in same and one.blocked not in same:
        return one
    return Dependency(
        same.get(one.blocker, one.blocker),
        same.get(one.blocked, one.blocked),
        one.method,
        one.confidence,
        one.evidence,
    )


def _links(conn: sa.Connection, known_at: datetime) -> Iterable[Dependency]:
    """What the vendors call a dependency."""
    c = schema.link.c
    rows = conn.execute(
        sa.select(c.connection_id, c.from_id, c.to_id, c.kind, c.raw_kind, c.method, c.confidence)
        .where(
            c.kind.in_((LinkKind.BLOCKS.value, LinkKind.DEPENDS_ON.value)),
            c.first_seen_at <= known_at,
            sa.or_(c.withdrawn_at.is_(None), c.withdrawn_at > known_at),
        )
        .distinct()
    )
    for row in rows:
        start, end = (row.connection_id, row.from_id), (row.connection_id, row.to_id)
        if row.kind == LinkKind.DEPENDS_ON.value:
            start, end = end, start
        yield Dependency(start, end, row.method, row.confidence, row.raw_kind)


def _changes(conn: sa.Connection, known_at: datetime) -> Iterable[Dependency]:
    """Items whose change says that it waits for an item, or for another change: for its items."""
    c = change_link.c
    known = sa.and_(
        c.first_seen_at <= known_at,
        sa.or_(c.withdrawn_at.is_(None), c.withdrawn_at > known_at),
        ~c.ambiguous,
    )
    waits = conn.execute(
        sa.select(
            c.from_connection_id,
            c.from_id,
            c.to_connection_id,
            c.to_id,
            c.to_kind,
            c.evidence,
            c.confidence,
        ).where(c.kind == LinkKind.DEPENDS_ON.value, known)
    ).all()
    if not waits:
        return
    ends = {(row.from_connection_id, row.from_id) for row in waits}
    ends |= {(row.to_connection_id, row.to_id) for row in waits if row.to_kind == _CHANGE}
    work: dict[Item, list[Item]] = {}
    worked_on = conn.execute(
        sa.select(c.from_connection_id, c.from_id, c.to_connection_id, c.to_id)
        .where(c.to_kind == "work_item", c.kind.in_(_WORKING), known)
        .distinct()
    )
    for one in worked_on:
        if (one.from_connection_id, one.from_id) in ends:
            work.setdefault((one.from_connection_id, one.from_id), []).append(
                (one.to_connection_id, one.to_id)
            )
    for row in waits:
        for blocked in work.get((row.from_connection_id, row.from_id), ()):
            named = (row.to_connection_id, row.to_id)
            for blocker in work.get(named, ()) if row.to_kind == _CHANGE else (named,):
                if blocker != blocked:
                    trust = min(OVER_CHANGES, row.confidence)
                    yield Dependency(blocker, blocked, "change", trust, row.evidence)


def _parts(
    conn: sa.Connection, items: sa.FromClause, blockers: Iterable[Item]
) -> Iterable[Dependency]:
    """Sub-issues of what somebody waits for: it is not done before they are, at any depth."""
    i = items.c
    level = set(blockers)
    seen = set(level)
    # A circle of parents ends: no item is asked for twice.
    while level:
        below: set[Item] = set()
        by_connection: dict[int, list[str]] = {}
        for connection_id, id_ in sorted(level):
            by_connection.setdefault(connection_id, []).append(id_)
        for connection_id, ids in by_connection.items():
            for start in range(0, len(ids), 500):
                rows = conn.execute(
                    sa.select(i.id, i.parent_id).where(
                        i.connection_id == connection_id,
                        i.parent_id.in_(ids[start : start + 500]),
                    )
                )
                for row in rows:
                    child, parent = (connection_id, row.id), (connection_id, row.parent_id)
                    yield Dependency(child, parent, "sub_issue", OVER_PARTS, "part of it")
                    below.add(child)
        level = below - seen
        seen |= below


def _ends(
    conn: sa.Connection, items: sa.FromClause, ends: Iterable[Item], known_at: datetime
) -> tuple[dict[Item, Standing], dict[Item, Named]]:
    i = items.c
    standing: dict[Item, Standing] = {}
    named: dict[Item, Named] = {}
    by_connection: dict[int, list[str]] = {}
    for connection_id, id_ in sorted(set(ends)):
        if connection_id:
            by_connection.setdefault(connection_id, []).append(id_)
    for connection_id, ids in by_connection.items():
        for start in range(0, len(ids), 500):
            part = ids[start : start + 500]
            rows = conn.execute(
                sa.select(i.id, i.key, i.title, i.scope_id, i.category, i.restricted, i.url).where(
                    i.connection_id == connection_id, i.id.in_(part)
                )
            )
            for row in rows:
                item = (connection_id, row.id)
                standing[item] = _standing(row.category)
                named[item] = Named(row.key, row.title, row.url, bool(row.restricted), row.scope_id)
            w = schema.work_item.c
            missing = [one for one in part if (connection_id, one) not in standing]
            gone = conn.execute(
                sa.select(w.source_id).where(
                    w.connection_id == connection_id,
                    w.source_id.in_(missing),
                    w.gone_reason == _DELETED,
                    w.gone_at <= known_at,
                )
            )
            standing.update(((connection_id, one), Standing.GONE) for one in gone.scalars())
    return standing, named


def _standing(category: str) -> Standing:
    if category in _OVER:
        return Standing.OVER
    return Standing.UNKNOWN if category == StatusCategory.UNKNOWN.value else Standing.OPEN
