"""Which fields mean what."""

import pytest
from support.jira_payloads import EPIC, ESTIMATE, FIELDS, POINTS, SPRINT, TEAM

from mappings.jira_fields import FieldPlan, plan, role_of
from mappings.records import Field
from mappings.vocabulary import EventField

NAMED = ("Story Points", "Story point estimate")


@pytest.mark.parametrize(
    ("id_", "name", "custom", "right"),
    [
        ("customfield_9", "Spurt", SPRINT.raw_type, EventField.SPRINT),
        ("customfield_9", "Sprint", "com.example:text", None),
        ("customfield_9", "Epos", EPIC.raw_type, EventField.PARENT),
        ("customfield_9", "Points", ESTIMATE.raw_type, EventField.POINTS),
        ("customfield_9", "story points", "com.example:float", EventField.POINTS),
        ("customfield_9", "Status", "com.example:text", None),
        ("customfield_9", "Flagged", "com.example:boxes", EventField.FLAG),
        ("status", "Status", None, EventField.STATUS),
        ("fixVersions", "Fix versions", None, EventField.VERSION),
        ("comment", "Comment", None, None),
    ],
)
def test_the_type_decides_and_a_name_only_where_it_is_given(
    id_: str, name: str, custom: str | None, right: EventField | None
) -> None:
    assert role_of(id_, name, custom, NAMED, ("flagged",)) is right


def test_estimate_fields_come_in_the_order_of_preference() -> None:
    made = plan(FIELDS, NAMED)
    assert made.points == (POINTS.source_id, ESTIMATE.source_id)
    assert plan(FIELDS, tuple(reversed(NAMED))).points == (ESTIMATE.source_id, POINTS.source_id)
    assert plan(FIELDS, ()).points == (ESTIMATE.source_id,)
    assert plan(FIELDS, ("customfield_6",)).points == ("customfield_6", ESTIMATE.source_id)


def test_several_fields_of_one_name_are_all_read() -> None:
    twice = (POINTS, Field("customfield_33", "Story points", "com.example:float"))
    assert plan(twice, NAMED).points == ("customfield_3", "customfield_33")


def test_a_named_team_field_comes_before_the_vendors() -> None:
    squad = Field("customfield_50", "Squad", "com.example:select")
    made = plan((*FIELDS, squad), (), ("Squad",))
    assert made.team == ("customfield_50", TEAM.source_id)


PLAN = plan(
    (*FIELDS, Field("customfield_60", "Status", "com.example:text")), NAMED, (), ["Flagged"]
)


@pytest.mark.parametrize(
    ("field_id", "name", "field_type", "right"),
    [
        ("status", "status", "jira", EventField.STATUS),
        (None, "status", "jira", EventField.STATUS),
        (None, "Status", "custom", EventField.OTHER),
        ("customfield_60", "Status", "custom", EventField.OTHER),
        ("customfield_777", "Priority", None, EventField.OTHER),
        ("customfield_1", "Old name of it", "custom", EventField.SPRINT),
        (None, "Sprint", "custom", EventField.SPRINT),
        (None, "Sprint", None, EventField.SPRINT),
        (None, "Sprint", "jira", EventField.OTHER),
        (None, "Epic Link", "custom", EventField.PARENT),
        ("customfield_999", "Epic Link", "custom", EventField.PARENT),
        ("parent", "IssueParentAssociation", "jira", EventField.PARENT),
        (None, "Parent Issue", "jira", EventField.PARENT),
        ("fixVersions", "Fix Version", "jira", EventField.VERSION),
        ("versions", "Version", "jira", EventField.OTHER),
        (None, "Story Points", "custom", EventField.POINTS),
        (None, "Story point estimate", "custom", EventField.POINTS),
        ("customfield_6", "Flagged", "custom", EventField.FLAG),
        ("issuekey", "Key", "jira", EventField.KEY),
        ("project", "project", "jira", EventField.PROJECT),
        ("timeoriginalestimate", "timeoriginalestimate", "jira", EventField.SECONDS),
        ("timeestimate", "timeestimate", "jira", EventField.OTHER),
        ("issuelinks", "Link", "jira", EventField.LINK),
        ("duedate", "duedate", "jira", EventField.DUE_DATE),
        (7, "labels", 7, EventField.LABELS),
        (None, "Rank", "custom", EventField.OTHER),
    ],
)
def test_what_an_entry_of_a_change_log_is_about(
    field_id: object, name: str, field_type: object, right: EventField
) -> None:
    item = {"fieldId": field_id, "field": name, "fieldtype": field_type}
    assert PLAN.entry(item)[:2] == (right, name)
    assert PLAN.entry(item)[:2] == (right, name)


def test_without_definitions_the_usual_names_still_hold() -> None:
    bare = FieldPlan()
    sprint = {"fieldId": "customfield_10020", "field": "Sprint", "fieldtype": "custom"}
    assert bare.entry(sprint)[:2] == (EventField.SPRINT, "Sprint")
    assert bare.entry({"field": "status", "fieldtype": "jira"})[:2] == (EventField.STATUS, "status")
    assert bare.entry({})[:2] == (EventField.OTHER, "?")
