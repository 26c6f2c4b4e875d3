"""The drivers' errors as ours: what happened, where, what to do. Judged by code, not by words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sync.errors import ConfigError, DriftlineError, StoreBusy, StoreError, StoreRefused

#: SQLSTATEs: lock_timeout, deadlock, serialization failure, server starting, too many connections.
_BUSY_STATES = frozenset(("55P03", "40P01", "40001", "57P03", "53300"))
#: Read-only transaction or server, and missing privilege.
_READ_ONLY_STATES = frozenset(("25006", "42501"))


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn the driver's errors into ours, with what to do.

    Raises StoreBusy for a database that stays locked, StoreRefused for a file that is none,
    ConfigError for a wrong database name or login, StoreError for anything else.
    """
    try:
        yield
    except DBAPIError as error:
        raise translate(error, where) from error
    except sqlite3.Error as error:
        # Settings of a connection do not go through SQLAlchemy.
        raise _of_sqlite(getattr(error, "sqlite_errorname", ""), str(error), where) from error
    except PoolTimeout as error:
        raise StoreBusy(
            "all connections to the database are in use",
            where=where,
            todo="Lower the number of workers.",
        ) from error


def translate(error: DBAPIError, where: str) -> DriftlineError:
    """Our error for the driver's."""
    name = getattr(error.orig, "sqlite_errorname", None)
    if name is not None:
        return _of_sqlite(str(name), _first_line(error), where)
    return _of_postgres(getattr(error.orig, "sqlstate", None), error, where)


def _of_sqlite(name: str, line: str, where: str) -> DriftlineError:
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return _busy(where)
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM")):
        return StoreError(
            "the database cannot be written",
            where=where,
            todo="Give this user the right to write the file and its directory.",
        )
    if name == "SQLITE_NOTADB":
        return StoreRefused(
            "the file is not a database", where=where, todo="Name another file in `store`."
        )
    if name.startswith("SQLITE_CORRUPT"):
        return StoreError(
            "the database is damaged",
            where=where,
            todo="Restore a backup, or move the file away and run `driftline sync --full`.",
        )
    if name == "SQLITE_FULL":
        return _full(where)
    if name.startswith("SQLITE_CANTOPEN"):
        return StoreError(
            "the database file cannot be opened",
            where=where,
            todo="Check the path, and the permissions of the file and its directory.",
        )
    if name.startswith("SQLITE_IOERR"):
        return StoreError(
            f"the disk reported trouble: {line}",
            where=where,
            todo="Check the disk; a network drive is no place for the store.",
        )
    return StoreError(f"the database refused: {line}", where=where)


def _of_postgres(state: str | None, error: DBAPIError, where: str) -> DriftlineError:
    line = _first_line(error)
    if state in _BUSY_STATES:
        return _busy(where)
    if state in _READ_ONLY_STATES:
        return StoreError(
            f"the database cannot be written: {line}",
            where=where,
            todo="Give this user the right to create and write tables there.",
        )
    if state == "53100":
        return _full(where)
    if state in ("25P03", "25P04"):
        return StoreError(
            "the server ended a transaction that stood still or lasted too long",
            where=where,
            todo="Run again; nothing is half written.",
        )
    # A refused connection carries no SQLSTATE, only the server's words.
    if state is None and ("does not exist" in line or "authentication failed" in line):
        return ConfigError(
            f"the database does not let us in: {line}",
            where=where,
            todo="Check the name of the database, the user and the password.",
        )
    if state is None or state.startswith("08") or error.connection_invalidated:
        return StoreError(
            f"the database does not answer: {line}",
            where=where,
            todo="Check the address and the server, and run again; nothing is half written.",
        )
    return StoreError(f"the database refused: {line}", where=where)


def _busy(where: str) -> StoreBusy:
    return StoreBusy(
        "the database stays locked by another process",
        where=where,
        todo="Wait until it is done, or end it, and run again.",
    )


def _full(where: str) -> StoreError:
    return StoreError(
        "the disk is full", where=where, todo="Free some space and run again; nothing is lost."
    )


def _first_line(error: DBAPIError) -> str:
    text = str(error.orig).strip()
    return text.splitlines()[0] if text else type(error.orig).__name__
