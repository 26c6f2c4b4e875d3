"""Which later states of a branch were tested that hold a change: truth of the simulated company."""

from collections.abc import Collection

from connectors.simulator.code import CodeWorld
from connectors.simulator.code_things import ChangeRequest, Job, Repository

#: Runs that test the branch as it stands, or stands in its queue.
_OF_BRANCH = ("push", "schedule", "train")
#: A state further away tells nothing.
_MOST, _TESTED = 50, 3


def later_commits(code: CodeWorld, repo: Repository, change: ChangeRequest) -> list[str]:
    """The next tested commits of the branch that a change landed on, nearest first."""
    line, sha = [], code.git.tip(repo, repo.default_branch)
    while sha is not None and sha != change.landed_sha:
        line.append(sha)
        sha = next(iter(code.git.at(repo, sha).parents), None)
    if sha is None:
        return []
    after = line[::-1][:_MOST]
    return [one for one in after if _jobs(code, repo, one)][:_TESTED]


def tested_later(
    code: CodeWorld, repo: Repository, change: ChangeRequest, tests: Collection[str]
) -> bool:
    """Whether a later state of the branch tells how the tests of a change end.

    Where a test of its own ended, if only as one that may fail, none is asked for another word.
    """
    own = [run for run in code.ci.runs_in(repo) if run.change_id == change.id]
    own += [
        run
        for sha in (change.head_sha, change.landed_sha)
        if sha
        for run in code.ci.runs_at(repo, sha)
    ]
    if any(_ended(job, tests) for run in own for job in run.jobs):
        return False
    return any(
        _ended(job, tests) and not (job.conclusion == "failure" and job.allow_failure)
        for sha in later_commits(code, repo, change)
        for job in _jobs(code, repo, sha)
    )


def others_tested_with(
    code: CodeWorld, repo: Repository, change: ChangeRequest, tests: Collection[str]
) -> int:
    """How many other commits of the branch the later runs that speak for a change test first.

    0 where one of them failed: whose doing that was, nobody knows.
    """
    line, sha = [], code.git.tip(repo, repo.default_branch)
    while sha is not None:
        line.append(sha)
        sha = next(iter(code.git.at(repo, sha).parents), None)
    line.reverse()
    at = line.index(change.landed_sha or "")
    before = next((n for n, one in enumerate(line[at - 1 :: -1]) if _jobs(code, repo, one)), at)
    later = [line.index(one) - at for one in later_commits(code, repo, change)]
    first = {
        job.name: (place, job.conclusion)
        for place in reversed(later)
        for job in _jobs(code, repo, line[at + place])
        if _ended(job, tests)
    }
    if any(conclusion == "failure" for _, conclusion in first.values()):
        return 0
    return before + max((place for place, _ in first.values()), default=0)


def _ended(job: Job, tests: Collection[str]) -> bool:
    return job.name in tests and job.conclusion in ("success", "failure")


def _jobs(code: CodeWorld, repo: Repository, sha: str) -> list[Job]:
    runs = [one for one in code.ci.runs_at(repo, sha) if one.kind in _OF_BRANCH]
    return [job for run in runs for job in run.jobs if repo.host == "github" or not _is_empty(job)]


def _is_empty(job: Job) -> bool:
    """Whether no test ran in it; GitHub does not tell."""
    return job.tests is not None and job.tests.total <= job.tests.skipped
