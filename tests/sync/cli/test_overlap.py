"""Two runs at once, as processes: of two hosts on PostgreSQL, of one machine on SQLite."""

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.company import Desk, company
from support.nursery import Child, Ended, Nursery

from sync.store.open import open_store

WHOLE = (0, "", "")


def told(ended: Ended) -> tuple[int, str, str]:
    return ended.code, ended.out, ended.err


def while_reading(desk: Desk, matching: str, then: Callable[[], None]) -> Child:
    """Start a run; `then` happens once, before it is answered such a request."""
    desk.company.at_request(0, then, matching=matching)
    return desk.start("sync", "--quiet")


@pytest.mark.full
def test_a_second_run_says_who_reads_and_the_first_one_ends_whole(
    processes: Nursery, store_url: str, tmp_path: Path
) -> None:
    """B103: one scope is written by one run at a time, whoever names it.

    While the first one waits for Jira, another reads what is free and leaves with 75.
    """
    with company(tmp_path, processes, issues=12, changes=3) as them:
        whole, first = them.desk("whole"), them.desk("first", store_url)
        assert told(whole.type("sync", "--quiet")) == WHOLE
        second = them.desk("second", store_url)
        answers: list[Ended] = []
        running = while_reading(
            first, "/versions", lambda: answers.append(second.type("sync", "--quiet"))
        )
        assert told(running.wait()) == WHOLE
        (busy,) = answers
        assert busy.code == 75
        held = [line for line in busy.err.splitlines() if line.startswith("jira APO: ")]
        assert len(held) == 1
        assert f"pid {running.pid} run 1 is reading it until 2026-03-02" in held[0]
        assert first.tables() == whole.tables()


@pytest.mark.postgres
@pytest.mark.full
def test_two_hosts_on_one_server_end_like_one(
    processes: Nursery, postgres_url: str, tmp_path: Path
) -> None:
    """B106: cursors are rows of the shared store, so hosts take turns without a gap.

    Both start at once on an empty database, first for different systems, then for all of them, with
    clocks three hours apart.
    """
    with company(tmp_path, processes, issues=30, changes=8, projects=3) as them:
        whole = them.desk("whole")
        hosts = [them.desk(name, postgres_url) for name in ("a", "b")]
        them.simulator.latency = 0.01
        for systems in (("jira", "github"), None, None, None):
            mine = [("--connection", one) for one in systems] if systems else [(), ()]
            running = [
                host.start("sync", "--quiet", *words, hours_off=off, is_machine=True)
                for host, words, off in zip(hosts, mine, (-1.5, 1.5), strict=True)
            ]
            ended = [one.wait() for one in running]
            if systems:
                assert [told(one) for one in ended] == [WHOLE, WHOLE]
            for one in ended:
                assert one.code in (0, 75), one.err
                said = [line for line in one.err.splitlines() if "is reading it until" not in line]
                assert said == []
        for host in (*hosts, whole):
            assert told(host.type("sync", "--quiet")) == WHOLE
        assert hosts[0].tables() == hosts[1].tables() == whole.tables()


# --- fencing --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "store_url",
    ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.full])],
    indirect=True,
)
def test_a_stopped_run_that_wakes_up_cannot_write(
    processes: Nursery, store_url: str, tmp_path: Path
) -> None:
    """SIGSTOP in the middle of a scope; its lease lapses, another run reads all; then SIGCONT."""
    with company(tmp_path, processes, issues=12, changes=3) as them:
        # One worker: while it waits for an answer, no transaction is open.
        first, second = them.desk("first", store_url, workers=1), them.desk("second", store_url)
        started: list[Child] = []
        is_known, is_stopped = threading.Event(), threading.Event()

        def stop() -> None:
            is_known.wait(10)
            started[0].signal(signal.SIGSTOP)
            # Before the answer is sent: a thread that gets it might still begin a transaction.
            wait_until_stopped(started[0])
            is_stopped.set()

        started.append(while_reading(first, "/versions", stop))
        is_known.set()
        assert is_stopped.wait(60)
        busy = second.type("sync", "--quiet")
        assert busy.code == 75
        assert f"pid {started[0].pid} run 1 is reading it" in busy.err
        them.later(minutes=6)
        assert told(second.type("sync", "--quiet")) == WHOLE
        held = second.tables()
        started[0].signal(signal.SIGCONT)
        woken = started[0].wait()
        assert woken.code == 75
        assert "jira APO: the scope was taken over by" in woken.err
        assert second.tables() == held
        assert second.rows("SELECT id, outcome FROM sync_run ORDER BY id") == [
            (1, "partial"),
            (2, "partial"),
            (3, "complete"),
        ]
        certified = second.rows(
            "SELECT c.name FROM sync_step s JOIN connection c ON c.id = s.connection_id "
            "WHERE s.run_id = 1 AND s.stream = 'issues' ORDER BY c.name"
        )
        assert certified == [("github",), ("gitlab",)]


@pytest.mark.postgres
@pytest.mark.full
def test_a_run_that_sleeps_inside_a_transaction_holds_up_nobody_for_long(
    processes: Nursery, postgres_url: str, tmp_path: Path
) -> None:
    """The server ends the transaction of a host that stands still, and others go on."""
    with company(tmp_path, processes, issues=12, changes=3) as them:
        first, second = them.desk("first", postgres_url), them.desk("second", postgres_url)
        assert told(second.type("sync", "--quiet")) == WHOLE
        them.later(hours=25)
        sleeper = first.start("sync", "--quiet", stop_at=8, stalled_seconds=2)
        wait_until_stopped(sleeper)
        them.later(minutes=6)
        assert told(second.type("sync", "--quiet")) == WHOLE
        held = second.tables()
        sleeper.signal(signal.SIGCONT)
        woken = sleeper.wait()
        assert woken.code in (1, 75)
        assert "Traceback" not in woken.err
        assert second.tables() == held


def wait_until_stopped(child: Child) -> None:
    """Until the system says that all its threads are stopped."""
    deadline = time.monotonic() + 60
    while not all(
        stat.read_text("utf-8").rpartition(")")[2].split()[0] == "T"
        for stat in Path(f"/proc/{child.pid}/task").glob("*/stat")
    ):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.full
def test_a_file_that_stays_locked_is_one_message(processes: Nursery, tmp_path: Path) -> None:
    """A process is stopped inside a transaction: the next one waits, then leaves with 75."""
    with company(tmp_path, processes, issues=12, changes=3) as them:
        desk = them.desk("desk")
        open_store(desk.store).close()
        holder = desk.start("sync", "--quiet", stop_at=8)
        try:
            wait_until_stopped(holder)
            waited = desk.type("sync", "--quiet", busy_seconds=0.2)
        finally:
            holder.signal(signal.SIGKILL)
            holder.wait()
        assert (waited.code, waited.out) == (75, "")
        (line,) = waited.err.splitlines()
        assert "the database stays locked by another process" in line
        assert told(desk.type("sync", "--quiet")) == WHOLE
