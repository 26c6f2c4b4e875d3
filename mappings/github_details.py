"""What belongs to a pull request: reviews, commits, files, pushes, declared links, checks."""

from collections.abc import Callable
from typing import Any

from mappings import references
from mappings.code_records import (
    ChangeCommits,
    ChangeFile,
    ChangeFiles,
    Push,
    Pushes,
    Reference,
    References,
    Review,
    Reviews,
)
from mappings.dates import instant
from mappings.github_change import Made, author_is_bot, commit_of, pull_request
from mappings.github_ci import checks_by_graphql, checks_by_rest
from mappings.github_out import Out, by_graphql, id_of, nodes, scope_of, why_not
from mappings.values import items, table, text, whole
from mappings.vocabulary import FileChange, HistoryState, RefKind, RefSource, ReviewVerdict

#: Most that the server lists, whatever there is.
MOST_COMMITS, MOST_FILES = 250, 3000

_VERDICTS = {
    "APPROVED": ReviewVerdict.APPROVED,
    "CHANGES_REQUESTED": ReviewVerdict.CHANGES_REQUESTED,
    "COMMENTED": ReviewVerdict.COMMENTED,
    "DISMISSED": ReviewVerdict.DISMISSED,
    "PENDING": ReviewVerdict.PENDING,
}
#: REST's word or GraphQL's (in small letters) -> what happened to a path.
_FILE_CHANGES = {
    "added": FileChange.ADDED,
    "modified": FileChange.MODIFIED,
    "changed": FileChange.MODIFIED,
    "removed": FileChange.REMOVED,
    "deleted": FileChange.REMOVED,
    "renamed": FileChange.RENAMED,
    "copied": FileChange.COPIED,
}


def details(raw: dict[str, Any], out: Out) -> None:
    """Everything of one pull request that is not in its own record; by REST the rest of that."""
    id_ = text(raw.get("id"))
    if not id_:
        out.broken("change_details", "details without a pull request")
        return
    graphql, scope_id = by_graphql(raw), scope_of(raw)
    commits = _commits(raw, graphql)
    pull = table(raw.get("pull"))
    if id_of(pull) == id_ and not graphql:
        tip = commits[-1] if commits else None
        landed = commit_of(raw.get("landed"), graphql=False)
        pull_request(pull, raw, landed, tip, whole(pull.get("commits")), out)
    out.subject = f"change_details:{id_}"
    out.records.append(_reviews(raw, id_, graphql, out))
    out.records.append(_change_commits(raw, id_, scope_id, commits, out))
    out.records.append(_files(raw, id_, graphql))
    out.records.append(_pushes(raw, id_, graphql, out))
    found = _references(raw, id_, scope_id, commits)
    if found is not None:
        out.records.append(found)
    seen: set[tuple[str, Any]] = set()
    make = checks_by_graphql if graphql else checks_by_rest
    for name in ("head_checks", "landed_checks"):
        for one in make(raw.get(name), scope_id, out):
            if (one.sha, one.sources) not in seen:
                seen.add((one.sha, one.sources))
                out.records.append(one)


def _reviews(raw: dict[str, Any], id_: str, graphql: bool, out: Out) -> Reviews:
    part = raw.get("reviews")
    reason = why_not(part)
    if reason is not None:
        return Reviews(id_, HistoryState.UNAVAILABLE, (), reason)
    found: list[Review] = []
    for one in (table(value) for value in nodes(part)):
        source_id = id_of(one)
        if not source_id:
            continue
        said = text(one.get("state")) or ""
        verdict = _VERDICTS.get(said.upper(), ReviewVerdict.UNKNOWN)
        if verdict is ReviewVerdict.UNKNOWN:
            out.issue(
                "unknown-state",
                "review",
                said,
                f"The verdict {said!r} of a review is unknown to driftline. Report it to "
                "driftline's issue tracker.",
            )
        sha = table(one.get("commit")).get("oid") if graphql else one.get("commit_id")
        found.append(
            Review(
                source_id=source_id,
                reviewer_id=out.account(one.get("author" if graphql else "user")),
                verdict=verdict,
                raw_verdict=said,
                commit_sha=text(sha),
                at=instant(one.get("submittedAt" if graphql else "submitted_at")),
                url=text(one.get("url" if graphql else "html_url")),
            )
        )
    return Reviews(id_, HistoryState.COMPLETE, tuple(found))


def _commits(raw: dict[str, Any], graphql: bool) -> list[Made]:
    values = nodes(raw.get("commits"))
    held = (table(one).get("commit") if graphql else one for one in values)
    return [made for one in held if (made := commit_of(one, graphql)) is not None]


