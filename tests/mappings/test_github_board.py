"""Projects of GitHub: what fields are the source of, and what each line says."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

import pytest

from mappings import github
from mappings.load import load
from mappings.records import (
    BoardItem,
    BoardMilestones,
    BoardValue,
    DataIssue,
    Field,
    Milestone,
    Record,
    Scope,
    Status,
)
from mappings.registry import get
from mappings.schema import MappingTable, StatusRule, with_boards
from mappings.vocabulary import (
    BoardContent,
    EventField,
    MilestoneKind,
    MilestoneState,
    ScopeKind,
    StatusCategory,
)

ROLES: dict[str, tuple[str, ...]] = {
    "milestone": ("Release",),
    "iteration": ("Sprint",),
    "due_date": ("Target",),
    "status": ("Status",),
    "estimate": ("Points", "Size"),
}
BUILT_IN = load([get("github").defaults])
TABLE = with_boards(BUILT_IN, {"Acme/3": ROLES})
PROJECT = {"id": "PVT_1", "key": "acme/3"}
BOX = {"id": "i1", "title": "Sprint 1", "startDate": "2026-02-23", "duration": 14}
FIELDS: list[dict[str, Any]] = [
    {"id": "F0", "name": "Title", "dataType": "TITLE"},
    {
        "id": "F1",
        "name": "Status",
        "dataType": "SINGLE_SELECT",
        "options": [{"id": "o1", "name": "In Progress"}, {"id": "o2", "name": "Parked"}],
    },
    {
        "id": "F2",
        "name": "Release",
        "dataType": "SINGLE_SELECT",
        "options": [{"id": "o1", "name": "R1"}],
    },
    {"id": "F3", "name": "Target", "dataType": "DATE"},
    {"id": "F4", "name": "Points", "dataType": "NUMBER"},
    {"id": "F5", "name": "Size", "dataType": "NUMBER"},
    {
        "id": "F6",
        "name": "Sprint",
        "dataType": "ITERATION",
        "configuration": {
            "iterations": [BOX],
            "completedIterations": [{**BOX, "id": "i0", "title": "Sprint 0", "duration": 7}],
        },
    },
]
KNOWN = [
    Field("F1", "Status", "ProjectV2.SINGLE_SELECT", EventField.STATUS),
    Field("F2", "Release", "ProjectV2.SINGLE_SELECT", EventField.MILESTONE),
    Field("F3", "Target", "ProjectV2.DATE", EventField.DUE_DATE),
    Field("F4", "Points", "ProjectV2.NUMBER", EventField.POINTS),
    Field("F5", "Size", "ProjectV2.NUMBER", EventField.POINTS),
    Field("F6", "Sprint", "ProjectV2.ITERATION", EventField.ITERATION),
]

T = TypeVar("T")


def normalize(
    stream: str, payload: dict[str, Any], table: MappingTable = TABLE, known: Sequence[Field] = ()
) -> Sequence[Record]:
    lookups = github.build_lookups(known, (), mapping=table, extra={}, time_zone="UTC", base_url="")
    return github.normalize(stream, {"__project": PROJECT, **payload}, table, lookups)


def of(kind: type[T], records: Sequence[Record]) -> list[T]:
    return [one for one in records if isinstance(one, kind)]


def fields(*changed: dict[str, Any], table: MappingTable = TABLE, known: Sequence[Field] = ()):
    by_id = {one["id"]: one for one in FIELDS} | {one["id"]: one for one in changed}
    payload = {"id": "PVT_1", "title": "Plan", "fields": {"nodes": list(by_id.values())}}
    return normalize("project_fields", payload, table, known)


def item(*values: dict[str, Any], table: MappingTable = TABLE, **more: Any) -> BoardItem:
    content = {"__typename": "Issue", "databaseId": 7, "repository": {"databaseId": 900}}
    payload = {
        "id": "PVTI_1",
        "type": "ISSUE",
        "content": content,
        "fieldValues": {"nodes": list(values)},
        **more,
    }
    (found,) = of(BoardItem, normalize("project_items", payload, table, KNOWN))
    return found


def value(id_: str, **told: Any) -> dict[str, Any]:
    return {"field": {"id": id_, "name": "?"}, **told}


def roles(records: Sequence[Record]) -> dict[str, EventField | None]:
    return {one.source_id: one.role for one in of(Field, records)}


def test_a_project_is_a_board_whose_fields_have_roles() -> None:
    found = fields()
    (scope,) = of(Scope, found)
    assert (scope.kind, scope.key, scope.name) == (ScopeKind.BOARD, "acme/3", "Plan")
    assert roles(found) == {"F0": None} | {one.source_id: one.role for one in KNOWN}


def test_options_and_iterations_are_milestones_with_ids_of_their_field() -> None:
    found = {one.source_id: one for one in of(Milestone, fields())}
    assert found.keys() == {"board:F2:o1", "board:F6:i0", "board:F6:i1"}
    release, ended, running = (found[id_] for id_ in sorted(found))
    assert (release.kind, release.name) == (MilestoneKind.MILESTONE, "R1")
    assert (ended.state, running.state) == (MilestoneState.CLOSED, MilestoneState.ACTIVE)
    # Fourteen days from a Monday end on a Sunday.
    assert (running.start_date, running.due_date) == (date(2026, 2, 23), date(2026, 3, 8))
    assert {one.scope_id for one in found.values()} == {"PVT_1"}
    listed = {one.kind: set(one.ids) for one in of(BoardMilestones, fields())}
    assert listed == {
        MilestoneKind.MILESTONE: {"board:F2:o1"},
        MilestoneKind.ITERATION: {"board:F6:i0", "board:F6:i1"},
    }


@pytest.mark.parametrize("days", [0, -3, None, "14", 10**9])
def test_an_iteration_without_a_length_has_no_end(days: Any) -> None:
    changed = {**FIELDS[6], "configuration": {"iterations": [{**BOX, "duration": days}]}}
    (found,) = (one for one in of(Milestone, fields(changed)) if "F6" in one.source_id)
    assert (found.start_date, found.due_date) == (date(2026, 2, 23), None)


def test_an_option_means_what_the_mapping_says_and_one_without_a_line_is_told() -> None:
    found = {one.raw_name: one for one in of(Status, fields())}
    assert found["In Progress"].category is StatusCategory.IN_PROGRESS
    assert found["Parked"].category is StatusCategory.UNKNOWN
    (issue,) = of(DataIssue, fields())
    assert (issue.kind, issue.raw_value) == ("unmapped-status", "Parked")


def test_a_project_may_have_words_of_its_own() -> None:
    own = replace(BUILT_IN, statuses={"parked": StatusRule(StatusCategory.CANCELLED)})
    table = replace(TABLE, projects={"acme/3": own})
    found = {one.raw_name: one.category for one in of(Status, fields(table=table))}
    assert found == {"In Progress": StatusCategory.UNKNOWN, "Parked": StatusCategory.CANCELLED}


def test_without_a_role_nothing_is_offered() -> None:
    found = fields(table=BUILT_IN, known=KNOWN)
    assert set(roles(found).values()) == {None}
    assert of(Milestone, found) == of(Status, found) == of(DataIssue, found) == []
    assert {one.ids for one in of(BoardMilestones, found)} == {()}


def test_a_renamed_field_keeps_its_role_and_the_name_to_write_is_told() -> None:
    renamed = {**FIELDS[3], "name": "Deadline"}
    found = fields(renamed, known=KNOWN)
    assert roles(found)["F3"] is EventField.DUE_DATE
    (issue,) = (one for one in of(DataIssue, found) if one.field == "due_date")
    assert "write its present name: 'Deadline'" in issue.message


def test_a_field_of_the_configured_name_takes_the_role_from_a_renamed_one() -> None:
    renamed = {**FIELDS[3], "name": "Old target"}
    found = fields(renamed, {"id": "F9", "name": "target", "dataType": "DATE"}, known=KNOWN)
    assert (roles(found)["F3"], roles(found)["F9"]) == (None, EventField.DUE_DATE)


def test_a_field_that_is_nowhere_is_told_with_those_that_are() -> None:
    table = with_boards(BUILT_IN, {"acme/3": {**ROLES, "due_date": ("Ship by",)}})
    found = fields(table=table)
    (issue,) = (one for one in of(DataIssue, found) if one.field == "due_date")
    assert "no field called 'Ship by'" in issue.message
    assert "'Target'" in issue.message
    assert roles(found)["F3"] is None


def test_a_field_of_another_type_or_of_two_roles_is_refused() -> None:
    table = with_boards(
        BUILT_IN, {"acme/3": {**ROLES, "due_date": ("Title",), "milestone": ("Status",)}}
    )
    found = fields(table=table)
    told = {one.kind for one in of(DataIssue, found)}
    assert {"board-field-type-due_date", "board-field-twice-status"} <= told
    assert roles(found)["F0"] is None
    assert roles(found)["F1"] is EventField.MILESTONE


def test_a_line_says_what_its_fields_say() -> None:
    found = item(
        value("F0", text="One"),
        value("F1", optionId="o1", name="In Progress"),
        value("F2", optionId="o1", name="R1"),
        value("F3", date="2026-04-01"),
        value("F5", number=8.0),
        value("F6", iterationId="i1", title="Sprint 1"),
    )
    assert (found.content, found.content_id, found.content_scope_id) == (
        BoardContent.WORK_ITEM,
        "7",
        "900",
    )
    assert set(found.values) == {
        BoardValue(EventField.STATUS, "F1", "board:F1:o1", "In Progress"),
        BoardValue(EventField.MILESTONE, "F2", "board:F2:o1", "R1"),
        BoardValue(EventField.DUE_DATE, "F3", None, "2026-04-01", date(2026, 4, 1)),
        BoardValue(EventField.POINTS, "F5", None, "8", None, 8.0),
        BoardValue(EventField.ITERATION, "F6", "board:F6:i1", "Sprint 1"),
    }
    assert found.fields == {(one.role, one.source_id) for one in KNOWN}


def test_of_several_fields_the_preferred_one_that_says_something_counts() -> None:
    size, points = value("F5", number=8), value("F4", number=3)
    for order in ((size, points), (points, size)):
        assert [one.points for one in item(*order).values] == [3.0]
    assert [one.points for one in item(size, value("F4", number=None)).values] == [8.0]


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"type": "DRAFT_ISSUE", "content": {"__typename": "DraftIssue"}}, BoardContent.DRAFT),
        ({"type": "REDACTED", "content": None}, BoardContent.HIDDEN),
        ({"type": "ISSUE", "content": None}, BoardContent.HIDDEN),
        ({"type": "SOMETHING_NEW"}, BoardContent.HIDDEN),
        ({"type": "PULL_REQUEST"}, BoardContent.CHANGE_REQUEST),
    ],
)
def test_what_is_no_issue_says_nothing_of_one(told: dict[str, Any], kind: BoardContent) -> None:
    found = item(value("F3", date="2026-04-01"), **told)
    assert (found.content, found.values) == (kind, ())


def test_a_rank_is_given_only_where_the_order_counts() -> None:
    boards = {"acme/9": ROLES, "acme/3": ROLES}
    assert item().rank is None
    assert item(table=with_boards(BUILT_IN, boards, in_order=True)).rank == 1


def test_a_bad_date_is_told_and_left_out() -> None:
    payload = {
        "id": "PVTI_1",
        "type": "ISSUE",
        "content": {"databaseId": 7},
        "fieldValues": {"nodes": [value("F3", date="soon")]},
    }
    found = normalize("project_items", payload, TABLE, KNOWN)
    assert [one.kind for one in of(DataIssue, found)] == ["bad-date"]
    assert of(BoardItem, found)[0].values == ()


def test_boards_are_part_of_the_version_and_none_leave_it_as_it_was() -> None:
    assert with_boards(BUILT_IN, {}).version == BUILT_IN.version
    versions = {
        BUILT_IN.version,
        TABLE.version,
        with_boards(BUILT_IN, {"acme/3": {"status": ("Status",)}}).version,
        with_boards(BUILT_IN, {"acme/3": ROLES}, in_order=True).version,
    }
    assert len(versions) == 4
