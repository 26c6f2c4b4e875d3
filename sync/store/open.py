"""Open the store: SQLite file or PostgreSQL, created or upgraded under a lock, or refused."""

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL

from sync.errors import ConfigError, StoreError, StoreRefused
from sync.store import schema, sqlite
from sync.store.address import parse_url, shown
from sync.store.locks import file_lock, server_lock
from sync.store.place import network_drive, warning
from sync.store.trouble import translated
from sync.store.views import create_views, views_hash

#: The newest migration; a store beyond it was written by a newer program.
HEAD = "0020"
#: Every migration of this program, oldest first.
REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
    "0017",
    "0018",
    "0019",
    "0020",
)
#: What `store_info` says a store of ours is.
_APPLICATION = "driftline"
_REVISION = "SELECT version_num FROM alembic_version"


@dataclass(slots=True)
class Store:
    """An open store: one writer at a time in this process, any number of readers."""

    engine: sa.Engine
    dialect: str
    #: the address without a password.
    url_shown: str
    #: what a person should be told of its opening: an upgrade, a place that is none.
    notes: list[str] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    #: in-memory stores have one connection, shared by readers and writers.
    _single: bool = False
    #: SQLite's writing connection: kept, with its cache and its settings.
    _writer: sa.Connection | None = None
    #: it has the tables of this program.
    _ready: bool = False

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that may write; committed at the end, rolled back on any error.

        Raises StoreBusy when the database stays locked, StoreRefused when a newer program has
        upgraded it meanwhile, StoreError for other trouble with it.
        """
        with self._lock, translated(self.url_shown):
            if self.dialect == "sqlite":
                conn = self._writing_connection()
                with conn.begin():
                    self._check_revision(conn)
                    yield conn
            else:
                from sync.store.postgres import take_turn

                with self.engine.connect() as conn, conn.begin():
                    take_turn(conn)
                    self._check_revision(conn)
                    yield conn

    def _check_revision(self, conn: sa.Connection) -> None:
        """Another host may have upgraded the store since it was opened here."""
        if self._ready:
            _known_revision(conn.exec_driver_sql(_REVISION).scalar(), self.url_shown)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one consistent state; what it writes is not kept."""
        if self._single:
            with self._lock, translated(self.url_shown), self.engine.connect() as conn:
                yield conn
            return
        with translated(self.url_shown), self.engine.connect() as conn:
            if self.dialect == "postgresql":
                conn = conn.execution_options(isolation_level="REPEATABLE READ")
            yield conn

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Larger cache and fewer checkpoints while a first load runs (SQLite)."""
        if self.dialect != "sqlite":
            yield
            return
        with self._lock, translated(self.url_shown):
            sqlite.tune_writer(self._writing_connection(), bulk=True)
        try:
            yield
        finally:
            with self._lock, translated(self.url_shown):
                sqlite.tune_writer(self._writing_connection(), bulk=False)

    def close(self) -> None:
        """Release all connections."""
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self.engine.dispose()

    def _writing_connection(self) -> sa.Connection:
        if self._writer is None:
            conn = self.engine.connect().execution_options(driftline_write=True)
            sqlite.tune_writer(conn, bulk=False)
            self._writer = conn
        return self._writer


def open_store(
    url: str, *, create: bool = True, read_only: bool = False, base: Path | None = None
) -> Store:
    """Open, create or upgrade the store at `url` (a path, `sqlite:///…` or `postgresql://…`).

    A relative path is taken from `base`. `read_only` never writes, so it neither creates nor
    upgrades. Raises ConfigError for an address that makes no sense, StoreRefused for a database
    that is not ours or newer, StoreBusy for a locked one, StoreError for one that cannot be read or
    written, or is missing while `create` is False.
    """
    address = parse_url(url, base)
    create = create and not read_only
    notes: list[str] = []
    if address.get_backend_name() == "sqlite":
        file = Path(address.database or "")
        _check_path(file, create=create, read_only=read_only)
        kind = None if read_only else network_drive(file)
        if kind is not None:
            notes.append(warning(file, kind))
        engine = sqlite.file_engine(address, read_only=read_only)
    else:
        # Imported here: a store on SQLite needs no driver of PostgreSQL.
        from sync.store.postgres import server_engine

        engine = server_engine(address, read_only=read_only)
    store = Store(engine, address.get_backend_name(), shown(address), notes)
    try:
        _make_ready(store, address, create=create, read_only=read_only)
    except BaseException:
        store.close()
        raise
    store._ready = True
    return store


def memory_store() -> Store:
    """An empty in-memory SQLite store with all tables and views."""
    store = Store(sqlite.memory_engine(), "sqlite", "memory", _single=True)
    with store.writing() as conn:
        _create(conn)
    return store


def _check_path(path: Path, *, create: bool, read_only: bool) -> None:
    if path.is_dir():
        raise ConfigError("is a directory", where=str(path), todo="Name a file in `store`.")
    if path.exists():
        if not read_only and not os.access(path, os.W_OK):
            raise StoreError(
                "the store cannot be written",
                where=str(path),
                todo="Give this user the right to write the file and its directory.",
            )
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
    try:
        sqlite.make_private(path)
    except OSError as error:
        raise StoreError(
            f"the store cannot be made: {error.strerror}",
            where=str(path),
            todo="Give this user the right to write there, or name another path in `store`.",
        ) from error


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
                with translated(store.url_shown):
                    sqlite.use_log(store.engine)
            with store.writing() as conn:
                if store.dialect == "postgresql":
                    from sync.store.postgres import check_encoding

                    check_encoding(conn, store.url_shown)
                _create(conn)
        elif state == HEAD:
            with store.writing() as conn:
                refresh_views(conn)
        else:
            # Alembic costs a second to import, and is needed once per release.
            from sync.store.migrate import upgrade

            store.notes.append(upgrade(store, state))


def _state(store: Store) -> str | None:
    """The store's revision; None for an empty database. Raises StoreRefused for a foreign one."""
    with store.reading() as conn:
        names = set(sa.inspect(conn).get_table_names())
        if not names:
            return None
        application = revision = None
        if {"store_info", "alembic_version"} <= names:
            application = _info(conn, "application")
            revision = conn.exec_driver_sql(_REVISION).scalar()
    if application != _APPLICATION or revision is None:
        raise StoreRefused(
            "the database holds other tables and is not a driftline store",
            where=store.url_shown,
            todo="Name another file or database in `store`.",
        )
    return _known_revision(revision, store.url_shown)


