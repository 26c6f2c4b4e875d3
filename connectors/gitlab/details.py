"""What belongs to a merge request: approvals, reviewers, commits, files, pushes, links, pipelines.

The payload of one merge request holds each part as the API gave it (a list by REST, a connection
by GraphQL), or `{"unavailable": reason, "status": code}`.
"""

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
from connectors.gitlab.changed import record
from connectors.gitlab.graphql import HOPELESS, Refused, has_more, nodes, number
from connectors.gitlab.paging import listing
from connectors.gitlab.site import API, Site
from connectors.instants import instant
from connectors.rows import objects, table

#: Merge requests per page by REST: what a crash repeats.
_CHUNK = 10
#: GraphQL has no word for these.
_NOT_TOLD = {"unavailable": "GraphQL does not tell", "status": None}
#: Lists of a GraphQL answer, read whole by REST where they are longer than a page.
_LISTS = ("approvals", "reviewers", "commits", "notes", "pipelines")
#: System notes that tell when somebody approved, and when that was taken back.
_APPROVAL_NOTES = {
    "approved this merge request": "approved",
    "unapproved this merge request": "unapproved",
}


def read(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """The details of each merge request in `window.ids`. Raises SourceErrors."""
    site.need(scope, "merge_requests")
    iids, lost = numbers(window.ids, window.keys, "!")
    if not iids:
        yield Page((), committed=True, unreadable=tuple(lost))
        return
    todo = list(iids.items())
    while todo:
        size = site.graphql.size("change_details") if site.asks("change_details") else _CHUNK
        part, todo = dict(todo[:size]), todo[size:]
        found, missing = _details(site, scope, part)
        yield Page(
            tuple(found),
            committed=not todo,
            unreadable=(*lost, *missing),
            done_ids=tuple(one.source_id for one in found),
        )
        lost = []


def _details(
    site: Site, scope: ScopeRef, iids: Mapping[str, str]
) -> tuple[list[RawRecord], list[Unreadable]]:
    if site.asks("change_details"):
        try:
            return in_bulk(site, scope, iids)
        except HOPELESS:
            site.asks_no_more("change_details")
        except Refused:
            if len(iids) > 1:
                return _halved(site, scope, iids)
    return _one_by_one(site, scope, iids)


def _halved(
    site: Site, scope: ScopeRef, iids: Mapping[str, str]
) -> tuple[list[RawRecord], list[Unreadable]]:
    """One broken merge request makes a page of many fail: it alone is read by REST."""
    pairs = list(iids.items())
    middle = len(pairs) // 2
    found, missing = _details(site, scope, dict(pairs[:middle]))
    more, lost = _details(site, scope, dict(pairs[middle:]))
    return [*found, *more], [*missing, *lost]


def numbers(
    ids: Sequence[str], keys: Mapping[str, str], mark: str
) -> tuple[dict[str, str], list[Unreadable]]:
    """Number inside the project -> id, and those whose number nobody stored."""
    found: dict[str, str] = {}
    lost: list[Unreadable] = []
    for id_ in dict.fromkeys(ids):
        iid = keys.get(id_, "").rpartition(mark)[2]
        if iid.isdecimal():
            found[iid] = id_
        else:
            lost.append(Unreadable(id_, "its number in the project is not stored"))
    return found, lost


# --- GraphQL --------------------------------------------------------------------------------


def in_bulk(
    site: Site, scope: ScopeRef, iids: Mapping[str, str]
) -> tuple[list[RawRecord], list[Unreadable]]:
    """Details of many merge requests (number -> id). Raises SourceErrors."""
    found: list[RawRecord] = []
    todo = list(iids)
    answered: set[str] = set()
    while todo:
        wanted = todo

        def variables(size: int) -> dict[str, Any]:
            return {"path": site.path(scope), "iids": wanted[:size], "size": size}  # noqa: B023  # called at once

        project, size = site.graphql.shrinking("change_details", variables)
        for node in nodes(project.get("mergeRequests")):
            answered.add(str(node.get("iid")))
            found.append(_of_node(site, scope, node))
        todo = todo[size:]
    missing = [
        Unreadable(id_, "the merge request is gone or hidden", "missing")
        for iid, id_ in iids.items()
        if iid not in answered
    ]
    return found, missing


def _of_node(site: Site, scope: ScopeRef, node: Mapping[str, Any]) -> RawRecord:
    id_, iid = number(node["id"]), str(node.get("iid"))
    payload: dict[str, Any] = {
        "__api": "graphql",
        "id": id_,
        "iid": iid,
        "projectId": scope.source_id,
        "projectPath": site.path(scope),
        "state": node.get("state"),
        "head": node.get("diffHeadSha"),
        "approvals": node.get("approvedBy"),
        "reviewers": node.get("reviewers"),
        "commits": node.get("commits"),
        "notes": _of_approvals(node.get("notes")),
        "pipelines": node.get("pipelines"),
        "files": {"stats": node.get("diffStats"), "summary": node.get("diffStatsSummary")},
        "versions": _NOT_TOLD,
        "closes": _NOT_TOLD,
    }
    for name in _LISTS:
        if has_more(payload[name]):
            payload[name] = _part(site, scope, iid, name)
    return record("change_details", id_, payload, instant(node.get("updatedAt")))


def _of_approvals(connection: Any) -> Any:
    """Notes that tell of approvals only: what people write to each other is not kept."""
    if not isinstance(connection, dict):
        return connection
    kept = [
        one
        for one in nodes(connection)
        if table(one.get("systemNoteMetadata")).get("action") in _APPROVAL_NOTES.values()
    ]
    return {**connection, "nodes": kept}


# --- REST -----------------------------------------------------------------------------------


def _one_by_one(
    site: Site, scope: ScopeRef, iids: Mapping[str, str]
) -> tuple[list[RawRecord], list[Unreadable]]:
    found: list[RawRecord] = []
    missing: list[Unreadable] = []
    for iid, id_ in iids.items():
        try:
            # Every edition has them: without them there is no merge request.
            pushes = list(listing(site.transport, _path(scope, iid, "versions")))
        except NotFound as error:
            missing.append(Unreadable(id_, error.what, "missing"))
            continue
        except NotAllowed as error:
            missing.append(Unreadable(id_, error.what, "forbidden"))
            continue
        payload: dict[str, Any] = {
            "__api": "rest",
            "id": id_,
            "iid": iid,
            "project_id": scope.source_id,
            "project_path": site.path(scope),
            "versions": pushes,
        }
        for name in ("approvals", "reviewers", "commits", "files", "closes", "pipelines"):
            payload[name] = _part(site, scope, iid, name)
        payload["notes"] = _part(site, scope, iid, "notes") if _wants_times(payload) else []
        found.append(record("change_details", id_, payload, None))
    return found, missing


def _wants_times(payload: Mapping[str, Any]) -> bool:
    """Whether somebody approved and the server did not say when."""
    approvals = payload["approvals"]
    return isinstance(approvals, list) and any("approved_at" not in one for one in approvals)


def _path(scope: ScopeRef, iid: str, name: str) -> str:
    return f"{API}/projects/{scope.source_id}/merge_requests/{iid}/{name}"


def _part(site: Site, scope: ScopeRef, iid: str, name: str) -> Any:
    """One part by REST; a missing permission or feature is said in its place."""
    try:
        return _PARTS[name](site, scope, iid)
    except (NotAllowed, NotFound) as error:
        status = 403 if isinstance(error, NotAllowed) else 404
        return {"unavailable": error.what, "status": status}


def _list(site: Site, scope: ScopeRef, iid: str, name: str) -> list[dict[str, Any]]:
    return list(listing(site.transport, _path(scope, iid, name)))


def _approvals(site: Site, scope: ScopeRef, iid: str) -> list[dict[str, Any]]:
    answer = site.transport.get(_path(scope, iid, "approvals")).object()
    if answer.get("approved_by") is None:
        raise NotFound("the server tells nothing of approvals", where="approvals")
    return objects(answer["approved_by"], "approvals")


def _closes(site: Site, scope: ScopeRef, iid: str) -> list[dict[str, Any]]:
    """Only what names the issue: an issue of another system has an id and a title only."""
    wanted = ("id", "iid", "project_id", "references", "web_url")
    return [
        {key: one[key] for key in wanted if key in one}
        for one in _list(site, scope, iid, "closes_issues")
    ]


def _notes(site: Site, scope: ScopeRef, iid: str) -> list[dict[str, Any]]:
    query = {"activity_filter": "only_activity", "sort": "asc", "order_by": "created_at"}
    rows = listing(site.transport, _path(scope, iid, "notes"), query)
    return [
        {
            "id": one.get("id"),
            "action": _APPROVAL_NOTES[str(one.get("body"))],
            "created_at": one.get("created_at"),
            "author": one.get("author"),
        }
        for one in rows
        if one.get("system") is True and str(one.get("body")) in _APPROVAL_NOTES
    ]


def _files(site: Site, scope: ScopeRef, iid: str) -> Any:
    """Paths with their counts; the text of a change is counted and not kept."""
    if site.may("merge request diffs"):
        try:
            return [_counted(one) for one in _list(site, scope, iid, "diffs")]
        except NotFound:
            found = _old_files(site, scope, iid)
            # The merge request is there: it is the endpoint that is missing, as before 15.7.
            site.lacks("merge request diffs")
            return found
    return _old_files(site, scope, iid)


def _old_files(site: Site, scope: ScopeRef, iid: str) -> Any:
    answer = site.transport.get(_path(scope, iid, "changes")).object()
    held = answer.get("changes")
    files = [_counted(one) for one in held] if isinstance(held, list) else []
    return {"files": files, "overflow": answer.get("overflow") is True}


def _counted(one: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in one.items() if key != "diff"}
    text = one.get("diff")
    if isinstance(text, str) and text and not one.get("too_large") and not one.get("collapsed"):
        lines = text.splitlines()
        kept["additions"] = sum(line.startswith("+") and line[:4] != "+++ " for line in lines)
        kept["deletions"] = sum(line.startswith("-") and line[:4] != "--- " for line in lines)
    return kept


_PARTS: dict[str, Any] = {
    "approvals": _approvals,
    "reviewers": lambda site, scope, iid: _list(site, scope, iid, "reviewers"),
    "commits": lambda site, scope, iid: _list(site, scope, iid, "commits"),
    "files": _files,
    "closes": _closes,
    "pipelines": lambda site, scope, iid: _list(site, scope, iid, "pipelines"),
    "notes": _notes,
}
