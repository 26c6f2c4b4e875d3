"""Runs, jobs, pipelines and checks that others recorded, through real connectors to verdicts.

No recording holds a change together with what was run for it. So each recorded commit is carried
by a change of ours that landed as that very commit a good while later; what ran on it, and how it
ended, is the recording's. Each line of a table says what is made of it, and why.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.github_replay import Recording, devlake, exchanges, replayed
from support.gitlab_replay import BASE, Replay, replaying
from support.peer import rows

from connectors.contract import Outcome
from mappings.load import load
from mappings.registry import get
from sync.engine.plan import ConnectionPlan, Plan
from sync.engine.run import sync
from sync.reconcile.contract import Policy
from sync.reconcile.derive import derive
from sync.store import tables_code as code
from sync.store.open import Store, open_store
from sync.store.tables_judged import test_check as checks_table
from sync.store.tables_judged import verdict as verdict_table
from sync.verdict.confirm import confirm

Json = dict[str, Any]
LANDED = datetime(2023, 6, 1, 12, tzinfo=UTC)
NOW = LANDED + timedelta(days=3)


class Fixed:
    """When the recordings are read."""

    def now(self) -> datetime:
        return NOW

    def sleep(self, seconds: float) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a recorded commit."""

    verdict: str
    #: grade by check.
    grades: Mapping[str, str]
    marks: frozenset[str]
    reasons: tuple[str, ...]


def said(store: Store) -> dict[str, Said]:
    """By the first eight digits of the commit."""
    v, c = verdict_table.c, code.change_request.c
    query = (
        sa.select(c.landed_sha, v.verdict, v.grades, v.marks, v.reasons)
        .select_from(verdict_table)
        .join(code.change_request, c.source_id == v.change_request_id)
        .where(v.known_to.is_(None))
    )
    with store.reading() as conn:
        return {
            row.landed_sha[:8]: Said(
                row.verdict, row.grades, frozenset(row.marks), tuple(row.reasons)
            )
            for row in conn.execute(query)
        }


def why(store: Store) -> dict[str, tuple[bool, str]]:
    """Which checks count as tests, and why."""
    c = checks_table.c
    with store.reading() as conn:
        found = conn.execute(sa.select(c.name, c.is_test, c.why).where(c.known_to.is_(None)))
        return {row.name: (bool(row.is_test), row.why) for row in found}


@contextmanager
def judged(kind: str, connector: Any, address: str) -> Iterator[Store]:
    """A store after one run by the connector's options, and what is judged after it."""
    store = open_store(address)
    mapping = load([get(kind).defaults])
    plan = Plan((ConnectionPlan(kind, kind, connector.options, mapping),), workers=1)
    try:
        result = sync(store, plan, clock=Fixed(), sleep=Fixed().sleep)
        bad = {step.stream: step.reason for step in result.steps if step.outcome is Outcome.FAILED}
        assert not bad, bad
        derive(store, Policy(), NOW)
        yield store
    finally:
        store.close()


# --- GitHub ---------------------------------------------------------------------------------------


def recorded_checks(peer_data: Path, name: str) -> list[Json]:
    """Check runs of one commit out of a library's recordings."""
    file = peer_data / "pygithub-replay" / f"{name}.txt"
    found = [
        body["check_runs"] for _, _, _, body in exchanges(file) if "check_runs" in (body or {})
    ]
    return max(found, key=len)


def recorded_jobs(peer_data: Path) -> dict[str, list[Json]]:
    """Jobs by commit: those of a library's recordings and those of a peer's."""
    file = peer_data / "pygithub-replay" / "WorkflowRun.test_jobs.txt"
    held = [body["jobs"] for _, _, _, body in exchanges(file) if "jobs" in (body or {})]
    jobs = list(held[0])
    for place, some in devlake(peer_data).below.items():
        if place.endswith("/jobs"):
            jobs.extend(some)
    found: dict[str, list[Json]] = defaultdict(list)
    for one in jobs:
        found[one["head_sha"]].append(one)
    return found


def run_of(jobs: Sequence[Json]) -> Json:
    """The workflow run that these jobs name: it was not recorded itself."""
    first = jobs[0]
    return {
        "id": first["run_id"],
        "name": "",
        "event": "push",
        "status": "completed",
        "conclusion": None,
        "head_sha": first["head_sha"],
        "head_branch": "work",
        "run_attempt": 1,
        "pull_requests": [],
        "created_at": first["started_at"],
        "updated_at": first["started_at"],
    }


