"""Answers that clients of Jira keep for their own tests: other servers, older shapes."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.jira_payloads import every, issues, only, records

from mappings.records import Field, Milestone, Record, Scope, ScopeEntity, Status, WorkItem
from mappings.vocabulary import (
    HistoryState,
    ItemType,
    MilestoneKind,
    MilestoneState,
    StatusCategory,
)


@pytest.fixture
def answers(peer_data: Path) -> Path:
    return peer_data / "go-jira"


def load(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def all_of(stream: str, payloads: list[Any]) -> list[Record]:
    return [record for payload in payloads for record in records(stream, payload)]


def test_boards_of_which_most_do_not_tell_their_project(answers: Path) -> None:
    made = every(all_of("boards", load(answers / "all_boards.json")["values"]), Scope)
    assert [one.source_id for one in made] == ["4", "5", "6", "7", "9", "1"]
    assert [one.parent_id for one in made] == [None] * 5 + ["10000"]
    assert {one.raw_type for one in made} == {"scrum", "kanban"}


def test_sprints_in_another_offset(answers: Path) -> None:
    raw = load(answers / "sprints.json")["values"]
    made = all_of("sprints", raw)
    assert {one.scope_id for one in every(made, ScopeEntity)} == {"734"}
    first = every(made, Milestone)[0]
    assert (first.kind, first.name, first.state) == (
        MilestoneKind.SPRINT,
        "Iteration-10",
        MilestoneState.CLOSED,
    )
    assert first.finished_at == datetime(2016, 4, 28, 12, 8, 48, 543000, UTC)
    assert [one.source_id for one in every(made, Milestone)] == [str(one["id"]) for one in raw]
    assert issues(made) == []


def test_statuses_by_the_vendors_category(answers: Path) -> None:
    raw = load(answers / "all_statuses.json")
    made = every(all_of("statuses", raw), Status)
    assert len(made) == len(raw)
    by_key = {
        "new": StatusCategory.TODO,
        "indeterminate": StatusCategory.IN_PROGRESS,
        "done": StatusCategory.DONE,
        "undefined": StatusCategory.UNKNOWN,
    }
    assert {one.raw_name for one in made if one.category is StatusCategory.CANCELLED} == {
        "Rejected"
    }
    for one in made:
        if one.waits_for or one.category is StatusCategory.CANCELLED:
            # Named in the built-in mapping.
            continue
        assert one.category is by_key[one.raw_category or ""]
    undefined = [one.raw_name for one in made if one.raw_category == "undefined"]
    assert issues(all_of("statuses", raw)) == [("unmapped-status", name) for name in undefined]
    assert undefined


def test_an_issue_of_a_sprint(answers: Path) -> None:
    (raw,) = load(answers / "issues_in_sprint.json")["issues"]
    made = only(records("issues", raw), WorkItem)
    assert (made.source_id, made.key, made.item_type) == ("12338", "AR-86", ItemType.TASK)
    assert made.history is HistoryState.NOT_FETCHED


def test_a_project_of_a_public_server(answers: Path) -> None:
    made = only(records("projects", load(answers / "project.json")), Scope)
    assert (made.source_id, made.key) == ("12310505", "ABDERA")


def test_field_definitions_of_a_public_server(peer_data: Path) -> None:
    raw = load(peer_data / "perceval" / "jira" / "jira_fields.json")
    made = every(all_of("fields", raw), Field)
    assert [one.source_id for one in made] == [one["id"] for one in raw]
    roles = {one.source_id: one.role for one in made if one.role}
    assert {"issuetype", "summary", "status"} & set(roles) == {"issuetype", "summary", "status"} & {
        one["id"] for one in raw
    }


def test_pages_of_a_public_server(peer_data: Path) -> None:
    folder = peer_data / "perceval" / "jira"
    made = [
        one
        for page in ("1", "2")
        for raw in load(folder / f"jira_issues_page_{page}.json")["issues"]
        for one in records("issues", raw)
    ]
    assert [one.key for one in every(made, WorkItem)] == ["HELP-6043", "HELP-6042", "HELP-6041"]
    for one in every(made, WorkItem):
        assert one.created_at is not None
        assert one.status_category is not StatusCategory.UNKNOWN
    assert load(folder / "jira_issues_page_empty.json")["issues"] == []
