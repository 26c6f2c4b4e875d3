"""DevLake's recorded Jira payloads against the tables that DevLake made of them."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from support.jira_payloads import with_lines
from support.normalized import Normalized, normalized
from support.peer import (
    Recording,
    devlake_cloud,
    devlake_data_center,
    devlake_epics,
    devlake_histories,
    devlake_tables,
    payloads,
    rows,
)

from mappings.records import FieldEvent
from mappings.schema import MappingTable
from mappings.vocabulary import (
    EventField,
    HistoryState,
    ItemType,
    LinkKind,
    MilestoneKind,
    MilestoneState,
    StatusCategory,
)

#: This Jira shows its types and resolutions in Chinese.
TYPES = """
[item_type]
"故事" = "feature"
"任务" = "task"
"缺陷" = "defect"
"Test Execution" = "task"
[resolution]
"完成" = "done"
"""


@pytest.fixture(scope="module")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> MappingTable:
    return with_lines(tmp_path_factory.mktemp("mapping"), TYPES)


@pytest.fixture(scope="module")
def cloud(peer_data: Path) -> Recording:
    return devlake_cloud(peer_data)


@pytest.fixture(scope="module")
def made(cloud: Recording, mapping: MappingTable) -> Normalized:
    return normalized(cloud, mapping=mapping)


@pytest.fixture(scope="module")
def tables(peer_data: Path) -> Path:
    return devlake_tables(peer_data)[1]


def utc(text: str) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def test_every_issue(made: Normalized, tables: Path) -> None:
    right = {row["issue_id"]: row for row in rows(tables / "_tool_jira_issues.csv")}
    assert set(made.items) == set(right)
    for id_, row in right.items():
        item = made.items[id_]
        ours = {
            "issue_key": item.key,
            "project_id": item.scope_id,
            "summary": item.title,
            "type": item.raw_type,
            "status_name": item.raw_status,
            "priority_name": item.raw_priority,
            "created": item.created_at,
            "updated": item.updated_at,
            "resolution_date": item.resolved_at,
            "parent_id": item.parent_id or "0",
            "assignee_account_id": item.assignee_id or "",
        }
        times = ("created", "updated", "resolution_date")
        assert ours == {name: utc(row[name]) if name in times else row[name] for name in ours}, row[
            "issue_key"
        ]


def test_estimates(made: Normalized, tables: Path) -> None:
    """DevLake writes 0 for no story points; we keep apart what was not estimated."""
    for row in rows(tables / "_tool_jira_issues.csv"):
        item = made.items[row["issue_id"]]
        assert (item.estimate_points or 0.0) == float(row["story_point"])
        minutes = row["original_estimate_minutes"]
        assert (item.estimate_seconds or 0) == 60 * int(minutes or 0)
    given = {one.key: one.estimate_points for one in made.items.values() if one.estimate_field}
    assert given == {"EE-1": -1.0, "EE-2": 2.0}


def test_the_category_is_what_the_server_says_unless_the_work_was_dropped(
    made: Normalized, tables: Path
) -> None:
    """`status_key` is the vendor's word; four are done by it because nobody will do them."""
    category = {"new": StatusCategory.TODO, "done": StatusCategory.DONE}
    dropped = {}
    for row in rows(tables / "_tool_jira_issues.csv"):
        item = made.items[row["issue_id"]]
        if item.status_category is StatusCategory.CANCELLED:
            dropped[item.key] = (row["status_key"], item.resolution)
        else:
            assert item.status_category is category[row["status_key"]]
    assert dropped == dict.fromkeys(("EE-20", "EE-24", "EE-26", "EE-30"), ("done", "Won't Do"))


def test_due_dates_stay_calendar_dates(made: Normalized, tables: Path) -> None:
    """DevLake turns 2025-03-09 into an instant, the day before in UTC; the day is what was meant.

    The server's account lives in Shanghai: midnight there is 16:00 UTC of the day before.
    """
    (row,) = [row for row in rows(tables / "_tool_jira_issues.csv") if row["due_date"]]
    assert utc(row["due_date"]) == datetime(2025, 3, 8, 16, tzinfo=UTC)
    dated = {item.key: item.due_date for item in made.items.values() if item.due_date}
    assert dated == {row["issue_key"]: date(2025, 3, 9)}


