"""GitHub's payloads in both shapes: equal records, each value as the vendor means it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from mappings import github, github_ci
from mappings.code_records import (
    ChangeCommits,
    ChangeFiles,
    ChangeRequest,
    Checks,
    Commits,
    Deployment,
    PipelineRun,
    Pushes,
    References,
    Release,
    RequiredChecks,
    Reviews,
    RunJobs,
)
from mappings.github_out import Out
from mappings.load import load
from mappings.records import (
    Account,
    DataIssue,
    FieldEvent,
    History,
    Links,
    Lookups,
    Milestone,
    Scope,
    Status,
    WorkItem,
)
from mappings.registry import get
from mappings.schema import MappingTable
from mappings.vocabulary import (
    ChangeState,
    CheckSource,
    Conclusion,
    DeploymentState,
    EventField,
    FileChange,
    HistoryState,
    ItemType,
    LinkKind,
    MergeMethod,
    MilestoneKind,
    MilestoneState,
    Origin,
    PipelineKind,
    Priority,
    RefKind,
    RefSource,
    ReviewVerdict,
    StatusCategory,
)

TABLE = load([get("github").defaults])
REPOSITORY = {"id": "77", "name": "acme/shop", "private": False}
MILESTONES = {"1.0": ["77:3"], "Twice": ["77:4", "77:5"]}
AT = "2026-02-03T04:05:06Z"
WHEN = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
ANA = {"login": "ana", "id": 11, "type": "User", "html_url": "https://github.com/ana"}
ANA_Q = {
    "__typename": "User",
    "login": "ana",
    "databaseId": 11,
    "url": "https://github.com/ana",
}
BOT = {
    "login": "dependabot[bot]",
    "id": 12,
    "type": "Bot",
    "html_url": "https://github.com/apps/dependabot",
}
BOT_Q = {
    "__typename": "Bot",
    "login": "dependabot",
    "databaseId": 12,
    "url": "https://github.com/apps/dependabot",
}


def records(
    stream: str, payload: dict[str, Any], mapping: MappingTable = TABLE, zone: str = "UTC"
) -> Sequence[Any]:
    lookups = github.build_lookups(
        (), (), mapping=mapping, extra={"milestones": MILESTONES}, time_zone=zone, base_url=""
    )
    found = github.normalize(stream, orjson.dumps(payload), mapping, lookups)
    assert found == github.normalize(stream, payload, mapping, lookups)
    return found


def rest(content: dict[str, Any]) -> dict[str, Any]:
    return {"__api": "rest", "__repository": REPOSITORY, **content}


def graphql(content: dict[str, Any]) -> dict[str, Any]:
    return {"__api": "graphql", "__repository": REPOSITORY, **content}


def only(found: Sequence[Any], kind: type[Any]) -> Any:
    (one,) = [one for one in found if isinstance(one, kind)]
    return one


def both(
    stream: str, left: dict[str, Any], right: dict[str, Any], mapping: MappingTable = TABLE
) -> Sequence[Any]:
    """Records of one thing told by both APIs, which must be equal."""
    mine, other = records(stream, rest(left), mapping), records(stream, graphql(right), mapping)
    assert sorted(map(repr, mine)) == sorted(map(repr, other))
    return mine


# --- issues ---------------------------------------------------------------------------------


def issue_rest(**changes: Any) -> dict[str, Any]:
    return {
        "id": 501,
        "number": 7,
        "title": "Cart \x00 is empty",
        "body": "It is\r\n",
        "state": "open",
        "state_reason": None,
        "created_at": AT,
        "updated_at": AT,
        "closed_at": None,
        "html_url": "https://github.com/acme/shop/issues/7",
        "user": ANA,
        "assignees": [ANA],
        "labels": [{"name": "bug"}, {"name": "P1"}],
        "milestone": {"id": 9000, "number": 3, "title": "1.0"},
        **changes,
    }


def issue_graphql(**changes: Any) -> dict[str, Any]:
    return {
        "databaseId": 501,
        "fullDatabaseId": "501",
        "number": 7,
        "title": "Cart \x00 is empty",
        "body": "It is\r\n",
        "state": "OPEN",
        "stateReason": None,
        "createdAt": AT,
        "updatedAt": AT,
        "closedAt": None,
        "url": "https://github.com/acme/shop/issues/7",
        "author": ANA_Q,
        "assignees": {"nodes": [ANA_Q]},
        "labels": {"nodes": [{"name": "P1"}, {"name": "bug"}]},
        "milestone": {"number": 3, "title": "1.0"},
        "parent": None,
        **changes,
    }


def test_an_issue_is_the_same_from_both_apis() -> None:
    found = both("issues", issue_rest(), issue_graphql())
    item = only(found, WorkItem)
    assert item.source_id == "501"
    assert (item.key, item.scope_id) == ("acme/shop#7", "77")
    assert item.title == "Cart  is empty"
    assert (item.item_type, item.raw_type) == (ItemType.DEFECT, "bug")
    assert (item.priority, item.raw_priority) == (Priority.HIGH, "p1")
    assert (item.status_category, item.raw_status_id) == (StatusCategory.TODO, "open")
    assert item.milestones == ((MilestoneKind.MILESTONE, "77:3"),)
    assert (item.assignee_id, item.reporter_id) == ("11", "11")
    assert item.created_at == WHEN
    assert item.labels == ("P1", "bug")
    account = only(found, Account)
    assert (account.login, account.is_bot) == ("ana", False)


@pytest.mark.parametrize(
    ("reason", "category", "id_"),
    [
        ("completed", StatusCategory.DONE, "closed:completed"),
        ("not_planned", StatusCategory.CANCELLED, "closed:not_planned"),
        ("duplicate", StatusCategory.CANCELLED, "closed:duplicate"),
        (None, StatusCategory.DONE, "closed"),
        ("something_new", StatusCategory.DONE, "closed:something_new"),
    ],
)
def test_a_closed_issue_is_done_or_dropped(
    reason: str | None, category: StatusCategory, id_: str
) -> None:
    found = both(
        "issues",
        issue_rest(state="closed", state_reason=reason, closed_at=AT),
        issue_graphql(state="CLOSED", stateReason=reason and reason.upper(), closedAt=AT),
    )
    item = only(found, WorkItem)
    assert (item.status_category, item.raw_status_id) == (category, id_)
    assert item.resolved_at == WHEN
    assert item.resolution == reason


def test_an_open_issue_may_be_in_review_by_its_label() -> None:
    item = only(
        both(
            "issues",
            issue_rest(labels=[{"name": "In Review"}, {"name": "wip"}]),
            issue_graphql(labels={"nodes": [{"name": "wip"}, {"name": "In Review"}]}),
        ),
        WorkItem,
    )
    assert item.status_category is StatusCategory.IN_REVIEW
    assert (item.raw_status_id, item.code_complete) == ("label:in review", True)


def test_the_type_of_an_organisation_wins_over_labels() -> None:
    item = only(
        both(
            "issues", issue_rest(type={"name": "Epic"}), issue_graphql(issueType={"name": "Epic"})
        ),
        WorkItem,
    )
    assert (item.item_type, item.raw_type) == (ItemType.EPIC, "Epic")


def test_an_unknown_type_is_said_with_the_line_to_add() -> None:
    found = both(
        "issues",
        issue_rest(type={"name": "Chore"}, labels=[]),
        issue_graphql(issueType={"name": "Chore"}, labels={"nodes": []}),
    )
    assert only(found, WorkItem).item_type is ItemType.UNKNOWN
    assert '"Chore" = "task"' in only(found, DataIssue).message


def test_a_deleted_account_is_nobody() -> None:
    """B58: An author who is missing makes no account."""
    found = both(
        "issues", issue_rest(user=None, assignees=[]), issue_graphql(author=None, assignees=None)
    )
    item = only(found, WorkItem)
    assert (item.reporter_id, item.assignee_id) == (None, None)
    assert not [one for one in found if isinstance(one, Account)]


def test_a_robot_has_one_name_in_both_apis() -> None:
    found = both("issues", issue_rest(user=BOT), issue_graphql(author=BOT_Q))
    robot = next(one for one in found if isinstance(one, Account) and one.source_id == "12")
    assert (robot.login, robot.is_bot) == ("dependabot", True)


def test_a_parent_is_named_by_what_each_api_gives() -> None:
    parent = "https://api.github.com/repos/acme/plan/issues/3"
    item = only(records("issues", rest(issue_rest(parent_issue_url=parent))), WorkItem)
    assert item.parent_id == "key:acme/plan#3"
    told = {"databaseId": 88, "number": 3, "repository": {"nameWithOwner": "acme/plan"}}
    assert only(records("issues", graphql(issue_graphql(parent=told))), WorkItem).parent_id == "88"


def test_what_blocks_an_issue_is_a_link_from_the_one_that_blocks() -> None:
    """GraphQL tells it with the issue, REST with the history."""
    blocker = {"databaseId": 88, "number": 3, "repository": {"nameWithOwner": "acme/plan"}}
    told_of = graphql(issue_graphql(blockedBy={"nodes": [blocker]}))
    found = only(records("issues", told_of), Links)
    (link,) = found.links
    assert (link.from_id, link.to_id, link.kind) == ("88", "501", LinkKind.BLOCKS)
    by_rest = rest({"id": "501", "events": [], "blocked_by": [{"id": 88, "number": 3}]})
    assert only(records("histories", by_rest), Links) == found
    free = rest({"id": "501", "events": [], "blocked_by": []})
    assert only(records("histories", free), Links).links == ()
    assert not [one for one in records("issues", graphql(issue_graphql())) if type(one) is Links]


def test_a_body_that_says_nothing_is_no_text() -> None:
    for body in (None, ""):
        item = only(both("issues", issue_rest(body=body), issue_graphql(body=body)), WorkItem)
        assert item.text_hash is None


def test_a_pull_request_among_the_issues_is_no_work_item() -> None:
    assert not records("issues", rest(issue_rest(pull_request={"url": "x"})))


def test_a_private_repositorys_issues_are_restricted() -> None:
    payload = {**rest(issue_rest()), "__repository": {**REPOSITORY, "private": True}}
    assert only(records("issues", payload), WorkItem).restricted is True


def test_a_date_that_is_none_is_left_empty_and_said() -> None:
    found = both("issues", issue_rest(created_at="yesterday"), issue_graphql(createdAt="yesterday"))
    assert only(found, WorkItem).created_at is None
    assert only(found, DataIssue).kind == "bad-date"


# --- histories ------------------------------------------------------------------------------


def told(
    kind: str, name: str, minute: int, more_rest: dict[str, Any], more_graphql: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """One event in both shapes."""
    at = f"2026-02-03T04:{minute:02}:00Z"
    id_ = f"E_{minute}"
    return (
        {
            "id": minute,
            "node_id": id_,
            "event": kind,
            "created_at": at,
            "actor": ANA,
            **more_rest,
        },
        {"__typename": name, "id": id_, "createdAt": at, "actor": ANA_Q, **more_graphql},
    )


def history(
    *events: tuple[dict[str, Any], dict[str, Any]], mapping: MappingTable = TABLE
) -> History:
    found: History = only(
        both(
            "histories",
            {"id": "501", "events": [one for one, _ in events]},
            {"id": "501", "events": [one for _, one in events]},
            mapping,
        ),
        History,
    )
    return found


def facts(event: FieldEvent) -> tuple[Any, ...]:
    return (event.field, event.old_ids, event.new_ids, event.old_text, event.new_text)


def test_states_follow_each_other() -> None:
    found = history(
        told(
            "closed", "ClosedEvent", 1, {"state_reason": "completed"}, {"stateReason": "COMPLETED"}
        ),
        told("reopened", "ReopenedEvent", 2, {}, {}),
        told("closed", "ClosedEvent", 3, {"state_reason": None}, {"stateReason": None}),
    )
    assert found.state is HistoryState.COMPLETE
    assert [(one.field, one.old_ids, one.new_ids) for one in found.events] == [
        (EventField.STATUS, ("open",), ("closed:completed",)),
        (EventField.STATUS, ("closed:completed",), ("open",)),
        (EventField.STATUS, ("open",), ("closed",)),
    ]
    assert found.events[0].at == datetime(2026, 2, 3, 4, 1, tzinfo=UTC)
    assert found.events[0].actor_id == "11"


def test_a_label_that_stands_for_a_status_moves_it() -> None:
    label = {"label": {"name": "In Progress"}}
    other = {"label": {"name": "bug"}}
    found = history(
        told("labeled", "LabeledEvent", 1, other, other),
        told("labeled", "LabeledEvent", 2, label, label),
        told(
            "closed", "ClosedEvent", 3, {"state_reason": "completed"}, {"stateReason": "COMPLETED"}
        ),
        told("unlabeled", "UnlabeledEvent", 4, label, label),
        told("reopened", "ReopenedEvent", 5, {}, {}),
    )
    assert [one.new_text for one in found.events if one.field is EventField.LABELS] == [
        "bug",
        "In Progress",
        None,
    ]
    moves = [one for one in found.events if one.field is EventField.STATUS]
    assert [(one.old_ids[0], one.new_ids[0]) for one in moves] == [
        ("open", "label:in progress"),
        ("label:in progress", "closed:completed"),
        ("closed:completed", "open"),
    ]
    assert len({one.source_event_id for one in found.events}) == len(found.events)


@pytest.mark.parametrize(
    ("title", "ids", "origin"),
    [
        ("1.0", ("77:3",), Origin.INFERRED),
        ("Twice", (), Origin.INFERRED),
        ("Gone", (), Origin.INFERRED),
    ],
)
def test_a_milestone_is_found_by_its_title_if_one_alone_has_it(
    title: str, ids: tuple[str, ...], origin: Origin
) -> None:
    found = history(
        told(
            "milestoned",
            "MilestonedEvent",
            1,
            {"milestone": {"title": title}},
            {"milestoneTitle": title},
        ),
        told(
            "demilestoned",
            "DemilestonedEvent",
            2,
            {"milestone": {"title": title}},
            {"milestoneTitle": title},
        ),
    )
    into, out_of = found.events
    assert facts(into) == (EventField.MILESTONE, (), ids, None, title)
    assert facts(out_of) == (EventField.MILESTONE, ids, (), title, None)
    assert into.is_delta
    assert into.origin is origin


def test_titles_of_the_repository_it_came_from_mean_nothing_here() -> None:
    """Found on the simulated company: both had a milestone of that title."""

    def milestoned(number: int) -> Any:
        title = {"title": "1.0"}
        return told(
            "milestoned",
            "MilestonedEvent",
            number,
            {"milestone": title},
            {"milestoneTitle": "1.0"},
        )

    found = history(
        milestoned(1), told("transferred", "TransferredEvent", 2, {}, {}), milestoned(3)
    )
    before, _, after = found.events
    assert facts(before) == (EventField.OTHER, (), (), None, "1.0")
    assert facts(after) == (EventField.MILESTONE, (), ("77:3",), None, "1.0")


def test_people_titles_and_types_are_told() -> None:
    found = history(
        told("assigned", "AssignedEvent", 1, {"assignee": ANA}, {"assignee": ANA_Q}),
        told("unassigned", "UnassignedEvent", 2, {"assignee": None}, {"assignee": None}),
        told(
            "renamed",
            "RenamedTitleEvent",
            3,
            {"rename": {"from": "a", "to": "b"}},
            {"previousTitle": "a", "currentTitle": "b"},
        ),
        told(
            "issue_type_changed",
            "IssueTypeChangedEvent",
            4,
            {"issue_type": {"name": "Bug"}, "prev_issue_type": {"name": "Task"}},
            {"issueType": {"name": "Bug"}, "prevIssueType": {"name": "Task"}},
        ),
        told("converted_to_discussion", "ConvertedToDiscussionEvent", 5, {}, {}),
        told("subscribed", "SubscribedEvent", 6, {}, {}),
    )
    assert [facts(one) for one in found.events] == [
        (EventField.ASSIGNEE, (), ("11",), None, "ana"),
        (EventField.ASSIGNEE, (), (), None, None),
        (EventField.TITLE, (), (), "a", "b"),
        (EventField.TYPE, (), (), "Task", "Bug"),
        (EventField.OTHER, (), (), None, None),
    ]


def test_a_parent_and_a_transfer_are_told() -> None:
    parent = {"databaseId": 88, "number": 3}
    _, added = told("x", "ParentIssueAddedEvent", 1, {}, {"parent": parent})
    _, moved = told(
        "x",
        "TransferredEvent",
        2,
        {},
        {"fromRepository": {"databaseId": 66, "nameWithOwner": "acme/old"}},
    )
    found = only(records("histories", graphql({"id": "1", "events": [added, moved]})), History)
    assert [facts(one) for one in found.events] == [
        (EventField.PARENT, (), ("88",), None, "#3"),
        (EventField.PROJECT, ("66",), ("77",), "acme/old", None),
    ]


def test_an_event_without_a_time_makes_a_history_partial() -> None:
    good = told("reopened", "ReopenedEvent", 1, {}, {})
    bad = ({**good[0], "created_at": "soon"}, {**good[1], "createdAt": "soon"})
    found = history(bad)
    assert found.state is HistoryState.PARTIAL
    assert "1 of its changes" in (found.reason or "")


def test_a_history_that_could_not_be_read_is_unavailable() -> None:
    found = only(
        records("histories", rest({"id": "1", "events": {"unavailable": "no", "status": 403}})),
        History,
    )
    assert (found.state, found.reason) == (HistoryState.UNAVAILABLE, "no")


# --- small entities -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due_on", "day"),
    [
        ("2026-03-31T07:00:00Z", date(2026, 3, 31)),
        ("2026-12-31T08:00:00Z", date(2026, 12, 31)),
        ("2026-04-01T06:59:59Z", date(2026, 3, 31)),
        (None, None),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_a_due_day_is_that_of_california_whoever_chose_it(
    due_on: str | None, day: date | None, zone: str
) -> None:
    payload = rest({"number": 3, "title": "1.0", "state": "open", "due_on": due_on})
    found = only(records("milestones", payload, zone=zone), Milestone)
    assert found.due_date == day
    assert (found.source_id, found.scope_id) == ("77:3", "77")
    assert found.state is MilestoneState.ACTIVE


def test_a_milestone_in_a_new_state_counts_as_open_and_is_said() -> None:
    found = records("milestones", rest({"number": 3, "title": "x", "state": "paused"}))
    assert only(found, Milestone).state is MilestoneState.UNKNOWN
    assert only(found, DataIssue).kind == "unknown-state"


def test_states_and_labels_that_stand_for_states_are_statuses() -> None:
    done = only(records("statuses", {"id": "closed:completed", "state": "closed"}), Status)
    assert (done.category, done.raw_category) == (StatusCategory.DONE, "closed")
    labels = records("statuses", {"id": "labels"})
    held = {one.source_id: one.category for one in labels}
    assert held["label:in progress"] is StatusCategory.IN_PROGRESS


def test_a_repository_is_a_scope() -> None:
    told = {"id": 77, "full_name": "acme/shop", "name": "shop", "archived": True, "private": True}
    found = only(records("repositories", {**told, "default_branch": "trunk"}), Scope)
    assert (found.key, found.archived, found.raw_type) == ("acme/shop", True, "private")
    assert found.default_branch == "trunk"


def test_a_tag_is_a_release_with_or_without_words() -> None:
    tag = {"name": "v1", "commit": {"sha": "abc"}}
    plain = only(records("releases", rest({"tag": tag, "release": None})), Release)
    assert (plain.source_id, plain.sha, plain.release_id) == ("tag:v1", "abc", None)
    told_of = {"id": 5, "tag_name": "v1", "name": "One", "published_at": AT, "prerelease": True}
    found = only(records("releases", rest({"tag": tag, "release": told_of})), Release)
    assert (found.release_id, found.published_at, found.is_prerelease) == ("5", WHEN, True)


def test_a_deployment_stands_where_it_was_told_last() -> None:
    found = only(
        records(
            "deployments",
            graphql(
                {
                    "databaseId": 9,
                    "createdAt": AT,
                    "environment": "production",
                    "state": "ACTIVE",
                    "commitOid": "abc",
                    "ref": {"name": "main"},
                    "latestStatus": {"state": "SUCCESS", "createdAt": AT},
                }
            ),
        ),
        Deployment,
    )
    assert (found.state, found.sha, found.finished_at) == (DeploymentState.SUCCESS, "abc", WHEN)
    waiting = graphql({"databaseId": 9, "state": "WAITING", "latestStatus": None})
    assert only(records("deployments", waiting), Deployment).state is DeploymentState.PENDING


def test_required_checks_come_from_protection_and_rules() -> None:
    protection = {"protection": {"required_status_checks": {"contexts": ["unit", "lint"]}}}
    rules = [
        {
            "type": "required_status_checks",
            "parameters": {"required_status_checks": [{"context": "e2e"}, {"context": "unit"}]},
        },
        {"type": "deletion"},
    ]
    payload = rest({"branch": "main", "protection": protection, "rules": rules})
    found = only(records("required_checks", payload), RequiredChecks)
    assert (found.names, found.state) == (("e2e", "lint", "unit"), HistoryState.COMPLETE)
    cut = rest({"branch": "main", "protection": {"unavailable": "no"}, "rules": rules})
    assert only(records("required_checks", cut), RequiredChecks).state is HistoryState.PARTIAL


# --- pull requests --------------------------------------------------------------------------


def pull_rest(**changes: Any) -> dict[str, Any]:
    return {
        "id": 601,
        "number": 12,
        "title": "ABC-1 Fill the cart",
        "body": "Fixes #7",
        "state": "closed",
        "draft": False,
        "created_at": AT,
        "updated_at": AT,
        "closed_at": AT,
        "merged_at": AT,
        "html_url": "https://github.com/acme/shop/pull/12",
        "user": ANA,
        "merged_by": ANA,
        "assignees": [],
        "labels": [],
        "milestone": None,
        "merge_commit_sha": "m" * 40,
        "head": {"ref": "abc-1-cart", "sha": "h" * 40, "repo": {"id": 78}},
        "base": {"ref": "main", "sha": "b" * 40},
        "additions": 3,
        "deletions": 1,
        "changed_files": 2,
        "commits": 2,
        **changes,
    }


def commit_rest(sha: str, message: str, parents: Sequence[str], tree: str = "t") -> dict[str, Any]:
    stamp = {"date": AT, "name": "Ana", "email": "ana@example.net"}
    return {
        "sha": sha,
        "commit": {"message": message, "tree": {"sha": tree}, "author": stamp, "committer": stamp},
        "author": ANA,
        "parents": [{"sha": one} for one in parents],
    }


def commit_graphql(sha: str, message: str, parents: Sequence[str], tree: str = "t") -> Any:
    return {
        "oid": sha,
        "message": message,
        "tree": {"oid": tree},
        "authoredDate": AT,
        "committedDate": AT,
        "author": {"user": ANA_Q},
        "parents": {"nodes": [{"oid": one} for one in parents]},
    }


def pull_graphql(landed: Any, tip: Any, count: int, **changes: Any) -> dict[str, Any]:
    return {
        "databaseId": 601,
        "fullDatabaseId": "601",
        "number": 12,
        "title": "ABC-1 Fill the cart",
        "body": "Fixes #7",
        "state": "MERGED",
        "isDraft": False,
        "createdAt": AT,
        "updatedAt": AT,
        "closedAt": AT,
        "mergedAt": AT,
        "url": "https://github.com/acme/shop/pull/12",
        "author": ANA_Q,
        "mergedBy": ANA_Q,
        "assignees": {"nodes": []},
        "labels": {"nodes": []},
        "milestone": None,
        "mergeCommit": landed,
        "headRefName": "abc-1-cart",
        "headRefOid": "h" * 40,
        "headRepository": {"databaseId": 78},
        "baseRefName": "main",
        "baseRefOid": "b" * 40,
        "additions": 3,
        "deletions": 1,
        "changedFiles": 2,
        "head": {"totalCount": count, "nodes": [{"commit": tip}]},
        **changes,
    }


LANDED, HEAD, BASE = "m" * 40, "h" * 40, "b" * 40


@pytest.mark.parametrize(
    ("sha", "message", "parents", "count", "method", "base", "known"),
    [
        (LANDED, "Merge pull request #12", [BASE, HEAD], 2, "merge", BASE, Origin.SOURCE),
        (LANDED, "Fill the cart (#12)\n\nx", [BASE], 2, "squash", BASE, Origin.INFERRED),
        (LANDED, "Another word", [BASE], 2, "squash", BASE, Origin.INFERRED),
        (LANDED, "last of two", [BASE], 2, "rebase", None, None),
        (LANDED, "last of two", [BASE], 1, "unknown", BASE, Origin.INFERRED),
        (LANDED, "Fill the cart (#99)", [BASE], 1, "unknown", BASE, Origin.INFERRED),
        (HEAD, "last of two", [BASE], 2, "fast_forward", None, None),
    ],
)
def test_how_a_pull_request_landed_is_told_from_its_commits(
    sha: str,
    message: str,
    parents: list[str],
    count: int,
    method: str,
    base: str | None,
    known: Origin | None,
) -> None:
    by_rest = records(
        "change_details",
        rest(
            {
                "id": "601",
                "pull": pull_rest(merge_commit_sha=sha, commits=count),
                "landed": commit_rest(sha, message, parents, "tree-l"),
                "commits": [commit_rest(HEAD, "last of two", ["x"], "tree-h")],
            }
        ),
    )
    by_graphql = records(
        "changes",
        graphql(
            pull_graphql(
                commit_graphql(sha, message, parents, "tree-l"),
                commit_graphql(HEAD, "last of two", ["x"], "tree-h"),
                count,
            )
        ),
    )
    found = only(by_rest, ChangeRequest)
    assert found == only(by_graphql, ChangeRequest)
    assert only(by_rest, Commits) == only(by_graphql, Commits)
    assert found.state is ChangeState.MERGED
    assert found.landed_sha == sha
    assert (found.landed_tree, found.head_tree) == ("tree-l", "tree-h")
    assert found.merge_method is MergeMethod(method)
    assert (found.base_sha_at_merge, found.base_known) == (base, known)
    assert found.head_scope_id == "78"


def test_a_listed_pull_request_leaves_open_what_the_list_does_not_tell() -> None:
    found = records("changes", rest(pull_rest()))
    change = only(found, ChangeRequest)
    assert (change.landed_sha, change.landed_tree) == (LANDED, None)
    assert change.merge_method is MergeMethod.UNKNOWN
    told_refs = only(found, References)
    assert told_refs.sources == (RefSource.BRANCH, RefSource.TITLE, RefSource.BODY)
    assert [(one.kind, one.source, one.target) for one in told_refs.references] == [
        (RefKind.IMPLEMENTS, RefSource.BRANCH, "abc-1"),
        (RefKind.IMPLEMENTS, RefSource.TITLE, "ABC-1"),
        (RefKind.CLOSES, RefSource.BODY, "#7"),
    ]


@pytest.mark.parametrize("base", ["main", "release/3.2"])
def test_what_closes_is_read_whatever_the_base(base: str) -> None:
    """B129: The host itself declares it for the default branch alone."""
    found = records("changes", rest(pull_rest(base={"ref": base, "sha": "b" * 40})))
    closing = [one for one in only(found, References).references if one.kind is RefKind.CLOSES]
    assert [(one.source, one.target) for one in closing] == [(RefSource.BODY, "#7")]


def test_the_test_merge_of_an_open_pull_request_landed_nowhere() -> None:
    """B98: Whether it was merged is told by its time alone."""
    change = only(
        records("changes", rest(pull_rest(state="open", merged_at=None, closed_at=None))),
        ChangeRequest,
    )
    assert change.state is ChangeState.OPEN
    assert (change.landed_sha, change.merge_sha) == (None, None)


def test_a_closed_pull_request_of_a_lost_fork_is_closed() -> None:
    head = {"ref": "x", "sha": HEAD, "repo": None}
    change = only(records("changes", rest(pull_rest(merged_at=None, head=head))), ChangeRequest)
    assert (change.state, change.head_scope_id) == (ChangeState.CLOSED, None)


def test_a_robots_words_close_nothing() -> None:
    found = only(records("changes", rest(pull_rest(user=BOT, title="Bump x"))), References)
    assert not [one for one in found.references if one.kind is RefKind.CLOSES]


# --- details --------------------------------------------------------------------------------

CHECK_REST = {
    "id": 31,
    "name": "unit",
    "status": "completed",
    "conclusion": "failure",
    "started_at": AT,
    "completed_at": AT,
    "details_url": "https://github.com/acme/shop/actions/runs/41/job/5",
    "app": {"slug": "github-actions"},
}
CHECK_GRAPHQL = {
    "__typename": "CheckRun",
    "databaseId": 31,
    "name": "unit",
    "status": "COMPLETED",
    "conclusion": "FAILURE",
    "startedAt": AT,
    "completedAt": AT,
    "detailsUrl": "https://github.com/acme/shop/actions/runs/41/job/5",
    "checkSuite": {"app": {"slug": "github-actions"}, "workflowRun": {"databaseId": 41}},
}
STATUS_REST = {
    "id": 32,
    "node_id": "SC_32",
    "context": "ci/jenkins",
    "state": "error",
    "created_at": AT,
    "target_url": None,
    "creator": ANA,
}
STATUS_GRAPHQL = {
    "__typename": "StatusContext",
    "id": "SC_32",
    "context": "ci/jenkins",
    "state": "ERROR",
    "createdAt": AT,
    "targetUrl": None,
    "creator": ANA_Q,
}


def details_rest(**changes: Any) -> dict[str, Any]:
    older = {**STATUS_REST, "id": 30, "node_id": "SC_30", "state": "pending"}
    return {
        "id": "601",
        "reviews": [
            {
                "id": 21,
                "user": ANA,
                "state": "APPROVED",
                "commit_id": HEAD,
                "submitted_at": AT,
                "html_url": "https://x/r21",
            },
            {"id": 22, "user": None, "state": "DISMISSED", "commit_id": HEAD, "submitted_at": AT},
        ],
        "commits": [commit_rest(HEAD, "ABC-2 Fill\n\nFixes #9", [BASE])],
        "files": [
            {"filename": "a.py", "status": "added", "additions": 3, "deletions": 0},
            {"filename": "b.py", "status": "removed", "additions": 0, "deletions": 1},
            {"filename": "c.py", "status": "changed", "additions": 0, "deletions": 0},
        ],
        "events": [
            {
                "event": "head_ref_force_pushed",
                "node_id": "E_1",
                "created_at": AT,
                "actor": ANA,
                "commit_id": HEAD,
            },
            {"event": "merged", "node_id": "E_2", "created_at": AT, "actor": ANA},
        ],
        "closing": {"unavailable": "only GraphQL tells"},
        "head_checks": {
            "sha": HEAD,
            "check_runs": [CHECK_REST],
            "statuses": [STATUS_REST, older],
        },
        "landed_checks": None,
        "counts": {"commits": 1, "files": 3},
        **changes,
    }


def details_graphql(**changes: Any) -> dict[str, Any]:
    return {
        "id": "601",
        "reviews": [
            {
                "databaseId": 21,
                "author": ANA_Q,
                "state": "APPROVED",
                "commit": {"oid": HEAD},
                "submittedAt": AT,
                "url": "https://x/r21",
            },
            {
                "databaseId": 22,
                "author": None,
                "state": "DISMISSED",
                "commit": {"oid": HEAD},
                "submittedAt": AT,
            },
        ],
        "commits": [{"commit": commit_graphql(HEAD, "ABC-2 Fill\n\nFixes #9", [BASE])}],
        "files": [
            {"path": "a.py", "changeType": "ADDED", "additions": 3, "deletions": 0},
            {"path": "b.py", "changeType": "DELETED", "additions": 0, "deletions": 1},
            {"path": "c.py", "changeType": "CHANGED", "additions": 0, "deletions": 0},
        ],
        "events": [
            {
                "__typename": "HeadRefForcePushedEvent",
                "id": "E_1",
                "createdAt": AT,
                "actor": ANA_Q,
                "afterCommit": {"oid": HEAD},
                "beforeCommit": None,
            },
            {"__typename": "MergedEvent", "id": "E_2", "createdAt": AT, "actor": ANA_Q},
        ],
        "closing": {"unavailable": "for this test"},
        "head_checks": {"sha": HEAD, "contexts": [CHECK_GRAPHQL, STATUS_GRAPHQL]},
        "landed_checks": None,
        "counts": {"commits": 1, "files": 3},
        **changes,
    }


def test_details_are_the_same_from_both_apis() -> None:
    """B114: Checks and statuses are two shapes of one thing."""
    found = both("change_details", details_rest(), details_graphql())
    reviews = only(found, Reviews)
    assert [(one.source_id, one.reviewer_id, one.verdict) for one in reviews.reviews] == [
        ("21", "11", ReviewVerdict.APPROVED),
        ("22", None, ReviewVerdict.DISMISSED),
    ]
    commits = only(found, ChangeCommits)
    assert [(one.sha, one.subject) for one in commits.commits] == [(HEAD, "ABC-2 Fill")]
    assert [(one.path, one.change) for one in only(found, ChangeFiles).files] == [
        ("a.py", FileChange.ADDED),
        ("b.py", FileChange.REMOVED),
        ("c.py", FileChange.MODIFIED),
    ]
    (push,) = only(found, Pushes).pushes
    assert (push.is_force, push.after_sha, push.actor_id) == (True, HEAD, "11")
    refs = only(found, References)
    assert refs.sources == (RefSource.COMMIT,)
    assert [(one.kind, one.target) for one in refs.references] == [
        (RefKind.IMPLEMENTS, "ABC-2"),
        (RefKind.CLOSES, "#9"),
    ]
    runs, statuses = (one for one in found if isinstance(one, Checks))
    (run,) = runs.results
    assert (run.source, run.conclusion) == (CheckSource.CHECK_RUN, Conclusion.FAILURE)
    assert (run.app, run.run_id) == ("github-actions", "41")
    # Of two statuses of one context the later one holds.
    (status,) = statuses.results
    assert (status.source_id, status.conclusion) == ("SC_32", Conclusion.FAILURE)


def test_what_github_declares_is_a_reference_with_its_id() -> None:
    closing = [{"databaseId": 501, "number": 7, "repository": {"nameWithOwner": "acme/plan"}}]
    refs = only(records("change_details", graphql(details_graphql(closing=closing))), References)
    assert refs.sources == (RefSource.COMMIT, RefSource.DECLARED)
    told_of = refs.references[-1]
    assert (told_of.kind, told_of.target, told_of.target_id) == (
        RefKind.CLOSES,
        "acme/plan#7",
        "501",
    )


def test_no_check_at_all_is_a_known_empty_set() -> None:
    found = both(
        "change_details",
        details_rest(head_checks={"sha": HEAD, "check_runs": [], "statuses": []}),
        details_graphql(head_checks={"sha": HEAD, "contexts": []}),
    )
    checks = [one for one in found if isinstance(one, Checks)]
    assert [(one.state, one.results) for one in checks] == [(HistoryState.COMPLETE, ())] * 2


def test_parts_that_could_not_be_read_are_unavailable() -> None:
    gone = {"unavailable": "the token has no permission", "status": 403}
    parts = dict.fromkeys(("reviews", "commits", "files", "events", "closing"), gone)
    found = both(
        "change_details",
        details_rest(**parts, head_checks={"sha": HEAD, "check_runs": gone, "statuses": gone}),
        details_graphql(**parts, head_checks={"sha": HEAD, **gone}),
    )
    states = [one.state for one in found if hasattr(one, "state")]
    assert len(states) == 6
    assert set(states) == {HistoryState.UNAVAILABLE}
    assert not [one for one in found if isinstance(one, References)]


def test_a_list_shorter_than_its_count_is_partial() -> None:
    """B22: The host cuts long lists of files and commits."""
    counts = {"commits": 300, "files": 3200}
    found = both("change_details", details_rest(counts=counts), details_graphql(counts=counts))
    assert only(found, ChangeCommits).state is HistoryState.PARTIAL
    files = only(found, ChangeFiles)
    assert files.state is HistoryState.PARTIAL
    assert files.reason == "the server lists 3 of 3200 files"


def test_one_commit_at_head_and_landed_is_told_once() -> None:
    checks = {"sha": HEAD, "contexts": [CHECK_GRAPHQL]}
    found = records(
        "change_details", graphql(details_graphql(head_checks=checks, landed_checks=checks))
    )
    assert len([one for one in found if isinstance(one, Checks)]) == 2


# --- runs and jobs --------------------------------------------------------------------------


def run(**changes: Any) -> PipelineRun:
    payload = {
        "id": 41,
        "name": "CI",
        "event": "pull_request",
        "status": "completed",
        "conclusion": "success",
        "run_attempt": 2,
        "head_sha": HEAD,
        "head_branch": "abc-1-cart",
        "created_at": AT,
        "run_started_at": AT,
        "updated_at": AT,
        "pull_requests": [{"number": 12}, {"number": 3}],
        **changes,
    }
    found: PipelineRun = only(records("runs", rest(payload)), PipelineRun)
    return found


def test_a_run_is_its_latest_attempt() -> None:
    found = run()
    assert (found.source_id, found.attempt, found.change_numbers) == ("41", 2, (3, 12))
    assert (found.kind, found.finished_at) == (PipelineKind.CHANGE, WHEN)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("push", PipelineKind.BRANCH),
        ("merge_group", PipelineKind.TRAIN),
        ("schedule", PipelineKind.SCHEDULE),
        ("workflow_dispatch", PipelineKind.OTHER),
        (None, PipelineKind.UNKNOWN),
    ],
)
def test_what_a_run_was_started_for(event: str | None, kind: PipelineKind) -> None:
    assert run(event=event).kind is kind


@pytest.mark.parametrize(
    ("status", "ended", "conclusion"),
    [
        ("completed", "startup_failure", Conclusion.FAILURE),
        ("completed", "timed_out", Conclusion.TIMED_OUT),
        ("completed", "action_required", Conclusion.ACTION_REQUIRED),
        ("completed", "stale", Conclusion.STALE),
        ("completed", "skipped", Conclusion.SKIPPED),
        ("in_progress", None, Conclusion.PENDING),
        ("waiting", None, Conclusion.PENDING),
        ("completed", None, Conclusion.UNKNOWN),
    ],
)
def test_how_a_run_ended(status: str, ended: str | None, conclusion: Conclusion) -> None:
    """B113, B123: The status comes first; every word of the vendor has one meaning."""
    found = run(status=status, conclusion=ended)
    assert found.conclusion is conclusion
    assert (found.finished_at is None) is (status != "completed")


def test_a_new_word_for_an_end_is_no_evidence_and_said() -> None:
    found = records(
        "runs", rest({"id": 1, "status": "completed", "conclusion": "fine", "updated_at": AT})
    )
    assert only(found, PipelineRun).conclusion is Conclusion.UNKNOWN
    assert only(found, DataIssue).kind == "unknown-conclusion"


def test_a_job_that_was_run_again_is_superseded() -> None:
    """B124: An attempt belongs to its job: not every job runs again."""
    job = {"name": "unit", "status": "completed", "head_sha": HEAD, "run_id": 41}
    payload = rest(
        {
            "id": "41",
            "jobs": [
                {**job, "id": 1, "run_attempt": 1, "conclusion": "failure"},
                {**job, "id": 2, "run_attempt": 2, "conclusion": "success"},
                {**job, "id": 3, "run_attempt": 1, "conclusion": "success", "name": "lint"},
            ],
        }
    )
    found = only(records("jobs", payload), RunJobs)
    assert [(one.source_id, one.is_superseded, one.attempt) for one in found.results] == [
        ("1", True, 1),
        ("2", False, 2),
        ("3", False, 1),
    ]


# --- whatever comes -------------------------------------------------------------------------


@pytest.mark.parametrize("stream", sorted(github._STREAMS))
@pytest.mark.parametrize("payload", [b"{}", b"[]", b"nonsense", b"", b'{"__api":"graphql"}'])
def test_a_useless_payload_is_one_data_issue(stream: str, payload: bytes) -> None:
    lookups = github.build_lookups((), (), mapping=TABLE, extra={}, time_zone="UTC", base_url="")
    (found,) = github.normalize(stream, payload, TABLE, lookups)
    assert isinstance(found, DataIssue)
    assert found.kind == "bad-payload"


def test_a_stream_without_records_gives_none() -> None:
    assert not records("census", {"id": 1})


def test_the_readers_own_layer_wins(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[status]\nopen = "in_progress"\n[status_label]\nlater = "todo"\n')
    mapping = load([get("github").defaults, file])
    item = only(records("issues", rest(issue_rest()), mapping), WorkItem)
    assert item.status_category is StatusCategory.IN_PROGRESS
    later = rest(issue_rest(labels=[{"name": "Later"}]))
    assert only(records("issues", later, mapping), WorkItem).status_category is StatusCategory.TODO


@pytest.mark.parametrize(
    ("context", "description", "coverage"),
    [
        ("codecov/project", "85.30% (+0.10%) compared to 1a2b3c4", 85.3),
        ("coverage/coveralls", "Coverage increased (+0.2%) to 91.0%", 91.0),
        ("codecov/patch", "100% of diff hit (target 80%)", None),
        ("codecov/project", "No report found to compare against", None),
        ("ci/build", "Built 99% of it", None),
        ("coverage", "400%", None),
    ],
)
def test_coverage_stands_in_what_a_service_says(
    context: str, description: str, coverage: float | None
) -> None:
    status = {"id": 5, "context": context, "state": "success", "description": description}
    (_, found) = github_ci.checks_by_rest(
        {"sha": "a" * 40, "check_runs": [], "statuses": [status]}, "1", Out(TABLE, Lookups())
    )
    assert [one.coverage for one in found.results] == [coverage]
