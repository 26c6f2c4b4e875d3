"""Answers of GitHub's GraphQL: one function for each field that is no plain attribute."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from connectors.simulator.code import CodeWorld, Item
from connectors.simulator.code_things import (
    ChangeRequest,
    CodeAccess,
    Commit,
    CommitStatus,
    Deployment,
    FileEdit,
    Group,
    HostEvent,
    HostIssue,
    HostMilestone,
    Repository,
    ReviewDef,
    Run,
)
from connectors.simulator.github_checks import (
    EVENTS,
    Check,
    checks_at,
    rolled_up,
    statuses_now,
)
from connectors.simulator.github_ids import (
    cursor,
    instant,
    node_id,
    parse_cursor,
    parse_instant,
    parse_node_id,
)
from connectors.simulator.graphql import Refused, Resolver
from connectors.simulator.limits import Taken
from connectors.simulator.world import Credential, Person, World

#: Where people look at it.
SITE = "https://github.example.net"
#: GraphQL has no larger whole number.
LARGEST = 2**31 - 1
#: Most items on a page.
FULL_PAGE = 100
T = TypeVar("T")
Args = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """Who asks, when, and what that costs."""

    world: World
    who: Credential
    #: None: limits are switched off.
    taken: Taken | None = None
    cost: int = 1
    nodes: int = 0

    @property
    def code(self) -> CodeWorld:
        """The code hosts."""
        return self.world.code

    @property
    def access(self) -> CodeAccess:
        """What the login may do."""
        return self.code.access_of(self.who)

    def need(self, *permissions: str) -> None:
        """Refuse a field if the token lacks one of these."""
        if self.access.lacking.intersection(permissions):
            raise Refused("Resource not accessible by personal access token", "FORBIDDEN")

    def repo(self, id_: int) -> Repository:
        """A repository by its id."""
        return self.code.repositories[id_]

    def seen(self, repo: Repository | None) -> Repository | None:
        """The repository, if the login may see it and its single sign-on lets the token in."""
        if repo is None or repo.host != "github" or not self.code.visible(self.who, repo):
            return None
        if repo.private and repo.group_id in self.access.unauthorised:
            raise Refused(
                "Resource protected by organization SAML enforcement. You must grant your Personal"
                " Access token access to this organization.",
                "FORBIDDEN",
            )
        return repo


@dataclass(frozen=True, slots=True)
class In:
    """A thing together with the one that it belongs to."""

    one: Any
    of: Any


@dataclass(frozen=True, slots=True)
class Rollup:
    """All checks of a commit."""

    commit: Commit
    checks: list[Check]
    statuses: list[CommitStatus]


@dataclass(frozen=True, slots=True)
class Moment:
    """An entry of a timeline under its type's name."""

    type: str
    item: Item
    event: HostEvent


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a connection."""

    nodes: Sequence[Any]
    total: int
    first: str | None
    last: str | None
    more: bool
    before: bool = False


# --- connections ----------------------------------------------------------------------------------


def page(
    items: Sequence[T],
    args: Args,
    make: Callable[[T], Any] = lambda one: one,
    key: Callable[[int, T], Any] | None = None,
    after: Callable[[Any], int] | None = None,
) -> Page:
    """A page of a list; cursors count places, or hold the `key` that `after` finds a place by."""
    size = args.get("first") or args.get("last")
    if size is None:
        raise Refused(
            "You must provide a `first` or `last` value to properly paginate the connection.",
            "MISSING_PAGINATION_BOUNDARIES",
        )
    if size > FULL_PAGE:
        raise Refused(
            f"Requesting {size} records on the connection exceeds the `first` limit of"
            f" {FULL_PAGE} records.",
            "EXCESSIVE_PAGINATION",
        )
    start = 0
    if args.get("after"):
        try:
            held = parse_cursor(args["after"])
            start = after(held) if after else int(held) + 1
        except (ValueError, TypeError) as error:
            raise Refused(
                f"`{args['after']}` does not appear to be a valid cursor.",
                "INVALID_CURSOR_ARGUMENTS",
            ) from error
    if args.get("last") and not args.get("first"):
        start = max(start, len(items) - size)
    stop = min(len(items), start + size)
    named = key or (lambda place, _: place)
    return Page(
        [make(one) for one in items[start:stop]],
        len(items),
        cursor(named(start, items[start])) if start < stop else None,
        cursor(named(stop - 1, items[stop - 1])) if start < stop else None,
        stop < len(items),
        start > 0,
    )


def _ordered(items: Sequence[Any], args: Args, make: Callable[[Any], Any]) -> Page:
    """Issues or pull requests in the order that is asked for; cursors hold its key."""
    order = args.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
    down = order["direction"] == "DESC"
    field = {"UPDATED_AT": "updated", "COMMENTS": "comments"}.get(order["field"], "created")

    def key(_: int, one: Any) -> list[Any]:
        value = getattr(one, field)
        held = value.timestamp() if isinstance(value, datetime) else len(value)
        return [held, one.number]

    ranked = sorted(items, key=lambda one: key(0, one), reverse=down)

    def after(held: list[Any]) -> int:
        return sum(1 for one in ranked if (key(0, one) >= held if down else key(0, one) <= held))

    return page(ranked, args, make, key, after)


# --- roots ----------------------------------------------------------------------------------------


def _node(scene: Scene, _: Any, args: Args) -> Any:
    found = parse_node_id(args["id"])
    thing: Any = None
    if found is not None:
        kind, number = found
        code = scene.code
        if kind == "R":
            thing = scene.seen(code.repositories.get(number))
        elif kind == "I":
            issue = code.issues.get(number)
            if issue and not issue.deleted and scene.seen(scene.repo(issue.repo_id)):
                thing = issue
        elif kind == "PR":
            change = code.changes.get(number)
            thing = change if change and scene.seen(scene.repo(change.repo_id)) else None
        elif kind == "U":
            thing = next(
                (
                    one
                    for one in scene.world.people.values()
                    if code.user_id(one.account_id) == number
                ),
                None,
            )
    if thing is None:
        raise Refused(
            f"Could not resolve to a node with the global id of '{args['id']}'", "NOT_FOUND"
        )
    return thing


def _nodes(scene: Scene, source: Any, args: Args) -> Any:
    return [_node(scene, source, {"id": one}) for one in args["ids"]]


def _repository(scene: Scene, _: Any, args: Args) -> Any:
    path = f"{args['owner']}/{args['name']}"
    found = scene.seen(scene.code.repository_at("github", path))
    if found is None:
        raise Refused(f"Could not resolve to a Repository with the name '{path}'.", "NOT_FOUND")
    return found


def _rate_limit(scene: Scene, _: Any, __: Args) -> Any:
    taken = scene.taken
    if taken is None:
        return None
    return {
        "limit": taken.limit,
        "remaining": taken.remaining,
        "used": taken.limit - taken.remaining,
        "resetAt": instant(taken.reset),
        "cost": scene.cost,
        "nodeCount": scene.nodes,
    }


def _viewer(scene: Scene, _: Any, __: Args) -> Any:
    return scene.world.people[scene.who.account_id]


# --- repositories ---------------------------------------------------------------------------------


def _issues(scene: Scene, repo: Repository, args: Args) -> Page:
    scene.need("issues")
    filters = args.get("filterBy") or {}
    states = args.get("states") or filters.get("states")
    since = parse_instant(filters["since"]) if filters.get("since") else None
    found = [] if "issues" not in repo.features else scene.code.issues_in(repo)
    return _ordered(
        [
            one
            for one in found
            if (not states or one.state.upper() in states)
            and (since is None or one.updated >= since)
            and set(filters.get("labels") or ()) <= set(one.labels)
        ],
        args,
        lambda one: one,
    )


def _pull_requests(scene: Scene, repo: Repository, args: Args) -> Page:
    scene.need("changes")
    states = args.get("states")
    return _ordered(
        [one for one in scene.code.changes_in(repo) if not states or one.state.upper() in states],
        args,
        lambda one: one,
    )


def _issue(scene: Scene, repo: Repository, args: Args) -> Any:
    scene.need("issues")
    found = scene.code.issue_numbered(repo, args["number"])
    if found is not None and found.transferred_to is not None:
        found = scene.code.issues[found.transferred_to]
    if found is None or found.deleted or "issues" not in repo.features:
        raise Refused(
            f"Could not resolve to an Issue with the number of {args['number']}.", "NOT_FOUND"
        )
    return found


def _pull_request(scene: Scene, repo: Repository, args: Args) -> Any:
    scene.need("changes")
    found = scene.code.change_numbered(repo, args["number"])
    if found is None:
        raise Refused(
            f"Could not resolve to a PullRequest with the number of {args['number']}.",
            "NOT_FOUND",
        )
    return found


def _deployments(scene: Scene, repo: Repository, args: Args) -> Page:
    scene.need("deployments")
    order = args.get("orderBy") or {"direction": "ASC"}
    found = sorted(
        (one for one in scene.code.deployments.values() if one.repo_id == repo.id),
        key=lambda one: one.id,
        reverse=order["direction"] == "DESC",
    )
    return page(found, args)


def _deployment_state(scene: Scene, one: Deployment, _: Args) -> str:
    return "ACTIVE" if one.state == "success" else _STATES.get(one.state, one.state.upper())


#: Words of the company that GraphQL has others for.
_STATES = {"running": "IN_PROGRESS", "cancelled": "INACTIVE"}


def _deployment_status(scene: Scene, one: Deployment, _: Args) -> Any:
    if not one.states:
        return None
    id_, at, state = one.states[-1]
    return {
        "__typename": "DeploymentStatus",
        "id": node_id("DES", id_),
        "state": _STATES.get(state, state.upper()),
        "createdAt": instant(at),
        "environmentUrl": None,
    }


# --- issues and pull requests ---------------------------------------------------------------------


def _person(scene: Scene, account_id: str | None) -> Person | None:
    return scene.world.people.get(account_id) if account_id else None


def _author(scene: Scene, one: Any, _: Args) -> Any:
    return _person(scene, one.author)


def _people(scene: Scene, one: Item, args: Args) -> Page:
    found = [scene.world.people[name] for name in one.assignees if name in scene.world.people]
    return page(found, args)


def _labels(scene: Scene, one: Item, args: Args) -> Page:
    repo = scene.repo(one.repo_id)
    order = args.get("orderBy") or {}
    names = sorted(one.labels) if order.get("field") == "NAME" else one.labels
    return page(names, args, lambda name: _label(scene.code.label_id(repo, name), name))


def _label(id_: int, name: str) -> dict[str, Any]:
    return {"__typename": "Label", "id": node_id("LA", id_), "name": name}


def _milestone(scene: Scene, one: Item, _: Args) -> Any:
    return scene.code.milestones.get(one.milestone_id or 0)


def _home(scene: Scene, one: Item, _: Args) -> Repository:
    return scene.repo(one.repo_id)


def _url(scene: Scene, one: Item, _: Args) -> str:
    noun = "issues" if isinstance(one, HostIssue) else "pull"
    return f"{SITE}/{scene.repo(one.repo_id).path}/{noun}/{one.number}"


def _state(scene: Scene, one: Item, _: Args) -> str:
    return one.state.upper()


def _reason(scene: Scene, one: HostIssue, args: Args) -> str | None:
    return _reason_word(one.reason, bool(args.get("enableDuplicate")))


def _reason_word(reason: str | None, duplicate: bool) -> str | None:
    if reason == "duplicate" and not duplicate:
        return "NOT_PLANNED"
    return reason.upper() if reason else None


def _issue_type(scene: Scene, one: HostIssue, _: Args) -> Any:
    return _typed(one.type)


def _typed(name: str | None) -> Any:
    return {"__typename": "IssueType", "id": f"IT_{name}", "name": name} if name else None


def _parent(scene: Scene, one: HostIssue, _: Args) -> Any:
    return _linked(scene, one.parent_id)


def _linked(scene: Scene, id_: int | None) -> HostIssue | None:
    """An issue that another one names; None if the login does not see it."""
    found = scene.code.issues.get(id_ or 0)
    if found is None or found.deleted:
        return None
    return found if scene.code.visible(scene.who, scene.repo(found.repo_id)) else None


def _closing(scene: Scene, one: ChangeRequest, args: Args) -> Page:
    found = [_linked(scene, id_) for id_ in one.closes]
    return page([issue for issue in found if issue is not None], args)


def _commits(scene: Scene, one: ChangeRequest, args: Args) -> Page:
    repo = scene.repo(one.repo_id)
    return page(one.commits[:250], args, lambda sha: In(scene.code.git.at(repo, sha), one))


def _files(scene: Scene, one: ChangeRequest, args: Args) -> Page:
    return page(scene.code.files_of(one), args)


def _reviews(scene: Scene, one: ChangeRequest, args: Args) -> Page:
    states = args.get("states")
    found = [r for r in one.reviews if not states or r.verdict.upper() in states]
    return page(found, args, lambda review: In(review, one))


def _lines(name: str) -> Resolver:
    def resolve(scene: Scene, one: ChangeRequest, _: Args) -> int:
        return sum(getattr(edit, name) for edit in scene.code.files_of(one))

    return resolve


def _merge_commit(scene: Scene, one: ChangeRequest, _: Args) -> Any:
    if one.state != "merged":
        return None
    return scene.code.git.get(scene.repo(one.repo_id), one.merge_sha)


def _head_repository(scene: Scene, one: ChangeRequest, _: Args) -> Any:
    found = scene.code.repositories.get(one.head_repo_id or 0)
    return found if found and scene.code.visible(scene.who, found) else None


# --- timelines ------------------------------------------------------------------------------------

#: Types of entries by kind of event, of issues and of pull requests.
_SHARED = {
    "closed": "ClosedEvent",
    "reopened": "ReopenedEvent",
    "milestoned": "MilestonedEvent",
    "demilestoned": "DemilestonedEvent",
    "labeled": "LabeledEvent",
    "unlabeled": "UnlabeledEvent",
    "assigned": "AssignedEvent",
    "unassigned": "UnassignedEvent",
    "renamed": "RenamedTitleEvent",
    "connected": "ConnectedEvent",
    "disconnected": "DisconnectedEvent",
}
_OF_ISSUES = {
    **_SHARED,
    "transferred": "TransferredEvent",
    "converted": "ConvertedToDiscussionEvent",
    "parented": "ParentIssueAddedEvent",
    "unparented": "ParentIssueRemovedEvent",
}
_OF_CHANGES = {
    **_SHARED,
    "force_pushed": "HeadRefForcePushedEvent",
    "readied": "ReadyForReviewEvent",
    "drafted": "ConvertToDraftEvent",
    "review_requested": "ReviewRequestedEvent",
    "merged": "MergedEvent",
    "retargeted": "BaseRefChangedEvent",
    "queued": "AddedToMergeQueueEvent",
    "dequeued": "RemovedFromMergeQueueEvent",
}


def _timeline(scene: Scene, one: Item, args: Args) -> Page:
    names = _OF_ISSUES if isinstance(one, HostIssue) else _OF_CHANGES
    wanted = args.get("itemTypes")
    since = parse_instant(args["since"]) if args.get("since") else None
    found = []
    for event in one.events:
        type_ = _type_event(event) if event.kind == "typed" else names.get(event.kind)
        if type_ is None or (since is not None and event.at < since):
            continue
        if wanted is None or _screaming(type_) in wanted:
            found.append(Moment(type_, one, event))
    return page(found, args)


def _type_event(event: HostEvent) -> str:
    if event.detail["old"] is None:
        return "IssueTypeAddedEvent"
    return "IssueTypeRemovedEvent" if event.detail["new"] is None else "IssueTypeChangedEvent"


def _screaming(name: str) -> str:
    return "".join(f"_{c}" if c.isupper() else c.upper() for c in name).lstrip("_")


def _actor(scene: Scene, moment: Moment, _: Args) -> Any:
    return _person(scene, moment.event.actor)


def _detail(name: str) -> Resolver:
    return lambda scene, moment, _: moment.event.detail.get(name)


def _closed_reason(scene: Scene, moment: Moment, _: Args) -> Any:
    return _reason_word(moment.event.detail.get("reason"), True)


def _closer(scene: Scene, moment: Moment, _: Args) -> Any:
    detail = moment.event.detail
    if detail.get("change"):
        return scene.code.changes[detail["change"]]
    return scene.code.git.get(scene.repo(moment.item.repo_id), detail.get("commit"))


def _event_label(scene: Scene, moment: Moment, _: Args) -> Any:
    return _label(moment.event.detail["id"], moment.event.detail["name"])


def _assignee(scene: Scene, moment: Moment, _: Args) -> Any:
    return _person(scene, moment.event.detail["account"])


def _subject(scene: Scene, moment: Moment, _: Args) -> Any:
    detail = moment.event.detail
    if "issue" in detail:
        return scene.code.issues[detail["issue"]]
    return scene.code.changes[detail["change"]]


def _event_parent(scene: Scene, moment: Moment, _: Args) -> Any:
    return _linked(scene, moment.event.detail["issue"])


def _from(scene: Scene, moment: Moment, _: Args) -> Any:
    found = scene.repo(moment.event.detail["repository"])
    return found if scene.code.visible(scene.who, found) else None


def _event_commit(name: str) -> Resolver:
    def resolve(scene: Scene, moment: Moment, _: Args) -> Any:
        repo = scene.repo(moment.item.repo_id)
        return scene.code.git.get(repo, moment.event.detail.get(name))

    return resolve


def _base_name(scene: Scene, moment: Moment, _: Args) -> Any:
    item = moment.item
    return item.base_branch if isinstance(item, ChangeRequest) else None


# --- commits and checks ---------------------------------------------------------------------------


def _parents(scene: Scene, one: Commit, args: Args) -> Page:
    repo = scene.repo(one.repo_id)
    return page(one.parents, args, lambda sha: scene.code.git.at(repo, sha))


def _git_actor(scene: Scene, one: Commit, _: Args) -> Any:
    return {"user": _person(scene, one.author)}


def _tree(scene: Scene, one: Commit, _: Args) -> Any:
    return {"__typename": "Tree", "id": f"T_{one.tree}", "oid": one.tree}


def _rollup(scene: Scene, one: Commit, _: Args) -> Any:
    scene.need("checks", "statuses")
    repo = scene.repo(one.repo_id)
    checks = checks_at(scene.code, repo, one.sha)
    statuses = statuses_now(scene.code, repo, one.sha)
    return Rollup(one, checks, statuses) if checks or statuses else None


def _contexts(scene: Scene, one: Rollup, args: Args) -> Page:
    return page([*one.checks, *one.statuses], args)


def _required(name: str) -> Resolver:
    def resolve(scene: Scene, one: Any, args: Args) -> bool:
        number = args.get("pullRequestNumber")
        found = parse_node_id(args.get("pullRequestId") or "")
        repo = one.repo if isinstance(one, Check) else scene.repo(one.repo_id)
        change = (
            scene.code.change_numbered(repo, number)
            if number
            else scene.code.changes.get(found[1] if found else 0)
        )
        if change is None:
            raise Refused(
                "Either pull_request_id or pull_request_number must be provided.", "INVALID"
            )
        return getattr(one, name) in repo.required.get(change.base_branch, ())

    return resolve


def _conclusion(scene: Scene, one: Check, _: Args) -> str | None:
    return one.conclusion.upper() if one.conclusion else None


def _suite(scene: Scene, one: Check, _: Args) -> Any:
    run = one.run
    return {
        "__typename": "CheckSuite",
        "id": node_id("CS", one.suite_id),
        "app": {"__typename": "App", "id": f"A_{one.app}", "slug": one.app},
        "workflowRun": run,
    }


def _check_url(scene: Scene, one: Check, _: Args) -> str:
    return check_url(one)


def check_url(one: Check) -> str:
    """Where people look at a check."""
    if one.run is not None:
        return f"{SITE}/{one.repo.path}/actions/runs/{one.run.id}/job/{one.id}"
    return f"{SITE}/{one.repo.path}/runs/{one.id}"


def _workflow(scene: Scene, run: Run, _: Args) -> Any:
    return {"__typename": "Workflow", "id": node_id("W", run.workflow_id), "name": run.workflow}


# --- the table ------------------------------------------------------------------------------------


def _at(name: str) -> Resolver:
    return lambda scene, one, _: instant(getattr(one, name))


def _get(name: str) -> Resolver:
    return lambda scene, one, _: getattr(one, name)


def _number(scene: Scene, one: Any, _: Args) -> int | None:
    """An id as a whole number, as long as it fits into GraphQL's."""
    return one.id if one.id <= LARGEST else None


