"""A store on each database; making one on PostgreSQL takes long, so the tests here share it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.store import connection, empty, postgres_database

from sync.store.open import Store, open_store

_SERVER = "DRIFTLINE_TEST_POSTGRES_URL"


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator[Store]:
    """One store on PostgreSQL."""
    server = os.environ.get(_SERVER)
    if not server:
        pytest.skip(f"{_SERVER} names no server")
    with postgres_database(server) as url:
        opened = open_store(url)
        yield opened
        opened.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store with one connection, whose id is 1."""
    if request.param == "sqlite":
        opened = open_store(str(tmp_path / "store.db"))
        assert connection(opened) == 1
        yield opened
        opened.close()
        return
    shared: Store = request.getfixturevalue("shared_postgres")
    empty(shared)
    assert connection(shared) == 1
    yield shared