def pull(number: int, sha: str) -> Json:
    """The change that carries a commit, and landed as it is."""
    at = (LANDED + timedelta(hours=number)).isoformat().replace("+00:00", "Z")
    end = {"ref": "work", "sha": sha, "repo": None}
    return {
        "id": 1000 + number,
        "number": number,
        "title": f"Carry {number}",
        "state": "closed",
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": at,
        "closed_at": at,
        "merged_at": at,
        "merge_commit_sha": sha,
        "head": end,
        "base": {"ref": "main", "sha": "b" * 40, "repo": None},
        "commits": 1,
        "changed_files": 1,
    }


#: commit -> verdict, grade of each test, why.
GITHUB: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    "10a7135a": (
        "merged_red",
        {
            "test (Python 3.5)": "exact",
            "test (Python 3.6)": "failed",
            "test (Python 3.7) [github-actions]": "exact",
            "test (Python 3.8) [github-actions]": "exact",
        },
        "one value of the matrix failed on what landed; three successes do not hide it",
    ),
    "c6e5cac6": (
        "tested",
        {
            "test (Python 3.10)": "exact",
            "test (Python 3.11-dev)": "exact",
            "test (Python 3.7) [CI]": "exact",
            "test (Python 3.8) [CI]": "exact",
            "test (Python 3.9)": "exact",
        },
        "all five jobs ended well on what landed, before it landed",
    ),
    "0283d465": (
        "merged_red",
        {
            name: "failed" if name == "fail_check_run" else "exact"
            for name in (
                "Testing",
                "annotations",
                "basic_check_run",
                "completed_check_run",
                "edit_check_run",
                "fail_check_run",
                "mighty_readme",
                "update_all_params",
            )
        },
        "the app that reported them says test, so its failure is one",
    ),
    "cb4adab2": ("not_tested", {}, "deploying, linting, analysing: tests ran around it, none here"),
    "fd8d670f": ("not_tested", {}, "as above"),
    "5431f734": ("not_tested", {}, "a linter in every state there is, and in some there are not"),
    "e45d13c6": ("not_tested", {}, "an analysis"),
}


