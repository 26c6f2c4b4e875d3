"""Rate budgets: one token's limits in rows that every process with it sees."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr
from support.hosts import hosts
from support.synced import Synced, synced

from connectors.contract import Outcome, TooManyRequests
from connectors.github.options import GitHubOptions
from connectors.jira.options import JiraOptions
from connectors.simulator.clock import Clock
from connectors.simulator.faults import Fault, too_many
from sync.engine.budget import SHARE_EVERY, Budget, Budgets, budget_key, stored
from sync.engine.context import Context
from sync.engine.progress import Quiet
from sync.engine.run import _Run, sync
from sync.engine.runtime import Held
from sync.store.open import Store, open_store

pytestmark = pytest.mark.full_on_postgres

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
KEY = "tracker.example.net 00ff"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


# --- one bucket -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "remaining", "reset", "closed"),
    [
        (100, 0, 10, True),
        (100, 10, 10, True),
        (100, 11, 10, False),
        (100, 0, -1, False),
        (100, None, 10, False),
        # B39: limits that are off say 0 of 0, or name none.
        (0, 0, 10, False),
        (None, 0, 10, False),
    ],
)
def test_a_budget_keeps_its_reserve(
    limit: int | None, remaining: int | None, reset: float, closed: bool
) -> None:
    """B36: at the reserve it is closed until its reset."""
    one = Budget("search", limit, remaining, later(reset))
    assert one.closed_until(NOW, 0.1) == (later(reset) if closed else None)


def test_a_pause_closes_a_budget_that_has_some_left() -> None:
    one = Budget("search", 100, 90, later(5), paused_until=later(30), reason="too fast")
    assert one.closed_until(NOW, 0.1) == later(30)
    assert one.closed_until(later(30), 0.1) is None


# --- shared ---------------------------------------------------------------------------------


def pair(store: Store, clock: Clock) -> tuple[Budgets, Budgets]:
    return Budgets(store, KEY, clock, 0.1), Budgets(store, KEY, clock, 0.1)


def test_a_budget_that_one_process_used_up_is_closed_for_the_other(store: Store) -> None:
    """B36: what is left is shared by all who use the token, within seconds."""
    clock = Clock(NOW)
    one, other = pair(store, clock)
    assert other.closed_until("core") is None
    one.hear(Budget("core", 1000, 100, later(20)))
    clock.advance(SHARE_EVERY)
    assert other.closed_until("core") == later(20)
    assert other.closed_until("graphql") is None
    clock.advance(timedelta(minutes=20))
    assert other.closed_until("core") is None


def test_a_pause_of_everything_closes_every_bucket(store: Store) -> None:
    clock = Clock(NOW)
    one, other = pair(store, clock)
    one.pause("*", later(30), "the limit of requests is reached")
    assert other.closed_until("core") == later(30)
    with store.reading() as conn:
        budget, _ = stored(conn, KEY)["*"]
    assert (budget.paused_until, budget.reason) == (later(30), "the limit of requests is reached")


def test_another_token_or_server_is_another_budget(store: Store) -> None:
    clock = Clock(NOW)
    Budgets(store, "elsewhere.example.net 00ff", clock, 0.1).pause("*", later(30), "x")
    assert Budgets(store, KEY, clock, 0.1).closed_until("core") is None


def test_what_the_server_said_last_is_believed_over_older_rows(store: Store) -> None:
    clock = Clock(NOW)
    one, other = pair(store, clock)
    one.hear(Budget("core", 1000, 50, later(20)))
    clock.advance(SHARE_EVERY)
    # Somebody raised the limit.
    other.hear(Budget("core", 15000, 14000, later(20)))
    assert other.closed_until("core") is None


def test_a_pause_outlives_a_good_answer_that_was_under_way(store: Store) -> None:
    clock = Clock(NOW)
    one, other = pair(store, clock)
    one.pause("core", later(30), "too fast")
    one.hear(Budget("core", 1000, 900, later(20)))
    with store.writing() as conn:
        one.flush(conn)
    assert other.closed_until("core") == later(30)


def test_notices_are_written_seldom_and_none_is_lost(store: Store) -> None:
    clock = Clock(NOW)
    one, _ = pair(store, clock)
    for left in range(900, 800, -1):
        one.hear(Budget("core", 1000, left, later(20)))
    with store.reading() as conn:
        assert stored(conn, KEY)["core"][0].remaining == 900
    with store.writing() as conn:
        one.flush(conn)
        one.flush(conn)
        assert stored(conn, KEY)["core"] == (Budget("core", 1000, 801, later(20)), NOW)


# --- whose budget ---------------------------------------------------------------------------


def test_one_token_at_one_host_is_one_key() -> None:
    first = GitHubOptions(token=SecretStr("ghp_one"), repositories=("a/b",))
    again = GitHubOptions(token=SecretStr("ghp_one"), repositories=("c/d",))
    other = GitHubOptions(token=SecretStr("ghp_two"), repositories=("a/b",))
    elsewhere = GitHubOptions(
        token=SecretStr("ghp_one"), repositories=("a/b",), url="https://ghe.example.com/api/v3"
    )
    keys = {budget_key(one) for one in (first, again, other, elsewhere)}
    assert budget_key(first) == budget_key(again)
    assert len(keys) == 3


def test_a_key_shows_no_secret_and_no_address_of_a_person() -> None:
    key = budget_key(
        JiraOptions(
            url="https://acme.atlassian.net", email="ana@example.net", token=SecretStr("s3cret")
        )
    )
    assert key.startswith("acme.atlassian.net ")
    assert "s3cret" not in key
    assert "ana" not in key


def test_options_without_address_and_secret_have_a_key_too() -> None:
    class Plain(BaseModel):
        name: str = "x"

    assert budget_key(Plain()) == budget_key(Plain())


# --- whole runs -----------------------------------------------------------------------------


def paused(it: Synced) -> list[tuple[object, ...]]:
    return it.rows("SELECT bucket, reason FROM rate_budget WHERE paused_until IS NOT NULL")


def test_a_pause_longer_than_allowed_ends_the_run_and_the_next_goes_on(store_url: str) -> None:
    """B31, B35: exit code 4 with the instant, pages and cursor kept, the rest in the next run."""
    with synced(store_url, issues=210) as it:
        it.bench.simulator.script.faults.append(too_many("search/jql", 3600, skip=2, times=None))
        before = it.bench.clock.now()
        result = it.run(max_wait_seconds=600.0)
        assert (result.outcome, result.exit_codes) == (Outcome.PARTIAL, {4})
        until = before + timedelta(hours=1)
        assert any(f"until {until:%Y-%m-%d %H:%M} UTC" in one.what for one in result.problems)
        # Nobody slept through it.
        assert it.bench.clock.now() - before < timedelta(minutes=5)
        half = it.rows("SELECT COUNT(*) FROM work_item")[0][0]
        assert 0 < half < len(it.bench.world.issues)
        assert paused(it)
        asked = len(it.bench.simulator.log)
        # A run within the pause asks the server nothing that the limit is on.
        again = it.run(max_wait_seconds=600.0)
        assert again.exit_codes == {4}
        assert all(one.status != 429 for one in it.bench.simulator.log[asked:])
        it.bench.simulator.script.clear()
        it.later(hours=1, minutes=1)
        last = it.run()
        assert last.outcome is Outcome.COMPLETE
        assert it.rows("SELECT COUNT(*) FROM work_item") == [(len(it.bench.world.issues),)]
        # The rest, and a look at what moved since the walk began.
        searches = [one.requests for one in last.steps if one.stream == "issues"]
        assert searches[0] < 5


@pytest.mark.full
def test_a_short_pause_is_waited_for_and_loses_nothing(tmp_path: Path) -> None:
    """B35: a 429 in the middle of a walk is no failure."""
    with synced(f"{tmp_path}/store.db", issues=210) as it:
        it.bench.simulator.script.faults.append(too_many("search/jql", 120, skip=2, times=1))
        before = it.bench.clock.now()
        result = it.run()
        assert result.outcome is Outcome.COMPLETE
        assert it.bench.clock.now() - before >= timedelta(seconds=120)
        assert it.rows("SELECT COUNT(*) FROM work_item") == [(len(it.bench.world.issues),)]


@pytest.mark.full
def test_a_long_pause_gives_the_scope_back_to_others(store_url: str) -> None:
    """B31: whoever waits for long keeps nobody else from reading; his pages stay good."""
    with synced(store_url, issues=210) as it:
        held: list[object] = []
        clock = it.bench.clock

        def look(seconds: float) -> None:
            held.append(it.rows("SELECT holder FROM lease WHERE scope_kind = 'project'")[0][0])
            clock.sleep(seconds)

        it.bench.simulator.script.faults.append(too_many("search/jql", 20, skip=2, times=1))
        it.bench.simulator.script.faults.append(too_many("search/jql", 600, skip=3, times=1))
        # One worker: whoever read the board beside it would wait for the same limit.
        result = sync(it.store, it.plan(workers=1), clock=clock, sleep=look)
        assert result.outcome is Outcome.COMPLETE
        short, long = held
        assert short is not None
        assert long is None


@pytest.mark.full
def test_a_run_does_not_wait_beyond_its_time_box(tmp_path: Path) -> None:
    with synced(f"{tmp_path}/store.db", issues=210) as it:
        it.bench.simulator.script.faults.append(too_many("search/jql", 600, skip=2, times=1))
        before = it.bench.clock.now()
        result = it.run(time_box_seconds=300.0)
        assert result.outcome is Outcome.PARTIAL
        assert it.bench.clock.now() - before < timedelta(seconds=300)
        assert any("time box" in one.what for one in result.problems)


@pytest.mark.full
def test_two_connections_with_one_token_share_what_is_left(tmp_path: Path) -> None:
    """B36: what is kept for people is kept by the second connection, which never met the limit."""
    few = {"issues": 4, "changes": 4, "repositories": 1}
    with hosts(f"{tmp_path}/store.db", kinds=("github",), **few) as it:
        plan = it.plan({"github": {"api": "rest"}}, max_wait_seconds=0.0, reserve=4990 / 5000)
        first = sync(it.store, plan, clock=it.clock, sleep=it.clock.sleep)
        assert first.exit_codes == {4}
        assert any("kept for people, until " in one.what for one in first.problems)
        # Threads side by side may be under way when it is reached, and no more.
        asked = len(it.simulator.log)
        assert 10 <= asked <= 12
        again = replace(plan, connections=(replace(plan.connections[0], name="again"),))
        second = sync(it.store, again, clock=it.clock, sleep=it.clock.sleep)
        assert second.exit_codes == {4}
        assert len(it.simulator.log) == asked
        it.later(hours=1)
        assert (
            sync(it.store, replace(plan, reserve=0.1), clock=it.clock, sleep=it.clock.sleep).outcome
            is Outcome.COMPLETE
        )


@pytest.mark.full
def test_limits_that_are_off_close_nothing_for_the_next_run(tmp_path: Path) -> None:
    """B39: "0 of 0" with a reset to come is not an exhausted limit."""
    with synced(f"{tmp_path}/store.db") as it:
        off = {
            "X-RateLimit-Limit": "0",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": "2036-01-01T00:00:00Z",
        }
        it.bench.simulator.script.faults.append(Fault("serverInfo", 503, headers=off, times=1))
        assert it.run(max_wait_seconds=30.0).outcome is Outcome.COMPLETE
        it.later(hours=1)
        assert it.run(max_wait_seconds=0.0).outcome is Outcome.COMPLETE


def test_a_stop_is_heard_in_the_middle_of_a_pause(tmp_path: Path) -> None:
    """B31: whoever types Ctrl-C need not wait for a limit; what was read is stored."""
    with synced(f"{tmp_path}/store.db", issues=1) as it:
        context = Context(
            store=it.store,
            plan=it.plan(),
            clock=it.bench.clock,
            run_id=1,
            holder="here",
            progress=Quiet(),
            held=Held(it.store),
            started_at=it.bench.clock.now(),
        )
        run = _Run(context, time.sleep)
        threading.Timer(0.05, context.stop.set).start()
        with pytest.raises(TooManyRequests, match="interrupted"):
            run._sleep(3600.0)
