"""Normalizing any payload of GitLab: pure, never an exception, equal from both APIs."""

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.gitlab_payloads import (
    change,
    defaults,
    graphql_issue,
    lookups,
    made,
    only,
    person,
    rest_issue,
    user,
)

from mappings import gitlab
from mappings.records import Account, DataIssue, Milestone, Scope, Status, WorkItem
from mappings.vocabulary import MilestoneKind, MilestoneState, StatusCategory

TABLE = defaults()
LOOKUPS = lookups(TABLE)
STREAMS = [
    "statuses",
    "projects",
    "milestones",
    "iterations",
    "issues",
    "histories",
    "changes",
    "change_details",
    "runs",
    "jobs",
    "releases",
    "deployments",
    "census",
    "unheard-of",
]
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=6)
#: Names that steer the normalizer, so that arbitrary JSON comes into its corners.
KEYS = st.sampled_from(
    "id iid name title state status labels nodes milestone iteration assignees assignee author "
    "user username closed_at due_date time_stats time_estimate weight severity issue_type type "
    "references full web_url movedTo moved_to_id description confidential label action created_at "
    "weight approvals reviewers commits files versions closes notes pipelines stats summary "
    "fileCount new_path old_path head_commit_sha real_size approved_at mergeRequestInteraction "
    "reviewState systemNoteMetadata sha parent_ids message jobs tests test_suites build_ids "
    "total_count stage retried coverage pipeline statuses tag release commit tag_name environment "
    "deployable project_id project source ref upstream mergeRequestEventType".split()
)
VALUES = st.sampled_from(
    ["7", "opened", "closed", "merged", "2026-01-06T10:00:00.000Z", "gid://gitlab/X/7", "add",
     "remove", "reopened", "success", "approved", "refs/merge-requests/7/head", "\x00", "12+"]
)  # fmt: skip
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | TEXT, inner, max_size=8),
    max_leaves=30,
)


@given(st.sampled_from(STREAMS), JSON)
def test_any_json_is_survived_and_gives_the_same_twice(stream: str, value: Any) -> None:
    payload = orjson.dumps(value)
    first = list(gitlab.normalize(stream, payload, TABLE, LOOKUPS))
    assert list(gitlab.normalize(stream, payload, TABLE, LOOKUPS)) == first
    if isinstance(value, dict):
        before = copy.deepcopy(value)
        assert list(gitlab.normalize(stream, value, TABLE, LOOKUPS)) == first
        assert value == before


@given(st.sampled_from(STREAMS), st.dictionaries(KEYS, JSON, max_size=14))
def test_any_object_with_an_id_is_survived(stream: str, value: dict[str, Any]) -> None:
    found = gitlab.normalize(stream, {**value, "id": 7, "iid": 3}, TABLE, LOOKUPS)
    told = [one.message for one in found if isinstance(one, DataIssue)]
    assert all(one.endswith((".", '"')) for one in told)


@given(st.sampled_from(STREAMS), st.binary(max_size=30))
def test_any_bytes_are_survived(stream: str, payload: bytes) -> None:
    gitlab.normalize(stream, payload, TABLE, LOOKUPS)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"<html>login</html>", "the payload is not JSON"),
        (b"", "the payload is not JSON"),
        (b"[1]", "the payload is not an object"),
        (b"{}", "an issue without id or number"),
    ],
)
def test_what_is_no_issue_is_told(payload: bytes, why: str) -> None:
    (one,) = gitlab.normalize("issues", payload, TABLE, LOOKUPS)
    assert isinstance(one, DataIssue)
    assert one.message == f"A record of issues is unusable: {why}. Look at it in GitLab."


def test_lone_surrogates_and_nul_are_cleaned_and_not_refused() -> None:
    payload = orjson.dumps(rest_issue(title="HALF")).replace(b"HALF", rb"a\u0000b \ud83d")
    found = gitlab.normalize("issues", payload, TABLE, LOOKUPS)
    assert only(found, WorkItem).title == "ab ?"


def test_both_apis_give_the_same_issue() -> None:
    assert set(made("issues", rest_issue())) == set(made("issues", graphql_issue()))


# --- people ---------------------------------------------------------------------------------


def test_an_account_is_the_same_from_both_apis() -> None:
    [one] = [x for x in made("issues", rest_issue(author=user())) if isinstance(x, Account)]
    [other] = [x for x in made("issues", graphql_issue(author=person())) if isinstance(x, Account)]
    assert one == other
    assert (one.source_id, one.login, one.active, one.is_bot) == ("11", "ana", True, False)


