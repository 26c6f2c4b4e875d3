"""The built company: the same for a seed, of any size, and with work that belongs together."""

from datetime import datetime

import pytest
from support.jira_site import NOW

from connectors.simulator.build import build
from connectors.simulator.code import CodeWorld
from connectors.simulator.code_build import build_code
from connectors.simulator.world import World


def company(seed: int = 3, **sizes: int) -> World:
    world = build(seed, now=NOW, projects=2)
    build_code(world, seed, **sizes)
    return world


@pytest.fixture(scope="module")
def world() -> World:
    return company()


def test_a_seed_makes_the_same_repositories_again() -> None:
    first, second, other = (company(seed).code for seed in (5, 5, 6))
    for name in ("repositories", "changes", "issues", "releases", "deployments", "milestones"):
        assert getattr(first, name) == getattr(second, name)
    assert first.git.commits == second.git.commits
    assert first.ci.runs == second.ci.runs
    assert first.changes != other.changes


def test_jira_stays_as_it_is(world: World) -> None:
    plain = build(3, now=NOW, projects=2)
    assert plain.issues == world.issues
    assert plain.people == world.people
    assert plain.next_id() == build(3, now=NOW, projects=2).next_id()


def test_changes_do_the_work_that_jira_plans(world: World) -> None:
    code = world.code
    keyed = 0
    for change in code.changes.values():
        key = change.title.partition(" ")[0]
        issue = world.issues.get(world.by_key.get(key, 0))
        if issue is None:
            continue
        keyed += 1
        assert key in change.head_branch
        repo = code.repositories[change.repo_id]
        assert all(key in code.git.at(repo, sha).message for sha in change.commits)
        assert (change.state == "merged") is issue.is_done
        if issue.resolved is not None:
            assert change.merged_at is not None
            assert change.merged_at <= issue.resolved
    assert keyed > 40


def test_nothing_happens_after_the_present(world: World) -> None:
    code = world.code
    assert all(one.at <= NOW for one in code.truth())
    times: list[datetime | None] = [commit.committed for commit in code.git.commits.values()]
    times += [one.updated for one in code.ci.runs.values()]
    times += [one.finished for one in code.ci.jobs.values()]
    times += [one.at for one in code.ci.statuses.values()]
    assert all(at is None or at <= NOW for at in times)


def test_it_has_what_real_repositories_have(world: World) -> None:
    code = world.code
    assert {one.host for one in code.repositories.values()} == {"github", "gitlab"}
    assert {one.state for one in code.changes.values()} == {"open", "merged", "closed"}
    assert {one.method for one in code.changes.values()} >= {"squash", "merge", "fast-forward"}
    assert any(one.forced for change in code.changes.values() for one in change.pushes)
    assert any(len(one.attempts) > 1 for one in code.ci.runs.values())
    assert any(job.retried for job in code.ci.jobs.values())
    assert any(one.conclusion == "failure" for one in code.ci.runs.values())
    assert {one.kind for one in code.ci.runs.values()} >= {
        "push",
        "change",
        "schedule",
        "train",
    }
    assert any(one.closes for one in code.changes.values())
    assert {one.reason for one in code.issues.values()} >= {None, "completed", "not_planned"}
    last = list(code.repositories.values())[-1]
    assert code.ci.runs_in(last) == []
    assert trees(code) == {True, False}


def test_what_a_queue_tested_is_what_landed(world: World) -> None:
    code = world.code
    landed = {one.landed_sha for one in code.changes.values()}
    trains = [one for one in code.ci.runs.values() if one.kind == "train"]
    assert sum(one.sha in landed for one in trains) > len(trains) / 2


def trees(code: CodeWorld) -> set[bool]:
    """Whether what landed has the tree of its head: both must occur."""
    found = set()
    for one in code.changes.values():
        if one.landed_sha is not None:
            repo = code.repositories[one.repo_id]
            landed, head = code.git.at(repo, one.landed_sha), code.git.at(repo, one.head_sha)
            found.add(landed.tree == head.tree)
    return found


def test_size_is_free() -> None:
    code = company(repositories=5, changes_per_repository=15, issues_per_repository=2).code
    assert len(code.repositories) == 5
    assert all(13 <= len(code.changes_in(one)) <= 17 for one in code.repositories.values())
