"""All rows of a store into another, empty one, of the same or the other kind; held against it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
    # A new store has said already what it is.
    update = ("value",) if table is schema.store_info else None
    into = bulk.upsert(writing.dialect.name, table, columns, update)
    rows, total = 0, 0
    for chunk in chunks(reading, table, columns):
        into.run(writing, chunk)
        rows, total = rows + len(chunk), total + _sum_of(chunk)
    return rows, total % _WHOLE


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
            yield bulk.decoded(conn.dialect.name, table, columns, part)
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
