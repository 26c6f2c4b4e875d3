"""Upgrade an older store; Alembic is imported only here because that costs a second."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config

from sync.errors import DriftlineError, StoreError
from sync.store import postgres, sqlite
from sync.store.backup import copy_file
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


def upgrade(store: Store, revision: str, *, to: str = HEAD, scripts: Path = SCRIPTS) -> str:
    """Bring the store from `revision` to `to` in one transaction; an SQLite file is copied first.

    Views are dropped before and made after: neither dialect alters a table under a view. The
    caller holds the migration lock. The sentence to tell a person. Raises StoreError; the store is
    then as it was.
    """
    told = f"{store.url_shown}: the store was brought from revision {revision} to {to}. "
    if store.dialect == "sqlite" and store.url_shown != "memory":
        _check_whole(store)
        copy = back_up(Path(store.url_shown), revision)
        told += f"As it was before, it lies in {copy}."
    elif store.dialect == "postgresql":
        told += (
            "No copy is made of a server's database: before the next version, back it up with "
            f"`{dump_command(store)}`."
        )
    made = config(scripts)
    with _taken_back(store, revision, to), translated(store.url_shown):
        with store.engine.connect() as conn:
            if store.dialect == "sqlite":
                conn = conn.execution_options(driftline_write=True)
                # Batch operations rebuild tables; this pragma is ignored inside a transaction.
                _driver(conn).execute("PRAGMA foreign_keys = OFF")
            try:
                with conn.begin():
                    if store.dialect == "postgresql":
                        postgres.take_turn(conn)
                    drop_views(conn)
                    made.attributes["connection"] = conn
                    command.upgrade(made, to)
                    if store.dialect == "sqlite":
                        _check_references(conn, store)
                    refresh_views(conn)
            finally:
                if store.dialect == "sqlite":
                    _driver(conn).execute("PRAGMA foreign_keys = ON")
    return told


def dump_command(store: Store) -> str:
    """What the operator of a server types to back the database up; without a password."""
    address = store.engine.url.set(drivername="postgresql", password=None, query={})
    return f"pg_dump --format=custom --file=driftline.dump {address.render_as_string()}"


def back_up(path: Path, revision: str) -> Path:
    """A consistent copy beside the file, also while others write, for its owner alone; its path.

    Raises StoreError; a copy that was not finished is taken away.
    """
    target = path.with_name(f"{path.name}.before-{revision}")
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        sqlite.make_private(part)
        copy_file(path, part)
        os.replace(part, target)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise StoreError(
            f"the store could not be backed up before its upgrade: {error}",
            where=str(target),
            todo="Free some space or check the directory, and run again.",
        ) from error
    return target


def _check_whole(store: Store) -> None:
    """A damaged file is not rebuilt: what can still be saved of it would be lost."""
    with store.reading() as conn:
        wrong = sqlite.damage(conn)
    if wrong is not None:
        raise StoreError(
            f"the database is damaged and was not upgraded: {wrong.splitlines()[-1]}",
            where=store.url_shown,
            todo="Restore a backup, or move the file away and run `driftline sync --full`.",
        )


@contextmanager
def _taken_back(store: Store, revision: str, to: str) -> Iterator[None]:
    """Whatever stops an upgrade, the store is as it was; that is what must be told."""
    failed = f"the upgrade from revision {revision} to {to} was taken back"
    todo = f"The store is as it was, and a driftline of revision {revision} works with it."
    try:
        yield
    except StoreError as error:
        if type(error) is not StoreError or failed in error.what:
            raise
        raise StoreError(
            f"{failed}: {error.what}", where=error.where, todo=f"{error.todo} {todo}".strip()
        ) from error
    except DriftlineError:
        raise
    except Exception as error:
        words = " ".join(str(error).split())[:200]
        raise StoreError(
            f"{failed}: {type(error).__name__}: {words}",
            where=store.url_shown,
            todo=f"{todo} Please report it.",
        ) from error


def _check_references(conn: Any, store: Store) -> None:
    broken = conn.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise StoreError(
            f"it would break {len(broken)} references",
            where=store.url_shown,
        )


def _driver(conn: Any) -> Any:
    return conn.connection.driver_connection
