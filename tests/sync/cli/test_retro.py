"""`retro`: one finished milestone and one that runs, with numbers worked out by hand."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from support.typed import Say, typist

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)


def at(day: int, month: int = 2, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def moves(*steps: tuple[str, str, datetime]) -> list[dict[str, Any]]:
    """Changes of status: from, to, when."""
    return [{"field": "status", "old": old, "new": new, "at": when} for old, new, when in steps]


def done(id_: int, *steps: tuple[str, str, datetime], **more: Any) -> dict[str, Any]:
    who = f"u{id_}"
    return {
        "id": id_,
        "in": ["v1"],
        "assignee": who,
        "status": "done",
        "events": moves(*steps),
    } | more


# Planned on Mon 2 Feb 2026 for 20 Feb, released on 2 Mar. February 2026 begins on a Sunday.
#
# item  planned  done     waited, in working days
# 1     yes      10 Feb   review Wed 4 to Fri 6: 2
# 2     yes      19 Feb   review Mon 9 to Thu 19: 8; started on 3 Feb
# 3     yes      26 Feb   never; done after the date
# 4     yes      never    open at the end
# 5     yes      left on 16 Feb
# 6     no       entered on 12 Feb, done on 18 Feb
# 7     no       entered on 13 Feb, open at the end; restricted, in review since Fri 27: 1
WORLD: dict[str, Any] = {
    "now": NOW,
    "judge": ["APO:R1"],
    "waits": {"in_review": "review", "todo": None},
    "milestones": [
        {
            "id": "v1",
            "name": "R1",
            "state": "released",
            "start": date(2026, 2, 2),
            "due": date(2026, 2, 27),
            "finished": at(2, 3),
            "moves": [{"old": date(2026, 2, 20), "new": date(2026, 2, 27), "at": at(18)}],
            "states": [{"old": "active", "new": "released", "at": at(2, 3)}],
        },
        {"id": "v2", "name": "R2", "due": date(2026, 4, 30)},
    ],
    "baselines": [{"milestone": "v1", "at": at(2), "due": date(2026, 2, 20)}],
    "items": [
        done(
            1,
            ("todo", "in_progress", at(3)),
            ("in_progress", "in_review", at(4)),
            ("in_review", "done", at(6)),
        ),
        done(
            2,
            ("todo", "in_progress", at(3)),
            ("in_progress", "in_review", at(9)),
            ("in_review", "done", at(19)),
        ),
        done(3, ("todo", "in_progress", at(12)), ("in_progress", "done", at(26))),
        {"id": 4, "in": ["v1"]},
        {"id": 5, "in": ["v1"], "left": {"v1": at(16)}},
        {
            "id": 6,
            "created": at(12),
            "entered": {"v1": at(12, hour=9)},
            "status": "done",
            "events": moves(("todo", "done", at(18))),
        },
        {
            "id": 7,
            "created": at(13),
            "entered": {"v1": at(13, hour=9)},
            "restricted": True,
            "title": "secret takeover",
            "status": "in_review",
            "events": moves(("todo", "in_review", at(27))),
        },
        {"ids": "21-24", "in": ["v2"]},
    ],
    "foretold": [
        {
            "milestone": "v1",
            "on": date(2026, 2, 9),
            "due": date(2026, 2, 20),
            "open": 5,
            "p50": date(2026, 2, 20),
            "p85": date(2026, 2, 26),
            "p": 0.55,
        },
        {
            "milestone": "v1",
            "on": date(2026, 2, 16),
            "due": date(2026, 2, 20),
            "open": 5,
            "p50": date(2026, 2, 27),
            "p85": date(2026, 3, 4),
            "p": 0.2,
        },
    ],
}
MORE = '[milestones]\njudge = ["APO:R1"]\n'


@pytest.fixture
def say(
    tmp_path: Path,
    store_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Say:
    return typist(tmp_path, store_url, monkeypatch, capsys, WORLD, more=MORE, judged=True)


def told(say: Say, *words: str) -> Mapping[str, Any]:
    code, out, err = say("retro", *words, "--json")
    assert code == 0, err
    found: Mapping[str, Any] = json.loads(out)
    return found


@pytest.mark.full_on_postgres
def test_a_finished_milestone_is_told_as_of_its_end(say: Say) -> None:
    found = told(say, "R1")
    assert (found["running"], found["as_of"]) == (False, "2026-03-02T00:00:00+00:00")
    assert found["say_do"] == {
        "planned": 5,
        # By the end of 20 Feb: 1 and 2.
        "done_by_due": 2,
        "done": 3,
        "open": 1,
        "left": 1,
        "done_beyond": 1,
        "share": 0.4,
    }
    assert found["entered"] == [{"name": "new work", "items": 2.0, "points": 0.0}]
    assert found["left"] == [{"name": "left", "items": 1.0, "points": 0.0}]
    items = found["scope"]["items"]
    assert (items["planned"], items["added"], items["removed"], items["current"]) == (5, 2, 1, 6)
    assert (found["done_at"], found["leftovers"]) == ("2026-03-02T00:00:00+00:00", 2)
    dates = found["date_history"]
    assert (dates["moves"], dates["slip_working_days"]) == (1, 5)


@pytest.mark.full_on_postgres
def test_waiting_counts_working_days_from_the_baseline_to_the_end(say: Say) -> None:
    found = told(say, "R1")
    (review,) = found["waits"]
    assert (review["state"], review["items"]) == ("review", 3)
    # 2 + 8 + 1 days; the middle one of three lay 2, and 85 of 100 are all three.
    assert review["working_days"] == 11
    assert (review["p50_working_days"], review["p85_working_days"]) == (2, 8)
    assert [(one["key"], one["working_days"]) for one in review["longest"]] == [
        ("APO-2", 8),
        ("APO-1", 2),
        (None, 1),
    ]


def test_of_fewer_than_three_people_no_waiting_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = {**WORLD, "items": [{**one, "assignee": "u1"} for one in WORLD["items"]]}
    url = str(tmp_path / "driftline.db")
    say = typist(tmp_path, url, monkeypatch, capsys, world, more=MORE, judged=True)
    found = told(say, "R1")
    assert (found["waits"], found["waits_untold"]) == ([], "fewer than three people")
    # What was planned and came is told of the milestone, whoever did it.
    assert found["say_do"]["done"] == 3
    assert "Not told: fewer than three people." in say("retro", "R1")[1]


@pytest.mark.full_on_postgres
def test_forecasts_stand_beside_what_came(say: Say) -> None:
    code, out, _ = say("retro", "R1")
    assert code == 0
    lines = out.splitlines()
    assert (
        "  9 Feb 2026: half by 20 Feb 2026, 85 % by 26 Feb 2026, promised 20 Feb 2026: about 55 %; "
        "it came 2 working days after the 85 %"
    ) in lines
    assert (
        "  16 Feb 2026: half by 27 Feb 2026, 85 % by 4 Mar 2026, promised 20 Feb 2026: about 20 %; "
        "it came within the 85 %"
    ) in lines


@pytest.mark.full_on_postgres
def test_restricted_items_are_in_no_form(say: Say) -> None:
    for words in (("retro", "R1"), ("retro", "R1", "--json")):
        assert "takeover" not in say(*words)[1]


@pytest.mark.full_on_postgres
def test_one_that_runs_says_so_and_what_is_not_known(say: Say) -> None:
    code, out, _ = say("retro", "R2")
    assert code == 0
    assert "It runs: a retrospective so far" in out
    found = told(say, "R2")
    assert (found["running"], found["done_at"]) == (True, None)
    assert "No forecast of it was stored while it ran." in found["unknown"]
    assert "Nobody agreed to the baseline, so no share of the plan is told." in found["unknown"]
    assert found["say_do"]["share"] is None


@pytest.mark.full_on_postgres
def test_looking_back_it_still_ran(say: Say) -> None:
    found = told(say, "R1", "--as-of", "2026-02-17")
    assert found["running"] is True
    # By the end of 17 Feb: 1 is done, 5 has left, 6 and 7 have entered.
    assert (found["say_do"]["done"], found["say_do"]["left"]) == (1, 1)
    assert found["scope"]["items"]["added"] == 2


@pytest.mark.full_on_postgres
def test_a_file_holds_the_same(say: Say, tmp_path: Path) -> None:
    _, out, _ = say("retro", "R1")
    code, printed, note = say("retro", "R1", "--out", "pack.txt")
    assert (code, printed) == (0, "")
    assert "pack.txt" in note
    assert (tmp_path / "pack.txt").read_text(encoding="utf-8") == out
    _, out, _ = say("retro", "R1", "--json")
    say("retro", "R1", "--json", "--out", "pack.json")
    assert json.loads((tmp_path / "pack.json").read_text(encoding="utf-8")) == json.loads(out)


@pytest.mark.full_on_postgres
def test_an_unknown_name_has_the_errors_of_scope(say: Say) -> None:
    for words in (("R9",), ("APO:R9",)):
        code, out, err = say("retro", *words)
        assert (code, out) == (2, "")
        assert err == say("scope", *words)[2]
