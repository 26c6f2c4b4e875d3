"""A peer's recorded GitHub payloads through the real connector and normalizer, against its rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.github_replay import NOW, Recording, devlake, replayed
from support.gitlab_site import Run, read_everything
from support.peer import rows

from connectors.contract import Page, Window
from mappings import github
from mappings.code_records import ChangeCommits, ChangeRequest, PipelineRun, Reviews, RunJobs
from mappings.load import load
from mappings.records import Account, DataIssue, History, Milestone, WorkItem
from mappings.registry import get

TABLE = load([get("github").defaults])
SNAPSHOTS = ("devlake", "github", "e2e", "snapshot_tables")


@pytest.fixture(scope="module")
def recording(peer_data: Path) -> Recording:
    return devlake(peer_data)


@pytest.fixture(scope="module")
def run(recording: Recording) -> Run:
    with replayed(recording) as connector:
        return read_everything(
            connector,
            skip=frozenset(
                {"census", "change_census", "deployments", "releases", "required_checks"}
            ),
        )


def normalized(pages: Iterable[Page]) -> Mapping[type, list[Any]]:
    lookups = github.build_lookups(
        (), (), mapping=TABLE, extra={"milestones": {}}, time_zone="UTC", base_url=""
    )
    out: dict[type, list[Any]] = defaultdict(list)
    for page in pages:
        for raw in page.records:
            for one in github.normalize(raw.stream, raw.payload, TABLE, lookups):
                out[type(one)].append(one)
    return out


@pytest.fixture(scope="module")
def found(run: Run) -> Mapping[type, list[Any]]:
    return normalized(page for pages in run.pages.values() for page in pages)


def follow_up(recording: Recording, stream: str, keys: Mapping[str, str]) -> Iterable[Page]:
    """Child data of what was recorded apart from its parents."""
    with replayed(recording) as connector:
        scope = connector.scopes()[1]
        asked = Window(NOW, ids=tuple(keys), keys=keys)
        return list(connector.read(stream, scope, None, asked))


def table(peer_data: Path, name: str) -> list[dict[str, str]]:
    return rows(peer_data.joinpath(*SNAPSHOTS, f"_tool_github_{name}.csv"))


def when(value: str) -> datetime | None:
    return datetime.fromisoformat(value).astimezone(UTC) if value else None


def last(found: list[Any]) -> dict[str, Any]:
    """By id, the last word on each."""
    return {one.source_id: one for one in found}


def test_nothing_recorded_is_unreadable(run: Run) -> None:
    assert not run.unreadable


def test_issues_agree(peer_data: Path, found: Mapping[type, list[Any]]) -> None:
    mine = last(found[WorkItem])
    theirs = {row["github_id"]: row for row in table(peer_data, "issues")}
    assert mine.keys() == theirs.keys()
    for id_, row in theirs.items():
        item = mine[id_]
        assert item.scope_id == row["repo_id"]
        assert item.key.endswith(f"#{row['number']}")
        assert item.raw_status_id.partition(":")[0] == row["state"]
        assert item.resolved_at == when(row["closed_at"])
        assert item.created_at == when(row["github_created_at"])
        assert item.updated_at == when(row["github_updated_at"])
        # The peer writes 0 for nobody.
        assert (item.reporter_id or "0") == row["author_id"]
        assert (item.assignee_id or "0") == row["assignee_id"]
        assert item.url == row["url"]


def test_pull_requests_agree(peer_data: Path, found: Mapping[type, list[Any]]) -> None:
    mine = last(found[ChangeRequest])
    theirs = {row["github_id"]: row for row in table(peer_data, "pull_requests")}
    assert mine.keys() >= theirs.keys()
    for id_, row in theirs.items():
        change = mine[id_]
        assert change.number == int(row["number"])
        # The peer keeps GitHub's two states; what was merged is closed there.
        assert ("open" if change.state.value == "open" else "closed") == row["state"]
        assert change.created_at == when(row["github_created_at"])
        assert change.merged_at == when(row["merged_at"])
        assert change.closed_at == when(row["closed_at"])
        assert change.head_sha == row["head_commit_sha"]
        assert change.base_sha == row["base_commit_sha"]
        assert (change.head_ref, change.base_ref) == (row["head_ref"], row["base_ref"])
        assert (change.head_scope_id or "0") == row["head_repo_id"]
        if change.merged_at is not None:
            # Of an open or closed one the peer keeps the test merge, which landed nowhere.
            assert change.landed_sha == row["merge_commit_sha"]
        else:
            assert change.landed_sha is None


def test_reviews_agree(peer_data: Path, found: Mapping[type, list[Any]]) -> None:
    mine = {
        review.source_id: (one.change_request_id, review)
        for one in found[Reviews]
        for review in one.reviews
    }
    theirs = {row["github_id"]: row for row in table(peer_data, "pull_request_reviews")}
    assert mine.keys() >= theirs.keys()
    for id_, row in theirs.items():
        change_id, review = mine[id_]
        assert change_id == row["pull_request_id"]
        assert review.raw_verdict == row["state"]
        assert review.at == when(row["github_submit_at"])
        assert review.commit_sha == row["commit_sha"]
        assert (review.reviewer_id or "0") == row["author_user_id"]


def test_commits_of_pull_requests_agree(peer_data: Path, found: Mapping[type, list[Any]]) -> None:
    mine = {
        (one.change_request_id, commit.sha): commit
        for one in found[ChangeCommits]
        for commit in one.commits
    }
    theirs = table(peer_data, "pull_request_commits")
    assert theirs
    for row in theirs:
        commit = mine[row["pull_request_id"], row["commit_sha"]]
        assert commit.authored_at == when(row["commit_authored_date"])
    commits = {row["sha"]: row for row in table(peer_data, "commits")}
    for (_, sha), commit in mine.items():
        if sha in commits:
            assert commit.committed_at == when(commits[sha]["committed_date"])


def test_runs_agree(peer_data: Path, found: Mapping[type, list[Any]]) -> None:
    mine = last(found[PipelineRun])
    theirs = {row["id"]: row for row in table(peer_data, "runs")}
    assert mine.keys() == theirs.keys()
    for id_, row in theirs.items():
        told = mine[id_]
        assert told.sha == row["head_sha"]
        assert told.ref == row["head_branch"]
        assert told.raw_event == row["event"]
        assert told.attempt == int(row["run_attempt"])
        # The peer writes its own words for some of the states, in capitals.
        assert (told.raw_status or "").lower() == row["status"].lower()
        assert (told.raw_conclusion or "").lower() == row["conclusion"].lower()
        assert told.created_at == when(row["github_created_at"])
        assert told.started_at == when(row["run_started_at"])


def test_jobs_agree(peer_data: Path, recording: Recording) -> None:
    """Their runs were recorded at another time than the runs above."""
    runs = {path.split("/")[2]: "" for path in recording.below if path.endswith("/jobs")}
    found = normalized(follow_up(recording, "jobs", runs))
    mine = {job.source_id: job for one in found[RunJobs] for job in one.results}
    theirs = {row["id"]: row for row in table(peer_data, "jobs")}
    assert mine.keys() == theirs.keys()
    for id_, job in mine.items():
        row = theirs[id_]
        assert job.run_id == row["run_id"]
        assert job.sha == row["head_sha"]
        assert job.name == row["name"]
        assert job.started_at == when(row["started_at"])
        assert job.finished_at == when(row["completed_at"])
        assert (job.raw_conclusion or "").lower() == row["conclusion"].lower()


def test_closings_agree(peer_data: Path, recording: Recording) -> None:
    """Of the recorded events those are ours that change a field; the peer keeps every kind."""
    issues = {
        str(one["issue"]["id"]): f"{recording.name}#{one['issue']['number']}"
        for path, events in recording.below.items()
        if path.endswith("/events")
        for one in events
    }
    found = normalized(follow_up(recording, "histories", issues))
    mine = {
        (one.work_item_id, event.at)
        for one in found[History]
        for event in one.events
        if event.new_ids and event.new_ids[0].startswith("closed")
    }
    theirs = {
        (row["issue_id"], when(row["github_created_at"]))
        for row in table(peer_data, "issue_events")
        if row["type"] == "closed"
    }
    assert theirs
    assert theirs == mine


def test_people_agree(peer_data: Path, found: Mapping[type, list[Any]]) -> None:
    mine = last(found[Account])
    for row in table(peer_data, "accounts_in_issue"):
        assert mine[row["account_id"]].login == row["login"].removesuffix("[bot]")


def test_a_milestone_is_known_by_its_number(found: Mapping[type, list[Any]]) -> None:
    """The peer grafted a milestone of another repository onto every issue."""
    (one,) = found[Milestone]
    assert one.source_id.endswith(":7")
    assert one.name == "v0.11.0"
    assert {item.milestones[0][1] for item in found[WorkItem]} == {one.source_id}


def test_what_is_not_understood_is_said(found: Mapping[type, list[Any]]) -> None:
    """Impossible ends of runs were planted by the peer."""
    assert {one.kind for one in found[DataIssue]} <= {"unknown-conclusion", "bad-date"}