@pytest.mark.parametrize(
    ("login", "bot"),
    [
        ("project_42_bot", True),
        ("group_7_bot_abc123", True),
        ("renovate-bot", True),
        ("dependabot", True),
        ("abbott", False),
        ("robotham", False),
    ],
)
def test_robots_are_told_by_their_login(login: str, bot: bool) -> None:
    found = made("issues", rest_issue(author=user(13, login), assignees=[]))
    assert only(found, Account).is_bot is bot


@pytest.mark.parametrize("state", ["blocked", "deactivated", "ldap_blocked"])
def test_a_blocked_account_is_not_active(state: str) -> None:
    found = made("issues", rest_issue(author=user(state=state), assignees=[]))
    assert only(found, Account).active is False


def test_whoever_was_deleted_is_nobody_in_particular() -> None:
    ghost = user(1, "ghost")
    found = made("issues", rest_issue(author=ghost, assignees=[ghost]))
    item = only(found, WorkItem)
    assert (item.reporter_id, item.assignee_id) == (None, None)
    assert not any(isinstance(one, Account) for one in found)


# --- small entities -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "category"),
    [
        ("opened", StatusCategory.TODO),
        ("closed", StatusCategory.DONE),
        ("locked", StatusCategory.UNKNOWN),
    ],
)
def test_the_states_of_issues(state: str, category: StatusCategory) -> None:
    found = made("statuses", {"id": state, "name": state})
    assert only(found, Status).category is category


def test_labels_that_stand_for_statuses_are_statuses() -> None:
    found = {one.source_id: one for one in made("statuses", {"id": "labels", "name": "labels"})}
    review = found["label:workflow::in review"]
    assert isinstance(review, Status)
    assert (review.category, review.code_complete) == (StatusCategory.IN_REVIEW, True)
    assert (review.raw_name, review.raw_category) == ("workflow::in review", "label")


def test_a_state_without_a_line_is_shown() -> None:
    found = made("statuses", {"id": "limbo", "name": "limbo"})
    assert only(found, Status).category is StatusCategory.UNKNOWN
    assert only(found, DataIssue).message.endswith('"limbo" = "in_progress"')


def test_a_project() -> None:
    raw = {
        "id": 42,
        "name": "Shop",
        "path_with_namespace": "group/shop",
        "visibility": "private",
        "archived": True,
        "web_url": "https://gitlab.example.net/group/shop",
        "default_branch": "trunk",
    }
    found = only(made("projects", raw), Scope)
    assert (found.source_id, found.key, found.raw_type, found.archived) == (
        "42",
        "group/shop",
        "private",
        True,
    )
    assert found.default_branch == "trunk"


@pytest.mark.parametrize(
    ("home", "scope_id"),
    [({"project_id": 42}, "42"), ({"group_id": 42}, "group:42"), ({}, None)],
)
def test_a_milestone_of_a_project_and_one_of_a_group(
    home: dict[str, Any], scope_id: str | None
) -> None:
    raw = {"id": 901, "title": "3.2", "state": "active", "due_date": "2026-03-31", **home}
    found = only(made("milestones", raw), Milestone)
    assert (found.source_id, found.scope_id, str(found.due_date)) == ("901", scope_id, "2026-03-31")
    assert (found.kind, found.state) == (MilestoneKind.MILESTONE, MilestoneState.ACTIVE)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (1, MilestoneState.FUTURE),
        (2, MilestoneState.ACTIVE),
        (3, MilestoneState.CLOSED),
        ("current", MilestoneState.ACTIVE),
        (9, MilestoneState.UNKNOWN),
    ],
)
def test_an_iteration_without_a_title_is_named_by_its_dates(
    state: Any, expected: MilestoneState
) -> None:
    raw = {
        "id": 801,
        "sequence": 4,
        "title": None,
        "state": state,
        "start_date": "2026-01-05",
        "due_date": "2026-01-18",
        "group_id": 7,
    }
    found = only(made("iterations", raw), Milestone)
    assert (found.kind, found.state) == (MilestoneKind.ITERATION, expected)
    assert found.name == "2026-01-05 to 2026-01-18"


def test_an_impossible_date_is_left_empty_and_told() -> None:
    found = made(
        "milestones", {"id": 1, "title": "x", "state": "closed", "due_date": "51502-01-01"}
    )
    assert only(found, Milestone).due_date is None
    assert only(found, DataIssue).message.endswith("Correct it in GitLab.")


def test_every_payload_of_a_stream_is_survived_empty() -> None:
    for stream in STREAMS:
        gitlab.normalize(stream, b"{}", TABLE, LOOKUPS)
    assert gitlab.normalize("census", orjson.dumps(change()), TABLE, LOOKUPS) == ()
