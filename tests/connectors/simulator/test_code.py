"""Code hosting: what lands, what moves, and what the vendors' answers cannot tell."""

from datetime import date, datetime, timedelta

import pytest
from support.jira_site import NOW

from connectors.simulator.code import CodeWorld
from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_git import together
from connectors.simulator.code_things import (
    ChangeRequest,
    FileEdit,
    Host,
    Method,
    Repository,
)
from connectors.simulator.code_things import TestTotals as Totals
from connectors.simulator.world import Credential, World

ANN, BOB = "ann", "bob"


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


@pytest.fixture
def world() -> World:
    world = World(NOW)
    for one in (ANN, BOB):
        world.add_person(one, one, one.title())
    world.add_credential(Credential("owner", "o@example.net", "t", ANN))
    return world


def repository(code: CodeWorld, host: Host = "github") -> Repository:
    repo = code.add_repository(code.add_group(host, "apollo", "Apollo"), "shop", at=at(-10))
    code.commit(repo, "Begin", author=ANN, at=at(-9))
    return repo


def change(code: CodeWorld, repo: Repository, when: float = 0) -> ChangeRequest:
    return code.open_change(
        repo,
        "Add search",
        f"search-{when}",
        [("One", (FileEdit("a.py", "added"),)), ("Two", (FileEdit("a.py"), FileEdit("b.py")))],
        author=ANN,
        at=at(when),
    )


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
@pytest.mark.parametrize("moved", [False, True])
def test_what_lands_has_the_tree_of_the_head_unless_the_base_moved(
    world: World, method: Method, moved: bool
) -> None:
    code = world.code
    repo = repository(code)
    one = change(code, repo)
    if moved:
        code.commit(repo, "Meanwhile", author=BOB, at=at(1))
    tip = code.git.tip(repo, "main")
    code.merge(one, method, at=at(2), by=BOB)
    landed = code.git.at(repo, one.landed_sha or "")
    head = code.git.at(repo, one.head_sha)
    assert (landed.tree == head.tree) is not moved
    assert code.git.tip(repo, "main") == landed.sha != head.sha
    assert next(iter(code.git.at(repo, one.landed[0]).parents)) == (
        one.fork_sha if method == "merge" else tip
    )
    assert len(landed.parents) == (2 if method == "merge" else 1)


def test_a_preview_has_the_tree_of_what_lands_while_the_base_stays(world: World) -> None:
    code = world.code
    repo = repository(code)
    one = change(code, repo)
    code.commit(repo, "Meanwhile", author=BOB, at=at(1))
    preview = code.preview(one, at=at(2))
    assert code.preview(one, at=at(2.5)) is preview
    code.merge(one, "squash", at=at(3))
    assert preview is not None
    assert preview.tree == code.git.at(repo, one.landed_sha or "").tree


def test_a_revert_restores_the_tree(world: World) -> None:
    code = world.code
    repo = repository(code)
    before = code.git.at(repo, code.git.tip(repo, "main") or "").tree
    one = change(code, repo)
    code.merge(one, "squash", at=at(1))
    undone = code.open_change(
        repo, "Revert", "revert-1", [("Revert", ())], author=BOB, at=at(2), undo=one
    )
    code.merge(undone, "squash", at=at(3))
    assert code.git.at(repo, undone.landed_sha or "").tree == before


def test_a_rebase_keeps_the_work_and_changes_every_sha(world: World) -> None:
    code = world.code
    repo = repository(code)
    one = change(code, repo)
    old = list(one.commits)
    code.commit(repo, "Meanwhile", author=BOB, at=at(1))
    code.rebase(one, at=at(2))
    assert not set(old) & set(one.commits)
    assert [code.git.at(repo, sha).message for sha in one.commits] == ["One", "Two"]
    assert (one.pushes[-1].before, one.pushes[-1].forced) == (old[-1], True)
    code.merge(one, "squash", at=at(3))
    head = code.git.at(repo, one.head_sha)
    assert code.git.at(repo, one.landed_sha or "").tree == head.tree


def test_merging_the_base_into_the_head_keeps_its_commits(world: World) -> None:
    code = world.code
    repo = repository(code)
    one = change(code, repo)
    old = list(one.commits)
    code.commit(repo, "Meanwhile", author=BOB, at=at(1))
    update = code.update_branch(one, at=at(2))
    assert one.commits == [*old, update.sha]
    assert update.parents == (old[-1], code.git.tip(repo, "main"))
    assert not one.pushes[-1].forced
    code.merge(one, "squash", at=at(3))
    assert code.git.at(repo, one.landed_sha or "").tree == update.tree


