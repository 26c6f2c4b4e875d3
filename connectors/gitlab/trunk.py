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
    UnexpectedAnswer,
    Window,
)
from connectors.first_parents import Line
from connectors.gitlab.changed import identified, record
from connectors.gitlab.paging import literal, next_query
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
    """Pages back to what was known; an interrupted walk goes on with the commit it wanted next."""
    path, branch = f"{API}/projects/{scope.source_id}/repository/commits", str(mark["branch"])
    query: dict[str, Any] | None = {
        "ref_name": walk.get("wanted") or branch,
        "since": literal(since),
        "first_parent": "true",
        "per_page": site.options.page_size,
    }
    line: Line | None = None
    tip, before = walk.get("tip"), ""
    while query is not None:
        try:
            answer = site.transport.get(path, query)
        except NotFound:
            if line is not None:
                raise
            # The branch was taken away meanwhile, or nothing was ever pushed.
            break
        found = identified(answer)
        first = str(found[0]["id"]) if found else ""
        if found and first == before:
            raise UnexpectedAnswer("the server repeats a page for ever", where=path)
        if line is None:
            if not found:
                break
            # From here on by its sha: what is pushed meanwhile moves no page.
            query["ref_name"], tip = first, tip or first
            line = Line(first, mark["tip"])
        before = first
        chain = line.take((str(one["id"]), _parents(one), one) for one in found)
        following = next_query(answer)
        query = None if following is None else {**following, "ref_name": query["ref_name"]}
        records: list[RawRecord] = []
        if chain:
            content: dict[str, Any] = {
                "__api": "rest",
                "project_id": scope.source_id,
                "commits": [*map(lean, chain)],
            }
            id_ = f"{scope.source_id}:{chain[0]['id']}"
            records.append(record("trunk", id_, content, None))
        if line.ended or query is None:
            content = {
                "__api": "rest",
                "project_id": scope.source_id,
                "branch": branch,
                "tip": tip,
            }
            records.append(record("trunk", f"{scope.source_id}:tip:{branch}", content, None))
            yield Page(tuple(records), cursor={**mark, "tip": tip}, committed=True)
            return
        going = {"tip": tip, "wanted": line.wanted}
        yield Page(tuple(records), cursor={**mark, "walk": going})
    yield Page((), cursor={**mark, "tip": tip or mark["tip"]}, committed=True)


def _parents(one: Mapping[str, Any]) -> list[str]:
    held = one.get("parent_ids")
    return [sha for sha in held if isinstance(sha, str)] if isinstance(held, list) else []


def lean(one: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a commit: no name and no address of a person."""
    names = ("id", "parent_ids", "title", "authored_date", "committed_date")
    return {name: one.get(name) for name in names}
