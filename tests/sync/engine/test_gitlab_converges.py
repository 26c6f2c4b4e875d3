"""Whatever happens at GitLab between two runs, and whatever goes wrong in them: the store follows.

The real connector reads the simulated server in both of its ways; at the end each store holds what
the world holds.
"""

import json
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from support.gitlab_site import Bench, serving

from connectors.contract import Outcome
from connectors.gitlab.options import GitLabOptions
from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_things import ChangeRequest, Repository
from connectors.simulator.faults import Fault
from mappings.load import load
from mappings.registry import get
from sync.engine.plan import ConnectionPlan, Plan
from sync.engine.run import RunResult, sync
from sync.store.open import Store, open_store

TABLE = load([get("gitlab").defaults])
MOVES, RUNS = 12, 5


def run(bench: Bench, store: Store, api: str, **how: Any) -> RunResult:
    """One run over all projects, named by id."""
    options = GitLabOptions(
        url=bench.simulator.url("gitlab"),
        token=SecretStr(bench.world.credentials["owner"].token),
        projects=tuple(str(one.id) for one in bench.world.code.hosted("gitlab")),
        api=api,
    )
    plan = Plan((ConnectionPlan("gitlab", "gitlab", options, TABLE),), workers=1)
    return sync(store, plan, clock=bench.clock, sleep=bench.clock.sleep, **how)


class Life:
    """Moves of a world, drawn from a seed."""

    def __init__(self, bench: Bench, rng: random.Random) -> None:
        self.bench, self.rng, self.code = bench, rng, bench.world.code
        self.people = list(bench.world.people)
        self.moves: tuple[Callable[[Repository], None], ...] = (
            self.retitle,
            self.turn,
            self.plan,
            self.relabel,
            self.weigh,
            self.delete,
            self.move,
            self.write,
            self.push,
            self.land,
            self.drop,
            self.again,
            self.rename_milestone,
            self.rename_project,
        )

    def pass_time(self) -> None:
        """Some hours, with some moves at their end."""
        self.bench.clock.advance(timedelta(hours=self.rng.choice((1, 3, 30))))
        self.bench.world.now = self.bench.clock.now()
        for _ in range(MOVES):
            repo = self.rng.choice(self.code.hosted("gitlab"))
            self.rng.choice(self.moves)(repo)

    @property
    def somebody(self) -> str:
        return self.rng.choice(self.people)

    def issue(self, repo: Repository) -> Any:
        return self.rng.choice(self.code.issues_in(repo))

    def change(self, repo: Repository) -> ChangeRequest | None:
        found = [one for one in self.code.changes_in(repo) if one.state == "open"]
        return self.rng.choice(found) if found else None

    def retitle(self, repo: Repository) -> None:
        self.code.retitle(self.issue(repo), f"Title {self.rng.random()}", by=self.somebody)

    def turn(self, repo: Repository) -> None:
        issue = self.issue(repo)
        (self.code.close if issue.state == "open" else self.code.reopen)(issue, by=self.somebody)

    def plan(self, repo: Repository) -> None:
        milestones = [*self.code.milestones_of(repo), None]
        self.code.plan(self.issue(repo), self.rng.choice(milestones), by=self.somebody)

    def relabel(self, repo: Repository) -> None:
        self.code.relabel(self.issue(repo), self.rng.sample("abc", 2), by=self.somebody)

    def weigh(self, repo: Repository) -> None:
        self.code.set_weight(self.issue(repo), self.rng.choice((None, 1, 5)), by=self.somebody)

    def delete(self, repo: Repository) -> None:
        if len(self.code.issues_in(repo)) > 4:
            self.code.delete_issue(self.issue(repo))

    def move(self, repo: Repository) -> None:
        others = [one for one in self.code.hosted("gitlab") if one is not repo]
        if len(self.code.issues_in(repo)) > 4:
            self.code.transfer(self.issue(repo), self.rng.choice(others), by=self.somebody)

    def write(self, repo: Repository) -> None:
        self.code.create_issue(repo, "New", author=self.somebody, labels=["a"])

    def push(self, repo: Repository) -> None:
        change = self.change(repo)
        if change is not None:
            self.code.push(change, "More")

    def land(self, repo: Repository) -> None:
        change = self.change(repo)
        if change is not None:
            self.code.merge(change, self.rng.choice(("merge", "squash")), by=self.somebody)

    def drop(self, repo: Repository) -> None:
        change = self.change(repo)
        if change is not None:
            self.code.close(change, by=self.somebody)

    def again(self, repo: Repository) -> None:
        run = self.rng.choice(self.code.ci.runs_in(repo))
        plan = JobPlan(run.jobs[0].name, self.rng.choice(("success", "failure")))
        self.code.ci.retry(repo, run, self.bench.clock.now(), [plan])

    def rename_milestone(self, repo: Repository) -> None:
        milestone = self.rng.choice(self.code.milestones_of(repo))
        self.code.edit_milestone(milestone, title=f"Plan {self.rng.random()}")

    def rename_project(self, repo: Repository) -> None:
        self.code.rename_repository(repo, f"{repo.owner}/r{self.rng.randrange(10**6)}")


