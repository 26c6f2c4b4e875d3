"""Rows that are overwritten stay readable: kept before a write, and found again by an instant.

At an instant a row stood as the former row that was overwritten first after it, or else as it
stands now. What was first seen later was not there. Who may see a row is a matter of today: what is
restricted now is restricted at every instant.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from sync.errors import UsageError
from sync.store import bulk, schema
from sync.store.bulk import quoted
from sync.store.types import to_sqlite

#: Whether readers of reports may not see what a row says.
_RESTRICTED = "restricted"
#: What `store_info` calls the instant from which former rows are kept; a newer store has none.
_KEPT_SINCE = "rows_kept_since"
#: Tables whose rows a page overwrites -> column with the ids of what they are about.
_IDS = {
    "account": "source_id",
    "change_request": "source_id",
    "data_issue": "subject",
    "field": "source_id",
    "milestone": "source_id",
    "scope": "source_id",
    "status": "source_id",
    "work_item": "source_id",
}


def id_column(table: sa.Table) -> str | None:
    """Column by which `keep_ids` finds rows of this table; None: nothing of it is kept."""
    return _IDS.get(table.name)


def keep_ids(
    conn: sa.Connection, table: sa.Table, connection_id: int, ids: Collection[str], now: datetime
) -> None:
    """Keep the rows of these ids as they stand; call it before they are overwritten at `now`.

    Two writes at one instant are one: what stood before both is kept.
    """
    if not ids:
        return
    is_sqlite = conn.dialect.name == "sqlite"
    listed = sorted(set(ids))
    when: Any = to_sqlite(now) if is_sqlite else now
    wanted: Any = orjson.dumps(listed).decode() if is_sqlite else listed
    conn.exec_driver_sql(_keep_sql(conn.dialect.name, table), (when, connection_id, when, wanted))


@lru_cache(maxsize=32)
def _keep_sql(dialect: str, table: sa.Table) -> str:
    past = schema.PAST[table.name]
    names = ", ".join(quoted(one.name) for one in past.columns if one.name != "known_to")
    mark = "?" if dialect == "sqlite" else "%s"
    inside = "IN (SELECT value FROM json_each(?))" if dialect == "sqlite" else "= ANY(%s)"
    # What was written at this very instant was known for no time.
    return (
        f"INSERT INTO {quoted(past.name)} ({names}, known_to) "  # noqa: S608  # names of our own
        f"SELECT {names}, {mark if dialect == 'sqlite' else 'CAST(%s AS timestamptz)'} "
        f"FROM {quoted(table.name)} WHERE connection_id = {mark} AND first_seen_at < {mark} "
        f"AND {quoted(_IDS[table.name])} {inside} ON CONFLICT DO NOTHING"
    )


def keep(
    conn: sa.Connection, table: sa.Table, now: datetime, *such: sa.ColumnElement[bool]
) -> None:
    """Keep the rows `such` as they stand; call it before they are overwritten at `now`."""
    _keep(conn, table, sa.literal(now, schema.PAST[table.name].c.known_to.type), *such)


def keep_findings(conn: sa.Connection, run_id: int, fingerprints: Collection[str]) -> None:
    """Keep these findings as they stand; call it before this run overwrites them."""
    if fingerprints:
        mine = schema.finding.c.fingerprint.in_(sorted(fingerprints))
        _keep(conn, schema.finding, sa.literal(run_id), mine)


def _keep(conn: sa.Connection, table: sa.Table, until: Any, *such: sa.ColumnElement[bool]) -> None:
    past = schema.PAST[table.name]
    *names, last = (one.name for one in past.columns)
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    rows = sa.select(*(table.c[name] for name in names), until.label(last)).where(*such)
    conn.execute(insert(past).from_select([*names, last], rows).on_conflict_do_nothing())


# --- read -------------------------------------------------------------------------------------


def check(conn: sa.Connection, known_at: datetime) -> None:
    """Raise UsageError for an instant of which nothing is kept: before an upgrade, or pruned."""
    c = schema.store_info.c
    since = conn.execute(sa.select(c.value).where(c.name == _KEPT_SINCE)).scalar()
    if since is not None and known_at < datetime.fromisoformat(since):
        raise UsageError(
            f"what was known before {since[:10]} is not kept here any more, or never was",
            where=f"{known_at:%Y-%m-%d %H:%M} UTC",
            todo="Name a later day; --as-of goes back as far as the histories of the sources.",
        )


def kept_from(conn: sa.Connection, at: datetime) -> None:
    """From now on nothing is told of what was known before `at` (UTC): its rows are pruned."""
    c = schema.store_info.c
    held = conn.execute(sa.select(c.value).where(c.name == _KEPT_SINCE)).scalar()
    if held is None:
        conn.execute(sa.insert(schema.store_info).values(name=_KEPT_SINCE, value=at.isoformat()))
    elif datetime.fromisoformat(held) < at:
        such = c.name == _KEPT_SINCE
        conn.execute(sa.update(schema.store_info).values(value=at.isoformat()).where(such))


def at(table: sa.Table, known_at: datetime | None) -> sa.FromClause:
    """The table as it stood at an instant (UTC; None: now): something to select from.

    It has the table's columns but for `content_hash`.
    """
    if known_at is None:
        return table
    past = schema.PAST[table.name]
    names = [one.name for one in past.columns if one.name != "known_to"]
    key = [one.name for one in table.primary_key.columns]
    former, earlier = past.alias("former"), past.alias("earlier")

    def same(one: Any, other: Any) -> sa.ColumnElement[bool]:
        return sa.and_(*(one.c[name] == other.c[name] for name in key))

    stands = sa.select(*(table.c[name] for name in names)).where(
        table.c.first_seen_at <= known_at,
        ~sa.exists().where(same(former, table), former.c.known_to > known_at),
    )
    now = table.alias("now")

    def held(name: str) -> Any:
        if name != _RESTRICTED:
            return past.c[name]
        today = sa.select(now.c[name]).where(same(now, past)).scalar_subquery()
        return sa.or_(past.c[name], today).label(name)

    stood = sa.select(*(held(name) for name in names)).where(
        past.c.first_seen_at <= known_at,
        past.c.known_to > known_at,
        ~sa.exists().where(
            same(earlier, past),
            earlier.c.known_to > known_at,
            earlier.c.known_to < past.c.known_to,
        ),
    )
    # Without a name of its own: one statement may ask for a table at two instants.
    return sa.union_all(stands, stood).cte()


def select_ids(
    conn: sa.Connection,
    table: sa.Table,
    columns: tuple[str, ...],
    connection_id: int,
    ids: Collection[str],
    known_at: datetime | None,
) -> list[tuple[Any, ...]]:
    """Rows of these source ids as they stood at an instant (UTC; None: now), decoded."""
    if known_at is None:
        return bulk.select_ids(conn, table, columns, connection_id, "source_id", ids)
    ours = ("source_id", "first_seen_at")
    found = {
        row[0]: row
        for row in bulk.select_ids(conn, table, (*ours, *columns), connection_id, "source_id", ids)
    }
    place = 2 + columns.index(_RESTRICTED) if _RESTRICTED in columns else None
    until: dict[str, datetime] = {}
    for known_to, *row in bulk.select_ids(
        conn,
        schema.PAST[table.name],
        ("known_to", *ours, *columns),
        connection_id,
        "source_id",
        ids,
    ):
        id_ = row[0]
        if known_to > known_at and (id_ not in until or known_to < until[id_]):
            until[id_] = known_to
            if place is not None:
                row[place] = row[place] or found[id_][place]
            found[id_] = tuple(row)
    return [row[2:] for row in found.values() if row[1] <= known_at]


def select_all(
    conn: sa.Connection,
    table: sa.Table,
    columns: tuple[str, ...],
    connection_id: int,
    known_at: datetime | None,
) -> list[tuple[Any, ...]]:
    """The same for all rows of a connection, of a table whose rows an id alone names."""
    mine = "connection_id = %s"
    if known_at is None:
        return _rows(bulk.select_where(conn, table, columns, mine, connection_id))
    ours = ("source_id", "first_seen_at")
    found = {
        row[0]: row
        for row in _rows(bulk.select_where(conn, table, (*ours, *columns), mine, connection_id))
    }
    later = _rows(
        bulk.select_where(
            conn,
            schema.PAST[table.name],
            (*ours, *columns),
            f"{mine} AND known_to > %s ORDER BY known_to DESC",
            connection_id,
            known_at,
        )
    )
    # What was overwritten first after the instant is what stood.
    found.update((row[0], row) for row in later)
    return [row[2:] for row in found.values() if row[1] <= known_at]


def _rows(columns: list[Sequence[Any]]) -> list[tuple[Any, ...]]:
    return list(zip(*columns, strict=True))