def _change_commits(
    raw: dict[str, Any], id_: str, scope_id: str, commits: list[Made], out: Out
) -> ChangeCommits:
    reason = why_not(raw.get("commits"))
    if reason is not None:
        return ChangeCommits(id_, scope_id, HistoryState.UNAVAILABLE, (), reason)
    state, reason = _cut(raw, "commits", len(commits), MOST_COMMITS)
    return ChangeCommits(id_, scope_id, state, tuple(one.record(out) for one in commits), reason)


def _files(raw: dict[str, Any], id_: str, graphql: bool) -> ChangeFiles:
    part = raw.get("files")
    reason = why_not(part)
    if reason is not None:
        return ChangeFiles(id_, HistoryState.UNAVAILABLE, (), reason)
    found: list[ChangeFile] = []
    for one in (table(value) for value in nodes(part)):
        path = text(one.get("path" if graphql else "filename"))
        if not path:
            continue
        word = (text(one.get("changeType" if graphql else "status")) or "").lower()
        found.append(
            ChangeFile(
                path=path,
                change=_FILE_CHANGES.get(word, FileChange.UNKNOWN),
                additions=whole(one.get("additions")),
                deletions=whole(one.get("deletions")),
                old_path=text(one.get("previous_filename")) or None,
            )
        )
    state, reason = _cut(raw, "files", len(found), MOST_FILES)
    return ChangeFiles(id_, state, tuple(found), reason)


def _cut(raw: dict[str, Any], name: str, held: int, most: int) -> tuple[HistoryState, str | None]:
    """Whether a list is whole: by the server's own count, else by the most it lists."""
    count = whole(table(raw.get("counts")).get(name))
    if count is not None and count > held:
        return HistoryState.PARTIAL, f"the server lists {held} of {count} {name}"
    if count is None and held >= most:
        return HistoryState.PARTIAL, f"the server lists at most {most} {name}"
    return HistoryState.COMPLETE, None


def _pushes(raw: dict[str, Any], id_: str, graphql: bool, out: Out) -> Pushes:
    """Force-pushes: of ordinary ones GitHub keeps no record."""
    part = raw.get("events")
    reason = why_not(part)
    if reason is not None:
        return Pushes(id_, HistoryState.UNAVAILABLE, (), reason)
    found: list[Push] = []
    read: Callable[[dict[str, Any], Out], Push | None] = _push_graphql if graphql else _push_rest
    for one in nodes(part):
        push = read(table(one), out)
        if push is not None:
            found.append(push)
    return Pushes(id_, HistoryState.COMPLETE, tuple(found))


def _push_graphql(one: dict[str, Any], out: Out) -> Push | None:
    at, id_ = instant(one.get("createdAt")), text(one.get("id"))
    if one.get("__typename") != "HeadRefForcePushedEvent" or at is None or not id_:
        return None
    return Push(
        source_id=id_,
        at=at,
        is_force=True,
        before_sha=text(table(one.get("beforeCommit")).get("oid")),
        after_sha=text(table(one.get("afterCommit")).get("oid")),
        actor_id=out.account(one.get("actor")),
    )


def _push_rest(one: dict[str, Any], out: Out) -> Push | None:
    at = instant(one.get("created_at"))
    id_ = text(one.get("node_id")) or text(one.get("id"))
    if one.get("event") != "head_ref_force_pushed" or at is None or not id_:
        return None
    return Push(
        source_id=id_,
        at=at,
        is_force=True,
        after_sha=text(one.get("commit_id")),
        actor_id=out.account(one.get("actor")),
    )


def _references(
    raw: dict[str, Any], id_: str, scope_id: str, commits: list[Made]
) -> References | None:
    """What its commits refer to, and what GitHub itself says that merging closes."""
    sources: list[RefSource] = []
    found: list[Reference] = []
    if why_not(raw.get("commits")) is None:
        sources.append(RefSource.COMMIT)
        robot = author_is_bot(table(raw.get("pull")), graphql=False)
        found.extend(
            references.unique(
                one
                for made in commits
                for one in references.find(made.message, RefSource.COMMIT, by_bot=robot)
            )
        )
    closing = raw.get("closing")
    if why_not(closing) is None and closing is not None:
        sources.append(RefSource.DECLARED)
        for value in items(closing):
            one = table(value)
            number, home = text(one.get("number")), table(one.get("repository"))
            name = text(home.get("nameWithOwner"))
            if number and name:
                found.append(
                    Reference(RefKind.CLOSES, RefSource.DECLARED, f"{name}#{number}", id_of(one))
                )
    return References(id_, scope_id, tuple(sources), tuple(found)) if sources else None
