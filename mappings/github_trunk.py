"""The default branch of a repository of GitHub: its commits, and where it stands."""

from typing import Any

from mappings.code_records import BranchTip, Commits
from mappings.github_change import commit_of
from mappings.github_ci import checks_by_rest
from mappings.github_out import Out, scope_of
from mappings.values import items, text


def trunk(raw: dict[str, Any], out: Out) -> None:
    """Commits of the branch, its tip, or what reported on a commit that no change brought."""
    scope_id = scope_of(raw)
    if not any(raw.get(name) for name in ("commits", "tip", "checks")):
        out.broken("trunk", "neither commits nor a tip of a branch")
        return
    found = [commit_of(one, graphql=False) for one in items(raw.get("commits"))]
    if made := [one for one in found if one is not None]:
        out.records.append(Commits(scope_id, tuple(one.record(out) for one in made)))
    branch, tip = text(raw.get("branch")), text(raw.get("tip"))
    if branch and tip:
        out.records.append(BranchTip(scope_id, branch, tip))
    if raw.get("checks") is not None:
        out.records.extend(checks_by_rest(raw.get("checks"), scope_id, out))
