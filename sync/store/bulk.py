"""Many rows in one call: Core's statement, compiled once, run by the driver's own executemany.

Core's per-row bind processing costs two to three times the insert itself; values are therefore
brought into the driver's form here, column by column.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from sync.store.types import Instant, to_sqlite

Convert = Callable[[Any], Any]


def _sqlite_converter(column: sa.Column[Any]) -> Convert | None:
    kind = column.type
    if isinstance(kind, Instant):
        return lambda v: None if v is None else to_sqlite(v)
    if isinstance(kind, sa.Date):
        return lambda v: None if v is None else v.isoformat()
    if isinstance(kind, sa.JSON):
        return lambda v: None if v is None else orjson.dumps(v).decode()
    return None


def _postgres_converter(column: sa.Column[Any]) -> Convert | None:
    if isinstance(column.type, sa.JSON):
        from psycopg.types.json import Jsonb

        return lambda v: None if v is None else Jsonb(v)
    return None


class Bulk:
    """Inserts, upserts and updates of one table's columns on one dialect."""

    def __init__(
        self,
        dialect: str,
        table: sa.Table,
        columns: Sequence[str],
        *,
        update: Sequence[str] | None = None,
    ) -> None:
        """`columns` in the order of the tuples; on conflict of the primary key the columns in
        `update` are overwritten (None: the present row stays).
        """
        self.columns = tuple(columns)
        make = _sqlite_converter if dialect == "sqlite" else _postgres_converter
        pairs = [(i, make(table.c[name])) for i, name in enumerate(columns)]
        self._converters = [(i, convert) for i, convert in pairs if convert is not None]
        marks = ", ".join("?" if dialect == "sqlite" else "%s" for _ in columns)
        keys = ", ".join(column.name for column in table.primary_key.columns)
        head = f"INSERT INTO {_quoted(table.name)} ({', '.join(map(_quoted, columns))})"
        if update:
            sets = ", ".join(f"{_quoted(name)} = excluded.{_quoted(name)}" for name in update)
            tail = f"ON CONFLICT ({keys}) DO UPDATE SET {sets}"
        else:
            tail = f"ON CONFLICT ({keys}) DO NOTHING"
        self._sql = f"{head} VALUES ({marks}) {tail}"

    def run(self, conn: sa.Connection, rows: Iterable[Sequence[Any]]) -> int:
        """Write them; the number of rows handed over."""
        encoded = [self.encode(row) for row in rows]
        if encoded:
            conn.exec_driver_sql(self._sql, encoded)
        return len(encoded)

    def encode(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """The row in the driver's form."""
        values = list(row)
        for i, convert in self._converters:
            values[i] = convert(values[i])
        return tuple(values)


class BulkUpdate:
    """`UPDATE … SET … WHERE key` for many keys."""

    def __init__(
        self, dialect: str, table: sa.Table, sets: Sequence[str], keys: Sequence[str]
    ) -> None:
        """Tuples hold the values of `sets`, then those of `keys`."""
        make = _sqlite_converter if dialect == "sqlite" else _postgres_converter
        names = [*sets, *keys]
        pairs = [(i, make(table.c[name])) for i, name in enumerate(names)]
        self._converters = [(i, convert) for i, convert in pairs if convert is not None]
        mark = "?" if dialect == "sqlite" else "%s"
        assign = ", ".join(f"{_quoted(name)} = {mark}" for name in sets)
        where = " AND ".join(f"{_quoted(name)} = {mark}" for name in keys)
        self._sql = f"UPDATE {_quoted(table.name)} SET {assign} WHERE {where}"

    def run(self, conn: sa.Connection, rows: Iterable[Sequence[Any]]) -> int:
        """Write them; the number of rows handed over."""
        encoded: list[tuple[Any, ...]] = []
        for row in rows:
            values = list(row)
            for i, convert in self._converters:
                values[i] = convert(values[i])
            encoded.append(tuple(values))
        if encoded:
            conn.exec_driver_sql(self._sql, encoded)
        return len(encoded)


@lru_cache(maxsize=128)
def upsert(
    dialect: str, table: sa.Table, columns: tuple[str, ...], update: tuple[str, ...] | None
) -> Bulk:
    """The one `Bulk` for these columns."""
    return Bulk(dialect, table, columns, update=update)


@lru_cache(maxsize=128)
def updater(
    dialect: str, table: sa.Table, sets: tuple[str, ...], keys: tuple[str, ...]
) -> BulkUpdate:
    """The one `BulkUpdate` for these columns."""
    return BulkUpdate(dialect, table, sets, keys)


@lru_cache(maxsize=256)
def _select_sql(
    dialect: str, table: sa.Table, columns: tuple[str, ...], id_column: str, extra: str
) -> str:
    names = ", ".join(_quoted(name) for name in columns)
    mark = "?" if dialect == "sqlite" else "%s"
    inside = "IN (SELECT value FROM json_each(?))" if dialect == "sqlite" else "= ANY(%s)"
    return (
        f"SELECT {names} FROM {_quoted(table.name)} "
        f"WHERE connection_id = {mark} AND {_quoted(id_column)} {inside} {extra}"
    )


def select_ids(
    conn: sa.Connection,
    table: sa.Table,
    columns: tuple[str, ...],
    connection_id: int,
    id_column: str,
    ids: Collection[str],
    extra: str = "",
) -> list[tuple[Any, ...]]:
    """Rows of these ids, decoded. `extra` is SQL text of our own (`AND known_to IS NULL`)."""
    if not ids:
        return []
    dialect = conn.dialect.name
    listed = list(ids)
    parameter: Any = orjson.dumps(listed).decode() if dialect == "sqlite" else listed
    sql = _select_sql(dialect, table, columns, id_column, extra)
    rows = conn.exec_driver_sql(sql, (connection_id, parameter)).fetchall()
    decoders = _decoders(dialect, table, columns)
    if not decoders:
        return [tuple(row) for row in rows]
    out = []
    for row in rows:
        values = list(row)
        for i, decode in decoders:
            values[i] = decode(values[i])
        out.append(tuple(values))
    return out


@lru_cache(maxsize=256)
def _decoders(
    dialect: str, table: sa.Table, columns: tuple[str, ...]
) -> tuple[tuple[int, Convert], ...]:
    instance = sqlite.dialect() if dialect == "sqlite" else postgresql.dialect()
    found: list[tuple[int, Convert]] = []
    for i, name in enumerate(columns):
        kind = table.c[name].type
        if isinstance(kind, Instant):
            found.append((i, lambda v, kind=kind: kind.process_result_value(v, instance)))  # type: ignore[misc]  # default argument binds the loop variable
        elif dialect == "sqlite" and isinstance(kind, sa.Date):
            found.append((i, lambda v: None if v is None else date.fromisoformat(v)))
        elif dialect == "sqlite" and isinstance(kind, sa.JSON):
            found.append((i, lambda v: None if v is None else orjson.loads(v)))
        elif dialect == "sqlite" and isinstance(kind, sa.Boolean):
            found.append((i, lambda v: None if v is None else bool(v)))
    return tuple(found)


def row_hash(values: Iterable[Any]) -> bytes:
    """Identity of a normalized row's contents (blake2b, 16 bytes)."""
    text = orjson.dumps([*values], default=_plain, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
    return hashlib.blake2b(text, digest_size=16).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _quoted(name: str) -> str:
    """Only names of our own schema come here; some are SQL words on one dialect."""
    return f'"{name}"'
