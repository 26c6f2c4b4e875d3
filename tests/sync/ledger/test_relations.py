"""What a ledger reads of an item's other places, its links and the changes that speak of it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from support import cases

from mappings.vocabulary import MilestoneKind
from sync.ledger import measures
from sync.ledger.destination import by_destination
from sync.ledger.ledger import REMAINING_WORK
from sync.ledger.origin import Elsewhere, OriginFacts, explain
from sync.reconcile.contract import Policy
from sync.reconcile.runner import reconcile
from sync.reconcile.view import Plan, View
from sync.store.open import open_store

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
LATE = datetime(2026, 3, 10, 9, tzinfo=UTC)
NEW = {"created": datetime(2026, 3, 9, tzinfo=UTC)}
WORLD: dict[str, Any] = {
    "now": NOW,
    "milestones": [
        {"id": "v0", "name": "R0", "due": date(2026, 2, 1)},
        {"id": "v1", "name": "R1", "start": date(2026, 2, 2), "due": date(2026, 3, 30)},
        {"id": "v2", "name": "R2", "due": date(2026, 6, 30)},
    ],
    "items": [
        {"id": 1, "in": ["v1"], "points": 8},
        {"id": 2, "in": ["v1"], "points": 5, "left": {"v1": LATE}, "entered": {"v2": LATE}},
        {"id": 3, "in": ["v0"], "points": 3, "entered": {"v1": LATE}, "by": "u7"},
        {"id": 4, **NEW, "points": 2, "type": "defect", "entered": {"v1": LATE}},
        {"id": 5, **NEW, "points": 2, "type": "defect", "entered": {"v1": LATE}},
        {"id": 6, **NEW, "points": 2, "type": "defect", "entered": {"v1": LATE}},
        {"id": 7, **NEW, "points": 2, "entered": {"v1": LATE}},
        {
            "id": 8,
            "in": ["v1"],
            "points": 1,
            "status": "cancelled",
            "since": {"status": "todo", "at": LATE},
        },
    ],
    "links": [
        {"from": 7, "to": 1, "kind": "splits"},
        {"from": 6, "to": 99, "kind": "relates"},
        {"from": 8, "to": 1, "kind": "duplicates"},
    ],
    "changes": [
        {"id": 8, "merged": datetime(2026, 3, 1, tzinfo=UTC), "refs": [{"target": "APO-1"}]},
        {
            "id": 9,
            "refs": [{"target": "APO-4"}, {"target": "acme/web#8", "kind": "reverts"}],
        },
        {"id": 10, "refs": [{"target": "APO-5"}, {"target": "APO-1"}]},
    ],
}


def seen(
    store_url: str, as_of: datetime = NOW, world: Mapping[str, Any] = WORLD, **policy: Any
) -> tuple[View, Plan, dict[str, OriginFacts]]:
    """The view, the plan of R1, and what is known of all its items."""
    store = open_store(store_url)
    with store.writing() as conn:
        cases.fill(conn, world)
    with store.reading() as conn:
        view = View(conn, Policy(judge=("APO:R1",), **policy), as_of, NOW, present=as_of == NOW)
        (plan,) = view.plans()
        facts = view.origins(plan, plan.container.items)
    store.close()
    return view, plan, facts


@pytest.mark.full_on_postgres
def test_places_links_and_changes_of_each_item(store_url: str) -> None:
    _, plan, facts = seen(store_url)
    assert plan.ledger is not None
    r2 = datetime(2026, 7, 1, tzinfo=UTC)
    assert facts["2"].elsewhere == (Elsewhere("v2", LATE, None, r2),)
    assert [(one.container_id, one.end) for one in facts["3"].elsewhere] == [("v0", None)]
    assert facts["7"].split_with == {"1"}
    assert facts["8"].duplicates == {"1"}
    assert facts["4"].linked == {"1"}
    assert facts["5"].linked == {"1"}
    assert facts["6"].linked == {"99"}
    due = view_due(plan)
    explained = explain(plan.ledger, facts, due)
    origins = {line.item_id: kind.value for line, kind in explained.additions}
    assert origins == {
        "3": "carried over",
        "4": "defect",
        "5": "defect",
        "6": "new work",
        "7": "split",
    }
    assert by_destination(plan.ledger, facts, due, fixed_date=True) == {
        "re-planned": 5,
        "duplicate": 1,
    }


def view_due(plan: Plan) -> datetime:
    assert plan.facts.due_date == date(2026, 3, 30)
    return datetime(2026, 3, 31, tzinfo=UTC)


def test_every_line_names_its_event(tmp_path: Any) -> None:
    _, plan, _ = seen(str(tmp_path / "store.db"))
    assert plan.ledger is not None
    told = {
        (line.item_id, line.reason): (line.event_id, line.actor_id) for line in plan.ledger.lines
    }
    assert told["3", "entered"] == ("3.1", "u7")
    assert told["8", "cancelled"] == ("8.1", None)
    assert told["2", "left"][0] is not None
    assert all(event is not None for event, _ in told.values())


def test_a_split_told_by_a_link_nets_out_in_the_plan(tmp_path: Any) -> None:
    """1 fell from 8 to 6 when 7 was split off with 2: nothing was added and nothing re-sized.

    Others are only looked up where a fall and an entry lie together: 9, of another day, is not.
    """
    fall = {"field": "points", "at": LATE, "old": "8", "new": "6"}
    world = {
        **WORLD,
        "items": [
            {"id": 1, "in": ["v1"], "points": 6, "events": [fall]},
            {"id": 2, "in": ["v1"], "points": 5},
            {"id": 7, **NEW, "points": 2, "entered": {"v1": LATE}},
            {
                "id": 9,
                "created": datetime(2026, 3, 12, tzinfo=UTC),
                "points": 3,
                "entered": {"v1": datetime(2026, 3, 13, tzinfo=UTC)},
            },
        ],
        "links": [{"from": 7, "to": 1, "kind": "splits"}],
        "changes": [],
    }
    _, plan, _ = seen(str(tmp_path / "store.db"), world=world)
    assert plan.ledger is not None
    assert plan.ledger.balanced
    assert (plan.ledger.baseline, plan.ledger.current) == (13, 16)
    assert (plan.ledger.added, plan.ledger.reestimated) == (3, 0)


def test_an_estimate_lowered_to_what_is_left_is_tagged_in_the_plan(tmp_path: Any) -> None:
    """8 became 3 an hour before the sprint ended, and the next one took the item."""
    ended = datetime(2026, 3, 13, 12, tzinfo=UTC)
    fall = {"field": "points", "at": ended.replace(hour=11), "old": "8", "new": "3"}
    sprint = {"kind": "sprint", "board": "b1"}
    world = {
        "now": NOW,
        "boards": [{"id": "b1", "project": "APO"}],
        "milestones": [
            {
                **sprint,
                "id": "s1",
                "name": "Sprint 1",
                "state": "closed",
                "started": datetime(2026, 3, 2, tzinfo=UTC),
                "finished": ended,
            },
            {**sprint, "id": "s2", "name": "Sprint 2", "due": date(2026, 3, 27)},
        ],
        "items": [
            {"id": 1, "in": ["s1"], "points": 3, "entered": {"s2": ended}, "events": [fall]},
            {"id": 2, "in": ["s1"], "points": 5},
        ],
    }
    store = open_store(str(tmp_path / "store.db"))
    with store.writing() as conn:
        cases.fill(conn, world)
    with store.reading() as conn:
        view = View(conn, Policy(judge=("Sprint 1",), grace_days=0), NOW, NOW)
        (plan,) = view.plans()
    store.close()
    assert plan.ledger is not None
    assert [(one.item_id, one.amount, one.reason) for one in plan.ledger.lines] == [
        ("1", -5, REMAINING_WORK)
    ]
    assert (measures.net_known(plan.ledger), measures.churn(plan.ledger)) == (0, 0)
    assert plan.ledger.net_ratio == pytest.approx(-5 / 13)


def test_converted_moved_and_renamed_is_the_same_item(tmp_path: Any) -> None:
    """Another type, project and key: told by its id, and nothing entered or left."""
    events = [
        {"field": name, "at": LATE, "old": old, "new": new, "by": "u1"}
        for name, old, new in (
            ("type", "Task", "Story"),
            ("project", "BEE", "APO"),
            ("key", "BEE-1", "APO-1"),
        )
    ]
    world = {
        **WORLD,
        "projects": ["APO", "BEE"],
        "items": [{"id": 1, "in": ["v1"], "points": 8, "events": events}],
        "aliases": {"BEE-1": "1"},
        "links": [],
        "changes": [],
    }
    _, plan, _ = seen(str(tmp_path / "store.db"), world=world)
    assert plan.ledger is not None
    assert (plan.ledger.planned, plan.ledger.lines) == ({"1"}, ())


def test_what_came_later_is_no_place_of_then(tmp_path: Any) -> None:
    _, _, facts = seen(str(tmp_path / "store.db"), as_of=datetime(2026, 3, 9, tzinfo=UTC))
    assert facts["2"].elsewhere == ()


@pytest.mark.parametrize(
    ("named", "fixed"), [(("APO:R1",), True), (("R1",), True), (("R2",), False), ((), False)]
)
def test_a_milestone_of_a_fixed_date_is_named(
    tmp_path: Any, named: tuple[str, ...], fixed: bool
) -> None:
    view, plan, _ = seen(str(tmp_path / "store.db"), fixed_date=named)
    assert plan.fixed_date is fixed
    assert bool(view.fixed_dates) is bool(named)


def test_an_unclear_name_of_a_fixed_date_is_a_question(tmp_path: Any) -> None:
    store = open_store(str(tmp_path / "store.db"))
    with store.writing() as conn:
        cases.fill(conn, WORLD)
    policy = Policy(judge=("APO:R1",), fixed_date=("APO:R1", "R9"))
    found = reconcile(store, policy, clock=cases.At(NOW))
    store.close()
    assert 'No milestone is called "R9"' in found.questions[0].text
    assert found.questions[0].answer_line.startswith("[milestones] fixed_date = [")


def test_edits_that_change_the_scope(tmp_path: Any) -> None:
    """Cancelling and taking up again do, getting done does not; a new parent does."""
    day = datetime(2026, 3, 3, tzinfo=UTC)
    events = [
        {"field": "status", "at": day, "old": "todo", "new": "cancelled", "by": "u1"},
        {"field": "status", "at": day.replace(hour=1), "old": "cancelled", "new": "todo"},
        {"field": "status", "at": day.replace(hour=2), "old": "todo", "new": "done", "by": "u1"},
        {"field": "parent", "at": day.replace(hour=3), "old": None, "new": "1", "by": "u2"},
        {"field": "points", "at": day.replace(hour=4), "old": "1", "new": "2", "by": "u2"},
    ]
    item = {"id": 2, "in": ["v1"], "points": 2, "status": "done", "parent": 1, "events": events}
    world = {**WORLD, "items": [{"id": 1, "in": ["v1"]}, item], "links": [], "changes": []}
    _, plan, _ = seen(str(tmp_path / "store.db"), world=world)
    assert plan.facts.kind is MilestoneKind.VERSION
    edits = plan.container.edits(day - timedelta(days=1), day + timedelta(days=1))
    assert [(one.field, one.actor_id) for one in edits] == [
        ("status", "u1"),
        ("parent", "u2"),
        ("points", "u2"),
    ]
    assert not list(plan.container.edits(day + timedelta(hours=4), day + timedelta(days=1)))
