"""GitLab's merge requests: a change request as it stands now, and what its texts refer to."""

from typing import Any

from mappings import references
from mappings.code_records import ChangeRequest, Reference, References
from mappings.gitlab_issue import labels_of, people, project_path
from mappings.gitlab_out import Out, gid, is_bot, is_private
from mappings.text import identity, plain
from mappings.values import table, text, whole
from mappings.vocabulary import ChangeState, MergeMethod, MilestoneKind, RefSource

_STATES = {
    "opened": ChangeState.OPEN,
    # Held for the moment of merging.
    "locked": ChangeState.OPEN,
    "merged": ChangeState.MERGED,
    "closed": ChangeState.CLOSED,
}


def change(raw: dict[str, Any], out: Out) -> None:
    """A merge request with its people and the references of its branch, title and description."""
    id_, number = gid(raw.get("id")), whole(raw.get("iid"))
    if not id_ or number is None:
        out.broken("changes", "a merge request without id or number")
        return
    out.subject = f"change_request:{id_}"
    raw_state = text(raw.get("state"))
    state = _STATES.get(raw_state or "", ChangeState.UNKNOWN)
    if state is ChangeState.UNKNOWN:
        out.issue(
            "unknown-state",
            "state",
            raw_state,
            f"The state {raw_state!r} of this merge request is unknown to driftline. Report it to "
            "driftline's issue tracker.",
        )
    landed, method = landing(raw) if state is ChangeState.MERGED else (None, MergeMethod.UNKNOWN)
    milestone = gid(table(raw.get("milestone")).get("id"))
    scope_id = gid(raw.get("project_id")) or gid(raw.get("target_project_id")) or ""
    author = table(raw.get("author"))
    out.records.append(
        ChangeRequest(
            source_id=id_,
            scope_id=scope_id,
            number=number,
            key=f"{project_path(raw, out)}!{number}",
            title=text(raw.get("title")) or "",
            state=state,
            raw_state=raw_state or "",
            is_draft=raw.get("draft") is True or raw.get("work_in_progress") is True,
            created_at=out.moment(raw.get("created_at"), "created_at"),
            updated_at=out.moment(raw.get("updated_at"), "updated_at"),
            closed_at=out.moment(raw.get("closed_at"), "closed_at"),
            merged_at=out.moment(raw.get("merged_at"), "merged_at"),
            author_id=out.account(author),
            merged_by_id=out.account(raw.get("merge_user")) or out.account(raw.get("merged_by")),
            base_ref=text(raw.get("target_branch")),
            head_ref=text(raw.get("source_branch")),
            head_scope_id=gid(raw.get("source_project_id")),
            head_sha=text(raw.get("sha")),
            base_sha=None,
            merge_sha=text(raw.get("merge_commit_sha")),
            landed_sha=landed,
            merge_method=method,
            labels=labels_of(raw, out),
            milestones=((MilestoneKind.MILESTONE, milestone),) if milestone else (),
            assignee_ids=tuple(
                sorted({one for raw_one in people(raw) if (one := out.account(raw_one))})
            ),
            text_hash=identity(plain(raw.get("description")))[0],
            restricted=is_private(raw),
            url=text(raw.get("web_url")),
        )
    )
    out.records.append(
        References(
            change_request_id=id_,
            scope_id=scope_id,
            sources=(RefSource.BRANCH, RefSource.TITLE, RefSource.BODY),
            references=_references(raw, by_bot=is_bot(text(author.get("username")))),
        )
    )


def landing(raw: dict[str, Any]) -> tuple[str | None, MergeMethod]:
    """What came onto the target branch, and how.

    Without a merge commit it was a squash commit, and without that the head itself, which the
    branch was moved forward to. Some versions name the squash commit as the merge commit.
    """
    merge, squash = text(raw.get("merge_commit_sha")), text(raw.get("squash_commit_sha"))
    if merge:
        return merge, MergeMethod.SQUASH if merge == squash else MergeMethod.MERGE
    if squash:
        return squash, MergeMethod.SQUASH
    head = text(raw.get("sha"))
    return head, MergeMethod.FAST_FORWARD if head else MergeMethod.UNKNOWN


def _references(raw: dict[str, Any], *, by_bot: bool) -> tuple[Reference, ...]:
    found: list[Reference] = []
    for name, source in (
        ("source_branch", RefSource.BRANCH),
        ("title", RefSource.TITLE),
        ("description", RefSource.BODY),
    ):
        written = text(raw.get(name))
        if written:
            found.extend(references.find(written, source, dialect=references.GITLAB, by_bot=by_bot))
    return tuple(found)
