"""Which issues there are, by id alone, and a look at the ones that a census missed."""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from connectors.contract import (
    Gone,
    GoneReason,
    NotAllowed,
    Page,
    RawRecord,
    ScopeRef,
    UnexpectedAnswer,
    Window,
)
from connectors.jira.issues import _literal, shape_of, wanted_fields
from connectors.jira.jql import conjunction
from connectors.jira.site import Site

#: Ids per page: the vendor's cap when only ids are asked for.
CLOUD_PAGE, DC_PAGE = 5000, 1000


def read(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """All ids of a project (within the horizon, if one is given); true only if it stays visible."""
    horizon = None
    if window.since is not None:
        horizon = f"(statusCategory != Done OR updated >= {_literal(site, window.since)})"
    clauses = (f"project = {scope.source_id}", horizon)
    pages = _cloud(site, clauses) if site.cloud else _data_center(site, clauses)
    for ids in pages:
        yield Page(tuple(RawRecord("census", id_, b"{}") for id_ in ids))
    if not site.project_visible(scope.source_id):
        raise NotAllowed(
            f"project {scope.key} went out of sight during the census", where=scope.key
        )
    yield Page((), committed=True)


def _cloud(site: Site, clauses: Sequence[str | None]) -> Iterator[list[str]]:
    token: str | None = None
    used: set[str] = set()
    while True:
        body: dict[str, Any] = {
            "jql": conjunction(clauses, "id ASC"),
            "fields": ["id"],
            "maxResults": CLOUD_PAGE,
        }
        if token:
            body["nextPageToken"] = token
        answer = site.transport.post(f"{site.api}/search/jql", body).object()
        yield _ids(answer)
        token = answer.get("nextPageToken")
        if not token:
            if answer.get("isLast") is False:
                raise UnexpectedAnswer("more follows, and no token for it", where="census")
            return
        if token in used:
            raise UnexpectedAnswer("the same page token twice", where="census")
        used.add(token)


def _data_center(site: Site, clauses: Sequence[str | None]) -> Iterator[list[str]]:
    last = start = 0
    by_id = site.can("id_clause")
    found: set[str] = set()
    while True:
        extra = f"id > {last}" if by_id and last else None
        answer = site.transport.post(
            f"{site.api}/search",
            {
                "jql": conjunction((*clauses, extra), "id ASC"),
                "fields": ["id"],
                "startAt": 0 if by_id else start,
                "maxResults": DC_PAGE,
            },
        ).object()
        ids = _ids(answer)
        total = answer.get("total")
        found.update(ids)
        yield ids
        start += len(ids)
        if not ids:
            break
        last = max(int(id_) for id_ in ids)
        if isinstance(total, int) and (len(ids) if by_id else start) >= total:
            break
    if not by_id and isinstance(total, int) and len(found) < total:
        raise UnexpectedAnswer(f"{len(found)} of {total} ids could be read", where="census")


def _ids(answer: dict[str, Any]) -> list[str]:
    issues = answer.get("issues")
    if not isinstance(issues, list):
        raise UnexpectedAnswer("the answer has no list of issues", where="census")
    return [str(one["id"]) for one in issues if isinstance(one, dict) and one.get("id")]


def look(site: Site, scope: ScopeRef, ids: Sequence[str]) -> list[Gone]:
    """What became of each id: alive, moved, or not to be seen (and then why, as far as told)."""
    fields = wanted_fields(site)
    shape = shape_of(fields)
    found = _many(site, ids, fields) if site.cloud and len(ids) > 1 else {}
    visible: bool | None = None
    out: list[Gone] = []
    for id_ in ids:
        issue = found.get(id_) or _one(site, id_, fields)
        if issue is None:
            if visible is None:
                visible = site.project_visible(scope.source_id)
            reason = GoneReason.DELETED_OR_HIDDEN if visible else GoneReason.HIDDEN
            out.append(Gone(id_, reason, detail="" if visible else "the project is out of sight"))
            continue
        project = (issue.get("fields") or {}).get("project") or {}
        if str(project.get("id")) != scope.source_id:
            out.append(
                Gone(
                    id_,
                    GoneReason.MOVED,
                    to_scope_id=str(project.get("id")),
                    to_key=str(issue.get("key")),
                )
            )
            continue
        record = RawRecord("issues", id_, orjson.dumps(issue), None, shape)
        out.append(Gone(id_, None, record=record))
    return out


def _many(site: Site, ids: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
    answer = site.transport.post(
        f"{site.api}/issue/bulkfetch",
        {"issueIdsOrKeys": list(ids), "fields": list(fields)},
        allow=frozenset({400, 404, 405}),
    )
    if answer.status != 200:
        return {}
    issues = answer.object().get("issues")
    return {str(one["id"]): one for one in issues} if isinstance(issues, list) else {}


def _one(site: Site, id_: str, fields: Sequence[str]) -> dict[str, Any] | None:
    answer = site.transport.get(
        f"{site.api}/issue/{id_}",
        {"fields": ",".join(fields)},
        allow=frozenset({403, 404, 410}),
    )
    return answer.object() if answer.status == 200 else None
