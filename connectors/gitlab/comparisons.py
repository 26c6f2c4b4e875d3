"""Whether what landed is what was tested: GitLab tells no tree ids, so two commits are compared.

Asked only of merge requests whose landed commit no pipeline of its own speaks for; the engine picks
them. Commits never change, so each is asked about once.
"""

import re
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
from connectors.gitlab.trunk import lean

_REVERTS_CHANGE = re.compile(r"(?i)\breverts merge request !([1-9]\d*)\b")
_REVERTS_COMMIT = re.compile(r"(?i)\breverts commit ([0-9a-f]{7,64})\b")
#: Merge requests per page: what a crash repeats.
_CHUNK = 10
#: Merges built by CI that are looked at, the newest ones.
_MOST = 2


def read(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """Comparisons for each merge request in `window.ids`. Raises SourceErrors."""
    site.need(scope, "merge_requests", "repository", "builds")
    iids, lost = numbers(window.ids, window.keys, "!")
    todo = list(iids.items())
    for start in range(0, max(1, len(todo)), _CHUNK):
        found: list[RawRecord] = []
        for iid, id_ in todo[start : start + _CHUNK]:
            try:
                found.append(_compared(site, scope, iid, id_))
            except (NotAllowed, NotFound) as error:
                kind = "forbidden" if isinstance(error, NotAllowed) else "missing"
                lost.append(Unreadable(id_, error.what, kind))
        yield Page(
            tuple(found),
            committed=start + _CHUNK >= len(todo),
            unreadable=tuple(lost),
            done_ids=tuple(one.source_id for one in found),
        )
        lost = []


def _compared(site: Site, scope: ScopeRef, iid: str, id_: str) -> RawRecord:
    base = f"{API}/projects/{scope.source_id}"
    change = site.transport.get(f"{base}/merge_requests/{iid}").object()
    head = change.get("sha")
    landed = change.get("merge_commit_sha") or change.get("squash_commit_sha") or head
    pairs: list[dict[str, Any]] = []
    commits: list[dict[str, Any]] = []
    if isinstance(landed, str) and landed:
        runs = list(listing(site.transport, f"{base}/merge_requests/{iid}/pipelines"))
        built = _built(runs)
        tested = {str(one.get("sha")) for one in runs}
        for sha in dict.fromkeys([*built, *([str(head)] if head in tested else [])]):
            if sha != landed:
                pairs.append(_pair(site, base, landed, sha))
        restored = _restored(site, base, change)
        if restored is not None and restored != landed:
            pairs.append(_pair(site, base, landed, restored))
        # What a merge that CI built was made of, and what the target branch was at the merge.
        commits = [one for sha in built if (one := _commit(site, base, sha)) is not None]
        if change.get("target_branch") != site.project(scope).get("default_branch"):
            commits += [one for one in (_commit(site, base, landed),) if one is not None]
    content = {
        "__api": "rest",
        "id": id_,
        "project_id": scope.source_id,
        "pairs": pairs,
        "commits": commits,
    }
    return record("comparisons", id_, content, None)


def _restored(site: Site, base: str, change: dict[str, Any]) -> str | None:
    """The commit before what this one takes back, if it says that it takes something back.

    GitLab writes so itself when somebody reverts: then it may hold what was tested there.
    """
    told = f"{change.get('title') or ''}\n{change.get('description') or ''}"
    sha = None
    if (commit := _REVERTS_COMMIT.search(told)) is not None:
        sha = commit[1]
    elif (other := _REVERTS_CHANGE.search(told)) is not None:
        try:
            first = site.transport.get(f"{base}/merge_requests/{other[1]}").object()
        except (NotAllowed, NotFound):
            return None
        sha = first.get("merge_commit_sha") or first.get("squash_commit_sha") or first.get("sha")
    if not isinstance(sha, str) or (held := _commit(site, base, sha)) is None:
        return None
    parents = held.get("parent_ids")
    return str(parents[0]) if isinstance(parents, list) and parents else None


def _built(runs: list[dict[str, Any]]) -> list[str]:
    """Commits of the newest merges that CI made by itself."""
    mine = [one for one in runs if str(one.get("ref") or "").endswith(("/merge", "/train"))]
    mine.sort(key=lambda one: one["id"] if isinstance(one.get("id"), int) else 0, reverse=True)
    return list(dict.fromkeys(str(one["sha"]) for one in mine if one.get("sha")))[:_MOST]


def _pair(site: Site, base: str, landed: str, sha: str) -> dict[str, Any]:
    """Equal: the straight difference of the two is empty, and the server had time to tell."""
    asked = {"from": landed, "to": sha, "straight": "true"}
    pair: dict[str, Any] = {"sha": landed, "other": sha}
    try:
        answer = site.transport.get(f"{base}/repository/compare", asked).object()
    except (NotAllowed, NotFound) as error:
        return {**pair, "equal": None, "reason": error.what}
    diffs = answer.get("diffs")
    if answer.get("compare_timeout") is not False or not isinstance(diffs, list):
        return {**pair, "equal": None, "reason": "the server had no time to compare them"}
    return {**pair, "equal": not diffs}


def _commit(site: Site, base: str, sha: str) -> dict[str, Any] | None:
    try:
        return lean(site.transport.get(f"{base}/repository/commits/{sha}").object())
    except (NotAllowed, NotFound):
        return None
