"""What belongs to a merge request: reviews, commits, files, pushes, declared links, pipelines."""

from typing import Any

from mappings import references
from mappings.code_records import (
    ChangeCommits,
    ChangeFile,
    ChangeFiles,
    Commit,
    Push,
    Pushes,
    Reference,
    References,
    Review,
    Reviews,
)
from mappings.gitlab_ci import run_of
from mappings.gitlab_out import Out, get, gid, instant, rows, why_not
from mappings.text import clean
from mappings.values import items, table, text, whole
from mappings.vocabulary import FileChange, HistoryState, RefKind, RefSource, ReviewVerdict

#: States of a reviewer; an approval is told with the approvals.
_VERDICTS = {
    "reviewed": ReviewVerdict.COMMENTED,
    "requested_changes": ReviewVerdict.CHANGES_REQUESTED,
    "unapproved": ReviewVerdict.DISMISSED,
    "unreviewed": ReviewVerdict.PENDING,
    "review_started": ReviewVerdict.PENDING,
}


def details(raw: dict[str, Any], out: Out) -> None:
    """Everything of one merge request that is not in its own record."""
    id_ = gid(raw.get("id"))
    if not id_:
        out.broken("change_details", "details without a merge request")
        return
    out.subject = f"change_details:{id_}"
    scope_id = gid(get(raw, "project_id", "projectId")) or ""
    commits = rows(raw.get("commits"))
    out.records.append(_reviews(raw, id_, out))
    out.records.append(_commits(raw, commits, id_, scope_id, out))
    out.records.append(_files(raw, id_))
    out.records.append(_pushes(raw, commits, id_, out))
    found = _references(raw, commits, id_, scope_id)
    if found is not None:
        out.records.append(found)
    for one in rows(raw.get("pipelines")) or ():
        run_id = gid(one.get("id"))
        home = gid(one.get("project_id")) or gid(table(one.get("project")).get("id"))
        # Those of this project come whole with its pipelines; a fork's are seen here only.
        if run_id and home and home != scope_id:
            out.records.append(run_of({**one, "project_id": home}, run_id, out))


# --- reviews --------------------------------------------------------------------------------


def _reviews(raw: dict[str, Any], id_: str, out: Out) -> Reviews:
    approvals, reviewers = rows(raw.get("approvals")), rows(raw.get("reviewers"))
    if approvals is None and reviewers is None:
        return Reviews(id_, HistoryState.UNAVAILABLE, reason=why_not(raw.get("approvals")))
    times = _approval_times(raw.get("notes"))
    found: dict[str, Review] = {}
    for one in reviewers or ():
        who = out.account(one.get("user", one))
        # By GraphQL the reviewer is the node itself, whose `state` is that of the account.
        state = one if "user" in one else table(one.get("mergeRequestInteraction"))
        said = (text(get(state, "reviewState", "state")) or "unreviewed").lower()
        verdict = _VERDICTS.get(said)
        if who is None or verdict is None:
            continue
        found[who] = Review(f"{id_}:reviewer:{who}", who, verdict, said)
    for one in approvals or ():
        who = out.account(one.get("user", one))
        if who is None:
            continue
        at = instant(one.get("approved_at")) or times.get(who)
        review = Review(f"{id_}:approval:{who}", who, ReviewVerdict.APPROVED, "approved", at=at)
        found[who] = review
    unread = approvals is None or reviewers is None
    reason = None
    if unread:
        reason = why_not(raw.get("approvals" if approvals is None else "reviewers"))
    return Reviews(
        id_,
        HistoryState.PARTIAL if unread else HistoryState.COMPLETE,
        tuple(found[who] for who in sorted(found)),
        reason,
    )


def _approval_times(part: Any) -> dict[str, Any]:
    """Account -> its last approval that was not taken back, from the system's notes."""
    found: dict[str, Any] = {}
    told = [
        (at, one)
        for one in rows(part) or ()
        if (at := instant(get(one, "created_at", "createdAt"))) is not None
    ]
    for at, one in sorted(told, key=lambda pair: pair[0]):
        who = gid(table(one.get("author")).get("id"))
        action = text(one.get("action")) or text(table(one.get("systemNoteMetadata")).get("action"))
        if who and action == "approved":
            found[who] = at
        elif who and action == "unapproved":
            found.pop(who, None)
    return found


# --- commits and pushes ---------------------------------------------------------------------


def _sha(commit: dict[str, Any]) -> str | None:
    return text(commit.get("sha")) or text(commit.get("id"))


def _commits(
    raw: dict[str, Any],
    commits: list[dict[str, Any]] | None,
    id_: str,
    scope_id: str,
    out: Out,
) -> ChangeCommits:
    if commits is None:
        reason = why_not(raw.get("commits"))
        return ChangeCommits(id_, scope_id, HistoryState.UNAVAILABLE, reason=reason)
    found: dict[str, Commit] = {}
    # GitLab lists the newest first.
    for one in reversed(commits):
        sha = _sha(one)
        if not sha:
            continue
        found[sha] = Commit(
            sha=sha,
            parents=tuple(one for one in items(one.get("parent_ids")) if isinstance(one, str)),
            author_id=out.account(one.get("author")),
            subject=clean(text(one.get("title")) or ""),
            authored_at=instant(get(one, "authored_date", "authoredDate")),
            committed_at=instant(one.get("committed_date")),
        )
    total = whole(raw.get("commitCount"))
    if total is not None and total > len(found):
        reason = f"the server gives {len(found)} of {total} commits"
        return ChangeCommits(
            id_, scope_id, HistoryState.PARTIAL, tuple(found.values()), reason=reason
        )
    return ChangeCommits(id_, scope_id, HistoryState.COMPLETE, tuple(found.values()))


