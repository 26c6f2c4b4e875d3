"""Other peers' recorded GitHub answers through the real connector and normalizer, in REST mode."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import responses
from support.github_replay import BASE, NOW, Json, Recording, exchanges, replayed
from support.peer import rows

from connectors.contract import (
    CannotAuthenticate,
    NotAllowed,
    Runtime,
    SourceError,
    TooManyRequests,
    Window,
)
from connectors.github.connector import GitHubConnector
from connectors.github.options import GitHubOptions
from mappings import github
from mappings.code_records import (
    ChangeCommits,
    ChangeFiles,
    ChangeRequest,
    Checks,
    Deployment,
    PipelineRun,
    Reviews,
    RunJobs,
)
from mappings.load import load
from mappings.records import DataIssue, History, Milestone, WorkItem
from mappings.registry import get
from mappings.vocabulary import CheckSource, DeploymentState, HistoryState

TABLE = load([get("github").defaults])
HOME: Json = {
    "id": 3544490,
    "full_name": "acme/shop",
    "node_id": "R_1",
    "default_branch": "main",
    "has_issues": True,
}
PULL: Json = {
    "id": 7,
    "number": 7,
    "state": "open",
    "updated_at": "2020-01-01T00:00:00Z",
    "head": {"sha": "a" * 40, "ref": "x", "repo": None},
    "base": {"sha": "b" * 40, "ref": "main"},
}
_BELOW = re.compile(r"^/(?:api/v3/)?(?:repos/[^/]+/[^/?]+|repositories/\d+)/?")
#: After everything that was recorded.
LATE = datetime(2030, 1, 1, tzinfo=UTC)
#: A path of a recording -> which of our reads it answers.
READS = (
    (r"issues", "issues"),
    (r"issues/\d+", "issue"),
    (r"issues/\d+/events", "events"),
    (r"pulls", "pulls"),
    (r"pulls/\d+", "pull"),
    (r"pulls/\d+/(reviews|commits|files)", "part"),
    (r"commits/[0-9a-f]{40}/check-runs", "check-runs"),
    (r"commits/[0-9a-f]{40}", "commit"),
    (r"actions/runs", "runs"),
    (r"actions/runs/\d+", "run"),
    (r"actions/runs/\d+/jobs", "jobs"),
    (r"milestones", "milestones"),
)
#: What these libraries read or write and driftline does not.
NOT_READ = (
    r"issues/\d+/(comments|labels|reactions|timeline|sub_issues?|dependencies/blocked_by)",
    r"issues/\d+/sub_issues/priority",
    r"issues/(comments|events)",
    r"issues/comments/\d+",
    r"labels/Bug",
    r"milestones/\d+(/labels)?",
    r"pulls/\d+/(comments|requested_reviewers|reviews/\d+)",
    r"pulls/comments",
    r"check-runs/\d+(/annotations)?",
    r"check-suites/\d+(/check-runs)?",
    r"commits/[0-9a-f]{40}/check-suites",
    r"actions/runs/\d+/(timing|attempts/\d+)",
    r"actions/workflows/\d+/runs",
    r"actions/jobs/\d+/logs",
    r"branches/master",
    r"deployments/\d+(/statuses)?(/\d+)?",
)


def normalized(records: Sequence[Any]) -> list[Any]:
    lookups = github.build_lookups(
        (), (), mapping=TABLE, extra={"milestones": {}}, time_zone="UTC", base_url=""
    )
    return [
        one for raw in records for one in github.normalize(raw.stream, raw.payload, TABLE, lookups)
    ]


def read(recording: Recording, stream: str, keys: Mapping[str, str] | None = None) -> list[Any]:
    """What the connector makes of a recording."""
    with replayed(recording) as connector:
        scope = connector.scopes()[1]
        asked = Window(LATE, ids=tuple(keys or ()), keys=keys or {})
        pages = list(connector.read(stream, scope, None, asked))
        assert not [one for page in pages for one in page.unreadable]
        return normalized([one for page in pages for one in page.records])


def recorded(folder: Path) -> Iterator[tuple[str, str, Any]]:
    """Successful reads of repositories: (file, path below the repository, body)."""
    for file in sorted(folder.glob("*.txt")):
        for method, path, status, body in exchanges(file):
            below = re.sub(
                r"^/(?:api/v3/)?(?:repos/[^/]+/[^/?]+|repositories/\d+)/?",
                "",
                path.partition("?")[0],
            )
            if method == "GET" and status == 200 and not below.startswith("/"):
                yield file.name, below, body


def kind_of(path: str) -> str | None:
    return next((kind for pattern, kind in READS if re.fullmatch(pattern, path)), None)


def test_every_recorded_read_is_one_of_ours_or_listed(peer_data: Path) -> None:
    for file, path, _ in recorded(peer_data / "pygithub-replay"):
        known = path == "" or kind_of(path) or any(re.fullmatch(one, path) for one in NOT_READ)
        assert known, f"{file}: {path}"


def check(kind: str, path: str, body: Any) -> int:
    """Put one recorded answer through; how many things came out of it."""
    if kind in ("issues", "issue"):
        rows = [one for one in (body if kind == "issues" else [body]) if "updated_at" in one]
        # In 2012 every issue named a pull request, which was empty.
        pulls = [one for one in rows if (one.get("pull_request") or {}).get("html_url")]
        found = read(Recording(HOME, issues=rows), "issues")
        made = [one for one in found if isinstance(one, WorkItem)]
        assert len(made) == len(rows) - len(pulls)
        for item in made:
            assert item.key.startswith("acme/shop#")
            assert item.created_at
            assert item.raw_status_id.partition(":")[0] in ("open", "closed") or item.labels
        return len(made)
    if kind == "events":
        found = read(
            Recording(HOME, below={"issues/5/events": body}), "histories", {"500": "acme/shop#5"}
        )
        (history,) = (one for one in found if isinstance(one, History))
        assert history.state is HistoryState.COMPLETE
        return 1
    if kind in ("pulls", "pull"):
        rows = body if kind == "pulls" else [body]
        found = read(Recording(HOME, pulls=rows), "changes")
        made_changes = [one for one in found if isinstance(one, ChangeRequest)]
        assert len(made_changes) == len(rows)
        assert all(one.head_sha and one.base_ref for one in made_changes)
        return len(made_changes)
    if kind in ("part", "check-runs", "commit"):
        return _details(kind, path, body)
    if kind in ("runs", "run"):
        rows = body["workflow_runs"] if kind == "runs" else [body]
        found = read(Recording(HOME, runs=rows), "runs")
        made_runs = [one for one in found if isinstance(one, PipelineRun)]
        assert len(made_runs) == len({one["id"] for one in rows})
        assert all(one.sha and one.raw_event for one in made_runs)
        return len(made_runs)
    if kind == "jobs":
        found = read(
            Recording(HOME, below={"actions/runs/9/jobs": body["jobs"]}), "jobs", {"9": ""}
        )
        (jobs,) = (one for one in found if isinstance(one, RunJobs))
        assert len(jobs.results) == len(body["jobs"])
        return len(jobs.results)
    assert kind == "milestones"
    found = read(Recording(HOME, milestones=body), "milestones")
    made_milestones = [one for one in found if isinstance(one, Milestone)]
    assert len(made_milestones) == len(body)
    return len(made_milestones)


def _details(kind: str, path: str, body: Any) -> int:
    below: dict[str, Any] = {}
    single: dict[str, Any] = {}
    pull = PULL
    if kind == "part":
        below[f"pulls/7/{path.rpartition('/')[2]}"] = body
    elif kind == "check-runs":
        below[f"commits/{'a' * 40}/check-runs"] = body["check_runs"]
    else:
        sha = body["sha"]
        pull = {**PULL, "state": "closed", "merged_at": "2020-01-01T00:00:00Z"}
        pull["merge_commit_sha"] = sha
        single[f"commits/{sha}"] = body
    recording = Recording(HOME, pulls=[pull], below=below, single=single)
    found = read(recording, "change_details", {"7": "acme/shop#7"})
    if kind == "commit":
        change = next(one for one in found if isinstance(one, ChangeRequest))
        assert change.landed_sha == body["sha"]
        assert change.landed_tree == body["commit"]["tree"]["sha"]
        return 1
    if kind == "check-runs":
        checks = next(
            one
            for one in found
            if isinstance(one, Checks) and one.sources == (CheckSource.CHECK_RUN,)
        )
        assert checks.state is HistoryState.COMPLETE
        assert len(checks.results) == len(body["check_runs"])
        return len(checks.results)
    held = {
        "reviews": (Reviews, "reviews"),
        "commits": (ChangeCommits, "commits"),
        "files": (ChangeFiles, "files"),
    }
    record, name = held[path.rpartition("/")[2]]
    told = next(one for one in found if isinstance(one, record))
    assert told.state is HistoryState.COMPLETE
    assert len(getattr(told, name)) == len(body)
    return len(body)


@pytest.mark.full
def test_recorded_reads_of_a_library_go_through(peer_data: Path) -> None:
    came: Counter[str] = Counter()
    for file, path, body in recorded(peer_data / "pygithub-replay"):
        kind = kind_of(path)
        if kind is None or body == []:
            continue
        try:
            came[kind] += check(kind, path, body)
        except AssertionError as error:
            raise AssertionError(f"{file}: {path}: {error}") from error
    assert set(came) == {kind for _, kind in READS}
    assert came["issues"] > 250


def refused(status: int, body: Any, headers: Mapping[str, str] | None = None) -> SourceError:
    """The error that one recorded refusal becomes at connect."""
    with responses.RequestsMock() as mock:
        mock.get(f"{BASE}/user", status=status, json=body, headers=dict(headers or {}))
        runtime = Runtime(now=lambda: NOW, sleep=lambda seconds: None, max_wait_seconds=1.0)
        connector = GitHubConnector("g", GitHubOptions(token="t0ken"), runtime)
        with pytest.raises(SourceError) as caught:
            connector.connect()
    return caught.value


def test_recorded_refusals_become_one_error_each(peer_data: Path) -> None:
    kinds: dict[str, type[SourceError]] = {
        "SpecificExceptions.test2FARequired.txt": CannotAuthenticate,
        "SpecificExceptions.testBadCredentials.txt": CannotAuthenticate,
        "SpecificExceptions.testBadUserAgent.txt": NotAllowed,
        "SpecificExceptions.testRateLimitExceeded.txt": TooManyRequests,
        "SpecificExceptions.testAuthenticatedRateLimitExceeded.txt": TooManyRequests,
    }
    for name, kind in kinds.items():
        answers = [
            (status, body)
            for _, _, status, body in exchanges(peer_data / "pygithub-replay" / name)
            if status in (401, 403)
        ]
        assert answers, name
        for status, body in answers:
            assert type(refused(status, body)) is kind, name


def test_a_recorded_abuse_limit_is_waited_for(peer_data: Path) -> None:
    said = json.loads((peer_data / "perceval" / "github" / "abuse_rate_limit.json").read_text())
    assert isinstance(refused(403, said), TooManyRequests)


def test_recorded_pages_of_another_peer_go_through(peer_data: Path) -> None:
    folder = peer_data / "perceval" / "github"

    def held(name: str) -> Any:
        return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))

    issues = [*held("github_issue_1"), *held("github_issue_2")]
    found = read(Recording(HOME, issues=issues), "issues")
    items = {one.key: one for one in found if isinstance(one, WorkItem)}
    # The first one is a pull request.
    assert items.keys() == {"acme/shop#2"}
    assert not [one for one in found if isinstance(one, DataIssue)]
    for number in (1, 2):
        pull = held(f"github_request_pull_request_{number}")
        parts = {
            f"pulls/{pull['number']}/{name}": held(f"github_request_pull_request_{number}_{name}")
            for name in ("commits", "reviews")
        }
        told = read(
            Recording(HOME, pulls=[pull], below=parts),
            "change_details",
            {str(pull["id"]): f"acme/shop#{pull['number']}"},
        )
        change = next(one for one in told if isinstance(one, ChangeRequest))
        assert change.number == pull["number"]
        commits = next(one for one in told if isinstance(one, ChangeCommits))
        assert len(commits.commits) == len(parts[f"pulls/{pull['number']}/commits"])
    assert read(Recording(HOME, issues=held("github_empty_request")), "issues") == []


def test_recorded_deployments_of_graphql_go_through(peer_data: Path) -> None:
    """The peer stored its own names for the vendor's fields."""
    file = (
        peer_data / "devlake" / "github_graphql" / "e2e" / "raw_tables"
    ) / "_raw_github_graphql_deployment.csv"
    theirs = {
        row["id"]: row
        for row in rows(
            peer_data / "devlake/github_graphql/e2e/snapshot_tables/_tool_github_deployments.csv"
        )
    }
    made = []
    for row in rows(file):
        data = json.loads(row["data"])
        latest = data.get("LatestStatus") or {}
        payload = {
            "__api": "graphql",
            "__repository": {"id": "1", "name": "acme/shop"},
            "databaseId": data["DatabaseId"],
            "createdAt": data["CreatedAt"],
            "environment": data["Environment"],
            "state": data["State"],
            "commitOid": data["CommitOid"],
            "ref": {"name": (data.get("Ref") or {}).get("Name")},
            "latestStatus": {"state": latest.get("State"), "createdAt": latest.get("updatedAt")},
        }
        (one,) = github.normalize(
            "deployments",
            payload,
            TABLE,
            github.build_lookups((), (), mapping=TABLE, extra={}, time_zone="UTC", base_url=""),
        )
        assert isinstance(one, Deployment)
        assert one.sha == data["CommitOid"]
        assert one.state is not DeploymentState.UNKNOWN
        made.append(str(data["Id"]))
    assert set(theirs) <= set(made)