def test_gitlab_squashes_below_a_merge_commit(world: World) -> None:
    code = world.code
    repo = repository(code, "gitlab")
    one = change(code, repo)
    code.merge(one, "squash", at=at(1))
    assert one.squash_sha is not None
    assert one.merge_sha == one.landed_sha
    assert code.git.at(repo, one.landed_sha or "").parents == (one.fork_sha, one.squash_sha)


def test_gitlab_fast_forward_makes_no_commit(world: World) -> None:
    code = world.code
    repo = repository(code, "gitlab")
    one = change(code, repo)
    code.merge(one, "fast-forward", at=at(1))
    assert (one.merge_sha, one.squash_sha, one.landed_sha) == (None, None, one.head_sha)


def test_a_queue_tests_the_commit_that_lands(world: World) -> None:
    code = world.code
    repo = repository(code)
    first, second = change(code, repo), change(code, repo, 1)
    one = code.queue(first, at=at(2))
    two = code.queue(second, onto=one, at=at(2))
    code.merge(first, "merge", at=at(3), queued=one)
    code.merge(second, "merge", at=at(3), queued=two)
    assert second.landed_sha == two.sha
    assert two.parents[0] == first.landed_sha


def test_merging_into_the_default_branch_closes_what_is_declared(world: World) -> None:
    code = world.code
    repo = repository(code)
    issue, other = (code.create_issue(repo, "Bug", author=ANN, at=at(0)) for _ in range(2))
    side = change(code, repo)
    side.base_branch = "next"
    code.git.move(repo, "next", side.fork_sha, at(0))
    code.declare(side, other, at=at(0))
    code.merge(side, "squash", at=at(1))
    one = change(code, repo, 1)
    code.declare(one, issue, at=at(1))
    code.merge(one, "squash", at=at(2), by=BOB)
    assert (issue.state, issue.reason, issue.closed) == ("closed", "completed", at(2))
    assert issue.events[-1].detail["change"] == one.id
    assert other.state == "open"


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_what_does_not_move_an_item(world: World, host: Host) -> None:
    code = world.code
    repo = repository(code, host)
    milestone = code.add_milestone(repo, "3.2", due=date(2026, 4, 1), at=at(-1))
    one = change(code, repo)
    issue = code.create_issue(repo, "Bug", author=ANN, at=at(0), milestone_id=milestone.id)
    seen = (one.updated, issue.updated, repo.revision)
    run = code.ci.run(repo, "change", one.head_sha, "search", at(1), [JobPlan("tests")])
    code.ci.set_status(repo, one.head_sha, "ci/other", "success", at(1))
    code.edit_milestone(milestone, due=date(2026, 5, 1), at=at(2))
    code.commit(repo, "Meanwhile", author=BOB, at=at(3))
    assert (one.updated, issue.updated) == seen[:2]
    assert repo.revision > seen[2]
    assert run.updated == at(1) + timedelta(seconds=180)
    code.review(one, BOB, "approved", at=at(4))
    assert (one.updated == at(4)) is (host == "github")
    code.comment(one, "Thanks", by=ANN, at=at(5))
    assert one.updated == at(5)


def test_hosts_count_differently(world: World) -> None:
    code = world.code
    numbers = {}
    for host in ("github", "gitlab"):
        repo = repository(code, host)  # type: ignore[arg-type]
        issue = code.create_issue(repo, "Bug", author=ANN, at=at(0))
        one = change(code, repo)
        numbers[host] = (issue.number, one.number)
        assert code.change_numbered(repo, one.number) is one
        assert code.issue_numbered(repo, one.number) is (None if host == "github" else issue)
    assert numbers == {"github": (1, 2), "gitlab": (1, 1)}


def test_a_run_ends_as_its_worst_job_that_counts(world: World) -> None:
    code = world.code
    repo = repository(code)
    tip = code.git.tip(repo, "main") or ""
    plans = [JobPlan("tests"), JobPlan("flaky", "failure", allow_failure=True)]
    run = code.ci.run(repo, "push", tip, "main", at(0), plans)
    assert (run.status, run.conclusion) == ("completed", "success")
    broken = code.ci.run(repo, "push", tip, "main", at(0), [JobPlan("tests", "failure", 60)])
    assert (broken.conclusion, broken.last.finished) == ("failure", at(1 / 60))
    code.ci.rerun(repo, broken, at(1), [JobPlan("tests")])
    assert [one.conclusion for one in broken.attempts] == ["failure", "success"]
    assert broken.updated == at(1) + timedelta(seconds=180)


def test_a_run_that_waits_has_not_begun(world: World) -> None:
    code = world.code
    repo = repository(code)
    tip = code.git.tip(repo, "main") or ""
    plans = [JobPlan("tests")]
    run = code.ci.start(repo, "push", tip, "main", at(0), plans, waiting=True)
    assert (run.status, run.conclusion, run.last.started) == ("queued", None, None)
    assert [(job.status, job.started) for job in run.jobs] == [("queued", None)]
    code.ci.finish(repo, run, plans, until=at(0))
    assert run.status == "queued"


