"""`scope`: what it tells of a milestone, and what is kept of agreements."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import cases

from sync.cli.app import App
from sync.cli.main import main
from sync.store.open import open_store

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
CONFIG = """\
{store}
[connections.jira]
kind = "jira"
url = "https://jira.example.net"
token_env = "JIRA_TOKEN"
projects = ["APO"]

[milestones]
judge = ["APO:Release 3.2"]
"""
AGREED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
#: Planned on 2 March: 1 to 6. Later 7 and 8 enter, 1 leaves, 2 is re-sized, 9 comes and goes.
WORLD: dict[str, Any] = {
    "now": NOW,
    "milestones": [
        {
            "id": "v1",
            "name": "Release 3.2",
            "due": date(2026, 4, 17),
            "moves": [{"old": date(2026, 4, 10), "new": date(2026, 4, 17), "at": date(2026, 3, 9)}],
        },
        {"id": "v2", "name": "Release 3.3", "due": date(2026, 6, 1)},
        {"id": "v3", "name": "Later"},
    ],
    "items": [
        {"id": 1, "in": ["v1"], "points": 3, "left": {"v1": datetime(2026, 3, 6, 10, tzinfo=UTC)}},
        {
            "id": 2,
            "in": ["v1"],
            "points": 8,
            "events": [
                {"field": "points", "at": datetime(2026, 3, 10, 9, tzinfo=UTC), "old": 5, "new": 8}
            ],
        },
        {"ids": "3-5", "in": ["v1"], "points": 2},
        {"id": 6, "in": ["v1"], "points": 3},
        {
            "id": 7,
            "points": 3,
            "created": date(2026, 3, 5),
            "entered": {"v1": datetime(2026, 3, 5, 12, tzinfo=UTC)},
            "by": "u2",
        },
        {
            "id": 8,
            "points": 1,
            "restricted": True,
            "title": "secret plan",
            "entered": {"v1": datetime(2026, 3, 11, 12, tzinfo=UTC)},
        },
    ],
    "baselines": [{"milestone": "v1", "at": AGREED_AT, "due": date(2026, 4, 10)}],
}

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(
    tmp_path: Path,
    store_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Say:
    """Types a command at `hours` after now; (exit code, output, trouble)."""
    monkeypatch.chdir(tmp_path)
    text = CONFIG.format(store=f"store = {json.dumps(store_url)}\n")
    (tmp_path / "driftline.toml").write_text(text, encoding="utf-8")
    store = open_store(store_url)
    with store.writing() as conn:
        cases.fill(conn, WORLD)
    store.close()

    def typed(*words: str, hours: float = 0) -> tuple[int, str, str]:
        capsys.readouterr()
        clock = cases.At(NOW + timedelta(hours=hours))
        code = main(list(words), app=App(clock=clock))
        told = capsys.readouterr()
        return code, told.out, told.err

    return typed


NAME = "Release 3.2"
full_on_postgres = pytest.mark.full_on_postgres


def told(say: Say, *words: str, hours: float = 0) -> Any:
    """What a command prints as JSON."""
    code, out, err = say(*words, "--json", hours=hours)
    assert code == 0, err
    return json.loads(out)


def agree(say: Say, *words: str, hours: float = 1) -> None:
    code, _, err = say(
        "scope",
        "agree",
        *words,
        "-m",
        NAME,
        "--reason",
        "asked for",
        "--author",
        "tpm",
        hours=hours,
    )
    assert code == 0, err


# --- scope ------------------------------------------------------------------------------------


def test_it_tells_sums_that_add_up_and_every_line_with_its_proof(say: Say) -> None:
    code, out, _ = say("scope", NAME)
    assert code == 0
    page = "page=com.atlassian.jira.plugin.system.issuetabpanels:changehistory-tabpanel"
    address = "    https://jira.example.net/browse"
    assert out.splitlines() == [
        "APO:Release 3.2 (version at jira, active, due 17 Apr 2026)",
        "  Its date moved from 10 Apr 2026 to 17 Apr 2026, seen on 9 Mar 2026",
        "Baseline: 2 Mar 2026 (set by a person), agreed to by tpm on 2 Mar 2026, for 10 Apr 2026",
        "",
        "Since 2 Mar 2026, grew by about 25 %:",
        "  17 points planned + 4 entered - 3 left + 3 re-sized = 21 points",
        "  6 items planned + 2 entered - 1 left = 7 items",
        "  Of what entered, 0 items agreed to, 2 items not",
        "",
        "5 Mar 2026 12:00  +1 item, +3 points  APO-7 Title 7: entered (new work)",
        f"{address}/APO-7?focusedId=7&{page}",
        "6 Mar 2026 10:00  -1 item, -3 points  APO-1 Title 1: left",
        f"{address}/APO-1?focusedId=1&{page}",
        "10 Mar 2026 09:00  +3 points  APO-2 Title 2: was re-sized",
        f"{address}/APO-2?focusedId=2&{page}",
        "11 Mar 2026 12:00  +1 item, +1 point  a restricted item: entered (pulled in)",
    ]


@full_on_postgres
def test_as_json_nothing_names_a_restricted_item(say: Say) -> None:
    agree(say, "APO-8", "APO-7")
    code, out, _ = say("scope", NAME, "--json", hours=2)
    document = json.loads(out)
    assert (code, document["kind"], document["schema_version"]) == (0, "scope", 1)
    assert "secret" not in out
    assert "APO-8" not in out
    hidden = document["lines"][-1]
    assert (hidden["restricted"], hidden["key"], hidden["agreed"]) == (True, None, None)
    assert document["current"]["items"]["added_agreed"] == 2
    total = document["current"]["points"]
    added = total["added"] - total["removed"] + total["reestimated"] + total["late_sized"]
    assert total["planned"] + added == total["current"]
    by_kind = {
        kind: sum(one["points"] for one in document["lines"] if one["kind"] == kind)
        for kind in ("added", "removed", "reestimated")
    }
    assert by_kind == {"added": 4.0, "removed": -3.0, "reestimated": 3.0}
    receipt = say("receipt", NAME, "--json", hours=2)[1]
    assert "secret" not in receipt
    assert "APO-8" not in receipt


@full_on_postgres
def test_since_a_day_the_sum_begins_there(say: Say) -> None:
    document = told(say, "scope", NAME, "--since", "2026-03-09")
    assert [one["key"] for one in document["lines"]] == ["APO-2", None]
    assert document["current"]["items"] == {
        "planned": 6.0,
        "added": 1.0,
        "removed": 0.0,
        "reestimated": 0,
        "late_sized": 0,
        "current": 7.0,
        "added_agreed": 0,
        "added_not_agreed": 1.0,
        "done": 0,
        "remaining": 7.0,
        "unestimated_items": 0,
    }
    assert document["current"]["net_share"] is None
    assert "6 items in it then + 1 entered" in say("scope", NAME, "--since", "2026-03-09")[1]


@full_on_postgres
def test_the_first_clock_is_moved_by_as_of(say: Say) -> None:
    document = told(say, "scope", NAME, "--as-of", "2026-03-07")
    assert [one["key"] for one in document["lines"]] == ["APO-7", "APO-1"]
    assert document["current"]["items"]["current"] == 6.0


def test_agreed_growth_is_told_apart(say: Say) -> None:
    agree(say, "APO-7", "--link", "https://example.com/7")
    out = say("scope", NAME, hours=2)[1]
    assert "Of what entered, 1 item agreed to, 1 item not" in out
    assert (
        "APO-7 Title 7: entered (new work); agreed to by tpm: asked for https://example.com/7"
        in out
    )
    assert "agreed to by tpm" not in say("scope", NAME, "--known-at", "2026-03-16T08:30:00")[1]
    code, out, _ = say("scope", "disagree", "apo-7", "-m", NAME, "--reason", "not now", hours=3)
    assert (code, out) == (0, "APO:Release 3.2: APO-7 no longer agreed to\n")
    assert "Of what entered, 0 items agreed to, 2 items not" in say("scope", NAME, hours=4)[1]
    assert (
        "withdrawn on 16 Mar 2026: asked for https://example.com/7"
        in say("receipt", NAME, hours=4)[1]
    )


@full_on_postgres
def test_what_is_agreed_to_too_early_is_said(say: Say) -> None:
    code, out, _ = say("scope", "agree", "APO-7", "-m", "Later", "--reason", "x", "--label", "ok")
    assert code == 0
    assert out.splitlines() == [
        "APO:Later: APO-7 agreed to; it was never in it so far",
        "APO:Later: label ok agreed to",
    ]


@pytest.mark.full
@full_on_postgres
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["scope", "Relase 3.2"], 'Close to it: "APO:Release 3.2", "APO:Release 3.3"'),
        (["receipt", "Relase 3.2"], 'Close to it: "APO:Release 3.2", "APO:Release 3.3"'),
        (["scope", "agree", "-m", NAME, "--reason", "x"], "no item is named"),
        (["scope", "agree", "APO-7", "-m", NAME], "Missing option '--reason'"),
        (["scope", "agree", "APO-7", "-m", NAME, "--reason", " "], "--reason: is empty"),
        (["scope", "agree", "APO-77", "-m", NAME, "--reason", "x"], "APO-77: no items of jira"),
        (
            ["scope", "agree", "APO-7", "-m", NAME, "--reason", "x", "--link", "javascript:x"],
            "--link: is no address of a page",
        ),
        (["scope", "disagree", "APO-7", "-m", NAME, "--reason", "x"], "nothing stands"),
        (["scope", NAME, "--as-of", "2027-01-01"], "an instant to come"),
        (["scope", NAME, "--since", "yesterday"], "is no date"),
        (["baseline", "diff", NAME, "--to", "3"], "there is no baseline 3; it has 1"),
        (["baseline", "set", NAME, "--at", "2027-01-01"], "an instant to come"),
    ],
)
def test_a_wrong_word_is_one_clear_message(say: Say, words: list[str], message: str) -> None:
    code, out, err = say(*words)
    assert (code, out) == (2, "")
    assert message in err


# --- baselines --------------------------------------------------------------------------------


def test_a_re_plan_stands_beside_the_original(say: Say) -> None:
    code, out, _ = say(
        "baseline",
        "set",
        NAME,
        "--at",
        "2026-03-09",
        "--due",
        "2026-04-30",
        "--reason",
        "two teams less",
        "--author",
        "tpm",
    )
    assert (code, out) == (
        0,
        "APO:Release 3.2: 2: 2026-03-09 23:59 UTC (explicit), accepted by tpm, for 2026-04-30, "
        "in force: two teams less\n",
    )
    out = say("scope", NAME, hours=1)[1]
    assert "Original: 2 Mar 2026 (set by a person)" in out
    # Changes of the working day after the new baseline are part of it.
    assert "Since 9 Mar 2026, grew by about 5 %:\n  20 points planned + 1 entered" in out
    assert "Since the original, 2 Mar 2026, grew by about 25 %:\n  17 points planned" in out
    document = told(say, "scope", NAME, hours=1)
    assert document["current"]["baseline"]["number"] == 2
    assert document["original"]["baseline"]["number"] == 1
    lines = told(say, "baseline", "list", NAME, hours=1)["baselines"]
    assert [(one["number"], one["in_force"]) for one in lines] == [(1, False), (2, True)]
    receipt = say("receipt", NAME, hours=1)[1]
    assert "  1: 2 Mar 2026 (set by a person)" in receipt
    assert "for 30 Apr 2026: two teams less" in receipt


@full_on_postgres
def test_before_a_re_plan_the_baseline_of_then_is_in_force(say: Say) -> None:
    assert say("baseline", "set", NAME, "--at", "2026-03-09", "--reason", "less")[0] == 0
    document = told(say, "scope", NAME, "--as-of", "2026-03-07", hours=1)
    assert document["current"]["baseline"]["number"] == 1
    assert document["original"] is None
    assert document["current"]["items"]["added"] == 1.0


@full_on_postgres
def test_today_is_a_day_that_has_come(say: Say) -> None:
    assert say("baseline", "set", NAME, "--at", "2026-03-16")[0] == 0


@full_on_postgres
def test_a_difference_lists_what_entered_left_and_was_re_sized(say: Say) -> None:
    code, out, _ = say("baseline", "diff", NAME)
    assert code == 0
    assert out.splitlines() == [
        "APO:Release 3.2: grew by about 25 %, in points",
        "  from baseline 1, 2 Mar 2026: 6 items, 17 points",
        "  to   now, 16 Mar 2026: 7 items, 21 points",
        "  Promised for 10 Apr 2026, then for 17 Apr 2026",
        "  2 items entered",
        "    APO-7 Title 7: 3 points",
        "    a restricted item: 1 point",
        "  1 item left",
        "    APO-1 Title 1: 3 points",
        "  1 item re-sized",
        "    APO-2 Title 2: 5 points became 8 points",
    ]
    document = told(say, "baseline", "diff", NAME)
    assert "secret" not in json.dumps(document)
    assert (document["from"]["number"], document["to"]["number"]) == (1, None)
    assert [(one["change"], one["key"]) for one in document["changes"]] == [
        ("entered", "APO-7"),
        ("entered", None),
        ("left", "APO-1"),
        ("re-sized", "APO-2"),
    ]


@full_on_postgres
def test_two_baselines_are_compared_and_work_done_meanwhile_has_not_left(say: Say) -> None:
    assert say("baseline", "set", NAME, "--at", "2026-03-07")[0] == 0
    document = told(say, "baseline", "diff", NAME, "--from", "1", "--to", "2", hours=1)
    assert (document["from"]["number"], document["to"]["number"]) == (1, 2)
    assert [(one["change"], one["key"]) for one in document["changes"]] == [
        ("entered", "APO-7"),
        ("left", "APO-1"),
    ]


@full_on_postgres
def test_without_an_agreed_baseline_no_share_is_told(say: Say) -> None:
    code, out, _ = say("baseline", "diff", "Later")
    assert code == 0
    assert out.splitlines()[0] == (
        "APO:Later: change since observed; nobody has agreed to the earlier baseline"
    )
    out = say("scope", "Later")[1]
    assert "a change since observed and no judgement" in out
    assert "%" not in out


# --- receipt and milestones -------------------------------------------------------------------


@full_on_postgres
def test_a_receipt_shows_every_promise(say: Say) -> None:
    agree(say, "APO-7", "--link", "https://example.com/7")
    code, out, _ = say("receipt", NAME, hours=2)
    assert code == 0
    assert out.splitlines() == [
        "APO:Release 3.2 (version at jira, active, due 17 Apr 2026)",
        "Receipt of 16 Mar 2026, by what was known on 16 Mar 2026",
        "",
        "Promised dates",
        "  10 Apr 2026, there when first read on 1 Jan 2026",
        "    3 Mar 2026 to 9 Mar 2026: 6 items before + 1 entered - 1 left = 6 items; "
        "17 points before + 3 entered - 3 left = 17 points",
        "  17 Apr 2026, changed, seen on 9 Mar 2026",
        "    9 Mar 2026 to 16 Mar 2026: 6 items before + 1 entered - 0 left = 7 items; "
        "17 points before + 1 entered - 0 left + 3 re-sized = 21 points",
        "  Who moved a date, and at what hour, its source does not tell.",
        "  5 working days later than first promised; slip rate 0.5 (at 1 the date recedes as fast "
        "as time passes)",
        "",
        "Baselines",
        "  1: 2 Mar 2026 (set by a person), agreed to by tpm on 2 Mar 2026, for 10 Apr 2026",
        "",
        "Agreed to",
        "  APO-7, by tpm on 16 Mar 2026: asked for https://example.com/7",
        "",
        "No forecast was stored for it; `driftline forecast` makes one now.",
    ]
    document = told(say, "receipt", NAME, hours=2)
    assert document["forecasts"] == []
    assert [one["due_date"] for one in document["promises"]] == ["2026-04-10", "2026-04-17"]


@full_on_postgres
def test_the_list_of_milestones_tells_the_scope_of_judged_ones(say: Say) -> None:
    code, out, _ = say("milestones")
    assert code == 0
    assert (
        "* jira/APO:Release 3.2 (version, active, due 2026-04-17)\n"
        "      scope since 2 Mar 2026: "
        "17 points before + 4 entered - 3 left + 3 re-sized = 21 points"
    ) in out
    found = told(say, "milestones")["milestones"]
    scopes = {one["name"]: one["scope"] for one in found}
    assert scopes["Later"] is None
    assert (scopes[NAME]["planned"], scopes[NAME]["current"]) == (17.0, 21.0)


@full_on_postgres
def test_a_program_milestone_is_told_as_one_and_then_by_its_parts(say: Say) -> None:
    parts = (f"jira/APO:{NAME}", "jira/APO:Later")
    assert say("milestones", "link", "Spring", *parts, "--author", "tpm")[0] == 0
    code, out, _ = say("scope", "spring", hours=1)
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "Spring: 2 parts (active, due 2026-04-17)"
    assert [one for one in lines if one.startswith("APO:")] == [
        "APO:Release 3.2 (version at jira, active, due 17 Apr 2026)",
        "APO:Later (version at jira, active, no due date)",
    ]
    document = told(say, "scope", "Spring", hours=1)
    assert document["kind"] == "scope-program"
    assert [one["milestone"] for one in document["stories"]] == ["APO:Release 3.2", "APO:Later"]
    document = told(say, "receipt", "Spring", hours=1)
    assert (document["kind"], len(document["receipts"])) == ("receipt-program", 2)
    assert say("receipt", "Spring", hours=1)[1].count("Promised dates") == 2


@full_on_postgres
def test_a_report_tells_both_plans(say: Say) -> None:
    assert say("baseline", "set", NAME, "--at", "2026-03-09", "--author", "tpm")[0] == 0
    for hours in (1, 2):
        # The first report is an inventory.
        assert say("reconcile", hours=hours)[0] == 0
    code, out, err = say("report", "--format", "text", hours=2)
    assert code == 0, err
    text = " ".join(out.split())
    assert "+5 % (churn 5 %; 1 entered, 0 left); +24 % since the original plan" in text
    assert "Release 3.2 (since 9 Mar 2026 (explicit), confirmed) 20 points planned" in text
    assert "Release 3.2 (since 2 Mar 2026 (original), confirmed) 17 points planned" in text
