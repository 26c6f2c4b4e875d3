"""Jira's fields, statuses, projects, boards, versions and sprints."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from support.jira_payloads import every, issues, only, records, status, with_lines

from mappings.records import DataIssue, Field, Milestone, Scope, ScopeEntity, Status
from mappings.vocabulary import (
    EventField,
    MilestoneKind,
    MilestoneState,
    ScopeKind,
    StatusCategory,
    WaitsFor,
)


def test_a_field_says_what_it_is_read_for() -> None:
    raw = {
        "id": "customfield_1",
        "name": "Sprint",
        "custom": True,
        "schema": {"type": "array", "custom": "com.pyxis.greenhopper.jira:gh-sprint"},
    }
    assert records("fields", raw) == [
        Field("customfield_1", "Sprint", "com.pyxis.greenhopper.jira:gh-sprint", EventField.SPRINT)
    ]
    plain = {"id": "summary", "name": "Summary", "schema": {"type": "string"}}
    assert records("fields", plain) == [Field("summary", "Summary", "string", EventField.TITLE)]


@pytest.mark.parametrize(
    ("name", "vendor", "right", "waits_for", "code_complete"),
    [
        ("Open", "new", StatusCategory.TODO, None, False),
        ("Doing", "indeterminate", StatusCategory.IN_PROGRESS, None, False),
        ("Shipped", "done", StatusCategory.DONE, None, False),
        ("in qa", "indeterminate", StatusCategory.IN_REVIEW, WaitsFor.QA, True),
        ("Ready for Release", "done", StatusCategory.IN_REVIEW, WaitsFor.RELEASE, True),
        ("Rejected", "done", StatusCategory.CANCELLED, None, False),
        ("Rejected", "indeterminate", StatusCategory.IN_PROGRESS, None, False),
    ],
)
def test_a_status_as_mapped_or_as_the_vendor_says(
    name: str,
    vendor: str,
    right: StatusCategory,
    waits_for: WaitsFor | None,
    code_complete: bool,
) -> None:
    made = records("statuses", status(name, "7", vendor))
    assert made == [Status("7", name, vendor, right, waits_for, code_complete)]


def test_a_translated_status_is_known_by_its_original_name() -> None:
    raw = {**status("In Prüfung", "7", "indeterminate"), "untranslatedName": "In Review"}
    made = only(records("statuses", raw), Status)
    assert (made.raw_name, made.category) == ("In Prüfung", StatusCategory.IN_REVIEW)


@pytest.mark.parametrize("vendor", [None, "undefined", "?"])
def test_an_unexplained_status_is_unknown_and_says_which_line_to_add(
    vendor: str | None, tmp_path: Path
) -> None:
    raw = status('Parked "here"', "7", vendor)
    made = records("statuses", raw)
    assert only(made, Status).category is StatusCategory.UNKNOWN
    issue = only(made, DataIssue)
    assert (issue.kind, issue.subject) == ("unmapped-status", 'status:Parked "here"')
    assert issue.message.endswith(r'"Parked \"here\"" = "in_progress"')
    line = issue.message.partition("right for you: ")[2]
    fixed = with_lines(tmp_path, f"[status]\n{line}\n")
    assert records("statuses", raw, fixed) == [
        Status("7", 'Parked "here"', vendor, StatusCategory.IN_PROGRESS)
    ]


def test_a_project() -> None:
    raw = {"id": "10000", "key": "SHOP", "name": "Shop", "projectTypeKey": "software"}
    right = Scope(
        "10000",
        ScopeKind.PROJECT,
        "SHOP",
        "Shop",
        raw_type="software",
        url="https://jira.example.org/browse/SHOP",
    )
    assert records("projects", raw) == [right]
    assert only(records("projects", {**raw, "archived": True}), Scope).archived


def test_a_board_knows_its_project() -> None:
    raw = {"id": 3, "name": "Shop", "type": "scrum", "location": {"projectId": 10000}}
    assert records("boards", raw) == [
        Scope("3", ScopeKind.BOARD, "3", "Shop", parent_id="10000", raw_type="scrum")
    ]
    del raw["location"]
    assert only(records("boards", raw), Scope).parent_id is None


def version(**more: Any) -> dict[str, Any]:
    return {"id": "20", "name": "3.2", "projectId": 10000, **more}


@pytest.mark.parametrize(
    ("released", "archived", "state", "raw_state"),
    [
        (False, False, MilestoneState.ACTIVE, "unreleased"),
        (True, False, MilestoneState.RELEASED, "released"),
        (False, True, MilestoneState.ARCHIVED, "archived"),
        (True, True, MilestoneState.RELEASED, "released+archived"),
    ],
)
def test_a_version(released: bool, archived: bool, state: MilestoneState, raw_state: str) -> None:
    raw = version(
        released=released,
        archived=archived,
        startDate="2026-01-05",
        releaseDate="2026-03-31",
        userReleaseDate="31/Mar/26",
        description="x" * 3000,
    )
    assert records("versions", raw) == [
        Milestone(
            "20",
            MilestoneKind.VERSION,
            "3.2",
            state,
            raw_state,
            scope_id="10000",
            start_date=date(2026, 1, 5),
            due_date=date(2026, 3, 31),
            description="x" * 1000,
            url="https://jira.example.org/projects/10000/versions/20",
        )
    ]


def test_an_absurd_date_is_left_empty_and_told() -> None:
    """B50, B51: A version or sprint keeps its row without it."""
    made = records("versions", version(releaseDate="51502-03-31", startDate=""))
    assert only(made, Milestone).due_date is None
    assert issues(made) == [("bad-date", "51502-03-31")]
    assert only(made, DataIssue).subject == "version:20"


SPRINT = {
    "id": 7,
    "state": "closed",
    "name": "Sprint 4",
    "startDate": "2026-01-05T23:30:00.000Z",
    "endDate": "2026-01-19T23:30:00.000Z",
    "completeDate": "2026-01-20T08:00:00.000Z",
    "originBoardId": 3,
    "boardId": "4",
    "goal": "Pay by invoice",
}


def test_a_sprint_belongs_to_its_home_board_and_is_held_by_the_one_that_lists_it() -> None:
    made = records("sprints", SPRINT, time_zone="Europe/Berlin")
    start = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
    assert made == [
        Milestone(
            "7",
            MilestoneKind.SPRINT,
            "Sprint 4",
            MilestoneState.CLOSED,
            "closed",
            scope_id="3",
            start_date=date(2026, 1, 6),
            due_date=date(2026, 1, 20),
            started_at=start,
            finished_at=datetime(2026, 1, 20, 8, tzinfo=UTC),
            planned_start_at=start,
            planned_end_at=datetime(2026, 1, 19, 23, 30, tzinfo=UTC),
            description="Pay by invoice",
        ),
        ScopeEntity("4", "sprint", "7"),
    ]


def test_a_future_sprint_has_not_begun() -> None:
    """B51: A sprint to come may lack every date."""
    made = only(records("sprints", {**SPRINT, "state": "future", "completeDate": None}), Milestone)
    assert made.state is MilestoneState.FUTURE
    assert made.started_at is None
    assert made.planned_start_at == datetime(2026, 1, 5, 23, 30, tzinfo=UTC)


def test_an_activated_sprint_began_then() -> None:
    raw = {**SPRINT, "state": "active", "activatedDate": "2026-01-07T09:00:00.000Z"}
    assert only(records("sprints", raw), Milestone).started_at == datetime(
        2026, 1, 7, 9, tzinfo=UTC
    )


def test_an_unknown_state_is_unknown_and_told() -> None:
    made = records("sprints", {**SPRINT, "state": "paused"})
    assert only(made, Milestone).state is MilestoneState.UNKNOWN
    assert only(made, Milestone).state.is_open
    assert issues(made) == [("unknown-state", "paused")]


@pytest.mark.parametrize(
    "stream", ["fields", "statuses", "projects", "boards", "versions", "sprints", "changelogs"]
)
def test_what_has_no_id_is_a_bad_payload(stream: str) -> None:
    (issue,) = every(records(stream, {"name": "x"}), DataIssue)
    assert (issue.kind, issue.subject) == ("bad-payload", stream)
