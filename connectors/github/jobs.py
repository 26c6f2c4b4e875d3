"""Jobs of workflow runs, of all attempts: GitHub's check runs know only the latest."""

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
from connectors.github.paging import everything
from connectors.github.site import Site, encoded, payload

_GONE = "the run was deleted: the repository is there, and the run is not"
#: Runs per page: what a crash repeats.
_CHUNK = 20


def read(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """Jobs of the runs asked for. Raises SourceErrors."""
    for start in range(0, len(window.ids), _CHUNK):
        found: list[RawRecord] = []
        lost: list[Unreadable] = []
        for id_ in window.ids[start : start + _CHUNK]:
            try:
                found.append(_jobs(site, scope, id_))
            except NotFound as error:
                if _is_gone(site, scope, id_):
                    found.append(_record(scope, id_, {"unavailable": _GONE, "status": 404}))
                else:
                    lost.append(Unreadable(id_, error.what, "missing"))
            except NotAllowed as error:
                lost.append(Unreadable(id_, error.what, "forbidden"))
        yield Page(
            tuple(found),
            unreadable=tuple(lost),
            done_ids=tuple(one.source_id for one in found),
        )


def _jobs(site: Site, scope: ScopeRef, id_: str) -> RawRecord:
    path = f"repositories/{scope.source_id}/actions/runs/{id_}/jobs"
    jobs = everything(
        site.transport, path, {"filter": "all"}, key="jobs", size=site.options.page_size
    )
    return _record(scope, id_, jobs)


def _is_gone(site: Site, scope: ScopeRef, id_: str) -> bool:
    """Whether the run itself is not there any more, in a repository that is.

    People delete runs, and GitHub deletes old ones. Raises SourceErrors.
    """
    base = f"repositories/{scope.source_id}"
    try:
        site.transport.get(f"{base}/actions/runs/{id_}")
    except NotFound:
        site.transport.get(base)
        return True
    return False


def _record(scope: ScopeRef, id_: str, jobs: Any) -> RawRecord:
    content = payload(scope, "rest", {"id": id_, "jobs": jobs})
    return RawRecord("jobs", id_, encoded(content), parsed=content)
