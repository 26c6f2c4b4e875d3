"""Issues that changed since the cursor, by GraphQL or by REST."""

from collections.abc import Iterator
from typing import Any

from connectors.contract import Cursor, Page, RawRecord, ScopeRef, Window
from connectors.gitlab.changed import FetchOf, Part, Reading, record
from connectors.gitlab.graphql import REST_HAS_TO, has_more, nodes, number
from connectors.gitlab.paging import literal
from connectors.gitlab.site import API, Site
from connectors.instants import instant
from connectors.moving_window import Bounds, Fetch

#: Issues that an issue waits for, as GraphQL tells them with it.
_BLOCKERS = "blockedByIssues"


def read(site: Site, scope: ScopeRef, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """The issues of one project that changed. Raises SourceErrors."""
    site.need(scope, "issues")
    reading = Reading(cursor, window)
    if site.asks("issues"):
        begun = False
        try:
            for step in reading.steps("updatedAt", lambda part: _by_graphql(site, scope, part)):
                found = [_of_node(site, scope, node) for node in step.rows]
                begun = True
                yield Page(tuple(found), cursor=step.cursor, committed=step.committed)
        except REST_HAS_TO:
            site.asks_no_more("issues")
            if begun:
                raise
        else:
            return
    fetch = FetchOf(site, listing_path(scope), site.options.page_size, {"scope": "all"})
    for step in reading.steps("updated_at", fetch):
        rows = [of_row(site, scope, row) for row in step.rows]
        yield Page(tuple(rows), cursor=step.cursor, committed=step.committed)


def listing_path(scope: ScopeRef) -> str:
    """Where REST lists a project's issues."""
    return f"{API}/projects/{scope.source_id}/issues"


def of_row(site: Site, scope: ScopeRef, row: dict[str, Any]) -> RawRecord:
    """An issue as REST gives it."""
    payload = {"__api": "rest", "__visibility": site.visibility(scope), **row}
    return record("issues", str(row["id"]), payload, instant(row.get("updated_at")))


def _of_node(site: Site, scope: ScopeRef, node: dict[str, Any]) -> RawRecord:
    id_, blockers = number(node["id"]), node.get(_BLOCKERS)
    if isinstance(blockers, dict) and not has_more(blockers):
        site.blockers_told.add(id_)
    else:
        # Left to the history, which reads them whole by REST.
        node = {name: value for name, value in node.items() if name != _BLOCKERS}
    payload = {
        "__api": "graphql",
        "__visibility": site.visibility(scope),
        "projectId": scope.source_id,
        "projectPath": site.path(scope),
        **node,
    }
    return record("issues", id_, payload, instant(node.get("updatedAt")))


def _by_graphql(site: Site, scope: ScopeRef, part: Part) -> Fetch:
    """The server sorts by change and has its own token for a page of equal stamps."""

    def fetch(window: Bounds, token: Any) -> tuple[list[dict[str, Any]], bool, Any]:
        def variables(size: int) -> dict[str, Any]:
            return {
                "path": site.path(scope),
                "size": size,
                "after": token,
                "updatedAfter": literal(window.lower),
                "updatedBefore": literal(window.upper),
                "state": part.state,
            }

        project, _ = site.graphql.shrinking("issues", variables)
        connection = project.get("issues")
        info = connection.get("pageInfo") if isinstance(connection, dict) else None
        after = info.get("endCursor") if isinstance(info, dict) else None
        return nodes(connection), has_more(connection), after

    return fetch
