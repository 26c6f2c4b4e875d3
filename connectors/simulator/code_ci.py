"""Runs, jobs, checks and statuses of the simulated repositories.

Nothing here moves the `updated` of a change request: the vendors do not, either.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.simulator.code_things import (
    Attempt,
    ChangeRequest,
    CheckRun,
    CommitStatus,
    Job,
    Repository,
    Run,
    RunKind,
    TestTotals,
)

#: Worst first: what a run concludes is the worst of its jobs.
_WORST = ("failure", "timed_out", "action_required", "cancelled")


@dataclass(frozen=True, slots=True)
class JobPlan:
    """A job to run, and how it will end."""

    name: str
    conclusion: str = "success"
    seconds: float = 180
    stage: str = "test"
    allow_failure: bool = False
    coverage: float | None = None
    tests: TestTotals | None = None


class Ci:
    """All runs, checks and statuses."""

    def __init__(self, next_id: Callable[[], int]) -> None:
        """No run yet."""
        self._next_id = next_id
        self.runs: dict[int, Run] = {}
        self.jobs: dict[int, Job] = {}
        self.checks: dict[int, CheckRun] = {}
        self.statuses: dict[int, CommitStatus] = {}
        self.runs_of: dict[int, list[int]] = {}
        self._runs_at: dict[tuple[int, str], list[int]] = {}
        self._checks_at: dict[tuple[int, str], list[int]] = {}
        self._statuses_at: dict[tuple[int, str], list[int]] = {}
        self._workflows: dict[tuple[int, str], int] = {}
        self._numbers: dict[tuple[int, str], int] = {}
        self._suites: dict[tuple[int, str, str], int] = {}

    # --- runs -------------------------------------------------------------------------------

    def start(
        self,
        repo: Repository,
        kind: RunKind,
        sha: str,
        ref: str,
        at: datetime,
        jobs: Sequence[JobPlan],
        *,
        workflow: str = "CI",
        change: ChangeRequest | None = None,
        built_sha: str | None = None,
        actor: str | None = None,
        parent: Run | None = None,
        waiting: bool = False,
    ) -> Run:
        """A run whose jobs have begun; `waiting`: not even that. See `finish`."""
        counted = workflow if repo.host == "github" else ""
        number = self._numbers[repo.id, counted] = self._numbers.get((repo.id, counted), 0) + 1
        run = Run(
            id=self._next_id(),
            repo_id=repo.id,
            number=number,
            workflow=workflow,
            workflow_id=self.workflow(repo, workflow),
            kind=kind,
            sha=sha,
            ref=ref,
            created=at,
            updated=at,
            actor=actor,
            built_sha=built_sha or sha,
            change_id=change.id if change else None,
            parent_id=parent.id if parent else None,
            suite_id=self._next_id(),
        )
        self.runs[run.id] = run
        self.runs_of.setdefault(repo.id, []).append(run.id)
        self._runs_at.setdefault((repo.id, sha), []).append(run.id)
        self._begin(repo, run, at, jobs, waiting=waiting)
        return run

    def run(
        self,
        repo: Repository,
        kind: RunKind,
        sha: str,
        ref: str,
        at: datetime,
        jobs: Sequence[JobPlan],
        *,
        workflow: str = "CI",
        change: ChangeRequest | None = None,
        built_sha: str | None = None,
        actor: str | None = None,
        parent: Run | None = None,
        until: datetime | None = None,
    ) -> Run:
        """A run from its start to its planned end, or as it stands at `until`."""
        run = self.start(
            repo,
            kind,
            sha,
            ref,
            at,
            jobs,
            workflow=workflow,
            change=change,
            built_sha=built_sha,
            actor=actor,
            parent=parent,
        )
        self.finish(repo, run, jobs, until)
        return run

    def hold(
        self, repo: Repository, sha: str, ref: str, at: datetime, change: ChangeRequest
    ) -> Run:
        """GitHub: a run that waits for somebody's approval before it begins; it has no job."""
        run = self.start(repo, "change", sha, ref, at, (), change=change, actor=change.author)
        run.last.conclusion = "action_required"
        return run

    def finish(
        self,
        repo: Repository,
        run: Run,
        jobs: Sequence[JobPlan],
        until: datetime | None = None,
    ) -> None:
        """Let the running jobs end as planned, those that are to end by `until`."""
        plans = {one.name: one for one in jobs}
        for job in run.last.jobs:
            plan = plans.get(job.name)
            if job.status == "completed" or plan is None:
                continue
            at = (job.started or job.created) + timedelta(seconds=plan.seconds)
            if until is None or at <= until:
                self.finish_job(repo, job, plan.conclusion, at, plan.coverage, plan.tests)

    def finish_job(
        self,
        repo: Repository,
        job: Job,
        conclusion: str,
        at: datetime,
        coverage: float | None = None,
        tests: TestTotals | None = None,
    ) -> None:
        """End a job; the run ends with its last one."""
        job.status, job.conclusion, job.finished = "completed", conclusion, at
        job.coverage, job.tests = coverage, tests
        if conclusion == "failure":
            job.failure_reason = "script_failure"
        run = self.runs[job.run_id]
        run.updated = max(run.updated, at)
        attempt = run.last
        if all(one.status == "completed" for one in attempt.jobs):
            attempt.status, attempt.conclusion = "completed", concluded(attempt.jobs)
            attempt.finished = max(one.finished or at for one in attempt.jobs)
        repo.revision += 1

    def rerun(
        self,
        repo: Repository,
        run: Run,
        at: datetime,
        jobs: Sequence[JobPlan],
        *,
        finish: bool = True,
        until: datetime | None = None,
    ) -> None:
        """GitHub: a new attempt of the named jobs; the others keep their former results."""
        again = {one.name for one in jobs}
        kept = [one for one in run.last.jobs if one.name not in again]
        self._begin(repo, run, at, jobs)
        for one in kept:
            job = Job(
                self._next_id(),
                run.id,
                one.name,
                one.stage,
                run.last.number,
                one.created,
                one.status,
                one.conclusion,
                one.started,
                one.finished,
            )
            self.jobs[job.id] = job
            run.last.jobs.append(job)
        if finish:
            self.finish(repo, run, jobs, until)

    def retry(
        self,
        repo: Repository,
        run: Run,
        at: datetime,
        jobs: Sequence[JobPlan],
        *,
        finish: bool = True,
        until: datetime | None = None,
    ) -> None:
        """GitLab: the named jobs again inside the same pipeline; the old ones are `retried`."""
        again = {one.name for one in jobs}
        for one in run.jobs:
            one.retried = one.retried or one.name in again
        attempt = run.last
        attempt.status, attempt.conclusion, attempt.finished = "running", None, None
        self._add_jobs(run, at, jobs)
        run.updated = max(run.updated, at)
        repo.revision += 1
        if finish:
            self.finish(repo, run, jobs, until)

    def delete_run(self, repo: Repository, run: Run) -> None:
        """Delete a run with its jobs, as retention does."""
        run.deleted = True
        repo.revision += 1

    def _begin(
        self,
        repo: Repository,
        run: Run,
        at: datetime,
        jobs: Sequence[JobPlan],
        *,
        waiting: bool = False,
    ) -> None:
        attempt = Attempt(len(run.attempts) + 1, at, "queued" if waiting else "running")
        attempt.started = None if waiting else at
        run.attempts.append(attempt)
        self._add_jobs(run, at, jobs, waiting=waiting)
        run.updated = max(run.updated, at)
        if not jobs:
            # Its file is broken: there is nothing to run.
            broken = "startup_failure" if repo.host == "github" else "failure"
            attempt.status, attempt.conclusion, attempt.finished = "completed", broken, at
        repo.revision += 1

    def _add_jobs(
        self, run: Run, at: datetime, jobs: Sequence[JobPlan], *, waiting: bool = False
    ) -> None:
        for plan in jobs:
            job = Job(
                self._next_id(),
                run.id,
                plan.name,
                plan.stage,
                run.last.number,
                at,
                "queued" if waiting else "running",
                None,
                None if waiting else at,
                allow_failure=plan.allow_failure,
            )
            self.jobs[job.id] = job
            run.last.jobs.append(job)

    def workflow(self, repo: Repository, name: str) -> int:
        """Id of a workflow."""
        return self._workflows.setdefault((repo.id, name), self._next_id())

    # --- checks and statuses ----------------------------------------------------------------

    def check(
        self,
        repo: Repository,
        sha: str,
        name: str,
        app: str,
        at: datetime,
        conclusion: str | None = None,
        *,
        seconds: float = 20,
        title: str | None = None,
        summary: str | None = None,
    ) -> CheckRun:
        """GitHub: a check of another app than Actions; without a conclusion it is running."""
        suite = self._suites.setdefault((repo.id, sha, app), self._next_id())
        made = CheckRun(
            self._next_id(),
            repo.id,
            sha,
            name,
            app,
            suite,
            at,
            "in_progress",
            None,
            at,
            None,
            title,
            summary,
        )
        self.checks[made.id] = made
        self._checks_at.setdefault((repo.id, sha), []).append(made.id)
        if conclusion is not None:
            self.finish_check(repo, made, conclusion, at + timedelta(seconds=seconds))
        repo.revision += 1
        return made

    def finish_check(
        self, repo: Repository, check: CheckRun, conclusion: str, at: datetime
    ) -> None:
        """End a check."""
        check.status, check.conclusion, check.finished = "completed", conclusion, at
        repo.revision += 1

    def set_status(
        self,
        repo: Repository,
        sha: str,
        context: str,
        state: str,
        at: datetime,
        *,
        creator: str | None = None,
        description: str | None = None,
        target_url: str | None = None,
        coverage: float | None = None,
    ) -> CommitStatus:
        """Put a status on a commit."""
        made = CommitStatus(
            self._next_id(),
            repo.id,
            sha,
            context,
            state,
            creator,
            at,
            description,
            target_url,
            coverage,
        )
        self.statuses[made.id] = made
        self._statuses_at.setdefault((repo.id, sha), []).append(made.id)
        repo.revision += 1
        return made

    # --- looking ----------------------------------------------------------------------------

    def runs_in(self, repo: Repository) -> list[Run]:
        """Runs of a repository that are there, oldest first."""
        return list(self._there(self.runs_of.get(repo.id, ())))

    def runs_at(self, repo: Repository, sha: str) -> list[Run]:
        """Runs told under a commit, oldest first."""
        return list(self._there(self._runs_at.get((repo.id, sha), ())))

    def checks_at(self, repo: Repository, sha: str) -> list[CheckRun]:
        """Checks of other apps on a commit, oldest first."""
        return [self.checks[one] for one in self._checks_at.get((repo.id, sha), ())]

    def statuses_at(self, repo: Repository, sha: str) -> list[CommitStatus]:
        """Every status of a commit, oldest first."""
        return [self.statuses[one] for one in self._statuses_at.get((repo.id, sha), ())]

    def _there(self, ids: Iterable[int]) -> Iterator[Run]:
        return (self.runs[one] for one in ids if not self.runs[one].deleted)


def concluded(jobs: Iterable[Job]) -> str:
    """What a run concludes from its jobs: the worst that counts."""
    counted = {one.conclusion for one in jobs if not one.retried and not one.allow_failure}
    for word in _WORST:
        if word in counted:
            return word
    return "skipped" if counted == {"skipped"} else "success"
