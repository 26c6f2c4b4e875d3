"""A store on each database; making one takes long, so the tests here share what they can."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.store import connection, empty, postgres_database

from sync.store.open import Store, open_store

_SERVER = "DRIFTLINE_TEST_POSTGRES_URL"


def _server() -> str:
    named = os.environ.get(_SERVER)
    if not named:
        pytest.skip(f"{_SERVER} names no server")
    return named


@pytest.fixture(scope="session")
def server() -> str:
    """Address of a PostgreSQL server."""
    return _server()


@pytest.fixture(scope="session")
def made_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of a store with one connection; copying it is faster than making it."""
    path = tmp_path_factory.mktemp("made") / "store.db"
    made = open_store(str(path))
    assert connection(made) == 1
    made.close()
    return path


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator[Store]:
    """One store on PostgreSQL."""
    with postgres_database(_server()) as url:
        opened = open_store(url)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def bare_postgres() -> Iterator[str]:
    """Address of a database on PostgreSQL whose contents come and go."""
    with postgres_database(_server()) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "store.db")
    url: str = request.getfixturevalue("bare_postgres")
    engine = sa.create_engine(url)
    with engine.begin() as conn:
        conn.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    engine.dispose()
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store with one connection, whose id is 1."""
    if request.param == "sqlite":
        made = request.getfixturevalue("made_sqlite")
        opened = open_store(str(shutil.copy(made, tmp_path / "store.db")), create=False)
        yield opened
        opened.close()
        return
    shared: Store = request.getfixturevalue("shared_postgres")
    empty(shared)
    assert connection(shared) == 1
    yield shared


@pytest.fixture
def store_of_another(store: Store) -> Iterator[Store]:
    """The same store as another process opens it."""
    opened = open_store(store.engine.url.render_as_string(hide_password=False))
    yield opened
    opened.close()
