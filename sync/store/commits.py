"""Commits: what is told of one is kept, and what was not told may be filled."""

from collections.abc import Iterable
from typing import Any

from mappings.code_records import Commit, Commits, TreeComparison
from sync.store.due import Kind
from sync.store.guard import clean_row
from sync.store.page import Page
from sync.store.tables_code import code_commit, tree_comparison

_DATA = ("tree", "parents", "author_id", "subject", "authored_at", "committed_at")


def write(page: Page, pairs: Iterable[tuple[str, Commit]]) -> None:
    """Commits by (source id of the repository, commit)."""
    fresh: dict[tuple[str, str], tuple[Any, ...]] = {}
    for scope_id, one in pairs:
        key = (scope_id, one.sha)
        values = clean_row(
            (
                one.tree,
                list(one.parents) or None,
                one.author_id,
                one.subject or None,
                one.authored_at,
                one.committed_at,
            )
        )
        fresh[key] = _filled(values, fresh[key]) if key in fresh else values
    known = {
        row[:2]: row[2:]
        for row in page.known(
            code_commit, ("scope_id", "sha", *_DATA), {sha for _, sha in fresh}, id_column="sha"
        )
    }
    rows: list[tuple[Any, ...]] = []
    for key, values in fresh.items():
        told = _filled(values, known[key]) if key in known else values
        if known.get(key) != told:
            rows.append((page.connection_id, *key, *told, page.now))
    page.rows += page.upsert(
        code_commit, ("connection_id", "scope_id", "sha", *_DATA, "first_seen_at"), _DATA, rows
    )
    page.note(Kind.COMMIT, {row[2] for row in rows})


def write_commits(page: Page, records: Iterable[Commits]) -> None:
    """Commits seen outside of a change."""
    write(page, ((one.scope_id, commit) for one in records for commit in one.commits))


def write_comparisons(page: Page, records: Iterable[TreeComparison]) -> None:
    """Which commits hold the same content; an answer stands, a missing one may be filled."""
    fresh = {
        (one.scope_id, one.sha, one.other_sha): clean_row((one.is_equal, one.reason))
        for one in records
    }
    known = {
        row[:3]: row[3]
        for row in page.known(
            tree_comparison,
            ("scope_id", "sha", "other_sha", "is_equal"),
            {sha for _, sha, _ in fresh},
            id_column="sha",
        )
    }
    data = ("is_equal", "reason")
    rows = [
        (page.connection_id, *key, *values, page.now)
        for key, values in fresh.items()
        if key not in known or (known[key] is None and values[0] is not None)
    ]
    page.rows += page.upsert(
        tree_comparison,
        ("connection_id", "scope_id", "sha", "other_sha", *data, "first_seen_at"),
        data,
        rows,
    )
    page.note(Kind.COMMIT, {row[2] for row in rows})


def _filled(values: tuple[Any, ...], before: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(new if new is not None else old for new, old in zip(values, before, strict=True))
