"""Verdicts of a simulated company's changes against what truly ran there, in GitHub and GitLab."""

import sqlite3
from pathlib import Path

import pytest

from connectors.simulator import build
from connectors.simulator.code import CodeWorld
from connectors.simulator.code_things import ChangeRequest, Job, Repository
from connectors.simulator.world import World
from sync.cli.demo import play
from sync.verdict.names import Verdict

#: Names of checks that are tests in this company.
TESTS = frozenset({"unit tests", "integration tests", "e2e tests"})


@pytest.fixture(
    params=[3, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(2000, 2005))]
)
def company(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[CodeWorld, dict[str, Verdict]]:
    """The company, and what is said of each change that landed in it."""
    worlds: list[World] = []
    original = build.build

    def kept(*words: object, **more: object) -> World:
        worlds.append(original(*words, **more))  # type: ignore[arg-type]
        return worlds[-1]

    monkeypatch.setattr(build, "build", kept)
    play(tmp_path, request.param)
    with sqlite3.connect(tmp_path / "driftline.db") as conn:
        rows = conn.execute(
            "SELECT change_request_id, verdict FROM verdict WHERE known_to IS NULL"
        ).fetchall()
    conn.close()
    return worlds[0].code, {id_: Verdict(word) for id_, word in rows}


@pytest.mark.full
def test_nothing_wrong_is_said(company: tuple[CodeWorld, dict[str, Verdict]]) -> None:
    code, said = company
    judged = 0
    for repo in code.repositories.values():
        for change in code.changes_in(repo):
            verdict = said.get(str(change.id))
            if change.merged_at is None or verdict is None:
                continue
            judged += 1
            ended = endings(code, repo, change)
            at_landed = {
                name
                for name, sha, word in ended
                if sha == change.landed_sha and word in ("success", "failure")
            }
            # A later run of the branch holds it, too.
            after = {} if at_landed else later(code, repo, change)
            if verdict.says_tested:
                assert "success" in {*after.values(), *(word for _, _, word in ended)}, change.id
                assert not any(
                    word == "failure" and sha == change.landed_sha for _, sha, word in ended
                ), change.id
            if verdict in (Verdict.TESTED, Verdict.TESTED_AFTER):
                assert at_landed or after or equal_tree(code, repo, change), change.id
            if verdict is Verdict.NOT_TESTED:
                assert not any(word == "success" for _, _, word in ended), change.id
            if verdict is Verdict.MERGED_RED:
                assert "failure" in {*after.values(), *(word for _, _, word in ended)}, change.id
    assert judged >= 50


def endings(code: CodeWorld, repo: Repository, change: ChangeRequest) -> list[tuple[str, str, str]]:
    """(name, commit, conclusion) of each test's newest ended job on commits of the change."""
    built = [run.sha for run in code.ci.runs_in(repo) if run.change_id == change.id]
    own = dict.fromkeys([change.landed_sha, change.head_sha, *change.commits, *built])
    found: dict[tuple[str, str], list[tuple[object, str]]] = {}
    for sha in own:
        if sha is None:
            continue
        for run in code.ci.runs_at(repo, sha):
            for attempt in run.attempts:
                for job in attempt.jobs:
                    if job.name in TESTS and job.status == "completed":
                        word = _word(job, told=repo.host == "gitlab")
                        order = (job.started or job.created, job.attempt, job.id)
                        found.setdefault((job.name, sha), []).append((order, word))
    return [(name, sha, max(told)[1]) for (name, sha), told in found.items()]


def later(code: CodeWorld, repo: Repository, change: ChangeRequest) -> dict[str, str]:
    """How each test ended first on the branch after a change had landed."""
    assert change.merged_at is not None
    found: dict[str, str] = {}
    for run in sorted(code.ci.runs_in(repo), key=lambda one: (one.created, one.id)):
        if run.ref != repo.default_branch or run.created < change.merged_at:
            continue
        for job in run.last.jobs:
            word = _word(job, told=repo.host == "gitlab")
            if job.name in TESTS and word in ("success", "failure"):
                found.setdefault(job.name, word)
    return found


def _word(job: Job, *, told: bool) -> str:
    """How a job ended, as far as it can be known; `told`: the host tells how many tests ran."""
    if job.allow_failure and job.conclusion == "failure":
        return "allowed"
    if told and job.tests is not None and job.tests.total <= job.tests.skipped:
        return "empty"
    return str(job.conclusion)


def equal_tree(code: CodeWorld, repo: Repository, change: ChangeRequest) -> bool:
    """Whether another commit of the change holds exactly what landed."""
    assert change.landed_sha is not None
    tree = code.git.at(repo, change.landed_sha).tree
    return any(code.git.at(repo, sha).tree == tree for sha in (change.head_sha, *change.commits))
