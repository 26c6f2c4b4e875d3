"""A whole copy of the store while others write: SQLite copies a file, pg_dump a database."""

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from sync.errors import StoreError, UsageError
from sync.store import sqlite
from sync.store.open import Store

#: A dump of a large database takes its time, seconds.
_PATIENCE = 6 * 3600


def back_up(store: Store, target: Path) -> None:
    """Write a consistent copy to `target`, which appears when it is whole and was looked through.

    It is readable by its owner alone. Raises UsageError where there is something at `target`
    already, StoreError where the copy cannot be made; nothing is left of it then.
    """
    if target.exists():
        raise UsageError(
            "there is something already",
            where=str(target),
            todo="Name a file that does not exist yet.",
        )
    if not target.parent.is_dir():
        raise UsageError(
            "the directory of the backup does not exist",
            where=str(target.parent),
            todo="Make it, or name another one.",
        )
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        sqlite.make_private(part)
        if store.dialect == "sqlite":
            copy_file(Path(store.url_shown), part)
            _look_through(part)
        else:
            _dump(store, part)
        os.replace(part, target)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"the backup could not be written: {error}",
            where=str(target),
            todo="Free some space or check the directory, and run again.",
        ) from error
    finally:
        part.unlink(missing_ok=True)


def copy_file(path: Path, target: Path) -> None:
    """An SQLite database as it stands at one instant, also while others write to it.

    Raises sqlite3.Error.
    """
    source, copy = sqlite3.connect(path), sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()


def _look_through(path: Path) -> None:
    # Nobody else has it open: without a log, which would be left beside it.
    conn = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
    try:
        wrong = str(conn.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        wrong = str(error)
    finally:
        conn.close()
    if wrong != "ok":
        raise StoreError(
            f"the database is damaged, and so was its copy: {wrong.splitlines()[-1]}",
            where=str(path),
            todo="Restore an earlier one, or move the store away and run `driftline sync --full`.",
        )


def _dump(store: Store, target: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise StoreError(
            "pg_dump is not installed here",
            where=store.url_shown,
            todo="Install PostgreSQL's client programs, or run `driftline db copy FILE`.",
        )
    address = store.engine.url.set(drivername="postgresql", password=None, query={})
    environment = dict(os.environ)
    if store.engine.url.password:
        # A command line is read by everybody on the machine.
        environment["PGPASSWORD"] = str(store.engine.url.password)
    done = subprocess.run(
        [
            program,
            "--format=custom",
            f"--file={target}",
            "--no-password",
            address.render_as_string(),
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    if done.returncode:
        words = " ".join(done.stderr.split())[:300] or f"it ended with {done.returncode}"
        raise StoreError(
            f"pg_dump failed: {words}",
            where=store.url_shown,
            todo="Its version must not be older than the server's.",
        )
