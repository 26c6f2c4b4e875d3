"""Ids that are there and ids that are not, and a row for each time that something was gone."""

from collections.abc import Collection, Iterable, Mapping

import sqlalchemy as sa

from mappings.vocabulary import ChangeState
from sync.store.page import Page
from sync.store.rows import Fate
from sync.store.schema import scope_entity
from sync.store.tables_presence import absence

_KEY = ("connection_id", "entity_kind", "entity_id", "known_from")
_DATA = ("known_to", "reason", "to_key", "detail")


def present(conn: sa.Connection, connection_id: int, table: sa.Table, scope_id: str) -> list[str]:
    """Ids of a scope's rows of a table that are not gone."""
    return _ids(conn, connection_id, table, scope_id, table.c.gone_at.is_(None))


def buried(conn: sa.Connection, connection_id: int, table: sa.Table, scope_id: str) -> list[str]:
    """Ids of a scope's rows of a table that are gone."""
    return _ids(conn, connection_id, table, scope_id, table.c.gone_at.is_not(None))


def _ids(
    conn: sa.Connection,
    connection_id: int,
    table: sa.Table,
    scope_id: str,
    such: sa.ColumnElement[bool],
) -> list[str]:
    c = table.c
    query = sa.select(c.source_id).where(
        c.connection_id == connection_id, c.scope_id == scope_id, such
    )
    return list(conn.execute(query).scalars())


def open_ones(conn: sa.Connection, connection_id: int, table: sa.Table, scope_id: str) -> int:
    """How many items or changes of a scope are there and not closed."""
    c = table.c
    is_open = c.state == ChangeState.OPEN.value if "state" in c else c.resolved_at.is_(None)
    return conn.execute(
        sa.select(sa.func.count()).where(
            c.connection_id == connection_id, c.scope_id == scope_id, c.gone_at.is_(None), is_open
        )
    ).scalar_one()


def there(
    conn: sa.Connection, connection_id: int, table: sa.Table, *such: sa.ColumnElement[bool]
) -> set[str]:
    """Ids of a table's rows that are not gone, narrowed by `such`."""
    c = table.c
    query = sa.select(c.source_id).where(
        c.connection_id == connection_id, c.gone_at.is_(None), *such
    )
    return set(conn.execute(query).scalars())


def of_scope(conn: sa.Connection, connection_id: int, scope_id: str, kind: str) -> set[str]:
    """Entities of a kind that a scope holds now."""
    t = scope_entity.c
    query = sa.select(t.entity_id).where(
        t.connection_id == connection_id,
        t.scope_id == scope_id,
        t.entity_kind == kind,
        t.known_to.is_(None),
    )
    return set(conn.execute(query).scalars())


def went(page: Page, kind: str, gone: Mapping[str, Fate]) -> None:
    """Remember since when and why these are gone."""
    page.upsert(
        absence,
        (*_KEY, *_DATA),
        _DATA,
        [
            (page.connection_id, kind, id_, page.now, None, fate.reason, fate.to_key, fate.detail)
            for id_, fate in gone.items()
        ],
    )


def came_back(page: Page, kind: str, ids: Iterable[str]) -> None:
    """These are there again: their absence is over and stays told."""
    wanted: Collection[str] = sorted(ids)
    if not wanted:
        return
    rows = page.known(
        absence,
        ("entity_id", "known_from"),
        wanted,
        f"AND known_to IS NULL AND entity_kind = '{kind}'",
        id_column="entity_id",
    )
    page.update(
        absence,
        ("known_to",),
        _KEY,
        [(page.now, page.connection_id, kind, id_, since) for id_, since in rows],
    )
