"""A place that got another name: what it holds is called by the new one, the old one stays."""

import re
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from mappings.records import Scope
from mappings.vocabulary import ScopeKind
from sync.store import schema
from sync.store.page import Page
from sync.store.tables_code import change_request, change_request_key

#: `owner/name#7`, `group/project!7`, `APO-7`: the name of the place, and the number in it.
_KEY = re.compile(r"(.+)([#!-]\d+)")
_HOLDERS = (ScopeKind.REPOSITORY, ScopeKind.PROJECT)


def known_keys(page: Page, records: Iterable[Scope]) -> dict[str, str]:
    """Keys under which these repositories and projects are stored, by source id."""
    mine = {one.source_id for one in records if one.kind in _HOLDERS}
    kinds = ", ".join(f"'{kind.value}'" for kind in _HOLDERS)
    rows = page.known(schema.scope, ("source_id", "key"), mine, f"AND kind IN ({kinds})")
    return {row[0]: row[1] for row in rows if row[1]}


def follow(page: Page, before: Mapping[str, str], records: Iterable[Scope]) -> None:
    """Call the items and changes of places whose key moved by the new one."""
    for one in records:
        if one.kind in _HOLDERS and one.key and before.get(one.source_id, one.key) != one.key:
            call_by(page, one.source_id, one.key)
            # Its layer of the mapping goes by the key: what is stored waits for a remap.
            page.update(schema.connection, ("lookups_hash",), ("id",), [(None, page.connection_id)])


def call_by(page: Page, scope_id: str, key: str) -> None:
    """Every `name#number` of this place begins with its key; others are left alone."""
    _rename(page, schema.work_item, schema.work_item_key, "work_item_id", scope_id, key)
    _rename(page, change_request, change_request_key, "change_request_id", scope_id, key)


def _rename(
    page: Page, table: sa.Table, keys: sa.Table, id_column: str, scope_id: str, key: str
) -> None:
    c = table.c
    rows = page.conn.execute(
        sa.select(c.source_id, c.key).where(
            c.connection_id == page.connection_id, c.scope_id == scope_id
        )
    )
    moved = [
        (f"{key}{found[2]}", page.connection_id, id_)
        for id_, held in rows
        if (found := _KEY.fullmatch(held)) and found[1] != key
    ]
    page.rows += page.update(table, ("key",), ("connection_id", "source_id"), moved)
    page.upsert(
        keys,
        ("connection_id", "key", id_column, "first_seen_at"),
        None,
        [(page.connection_id, called, id_, page.now) for called, _, id_ in moved],
    )
