"""What belongs to a pull request: reviews, commits, files, pushes, links, checks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.contract import (
    NotAllowed,
    NotFound,
    Page,
    RawRecord,
    ScopeRef,
    UnexpectedAnswer,
    Unreadable,
    Window,
)
from connectors.github import graphql
from connectors.github.documents import document, numbered
from connectors.github.events import CHANGE_EVENTS
from connectors.github.graphql import TooMuch, Trouble, next_cursor
from connectors.github.histories import split, unreadable
from connectors.github.paging import everything
from connectors.github.site import Site, encoded, node_of, payload
from connectors.instants import instant

#: Pull requests per GraphQL request of the follow-up.
TOGETHER = 10
#: REST lists the check runs of so many suites of a commit, the newest ones.
MOST_SUITES = 1000
#: part of the document -> name in the payload.
PARTS = {
    "reviews": "reviews",
    "commits": "commits",
    "files": "files",
    "timelineItems": "events",
    "closingIssuesReferences": "closing",
    "headChecks": "head_checks",
    "landedChecks": "landed_checks",
}
#: part -> (switch, cursor) of `details_page`.
_SWITCHES = {
    "reviews": ("reviews", "reviewsAfter"),
    "commits": ("commits", "commitsAfter"),
    "files": ("files", "filesAfter"),
    "timelineItems": ("timeline", "timelineAfter"),
    "closingIssuesReferences": ("closing", "closingAfter"),
    "headChecks": ("headChecks", "headChecksAfter"),
    "landedChecks": ("landedChecks", "landedChecksAfter"),
}


def read(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """Details of the pull requests asked for; one that cannot be had is named with its reason."""
    known, unknown = split(site, scope, window)
    if unknown:
        yield Page((), unreadable=unknown)
    if site.uses_graphql:
        yield from _by_graphql(site, scope, known)
        return
    for id_, number in known:
        try:
            record = _by_rest(site, scope, id_, number)
        except (NotAllowed, NotFound) as error:
            yield Page((), unreadable=(unreadable(id_, error),))
            continue
        yield Page((record,), done_ids=(id_,))


# --- GraphQL --------------------------------------------------------------------------------


def along(
    scope: ScopeRef,
    id_: str,
    details: Mapping[str, Any],
    updated: str | None,
    holes: Sequence[Trouble],
    depth: int,
) -> RawRecord | None:
    """The details that came with a pull request; None where a part of them goes on.

    `holes` are the errors inside this pull request, whose path begins after `depth` parts.
    """
    parts = {name: _Part(name, details.get(name)) for name in PARTS}
    _mark(parts, holes, depth)
    if any(part.after is not None for part in parts.values()):
        return None
    return _record(scope, id_, parts, updated)


class _Part:
    """One part of the details being gathered."""

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self.nodes: list[Any] = []
        self.after: str | None = None
        #: the commit that checks belong to.
        self.sha: str | None = None
        #: how many the server says there are.
        self.total: int | None = None
        self.trouble: Trouble | None = None
        self.add(value)

    def _lost(self) -> None:
        """Left out without a word: that is not an empty list."""
        self.after = None
        if self.trouble is None:
            self.trouble = Trouble("LEFT_OUT", "the server left it out of its answer", ())

    def add(self, value: Any) -> None:
        """What one answer holds of this part."""
        held = value
        if self.name == "headChecks":
            commits = value.get("nodes") if isinstance(value, dict) else None
            first = commits[0] if isinstance(commits, list) and commits else None
            held = first.get("commit") if isinstance(first, dict) else None
        if self.name in ("headChecks", "landedChecks"):
            commit = held if isinstance(held, dict) else {}
            self.sha = commit.get("oid") or self.sha
            rollup = commit.get("statusCheckRollup")
            if not isinstance(rollup, dict):
                # No check was ever reported for this commit.
                self.after = None
                return
            held = rollup.get("contexts")
        if not isinstance(held, dict) or not isinstance(held.get("nodes"), list):
            self._lost()
            return
        total = held.get("totalCount")
        self.total = total if isinstance(total, int) else self.total
        nodes = held.get("nodes")
        self.nodes.extend(one for one in nodes or () if one is not None)
        self.after = next_cursor(held)

    @property
    def payload(self) -> Any:
        """As it stands in the payload."""
        if self.trouble is not None:
            said = {"unavailable": self.trouble.message, "status": self.trouble.status}
            if self.name in ("headChecks", "landedChecks") and self.sha:
                said["sha"] = self.sha
            return said
        if self.name in ("headChecks", "landedChecks"):
            return None if self.sha is None else {"sha": self.sha, "contexts": self.nodes}
        return self.nodes


def _mark(parts: Mapping[str, _Part], holes: Sequence[Trouble], depth: int) -> None:
    for hole in holes:
        name = hole.path[depth] if len(hole.path) > depth else None
        if isinstance(name, str) and name in parts:
            parts[name].trouble = hole
            parts[name].after = None


def _record(
    scope: ScopeRef, id_: str, parts: Mapping[str, _Part], updated: str | None
) -> RawRecord:
    content = payload(
        scope,
        "graphql",
        {
            "id": id_,
            **{PARTS[name]: part.payload for name, part in parts.items()},
            "counts": {name: parts[name].total for name in ("commits", "files")},
        },
    )
    return RawRecord("change_details", id_, encoded(content), instant(updated), parsed=content)


def _by_graphql(site: Site, scope: ScopeRef, wanted: Sequence[tuple[str, int]]) -> Iterator[Page]:
    start = 0
    while start < len(wanted):
        size = site.sizes.get(scope.source_id, "details", TOGETHER)
        part = wanted[start : start + size]
        try:
            yield _together(site, scope, part)
        except TooMuch:
            site.sizes.shrink(scope.source_id, "details", len(part))
            continue
        site.sizes.worked(scope.source_id, "details", TOGETHER)
        start += len(part)


def _together(site: Site, scope: ScopeRef, part: Sequence[tuple[str, int]]) -> Page:
    variables: dict[str, Any] = {
        "repository": node_of(scope),
        "changeEvents": list(CHANGE_EVENTS),
    }
    variables.update({f"n{i}": number for i, (_, number) in enumerate(part)})
    found = graphql.ask(
        site.transport,
        numbered("details", len(part)),
        variables,
        where=f"details of pull requests of {scope.key}",
        can_shrink=len(part) > 1,
    )
    repository = graphql.repository(found, scope.source_id, scope.key)
    records: list[RawRecord] = []
    lost: list[Unreadable] = []
    for i, (id_, number) in enumerate(part):
        node = repository.get(f"a{i}")
        holes = found.holes_below("node", f"a{i}")
        if not isinstance(node, dict):
            why = holes[0].message if holes else "the server does not know it"
            lost.append(Unreadable(id_, why, "missing"))
            continue
        if str(node.get("fullDatabaseId") or node.get("databaseId")) != id_:
            lost.append(Unreadable(id_, "its number belongs to another pull request", "missing"))
            continue
        parts = {name: _Part(name, node.get(name)) for name in PARTS}
        _mark(parts, holes, 2)
        _go_on(site, scope, number, parts)
        updated = node.get("updatedAt")
        records.append(_record(scope, id_, parts, updated if isinstance(updated, str) else None))
    done = tuple(one.source_id for one in records)
    return Page(tuple(records), unreadable=tuple(lost), done_ids=done)


def _go_on(site: Site, scope: ScopeRef, number: int, parts: Mapping[str, _Part]) -> None:
    """Read the parts that go on to their ends, all of them with each request."""
    where = f"details of {scope.key}#{number}"
    used: set[tuple[str, str]] = set()
    while open_parts := {name: part for name, part in parts.items() if part.after is not None}:
        variables: dict[str, Any] = {
            "repository": node_of(scope),
            "number": number,
            "changeEvents": list(CHANGE_EVENTS),
        }
        for name, (switch, cursor) in _SWITCHES.items():
            variables[switch] = name in open_parts
            variables[cursor] = parts[name].after
            if name in open_parts and (name, str(parts[name].after)) in used:
                raise UnexpectedAnswer("the server repeats a page for ever", where=where)
            used.add((name, str(parts[name].after)))
        found = graphql.ask(site.transport, document("details_page"), variables, where=where)
        repository = graphql.repository(found, scope.source_id, where)
        node = repository.get("pullRequest")
        if not isinstance(node, dict):
            raise UnexpectedAnswer("the pull request went away while it was read", where=where)
        for name, part in open_parts.items():
            part.add(node.get(name))
        _mark(parts, found.holes_below("node", "pullRequest"), 2)


# --- REST -----------------------------------------------------------------------------------


def _by_rest(site: Site, scope: ScopeRef, id_: str, number: int) -> RawRecord:
    base = f"repositories/{scope.source_id}"
    pull = site.transport.get(f"{base}/pulls/{number}").object()
    if str(pull.get("id")) != id_:
        raise NotFound("its number belongs to another pull request", where=f"{scope.key}#{number}")
    head = pull.get("head")
    head_sha = head.get("sha") if isinstance(head, dict) else None
    landed_sha = pull.get("merge_commit_sha") if pull.get("merged_at") else None
    head_checks = checks_of(site, scope, head_sha)
    content = payload(
        scope,
        "rest",
        {
            "id": id_,
            "pull": lean(pull),
            "landed": _commit(site, scope, landed_sha),
            "reviews": _part(site, f"{base}/pulls/{number}/reviews"),
            "commits": _part(site, f"{base}/pulls/{number}/commits"),
            "files": _part(site, f"{base}/pulls/{number}/files"),
            "events": _part(site, f"{base}/issues/{number}/events"),
            "closing": {"unavailable": "only GraphQL tells what a merge will close", "status": 0},
            "head_checks": head_checks,
            "landed_checks": head_checks
            if landed_sha == head_sha
            else checks_of(site, scope, landed_sha),
            "counts": {"commits": pull.get("commits"), "files": pull.get("changed_files")},
        },
    )
    updated = instant(pull.get("updated_at"))
    return RawRecord("change_details", id_, encoded(content), updated, parsed=content)


def lean(pull: Mapping[str, Any]) -> dict[str, Any]:
    """A pull request with the ids of its repositories in place of two whole descriptions."""
    out = {name: value for name, value in pull.items() if name != "_links"}
    for side in ("head", "base"):
        end = out.get(side)
        repository = end.get("repo") if isinstance(end, dict) else None
        if isinstance(end, dict) and isinstance(repository, dict):
            kept = {name: repository.get(name) for name in ("id", "full_name", "private")}
            out[side] = {**end, "repo": kept}
    return out


def _commit(site: Site, scope: ScopeRef, sha: object) -> dict[str, Any] | None:
    """A commit; None where it is gone. 409: an empty repository; 422: no such commit."""
    if not isinstance(sha, str) or not sha:
        return None
    answer = site.transport.get(
        f"repositories/{scope.source_id}/commits/{sha}",
        {"per_page": 1},
        allow=frozenset({404, 409, 410, 422}),
    )
    if answer.status >= 400:
        return None
    # Which files it touches is told by the pull request.
    return {
        name: value for name, value in answer.object().items() if name not in ("files", "stats")
    }


def checks_of(site: Site, scope: ScopeRef, sha: object) -> dict[str, Any] | None:
    """Check runs and statuses of a commit; None where there is no such commit to ask about."""
    if not isinstance(sha, str) or not sha:
        return None
    base = f"repositories/{scope.source_id}/commits/{sha}"
    runs = _part(site, f"{base}/check-runs", key="check_runs")
    if isinstance(runs, list) and len(runs) >= MOST_SUITES:
        # Each suite with a run counts, so there may be more of them than are listed.
        told = site.transport.get(f"{base}/check-suites", {"per_page": 1}).object()
        suites = told.get("total_count")
        if not isinstance(suites, int) or suites > MOST_SUITES:
            said = f"the commit has {suites} check suites, and runs of {MOST_SUITES} are listed"
            runs = {"unavailable": said, "status": 0}
    return {"sha": sha, "check_runs": runs, "statuses": _part(site, f"{base}/statuses")}


def _part(site: Site, path: str, key: str | None = None) -> Any:
    """A listing, or why it cannot be had."""
    try:
        return everything(site.transport, path, key=key, size=site.options.page_size)
    except (NotAllowed, NotFound) as error:
        status = 403 if isinstance(error, NotAllowed) else 404
        return {"unavailable": error.what, "status": status}
    except UnexpectedAnswer as error:
        # 409: an empty repository; 422: the commit is gone.
        if "HTTP 409" in error.what or "HTTP 422" in error.what:
            return {"unavailable": error.what, "status": 404}
        raise
