"""Records with sensible values, and everything a store holds, for tests of stores."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy.engine import make_url

from mappings.records import FieldEvent, Link, Links, WorkItem
from mappings.vocabulary import EventField, ItemType, LinkKind, StatusCategory
from sync.store import schema
from sync.store.open import Store
from sync.store.writer import Writer

#: The instant tests begin at.
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Raw:
    """A raw record as a connector makes it."""

    source_id: str
    payload: bytes = b"{}"
    stream: str = "issues"
    updated_at: datetime | None = None
    shape: int = 1


def at(minutes: float) -> datetime:
    """So many minutes after the beginning."""
    return START + timedelta(minutes=minutes)


def item(source_id: str, **changes: Any) -> WorkItem:
    """A work item, plain but for what is said."""
    plain = WorkItem(
        source_id=source_id,
        key=f"APO-{source_id}",
        scope_id="10000",
        item_type=ItemType.TASK,
        raw_type="Task",
        status_category=StatusCategory.TODO,
        raw_status="To Do",
        raw_status_id="1",
        title=f"Item {source_id}",
        created_at=START,
        updated_at=START,
    )
    return replace(plain, **changes)


def event(source_id: str, event_id: str, **changes: Any) -> FieldEvent:
    """A change of status of that item, but for what is said."""
    plain = FieldEvent(
        work_item_id=source_id,
        source_event_id=event_id,
        field=EventField.STATUS,
        raw_field="status",
        at=START,
        old_ids=("1",),
        new_ids=("2",),
        old_text="To Do",
        new_text="In Progress",
    )
    return replace(plain, **changes)


def links(source_id: str, *targets: str, **changes: Any) -> Links:
    """That item blocks those."""
    return Links(
        source_id,
        tuple(
            replace(
                Link(f"{source_id}-{target}", source_id, target, LinkKind.BLOCKS, "blocks"),
                **changes,
            )
            for target in targets
        ),
    )


def connection(store: Store, name: str = "jira") -> int:
    """Id of a new connection."""
    with store.writing() as conn:
        conn.execute(
            sa.insert(schema.connection).values(name=name, kind="jira", first_seen_at=START)
        )
        found = conn.execute(
            sa.select(schema.connection.c.id).where(schema.connection.c.name == name)
        ).scalar_one()
    return int(found)


@contextmanager
def writer(
    store: Store, connection_id: int = 1, now: datetime = START, *, is_replay: bool = False
) -> Iterator[Writer]:
    """A writer in a transaction of its own."""
    with store.writing() as conn:
        yield Writer(store, conn, connection_id, now, is_replay=is_replay)


def rows(store: Store, table: sa.Table, *columns: str) -> list[tuple[Any, ...]]:
    """All rows of a table in order of its key: the named columns, or all."""
    wanted = [table.c[name] for name in columns] if columns else list(table.c)
    with store.reading() as conn:
        found = conn.execute(sa.select(*wanted).order_by(*table.primary_key.columns))
        return [tuple(row) for row in found]


def contents(store: Store, *, leave_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Every row of every table, without the columns named in `leave_out`."""
    return {
        table.name: rows(store, table, *(c.name for c in table.c if c.name not in leave_out))
        for table in schema.metadata.sorted_tables
    }


def empty(store: Store) -> None:
    """Take every row out but what the store says about itself; the next connection has id 1."""
    with store.writing() as conn:
        for table in reversed(schema.metadata.sorted_tables):
            if table is not schema.store_info:
                conn.execute(sa.delete(table))
        conn.exec_driver_sql(
            "DELETE FROM store_info WHERE name IN ('rows_kept_since', 'forget_key')"
        )
        if store.dialect == "postgresql":
            conn.exec_driver_sql("ALTER SEQUENCE connection_id_seq RESTART")


@contextmanager
def postgres_database(server: str) -> Iterator[str]:
    """Address of a new database on that server, which goes when it is done with."""
    # Imported here: tests on SQLite alone need no driver of PostgreSQL.
    import psycopg

    name = f"driftline_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}"')
    address = make_url(server).set(drivername="postgresql+psycopg", database=name)
    try:
        yield address.render_as_string(hide_password=False)
    finally:
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
