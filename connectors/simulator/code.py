"""Code hosting in the simulated company as it truly is, at GitHub and at GitLab.

Every mutation writes the history that the vendor keeps and moves `updated` exactly where the vendor
does: a finished check or an edited milestone moves no item, and a GitLab approval no merge request.
What leaves no trace in the vendor's answers is kept among the `unrecorded` happenings.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from connectors.simulator.code_ci import Ci
from connectors.simulator.code_git import Git, together
from connectors.simulator.code_projects import Projects
from connectors.simulator.code_things import (
    ChangeRequest,
    CodeAccess,
    Comment,
    Commit,
    Deployment,
    FileEdit,
    Group,
    Host,
    HostEvent,
    HostIssue,
    HostMilestone,
    Iteration,
    Method,
    PushDef,
    Release,
    Repository,
    ReviewDef,
    Tag,
)
from connectors.simulator.happening import Happening

if TYPE_CHECKING:
    from connectors.simulator.world import Credential, World

Item = HostIssue | ChangeRequest


class CodeWorld:
    """Repositories of both hosts and all that is in them; under the lock of its `World`."""

    def __init__(self, company: "World") -> None:
        """No repository yet; people and the present are the company's."""
        self.company = company
        self.git = Git()
        self.ci = Ci(self.next_id)
        self.projects = Projects(self)
        self.groups: dict[int, Group] = {}
        self.repositories: dict[int, Repository] = {}
        self.iterations: dict[int, Iteration] = {}
        self.milestones: dict[int, HostMilestone] = {}
        self.issues: dict[int, HostIssue] = {}
        self.changes: dict[int, ChangeRequest] = {}
        self.tags: dict[tuple[int, str], Tag] = {}
        self.releases: dict[int, Release] = {}
        self.deployments: dict[int, Deployment] = {}
        #: by the name of a credential.
        self.access: dict[str, CodeAccess] = {}
        self.unrecorded: list[Happening] = []
        self.issues_of: dict[int, list[int]] = {}
        self.changes_of: dict[int, list[int]] = {}
        self._by_number: dict[tuple[int, str, int], int] = {}
        #: issues that have or had a parent.
        self._adopted: set[int] = set()
        self._labels: dict[tuple[int, str], int] = {}
        self._numbers: dict[tuple[int, str], int] = {}
        self._users: dict[str, int] = {}
        self._previews: dict[tuple[int, str, str], Commit] = {}
        self._ids = 900_000

    @property
    def now(self) -> datetime:
        """The company's present."""
        return self.company.now

    def next_id(self) -> int:
        """A fresh id; ids grow."""
        self._ids += 1
        return self._ids

    # --- groups and repositories ------------------------------------------------------------

    def add_group(self, host: Host, path: str, name: str, parent: Group | None = None) -> Group:
        """A new organisation or group."""
        made = Group(self.next_id(), host, path, name, parent.id if parent else None)
        self.groups[made.id] = made
        return made

    def add_repository(
        self, group: Group, name: str, *, at: datetime | None = None, **values: Any
    ) -> Repository:
        """A new repository without a commit."""
        moment = at or self.now
        path = f"{group.path}/{name}"
        made = Repository(self.next_id(), group.host, group.id, path, moment, moment, **values)
        self.repositories[made.id] = made
        self.issues_of[made.id], self.changes_of[made.id] = [], []
        return made

    def repository_at(self, host: Host, path: str) -> Repository | None:
        """The repository of a path, also of a former one that nobody else has taken."""
        there = [one for one in self.repositories.values() if one.host == host and not one.deleted]
        wanted = path.lower()
        for one in there:
            if one.path.lower() == wanted:
                return one
        return next(
            (one for one in there if wanted in (old.lower() for old in one.former_paths)), None
        )

    def rename_repository(self, repo: Repository, path: str, *, at: datetime | None = None) -> None:
        """Give it another path, perhaps in another group; the old one leads here."""
        owner = path.rpartition("/")[0]
        repo.group_id = next(
            one.id for one in self.groups.values() if one.host == repo.host and one.path == owner
        )
        old, repo.path = repo.path, path
        repo.former_paths.append(old)
        self._touched(repo, at)
        self._happened("repository.renamed", f"repository:{repo.id}", at, old=old, new=path)

    def archive_repository(self, repo: Repository, *, at: datetime | None = None) -> None:
        """Make it read-only."""
        repo.archived = True
        self._touched(repo, at)
        self._happened("repository.archived", f"repository:{repo.id}", at)

    def unarchive_repository(self, repo: Repository, *, at: datetime | None = None) -> None:
        """Let people write to it again."""
        repo.archived = False
        self._touched(repo, at)
        self._happened("repository.unarchived", f"repository:{repo.id}", at)

    def delete_repository(self, repo: Repository, *, at: datetime | None = None) -> None:
        """Delete it with all it holds."""
        repo.deleted = True
        self._happened("repository.deleted", f"repository:{repo.id}", at)

    def switch(self, repo: Repository, feature: str, on: bool, at: datetime | None = None) -> None:
        """Switch a feature on or off; see `FEATURES`."""
        (repo.features.add if on else repo.features.discard)(feature)
        self._touched(repo, at)
        self._happened("repository.feature", f"repository:{repo.id}", at, feature=feature, on=on)

    def require_checks(self, repo: Repository, branch: str, names: Sequence[str]) -> None:
        """Name the checks without which the branch takes no merge; none takes the rule away."""
        before = repo.required.pop(branch, ())
        if names:
            repo.required[branch] = tuple(names)
        repo.revision += 1
        self._happened(
            "repository.required", f"repository:{repo.id}", None, old=before, new=tuple(names)
        )

    def _touched(self, repo: Repository, at: datetime | None) -> None:
        repo.updated = max(repo.updated, at or self.now)
        repo.revision += 1

    # --- milestones and iterations: no vendor keeps a history of them -----------------------

    def add_milestone(
        self,
        owner: Repository | Group,
        title: str,
        *,
        due: date | None = None,
        start: date | None = None,
        at: datetime | None = None,
        description: str = "",
        creator: str | None = None,
    ) -> HostMilestone:
        """A new milestone of a repository, or of a GitLab group."""
        moment = at or self.now
        made = HostMilestone(
            self.next_id(),
            self._number(owner.id, "milestone"),
            title,
            moment,
            moment,
            repo_id=owner.id if isinstance(owner, Repository) else None,
            group_id=owner.id if isinstance(owner, Group) else None,
            description=description,
            start=start,
            due=due,
            creator=creator,
        )
        self.milestones[made.id] = made
        self._bump(made)
        return made

    def edit_milestone(
        self, milestone: HostMilestone, *, at: datetime | None = None, **values: Any
    ) -> None:
        """Change its title, description, start or due date. Its items do not move."""
        before = {name: getattr(milestone, name) for name in values}
        for name, value in values.items():
            setattr(milestone, name, value)
        milestone.updated = max(milestone.updated, at or self.now)
        self._bump(milestone)
        dates = {"start", "due"} & values.keys()
        self._happened(
            "milestone.dates" if dates else "milestone.edited",
            f"milestone:{milestone.id}",
            at,
            old=before,
            new=values,
        )

    def close_milestone(self, milestone: HostMilestone, *, at: datetime | None = None) -> None:
        """Close it."""
        milestone.closed = at or self.now
        milestone.updated = max(milestone.updated, milestone.closed)
        self._bump(milestone)
        self._happened("milestone.closed", f"milestone:{milestone.id}", at)

    def reopen_milestone(self, milestone: HostMilestone, *, at: datetime | None = None) -> None:
        """Open it again."""
        milestone.closed = None
        milestone.updated = max(milestone.updated, at or self.now)
        self._bump(milestone)
        self._happened("milestone.reopened", f"milestone:{milestone.id}", at)

    def delete_milestone(self, milestone: HostMilestone, *, at: datetime | None = None) -> None:
        """Delete it; its items leave it, without a word in their histories on GitLab."""
        for one in self.items():
            if one.milestone_id == milestone.id:
                one.milestone_id = None
                if self.repositories[one.repo_id].host == "github":
                    self._event(
                        one, "demilestoned", at, None, id=milestone.id, title=milestone.title
                    )
        milestone.deleted = True
        self._bump(milestone)
        self._happened("milestone.deleted", f"milestone:{milestone.id}", at)

    def milestones_of(self, owner: Repository | Group) -> list[HostMilestone]:
        """Milestones that it owns itself, oldest first."""
        return [
            one
            for one in self.milestones.values()
            if owner.id in (one.repo_id, one.group_id) and not one.deleted
        ]

    def add_iteration(
        self, group: Group, start: date, due: date, title: str | None = None
    ) -> Iteration:
        """A new time box of a GitLab group."""
        made = Iteration(
            self.next_id(),
            group.id,
            self._number(group.id, "iteration"),
            start,
            due,
            title,
            self.now,
            self.now,
        )
        self.iterations[made.id] = made
        return made

    def edit_iteration(self, iteration: Iteration, *, start: date, due: date) -> None:
        """Move it. Its items do not move."""
        before = (iteration.start, iteration.due)
        iteration.start, iteration.due, iteration.updated = start, due, self.now
        self._happened(
            "iteration.dates", f"iteration:{iteration.id}", None, old=before, new=(start, due)
        )

    def _bump(self, milestone: HostMilestone) -> None:
        for repo in self.repositories.values():
            if milestone.repo_id in (None, repo.id):
                repo.revision += 1

    # --- issues -----------------------------------------------------------------------------

    def create_issue(
        self,
        repo: Repository,
        title: str,
        *,
        author: str | None,
        at: datetime | None = None,
        **values: Any,
    ) -> HostIssue:
        """A new issue; what it is created with leaves history where the vendor writes it."""
        moment = at or self.now
        made = HostIssue(
            self.next_id(),
            repo.id,
            self._number(repo.id, _counter(repo, "issue")),
            title,
            author,
            moment,
            moment,
            **values,
        )
        self.issues[made.id] = made
        self.issues_of[repo.id].append(made.id)
        self._by_number[repo.id, "issue", made.number] = made.id
        self._first_events(made, moment)
        return made

    def _first_events(self, item: Item, at: datetime) -> None:
        """Both vendors write events for labels, milestone and people given at creation."""
        for name in item.labels:
            self._event(item, "labeled", at, item.author, **self._label(item, name))
        if item.milestone_id is not None:
            milestone = self.milestones[item.milestone_id]
            self._event(item, "milestoned", at, item.author, id=milestone.id, title=milestone.title)
        for one in item.assignees:
            self._event(item, "assigned", at, item.author, account=one)

    def close(
        self,
        item: Item,
        *,
        at: datetime | None = None,
        by: str | None = None,
        reason: str = "completed",
        change: ChangeRequest | None = None,
        commit: str | None = None,
    ) -> None:
        """Close an issue, by hand or by what landed; or a change request without merging it."""
        moment = at or self.now
        item.state, item.closed, item.closed_by = "closed", moment, by
        detail: dict[str, Any] = {}
        if isinstance(item, HostIssue):
            item.reason = reason
            detail = {"reason": reason, "change": change.id if change else None, "commit": commit}
        self._event(item, "closed", moment, by, **detail)

    def reopen(self, item: Item, *, at: datetime | None = None, by: str | None = None) -> None:
        """Open it again."""
        item.state, item.closed, item.closed_by = "open", None, None
        if isinstance(item, HostIssue):
            item.reason = "reopened"
        self._event(item, "reopened", at, by)

    def delete_issue(self, issue: HostIssue, *, at: datetime | None = None) -> None:
        """Delete it for good."""
        issue.deleted, issue.deleted_at = True, at or self.now
        self.issues_of[issue.repo_id].remove(issue.id)
        self.repositories[issue.repo_id].revision += 1
        self._happened("host-issue.deleted", f"host-issue:{issue.id}", at, number=issue.number)

    def delete_change(self, change: ChangeRequest, *, at: datetime | None = None) -> None:
        """Delete a change request for good; its commits and pipelines stay."""
        change.deleted = True
        self.changes_of[change.repo_id].remove(change.id)
        del self._by_number[change.repo_id, "change", change.number]
        self.repositories[change.repo_id].revision += 1
        self._happened("change.deleted", f"change:{change.id}", at, number=change.number)

    def transfer(
        self, issue: HostIssue, repo: Repository, *, at: datetime | None = None, by: str | None
    ) -> HostIssue:
        """Move it to another repository: a new issue with a new id; the old number redirects."""
        moment = at or self.now
        made = replace(
            issue,
            id=self.next_id(),
            repo_id=repo.id,
            number=self._number(repo.id, _counter(repo, "issue")),
            labels=list(issue.labels),
            milestone_id=None,
            assignees=list(issue.assignees),
            comments=list(issue.comments),
            # GitLab copies what it was planned with only where the other project has the same.
            events=[
                one
                for one in issue.events
                if repo.host == "github" or one.kind not in ("milestoned", "demilestoned")
            ],
            blocked_by=[],
        )
        self.issues[made.id] = made
        self._adopted.add(made.id)
        self.issues_of[repo.id].append(made.id)
        self._by_number[repo.id, "issue", made.number] = made.id
        self._event(made, "transferred", moment, by, repository=issue.repo_id)
        self.delete_issue(issue, at=moment)
        issue.transferred_to = made.id
        return made

    def discuss(
        self, issue: HostIssue, *, at: datetime | None = None, by: str | None = None
    ) -> None:
        """GitHub: make a discussion of it; the issue stays, closed and locked."""
        issue.locked = True
        self._event(issue, "converted", at, by)
        self.close(issue, at=at, by=by)

    def set_parent(self, issue: HostIssue, parent: HostIssue | None, **when: Any) -> None:
        """Put it under another issue, or under none."""
        self._adopted.add(issue.id)
        old, issue.parent_id = issue.parent_id, parent.id if parent else None
        if old is not None:
            self._changed(issue, "unparented", issue=old, **when)
        if parent is not None:
            self._changed(issue, "parented", issue=parent.id, **when)

    def block(self, issue: HostIssue, by_issue: HostIssue, **when: Any) -> None:
        """Let one issue be blocked by another."""
        issue.blocked_by.append(by_issue.id)
        self._changed(issue, "blocked", issue=by_issue.id, **when)

    def set_weight(self, issue: HostIssue, weight: int | None, **when: Any) -> None:
        """GitLab: estimate it anew."""
        old, issue.weight = issue.weight, weight
        self._changed(issue, "weighted", old=old, new=weight, **when)

    def set_due(self, issue: HostIssue, due: date | None, **when: Any) -> None:
        """GitLab: give it another due date. Only a system note tells of it."""
        old, issue.due = issue.due, due
        self._changed(issue, "due", old=old, new=due, **when)

    def set_iteration(self, issue: HostIssue, iteration: Iteration | None, **when: Any) -> None:
        """GitLab: put it into another iteration, or into none."""
        old, issue.iteration_id = issue.iteration_id, iteration.id if iteration else None
        self._changed(issue, "iterated", old=old, new=issue.iteration_id, **when)

    def set_type(self, issue: HostIssue, type_: str | None, **when: Any) -> None:
        """Make it an issue of another type."""
        old, issue.type = issue.type, type_
        self._changed(issue, "typed", old=old, new=type_, **when)

    def set_confidential(self, issue: HostIssue, confidential: bool, **when: Any) -> None:
        """GitLab: keep it from those who may not see confidential issues, or no longer."""
        issue.confidential = confidential
        self._changed(issue, "hushed" if confidential else "published", **when)

    # --- what issues and change requests share ----------------------------------------------

    def retitle(self, item: Item, title: str, **when: Any) -> None:
        """Give it another title."""
        old, item.title = item.title, title
        self._changed(item, "renamed", old=old, new=title, **when)

    def describe(self, item: Item, body: str, *, at: datetime | None = None) -> None:
        """Rewrite its text: `updated` moves, no event tells."""
        item.body = body
        self._moved(item, at or self.now)

    def comment(
        self, item: Item, body: str, *, by: str | None, at: datetime | None = None
    ) -> Comment:
        """Say something."""
        made = Comment(self.next_id(), at or self.now, by, body)
        item.comments.append(made)
        self._moved(item, made.at)
        return made

    def relabel(
        self,
        item: Item,
        labels: Sequence[str],
        *,
        at: datetime | None = None,
        by: str | None = None,
    ) -> None:
        """Give it other labels: one event for each that comes or goes."""
        before, item.labels = item.labels, list(labels)
        for name in before:
            if name not in labels:
                self._event(item, "unlabeled", at, by, **self._label(item, name))
        for name in labels:
            if name not in before:
                self._event(item, "labeled", at, by, **self._label(item, name))

    def assign(
        self,
        item: Item,
        people: Sequence[str],
        *,
        at: datetime | None = None,
        by: str | None = None,
    ) -> None:
        """Give it to others."""
        before, item.assignees = item.assignees, list(people)
        for one in before:
            if one not in people:
                self._event(item, "unassigned", at, by, account=one)
        for one in people:
            if one not in before:
                self._event(item, "assigned", at, by, account=one)

    def plan(
        self,
        item: Item,
        milestone: HostMilestone | None,
        *,
        at: datetime | None = None,
        by: str | None = None,
    ) -> None:
        """Put it into another milestone, or into none."""
        old = self.milestones.get(item.milestone_id or 0)
        item.milestone_id = milestone.id if milestone else None
        if old is not None and old is not milestone:
            self._event(item, "demilestoned", at, by, id=old.id, title=old.title)
        if milestone is not None and milestone is not old:
            self._event(item, "milestoned", at, by, id=milestone.id, title=milestone.title)

    def label_id(self, repo: Repository, name: str) -> int:
        """Id of a label of a repository."""
        found = self._labels.get((repo.id, name))
        if found is None:
            found = self._labels[repo.id, name] = self.next_id()
        return found

    def _label(self, item: Item, name: str) -> dict[str, Any]:
        return {"id": self.label_id(self.repositories[item.repo_id], name), "name": name}

    # --- commits and change requests --------------------------------------------------------

    def commit(
        self,
        repo: Repository,
        message: str,
        *,
        author: str | None,
        files: Sequence[FileEdit] = (FileEdit("src/app.py"),),
        branch: str | None = None,
        at: datetime | None = None,
    ) -> Commit:
        """Push a commit straight to a branch."""
        moment, name = at or self.now, branch or repo.default_branch
        made = self.git.new(repo, self.git.tip(repo, name), message, files, author, moment)
        self.git.move(repo, name, made.sha, moment)
        self._touched(repo, moment)
        return made

    def open_change(
        self,
        repo: Repository,
        title: str,
        head_branch: str,
        commits: Sequence[tuple[str, Sequence[FileEdit]]],
        *,
        author: str | None,
        at: datetime | None = None,
        base_branch: str | None = None,
        head_repo: Repository | None = None,
        undo: ChangeRequest | None = None,
        **values: Any,
    ) -> ChangeRequest:
        """A new change request of (message, files) commits; `undo`: it reverts that one."""
        moment, base = at or self.now, base_branch or repo.default_branch
        fork = self.git.tip(repo, base, moment)
        assert fork is not None, "a change needs a commit to start from"
        made = ChangeRequest(
            self.next_id(),
            repo.id,
            self._number(repo.id, _counter(repo, "change")),
            title,
            author,
            moment,
            moment,
            issue_id=self.next_id(),
            head_branch=head_branch,
            base_branch=base,
            head_repo_id=(head_repo or repo).id,
            head_sha=fork,
            fork_sha=fork,
            base_sha=fork,
            **values,
        )
        landed = self.git.get(repo, undo.landed_sha) if undo else None
        for message, files in commits:
            one = self.git.new(repo, made.head_sha, message, files, author, moment, undo=landed)
            made.commits.append(one.sha)
            made.head_sha, landed = one.sha, None
        self.git.move(head_repo or repo, head_branch, made.head_sha, moment)
        self.changes[made.id] = made
        self.changes_of[repo.id].append(made.id)
        self._by_number[repo.id, "change", made.number] = made.id
        self._first_events(made, moment)
        repo.revision += 1
        return made

    def push(
        self,
        change: ChangeRequest,
        message: str,
        files: Sequence[FileEdit] = (FileEdit("src/app.py"),),
        *,
        at: datetime | None = None,
        by: str | None = None,
    ) -> Commit:
        """One more commit."""
        repo, moment = self.repositories[change.repo_id], at or self.now
        made = self.git.new(repo, change.head_sha, message, files, by or change.author, moment)
        change.commits.append(made.sha)
        self._new_head(change, made.sha, moment, by, forced=False)
        return made

    def update_branch(
        self, change: ChangeRequest, *, at: datetime | None = None, by: str | None = None
    ) -> Commit:
        """Merge the base branch into the head."""
        repo, moment = self.repositories[change.repo_id], at or self.now
        tip = self._base(repo, change, moment)
        text = f"Merge branch '{change.base_branch}' into {change.head_branch}"
        made = self.git.join(
            repo, change.head_sha, tip, change.fork_sha, text, by or change.author, moment
        )
        change.commits.append(made.sha)
        change.fork_sha = tip
        self._new_head(change, made.sha, moment, by, forced=False)
        return made

    def rebase(
        self,
        change: ChangeRequest,
        *,
        at: datetime | None = None,
        by: str | None = None,
        drop_last: bool = False,
    ) -> None:
        """Put its commits on the base branch as it is now, and push with force."""
        repo, moment = self.repositories[change.repo_id], at or self.now
        tip = self._base(repo, change, moment)
        kept = change.commits[:-1] if drop_last else change.commits
        parent, made = tip, []
        for sha in kept:
            one = self.git.at(repo, sha)
            if len(one.parents) < 2:
                parent = self.git.copy(repo, one, parent, moment).sha
                made.append(parent)
        change.commits, change.fork_sha = made, tip
        self._new_head(change, parent, moment, by, forced=True)

    def _new_head(
        self, change: ChangeRequest, sha: str, at: datetime, by: str | None, *, forced: bool
    ) -> None:
        repo = self.repositories[change.repo_id]
        before, change.head_sha = change.head_sha, sha
        made = PushDef(self.next_id(), at, by or change.author, before, sha, forced)
        change.pushes.append(made)
        change.base_sha = self._base(repo, change, at)
        self.git.move(
            self.repositories[change.head_repo_id or repo.id], change.head_branch, sha, at
        )
        kind = "force_pushed" if forced else "pushed"
        self._event(change, kind, at, made.actor, before=before, after=sha)

    def _base(self, repo: Repository, change: ChangeRequest, at: datetime) -> str:
        tip = self.git.tip(repo, change.base_branch, at)
        return tip or change.fork_sha

    def files_of(self, change: ChangeRequest) -> list[FileEdit]:
        """What it does to files, all commits together."""
        repo = self.repositories[change.repo_id]
        return together(edit for sha in change.commits for edit in self.git.at(repo, sha).files)

    def preview(self, change: ChangeRequest, *, at: datetime | None = None) -> Commit | None:
        """The vendor's own merge of head and base as they are, for tests; None at a conflict.

        The same head and base give the same commit, whenever somebody looks.
        """
        repo, moment = self.repositories[change.repo_id], at or self.now
        if change.conflict:
            return None
        tip = self._base(repo, change, moment)
        found = self._previews.get((change.id, change.head_sha, tip))
        if found is None:
            text = f"Merge {change.head_sha} into {tip}"
            made = max(self.git.at(repo, sha).committed for sha in (tip, change.head_sha))
            found = self._previews[change.id, change.head_sha, tip] = self.git.join(
                repo, tip, change.head_sha, change.fork_sha, text, None, made
            )
        return found

    def queue(
        self,
        change: ChangeRequest,
        *,
        onto: Commit | None = None,
        at: datetime | None = None,
        by: str | None = None,
        squash: bool = False,
    ) -> Commit:
        """Put it into the merge queue or train, behind `onto`; the commit that is tested there."""
        repo, moment = self.repositories[change.repo_id], at or self.now
        base = onto.sha if onto else self._base(repo, change, moment)
        made = self.git.join(
            repo,
            base,
            change.head_sha,
            change.fork_sha,
            self._merge_text(repo, change),
            by,
            moment,
            squash=squash,
            files=self.files_of(change),
        )
        self._event(change, "queued", moment, by, sha=made.sha)
        return made

    def dequeue(
        self, change: ChangeRequest, *, at: datetime | None = None, by: str | None = None
    ) -> None:
        """Take it out of the queue."""
        self._event(change, "dequeued", at, by)

    def merge(
        self,
        change: ChangeRequest,
        method: Method,
        *,
        at: datetime | None = None,
        by: str | None = None,
        queued: Commit | None = None,
    ) -> None:
        """Bring it to its base branch; on the default one this closes what it says it closes.

        `queued`: the very commit that the queue tested lands. GitLab's `squash` makes a squashed
        commit and, where the project merges so, a merge commit over it.
        """
        repo, moment = self.repositories[change.repo_id], at or self.now
        tip = self._base(repo, change, moment)
        landed = [queued] if queued else self._land(repo, change, method, tip, by, moment)
        last = landed[-1]
        change.landed, change.landed_sha = [one.sha for one in landed], last.sha
        change.base_sha, change.method = tip, method
        change.state, change.merged_at, change.merged_by = "merged", moment, by
        change.closed, change.closed_by = moment, by
        if repo.host == "github":
            change.merge_sha = last.sha
        else:
            change.merge_sha = last.sha if len(last.parents) > 1 else None
            if method == "squash":
                change.squash_sha = landed[0].sha
        self.git.move(repo, change.base_branch, last.sha, moment)
        self._event(change, "merged", moment, by, sha=last.sha)
        if repo.host == "github":
            self._event(change, "closed", moment, by)
        self._touched(repo, moment)
        if change.base_branch == repo.default_branch:
            for id_ in change.closes:
                issue = self.issues[id_]
                if issue.state == "open" and not issue.deleted:
                    self.close(issue, at=moment, by=by, change=change)

    def _land(
        self,
        repo: Repository,
        change: ChangeRequest,
        method: Method,
        tip: str,
        by: str | None,
        at: datetime,
    ) -> list[Commit]:
        """The commits that a merge adds to the base branch, oldest first."""
        if method == "fast-forward":
            assert tip == change.fork_sha, "only a head on the tip of its base can do that"
            return [self.git.at(repo, sha) for sha in change.commits]
        if method == "rebase":
            made, parent = [], tip
            for sha in change.commits:
                made.append(self.git.copy(repo, self.git.at(repo, sha), parent, at))
                parent = made[-1].sha
            return made
        text = self._merge_text(repo, change)
        if method == "squash":
            subject = (
                f"{change.title} (#{change.number})" if repo.host == "github" else (change.title)
            )
            squashed = self.git.join(
                repo,
                tip,
                change.head_sha,
                change.fork_sha,
                subject,
                change.author,
                at,
                squash=True,
                files=self.files_of(change),
            )
            if repo.host == "github" or "merge" not in repo.methods:
                return [squashed]
            over = self.git.join(repo, tip, squashed.sha, tip, text, by, at)
            return [squashed, over]
        merged = self.git.join(repo, tip, change.head_sha, change.fork_sha, text, by, at)
        return [*(self.git.at(repo, sha) for sha in change.commits), merged]

    def _merge_text(self, repo: Repository, change: ChangeRequest) -> str:
        if repo.host == "github":
            owner = (self.repositories.get(change.head_repo_id or 0) or repo).owner
            return (
                f"Merge pull request #{change.number} from {owner}/{change.head_branch}"
                f"\n\n{change.title}"
            )
        return (
            f"Merge branch '{change.head_branch}' into '{change.base_branch}'"
            f"\n\n{change.title}\n\nSee merge request {repo.path}!{change.number}"
        )

    def set_draft(self, change: ChangeRequest, draft: bool, **when: Any) -> None:
        """Mark it as a draft, or as ready."""
        change.draft = draft
        self._changed(change, "drafted" if draft else "readied", **when)

    def set_conflict(self, change: ChangeRequest, conflict: bool) -> None:
        """Let its head and base touch the same lines, or no longer. Nothing moves."""
        change.conflict = conflict
        self.repositories[change.repo_id].revision += 1
        self._happened("change.conflict", f"change:{change.id}", None, conflict=conflict)

    def retarget(self, change: ChangeRequest, branch: str, **when: Any) -> None:
        """Ask to merge it somewhere else."""
        old, change.base_branch = change.base_branch, branch
        self._changed(change, "retargeted", old=old, new=branch, **when)

    def request_review(
        self,
        change: ChangeRequest,
        reviewer: str,
        *,
        at: datetime | None = None,
        by: str | None = None,
    ) -> None:
        """Ask somebody to look."""
        change.reviewers.append(reviewer)
        self._event(change, "review_requested", at, by or change.author, account=reviewer)

    def review(
        self,
        change: ChangeRequest,
        by: str | None,
        verdict: str = "approved",
        *,
        at: datetime | None = None,
        body: str = "",
    ) -> ReviewDef:
        """Look at its head. An approval moves a GitHub pull request, and no merge request."""
        moment = at or self.now
        repo = self.repositories[change.repo_id]
        made = ReviewDef(self.next_id(), moment, by, verdict, change.head_sha, body)
        change.reviews.append(made)
        if by in change.reviewers and repo.host == "github":
            change.reviewers.remove(by)
        if repo.host == "github":
            self._moved(change, moment)
        elif verdict == "approved":
            change.events.append(HostEvent(self.next_id(), moment, by, "approved", {}))
            repo.revision += 1
        else:
            self._moved(change, moment)
        return made

    def dismiss(
        self,
        change: ChangeRequest,
        review: ReviewDef,
        *,
        at: datetime | None = None,
        by: str | None = None,
    ) -> None:
        """Take a review's word away; on GitLab the approval itself goes."""
        moment = at or self.now
        repo = self.repositories[change.repo_id]
        if repo.host == "gitlab":
            change.reviews.remove(review)
            change.events.append(HostEvent(self.next_id(), moment, by, "unapproved", {}))
            repo.revision += 1
            return
        review.verdict = "dismissed"
        self._moved(change, moment)

    def declare(self, change: ChangeRequest, issue: HostIssue, **when: Any) -> None:
        """Link an issue by hand as one that the change closes; GitHub tells both of it."""
        change.closes.append(issue.id)
        if self.repositories[change.repo_id].host == "github":
            self._changed(issue, "connected", change=change.id, **when)
            self._changed(change, "connected", issue=issue.id, **when)

    def undeclare(self, change: ChangeRequest, issue: HostIssue, **when: Any) -> None:
        """Take such a link away."""
        change.closes.remove(issue.id)
        if self.repositories[change.repo_id].host == "github":
            self._changed(issue, "disconnected", change=change.id, **when)
            self._changed(change, "disconnected", issue=issue.id, **when)

    def mention(self, change: ChangeRequest, issue: HostIssue, **when: Any) -> None:
        """Let its text name an issue: the issue hears of it."""
        change.mentions.append(issue.id)
        self._changed(issue, "referenced", change=change.id, **when)

    # --- tags, releases, deployments --------------------------------------------------------

    def tag(
        self,
        repo: Repository,
        name: str,
        sha: str,
        *,
        at: datetime | None = None,
        message: str | None = None,
    ) -> Tag:
        """Tag a commit, or move the tag."""
        made = self.tags[repo.id, name] = Tag(name, repo.id, sha, at or self.now, message)
        repo.revision += 1
        return made

    def release(
        self,
        repo: Repository,
        tag: str,
        name: str,
        *,
        author: str | None,
        at: datetime | None = None,
        draft: bool = False,
        prerelease: bool = False,
        body: str = "",
    ) -> Release:
        """Release a tag."""
        moment = at or self.now
        made = Release(
            self.next_id(),
            repo.id,
            tag,
            name,
            moment,
            author,
            None if draft else moment,
            draft,
            prerelease,
            body,
        )
        self.releases[made.id] = made
        repo.revision += 1
        return made

    def deploy(
        self,
        repo: Repository,
        sha: str,
        environment: str,
        *,
        ref: str | None = None,
        at: datetime | None = None,
        by: str | None = None,
        state: str = "success",
        job_id: int | None = None,
    ) -> Deployment:
        """Put a commit somewhere; what was there before becomes inactive."""
        moment = at or self.now
        if state == "success":
            for one in self.deployments.values():
                if (one.repo_id, one.environment, one.state) == (repo.id, environment, "success"):
                    self.set_deployment(one, "inactive", at=moment)
        made = Deployment(
            self.next_id(),
            self._number(repo.id, "deployment"),
            repo.id,
            sha,
            ref or repo.default_branch,
            environment,
            moment,
            moment,
            by,
            [(self.next_id(), moment, state)],
            job_id,
        )
        self.deployments[made.id] = made
        repo.revision += 1
        return made

    def set_deployment(
        self, deployment: Deployment, state: str, *, at: datetime | None = None
    ) -> None:
        """Tell how a deployment went on."""
        moment = at or self.now
        deployment.states.append((self.next_id(), moment, state))
        deployment.updated = max(deployment.updated, moment)
        self.repositories[deployment.repo_id].revision += 1

    # --- who sees what ----------------------------------------------------------------------

    def access_of(self, who: "Credential") -> CodeAccess:
        """What a login may do; everything unless said otherwise."""
        return self.access.setdefault(who.name, CodeAccess())

    def visible(self, who: "Credential", repo: Repository) -> bool:
        """Whether a login may see a repository."""
        return not repo.deleted and (not repo.private or repo.id not in self.access_of(who).hidden)

    def hide(self, who: "Credential", repo: Repository) -> None:
        """Take a login's access to a private repository away."""
        self.access_of(who).hidden.add(repo.id)
        self._happened("access.revoked", f"repository:{repo.id}", None, credential=who.name)

    def show(self, who: "Credential", repo: Repository) -> None:
        """Give a login access to a repository again."""
        self.access_of(who).hidden.discard(repo.id)
        self._happened("access.restored", f"repository:{repo.id}", None, credential=who.name)

    # --- looking ----------------------------------------------------------------------------

    def user_id(self, account_id: str) -> int:
        """The number that both hosts know a person by."""
        while len(self._users) < len(self.company.people):
            named = list(self.company.people)[len(self._users)]
            self._users[named] = 7_000_000 + len(self._users)
        return self._users[account_id]

    def lineage(self, group: Group) -> list[Group]:
        """The group and those around it, from the inside out."""
        found = [group]
        while (parent := found[-1].parent_id) is not None:
            found.append(self.groups[parent])
        return found

    def is_empty(self, repo: Repository) -> bool:
        """Whether it holds no commit."""
        return self.git.tip(repo, repo.default_branch) is None

    def hosted(self, host: Host) -> list[Repository]:
        """Repositories of a host that are there, oldest first."""
        return [one for one in self.repositories.values() if one.host == host and not one.deleted]

    def issues_in(self, repo: Repository) -> list[HostIssue]:
        """Issues of a repository that are there, oldest first."""
        return [self.issues[one] for one in self.issues_of[repo.id]]

    def changes_in(self, repo: Repository) -> list[ChangeRequest]:
        """Change requests of a repository, oldest first."""
        return [self.changes[one] for one in self.changes_of[repo.id]]

    def issue_numbered(self, repo: Repository, number: int) -> HostIssue | None:
        """The issue that has or had a number, perhaps deleted or transferred."""
        return self.issues.get(self._by_number.get((repo.id, "issue", number), 0))

    def change_numbered(self, repo: Repository, number: int) -> ChangeRequest | None:
        """The change request of a number."""
        return self.changes.get(self._by_number.get((repo.id, "change", number), 0))

    def children(self, issue: HostIssue) -> list[HostIssue]:
        """Its sub-issues, oldest first."""
        held = (self.issues[id_] for id_ in sorted(self._adopted))
        return [one for one in held if one.parent_id == issue.id and not one.deleted]

    # --- the ledger of truth ----------------------------------------------------------------

    def truth(self) -> list[Happening]:
        """Everything that happened, in order of time."""
        return _in_time(self.unrecorded, self._recorded(self.items()))

    def knowable(self, who: "Credential") -> list[Happening]:
        """What the vendors' answers still tell a login: histories of what it sees now."""
        return _in_time(self._recorded(one for one in self.items() if self._seen(who, one)))

    def _seen(self, who: "Credential", item: Item) -> bool:
        if not self.visible(who, self.repositories[item.repo_id]):
            return False
        if isinstance(item, ChangeRequest):
            return not item.deleted
        return not item.deleted and not (
            item.confidential and not self.access_of(who).sees_confidential
        )

    def items(self) -> list[Item]:
        """Every issue and every change request, also deleted ones."""
        return [*self.issues.values(), *self.changes.values()]

    def _recorded(self, items: Iterable[Item]) -> Iterator[Happening]:
        for one in items:
            noun = "host-issue" if isinstance(one, HostIssue) else "change"
            subject = f"{noun}:{one.id}"
            yield Happening(one.created, f"{noun}.created", subject, {"number": one.number})
            for event in one.events:
                yield Happening(event.at, f"{noun}.{event.kind}", subject, event.detail)

    def _changed(
        self,
        item: Item,
        kind: str,
        *,
        at: datetime | None = None,
        by: str | None = None,
        **detail: Any,
    ) -> None:
        self._event(item, kind, at, by, **detail)

    def _event(
        self, item: Item, kind: str, at: datetime | None, actor: str | None, **detail: Any
    ) -> None:
        """Write an entry of the history and move `updated`; never backwards."""
        moment = at or self.now
        item.events.append(HostEvent(self.next_id(), moment, actor, kind, detail))
        self._moved(item, moment)

    def _moved(self, item: Item, at: datetime) -> None:
        item.updated = max(item.updated, at)
        self.repositories[item.repo_id].revision += 1

    def _number(self, owner_id: int, counter: str) -> int:
        found = self._numbers[owner_id, counter] = self._numbers.get((owner_id, counter), 0) + 1
        return found

    def _happened(self, what: str, subject: str, at: datetime | None, **detail: Any) -> None:
        self.unrecorded.append(Happening(at or self.now, what, subject, detail))


def _counter(repo: Repository, noun: str) -> str:
    """GitHub counts issues and pull requests together, GitLab apart."""
    return "item" if repo.host == "github" else noun


def _in_time(*parts: Iterable[Happening]) -> list[Happening]:
    return sorted((one for part in parts for one in part), key=lambda one: one.at)
