"""All rows of a store into another, empty one, of the same or the other kind; held against it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import sqlalchemy as sa

from sync.errors import StoreError, UsageError
from sync.store import bulk, schema
from sync.store.open import Store
from sync.store.trouble import translated

#: Rows that are on their way at once.
CHUNK = 5_000
_WHOLE = 1 << 128
#: Indexes of a table that are no key: their names, and what makes them.
_SQLITE_INDEXES = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
)
_INDEXES = (
    "SELECT relname, pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON oid = indexrelid "
    "WHERE indrelid = CAST(%s AS text)::regclass "
    "AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)"
)
#: References of a table to others: their names, and what they say.
_REFERENCES = (
    "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE conrelid = CAST(%s AS text)::regclass AND contype = 'f'"
)


@dataclass(frozen=True, slots=True)
class Copied:
    """A table that was copied."""

    table: str
    rows: int


def copy(source: Store, target: Store, tell: Callable[[Copied], None]) -> tuple[Copied, ...]:
    """Copy every table in one transaction, and compare what arrived with what left, row by row.

    `source` is read as it stands at one instant, also while others write to it. `tell` hears of
    each table when it is done. Raises UsageError where `target` holds rows, StoreError where a row
    did not arrive as it left; `target` is empty then.
    """
    done = []
    with source.reading() as reading, translated(target.url_shown), target.writing() as writing:
        if source.dialect == "sqlite":
            # From here on one state is seen.
            reading.exec_driver_sql("SELECT 1 FROM store_info").fetchall()
        _check_empty(writing, target.url_shown)
        for table in schema.metadata.sorted_tables:
            rows, left = _table(reading, writing, table)
            arrived = table_sum(writing, table)
            if arrived != (rows, left):
                raise StoreError(
                    f"the rows of {table.name} did not arrive as they left",
                    where=target.url_shown,
                    todo="Nothing was kept there. Please report it.",
                )
            done.append(Copied(table.name, rows))
            tell(done[-1])
        if target.dialect == "postgresql":
            _count_on(writing)
            # Until the server looks by itself, it would plan as for empty tables.
            writing.exec_driver_sql("ANALYZE")
    return tuple(done)


def _check_empty(conn: sa.Connection, where: str) -> None:
    for table in schema.metadata.sorted_tables:
        if table is schema.store_info:
            continue
        if conn.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None:
            raise UsageError(
                f"the store there holds rows already (in {table.name})",
                where=where,
                todo="Name an empty database or a file that does not exist yet.",
            )


def _table(reading: sa.Connection, writing: sa.Connection, table: sa.Table) -> tuple[int, int]:
    """Copy one; how many rows, and their sum."""
    columns = _columns(table)
    write = _writing_to(writing, table, columns)
    rows, total, later = 0, 0, None
    for chunk in chunks(reading, table, columns):
        if rows and later is None:
            # It is a large one, of which the beginning was written as it stood.
            later = _bare(writing, table)
        write(chunk)
        rows, total = rows + len(chunk), total + _sum_of(chunk)
    for statement in later or ():
        writing.exec_driver_sql(statement)
    return rows, total % _WHOLE


def _writing_to(
    conn: sa.Connection, table: sa.Table, columns: tuple[str, ...]
) -> Callable[[list[tuple[Any, ...]]], object]:
    """What writes rows into an empty table, in the fastest manner of its database."""
    # A new store has said already what it is.
    update = ("value",) if table is schema.store_info else None
    if update is not None or conn.dialect.name == "sqlite":
        return partial(bulk.upsert(conn.dialect.name, table, columns, update).run, conn)
    return partial(bulk.Copy(table, columns).run, conn)


def _bare(conn: sa.Connection, table: sa.Table) -> list[str]:
    """Take away what is dearer for each row than once for all; statements that bring it back."""
    name = bulk.quoted(table.name)
    if conn.dialect.name == "sqlite":
        indexes = [(one, sql) for one, sql in conn.exec_driver_sql(_SQLITE_INDEXES, (table.name,))]
        references: list[tuple[str, str]] = []
    else:
        indexes = [(one, sql) for one, sql in conn.exec_driver_sql(_INDEXES, (table.name,))]
        found = conn.exec_driver_sql(_REFERENCES, (table.name,))
        references = [(one, told) for one, told in found]
    for one, _ in indexes:
        conn.exec_driver_sql(f"DROP INDEX {bulk.quoted(one)}")
    for one, _ in references:
        conn.exec_driver_sql(f"ALTER TABLE {name} DROP CONSTRAINT {bulk.quoted(one)}")
    return [sql for _, sql in indexes] + [
        f"ALTER TABLE {name} ADD CONSTRAINT {bulk.quoted(one)} {told}" for one, told in references
    ]


def table_sum(conn: sa.Connection, table: sa.Table) -> tuple[int, int]:
    """How many rows a table has, and a sum of them that is the same in any order."""
    rows, total = 0, 0
    for chunk in chunks(conn, table, _columns(table)):
        rows, total = rows + len(chunk), total + _sum_of(chunk)
    return rows, total % _WHOLE


def _columns(table: sa.Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


def chunks(
    conn: sa.Connection, table: sa.Table, columns: tuple[str, ...]
) -> Iterator[list[tuple[Any, ...]]]:
    """All rows of a table, in Python's form, by the chunk; a new store says itself what it is."""
    names = ", ".join(bulk.quoted(name) for name in columns)
    # Which views a store has is its own affair: they are made for its kind of database.
    such = " WHERE name <> 'views'" if table is schema.store_info else ""
    query = f"SELECT {names} FROM {bulk.quoted(table.name)}{such}"  # noqa: S608  # names of our own
    # A cursor of the server's: the rows of a large table do not fit into memory.
    result = conn.exec_driver_sql(
        query, execution_options={"stream_results": True, "yield_per": CHUNK}
    )
    try:
        for part in result.partitions(CHUNK):
            yield bulk.decoded(conn.dialect.name, table, columns, [tuple(row) for row in part])
    finally:
        result.close()


def _sum_of(rows: Sequence[tuple[Any, ...]]) -> int:
    """The same for the same rows in any order."""
    total = 0
    for row in rows:
        text = orjson.dumps(row, default=_plain, option=orjson.OPT_SORT_KEYS)
        total += int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big")
    return total % _WHOLE


def _plain(value: Any) -> Any:
    return bytes(value).hex()


def _count_on(conn: sa.Connection) -> None:
    """Numbers that the server gives out go on behind those that were copied."""
    for table in schema.metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None or column.foreign_keys:
            continue
        sequence = conn.execute(
            sa.select(sa.func.pg_get_serial_sequence(table.name, column.name))
        ).scalar()
        highest = conn.execute(sa.select(sa.func.max(column))).scalar()
        if sequence is not None and highest is not None:
            conn.execute(sa.select(sa.func.setval(sequence, highest)))
