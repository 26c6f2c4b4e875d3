"""SQLite as driftline uses it: write-ahead log, own transactions, bounded cache."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.pool import StaticPool

#: How long a statement waits for another process's lock, seconds.
BUSY_SECONDS = 15.0
#: Page cache of a reader, of the writer, and of the writer in a first load; KiB.
READER_CACHE, WRITER_CACHE, BULK_CACHE = 8_000, 16_000, 32_000
#: Pages in the log after which it is copied into the database.
CHECKPOINT, BULK_CHECKPOINT = 1_000, 10_000


def make_private(path: Path) -> None:
    """Make the file, if there is none, for its owner alone; the log beside it inherits that.

    Raises OSError where it cannot be made.
    """
    with suppress(FileExistsError):
        os.close(os.open(path.resolve(), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def damage(conn: sa.Connection) -> str | None:
    """The first thing that is wrong with the file's structure; None: it is sound.

    Reads the whole file once.
    """
    found = str(conn.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    return None if found == "ok" else found


def file_engine(address: URL, *, read_only: bool) -> sa.Engine:
    """Engine for a file; `read_only` opens it so that nothing can be written."""
    path = Path(address.database or "")
    arguments: dict[str, Any] = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    if read_only:
        engine = sa.create_engine(
            address, creator=lambda: _connect_read_only(path, arguments), hide_parameters=True
        )
    else:
        engine = sa.create_engine(address, connect_args=arguments, hide_parameters=True)
    _prepare(engine)
    return engine


def memory_engine() -> sa.Engine:
    """Engine of one connection whose database lives as long as it."""
    engine = sa.create_engine(
        "sqlite://",
        poolclass=StaticPool,
        connect_args={"check_same_thread": False},
        hide_parameters=True,
    )
    _prepare(engine)
    return engine


def use_log(engine: sa.Engine) -> None:
    """Switch the file to the write-ahead log, a lasting property of it, outside a transaction."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def tune_writer(conn: sa.Connection, *, bulk: bool) -> None:
    """Cache and checkpoint interval of the writing connection; outside a transaction."""
    driver: Any = conn.connection.driver_connection
    driver.execute(f"PRAGMA cache_size = -{BULK_CACHE if bulk else WRITER_CACHE}")
    driver.execute(f"PRAGMA wal_autocheckpoint = {BULK_CHECKPOINT if bulk else CHECKPOINT}")


def _connect_read_only(path: Path, arguments: dict[str, Any]) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode=ro"
    connection: sqlite3.Connection = sqlite3.connect(uri, uri=True, **arguments)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    except sqlite3.OperationalError as error:
        connection.close()
        log = path.with_name(f"{path.name}-wal")
        cannot_log = error.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY"))
        if not cannot_log or (log.exists() and log.stat().st_size):
            raise
        # A log cannot be made in a directory that is read-only; without one nothing changes.
        connection = sqlite3.connect(f"{uri}&immutable=1", uri=True, **arguments)
    return connection


def _prepare(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def connected(dbapi: Any, _record: Any) -> None:
        # Python 3.11's sqlite3 ends transactions behind our back otherwise.
        dbapi.isolation_level = None
        cursor = dbapi.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute(f"PRAGMA cache_size = -{READER_CACHE}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begun(conn: sa.Connection) -> None:
        # Taking the write lock at once avoids the deadlock of two readers that want to write.
        write = conn.get_execution_options().get("driftline_write")
        conn.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
