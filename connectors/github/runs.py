"""Workflow runs, by REST: GraphQL knows no attempts. Newest first, in windows of creation."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contract import Cursor, Page, RawRecord, ScopeRef, UnexpectedAnswer, Window
from connectors.github.moments import stamp
from connectors.github.paging import Progress, has_next, rows
from connectors.github.site import Site, encoded, payload
from connectors.github.walk import Walk
from connectors.instants import instant
from connectors.rows import objects

#: Version of what is asked for; a new one reads everything again.
SHAPE = 1
#: Runs that a filtered listing shows at most.
MOST = 1000
#: At a first load with a horizon: older runs say little about what is open now, and the checks of
#: older changes come with those.
BACK = timedelta(days=90)
#: No workflow ran before.
BEGINNING = datetime(2018, 1, 1, tzinfo=UTC)
#: Unfinished runs that are remembered to be looked at again.
OPEN_LIMIT = 200
#: How long an unfinished run is looked at again: the vendor ends one after 35 days.
OPEN_FOR = timedelta(days=36)


def read(site: Site, scope: ScopeRef, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Runs created since the cursor, and those that had not ended when they were last read."""
    walk = Walk.start(scope, cursor, window, SHAPE)
    waiting = _waiting(walk.progress if "waiting" in walk.progress else cursor or {}, walk)
    lower, upper = walk.lower, window.run_started_at
    if lower is None:
        lower = BEGINNING if window.since is None else max(upper - BACK, window.since)
    # Nothing is created in the past: an interrupted walk goes on where it was.
    until = instant(walk.progress.get("until")) or upper
    open_runs: dict[str, str] = dict(walk.progress.get("open") or {})
    seen: set[str] = set()
    for found in _created(site, scope, lower, until):
        for one in found:
            _note(open_runs, one)
            if str(one["id"]) in waiting:
                seen.add(str(one["id"]))
        oldest = instant(found[-1].get("created_at")) or lower
        records = tuple(_record(scope, one) for one in found)
        mark = {"until": stamp(oldest), "open": _limited(open_runs), "waiting": waiting}
        yield Page(records, cursor=walk.step(**mark))
    late: list[RawRecord] = []
    for id_, created in waiting.items():
        at = instant(created)
        if id_ in seen or at is None or upper - at > OPEN_FOR:
            continue
        again = _one(site, scope, id_)
        if again is not None:
            late.append(_record(scope, again))
            _note(open_runs, again)
    yield Page(tuple(late), cursor=walk.end(open=_limited(open_runs)), committed=True)


def _waiting(held: Mapping[str, Any], walk: Walk) -> dict[str, str]:
    """Runs that had not ended when the last whole walk read them, with their creation."""
    found = held.get("waiting", held.get("open"))
    if walk.lower is None or not isinstance(found, Mapping):
        return {}
    return {str(id_): str(created) for id_, created in found.items()}


def _created(
    site: Site, scope: ScopeRef, begin: datetime, end: datetime
) -> Iterator[list[dict[str, Any]]]:
    """Pages of runs created between two instants, newest first.

    A listing ends where it has shown as many as it shows at most; the next one then begins at the
    oldest of them. Raises UnexpectedAnswer where that many came in one second.
    """
    where = f"runs of {scope.key}"
    while True:
        number, count = 1, 0
        oldest: datetime | None = None
        progress = Progress(where)
        while True:
            found, more = _ask(site, scope, begin, end, number)
            progress.note(found)
            if found:
                yield found
                count += len(found)
                oldest = instant(found[-1].get("created_at")) or oldest
            if not more:
                break
            number += 1
        if count < MOST or oldest is None:
            return
        if oldest >= end.replace(microsecond=0):
            raise UnexpectedAnswer(
                f"{count} runs began in one second, and the server lists no more", where=where
            )
        end = oldest


def _ask(
    site: Site, scope: ScopeRef, begin: datetime, end: datetime, number: int
) -> tuple[list[dict[str, Any]], bool]:
    path = f"repositories/{scope.source_id}/actions/runs"
    answer = site.transport.get(
        path,
        {
            "created": f"{stamp(begin)}..{stamp(end)}",
            "per_page": site.options.page_size,
            "page": number,
        },
    )
    return objects(rows(answer, "workflow_runs", path), path, "id"), has_next(answer)


def _one(site: Site, scope: ScopeRef, id_: str) -> dict[str, Any] | None:
    answer = site.transport.get(
        f"repositories/{scope.source_id}/actions/runs/{id_}", allow=frozenset({404, 410})
    )
    found = answer.object() if answer.status < 400 else None
    return found if found is not None and str(found.get("id")) == id_ else None


def _note(open_runs: dict[str, str], run: Mapping[str, Any]) -> None:
    id_ = str(run["id"])
    if run.get("status") == "completed":
        open_runs.pop(id_, None)
    else:
        open_runs[id_] = str(run.get("created_at") or "")


def _limited(open_runs: Mapping[str, str]) -> dict[str, str]:
    newest = sorted(open_runs.items(), key=lambda one: one[1], reverse=True)[:OPEN_LIMIT]
    return dict(newest)


def _record(scope: ScopeRef, run: Mapping[str, Any]) -> RawRecord:
    content = payload(scope, "rest", _lean(run))
    updated = instant(run.get("updated_at"))
    return RawRecord("runs", str(run["id"]), encoded(content), updated, SHAPE, content)


def _lean(run: Mapping[str, Any]) -> dict[str, Any]:
    """A run without the two whole repositories that stand in each."""
    return {
        name: value for name, value in run.items() if name not in ("repository", "head_repository")
    }
