"""DevLake's recorded GitLab payloads through the real connector, against the tables it made."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.gitlab_payloads import every, made
from support.gitlab_replay import Json, Replay, replaying
from support.gitlab_site import Run, read_everything
from support.peer import rows

from mappings.code_records import (
    ChangeCommits,
    ChangeRequest,
    CheckResult,
    Deployment,
    PipelineRun,
    RunJobs,
)
from mappings.records import Account, WorkItem
from mappings.vocabulary import ChangeState, Conclusion, DeploymentState, StatusCategory

PROJECT = 12345678
#: The jobs were recorded at another server.
JOBS_PROJECT = 44
#: Recorded answers to questions that we do not ask.
NOT_ASKED = {
    "_raw_gitlab_api_users.csv": "members of a project: accounts come with what they did",
    "_raw_gitlab_api_users_direct_api.csv": "all users of a server: needs an administrator",
    "_raw_gitlab_api_trigger_job.csv": "jobs of all pipelines at once: we ask per pipeline",
    "_raw_gitlab_api_merge_requests_for_mr_commit_test.csv": "a part of the merge requests",
    "_raw_gitlab_api_merge_requests_for_mr_notes_test.csv": "a part of the merge requests",
    "_tool_gitlab_projects.csv": "a table and no recording",
}


def _raw(folder: Path, name: str) -> list[tuple[Json, Json]]:
    """(what it was asked for, payload) of each recorded row."""
    found = rows(folder / "raw_tables" / f"_raw_gitlab_api_{name}.csv")
    return [(json.loads(one["input"] or "null") or {}, json.loads(one["data"])) for one in found]


def _by_number(found: Iterable[tuple[Json, Json]]) -> dict[str, list[Json]]:
    out: dict[str, list[Json]] = defaultdict(list)
    for asked, payload in found:
        out[str(asked["Iid"])].append(payload)
    return out


def _project(id_: int, path: str) -> Json:
    return {
        "id": id_,
        "name": path.rpartition("/")[2],
        "path_with_namespace": path,
        "web_url": f"https://gitlab.com/{path}",
    }


@pytest.fixture(scope="module")
def folder(peer_data: Path) -> Path:
    return peer_data / "devlake" / "gitlab" / "e2e"


@pytest.fixture(scope="module")
def replay(folder: Path) -> Replay:
    answers: dict[str, Any] = {}

    def add(project: int, path: str, value: Any) -> None:
        answers[f"{project}/{path}"] = value

    for name in ("issues", "merge_requests", "deployments"):
        add(PROJECT, name, [payload for _, payload in _raw(folder, name)])
    listed = [payload for _, payload in _raw(folder, "pipeline")]
    detailed = [payload for _, payload in _raw(folder, "pipeline_details")]
    add(PROJECT, "pipelines", [*listed, *detailed])
    for one in detailed:
        add(PROJECT, f"pipelines/{one['id']}", one)
    commits = _by_number(_raw(folder, "merge_request_commits"))
    notes = _by_number(_raw(folder, "merge_request_notes"))
    for _, one in _raw(folder, "merge_requests"):
        number = str(one["iid"])
        add(PROJECT, f"merge_requests/{number}/commits", commits.get(number, []))
        add(PROJECT, f"merge_requests/{number}/notes", notes.get(number, []))
        add(PROJECT, f"merge_requests/{number}/versions", [])
    jobs: dict[int, list[Json]] = defaultdict(list)
    for _, one in _raw(folder, "job"):
        jobs[one["pipeline"]["id"]].append(one)
    add(JOBS_PROJECT, "pipelines", [held[0]["pipeline"] for held in jobs.values()])
    for id_, held in jobs.items():
        add(JOBS_PROJECT, f"pipelines/{id_}/jobs", held)
    projects = [_project(PROJECT, "gitlab-data/snowflake_spend"), _project(JOBS_PROJECT, "u/pip")]
    return Replay(projects, answers)


@pytest.fixture(scope="module")
def run(replay: Replay) -> Run:
    with replaying(replay) as connector:
        skip = frozenset(
            {"census", "change_census", "histories", "iterations", "milestones", "releases"}
        )
        # The second project recorded its pipelines only.
        replay.answers[f"{JOBS_PROJECT}/issues"] = []
        replay.answers[f"{JOBS_PROJECT}/merge_requests"] = []
        replay.answers[f"{JOBS_PROJECT}/deployments"] = []
        return read_everything(connector, skip=skip)


def records(run: Run, stream: str, kind: Any) -> dict[str, Any]:
    """Records of one kind by their id."""
    found = [
        record for raw in run.records(stream) for record in every(made(stream, raw.parsed), kind)
    ]
    return {getattr(one, "source_id", None) or one.change_request_id: one for one in found}


def table(folder: Path, name: str) -> list[dict[str, str]]:
    return rows(folder / "snapshot_tables" / f"_tool_gitlab_{name}.csv")


def instant(text: str) -> datetime | None:
    """Whole seconds, as our rows hold them."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0) if text else None