def _text(name: str) -> Resolver:
    return lambda scene, one, _: str(getattr(one, name))


def _of(name: str, then: Resolver) -> Resolver:
    """The resolver of a thing that travels with its owner."""
    return lambda scene, one, args: then(scene, getattr(one, name), args)


def _id(kind: str, name: str = "id") -> Resolver:
    return lambda scene, one, _: node_id(kind, getattr(one, name))


def _user_number(scene: Scene, one: Person, _: Args) -> int:
    return scene.code.user_id(one.account_id)


def _user_url(scene: Scene, one: Person, _: Args) -> str:
    return f"{SITE}/{'apps/' if one.bot else ''}{one.login}"


def _table() -> dict[tuple[str, str], Resolver]:
    found: dict[tuple[str, str], Resolver] = {
        ("Query", "node"): _node,
        ("Query", "nodes"): _nodes,
        ("Query", "repository"): _repository,
        ("Query", "rateLimit"): _rate_limit,
        ("Query", "viewer"): _viewer,
        ("Repository", "id"): _id("R"),
        ("Repository", "databaseId"): _number,
        ("Repository", "nameWithOwner"): _get("path"),
        ("Repository", "isPrivate"): _get("private"),
        ("Repository", "isArchived"): _get("archived"),
        ("Repository", "hasIssuesEnabled"): lambda _, one, __: "issues" in one.features,
        ("Repository", "issues"): _issues,
        ("Repository", "issue"): _issue,
        ("Repository", "pullRequests"): _pull_requests,
        ("Repository", "pullRequest"): _pull_request,
        ("Repository", "deployments"): _deployments,
        ("Deployment", "id"): _id("DE"),
        ("Deployment", "databaseId"): _number,
        ("Deployment", "commitOid"): _get("sha"),
        ("Deployment", "createdAt"): _at("created"),
        ("Deployment", "updatedAt"): _at("updated"),
        ("Deployment", "state"): _deployment_state,
        ("Deployment", "latestStatus"): _deployment_status,
        ("Deployment", "ref"): lambda _, one, __: {
            "__typename": "Ref",
            "id": node_id("REF", one.id),
            "name": one.ref,
        },
        ("Milestone", "id"): _id("MI"),
        ("Issue", "id"): _id("I"),
        ("Issue", "stateReason"): _reason,
        ("Issue", "issueType"): _issue_type,
        ("Issue", "parent"): _parent,
        ("PullRequest", "id"): _id("PR"),
        ("PullRequest", "isDraft"): _get("draft"),
        ("PullRequest", "merged"): lambda _, one, __: one.state == "merged",
        ("PullRequest", "mergedAt"): _at("merged_at"),
        ("PullRequest", "mergedBy"): lambda scene, one, _: _person(scene, one.merged_by),
        ("PullRequest", "headRefName"): _get("head_branch"),
        ("PullRequest", "headRefOid"): _get("head_sha"),
        ("PullRequest", "baseRefName"): _get("base_branch"),
        ("PullRequest", "baseRefOid"): _get("base_sha"),
        ("PullRequest", "headRepository"): _head_repository,
        ("PullRequest", "isCrossRepository"): lambda _, one, __: one.head_repo_id != one.repo_id,
        ("PullRequest", "additions"): _lines("additions"),
        ("PullRequest", "deletions"): _lines("deletions"),
        ("PullRequest", "changedFiles"): lambda scene, one, _: len(scene.code.files_of(one)),
        ("PullRequest", "mergeCommit"): _merge_commit,
        ("PullRequest", "commits"): _commits,
        ("PullRequest", "files"): _files,
        ("PullRequest", "reviews"): _reviews,
        ("PullRequest", "closingIssuesReferences"): _closing,
        ("PullRequestCommit", "id"): lambda _, one, __: f"PRC_{one.of.id}_{one.one.sha}",
        ("PullRequestCommit", "commit"): _get("one"),
        ("PullRequestChangedFile", "changeType"): lambda _, one, __: _CHANGES[one.change],
        ("PullRequestReview", "id"): _of("one", _id("PRR")),
        ("PullRequestReview", "databaseId"): _of("one", _number),
        ("PullRequestReview", "fullDatabaseId"): _of("one", _text("id")),
        ("PullRequestReview", "author"): _of("one", _author),
        ("PullRequestReview", "createdAt"): _of("one", _at("at")),
        ("PullRequestReview", "submittedAt"): lambda _, one, __: (
            None if one.one.verdict == "pending" else instant(one.one.at)
        ),
        ("PullRequestReview", "state"): lambda _, one, __: one.one.verdict.upper(),
        ("PullRequestReview", "url"): lambda scene, one, args: (
            f"{_url(scene, one.of, args)}#pullrequestreview-{one.one.id}"
        ),
        ("PullRequestReview", "commit"): lambda scene, one, _: scene.code.git.get(
            scene.repo(one.of.repo_id), one.one.sha
        ),
        ("Commit", "id"): lambda _, one, __: f"C_{one.repo_id}_{one.sha}",
        ("Commit", "oid"): _get("sha"),
        ("Commit", "author"): _git_actor,
        ("Commit", "authoredDate"): _at("authored"),
        ("Commit", "committedDate"): _at("committed"),
        ("Commit", "parents"): _parents,
        ("Commit", "statusCheckRollup"): _rollup,
        ("Commit", "tree"): _tree,
        ("StatusCheckRollup", "id"): lambda _, one, __: f"SCR_{one.commit.sha}",
        ("StatusCheckRollup", "state"): lambda _, one, __: rolled_up(one.checks, one.statuses),
        ("StatusCheckRollup", "contexts"): _contexts,
        ("CheckRun", "id"): _id("CR"),
        ("CheckRun", "databaseId"): _number,
        ("CheckRun", "status"): lambda _, one, __: one.status.upper(),
        ("CheckRun", "conclusion"): _conclusion,
        ("CheckRun", "startedAt"): _at("started"),
        ("CheckRun", "completedAt"): _at("finished"),
        ("CheckRun", "url"): _check_url,
        ("CheckRun", "detailsUrl"): _check_url,
        ("CheckRun", "checkSuite"): _suite,
        ("CheckRun", "isRequired"): _required("name"),
        ("WorkflowRun", "id"): _id("WFR"),
        ("WorkflowRun", "databaseId"): _number,
        ("WorkflowRun", "event"): lambda _, one, __: EVENTS[one.kind],
        ("WorkflowRun", "workflow"): _workflow,
        ("StatusContext", "id"): _id("SC"),
        ("StatusContext", "state"): lambda _, one, __: one.state.upper(),
        ("StatusContext", "createdAt"): _at("at"),
        ("StatusContext", "targetUrl"): _get("target_url"),
        ("StatusContext", "creator"): lambda scene, one, _: _person(scene, one.creator),
        ("StatusContext", "isRequired"): _required("context"),
        ("ClosedEvent", "stateReason"): _closed_reason,
        ("ClosedEvent", "closer"): _closer,
        ("RenamedTitleEvent", "previousTitle"): _detail("old"),
        ("RenamedTitleEvent", "currentTitle"): _detail("new"),
        ("TransferredEvent", "fromRepository"): _from,
        ("HeadRefForcePushedEvent", "beforeCommit"): _event_commit("before"),
        ("HeadRefForcePushedEvent", "afterCommit"): _event_commit("after"),
        ("MergedEvent", "commit"): _event_commit("sha"),
        ("MergedEvent", "mergeRefName"): _base_name,
        ("BaseRefChangedEvent", "previousRefName"): _detail("old"),
        ("BaseRefChangedEvent", "currentRefName"): _detail("new"),
        ("RemovedFromMergeQueueEvent", "reason"): lambda *_: None,
    }
    for kind in ("Issue", "PullRequest"):
        found |= {
            (kind, "databaseId"): _number,
            (kind, "fullDatabaseId"): _text("id"),
            (kind, "author"): _author,
            (kind, "assignees"): _people,
            (kind, "labels"): _labels,
            (kind, "milestone"): _milestone,
            (kind, "repository"): _home,
            (kind, "url"): _url,
            (kind, "state"): _state,
            (kind, "createdAt"): _at("created"),
            (kind, "updatedAt"): _at("updated"),
            (kind, "closedAt"): _at("closed"),
            (kind, "timelineItems"): _timeline,
        }
    for kind in ("User", "Bot"):
        found[kind, "id"] = lambda scene, one, _: node_id("U", scene.code.user_id(one.account_id))
        found[kind, "databaseId"] = _user_number
        found[kind, "url"] = _user_url
    for kind in {*_OF_ISSUES.values(), *_OF_CHANGES.values(), *_TYPE_EVENTS}:
        found[kind, "id"] = lambda _, one, __: node_id("EV", one.event.id)
        found[kind, "createdAt"] = lambda _, one, __: instant(one.event.at)
        found[kind, "actor"] = _actor
    for kind in ("MilestonedEvent", "DemilestonedEvent"):
        found[kind, "milestoneTitle"] = _detail("title")
    for kind in ("LabeledEvent", "UnlabeledEvent"):
        found[kind, "label"] = _event_label
    for kind in ("AssignedEvent", "UnassignedEvent"):
        found[kind, "assignee"] = _assignee
    for kind in ("ConnectedEvent", "DisconnectedEvent"):
        found[kind, "subject"] = _subject
    for kind in ("ParentIssueAddedEvent", "ParentIssueRemovedEvent"):
        found[kind, "parent"] = _event_parent
    for kind in _TYPE_EVENTS:
        gone = kind == "IssueTypeRemovedEvent"
        found[kind, "issueType"] = _event_type("old" if gone else "new")
        found[kind, "prevIssueType"] = _event_type("old")
    for name in _CONNECTIONS:
        found[f"{name}Connection", "totalCount"] = _get("total")
        found[f"{name}Connection", "pageInfo"] = lambda _, one, __: {
            "hasNextPage": one.more,
            "hasPreviousPage": one.before,
            "startCursor": one.first,
            "endCursor": one.last,
        }
    return found


