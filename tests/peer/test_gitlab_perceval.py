"""Perceval's recorded GitLab pages through the real connector."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from support.gitlab_payloads import every, issues, made
from support.gitlab_replay import Replay, replaying
from support.gitlab_site import Run, read_everything

from mappings.code_records import ChangeCommits, ChangeFiles, ChangeRequest, Pushes, Reviews
from mappings.records import WorkItem
from mappings.vocabulary import ChangeState, HistoryState

#: Recorded answers to questions that we do not ask.
NOT_ASKED = {"emoji.json", "empty_emoji.json", "empty_response.json", "notes_4.json"}
#: The same objects in pages that show less of them, or at another time.
SHORTER = {
    "merge_page_1.json",
    "merge_page_2.json",
    "merge_page_outdated.json",
    "merge_page_updated.json",
    "issue_1.json",
    "issue_2.json",
    "issue_3.json",
    "issue_4.json",
}


@pytest.fixture(scope="module")
def folder(peer_data: Path) -> Path:
    return peer_data / "perceval" / "gitlab"


def load(folder: Path, name: str) -> Any:
    return orjson.loads((folder / f"{name}.json").read_bytes())


@pytest.fixture(scope="module")
def replay(folder: Path) -> Replay:
    project = load(folder, "project")
    id_ = project["id"]
    answers: dict[str, Any] = {
        f"{id_}/issues": [*load(folder, "issue_page_1"), *load(folder, "issue_page_2")],
        f"{id_}/merge_requests": [load(folder, f"merge_{i}") for i in (1, 2, 3)],
        f"{id_}/pipelines": [],
    }
    for i in (1, 2, 3):
        below = f"{id_}/merge_requests/{i}"
        versions = load(folder, f"merge_{i}_versions")
        answers[f"{below}/versions"] = versions
        answers[f"{below}/commits"] = load(folder, f"commits_{i}")
        answers[f"{below}/notes"] = load(folder, f"notes_{i}")
        answers[f"{below}/changes"] = {"changes": load(folder, f"merge_{i}_version_1")["diffs"]}
    return Replay([project], answers)


@pytest.fixture(scope="module")
def run(replay: Replay) -> Run:
    skip = frozenset(
        {
            "census",
            "change_census",
            "histories",
            "iterations",
            "milestones",
            "releases",
            "deployments",
        }
    )
    with replaying(replay, page_size=2) as connector:
        return read_everything(connector, skip=skip)


def records(run: Run, stream: str, kind: Any) -> list[Any]:
    return [one for raw in run.records(stream) for one in every(made(stream, raw.parsed), kind)]


def test_every_recording_is_read_or_named(folder: Path) -> None:
    read = {
        "project.json",
        *(f"issue_page_{i}.json" for i in (1, 2)),
        *(f"merge_{i}.json" for i in (1, 2, 3)),
        *(f"merge_{i}_versions.json" for i in (1, 2, 3)),
        *(f"merge_{i}_version_1.json" for i in (1, 2, 3)),
        *(f"commits_{i}.json" for i in (1, 2, 3)),
        *(f"notes_{i}.json" for i in (1, 2, 3)),
    }
    left = {one.name for one in folder.glob("*.json")} - read - NOT_ASKED - SHORTER
    assert left == {"merge_1_version_2.json"}


def test_pages_are_read_to_their_end(run: Run) -> None:
    assert sorted(one.source_id for one in run.records("issues")) == ["1", "2", "3", "4"]
    assert sorted(one.source_id for one in run.records("changes")) == ["1", "2", "3"]
    assert len(run.records("change_details")) == 3
    # Nothing recorded answers whether what landed equals what was tested.
    assert {one.source_id for one in run.unreadable} == {"1", "2", "3"}
    assert not run.records("comparisons")


def test_nothing_is_misunderstood(run: Run) -> None:
    for stream in ("issues", "changes", "change_details"):
        for raw in run.records(stream):
            assert issues(made(stream, raw.parsed)) == []


def test_issues_are_what_was_recorded(run: Run, folder: Path) -> None:
    told = {str(one["id"]): one for i in (1, 2) for one in load(folder, f"issue_page_{i}")}
    for item in records(run, "issues", WorkItem):
        raw = told[item.source_id]
        assert (item.title, item.raw_status) == (raw["title"], raw["state"])
        assert item.estimate_points == raw["weight"]
        assert set(item.labels) == set(raw["labels"])
        assert item.key.endswith(f"#{raw['iid']}")
        assert "/" in item.key


def test_merge_requests_are_what_was_recorded(run: Run, folder: Path) -> None:
    for one in records(run, "changes", ChangeRequest):
        raw = load(folder, f"merge_{one.number}")
        assert one.raw_state == raw["state"]
        assert one.head_sha == raw["sha"]
        if one.state is ChangeState.MERGED:
            expected = raw["merge_commit_sha"] or raw.get("squash_commit_sha") or raw["sha"]
            assert one.landed_sha == expected


def test_pushes_are_the_versions(run: Run, folder: Path) -> None:
    for one in records(run, "change_details", Pushes):
        versions = load(folder, f"merge_{one.change_request_id}_versions")
        heads = {version["head_commit_sha"] for version in versions}
        assert one.state is HistoryState.COMPLETE
        assert {push.after_sha for push in one.pushes} == heads


def test_an_older_server_gives_files_and_commits_and_no_approvals(run: Run) -> None:
    assert all(one.files for one in records(run, "change_details", ChangeFiles))
    assert all(one.commits for one in records(run, "change_details", ChangeCommits))
    states = {one.state for one in records(run, "change_details", Reviews)}
    assert states == {HistoryState.UNAVAILABLE}
