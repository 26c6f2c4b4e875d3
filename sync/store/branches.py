"""The default branch of each repository, as long as it was known to be that."""

from collections.abc import Iterable

from mappings.records import Scope
from sync.store import versioned
from sync.store.due import Kind
from sync.store.page import Page
from sync.store.tables_code import default_branch
from sync.store.versioned import Children

_BRANCH = Children(default_branch, ("scope_id",), ("name",), due=(Kind.SCOPE, "scope_id"))


def write(page: Page, records: Iterable[Scope]) -> None:
    """Default branches; a repository that tells none keeps what was told before."""
    told = versioned.rows(
        ((one.source_id,), (one.default_branch,)) for one in records if one.default_branch
    )
    known = versioned.held(page, _BRANCH, {id_ for (id_,) in told}, by="scope_id")
    versioned.write(page, _BRANCH, known, told, lambda key, row: False)
