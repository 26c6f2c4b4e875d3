"""Pull requests: the incremental walk, by GraphQL with their details along, or by REST."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from connectors.contract import (
    Cursor,
    Page,
    RawRecord,
    ScopeRef,
    UnexpectedAnswer,
    Window,
)
from connectors.github import graphql
from connectors.github.details import PARTS, along, lean
from connectors.github.documents import document
from connectors.github.events import CHANGE_EVENTS
from connectors.github.graphql import Found, TooMuch, connection, next_cursor
from connectors.github.issues import id_of
from connectors.github.paging import Progress, has_next, rows
from connectors.github.site import Site, encoded, node_of, payload
from connectors.github.walk import Walk
from connectors.instants import instant

#: Version of what is asked for; a new one reads everything again.
SHAPE = 1


def read(site: Site, scope: ScopeRef, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Pull requests of one repository that changed since the cursor, most recently changed first.

    What changes during the walk moves to its front: the next walk, which begins at this one's
    start, brings it. After the horizon of a first load only open ones are read on.
    """
    walk = Walk.start(scope, cursor, window, SHAPE)
    part = str(walk.progress.get("part") or "all")
    for one in ("all", "open") if part == "all" else ("open",):
        last = one == "open" or walk.horizon is None
        pages = _by_graphql if site.uses_graphql else _by_rest
        yield from pages(site, walk, one, last)
        if last:
            return


# --- GraphQL --------------------------------------------------------------------------------


def _by_graphql(site: Site, walk: Walk, part: str, last: bool) -> Iterator[Page]:
    after = walk.progress.get("after") if walk.progress.get("part") == part else None
    after = after if isinstance(after, str) else None
    while True:
        repository, found = _ask(site, walk, part, after)
        held = connection(repository, "pullRequests", walk.scope.key)
        nodes, ended = _wanted(held["nodes"], walk, part, "updatedAt")
        records = [
            record
            for place, node in nodes
            for record in _records(walk, node, found, ("node", "pullRequests", "nodes", place))
        ]
        after = None if ended else next_cursor(held, after)
        expected = held.get("totalCount")
        yield _page(walk, part, last, records, after, expected)
        if after is None:
            return


def _ask(site: Site, walk: Walk, part: str, after: str | None) -> tuple[dict[str, Any], Found]:
    scope, most = walk.scope, site.options.change_page_size
    site.sizes.recall(scope.source_id, "changes", walk.size)
    size = site.sizes.get(scope.source_id, "changes", most)
    while True:
        variables = {
            "repository": node_of(scope),
            "first": size,
            "after": after,
            "states": ["OPEN"] if part == "open" else None,
            "changeEvents": list(CHANGE_EVENTS),
        }
        try:
            found = graphql.ask(
                site.transport,
                document("changes"),
                variables,
                where=f"pull requests of {scope.key}",
                can_shrink=size > 1,
            )
        except TooMuch:
            size = site.sizes.shrink(scope.source_id, "changes", size)
            continue
        site.sizes.worked(scope.source_id, "changes", most)
        walk.size = site.sizes.shrunken(scope.source_id, "changes")
        return graphql.repository(found, scope.source_id, scope.key), found


def _records(
    walk: Walk, node: dict[str, Any], found: Found, path: tuple[str | int, ...]
) -> Iterator[RawRecord]:
    id_, updated = id_of(node), str(node.get("updatedAt") or "")
    walk.note(id_, updated)
    details = {name: node.pop(name) for name in PARTS if name in node}
    content = payload(walk.scope, "graphql", node)
    yield RawRecord("changes", id_, encoded(content), instant(updated), SHAPE, content)
    record = along(walk.scope, id_, details, updated, found.holes_below(*path), len(path))
    if record is not None:
        yield record


# --- REST -----------------------------------------------------------------------------------


def _by_rest(site: Site, walk: Walk, part: str, last: bool) -> Iterator[Page]:
    path = f"repositories/{walk.scope.source_id}/pulls"
    begun = walk.progress.get("page") if walk.progress.get("part") == part else None
    # One page back: what vanished meanwhile pulled others over the border.
    number = max(1, begun - 1) if isinstance(begun, int) else 1
    progress = Progress(path)
    while True:
        answer = site.transport.get(
            path,
            {
                "state": part,
                "sort": "updated",
                "direction": "desc",
                "per_page": site.options.page_size,
                "page": number,
            },
        )
        found = rows(answer, None, path)
        progress.note(found)
        wanted, ended = _wanted(found, walk, part, "updated_at")
        more = has_next(answer) and not ended
        records = [_record(walk, one) for _, one in wanted]
        number += 1
        yield _page(walk, part, last, records, number if more else None, None)
        if not more:
            return


def _record(walk: Walk, listed: dict[str, Any]) -> RawRecord:
    record = record_of(walk.scope, listed)
    walk.note(record.source_id, str(listed.get("updated_at") or ""))
    return record


def record_of(scope: ScopeRef, listed: dict[str, Any]) -> RawRecord:
    """A pull request as listed: who merged it and how much it changed is read with its details.

    Raises UnexpectedAnswer for one without an id.
    """
    id_, updated = str(listed.get("id") or ""), str(listed.get("updated_at") or "")
    if not id_:
        raise UnexpectedAnswer("a pull request came without its id", where=scope.key)
    content = payload(scope, "rest", lean(listed))
    return RawRecord("changes", id_, encoded(content), instant(updated), SHAPE, content)


# --- both -----------------------------------------------------------------------------------


def _wanted(
    found: Sequence[Any], walk: Walk, part: str, stamp_field: str
) -> tuple[list[tuple[int, dict[str, Any]]], bool]:
    """Those that this part of the walk is for, with their places; and whether it ends here."""
    out: list[tuple[int, dict[str, Any]]] = []
    ended = False
    for place, one in enumerate(found):
        if not isinstance(one, dict):
            raise UnexpectedAnswer("a pull request came without contents", where=walk.scope.key)
        updated = instant(one.get(stamp_field))
        if part == "all":
            lower = walk.lower if walk.lower is not None else walk.horizon
            if _older(updated, lower):
                ended = True
                continue
        elif not _older(updated, walk.horizon):
            # It came with the first part.
            continue
        out.append((place, one))
    return out, ended


def _older(updated: datetime | None, bound: datetime | None) -> bool:
    return bound is not None and updated is not None and updated < bound.replace(microsecond=0)


def _page(
    walk: Walk,
    part: str,
    last: bool,
    records: Sequence[RawRecord],
    going_on: str | int | None,
    expected: object,
) -> Page:
    total = expected if isinstance(expected, int) else None
    if going_on is None and last:
        return Page(tuple(records), cursor=walk.end(), committed=True, expected=total)
    if going_on is None:
        return Page(tuple(records), cursor=walk.step(part="open"), expected=total)
    name = "after" if isinstance(going_on, str) else "page"
    mark = {"part": part, name: going_on}
    return Page(tuple(records), cursor=walk.step(**mark), expected=total)