@pytest.fixture(scope="module")
def github(peer_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    checks = {
        name: recorded_checks(peer_data, name)
        for name in ("CheckRun.testGetCheckRunsForRef", "CheckSuite.testGetCheckRuns")
    }
    jobs = recorded_jobs(peer_data)
    shas = [*(held[0]["head_sha"] for held in checks.values()), *jobs]
    below: dict[str, Sequence[Json]] = {}
    for number, sha in enumerate(shas, 1):
        below[f"commits/{sha}/check-runs"] = []
        below[f"commits/{sha}/statuses"] = []
        below[f"pulls/{number}/files"] = [{"filename": "src/app.py", "status": "modified"}]
    for held in checks.values():
        below[f"commits/{held[0]['head_sha']}/check-runs"] = held
    by_run: dict[int, list[Json]] = defaultdict(list)
    for some in jobs.values():
        for one in some:
            by_run[one["run_id"]].append(one)
    for id_, some in by_run.items():
        below[f"actions/runs/{id_}/jobs"] = some
    home = {
        "id": 5,
        "full_name": "acme/shop",
        "node_id": "R_5",
        "default_branch": "main",
        "has_issues": True,
    }
    recording = Recording(
        repository=home,
        pulls=[pull(number, sha) for number, sha in enumerate(shas, 1)],
        runs=sorted(
            (run_of(some) for some in by_run.values()),
            key=lambda one: one["created_at"],
            reverse=True,
        ),
        below=below,
    )
    address = str(tmp_path_factory.mktemp("github") / "driftline.db")
    with replayed(recording) as connector, judged("github", connector, address) as store:
        yield store


def test_what_github_recorded(github: Store) -> None:
    found = said(github)
    assert {sha: one.verdict for sha, one in found.items()} == {
        sha: verdict for sha, (verdict, _, _) in GITHUB.items()
    }
    for sha, (_, grades, _) in GITHUB.items():
        assert found[sha].grades == grades, sha


def test_what_recorded_checks_are(github: Store) -> None:
    told = why(github)
    tests = {name.partition(" [")[0] for name, (is_test, _) in told.items() if is_test}
    assert tests == {name.partition(" [")[0] for _, grades, _ in GITHUB.values() for name in grades}
    assert {name: reason for name, (is_test, reason) in told.items() if not is_test} == {
        "Analyze": "nothing says that it is a test",
        "Golangci-Lint": '"golangci": it looks at style',
        "deploymacos": "nothing says that it is a test",
        "deployubuntu": "nothing says that it is a test",
        "deploywindows": "nothing says that it is a test",
    }


# --- GitLab ---------------------------------------------------------------------------------------

_PASSED = "its only job ended well on what landed, before it landed"
_FAILED = "its job failed on what landed"
#: commit -> verdict, and why, once a person has said that `format` is a test.
GITLAB: Mapping[str, tuple[str, str]] = {
    "5b8efd8a": ("tested", _PASSED),
    "fcca61fd": ("tested", _PASSED),
    "c8523321": ("tested", _PASSED),
    "ca3b9632": ("tested", _PASSED),
    "4d6b0e3a": ("tested", _PASSED),
    "d53da564": ("tested", _PASSED),
    "04b906f7": ("tested", _PASSED),
    "ae47c9e0": ("tested", _PASSED),
    "43a01381": ("tested", _PASSED),
    "abe4d63c": ("tested", _PASSED),
    "74df511f": ("merged_red", _FAILED),
    "14b854c1": ("merged_red", _FAILED),
    "133a07e5": ("merged_red", _FAILED),
    "20df4aa3": ("merged_red", _FAILED),
    "287f39bc": ("merged_red", _FAILED),
    "532f453a": ("merged_red", "33 of its 38 jobs failed, and so did the newest"),
    "d7c75cb4": (
        "merged_red",
        "one job in every state: some wait, for a person too; of two that ended both failed",
    ),
}


@pytest.fixture(scope="module")
def gitlab(peer_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    file = peer_data / "devlake/gitlab/e2e/raw_tables/_raw_gitlab_api_job.csv"
    jobs: dict[int, list[Json]] = defaultdict(list)
    for row in rows(file):
        one = json.loads(row["data"])
        jobs[one["pipeline"]["id"]].append(one)
    pipelines = [held[0]["pipeline"] for held in jobs.values()]
    shas = list(dict.fromkeys(one["sha"] for one in pipelines))
    answers: dict[str, Any] = {
        "44/pipelines": [
            {**one, "project_id": 44, "source": "push", "updated_at": one["created_at"]}
            for one in pipelines
        ],
        "44/issues": [],
        "44/deployments": [],
        "44/milestones": [],
        "44/repository/commits": [],
        "44/repository/tags": [],
        "44/releases": [],
        "44/merge_requests": [merge_request(n, sha) for n, sha in enumerate(shas, 1)],
    }
    for one in pipelines:
        answers[f"44/pipelines/{one['id']}"] = {**one, "project_id": 44, "source": "push"}
        answers[f"44/pipelines/{one['id']}/jobs"] = jobs[one["id"]]
    for number in range(1, len(shas) + 1):
        for part in ("versions", "commits", "pipelines", "reviewers", "notes"):
            answers[f"44/merge_requests/{number}/{part}"] = []
        answers[f"44/merge_requests/{number}/diffs"] = [
            {"old_path": "src/app.py", "new_path": "src/app.py"}
        ]
    project = {
        "id": 44,
        "name": "pip",
        "path_with_namespace": "acme/pip",
        "web_url": f"{BASE}/acme/pip",
        "default_branch": "master",
    }
    address = str(tmp_path_factory.mktemp("gitlab") / "driftline.db")
    with (
        replaying(Replay([project], answers)) as connector,
        judged("gitlab", connector, address) as store,
    ):
        yield store


def merge_request(number: int, sha: str) -> Json:
    """The change that carries a commit, to which its branch was moved forward."""
    at = (LANDED + timedelta(hours=number)).isoformat()
    return {
        "id": 5000 + number,
        "iid": number,
        "project_id": 44,
        "title": f"Carry {number}",
        "state": "merged",
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": at,
        "merged_at": at,
        "sha": sha,
        "merge_commit_sha": None,
        "squash_commit_sha": None,
        "source_branch": "work",
        "target_branch": "master",
        "references": {"full": f"acme/pip!{number}"},
        "web_url": f"{BASE}/acme/pip/-/merge_requests/{number}",
    }


def test_what_gitlab_recorded(gitlab: Store) -> None:
    """A formatter in a stage called test is no test, until a person says that it is one."""
    assert why(gitlab) == {
        "compile": (False, '"compile": it builds'),
        "format": (False, '"format": it looks at style'),
    }
    assert {one.verdict for one in said(gitlab).values()} == {"no_ci"}
    with gitlab.writing() as conn:
        confirm(conn, "acme/pip", now=NOW, author="ada", are=("format",))
    derive(gitlab, Policy(), NOW + timedelta(minutes=1))
    found = said(gitlab)
    assert {sha: one.verdict for sha, one in found.items()} == {
        sha: verdict for sha, (verdict, _) in GITLAB.items()
    }
    assert found["d7c75cb4"].marks == {"blocked", "pending"}
