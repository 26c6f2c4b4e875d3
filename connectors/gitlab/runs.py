"""Pipelines that changed since the cursor, child pipelines too."""

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.contract import (
    Cursor,
    NotFound,
    Page,
    RawRecord,
    ScopeRef,
    UnexpectedAnswer,
    Window,
)
from connectors.gitlab.changed import SHAPE, FetchOf, Reading, record
from connectors.gitlab.graphql import REST_HAS_TO, has_more, nodes, number
from connectors.gitlab.paging import literal
from connectors.gitlab.site import API, Site
from connectors.instants import instant

#: The plain list leaves child pipelines out; they are read in a second walk.
_SOURCES: tuple[str | None, ...] = (None, "parent_pipeline")
#: Pipelines per page by REST: each costs a request for its times.
_CHUNK = 50


def read(site: Site, scope: ScopeRef, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """The pipelines of one project that changed. Raises SourceErrors."""
    site.need(scope, "builds")
    held = dict(cursor or {})
    if window.full or held.get("shape") != SHAPE:
        held = {}
    walk = dict(held.get("walk") or {})
    first = int(walk.get("source", 0))
    for index, source in enumerate(_SOURCES):
        if index < first:
            continue
        if index > first:
            walk = {key: walk[key] for key in ("from",) if key in walk}
        reading = Reading({**held, "walk": walk} if held else None, window, horizon=False)
        last = index + 1 == len(_SOURCES)
        for records, mark in _pages(site, scope, source, reading, walk):
            if mark is not None:
                yield Page(records, cursor=_at(reading, index, mark))
            elif last:
                yield Page(records, cursor=reading.done(), committed=True)
            else:
                yield Page(records, cursor=_at(reading, index + 1, {}))


def _at(reading: Reading, source: int, mark: Mapping[str, Any]) -> Cursor:
    """A cursor inside the walk over the pipelines of one source."""
    held = reading.progress(0, None)
    return {**held, "walk": {**held["walk"], "source": source, **mark}}


#: Records of a page, and what a cursor has to hold to go on after it; None after the last page.
_Pages = Iterator[tuple[tuple[RawRecord, ...], dict[str, Any] | None]]


def _pages(
    site: Site, scope: ScopeRef, source: str | None, reading: Reading, walk: dict[str, Any]
) -> _Pages:
    if site.asks("runs"):
        begun = False
        try:
            for page in _by_graphql(site, scope, source, reading, walk):
                begun = True
                yield page
        except REST_HAS_TO:
            site.asks_no_more("runs")
            if begun:
                raise
        else:
            return
    yield from _by_rest(site, scope, source, reading, walk)


def _by_graphql(
    site: Site, scope: ScopeRef, source: str | None, reading: Reading, walk: dict[str, Any]
) -> _Pages:
    """Newest first, by the server's token: nothing that starts meanwhile moves a page."""
    after = walk.get("after")
    while True:
        token = after

        def variables(size: int) -> dict[str, Any]:
            return {
                "path": site.path(scope),
                "size": size,
                "after": token,  # noqa: B023  # called before the loop goes on
                "updatedAfter": literal(reading.lower),
                "source": source,
            }

        project, _ = site.graphql.shrinking("runs", variables)
        connection = project.get("pipelines") or {}
        records: list[RawRecord] = []
        for node in nodes(connection):
            records.extend(_of_node(site, scope, node))
        if not has_more(connection):
            yield tuple(records), None
            return
        after = connection["pageInfo"].get("endCursor")
        if after is None or after == token:
            raise UnexpectedAnswer("the server repeats a page for ever", where="GraphQL runs")
        yield tuple(records), {"after": after}


def _of_node(site: Site, scope: ScopeRef, node: dict[str, Any]) -> Iterator[RawRecord]:
    """A pipeline, and its jobs where they are all there."""
    id_, stamp = number(node["id"]), instant(node.get("updatedAt"))
    here = {
        "projectId": scope.source_id,
        "projectPath": site.path(scope),
        "webOrigin": site.web_origin(scope),
    }
    jobs, tests = node.get("jobs"), node.get("testReportSummary")
    own = {key: value for key, value in node.items() if key not in ("jobs", "testReportSummary")}
    yield record("runs", id_, {"__api": "graphql", **here, **own}, stamp)
    suites = tests.get("testSuites") if isinstance(tests, dict) else None
    # GraphQL lists no statuses that other systems report.
    if not isinstance(jobs, dict) or has_more(jobs) or has_more(suites) or _external(node):
        return
    payload = {
        "__api": "graphql",
        **here,
        "id": id_,
        "sha": node.get("sha"),
        "jobs": jobs,
        "tests": tests,
    }
    yield record("jobs", id_, payload, stamp)


def _external(node: dict[str, Any]) -> bool:
    return str(node.get("source") or "").lower() == "external"


def _by_rest(
    site: Site, scope: ScopeRef, source: str | None, reading: Reading, walk: dict[str, Any]
) -> _Pages:
    """The list lacks the times and the coverage of a pipeline: each is asked for by itself."""
    path = f"{API}/projects/{scope.source_id}/pipelines"
    params = {"source": source} if source else {}
    fetch = FetchOf(site, path, min(_CHUNK, site.options.page_size), params)
    for step in reading.steps("updated_at", fetch):
        records = tuple(_detailed(site, path, row, scope) for row in step.rows)
        walked = (step.cursor or {}).get("walk") or {}
        mark = {key: walked[key] for key in ("lower",) if key in walked}
        yield records, None if step.committed else mark


def _detailed(site: Site, path: str, row: dict[str, Any], scope: ScopeRef) -> RawRecord:
    id_ = str(row["id"])
    try:
        whole = site.transport.get(f"{path}/{id_}").object()
    except NotFound:
        # Deleted between the two requests: what the list said stays true of the past.
        whole = row
    payload = {
        "__api": "rest",
        "project_id": scope.source_id,
        "project_path": site.path(scope),
        **row,
        **whole,
    }
    return record("runs", id_, payload, instant(payload.get("updated_at")))
