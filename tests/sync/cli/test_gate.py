"""`gate`: what is inside a milestone or a ref, what landed after the sign-off, what is missing."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import cases, code_rows

from sync.cli.app import App
from sync.cli.main import main
from sync.reconcile.contract import Policy
from sync.reconcile.runner import reconcile
from sync.store.open import Store, open_store

pytestmark = pytest.mark.full_on_postgres

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
CONFIG = """\
store = "{url}"
[connections.jira]
kind = "jira"
url = "https://jira.example.net"
token_env = "JIRA_TOKEN"
projects = ["APO"]
"""


def sha(number: int) -> str:
    return f"{number:02d}" * 20


def commit(number: int, *parents: int, days: float) -> dict[str, Any]:
    at = NOW - timedelta(days=days)
    return {"sha": sha(number), "parents": [sha(one) for one in parents], "at": at}


def change(number: int, days: float, **more: Any) -> dict[str, Any]:
    merged = NOW - timedelta(days=days)
    created = merged - timedelta(days=1)
    return {"id": number, "merged": merged, "created": created, "landed": sha(number), **more}


def ref(item: int) -> list[dict[str, str]]:
    return [{"target": f"APO-{item}"}]


GOOD = {
    "verdict": "tested_after",
    "reviewed": "reviewed",
    "checks": {"unit": ["exact_after", "landed"]},
}
WORLD: dict[str, Any] = {
    "now": NOW,
    "judge": ["APO:Release 3.2"],
    "milestones": [{"id": "v1", "name": "Release 3.2", "due": date(2026, 4, 30)}],
    "items": [
        {"id": 4, "status": "done", "in": ["v1"]},
        {"id": 5, "status": "done", "in": ["v1"]},
    ],
    "changes": [
        change(1, 20, lines=5),
        change(4, 9, lines=10, refs=ref(4)),
        change(5, 7, lines=10, refs=ref(5)),
        change(6, 2, lines=10),
    ],
    "commits": [
        commit(0, days=40),
        commit(1, 0, days=20),
        commit(4, 1, days=9),
        commit(5, 4, days=7),
        commit(6, 5, days=2),
    ],
    "tags": [
        {"name": "v3.1", "sha": sha(1), "at": NOW - timedelta(days=20)},
        {"name": "v3.2", "sha": sha(5), "at": NOW - timedelta(days=6)},
        {"name": "v3.2-early", "sha": sha(4), "at": NOW - timedelta(days=8)},
    ],
    "said": {"1": GOOD, "4": GOOD, "5": GOOD, "6": GOOD},
}

Say = Callable[..., tuple[int, str, str]]
Fill = Callable[..., None]


@pytest.fixture
def store(tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty store, configured in the current directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "driftline.toml").write_text(CONFIG.format(url=store_url), encoding="utf-8")
    opened = open_store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def fill(store: Store) -> Fill:
    """Puts the world into the store, with what differs."""

    def filled(**more: Any) -> None:
        data = {**WORLD, **more}
        with store.writing() as conn:
            cases.fill(conn, data)
        reconcile(store, Policy(), clock=cases.At(NOW))
        with store.writing() as conn:
            code_rows.said(conn, data, NOW)

    return filled


@pytest.fixture
def say(store: Store, capsys: pytest.CaptureFixture[str]) -> Say:
    """Types a command; (exit code, output, trouble)."""

    def typed(*words: str, at: datetime = NOW) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(list(words), app=App(clock=cases.At(at)))
        told = capsys.readouterr()
        return code, told.out, told.err

    return typed


def answers(say: Say, *words: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    code, out, _ = say("gate", *words, "--json")
    document = json.loads(out)
    assert document["exit_code"] == code
    return code, {one["name"]: one["answer"] for one in document["criteria"]}, document


def test_a_milestone_that_may_go_once_it_is_signed_off(say: Say, fill: Fill) -> None:
    fill()
    code, told, document = answers(say, "Release 3.2")
    assert code == 3
    assert {name for name, word in told.items() if word != "met"} == {"sign-off"}
    assert [one["key"] for one in document["changes"]] == ["acme/web#4", "acme/web#5"]
    assert say("evidence", "add", "--signoff", "--by", "Ana", "--ref", "v3.2")[0] == 0
    code, out, err = say("gate", "APO:Release 3.2")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "Release 3.2: met"
    assert "signed off by Ana on 2026-03-16" in out


def test_a_tag_holds_what_is_new_since_the_one_before(say: Say, fill: Fill) -> None:
    fill(tags=WORLD["tags"][:2])
    say("evidence", "add", "--signoff", "--by", "Ana", "--ref", "v3.2")
    code, told, document = answers(say, "--ref", "v3.2")
    assert [one["key"] for one in document["changes"]] == ["acme/web#4", "acme/web#5"]
    assert [one["key"] for one in document["tickets"]] == ["APO-4", "APO-5"]
    assert code == 0
    assert set(told.values()) == {"met"}
    # The branch went on: what landed there is not in the tag.
    assert [one["key"] for one in answers(say, "--ref", "main")[2]["changes"]] == ["acme/web#6"]


def test_a_tag_that_moved_after_the_sign_off(say: Say, fill: Fill, store: Store) -> None:
    """What it holds now and did not hold then is named."""
    fill(tags=[WORLD["tags"][0], {**WORLD["tags"][1], "sha": sha(4)}])
    say("evidence", "add", "--signoff", "--by", "Ana", "--ref", "v3.2")
    from sync.store.tables_code import release

    with store.writing() as conn:
        conn.execute(release.update().where(release.c.tag == "v3.2").values(sha=sha(6)))
    code, told, document = answers(say, "--ref", "v3.2")
    assert (code, told["sign-off"]) == (3, "not met")
    (signed,) = [one for one in document["criteria"] if one["name"] == "sign-off"]
    assert signed["proofs"] == ["acme/web#5 Change 5", "acme/web#6 Change 6"]


def test_what_a_version_wants_and_its_tag_has_not(say: Say, fill: Fill) -> None:
    fill(tags=[WORLD["tags"][0], {**WORLD["tags"][1], "sha": sha(4)}])
    code, told, document = answers(say, "--ref", "v3.2")
    assert (code, told["content"]) == (3, "not met")
    assert document["missing"] == ["APO-5 Title 5: acme/web#5 Change 5"]


def test_a_way_back_that_was_not_read_is_unknown(say: Say, fill: Fill) -> None:
    """Without the commits between, nobody says what is inside and what is not."""
    fill(commits=[WORLD["commits"][3]], tags=[WORLD["tags"][1]])
    code, told, document = answers(say, "--ref", "v3.2")
    assert (code, told["content"]) == (3, "unknown")
    assert document["missing"] == []
    assert "acme/web#1 Change 1" in document["uncertain"]


@pytest.mark.parametrize(
    ("more", "criterion", "word"),
    [
        ({"said": {**WORLD["said"], "5": {"verdict": "unknown"}}}, "tests", "unknown"),
        ({"said": {**WORLD["said"], "5": {"verdict": "not_tested"}}}, "tests", "not met"),
        (
            {
                "said": {
                    **WORLD["said"],
                    "5": {"verdict": "merged_red", "checks": {"unit": ["failed", "landed"]}},
                }
            },
            "merged-red",
            "not met",
        ),
        ({"items": [*WORLD["items"], {"id": 6, "in": ["v1"]}]}, "open-work", "not met"),
        (
            {"items": [*WORLD["items"], {"id": 6, "status": "unknown", "in": ["v1"]}]},
            "open-work",
            "unknown",
        ),
        (
            {"readings": [{"scope": "acme/web", "stream": "changes", "outcome": "partial"}]},
            "readings",
            "unknown",
        ),
        (
            {"readings": [{"scope": "APO", "stream": "issues", "outcome": "failed"}]},
            "readings",
            "unknown",
        ),
        ({"changes": [], "said": {}}, "tests", "unknown"),
        ({"items": [], "changes": [], "said": {}}, "open-work", "unknown"),
    ],
)
def test_each_source_of_doubt(
    say: Say, fill: Fill, more: dict[str, Any], criterion: str, word: str
) -> None:
    fill(**more)
    code, told, _ = answers(say, "Release 3.2")
    assert (code, told[criterion]) == (3, word)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("Release 9",), "no milestone of this name"),
        (("--ref", "v9"), "no tag or branch of this name"),
        (("--ref", "v3.3"), "Write v3.2"),
        ((), "name a milestone"),
        (("Release 3.2", "--ref", "v3.2"), "name a milestone"),
        (("Release 3.2", "--repo", "acme/web"), "goes with --ref"),
        (("--ref", "v3.2", "--repo", "acme/nothing"), "no repository of this name"),
    ],
)
def test_what_is_not_known_is_refused(
    say: Say, fill: Fill, words: tuple[str, ...], told: str
) -> None:
    fill()
    code, out, err = say("gate", *words)
    assert (code, out) == (2, "")
    assert told in err


def test_a_tag_of_several_repositories_has_to_be_named(say: Say, fill: Fill) -> None:
    fill(
        repositories={"r2": "acme/api"},
        changes=[*WORLD["changes"], {**change(7, 1), "repository": "r2", "landed": sha(7)}],
        tags=[*WORLD["tags"], {"name": "v3.2", "sha": sha(7), "repository": "r2"}],
    )
    code, _, err = say("gate", "--ref", "v3.2")
    assert code == 2
    assert "hub/acme/api, hub/acme/web" in err
    assert answers(say, "--ref", "v3.2", "--repo", "acme/web")[2]["name"] == "v3.2 of acme/web"
