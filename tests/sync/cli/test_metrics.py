"""`metrics`: flow, changes, DORA and allocation of four weeks, worked out by hand."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import cases
from support.typed import Say, typist

#: A Monday.
NOW = datetime(2026, 3, 30, tzinfo=UTC)


def at(day: int, month: int = 3, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def item(id_: int, who: str, *steps: tuple[str, datetime], **more: Any) -> dict[str, Any]:
    """An item that went from todo through these statuses."""
    names = ["todo", *(name for name, _ in steps)]
    events = [
        {"field": "status", "old": old, "new": new, "at": when}
        for old, (new, when) in zip(names, steps, strict=False)
    ]
    one = {"id": id_, "assignee": who, "status": names[-1], "events": events, **more}
    return one | ({"done": steps[-1][1]} if names[-1] == "done" else {})


# Weeks: 2 to 9 March, 9 to 16, 16 to 23, 23 to 30; working days.
#
# item  who  done    cycle  waited     milestone
# 1     u1   Fri 6   4      2 of 4     R1
# 2     u2   Wed 11  2      0          R1
# 3     u3   Thu 19  8      0          R1
# 5     u2   Fri 20  -      -          R2: one person's
# 6     u3   Sat 14  1      0          incident, opened on Friday; none
# 4     u1   no: started on Mon 23, 5 days ago
# 11    u1   project TWO: one person's
WORLD: dict[str, Any] = {
    "now": NOW,
    "judge": ["APO:R1"],
    "projects": ["APO", "TWO"],
    "milestones": [{"id": "v1", "name": "R1"}, {"id": "v2", "name": "R2"}],
    "items": [
        item(
            1,
            "u1",
            ("in_progress", at(2)),
            ("in_review", at(4)),
            ("done", at(6)),
            **{"in": ["v1"]},
        ),
        item(2, "u2", ("in_progress", at(9)), ("done", at(11)), **{"in": ["v1"]}),
        item(3, "u3", ("in_progress", at(9)), ("done", at(19)), **{"in": ["v1"]}),
        item(4, "u1", ("in_progress", at(23)), labels=["pay"]),
        item(5, "u2", ("done", at(20)), type="defect", **{"in": ["v2"]}),
        item(6, "u3", ("in_progress", at(13)), ("done", at(14)), type="incident", created=at(13)),
        item(11, "u1", ("in_progress", at(23)), project="TWO"),
    ],
    # change  written  opened  reviewed  merged  in production
    # 1       3        5       6         10      12: the newer one replaced it
    # 2       9        10      never     16      20
    # 3       ?        17      ?         18      never: the attempt failed
    # 4, 5 are open and nobody else looked at them: since Mon 23 and Thu 26
    "changes": [
        {
            "id": 1,
            "author": "a1",
            "written": at(3),
            "created": at(5),
            "reviews": [
                {"by": "bot", "at": at(5)},
                {"by": "a1", "at": at(5)},
                {"by": "a2", "at": at(6)},
            ],
            "merged": at(10),
            "lines": 100,
            "refs": [{"target": "APO-1"}],
        },
        {
            "id": 2,
            "author": "a2",
            "written": at(9),
            "created": at(10),
            "reviews": [],
            "merged": at(16),
            "lines": 50,
            "refs": [{"target": "APO-2"}],
        },
        {
            "id": 3,
            "author": "a3",
            "created": at(17),
            "merged": at(18),
            "lines": 50,
            "refs": [{"target": "APO-3"}],
        },
        {"id": 4, "author": "a1", "created": at(23), "reviews": []},
        {
            "id": 5,
            "author": "a2",
            "created": at(26),
            "reviews": [{"by": "a2", "at": at(27), "verdict": "commented"}],
        },
        {"id": 6, "author": "a1", "created": at(23), "reviews": [{"by": "a3", "at": at(24)}]},
        {"id": 7, "author": "a1", "created": at(23), "reviews": [], "draft": True},
        {"id": 8, "author": "bot", "created": at(9), "merged": at(9), "reviews": [], "lines": 9},
    ],
    "commits": [
        {"sha": "m1", "parents": ["m0"]},
        {"sha": "m2", "parents": ["m1"]},
        {"sha": "m3", "parents": ["m2"]},
    ],
    "deployments": [
        {"id": "d1", "sha": "m0", "at": at(4)},
        {"id": "d2", "sha": "m1", "at": at(12), "state": "inactive", "finished": at(20)},
        {"id": "d3", "sha": "m2", "at": at(20)},
        {"id": "d4", "sha": "m3", "at": at(24), "state": "failed"},
        {"id": "d5", "sha": "m3", "at": at(25), "environment": "staging"},
    ],
    "readings": [{"scope": "acme/web", "stream": "deployments"}],
}
MORE = """\
[milestones]
judge = ["APO:R1"]
"""


@pytest.fixture
def say(
    tmp_path: Path,
    store_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Say:
    return typist(tmp_path, store_url, monkeypatch, capsys, WORLD, more=MORE)


def told(say: Say, *words: str) -> Mapping[str, Any]:
    code, out, err = say("metrics", *words, "--json")
    assert code == 0, err
    found: Mapping[str, Any] = json.loads(out)
    return found


def spread(count: int, p50: float, p85: float) -> dict[str, float]:
    return {"count": count, "p50": p50, "p85": p85}


HIDDEN = "fewer than three people"


@pytest.mark.full_on_postgres
def test_flow_by_hand(say: Say) -> None:
    found = told(say, "--weeks", "4")
    apo, two = found["flow"]
    assert apo == {
        "name": "jira/APO",
        "not_known": None,
        "done": 5,
        # 1, 2, 2 and 0 a week.
        "per_week": spread(4, 1, 2),
        "cycle_time_working_days": spread(4, 2, 8),
        "in_progress": 1,
        "age_working_days": spread(1, 5, 5),
        "wait_share": spread(4, 0, 0.5),
        "notes": ["when work began on 1 of 5 done items is not known"],
    }
    assert (two["name"], two["not_known"], two["in_progress"]) == ("jira/TWO", HIDDEN, None)
    # A difference between all and APO would tell of the one person in TWO.
    assert found["whole"]["in_progress"] == 1
    assert f"without jira/TWO: {HIDDEN}" in found["whole"]["notes"]


@pytest.mark.full_on_postgres
def test_changes_by_hand(say: Say) -> None:
    (one,) = told(say, "--weeks", "4")["repositories"]
    assert one["stages"] == {
        "changes": 3,
        "coding_days": spread(2, 1, 2),
        "pickup_days": spread(1, 1, 1),
        "review_days": spread(1, 4, 4),
        "deploy_days": spread(2, 2, 4),
        "first_commit_to_merge_days": spread(2, 7, 7),
        "first_commit_to_production_days": spread(2, 9, 11),
        "unreviewed": 1,
        "reviews_unknown": 1,
    }
    assert one["review_queue"] == 2
    assert one["review_queue_working_days"] == spread(2, 2, 5)


@pytest.mark.full_on_postgres
def test_dora_by_hand(say: Say) -> None:
    found = told(say, "--weeks", "4")["dora"]
    assert found == {
        "deployments": 3,
        "deployments_per_week": spread(4, 1, 1),
        "failed_attempts": 1,
        "change_lead_time_days": spread(2, 9, 11),
        "changes_of_unknown_lead_time": 1,
        "deployments_with_incident": 1,
        "change_fail_rate": 1 / 3,
        "recovery_days": spread(1, 1, 1),
        "open_incidents": 0,
        "unknown": {},
    }
    _, out, _ = say("metrics", "--weeks", "4")
    assert "a rough rule, for no system says which one it came from" in out


@pytest.mark.full_on_postgres
def test_an_environment_is_production_if_a_person_says_so(say: Say) -> None:
    found = told(say, "--weeks", "4", "--environment", "staging")["dora"]
    assert found["deployments"] == 1
    none = told(say, "--weeks", "4", "--environment", "nowhere")["dora"]
    assert (none["deployments"], none["change_fail_rate"]) == (None, None)
    why = "none of its environments is called production; name it"
    assert none["unknown"]["deployment_frequency"] == why


def test_a_repository_that_has_no_part_in_the_keys_is_named_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {"author": "a1", "merged": at(9), "repository": "r2"}
    silent = [
        {"id": 30 + n, "author": f"a{n}", "merged": at(9), "repository": "r3"} for n in (1, 2, 3)
    ]
    world = {
        **WORLD,
        "repositories": {"r2": "acme/api", "r3": "acme/docs"},
        "changes": [*WORLD["changes"], {"id": 20, **other}, *silent],
        "deployments": [
            *WORLD["deployments"],
            {"id": "x", "sha": "m20", "at": at(10), "repository": "r2"},
        ],
        "readings": [
            {"scope": f"acme/{name}", "stream": "deployments"} for name in ("web", "api", "docs")
        ],
    }
    url = str(tmp_path / "driftline.db")
    say = typist(tmp_path, url, monkeypatch, capsys, world, more=MORE)
    found = told(say, "--weeks", "4")
    # One person's: a difference would tell of it, whatever is deployed.
    whys = [f"hub/acme/api: {HIDDEN}", "hub/acme/docs: no deployment is recorded there"]
    assert found["dora_without"] == whys
    assert [one["not_known"] for one in found["repositories"]] == [HIDDEN, None, None]
    assert found["dora"]["deployments"] == 3
    # Their changes are none of unknown lead time: they are in no key.
    assert found["dora"]["changes_of_unknown_lead_time"] == 1
    lines = say("metrics", "--weeks", "4")[1].splitlines()
    assert {f"  Without {why}" for why in whys} <= set(lines)


@pytest.mark.full_on_postgres
def test_allocation_by_hand(say: Say) -> None:
    found = told(say, "--weeks", "4")["allocation"]
    assert found["items_by_milestone"] == [{"name": "APO:R1", "amount": 3, "share": 1}]
    # R2 and the work in no milestone are one person's each.
    assert found["hidden_milestones"] == 2
    assert [(one["name"], one["amount"]) for one in found["items_by_type"]] == [
        ("feature", 3),
        ("defect", 1),
        ("incident", 1),
    ]
    assert found["lines_by_milestone"] == [{"name": "APO:R1", "amount": 200, "share": 1}]


@pytest.mark.full_on_postgres
def test_looking_back_tells_what_was_so_then(say: Say) -> None:
    found = told(say, "--weeks", "4", "--as-of", "2026-03-10T00:00:00+00:00")
    apo = found["flow"][0]
    # Only item 1 is done; 2 and 3 were begun the day before.
    assert (apo["done"], apo["in_progress"]) == (1, 2)
    assert apo["age_working_days"] == spread(2, 1, 1)


WITHOUT = {key: value for key, value in WORLD.items() if key not in ("deployments", "readings")}


@pytest.mark.parametrize(
    ("world", "why"),
    [
        (
            WITHOUT,
            "no deployments are read: deployments of repository acme/web was never read",
        ),
        (
            {**WITHOUT, "readings": WORLD["readings"]},
            "no deployment is recorded there",
        ),
    ],
)
def test_what_is_not_read_is_not_known_and_never_zero(
    world: Mapping[str, Any],
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = str(tmp_path / "driftline.db")
    say = typist(tmp_path, url, monkeypatch, capsys, world, more=MORE)
    found = told(say, "--weeks", "4")["dora"]
    assert (found["deployments"], found["change_lead_time_days"]) == (None, None)
    assert found["unknown"]["deployment_frequency"] == why
    # Incidents are read whatever is deployed.
    assert found["recovery_days"] == spread(1, 1, 1)
    _, out, _ = say("metrics", "--weeks", "4")
    assert f"Deployment frequency: not known: {why}" in out


def test_what_two_people_did_is_hidden_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    two = {"a3": "a1", "u3": "u1"}
    world = {
        **WORLD,
        "items": [{**o, "assignee": two.get(o["assignee"], o["assignee"])} for o in WORLD["items"]],
        "changes": [{**o, "author": two.get(o["author"], o["author"])} for o in WORLD["changes"]],
    }
    url = str(tmp_path / "driftline.db")
    say = typist(tmp_path, url, monkeypatch, capsys, world, more=MORE)
    found = told(say, "--weeks", "4")
    for one in (found["whole"], *found["flow"]):
        assert one["not_known"] == HIDDEN
        told_of = set(one) - {"name", "not_known", "notes"}
        assert {name: one[name] for name in told_of} == dict.fromkeys(told_of)
    (repository,) = found["repositories"]
    assert repository["not_known"] == HIDDEN
    assert (repository["stages"], repository["review_queue"], repository["dora"]) == (None,) * 3
    assert (found["dora"], found["allocation"]) == (None, None)
    assert (found["dora_hidden"], found["allocation_hidden"]) == (True, True)
    _, out, _ = say("metrics", "--weeks", "4")
    assert not any(word.isdigit() for line in out.splitlines()[2:] for word in line.split())


@pytest.mark.full_on_postgres
def test_people_have_no_name_and_no_number_in_any_form(say: Say) -> None:
    for words in ((), ("--by", "team"), ("teams",), ("trends",)):
        for form in ((), ("--json",)):
            code, out, err = say("metrics", *words, *form)
            assert code == 0, err
            assert not {"u1", "u2", "u3", "a1", "a2", "a3"} & set(out.replace('"', " ").split())


@pytest.mark.full_on_postgres
def test_bad_input_has_one_clear_error(say: Say) -> None:
    for words, says in (
        (("--weeks", "0"), "--weeks"),
        (("--weeks", "x"), "--weeks"),
        (("--by", "person"), "--by"),
        (("--as-of", "soon"), "is no date"),
        (("--as-of", "2027-01-01"), "is an instant to come"),
    ):
        code, out, err = say("metrics", *words)
        assert (code, out) == (2, "")
        assert says in err


# --- teams ------------------------------------------------------------------------------------

# Pay: u1 u2 u3; item 4 came from Web by its label. Web: u1 u2 u3. Item 5 of Web holds up 1 and 2.
TEAMS: dict[str, Any] = {
    "now": NOW,
    "judge": ["APO:R1"],
    "milestones": [{"id": "v1", "name": "R1"}],
    "items": [
        {"id": 1, "assignee": "u1", "in": ["v1"], "labels": ["pay"]},
        {"id": 2, "assignee": "u2", "in": ["v1"], "labels": ["pay"]},
        {"id": 3, "assignee": "u3", "in": ["v1"], "labels": ["pay"]},
        {
            "id": 4,
            "assignee": "u1",
            "in": ["v1"],
            "labels": ["pay"],
            "events": [{"field": "labels", "old": "web", "new": "pay", "at": at(9)}],
        },
        {"id": 5, "assignee": "u1", "in": ["v1"], "labels": ["web"]},
        {"id": 6, "assignee": "u2", "in": ["v1"], "labels": ["web"]},
        {"id": 7, "assignee": "u3", "in": ["v1"], "labels": ["web"]},
        {"id": 8, "assignee": "u3", "in": ["v1"]},
    ],
    "links": [
        {"from": 5, "to": 1, "kind": "blocks"},
        {"from": 5, "to": 2, "kind": "blocks"},
        {"from": 1, "to": 2, "kind": "blocks"},
    ],
}
RULES = """\
[milestones]
judge = ["APO:R1"]
[teams]
Pay = [{ label = "pay" }]
Web = [{ label = "web" }]
"""


@pytest.mark.full_on_postgres
def test_the_team_map_by_hand(
    tmp_path: Path,
    store_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    say = typist(tmp_path, store_url, monkeypatch, capsys, TEAMS, more=RULES)
    found = told(say, "teams")
    pay, web = found["teams"]
    assert pay == {
        "name": "Pay",
        "hidden": False,
        "open_items": 4,
        "started": 0,
        "waiting_for_others": 2,
        "holding_others_up": 0,
        # 0, 0, 0 and 1: the item that came from Web.
        "handoffs_per_item": spread(4, 0, 1),
    }
    assert (web["open_items"], web["holding_others_up"]) == (3, 1)
    (edge,) = found["blocking"]
    assert (edge["blocker"], edge["blocked"], edge["links"]) == ("Web", "Pay", 2)
    # First seen on Thursday, 1 January, at 8: 87 days, of which 62 are worked; 8 hours are a third.
    assert edge["working_days"]["count"] == 2
    assert edge["working_days"]["p50"] == pytest.approx(61.67, abs=0.01)
    assert [(one["from"], one["to"], one["items"]) for one in found["handoffs"]] == [
        ("Web", "Pay", 1)
    ]
    (r1,) = found["milestones"]
    assert (r1["teams"], r1["items_without_team"]) == (["Pay", "Web"], 1)
    # Before the label changed it was an item of Web; the rules are known since somebody judged.
    assert say("reconcile")[0] == 0
    then = told(say, "teams", "--as-of", "2026-03-08")
    assert [(one["name"], one["open_items"]) for one in then["teams"]] == [("Pay", 3), ("Web", 4)]
    assert then["handoffs"] == []


# --- trends -----------------------------------------------------------------------------------


def sprints(number: int) -> dict[str, Any]:
    """Sprints of a week each, with 3 planned items; one more enters each second one."""
    weeks = [date(2026, 1, 5) + timedelta(weeks=n) for n in range(number)]
    items: list[dict[str, Any]] = []
    milestones = []
    for n, start in enumerate(weeks):
        begin, end = cases.utc(start), cases.utc(start + timedelta(days=5))
        milestones.append(
            {
                "id": f"v{n}",
                "name": f"R{n}",
                "state": "released",
                "start": start,
                "due": start + timedelta(days=4),
                "finished": end,
            }
        )
        for k in range(3 + n % 2):
            entered = begin + timedelta(days=2) if k == 3 else begin - timedelta(days=3)
            items.append(
                item(
                    n * 10 + k,
                    f"u{k}",
                    ("in_progress", begin + timedelta(days=2)),
                    ("done", begin + timedelta(days=3 + k % 2)),
                    created=entered,
                    **{"in": [f"v{n}"]},
                )
            )
    return {
        "now": NOW,
        "judge": [],
        "milestones": milestones,
        "items": items,
        "baselines": [{"milestone": f"v{n}", "at": cases.utc(w)} for n, w in enumerate(weeks)],
    }


def test_trends_have_limits_from_eight_milestones_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {}
    for number in (7, 8):
        folder = tmp_path / str(number)
        folder.mkdir()
        url = str(folder / "driftline.db")
        say = typist(folder, url, monkeypatch, capsys, sprints(number))
        (group,) = told(say, "trends", "--project", "apo")["groups"]
        found[number] = {one["name"]: one for one in group["series"]}
        assert len(group["milestones"]) == number
    assert found[7]["entered"]["limits"] is None
    entered = found[8]["entered"]
    assert [one["value"] for one in entered["points"]] == [0, 1, 0, 1, 0, 1, 0, 1]
    # Mean 0.5, differences of 1: 0.5 + 2.66, and nothing below nothing.
    assert entered["limits"]["upper"] == pytest.approx(3.16)
    assert entered["limits"]["lower"] == 0
    assert [one["value"] for one in found[8]["planned"]["points"]] == [3] * 8
    assert [one["value"] for one in found[8]["delivered as planned"]["points"]] == [1.0] * 8
    # Wednesday to Thursday or Friday: 1, 2, 1 (and 2) days.
    assert {one["value"] for one in found[8]["cycle time, median"]["points"]} == {1.0}
    _, out, _ = say("metrics", "trends")
    assert "  entered (items): 0  1  0  1  0  1" in out
    assert "usual from 0 to 3.2, around 0.5" in out