def _known_revision(revision: object, where: str) -> str:
    if revision not in REVISIONS:
        raise StoreRefused(
            f"the store was written by a newer driftline (revision {revision})",
            where=where,
            todo="Install that version or a later one.",
        )
    return str(revision)


def _create(conn: sa.Connection) -> None:
    """All tables at once, as the migrations would make them (a test compares the two)."""
    for statement in _tables(conn.dialect.name):
        conn.exec_driver_sql(statement)
    conn.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    version = sa.table("alembic_version", sa.column("version_num"))
    conn.execute(sa.insert(version).values(version_num=HEAD))
    _set_info(conn, "application", _APPLICATION)
    refresh_views(conn)


@cache
def _tables(dialect: str) -> tuple[str, ...]:
    """What makes the tables and their indexes; told once, since that takes longer than making."""
    spoken: sa.Dialect
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

        spoken = SQLiteDialect_pysqlite()
    else:
        from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

        spoken = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # untyped upstream
    made: list[sa.schema.ExecutableDDLElement] = []
    for table in schema.metadata.sorted_tables:
        made.append(sa.schema.CreateTable(table))
        indexes = sorted(table.indexes, key=lambda one: str(one.name))
        made += [sa.schema.CreateIndex(one) for one in indexes]
    return tuple(str(one.compile(dialect=spoken)) for one in made)


def refresh_views(conn: sa.Connection) -> None:
    """Make the views anew if they are not those of this program."""
    wanted = views_hash(conn.dialect.name)
    if _info(conn, "views") != wanted:
        create_views(conn)
        _set_info(conn, "views", wanted)


def _views_current(store: Store) -> bool:
    with store.reading() as conn:
        return _info(conn, "views") == views_hash(store.dialect)


def _info(conn: sa.Connection, name: str) -> str | None:
    c = schema.store_info.c
    found: str | None = conn.execute(sa.select(c.value).where(c.name == name)).scalar()
    return found


def _set_info(conn: sa.Connection, name: str, value: str) -> None:
    conn.execute(sa.delete(schema.store_info).where(schema.store_info.c.name == name))
    conn.execute(sa.insert(schema.store_info).values(name=name, value=value))


def _migration_lock(store: Store, address: URL) -> AbstractContextManager[None]:
    if store.dialect == "sqlite":
        return file_lock(Path(address.database or ""))
    return server_lock(store.engine, store.url_shown)