def _event_type(name: str) -> Resolver:
    return lambda scene, moment, _: _typed(moment.event.detail[name])


_CHANGES = {
    "added": "ADDED",
    "modified": "MODIFIED",
    "removed": "DELETED",
    "renamed": "RENAMED",
}
_TYPE_EVENTS = ("IssueTypeAddedEvent", "IssueTypeChangedEvent", "IssueTypeRemovedEvent")
_CONNECTIONS = (
    "Commit",
    "Deployment",
    "Issue",
    "IssueTimelineItems",
    "Label",
    "PullRequest",
    "PullRequestChangedFile",
    "PullRequestCommit",
    "PullRequestReview",
    "PullRequestTimelineItems",
    "StatusCheckRollupContext",
    "User",
)
RESOLVERS = _table()
_TYPES: dict[type, str] = {
    Repository: "Repository",
    HostIssue: "Issue",
    ChangeRequest: "PullRequest",
    Commit: "Commit",
    Check: "CheckRun",
    CommitStatus: "StatusContext",
    HostMilestone: "Milestone",
    Deployment: "Deployment",
    Run: "WorkflowRun",
    Group: "Organization",
    FileEdit: "PullRequestChangedFile",
}


def type_of(value: Any) -> str:
    """Name of the schema's type of a thing."""
    if isinstance(value, Person):
        return "Bot" if value.bot else "User"
    if isinstance(value, Moment):
        return value.type
    if isinstance(value, In):
        return "PullRequestReview" if isinstance(value.one, ReviewDef) else "PullRequestCommit"
    if isinstance(value, Mapping):
        return str(value["__typename"])
    return _TYPES[type(value)]
