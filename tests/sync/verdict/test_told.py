"""Verdicts as they are read back, on each database."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support import cases

from sync.store.open import Store, open_store
from sync.store.tables_judged import verdict as table
from sync.verdict import exempt_rules
from sync.verdict.exempt import Kind, Rule
from sync.verdict.names import Verdict
from sync.verdict.told import WORDS, told

pytestmark = pytest.mark.full_on_postgres

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
MERGED = datetime(2026, 3, 10, 12, tzinfo=UTC)
GREEN = {"sha": "landed", "at": MERGED - timedelta(days=9)}
RED = {**GREEN, "conclusion": "failure"}
WORLD: dict[str, Any] = {
    "now": NOW,
    "changes": [
        *({"id": n, "merged": MERGED - timedelta(hours=n), "checks": [GREEN]} for n in range(1, 6)),
        {"id": 6, "merged": MERGED, "checks": [RED]},
        {"id": 7, "merged": MERGED, "files": ["README.md"]},
        {
            "id": 8,
            "merged": MERGED,
            "files": ["a.md"],
            "checks": [RED],
        },
        {"id": 9, "merged": MERGED, "checks": [GREEN], "gone": NOW},
    ],
}


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store on each database, with the world in it."""
    opened = open_store(store_url)
    with opened.writing() as conn:
        cases.fill(conn, WORLD)
        rule = Rule("docs", Kind.DOCS, "ana", "prose", date(2026, 12, 31))
        exempt_rules.refresh(conn, NOW, (rule,))
    yield opened
    opened.close()


def test_lines_counts_and_counters(store: Store) -> None:
    with store.reading() as conn:
        found = told(conn, MERGED - timedelta(hours=2))
        every = told(conn, MERGED - timedelta(days=1), (2, "r1"))
        none = told(conn, MERGED - timedelta(days=1), (2, "r2"))
        red = told(conn, MERGED - timedelta(days=1), verdicts=[Verdict.MERGED_RED])
    assert [(one.key, one.verdict.value, one.rule) for one in found.lines] == [
        ("acme/web#6", "merged_red", None),
        ("acme/web#7", "exempt", "docs"),
        ("acme/web#8", "merged_red", "docs"),
        ("acme/web#1", "tested", None),
        ("acme/web#2", "tested", None),
    ]
    assert found.lines[0].landed_at == MERGED
    (counted,) = every.repositories
    assert (counted.landed, counted.verdicts[Verdict.TESTED], counted.is_confirmed) == (8, 5, False)
    (rule,) = every.exemptions
    assert (rule.rule, rule.owner, rule.matched, rule.exempted, rule.landed) == (
        "docs",
        "ana",
        2,
        1,
        8,
    )
    assert (none.lines, none.repositories, none.exemptions) == ((), (), ())
    assert len(red.lines) == 2
    assert red.repositories[0].landed == 8


def test_the_view_counts_what_a_rule_matches(store: Store) -> None:
    query = (
        "SELECT repository, rule, kind, owner, expires_on, matched, exempted, landed "
        "FROM v_exemption"
    )
    with store.reading() as conn:
        (row,) = conn.execute(sa.text(query)).all()
    repository, rule, kind, owner, expires_on, *counts = row
    assert (repository, rule, kind, owner) == ("acme/web", "docs", "docs", "ana")
    assert str(expires_on) == "2026-12-31"
    assert counts == [2, 1, 8]


def test_a_verdict_of_before_this_was_kept_is_told_all_the_same(store: Store) -> None:
    """Rows of an older store know neither place nor instant: the change does."""
    old = {"scope_id": None, "landed_at": None, "checks": None}
    with store.writing() as conn:
        conn.execute(sa.update(table).values(**old))
        found = told(conn, MERGED - timedelta(days=1), (2, "r1"))
    assert len(found.lines) == 8
    assert found.lines[0].repository == "acme/web"
    assert found.lines[0].landed_at == MERGED


def test_every_verdict_has_its_words() -> None:
    assert set(WORDS) == set(Verdict)
    assert len(set(WORDS.values())) == len(WORDS)
