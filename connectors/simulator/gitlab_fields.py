"""The fields of GitLab's GraphQL types, answered from the simulated company."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError

from connectors.simulator import gitlab_history as history
from connectors.simulator.code_things import (
    ChangeRequest,
    Comment,
    Commit,
    FileEdit,
    Group,
    HostMilestone,
    Iteration,
    Job,
    Release,
    Repository,
    Run,
    TestTotals,
)
from connectors.simulator.gitlab_paging import MAX_SIZE, after_key, pack, unpack
from connectors.simulator.gitlab_shapes import Shapes, coverage, seconds, total, whole_seconds
from connectors.simulator.gitlab_view import IssueNow, View
from connectors.simulator.gitlab_words import (
    GHOST_ID,
    SITE,
    change_state,
    day,
    iteration_state,
    job_status,
    merge_request_event,
    run_ref,
    run_source,
    run_status,
    user_id,
    user_login,
    user_state,
    whole,
)
from connectors.simulator.graphql import Resolver

Arguments = Mapping[str, Any]
Key = Callable[[Any], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Graph:
    """What the fields are answered from."""

    view: View
    shapes: Shapes
    version: str
    score: int
    limit: int
    #: whether the schema has what was added since the middle of 2023.
    newer: bool = True

    @property
    def lacking(self) -> set[str]:
        """What the login may not read in any project."""
        return self.view.code.access_of(self.view.who).lacking


@dataclass(frozen=True, slots=True)
class Who:
    """An account, perhaps one that is gone, perhaps in its part of a merge request."""

    account: str | None
    change: ChangeRequest | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A note, with its action where the system wrote it."""

    comment: Comment
    action: str | None


@dataclass(frozen=True, slots=True)
class JobOf:
    """A job of a pipeline; without one, the job that started the child pipeline."""

    run: Run
    job: Job | None
    child: Run | None = None


def gid(kind: str, id_: object) -> str:
    """An id that is unique over everything."""
    return f"gid://gitlab/{kind}/{id_}"


def number(global_id: str) -> int:
    """The number in a global id; 0 for nonsense."""
    tail = global_id.rpartition("/")[2]
    return int(tail) if tail.isdecimal() else 0