def test_types_and_labels(made: Normalized, tables: Path) -> None:
    kinds = Counter(item.item_type for item in made.items.values())
    assert kinds == {
        ItemType.FEATURE: 8,
        ItemType.TASK: 9,
        ItemType.DEFECT: 1,
        ItemType.SUBTASK: 12,
    }
    right: dict[str, set[str]] = {}
    for row in rows(tables / "_tool_jira_issue_labels.csv"):
        right.setdefault(row["issue_id"], set()).add(row["label_name"])
    assert {id_: set(one.labels) for id_, one in made.items.items() if one.labels} == right


def test_translated_names_without_a_line_are_told(
    cloud: Recording,
) -> None:
    """Sub-tasks are known without their name: the server says which types are such."""
    found = normalized(cloud)
    assert {(one.kind, one.raw_value) for one in found.issues} == {
        ("unmapped-item_type", "故事"),
        ("unmapped-item_type", "任务"),
        ("unmapped-item_type", "缺陷"),
        ("unmapped-item_type", "Test Execution"),
        ("unmapped-resolution", "完成"),
    }


def test_nothing_else_is_doubtful(made: Normalized) -> None:
    assert made.issues == []


def test_every_sprint(made: Normalized, tables: Path) -> None:
    right = {row["sprint_id"]: row for row in rows(tables / "_tool_jira_sprints.csv")}
    ours = {id_: one for (kind, id_), one in made.milestones.items() if kind == "sprint"}
    assert set(ours) == set(right)
    for id_, row in right.items():
        one = ours[id_]
        assert one.name == row["name"]
        assert one.raw_state == row["state"]
        assert one.state is MilestoneState(row["state"])
        assert one.planned_start_at == utc(row["start_date"])
        assert one.planned_end_at == utc(row["end_date"])
        assert one.finished_at == utc(row["complete_date"])
        assert one.scope_id == row["origin_board_id"]
    listed = {
        (row["board_id"], row["sprint_id"]) for row in rows(tables / "_tool_jira_board_sprints.csv")
    }
    assert made.held == listed


def test_sprints_of_issues(made: Normalized, tables: Path) -> None:
    ours = {
        (id_, item.source_id)
        for item in made.items.values()
        for kind, id_ in item.milestones
        if kind is MilestoneKind.SPRINT
    }
    assert ours == {
        (row["sprint_id"], row["issue_id"]) for row in rows(tables / "_tool_jira_sprint_issues.csv")
    }


def test_a_sprint_mentioned_in_an_issue_says_what_its_listing_says(made: Normalized) -> None:
    assert made.mentioned
    for id_, mentioned in made.mentioned.items():
        listed = made.milestones[MilestoneKind.SPRINT, id_]
        for name in ("name", "state", "planned_start_at", "planned_end_at", "finished_at"):
            assert getattr(mentioned, name) == getattr(listed, name)


def test_versions_are_those_that_the_issues_are_planned_for(made: Normalized) -> None:
    """DevLake drops fix versions; every one of an issue is a version of its project here."""
    planned = {
        (kind, id_)
        for item in made.items.values()
        for kind, id_ in item.milestones
        if kind is MilestoneKind.VERSION
    }
    assert planned
    assert planned <= set(made.milestones)


def items_of(events: Mapping[str, FieldEvent]) -> Counter[tuple[str, str]]:
    return Counter((id_.partition(".")[0], one.raw_field) for id_, one in events.items())


