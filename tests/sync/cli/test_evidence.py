"""`evidence`: what a person gives by hand, where it goes, and what is refused."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support import cases

from sync.cli.app import App
from sync.cli.main import main
from sync.store.open import Store, open_store
from sync.store.tables_evidence import evidence_file, evidence_upload
from sync.store.tables_judged import verdict as verdict_table
from sync.verdict import uploads
from sync.verdict.refresh import refresh

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
SHA = "ab" * 20
ALIKE = "ab" * 4 + "cd" * 16
SHARED = "ef" * 20
WORLD: dict[str, Any] = {
    "now": NOW,
    "derive": False,
    "repositories": {"r2": "acme/api"},
    "changes": [
        {"id": 1, "merged": NOW - timedelta(days=3), "landed": SHA, "head": "0" * 40},
        {"id": 2, "merged": NOW - timedelta(days=2), "landed": ALIKE, "head": SHARED},
        {
            "id": 3,
            "merged": NOW - timedelta(days=1),
            "repository": "r2",
            "landed": SHARED,
            "head": "1" * 40,
        },
    ],
    "tags": [
        {"name": "v3.2", "sha": SHA},
        {"name": "v1", "sha": SHA},
        {"name": "v1", "sha": SHARED, "repository": "r2"},
    ],
}
JUNIT = "<testsuite><testcase/><testcase><failure/></testcase></testsuite>"
CONFIG = """\
store = "{url}"
[connections.jira]
kind = "jira"
url = "https://jira.example.net"
token_env = "JIRA_TOKEN"
projects = ["APO"]
"""

pytestmark = pytest.mark.full_on_postgres

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def store(tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store with the world in it, configured in the current directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "driftline.toml").write_text(CONFIG.format(url=store_url), encoding="utf-8")
    (tmp_path / "junit.xml").write_text(JUNIT, encoding="utf-8")
    opened = open_store(store_url)
    with opened.writing() as conn:
        cases.fill(conn, WORLD)
    yield opened
    opened.close()


@pytest.fixture
def say(store: Store, capsys: pytest.CaptureFixture[str]) -> Say:
    """Types a command; (exit code, output, trouble)."""

    def typed(*words: str, at: datetime = NOW) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(list(words), app=App(clock=cases.At(at)))
        told = capsys.readouterr()
        return code, told.out, told.err

    return typed


def rows(store: Store) -> int:
    with store.reading() as conn:
        return int(
            conn.execute(sa.select(sa.func.count()).select_from(evidence_upload)).scalar_one()
        )


def test_a_test_report_is_kept_and_counts(say: Say, store: Store) -> None:
    """With its totals, who and when; given twice it is one; as evidence it is a check's result."""
    code, out, err = say("evidence", "add", "junit.xml", "--sha", SHA[:10], "--by", "Ana")
    assert (code, err) == (0, "")
    assert f'{SHA[:10]} of acme/web  "junit": 2 tests, 1 failed, 0 skipped' in out
    assert "(junit.xml, Ana, 2026-03-16 08:00 UTC)" in out
    assert "(was there)" in say("evidence", "add", "junit.xml", "--sha", SHA)[1]
    assert rows(store) == 1
    with store.reading() as conn:
        (row,) = uploads.test_rows(conn, (2, "r1"), [SHA, ALIKE])
        assert uploads.test_rows(conn, (2, "r2"), [SHA]) == []
    assert (row["conclusion"], row["tests_total"], row["tests_failed"]) == ("failure", 2, 1)
    assert row["finished_at"] is None


def test_coverage_and_diff_in_one_call(say: Say, store: Store, tmp_path: Path) -> None:
    """Lines are kept by file; one bad file keeps all from being stored."""
    (tmp_path / "a.info").write_text("TN:\nSF:a.py\nDA:1,1\nDA:2,0\nend_of_record\n")
    (tmp_path / "a.diff").write_text("--- a/a.py\n+++ b/a.py\n@@ -1 +1,2 @@\n-x\n+y\n+z\n")
    (tmp_path / "bad.xml").write_text("<testsuite>")
    code, _, err = say("evidence", "add", "a.info", "a.diff", "bad.xml", "--sha", SHA)
    assert code == 2
    assert "bad.xml, line 1" in err
    assert rows(store) == 0
    code, out, _ = say("evidence", "add", "a.info", "a.diff", "--sha", SHA, "--json")
    assert code == 0
    facts = json.loads(out)["evidence"]
    assert [(one["kind"], one["lines_covered"], one["lines_coverable"]) for one in facts] == [
        ("lcov", 1, 2),
        ("diff", None, None),
    ]
    with store.reading() as conn:
        held = conn.execute(
            sa.select(
                evidence_file.c.path,
                evidence_file.c.covered,
                evidence_file.c.uncovered,
                evidence_file.c.changed,
            )
        ).all()
    assert sorted(map(tuple, held)) == [("a.py", "", "", "1-2"), ("a.py", "1", "2", "")]


