"""Things of code hosting as they stand now, with their histories; `CodeWorld` changes them.

Every instant is aware and in UTC; people are named by their account id in `World.people`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

Host = Literal["github", "gitlab"]
#: How a change lands. `fast-forward` and `semi-linear` (a merge commit on a head that holds the
#: whole base) are GitLab's.
Method = Literal["merge", "squash", "rebase", "fast-forward", "semi-linear"]
#: Why a run was started. `change`: for a change request, built on its head (GitLab) or on the
#: vendor's preview of the merge but told under its head (GitHub). `merge-result`: for GitLab's
#: own commit of source and target. `train`: merge train or merge queue.
RunKind = Literal[
    "push", "change", "merge-result", "train", "schedule", "tag", "child", "manual", "dispatch"
]
#: What a repository can be without; a missing one is switched off.
FEATURES = frozenset({"issues", "changes", "ci", "releases", "deployments"})


@dataclass(slots=True)
class Group:
    """An organisation of GitHub, or a group of GitLab, which may be inside another."""

    id: int
    host: Host
    #: full path: `apollo`, `apollo/mobile`.
    path: str
    name: str
    parent_id: int | None = None


@dataclass(slots=True)
class Iteration:
    """A time box of a GitLab group; its state follows from its dates."""

    id: int
    group_id: int
    number: int
    start: date
    due: date
    title: str | None = None
    created: datetime | None = None
    updated: datetime | None = None


@dataclass(slots=True)
class Repository:
    """A repository of GitHub or a project of GitLab."""

    id: int
    host: Host
    group_id: int
    #: full path now: `apollo/shop-web`.
    path: str
    created: datetime
    updated: datetime
    #: paths that lead here still, oldest first.
    former_paths: list[str] = field(default_factory=list)
    default_branch: str = "main"
    description: str | None = None
    private: bool = True
    archived: bool = False
    deleted: bool = False
    features: set[str] = field(default_factory=lambda: set(FEATURES))
    #: how changes may land.
    methods: tuple[Method, ...] = ("merge", "squash", "rebase")
    fork_of: int | None = None
    #: names of the checks without which a branch takes no merge.
    required: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: grows with every change of anything in it: for caches only.
    revision: int = 0

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def owner(self) -> str:
        """The path without its last part."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class FileEdit:
    """What a commit does to a file."""

    path: str
    #: added, modified, removed, renamed.
    change: str = "modified"
    additions: int = 10
    deletions: int = 2
    old_path: str | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit. Equal content has an equal `tree`, however it came to be."""

    sha: str
    repo_id: int
    tree: str
    parents: tuple[str, ...]
    message: str
    author: str | None
    authored: datetime
    committed: datetime
    #: what it changes against its first parent; none for a merge.
    files: tuple[FileEdit, ...] = ()

    @property
    def subject(self) -> str:
        """First line of the message."""
        return self.message.split("\n", 1)[0]


@dataclass(frozen=True, slots=True)
class HostEvent:
    """One entry of the history of an issue or change request.

    Kinds: closed, reopened, labeled, unlabeled, milestoned, demilestoned, assigned, unassigned,
    renamed, weighted, iterated, typed, parented, unparented, blocked, drafted, readied, pushed,
    force_pushed, review_requested, approved, unapproved, merged, queued, dequeued, connected,
    disconnected, referenced, retargeted, due, converted, hushed, published,
    transferred. `detail` holds what the kind needs,
    ids and texts.
    """

    id: int
    at: datetime
    #: None: an account that is gone.
    actor: str | None
    kind: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comment:
    """Something said in an issue or change request."""

    id: int
    at: datetime
    author: str | None
    body: str


@dataclass(slots=True)
class HostMilestone:
    """A milestone of a repository, project or (GitLab) group."""

    id: int
    #: counts within its owner.
    number: int
    title: str
    created: datetime
    updated: datetime
    #: the one that owns it; the other is None.
    repo_id: int | None = None
    group_id: int | None = None
    description: str = ""
    #: GitLab's only.
    start: date | None = None
    due: date | None = None
    closed: datetime | None = None
    creator: str | None = None
    deleted: bool = False

    @property
    def is_open(self) -> bool:
        """Whether nobody closed it."""
        return self.closed is None


@dataclass(slots=True)
class HostItem:
    """What issues and change requests have in common."""

    id: int
    repo_id: int
    number: int
    title: str
    author: str | None
    created: datetime
    updated: datetime
    body: str = ""
    #: open, closed, or (change requests) merged.
    state: str = "open"
    closed: datetime | None = None
    closed_by: str | None = None
    labels: list[str] = field(default_factory=list)
    milestone_id: int | None = None
    assignees: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    events: list[HostEvent] = field(default_factory=list)
    locked: bool = False


@dataclass(slots=True)
class HostIssue(HostItem):
    """An issue of the host's own tracker."""

    #: completed, not_planned, duplicate, reopened (GitHub); None while open from the start.
    reason: str | None = None
    #: GitHub: name of its type (Bug, Feature, Task). GitLab: ISSUE, INCIDENT, TASK.
    type: str | None = None
    #: GitLab's only: weight, due, iteration, confidential.
    weight: int | None = None
    due: date | None = None
    iteration_id: int | None = None
    confidential: bool = False
    parent_id: int | None = None
    #: ids of issues that block it.
    blocked_by: list[int] = field(default_factory=list)
    deleted: bool = False
    #: for the truth only: no API tells.
    deleted_at: datetime | None = None
    #: id of the issue that it has become in another repository.
    transferred_to: int | None = None


