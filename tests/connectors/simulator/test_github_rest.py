"""Listings of the simulated GitHub: order, pages, caps, and what moves between two of them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from support.hosting import Hosting, hosting

from connectors.simulator import github_rest
from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_things import FileEdit
from connectors.simulator.faults import Hook
from connectors.simulator.github_ids import instant


@pytest.fixture(scope="module")
def site() -> Iterator[Hosting]:
    """For tests that change nothing."""
    with hosting() as made:
        yield made


@pytest.fixture
def own() -> Iterator[Hosting]:
    """For tests that let things happen."""
    with hosting(changes=12, issues=6) as made:
        yield made


def numbers(rows: list[Any]) -> list[int]:
    return [one["number"] for one in rows]


def test_a_listing_is_open_and_newest_first_unless_told(site: Hosting) -> None:
    rows = site.everything("./issues", per_page=7)
    assert {one["state"] for one in rows} == {"open"}
    assert numbers(rows) == sorted(numbers(rows), reverse=True)
    every = site.everything("./issues", state="all", per_page=7)
    assert len(every) == len(site.code.issues_in(site.repo)) + len(site.code.changes_in(site.repo))


def test_issues_list_pull_requests_too_and_take_a_beginning(site: Hosting) -> None:
    rows = site.everything("./issues", state="all", sort="updated", direction="asc", per_page=20)
    stamps = [one["updated_at"] for one in rows]
    assert stamps == sorted(stamps)
    pulls = [one for one in rows if "pull_request" in one]
    assert len(pulls) == len(site.code.changes_in(site.repo))
    ids = {one.issue_id for one in site.code.changes_in(site.repo)}
    assert {one["id"] for one in pulls} == ids
    since = stamps[len(stamps) // 2]
    later = site.everything("./issues", state="all", since=since, per_page=20)
    assert sorted(numbers(later)) == sorted(
        one["number"] for one in rows if one["updated_at"] >= since
    )
    assert site.get("./issues", since="yesterday").status_code == 422


def test_issues_are_found_by_label_and_milestone(own: Hosting) -> None:
    issue, other = own.code.issues_in(own.repo)[:2]
    milestone = own.code.milestones_of(own.repo)[1]
    own.code.relabel(issue, ["rare", "ui"])
    own.code.plan(issue, milestone)
    own.code.plan(other, None)

    def found(**asked: Any) -> set[int]:
        return set(numbers(own.everything("./issues", state="all", per_page=100, **asked)))

    assert found(labels="rare,ui") == {issue.number}
    assert found(labels="rare,other") == set()
    assert issue.number in found(milestone=milestone.number) & found(milestone="*")
    assert other.number in found(milestone="none")
    assert found(milestone="none").isdisjoint(found(milestone="*"))


def test_pulls_are_found_by_branch(own: Hosting) -> None:
    change = own.code.changes_in(own.repo)[0]
    head = f"{own.repo.owner}:{change.head_branch}"
    assert change.number in numbers(own.everything("./pulls", state="all", head=head))
    assert own.everything("./pulls", state="all", base="nowhere") == []


def test_link_headers_name_the_pages_by_the_repositorys_id(site: Hosting) -> None:
    first = site.get("./pulls", state="all", per_page=10)
    assert set(first.links) == {"next", "last"}
    assert f"/repositories/{site.repo.id}/pulls?" in first.links["next"]["url"]
    last = site.get(first.links["last"]["url"].split("/github/")[1])
    assert set(last.links) == {"first", "prev"}
    assert "Link" not in site.get("./pulls", state="all", per_page=100).headers
    assert len(site.get("./issues", state="all", per_page=1000).json()) <= 100
    assert len(site.get("./issues", state="all").json()) == 30


def test_pulls_go_up_when_sorted_unless_told(site: Hosting) -> None:
    up = site.everything("./pulls", state="all", sort="updated", per_page=100)
    down = site.everything("./pulls", state="all", sort="updated", direction="desc", per_page=100)
    assert numbers(up) == numbers(down)[::-1]
    stamps = [one["updated_at"] for one in up]
    assert stamps == sorted(stamps)
    assert numbers(site.everything("./pulls", state="all", per_page=100))[0] == max(numbers(up))


def test_what_landed_and_what_would_land(site: Hosting) -> None:
    changes = {one.number: one for one in site.code.changes_in(site.repo)}
    for row in site.everything("./pulls", state="all", per_page=100):
        change = changes[row["number"]]
        assert row["state"] == ("open" if change.state == "open" else "closed")
        assert (row["merged_at"] is None) is (change.state != "merged")
        if change.state == "merged":
            assert row["merge_commit_sha"] == change.landed_sha
        elif change.state == "open":
            commit = site.get(f"./commits/{row['merge_commit_sha']}").json()
            assert [one["sha"] for one in commit["parents"]][1] == change.head_sha


def test_editing_during_the_walk_loses_one_across_the_page_boundary(own: Hosting) -> None:
    """An offset names a place, not a thing: what leaves an earlier page pulls one over the edge."""
    size = 6
    asked = {"state": "all", "sort": "updated", "direction": "asc", "per_page": size}
    first = own.get("./issues", **asked)
    rows = list(first.json())
    moved = rows[0]["number"]
    item = own.code.issue_numbered(own.repo, moved) or own.code.change_numbered(own.repo, moved)
    assert item is not None
    own.code.comment(item, "Late", by=None)
    answer = first
    while "next" in answer.links:
        answer = own.get(answer.links["next"]["url"].split("/github/")[1])
        rows += answer.json()
    every = own.everything("./issues", state="all", per_page=100)
    assert len(set(numbers(every)) - set(numbers(rows))) == 1
    assert numbers(rows).count(moved) == 2


def test_checks_and_milestones_move_no_item(own: Hosting) -> None:
    change = next(one for one in own.code.changes_in(own.repo) if one.state == "open")
    milestone = own.code.milestones_of(own.repo)[1]
    own.code.plan(change, milestone)
    before = own.get(f"./issues/{change.number}").json()
    own.later(hours=1)
    own.code.ci.run(own.repo, "change", change.head_sha, "x", own.code.now, [JobPlan("tests")])
    own.code.edit_milestone(milestone, due=own.code.now.date())
    after = own.get(f"./issues/{change.number}").json()
    assert after["updated_at"] == before["updated_at"]
    assert after["milestone"]["updated_at"] == instant(own.code.now)


def test_milestones_have_their_midnight_in_the_pacific_zone(site: Hosting) -> None:
    held = {one.title: one for one in site.code.milestones_of(site.repo)}
    rows = site.everything("./milestones", state="all")
    assert {one["title"] for one in rows} == set(held)
    for row in rows:
        due = held[row["title"]].due
        assert due is not None
        assert row["due_on"][:10] == due.isoformat()
        assert row["due_on"][11:] in ("07:00:00Z", "08:00:00Z")
    assert {one["state"] for one in site.everything("./milestones")} == {"open"}


def test_events_and_timeline(own: Hosting) -> None:
    ann, bob = own.code.company.humans()[:2]
    issue = own.code.create_issue(own.repo, "Slow", author=ann, labels=["ui"])
    own.code.assign(issue, [bob], by=ann)
    own.code.retitle(issue, "Slower", by=bob)
    own.code.close(issue, by=None)
    events = own.everything(f"./issues/{issue.number}/events")
    assert [one["event"] for one in events] == ["labeled", "assigned", "renamed", "closed"]
    assert events[2]["rename"] == {"from": "Slow", "to": "Slower"}
    assert events[3]["actor"] is None
    change = next(one for one in own.code.changes_in(own.repo) if one.state == "open")
    own.code.rebase(change, by=ann)
    own.code.comment(change, "Why?", by=bob)
    own.code.review(change, bob)
    kinds = {one["event"] for one in own.everything(f"./issues/{change.number}/timeline")}
    assert kinds >= {"committed", "commented", "reviewed", "head_ref_force_pushed"}
    forced = own.everything(f"./issues/{change.number}/events", per_page=100)[-1]
    # The vendor tells the new head only.
    assert (forced["event"], forced["commit_id"]) == ("head_ref_force_pushed", change.head_sha)
    feed = own.everything("./issues/events", per_page=100)
    assert [one["id"] for one in feed] == sorted((one["id"] for one in feed), reverse=True)


def test_lists_of_a_pull_request_are_cut(own: Hosting) -> None:
    many = [FileEdit(f"f{i:04d}") for i in range(github_rest.MOST_FILES + 5)]
    commits = [(f"Step {i}", many[i * 20 : i * 20 + 20]) for i in range(151)]
    commits += [(f"Step {i}", [FileEdit("f0000")]) for i in range(151, 260)]
    change = own.code.open_change(own.repo, "Huge", "huge", commits, author=None)
    base = f"./pulls/{change.number}"
    assert own.get(base).json()["commits"] == 260
    assert len(own.everything(f"{base}/commits", per_page=100)) == github_rest.MOST_COMMITS
    assert len(own.everything(f"{base}/files", per_page=100)) == github_rest.MOST_FILES


def test_check_runs_by_default_are_the_newest_attempt(site: Hosting) -> None:
    run = next(one for one in site.code.ci.runs.values() if len(one.attempts) == 2)
    latest = site.get(f"./commits/{run.sha}/check-runs").json()
    every = site.get(f"./commits/{run.sha}/check-runs", filter="all").json()
    jobs = {job.id for job in run.jobs}
    old = {job.id for job in run.attempts[0].jobs}
    assert jobs <= {one["id"] for one in latest["check_runs"]}
    assert old.isdisjoint(one["id"] for one in latest["check_runs"])
    assert old | jobs <= {one["id"] for one in every["check_runs"]}
    apps = {one["app"]["slug"] for one in latest["check_runs"]}
    assert apps == {"github-actions", "licence-bot"}
    suites = site.get(f"./commits/{run.sha}/check-suites").json()["check_suites"]
    assert {one["id"] for one in suites} >= {run.suite_id}


def test_attempts_of_a_run(site: Hosting) -> None:
    run = next(one for one in site.code.ci.runs.values() if len(one.attempts) == 2)
    now = site.get(f"./actions/runs/{run.id}").json()
    first = site.get(f"./actions/runs/{run.id}/attempts/1").json()
    assert (now["run_attempt"], now["conclusion"]) == (2, "success")
    assert (first["run_attempt"], first["conclusion"]) == (1, "failure")
    assert now["created_at"] == first["created_at"]
    assert now["run_started_at"] > first["run_started_at"]
    assert site.get(f"./actions/runs/{run.id}/attempts/3").status_code == 404
    both = site.get(f"./actions/runs/{run.id}/jobs", filter="all").json()["jobs"]
    assert {one["run_attempt"] for one in both} == {1, 2}
    assert {one["conclusion"] for one in both if one["name"] == "unit tests"} == {
        "success",
        "failure",
    }


def test_runs_are_found_by_window_and_filter(site: Hosting) -> None:
    every = [
        run
        for page in range(1, 4)
        for run in site.get("./actions/runs", per_page=100, page=page).json()["workflow_runs"]
    ]
    ids = [one["id"] for one in every]
    assert ids == sorted(ids, reverse=True)
    low, high = every[-3]["created_at"], every[5]["created_at"]
    found = site.get("./actions/runs", created=f"{low}..{high}", per_page=100).json()
    wanted = [one["id"] for one in every if low <= one["created_at"] <= high]
    assert [one["id"] for one in found["workflow_runs"]] == wanted[:100]
    assert found["total_count"] == len(wanted)
    for sign, count in ((">=", 1), (">", 0)):
        newest = every[0]["created_at"]
        answer = site.get("./actions/runs", created=f"{sign}{newest}").json()
        assert answer["total_count"] == count
    scheduled = site.get("./actions/runs", event="schedule").json()["workflow_runs"]
    assert {one["event"] for one in scheduled} == {"schedule"}
    sha = every[0]["head_sha"]
    assert {
        one["head_sha"] for one in site.get("./actions/runs", head_sha=sha).json()["workflow_runs"]
    } == {sha}
    failed = site.get("./actions/runs", status="failure").json()["workflow_runs"]
    assert {one["conclusion"] for one in failed} == {"failure"}


def test_a_filtered_listing_of_runs_ends_early(
    site: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(github_rest, "MOST_RUNS", 4)
    asked = {"event": "push", "per_page": 3}
    first = site.get("./actions/runs", **asked)
    rows = first.json()["workflow_runs"]
    assert first.json()["total_count"] > 4
    rows += site.get("./actions/runs", page=2, **asked).json()["workflow_runs"]
    rows += site.get("./actions/runs", page=3, **asked).json()["workflow_runs"]
    assert len(rows) == 4


def test_a_deleted_run_is_gone_with_its_checks(own: Hosting) -> None:
    run = next(iter(own.code.ci.runs_in(own.repo)))
    own.code.ci.delete_run(own.repo, run)
    assert own.get(f"./actions/runs/{run.id}").status_code == 404
    checks = own.get(f"./commits/{run.sha}/check-runs", filter="all").json()["check_runs"]
    assert {one["id"] for one in checks}.isdisjoint(job.id for job in run.jobs)


def test_a_run_forgets_its_pull_request_at_the_merge(own: Hosting) -> None:
    change = own.code.open_change(
        own.repo, "Add", "add", [("Add", [FileEdit("a.py")])], author=None
    )
    plan = [JobPlan("tests")]
    run = own.code.ci.run(
        own.repo, "change", change.head_sha, "add", own.code.now, plan, change=change
    )
    path = f"./actions/runs/{run.id}"
    assert numbers(own.get(path).json()["pull_requests"]) == [change.number]
    own.later(minutes=1)
    own.code.merge(change, "squash")
    assert own.get(path).json()["pull_requests"] == []


def test_releases_tags_and_deployments(own: Hosting) -> None:
    tip = own.code.git.tip(own.repo, "main") or ""
    own.code.tag(own.repo, "v9", tip)
    own.code.release(own.repo, "v10", "Draft", author=None, draft=True)
    tags = {one["name"]: one["commit"]["sha"] for one in own.everything("./tags")}
    assert tags["v9"] == tip
    assert "v10" not in {one["tag_name"] for one in own.everything("./releases")}
    newest = own.everything("./deployments")[0]
    states = own.everything(f"./deployments/{newest['id']}/statuses")
    assert [one["state"] for one in states] == ["success"]
    older = own.everything("./deployments")[1]
    states = own.everything(f"./deployments/{older['id']}/statuses")
    assert [one["state"] for one in states] == ["inactive", "success"]


@pytest.mark.parametrize("rulesets", [True, False])
def test_required_checks_are_told_in_one_place(rulesets: bool) -> None:
    with hosting(changes=2, rulesets=rulesets) as site:
        rules = site.get("./rules/branches/main").json()
        branch = site.get("./branches/main").json()["protection"]["required_status_checks"]
        protection = site.get("./branches/main/protection")
        if rulesets:
            (rule,) = rules
            checks = rule["parameters"]["required_status_checks"]
            assert checks == [{"context": "unit tests"}]
            assert (branch["contexts"], protection.status_code) == ([], 404)
        else:
            assert rules == []
            contexts = protection.json()["required_status_checks"]["contexts"]
            assert contexts == branch["contexts"] == ["unit tests"]


def test_a_branch_name_may_be_quoted(own: Hosting) -> None:
    branch = next(iter(one for one in own.code.git.branches(own.repo) if "/" in one))
    quoted = branch.replace("/", "%2F")
    assert own.get(f"./branches/{quoted}").json()["name"] == branch
    assert own.get(f"./commits/{quoted}/status").json()["sha"] == own.code.git.tip(own.repo, branch)


def test_statuses_keep_every_one_and_the_summary_the_newest(own: Hosting) -> None:
    tip = own.code.git.tip(own.repo, "main") or ""
    at = own.code.now
    for n, state in enumerate(("pending", "failure", "success")):
        own.code.ci.set_status(own.repo, tip, "ci/x", state, at + timedelta(seconds=n))
    listed = own.everything(f"./commits/{tip}/statuses")
    assert [one["state"] for one in listed] == ["success", "failure", "pending"]
    summary = own.get("./commits/main/status").json()
    assert (summary["state"], summary["total_count"], summary["sha"]) == ("success", 1, tip)


def test_commits_of_a_branch_hold_what_was_merged(own: Hosting) -> None:
    change = own.code.open_change(
        own.repo, "Add", "add", [("One", [FileEdit("a.py")])], author=None
    )
    own.later(minutes=1)
    own.code.merge(change, "merge")
    rows = own.everything("./commits", per_page=50)
    assert {change.head_sha, change.landed_sha} <= {one["sha"] for one in rows}
    recent = own.everything("./commits", since=instant(own.code.now - timedelta(minutes=2)))
    assert {one["sha"] for one in recent} == {change.head_sha, change.landed_sha}


def test_a_hook_moves_the_world_between_two_pages(own: Hosting) -> None:
    issue = own.code.issues_in(own.repo)[0]
    own.simulator.script.hooks.append(
        Hook(r"GET /repos/.*/issues", lambda: own.code.relabel(issue, ["moved"]), skip=1)
    )
    own.get("./issues", state="all")
    assert "moved" not in issue.labels
    own.get("./issues", state="all")
    assert issue.labels == ["moved"]