def test_every_recording_is_read_or_named(folder: Path) -> None:
    read = {
        f"_raw_gitlab_api_{name}.csv"
        for name in (
            "issues",
            "merge_requests",
            "merge_request_commits",
            "merge_request_notes",
            "pipeline",
            "pipeline_details",
            "job",
            "deployments",
        )
    }
    held = {one.name for one in (folder / "raw_tables").glob("*.csv")}
    assert held == read | set(NOT_ASKED)


def test_nothing_recorded_is_lost_or_misunderstood(run: Run) -> None:
    counts = {
        stream: len(run.records(stream))
        for stream in ("issues", "changes", "change_details", "deployments")
    }
    assert counts == {"issues": 16, "changes": 18, "change_details": 18, "deployments": 8}
    # The recording has pipelines without their jobs; of some it answers as if they were deleted.
    changes = {one.source_id for one in run.records("changes")}
    gone = {one.source_id for one in run.records("jobs") if b'"unavailable"' in one.payload}
    unread = {one.source_id for one in run.unreadable}
    assert gone | (unread - changes) == {
        one.source_id for one in run.records("runs") if str(PROJECT) in one.payload.decode()
    }
    # And nothing in it answers a comparison.
    assert changes <= unread
    assert not run.records("comparisons")


def test_issues_agree(run: Run, folder: Path) -> None:
    ours = records(run, "issues", WorkItem)
    theirs = table(folder, "issues")
    assert {one["gitlab_id"] for one in theirs} == set(ours)
    for row in theirs:
        mine = ours[row["gitlab_id"]]
        assert mine.key == f"gitlab-data/snowflake_spend#{row['number']}"
        assert mine.title == row["title"]
        assert mine.raw_status == row["state"]
        closed = row["state"] == "closed"
        done = StatusCategory.DONE if closed else StatusCategory.TODO
        # One was moved to another project: it is closed here and was not done here.
        moved = mine.resolution == "moved"
        assert mine.status_category is (StatusCategory.CANCELLED if moved else done)
        assert mine.created_at == instant(row["gitlab_created_at"])
        assert mine.updated_at == instant(row["gitlab_updated_at"])
        assert mine.resolved_at == (instant(row["closed_at"]) if closed else None)
        assert (mine.reporter_id or "0") == row["creator_id"]
        assert (mine.assignee_id or "0") == (row["assignee_id"] or "0")
        assert (mine.url, mine.raw_type) == (row["url"], row["type"].lower() or None)
    assert [one.source_id for one in ours.values() if one.resolution == "moved"] == ["47175437"]


def test_labels_agree(run: Run, folder: Path) -> None:
    for stream, kind, name, key in (
        ("issues", WorkItem, "issue_labels", "issue_id"),
        ("changes", ChangeRequest, "mr_labels", "mr_id"),
    ):
        theirs: dict[str, set[str]] = defaultdict(set)
        for row in table(folder, name):
            theirs[row[key]].add(row["label_name"])
        ours = {
            id_: set(one.labels) for id_, one in records(run, stream, kind).items() if one.labels
        }
        assert ours == theirs


def test_merge_requests_agree(run: Run, folder: Path) -> None:
    ours = records(run, "changes", ChangeRequest)
    theirs = table(folder, "merge_requests")
    assert {one["gitlab_id"] for one in theirs} == set(ours)
    states = {
        "merged": ChangeState.MERGED,
        "opened": ChangeState.OPEN,
        "closed": ChangeState.CLOSED,
    }
    for row in theirs:
        mine = ours[row["gitlab_id"]]
        assert (str(mine.number), mine.title) == (row["iid"], row["title"])
        assert (mine.state, mine.raw_state) == (states[row["state"]], row["state"])
        assert (mine.head_ref, mine.base_ref) == (row["source_branch"], row["target_branch"])
        assert (mine.merge_sha or "", mine.head_sha) == (
            row["merge_commit_sha"],
            row["diff_head_sha"],
        )
        assert mine.created_at == instant(row["gitlab_created_at"])
        assert mine.updated_at == instant(row["gitlab_updated_at"])
        assert mine.merged_at == instant(row["merged_at"])
        assert mine.closed_at == instant(row["closed_at"])
        assert mine.author_id == row["author_user_id"]
        landed = row["merge_commit_sha"] or row["squash_commit_sha"] or row["diff_head_sha"]
        assert mine.landed_sha == (landed if row["state"] == "merged" else None)