@dataclass(frozen=True, slots=True)
class PushDef:
    """A push to the head of a change request."""

    id: int
    at: datetime
    actor: str | None
    before: str | None
    after: str
    forced: bool = False


@dataclass(slots=True)
class ReviewDef:
    """A review (GitHub) or an approval (GitLab)."""

    id: int
    at: datetime
    author: str | None
    #: approved, changes_requested, commented, dismissed, pending.
    verdict: str
    #: the head it saw.
    sha: str
    body: str = ""


@dataclass(slots=True)
class ChangeRequest(HostItem):
    """A pull request or merge request."""

    #: GitHub knows a pull request as an issue too, under another id.
    issue_id: int = 0
    head_branch: str = ""
    base_branch: str = "main"
    #: repository that holds the head; another one for a fork, None once that is gone.
    head_repo_id: int | None = None
    head_sha: str = ""
    #: commit of the base branch that the head is built on.
    fork_sha: str = ""
    #: tip of the base branch when the vendor last looked: at a push, and at the merge.
    base_sha: str = ""
    #: shas of its commits, oldest first.
    commits: list[str] = field(default_factory=list)
    pushes: list[PushDef] = field(default_factory=list)
    reviews: list[ReviewDef] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    draft: bool = False
    #: it cannot be merged as it is.
    conflict: bool = False
    merged_at: datetime | None = None
    merged_by: str | None = None
    method: Method | None = None
    #: the merge commit; GitHub names what landed so whatever the method was.
    merge_sha: str | None = None
    #: GitLab: the squashed commit.
    squash_sha: str | None = None
    #: last commit that it brought to the base branch.
    landed_sha: str | None = None
    #: shas of all commits that it brought.
    landed: list[str] = field(default_factory=list)
    #: ids of the host's own issues that the host says it closes.
    closes: list[int] = field(default_factory=list)
    #: ids of issues that its texts mention.
    mentions: list[int] = field(default_factory=list)
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class TestTotals:
    """TestTotals of a test report."""

    total: int
    failed: int = 0
    skipped: int = 0
    errors: int = 0
    seconds: float = 1.0

    @property
    def passed(self) -> int:
        """Those that were run and held."""
        return self.total - self.failed - self.skipped - self.errors


@dataclass(slots=True)
class Job:
    """One job of one attempt. On GitHub its id is that of its check run, too."""

    id: int
    run_id: int
    name: str
    stage: str
    attempt: int
    created: datetime
    #: queued, running, completed.
    status: str = "queued"
    #: success, failure, cancelled, skipped, timed_out, action_required, neutral, manual.
    conclusion: str | None = None
    started: datetime | None = None
    finished: datetime | None = None
    allow_failure: bool = False
    #: a newer job of the same name exists in the run.
    retried: bool = False
    #: percent.
    coverage: float | None = None
    tests: TestTotals | None = None
    failure_reason: str | None = None


