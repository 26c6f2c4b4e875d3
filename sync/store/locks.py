"""One process at a time creates or upgrades a store."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from sync.errors import StoreBusy, StoreError
from sync.store.sqlite import BUSY_SECONDS
from sync.store.trouble import translated

#: Key of the PostgreSQL advisory lock ("drif").
_ADVISORY_LOCK = 0x64726966
#: An upgrade of a large store takes its time, seconds.
_PATIENCE = BUSY_SECONDS * 4


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Lock beside the SQLite file; free again when its holder dies.

    Raises StoreBusy when another process keeps it, StoreError where it cannot be made.
    """
    # Imported here: most openings of a store need no lock.
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(f"{path.name}.lock"), timeout=_PATIENCE, mode=0o600)
    try:
        lock.acquire()
    except Timeout as error:
        raise _upgrading(str(path)) from error
    except OSError as error:
        raise StoreError(
            "the directory of the store cannot be written",
            where=str(path.parent),
            todo="Give this user the right to write there.",
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def server_lock(engine: sa.Engine, where: str) -> Iterator[None]:
    """Advisory lock of the database, held by a connection of its own.

    Raises StoreBusy when another process keeps it.
    """
    with translated(where), engine.connect() as conn:
        try:
            conn.exec_driver_sql(f"SET lock_timeout = {int(_PATIENCE * 1000)}")
            conn.exec_driver_sql(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})")
            yield
        finally:
            # The lock belongs to the session: it ends with it, whatever happened in between.
            conn.invalidate()


def _upgrading(where: str) -> StoreBusy:
    return StoreBusy(
        "another process is upgrading the store",
        where=where,
        todo="Wait until it is done and run again.",
    )
