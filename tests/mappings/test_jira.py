"""Normalizing any payload: pure, and never an exception."""

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.jira_payloads import (
    changelog,
    defaults,
    entry,
    every,
    issue,
    issues,
    lookups,
    only,
)

from mappings import jira
from mappings.records import DataIssue, WorkItem

TABLE = defaults()
LOOKUPS = lookups(TABLE)
STREAMS = [
    "fields",
    "statuses",
    "projects",
    "boards",
    "versions",
    "sprints",
    "issues",
    "changelogs",
    "census",
    "unheard-of",
]

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=6)
#: Names that steer the normalizer, so that arbitrary JSON comes into its corners.
KEYS = st.sampled_from(
    "id key name fields changelog histories items created author field fieldId fieldtype from to "
    "fromString toString total issueId status statusCategory issuetype priority resolution "
    "customfield_1 customfield_2 customfield_3 customfield_5 parent fixVersions issuelinks type "
    "outwardIssue inwardIssue description content text labels components duedate updated "
    "resolutiondate assignee accountId project state startDate schema custom subtask epic".split()
)
VALUES = st.sampled_from(
    ["7", "SHOP-7", "status", "Sprint", "Fix Version", "Blocks", "doc", "done", "2026-01-01",
     "2026-01-06T10:00:00.000+0100", "x[id=7,name=a]", "\x00", "description"]
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
    first = list(jira.normalize(stream, payload, TABLE, LOOKUPS))
    assert list(jira.normalize(stream, payload, TABLE, LOOKUPS)) == first
    if isinstance(value, dict):
        # Decoded already, it is the same, and it is left as it was.
        before = copy.deepcopy(value)
        assert list(jira.normalize(stream, value, TABLE, LOOKUPS)) == first
        assert value == before


@given(st.dictionaries(KEYS, JSON, max_size=12))
def test_any_fields_of_an_issue_leave_one_work_item(fields: dict[str, Any]) -> None:
    raw = {"id": "10042", "key": "SHOP-7", "fields": fields}
    made = jira.normalize("issues", orjson.dumps(raw), TABLE, LOOKUPS)
    assert only(made, WorkItem).source_id == "10042"
    assert all(one.message.endswith((".", '"')) for one in every(made, DataIssue))


@given(st.lists(st.dictionaries(KEYS, JSON, max_size=8), max_size=4))
def test_any_entries_leave_one_history(items: list[dict[str, Any]]) -> None:
    raw = changelog(entry("9", "2026-01-06T10:00:00.000Z", *items))
    made = jira.normalize("changelogs", orjson.dumps(raw), TABLE, LOOKUPS)
    ids = [event.source_event_id for one in made if hasattr(one, "events") for event in one.events]
    assert len(ids) == len(set(ids))


@given(st.sampled_from(STREAMS), st.binary(max_size=30))
def test_any_bytes_are_survived(stream: str, payload: bytes) -> None:
    jira.normalize(stream, payload, TABLE, LOOKUPS)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"<html>login</html>", "the payload is not JSON"),
        (b"", "the payload is not JSON"),
        (b"[1]", "the payload is not an object"),
        (b"null", "the payload is not an object"),
        (b"[" * 100_000, "the payload is not JSON"),
    ],
)
def test_what_is_no_object_is_told(payload: bytes, why: str) -> None:
    (one,) = jira.normalize("issues", payload, TABLE, LOOKUPS)
    assert isinstance(one, DataIssue)
    assert one.message == f"A record of issues is unusable: {why}. Look at it in Jira."


def test_lone_surrogates_and_nul_are_cleaned_and_not_refused() -> None:
    payload = orjson.dumps(issue(summary="HALF")).replace(b"HALF", rb"a\u0000b \ud83d")
    made = jira.normalize("issues", payload, TABLE, LOOKUPS)
    assert only(made, WorkItem).title == "ab ?"
    assert issues(made) == []


def test_a_census_holds_no_records() -> None:
    assert jira.normalize("census", b"{}", TABLE, LOOKUPS) == ()


def test_lookups_need_no_definitions() -> None:
    bare = jira.build_lookups(
        (), (), mapping=TABLE, extra={"a": 1}, time_zone="Europe/Berlin", base_url="https://x/"
    )
    assert (bare.base_url, bare.time_zone, bare.extra["a"]) == ("https://x", "Europe/Berlin", 1)
    made = jira.normalize("issues", orjson.dumps(issue(customfield_3=5)), TABLE, bare)
    assert only(made, WorkItem).estimate_points is None
