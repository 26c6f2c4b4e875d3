"""One change of the story, from its first push to its end, with exactly the CI that is told."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.simulator.code import CodeWorld
from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_things import (
    ChangeRequest,
    FileEdit,
    HostIssue,
    Method,
    Repository,
    TestTotals,
)

#: A life that gives something back at its end; it goes on at the instants that it yields.
Steps = Generator[datetime, None, ChangeRequest]

#: What ordinary changes run; the names are those of the built repositories.
GREEN: tuple[JobPlan, ...] = (
    JobPlan("lint", seconds=40, stage="check"),
    JobPlan("unit tests", seconds=240, tests=TestTotals(420, skipped=4)),
    JobPlan("integration tests", seconds=420, allow_failure=True, tests=TestTotals(45)),
)


def with_jobs(*others: JobPlan) -> tuple[JobPlan, ...]:
    """The usual jobs, those of a like name replaced."""
    names = {one.name for one in others}
    return (*(one for one in GREEN if one.name not in names), *others)


@dataclass(frozen=True, slots=True)
class Work:
    """What is done, when, and what CI says."""

    repo: Repository
    title: str
    branch: str
    author: str
    opened: datetime
    #: None: it stays open.
    ends: datetime | None
    body: str = ""
    #: False: closed without being merged.
    lands: bool = True
    #: of its commits; the title where none is given.
    messages: tuple[str, ...] = ()
    files: tuple[FileEdit, ...] = (FileEdit("src/app.py"),)
    #: CI of the head, and of what landed; None: nothing ran.
    head: Sequence[JobPlan] | None = GREEN
    landed: Sequence[JobPlan] | None = GREEN
    closes: HostIssue | None = None
    base: str | None = None
    #: the change that it takes back.
    undo: ChangeRequest | None = None


def method(repo: Repository) -> Method:
    """How a repository's changes land."""
    if repo.host == "gitlab" and "fast-forward" in repo.methods:
        return "fast-forward"
    return "squash"


def live(code: CodeWorld, work: Work) -> Steps:
    """Open it, test it, review it, and let it land or be closed."""
    yield work.opened
    repo = work.repo
    change = code.open_change(
        repo, work.title, work.branch,
        [(text, work.files) for text in work.messages or (work.title,)],
        author=work.author, at=work.opened, base_branch=work.base, body=work.body, undo=work.undo,
        closes=[work.closes.id] if work.closes else [],
    )  # fmt: skip
    _test(code, work, change, work.opened)
    return (yield from ending(code, work, change))


def ending(code: CodeWorld, work: Work, change: ChangeRequest) -> Steps:
    """The end of an open change: a review an hour before, then what `work` says."""
    if work.ends is None:
        return change
    repo, how = work.repo, method(work.repo)
    reviewer = next(one for one in code.company.humans() if one != change.author)
    yield work.ends - timedelta(hours=1)
    if work.lands and how == "fast-forward" and _moved(code, change):
        code.rebase(change, at=work.ends - timedelta(hours=1), by=change.author)
        _test(code, work, change, work.ends - timedelta(hours=1))
    code.review(change, reviewer, at=work.ends - timedelta(minutes=30))
    yield work.ends
    if not work.lands:
        code.close(change, at=work.ends, by=change.author)
        return change
    if how == "fast-forward" and _moved(code, change):
        code.rebase(change, at=work.ends, by=change.author)
    code.merge(change, how, at=work.ends, by=reviewer)
    if work.landed is not None and change.landed_sha is not None:
        code.ci.run(
            repo, "push", change.landed_sha, change.base_branch,
            work.ends + timedelta(minutes=1), work.landed, actor=reviewer,
        )  # fmt: skip
    return change


def _moved(code: CodeWorld, change: ChangeRequest) -> bool:
    """Whether the base branch went on since the head was built on it."""
    repo = code.repositories[change.repo_id]
    return code.git.tip(repo, change.base_branch) != change.fork_sha


def _test(code: CodeWorld, work: Work, change: ChangeRequest, at: datetime) -> None:
    if work.head is None:
        return
    begin = at + timedelta(minutes=1)
    built = code.preview(change, at=at) if work.repo.host == "github" else None
    code.ci.run(
        work.repo, "change", change.head_sha, change.head_branch, begin, work.head,
        change=change, built_sha=built.sha if built else None, actor=change.author,
    )  # fmt: skip
