"""Jobs of workflow runs, of all attempts: GitHub's check runs know only the latest."""

from collections.abc import Iterator

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
                # The run was deleted; what it had is not to be had any more.
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
    content = payload(scope, "rest", {"id": id_, "jobs": jobs})
    return RawRecord("jobs", id_, encoded(content), parsed=content)
