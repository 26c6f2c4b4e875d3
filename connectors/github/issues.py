"""Issues: the incremental walk, by GraphQL with their histories along, or by REST alone."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from connectors import moving_window
from connectors.contract import Cursor, Page, RawRecord, ScopeRef, UnexpectedAnswer, Window
from connectors.github import graphql
from connectors.github.documents import document
from connectors.github.graphql import TooMuch, connection, next_cursor
from connectors.github.histories import history_record, whole_history
from connectors.github.keys import is_pull
from connectors.github.moments import stamp
from connectors.github.paging import has_next, rows
from connectors.github.site import Site, encoded, node_of, payload
from connectors.github.walk import Walk
from connectors.instants import instant
from connectors.moving_window import Bounds, Fetch

#: Version of what is asked for; a new one reads everything again.
SHAPE = 1
#: Issues per GraphQL page, with histories.
PAGE = 50
#: Before every issue.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def read(site: Site, scope: ScopeRef, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Issues of one repository that changed since the cursor; everything without one."""
    walk = Walk.start(scope, cursor, window, SHAPE)
    yield from _by_graphql(site, walk) if site.uses_graphql else _by_rest(site, walk)


# --- GraphQL --------------------------------------------------------------------------------


def _by_graphql(site: Site, walk: Walk) -> Iterator[Page]:
    """Least recently changed first: what changes meanwhile moves ahead of the walk."""
    begun = str(walk.progress.get("part") or ("open" if walk.horizon else "all"))
    after = walk.progress.get("after")
    after = after if isinstance(after, str) else None
    for part in ("open", "all") if begun == "open" else ("all",):
        while True:
            found = _ask(site, walk, part, after)
            held = connection(found, "issues", walk.scope.key)
            nodes = [one for one in held["nodes"] if isinstance(one, dict)]
            records = [one for node in nodes for one in _records(walk, node)]
            lost = len(held["nodes"]) - len(nodes)
            if lost:
                raise UnexpectedAnswer(
                    f"{lost} issues of a page came without contents", where=walk.scope.key
                )
            after = next_cursor(held, after)
            if part == "open" and nodes and _beyond(nodes[-1], walk.horizon):
                # What follows is recent and comes with the second part.
                after = None
            expected = held.get("totalCount")
            expected = expected if isinstance(expected, int) else None
            if after is None and part == "all":
                yield Page(tuple(records), cursor=walk.end(), committed=True)
                return
            going_on = {"part": part, "after": after} if after else {"part": "all"}
            yield Page(tuple(records), cursor=walk.step(**going_on), expected=expected)
            if after is None:
                break


def _ask(site: Site, walk: Walk, part: str, after: str | None) -> dict[str, Any]:
    """The repository with one page of issues."""
    scope = walk.scope
    lower = walk.lower if walk.lower is not None else walk.horizon
    most = min(PAGE, site.options.page_size)
    site.sizes.recall(scope.source_id, "issues", walk.size)
    size = site.sizes.get(scope.source_id, "issues", most)
    while True:
        variables = {
            "repository": node_of(scope),
            "first": size,
            "after": after,
            "since": stamp(lower) if part == "all" and lower is not None else None,
            "states": ["OPEN"] if part == "open" else None,
            "events": site.events,
        }
        try:
            found = graphql.ask(
                site.transport,
                document("issues", site.newer),
                variables,
                where=f"issues of {scope.key}",
                can_shrink=size > 1,
            )
        except TooMuch:
            size = site.sizes.shrink(scope.source_id, "issues", size)
            continue
        site.sizes.worked(scope.source_id, "issues", most)
        walk.size = site.sizes.shrunken(scope.source_id, "issues")
        return graphql.repository(found, scope.source_id, scope.key)


def _records(walk: Walk, node: dict[str, Any]) -> Iterator[RawRecord]:
    id_ = id_of(node)
    updated = str(node.get("updatedAt") or "")
    walk.note(id_, updated)
    timeline = node.pop("timelineItems", None)
    content = payload(walk.scope, "graphql", node)
    yield RawRecord("issues", id_, encoded(content), instant(updated), SHAPE, content)
    events = whole_history(timeline)
    if events is not None:
        yield history_record(walk.scope, "graphql", id_, events, updated)


def _beyond(node: Mapping[str, Any], horizon: datetime | None) -> bool:
    updated = instant(node.get("updatedAt"))
    return horizon is not None and updated is not None and updated >= horizon


def id_of(node: Mapping[str, Any]) -> str:
    """The id that REST knows too. Raises UnexpectedAnswer without one."""
    found = node.get("fullDatabaseId") or node.get("databaseId")
    if isinstance(found, bool) or not str(found).isdecimal():
        raise UnexpectedAnswer("a record came without its id", where=str(node.get("number")))
    return str(found)


# --- REST -----------------------------------------------------------------------------------


def _by_rest(site: Site, walk: Walk) -> Iterator[Page]:
    begun = str(walk.progress.get("part") or ("open" if walk.horizon else "all"))
    resumed = instant(walk.progress.get("at"))
    for part in ("open", "all") if begun == "open" else ("all",):
        lower = walk.lower if walk.lower is not None else walk.horizon
        at = resumed or (lower if part == "all" and lower is not None else _EPOCH)
        resumed = None
        fetch = _fetch(site, walk.scope, "all" if part == "all" else "open")
        for piece in moving_window.walk(Bounds(at), "updated_at", fetch):
            records = [_record(walk, one) for one in piece.rows if not is_pull(one)]
            reached = piece.lower or at
            # What follows the horizon comes with the second part.
            beyond = part == "open" and walk.horizon is not None and reached >= walk.horizon
            if piece.last and part == "all":
                yield Page(tuple(records), cursor=walk.end(), committed=True)
                return
            ended = piece.last or beyond
            mark = {"part": "all"} if ended else {"part": part, "at": stamp(reached)}
            yield Page(tuple(records), cursor=walk.step(**mark))
            if ended:
                break


def _fetch(site: Site, scope: ScopeRef, state: str) -> Fetch:
    """Issues and pull requests of one state; the token is the number of the page."""
    path = f"repositories/{scope.source_id}/issues"

    def fetch(bounds: Bounds, token: Any) -> tuple[list[dict[str, Any]], bool, Any]:
        number = token or 1
        query = {
            "state": state,
            "sort": "updated",
            "direction": "asc",
            "since": stamp(bounds.lower or _EPOCH),
            "per_page": site.options.page_size,
            "page": number,
        }
        answer = site.transport.get(path, query)
        return rows(answer, None, path), has_next(answer), number + 1

    return fetch


def _record(walk: Walk, issue: dict[str, Any]) -> RawRecord:
    id_, updated = str(issue.get("id") or ""), str(issue.get("updated_at") or "")
    if not id_:
        raise UnexpectedAnswer("an issue came without its id", where=walk.scope.key)
    walk.note(id_, updated)
    return record_of(walk.scope, issue)


def record_of(scope: ScopeRef, issue: Mapping[str, Any]) -> RawRecord:
    """The record of an issue as REST sends it."""
    content = payload(scope, "rest", issue)
    updated = instant(issue.get("updated_at"))
    return RawRecord("issues", str(issue["id"]), encoded(content), updated, SHAPE, content)