def test_commits_agree(run: Run, folder: Path) -> None:
    ours = records(run, "change_details", ChangeCommits)
    theirs: dict[str, set[str]] = defaultdict(set)
    for row in table(folder, "mr_commits"):
        theirs[row["merge_request_id"]].add(row["commit_sha"])
    listed = {
        id_: {commit.sha for commit in one.commits} for id_, one in ours.items() if one.commits
    }
    # Of two merge requests the commits were recorded, and not they themselves.
    unlisted = theirs.keys() - ours.keys()
    assert unlisted == {"34300715", "53640548"}
    assert listed == {id_: shas for id_, shas in theirs.items() if id_ not in unlisted}
    by_sha = {commit.sha: commit for one in ours.values() for commit in one.commits}
    rows_of_listed = [row for row in table(folder, "commits") if row["sha"] in by_sha]
    assert len(rows_of_listed) == len(by_sha)
    for row in rows_of_listed:
        mine = by_sha[row["sha"]]
        assert mine.subject == row["title"]
        assert mine.authored_at == instant(row["authored_date"])
        assert mine.committed_at == instant(row["committed_date"])


CONCLUSIONS = {
    "success": Conclusion.SUCCESS,
    "failed": Conclusion.FAILURE,
    "canceled": Conclusion.CANCELLED,
    "skipped": Conclusion.SKIPPED,
    "manual": Conclusion.ACTION_REQUIRED,
}


def test_pipelines_agree(run: Run, folder: Path) -> None:
    ours = records(run, "runs", PipelineRun)
    for row in table(folder, "pipeline_projects"):
        mine = ours[row["pipeline_id"]]
        assert (mine.ref, mine.sha, mine.scope_id) == (row["ref"], row["sha"], row["project_id"])
    detailed = table(folder, "pipelines")
    assert len(detailed) == 16
    for row in detailed:
        mine = ours[row["gitlab_id"]]
        assert mine.raw_status == row["status"]
        assert mine.conclusion is CONCLUSIONS.get(row["status"], Conclusion.PENDING)
        assert mine.created_at == instant(row["gitlab_created_at"])
        assert mine.started_at == instant(row["started_at"])
        assert mine.finished_at == instant(row["finished_at"])
        # They read coverage as a number and lose it, since the server writes a text.
        assert mine.url == row["web_url"]
    assert ours["1078343570"].coverage == 68.49
    assert ours["457474837"].updated_at is None


def test_jobs_agree(run: Run, folder: Path) -> None:
    sets = [one for raw in run.records("jobs") for one in every(made("jobs", raw.parsed), RunJobs)]
    ours: dict[str, CheckResult] = {
        result.source_id: result for one in sets for result in one.results
    }
    theirs = table(folder, "jobs")
    assert {one["gitlab_id"] for one in theirs} == set(ours)
    for row in theirs:
        mine = ours[row["gitlab_id"]]
        assert (mine.name, mine.stage, mine.run_id) == (
            row["name"],
            row["stage"],
            row["pipeline_id"],
        )
        assert mine.raw_status == row["status"]
        assert mine.conclusion is CONCLUSIONS.get(row["status"], Conclusion.PENDING)
        assert mine.allow_failure is (row["allow_failure"] == "1")
        assert mine.started_at == instant(row["started_at"])
        assert mine.finished_at == instant(row["finished_at"])
        assert mine.url == row["web_url"]


def test_deployments_agree(run: Run, folder: Path) -> None:
    ours = records(run, "deployments", Deployment)
    theirs = table(folder, "deployments")
    assert {one["deployment_id"] for one in theirs} == set(ours)
    for row in theirs:
        mine = ours[row["deployment_id"]]
        assert (mine.ref, mine.sha, mine.environment) == (
            row["ref"],
            row["sha"],
            row["environment"],
        )
        assert mine.raw_state == row["status"]
        # Written into the recording by hand: GitLab has no such states.
        planted = row["status"] in ("completed", "undeployed")
        assert (mine.state is DeploymentState.UNKNOWN) is planted
        assert mine.created_at == instant(row["created_date"])
        assert mine.finished_at == instant(row["deployable_finished_at"])


def test_accounts_agree_where_both_met_them(run: Run, folder: Path) -> None:
    ours = {
        one.source_id: one
        for stream in ("issues", "changes")
        for raw in run.records(stream)
        for one in every(made(stream, raw.parsed), Account)
    }
    met = [row for row in table(folder, "accounts") if row["gitlab_id"] in ours]
    for row in met:
        mine = ours[row["gitlab_id"]]
        assert (mine.login, mine.active) == (row["username"], row["state"] == "active")
