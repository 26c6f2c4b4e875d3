"""Coverage of the lines that a change altered: told, or no figure at all."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support import cases

from mappings.vocabulary import FileChange
from sync.store.open import Store, open_store
from sync.store.tables_judged import verdict as verdict_table
from sync.verdict.change_facts import DiffCoverage
from sync.verdict.coverage import Lines, measure

pytestmark = pytest.mark.full_on_postgres

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
RAN = {"a.py": Lines(frozenset({1, 2}), frozenset({3})), "b.py": Lines(frozenset(), frozenset({5}))}
ADDED, MODIFIED, REMOVED = FileChange.ADDED, FileChange.MODIFIED, FileChange.REMOVED


@pytest.mark.parametrize(
    ("files", "changed", "expected", "reason"),
    [
        ({"a.py": MODIFIED}, {"a.py": {2, 3, 9}}, (1, 2), None),
        ({"a.py": ADDED}, {}, (2, 3), None),
        ({"a.py": MODIFIED, "b.py": ADDED}, {"a.py": {1}}, (1, 2), None),
        ({"a.py": MODIFIED}, {}, None, "which lines of a.py changed is not told"),
        ({"a.py": ADDED, "b.py": MODIFIED}, {}, None, "which lines of b.py changed is not told"),
        ({"c.py": MODIFIED}, {"c.py": {1}}, None, "the report does not speak of c.py"),
        ({"a.py": ADDED, "c.py": MODIFIED}, {}, (2, 3), "the report does not speak of c.py"),
        ({"a.py": MODIFIED}, {"a.py": {9}}, None, "no line that it altered can run"),
        ({"b.py": REMOVED, "a.py": ADDED}, {}, (2, 3), None),
        ({}, {}, None, "it touches no file of source"),
        (None, {}, None, "the list of its files was not read whole"),
    ],
)
def test_measured(
    files: dict[str, FileChange] | None,
    changed: dict[str, set[int]],
    expected: tuple[int, int] | None,
    reason: str | None,
) -> None:
    """A figure rests on lines that are told; without them it says why there is none."""
    told = measure(files, RAN, {path: frozenset(mine) for path, mine in changed.items()}, "m")
    assert told.lines == (None if expected is None else DiffCoverage(*expected))
    assert told.reason == reason


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store on each database."""
    opened = open_store(store_url)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("name", "upload", "expected"),
    [
        ("too little", {"covered": {"a.py": "1-14"}, "uncovered": {"a.py": "15-24"}}, "partial"),
        ("nine lines", {"covered": {"a.py": "1-5"}, "uncovered": {"a.py": "6-14"}}, "tested"),
        ("enough", {"covered": {"a.py": "1-15"}, "uncovered": {"a.py": "16-25"}}, "tested"),
        ("no diff", {"covered": {}, "uncovered": {"a.py": "1-50"}, "diff": {}}, "tested"),
        (
            "about another commit",
            {"covered": {}, "uncovered": {"a.py": "1-50"}, "sha": "elsewhere"},
            "tested",
        ),
    ],
)
def test_verdict_of_a_change(
    store: Store, name: str, upload: dict[str, Any], expected: str
) -> None:
    """With less than 60 % and ten lines or more without a test it is tested in part."""
    merged = NOW - timedelta(days=3)
    green = [{"sha": "landed", "at": merged - timedelta(hours=1)}]
    changes = [
        {"id": n, "merged": merged - timedelta(days=n), "checks": green} for n in range(1, 7)
    ]
    mine = {"id": 9, "merged": merged, "checks": green, "files": ["a.py", "README.md"]}
    data = {
        "now": NOW,
        "changes": [*changes, mine],
        "uploads": [{"change": 9, "diff": {"a.py": "1-60"}, **upload}],
    }
    with store.writing() as conn:
        cases.fill(conn, data)
        v = verdict_table.c
        found = conn.execute(sa.select(v.verdict).where(v.change_request_id == "c9")).scalar_one()
    assert found == expected, name
