"""Histories of issues, where they did not come along with them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.contract import (
    NotAllowed,
    NotFound,
    Page,
    RawRecord,
    ScopeRef,
    Unreadable,
    Window,
)
from connectors.github import graphql
from connectors.github.documents import document, numbered
from connectors.github.graphql import TooMuch, connection, next_cursor
from connectors.github.keys import number_of
from connectors.github.paging import everything
from connectors.github.site import Site, encoded, node_of, payload
from connectors.instants import instant

#: Histories per GraphQL request.
TOGETHER = 20


def read(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """Histories of the issues asked for; one that cannot be had is named with its reason."""
    known, unknown = split(site, scope, window)
    if unknown:
        yield Page((), unreadable=unknown)
    if site.uses_graphql:
        yield from _by_graphql(site, scope, known)
        return
    for id_, number in known:
        base, size = f"repositories/{scope.source_id}/issues/{number}", site.options.page_size
        try:
            events = everything(site.transport, f"{base}/events", size=size)
            blockers: list[dict[str, Any]] = []
            if any(one.get("event") == "blocked_by_added" for one in events):
                blockers = everything(site.transport, f"{base}/dependencies/blocked_by", size=size)
        except (NotAllowed, NotFound) as error:
            yield Page((), unreadable=(unreadable(id_, error),))
            continue
        known_by = [
            {name: one.get(name) for name in ("id", "number", "repository_url")} for one in blockers
        ]
        record = history_record(scope, "rest", id_, events, None, blocked_by=known_by)
        yield Page((record,), done_ids=(id_,))


def split(
    site: Site, scope: ScopeRef, window: Window
) -> tuple[list[tuple[str, int]], tuple[Unreadable, ...]]:
    """Ids with their numbers, and those whose number nobody knows."""
    known: list[tuple[str, int]] = []
    unknown: list[Unreadable] = []
    for id_ in window.ids:
        number = number_of(window.keys.get(id_)) or site.numbers.get((scope.source_id, id_))
        if number:
            known.append((id_, number))
        else:
            unknown.append(Unreadable(id_, "its number is not known", "missing"))
    return known, tuple(unknown)


def unreadable(id_: str, error: NotAllowed | NotFound) -> Unreadable:
    """Why one thing could not be read."""
    kind = "forbidden" if isinstance(error, NotAllowed) else "missing"
    return Unreadable(id_, error.what, kind)


def whole_history(timeline: Any) -> list[Any] | None:
    """Events that came along, if they are all there are."""
    if not isinstance(timeline, dict) or next_cursor(timeline) is not None:
        return None
    nodes = timeline.get("nodes")
    if not isinstance(nodes, list) or any(one is None for one in nodes):
        return None
    return nodes


def history_record(
    scope: ScopeRef, api: str, id_: str, events: Sequence[Any], updated: str | None, **more: Any
) -> RawRecord:
    """The whole history of one issue, and what was asked for with it."""
    content = payload(scope, api, {"id": id_, "events": list(events), **more})
    at = instant(updated)
    return RawRecord("histories", id_, encoded(content), at, parsed=content)


def _by_graphql(site: Site, scope: ScopeRef, wanted: Sequence[tuple[str, int]]) -> Iterator[Page]:
    start = 0
    while start < len(wanted):
        size = site.sizes.get(scope.source_id, "histories", TOGETHER)
        part = wanted[start : start + size]
        try:
            yield _together(site, scope, part)
        except TooMuch:
            site.sizes.shrink(scope.source_id, "histories", len(part))
            continue
        site.sizes.worked(scope.source_id, "histories", TOGETHER)
        start += len(part)


def _together(site: Site, scope: ScopeRef, part: Sequence[tuple[str, int]]) -> Page:
    variables: dict[str, Any] = {"repository": node_of(scope), "events": site.events}
    variables.update({f"n{i}": number for i, (_, number) in enumerate(part)})
    found = graphql.ask(
        site.transport,
        numbered("histories", len(part), site.newer),
        variables,
        where=f"histories of {scope.key}",
        can_shrink=len(part) > 1,
    )
    repository = graphql.repository(found, scope.source_id, scope.key)
    records: list[RawRecord] = []
    lost: list[Unreadable] = []
    for i, (id_, number) in enumerate(part):
        node = repository.get(f"a{i}")
        if not isinstance(node, dict):
            holes = found.holes_below("node", f"a{i}")
            why = holes[0].message if holes else "the server does not know it"
            lost.append(Unreadable(id_, why, "missing"))
            continue
        if str(node.get("fullDatabaseId") or node.get("databaseId")) != id_:
            lost.append(Unreadable(id_, "its number belongs to another issue", "missing"))
            continue
        events = _all_events(site, scope, number, node)
        updated = node.get("updatedAt")
        records.append(
            history_record(
                scope, "graphql", id_, events, updated if isinstance(updated, str) else None
            )
        )
    done = tuple(one.source_id for one in records)
    return Page(tuple(records), unreadable=tuple(lost), done_ids=done)


def _all_events(site: Site, scope: ScopeRef, number: int, node: Mapping[str, Any]) -> list[Any]:
    where = f"history of {scope.key}#{number}"
    held = connection(node, "timelineItems", where)
    events = list(held["nodes"])
    after: str | None = None
    while (after := next_cursor(held, after)) is not None:
        found = graphql.ask(
            site.transport,
            document("history_page", site.newer),
            {
                "repository": node_of(scope),
                "number": number,
                "after": after,
                "events": site.events,
            },
            where=where,
        )
        repository = graphql.repository(found, scope.source_id, where)
        held = connection(repository.get("issue") or {}, "timelineItems", where)
        events.extend(held["nodes"])
    return events
