"""Processes of their own and a server, for tests of what only they can show."""

import os
import sys
from collections.abc import Iterator

import pytest
from support.nursery import Nursery, nursery


@pytest.fixture(scope="session")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Where commands are started as processes."""
    if not sys.platform.startswith("linux"):
        pytest.skip("processes that are killed and stopped are watched through /proc")
    with nursery(tmp_path_factory.mktemp("processes")) as made:
        yield made


@pytest.fixture(scope="session")
def server() -> str:
    """Address of a PostgreSQL server."""
    named = os.environ.get("DRIFTLINE_TEST_POSTGRES_URL")
    if not named:
        pytest.skip("DRIFTLINE_TEST_POSTGRES_URL names no server")
    return named
