"""GitLab's issues, from both APIs."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from support.gitlab_payloads import graphql_issue, issues, made, only, rest_issue, with_lines

from mappings.records import DataIssue, WorkItem
from mappings.vocabulary import ItemType, MilestoneKind, Priority, StatusCategory

Maker = Callable[..., dict[str, Any]]
BOTH = pytest.mark.parametrize("make", [rest_issue, graphql_issue])


def labelled(make: Maker, *labels: str, **more: Any) -> dict[str, Any]:
    """An issue with these labels, as its API writes them."""
    held: Any = list(labels)
    if make is graphql_issue:
        held = {"nodes": [{"title": one} for one in labels]}
    return make(labels=held, **more)


@BOTH
def test_an_issue_as_it_stands(make: Maker) -> None:
    item = only(made("issues", make()), WorkItem)
    assert (item.source_id, item.key, item.scope_id) == ("501", "group/shop#7", "42")
    assert (item.status_category, item.raw_status, item.raw_status_id) == (
        StatusCategory.TODO,
        "opened",
        "opened",
    )
    assert (item.estimate_points, item.estimate_field, item.estimate_seconds) == (3, "weight", 7200)
    assert item.due_date == date(2026, 2, 1)
    assert item.created_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert item.updated_at == datetime(2026, 1, 6, 10, tzinfo=UTC)
    assert (item.assignee_id, item.reporter_id) == ("11", "12")
    assert item.labels == ("area::cart", "bug")
    assert item.milestones == (
        (MilestoneKind.ITERATION, "801"),
        (MilestoneKind.MILESTONE, "901"),
    )
    assert (item.item_type, item.raw_type) == (ItemType.DEFECT, "issue")
    assert item.restricted is False
    assert item.text_tokens == 2


@BOTH
def test_what_is_empty_is_unknown_and_not_zero(make: Maker) -> None:
    none = {"weight": None, "milestone": None, "iteration": None, "due_date": None, "dueDate": None}
    estimate = {"time_stats": {"time_estimate": 0}} if make is rest_issue else {"timeEstimate": 0}
    item = only(made("issues", make(**none, **estimate, description=None)), WorkItem)
    assert (item.estimate_points, item.estimate_field, item.estimate_seconds) == (None, None, None)
    assert (item.due_date, item.milestones, item.text_hash) == (None, (), None)
    unweighted = make()
    del unweighted["weight"]
    assert only(made("issues", unweighted), WorkItem).estimate_points is None


def test_a_weight_of_nothing_is_a_weight() -> None:
    item = only(made("issues", rest_issue(weight=0)), WorkItem)
    assert (item.estimate_points, item.estimate_field) == (0.0, "weight")


@BOTH
def test_a_confidential_issue_is_restricted(make: Maker) -> None:
    assert only(made("issues", make(confidential=True)), WorkItem).restricted is True


@BOTH
@pytest.mark.parametrize(
    ("visibility", "restricted"), [("private", True), ("internal", False), ("public", False)]
)
def test_what_only_members_may_see_is_restricted(
    make: Maker, visibility: str, restricted: bool
) -> None:
    item = only(made("issues", make(__visibility=visibility)), WorkItem)
    assert item.restricted is restricted


CLOSED = {"closed_at": "2026-01-09T10:00:00.000Z", "closedAt": "2026-01-09T10:00:00Z"}


@BOTH
def test_a_closed_issue_is_done_when_it_was_closed(make: Maker) -> None:
    item = only(made("issues", make(state="closed", **CLOSED)), WorkItem)
    assert item.status_category is StatusCategory.DONE
    assert item.resolved_at == datetime(2026, 1, 9, 10, tzinfo=UTC)


@BOTH
def test_a_reopened_issue_keeps_no_time_of_closing(make: Maker) -> None:
    assert only(made("issues", make(**CLOSED)), WorkItem).resolved_at is None


@BOTH
def test_an_issue_that_was_moved_was_not_done_here(make: Maker) -> None:
    where = {"moved_to_id": 777, "movedTo": {"id": "gid://gitlab/Issue/777"}}
    item = only(made("issues", make(state="closed", **CLOSED, **where)), WorkItem)
    assert (item.status_category, item.resolution) == (StatusCategory.CANCELLED, "moved")


def test_graphql_hides_where_it_was_moved_to_and_says_that_it_was() -> None:
    moved = graphql_issue(state="closed", **CLOSED, moved=True, movedTo=None)
    item = only(made("issues", moved), WorkItem)
    assert (item.status_category, item.resolution) == (StatusCategory.CANCELLED, "moved")


@BOTH
@pytest.mark.parametrize(
    ("labels", "state", "category", "raw"),
    [
        (["workflow::in review"], "opened", StatusCategory.IN_REVIEW, "workflow::in review"),
        (["Doing", "x"], "opened", StatusCategory.IN_PROGRESS, "doing"),
        (["workflow::in review"], "closed", StatusCategory.DONE, "closed"),
        (["duplicate"], "closed", StatusCategory.CANCELLED, "closed"),
        ([], "opened", StatusCategory.TODO, "opened"),
    ],
)
def test_labels_tell_where_an_open_issue_stands(
    make: Maker, labels: list[str], state: str, category: StatusCategory, raw: str
) -> None:
    item = only(made("issues", labelled(make, *labels, state=state)), WorkItem)
    assert (item.status_category, item.raw_status) == (category, raw)
    speaks = state == "opened" and labels
    assert item.raw_status_id == (f"label:{raw}" if speaks else state)


@BOTH
@pytest.mark.parametrize(
    ("type_", "labels", "expected"),
    [
        ("ISSUE", [], ItemType.TASK),
        ("ISSUE", ["type::feature"], ItemType.FEATURE),
        ("INCIDENT", [], ItemType.INCIDENT),
        ("TASK", [], ItemType.SUBTASK),
    ],
)
def test_types(make: Maker, type_: str, labels: list[str], expected: ItemType) -> None:
    raw = labelled(make, *labels, type=type_, **_typed(make, type_))
    item = only(made("issues", raw), WorkItem)
    assert (item.item_type, item.raw_type) == (expected, type_.lower())


def _typed(make: Maker, type_: str) -> dict[str, str]:
    return {"issue_type": type_.lower()} if make is rest_issue else {}


@BOTH
def test_a_type_without_a_line_is_shown(make: Maker) -> None:
    found = made("issues", labelled(make, type="SAGA", **_typed(make, "SAGA")))
    assert only(found, WorkItem).item_type is ItemType.UNKNOWN
    assert issues(found) == [("unmapped-item_type", "saga")]


@BOTH
def test_urgency_by_label_and_by_severity(make: Maker) -> None:
    by_label = only(made("issues", labelled(make, "priority::1", severity="LOW")), WorkItem)
    assert (by_label.priority, by_label.raw_priority) == (Priority.EXPEDITE, "priority::1")
    by_severity = only(made("issues", labelled(make, severity="CRITICAL")), WorkItem)
    assert (by_severity.priority, by_severity.raw_priority) == (Priority.EXPEDITE, "critical")
    none = only(made("issues", labelled(make)), WorkItem)
    assert (none.priority, none.raw_priority) == (Priority.UNKNOWN, None)


def test_a_severity_without_a_line_is_shown() -> None:
    found = made("issues", rest_issue(severity="S0"))
    assert (only(found, WorkItem).priority, only(found, WorkItem).raw_priority) == (
        Priority.UNKNOWN,
        "s0",
    )
    assert issues(found) == [("unmapped-priority", "s0")]


def test_teams_by_label_and_by_project(tmp_path: Path) -> None:
    table = with_lines(
        tmp_path,
        '[[team]]\nname = "Cart"\nlabel = "area::cart"\n[[team]]\nname = "Shop"\n'
        'project = "group/shop"\n',
    )
    assert only(made("issues", rest_issue(), table), WorkItem).team == "Cart"
    assert only(made("issues", rest_issue(labels=[]), table), WorkItem).team == "Shop"


def test_labels_that_say_nothing_are_left_out(tmp_path: Path) -> None:
    table = with_lines(tmp_path, '[labels]\nignore = ["BUG"]\n')
    assert only(made("issues", rest_issue(), table), WorkItem).labels == ("area::cart",)


def test_an_older_server_names_no_references_and_one_assignee() -> None:
    raw = rest_issue(assignee={"id": 14, "username": "cay"}, assignees=None)
    del raw["references"]
    item = only(made("issues", raw), WorkItem)
    assert (item.key, item.assignee_id) == ("group/shop#7", "14")
    older = {**raw, "web_url": "https://gitlab.example.net/group/shop/issues/7"}
    assert only(made("issues", older), WorkItem).key == "group/shop#7"


def test_labels_with_details_are_read_too() -> None:
    raw = rest_issue(labels=[{"id": 1, "name": "b"}, {"id": 2, "name": "a"}])
    assert only(made("issues", raw), WorkItem).labels == ("a", "b")


def test_without_a_state_nothing_is_guessed() -> None:
    found = made("issues", rest_issue(state=None))
    assert only(found, WorkItem).status_category is StatusCategory.UNKNOWN
    assert only(found, DataIssue).kind == "no-status"


def test_a_bad_instant_is_left_empty_and_told() -> None:
    found = made("issues", rest_issue(updated_at="yesterday"))
    assert only(found, WorkItem).updated_at is None
    assert issues(found) == [("bad-date", "yesterday")]
