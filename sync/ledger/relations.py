"""What tells where items came from and went to, out of the store: few queries for all of them."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

import sqlalchemy as sa

from mappings.vocabulary import ItemType, LinkKind
from sync.ledger.load import Container
from sync.ledger.milestones import Key
from sync.ledger.origin import Elsewhere, OriginFacts
from sync.store import schema
from sync.store.bulk import select_ids
from sync.store.tables_judged import change_link

_SPLITTING = (LinkKind.SPLITS.value, LinkKind.CLONES.value)
#: What a change says of the items it works on.
_WORKING = (LinkKind.IMPLEMENTS.value, LinkKind.CLOSES.value)
_ITEM, _CHANGE = "work_item", "change_request"

#: (connection id, change id).
_ChangeKey = tuple[int, str]


def origin_facts(
    conn: sa.Connection,
    container: Container,
    ids: Collection[str],
    *,
    as_of: datetime,
    known_at: datetime,
    end_of: Callable[[Key], datetime | None],
) -> dict[str, OriginFacts]:
    """What tells the origin and destination of these items at `as_of`, as known at `known_at`.

    `end_of`: when a milestone was finished or is due, where that is known. All instants in UTC.
    """
    wanted = [id_ for id_ in ids if id_ in container.items]
    connection_id = container.facts.connection_id
    elsewhere = _elsewhere(conn, container, wanted, as_of, known_at, end_of)
    links = _Links()
    links.read(conn, connection_id, wanted, known_at)
    defects = [id_ for id_ in wanted if container.items[id_].item_type is ItemType.DEFECT]
    links.read_over_changes(conn, connection_id, defects, known_at)
    return {
        id_: OriginFacts(
            created_at=container.items[id_].created_at,
            item_type=container.items[id_].item_type,
            priority=container.items[id_].priority,
            parent=container.history(id_).parent,
            elsewhere=tuple(elsewhere.get(id_, ())),
            split_with=frozenset(links.split.get(id_, ())),
            linked=frozenset(links.all.get(id_, ())),
            duplicates=frozenset(links.duplicates.get(id_, ())),
        )
        for id_ in wanted
    }


def _elsewhere(
    conn: sa.Connection,
    container: Container,
    ids: Collection[str],
    as_of: datetime,
    known_at: datetime,
    end_of: Callable[[Key], datetime | None],
) -> dict[str, list[Elsewhere]]:
    facts = container.facts
    found: dict[str, list[Elsewhere]] = {}
    columns = (
        "member_id",
        "milestone_kind",
        "milestone_id",
        "valid_from",
        "valid_to",
        "known_from",
        "known_to",
    )
    for id_, kind, milestone, start, end, known_from, known_to in select_ids(
        conn,
        schema.scope_membership,
        columns,
        facts.connection_id,
        "member_id",
        ids,
        f"AND member_kind = '{_ITEM}'",
    ):
        if kind != facts.kind.value or milestone == facts.source_id:
            continue
        if start > as_of or known_from > known_at or (known_to and known_to <= known_at):
            continue
        ended = end if end is not None and end <= as_of else None
        closes = end_of((facts.connection_id, facts.kind, milestone))
        found.setdefault(id_, []).append(Elsewhere(milestone, start, ended, closes))
    return found


class _Links:
    """Items by the items they are linked with."""

    def __init__(self) -> None:
        self.all: dict[str, set[str]] = {}
        self.split: dict[str, set[str]] = {}
        self.duplicates: dict[str, set[str]] = {}

    def read(
        self, conn: sa.Connection, connection_id: int, ids: Collection[str], known_at: datetime
    ) -> None:
        columns = ("from_id", "to_id", "kind", "first_seen_at", "withdrawn_at")
        for column in ("from_id", "to_id"):
            for start, end, kind, seen, withdrawn in select_ids(
                conn, schema.link, columns, connection_id, column, ids
            ):
                if seen > known_at or (withdrawn is not None and withdrawn <= known_at):
                    continue
                for one, other in ((start, end), (end, start)):
                    self.all.setdefault(one, set()).add(other)
                    if kind in _SPLITTING:
                        self.split.setdefault(one, set()).add(other)
                    elif kind == LinkKind.DUPLICATES.value:
                        self.duplicates.setdefault(one, set()).add(other)

    def read_over_changes(
        self, conn: sa.Connection, connection_id: int, ids: Collection[str], known_at: datetime
    ) -> None:
        """Items that one change speaks of together, or whose change it takes back."""
        if not ids:
            return
        c = change_link.c
        about: dict[_ChangeKey, set[str]] = {}
        for row in _known(
            conn,
            known_at,
            c.to_connection_id == connection_id,
            c.to_kind == _ITEM,
            c.to_id.in_(sorted(ids)),
        ):
            about.setdefault((row.from_connection_id, row.from_id), set()).add(row.to_id)
        reverted: dict[_ChangeKey, set[str]] = {}
        for row in _of_changes(conn, known_at, about):
            mine = about.get((row.from_connection_id, row.from_id), set())
            if row.to_kind == _CHANGE and row.kind == LinkKind.REVERTS.value:
                reverted.setdefault((row.to_connection_id, row.to_id), set()).update(mine)
            self._over(row, mine, connection_id)
        for row in _of_changes(conn, known_at, reverted):
            self._over(row, reverted.get((row.from_connection_id, row.from_id), ()), connection_id)

    def _over(
        self, row: "sa.Row[tuple[object, ...]]", items: Iterable[str], connection_id: int
    ) -> None:
        if row.to_kind == _ITEM and row.to_connection_id == connection_id and row.kind in _WORKING:
            for id_ in items:
                if id_ != row.to_id:
                    self.all.setdefault(id_, set()).add(row.to_id)


def _known(
    conn: sa.Connection, known_at: datetime, *where: sa.ColumnElement[bool]
) -> Iterable["sa.Row[tuple[object, ...]]"]:
    """Links of changes that were claimed at this instant, without those that name several items."""
    c = change_link.c
    return conn.execute(
        sa.select(
            c.from_connection_id, c.from_id, c.to_connection_id, c.to_kind, c.to_id, c.kind
        ).where(
            c.first_seen_at <= known_at,
            sa.or_(c.withdrawn_at.is_(None), c.withdrawn_at > known_at),
            c.ambiguous.is_(False),
            *where,
        )
    )


def _of_changes(
    conn: sa.Connection, known_at: datetime, changes: Collection[_ChangeKey]
) -> Iterable["sa.Row[tuple[object, ...]]"]:
    c = change_link.c
    by_connection: dict[int, list[str]] = {}
    for connection_id, id_ in changes:
        by_connection.setdefault(connection_id, []).append(id_)
    for connection_id, ids in by_connection.items():
        yield from _known(
            conn, known_at, c.from_connection_id == connection_id, c.from_id.in_(sorted(ids))
        )