@pytest.mark.parametrize(("host", "word"), [("github", "startup_failure"), ("gitlab", "failure")])
def test_a_broken_workflow_runs_nothing(world: World, host: Host, word: str) -> None:
    code = world.code
    repo = repository(code, host)
    tip = code.git.tip(repo, "main") or ""
    run = code.ci.run(repo, "push", tip, "main", at(0), [])
    assert (run.status, run.conclusion, run.jobs) == ("completed", word, [])


def test_a_gitlab_retry_leaves_the_old_job_behind(world: World) -> None:
    code = world.code
    repo = repository(code, "gitlab")
    tip = code.git.tip(repo, "main") or ""
    totals = Totals(10, failed=1)
    plans = [JobPlan("lint"), JobPlan("tests", "failure", tests=totals)]
    run = code.ci.run(repo, "push", tip, "main", at(0), plans)
    code.ci.retry(repo, run, at(1), [JobPlan("tests", coverage=81.5)])
    assert [(one.name, one.retried, one.conclusion) for one in run.jobs] == [
        ("lint", False, "success"),
        ("tests", True, "failure"),
        ("tests", False, "success"),
    ]
    assert (run.conclusion, totals.passed) == ("success", 9)


def test_a_renamed_repository_is_found_by_its_former_path(world: World) -> None:
    code = world.code
    repo = repository(code)
    code.rename_repository(repo, "apollo/store", at=at(1))
    assert code.repository_at("github", "Apollo/Shop") is repo
    assert code.repository_at("gitlab", "apollo/store") is None
    other = code.add_repository(code.groups[repo.group_id], "shop")
    assert code.repository_at("github", "apollo/shop") is other


def test_a_transferred_issue_is_another_issue(world: World) -> None:
    code = world.code
    repo = repository(code)
    target = code.add_repository(code.groups[repo.group_id], "web", at=at(-10))
    issue = code.create_issue(repo, "Bug", author=ANN, at=at(0), labels=["ui"])
    moved = code.transfer(issue, target, at=at(1), by=BOB)
    assert issue.transferred_to == moved.id != issue.id
    assert [one.id for one in code.issues_in(repo)] == []
    assert [one.kind for one in moved.events] == ["labeled", "transferred"]


def test_truth_knows_more_than_the_vendors_tell(world: World) -> None:
    code, who = world.code, world.credentials["owner"]
    repo = repository(code)
    milestone = code.add_milestone(repo, "3.2", due=date(2026, 4, 1))
    issue = code.create_issue(repo, "Bug", author=ANN, at=at(0))
    gone = code.create_issue(repo, "Gone", author=ANN, at=at(0))
    code.plan(issue, milestone, at=at(1), by=BOB)
    code.edit_milestone(milestone, due=date(2026, 5, 1), at=at(2))
    code.delete_issue(gone, at=at(3))
    told = [(one.what, one.subject) for one in code.knowable(who)]
    assert told == [
        ("host-issue.created", f"host-issue:{issue.id}"),
        ("host-issue.milestoned", f"host-issue:{issue.id}"),
    ]
    true = {one.what for one in code.truth()}
    assert true - {what for what, _ in told} == {"milestone.dates", "host-issue.deleted"}
    code.hide(who, repo)
    assert code.knowable(who) == []


def test_plans_of_a_group_change_without_a_trace(world: World) -> None:
    code = world.code
    group = code.add_group("gitlab", "apollo", "Apollo")
    iteration = code.add_iteration(group, date(2026, 3, 2), date(2026, 3, 15))
    milestone = code.add_milestone(group, "Spring")
    code.edit_iteration(iteration, start=date(2026, 3, 3), due=date(2026, 3, 16))
    code.close_milestone(milestone)
    code.reopen_milestone(milestone)
    assert milestone.is_open
    assert [one.what for one in code.truth()] == [
        "iteration.dates",
        "milestone.closed",
        "milestone.reopened",
    ]
    assert code.knowable(world.credentials["owner"]) == []


def test_files_of_several_commits_are_one_difference() -> None:
    edits = [
        FileEdit("a", "added", 5, 0),
        FileEdit("a", "modified", 1, 1),
        FileEdit("b", "renamed", 0, 0, "old"),
        FileEdit("b", "modified", 2, 0),
        FileEdit("c", "added"),
        FileEdit("c", "removed"),
    ]
    assert together(edits) == [
        FileEdit("a", "added", 6, 1),
        FileEdit("b", "renamed", 2, 0, "old"),
    ]
