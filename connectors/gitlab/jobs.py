"""Jobs of pipelines by REST, retried ones too, and what their tests told."""

from collections.abc import Iterator
from typing import Any

from connectors.contract import (
    BrokenAnswer,
    NotAllowed,
    NotFound,
    Page,
    RawRecord,
    ScopeRef,
    TooManyRequests,
    Unavailable,
    Unreadable,
    Window,
)
from connectors.gitlab.changed import record
from connectors.gitlab.paging import listing
from connectors.gitlab.site import API, Site

#: Pipelines per page: what a crash repeats.
_CHUNK = 20
_DROPPED = frozenset(
    {"commit", "user", "runner", "runner_manager", "artifacts", "artifacts_file", "project"}
)


def read(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """The jobs of each pipeline in `window.ids`. Raises SourceErrors."""
    site.need(scope, "builds")
    ids = list(dict.fromkeys(window.ids))
    for start in range(0, max(1, len(ids)), _CHUNK):
        found: list[RawRecord] = []
        lost: list[Unreadable] = []
        for id_ in ids[start : start + _CHUNK]:
            try:
                found.append(_jobs(site, scope, id_))
            except NotAllowed as error:
                lost.append(Unreadable(id_, error.what, "forbidden"))
            except NotFound as error:
                if _is_gone(site, scope, id_):
                    found.append(record("jobs", id_, _gone(scope, id_), None))
                else:
                    lost.append(Unreadable(id_, error.what, "missing"))
        yield Page(
            tuple(found),
            committed=start + _CHUNK >= len(ids),
            unreadable=tuple(lost),
            done_ids=tuple(one.source_id for one in found),
        )


def _is_gone(site: Site, scope: ScopeRef, id_: str) -> bool:
    """Whether the pipeline itself is not there any more, in a project that is.

    Owners delete pipelines, and projects may have old ones deleted. Raises SourceErrors.
    """
    base = f"{API}/projects/{scope.source_id}"
    try:
        site.transport.get(f"{base}/pipelines/{id_}")
    except NotFound:
        site.transport.get(base)
        return True
    return False


def _gone(scope: ScopeRef, id_: str) -> dict[str, Any]:
    return {
        "__api": "rest",
        "id": id_,
        "project_id": scope.source_id,
        "jobs": {
            "unavailable": "the pipeline was deleted: the project is there and it is not",
            "status": 404,
        },
    }


def _jobs(site: Site, scope: ScopeRef, id_: str) -> RawRecord:
    path = f"{API}/projects/{scope.source_id}/pipelines/{id_}"
    jobs = list(listing(site.transport, f"{path}/jobs", {"include_retried": "true"}))
    payload: dict[str, Any] = {
        "__api": "rest",
        "id": id_,
        "project_id": scope.source_id,
        "jobs": [_kept(one) for one in jobs],
        "tests": _tests(site, path) if any(_reports(one) for one in jobs) else None,
    }
    if not jobs:
        payload.update(_statuses(site, scope, path, id_))
    return record("jobs", id_, payload, None)


def _statuses(site: Site, scope: ScopeRef, path: str, id_: str) -> dict[str, Any]:
    """What other systems report stands at the commit and not among the jobs."""
    run = site.transport.get(path).object()
    sha = run.get("sha")
    if not isinstance(sha, str):
        return {}
    if run.get("source") != "external":
        return {"sha": sha}
    where = f"{API}/projects/{scope.source_id}/repository/commits/{sha}/statuses"
    rows = listing(site.transport, where, {"all": "true", "pipeline_id": id_})
    return {"sha": sha, "statuses": [one for one in rows if one.get("id") is not None]}


def _kept(job: dict[str, Any]) -> dict[str, Any]:
    """A job without what nobody reads; the commit and the runner would be most of its bytes."""
    dropped = (
        "commit",
        "user",
        "runner",
        "runner_manager",
        "artifacts",
        "artifacts_file",
        "project",
    )
    return {key: value for key, value in job.items() if key not in dropped}


def _reports(job: dict[str, Any]) -> bool:
    """Whether a job left a report of its tests."""
    held = job.get("artifacts")
    return isinstance(held, list) and any(
        isinstance(one, dict) and one.get("file_type") == "junit" for one in held
    )


def _tests(site: Site, path: str) -> Any:
    """Totals per suite. A server that takes too long to add them up answers other questions.

    Raises Unavailable where it answers none: trouble of a moment must not be kept as a fact.
    """
    where = f"{path}/test_report_summary"
    try:
        return site.transport.get(where, attempts=2).object()
    except (NotAllowed, NotFound) as error:
        return {"unavailable": error.what}
    except (Unavailable, TooManyRequests, BrokenAnswer):
        site.transport.get(path)
    try:
        return site.transport.get(where, attempts=1).object()
    except (NotAllowed, NotFound, Unavailable) as error:
        return {"unavailable": error.what}
