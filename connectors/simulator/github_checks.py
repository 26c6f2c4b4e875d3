"""Checks of a commit as GitHub tells them: jobs of Actions and checks of other apps alike."""

from dataclasses import dataclass
from datetime import datetime

from connectors.simulator.code import CodeWorld
from connectors.simulator.code_things import (
    CheckRun,
    CommitStatus,
    Job,
    Repository,
    Run,
    RunKind,
)

#: The app that reports the jobs of workflows.
ACTIONS = "github-actions"
#: Events of a run by its kind.
EVENTS: dict[RunKind, str] = {
    "push": "push",
    "change": "pull_request",
    "merge-result": "pull_request",
    "train": "merge_group",
    "schedule": "schedule",
    "tag": "push",
    "child": "workflow_call",
    "manual": "workflow_dispatch",
    "dispatch": "repository_dispatch",
}
_STATUS = {"running": "in_progress"}


@dataclass(frozen=True, slots=True)
class Check:
    """A check run."""

    id: int
    repo: Repository
    sha: str
    name: str
    app: str
    suite_id: int
    #: queued, in_progress, completed.
    status: str
    conclusion: str | None
    started: datetime | None
    finished: datetime | None
    #: the workflow run that it is a job of.
    run: Run | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """The checks of one app on a commit, or of one workflow run."""

    id: int
    repo: Repository
    sha: str
    app: str
    created: datetime
    updated: datetime
    checks: tuple[Check, ...]
    run: Run | None = None

    @property
    def status(self) -> str:
        """Completed when all are."""
        done = all(one.status == "completed" for one in self.checks)
        return "completed" if done else "in_progress"

    @property
    def conclusion(self) -> str | None:
        """The worst of all."""
        if self.run is not None:
            return self.run.conclusion
        if self.status != "completed":
            return None
        found = {one.conclusion for one in self.checks}
        return next((one for one in ("failure", "cancelled") if one in found), "success")


def checks_at(code: CodeWorld, repo: Repository, sha: str, *, every: bool = False) -> list[Check]:
    """Check runs of a commit, oldest first; only the newest of each name and suite, or `every`."""
    found = [
        of_job(repo, run, job)
        for run in code.ci.runs_at(repo, sha)
        for attempt in (run.attempts if every else run.attempts[-1:])
        for job in attempt.jobs
    ]
    others = [of_app(repo, one) for one in code.ci.checks_at(repo, sha)]
    if not every:
        others = list({(one.name, one.suite_id): one for one in others}.values())
    return sorted((*found, *others), key=lambda one: one.id)


def of_job(repo: Repository, run: Run, job: Job) -> Check:
    """A job of a workflow as the check run that it is."""
    return Check(
        job.id,
        repo,
        run.sha,
        job.name,
        ACTIONS,
        run.suite_id,
        _STATUS.get(job.status, job.status),
        job.conclusion,
        job.started,
        job.finished,
        run,
    )


def of_app(repo: Repository, one: CheckRun) -> Check:
    """A check of another app."""
    return Check(
        one.id,
        repo,
        one.sha,
        one.name,
        one.app,
        one.suite_id,
        one.status,
        one.conclusion,
        one.started,
        one.finished,
    )


def suites_at(code: CodeWorld, repo: Repository, sha: str) -> list[Suite]:
    """Check suites of a commit, oldest first."""
    held: dict[int, list[Check]] = {}
    for one in checks_at(code, repo, sha, every=True):
        held.setdefault(one.suite_id, []).append(one)
    found = []
    for id_, checks in held.items():
        run = checks[0].run
        times = [at for one in checks for at in (one.started, one.finished) if at is not None]
        begun = run.created if run else min(times)
        ended = run.updated if run else max(times)
        found.append(Suite(id_, repo, sha, checks[0].app, begun, ended, tuple(checks), run))
    return sorted(found, key=lambda one: one.id)


def statuses_now(code: CodeWorld, repo: Repository, sha: str) -> list[CommitStatus]:
    """The newest status of each context of a commit."""
    return list({one.context: one for one in code.ci.statuses_at(repo, sha)}.values())


def rolled_up(checks: list[Check], statuses: list[CommitStatus]) -> str:
    """State of all of them together, in GraphQL's words."""
    words = {one.conclusion or "pending" for one in checks} | {one.state for one in statuses}
    if words & {"failure", "timed_out", "cancelled", "action_required", "startup_failure"}:
        return "FAILURE"
    if "error" in words:
        return "ERROR"
    return "PENDING" if "pending" in words else "SUCCESS"