FAULTS = (
    lambda skip: Fault("api/", 502, b"<html>", content_type="text/html", times=6, skip=skip),
    lambda skip: Fault("api/", manner="drop", times=6, skip=skip),
    lambda skip: Fault("api/", manner="cut", times=2, skip=skip),
    lambda skip: Fault("api/", 429, b"Retry later", {}, "text/plain", times=1, skip=skip),
    lambda skip: Fault("api/", 403, b'{"message":"403 Forbidden"}', times=1, skip=skip),
)


def held(store: Store, query: str) -> dict[str, tuple[Any, ...]]:
    with store.reading() as conn:
        return {row[0]: tuple(row[1:]) for row in conn.execute(sa.text(query))}


def lost(bench: Bench) -> set[str]:
    """Issues that were moved and whose new self was deleted: GitLab tells it of them no more."""
    found = bench.world.code.issues
    return {
        str(one.id)
        for one in found.values()
        if one.transferred_to is not None
        and found[one.transferred_to].deleted
        and found[one.transferred_to].transferred_to is None
    }


def issues(bench: Bench) -> dict[str, tuple[Any, ...]]:
    """What the world holds of issues: those that were moved away stay behind, dropped."""
    code = bench.world.code
    found = {}
    for one in code.issues.values():
        repo = code.repositories[one.repo_id]
        if repo.host != "gitlab" or (one.deleted and one.transferred_to is None):
            continue
        moved = one.transferred_to is not None
        state = "closed" if moved or one.state != "open" else "opened"
        category = "cancelled" if moved else ("done" if state == "closed" else "todo")
        milestone = [["milestone", str(one.milestone_id)]] if one.milestone_id else []
        key = f"{repo.path}#{one.number}"
        labels = sorted(one.labels)
        found[str(one.id)] = (key, one.title, state, category, milestone, labels, one.weight)
    return found


def stored_issues(store: Store) -> dict[str, tuple[Any, ...]]:
    rows = held(
        store,
        "SELECT source_id, key, title, raw_status, status_category, milestones, labels, "
        "estimate_points FROM work_item WHERE gone_at IS NULL",
    )
    return {
        id_: (*row[:4], [one for one in json.loads(row[4]) if one[0] == "milestone"],
              sorted(json.loads(row[5])), row[6])
        for id_, row in rows.items()
    }  # fmt: skip


def changes(bench: Bench) -> dict[str, tuple[Any, ...]]:
    code = bench.world.code
    return {
        str(one.id): (one.title, one.state, one.head_sha, one.landed_sha)
        for repo in code.hosted("gitlab")
        for one in code.changes_in(repo)
    }


def jobs(bench: Bench) -> dict[str, tuple[Any, ...]]:
    code = bench.world.code
    return {
        str(job.id): (str(run.id), job.name, job.conclusion or "pending", job.retried)
        for repo in code.hosted("gitlab")
        for run in code.ci.runs_in(repo)
        for job in run.jobs
    }


def converge(seed: int, api: str, file: Path) -> None:
    rng = random.Random(seed)
    with serving(seed, issues=12, repositories=2, changes=10) as bench:
        store, life = open_store(f"sqlite:///{file}"), Life(bench, rng)
        assert run(bench, store, api).outcome is Outcome.COMPLETE
        for _ in range(RUNS):
            life.pass_time()
            if rng.random() < 0.6:
                bench.simulator.script.faults.append(rng.choice(FAULTS)(rng.randrange(40)))
            run(bench, store, api, census=rng.random() < 0.3)
            bench.simulator.script.clear()
        # What went before its history was read is found out by a census; then all is well.
        bench.clock.advance(timedelta(hours=2))
        run(bench, store, api, census=True)
        bench.clock.advance(timedelta(hours=2))
        last = run(bench, store, api)
        assert last.outcome is Outcome.COMPLETE, last.problems
        expected, found = issues(bench), stored_issues(store)
        for id_ in lost(bench):
            assert found[id_][3] in ("done", "cancelled")
            found[id_] = (*found[id_][:3], "cancelled", *found[id_][4:])
        assert found == expected
        query = "SELECT source_id, title, state, head_sha, landed_sha FROM change_request"
        assert held(store, query) == changes(bench)
        query = (
            "SELECT source_id, run_id, name, conclusion, is_superseded FROM check_result "
            "WHERE source = 'job'"
        )
        rows = {id_: (*row[:3], bool(row[3])) for id_, row in held(store, query).items()}
        assert rows == jobs(bench)
        store.close()


@pytest.mark.full
@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_the_store_ends_as_the_world_is(api: str, tmp_path: Path) -> None:
    converge(1, api, tmp_path / "driftline.db")


@pytest.mark.full
@pytest.mark.parametrize("seed", range(1, 15))
def test_it_does_for_many_plots(seed: int, tmp_path: Path) -> None:
    converge(seed, "graphql" if seed % 2 else "rest", tmp_path / "driftline.db")