def test_a_commit_that_may_come_later(say: Say, store: Store) -> None:
    """It is kept with a note when it is told whole, and counts wherever it turns up."""
    late = "9" * 40
    code, _, err = say("evidence", "add", "junit.xml", "--sha", late.upper())
    assert code == 0
    assert "not known yet" in err
    with store.reading() as conn:
        assert len(uploads.test_rows(conn, (2, "r2"), [late])) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("junit.xml", "--sha", SHA[:8]), f"several commits begin so: {SHA}, {ALIKE}"),
        (("junit.xml", "--sha", SHARED), "several repositories: hub/acme/api, hub/acme/web"),
        (("junit.xml", "--sha", "1234567"), "Write the whole id"),
        (("junit.xml", "--sha", "main"), "7 to 64 hexadecimal digits"),
        (("junit.xml", "--sha", SHA, "--repo", "acme/ap"), "no repository of this name"),
        (("junit.xml", "--sha", SHA[:9], "--repo", "acme/api"), "of acme/api begins so"),
        (("junit.xml", "--sha", SHA, "--name", "a\nb"), "no name in one line"),
        (("junit.xml",), "not told which commit"),
        (("--sha", SHA), "no FILE"),
        (("junit.xml", "--sha", SHA, "--ref", "v1"), "goes with --signoff"),
        (("junit.xml", "--signoff", "--by", "Ana", "--ref", "v3.2"), "has no FILE"),
        (("--signoff", "--ref", "v3.2"), "needs --by"),
        (("--signoff", "--by", "Ana", "--ref", "v1"), "hub/acme/api, hub/acme/web"),
        (("--signoff", "--by", " ", "--ref", "v3.2"), "nobody is named"),
        (("nowhere.xml", "--sha", SHA), "cannot be read"),
    ],
)
def test_what_is_refused(say: Say, store: Store, words: tuple[str, ...], told: str) -> None:
    """One clear error with exit code 2, and nothing is kept."""
    code, out, err = say("evidence", "add", *words)
    assert (code, out) == (2, "")
    assert told in err
    assert "Traceback" not in err
    assert rows(store) == 0


def test_naming_the_repository_helps(say: Say) -> None:
    code, out, _ = say("evidence", "add", "junit.xml", "--sha", SHARED, "--repo", "acme/api")
    assert code == 0
    assert "of acme/api" in out


def test_a_sign_off_keeps_where_the_tag_stood(say: Say, store: Store) -> None:
    code, out, _ = say(
        "evidence", "add", "--signoff", "--by", "Ana", "--ref", "v3.2", "--reason", "tried it"
    )
    assert code == 0
    assert f"v3.2 of acme/web signed off at {SHA[:10]} by Ana" in out
    assert ": tried it" in out
    code, _, err = say("evidence", "add", "--signoff", "--by", "Ana", "--ref", "v9")
    assert code == 0
    assert "not known yet" in err


def test_listed_and_taken_back(say: Say, store: Store) -> None:
    """What was taken back stays readable; an id may be shortened."""
    assert "Nothing was given" in say("evidence", "list")[1]
    say("evidence", "add", "junit.xml", "--sha", SHA)
    (held,) = json.loads(say("evidence", "list", "--repo", "acme/web", "--json")[1])["evidence"]
    assert json.loads(say("evidence", "list", "--repo", "acme/api", "--json")[1])["evidence"] == []
    later = NOW + timedelta(hours=1)
    code, _, err = say("evidence", "remove", "zzzz", at=later)
    assert code == 2
    assert "nothing that was given has this id" in err
    assert say("evidence", "remove", held["id"][:6], "--reason", "wrong", at=later)[0] == 0
    assert json.loads(say("evidence", "list", "--json")[1])["evidence"] == []
    (gone,) = json.loads(say("evidence", "list", "--all", "--json")[1])["evidence"]
    assert gone["removed_at"] is not None
    with store.reading() as conn:
        assert uploads.test_rows(conn, (2, "r1"), [SHA]) == []
    assert say("evidence", "add", "junit.xml", "--sha", SHA, at=later + timedelta(hours=1))[0] == 0
    assert rows(store) == 2


def test_no_tests_are_no_evidence(say: Say, tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text("<testsuite><testcase><skipped/></testcase></testsuite>")
    assert "no test was executed" in say("evidence", "add", "junit.xml", "--sha", SHA)[2]


def test_an_uploaded_report_is_test_evidence(say: Say, store: Store, tmp_path: Path) -> None:
    """A repository that shows no test is one with a test from then on; a failure is one, too."""

    def verdict() -> str:
        v = verdict_table.c
        with store.writing() as conn:
            refresh(conn, NOW)
            return str(
                conn.execute(
                    sa.select(v.verdict).where(v.change_request_id == "c1", v.known_to.is_(None))
                ).scalar_one()
            )

    assert verdict() == "no_ci"
    (tmp_path / "good.xml").write_text("<testsuite><testcase/></testsuite>")
    assert say("evidence", "add", "good.xml", "--sha", SHA, "--name", "nightly unit")[0] == 0
    # When it ran is not known: it is not said to have ended before the merge.
    assert verdict() == "tested_after"
    assert say("evidence", "add", "junit.xml", "--sha", SHA, "--name", "smoke")[0] == 0
    assert verdict() == "merged_red"
