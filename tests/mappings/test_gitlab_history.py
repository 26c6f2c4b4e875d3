"""GitLab's typed events of issues."""

from datetime import UTC, datetime
from typing import Any

import pytest
from support.gitlab_payloads import every, graphql_issue, issues, made, only, rest_issue, user

from mappings.records import FieldEvent, History, Link, Links
from mappings.vocabulary import EventField, HistoryState, LinkKind


def event(id_: int, day: int, **more: Any) -> dict[str, Any]:
    at = f"2026-01-{day:02}T10:00:00.500Z"
    return {"id": id_, "user": user(), "created_at": at, **more}


def history(**parts: Any) -> dict[str, Any]:
    absent = {"unavailable": "not a part of this server's edition", "status": 404}
    empty = {"state": [], "label": [], "milestone": [], "iteration": absent, "weight": absent}
    return {"__api": "rest", "id": "501", "iid": "7", **empty, **parts}


def events(**parts: Any) -> tuple[FieldEvent, ...]:
    return only(made("histories", history(**parts)), History).events


def test_states() -> None:
    closed, reopened = events(state=[event(1, 5, state="closed"), event(2, 6, state="reopened")])
    assert (closed.source_event_id, closed.field) == ("state:1", EventField.STATUS)
    assert (closed.old_ids, closed.new_ids) == (("opened",), ("closed",))
    assert (reopened.old_ids, reopened.new_ids) == (("closed",), ("opened",))
    assert closed.at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert closed.actor_id == "11"


def test_milestones_are_what_was_added_and_what_was_taken_away() -> None:
    one = {"id": 901, "title": "3.2"}
    added, removed = events(
        milestone=[
            event(1, 5, action="add", milestone=one),
            event(2, 6, action="remove", milestone=one),
        ]
    )
    assert (added.new_ids, added.old_ids, added.new_text) == (("901",), (), "3.2")
    assert (removed.new_ids, removed.old_ids, removed.old_text) == ((), ("901",), "3.2")
    assert added.is_delta
    assert added.field is EventField.MILESTONE


@pytest.mark.parametrize("kind", ["label", "milestone"])
def test_what_was_deleted_since_keeps_its_place_as_unknown(kind: str) -> None:
    [found] = events(**{kind: [event(1, 5, action="remove", **{kind: None})]})
    assert (found.old_text, found.old_ids, found.new_ids) == ("unknown", (), ())


def test_labels() -> None:
    [found] = events(label=[event(3, 5, action="add", label={"id": 8, "name": "bug"})])
    assert (found.source_event_id, found.field, found.new_text) == (
        "label:3",
        EventField.LABELS,
        "bug",
    )


def label(id_: int, day: int, action: str, name: str) -> dict[str, Any]:
    return event(id_, day, action=action, label={"id": 8, "name": name})


def test_a_label_that_stands_for_a_status_moves_it() -> None:
    found = events(
        label=[
            label(1, 5, "add", "Doing"),
            label(2, 6, "add", "bug"),
            label(3, 7, "remove", "Doing"),
            label(4, 7, "add", "workflow::in review"),
        ],
        state=[event(1, 8, state="closed"), event(2, 9, state="reopened")],
    )
    moved = [
        (one.source_event_id, *one.old_ids, *one.new_ids)
        for one in found
        if one.field is EventField.STATUS
    ]
    review = "label:workflow::in review"
    assert moved == [
        ("label:1:status", "opened", "label:doing"),
        ("label:3:status", "label:doing", "opened"),
        ("label:4:status", "opened", review),
        ("state:1", review, "closed"),
        ("state:2", "closed", review),
    ]
    assert len({one.source_event_id for one in found}) == len(found)


def test_what_came_before_the_first_event_is_concluded_from_it() -> None:
    reopened, closed = events(state=[event(5, 5, state="reopened"), event(6, 6, state="closed")])
    assert (reopened.old_ids, reopened.new_ids) == (("closed",), ("opened",))
    assert (closed.old_ids, closed.new_ids) == (("opened",), ("closed",))


def test_events_of_one_second_keep_their_order() -> None:
    early = {**event(9, 5, state="closed"), "created_at": "2026-01-05T10:00:00.100Z"}
    late = {**label(1, 5, "add", "Doing"), "created_at": "2026-01-05T10:00:00.900Z"}
    found = events(state=[early], label=[late])
    assert [one.source_event_id for one in found] == ["state:9", "label:1"]


