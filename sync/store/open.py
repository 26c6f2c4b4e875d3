"""Open the store: SQLite file or PostgreSQL, created or upgraded under a lock, or refused."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from sync.errors import ConfigError, DriftlineError, StoreBusy, StoreError, StoreRefused
from sync.store import schema
from sync.store.views import create_views, views_hash

#: The newest migration; a store beyond it was written by a newer program.
HEAD = "0001"
#: Every migration of this program, oldest first.
REVISIONS = ("0001",)
#: How long a statement waits for another process's lock, seconds.
BUSY_SECONDS = 15.0
#: Key of the PostgreSQL advisory lock that guards creation and migration ("drif").
_ADVISORY_LOCK = 0x64726966


@dataclass(slots=True)
class Store:
    """An open store: one writer at a time in this process, any number of readers."""

    engine: sa.Engine
    dialect: str
    #: the address without a password.
    url_shown: str
    _lock: threading.RLock = field(default_factory=threading.RLock)
    #: in-memory stores have one connection, shared by readers and writers.
    _single: bool = False

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that may write; committed at the end, rolled back on any error.

        Raises StoreBusy when the database stays locked, StoreError for other trouble with it.
        """
        with self._lock, translated(self.url_shown):
            with self.engine.connect() as conn:
                conn = conn.execution_options(driftline_write=True)
                with conn.begin():
                    yield conn

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one consistent state."""
        if self._single:
            with self._lock, translated(self.url_shown), self.engine.connect() as conn:
                yield conn
            return
        with translated(self.url_shown), self.engine.connect() as conn:
            yield conn

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Larger cache and fewer checkpoints while a first load runs (SQLite)."""
        if self.dialect == "sqlite":
            with self.writing() as conn:
                conn.exec_driver_sql("PRAGMA wal_autocheckpoint = 10000")
        yield
        if self.dialect == "sqlite":
            with self.writing() as conn:
                conn.exec_driver_sql("PRAGMA wal_autocheckpoint = 1000")

    def close(self) -> None:
        """Release all connections."""
        self.engine.dispose()


def open_store(
    url: str, *, create: bool = True, read_only: bool = False, base: Path | None = None
) -> Store:
    """Open, create or upgrade the store at `url` (a path, `sqlite:///…` or `postgresql://…`).

    A relative path is taken from `base`. Raises ConfigError for an address that makes no sense,
    StoreRefused for a database that is not ours or newer, StoreBusy for a locked one, StoreError
    for one that cannot be read or written, or is missing while `create` is False.
    """
    address = parse_url(url, base)
    shown = address.render_as_string(hide_password=True)
    if address.get_backend_name() == "sqlite":
        shown = address.database or shown
        _check_path(Path(address.database or ""), create=create and not read_only)
    engine = _engine(address, read_only=read_only)
    store = Store(engine, address.get_backend_name(), shown)
    try:
        _make_ready(store, address, create=create and not read_only, read_only=read_only)
    except BaseException:
        store.close()
        raise
    return store


def memory_store() -> Store:
    """An empty in-memory SQLite store with all tables and views."""
    engine = sa.create_engine(
        "sqlite://",
        poolclass=StaticPool,
        connect_args={"check_same_thread": False},
        hide_parameters=True,
    )
    _prepare_sqlite(engine, read_only=False)
    store = Store(engine, "sqlite", "memory", _single=True)
    with store.writing() as conn:
        _create(conn)
    return store


def parse_url(url: str, base: Path | None = None) -> URL:
    """The address as SQLAlchemy takes it: `postgres://` and plain paths are understood."""
    if "://" not in url:
        path = Path(url).expanduser()
        if not path.is_absolute():
            path = (base or Path.cwd()) / path
        return URL.create("sqlite", database=str(path))
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise ConfigError(
            "the address of the store is not understood",
            where="store",
            todo="Write a path, or postgresql://user@host/database.",
        ) from error
    backend = address.drivername.split("+")[0]
    if backend in ("postgres", "postgresql"):
        return address.set(drivername="postgresql+psycopg")
    if backend == "sqlite":
        return parse_url(address.database or "", base) if address.database else address
    raise ConfigError(
        f"a store of kind {backend!r} is not supported",
        where="store",
        todo="Write a path for SQLite, or postgresql://user@host/database.",
    )


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn the driver's errors into ours, with what to do."""
    try:
        yield
    except DBAPIError as error:
        raise _translate(error, where) from error


def _translate(error: DBAPIError, where: str) -> DriftlineError:
    text = str(error.orig).strip()
    low = text.lower()
    line = text.splitlines()[0] if text else type(error.orig).__name__
    if "locked" in low or "lock timeout" in low or "lock_timeout" in low:
        return StoreBusy(
            "the database stays locked by another process",
            where=where,
            todo="Wait until it is done, or end it, and run again.",
        )
    if "readonly" in low or "read-only" in low:
        return StoreError(
            "the database cannot be written",
            where=where,
            todo="Give this user the right to write the file and its directory.",
        )
    if "not a database" in low or "malformed" in low or "encrypted" in low:
        return StoreRefused(
            "the file is not a database that driftline can read",
            where=where,
            todo="Name another file in `store`, or restore a backup.",
        )
    if "full" in low or "no space" in low:
        return StoreError("the disk is full", where=where, todo="Free some space; nothing is lost.")
    if "unable to open" in low:
        return StoreError(
            "the database file cannot be opened", where=where, todo="Check path and permissions."
        )
    if error.connection_invalidated or "connect" in low or "does not exist" in low:
        return StoreError(
            f"the database does not answer: {line}",
            where=where,
            todo="Check the address, the server and the permissions.",
        )
    return StoreError(f"the database refused: {line}", where=where)


