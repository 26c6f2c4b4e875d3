"""Normalized records of code hosting: changes, reviews, commits, pipelines, checks, releases.

As in `records`: every instant is aware and in UTC, `source_id` is the vendor's immutable id, unique
within one connection and kind, and the vendor's own value stands beside each normalized one.
A set of children (`ChangeFiles`, `Reviews`, …) replaces what was held for its parent, but only when
its state is `complete`; a child set that was not read is never an empty one.
"""

from datetime import datetime

from msgspec import Struct

from mappings.vocabulary import (
    ChangeState,
    CheckSource,
    Conclusion,
    DeploymentState,
    FileChange,
    HistoryState,
    MergeMethod,
    MilestoneKind,
    Origin,
    PipelineKind,
    RefKind,
    RefSource,
    ReviewVerdict,
)


class ChangeRequest(Struct, frozen=True, gc=False):
    """A pull request or merge request as it stands now."""

    #: GitHub: `databaseId`/REST `id`; GitLab: the global id (number only).
    source_id: str
    #: source id of the repository or project that it asks to change.
    scope_id: str
    number: int
    #: `owner/name#12`, `group/project!7`.
    key: str
    title: str
    state: ChangeState
    raw_state: str
    is_draft: bool
    created_at: datetime | None
    updated_at: datetime | None
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    author_id: str | None = None
    merged_by_id: str | None = None
    base_ref: str | None = None
    head_ref: str | None = None
    #: source id of the repository that holds the head (a fork); None: gone or not told.
    head_scope_id: str | None = None
    head_sha: str | None = None
    #: tip of the base branch as the vendor names it now; not the base at merge.
    base_sha: str | None = None
    #: the commit that the vendor calls the merge, as told.
    merge_sha: str | None = None
    #: what landed on the base branch: the merge, squash or (fast-forward, rebase) last commit.
    landed_sha: str | None = None
    #: git tree ids, where the vendor gives them.
    landed_tree: str | None = None
    head_tree: str | None = None
    #: first parent of what landed, and how it is known; None = unknown.
    base_sha_at_merge: str | None = None
    base_known: Origin | None = None
    merge_method: MergeMethod = MergeMethod.UNKNOWN
    additions: int | None = None
    deletions: int | None = None
    changed_files: int | None = None
    labels: tuple[str, ...] = ()
    #: current memberships: (kind, source id of the milestone).
    milestones: tuple[tuple[MilestoneKind, str], ...] = ()
    assignee_ids: tuple[str, ...] = ()
    #: sha256 (hex) of the normalized description.
    text_hash: str | None = None
    #: confidential, or in a private repository whose titles others must not see.
    restricted: bool = False
    url: str | None = None


class ChangeFile(Struct, frozen=True, gc=False):
    """A path that a change touches."""

    path: str
    change: FileChange
    additions: int | None = None
    deletions: int | None = None
    #: former path of a rename.
    old_path: str | None = None


class ChangeFiles(Struct, frozen=True, gc=False):
    """The files of one change; `partial` when the vendor cuts the list."""

    change_request_id: str
    state: HistoryState
    files: tuple[ChangeFile, ...] = ()
    reason: str | None = None


class Review(Struct, frozen=True, gc=False):
    """One review, or one approval."""

    source_id: str
    reviewer_id: str | None
    verdict: ReviewVerdict
    raw_verdict: str
    #: the commit it saw, where the vendor tells.
    commit_sha: str | None = None
    at: datetime | None = None
    url: str | None = None


class Reviews(Struct, frozen=True, gc=False):
    """All reviews of one change."""

    change_request_id: str
    state: HistoryState
    reviews: tuple[Review, ...] = ()
    reason: str | None = None


class Commit(Struct, frozen=True, gc=False):
    """A commit of a change or of a branch."""

    sha: str
    tree: str | None = None
    parents: tuple[str, ...] = ()
    author_id: str | None = None
    #: first line of the message.
    subject: str = ""
    authored_at: datetime | None = None
    committed_at: datetime | None = None


class ChangeCommits(Struct, frozen=True, gc=False):
    """The commits of one change, oldest first; `partial` when the vendor cuts the list."""

    change_request_id: str
    scope_id: str
    state: HistoryState
    commits: tuple[Commit, ...] = ()
    reason: str | None = None


class Commits(Struct, frozen=True, gc=False):
    """Commits seen elsewhere (what landed, the head of a branch): added, never taken away."""

    scope_id: str
    commits: tuple[Commit, ...] = ()


class BranchTip(Struct, frozen=True, gc=False):
    """Where a branch stands; its commits are told from one first parent to the next."""

    scope_id: str
    branch: str
    sha: str


class TreeComparison(Struct, frozen=True, gc=False):
    """Whether two commits hold the same content, where the vendor tells no tree ids."""

    scope_id: str
    sha: str
    other_sha: str
    #: None: the vendor could not say, for `reason`.
    is_equal: bool | None
    reason: str | None = None


class Push(Struct, frozen=True, gc=False):
    """A push or force-push to the head of a change."""

    source_id: str
    at: datetime
    is_force: bool
    before_sha: str | None = None
    after_sha: str | None = None
    actor_id: str | None = None


