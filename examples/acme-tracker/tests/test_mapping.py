"""Tickets, states and goals as normalized records."""

import json
from datetime import UTC, date, datetime
from typing import Any

from acme_server import STATES, Tracker
from mappings.load import load
from mappings.records import DataIssue, History, Lookups, Milestone, Record, Status, WorkItem
from mappings.vocabulary import (
    EventField,
    HistoryState,
    ItemType,
    MilestoneKind,
    MilestoneState,
    StatusCategory,
    WaitsFor,
)

from acme_tracker.mapping import ENTRY

TABLE = load([ENTRY.defaults])


def made(stream: str, payload: Any, lookups: Lookups | None = None) -> list[Record]:
    sent = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return list(ENTRY.normalize(stream, sent, TABLE, lookups or states()))


def states() -> Lookups:
    found = [one for state in STATES for one in ENTRY.normalize("states", state, TABLE, Lookups())]
    return ENTRY.build_lookups(
        [],
        [one for one in found if isinstance(one, Status)],
        mapping=TABLE,
        extra={},
        time_zone="UTC",
        base_url="https://acme.example.net",
    )


def ticket(**more: Any) -> dict[str, Any]:
    tracker = Tracker()
    tracker.add_project("p1", "SHOP")
    tracker.add_ticket("t1", "p1", **more)
    return tracker.tickets["t1"]


def item(payload: Any) -> WorkItem:
    return next(one for one in made("tickets", payload) if isinstance(one, WorkItem))


def test_a_state_means_what_its_phase_says_unless_a_line_names_it():
    found = {one.raw_name: one for one in states().statuses.values()}
    assert {name: one.category for name, one in found.items()} == {
        "Open": StatusCategory.TODO,
        "Doing": StatusCategory.IN_PROGRESS,
        "Waiting for review": StatusCategory.IN_REVIEW,
        "Done": StatusCategory.DONE,
        "Dropped": StatusCategory.CANCELLED,
    }
    assert found["Waiting for review"].waits_for is WaitsFor.REVIEW


def test_an_unknown_phase_is_asked_about_and_not_guessed():
    found = made("states", {"id": "s9", "name": "Odd", "phase": "?"})
    status = next(one for one in found if isinstance(one, Status))
    issue = next(one for one in found if isinstance(one, DataIssue))
    assert status.category is StatusCategory.UNKNOWN
    assert '"Odd" = "in_progress"' in issue.message


def test_a_ticket():
    found = item(
        ticket(state="s3", kind="bug", size=3, due="2026-03-09", goal="g1", secret=True,
               owner={"id": "u7", "name": "Bo"})
    )  # fmt: skip
    assert (found.source_id, found.key, found.scope_id) == ("t1", "SHOP-1", "p1")
    assert (found.item_type, found.status_category) == (
        ItemType.DEFECT,
        StatusCategory.IN_REVIEW,
    )
    assert (found.estimate_points, found.due_date) == (3.0, date(2026, 3, 9))
    assert found.milestones == ((MilestoneKind.MILESTONE, "g1"),)
    assert (found.assignee_id, found.restricted) == ("u7", True)
    assert found.created_at == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_its_history_is_whole():
    tracker = Tracker()
    tracker.add_project("p1", "SHOP")
    tracker.add_ticket("t1", "p1")
    tracker.change("t1", "state", "s2")
    tracker.change("t1", "goal", "g1")
    tracker.change("t1", "size", 5)
    records = made("tickets", tracker.tickets["t1"])
    history = next(one for one in records if isinstance(one, History))
    assert history.state is HistoryState.COMPLETE
    assert [(one.field, one.old_ids, one.new_ids, one.new_text) for one in history.events] == [
        (EventField.STATUS, ("s1",), ("s2",), None),
        (EventField.MILESTONE, (), ("g1",), None),
        (EventField.POINTS, (), (), "5"),
    ]


def test_a_goal():
    raw = {"id": "g1", "project": "p1", "name": "R1", "ends": "2026-03-20", "state": "reached"}
    (found,) = made("milestones", raw)
    assert isinstance(found, Milestone)
    assert (found.due_date, found.state) == (date(2026, 3, 20), MilestoneState.CLOSED)


def test_bad_data_never_raises_and_is_told():
    for payload in (b"no json", b"[]", {}, {"id": None}):
        (issue,) = made("tickets", payload)
        assert isinstance(issue, DataIssue)
    found = made("tickets", ticket(due="soon", kind="riddle", state="s404", created="x"))
    assert {one.kind for one in found if isinstance(one, DataIssue)} == {
        "bad-date",
        "unmapped-item_type",
    }
    assert item(ticket(state="s404")).status_category is StatusCategory.UNKNOWN
    assert made("census", {"id": "t1"}) == []
