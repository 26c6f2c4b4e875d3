"""Jira's issues as work items."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from support.jira_payloads import (
    change,
    entry,
    every,
    issue,
    issues,
    only,
    records,
    status,
    with_lines,
)

from mappings.records import Account, DataIssue, Link, Links, Milestone, WorkItem
from mappings.text import identity
from mappings.vocabulary import (
    HistoryState,
    ItemType,
    LinkKind,
    MilestoneKind,
    MilestoneState,
    Priority,
    StatusCategory,
    WaitsFor,
)

ANN = {"accountId": "a1", "displayName": "Ann", "accountType": "atlassian", "active": True}
BOB = {"key": "JIRAUSER7", "name": "bob", "displayName": "Bob", "emailAddress": "b@example.org"}


def item(**fields: Any) -> WorkItem:
    return only(records("issues", issue(**fields)), WorkItem)


def test_a_whole_issue() -> None:
    raw = issue(
        status=status("In QA", "5", "indeterminate"),
        assignee=ANN,
        reporter=BOB,
        duedate="2026-03-31",
        timeoriginalestimate=7200,
        customfield_3=5,
        labels=["web"],
        components=[{"id": "1", "name": "Cart"}],
        fixVersions=[{"id": "20", "name": "3.2"}],
        parent={"id": "10001", "key": "SHOP-1"},
        description="Pay *now*",
        security={"id": "1"},
    )
    made = records("issues", raw)
    digest, tokens = identity("Pay now")
    assert only(made, WorkItem) == WorkItem(
        source_id="10042",
        key="SHOP-7",
        scope_id="10000",
        item_type=ItemType.FEATURE,
        raw_type="Story",
        status_category=StatusCategory.IN_REVIEW,
        raw_status="In QA",
        raw_status_id="5",
        title="Pay by invoice",
        created_at=datetime(2026, 1, 5, 9, tzinfo=UTC),
        updated_at=datetime(2026, 2, 1, 8, 30, 0, 123000, UTC),
        waits_for=WaitsFor.QA,
        code_complete=True,
        priority=Priority.MEDIUM,
        raw_priority="Medium",
        estimate_points=5.0,
        estimate_seconds=7200,
        estimate_field="customfield_3",
        due_date=date(2026, 3, 31),
        assignee_id="a1",
        reporter_id="JIRAUSER7",
        parent_id="10001",
        labels=("web",),
        components=("Cart",),
        milestones=((MilestoneKind.VERSION, "20"),),
        text_hash=digest,
        text_tokens=tokens,
        restricted=True,
        url="https://jira.example.org/browse/SHOP-7",
    )
    assert every(made, Account) == [
        Account("a1", "Ann", active=True),
        Account("JIRAUSER7", "Bob", "bob", "b@example.org"),
    ]
    assert issues(made) == []


def test_one_person_in_two_roles_is_one_account_and_a_robot_is_one() -> None:
    robot = {**ANN, "accountType": "app"}
    made = records("issues", issue(assignee=robot, reporter=robot))
    assert every(made, Account) == [Account("a1", "Ann", is_bot=True, active=True)]


@pytest.mark.parametrize("nobody", [None, {}, "ann", {"displayName": "Former user"}, []])
def test_nobody_is_nobody(nobody: object) -> None:
    """B58: An author who is missing makes no account."""
    assert item(assignee=nobody).assignee_id is None


@pytest.mark.parametrize(
    ("resolution", "right"),
    [
        (None, StatusCategory.DONE),
        ("Done", StatusCategory.DONE),
        ("Fixed", StatusCategory.DONE),
        ("Won't Do", StatusCategory.CANCELLED),
        ("DUPLICATE", StatusCategory.CANCELLED),
        ("Cannot Reproduce", StatusCategory.CANCELLED),
    ],
)
def test_done_is_done_unless_the_resolution_says_dropped(
    resolution: str | None, right: StatusCategory
) -> None:
    made = item(
        status=status("Closed", "6", "done"),
        resolution=None if resolution is None else {"id": "3", "name": resolution},
    )
    assert made.status_category is right
    assert made.resolution == resolution


def test_a_resolution_without_a_line_counts_as_done_and_is_told() -> None:
    made = records(
        "issues",
        issue(status=status("Closed", "6", "done"), resolution={"id": "9", "name": "Hold"}),
    )
    assert only(made, WorkItem).status_category is StatusCategory.DONE
    assert issues(made) == [("unmapped-resolution", "Hold")]


def test_a_resolution_of_an_open_item_closes_nothing() -> None:
    made = item(status=status("Open", "1", "new"), resolution={"name": "Won't Do"})
    assert made.status_category is StatusCategory.TODO


def test_the_mapping_wins_over_the_vendors_category(tmp_path: Path) -> None:
    table = with_lines(
        tmp_path,
        '[status]\nClosed = { category = "in_review", waits_for = "release" }\n'
        '[issue_type.Bug.status]\nClosed = "done"\n[resolution]\n"3" = "cancelled"\n',
    )
    story = issue(status=status("Closed", "6", "done"))
    bug = issue(status=status("Closed", "6", "done"), issuetype={"name": "Bug"})
    dropped = issue(
        status=status("Closed", "6", "done"),
        issuetype={"name": "Bug"},
        resolution={"id": "3", "name": "Verworfen"},
    )
    made = [only(records("issues", raw, table), WorkItem) for raw in (story, bug, dropped)]
    assert [one.status_category for one in made] == [
        StatusCategory.IN_REVIEW,
        StatusCategory.DONE,
        StatusCategory.CANCELLED,
    ]
    assert made[0].waits_for is WaitsFor.RELEASE


def test_values_without_a_meaning_are_unknown_and_told_once() -> None:
    made = records(
        "issues",
        issue(
            status=status("Odd", "9", "undefined"),
            issuetype={"id": "7", "name": "Wish"},
            priority={"id": "9", "name": "P1"},
            issuelinks=[link("Feeds", "1", outward="2"), link("Feeds", "2", outward="3")],
        ),
    )
    one = only(made, WorkItem)
    assert (one.status_category, one.item_type, one.priority) == (
        StatusCategory.UNKNOWN,
        ItemType.UNKNOWN,
        Priority.UNKNOWN,
    )
    assert (one.raw_status, one.raw_type, one.raw_priority) == ("Odd", "Wish", "P1")
    assert {one.kind for one in only(made, Links).links} == {LinkKind.UNKNOWN}
    assert sorted((one.kind, one.subject) for one in every(made, DataIssue)) == [
        ("unmapped-item_type", "item_type:Wish"),
        ("unmapped-link", "link:Feeds"),
        ("unmapped-priority", "priority:P1"),
        ("unmapped-status", "status:Odd"),
    ]
    assert '"P1" = "medium"' in next(
        one.message for one in every(made, DataIssue) if one.field == "priority"
    )


@pytest.mark.parametrize(
    ("raw", "right"),
    [
        ({"name": "Bug"}, ItemType.DEFECT),
        ({"name": "sub-task", "subtask": True}, ItemType.SUBTASK),
        ({"name": "Teilaufgabe", "subtask": True}, ItemType.SUBTASK),
        ({"name": "Technical task", "subtask": True}, ItemType.SUBTASK),
        ({"name": "Technical task", "subtask": False}, ItemType.TASK),
        ({"name": "Bug", "subtask": True}, ItemType.DEFECT),
        ({"name": "Thema", "hierarchyLevel": 1}, ItemType.EPIC),
        ({"name": "Saga", "hierarchyLevel": 2}, ItemType.EPIC),
    ],
)
def test_the_type_by_name_or_by_what_the_vendor_says_of_it(
    raw: dict[str, Any], right: ItemType
) -> None:
    made = records("issues", issue(issuetype=raw))
    assert only(made, WorkItem).item_type is right
    assert issues(made) == []


def test_types_and_priorities_may_be_mapped_by_id(tmp_path: Path) -> None:
    table = with_lines(tmp_path, '[item_type]\n7 = "defect"\n[priority]\n9 = "high"\n')
    raw = issue(issuetype={"id": "7", "name": "Fehler"}, priority={"id": "9", "name": "P1"})
    made = only(records("issues", raw, table), WorkItem)
    assert (made.item_type, made.priority) == (ItemType.DEFECT, Priority.HIGH)


def test_missing_status_and_type_are_told() -> None:
    made = records("issues", issue(status=None, issuetype=None, priority=None))
    one = only(made, WorkItem)
    assert one.status_category is StatusCategory.UNKNOWN
    assert one.item_type is ItemType.UNKNOWN
    assert one.priority is Priority.UNKNOWN
    assert issues(made) == [("no-type", None), ("no-status", None)]


@pytest.mark.parametrize(
    ("fields", "points", "field", "told"),
    [
        ({}, None, None, []),
        ({"customfield_3": 5}, 5.0, "customfield_3", []),
        ({"customfield_4": 3}, 3.0, "customfield_4", []),
        ({"customfield_3": None, "customfield_4": 3}, 3.0, "customfield_4", []),
        ({"customfield_3": 0}, 0.0, "customfield_3", []),
        ({"customfield_3": "8"}, 8.0, "customfield_3", []),
        ({"customfield_3": 5, "customfield_4": 5}, 5.0, "customfield_3", []),
        (
            {"customfield_3": 5, "customfield_4": 3},
            5.0,
            "customfield_3",
            [("estimate-conflict", "3")],
        ),
        (
            {"customfield_3": "large", "customfield_4": 3},
            3.0,
            "customfield_4",
            [("bad-estimate", "large")],
        ),
    ],
)
def test_the_first_estimate_field_that_holds_a_number(
    fields: dict[str, Any],
    points: float | None,
    field: str | None,
    told: list[tuple[str, str]],
) -> None:
    made = records("issues", issue(**fields))
    one = only(made, WorkItem)
    assert (one.estimate_points, one.estimate_field) == (points, field)
    assert issues(made) == told


@pytest.mark.parametrize(
    ("fields", "right"),
    [
        ({}, None),
        ({"parent": {"id": "1", "key": "SHOP-1"}}, "1"),
        ({"parent": {"key": "SHOP-1"}}, "key:SHOP-1"),
        ({"customfield_2": "SHOP-2"}, "key:SHOP-2"),
        ({"customfield_2": {"id": 2}}, "2"),
        ({"parent": {"id": "1"}, "customfield_2": "SHOP-2"}, "1"),
        ({"parent": None, "customfield_2": None}, None),
        ({"epic": {"id": 9, "key": "SHOP-9"}}, "9"),
    ],
)
def test_the_parent_is_an_id_or_a_key_that_says_so(
    fields: dict[str, Any], right: str | None
) -> None:
    assert item(**fields).parent_id == right


def test_all_sprints_ever_listed_are_kept_and_described_by_what_they_tell() -> None:
    """B89: The order of the list tells nothing."""
    made = records(
        "issues",
        issue(
            customfield_1=[
                {"id": 8, "name": "Sprint 5", "state": "active", "boardId": 3},
                "com.atlassian.greenhopper.service.sprint.Sprint@1[id=7,rapidViewId=3,"
                "state=CLOSED,name=Sprint, four]",
                6,
            ],
            fixVersions=[{"id": "20"}, {"id": "19"}, {"name": "no id"}],
        ),
    )
    assert only(made, WorkItem).milestones == (
        (MilestoneKind.SPRINT, "6"),
        (MilestoneKind.SPRINT, "7"),
        (MilestoneKind.SPRINT, "8"),
        (MilestoneKind.VERSION, "19"),
        (MilestoneKind.VERSION, "20"),
    )
    assert [(one.source_id, one.name, one.state) for one in every(made, Milestone)] == [
        ("8", "Sprint 5", MilestoneState.ACTIVE),
        ("7", "Sprint, four", MilestoneState.CLOSED),
    ]


def test_a_sprint_without_an_id_is_told() -> None:
    assert issues(records("issues", issue(customfield_1=["Sprint 4"]))) == [
        ("bad-sprint", "Sprint 4")
    ]


def link(
    name: str, id_: str, *, outward: str | None = None, inward: str | None = None
) -> dict[str, Any]:
    made: dict[str, Any] = {"id": id_, "type": {"name": name, "inward": "in", "outward": "out"}}
    if outward:
        made["outwardIssue"] = {"id": outward, "key": f"SHOP-{outward}"}
    if inward:
        made["inwardIssue"] = {"id": inward, "key": f"SHOP-{inward}"}
    return made


def test_a_link_is_read_from_its_outward_side_whichever_end_tells_it() -> None:
    raw = issue(issuelinks=[link("Blocks", "1", outward="2"), link("Blocks", "2", inward="3")])
    assert only(records("issues", raw), Links) == Links(
        "10042",
        (
            Link("1", "10042", "2", LinkKind.BLOCKS, "Blocks", "SHOP-2"),
            Link("2", "3", "10042", LinkKind.BLOCKS, "Blocks"),
        ),
    )


def test_a_link_type_named_the_other_way_round_can_be_turned(tmp_path: Path) -> None:
    table = with_lines(tmp_path, '[link]\nNeeded = { kind = "depends_on", reverse = true }\n')
    raw = issue(issuelinks=[link("Needed", "1", outward="2"), link("Needed", "2", inward="3")])
    assert only(records("issues", raw, table), Links).links == (
        Link("1", "2", "10042", LinkKind.DEPENDS_ON, "Needed"),
        Link("2", "10042", "3", LinkKind.DEPENDS_ON, "Needed", "SHOP-3"),
    )


def test_no_links_are_an_empty_set_and_links_not_asked_for_are_none() -> None:
    assert only(records("issues", issue(issuelinks=[])), Links) == Links("10042", ())
    assert every(records("issues", issue()), Links) == []


def test_a_link_to_something_hidden_is_left_out_and_told() -> None:
    made = records("issues", issue(issuelinks=[link("Blocks", "1")]))
    assert only(made, Links).links == ()
    assert issues(made) == [("bad-link", "1")]


TEAMS = """
[labels]
ignore = ["Bot"]
[fields]
team = ["customfield_5"]
[[team]]
name = "Basket"
component = "cart"
until = 2026-01-31
[[team]]
name = "Checkout"
component = "cart"
since = 2026-02-01
[[team]]
name = "Web"
label = "WEB"
project = "SHOP"
[[team]]
name = "Squad"
field = "t-1"
"""


@pytest.mark.parametrize(
    ("fields", "right"),
    [
        ({}, None),
        ({"components": [{"name": "Cart"}]}, "Checkout"),
        ({"components": [{"name": "Cart"}], "updated": "2026-01-20T10:00:00.000Z"}, "Basket"),
        (
            {"components": [{"name": "Cart"}], "resolutiondate": "2026-01-20T10:00:00.000Z"},
            "Basket",
        ),
        ({"labels": ["web"]}, "Web"),
        ({"labels": ["web"], "project": {"id": "1", "key": "OTHER"}}, None),
        ({"customfield_5": {"id": "t-1", "name": "Cartwrights"}}, "Squad"),
        ({"customfield_5": {"id": "t-2", "name": "Others"}}, "Others"),
        ({"customfield_5": "t-1"}, "Squad"),
        ({"customfield_5": [{"value": "Choice"}]}, "Choice"),
    ],
)
def test_the_team_is_that_of_the_first_rule_in_force_when_the_item_was_last_touched(
    fields: dict[str, Any], right: str | None, tmp_path: Path
) -> None:
    made = records("issues", issue(**fields), with_lines(tmp_path, TEAMS))
    assert only(made, WorkItem).team == right


def test_labels_that_say_nothing_are_left_out(tmp_path: Path) -> None:
    made = records("issues", issue(labels=["bot", "web", 7]), with_lines(tmp_path, TEAMS))
    assert only(made, WorkItem).labels == ("web",)


def test_bad_dates_are_empty_and_told() -> None:
    """B50: A date that a person mistyped costs the date and not the issue."""
    made = records(
        "issues",
        issue(created="long ago", updated="51502-01-01T00:00:00.000Z", duedate="0000-00-00"),
    )
    one = only(made, WorkItem)
    assert (one.created_at, one.updated_at, one.due_date) == (None, None, None)
    assert sorted(issues(made)) == [
        ("bad-date", "0000-00-00"),
        ("bad-date", "51502-01-01T00:00:00.000Z"),
        ("bad-date", "long ago"),
    ]
    assert {one.subject for one in every(made, DataIssue)} == {"work_item:10042"}


def test_a_due_date_is_a_date_in_any_time_zone() -> None:
    raw = issue(duedate="2026-03-31")
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        one = only(records("issues", raw, time_zone=zone), WorkItem)
        assert one.due_date == date(2026, 3, 31)


@pytest.mark.parametrize("raw", [{}, {"id": "1"}, {"id": "1", "key": "A-1"}, {"id": [], "key": {}}])
def test_an_issue_without_id_key_or_fields_is_a_bad_payload(raw: dict[str, Any]) -> None:
    assert issues(records("issues", raw)) == [("bad-payload", None)]


def test_a_whole_inline_history_comes_along() -> None:
    raw = issue()
    raw["changelog"] = {
        "total": 2,
        "histories": [
            entry("1", "2026-01-06T10:00:00.000Z", change("Key", None, None, fromString="OLD-1",
                  toString="SHOP-7")),
            entry("2", "2026-01-07T10:00:00.000Z", change("status", "1", "3")),
        ],
    }  # fmt: skip
    one = only(records("issues", raw), WorkItem)
    assert one.history is HistoryState.COMPLETE
    assert one.former_keys == ("OLD-1",)


@pytest.mark.parametrize(
    "log",
    [
        None,
        {},
        {"total": 0},
        {"histories": []},
        {"total": 101, "histories": [entry("1", "2026-01-06T10:00:00.000Z")]},
        {"total": "1", "histories": [entry("1", "2026-01-06T10:00:00.000Z")]},
        {"total": 1, "histories": [entry("1", "someday")]},
    ],
)
def test_a_history_that_may_be_cut_is_still_to_be_fetched(log: object) -> None:
    raw = {**issue(), "changelog": log}
    assert only(records("issues", raw), WorkItem).history is HistoryState.NOT_FETCHED