def _check_path(path: Path, *, create: bool) -> None:
    if path.is_dir():
        raise ConfigError("is a directory", where=str(path), todo="Name a file in `store`.")
    if path.exists():
        return
    if not create:
        raise StoreError(
            "there is no store yet", where=str(path), todo="Run `driftline sync` first."
        )
    if not path.parent.is_dir():
        raise StoreError(
            "the directory of the store does not exist",
            where=str(path.parent),
            todo="Make it, or name another path in `store`.",
        )


def _engine(address: URL, *, read_only: bool) -> sa.Engine:
    if address.get_backend_name() == "sqlite":
        engine = sa.create_engine(
            address,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
            hide_parameters=True,
        )
        _prepare_sqlite(engine, read_only=read_only)
        return engine
    try:
        engine = sa.create_engine(
            address,
            hide_parameters=True,
            pool_size=10,
            connect_args={
                "connect_timeout": 10,
                "options": f"-c lock_timeout={int(BUSY_SECONDS * 1000)} -c timezone=UTC",
            },
        )
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise ConfigError(
            "PostgreSQL needs the package psycopg",
            where="store",
            todo="Install it with: pip install 'driftline[postgres]'",
        ) from error
    if read_only:
        engine = engine.execution_options(postgresql_readonly=True)
    return engine


def _prepare_sqlite(engine: sa.Engine, *, read_only: bool) -> None:
    @sa.event.listens_for(engine, "connect")
    def connected(dbapi: Any, _record: Any) -> None:
        # Python 3.11's sqlite3 ends transactions behind our back otherwise.
        dbapi.isolation_level = None
        cursor = dbapi.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA cache_size = -32000")
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begun(conn: sa.Connection) -> None:
        write = conn.get_execution_options().get("driftline_write")
        conn.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _make_ready(store: Store, address: URL, *, create: bool, read_only: bool) -> None:
    state = _state(store)
    if state == HEAD and (read_only or _views_current(store)):
        return
    if state is None and not create:
        raise StoreError(
            "the store is empty", where=store.url_shown, todo="Run `driftline sync` first."
        )
    if read_only:
        raise StoreRefused(
            "the store is older than this program",
            where=store.url_shown,
            todo="Run `driftline db upgrade` with the right to write.",
        )
    with _migration_lock(store, address):
        state = _state(store)
        if state is None:
            if store.dialect == "sqlite":
                # WAL is a property of the file; it cannot be set inside a transaction.
                with translated(store.url_shown):
                    raw = store.engine.raw_connection()
                    try:
                        raw.cursor().execute("PRAGMA journal_mode = WAL")
                    finally:
                        raw.close()
            with store.writing() as conn:
                _create(conn)
            return
        if state != HEAD:
            from sync.store.migrate import upgrade

            upgrade(store, state)
        with store.writing() as conn:
            _refresh_views(conn)


def _state(store: Store) -> str | None:
    """The store's revision; None for an empty database. Raises StoreRefused for a foreign one."""
    with store.reading() as conn:
        names = set(sa.inspect(conn).get_table_names())
        if not names:
            return None
        if "store_info" not in names or "alembic_version" not in names:
            raise StoreRefused(
                "the database holds other tables and is not a driftline store",
                where=store.url_shown,
                todo="Name another file or database in `store`.",
            )
        revision = conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if revision not in REVISIONS:
        raise StoreRefused(
            f"the store was written by a newer driftline (revision {revision})",
            where=store.url_shown,
            todo="Install that version or a later one.",
        )
    return str(revision)


def _create(conn: sa.Connection) -> None:
    schema.metadata.create_all(conn)
    conn.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    conn.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{HEAD}')")
    conn.execute(sa.insert(schema.store_info).values(name="application", value="driftline"))
    _refresh_views(conn)


def _views_current(store: Store) -> bool:
    with store.reading() as conn:
        return _stored_views(conn) == views_hash(store.dialect)


def _stored_views(conn: sa.Connection) -> str | None:
    c = schema.store_info.c
    found: str | None = conn.execute(sa.select(c.value).where(c.name == "views")).scalar()
    return found


def _refresh_views(conn: sa.Connection) -> None:
    wanted = views_hash(conn.dialect.name)
    if _stored_views(conn) == wanted:
        return
    create_views(conn)
    conn.execute(sa.delete(schema.store_info).where(schema.store_info.c.name == "views"))
    conn.execute(sa.insert(schema.store_info).values(name="views", value=wanted))


@contextmanager
def _migration_lock(store: Store, address: URL) -> Iterator[None]:
    if store.dialect == "sqlite":
        from filelock import FileLock, Timeout

        lock = FileLock(f"{address.database}.lock", timeout=BUSY_SECONDS * 4)
        try:
            with lock:
                yield
        except Timeout as error:
            raise StoreBusy(
                "another process is upgrading the store",
                where=store.url_shown,
                todo="Wait until it is done and run again.",
            ) from error
        except PermissionError as error:
            raise StoreError(
                "the directory of the store cannot be written",
                where=store.url_shown,
                todo="Give this user the right to write there.",
            ) from error
        return
    with translated(store.url_shown), store.engine.connect() as conn:
        conn.exec_driver_sql("SET lock_timeout = 0")
        conn.exec_driver_sql(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})")
        try:
            yield
        finally:
            conn.exec_driver_sql(f"SELECT pg_advisory_unlock({_ADVISORY_LOCK})")
            conn.rollback()
            conn.invalidate()
