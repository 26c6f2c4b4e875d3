"""Runs that are killed for real, at any moment, and go on: nothing is lost, nothing twice."""

import random
import signal
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from support.company import Company, Desk, company
from support.nursery import Child, Ended, Nursery

from connectors.simulator.edits import random_edit
from sync.store import migrate

KILLED = -signal.SIGKILL
#: What a reconciliation writes.
_JUDGED = frozenset(
    (
        "baseline",
        "baseline_item",
        "finding",
        "finding_event",
        "outbox",
        "reconcile_run",
        "report",
    )
)


@dataclass(frozen=True, slots=True)
class Blow:
    """When a run is killed."""

    #: before the answer to the request of that number (from 0) that matches.
    request: int = 0
    matching: str = "."
    #: or as it is about to send this statement to the database.
    statement: int | None = None


def strike(desk: Desk, blow: Blow, *words: str) -> Ended:
    """Start a run and kill it; it may end before."""
    if blow.statement is not None:
        return desk.type(*words, die_at=blow.statement)
    started: list[Child] = []
    is_known = threading.Event()

    def kill() -> None:
        is_known.wait(10)
        started[0].signal(signal.SIGKILL)

    script = desk.company.simulator.script
    desk.company.at_request(blow.request, kill, matching=blow.matching)
    started.append(desk.start(*words))
    is_known.set()
    ended = started[0].wait()
    script.clear()
    return ended


def go_on(desk: Desk) -> None:
    """The run after it: right away, since a killed holder holds nothing."""
    ended = desk.type("sync", "--quiet")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def time_passes(them: Company, rng: random.Random, *, edits: int) -> None:
    """A day in which people work; what has gone since is proven by the next run."""
    them.later(hours=25)
    for _ in range(edits):
        random_edit(them.world, them.clock, rng)


@pytest.mark.parametrize(
    ("store_url", "first_load", "later"),
    [
        (
            "sqlite",
            (Blow(matching="search/jql", request=2), Blow(statement=700)),
            (Blow(matching="search/jql", request=1),),
        ),
        pytest.param(
            "postgresql", (Blow(request=30), Blow(statement=200)), (), marks=pytest.mark.postgres
        ),
        pytest.param(
            "postgresql",
            (Blow(request=2), Blow(matching="search/jql", request=2), Blow(statement=700)),
            (Blow(statement=120), Blow(request=20)),
            marks=[pytest.mark.postgres, pytest.mark.full],
        ),
    ],
    indirect=["store_url"],
)
def test_killed_runs_end_like_runs_that_were_not(
    processes: Nursery,
    store_url: str,
    first_load: tuple[Blow, ...],
    later: tuple[Blow, ...],
    tmp_path: Path,
) -> None:
    """B105: rows and the place to go on from are one commit; B107: never the place before them.

    B108: a first load that is broken off again and again comes to its end.
    """
    with company(tmp_path, processes, issues=16, changes=4) as them:
        whole, killed = them.desk("whole"), them.desk("killed", store_url)
        go_on(whole)
        assert {strike(killed, blow, "sync").code for blow in first_load} == {KILLED}
        assert killed.tables()["account"]
        go_on(killed)
        assert killed.tables() == whole.tables()
        if later:
            time_passes(them, random.Random(5), edits=6)
            assert {strike(killed, blow, "sync").code for blow in later} == {KILLED}
            go_on(whole)
            go_on(killed)
            assert killed.tables() == whole.tables()
        told = killed.rows("SELECT outcome, COUNT(*) FROM sync_run GROUP BY 1 ORDER BY 1")
        kills = len(first_load) + len(later)
        assert told == [("complete", 2 if later else 1), ("failed", kills)]


@pytest.mark.full
@pytest.mark.timeout(1500)
def test_fifty_killed_runs_end_like_runs_that_were_not(
    processes: Nursery, store_url: str, tmp_path: Path
) -> None:
    rng = random.Random(50)
    kills = 0
    struck_at: set[str] = set()
    with company(tmp_path, processes, issues=40, changes=10, projects=2, repositories=3) as them:
        whole, killed = them.desk("whole"), them.desk("killed", store_url)
        for _ in range(40):
            before = len(them.simulator.log)
            go_on(whole)
            requests = len(them.simulator.log) - before
            for _ in range(6):
                by_request = Blow(request=rng.randrange(requests))
                blow = rng.choice((by_request, Blow(statement=rng.randrange(20, 900))))
                words = ("run", "--no-mail") if rng.random() < 0.3 else ("sync",)
                if strike(killed, blow, *words).code == KILLED:
                    kills += 1
                    struck_at.add(them.simulator.log[-1].path.split("/")[1])
            go_on(killed)
            assert _source(killed) == _source(whole)
            if kills >= 50:
                break
            time_passes(them, rng, edits=12)
    assert kills >= 50
    assert struck_at >= {"jira-cloud", "github", "gitlab"}


@pytest.mark.full
def test_an_upgrade_that_is_killed_leaves_the_store_as_it_was(
    processes: Nursery, empty_url: str, tmp_path: Path
) -> None:
    """At every twentieth statement; the version before could still open it each time."""
    with company(tmp_path, processes, issues=6, changes=2, repositories=1) as them:
        desk = them.desk("desk", empty_url)
        engine = sa.create_engine(empty_url if "://" in empty_url else f"sqlite:///{empty_url}")
        with engine.begin() as conn:
            config = migrate.config()
            config.attributes["connection"] = conn
            command.upgrade(config, "0001")
            conn.exec_driver_sql("INSERT INTO store_info VALUES ('application', 'driftline')")
        tables = sa.inspect(engine).get_table_names()
        kills = 0
        while desk.type("db", "upgrade", "--quiet", die_at=5 + 20 * kills).code == KILLED:
            kills += 1
            assert sa.inspect(engine).get_table_names() == tables
            with engine.connect() as conn:
                held = conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
                assert held == "0001"
        engine.dispose()
        assert kills >= 5
        go_on(desk)


def _source(desk: Desk) -> dict[str, object]:
    """All but what a reconciliation wrote: only one of the two desks has judged."""
    return {name: rows for name, rows in desk.tables().items() if name not in _JUDGED}
