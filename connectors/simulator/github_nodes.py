"""Answers of GitHub's GraphQL: one function for each field that is no plain attribute."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.simulator import github_projects as projects
from connectors.simulator import github_timeline as timeline
from connectors.simulator.code import Item
from connectors.simulator.code_things import (
    ChangeRequest,
    Commit,
    CommitStatus,
    Deployment,
    FileEdit,
    Group,
    HostIssue,
    HostMilestone,
    Repository,
    ReviewDef,
    Run,
)
from connectors.simulator.github_checks import EVENTS, Check, checks_at, rolled_up, statuses_now
from connectors.simulator.github_ids import instant, node_id, parse_instant, parse_node_id
from connectors.simulator.github_pages import Page, ordered, page
from connectors.simulator.github_scene import (
    SITE,
    Args,
    Scene,
    at,
    check_url,
    get,
    labelled,
    linked,
    person,
    reason_word,
    typed,
)
from connectors.simulator.graphql import Refused, Resolver
from connectors.simulator.world import Person

#: GraphQL has no larger whole number.
LARGEST = 2**31 - 1


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
            seen = change and not change.deleted and scene.seen(scene.repo(change.repo_id))
            thing = change if seen else None
        elif kind == "PVT":
            thing = projects.seen(scene, code.projects.all.get(number))
        elif kind == "PVTI":
            thing = projects.item_of(scene, number)
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
    return [_or_refused(scene, source, one) for one in args["ids"]]


def _or_refused(scene: Scene, source: Any, id_: str) -> Any:
    """A thing, or the refusal that leaves a hole in its place and spares the others."""
    try:
        return _node(scene, source, {"id": id_})
    except Refused as refused:
        return refused


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
    return ordered(
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
    return ordered(
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


def _author(scene: Scene, one: Any, _: Args) -> Any:
    return person(scene, one.author)


def _people(scene: Scene, one: Item, args: Args) -> Page:
    found = [scene.world.people[name] for name in one.assignees if name in scene.world.people]
    return page(found, args)


def _labels(scene: Scene, one: Item, args: Args) -> Page:
    repo = scene.repo(one.repo_id)
    order = args.get("orderBy") or {}
    names = sorted(one.labels) if order.get("field") == "NAME" else one.labels
    return page(names, args, lambda name: labelled(scene.code.label_id(repo, name), name))


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
    return reason_word(one.reason, bool(args.get("enableDuplicate")))


def _issue_type(scene: Scene, one: HostIssue, _: Args) -> Any:
    return typed(one.type)


def _parent(scene: Scene, one: HostIssue, _: Args) -> Any:
    return linked(scene, one.parent_id)


def _closing(scene: Scene, one: ChangeRequest, args: Args) -> Page:
    found = [linked(scene, id_) for id_ in one.closes]
    return page([issue for issue in found if issue is not None], args)


def _blocked_by(scene: Scene, one: HostIssue, args: Args) -> Page:
    found = [linked(scene, id_) for id_ in one.blocked_by]
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


# --- commits and checks ---------------------------------------------------------------------------


def _parents(scene: Scene, one: Commit, args: Args) -> Page:
    repo = scene.repo(one.repo_id)
    return page(one.parents, args, lambda sha: scene.code.git.at(repo, sha))


def _git_actor(scene: Scene, one: Commit, _: Args) -> Any:
    return {"user": person(scene, one.author)}


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


def _workflow(scene: Scene, run: Run, _: Args) -> Any:
    return {"__typename": "Workflow", "id": node_id("W", run.workflow_id), "name": run.workflow}


# --- the table ------------------------------------------------------------------------------------


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
        ("Repository", "nameWithOwner"): get("path"),
        ("Repository", "isPrivate"): get("private"),
        ("Repository", "isArchived"): get("archived"),
        ("Repository", "hasIssuesEnabled"): lambda _, one, __: "issues" in one.features,
        ("Repository", "issues"): _issues,
        ("Repository", "issue"): _issue,
        ("Repository", "pullRequests"): _pull_requests,
        ("Repository", "pullRequest"): _pull_request,
        ("Repository", "deployments"): _deployments,
        ("Deployment", "id"): _id("DE"),
        ("Deployment", "databaseId"): _number,
        ("Deployment", "commitOid"): get("sha"),
        ("Deployment", "createdAt"): at("created"),
        ("Deployment", "updatedAt"): at("updated"),
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
        ("Issue", "blockedBy"): _blocked_by,
        ("Issue", "parent"): _parent,
        ("PullRequest", "id"): _id("PR"),
        ("PullRequest", "isDraft"): get("draft"),
        ("PullRequest", "merged"): lambda _, one, __: one.state == "merged",
        ("PullRequest", "mergedAt"): at("merged_at"),
        ("PullRequest", "mergedBy"): lambda scene, one, _: person(scene, one.merged_by),
        ("PullRequest", "headRefName"): get("head_branch"),
        ("PullRequest", "headRefOid"): get("head_sha"),
        ("PullRequest", "baseRefName"): get("base_branch"),
        ("PullRequest", "baseRefOid"): get("base_sha"),
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
        ("PullRequestCommit", "commit"): get("one"),
        ("PullRequestChangedFile", "changeType"): lambda _, one, __: _CHANGES[one.change],
        ("PullRequestReview", "id"): _of("one", _id("PRR")),
        ("PullRequestReview", "databaseId"): _of("one", _number),
        ("PullRequestReview", "fullDatabaseId"): _of("one", _text("id")),
        ("PullRequestReview", "author"): _of("one", _author),
        ("PullRequestReview", "createdAt"): _of("one", at("at")),
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
        ("Commit", "oid"): get("sha"),
        ("Commit", "author"): _git_actor,
        ("Commit", "authoredDate"): at("authored"),
        ("Commit", "committedDate"): at("committed"),
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
        ("CheckRun", "startedAt"): at("started"),
        ("CheckRun", "completedAt"): at("finished"),
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
        ("StatusContext", "createdAt"): at("at"),
        ("StatusContext", "targetUrl"): get("target_url"),
        ("StatusContext", "creator"): lambda scene, one, _: person(scene, one.creator),
        ("StatusContext", "isRequired"): _required("context"),
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
            (kind, "createdAt"): at("created"),
            (kind, "updatedAt"): at("updated"),
            (kind, "closedAt"): at("closed"),
            (kind, "timelineItems"): timeline.entries,
        }
    for kind in ("User", "Bot"):
        found[kind, "id"] = lambda scene, one, _: node_id("U", scene.code.user_id(one.account_id))
        found[kind, "databaseId"] = _user_number
        found[kind, "url"] = _user_url
    for name in (*_CONNECTIONS, *projects.CONNECTIONS):
        found[f"{name}Connection", "totalCount"] = get("total")
        found[f"{name}Connection", "pageInfo"] = lambda _, one, __: {
            "hasNextPage": one.more,
            "hasPreviousPage": one.before,
            "startCursor": one.first,
            "endCursor": one.last,
        }
    return found


_CHANGES = {
    "added": "ADDED",
    "modified": "MODIFIED",
    "removed": "DELETED",
    "renamed": "RENAMED",
}
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
RESOLVERS = {**_table(), **timeline.RESOLVERS, **projects.RESOLVERS}
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
    if isinstance(value, timeline.Moment):
        return value.type
    if isinstance(value, In):
        return "PullRequestReview" if isinstance(value.one, ReviewDef) else "PullRequestCommit"
    if isinstance(value, Mapping):
        return str(value["__typename"])
    return projects.type_of(value) or _TYPES[type(value)]
