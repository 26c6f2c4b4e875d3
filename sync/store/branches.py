"""The default branch of each repository, and where it stands, as long as it was known so."""

from collections.abc import Iterable

from mappings.code_records import BranchTip
from mappings.records import Scope
from sync.store import versioned
from sync.store.due import Kind
from sync.store.page import Page
from sync.store.tables_code import branch_tip, default_branch
from sync.store.versioned import Children

_BRANCH = Children(default_branch, ("scope_id",), ("name",), due=(Kind.SCOPE, "scope_id"))
_TIP = Children(branch_tip, ("scope_id", "branch"), ("sha",), due=(Kind.COMMIT, "sha"))


def write(page: Page, records: Iterable[Scope]) -> None:
    """Default branches; a repository that tells none keeps what was told before."""
    told = versioned.rows(
        ((one.source_id,), (one.default_branch,)) for one in records if one.default_branch
    )
    known = versioned.held(page, _BRANCH, {id_ for (id_,) in told}, by="scope_id")
    versioned.write(page, _BRANCH, known, told, lambda key, row: False)


def write_tips(page: Page, records: Iterable[BranchTip]) -> None:
    """Where branches stand."""
    told = versioned.rows(((one.scope_id, one.branch), (one.sha,)) for one in records)
    if not told:
        return
    known = versioned.held(page, _TIP, {scope_id for scope_id, _ in told}, by="scope_id")
    versioned.write(page, _TIP, known, told, lambda key, row: False)