def test_every_entry_of_the_inline_change_logs(made: Normalized, tables: Path) -> None:
    right = {row["changelog_id"]: row for row in rows(tables / "_tool_jira_issue_changelogs.csv")}
    assert {one.state for one in made.histories.values()} == {HistoryState.COMPLETE}
    ours: dict[str, FieldEvent] = {}
    for history in made.histories.values():
        for event in history.events:
            ours.setdefault(event.source_event_id.partition(".")[0], event)
    assert set(ours) == set(right)
    for id_, row in right.items():
        assert ours[id_].work_item_id == row["issue_id"]
        assert ours[id_].at == utc(row["created"])
        assert (ours[id_].actor_id or "") == row["author_account_id"]


def test_every_item_of_the_inline_change_logs(made: Normalized, tables: Path) -> None:
    """All 709 items. DevLake keeps 689: its rows are named by entry and field alone, so where one
    entry takes a fix version away and adds another, the later overwrites the earlier.
    """
    right = rows(tables / "_tool_jira_issue_changelog_items.csv")
    events = {
        event.source_event_id: event
        for history in made.histories.values()
        for event in history.events
    }
    assert (len(events), len(right)) == (709, 689)
    ours = items_of(events)
    theirs = Counter((row["changelog_id"], row["field"]) for row in right)
    assert set(theirs) == set(ours)
    assert {field for _, field in (ours - theirs)} == {"Fix Version"}
    assert (ours - theirs).total() == 20
    by_key: dict[tuple[str, str], list[FieldEvent]] = {}
    for id_, event in events.items():
        by_key.setdefault((id_.partition(".")[0], event.raw_field), []).append(event)
    for row in right:
        told = by_key[row["changelog_id"], row["field"]]
        assert any(says_the_same(event, row) for event in told), row


#: Fields of which ids are kept.
BY_ID = {
    EventField.STATUS,
    EventField.VERSION,
    EventField.SPRINT,
    EventField.PARENT,
    EventField.ASSIGNEE,
    EventField.PRIORITY,
    EventField.TYPE,
    EventField.RESOLUTION,
    EventField.PROJECT,
}


def says_the_same(event: FieldEvent, row: Mapping[str, str]) -> bool:
    """Whether our event says what the peer's row says, in our own form of it."""
    if event.field is EventField.DESCRIPTION:
        # Compared by its hash and not kept.
        return bool(event.old_text) == bool(row["from_string"].strip())
    if event.field is EventField.SECONDS:
        return (event.old_text or "", event.new_text or "") == (row["from_value"], row["to_value"])
    texts = (row["from_string"][:255], row["to_string"][:255])
    if (event.old_text or "", event.new_text or "") != texts:
        return False
    if event.field not in BY_ID:
        return True
    ids = tuple(
        tuple(part.strip() for part in row[name].split(",") if part.strip())
        for name in ("from_value", "to_value")
    )
    return (event.old_ids, event.new_ids) == ids


def test_what_each_field_of_the_change_logs_means(made: Normalized) -> None:
    seen = Counter(
        (event.raw_field, event.field)
        for history in made.histories.values()
        for event in history.events
        if event.field is not EventField.OTHER
    )
    assert {field for _, field in seen} == {
        EventField.STATUS,
        EventField.VERSION,
        EventField.RESOLUTION,
        EventField.ASSIGNEE,
        EventField.SPRINT,
        EventField.PARENT,
        EventField.TYPE,
        EventField.SECONDS,
    }
    assert seen["Epic Link", EventField.PARENT] == 14
    assert seen["Parent", EventField.PARENT] == 13


def test_the_last_change_leads_to_the_present(made: Normalized) -> None:
    """Replaying a history forwards must end in what the issue says now."""
    for id_, item in made.items.items():
        versions = {one for kind, one in item.milestones if kind is MilestoneKind.VERSION}
        sprints = {one for kind, one in item.milestones if kind is MilestoneKind.SPRINT}
        status: str | None = None
        replayed: set[str] = set()
        before: set[str] = set()
        last_sprints: set[str] = set()
        for event in sorted(made.histories[id_].events, key=lambda one: (one.at, _order(one))):
            if event.field is EventField.STATUS:
                assert status in (None, event.old_ids[0])
                status = event.new_ids[0]
            elif event.field is EventField.VERSION:
                before |= set(event.old_ids) - replayed
                replayed = (replayed - set(event.old_ids)) | set(event.new_ids)
            elif event.field is EventField.SPRINT:
                last_sprints = set(event.new_ids)
        # Closed sprints stay listed; one that an item was taken out of in time does not.
        assert last_sprints <= sprints
        assert status in (None, item.raw_status_id)
        assert replayed <= versions | before


