"""`backtest`: what it prints, writes and keeps, on both databases."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import cases

from sync.cli.app import App
from sync.cli.main import main
from sync.forecast import backtest, histories, proof
from sync.forecast.predict import variants
from sync.ledger.working_days import WorkCalendar
from sync.store.open import open_store

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
BEGIN = date(2026, 1, 5)
Say = Callable[..., tuple[int, str, str]]


def world() -> dict[str, Any]:
    """Three finished versions of ten items each, one with a gap in a history, one deleted."""
    milestones: list[dict[str, Any]] = []
    items: list[dict[str, Any]] = []
    for number in range(3):
        begin = BEGIN + timedelta(weeks=4 * number)
        name = f"v{number}"
        milestones.append(
            {
                "id": name,
                "name": f"Release {number}",
                "start": begin,
                "due": begin + timedelta(weeks=8),
                "seen": begin,
            }
        )
        for nth in range(10):
            items.append(
                {
                    "id": number * 10 + nth + 1,
                    "in": [name],
                    "created": begin,
                    "status": "done",
                    "since": {"status": "todo", "at": begin + timedelta(days=6 * (nth + 1))},
                }
            )
    milestones += [
        {"id": "cut", "name": "Cut"},
        {"id": "gone", "name": "Gone", "gone": date(2026, 6, 1)},
        {"id": "empty", "name": "Empty"},
    ]
    items.append({"id": 99, "in": ["cut"], "history": "partial"})
    return {"now": NOW, "milestones": milestones, "items": items}


@pytest.fixture
def say(
    tmp_path: Path,
    store_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Say:
    """Types a command; (exit code, output, trouble)."""
    monkeypatch.chdir(tmp_path)
    text = f'store = {json.dumps(store_url)}\n[connections.jira]\nkind = "jira"\n'
    text += 'url = "https://jira.example.net"\ntoken_env = "T"\nprojects = ["APO"]\n'
    (tmp_path / "driftline.toml").write_text(text, encoding="utf-8")
    store = open_store(store_url)
    with store.writing() as conn:
        cases.fill(conn, world())
    store.close()

    def typed(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["backtest", *words], app=App(clock=cases.At(NOW)))
        told = capsys.readouterr()
        return code, told.out, told.err

    return typed


def kept(store_url: str) -> proof.Proof | None:
    store = open_store(store_url, read_only=True)
    try:
        with store.reading() as conn:
            assert proof.newest(conn, NOW - timedelta(seconds=1)) is None
            return proof.newest(conn, NOW)
    finally:
        store.close()


@pytest.mark.full_on_postgres
def test_it_tells_counts_and_why_nothing_is_proven(say: Say, store_url: str) -> None:
    code, out, err = say()
    assert code == 0, err
    assert "3 milestones: 3 finished, 0 open and late, 0 open and not counted (censored)" in out
    assert "left out: deleted: how they ended is not known (1)" in out
    assert "left out: the history of its items has gaps (1)" in out
    assert "left out: nothing was ever in it (1)" in out
    assert "verdict: unproven: " in out
    assert "climatology" in out
    made = kept(store_url)
    assert made is not None
    assert not made.standing.proven
    (learned,) = made.lessons.values()
    assert learned.stretch == ()
    assert learned.weight == 1.0


def test_both_databases_say_what_a_store_in_memory_says(say: Say) -> None:
    code, out, err = say("--json")
    assert code == 0, err
    facts = json.loads(out)
    told = [(one["milestone"], one["share"], one["days"]) for one in facts["forecasts"]]
    store, calendar = cases.build(world()), WorkCalendar()
    with store.reading() as conn:
        subjects, _ = histories.subjects(conn, calendar, NOW)
    made = backtest.run(subjects, variants(calendar), calendar, NOW)
    assert told == [
        (one.name, one.share, {f"p{at * 100:.0f}": days for at, days in one.sent.days.items()})
        for one in made.rows
    ]
    assert any(days for _, _, days in told), "nothing was forecast"
    assert all(one["on_time"] is False for one in facts["forecasts"])
    assert {one["actual_days"] for one in facts["forecasts"]} == {34.0, 24.0, 14.0}


@pytest.mark.full_on_postgres
def test_one_milestone_is_scored_alone_and_nothing_is_kept(say: Say, store_url: str) -> None:
    code, out, err = say("-m", "APO:Release 2", "--json")
    assert code == 0, err
    assert {one["milestone"] for one in json.loads(out)["forecasts"]} == {"APO:Release 2"}
    assert kept(store_url) is None


@pytest.mark.full_on_postgres
def test_an_archive_is_told_as_inferred(say: Say, store_url: str) -> None:
    code, out, _ = say("--membership", "final")
    assert code == 0
    assert "inferred, no history" in out
    assert kept(store_url) is None


@pytest.mark.full_on_postgres
def test_each_monday(say: Say) -> None:
    code, out, err = say("--at", "mondays", "--since", "2026-03-30", "--json")
    assert code == 0, err
    found = json.loads(out)["forecasts"]
    assert found
    assert all(one["at"] >= "2026-03-30" for one in found)


@pytest.mark.full_on_postgres
def test_the_diagram_is_written(say: Say, tmp_path: Path) -> None:
    code, _, err = say("--out", str(tmp_path / "pictures"))
    assert code == 0, err
    assert (tmp_path / "pictures" / "reliability.svg").read_text().startswith("<svg")
    assert (tmp_path / "pictures" / "reliability.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.full_on_postgres
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--at", "sometimes"], "neither `mondays` nor per cents"),
        (["--at", "0,50"], "neither `mondays` nor per cents"),
        (["--at", "nan"], "neither `mondays` nor per cents"),
        (["--since", "2030-01-01"], "an instant to come"),
        (["-m", "Relase 0"], "Close to it"),
    ],
)
def test_bad_input_is_said_in_one_line(say: Say, words: list[str], says: str) -> None:
    code, out, err = say(*words)
    assert code == 2
    assert says in err
    assert "Traceback" not in err
    assert out == ""
