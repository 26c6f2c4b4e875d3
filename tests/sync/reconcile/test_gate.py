"""A milestone of a code host is judged only where its repositories were read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support.cases import fill

from mappings.vocabulary import MilestoneKind
from sync.reconcile.contract import Policy
from sync.reconcile.gate import Gate
from sync.reconcile.registry import detectors
from sync.reconcile.view import View
from sync.store import schema
from sync.store.open import memory_store

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
STREAMS = ("issues", "histories", "milestones")


@pytest.fixture
def conn() -> Iterator[sa.Connection]:
    """A GitHub with a group (as GitLab has) of two repositories, and one outside of it."""
    store = memory_store()
    with store.writing() as conn:
        fill(conn, {"now": NOW, "connector": "github", "projects": [], "readings": []})
        conn.execute(sa.delete(schema.sync_step))
        for kind, id_, key in (
            ("group", "g1", "acme"),
            ("repository", "r1", "acme/api"),
            ("repository", "r2", "acme/web"),
            ("repository", "r3", "acmeother/x"),
        ):
            _add(conn, schema.scope, kind=kind, source_id=id_, key=key, archived=False, **_SEEN)
        for id_, scope in (("m1", "r1"), ("m2", "g1"), ("m3", None)):
            _add(
                conn,
                schema.milestone,
                kind="milestone",
                source_id=id_,
                name=id_,
                state="active",
                scope_id=scope,
                **_SEEN,
            )
        run = schema.sync_run.insert().values(
            id=900, started_at=NOW, outcome="complete", program_version="t"
        )
        conn.execute(run)
        yield conn
    store.close()


_SEEN: dict[str, Any] = {"first_seen_at": NOW - timedelta(days=9), "content_hash": b"x"}


def _add(conn: sa.Connection, table: sa.Table, **values: Any) -> None:
    conn.execute(sa.insert(table).values(connection_id=1, **values))


def read(
    conn: sa.Connection,
    scope: str,
    outcome: str = "complete",
    streams: tuple[str, ...] = STREAMS,
    **where: str,
) -> None:
    """The certificates of a repository, or of another scope."""
    named = {"scope_kind": "repository", "scope_id": scope, "scope_key": scope, **where}
    for stream in streams:
        _add(
            conn,
            schema.sync_step,
            run_id=900,
            **named,
            stream=stream,
            mode="incremental",
            started_at=NOW,
            finished_at=NOW,
            outcome=outcome,
            reason=None if outcome == "complete" else "no network",
            requests=1,
            pages=1,
            records=0,
            rows_written=0,
            unreadable=0,
            history_gaps=0,
            fresh_at=NOW,
        )


def reason(conn: sa.Connection, milestone: str) -> str | None:
    """Why a milestone may not be judged by `scope.net`."""
    gate = Gate(View(conn, Policy(), as_of=NOW, known_at=NOW))
    detector = detectors()["scope.net"]
    return gate.reason(detector, 1, f"{MilestoneKind.MILESTONE}:{milestone}")


def test_a_milestone_without_items_is_not_quiet_where_its_repository_was_not_read(conn):
    assert reason(conn, "m1") == "issues of repository acme/api was never read"
    read(conn, "r1", "failed")
    assert reason(conn, "m1") == "issues of repository acme/api could not be read: no network"


def test_it_is_judged_where_its_repository_was_read(conn):
    read(conn, "r1")
    assert reason(conn, "m1") is None


def test_a_milestone_of_a_group_needs_every_repository_below_it_and_no_other(conn):
    read(conn, "r1")
    assert reason(conn, "m2") == "issues of repository acme/web was never read"
    read(conn, "r2")
    assert reason(conn, "m2") is None


@pytest.mark.parametrize("outcome", ["unavailable", "failed", "partial"])
def test_nothing_is_judged_where_a_project_that_may_say_more_was_not_read(conn, outcome):
    read(conn, "r1")
    board = {"scope_kind": "board", "scope_id": "p1", "scope_key": "acme/3"}
    read(conn, "p1", streams=("project_fields",), **board)
    assert reason(conn, "m1") is None
    read(conn, "p1", outcome, streams=("project_items",), **board)
    assert (reason(conn, "m1") or "").startswith("project_items of acme/3 ")
    assert (reason(conn, "m1") or "").endswith(": no network")
