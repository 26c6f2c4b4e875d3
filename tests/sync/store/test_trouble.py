"""Drivers' errors in our words."""

import sqlite3

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sync.errors import ConfigError, DriftlineError, StoreBusy, StoreError, StoreRefused
from sync.store.trouble import translate, translated

pytestmark = pytest.mark.full_on_postgres


def sqlite_error(name: str, text: str = "s3cret detail") -> DBAPIError:
    original = sqlite3.OperationalError(text)
    original.sqlite_errorname = name
    return OperationalError("SELECT", {}, original)


def server_error(state: str | None, text: str) -> DBAPIError:
    original = Exception(text)
    original.sqlstate = state  # type: ignore[attr-defined]  # as psycopg's errors have it
    return OperationalError("SELECT", {}, original)


@pytest.mark.parametrize(
    ("name", "kind", "code", "what"),
    [
        ("SQLITE_BUSY", StoreBusy, 75, "stays locked"),
        ("SQLITE_BUSY_SNAPSHOT", StoreBusy, 75, "stays locked"),
        ("SQLITE_LOCKED", StoreBusy, 75, "stays locked"),
        ("SQLITE_READONLY_DIRECTORY", StoreError, 1, "cannot be written"),
        ("SQLITE_NOTADB", StoreRefused, 2, "is not a database"),
        ("SQLITE_CORRUPT_VTAB", StoreError, 1, "is damaged"),
        ("SQLITE_FULL", StoreError, 1, "the disk is full"),
        ("SQLITE_CANTOPEN", StoreError, 1, "cannot be opened"),
        ("SQLITE_IOERR_WRITE", StoreError, 1, "the disk reported trouble"),
        ("SQLITE_ERROR", StoreError, 1, "the database refused"),
    ],
)
def test_codes_of_sqlite(name: str, kind: type[DriftlineError], code: int, what: str) -> None:
    error = translate(sqlite_error(name), "a.db")
    assert (type(error), error.exit_code, error.where) == (kind, code, "a.db")
    assert what in error.what


@pytest.mark.parametrize(
    ("state", "text", "kind", "code", "what"),
    [
        ("55P03", "canceling statement due to lock timeout", StoreBusy, 75, "stays locked"),
        ("40P01", "deadlock detected", StoreBusy, 75, "stays locked"),
        ("53300", "too many clients", StoreBusy, 75, "stays locked"),
        ("42501", "permission denied for schema public", StoreError, 1, "cannot be written"),
        ("25006", "read-only transaction", StoreError, 1, "cannot be written"),
        ("53100", "could not extend file", StoreError, 1, "the disk is full"),
        ("08006", "connection failure\nmore", StoreError, 1, "does not answer: connection failure"),
        (None, "Connection refused", StoreError, 1, "does not answer: Connection refused"),
        (None, "password authentication failed", ConfigError, 2, "does not let us in"),
        (None, 'role "ada" does not exist', ConfigError, 2, "does not let us in"),
        ("42P01", "relation missing", StoreError, 1, "the database refused: relation missing"),
        ("XX000", "", StoreError, 1, "the database refused: Exception"),
    ],
)
def test_states_of_postgresql(
    state: str | None, text: str, kind: type[DriftlineError], code: int, what: str
) -> None:
    error = translate(server_error(state, text), "db")
    assert (type(error), error.exit_code, error.where) == (kind, code, "db")
    assert what in error.what
    assert "more" not in error.what


def test_only_trouble_of_the_database_is_translated() -> None:
    with pytest.raises(StoreBusy, match="all connections"), translated("db"):
        raise PoolTimeout("pool")
    with pytest.raises(KeyError), translated("db"):
        raise KeyError("ours")


def test_what_the_driver_says_by_itself_is_translated_too() -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorname = "SQLITE_FULL"
    with pytest.raises(StoreError, match=r"a\.db: the disk is full"), translated("a.db"):
        raise full
    with pytest.raises(StoreError, match="the database refused: closed"), translated("a.db"):
        raise sqlite3.ProgrammingError("closed")
