"""Accounts, scopes, statuses, fields and milestones: written when their hash differs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from mappings.records import Account, Milestone
from mappings.vocabulary import OF_BOARD
from sync.store import schema
from sync.store.bulk import hashed
from sync.store.page import PRESENCE, Page, same

_ACCOUNT = ("source_id", "name", "login", "email", "is_bot", "active", "url")
SCOPE = ("kind", "source_id", "key", "name", "parent_id", "raw_type", "archived", "url")
STATUS = ("source_id", "raw_name", "raw_category", "category", "waits_for", "code_complete")
FIELD = ("source_id", "name", "raw_type", "role")
_MILESTONE = (
    "source_id",
    "kind",
    "name",
    "state",
    "raw_state",
    "scope_id",
    "start_date",
    "due_date",
    "started_at",
    "finished_at",
    "planned_start_at",
    "planned_end_at",
    "description",
    "url",
)
#: Columns of a milestone whose changes are kept as events.
_DATED = (
    "name",
    "state",
    "start_date",
    "due_date",
    "started_at",
    "finished_at",
    "planned_start_at",
    "planned_end_at",
)


def write_accounts(page: Page, records: Iterable[Account]) -> None:
    """Accounts; a mention without e-mail or name never blanks what is known."""
    get = attrgetter(*_ACCOUNT)
    mine: dict[str, Sequence[Any]] = {}
    last: dict[str, Account] = {}
    for one in records:
        # Most mentions of a page are the same few people in the same words.
        if last.get(one.source_id) is one:
            continue
        last[one.source_id] = one
        values: Sequence[Any] = get(one)
        before = mine.get(one.source_id)
        mine[one.source_id] = values if before is None else _filled(values, before)
    known = {row[0]: row for row in page.known(schema.account, (*_ACCOUNT, "content_hash"), mine)}
    rows = {
        id_: values if id_ not in known else _filled(values, known[id_])
        for id_, values in mine.items()
    }
    _write(page, schema.account, _ACCOUNT, rows, {i: row[-1] for i, row in known.items()})


def write_simple(
    page: Page, table: sa.Table, columns: tuple[str, ...], records: Iterable[Any]
) -> None:
    """Records whose attributes are the table's columns; one that was gone is there again."""
    get = attrgetter(*columns)
    for extra, group in _by_kind(table, records):
        mine = {one.source_id: get(one) for one in group}
        known = {
            row[0]: None if page.is_back(row[2]) else row[1]
            for row in page.known(table, ("source_id", "content_hash", "gone_at"), mine, extra)
        }
        _write(page, table, columns, mine, known)


def write_milestones(
    page: Page,
    records: Iterable[Milestone],
    *,
    sightings: bool,
    observed_after: datetime | None,
) -> None:
    """Milestones and, where dates, state or name changed, an event of it."""
    get = attrgetter(*_MILESTONE)
    for extra, group in _by_kind(schema.milestone, records):
        mine = {one.source_id: get(one) for one in group}
        known = {
            row[0]: row
            for row in page.known(
                schema.milestone, (*_MILESTONE, "content_hash", "gone_at"), mine, extra
            )
        }
        if sightings:
            mine = {id_: row for id_, row in mine.items() if id_ not in known}
        hashes = {id_: None if page.is_back(row[-1]) else row[-2] for id_, row in known.items()}
        changed = _write(page, schema.milestone, _MILESTONE, mine, hashes)
        events: list[tuple[Any, ...]] = []
        for id_, row in changed.items():
            events.extend(_dated(page, id_, row, known.get(id_), observed_after))
        key = ("connection_id", "milestone_kind", "milestone_id", "field", "known_from")
        data = ("known_to", "old", "new", "is_first", "observed_after", "observed_at", "origin")
        # Two readings at one instant are one: it keeps what was before both.
        page.rows += page.upsert(
            schema.milestone_date_event, (*key, *data), ("new", "observed_at"), events
        )


def write_listing(page: Page, kind: str, scope_id: str | None, ids: Collection[str]) -> None:
    """Of a complete listing, what it does not name is gone."""
    if kind in ("status", "field"):
        table = schema.status if kind == "status" else schema.field
        present = page.conn.execute(
            sa.select(table.c.source_id).where(
                table.c.connection_id == page.connection_id,
                table.c.gone_at.is_(None),
                # A board lists its own.
                ~table.c.source_id.startswith(OF_BOARD),
            )
        ).scalars()
        page.rows += page.update(
            table,
            ("gone_at", "gone_reason"),
            ("connection_id", "source_id"),
            [
                (page.now, "deleted", page.connection_id, id_)
                for id_ in sorted(set(present) - set(ids))
            ],
        )
        return
    m = schema.milestone.c
    present = page.conn.execute(
        sa.select(m.source_id).where(
            m.connection_id == page.connection_id,
            m.kind == kind,
            m.scope_id == scope_id,
            m.gone_at.is_(None),
        )
    ).scalars()
    mark_milestones_gone(page, kind, sorted(set(present) - set(ids)), "deleted")


def mark_milestones_gone(page: Page, kind: str, ids: Iterable[str], reason: str) -> None:
    """Milestones that are no longer there, and why."""
    page.rows += page.update(
        schema.milestone,
        ("gone_at", "gone_reason"),
        ("connection_id", "kind", "source_id"),
        [(page.now, reason, page.connection_id, kind, id_) for id_ in ids],
    )


def _write(
    page: Page,
    table: sa.Table,
    columns: tuple[str, ...],
    rows: Mapping[str, Sequence[Any]],
    known: Mapping[str, bytes | None],
) -> dict[str, Sequence[Any]]:
    """Upsert rows whose hash differs from the known one; those written."""
    changed: dict[str, Sequence[Any]] = {}
    full = []
    for id_, raw in rows.items():
        values, digest = hashed([_plain(value) for value in raw])
        if same(known.get(id_), digest):
            continue
        changed[id_] = values
        full.append((page.connection_id, *values, page.now, None, None, digest))
    keys = {column.name for column in table.primary_key.columns}
    page.rows += page.upsert(
        table,
        ("connection_id", *columns, *PRESENCE),
        (*(name for name in columns if name not in keys), *PRESENCE[1:]),
        full,
    )
    return changed


def _dated(
    page: Page,
    id_: str,
    row: Sequence[Any],
    known: Sequence[Any] | None,
    observed_after: datetime | None,
) -> Iterable[tuple[Any, ...]]:
    for name in _DATED:
        i = _MILESTONE.index(name)
        new = _iso(row[i])
        old = None if known is None else _iso(known[i])
        if known is not None and new == old:
            continue
        yield (
            page.connection_id,
            row[1],
            id_,
            name,
            page.now,
            None,
            old,
            new,
            known is None,
            None if known is None else observed_after,
            page.now,
            "observed",
        )


def _by_kind(table: sa.Table, records: Iterable[Any]) -> list[tuple[str, list[Any]]]:
    """Records in groups with the SQL that narrows to their kind, where ids are unique per kind."""
    if "kind" not in table.c:
        return [("", list(records))]
    groups: dict[str, list[Any]] = {}
    for one in records:
        groups.setdefault(one.kind.value, []).append(one)
    return [(f"AND kind = '{kind}'", group) for kind, group in groups.items()]


def _plain(value: Any) -> Any:
    return value.value if hasattr(value, "value") else value


def _filled(values: Sequence[Any], before: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(new if new is not None else old for new, old in zip(values, before, strict=False))


def _iso(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(value.isoformat())
