"""Workers share the work of one store: what they do together is what one run does alone."""

import random
import signal
from pathlib import Path

import pytest
from support.company import company
from support.nursery import Child, Nursery
from support.workers import jobs, kill_one_by_one, two_hosts, what_is_true


@pytest.mark.postgres
def test_a_worker_does_what_a_run_does(
    processes: Nursery, postgres_url: str, tmp_path: Path
) -> None:
    with company(tmp_path, processes, issues=12, changes=4) as them:
        alone, shared = them.desk("alone"), them.desk("shared", postgres_url)
        assert alone.type("run", "--quiet").code == 0
        ended = shared.type("worker", "--once", "--name", "one")
        assert ended.code == 0, ended.err
        assert what_is_true(shared) == what_is_true(alone)
        assert (shared.directory / "reports" / "report.html").is_file()
        assert "one: judged" in ended.err
        assert jobs(shared) == 0
        # Its tables are none of the store's: everything else still opens it.
        assert shared.type("status").code == 0


def test_workers_want_a_store_that_can_be_shared(processes: Nursery, tmp_path: Path) -> None:
    with company(tmp_path, processes, issues=1, changes=1) as them:
        ended = them.desk("file").type("worker")
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert "driftline.toml:2: store: workers share a store on PostgreSQL" in ended.err


@pytest.mark.postgres
def test_a_schedule_that_is_none_is_told_before_anything_is_done(
    processes: Nursery, postgres_url: str, tmp_path: Path
) -> None:
    with company(tmp_path, processes, issues=1, changes=1) as them:
        desk = them.desk("shared", postgres_url)
        with (desk.directory / "driftline.toml").open("a", encoding="utf-8") as file:
            file.write('\n[worker]\nschedule = "at dawn"\n')
        ended = desk.type("worker")
        assert ended.code == 2
        assert ended.err.count("\n") == 1
        assert "worker.schedule: 'at dawn' is no line of cron" in ended.err
        assert desk.company.simulator.log == []


@pytest.mark.postgres
@pytest.mark.full
def test_a_worker_that_is_told_to_stop_leaves_the_rest_to_another(
    processes: Nursery, postgres_url: str, tmp_path: Path
) -> None:
    with company(tmp_path, processes, issues=40, changes=8) as them:
        alone, shared = them.desk("alone"), them.desk("shared", postgres_url)
        assert alone.type("run", "--quiet").code == 0
        started: list[Child] = []
        them.at_request(20, lambda: started[0].signal(signal.SIGTERM))
        started.append(shared.start("worker", "--once", "--quiet"))
        stopped = started[0].wait()
        assert (stopped.code, stopped.err) == (0, "")
        assert jobs(shared) > 0
        assert shared.rows("SELECT count(*) FROM lease WHERE holder IS NOT NULL") == [(0,)]
        ended = shared.type("worker", "--once", "--quiet")
        assert (ended.code, ended.err) == (0, "")
        assert what_is_true(shared) == what_is_true(alone)


@pytest.mark.postgres
@pytest.mark.full
def test_workers_that_are_killed_again_and_again_lose_nothing_and_do_nothing_twice(
    processes: Nursery, postgres_url: str, tmp_path: Path
) -> None:
    """Four workers, one of them killed every two seconds, whatever it does at that moment."""
    rng = random.Random(9)
    with company(tmp_path, processes, projects=6, issues=30, repositories=8, changes=6) as them:
        alone = two_hosts(them.desk("alone"))
        assert alone.type("run", "--quiet").code == 0
        them.simulator.log.clear()
        them.simulator.latency = 0.03
        desks = [two_hosts(them.desk(f"host-{n}", postgres_url)) for n in range(4)]
        kills, codes = kill_one_by_one(desks, rng, every=2.0, seconds=30.0)
        assert kills >= 10
        assert set(codes) <= {0}
        last = desks[0].type("worker", "--once", dead_seconds=4)
        assert last.code == 0, last.err
        statuses = {one.status for one in them.simulator.log}
        refused = statuses & {403, 429}
        runs = desks[0].rows("SELECT outcome, count(*) FROM sync_run GROUP BY outcome ORDER BY 1")
        print(
            f"{kills} kills; runs: {dict(runs)}; {len(them.simulator.log)} requests, "
            f"{len(refused)} refused by a limit"
        )
        assert not refused
        assert what_is_true(desks[0]) == what_is_true(alone)
        assert jobs(desks[0]) == 0
