"""`tests` and `milestones`: what a person is shown, and what is kept of the answer."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support import cases

from sync.cli.app import App
from sync.cli.main import main
from sync.reconcile.contract import Policy
from sync.reconcile.program import plain
from sync.reconcile.runner import reconcile
from sync.store.open import Store, open_store
from sync.store.tables_code import required_check

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
MERGED = datetime(2026, 3, 10, 12, tzinfo=UTC)
CONFIG = """\
[connections.jira]
kind = "jira"
url = "https://jira.example.net"
token_env = "JIRA_TOKEN"
projects = ["APO"]
"""
CHECKS = [{"sha": "landed"}, {"sha": "landed", "name": "verify"}, {"sha": "landed", "name": "lint"}]
WORLD: dict[str, Any] = {
    "now": NOW,
    "milestones": [
        {"id": "v1", "name": "Release 3.2", "due": datetime(2026, 4, 10).date()},
        {"id": "v0", "name": "Release 3.1", "state": "released"},
    ],
    "hub_milestones": [
        {"id": "5", "name": "v3.2", "due": datetime(2026, 4, 17).date()},
        {"id": "6", "name": "Later"},
    ],
    "repositories": {"r2": "acme/api"},
    "changes": [
        {"id": n, "merged": MERGED + timedelta(hours=n), "checks": CHECKS} for n in range(1, 5)
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


# --- tests ------------------------------------------------------------------------------------


def test_the_list_says_what_counts_and_why(say: Say) -> None:
    code, out, _ = say("tests", "acme/web")
    assert code == 0
    assert out.splitlines() == [
        "test     unit tests: its name says unit",
        'no test  lint: "lint": it looks at style',
        "no test  verify: nothing says that it is a test",
        "If this is right: driftline tests confirm acme/web",
    ]


def test_the_list_as_json(say: Say) -> None:
    code, out, _ = say("tests", "hub/acme/web", "--json")
    document = json.loads(out)
    assert code == 0
    assert (document["kind"], document["schema_version"]) == ("tests", 1)
    assert (document["repository"], document["landed_changes"]) == ("acme/web", 4)
    assert document["checks"][0] == {
        "name": "unit tests",
        "is_test": True,
        "why": "its name says unit",
        "confirmed_by": None,
        "confirmed_at": None,
        "results": 4,
        "is_required": None,
    }


def test_options_stand_before_the_repository_too(say: Say) -> None:
    code, out, _ = say("tests", "--json", "acme/web")
    assert (code, json.loads(out)["kind"]) == (0, "tests")


def test_what_is_confirmed_is_shown_and_counts_in_the_verdict(say: Say, store: Store) -> None:
    code, out, _ = say(
        "tests",
        "confirm",
        "acme/web",
        "--test",
        "verify",
        "--not-test",
        "unit tests",
        "--author",
        "tpm",
    )
    assert code == 0
    assert out.splitlines() == [
        "test     verify: a person said that it is a test (confirmed by tpm)",
        "no test  lint: a person said that it is no test (confirmed by tpm)",
        "no test  unit tests: a person said that it is no test (confirmed by tpm)",
    ]
    reconcile(store, Policy(), clock=cases.At(NOW + timedelta(hours=1)))
    with store.reading() as conn:
        grades = conn.exec_driver_sql("SELECT DISTINCT grades FROM verdict WHERE known_to IS NULL")
        assert [json.loads(row[0]) for row in grades] == [{"verify": "exact"}]


def test_a_word_can_be_taken_back(say: Say) -> None:
    say("tests", "confirm", "acme/web", "--test", "verify")
    say("tests", "confirm", "acme/web", "--not-test", "verify")
    _, out, _ = say("tests", "acme/web", "--json")
    assert {one["name"]: one["is_test"] for one in json.loads(out)["checks"]} == {
        "unit tests": True,
        "lint": False,
        "verify": False,
    }


@pytest.mark.full
@pytest.mark.parametrize(
    ("words", "trouble"),
    [
        (("tests",), "Missing argument 'REPO'"),
        (("tests", "acme/wob"), "no repository of this name with changes is known"),
        (("tests", "acme/api"), "Known: acme/web."),
        (("tests", "confirm", "acme/web", "--test", "verfy"), 'Write "verify".'),
        (("tests", "confirm", "acme/web", "--test", "zzz"), "driftline tests acme/web"),
        (
            ("tests", "confirm", "acme/web", "--test", "lint", "--not-test", "lint"),
            "cannot be a test and none",
        ),
        (("milestones", "link", "X", "jira/APO:Release 3.2"), "two parts at least"),
        (("milestones", "link", " ", "a", "b"), "needs a name"),
        (
            ("milestones", "link", "X", "jira/APO:v3.2", "b"),
            "Known by this name: hub/acme/web:v3.2",
        ),
        (("milestones", "link", "X", "nothing", "b"), "`driftline milestones` lists them"),
    ],
)
def test_bad_input_gives_one_clear_error(say: Say, words: tuple[str, ...], trouble: str) -> None:
    code, _, err = say(*words)
    assert code == 2
    assert trouble in err


def test_a_repository_of_two_connections_wants_the_connection_too(say: Say, store: Store) -> None:
    with store.writing() as conn:
        for text in (
            "INSERT INTO connection (id, name, kind, first_seen_at) "
            "SELECT 3, 'copy', kind, first_seen_at FROM connection WHERE id = 2",
            "CREATE TEMP TABLE one AS SELECT * FROM scope WHERE source_id = 'r1'",
            "UPDATE one SET connection_id = 3",
            "INSERT INTO scope SELECT * FROM one",
            "CREATE TEMP TABLE two AS SELECT * FROM change_request WHERE source_id = 'c1'",
            "UPDATE two SET connection_id = 3",
            "INSERT INTO change_request SELECT * FROM two",
        ):
            conn.exec_driver_sql(text)
    code, _, err = say("tests", "acme/web")
    assert code == 2
    assert "Write copy/acme/web, hub/acme/web." in err
    assert say("tests", "hub/acme/web")[0] == 0


# --- milestones -------------------------------------------------------------------------------


def test_open_milestones_are_listed_with_a_question(say: Say) -> None:
    code, out, _ = say("milestones")
    assert code == 0
    assert out.splitlines() == [
        "  hub/acme/web:Later (milestone, active)",
        "  hub/acme/web:v3.2 (milestone, active, due 2026-04-17)",
        "  jira/APO:Release 3.2 (version, active, due 2026-04-10)",
        "Is v3.2 one milestone in 2 places? hub/acme/web:v3.2, jira/APO:Release 3.2.",
        '    driftline milestones link "v3.2" "hub/acme/web:v3.2" "jira/APO:Release 3.2"',
    ]


def test_all_of_them_as_json(say: Say) -> None:
    code, out, _ = say("milestones", "--all", "--json")
    document = json.loads(out)
    assert code == 0
    assert (document["kind"], document["schema_version"]) == ("milestones", 1)
    assert [one["part"] for one in document["milestones"]] == [
        "hub/acme/web:Later",
        "hub/acme/web:v3.2",
        "jira/APO:Release 3.1",
        "jira/APO:Release 3.2",
    ]
    assert document["suggestions"][0]["command"].startswith("driftline milestones link")


LINK = ("milestones", "link", "R 3.2", "jira/APO:Release 3.2", "hub/ACME/web:v3.2")


def test_linked_parts_are_one_promise_and_no_question_any_more(say: Say, store: Store) -> None:
    code, out, _ = say(*LINK)
    assert code == 0
    assert out.splitlines()[0] == "R 3.2: 2 parts"
    _, out, _ = say("milestones")
    assert out.splitlines()[3:] == [
        "R 3.2: 2 parts (active, due 2026-04-17)",
        "    together 0 of 0 items done, each counted once",
        "    change since observed: 0 items (entered 0, left 0)",
        "    jira/APO:Release 3.2 (version, active, due 2026-04-10)",
        "    hub/acme/web:v3.2 (milestone, active, due 2026-04-17)",
    ]
    _, out, _ = say("milestones", "--json")
    document = json.loads(out)
    assert document["suggestions"] == []
    assert [one["name"] for one in document["programs"]] == ["R 3.2"]
    result = reconcile(store, Policy(), clock=cases.At(NOW + timedelta(hours=1)))
    found = [one for one in result.findings if one.rule == "program-dates"]
    assert [one.subject_label for one in found] == ["R 3.2"]


def test_linking_the_same_again_writes_nothing(say: Say, store: Store) -> None:
    say(*LINK)
    say(*LINK)
    with store.reading() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM milestone_part").scalar() == 2


def test_a_part_that_is_left_out_is_none_any_more(say: Say, store: Store) -> None:
    say(*LINK)
    say("milestones", "link", "R 3.2", "jira/APO:Release 3.2", "hub/acme/web:Later")
    _, out, _ = say("milestones", "--json")
    (one,) = json.loads(out)["programs"]
    assert [part["part"] for part in one["parts"]] == ["jira/APO:Release 3.2", "hub/acme/web:Later"]
    with store.reading() as conn:
        rows = conn.exec_driver_sql(
            "SELECT milestone_id FROM milestone_part WHERE valid_to IS NOT NULL"
        )
        assert [row[0] for row in rows] == ["5"]


def test_a_milestone_is_a_part_of_one_promise_only(say: Say) -> None:
    say(*LINK)
    code, _, err = say("milestones", "link", "Other", "jira/APO:Release 3.2", "hub/acme/web:Later")
    assert code == 2
    assert "it is a part of 'R 3.2' already" in err


def test_a_program_milestone_ends(say: Say) -> None:
    say(*LINK)
    code, out, _ = say("milestones", "unlink", "R 3.2")
    assert (code, out) == (0, "R 3.2: its 2 parts stand alone now\n")
    _, out, _ = say("milestones", "--json")
    assert json.loads(out)["programs"] == []
    code, _, err = say("milestones", "unlink", "R 3.3")
    assert code == 2
    assert "no program milestone of this name is linked" in err


def test_what_the_configuration_says_counts_and_is_changed_there(say: Say, tmp_path: Path) -> None:
    say("milestones", "link", "R 3.2", "jira/APO:Release 3.2", "hub/acme/web:Later")
    config = tmp_path / "driftline.toml"
    text = (
        CONFIG
        + """
