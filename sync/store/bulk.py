"""Many rows in one call: one statement per table and dialect, run by the driver's own executemany.

Core's per-row bind processing costs two to three times the insert itself; values are therefore
brought into the driver's form here, column by column. On PostgreSQL a large batch goes through
COPY into a temporary table, which is two to three times as fast as executemany.
"""

import hashlib
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from itertools import chain, islice
from typing import Any, TypeAlias

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from sync.store.guard import clean, clean_row, clean_texts
from sync.store.types import Instant, to_sqlite

#: All values of one column, in the driver's form.
Convert = Callable[[Sequence[Any]], list[Any]]
#: The same, to Python's form.
Decode = Callable[[Sequence[Any]], list[Any]]

#: What SQL of our own is given.
Value: TypeAlias = str | int | datetime | Sequence[str]

#: Rows from which COPY pays for its three statements (PostgreSQL).
COPY_FROM = 150
#: Rows from which a statement that leaves out empty columns pays for being prepared (SQLite).
BLANK_FROM = 50
#: Rows that one statement takes where they come column by column (SQLite): narrow ones are written
#: faster by it; wide ones, which come row by row, are not. With more rows a statement touches so
#: many pages that SQLite keeps the journal of it in a file.
TOGETHER = 6


def _instants(values: Sequence[datetime | None]) -> list[str | None]:
    """As `to_sqlite` writes each, several times as fast: orjson writes all in one call."""
    first = values[0]
    if all(value is first for value in values):
        # The present of a page stands in every row of it; an open end stands in most.
        return [None if first is None else to_sqlite(first)] * len(values)
    there = [value for value in values if value is not None]
    text = orjson.dumps(there, option=orjson.OPT_UTC_Z).decode().replace("T", " ")
    # A UTC instant ends with Z and has six decimals or none; anything else is left to `to_sqlite`.
    fixed = [
        one[:26] if len(one) == 27 else f"{one[:19]}.000000" if len(one) == 20 else None
        for one in text[2:-2].split('","')
    ]
    if None in fixed:
        return [None if value is None else to_sqlite(value) for value in values]
    if len(there) == len(values):
        return fixed
    written = iter(fixed)
    return [None if value is None else next(written) for value in values]


def _sqlite_converter(column: sa.Column[Any]) -> Convert | None:
    kind = column.type
    if isinstance(kind, Instant):
        return _instants
    if isinstance(kind, sa.Date):
        return lambda values: [None if v is None else v.isoformat() for v in values]
    if isinstance(kind, sa.JSON):
        return lambda values: [None if v is None else orjson.dumps(v).decode() for v in values]
    if isinstance(kind, sa.Boolean):
        # The driver looks for an adapter of every value that is not exactly an int.
        return lambda values: [None if v is None else int(v) for v in values]
    if isinstance(kind, sa.LargeBinary):
        # Likewise; of bytes it knows the mutable ones.
        return lambda values: [None if v is None else bytearray(v) for v in values]
    return None


def _postgres_converter(column: sa.Column[Any]) -> Convert | None:
    kind = column.type
    if isinstance(kind, sa.JSON):
        from psycopg.types.json import Jsonb

        return lambda values: [None if v is None else Jsonb(v) for v in values]
    if isinstance(kind, Instant):
        return lambda values: [None if v is None else _aware(v) for v in values]
    return None


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"naive datetime {value!r} cannot be stored")
    return value


def _converters(
    dialect: str, table: sa.Table, names: Sequence[str]
) -> tuple[tuple[int, Convert], ...]:
    make = _sqlite_converter if dialect == "sqlite" else _postgres_converter
    pairs = ((i, make(table.c[name])) for i, name in enumerate(names))
    return tuple((i, convert) for i, convert in pairs if convert is not None)


def _encoded(
    rows: Iterable[Sequence[Any]], converters: tuple[tuple[int, Convert], ...]
) -> list[tuple[Any, ...]]:
    """The rows in the driver's form: turned into columns, converted, and turned back."""
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for i, convert in converters if columns else ():
        columns[i] = convert(columns[i])
    return list(zip(*columns, strict=True))


