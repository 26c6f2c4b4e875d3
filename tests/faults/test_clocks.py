"""Clocks that are wrong: no bound lies ahead of the server, nothing is put off for ever."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from support.hosts import Hosts, hosts
from support.synced import Synced, synced

from connectors.contract import Outcome


def titles(it: Synced | Hosts, table: str = "work_item") -> set[str]:
    with it.store.reading() as conn:
        return {row[0] for row in conn.exec_driver_sql(f"SELECT title FROM {table}")}


@contextmanager
def ahead(it: Any, clock: Any, by: timedelta) -> Iterator[None]:
    """A run under a clock that goes wrong by so much, and is put right afterwards."""
    clock.advance(by)
    it.run() if isinstance(it, Synced) else it.run(github={}, gitlab={})
    clock.advance(-by)
    yield


@pytest.mark.full
def test_a_cursor_that_lies_ahead_of_jira_is_not_trusted(store_url: str) -> None:
    """B05: a lower bound later than the server's time would bring nothing and look like quiet."""
    with synced(store_url, issues=30) as it:
        with ahead(it, it.bench.clock, timedelta(days=3)):
            it.later(hours=2)
            it.bench.world.rename(next(iter(it.bench.world.alive())), "changed meanwhile")
            it.later(minutes=40)
            assert it.run().outcome is Outcome.COMPLETE
            assert "changed meanwhile" in titles(it)
            # The cursor is right again, and cheap.
            it.later(hours=1)
            assert it.run().requests <= 10


@pytest.mark.full
def test_a_cursor_that_lies_ahead_of_a_code_host_is_not_trusted(store_url: str) -> None:
    """B05: so it is for every connector, since the engine asks and not each of them."""
    with hosts(store_url, repositories=2, changes=4, issues=4) as it:
        with ahead(it, it.clock, timedelta(days=3)):
            it.later(hours=2)
            code = it.world.code
            for host in ("github", "gitlab"):
                repo = code.hosted(host)[0]
                code.retitle(code.issues_in(repo)[0], f"issue of {host}", at=it.clock.now())
                code.retitle(code.changes_in(repo)[0], f"change of {host}", at=it.clock.now())
            it.later(minutes=40)
            it.run(github={}, gitlab={})
            assert {"issue of github", "issue of gitlab"} <= titles(it)
            assert {"change of github", "change of gitlab"} <= titles(it, "change_request")
