"""The default branch, commit by commit: what landed in which order, and what nobody proposed.

By REST in both modes: a hundred commits cost a request either way.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.contract import Cursor, Page, RawRecord, ScopeRef, Window
from connectors.first_parents import Line
from connectors.github.details import checks_of
from connectors.github.moments import stamp
from connectors.github.paging import Progress, has_next, rows
from connectors.github.site import Site, encoded, payload
from connectors.instants import instant
from connectors.rows import objects

#: Version of what is asked for; a new one reads everything again.
SHAPE = 1
#: How far back the branch is read at first: older changes are judged no more.
BACK = timedelta(days=240)
#: Commits that no change brought: their checks are asked for when they are so young,
CHECKED_FOR = timedelta(days=30)
#: again until they are so old,
YOUNG = timedelta(days=3)
#: and of so many in one run.
MOST_CHECKED = 25
#: What the vendor writes into the subject of a merge or squash.
_OF_A_CHANGE = re.compile(r"#\d+")
_EMPTY = frozenset({404, 409})


@dataclass(frozen=True, slots=True)
class _Step:
    """What a page of the walk brought, and where it stands."""

    records: tuple[RawRecord, ...]
    #: where the branch stands; None: it holds nothing.
    tip: str | None
    #: the commit to go on with; None: it is over.
    wanted: str | None = None


def read(site: Site, scope: ScopeRef, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Commits of the default branch since the last time, newest first. Raises SourceErrors."""
    branch, pushed = scope.facts.get("branch"), scope.facts.get("pushed")
    held: Mapping[str, Any] = cursor or {}
    fits = held.get("shape") == SHAPE and held.get("branch") == branch
    if window.full or not fits:
        held = {}
    if not isinstance(branch, str) or not branch:
        yield Page((), cursor={"shape": SHAPE, "branch": branch}, committed=True)
        return
    now = window.run_started_at
    since = instant(held.get("back_to")) or max(now - BACK, window.since or now - BACK)
    mark: dict[str, Any] = {
        "shape": SHAPE,
        "branch": branch,
        "tip": held.get("tip"),
        "back_to": stamp(since),
        "young": dict(held.get("young") or {}),
    }
    walk: Mapping[str, Any] = held.get("walk") or {}
    if walk or mark["tip"] is None or pushed is None or pushed != held.get("pushed"):
        for step in _walk(site, scope, branch, walk, mark["tip"], since, mark["young"]):
            if step.wanted is not None:
                going = {"tip": step.tip, "wanted": step.wanted}
                yield Page(step.records, cursor={**mark, "walk": going})
            else:
                mark["tip"] = step.tip
                yield Page(step.records, cursor=mark)
    records = tuple(_checks(site, scope, mark["young"], now))
    mark["young"] = {sha: at for sha, at in mark["young"].items() if _age(at, now) < YOUNG}
    yield Page(records, cursor={**mark, "pushed": pushed}, committed=True)


def _walk(
    site: Site,
    scope: ScopeRef,
    branch: str,
    walk: Mapping[str, Any],
    known: str | None,
    since: datetime,
    young: dict[str, str],
) -> Iterator[_Step]:
    """Pages back to what was known; an interrupted walk goes on with the commit it wanted next."""
    path = f"repositories/{scope.source_id}/commits"
    params: dict[str, Any] = {
        "sha": walk.get("wanted") or branch,
        "since": stamp(since),
        "per_page": site.options.page_size,
    }
    answer = site.transport.get(path, {**params, "page": 1}, allow=_EMPTY)
    found = [] if answer.status >= 400 else objects(rows(answer, None, path), path, "sha")
    if not found:
        # An empty repository, or nothing since then.
        yield _Step((), walk.get("tip") or known)
        return
    # From here on by its sha: what is pushed meanwhile moves no page.
    params["sha"] = str(found[0]["sha"])
    tip = str(walk.get("tip") or params["sha"])
    line = Line(params["sha"], known)
    progress, number = Progress(path), 1
    while True:
        progress.note(found)
        chain = line.take((str(one["sha"]), _parents(one), one) for one in found)
        for one in chain:
            if not _OF_A_CHANGE.search(_subject(one)):
                young[str(one["sha"])] = str(_committed(one) or "")
        records: list[RawRecord] = []
        if chain:
            content = payload(scope, "rest", {"branch": branch, "commits": [*map(_lean, chain)]})
            id_ = f"{scope.source_id}:{chain[0]['sha']}"
            records.append(RawRecord("trunk", id_, encoded(content), None, SHAPE, content))
        if line.ended or not has_next(answer):
            records.append(_tip(scope, branch, tip))
            yield _Step(tuple(records), tip)
            return
        yield _Step(tuple(records), tip, line.wanted)
        number += 1
        answer = site.transport.get(path, {**params, "page": number})
        found = objects(rows(answer, None, path), path, "sha")


def _tip(scope: ScopeRef, branch: str, sha: str) -> RawRecord:
    content = payload(scope, "rest", {"branch": branch, "tip": sha})
    id_ = f"{scope.source_id}:tip:{branch}"
    return RawRecord("trunk", id_, encoded(content), None, SHAPE, content)


def _checks(
    site: Site, scope: ScopeRef, young: Mapping[str, str], now: datetime
) -> Iterator[RawRecord]:
    """What reported on commits that seem to belong to no change, the newest first."""
    recent = [(at, sha) for sha, at in young.items() if _age(at, now) < CHECKED_FOR]
    for _, sha in sorted(recent, reverse=True)[:MOST_CHECKED]:
        content = payload(scope, "rest", {"checks": checks_of(site, scope, sha)})
        id_ = f"{scope.source_id}:checks:{sha}"
        yield RawRecord("trunk", id_, encoded(content), None, SHAPE, content)


def _age(at: str, now: datetime) -> timedelta:
    moment = instant(at)
    return timedelta.max if moment is None else now - moment


def _parents(one: Mapping[str, Any]) -> Sequence[str]:
    held = one.get("parents")
    parents = held if isinstance(held, list) else []
    return [str(each["sha"]) for each in parents if isinstance(each, dict) and each.get("sha")]


def _commit(one: Mapping[str, Any]) -> Mapping[str, Any]:
    held = one.get("commit")
    return held if isinstance(held, dict) else {}


def _subject(one: Mapping[str, Any]) -> str:
    return str(_commit(one).get("message") or "").partition("\n")[0]


def _committed(one: Mapping[str, Any]) -> Any:
    who = _commit(one).get("committer")
    return who.get("date") if isinstance(who, dict) else None


def _lean(one: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a commit: its names and addresses of people are told by accounts."""
    inner = _commit(one)
    return {
        "sha": one["sha"],
        "parents": [{"sha": sha} for sha in _parents(one)],
        "author": _account(one.get("author")),
        "commit": {
            "message": _subject(one),
            "tree": inner.get("tree"),
            "author": {"date": _date(inner.get("author"))},
            "committer": {"date": _committed(one)},
        },
    }


def _date(who: Any) -> Any:
    return who.get("date") if isinstance(who, dict) else None


def _account(who: Any) -> dict[str, Any] | None:
    if not isinstance(who, dict):
        return None
    return {name: who.get(name) for name in ("id", "login", "type", "html_url")}
