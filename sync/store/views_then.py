"""A view as it read at an instant: its own definition over the rows that were known then.

Tables of the same names stand in front of the stored ones, so that no view is written twice.
"""

import re
from datetime import UTC, datetime

import sqlalchemy as sa

from sync.errors import UsageError
from sync.store import schema
from sync.store.bulk import quoted
from sync.store.types import to_sqlite
from sync.store.view import View

#: Rows that are written once, and the column that says when.
_ONCE = {
    "baseline": "created_at",
    "code_commit": "first_seen_at",
    "mass_edit_confirmation": "confirmed_at",
    "reconcile_run": "at",
    "sync_step": "finished_at",
    "work_item_key": "first_seen_at",
    "change_request_key": "first_seen_at",
}
#: Rows of other rows that are written once.
_WITH_OTHERS = frozenset({"baseline_item"})
#: Columns that end a row: an end learnt later had not come.
_ENDS = ("known_to", "withdrawn_at")
#: Columns that say when a row began to be known.
_BEGINS = ("known_from", "first_seen_at", "recorded_at")
#: What else is told with an end.
_TOLD_WITH_IT = {
    "scope_agreement": ("withdrawn_by", "withdrawn_reason"),
    "scope_hold": ("reason",),
    "evidence_upload": ("removed_by", "removed_reason"),
}


def view_then(view: View, known_at: datetime, dialect: str) -> str:
    """SQL that gives the view's rows as known at an instant (UTC).

    Raises UsageError where it rests on rows whose former values are not kept.
    """
    when = _literal(known_at, dialect)
    own = " ".join(view.sql.split())
    tables = [
        table
        for name, table in sorted(schema.metadata.tables.items())
        if re.search(rf"\b{name}\b", own)
    ]
    parts = []
    for table in tables:
        rows = _rows(table, when, dialect)
        if rows is None:
            raise UsageError(
                f"{view.name} cannot be told as it was known then: of {table.name} only the "
                "present is kept",
                where="--known-at",
                todo="Leave out --known-at, or choose a view of items, milestones or their scope.",
            )
        parts.append(f"{quoted(table.name)} AS ({rows})")
    return f"WITH {', '.join(parts)} {own}"


def _literal(at: datetime, dialect: str) -> str:
    if dialect == "sqlite":
        return f"'{to_sqlite(at)}'"
    return f"TIMESTAMPTZ '{at.astimezone(UTC).isoformat()}'"


def _stored(name: str, dialect: str) -> str:
    """The stored table, where a part of the statement has its name (SQLite takes that for it)."""
    return f"main.{quoted(name)}" if dialect == "sqlite" else quoted(name)


def _rows(table: sa.Table, when: str, dialect: str) -> str | None:
    """SQL of the table's rows as known then; None: nobody knows them."""
    stored = _stored(table.name, dialect)
    if table.name in schema.PAST and table is not schema.finding:
        return _former(table, when, dialect)
    if table.name in _WITH_OTHERS:
        return f"SELECT * FROM {stored}"  # noqa: S608  # names of our own
    if table.name in _ONCE:
        return f"SELECT * FROM {stored} WHERE {_ONCE[table.name]} <= {when}"  # noqa: S608  # ours
    begins = next((one for one in _BEGINS if one in table.c), None)
    end = next((one for one in _ENDS if one in table.c), None)
    if begins is None or end is None:
        return None
    ended = (end, *_TOLD_WITH_IT.get(table.name, ()))
    columns = ", ".join(
        f"CASE WHEN {end} > {when} THEN NULL ELSE {quoted(one.name)} END AS {quoted(one.name)}"
        if one.name in ended
        else quoted(one.name)
        for one in table.columns
    )
    return f"SELECT {columns} FROM {stored} WHERE {begins} <= {when}"  # noqa: S608  # our own


def _former(table: sa.Table, when: str, dialect: str) -> str:
    past = schema.PAST[table.name].name
    names = [one.name for one in schema.PAST[table.name].columns if one.name != "known_to"]
    key = [one.name for one in table.primary_key.columns]

    def same(one: str, other: str) -> str:
        return " AND ".join(f"{one}.{quoted(name)} = {other}.{quoted(name)}" for name in key)

    # Who may see a row is a matter of today.
    stored = _stored(table.name, dialect)
    today = f"(SELECT t.restricted FROM {stored} t WHERE {same('t', 'p')})"  # noqa: S608  # ours

    def listed(alias: str) -> str:
        return ", ".join(
            f"(p.restricted OR {today}) AS restricted"
            if (alias, name) == ("p", "restricted")
            else f"{alias}.{quoted(name)}"
            for name in names
        )

    return (
        f"SELECT {listed('n')} FROM {_stored(table.name, dialect)} n "  # noqa: S608  # our names
        f"WHERE n.first_seen_at <= {when} AND NOT EXISTS (SELECT 1 FROM {past} f "
        f"WHERE {same('f', 'n')} AND f.known_to > {when}) "
        f"UNION ALL SELECT {listed('p')} FROM {past} p "
        f"WHERE p.first_seen_at <= {when} AND p.known_to > {when} AND NOT EXISTS "
        f"(SELECT 1 FROM {past} e WHERE {same('e', 'p')} AND e.known_to > {when} "
        "AND e.known_to < p.known_to)"
    )
