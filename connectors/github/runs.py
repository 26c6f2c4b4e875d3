"""Workflow runs, by REST: GraphQL knows no attempts. Read in windows that hold what is listed."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contract import Cursor, Page, RawRecord, ScopeRef, UnexpectedAnswer, Window
from connectors.github.moments import instant, stamp
from connectors.github.paging import has_next, rows
from connectors.github.site import Site, encoded, payload
from connectors.github.walk import Walk

#: Version of what is asked for; a new one reads everything again.
SHAPE = 1
#: Runs that a filtered listing shows at most.
MOST = 1000
#: At a first load with a horizon: older runs say little about what is open now, and the checks of
#: older changes come with those.
BACK = timedelta(days=90)
#: No workflow ran before.
BEGINNING = datetime(2018, 1, 1, tzinfo=UTC)
#: Windows are not cut below this.
SHORTEST = timedelta(minutes=1)
#: Unfinished runs that are remembered to be looked at again.
OPEN_LIMIT = 200
#: How long an unfinished run is looked at again: the vendor ends one after 35 days.
OPEN_FOR = timedelta(days=36)


def read(site: Site, scope: ScopeRef, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Runs created since the cursor, and those that had not ended when they were last read."""
    walk = Walk.start(scope, cursor, window, SHAPE)
    held: Mapping[str, Any] = cursor or {}
    waiting = _waiting(held, walk)
    upper = window.run_started_at
    lower = walk.lower
    if lower is None:
        lower = BEGINNING if window.since is None else max(upper - BACK, window.since)
    reached = instant(walk.progress.get("at"))
    if reached is not None:
        lower = max(lower, reached)
    open_runs: dict[str, str] = dict(walk.progress.get("open") or {})
    seen: set[str] = set()
    for begin, end, first in _windows(site, scope, lower, upper):
        for found, last in _pages(site, scope, begin, end, first):
            records = [_record(scope, one) for one in found]
            for one in found:
                seen.add(str(one["id"]))
                _note(open_runs, one)
            if not last:
                yield Page(tuple(records), cursor=walk.step(at=stamp(begin), open=open_runs))
                continue
            yield Page(tuple(records), cursor=walk.step(at=stamp(end), open=open_runs))
    records = []
    for id_, created in waiting.items():
        at = instant(created)
        if id_ in seen or at is None or upper - at > OPEN_FOR:
            continue
        found_one = _one(site, scope, id_)
        if found_one is not None:
            records.append(_record(scope, found_one))
            _note(open_runs, found_one)
    yield Page(tuple(records), cursor=walk.end(open=_limited(open_runs)), committed=True)


def _waiting(held: Mapping[str, Any], walk: Walk) -> dict[str, str]:
    found = held.get("open")
    if walk.lower is None or not isinstance(found, Mapping):
        return {}
    return {str(id_): str(created) for id_, created in found.items()}


def _windows(
    site: Site, scope: ScopeRef, lower: datetime, upper: datetime
) -> Iterator[tuple[datetime, datetime, tuple[list[dict[str, Any]], bool]]]:
    """Windows of creation, oldest first, each with its first page; none holds too much to list."""
    stack = [(lower, upper)]
    while stack:
        begin, end = stack.pop()
        found, more, total = _ask(site, scope, begin, end, 1)
        if total > MOST:
            if end - begin <= SHORTEST:
                raise UnexpectedAnswer(
                    f"{total} runs within {SHORTEST}: the server lists {MOST} of them",
                    where=f"runs of {scope.key}",
                )
            middle = begin + (end - begin) / 2
            # The bounds are inclusive in whole seconds: the border second is asked for twice.
            stack.extend(((middle, end), (begin, middle)))
            continue
        yield begin, end, (found, more)


def _pages(
    site: Site,
    scope: ScopeRef,
    begin: datetime,
    end: datetime,
    first: tuple[list[dict[str, Any]], bool],
) -> Iterator[tuple[list[dict[str, Any]], bool]]:
    found, more = first
    number = 1
    before: list[dict[str, Any]] = []
    while True:
        if found and found == before:
            raise UnexpectedAnswer(
                "the server repeats a page for ever", where=f"runs of {scope.key}"
            )
        yield found, not more
        if not more:
            return
        before = found
        number += 1
        found, more, _ = _ask(site, scope, begin, end, number)


def _ask(
    site: Site, scope: ScopeRef, begin: datetime, end: datetime, number: int
) -> tuple[list[dict[str, Any]], bool, int]:
    path = f"repositories/{scope.source_id}/actions/runs"
    answer = site.transport.get(
        path,
        {
            "created": f"{stamp(begin)}..{stamp(end)}",
            "per_page": site.options.page_size,
            "page": number,
        },
    )
    found = [one for one in rows(answer, "workflow_runs", path) if one.get("id") is not None]
    total = answer.object().get("total_count")
    return found, has_next(answer), total if isinstance(total, int) else len(found)


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
