"""The simulated GitLab over HTTP: read by the vendor's own library, and moving between runs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import gitlab
import pytest
import requests

from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.code_build import build_code
from connectors.simulator.code_things import Repository
from connectors.simulator.faults import Fault, Hook
from connectors.simulator.server import Simulator

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def site() -> Iterator[Simulator]:
    world = build(3, now=NOW, projects=2, issues_per_project=30)
    build_code(world, 3, repositories=2, changes_per_repository=30, hosts=("gitlab",))
    with Simulator(world, Clock(NOW)) as simulator:
        yield simulator


def token(site: Simulator) -> str:
    return site.world.credentials["owner"].token


def ask(site: Simulator, path: str, **query: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {token(site)}"}
    return requests.get(
        f"{site.url('gitlab')}/api/v4/{path}", params=query, headers=headers, timeout=5
    )


def every(site: Simulator, path: str, **query: Any) -> list[dict[str, Any]]:
    """All rows by following the links."""
    found: list[dict[str, Any]] = []
    answer = ask(site, path, **query)
    while True:
        assert answer.status_code == 200, answer.text
        found += answer.json()
        following = answer.links.get("next")
        if following is None:
            return found
        headers = {"Authorization": f"Bearer {token(site)}"}
        answer = requests.get(following["url"], headers=headers, timeout=5)


def repository(site: Simulator) -> Repository:
    return site.world.code.hosted("gitlab")[0]


def test_the_vendors_own_library_reads_it(site: Simulator) -> None:
    repo = repository(site)
    with gitlab.Gitlab(site.url("gitlab"), oauth_token=token(site), keep_base_url=True) as client:
        client.auth()
        project = client.projects.get(repo.path)
        assert project.id == repo.id
        changes = project.mergerequests.list(state="merged", get_all=True)
        merged = [one for one in site.world.code.changes_in(repo) if one.state == "merged"]
        assert {one.iid for one in changes} == {one.number for one in merged}
        detail = project.mergerequests.get(merged[0].number)
        assert len(list(detail.commits())) == len(merged[0].commits)
        pipeline = project.pipelines.list(iterator=True).next()
        assert pipeline.jobs.list(get_all=True)
        assert pipeline.test_report_summary.get().total["count"] >= 0


def test_every_list_is_walked_to_its_end_by_its_links(site: Simulator) -> None:
    repo, code = repository(site), site.world.code
    base = f"projects/{repo.id}"
    issues = every(site, f"{base}/issues", per_page=5)
    assert sorted(one["id"] for one in issues) == [one.id for one in code.issues_in(repo)]
    by_key = {"pagination": "keyset", "order_by": "updated_at", "sort": "asc", "per_page": 5}
    stamps = [one["updated_at"] for one in every(site, f"{base}/issues", **by_key)]
    assert len(stamps) == len(issues)
    assert stamps == sorted(stamps)
    jobs = every(site, f"{base}/jobs", pagination="keyset", per_page=100)
    assert len(jobs) == sum(len(run.jobs) for run in code.ci.runs_in(repo))
    assert len({one["id"] for one in jobs}) == len(jobs)


def test_both_apis_tell_the_same_of_every_issue_and_merge_request(site: Simulator) -> None:
    query = """query ($path: ID!) { project(fullPath: $path) {
      issues { nodes { iid title state closedAt milestone { id } confidential } }
      mergeRequests { nodes { iid title state mergedAt diffHeadSha mergeCommitSha draft } } } }"""
    repo = repository(site)
    asked = {"query": query, "variables": {"path": repo.path}}
    headers = {"Authorization": f"Bearer {token(site)}"}
    answer = requests.post(
        f"{site.url('gitlab')}/api/graphql", json=asked, headers=headers, timeout=5
    )
    told = answer.json()["data"]["project"]

    def whole(stamp: str | None) -> str | None:
        return None if stamp is None else f"{stamp[:19]}Z"

    assert told["issues"]["nodes"] == [
        {
            "iid": str(one["iid"]),
            "title": one["title"],
            "state": one["state"],
            "closedAt": whole(one["closed_at"]),
            "milestone": one["milestone"]
            and {"id": f"gid://gitlab/Milestone/{one['milestone']['id']}"},
            "confidential": one["confidential"],
        }
        for one in every(site, f"projects/{repo.id}/issues")
    ]
    assert told["mergeRequests"]["nodes"] == [
        {
            "iid": str(one["iid"]),
            "title": one["title"],
            "state": one["state"],
            "mergedAt": whole(one["merged_at"]),
            "diffHeadSha": one["sha"],
            "mergeCommitSha": one["merge_commit_sha"],
            "draft": one["draft"],
        }
        for one in every(site, f"projects/{repo.id}/merge_requests")
    ]


def test_the_told_past_of_every_issue_leads_to_its_present(site: Simulator) -> None:
    base = f"projects/{repository(site).id}/issues"
    moved = 0
    for issue in every(site, base, per_page=100):
        path = f"{base}/{issue['iid']}"
        labels: set[str] = set()
        for event in every(site, f"{path}/resource_label_events", per_page=100):
            (labels.add if event["action"] == "add" else labels.remove)(event["label"]["name"])
        assert labels == set(issue["labels"])
        milestone = None
        for event in every(site, f"{path}/resource_milestone_events", per_page=100):
            assert (event["action"] == "add") is (milestone is None)
            milestone = event["milestone"]["id"] if event["action"] == "add" else None
        assert milestone == (issue["milestone"] or {}).get("id")
        states = every(site, f"{path}/resource_state_events", per_page=100)
        last = states[-1]["state"] if states else "reopened"
        assert {"closed": "closed", "reopened": "opened"}[last] == issue["state"]
        if issue["state"] == "closed":
            assert states[-1]["created_at"] == issue["closed_at"]
        moved += len(states)
    assert moved


def test_the_told_pushes_of_every_merge_request_lead_to_its_head(site: Simulator) -> None:
    base = f"projects/{repository(site).id}/merge_requests"
    several = 0
    for change in every(site, base, per_page=100):
        path = f"{base}/{change['iid']}"
        versions = every(site, f"{path}/versions", per_page=100)
        assert versions[0]["head_commit_sha"] == change["sha"]
        stamps = [one["created_at"] for one in versions]
        assert stamps == sorted(stamps, reverse=True)
        assert stamps[-1] == change["created_at"]
        commits = every(site, f"{path}/commits", per_page=100)
        assert commits[0]["id"] == change["sha"]
        notes = every(site, f"{path}/notes", per_page=100, sort="asc")
        words = [one["body"].split(" ")[0] for one in notes if one["system"]]
        standing = ask(site, f"{path}/approvals").json()["approved_by"]
        approved = words.count("approved") - words.count("unapproved")
        assert bool(standing) is (approved > 0)
        several += len(versions) > 1
    assert several


def test_a_path_of_before_leads_on_over_http(site: Simulator) -> None:
    repo = repository(site)
    old = quote(repo.path, safe="")
    site.world.code.rename_repository(repo, "apollo/renamed")
    answer = ask(site, f"projects/{old}/milestones", include_ancestors="true")
    assert answer.status_code == 200
    assert [one.status_code for one in answer.history] == [301]


def test_between_two_runs_only_what_changed_is_told_again(site: Simulator) -> None:
    repo, code = repository(site), site.world.code
    before = site.clock.now()
    site.clock.advance(timedelta(hours=3))
    site.world.now = site.clock.now()
    moving = next(one for one in code.changes_in(repo) if one.state == "open")
    code.push(moving, "One more")
    quiet = next(one for one in code.changes_in(repo) if one.state == "merged")
    run = code.ci.runs_in(repo)[0]
    code.ci.retry(repo, run, site.clock.now(), (), finish=False)
    code.review(quiet, "5b10a0001", at=site.clock.now())
    since = before.isoformat().replace("+00:00", "Z")
    base = f"projects/{repo.id}"
    changed = every(site, f"{base}/merge_requests", updated_after=since, order_by="updated_at")
    # The approval of the other one moves nothing that a list tells.
    assert [one["iid"] for one in changed] == [moving.number]
    runs = every(site, f"{base}/pipelines", updated_after=since, order_by="updated_at")
    assert [one["id"] for one in runs] == [run.id]


def test_faults_and_moves_can_be_planned_between_two_pages(site: Simulator) -> None:
    repo = repository(site)
    path = f"projects/{repo.id}/issues"
    site.script.faults.append(Fault(r"/issues$", 502, b"<html>", content_type="text/html"))
    assert ask(site, path).status_code == 502
    first = site.world.code.issues_in(repo)[0]
    site.script.hooks.append(Hook(r"/issues$", lambda: site.world.code.delete_issue(first), skip=1))
    rows = every(site, path, per_page=3, order_by="created_at", sort="asc")
    # Offsets move when a row before them goes: one is missed, as with the vendor.
    there = {one.id for one in site.world.code.issues_in(repo)}
    assert len(there - {one["id"] for one in rows}) == 1
