"""Workers share the work of one store: what they do together is what one run does alone."""

import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from support import namespaces
from support.checkout import ROOT
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
def test_a_reading_whose_time_box_is_used_up_goes_on_in_the_next_job(
    processes: Nursery, postgres_url: str, tmp_path: Path
) -> None:
    """Each look at the clock takes a while, so that a minute is over after a few pages."""
    with company(tmp_path, processes, issues=60, changes=8) as them:
        alone, shared = them.desk("alone"), them.desk("shared", postgres_url, workers=1)
        assert alone.type("run", "--quiet").code == 0
        single = len(them.simulator.log)
        with (shared.directory / "driftline.toml").open("a", encoding="utf-8") as file:
            file.write("\n[worker]\ntime_box_minutes = 1\n")
        them.simulator.log.clear()
        ended = shared.type("worker", "--once", "--name", "one", tick=0.2)
        assert ended.code == 0, ended.err
        assert jobs(shared) == 0
        runs = shared.rows("SELECT outcome, count(*) FROM sync_run GROUP BY outcome")
        outcomes = {str(outcome): int(count) for outcome, count in runs}
        # Of each of the two servers the last one reads to the end, and both are judged once.
        assert outcomes.pop("complete") == 2
        assert sum(outcomes.values()) >= 1
        assert shared.rows("SELECT count(*) FROM reconcile_run") == [(1,)]
        assert shared.rows("SELECT count(*) FROM lease WHERE holder IS NOT NULL") == [(0,)]
        assert "the time box of the run is used up" in ended.err
        assert what_is_true(shared) == what_is_true(alone)
        # What was read is not read again, but for what each run looks at as it begins.
        assert len(them.simulator.log) < 2 * single


@pytest.mark.postgres
@pytest.mark.full
def test_a_time_box_that_is_too_small_for_anything_ends_the_round(
    processes: Nursery, postgres_url: str, tmp_path: Path
) -> None:
    """Each job would read the same short lists for ever."""
    with company(tmp_path, processes, issues=6, changes=2) as them:
        desk = them.desk("host", postgres_url, workers=1)
        with (desk.directory / "driftline.toml").open("a", encoding="utf-8") as file:
            file.write("\n[worker]\ntime_box_minutes = 1\n")
        ended = desk.type("worker", "--once", "--name", "one", tick=2)
        assert ended.code == 4, ended.err
        assert jobs(desk) == 0
        assert "the time box of the run is used up" in ended.err
        assert "one: judged" in ended.err


@pytest.mark.postgres
@pytest.mark.full
def test_two_workers_never_read_with_one_token_at_once(
    processes: Nursery, postgres_url: str, tmp_path: Path
) -> None:
    with company(tmp_path, processes, issues=30, changes=6) as them:
        them.simulator.latency = 0.03
        desks = [two_hosts(them.desk(f"host-{n}", postgres_url)) for n in range(2)]
        running = [desk.start("worker", "--once", "--quiet") for desk in desks]
        codes: list[int] = []
        together: list[int] = []
        while running:
            ended = [one.ended() for one in running]
            codes += [code for code in ended if code is not None]
            running = [one for one, code in zip(running, ended, strict=True) if code is None]
            doing = _doing(postgres_url)
            assert len(doing) == len(set(doing)), "two jobs hold one lock"
            together.append(len(doing))
        assert codes == [0, 0]
        # They did share the work: two servers at a time.
        assert max(together) == 2


def _doing(url: str) -> list[str]:
    """Locks of the readings that workers are at."""
    with psycopg.connect(url.replace("+psycopg", "")) as conn:
        if conn.execute("SELECT to_regclass('procrastinate.procrastinate_jobs')").fetchone() == (
            None,
        ):
            return []
        found = conn.execute(
            "SELECT lock FROM procrastinate.procrastinate_jobs "
            "WHERE status = 'doing' AND task_name = 'driftline.read'"
        )
        return [str(row[0]) for row in found]


@pytest.mark.postgres
@pytest.mark.full
def test_a_schedule_begins_one_round_for_all_workers(
    processes: Nursery, postgres_url: str, tmp_path: Path
) -> None:
    """Every four seconds, by a sixth column for seconds; two workers that heed it."""
    with company(tmp_path, processes, issues=4, changes=1) as them:
        desks = [them.desk(f"host-{n}", postgres_url) for n in range(2)]
        for desk in desks:
            with (desk.directory / "driftline.toml").open("a", encoding="utf-8") as file:
                file.write('\n[worker]\nschedule = "* * * * * */4"\n')
        began = time.time()
        running = [desk.start("worker", "--name", "one", is_machine=True) for desk in desks]
        until = time.monotonic() + 120
        while time.monotonic() < until and _rounds(postgres_url) < 3:
            time.sleep(0.2)
        for one in running:
            one.signal(signal.SIGTERM)
        ended = [one.wait() for one in running]
        assert [one.code for one in ended] == [0, 0], ended
        ticks = (time.time() - began) / 4 + 1
        assert 3 <= _rounds(postgres_url) <= ticks


def _rounds(url: str) -> int:
    """Rounds that were judged."""
    with psycopg.connect(url.replace("+psycopg", "")) as conn:
        if conn.execute("SELECT to_regclass('reconcile_run')").fetchone() == (None,):
            return 0
        row = conn.execute("SELECT count(*) FROM reconcile_run").fetchone()
        return int(row[0]) if row else 0


@pytest.mark.postgres
@pytest.mark.full
def test_a_schedule_may_have_a_name_and_begins_nothing_before_its_time(
    processes: Nursery, postgres_url: str, tmp_path: Path
) -> None:
    with company(tmp_path, processes, issues=1, changes=1) as them:
        desk = them.desk("host", postgres_url)
        with (desk.directory / "driftline.toml").open("a", encoding="utf-8") as file:
            file.write('\n[worker]\nschedule = "@yearly"\n')
        running = desk.start("worker", "--quiet", is_machine=True)
        until = time.monotonic() + 60
        while time.monotonic() < until and not _is_at_work(postgres_url):
            time.sleep(0.1)
        time.sleep(3)
        running.signal(signal.SIGTERM)
        ended = running.wait()
        assert (ended.code, ended.err) == (0, "")
        assert them.simulator.log == []
        assert jobs(desk) == 0


def _is_at_work(url: str) -> bool:
    with psycopg.connect(url.replace("+psycopg", "")) as conn:
        found = conn.execute("SELECT to_regclass('procrastinate.procrastinate_workers')").fetchone()
        if found == (None,):
            return False
        row = conn.execute("SELECT count(*) FROM procrastinate.procrastinate_workers").fetchone()
        return row == (1,)


@pytest.mark.full
def test_workers_in_two_networks_do_what_a_single_run_does(tmp_path: Path) -> None:
    """Namespaces around a third, with a server of PostgreSQL; a worker is killed now and then."""
    why = namespaces.missing() or (None if namespaces.initdb() else "PostgreSQL is not installed")
    if why is not None:
        pytest.skip(why)
    words = "--namespaces 2 --minutes 0.3 --every 5 --projects 3 --repositories 4 --latency 0.1"
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.workers", *words.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "equal to the single run" in ended.stdout
    assert " 0 refused by a limit" in ended.stdout
    assert re.search(r"[1-9]\d* killed", ended.stdout)


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
