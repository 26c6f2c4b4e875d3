"""GitHub's pull requests: as they stand now, and what of them landed, from either API."""

import re
from dataclasses import dataclass
from typing import Any

from mappings import references
from mappings.code_records import ChangeRequest, Commit, Commits, Reference, References
from mappings.dates import instant
from mappings.github_out import (
    Out,
    by_graphql,
    id_of,
    is_bot,
    is_private,
    labels_of,
    lower,
    milestone_of,
    name_of,
    nodes,
    scope_of,
)
from mappings.text import clean, identity
from mappings.values import items, table, text, whole
from mappings.vocabulary import ChangeState, MergeMethod, MilestoneKind, Origin, RefSource

_STATES = {
    "open": ChangeState.OPEN,
    "closed": ChangeState.CLOSED,
    "merged": ChangeState.MERGED,
}
#: What a squash adds to its subject unless somebody takes it out.
_SQUASHED = re.compile(r" \(#(\d+)\)$")


@dataclass(frozen=True, slots=True)
class Made:
    """A commit in the words of neither API."""

    sha: str
    message: str
    tree: str | None
    parents: tuple[str, ...]
    author: Any
    authored: Any
    committed: Any

    @property
    def subject(self) -> str:
        """First line of the message."""
        return clean(self.message.partition("\n")[0].rstrip())

    def record(self, out: Out) -> Commit:
        """The normalized commit; its author is added as an account."""
        return Commit(
            sha=self.sha,
            tree=self.tree,
            parents=self.parents,
            author_id=out.account(self.author),
            subject=self.subject,
            authored_at=instant(self.authored),
            committed_at=instant(self.committed),
        )


def commit_of(value: Any, graphql: bool) -> Made | None:
    """A commit as either API writes it; None if there is none."""
    raw = table(value)
    sha = text(raw.get("oid" if graphql else "sha"))
    if not sha:
        return None
    if graphql:
        return Made(
            sha=sha,
            message=text(raw.get("message")) or "",
            tree=text(table(raw.get("tree")).get("oid")),
            parents=_shas(nodes(raw.get("parents")), "oid"),
            author=table(raw.get("author")).get("user"),
            authored=raw.get("authoredDate"),
            committed=raw.get("committedDate"),
        )
    inner = table(raw.get("commit"))
    return Made(
        sha=sha,
        message=text(inner.get("message")) or "",
        tree=text(table(inner.get("tree")).get("sha")),
        parents=_shas(items(raw.get("parents")), "sha"),
        author=raw.get("author") or None,
        authored=table(inner.get("author")).get("date"),
        committed=table(inner.get("committer")).get("date"),
    )


def _shas(values: list[Any], name: str) -> tuple[str, ...]:
    return tuple(sha for one in values if (sha := text(table(one).get(name))))


def change(raw: dict[str, Any], out: Out) -> None:
    """A pull request, what landed of it, and what its branch, title and body refer to."""
    id_, number = id_of(raw), whole(raw.get("number"))
    if not id_ or number is None:
        out.broken("changes", "a pull request without id or number")
        return
    if by_graphql(raw):
        head = next((table(one).get("commit") for one in nodes(raw.get("head"))), None)
        landed = commit_of(raw.get("mergeCommit"), graphql=True)
        count = whole(table(raw.get("head")).get("totalCount"))
        tip = commit_of(head, graphql=True)
    else:
        # The listing brings no commit; `details` tells the rest.
        landed = tip = count = None
    pull_request(raw, raw, landed, tip, count, out)
    out.records.append(_references(raw, id_))