def connection(
    rows: Sequence[Any], asked: Arguments, key: Key | None = None, *, descending: bool = False
) -> dict[str, Any]:
    """A page of rows: after a key where there is one (`rows` ascending by it), else by number."""
    size = min(asked.get("first") or MAX_SIZE, MAX_SIZE)
    token = asked.get("after")
    after = unpack(token) if token else None
    if token and after is None:
        raise GraphQLError("Please provide a valid cursor")
    if key is None:
        start = int(after[0]) if after else 0
        shown, more = list(rows[start : start + size]), start + size < len(rows)
        cursors = [pack((start + n,)) for n in range(1, len(shown) + 1)]
    else:
        shown, more = after_key(rows, key, after, size, descending=descending)
        cursors = [pack(key(one)) for one in shown]
    return {
        "nodes": shown,
        "edges": [
            {"node": one, "cursor": cursor} for one, cursor in zip(shown, cursors, strict=True)
        ],
        "count": len(rows),
        "pageInfo": {
            "hasNextPage": more,
            "hasPreviousPage": bool(token),
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def instant(value: Any) -> datetime | None:
    """An argument that is an instant."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise GraphQLError(f"{value!r} is not a valid time") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


# --- lists --------------------------------------------------------------------------------------


def _items(rows: Sequence[Any], asked: Arguments, state: Callable[[Any], str]) -> list[Any]:
    since, before = instant(asked.get("updatedAfter")), instant(asked.get("updatedBefore"))
    born, wanted = instant(asked.get("createdAfter")), asked.get("state")
    return [
        one
        for one in rows
        if (since is None or one.updated >= since)
        and (before is None or one.updated <= before)
        and (born is None or one.created >= born)
        and wanted in (None, "all", state(one))
    ]


def _sorted_by(asked: Arguments) -> tuple[str, bool]:
    """(what items are sorted by, whether the newest comes first)."""
    word = str(asked.get("sort") or "created_desc").lower()
    field, _, direction = word.rpartition("_")
    return {"merged_at": "created"}.get(field, field), direction == "desc"


def _issues(c: Graph, repo: Repository, asked: Arguments) -> dict[str, Any]:
    order, descending = _sorted_by(asked)
    rows = c.view.issues(repo, order) if _on(c, repo, "issues") else []
    iids = asked.get("iids")
    found = _items(rows, asked, lambda one: str(one.state))
    if iids is not None:
        found = [one for one in found if str(one.issue.number) in iids]
    return connection(
        found, asked, lambda one: (getattr(one, order), one.id), descending=descending
    )


def _changes(c: Graph, repo: Repository, asked: Arguments) -> dict[str, Any]:
    order, descending = _sorted_by(asked)
    rows = c.view.changes(repo, order) if _on(c, repo, "changes") else []
    iids = asked.get("iids")
    found = _items(rows, asked, change_state)
    if iids is not None:
        found = [one for one in found if str(one.number) in iids]
    return connection(
        found, asked, lambda one: (getattr(one, order), one.id), descending=descending
    )


def _pipelines(c: Graph, repo: Repository, asked: Arguments) -> dict[str, Any] | None:
    if not _on(c, repo, "ci"):
        return None
    source = asked.get("source")
    since, before = instant(asked.get("updatedAfter")), instant(asked.get("updatedBefore"))
    found = [
        one
        for one in c.view.runs(repo, child=source == "parent_pipeline")
        if (since is None or one.updated > since)
        and (before is None or one.updated < before)
        and source in (None, run_source(one))
        and asked.get("sha") in (None, one.sha)
        and asked.get("ref") in (None, _ref(c, one))
    ]
    return connection(found, asked, lambda one: (one.id,), descending=True)


def _jobs(c: Graph, run: Run, asked: Arguments) -> dict[str, Any]:
    kind, retried = asked.get("jobKind"), asked.get("retried")
    found = [
        JobOf(run, one)
        for one in reversed(run.jobs)
        if kind in (None, "BUILD") and retried in (None, one.retried)
    ]
    if kind in (None, "BRIDGE"):
        found += (JobOf(run, None, child) for child in c.view.children(run))
    return connection(found, asked)


def _milestones(c: Graph, owner: Repository | Group, asked: Arguments) -> dict[str, Any]:
    state = asked.get("state")
    found = [
        one
        for one in c.view.milestones(owner, ancestors=bool(asked.get("includeAncestors")))
        if state in (None, "active" if one.is_open else "closed")
    ]
    return connection(found, asked, lambda one: (one.id,))


def _iterations(c: Graph, group: Group, asked: Arguments) -> dict[str, Any]:
    above = asked.get("includeAncestors") is not False
    return connection(c.view.iterations(group, ancestors=above), asked, lambda one: (one.id,))


def _releases(c: Graph, repo: Repository, asked: Arguments) -> dict[str, Any] | None:
    if not _on(c, repo, "releases"):
        return None
    rows = c.view.releases(repo)
    if str(asked.get("sort")).endswith("ASC"):
        rows.reverse()
    return connection(rows, asked)


def _group_projects(c: Graph, group: Group, asked: Arguments) -> dict[str, Any]:
    inner = bool(asked.get("includeSubgroups"))
    found = [
        one
        for one in c.view.projects()
        if one.group_id == group.id or (inner and one.path.startswith(f"{group.path}/"))
    ]
    return connection(found, asked, lambda one: (one.id,))


def _projects(c: Graph, _: Any, asked: Arguments) -> dict[str, Any]:
    wanted = asked.get("ids")
    ids = None if wanted is None else {number(one) for one in wanted}
    found = [one for one in c.view.projects() if ids is None or one.id in ids]
    return connection(found, asked, lambda one: (one.id,))


def _notes(c: Graph, item: Any, asked: Arguments) -> dict[str, Any]:
    return connection([Told(*one) for one in history.notes(c.shapes, item)], asked)


def _people(accounts: Sequence[str | None], change: Any, asked: Arguments) -> dict[str, Any]:
    return connection([Who(one, change) for one in accounts], asked)


# --- single things ------------------------------------------------------------------------------


def _on(c: Graph, repo: Repository, feature: str) -> bool:
    return feature in repo.features and feature not in c.lacking


def _project(c: Graph, path: str) -> Repository | None:
    """A project by its path of today: GraphQL follows no former one."""
    found = c.view.project(path)
    return found if found is not None and found.path.lower() == path.lower() else None


def _repo(c: Graph, id_: int | None) -> Repository | None:
    found = c.view.code.repositories.get(id_ or 0)
    return found if found is not None and c.view.code.visible(c.view.who, found) else None


def _change(c: Graph, global_id: str) -> ChangeRequest | None:
    found = c.view.code.changes.get(number(global_id))
    repo = None if found is None or found.deleted else _repo(c, found.repo_id)
    return found if repo is not None and _on(c, repo, "changes") else None


def _numbered(c: Graph, repo: Repository, iid: Any) -> ChangeRequest | None:
    if not _on(c, repo, "changes"):
        return None
    return c.view.code.change_numbered(repo, number(str(iid)))


def _issue_numbered(c: Graph, repo: Repository, iid: Any) -> IssueNow | None:
    return c.view.issue(repo, number(str(iid))) if _on(c, repo, "issues") else None


def _moved_to(c: Graph, one: IssueNow) -> IssueNow | None:
    found = c.view.moved_to(one.issue)
    return None if found is None else c.view.issue_of(found.id)


def _ref(c: Graph, run: Run) -> str:
    return run_ref(run, c.view.code.changes.get(run.change_id or 0))


def _source_ref(run: Run) -> str:
    return f"refs/{'tags' if run.kind == 'tag' else 'heads'}/{run.ref}"


def _commit(c: Graph, repo_id: int, sha: str | None) -> Commit | None:
    return c.view.code.git.get(c.view.code.repositories[repo_id], sha)


def _commits(c: Graph, change: ChangeRequest, *, merges: bool) -> list[Commit]:
    repo = c.view.code.repositories[change.repo_id]
    found = [c.view.code.git.at(repo, sha) for sha in reversed(change.commits)]
    return [one for one in found if merges or len(one.parents) < 2]


def _review_state(c: Graph, who: Who) -> str:
    assert who.change is not None
    reviews = [one for one in who.change.reviews if one.author == who.account]
    if not reviews:
        return "UNREVIEWED"
    words = {"approved": "APPROVED", "changes_requested": "REQUESTED_CHANGES"} if c.newer else {}
    return words.get(reviews[-1].verdict, "REVIEWED")


def _merge_status(c: Graph, change: ChangeRequest) -> str:
    found = c.shapes.detailed_merge_status(change).upper()
    return "BROKEN_STATUS" if found == "CONFLICT" and not c.newer else found


def _approves(c: Graph, who: Who) -> bool:
    assert who.change is not None
    return who.account in [one.author for one in c.view.approvals(who.change)]


def _summary(files: Sequence[FileEdit]) -> dict[str, int]:
    added, removed = sum(one.additions for one in files), sum(one.deletions for one in files)
    return {
        "additions": added,
        "deletions": removed,
        "changes": added + removed,
        "fileCount": len(files),
    }


def _suites(run: Run) -> list[tuple[Job, TestTotals]]:
    return [(job, job.tests) for job in run.jobs if job.tests is not None and not job.retried]


def _web(c: Graph, item: Any, kind: str) -> str:
    return f"{SITE}/{c.view.code.repositories[item.repo_id].path}/-/{kind}/{item.number}"


# --- the fields of each type --------------------------------------------------------------------

Field = Callable[[Graph, Any, Arguments], Any]
_FIELDS: dict[tuple[str, str], Resolver] = {}


def _type(name: str, /, **fields: Field) -> None:
    _FIELDS.update({(name, field): resolve for field, resolve in fields.items()})


_type(
    "Query",
    project=lambda c, s, a: _project(c, a["fullPath"]),
    projects=_projects,
    group=lambda c, s, a: c.view.group(a["fullPath"]),
    issue=lambda c, s, a: c.view.issue_of(number(a["id"])),
    mergeRequest=lambda c, s, a: _change(c, a["id"]),
    metadata=lambda c, s, a: {
        "version": c.version,
        "revision": "1a2b3c4d",
        "enterprise": c.shapes.premium,
    },
    currentUser=lambda c, s, a: Who(c.view.who.account_id),
    queryComplexity=lambda c, s, a: {"score": c.score, "limit": c.limit},
)


def _person(c: Graph, who: Who) -> dict[str, Any]:
    person = c.view.people.get(who.account) if who.account else None
    if person is None:
        return {"id": GHOST_ID, "login": "ghost", "name": "Ghost User", "bot": False}
    return {
        "id": user_id(person.account_id),
        "login": user_login(person),
        "name": person.name,
        "state": user_state(person),
        "bot": person.bot,
    }


for _name in ("UserCore", "MergeRequestAuthor", "MergeRequestAssignee", "MergeRequestReviewer"):
    _type(
        _name,
        id=lambda c, s, a: gid("User", _person(c, s)["id"]),
        username=lambda c, s, a: _person(c, s)["login"],
        name=lambda c, s, a: _person(c, s)["name"],
        state=lambda c, s, a: _person(c, s).get("state", "active"),
        bot=lambda c, s, a: _person(c, s)["bot"],
        webUrl=lambda c, s, a: f"{SITE}/{_person(c, s)['login']}",
        webPath=lambda c, s, a: f"/{_person(c, s)['login']}",
    )
_type("MergeRequestReviewer", mergeRequestInteraction=lambda c, s, a: s)
_type(
    "UserMergeRequestInteraction",
    reviewState=lambda c, s, a: _review_state(c, s),
    approved=lambda c, s, a: _approves(c, s),
    reviewed=lambda c, s, a: _review_state(c, s) != "UNREVIEWED",
)
_type(
    "Group",
    id=lambda c, s, a: gid("Group", s.id),
    fullPath=lambda c, s, a: s.path,
    webUrl=lambda c, s, a: f"{SITE}/groups/{s.path}",
    parent=lambda c, s, a: c.view.code.groups.get(s.parent_id or 0),
    milestones=_milestones,
    iterations=_iterations,
    projects=_group_projects,
)
_type(
    "Project",
    id=lambda c, s, a: gid("Project", s.id),
    fullPath=lambda c, s, a: s.path,
    webUrl=lambda c, s, a: f"{SITE}/{s.path}",
    visibility=lambda c, s, a: "private" if s.private else "public",
    createdAt=lambda c, s, a: whole(s.created),
    lastActivityAt=lambda c, s, a: whole(s.updated),
    group=lambda c, s, a: c.view.code.groups[s.group_id],
    issuesEnabled=lambda c, s, a: "issues" in s.features,
    mergeRequestsEnabled=lambda c, s, a: "changes" in s.features,
    jobsEnabled=lambda c, s, a: "ci" in s.features,
    repository=lambda c, s, a: s,
    issues=_issues,
    issue=lambda c, s, a: _issue_numbered(c, s, a.get("iid")),
    mergeRequests=_changes,
    mergeRequest=lambda c, s, a: _numbered(c, s, a["iid"]),
    pipelines=_pipelines,
    pipeline=lambda c, s, a: next(
        (one for one in c.view.code.ci.runs_in(s) if str(one.number) == a.get("iid")), None
    ),
    milestones=_milestones,
    iterations=lambda c, s, a: _iterations(c, c.view.groups_of(s)[0], a),
    releases=_releases,
)
_type(
    "Repository",
    empty=lambda c, s, a: c.view.is_empty(s),
    exists=lambda c, s, a: True,
    rootRef=lambda c, s, a: None if c.view.is_empty(s) else s.default_branch,
)
_type(
    "Issue",
    id=lambda c, s, a: gid("Issue", s.id),
    iid=lambda c, s, a: str(s.issue.number),
    projectId=lambda c, s, a: s.issue.repo_id,
    title=lambda c, s, a: s.issue.title,
    description=lambda c, s, a: s.issue.body,
    type=lambda c, s, a: (s.issue.type or "ISSUE").upper(),
    confidential=lambda c, s, a: s.issue.confidential,
    createdAt=lambda c, s, a: whole(s.created),
    updatedAt=lambda c, s, a: whole(s.updated),
    closedAt=lambda c, s, a: whole(s.closed),
    dueDate=lambda c, s, a: day(s.issue.due),
    timeEstimate=lambda c, s, a: 0,
    totalTimeSpent=lambda c, s, a: 0,
    severity=lambda c, s, a: "UNKNOWN",
    webUrl=lambda c, s, a: _web(c, s.issue, "issues"),
    moved=lambda c, s, a: c.view.moved_to(s.issue) is not None,
    movedTo=lambda c, s, a: _moved_to(c, s),
    author=lambda c, s, a: Who(s.issue.author),
    assignees=lambda c, s, a: _people(s.issue.assignees, None, a),
    labels=lambda c, s, a: connection(
        [(s.issue.repo_id, title) for title in sorted(s.issue.labels)], a
    ),
    milestone=lambda c, s, a: c.view.code.milestones.get(s.issue.milestone_id or 0),
    weight=lambda c, s, a: s.issue.weight,
    healthStatus=lambda c, s, a: None,
    iteration=lambda c, s, a: c.view.code.iterations.get(s.issue.iteration_id or 0),
    epic=lambda c, s, a: None,
    discussionLocked=lambda c, s, a: s.issue.locked,
    userNotesCount=lambda c, s, a: len(s.issue.comments),
    mergeRequestsCount=lambda c, s, a: len(c.view.closers(s.issue)),
    blockingCount=lambda c, s, a: len(c.view.blocked_by(s.issue)),
    blockedByCount=lambda c, s, a: len(s.issue.blocked_by),
    blockedByIssues=lambda c, s, a: connection(
        [held for id_ in s.issue.blocked_by if (held := c.view.issue_of(id_)) is not None], a
    ),
    relatedMergeRequests=lambda c, s, a: connection(c.view.closers(s.issue), a),
    notes=lambda c, s, a: _notes(c, s.issue, a),
)
_type(
    "Label",
    id=lambda c, s, a: gid(
        "ProjectLabel", c.view.code.label_id(c.view.code.repositories[s[0]], s[1])
    ),
    title=lambda c, s, a: s[1],
    color=lambda c, s, a: "#428bca",
    description=lambda c, s, a: None,
)


def _milestone_path(c: Graph, one: HostMilestone) -> str:
    return str(c.shapes.milestone(one)["web_url"]).removeprefix(SITE)


_type(
    "Milestone",
    id=lambda c, s, a: gid("Milestone", s.id),
    iid=lambda c, s, a: str(s.number),
    state=lambda c, s, a: "active" if s.is_open else "closed",
    dueDate=lambda c, s, a: day(s.due),
    startDate=lambda c, s, a: day(s.start),
    createdAt=lambda c, s, a: whole(s.created),
    updatedAt=lambda c, s, a: whole(s.updated),
    expired=lambda c, s, a: s.due is not None and s.due < c.shapes.today,
    webPath=lambda c, s, a: _milestone_path(c, s),
    projectMilestone=lambda c, s, a: s.repo_id is not None,
    groupMilestone=lambda c, s, a: s.group_id is not None,
)
_STATES = {1: "upcoming", 2: "current", 3: "closed"}


def _iteration_state(c: Graph, one: Iteration) -> str:
    return _STATES[iteration_state(one, c.shapes.today)]


_type(
    "Iteration",
    id=lambda c, s, a: gid("Iteration", s.id),
    iid=lambda c, s, a: str(s.number),
    description=lambda c, s, a: None,
    state=lambda c, s, a: _iteration_state(c, s),
    sequence=lambda c, s, a: s.number,
    startDate=lambda c, s, a: day(s.start),
    dueDate=lambda c, s, a: day(s.due),
    createdAt=lambda c, s, a: whole(s.created),
    updatedAt=lambda c, s, a: whole(s.updated),
    webUrl=lambda c, s, a: c.shapes.iteration(s)["web_url"],
)
_type(
    "MergeRequest",
    id=lambda c, s, a: gid("MergeRequest", s.id),
    iid=lambda c, s, a: str(s.number),
    projectId=lambda c, s, a: s.repo_id,
    description=lambda c, s, a: s.body,
    state=lambda c, s, a: change_state(s),
    createdAt=lambda c, s, a: whole(s.created),
    updatedAt=lambda c, s, a: whole(s.updated),
    mergedAt=lambda c, s, a: whole(s.merged_at),
    author=lambda c, s, a: Who(s.author, s),
    mergeUser=lambda c, s, a: None if s.merged_at is None else Who(s.merged_by),
    milestone=lambda c, s, a: c.view.code.milestones.get(s.milestone_id or 0),
    sourceBranch=lambda c, s, a: s.head_branch,
    targetBranch=lambda c, s, a: s.base_branch,
    sourceProjectId=lambda c, s, a: s.head_repo_id,
    targetProjectId=lambda c, s, a: s.repo_id,
    sourceProject=lambda c, s, a: _repo(c, s.head_repo_id),
    diffHeadSha=lambda c, s, a: s.head_sha,
    diffRefs=lambda c, s, a: {
        "baseSha": s.fork_sha,
        "headSha": s.head_sha,
        "startSha": s.base_sha,
    },
    mergeCommitSha=lambda c, s, a: s.merge_sha,
    squash=lambda c, s, a: s.squash_sha is not None,
    squashOnMerge=lambda c, s, a: s.squash_sha is not None,
    detailedMergeStatus=lambda c, s, a: _merge_status(c, s),
    conflicts=lambda c, s, a: s.conflict and s.state == "open",
    webUrl=lambda c, s, a: _web(c, s, "merge_requests"),
    commitCount=lambda c, s, a: len(s.commits),
    diffStatsSummary=lambda c, s, a: _summary(c.view.code.files_of(s)),
    diffStats=lambda c, s, a: [
        one for one in c.view.code.files_of(s) if a.get("path") in (None, one.path)
    ],
    headPipeline=lambda c, s, a: c.view.head_pipeline(s),
    approved=lambda c, s, a: bool(c.view.approvals(s)),
    approvedBy=lambda c, s, a: _people([one.author for one in c.view.approvals(s)], s, a),
    discussionLocked=lambda c, s, a: s.locked,
    timeEstimate=lambda c, s, a: 0,
    userNotesCount=lambda c, s, a: len(s.comments),
    forceRemoveSourceBranch=lambda c, s, a: True,
    assignees=lambda c, s, a: _people(s.assignees, s, a),
    reviewers=lambda c, s, a: _people(s.reviewers, s, a),
    labels=lambda c, s, a: connection([(s.repo_id, title) for title in sorted(s.labels)], a),
    commits=lambda c, s, a: connection(_commits(c, s, merges=True), a),
    commitsWithoutMergeCommits=lambda c, s, a: connection(_commits(c, s, merges=False), a),
    notes=_notes,
    pipelines=lambda c, s, a: connection(c.view.change_runs(s), a),
)
_type(
    "Commit",
    id=lambda c, s, a: gid("CommitPresenter", s.sha),
    shortId=lambda c, s, a: s.sha[:8],
    title=lambda c, s, a: s.subject,
    authoredDate=lambda c, s, a: whole(s.authored),
    # An address that belongs to no account any more gives no user.
    author=lambda c, s, a: None if s.author is None else Who(s.author),
    authorName=lambda c, s, a: _person(c, Who(s.author))["name"],
    webUrl=lambda c, s, a: c.shapes.commit(s)["web_url"],
)
_type(
    "Note",
    id=lambda c, s, a: gid("Note", s.comment.id),
    system=lambda c, s, a: s.action is not None,
    body=lambda c, s, a: s.comment.body,
    createdAt=lambda c, s, a: whole(s.comment.at),
    updatedAt=lambda c, s, a: whole(s.comment.at),
    author=lambda c, s, a: Who(s.comment.author),
    systemNoteMetadata=lambda c, s, a: None if s.action is None else s,
)
_type(
    "SystemNoteMetadata",
    id=lambda c, s, a: gid("SystemNoteMetadata", s.comment.id),
)
_type(
    "Pipeline",
    id=lambda c, s, a: gid("Ci::Pipeline", s.id),
    iid=lambda c, s, a: str(s.number),
    status=lambda c, s, a: run_status(s).upper(),
    ref=lambda c, s, a: _ref(c, s),
    refPath=lambda c, s, a: _source_ref(s),
    createdAt=lambda c, s, a: whole(s.created),
    updatedAt=lambda c, s, a: whole(s.updated),
    startedAt=lambda c, s, a: whole(s.last.started),
    finishedAt=lambda c, s, a: whole(s.last.finished),
    committedAt=lambda c, s, a: None,
    duration=lambda c, s, a: whole_seconds(s.last.started, s.last.finished),
    queuedDuration=lambda c, s, a: seconds(s.last.created, s.last.started),
    coverage=lambda c, s, a: coverage(s.jobs),
    path=lambda c, s, a: str(c.shapes.pipeline(s)["web_url"]).removeprefix(SITE),
    mergeRequestEventType=lambda c, s, a: merge_request_event(s),
    source=lambda c, s, a: run_source(s),
    name=lambda c, s, a: None,
    upstream=lambda c, s, a: c.view.code.ci.runs.get(s.parent_id or 0),
    sourceJob=lambda c, s, a: (
        None if s.parent_id is None else JobOf(c.view.code.ci.runs[s.parent_id], None, s)
    ),
    downstream=lambda c, s, a: connection(c.view.children(s), a),
    project=lambda c, s, a: _repo(c, s.repo_id),
    user=lambda c, s, a: Who(s.actor),
    active=lambda c, s, a: s.status != "completed",
    complete=lambda c, s, a: s.status == "completed",
    commit=lambda c, s, a: _commit(c, s.repo_id, s.sha),
    jobs=_jobs,
    testReportSummary=lambda c, s, a: s,
)


def _started(one: JobOf) -> datetime | None:
    return one.job.started if one.job else one.child.last.started if one.child else None


def _finished(one: JobOf) -> datetime | None:
    return one.job.finished if one.job else one.child.last.finished if one.child else None


def _job_id(one: JobOf) -> str:
    if one.job is not None:
        return gid("Ci::Build", one.job.id)
    assert one.child is not None
    return gid("Ci::Bridge", one.child.id * 10 + 1)


def _job_path(c: Graph, one: JobOf) -> str | None:
    if one.job is None:
        return None
    return f"/{c.view.code.repositories[one.run.repo_id].path}/-/jobs/{one.job.id}"


_type(
    "CiJob",
    id=lambda c, s, a: _job_id(s),
    name=lambda c, s, a: s.job.name if s.job else s.child.workflow,
    stage=lambda c, s, a: {"id": gid("Ci::Stage", s.run.id), "name": s.job.stage if s.job else ""},
    status=lambda c, s, a: (job_status(s.job) if s.job else run_status(s.child)).upper(),
    kind=lambda c, s, a: "BUILD" if s.job else "BRIDGE",
    allowFailure=lambda c, s, a: s.job.allow_failure if s.job else False,
    retried=lambda c, s, a: s.job.retried if s.job else False,
    coverage=lambda c, s, a: s.job.coverage if s.job else None,
    createdAt=lambda c, s, a: whole(s.job.created if s.job else s.child.created),
    queuedAt=lambda c, s, a: whole(s.job.created if s.job else s.child.created),
    startedAt=lambda c, s, a: whole(_started(s)),
    finishedAt=lambda c, s, a: whole(_finished(s)),
    duration=lambda c, s, a: whole_seconds(_started(s), _finished(s)),
    webPath=lambda c, s, a: _job_path(c, s),
    refName=lambda c, s, a: _ref(c, s.run),
    pipeline=lambda c, s, a: s.run,
)
_type(
    "TestReportSummary",
    total=lambda c, s, a: total([tests for _, tests in _suites(s)]),
    testSuites=lambda c, s, a: connection(_suites(s), a),
)
_type(
    "TestReportTotal",
    count=lambda c, s, a: s.total,
    success=lambda c, s, a: s.passed,
    error=lambda c, s, a: s.errors,
    time=lambda c, s, a: s.seconds,
    suiteError=lambda c, s, a: None,
)
_type(
    "TestSuiteSummary",
    name=lambda c, s, a: s[0].name,
    totalTime=lambda c, s, a: s[1].seconds,
    totalCount=lambda c, s, a: s[1].total,
    successCount=lambda c, s, a: s[1].passed,
    failedCount=lambda c, s, a: s[1].failed,
    skippedCount=lambda c, s, a: s[1].skipped,
    errorCount=lambda c, s, a: s[1].errors,
    buildIds=lambda c, s, a: [str(s[0].id)],
    suiteError=lambda c, s, a: None,
)


def _tagged(c: Graph, one: Release) -> Commit | None:
    tag = c.view.code.tags.get((one.repo_id, one.tag))
    return None if tag is None else _commit(c, one.repo_id, tag.sha)


_type(
    "Release",
    tagName=lambda c, s, a: s.tag,
    description=lambda c, s, a: s.body,
    createdAt=lambda c, s, a: whole(s.created),
    releasedAt=lambda c, s, a: whole(s.published or s.created),
    upcomingRelease=lambda c, s, a: s.published is not None and s.published > c.shapes.now,
    author=lambda c, s, a: Who(s.author),
    commit=lambda c, s, a: _tagged(c, s),
)

#: Every field that is more than an attribute of its source.
FIELDS: Mapping[tuple[str, str], Resolver] = _FIELDS
