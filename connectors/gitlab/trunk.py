"""The default branch, commit by commit: what landed in which order, and what nobody proposed."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.contract import (
    Cursor,
    NotFound,
    Page,
    RawRecord,
    ScopeRef,
    Window,
)
from connectors.first_parents import Line
from connectors.gitlab.changed import identified, record
from connectors.gitlab.paging import literal
from connectors.gitlab.site import API, Site
from connectors.instants import instant

#: Version of what is asked for; a new one reads everything again.
SHAPE = 1
#: How far back the branch is read at first: older changes are judged no more.
BACK = timedelta(days=240)
#: How often the server notes at the project that something was pushed, with some time to spare.
NOTED_EVERY = timedelta(hours=2)
BELIEVED_FOR = timedelta(hours=24)


def read(site: Site, scope: ScopeRef, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Commits of the default branch since the last time, newest first. Raises SourceErrors."""
    site.need(scope, "repository")
    project = site.project(scope)
    branch = project.get("default_branch")
    held: Mapping[str, Any] = cursor or {}
    fits = held.get("shape") == SHAPE and held.get("branch") == branch
    if window.full or not fits:
        held = {}
    now = window.run_started_at
    since = instant(held.get("back_to")) or max(now - BACK, window.since or now - BACK)
    mark = {
        "shape": SHAPE,
        "branch": branch,
        "tip": held.get("tip"),
        "back_to": literal(since),
    }
    if not isinstance(branch, str) or not branch or project.get("empty_repo") is True:
        yield Page((), cursor=mark, committed=True)
        return
    activity = project.get("last_activity_at")
    if held.get("tip") and not held.get("walk") and _is_quiet(held, activity, now):
        yield Page((), cursor=held, committed=True)
        return
    mark.update(activity=activity, read=literal(now))
    yield from _walk(site, scope, mark, held.get("walk") or {}, since)


def _is_quiet(held: Mapping[str, Any], activity: Any, now: datetime) -> bool:
    """Whether nothing can have been pushed since: the server then says that something happened.

    It notes that once an hour, so what it said within an hour of the last reading proves nothing;
    and what it says is believed for a day.
    """
    read, said = instant(held.get("read")), instant(activity)
    if read is None or said is None or activity != held.get("activity"):
        return False
    return read - said > NOTED_EVERY and now - read < BELIEVED_FOR


def _walk(
    site: Site, scope: ScopeRef, mark: dict[str, Any], walk: Mapping[str, Any], since: datetime
) -> Iterator[Page]:
    """Pages back to what was known; an interrupted walk goes on with the commit it wanted next.

    Each page is asked for by the commit that comes next, not by its number: a page may be shorter
    than was asked for, and what is pushed meanwhile moves none.
    """
    path, branch = f"{API}/projects/{scope.source_id}/repository/commits", str(mark["branch"])
    line: Line | None = None
    tip, wanted = walk.get("tip"), walk.get("wanted") or branch
    while True:
        query = {
            "ref_name": wanted,
            "since": literal(since),
            "first_parent": "true",
            "per_page": site.options.page_size,
        }
        try:
            found = identified(site.transport.get(path, query))
        except NotFound:
            if line is not None:
                raise
            # The branch was taken away meanwhile, or nothing was ever pushed.
            break
        if not found:
            # What comes next is older than is asked for.
            break
        if line is None:
            first = str(found[0]["id"])
            tip = tip or first
            line = Line(first, mark["tip"])
        chain = line.take((str(one["id"]), _parents(one), one) for one in found)
        records = [_commits(scope, chain)] if chain else []
        if line.wanted is None or line.ended:
            yield Page(
                (*records, _tip(scope, branch, tip)), cursor={**mark, "tip": tip}, committed=True
            )
            return
        if not chain:
            # What comes next is older than is asked for; only what came beside it is not.
            break
        wanted = line.wanted
        yield Page(tuple(records), cursor={**mark, "walk": {"tip": tip, "wanted": wanted}})
    told = (_tip(scope, branch, tip),) if tip else ()
    yield Page(told, cursor={**mark, "tip": tip or mark["tip"]}, committed=True)


def _commits(scope: ScopeRef, chain: list[dict[str, Any]]) -> RawRecord:
    content = {"__api": "rest", "project_id": scope.source_id, "commits": [*map(lean, chain)]}
    return record("trunk", f"{scope.source_id}:{chain[0]['id']}", content, None)


def _tip(scope: ScopeRef, branch: str, tip: Any) -> RawRecord:
    content = {"__api": "rest", "project_id": scope.source_id, "branch": branch, "tip": tip}
    return record("trunk", f"{scope.source_id}:tip:{branch}", content, None)


def _parents(one: Mapping[str, Any]) -> list[str]:
    held = one.get("parent_ids")
    return [sha for sha in held if isinstance(sha, str)] if isinstance(held, list) else []


def lean(one: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a commit: no name and no address of a person."""
    names = ("id", "parent_ids", "title", "authored_date", "committed_date")
    return {name: one.get(name) for name in names}
