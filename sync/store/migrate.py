"""Upgrade an older store; Alembic is imported only here because that costs a second."""

import sqlite3
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config

from sync.errors import StoreError
from sync.store.open import HEAD, Store, refresh_views
from sync.store.trouble import translated
from sync.store.views import drop_views

SCRIPTS = Path(__file__).parent / "migrations"


def config(scripts: Path = SCRIPTS) -> Config:
    """Alembic's configuration: the scripts inside the package, no alembic.ini."""
    made = Config()
    made.set_main_option("script_location", str(scripts).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    return made


def upgrade(store: Store, revision: str, *, to: str = HEAD, scripts: Path = SCRIPTS) -> None:
    """Bring the store from `revision` to `to` in one transaction; an SQLite file is copied first.

    Views are dropped before and made after: neither dialect alters a table under a view. The
    caller holds the migration lock. Raises StoreError; the store is then as it was.
    """
    if store.dialect == "sqlite" and store.url_shown != "memory":
        back_up(Path(store.url_shown), revision)
    made = config(scripts)
    with translated(store.url_shown), store.engine.connect() as conn:
        if store.dialect == "sqlite":
            conn = conn.execution_options(driftline_write=True)
            # Batch operations rebuild tables; this pragma is ignored inside a transaction.
            _driver(conn).execute("PRAGMA foreign_keys = OFF")
        try:
            with conn.begin():
                drop_views(conn)
                made.attributes["connection"] = conn
                command.upgrade(made, to)
                if store.dialect == "sqlite":
                    _check_references(conn, store)
                refresh_views(conn)
        finally:
            if store.dialect == "sqlite":
                _driver(conn).execute("PRAGMA foreign_keys = ON")


def back_up(path: Path, revision: str) -> Path:
    """A consistent copy beside the file, also while others write; its path."""
    target = path.with_name(f"{path.name}.before-{revision}")
    source = sqlite3.connect(path)
    try:
        copy = sqlite3.connect(target)
        try:
            source.backup(copy)
        finally:
            copy.close()
    except sqlite3.Error as error:
        raise StoreError(
            f"the store could not be backed up before its upgrade: {error}",
            where=str(target),
            todo="Free some space or check the directory, and run again.",
        ) from error
    finally:
        source.close()
    return target


def _check_references(conn: Any, store: Store) -> None:
    broken = conn.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise StoreError(
            f"the upgrade would break {len(broken)} references and was taken back",
            where=store.url_shown,
        )


def _driver(conn: Any) -> Any:
    return conn.connection.driver_connection