def _pushes(
    raw: dict[str, Any], commits: list[dict[str, Any]] | None, id_: str, out: Out
) -> Pushes:
    """Each version of the diff is a push; the first is the head it was opened with.

    GitLab does not say which push rewrote history. It is told where the head after it is still a
    part of the change and the head before it is not.
    """
    versions = rows(raw.get("versions"))
    if versions is None:
        return Pushes(id_, HistoryState.UNAVAILABLE, reason=why_not(raw.get("versions")))
    present = {sha for one in commits or () if (sha := _sha(one))}
    found: list[Push] = []
    before: str | None = None
    for one in sorted(versions, key=lambda one: whole(one.get("id")) or 0):
        version, at = text(one.get("id")), instant(one.get("created_at"))
        after = text(one.get("head_commit_sha"))
        if version is None or at is None:
            out.issue(
                "bad-push",
                "versions",
                version,
                "A version of this merge request has no id or no usable time and is left out.",
            )
            continue
        if after is not None and after == before:
            # The target moved: a new diff of the same head.
            continue
        found.append(
            Push(
                source_id=version,
                at=at,
                is_force=before is not None and before not in present and after in present,
                before_sha=before,
                after_sha=after,
            )
        )
        before = after
    return Pushes(id_, HistoryState.COMPLETE, tuple(found))


# --- files ----------------------------------------------------------------------------------


def _files(raw: dict[str, Any], id_: str) -> ChangeFiles:
    part = raw.get("files")
    if isinstance(part, list):
        return _listed(id_, part, _expected(raw))
    held = table(part)
    if isinstance(held.get("files"), list):
        cut = "the server cuts the list of files" if held.get("overflow") is True else None
        return _listed(id_, held["files"], _expected(raw), cut)
    stats = held.get("stats")
    if not isinstance(stats, list):
        return ChangeFiles(id_, HistoryState.UNAVAILABLE, reason=why_not(part))
    files = {
        path: ChangeFile(
            path, FileChange.UNKNOWN, whole(one.get("additions")), whole(one.get("deletions"))
        )
        for one in stats
        if isinstance(one, dict) and (path := text(one.get("path")))
    }
    return _whole(id_, files, whole(table(held.get("summary")).get("fileCount")), None)


def _expected(raw: dict[str, Any]) -> int | None:
    """How many files the newest version of the diff has; `1000+` counts as one more."""
    versions = rows(raw.get("versions")) or []
    newest = max(versions, key=lambda one: whole(one.get("id")) or 0, default={})
    size = text(newest.get("real_size"))
    if size is None:
        return None
    shown = whole(size.removesuffix("+"))
    return None if shown is None else shown + size.endswith("+")


def _listed(
    id_: str, listed: list[Any], expected: int | None, cut: str | None = None
) -> ChangeFiles:
    files: dict[str, ChangeFile] = {}
    for one in listed:
        raw = table(one)
        path = text(raw.get("new_path")) or text(raw.get("old_path"))
        if not path:
            continue
        change = FileChange.MODIFIED
        if raw.get("new_file") is True:
            change = FileChange.ADDED
        elif raw.get("deleted_file") is True:
            change = FileChange.REMOVED
        elif raw.get("renamed_file") is True:
            change = FileChange.RENAMED
        files[path] = ChangeFile(
            path,
            change,
            whole(raw.get("additions")),
            whole(raw.get("deletions")),
            text(raw.get("old_path")) if change is FileChange.RENAMED else None,
        )
    return _whole(id_, files, expected, cut)


def _whole(
    id_: str, files: dict[str, ChangeFile], expected: int | None, cut: str | None
) -> ChangeFiles:
    if cut is None and expected is not None and expected > len(files):
        cut = f"the server gives {len(files)} of {expected} files"
    found = tuple(files[path] for path in sorted(files))
    return ChangeFiles(
        id_, HistoryState.COMPLETE if cut is None else HistoryState.PARTIAL, found, cut
    )


# --- references -----------------------------------------------------------------------------


def _references(
    raw: dict[str, Any],
    commits: list[dict[str, Any]] | None,
    id_: str,
    scope_id: str,
) -> References | None:
    """What the commits refer to, and what GitLab itself says that merging closes."""
    sources: list[RefSource] = []
    found: list[Reference] = []
    closes = rows(raw.get("closes"))
    if closes is not None:
        sources.append(RefSource.DECLARED)
        found.extend(one for issue in closes if (one := _declared(issue)) is not None)
    if commits is not None:
        sources.append(RefSource.COMMIT)
        texts = (text(one.get("message")) or text(one.get("title")) or "" for one in commits)
        found.extend(
            references.unique(
                one
                for message in texts
                for one in references.find(message, RefSource.COMMIT, dialect=references.GITLAB)
            )
        )
    if not sources:
        return None
    return References(id_, scope_id, tuple(sources), tuple(found))


def _declared(issue: dict[str, Any]) -> Reference | None:
    """An issue of another system has an id and no number: the id is its key."""
    id_, iid = text(issue.get("id")), text(issue.get("iid"))
    if not id_:
        return None
    if not iid:
        return Reference(RefKind.CLOSES, RefSource.DECLARED, id_)
    full = text(table(issue.get("references")).get("full"))
    return Reference(RefKind.CLOSES, RefSource.DECLARED, full or f"#{iid}", target_id=id_)