def _on_driver(conn: sa.Connection, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """The driver's own executemany inside the running transaction (SQLite)."""
    driver: Any = conn.connection.driver_connection
    try:
        driver.executemany(sql, rows)
    except sqlite3.Error as error:
        # As SQLAlchemy wraps what goes through it.
        raise DBAPIError(sql, None, error, hide_parameters=True) from error


def _copied(conn: sa.Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """The driver's COPY inside the running transaction (PostgreSQL)."""
    driver: Any = conn.connection.driver_connection
    failed: type[Exception] = conn.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(sql) as copy:
            for row in rows:
                copy.write_row(row)
    except failed as error:
        # As SQLAlchemy wraps what goes through it.
        raise DBAPIError(sql, None, error, hide_parameters=True) from error


def _blank(columns: Sequence[Sequence[Any]]) -> frozenset[int]:
    """Places of columns without any value: an empty parameter costs the driver the most."""
    count = len(columns[0])
    if count < BLANK_FROM:
        return frozenset()
    return frozenset(
        i for i, values in enumerate(columns) if values[0] is None and values.count(None) == count
    )


class Bulk:
    """Inserts and upserts of one table's columns on one dialect."""

    def __init__(
        self,
        dialect: str,
        table: sa.Table,
        columns: Sequence[str],
        *,
        update: Sequence[str] | None = None,
    ) -> None:
        """`columns` in the order of the tuples.

        On conflict of the primary key the columns in `update` are overwritten (None: the present
        row stays).
        """
        self.columns = tuple(columns)
        self._dialect = dialect
        self._converters = _converters(dialect, table, self.columns)
        key = [column.name for column in table.primary_key.columns]
        self._key = tuple(self.columns.index(name) for name in key if name in self.columns)
        named = ", ".join(map(quoted, self.columns))
        head = f"INSERT INTO {quoted(table.name)} ({named})"
        if update:
            sets = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in update)
            tail = f"ON CONFLICT ({', '.join(map(quoted, key))}) DO UPDATE SET {sets}"
        else:
            tail = f"ON CONFLICT ({', '.join(map(quoted, key))}) DO NOTHING"
        self._head, self._tail = head, tail
        self._on_sqlite: dict[tuple[frozenset[int], int], str] = {}
        self._sql = f"{head} VALUES ({', '.join(['%s'] * len(self.columns))}) {tail}"
        temporary = quoted(f"load_{table.name}_{zlib.crc32(named.encode()):08x}")
        self._prepare = (
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {temporary} "  # noqa: S608  # our own names
            f"ON COMMIT DELETE ROWS AS SELECT {named} FROM {quoted(table.name)} WITH NO DATA; "
            f"DELETE FROM {temporary}"
        )
        self._copy = f"COPY {temporary} ({named}) FROM STDIN"
        self._merge = f"{head} SELECT {named} FROM {temporary} {tail}"  # noqa: S608  # names of our own

    def run(self, conn: sa.Connection, rows: Iterable[Sequence[Any]]) -> int:
        """Write them, of rows with one key the last; the number of rows handed over."""
        return self._run(conn, list(zip(*rows, strict=True)), 1)

    def run_columns(self, conn: sa.Connection, columns: Sequence[Sequence[Any]]) -> int:
        """Write rows that are handed over as all values of each column; how many there were."""
        return self._run(conn, columns, TOGETHER)

    def _run(self, conn: sa.Connection, columns: Sequence[Sequence[Any]], together: int) -> int:
        if not columns or not columns[0]:
            return 0
        is_sqlite = self._dialect == "sqlite"
        blank = _blank(columns) if is_sqlite else frozenset()
        turned = list(columns)
        for i, convert in self._converters:
            if i not in blank:
                turned[i] = convert(turned[i])
        if is_sqlite:
            self._into_sqlite(conn, turned, blank, together)
            return len(columns[0])
        encoded = list(zip(*turned, strict=True))
        # One order for all writers, so that two of them cannot wait for each other.
        by_key = {tuple(row[i] for i in self._key): row for row in encoded}
        ordered = [by_key[key] for key in sorted(by_key)]
        if len(ordered) < COPY_FROM:
            conn.exec_driver_sql(self._sql, ordered)
        else:
            self._through_copy(conn, ordered)
        return len(encoded)

    def _into_sqlite(
        self,
        conn: sa.Connection,
        columns: Sequence[Sequence[Any]],
        blank: frozenset[int],
        together: int,
    ) -> None:
        given = [values for i, values in enumerate(columns) if i not in blank]
        rows = zip(*given, strict=True)
        count = len(given[0])
        if in_full := count - count % together if together > 1 else 0:
            values = chain.from_iterable(islice(rows, in_full))
            # One iterator so many times: each tuple takes the values of as many rows.
            bundles = zip(*[values] * (together * len(given)), strict=True)
            _on_driver(conn, self._sqlite(blank, together), bundles)
        if in_full < count:
            _on_driver(conn, self._sqlite(blank, 1), rows)

    def _sqlite(self, blank: frozenset[int], together: int) -> str:
        """The statement for so many rows, of which these columns are empty."""
        if (blank, together) not in self._on_sqlite:
            marks = ["NULL" if i in blank else "?" for i in range(len(self.columns))]
            row = f"({', '.join(marks)})"
            sql = f"{self._head} VALUES {', '.join([row] * together)} {self._tail}"
            self._on_sqlite[blank, together] = sql
        return self._on_sqlite[blank, together]

    def _through_copy(self, conn: sa.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        conn.exec_driver_sql(self._prepare)
        _copied(conn, self._copy, rows)
        conn.exec_driver_sql(self._merge)


class Copy:
    """Rows of one table's columns that are known to be new, by COPY alone (PostgreSQL)."""

    def __init__(self, table: sa.Table, columns: Sequence[str]) -> None:
        """`columns` in the order of the tuples."""
        self._converters = _converters("postgresql", table, columns)
        named = ", ".join(map(quoted, columns))
        self._copy = f"COPY {quoted(table.name)} ({named}) FROM STDIN"

    def run(self, conn: sa.Connection, rows: Iterable[Sequence[Any]]) -> None:
        """Write them. Raises DBAPIError where one of them is there already."""
        _copied(conn, self._copy, _encoded(rows, self._converters))


class BulkUpdate:
    """`UPDATE … SET … WHERE key` for many keys."""

    def __init__(
        self, dialect: str, table: sa.Table, sets: Sequence[str], keys: Sequence[str]
    ) -> None:
        """Tuples hold the values of `sets`, then those of `keys`."""
        self._converters = _converters(dialect, table, [*sets, *keys])
        mark = "?" if dialect == "sqlite" else "%s"
        assign = ", ".join(f"{quoted(name)} = {mark}" for name in sets)
        where = " AND ".join(f"{quoted(name)} = {mark}" for name in keys)
        self._sql = f"UPDATE {quoted(table.name)} SET {assign} WHERE {where}"  # noqa: S608  # our own names

    def run(self, conn: sa.Connection, rows: Iterable[Sequence[Any]]) -> int:
        """Write them; the number of rows handed over."""
        encoded = _encoded(rows, self._converters)
        if encoded and conn.dialect.name == "sqlite":
            _on_driver(conn, self._sql, encoded)
        elif encoded:
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
    names = ", ".join(quoted(one) if one.isidentifier() else one for one in columns)
    mark = "?" if dialect == "sqlite" else "%s"
    inside = "IN (SELECT value FROM json_each(?))" if dialect == "sqlite" else "= ANY(%s)"
    return (
        f"SELECT {names} FROM {quoted(table.name)} "  # noqa: S608  # names and texts of our own
        f"WHERE connection_id = {mark} AND {quoted(id_column)} {inside} {extra.replace('%s', mark)}"
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
    found = select_raw(conn, table, columns, connection_id, id_column, ids, extra)
    return decoded(conn.dialect.name, table, columns, found)


def select_columns(
    conn: sa.Connection,
    table: sa.Table,
    columns: tuple[str, ...],
    connection_id: int,
    id_column: str,
    ids: Collection[str],
    extra: str = "",
    *values: Value,
) -> list[Sequence[Any]]:
    """The same rows as `select_ids` gives, turned: all values of each column, decoded.

    `extra` has a `%s` for each of `values`; for a list, what `among` gives.
    """
    found = select_raw(conn, table, columns, connection_id, id_column, ids, extra, *values)
    return _turned(conn.dialect.name, table, columns, found)


def select_raw(
    conn: sa.Connection,
    table: sa.Table,
    columns: tuple[str, ...],
    connection_id: int,
    id_column: str,
    ids: Collection[str],
    extra: str = "",
    *values: Value,
) -> list[tuple[Any, ...]]:
    """The same rows as the driver gives them: for many of which few values are looked at.

    `types.read_instant` reads their instants; whether something is so is 0 or 1, or a bool. A
    column may be SQL text of our own that leaves out what nobody looks at.
    """
    if not ids:
        return []
    dialect = conn.dialect.name
    # In the order of the index: pages are read in a row, and once.
    listed = sorted(clean_texts(ids))
    is_sqlite = dialect == "sqlite"
    parameter: Any = orjson.dumps(listed).decode() if is_sqlite else listed
    sql = _select_sql(dialect, table, columns, id_column, extra)
    given = (connection_id, parameter, *_given(values, is_sqlite=is_sqlite))
    return _fetched(conn, sql, given)


def among(dialect: str, ids: Sequence[str]) -> str:
    """SQL of our own for `select_where`: the column before it is one of these values."""
    return f"IN ({', '.join(['%s'] * len(ids))})" if dialect == "sqlite" else "= ANY(%s)"


def select_where(
    conn: sa.Connection,
    table: sa.Table,
    columns: tuple[str, ...],
    where: str,
    *values: Value,
) -> list[Sequence[Any]]:
    """All values of each column, decoded, of rows that SQL text of our own chooses.

    `where` has a `%s` for each of `values`; for a list, what `among` gives.
    """
    found = select_raw_where(conn, table, columns, where, *values)
    return _turned(conn.dialect.name, table, columns, found)


def select_raw_where(
    conn: sa.Connection,
    table: sa.Table,
    columns: tuple[str, ...],
    where: str,
    *values: Value,
) -> list[tuple[Any, ...]]:
    """The rows that `select_where` turns, as the driver gives them."""
    is_sqlite = conn.dialect.name == "sqlite"
    given = _given(values, is_sqlite=is_sqlite)
    names = ", ".join(quoted(name) for name in columns)
    sql = f"SELECT {names} FROM {quoted(table.name)} WHERE {where}"  # noqa: S608  # names and texts of our own
    return _fetched(conn, sql.replace("%s", "?") if is_sqlite else sql, tuple(given))


def _given(values: Iterable[Value], *, is_sqlite: bool) -> list[Any]:
    """What the driver is given for these."""
    given: list[Any] = []
    for value in values:
        if isinstance(value, datetime):
            given.append(to_sqlite(value) if is_sqlite else value)
        elif isinstance(value, (str, int)):
            given.append(value)
        elif is_sqlite:
            given += clean_row(value)
        else:
            given.append(list(clean_row(value)))
    return given


def _fetched(conn: sa.Connection, sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """What a query of the driver's answers."""
    result = conn.exec_driver_sql(sql, values)
    found = list(result.cursor.fetchall())
    result.close()
    return found


def decoded(
    dialect: str, table: sa.Table, columns: tuple[str, ...], rows: list[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    """Rows of these columns, as the driver gives them, in Python's form."""
    if not _decoders(dialect, table, columns):
        return rows
    return list(zip(*_turned(dialect, table, columns, rows), strict=True))


def _turned(
    dialect: str, table: sa.Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> list[Sequence[Any]]:
    """All values of each column, in Python's form."""
    if not rows:
        return [()] * len(columns)
    found: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for i, decode in _decoders(dialect, table, columns):
        found[i] = decode(found[i])
    return found


@lru_cache(maxsize=256)
def _decoders(
    dialect: str, table: sa.Table, columns: tuple[str, ...]
) -> tuple[tuple[int, Decode], ...]:
    """How all values of these columns become Python's."""
    found: list[tuple[int, Decode]] = []
    for i, name in enumerate(columns):
        kind = table.c[name].type
        if dialect != "sqlite":
            if isinstance(kind, Instant):
                found.append((i, partial(_each, _utc)))
        elif isinstance(kind, Instant):
            found.append((i, _from_texts))
        elif isinstance(kind, sa.Date):
            found.append((i, partial(_each, date.fromisoformat)))
        elif isinstance(kind, sa.JSON):
            found.append((i, partial(_each, _json)))
        elif isinstance(kind, sa.Boolean):
            found.append((i, partial(_each, bool)))
    return tuple(found)


def _each(decode: Callable[[Any], Any], values: Sequence[Any]) -> list[Any]:
    return [None if value is None else decode(value) for value in values]


def _json(value: Any) -> Any:
    """SQLite keeps a JSON text that is a number as that number: its columns of JSON are numeric."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value


def _from_texts(values: Sequence[str | None]) -> list[datetime | None]:
    """As `read_instant` reads each, without a call for it."""
    parse = datetime.fromisoformat
    return [None if value is None else parse(value + "+00:00") for value in values]


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def hashed(values: Sequence[Any]) -> tuple[Sequence[Any], bytes]:
    """The row with every text clean, and its identity (sha256, 16 bytes)."""
    try:
        text = _dumps(values)
    except TypeError:
        # A lone surrogate: orjson refuses it as any database does.
        values = clean(values)
        text = _dumps(values)
    # Searched from the end, which costs a third of a search from the beginning.
    if text.rfind(b"\\u0000") >= 0:
        values = clean(values)
        text = _dumps(values)
    return values, hashlib.sha256(text).digest()[:16]


def _dumps(values: Sequence[Any]) -> bytes:
    return orjson.dumps(list(values), default=_plain)


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else str(value)


def quoted(name: str) -> str:
    """Only names of our own schema come here; some are SQL words on one dialect."""
    return f'"{name}"'