[connections.hub]
kind = "github"
token_env = "T"
repositories = ["acme/web"]
[programs]
"R 3.2" = ["jira/APO:Release 3.2", { part = "hub/acme/web:v3.2", since = 2026-03-01 }]
"""
    )
    config.write_text(text, encoding="utf-8")
    _, out, _ = say("milestones")
    assert out.splitlines()[3:5] == [
        "R 3.2: 2 parts (active, due 2026-04-17, in the configuration)",
        "    what was linked by a command under this name does not count",
    ]
    code, _, err = say("milestones", "unlink", "R 3.2")
    assert code == 2
    assert "driftline.toml:12" in err
    config.write_text(text.replace("web:v3.2", "web:v3"), encoding="utf-8")
    _, out, _ = say("milestones")
    assert "    hub/acme/web:v3: not known" in out.splitlines()
    assert "    change withheld: hub/acme/web:v3 is not known" in out.splitlines()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Release 3.2", "3 2"),
        ("v3.2", "3 2"),
        ("  version-3.2 ", "3 2"),
        ("Vintage", "vintage"),
        ("Release train", "release train"),
        ("R2", "r2"),
    ],
)
def test_names_that_mean_the_same(name: str, expected: str) -> None:
    assert plain(name) == expected


# --- what merging requires --------------------------------------------------------------------


def test_a_required_check_says_so_and_is_no_test_for_that(say: Say, store: Store) -> None:
    with store.writing() as conn:
        place = {"connection_id": 2, "scope_id": "r1", "branch": "main", "known_from": NOW}
        conn.execute(sa.insert(required_check).values(name="verify", **place))
    _, out, _ = say("tests", "acme/web")
    assert "no test  verify: nothing says that it is a test, required for merging" in out
    _, out, _ = say("tests", "acme/web", "--json")
    told = {one["name"]: one["is_required"] for one in json.loads(out)["checks"]}
    assert told == {"unit tests": False, "lint": False, "verify": True}


def test_without_any_test_it_is_asked_for_one(say: Say) -> None:
    _, out, _ = say("tests", "confirm", "acme/web", "--not-test", "unit tests", "--author", "tpm")
    assert out.splitlines()[-1] == (
        "If one runs tests: driftline tests confirm acme/web --test NAME"
    )
