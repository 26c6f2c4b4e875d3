"""Commits of a project of GitLab: of its default branch, and which hold the same content."""

from typing import Any

from mappings.code_records import BranchTip, Commit, Commits, TreeComparison
from mappings.gitlab_out import Out, gid, instant
from mappings.text import clean
from mappings.values import items, table, text


def trunk(raw: dict[str, Any], out: Out) -> None:
    """Commits of the branch, and its tip."""
    scope_id = gid(raw.get("project_id")) or ""
    if not any(raw.get(name) for name in ("commits", "tip")):
        out.broken("trunk", "neither commits nor a tip of a branch")
        return
    _commits(raw, scope_id, out)
    branch, tip = text(raw.get("branch")), text(raw.get("tip"))
    if branch and tip:
        out.records.append(BranchTip(scope_id, branch, tip))


def comparisons(raw: dict[str, Any], out: Out) -> None:
    """Which commits hold what landed, and what the merges that CI built were made of."""
    scope_id = gid(raw.get("project_id")) or ""
    if not isinstance(raw.get("pairs"), list):
        out.broken("comparisons", "no pairs of commits")
        return
    _commits(raw, scope_id, out)
    for value in items(raw.get("pairs")):
        one = table(value)
        sha, other, said = text(one.get("sha")), text(one.get("other")), one.get("equal")
        if sha and other:
            equal = said if isinstance(said, bool) else None
            reason = None if equal is not None else text(one.get("reason"))
            out.records.append(TreeComparison(scope_id, sha, other, equal, reason))


def _commits(raw: dict[str, Any], scope_id: str, out: Out) -> None:
    found = [_commit(table(one)) for one in items(raw.get("commits"))]
    if made := tuple(one for one in found if one is not None):
        out.records.append(Commits(scope_id, made))


def _commit(one: dict[str, Any]) -> Commit | None:
    sha = text(one.get("id"))
    if not sha:
        return None
    return Commit(
        sha=sha,
        parents=tuple(each for each in items(one.get("parent_ids")) if isinstance(each, str)),
        subject=clean(text(one.get("title")) or ""),
        authored_at=instant(one.get("authored_date")),
        committed_at=instant(one.get("committed_date")),
    )
