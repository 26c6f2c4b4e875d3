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


def read(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """Jobs of the runs asked for, one page per run."""
    for id_ in window.ids:
        path = f"repositories/{scope.source_id}/actions/runs/{id_}/jobs"
        try:
            jobs = everything(
                site.transport, path, {"filter": "all"}, key="jobs", size=site.options.page_size
            )
        except NotFound as error:
            # The run was deleted; what it had is not to be had any more.
            yield Page((), unreadable=(Unreadable(id_, error.what, "missing"),))
            continue
        except NotAllowed as error:
            yield Page((), unreadable=(Unreadable(id_, error.what, "forbidden"),))
            continue
        content = payload(scope, "rest", {"id": id_, "jobs": jobs})
        yield Page((RawRecord("jobs", id_, encoded(content), parsed=content),), done_ids=(id_,))