@dataclass(slots=True)
class Attempt:
    """One attempt of a run."""

    number: int
    created: datetime
    status: str = "queued"
    conclusion: str | None = None
    started: datetime | None = None
    finished: datetime | None = None
    jobs: list[Job] = field(default_factory=list)


@dataclass(slots=True)
class Run:
    """A workflow run (GitHub) or pipeline (GitLab)."""

    id: int
    repo_id: int
    #: GitHub: counts per workflow; GitLab: its iid in the project.
    number: int
    workflow: str
    workflow_id: int
    kind: RunKind
    #: commit that the vendor tells it under.
    sha: str
    #: branch or tag, without `refs/`.
    ref: str
    created: datetime
    updated: datetime
    actor: str | None
    #: commit whose content it built: differs from `sha` for a preview of a merge.
    built_sha: str = ""
    change_id: int | None = None
    parent_id: int | None = None
    suite_id: int = 0
    attempts: list[Attempt] = field(default_factory=list)
    deleted: bool = False

    @property
    def last(self) -> Attempt:
        """The newest attempt."""
        return self.attempts[-1]

    @property
    def status(self) -> str:
        """Of the newest attempt: queued, running, completed."""
        return self.last.status

    @property
    def conclusion(self) -> str | None:
        """Of the newest attempt."""
        return self.last.conclusion

    @property
    def jobs(self) -> list[Job]:
        """Jobs of the newest attempt; of GitLab's only one, those retried as well."""
        return self.last.jobs


@dataclass(slots=True)
class CheckRun:
    """A check that an app other than Actions reported."""

    id: int
    repo_id: int
    sha: str
    name: str
    app: str
    suite_id: int
    created: datetime
    status: str = "queued"
    conclusion: str | None = None
    started: datetime | None = None
    finished: datetime | None = None
    title: str | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """A status that somebody put on a commit; a later one of its context replaces it."""

    id: int
    repo_id: int
    sha: str
    context: str
    #: pending, success, failure, error.
    state: str
    creator: str | None
    at: datetime
    description: str | None = None
    target_url: str | None = None
    #: GitLab: percent.
    coverage: float | None = None


@dataclass(slots=True)
class Tag:
    """A tag of a commit."""

    name: str
    repo_id: int
    sha: str
    at: datetime
    message: str | None = None


@dataclass(slots=True)
class Release:
    """A release of a tag; a draft has no tag yet."""

    id: int
    repo_id: int
    tag: str
    name: str
    created: datetime
    author: str | None
    published: datetime | None = None
    draft: bool = False
    prerelease: bool = False
    body: str = ""


@dataclass(slots=True)
class Deployment:
    """A commit put somewhere."""

    id: int
    number: int
    repo_id: int
    sha: str
    ref: str
    environment: str
    created: datetime
    updated: datetime
    actor: str | None
    #: (id, at, state): pending, running, success, failure, cancelled, inactive.
    states: list[tuple[int, datetime, str]] = field(default_factory=list)
    job_id: int | None = None

    @property
    def state(self) -> str:
        """The newest state."""
        return self.states[-1][2] if self.states else "pending"


@dataclass(slots=True)
class CodeAccess:
    """What a login may do at the code hosts."""

    #: ids of repositories that it cannot see; public ones stay readable.
    hidden: set[int] = field(default_factory=set)
    #: permissions that its token lacks: issues, changes, contents, checks, statuses, ci,
    #: administration, deployments, projects.
    lacking: set[str] = field(default_factory=set)
    #: a fine-grained token has no scopes to tell.
    fine_grained: bool = False
    scopes: tuple[str, ...] = ("repo", "read:org")
    #: ids of groups whose single sign-on the token was not authorised for.
    unauthorised: set[int] = field(default_factory=set)
    sees_confidential: bool = True
    #: GitLab's number for its role in projects; None: the server does not tell.
    level: int | None = None
