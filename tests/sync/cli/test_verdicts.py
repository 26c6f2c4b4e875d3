"""`verdicts`: what landed, whether it was tested, the proof, and the counts."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support import cases

from sync.cli.app import App
from sync.cli.main import main
from sync.store import tables_code as code
from sync.store.open import Store, open_store
from sync.store.tables_judged import verdict as table
from sync.verdict import exempt_rules
from sync.verdict.exempt import Kind, Rule

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
MERGED = datetime(2026, 3, 10, 12, tzinfo=UTC)
CONFIG = """\
[connections.jira]
kind = "jira"
url = "https://jira.example.net"
token_env = "JIRA_TOKEN"
projects = ["APO"]
"""
GREEN = {"sha": "landed", "at": MERGED - timedelta(days=61)}
WORLD: dict[str, Any] = {
    "now": NOW,
    "changes": [
        *({"id": n, "merged": MERGED - timedelta(hours=n), "checks": [GREEN]} for n in range(1, 6)),
        {"id": 6, "merged": MERGED, "checks": [{**GREEN, "conclusion": "failure"}]},
        {"id": 7, "merged": MERGED, "files": ["README.md"], "checks": []},
        {"id": 8, "merged": MERGED - timedelta(days=60), "checks": [GREEN]},
    ],
}

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store with the world in it, in the current directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "driftline.toml").write_text(CONFIG, encoding="utf-8")
    opened = open_store(str(tmp_path / "driftline.db"))
    with opened.writing() as conn:
        cases.fill(conn, WORLD)
        exempt_rules.refresh(
            conn, NOW, (Rule("docs", Kind.DOCS, "ana", "prose", date(2026, 12, 31)),)
        )
    return opened


@pytest.fixture
def say(store: Store, capsys: pytest.CaptureFixture[str]) -> Say:
    """Types a command; (exit code, output, trouble)."""

    def typed(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(list(words), app=App(clock=cases.At(NOW)))
        told = capsys.readouterr()
        return code, told.out, told.err

    return typed


def test_lines_counts_and_counters(say: Say) -> None:
    code_, out, _ = say("verdicts", "acme/web")
    lines = out.splitlines()
    assert code_ == 0
    assert lines[0].startswith("2026-03-10  acme/web#6  merged red  unit tests: FAILED")
    assert "exempt (docs)" in lines[1]
    assert "it touches documentation only" in lines[2]
    assert lines[-3] == (
        "acme/web: 7 landed: 5 tested at the exact commit, 1 exempt, 1 merged red."
    )
    assert "not confirmed" in lines[-2]
    assert lines[-1] == ("acme/web: rule docs (ana: prose, until 2026-12-31) matches 1 of 7.")


def test_everything_as_json(say: Say) -> None:
    code_, out, _ = say("verdicts", "--json", "--since", "2026-01-01")
    found = json.loads(out)
    assert code_ == 0
    assert (found["kind"], len(found["changes"])) == ("verdicts", 8)
    red = next(one for one in found["changes"] if one["verdict"] == "merged_red")
    assert (red["key"], red["weakest"], red["weakest_grade"]) == (
        "acme/web#6",
        "unit tests",
        "FAILED",
    )
    assert red["checks"][0]["sha"] == "m6"
    (repository,) = found["repositories"]
    assert (repository["landed"], repository["verdicts"]["tested"]) == (8, 6)
    assert repository["confirmed"] is False
    assert found["exemptions"] == [
        {
            "connection": "hub",
            "repository": "acme/web",
            "rule": "docs",
            "owner": "ana",
            "reason": "prose",
            "expires_on": "2026-12-31",
            "matched": 1,
            "exempted": 1,
            "landed": 8,
        }
    ]


def test_one_verdict_of_all(say: Say) -> None:
    _, out, _ = say("verdicts", "--json", "--verdict", "exempt", "--verdict", "merged_red")
    found = json.loads(out)
    assert [one["verdict"] for one in found["changes"]] == ["merged_red", "exempt"]
    assert found["repositories"][0]["landed"] == 7


def test_few_lines_and_how_to_get_the_rest(say: Say) -> None:
    _, out, _ = say("verdicts", "--limit", "2")
    assert "… and 5 more: --limit, or --json." in out


def test_a_confirmed_repository_says_so(say: Say) -> None:
    say("tests", "confirm", "acme/web", "--author", "tpm")
    _, out, _ = say("verdicts")
    assert "not confirmed" not in out


def test_a_restricted_title_is_not_shown_and_a_push_has_its_commit(say: Say, store: Store) -> None:
    with store.writing() as conn:
        conn.execute(
            sa.update(code.change_request)
            .where(code.change_request.c.number == 6)
            .values(restricted=True, title="the secret")
        )
        row = conn.execute(sa.select(table).where(table.c.change_request_id == "c6")).mappings()
        conn.execute(
            sa.insert(table).values(
                {
                    **row.one(),
                    "change_request_id": "push:abc123",
                    "landed_sha": "abc123",
                    "subject": "direct_push",
                }
            )
        )
    _, out, _ = say("verdicts", "--json")
    assert "the secret" not in out
    keys = {one["key"]: one["subject"] for one in json.loads(out)["changes"]}
    assert keys["push abc123"] == "direct_push"
    _, out, _ = say("verdicts")
    assert "acme/web push abc123  merged red" in out


def test_nothing_landed(say: Say) -> None:
    _, out, _ = say("verdicts", "--since", "2026-03-15")
    assert out == "Nothing is known to have landed since then.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("acme/none",), "no repository of this name"),
        (("--since", "yesterday"), "'yesterday' is no date"),
        (("--since", "2026-03-17"), "is to come"),
        (("--verdict", "green"), "'green' is not one of"),
        (("--limit", "0"), "0 is not in the range"),
    ],
)
def test_bad_input(say: Say, words: tuple[str, ...], said: str) -> None:
    code_, out, err = say("verdicts", *words)
    assert (code_, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