def pull_request(
    pull: dict[str, Any],
    payload: dict[str, Any],
    landed: Made | None,
    tip: Made | None,
    count: int | None,
    out: Out,
) -> None:
    """The record of a pull request; `tip` is the last of its `count` commits, as far as known.

    `payload` tells the repository and the API of `pull`.
    """
    graphql = by_graphql(payload)
    id_, number = id_of(pull) or "", whole(pull.get("number")) or 0
    out.subject = f"change_request:{id_}"
    raw_state = _raw_state(pull, graphql)
    state = _STATES.get(raw_state, ChangeState.UNKNOWN)
    if state is ChangeState.UNKNOWN:
        out.issue(
            "unknown-state",
            "state",
            raw_state,
            f"The state {raw_state!r} of this pull request is unknown to driftline. Report it to "
            "driftline's issue tracker.",
        )
    head, base = _ends(pull, graphql)
    merged = state is ChangeState.MERGED
    merge_sha = _merge_sha(pull, graphql) if merged else None
    landed_sha = landed.sha if landed is not None else merge_sha
    head_sha = text(head["sha"])
    tip = tip if tip is not None and tip.sha == head_sha else None
    method, base_sha, base_known = (
        _how(landed, tip, head_sha, count, number) if merged else (MergeMethod.UNKNOWN, None, None)
    )
    milestone = milestone_of({**pull, "__repository": payload.get("__repository")})
    digest, _ = identity(text(pull.get("body")) or None)

    def moment(rest: str, by_name: str) -> Any:
        return out.moment(pull.get(by_name if graphql else rest), rest)

    assigned = (out.account(one) for one in nodes(pull.get("assignees")))
    out.records.append(
        ChangeRequest(
            source_id=id_,
            scope_id=scope_of(payload),
            number=number,
            key=f"{name_of(payload)}#{number}",
            title=text(pull.get("title")) or "",
            state=state,
            raw_state=raw_state,
            is_draft=pull.get("isDraft" if graphql else "draft") is True,
            created_at=moment("created_at", "createdAt"),
            updated_at=moment("updated_at", "updatedAt"),
            closed_at=moment("closed_at", "closedAt"),
            merged_at=moment("merged_at", "mergedAt"),
            author_id=out.account(pull.get("author" if graphql else "user")),
            merged_by_id=out.account(pull.get("mergedBy" if graphql else "merged_by")),
            base_ref=text(base["ref"]),
            head_ref=text(head["ref"]),
            head_scope_id=text(head["repository"]),
            head_sha=head_sha,
            base_sha=text(base["sha"]),
            merge_sha=merge_sha,
            landed_sha=landed_sha if merged else None,
            landed_tree=landed.tree if merged and landed is not None else None,
            head_tree=tip.tree if tip is not None else None,
            base_sha_at_merge=base_sha,
            base_known=base_known,
            merge_method=method,
            additions=whole(pull.get("additions")),
            deletions=whole(pull.get("deletions")),
            changed_files=whole(pull.get("changedFiles" if graphql else "changed_files")),
            labels=labels_of(pull, out),
            milestones=((MilestoneKind.MILESTONE, milestone),) if milestone else (),
            assignee_ids=tuple(dict.fromkeys(one for one in assigned if one)),
            text_hash=digest,
            restricted=is_private(payload),
            url=text(pull.get("url" if graphql else "html_url")),
        )
    )
    if merged and landed is not None:
        out.records.append(Commits(scope_of(payload), (landed.record(out),)))


def author_is_bot(pull: dict[str, Any], graphql: bool) -> bool:
    """Whether a robot wrote the pull request."""
    return is_bot(pull.get("author" if graphql else "user"))


def _raw_state(pull: dict[str, Any], graphql: bool) -> str:
    """REST calls a merged one closed."""
    if pull.get("mergedAt" if graphql else "merged_at"):
        return "merged"
    return lower(pull.get("state")) or ""


def _merge_sha(pull: dict[str, Any], graphql: bool) -> str | None:
    if graphql:
        return text(table(pull.get("mergeCommit")).get("oid"))
    return text(pull.get("merge_commit_sha"))


def _ends(pull: dict[str, Any], graphql: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    if graphql:
        return (
            {
                "ref": pull.get("headRefName"),
                "sha": pull.get("headRefOid"),
                "repository": table(pull.get("headRepository")).get("databaseId"),
            },
            {"ref": pull.get("baseRefName"), "sha": pull.get("baseRefOid")},
        )
    head, base = table(pull.get("head")), table(pull.get("base"))
    return (
        {
            "ref": head.get("ref"),
            "sha": head.get("sha"),
            "repository": table(head.get("repo")).get("id"),
        },
        {"ref": base.get("ref"), "sha": base.get("sha")},
    )


def _how(
    landed: Made | None, tip: Made | None, head_sha: str | None, count: int | None, number: int
) -> tuple[MergeMethod, str | None, Origin | None]:
    """(method, base at the merge, how that is known); neither API tells them.

    Two parents are a merge, whose first parent is the base. One parent is a squash or the last of
    the commits of a rebase: a squash carries the number or another message than the head, and its
    parent is the base. A single commit has one and the same parent either way.
    """
    if landed is None:
        return MergeMethod.UNKNOWN, None, None
    if landed.sha == head_sha:
        return MergeMethod.FAST_FORWARD, None, None
    first = landed.parents[0] if landed.parents else None
    if len(landed.parents) > 1:
        return MergeMethod.MERGE, first, Origin.SOURCE
    known = Origin.INFERRED if first else None
    squashed = _SQUASHED.search(landed.subject)
    if squashed and int(squashed[1]) == number:
        return MergeMethod.SQUASH, first, known
    if count == 1:
        return MergeMethod.UNKNOWN, first, known
    if tip is None or count is None:
        return MergeMethod.UNKNOWN, None, None
    if landed.message.strip() == tip.message.strip():
        return MergeMethod.REBASE, None, None
    return MergeMethod.SQUASH, first, known


def _references(raw: dict[str, Any], id_: str) -> References:
    graphql = by_graphql(raw)
    head, _ = _ends(raw, graphql)
    robot = author_is_bot(raw, graphql)
    found: list[Reference] = []
    for source, value in (
        (RefSource.BRANCH, head["ref"]),
        (RefSource.TITLE, raw.get("title")),
        (RefSource.BODY, raw.get("body")),
    ):
        found.extend(references.find(text(value) or "", source, by_bot=robot))
    sources = (RefSource.BRANCH, RefSource.TITLE, RefSource.BODY)
    return References(id_, scope_of(raw), sources, tuple(found))
