"""`scope` where something is not known, not confirmed, or not worth a line."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support import cases, code_rows

from sync.cli.app import App
from sync.cli.main import main
from sync.store import schema
from sync.store.open import open_store

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
BEGUN = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONFIG = """\
[connections.jira]
kind = "jira"
url = "https://jira.example.net"
token_env = "JIRA_TOKEN"
projects = ["APO"]
"""
R1: dict[str, Any] = {"id": "v1", "name": "R1", "due": date(2026, 4, 10)}
ACCEPTED = [{"milestone": "v1", "at": BEGUN}]
PLANNED = [{"ids": "1-40", "in": ["v1"]}]

Say = Callable[..., tuple[int, str, str]]
World = Callable[..., Say]


@pytest.fixture
def world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> World:
    """A store that holds a world; what types a command `hours` after now."""
    monkeypatch.chdir(tmp_path)

    def filled(data: dict[str, Any], config: str = "") -> Say:
        (tmp_path / "driftline.toml").write_text(CONFIG + config, encoding="utf-8")
        store = open_store(str(tmp_path / "driftline.db"))
        with store.writing() as conn:
            cases.fill(conn, {"now": NOW, "milestones": [R1], **data})
        store.close()

        def typed(*words: str, hours: float = 0) -> tuple[int, str, str]:
            capsys.readouterr()
            clock = cases.At(NOW + timedelta(hours=hours))
            code = main(list(words), app=App(clock=clock))
            told = capsys.readouterr()
            return code, told.out, told.err

        return typed

    return filled


def at_once(number: int, at: datetime, by: str = "u2") -> list[dict[str, Any]]:
    """Items that one account put in at one instant."""
    return [
        {"id": 100 + n, "entered": {"v1": at + timedelta(minutes=n)}, "by": by, "created": BEGUN}
        for n in range(number)
    ]


def test_a_mass_edit_holds_shares_until_it_is_confirmed(world: World) -> None:
    at = datetime(2026, 3, 10, 9, tzinfo=UTC)
    say = world({"items": [*PLANNED, *at_once(10, at)], "baselines": ACCEPTED})
    held = "10 items changed in one go (version) on 10 Mar 2026: shares are held until somebody"
    code, out, _ = say("scope", "R1")
    assert code == 0
    assert held in out
    assert "grew" not in out
    assert "grew" not in say("baseline", "diff", "R1")[1]
    code, out, _ = say("scope", "confirm", "R1", "--author", "tpm", "--reason", "planned", hours=1)
    assert (code, out) == (
        0,
        "APO:R1: 10 items changed in one go (version) on 10 Mar 2026, confirmed\n",
    )
    out = say("scope", "R1", hours=2)[1]
    assert "one go" not in out
    assert "Since 2 Mar 2026, grew by about 25 %:" in out
    assert "grew by about 25 %" in say("baseline", "diff", "R1", hours=2)[1]
    # What was known before stays held.
    assert held in say("scope", "R1", "--known-at", "2026-03-16T08:30:00", hours=2)[1]
    assert say("scope", "confirm", "R1", hours=3)[1] == (
        "APO:R1: no change of many items waits for confirmation.\n"
    )


def test_another_mass_edit_wants_another_confirmation(world: World) -> None:
    first, second = (datetime(2026, 3, day, 9, tzinfo=UTC) for day in (10, 12))
    more = [{**one, "id": one["id"] + 50} for one in at_once(10, second)]
    items = [*PLANNED, *at_once(10, first), *more]
    say = world({"items": items, "baselines": ACCEPTED})
    with_first = say("scope", "confirm", "R1", "--json")
    assert len(json.loads(with_first[1])["confirmed"]) == 2


def test_what_entered_and_left_again_is_counted_and_not_listed(world: World) -> None:
    passing = {
        "id": 99,
        "created": BEGUN,
        "entered": {"v1": datetime(2026, 3, 9, tzinfo=UTC)},
        "left": {"v1": datetime(2026, 3, 11, tzinfo=UTC)},
    }
    say = world({"items": [*PLANNED, passing], "baselines": ACCEPTED})
    out = say("scope", "R1")[1]
    assert "40 items planned + 1 entered - 1 left = 40 items" in out
    assert "1 item entered and left again; that is churn, and not listed." in out
    assert "APO-99" not in out


def test_from_a_share_on_transient_items_are_listed(world: World) -> None:
    passing = {
        "id": 99,
        "created": BEGUN,
        "entered": {"v1": datetime(2026, 3, 9, tzinfo=UTC)},
        "left": {"v1": datetime(2026, 3, 11, tzinfo=UTC)},
    }
    say = world({"items": [{"ids": "1-4", "in": ["v1"]}, passing], "baselines": ACCEPTED})
    assert say("scope", "R1")[1].count("APO-99 Title 99") == 2


def test_a_history_with_gaps_is_said_first_and_no_sum_is_told(world: World) -> None:
    say = world(
        {"items": [*PLANNED, {"id": 50, "in": ["v1"], "history": "partial"}], "baselines": ACCEPTED}
    )
    code, out, _ = say("scope", "R1")
    assert code == 0
    assert out.splitlines()[2:] == [
        "No sums are told: the history of 1 of 41 items is not complete.",
        "",
        "No change is known.",
    ]
    document = json.loads(say("scope", "R1", "--json")[1])
    assert document["current"]["items"] is None
    assert "What the scope did is not told" in say("receipt", "R1")[1]


def test_a_source_that_was_not_read_gives_no_sum_and_is_not_quiet(world: World) -> None:
    say = world(
        {
            "items": PLANNED,
            "baselines": ACCEPTED,
            "readings": [{"scope": "APO", "stream": "issues", "outcome": "failed", "reason": "x"}],
        }
    )
    out = say("scope", "R1")[1]
    assert "No sums are told:" in out
    assert "Nothing entered" not in out
    assert "scope not told" not in say("milestones")[1]


def test_what_has_not_begun_has_no_baseline(world: World) -> None:
    say = world({"milestones": [{**R1, "start": date(2026, 3, 20)}], "items": PLANNED})
    out = say("scope", "R1")[1]
    assert "it has not begun" in out
    code, _, err = say("baseline", "diff", "R1")
    assert (code, "driftline baseline set" in err) == (2, True)
    assert say("receipt", "R1")[0] == 0


def test_several_milestones_of_one_name_are_listed(world: World) -> None:
    say = world(
        {
            "milestones": [R1, {"id": "v2", "name": "R1", "project": "BEE"}],
            "projects": ["APO", "BEE"],
            "items": PLANNED,
        }
    )
    for command in ("scope", "receipt"):
        code, _, err = say(command, "R1")
        assert code == 2
        assert '"APO:R1", "BEE:R1"' in err


@pytest.mark.parametrize(("days", "planned"), [(0, 40), (1, 41)])
def test_the_grace_window_is_one_working_day_or_none(world: World, days: int, planned: int) -> None:
    tidied = {"id": 77, "created": BEGUN, "entered": {"v1": BEGUN + timedelta(hours=5)}}
    say = world(
        {"items": [*PLANNED, tidied], "baselines": ACCEPTED},
        config=f"\n[milestones]\ngrace_days = {days}\n",
    )
    assert f"{planned} items planned" in say("scope", "R1")[1]
    document = json.loads(say("baseline", "diff", "R1", "--json")[1])
    assert document["from"]["items"] == planned


def test_changes_without_an_item_are_told_beside_the_sums(world: World, tmp_path: Path) -> None:
    say = world(
        {
            "items": PLANNED,
            "hub_milestones": [{"id": "5", "name": "v3.2", "due": date(2026, 4, 17)}],
            "changes": [{"id": n, "merged": NOW - timedelta(days=2)} for n in (1, 2)],
        }
    )
    assert "without an item" not in say("scope", "v3.2")[1]
    store = open_store(str(tmp_path / "driftline.db"))
    with store.writing() as conn:
        conn.execute(
            sa.insert(schema.scope_membership),
            [
                {
                    "connection_id": code_rows.HUB,
                    "member_kind": "change_request",
                    "member_id": id_,
                    "milestone_kind": "milestone",
                    "milestone_id": "5",
                    "valid_from": NOW - timedelta(days=3),
                    "known_from": NOW - timedelta(days=3),
                    "from_exact": True,
                    "cause": "created",
                }
                for id_ in ("c1", "c2")
            ],
        )
    store.close()
    told = "2 pull or merge requests in it without an item of it: the sums count items only."
    assert told in say("scope", "v3.2")[1]
    assert json.loads(say("scope", "v3.2", "--json")[1])["changes_without_item"] == 2
