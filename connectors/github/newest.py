"""What changed last in each repository: the cheap question that may prove that nothing moved."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from connectors.contract import Cursor, ScopeRef, SourceError
from connectors.github import graphql
from connectors.github.documents import newest as newest_document
from connectors.github.graphql import connection
from connectors.github.issues import id_of
from connectors.github.keys import is_pull
from connectors.github.paging import rows
from connectors.github.site import Site, node_of
from connectors.github.walk import quiet

#: Repositories per GraphQL request.
TOGETHER = 40
#: How long an answer stands in for the next question.
FRESH = timedelta(minutes=1)

#: stream -> its connection in the document.
_CONNECTIONS = {"issues": "issues", "changes": "pullRequests"}


def unchanged(
    site: Site, stream: str, shape: int, cursors: Mapping[str, Cursor], scopes: Sequence[ScopeRef]
) -> frozenset[str]:
    """Repositories whose most recently changed record is the one that the last walk ended with.

    Raises SourceErrors.
    """
    if site.uses_graphql:
        found = _by_graphql(site, stream, scopes)
    else:
        found = {scope.source_id: _by_rest(site, stream, scope) for scope in scopes}
    return frozenset(
        scope.source_id
        for scope in scopes
        if scope.source_id in found
        and quiet(cursors[scope.source_id], scope, shape, found[scope.source_id])
    )


def _by_graphql(
    site: Site, stream: str, scopes: Sequence[ScopeRef]
) -> dict[str, tuple[str, str] | None]:
    """The answer for one stream brings that for the other, which is asked for next."""
    out: dict[str, tuple[str, str] | None] = {}
    now = site.runtime.now()
    wanted: list[ScopeRef] = []
    for scope in scopes:
        at, found = site.latest.pop(scope.source_id, (None, None))
        if stream == "changes" and at is not None and now - at < FRESH:
            out[scope.source_id] = found
        else:
            wanted.append(scope)
    for start in range(0, len(wanted), TOGETHER):
        part = wanted[start : start + TOGETHER]
        answer = graphql.ask(
            site.transport,
            newest_document(len(part)),
            {f"r{i}": node_of(scope) for i, scope in enumerate(part)},
            where="what changed last",
        )
        for i, scope in enumerate(part):
            node = answer.data.get(f"a{i}")
            if not isinstance(node, dict) or str(node.get("databaseId")) != scope.source_id:
                continue
            newest = {
                name: _first(connection(node, field, scope.key)["nodes"])
                for name, field in _CONNECTIONS.items()
                if isinstance(node.get(field), dict)
            }
            if stream in newest:
                out[scope.source_id] = newest[stream]
            if stream == "issues" and "changes" in newest:
                site.latest[scope.source_id] = now, newest["changes"]
    return out


def _first(nodes: Sequence[object]) -> tuple[str, str] | None:
    node = nodes[0] if nodes else None
    return (id_of(node), str(node.get("updatedAt"))) if isinstance(node, dict) else None


def _by_rest(site: Site, stream: str, scope: ScopeRef) -> tuple[str, str] | None:
    """The newest of a listing; issues are found behind pull requests, which stand among them."""
    path = f"repositories/{scope.source_id}/{'issues' if stream == 'issues' else 'pulls'}"
    size = 100 if stream == "issues" else 1
    try:
        answer = site.transport.get(
            path, {"state": "all", "sort": "updated", "direction": "desc", "per_page": size}
        )
    except SourceError:
        return "", ""
    for one in rows(answer, None, path):
        if stream != "issues" or not is_pull(one):
            return str(one.get("id")), str(one.get("updated_at"))
    # None among a hundred: nothing is proven.
    return "", ""
