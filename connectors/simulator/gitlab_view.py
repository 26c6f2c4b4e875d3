"""What a login sees of the company's projects at GitLab, with orders that are kept while it can."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from connectors.simulator.code import CodeWorld
from connectors.simulator.code_things import (
    ChangeRequest,
    Group,
    HostIssue,
    HostMilestone,
    Iteration,
    Job,
    PushDef,
    Release,
    Repository,
    ReviewDef,
    Run,
)
from connectors.simulator.world import Credential, Person, World

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class IssueNow:
    """An issue as GitLab shows it: one that was moved stays behind, closed."""

    issue: HostIssue
    #: opened or closed.
    state: str
    updated: datetime
    closed: datetime | None
    closed_by: str | None

    @property
    def id(self) -> int:
        """Its id."""
        return self.issue.id

    @property
    def created(self) -> datetime:
        """When it was written."""
        return self.issue.created


def issue_now(issue: HostIssue) -> IssueNow:
    """How GitLab shows an issue."""
    if issue.transferred_to is not None:
        moved = issue.deleted_at or issue.updated
        return IssueNow(issue, "closed", max(issue.updated, moved), moved, None)
    is_open = issue.state == "open"
    return IssueNow(
        issue,
        "opened" if is_open else "closed",
        issue.updated,
        None if is_open else issue.closed,
        None if is_open else issue.closed_by,
    )


@dataclass(slots=True)
class Cache:
    """What was put in order for a project; it holds until anything in the project changes."""

    _held: dict[int, tuple[int, dict[str, Any]]] = field(default_factory=dict)

    def get(self, repo: Repository, name: str, make: Callable[[], _T]) -> _T:
        """What is kept under a name, made if it is not there or out of date."""
        revision, kept = self._held.get(repo.id, (-1, {}))
        if revision != repo.revision:
            kept = {}
            self._held[repo.id] = (repo.revision, kept)
        if name not in kept:
            kept[name] = make()
        found: _T = kept[name]
        return found


@dataclass(frozen=True, slots=True)
class View:
    """The company's GitLab as one login may see it."""

    world: World
    who: Credential
    cache: Cache

    @property
    def code(self) -> CodeWorld:
        """Code hosting of the company."""
        return self.world.code

    @property
    def people(self) -> Mapping[str, Person]:
        """People by account id."""
        return self.world.people

    # --- projects and groups --------------------------------------------------------------------

    def projects(self) -> list[Repository]:
        """Every project that the login may see, oldest first."""
        return [one for one in self.code.hosted("gitlab") if self.code.visible(self.who, one)]

    def project(self, name: str) -> Repository | None:
        """A project by its id or path, also by a former path."""
        if name.isdecimal():
            found = self.code.repositories.get(int(name))
            if found is not None and found.host != "gitlab":
                found = None
        else:
            found = self.code.repository_at("gitlab", name)
        return found if found is not None and self.code.visible(self.who, found) else None

    def group(self, name: str) -> Group | None:
        """A group by its id or path."""
        return next(
            (
                one
                for one in self.code.groups.values()
                if one.host == "gitlab" and name in (str(one.id), one.path)
            ),
            None,
        )

    def lineage(self, group: Group) -> list[Group]:
        """A group and those around it, innermost first."""
        found = [group]
        while (parent := found[-1].parent_id) is not None:
            found.append(self.code.groups[parent])
        return found

    def groups_of(self, repo: Repository) -> list[Group]:
        """The groups that a project is in, innermost first."""
        return self.lineage(self.code.groups[repo.group_id])

    def is_empty(self, repo: Repository) -> bool:
        """Whether nobody has pushed a commit."""
        return self.code.git.tip(repo, repo.default_branch) is None

    def milestones(
        self, owner: Repository | Group, *, ancestors: bool = False
    ) -> list[HostMilestone]:
        """Milestones of a project or group, with those of the groups around it if asked."""
        owners: list[Repository | Group] = [owner]
        if ancestors and isinstance(owner, Repository):
            owners += self.groups_of(owner)
        elif ancestors and isinstance(owner, Group):
            owners += self.lineage(owner)[1:]
        return sorted(
            (found for one in owners for found in self.code.milestones_of(one)),
            key=lambda one: one.id,
        )

    def iterations(self, group: Group, *, ancestors: bool = True) -> list[Iteration]:
        """Iterations of a group, with those of the groups around it unless told otherwise."""
        groups = {one.id for one in (self.lineage(group) if ancestors else [group])}
        return [one for one in self.code.iterations.values() if one.group_id in groups]

    # --- issues -----------------------------------------------------------------------------

    def sees(self, issue: HostIssue) -> bool:
        """Whether the login may see an issue of a project that it sees."""
        if issue.deleted and issue.transferred_to is None:
            return False
        return not issue.confidential or self.code.access_of(self.who).sees_confidential

    def issues(self, repo: Repository, order: str = "created") -> list[IssueNow]:
        """The issues of a project by `created`, `updated` or `id`, ascending."""

        def make() -> list[IssueNow]:
            found = [
                issue_now(one)
                for one in self.code.issues.values()
                if one.repo_id == repo.id and (not one.deleted or one.transferred_to is not None)
            ]
            return sorted(found, key=lambda one: (getattr(one, order), one.id))

        held = self.cache.get(repo, f"issues {order}", make)
        return [one for one in held if self.sees(one.issue)]

    def issue(self, repo: Repository, number: int) -> IssueNow | None:
        """The issue of a number."""
        found = self.code.issue_numbered(repo, number)
        return issue_now(found) if found is not None and self.sees(found) else None

    def issue_of(self, id_: int) -> IssueNow | None:
        """The issue of an id, in a project that the login may see."""
        found = self.code.issues.get(id_)
        if found is None or not self.sees(found):
            return None
        repo = self.code.repositories[found.repo_id]
        return issue_now(found) if self.code.visible(self.who, repo) else None

    def moved_to(self, issue: HostIssue) -> HostIssue | None:
        """What a moved issue has become; with its deletion the trace is lost."""
        found = self.code.issues.get(issue.transferred_to or 0)
        gone = found is None or (found.deleted and found.transferred_to is None)
        return None if gone else found

    def blocked_by(self, issue: HostIssue) -> list[HostIssue]:
        """The issues that an issue blocks."""
        return [
            one
            for one in self.code.issues.values()
            if issue.id in one.blocked_by and not one.deleted
        ]

    def closers(self, issue: HostIssue) -> list[ChangeRequest]:
        """Merge requests of the same project that say they close the issue."""
        repo = self.code.repositories[issue.repo_id]

        def make() -> dict[int, list[ChangeRequest]]:
            found: dict[int, list[ChangeRequest]] = {}
            for change in self.code.changes_in(repo):
                for id_ in change.closes:
                    found.setdefault(id_, []).append(change)
            return found

        return self.cache.get(repo, "closers", make).get(issue.id, [])

    # --- merge requests -----------------------------------------------------------------------

    def changes(self, repo: Repository, order: str = "created") -> list[ChangeRequest]:
        """The merge requests of a project by `created`, `updated` or `id`, ascending."""
        return self.cache.get(
            repo,
            f"changes {order}",
            lambda: sorted(
                self.code.changes_in(repo), key=lambda one: (getattr(one, order), one.id)
            ),
        )

    def approvals(self, change: ChangeRequest) -> list[ReviewDef]:
        """The approvals that hold, the newest of each person, in order of time."""
        newest = {one.author: one for one in change.reviews if one.verdict == "approved"}
        return sorted(newest.values(), key=lambda one: one.id)

    def pushes(self, change: ChangeRequest) -> list[PushDef]:
        """What each push made of it, newest first; opening it counts as the first."""
        first = change.pushes[0].before if change.pushes else change.head_sha
        opened = PushDef(change.id, change.created, change.author, None, first or change.head_sha)
        return [*reversed(change.pushes), opened]

    def change_runs(self, change: ChangeRequest) -> list[Run]:
        """Its pipelines, newest first: those for it, and those of its branch at its commits."""
        repo = self.code.repositories[change.repo_id]

        def make() -> dict[int, list[Run]]:
            found: dict[int, list[Run]] = {}
            for run in self.code.ci.runs_in(repo):
                if run.change_id is not None and run.kind != "child":
                    found.setdefault(run.change_id, []).append(run)
            return found

        found = {one.id: one for one in self.cache.get(repo, "runs", make).get(change.id, ())}
        shas = {*change.commits, *(one.after for one in change.pushes)}
        for sha in shas:
            for run in self.code.ci.runs_at(repo, sha):
                if run.kind == "push" and run.ref == change.head_branch:
                    found[run.id] = run
        return [found[id_] for id_ in sorted(found, reverse=True)]

    def head_pipeline(self, change: ChangeRequest) -> Run | None:
        """The newest pipeline of its head, perhaps one for a commit made of head and target."""
        repo = self.code.repositories[change.repo_id]
        for run in self.change_runs(change):
            commit = self.code.git.get(repo, run.sha)
            if run.sha == change.head_sha or (commit and change.head_sha in commit.parents):
                return run
        return None

    # --- pipelines, releases ------------------------------------------------------------------

    def runs(self, repo: Repository, order: str = "id", *, child: bool = False) -> list[Run]:
        """Plain pipelines or child ones of a project, by `id` or `updated`, ascending."""
        return self.cache.get(
            repo,
            f"runs {order} {child}",
            lambda: sorted(
                (one for one in self.code.ci.runs_in(repo) if (one.kind == "child") is child),
                key=lambda one: (getattr(one, order), one.id),
            ),
        )

    def run(self, repo: Repository, id_: int) -> Run | None:
        """A pipeline of a project."""
        found = self.code.ci.runs.get(id_)
        return None if found is None or found.repo_id != repo.id or found.deleted else found

    def children(self, run: Run) -> list[Run]:
        """The pipelines that a pipeline started."""
        repo = self.code.repositories[run.repo_id]
        return [one for one in self.runs(repo, child=True) if one.parent_id == run.id]

    def jobs(self, repo: Repository) -> Sequence[tuple[Job, Run]]:
        """Every job of a project, also those that were tried again, by id."""
        return self.cache.get(
            repo,
            "jobs",
            lambda: sorted(
                ((job, run) for run in self.code.ci.runs_in(repo) for job in run.jobs),
                key=lambda pair: pair[0].id,
            ),
        )

    def releases(self, repo: Repository) -> list[Release]:
        """Releases, newest first."""
        held = [one for one in self.code.releases.values() if one.repo_id == repo.id]
        return sorted(held, key=lambda one: (one.published or one.created, one.id), reverse=True)