def test_iterations_and_weights() -> None:
    found = events(
        iteration=[event(1, 5, action="add", iteration={"id": 801, "title": None})],
        weight=[event(2, 6, weight=3), event(3, 7, weight=None)],
    )
    assert [(one.source_event_id, one.field) for one in found] == [
        ("iteration:1", EventField.ITERATION),
        ("weight:2", EventField.POINTS),
        ("weight:3", EventField.POINTS),
    ]
    assert found[0].new_ids == ("801",)
    assert [(one.old_text, one.new_text) for one in found[1:]] == [(None, "3"), ("3", None)]


def test_events_of_all_kinds_stand_in_time() -> None:
    found = events(
        state=[event(9, 7, state="closed")],
        label=[event(1, 5, action="add", label={"name": "b"}), event(10, 7, action="add")],
    )
    assert [one.source_event_id for one in found] == ["label:1", "label:10", "state:9"]


NO = {"unavailable": "the token has no permission for this", "status": 403}


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ({}, HistoryState.COMPLETE),
        ({"label": NO}, HistoryState.PARTIAL),
        ({"state": NO, "label": NO, "milestone": NO}, HistoryState.UNAVAILABLE),
        ({"weight": NO, "iteration": NO}, HistoryState.COMPLETE),
    ],
)
def test_a_part_that_was_not_read_is_no_empty_one(
    parts: dict[str, Any], state: HistoryState
) -> None:
    found = only(made("histories", history(**parts)), History)
    assert found.state is state
    assert (found.reason is None) == (state is HistoryState.COMPLETE)


def test_a_change_without_a_time_makes_the_history_partial() -> None:
    found = made("histories", history(state=[{"id": 1, "state": "closed", "created_at": None}]))
    assert only(found, History).state is HistoryState.PARTIAL
    assert issues(found) == [("bad-history", None)]


def test_an_actor_that_was_deleted_is_unknown() -> None:
    [found] = events(state=[{**event(1, 5, state="closed"), "user": None}])
    assert found.actor_id is None


def test_a_state_of_merge_requests_is_no_change_of_an_issue() -> None:
    assert events(state=[event(1, 5, state="merged")]) == ()


# --- links ----------------------------------------------------------------------------------

BLOCKED = Links("501", (Link("77>501", "77", "501", LinkKind.BLOCKS, "blocked_by"),))


def test_an_issue_waits_for_what_blocks_it_by_either_api() -> None:
    told = [
        {"id": 77, "link_type": "is_blocked_by"},
        {"id": 78, "link_type": "blocks"},
        {"id": 79, "link_type": "relates_to"},
    ]
    assert only(made("histories", history(links=told)), Links) == BLOCKED
    nodes = {"pageInfo": {"hasNextPage": False}, "nodes": [{"id": "gid://gitlab/Issue/77"}]}
    assert only(made("issues", graphql_issue(blockedByIssues=nodes)), Links) == BLOCKED


def test_the_order_of_blockers_does_not_matter() -> None:
    left, right = (
        only(made("histories", history(links=told)), Links)
        for told in (
            [{"id": one, "link_type": "is_blocked_by"} for one in (9, 10)],
            [{"id": one, "link_type": "is_blocked_by"} for one in (10, 9, 9)],
        )
    )
    assert left == right
    assert len(left.links) == 2


def test_no_blockers_are_an_empty_set_and_not_nothing() -> None:
    empty = Links("501", ())
    assert only(made("histories", history(links=[])), Links) == empty
    assert only(made("issues", graphql_issue(blockedByIssues={"nodes": []})), Links) == empty


def test_what_was_not_asked_says_nothing_about_links() -> None:
    assert every(made("histories", history()), Links) == []
    assert every(made("issues", graphql_issue()), Links) == []
    assert every(made("issues", rest_issue()), Links) == []


@pytest.mark.parametrize("part", [{"unavailable": "403 Forbidden", "status": 403}, None, "x"])
def test_links_that_were_not_given_are_told_and_take_nothing_away(part: Any) -> None:
    found = made("histories", history(links=part))
    assert every(found, Links) == []
    assert [kind for kind, _ in issues(found)] == ["links-unread"]
    assert only(found, History).state is HistoryState.COMPLETE


def test_links_without_ids_are_left_out() -> None:
    told = [{"id": None, "link_type": "is_blocked_by"}, "x", {"link_type": "is_blocked_by"}]
    assert only(made("histories", history(links=told)), Links).links == ()
