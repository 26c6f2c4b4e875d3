"""What needs no test, from the configuration to the rules that are kept."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from sync.cli import wiring
from sync.config.settings import load
from sync.errors import ConfigError
from sync.store.open import memory_store
from sync.store.tables_judged import exemption_rule
from sync.verdict import exempt, exempt_rules

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HEAD = '[connections.main]\nkind = "jira"\nurl = "https://jira.example.com"\n[testing]\n'
RULE = (
    '{ name = "art", kind = "docs", owner = "ana", reason = "no code", expires = 2026-12-31'
    ', paths = ["art/*"] }'
)


def told(tmp_path: Path, text: str) -> exempt.Testing:
    (tmp_path / "x.toml").write_text(HEAD + text, encoding="utf-8")
    return wiring.testing(load(tmp_path / "x.toml", {}, with_secrets=False))


def test_nothing_said_is_what_is_built_in(tmp_path: Path) -> None:
    assert told(tmp_path, "") == exempt.Testing()


def test_a_rule_of_its_own_takes_the_place_of_the_built_in_one(tmp_path: Path) -> None:
    found = told(tmp_path, f"diff_coverage = 0.8\nuncovered_lines = 3\nexemptions = [{RULE}]\n")
    assert (found.target.share, found.target.uncovered) == (0.8, 3)
    assert [one.name for one in found.rules if one.kind is exempt.Kind.DOCS] == ["art"]
    assert found.rules[0] == exempt.Rule(
        "art", exempt.Kind.DOCS, "ana", "no code", date(2026, 12, 31), paths=("art/*",)
    )
    assert len(found.rules) == len(exempt.BUILT_IN)


def test_a_rule_for_some_repositories_stands_beside_the_built_in_one(tmp_path: Path) -> None:
    some = RULE.replace(" }", ', repositories = ["acme/web"] }')
    names = [one.name for one in told(tmp_path, f"exemptions = [{some}]").rules]
    assert names[:2] == ["art", "docs"]


def test_built_in_rules_can_be_turned_off(tmp_path: Path) -> None:
    assert told(tmp_path, "exempt = []").rules == ()
    assert [one.name for one in told(tmp_path, 'exempt = ["docs"]').rules] == ["docs"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('exempt = ["small"]', "testing.exempt"),
        ('exempt = ["repository"]', "testing.exempt"),
        (f"exemptions = [{RULE}, {RULE}]", "two exemptions are called 'art'"),
        (f"exemptions = [{RULE.replace('docs', 'repository')}]", "needs repositories"),
        (f"exemptions = [{RULE.replace('docs', 'renames')}]", "paths belong to the kinds"),
        (f"exemptions = [{RULE.replace(', expires = 2026-12-31', '')}]", "expires"),
        (f"exemptions = [{RULE.replace('ana', '')}]", "owner"),
        ("diff_coverage = 60", "diff_coverage"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace(".", r"\.")):
        told(tmp_path, text)


def test_rules_are_kept_with_their_history() -> None:
    store = memory_store()
    first = exempt.Rule("art", exempt.Kind.DOCS, "ana", "no code", date(2026, 12, 31))
    second = exempt.Rule("art", exempt.Kind.DOCS, "bo", "no code", None)
    later, last = NOW + timedelta(days=1), NOW + timedelta(days=2)
    with store.writing() as conn:
        exempt_rules.refresh(conn, NOW, (first,))
        exempt_rules.refresh(conn, NOW, (first,))
        exempt_rules.refresh(conn, later, (second,))
        exempt_rules.refresh(conn, later, (first, exempt.BUILT_IN[0]))
        exempt_rules.refresh(conn, last, (first,))
        c = exemption_rule.c
        rows = conn.execute(
            sa.select(c.name, c.owner, c.known_from, c.known_to).order_by(c.known_from, c.name)
        ).all()
    store.close()
    assert [tuple(row) for row in rows] == [
        ("art", "ana", NOW, later),
        ("art", "ana", later, None),
        ("docs", "driftline", later, last),
    ]
