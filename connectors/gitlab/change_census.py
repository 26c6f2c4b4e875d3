"""All ids of a project's merge requests, and what became of those that a census missed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.contract import (
    Gone,
    GoneReason,
    Page,
    RawRecord,
    ScopeRef,
    Window,
)
from connectors.gitlab.census import need_visible
from connectors.gitlab.changed import bounds, identified
from connectors.gitlab.changes import listing_path, of_row
from connectors.gitlab.paging import literal, next_query
from connectors.gitlab.site import Site, is_off
from connectors.moving_window import Bounds, Fetch, Slice, walk

STREAM = "change_census"


def read(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """Ids of the merge requests, by the time of creation: nothing that happens moves a page.

    With a horizon: those that are open, and those that moved since.
    """
    site.need(scope, "merge_requests")
    parts: list[dict[str, Any]] = [{}]
    if window.since is not None:
        parts = [{"state": "opened"}, {"updated_after": literal(window.since)}]
    for index, params in enumerate(parts):
        for piece in _pieces(site, scope, params):
            records = tuple(RawRecord(STREAM, str(one["id"]), b"{}") for one in piece.rows)
            yield Page(records, committed=piece.last and index + 1 == len(parts))


def _pieces(site: Site, scope: ScopeRef, params: dict[str, Any]) -> Iterator[Slice]:
    for piece in walk(Bounds(None), "created_at", _fetch(site, scope, params)):
        for one in piece.rows:
            site.change_numbers[scope.source_id, str(one["id"])] = str(one.get("iid") or "")
        yield piece


def _fetch(site: Site, scope: ScopeRef, params: dict[str, Any]) -> Fetch:
    def fetch(window: Bounds, token: Any) -> tuple[list[dict[str, Any]], bool, Any]:
        query = token or {
            "scope": "all",
            "view": "simple",
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


def look(site: Site, scope: ScopeRef, ids: Sequence[str]) -> list[Gone]:
    """What became of merge requests that a census missed.

    `scope.facts["keys"]` holds what ids are called, as far as that is stored. Who sees one merge
    request of a project sees them all: one that is not there was deleted. Raises NotAllowed where
    the project, or its merge requests, are out of sight.
    """
    held = scope.facts.get("keys")
    keys: Mapping[str, str] = held if isinstance(held, Mapping) else {}
    if is_off(need_visible(site, scope), "merge_requests"):
        detail = "merge requests are switched off there"
        return [Gone(id_, GoneReason.HIDDEN, detail=detail) for id_ in ids]
    # Refused here, a single one that is not found would prove nothing.
    site.transport.get(listing_path(scope), {"scope": "all", "per_page": 1})
    known = {id_: keys.get(id_, "").rpartition("!")[2] for id_ in ids}
    if any(not known[id_] and (scope.source_id, id_) not in site.change_numbers for id_ in ids):
        # No API gives one by its id alone: what is listed is listed with its number.
        for _ in _pieces(site, scope, {}):
            pass
    return [
        _one(site, scope, id_, known[id_] or site.change_numbers.get((scope.source_id, id_), ""))
        for id_ in ids
    ]


def _one(site: Site, scope: ScopeRef, id_: str, iid: str) -> Gone:
    if not iid.isdecimal():
        return Gone(id_, GoneReason.DELETED_OR_HIDDEN, detail="its number is not known")
    answer = site.transport.get(f"{listing_path(scope)}/{iid}", allow=frozenset({403, 404}))
    if answer.status == 404:
        return Gone(id_, GoneReason.DELETED)
    if answer.status >= 400:
        return Gone(id_, GoneReason.HIDDEN, detail="this token may not see it")
    found = answer.object()
    if str(found.get("id")) != id_:
        detail = "its number belongs to another merge request"
        return Gone(id_, GoneReason.DELETED, detail=detail)
    return Gone(id_, None, record=of_row(site, scope, found))
