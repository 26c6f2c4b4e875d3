"""What every test may ask for: a store on each database, recorded payloads, a browser."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from connectors import redaction

# The same examples on every run: exploring belongs to a soak, not to a gate.
_COMMON = {
    "derandomize": True,
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
}
settings.register_profile("ci", max_examples=12, **_COMMON)
settings.register_profile("full", max_examples=400, **_COMMON)
settings.register_profile("soak", max_examples=2000, **{**_COMMON, "derandomize": False})
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

POSTGRES = "DRIFTLINE_TEST_POSTGRES_URL"

#: Who asks for the fixture carries the mark, so that `-m "not browser"` leaves nobody out.
_MARK_OF_FIXTURE = {"chromium": "browser", "postgres_url": "postgres"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a server or a browser, and what the long set alone does on both."""
    for item in items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        if item.get_closest_marker("full_on_postgres") and params.get("store_url") == "postgresql":
            item.add_marker("full")
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in _MARK_OF_FIXTURE:
                item.add_marker(_MARK_OF_FIXTURE[fixture])


@pytest.fixture(autouse=True)
def secrets_of_one_test() -> Iterator[None]:
    """A process masks every secret that it ever met; what one test made up is none in the next."""
    before = redaction._known
    yield
    redaction._known = before


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a store without a row: a file to be made, and a database with its tables."""
    # Copying the tables takes half the time of making them.
    if request.param == "sqlite":
        made = request.getfixturevalue("sqlite_template")
        yield str(shutil.copyfile(made, tmp_path / "store.db"))
        return
    template = request.getfixturevalue("postgres_template")
    with _database(_server(), template) as address:
        yield address


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a store to be made, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield str(tmp_path / "store.db")
        return
    with _database(_server()) as address:
        yield address


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """Address of an empty PostgreSQL database."""
    with _database(_server()) as address:
        yield address


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the tables of a store and no row."""
    from sync.store.open import open_store

    made = tmp_path_factory.mktemp("template") / "store.db"
    open_store(str(made)).close()
    return made


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """Name of a PostgreSQL database with the tables of a store and no row."""
    from sync.store.open import open_store

    with _database(_server()) as address:
        open_store(address).close()
        yield address.rpartition("/")[2]


def _server() -> str:
    server = os.environ.get(POSTGRES)
    if not server:
        pytest.skip(f"{POSTGRES} names no server")
    return server


@contextmanager
def _database(server: str, template: str = "template1") -> Iterator[str]:
    import psycopg
    from sqlalchemy.engine import make_url

    name = f"driftline_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        # The server does not fail in these tests: nothing waits for its disk.
        conn.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    address = make_url(server).set(drivername="postgresql+psycopg", database=name)
    yield address.render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def peer_data() -> Path:
    """Payloads and data sets recorded by others; not part of this repository."""
    named = os.environ.get("DRIFTLINE_PEER_DATA")
    if not named or not Path(named).is_dir():
        pytest.skip("DRIFTLINE_PEER_DATA names no directory of recorded payloads")
    return Path(named)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium for headless tests."""
    found = os.environ.get("DRIFTLINE_TEST_CHROMIUM") or shutil.which("chromium")
    if not found:
        pytest.skip("no chromium on this machine; .ci/run installs it")
    return found
