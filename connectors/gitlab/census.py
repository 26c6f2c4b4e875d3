"""All ids of a project's issues, and what became of those that a census missed."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from connectors.contract import (
    Gone,
    GoneReason,
    NotAllowed,
    NotFound,
    Page,
    RawRecord,
    ScopeRef,
    Window,
)
from connectors.gitlab.changed import bounds, identified
from connectors.gitlab.graphql import REST_HAS_TO, TooDear, TooLarge
from connectors.gitlab.issues import listing_path, of_row
from connectors.gitlab.paging import literal, next_query
from connectors.gitlab.site import API, Site
from connectors.moving_window import Bounds, Fetch, walk
from connectors.rows import table


def read(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """Ids of the issues in scope, by the time of creation: nothing that happens moves a page."""
    site.need(scope, "issues")
    parts: list[dict[str, Any]] = [{}]
    if window.since is not None:
        parts = [{"state": "opened"}, {"state": "closed", "updated_after": literal(window.since)}]
    for index, params in enumerate(parts):
        for piece in walk(Bounds(None), "created_at", _fetch(site, scope, params)):
            records = tuple(RawRecord("census", str(one["id"]), b"{}") for one in piece.rows)
            yield Page(records, committed=piece.last and index + 1 == len(parts))


def _fetch(site: Site, scope: ScopeRef, params: dict[str, Any]) -> Fetch:
    def fetch(window: Bounds, token: Any) -> tuple[list[dict[str, Any]], bool, Any]:
        query = token or {
            "scope": "all",
            **params,
            **bounds("created", window),
            "order_by": "created_at",
            "sort": "asc",
            "per_page": site.options.page_size,
        }
        answer = site.transport.get(listing_path(scope), query)
        following = next_query(answer)
        return identified(answer), following is not None, following

    return fetch


def look(site: Site, scope: ScopeRef, ids: Sequence[str]) -> Sequence[Gone]:
    """What became of issues that a census missed; deleted and hidden look the same.

    Raises NotAllowed where the project itself is out of sight.
    """
    need_visible(site, scope)
    if site.asks("look"):
        try:
            return [_one(site, scope, id_, _by_graphql) for id_ in ids]
        except REST_HAS_TO:
            site.asks_no_more("look")
    find = _Listed(site, scope)
    return [_one(site, scope, id_, find) for id_ in ids]


def need_visible(site: Site, scope: ScopeRef) -> dict[str, Any]:
    """The project as it is shown now. Raises NotAllowed where it is out of sight."""
    try:
        return site.transport.get(f"{API}/projects/{scope.source_id}").object()
    except (NotFound, NotAllowed) as error:
        raise NotAllowed(
            f"project {scope.key} is out of sight: what became of what it held is not known",
            where=scope.key,
        ) from error


#: The issue of an id as REST gives it; None where nobody shows it.
Find = Callable[[Site, str], dict[str, Any] | None]


def _one(site: Site, scope: ScopeRef, id_: str, find: Find) -> Gone:
    found = find(site, id_)
    if found is None:
        return Gone(id_, GoneReason.DELETED_OR_HIDDEN)
    project = str(found.get("project_id"))
    if project != scope.source_id:
        key = table(found.get("references")).get("full")
        return Gone(id_, GoneReason.MOVED, to_scope_id=project, to_key=str(key) if key else None)
    return Gone(id_, None, record=of_row(site, scope, found))


def _by_graphql(site: Site, id_: str) -> dict[str, Any] | None:
    try:
        data, _ = site.graphql.ask("look", {"id": f"gid://gitlab/Issue/{id_}"})
    except TooLarge as error:
        raise TooDear(f"the server cannot answer: {error}", where="GraphQL look") from error
    issue = data.get("issue")
    if not isinstance(issue, dict) or issue.get("iid") is None:
        return None
    return _get(site, f"{API}/projects/{issue.get('projectId')}/issues/{issue['iid']}")


class _Listed:
    """By REST only administrators may ask by the id alone: the project is listed once more."""

    def __init__(self, site: Site, scope: ScopeRef) -> None:
        pieces = walk(Bounds(None), "created_at", _fetch(site, scope, {}))
        self._rows = {str(one["id"]): one for piece in pieces for one in piece.rows}

    def __call__(self, site: Site, id_: str) -> dict[str, Any] | None:
        """The issue, if it is listed."""
        return self._rows.get(id_)


def _get(site: Site, path: str) -> dict[str, Any] | None:
    answer = site.transport.get(path, allow=frozenset({403, 404}))
    return answer.object() if answer.status < 400 else None