class Pushes(Struct, frozen=True, gc=False):
    """All pushes to one change that the vendor tells of."""

    change_request_id: str
    state: HistoryState
    pushes: tuple[Push, ...] = ()
    reason: str | None = None


class Reference(Struct, frozen=True, gc=False):
    """Something that a text, a branch name or the vendor says a change (or item) belongs to.

    What it names is looked up later, over all systems: here it stays as written.
    """

    kind: RefKind
    source: RefSource
    #: as written: `ABC-12`, `#7`, `owner/name#7`, `group/project!3`, a full address, a sha.
    target: str
    #: immutable id of what it names, where the vendor declares it.
    target_id: str | None = None
    #: a few words of the text around it, for a person to see.
    span: str = ""


class References(Struct, frozen=True, gc=False):
    """All references of one change request from one set of sources: replaces what was held."""

    change_request_id: str
    scope_id: str
    #: the sources that were read for this set; others are left as they are.
    sources: tuple[RefSource, ...]
    references: tuple[Reference, ...] = ()


class PipelineRun(Struct, frozen=True, gc=False):
    """One attempt of a workflow run or pipeline."""

    #: GitHub: run id; GitLab: pipeline id.
    source_id: str
    scope_id: str
    attempt: int
    kind: PipelineKind
    #: the vendor's own event or source: `pull_request`, `merge_request_event`, `schedule`, …
    raw_event: str | None
    #: name of the workflow; GitLab: None or the pipeline's name.
    name: str | None
    sha: str | None
    ref: str | None
    conclusion: Conclusion
    raw_status: str | None
    raw_conclusion: str | None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    updated_at: datetime | None = None
    #: numbers of the change requests that the vendor says it belongs to.
    change_numbers: tuple[int, ...] = ()
    #: pipeline that started this one as a child.
    parent_id: str | None = None
    #: GitHub counts the runs of each workflow, GitLab the pipelines of a project: a number that is
    #: missing between two others is that of a run that was deleted.
    number: int | None = None
    #: tip of the base branch that it was built with, and how that is known; None: not told.
    base_sha: str | None = None
    base_known: Origin | None = None
    tests_total: int | None = None
    tests_failed: int | None = None
    tests_skipped: int | None = None
    #: percent, 0 to 100.
    coverage: float | None = None
    url: str | None = None


class CheckResult(Struct, frozen=True, gc=False):
    """One check run, commit status or job, at one attempt."""

    #: unique within (connection, source): check run id, status id, job id.
    source_id: str
    source: CheckSource
    scope_id: str
    sha: str
    name: str
    conclusion: Conclusion
    raw_status: str | None = None
    raw_conclusion: str | None = None
    #: app of a check run (`github-actions`), creator of a status; None for GitLab jobs.
    app: str | None = None
    #: stage of a GitLab job, workflow name of a GitHub job.
    stage: str | None = None
    #: run or pipeline that it belongs to.
    run_id: str | None = None
    attempt: int = 1
    allow_failure: bool = False
    #: a newer attempt of the same job exists.
    is_superseded: bool = False
    #: whether the vendor says that merging requires it; None = not told.
    is_required: bool | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    tests_total: int | None = None
    tests_failed: int | None = None
    tests_skipped: int | None = None
    coverage: float | None = None
    url: str | None = None


class Checks(Struct, frozen=True, gc=False):
    """What is known of the checks of one commit from one kind of source, as a set.

    `complete` with no result means: asked, and there is none. A set that is not complete never
    takes a result away.
    """

    scope_id: str
    sha: str
    sources: tuple[CheckSource, ...]
    state: HistoryState
    results: tuple[CheckResult, ...] = ()
    reason: str | None = None


class RunJobs(Struct, frozen=True, gc=False):
    """The jobs of one run attempt or pipeline, as a set."""

    scope_id: str
    run_id: str
    state: HistoryState
    results: tuple[CheckResult, ...] = ()
    reason: str | None = None


class Release(Struct, frozen=True, gc=False):
    """A tag, with its release where there is one."""

    #: `tag:<name>`; an immutable id of a release that has one stands in `release_id`.
    source_id: str
    scope_id: str
    tag: str
    sha: str | None
    name: str | None = None
    release_id: str | None = None
    is_draft: bool = False
    is_prerelease: bool = False
    created_at: datetime | None = None
    published_at: datetime | None = None
    url: str | None = None


class Deployment(Struct, frozen=True, gc=False):
    """A commit put somewhere."""

    source_id: str
    scope_id: str
    sha: str | None
    ref: str | None
    environment: str | None
    state: DeploymentState
    raw_state: str | None = None
    created_at: datetime | None = None
    finished_at: datetime | None = None
    url: str | None = None


class RequiredChecks(Struct, frozen=True, gc=False):
    """Checks without which a branch takes no merge, where readable."""

    scope_id: str
    branch: str
    state: HistoryState
    names: tuple[str, ...] = ()
    reason: str | None = None


#: Whatever a mapping may make of a payload about code.
CodeRecord = (
    ChangeRequest
    | ChangeFiles
    | Reviews
    | ChangeCommits
    | Commits
    | BranchTip
    | TreeComparison
    | Pushes
    | References
    | PipelineRun
    | Checks
    | RunJobs
    | Release
    | Deployment
    | RequiredChecks
)
