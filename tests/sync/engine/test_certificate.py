"""Certificates: which later run knew a scope by another name."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from connectors.contract import Outcome
from sync.engine import certificate
from sync.engine.certificate import Step
from sync.store import schema
from sync.store.open import Store, open_store

pytestmark = pytest.mark.full_on_postgres

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    with opened.writing() as conn:
        conn.execute(
            sa.insert(schema.connection).values(
                id=1, name="github", kind="github", first_seen_at=NOW
            )
        )
        for id_ in (1, 2, 3):
            conn.execute(
                sa.insert(schema.sync_run).values(
                    id=id_, started_at=NOW, outcome="running", program_version="1"
                )
            )
    yield opened
    opened.close()


def certify(store: Store, run_id: int, key: str, outcome: Outcome, pages: int = 0) -> None:
    step = Step(
        connection="github",
        connection_id=1,
        scope_kind="repository",
        scope_id="7",
        scope_key=key,
        stream="issues",
        mode="incremental",
        started_at=NOW,
        finished_at=NOW,
        outcome=outcome,
        reason=None,
        fresh_at=NOW,
        pages=pages,
    )
    with store.writing() as conn:
        certificate.write(conn, run_id, step)


def later(store: Store, run_id: int, key: str) -> int | None:
    with store.reading() as conn:
        return certificate.renamed_since(conn, run_id, 1, "repository", "7", key)


def test_a_name_that_a_later_run_read_is_newer(store: Store) -> None:
    certify(store, 1, "a/old", Outcome.COMPLETE)
    assert later(store, 2, "a/new") is None
    certify(store, 3, "a/new", Outcome.COMPLETE)
    assert later(store, 2, "a/old") == 3
    assert later(store, 2, "a/new") is None
    assert later(store, 3, "a/old") is None


def test_what_a_run_began_to_read_counts_and_what_it_never_reached_does_not(store: Store) -> None:
    certify(store, 2, "a/old", Outcome.FAILED)
    assert later(store, 1, "a/new") is None
    certify(store, 3, "a/other", Outcome.FAILED, pages=1)
    assert later(store, 1, "a/new") == 3
