"""Links, what a scope holds, and data issues: sets of which only the difference is written."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from mappings.records import DataIssue, Links
from sync.store import schema
from sync.store.entities import mark_milestones_gone
from sync.store.guard import clean_row
from sync.store.page import Page

_LINK = ("from_id", "to_id", "to_key", "kind", "raw_kind", "method", "confidence")
_ISSUE = ("raw_value", "message")


def write_links(page: Page, records: Iterable[Links]) -> None:
    """The set of links each item declares; what vanished is withdrawn, not deleted."""
    for method, mine in _by_method(records, page).items():
        _write_set(page, method, mine)


def _by_method(records: Iterable[Links], page: Page) -> dict[str, dict[str, Links]]:
    groups: dict[str, dict[str, Links]] = {}
    for one in records:
        if one.work_item_id not in page.stale:
            groups.setdefault(one.method, {})[one.work_item_id] = one
    return groups


def _write_set(page: Page, method: str, mine: Mapping[str, Links]) -> None:
    known: dict[tuple[str, str], tuple[Any, ...]] = {}
    for row in page.known(
        schema.link,
        ("declared_by", "source_id", "first_seen_at", *_LINK),
        page.maybe_known(schema.link, mine),
        "AND withdrawn_at IS NULL",
        id_column="declared_by",
    ):
        if row[3 + _LINK.index("method")] == method:
            known[row[0], row[1]] = row
    fresh: dict[tuple[str, str], tuple[Any, ...]] = {}
    for id_, links in mine.items():
        for one in links.links:
            fresh[id_, one.source_id] = clean_row(
                (
                    one.from_id,
                    one.to_id,
                    one.to_key,
                    one.kind.value,
                    one.raw_kind,
                    one.method,
                    one.confidence,
                )
            )
    withdrawn = [
        (page.now, page.connection_id, *key, row[2])
        for key, row in known.items()
        if fresh.get(key) != row[3:]
    ]
    added = [
        (page.connection_id, *key, page.now, None, *row)
        for key, row in fresh.items()
        if key not in known or known[key][3:] != row
    ]
    names = ("connection_id", "declared_by", "source_id", "first_seen_at")
    page.rows += page.update(schema.link, ("withdrawn_at",), names, withdrawn)
    page.rows += page.upsert(
        schema.link, (*names, "withdrawn_at", *_LINK), ("withdrawn_at", *_LINK), added
    )


def write_scope_entities(page: Page, scope_id: str, kind: str, ids: Collection[str]) -> None:
    """The complete set of entities that a scope holds; a milestone none holds any more is gone."""
    t = schema.scope_entity.c
    held = {
        row.entity_id: row.known_from
        for row in page.conn.execute(
            sa.select(t.entity_id, t.known_from).where(
                t.connection_id == page.connection_id,
                t.scope_id == scope_id,
                t.entity_kind == kind,
                t.known_to.is_(None),
            )
        )
    }
    left = sorted(held.keys() - set(ids))
    key = ("connection_id", "scope_id", "entity_kind", "entity_id", "known_from")
    page.rows += page.update(
        schema.scope_entity,
        ("known_to",),
        key,
        [(page.now, page.connection_id, scope_id, kind, id_, held[id_]) for id_ in left],
    )
    page.rows += page.upsert(
        schema.scope_entity,
        (*key, "known_to"),
        ("known_to",),
        [
            (page.connection_id, scope_id, kind, id_, page.now, None)
            for id_ in sorted(set(ids) - held.keys())
        ],
    )
    if left:
        still = {
            row[0]
            for row in page.known(
                schema.scope_entity,
                ("entity_id",),
                left,
                f"AND known_to IS NULL AND entity_kind = '{kind}'",
                id_column="entity_id",
            )
        }
        gone = [id_ for id_ in left if id_ not in still]
        mark_milestones_gone(page, kind, gone, "left_scope")


def write_data_issues(page: Page, subjects: Collection[str], issues: Sequence[DataIssue]) -> None:
    """The issues of these subjects, as a set; of other subjects only what is new is added."""
    spoken_of = frozenset(subjects)
    known = {
        row[:3]: row
        for row in page.known(
            schema.data_issue,
            ("kind", "subject", "field", *_ISSUE, "gone_at"),
            spoken_of | {one.subject for one in issues},
            id_column="subject",
        )
    }
    fresh = {
        clean_row((one.kind, one.subject, one.field or "")): clean_row((one.raw_value, one.message))
        for one in issues
    }
    changed = [
        (page.connection_id, *key, *values, page.now, None)
        for key, values in fresh.items()
        if key not in known or known[key][3:] != (*values, None)
    ]
    over = [
        (page.now, page.connection_id, *key)
        for key, row in known.items()
        if key[1] in spoken_of and key not in fresh and row[-1] is None
    ]
    names = ("connection_id", "kind", "subject", "field")
    page.rows += page.upsert(
        schema.data_issue,
        (*names, *_ISSUE, "first_seen_at", "gone_at"),
        (*_ISSUE, "gone_at"),
        changed,
    )
    page.rows += page.update(schema.data_issue, ("gone_at",), names, over)
