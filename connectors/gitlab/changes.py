"""Merge requests that changed since the cursor.

They are listed by REST in both modes: the list is as cheap as a GraphQL page, and only it names the
squash commit and the time of closing. With GraphQL their details come along.
"""

from collections.abc import Iterator
from typing import Any

from connectors.contract import Cursor, Page, RawRecord, ScopeRef, SourceError, Window
from connectors.gitlab import details
from connectors.gitlab.changed import FetchOf, Reading, record
from connectors.gitlab.graphql import HOPELESS
from connectors.gitlab.site import API, Site
from connectors.instants import instant


def read(site: Site, scope: ScopeRef, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """The merge requests of one project that changed. Raises SourceErrors."""
    site.need(scope, "merge_requests")
    fetch = FetchOf(site, listing_path(scope), site.options.page_size, {"scope": "all"})
    for step in Reading(cursor, window).steps("updated_at", fetch):
        found = [of_row(site, scope, row) for row in step.rows]
        if site.asks("change_details"):
            found.extend(_along(site, scope, step.rows))
        yield Page(tuple(found), cursor=step.cursor, committed=step.committed)


def listing_path(scope: ScopeRef) -> str:
    """Where a project's merge requests are listed."""
    return f"{API}/projects/{scope.source_id}/merge_requests"


def of_row(site: Site, scope: ScopeRef, row: dict[str, Any]) -> RawRecord:
    """A merge request as REST gives it."""
    payload = {"__api": "rest", "__visibility": site.visibility(scope), **row}
    return record("changes", str(row["id"]), payload, instant(row.get("updated_at")))


def _along(site: Site, scope: ScopeRef, rows: list[dict[str, Any]]) -> list[RawRecord]:
    """The details of a page; none where they cannot be had now: their own stream then says why."""
    iids = {str(row["iid"]): str(row["id"]) for row in rows if row.get("iid") is not None}
    try:
        return details.in_bulk(site, scope, iids)[0]
    except HOPELESS:
        site.asks_no_more("change_details")
    except SourceError:
        pass
    return []