def _order(event: FieldEvent) -> tuple[int, int]:
    entry, _, index = event.source_event_id.partition(".")
    return int(entry), int(index)


def test_histories_fetched_one_by_one(peer_data: Path, tables: Path) -> None:
    """The same against DevLake's other extractor; three rows belong to other boards or sites."""
    histories = devlake_histories(peer_data)
    base = devlake_cloud(peer_data)
    found = normalized(
        Recording(
            name="histories",
            cloud=True,
            projects=(),
            issues=(),
            fields=base.fields,
            statuses=(),
            histories={id_: tuple(entries) for id_, entries in histories.items()},
        )
    )
    events = {
        event.source_event_id: event
        for history in found.histories.values()
        for event in history.events
    }
    entries = {id_.partition(".")[0] for id_ in events}
    theirs = {
        row["changelog_id"]: row
        for row in rows(tables / "_tool_jira_issue_changelogs_extractor.csv")
    }
    assert len(theirs) == 276
    # This one was recorded for another board of the same site.
    assert entries - set(theirs) == {"58807"}
    assert set(theirs) <= entries
    for id_, event in events.items():
        row = theirs.get(id_.partition(".")[0])
        if row is not None:
            assert (event.work_item_id, event.at) == (row["issue_id"], utc(row["created"]))
    items = rows(tables / "_tool_jira_issue_changelog_items_extractor.csv")
    ours = items_of(events)
    assert set(ours) - {(row["changelog_id"], row["field"]) for row in items} == {
        ("58807", "RemoteIssueLink")
    }
    for row in items:
        told = [
            event
            for id_, event in events.items()
            if id_.partition(".")[0] == row["changelog_id"] and event.raw_field == row["field"]
        ]
        assert any(says_the_same(event, row) for event in told), row


def test_an_author_without_an_id_is_nobody(peer_data: Path, tables: Path) -> None:
    row = rows(tables / "_tool_jira_issue_changelogs_extractor.csv")[0]
    assert (row["changelog_id"], row["author_account_id"]) == ("57278", "")
    base = devlake_cloud(peer_data)
    found = normalized(
        Recording(
            name="one",
            cloud=True,
            projects=(),
            issues=(),
            fields=base.fields,
            statuses=(),
            histories={
                id_: tuple(entries) for id_, entries in devlake_histories(peer_data).items()
            },
        )
    )
    actors = {
        event.actor_id
        for history in found.histories.values()
        for event in history.events
        if event.source_event_id.startswith("57278.")
    }
    assert actors == {None}


def test_every_status(made: Normalized, cloud: Recording, tables: Path) -> None:
    """DevLake keeps the site's 36 statuses; the 17 of team-managed projects are items' statuses
    too, and we keep them.
    """
    right = {row["id"]: row for row in rows(tables / "_tool_jira_statuses.csv")}
    assert (len(right), len(made.statuses)) == (36, 53)
    for id_, row in right.items():
        assert made.statuses[id_].raw_name == row["name"]
        assert made.statuses[id_].raw_category == row["status_category"]
    only_ours = set(made.statuses) - set(right)
    scopes = {one["id"]: (one.get("scope") or {}).get("type") for one in cloud.statuses}
    assert {scopes[id_] for id_ in only_ours} == {"PROJECT"}


def test_every_project(made: Normalized, tables: Path) -> None:
    right = {
        row["id"]: (row["project_key"], row["name"])
        for row in rows(tables / "_tool_jira_projects.csv")
    }
    ours = {id_: (one.key, one.name) for id_, one in made.scopes.items() if one.kind == "project"}
    assert ours == right


