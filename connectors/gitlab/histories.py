"""What happened to issues: typed events, by REST in both modes, one list per kind and issue.

What an issue waits for comes along, unless GraphQL told it with the issue itself.
"""

from collections.abc import Iterator
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
from connectors.gitlab.details import numbers
from connectors.gitlab.paging import listing
from connectors.gitlab.site import API, Site

#: Issues per page: what a crash repeats.
_CHUNK = 20
_EVERYWHERE = ("state", "label", "milestone")
#: Of a paid tier: an issue may have such events, or the server may not know them at all.
_PAID = ("iteration", "weight")
_LINKS = "issue links"


def read(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """The events of each issue in `window.ids`. Raises SourceErrors."""
    site.need(scope, "issues")
    iids, lost = numbers(window.ids, window.keys, "#")
    todo = list(iids.items())
    for start in range(0, max(1, len(todo)), _CHUNK):
        found: list[RawRecord] = []
        for iid, id_ in todo[start : start + _CHUNK]:
            try:
                found.append(_history(site, scope, id_, iid))
            except NotFound as error:
                lost.append(Unreadable(id_, error.what, "missing"))
        yield Page(
            tuple(found),
            committed=start + _CHUNK >= len(todo),
            unreadable=tuple(lost),
            done_ids=tuple(one.source_id for one in found),
        )
        lost = []


def _history(site: Site, scope: ScopeRef, id_: str, iid: str) -> RawRecord:
    """Raises NotFound for an issue that is gone."""
    payload: dict[str, Any] = {
        "__api": "rest",
        "id": id_,
        "iid": iid,
        "project_id": scope.source_id,
    }
    for kind in _EVERYWHERE:
        payload[kind] = _events(site, scope, iid, kind)
    if all(isinstance(payload[kind], dict) for kind in _EVERYWHERE):
        statuses = {payload[kind]["status"] for kind in _EVERYWHERE}
        if statuses == {404}:
            raise NotFound(payload["state"]["unavailable"], where=f"{scope.key}#{iid}")
    for kind in _PAID:
        payload[kind] = _paid(site, scope, iid, kind)
    if id_ not in site.blockers_told:
        payload["links"] = _links(site, scope, iid)
    return record("histories", id_, payload, None)


def _links(site: Site, scope: ScopeRef, iid: str) -> Any:
    """Which issues this one is linked with, and how; of the others nothing but their ids."""
    if site.paid is False:
        # Without a paid tier no issue can wait for another: there is nothing to ask for.
        return []
    if not site.may(_LINKS):
        return {"unavailable": "this server has no links between issues", "status": 404}
    path = f"{API}/projects/{scope.source_id}/issues/{iid}/links"
    try:
        found = list(listing(site.transport, path))
    except NotAllowed as error:
        return {"unavailable": error.what, "status": 403}
    except NotFound as error:
        # The issue is there, its events have come: it is the endpoint that is missing.
        site.lacks(_LINKS)
        return {"unavailable": error.what, "status": 404}
    return [{name: one.get(name) for name in ("id", "link_type")} for one in found]


def _paid(site: Site, scope: ScopeRef, iid: str, kind: str) -> Any:
    """Events that a server without the tier does not know: it is asked once a run."""
    absent = {"unavailable": "not a part of this server's edition", "status": 404}
    if site.paid is False or not site.may(kind):
        return absent
    found = _events(site, scope, iid, kind)
    if isinstance(found, dict):
        site.lacks(kind)
    return found


def _events(site: Site, scope: ScopeRef, iid: str, kind: str) -> Any:
    path = f"{API}/projects/{scope.source_id}/issues/{iid}/resource_{kind}_events"
    try:
        return list(listing(site.transport, path))
    except (NotAllowed, NotFound) as error:
        status = 403 if isinstance(error, NotAllowed) else 404
        return {"unavailable": error.what, "status": status}
