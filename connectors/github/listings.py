"""Small whole listings: states, repositories, milestones, tags, deployments, required checks."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote

from connectors.contract import (
    FeatureOff,
    NotAllowed,
    NotFound,
    Page,
    RawRecord,
    ScopeRef,
    Window,
)
from connectors.github import graphql
from connectors.github.documents import document
from connectors.github.graphql import connection, next_cursor
from connectors.github.paging import pages
from connectors.github.site import Site, encoded, node_of, payload
from connectors.instants import instant
from connectors.rows import objects

#: What an issue can be; GitHub has no workflow. `labels` stands for what labels are mapped to.
STATES = (
    {"id": "open", "name": "Open", "state": "open", "reason": None},
    {"id": "closed", "name": "Closed", "state": "closed", "reason": None},
    {"id": "closed:completed", "name": "Completed", "state": "closed", "reason": "completed"},
    {"id": "closed:not_planned", "name": "Not planned", "state": "closed", "reason": "not_planned"},
    {"id": "closed:duplicate", "name": "Duplicate", "state": "closed", "reason": "duplicate"},
    {"id": "labels", "name": "Labels", "state": "open", "reason": None},
)

Entry = tuple[str, dict[str, Any]]


def read(stream: str, site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """Pages of a listing; the last one says that it is whole. Raises SourceErrors."""
    before: tuple[RawRecord, ...] | None = None
    for entries in LISTINGS[stream](site, scope, window):
        if before is not None:
            yield Page(before)
        before = tuple(
            RawRecord(stream, id_, encoded(content), parsed=content) for id_, content in entries
        )
    yield Page(before or (), committed=True)


def _statuses(site: Site, scope: ScopeRef, window: Window) -> Iterator[Iterable[Entry]]:
    yield [(one["id"] or "", dict(one)) for one in STATES]


def _repositories(site: Site, scope: ScopeRef, window: Window) -> Iterator[Iterable[Entry]]:
    names = (
        "id",
        "node_id",
        "name",
        "full_name",
        "private",
        "archived",
        "disabled",
        "fork",
        "has_issues",
        "default_branch",
        "html_url",
        "visibility",
    )
    yield [
        (str(one["id"]), {"__api": "rest", **{name: one.get(name) for name in names}})
        for one in site.repository_list()
    ]


def _milestones(site: Site, scope: ScopeRef, window: Window) -> Iterator[Iterable[Entry]]:
    path = f"repositories/{scope.source_id}/milestones"
    params = {"state": "all", "sort": "due_on", "direction": "asc"}
    try:
        for page in pages(site.transport, path, params, size=site.options.page_size):
            yield [
                (f"{scope.source_id}:{one['number']}", payload(scope, "rest", one))
                for one in objects(page, path, "number")
            ]
    except NotFound as error:
        if scope.facts.get("issues") is not False:
            raise
        # Pull requests may have milestones without issues; nothing is known of them here.
        raise FeatureOff(f"issues are switched off in {scope.key}", where=path) from error


def _releases(site: Site, scope: ScopeRef, window: Window) -> Iterator[Iterable[Entry]]:
    """Every tag, with its release if it has one; drafts have no tag yet."""
    base, size = f"repositories/{scope.source_id}", site.options.page_size
    releases: dict[str, dict[str, Any]] = {}
    for page in pages(site.transport, f"{base}/releases", size=size):
        for one in page:
            tag = one.get("tag_name")
            if isinstance(tag, str) and tag:
                lean = {name: value for name, value in one.items() if name != "assets"}
                releases.setdefault(tag, lean)
    for page in pages(site.transport, f"{base}/tags", size=size):
        yield [
            (
                f"tag:{one['name']}",
                payload(scope, "rest", {"tag": one, "release": releases.pop(one["name"], None)}),
            )
            for one in objects(page, f"{base}/tags", "name")
        ]
    yield [
        (f"tag:{tag}", payload(scope, "rest", {"tag": None, "release": one}))
        for tag, one in releases.items()
    ]


def _deployments(site: Site, scope: ScopeRef, window: Window) -> Iterator[Iterable[Entry]]:
    """Newest first, down to the horizon."""
    if not site.uses_graphql:
        raise FeatureOff(
            "deployments are read by GraphQL alone: by REST the state of each costs a request",
            where=f"deployments of {scope.key}",
        )
    after: str | None = None
    where = f"deployments of {scope.key}"
    while True:
        variables = {"repository": node_of(scope), "after": after}
        found = graphql.ask(site.transport, document("deployments"), variables, where=where)
        held = connection(
            graphql.repository(found, scope.source_id, scope.key), "deployments", where
        )
        nodes = objects(held["nodes"], where, "databaseId")
        yield [(str(one["databaseId"]), payload(scope, "graphql", one)) for one in nodes]
        after = next_cursor(held, after)
        oldest = instant(nodes[-1].get("createdAt")) if nodes else None
        if after is None or (window.since and oldest and oldest < window.since):
            return


def _required_checks(site: Site, scope: ScopeRef, window: Window) -> Iterator[Iterable[Entry]]:
    """What the default branch wants, from its protection and from rulesets."""
    branch = scope.facts.get("branch")
    if not isinstance(branch, str) or not branch:
        yield ()
        return
    base = f"repositories/{scope.source_id}"
    name = quote(branch, safe="")
    content = {
        "id": f"{scope.source_id}:{branch}",
        "branch": branch,
        "protection": _object(site, f"{base}/branches/{name}"),
        "rules": _rules(site, f"{base}/rules/branches/{name}"),
    }
    yield [(f"{scope.source_id}:{branch}", payload(scope, "rest", content))]


def _object(site: Site, path: str) -> dict[str, Any]:
    try:
        found = site.transport.get(path).object()
    except (NotAllowed, NotFound) as error:
        return {"unavailable": error.what, "status": 403 if isinstance(error, NotAllowed) else 404}
    return {name: found.get(name) for name in ("name", "protected", "protection")}


def _rules(site: Site, path: str) -> Any:
    try:
        return [one for page in pages(site.transport, path) for one in page]
    except (NotAllowed, NotFound) as error:
        return {"unavailable": error.what, "status": 403 if isinstance(error, NotAllowed) else 404}


Listing = Callable[[Site, ScopeRef, Window], Iterator[Iterable[Entry]]]

LISTINGS: dict[str, Listing] = {
    "statuses": _statuses,
    "repositories": _repositories,
    "milestones": _milestones,
    "releases": _releases,
    "deployments": _deployments,
    "required_checks": _required_checks,
}