def test_field_definitions(made: Normalized, tables: Path) -> None:
    for row in rows(tables / "_tool_jira_issue_fields.csv"):
        ours = made.fields[row["id"]]
        assert (ours.name, ours.raw_type, ours.role) == (row["name"], row["schema_custom"], None)


def test_people(made: Normalized, tables: Path) -> None:
    """Everyone whom an issue or a history names, as DevLake names them there.

    Its table of accounts is no measure of names: its payloads' names were replaced by hand.
    """
    named = {
        row["assignee_account_id"]: row["assignee_display_name"]
        for row in rows(tables / "_tool_jira_issues.csv")
    }
    named.update(
        (row["author_account_id"], row["author_display_name"])
        for row in rows(tables / "_tool_jira_issue_changelogs.csv")
    )
    assert len(named) == 9
    assert {id_: made.accounts[id_].name for id_ in named} == named
    kinds = {
        row["account_id"]: row["account_type"] == "app"
        for row in rows(tables / "_tool_jira_accounts.csv")
    }
    common = set(made.accounts) & set(kinds)
    assert {id_: made.accounts[id_].is_bot for id_ in common} == {id_: kinds[id_] for id_ in common}


def test_epics_outside_the_board(peer_data: Path, tables: Path) -> None:
    found = normalized(devlake_epics(peer_data))
    right = {
        row["issue_id"]: row for row in rows(tables / "_tool_jira_issues_for_external_epics.csv")
    }
    assert set(found.items) == set(right)
    for id_, row in right.items():
        item = found.items[id_]
        assert item.key == row["issue_key"]
        assert (item.parent_id or "0") == row["parent_id"]
        sprint = [one for kind, one in item.milestones if kind is MilestoneKind.SPRINT]
        assert sprint == ([] if row["sprint_id"] == "0" else [row["sprint_id"]])
    assert found.issues == []


def test_links_of_a_data_center(peer_data: Path, tables: Path) -> None:
    """DevLake tells the side of each issue; we tell a direction, the same from both ends."""
    found = normalized(devlake_data_center(peer_data))
    right = set()
    for row in rows(tables / "_tool_jira_issue_relationships.csv"):
        issue, inward, outward = row["issue_id"], row["inward_issue_id"], row["outward_issue_id"]
        ends = (issue, outward) if outward != "0" else (inward, issue)
        right.add((issue, *ends, row["type_name"]))
    ours = {
        (item, link.from_id, link.to_id, link.raw_kind)
        for item, links in found.links.items()
        for link in links
    }
    assert ours == right
    kinds = {link.raw_kind: link.kind for links in found.links.values() for link in links}
    assert kinds == {
        "Blocks": LinkKind.BLOCKS,
        "Cloners": LinkKind.CLONES,
        "Duplicate": LinkKind.DUPLICATES,
        "Relates": LinkKind.RELATES,
    }
    both = {link.source_id: link for links in found.links.values() for link in links}
    for links in found.links.values():
        for link in links:
            assert (link.from_id, link.to_id) == (
                both[link.source_id].from_id,
                both[link.source_id].to_id,
            )


def test_inline_histories_of_a_data_center_are_whole(peer_data: Path) -> None:
    recording = devlake_data_center(peer_data)
    found = normalized(recording)
    assert {one.history for one in found.items.values()} == {HistoryState.COMPLETE}
    for raw in recording.issues:
        told = sum(len(entry["items"]) for entry in raw["changelog"]["histories"])
        assert len(found.histories[raw["id"]].events) == told
    fields = Counter(e.field for one in found.histories.values() for e in one.events)
    # Two of the 18 changes took a link away again: 16 links are left.
    assert fields[EventField.LINK] == 18


def test_the_raw_tables_hold_what_these_tests_think(peer_data: Path) -> None:
    """33 issues were recorded, three of them from another site."""
    raw, _ = devlake_tables(peer_data)
    assert len(payloads(raw / "_raw_jira_api_issues.csv")) == 33
    assert len(payloads(raw / "_raw_jira_api_issues.csv", connection=2)) == 30
