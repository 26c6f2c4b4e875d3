"""Leases: what time they are measured by, holders that are gone, and pauses."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from connectors.simulator.clock import Clock
from sync.clock import SystemClock
from sync.engine import holder as holders
from sync.engine import lease as leases
from sync.engine.holder import holding
from sync.errors import LostLease, ScopeHeld
from sync.store import schema
from sync.store.open import Store, open_store

pytestmark = pytest.mark.full_on_postgres

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HERE, THERE = "here pid 1 run 1 aa", "there pid 2 run 2 bb"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    with opened.writing() as conn:
        conn.execute(
            sa.insert(schema.connection).values(id=1, name="jira", kind="jira", first_seen_at=NOW)
        )
    yield opened
    opened.close()


def take(store: Store, holder: str, clock: SystemClock | Clock) -> leases.Lease:
    return leases.acquire(store, 1, "project", "10001", holder=holder, seconds=60, clock=clock)


def give_back(store: Store, lease: leases.Lease) -> None:
    with store.writing() as conn:
        lease.release(conn)
    lease.suspended = True


class Host(SystemClock):
    """A machine whose clock is off by so many hours."""

    def __init__(self, hours: float) -> None:
        self.off = timedelta(hours=hours)

    def now(self) -> datetime:
        return NOW + self.off


# --- holders that are gone ------------------------------------------------------------------


def pid_of_the_dead() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def named(pid: int) -> str:
    with holding(7) as mine:
        return mine.replace(f"pid {os.getpid()} ", f"pid {pid} ")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="told by Linux")
def test_a_scope_whose_holder_was_killed_here_is_free_at_once(store: Store) -> None:
    dead = named(pid_of_the_dead())
    first = take(store, dead, Clock(NOW))
    second = take(store, THERE, Clock(NOW))
    assert second.token == first.token + 1
    with store.writing() as conn, pytest.raises(LostLease, match="pid 2"):
        first.check(conn)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="told by Linux")
def test_a_killed_process_is_gone_before_its_parent_looks() -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert not holders.ended(named(sleeper.pid))
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert holders.ended(named(sleeper.pid))
    sleeper.communicate()


def test_a_living_process_and_one_elsewhere_hold_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holding(1) as mine:
        take(store, mine, Clock(NOW))
        held = f"pid {os.getpid()} run 1 is reading it until 2026-03-02"
        with pytest.raises(ScopeHeld, match=held):
            take(store, THERE, Clock(NOW))
    dead = named(pid_of_the_dead())
    for place in ("", "0123abcd"):
        monkeypatch.setattr(holders, "_place", lambda place=place: place)
        assert not holders.ended(dead)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="told by Linux")
def test_a_run_of_this_process_holds_nothing_after_its_end(store: Store) -> None:
    """It could not give its lease back; or a container began anew, with the same number."""
    with holding(1) as mine:
        first = take(store, mine, Clock(NOW))
    assert take(store, THERE, Clock(NOW)).token == first.token + 1


def test_a_holder_is_told_without_its_unique_part() -> None:
    with holding(31) as name:
        pass
    assert holders.shown(name).endswith(f"pid {os.getpid()} run 31")
    assert (holders.run_of(name), holders.run_of("nobody")) == (31, None)


def test_runs_of_living_holders_are_known(store: Store) -> None:
    clock = Clock(NOW)
    take(store, HERE, clock)
    with store.reading() as conn:
        assert leases.living(conn, clock) == {HERE}
        clock.advance(timedelta(seconds=61))
        assert leases.living(conn, clock) == frozenset()


# --- pauses ---------------------------------------------------------------------------------


def test_a_holder_that_paused_and_was_overtaken_cannot_go_on(store: Store) -> None:
    """What it had read before is older than what the other run wrote and finished."""
    clock = Clock(NOW)
    first = take(store, HERE, clock)
    give_back(store, first)
    second = take(store, THERE, clock)
    with store.writing() as conn:
        second.release(conn)
    with store.writing() as conn, pytest.raises(LostLease, match="taken over by another run"):
        first.check(conn)


def test_a_page_that_failed_after_a_pause_loses_no_lease(store: Store) -> None:
    held = take(store, HERE, Clock(NOW))
    give_back(store, held)

    def a_page_that_fails() -> None:
        with store.writing() as conn:
            held.check(conn)
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        a_page_that_fails()
    with store.writing() as conn:
        held.check(conn)
    with pytest.raises(ScopeHeld, match="here pid 1"):
        take(store, THERE, Clock(NOW))


# --- whose clock ----------------------------------------------------------------------------


@pytest.mark.full
@pytest.mark.postgres
def test_hosts_whose_clocks_differ_do_not_take_each_other_s_scopes(postgres_url: str) -> None:
    store = open_store(postgres_url)
    with store.writing() as conn:
        conn.execute(
            sa.insert(schema.connection).values(id=1, name="jira", kind="jira", first_seen_at=NOW)
        )
    late, early = Host(-2), Host(+2)
    held = take(store, HERE, late)
    with pytest.raises(ScopeHeld, match="here pid 1"):
        take(store, THERE, early)
    with store.writing() as conn:
        held.check(conn)
        assert leases.living(conn, early) == {HERE}
        # By the server's clock it has lapsed, whatever both hosts believe.
        conn.exec_driver_sql("UPDATE lease SET expires_at = clock_timestamp() - interval '1 s'")
    assert take(store, THERE, late).token == held.token + 1
    store.close()
