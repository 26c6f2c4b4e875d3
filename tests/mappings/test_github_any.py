"""Whatever GitHub sends, normalizing it gives records or data issues and no exception."""

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mappings import github
from mappings.load import load
from mappings.records import Field
from mappings.registry import get
from mappings.schema import with_boards
from mappings.vocabulary import EventField

TABLE = with_boards(
    load([get("github").defaults]),
    {"o/1": {"status": ("Status",), "due_date": ("Due",), "estimate": ("P",), "iteration": ("I",)}},
)
LOOKUPS = github.build_lookups(
    (Field("F1", "P", None, EventField.POINTS), Field("F2", "Due", None, EventField.DUE_DATE)),
    (),
    mapping=TABLE,
    extra={"milestones": {"1.0": ["77:3"]}},
    time_zone="UTC",
    base_url="",
)
STREAMS = (
    "statuses",
    "repositories",
    "milestones",
    "issues",
    "histories",
    "changes",
    "change_details",
    "runs",
    "jobs",
    "releases",
    "deployments",
    "required_checks",
    "project_fields",
    "project_items",
)
AT = "2026-02-03T04:05:06Z"
WHO: dict[str, Any] = {"__typename": "User", "login": "ana", "id": 1, "databaseId": 1, "url": "u"}
COMMIT: dict[str, Any] = {
    "oid": "a",
    "sha": "a",
    "message": "x",
    "commit": {"message": "x", "tree": {"sha": "t"}, "author": {"date": AT}},
    "tree": {"oid": "t"},
    "parents": [{"sha": "b", "oid": "b"}],
    "author": {"user": WHO, "id": 1},
}
EVENT: dict[str, Any] = {
    "__typename": "LabeledEvent",
    "event": "closed",
    "id": "e",
    "node_id": "e",
    "createdAt": AT,
    "created_at": AT,
    "label": {"name": "wip"},
    "actor": WHO,
}
CHECK: dict[str, Any] = {
    "__typename": "CheckRun",
    "databaseId": 1,
    "id": 1,
    "name": "unit",
    "status": "COMPLETED",
    "conclusion": "SUCCESS",
    "checkSuite": {"app": {"slug": "x"}, "workflowRun": {"workflow": {"name": "w"}}},
    "app": {"slug": "github-actions"},
    "details_url": "/actions/runs/1",
    "context": "ci",
    "state": "SUCCESS",
}
#: A payload that has something for every stream.
WHOLE: dict[str, Any] = {
    "__api": "graphql",
    "__repository": {"id": "77", "name": "acme/shop", "private": False},
    "id": "5",
    "databaseId": 5,
    "number": 7,
    "title": "T",
    "body": "Fixes #7",
    "state": "OPEN",
    "labels": {"nodes": [{"name": "bug"}]},
    "assignees": {"nodes": [WHO]},
    "author": WHO,
    "user": WHO,
    "milestone": {"number": 3},
    "parent": {"databaseId": 4, "number": 2},
    "blockedBy": {"nodes": [{"databaseId": 9}]},
    "events": [EVENT],
    "mergeCommit": COMMIT,
    "mergedAt": AT,
    "head": {"totalCount": 1, "nodes": [{"commit": COMMIT}], "ref": "b", "sha": "a"},
    "pull": {"id": 5, "number": 7, "head": {"sha": "a"}, "merged_at": AT},
    "landed": COMMIT,
    "reviews": [{"databaseId": 1, "id": 1, "state": "APPROVED", "author": WHO}],
    "commits": [{"commit": COMMIT}],
    "files": [{"path": "a", "filename": "a", "changeType": "ADDED"}],
    "closing": [{"databaseId": 5, "number": 7, "repository": {"nameWithOwner": "a/b"}}],
    "head_checks": {"sha": "a", "contexts": [CHECK], "check_runs": [CHECK], "statuses": [CHECK]},
    "counts": {"commits": 1, "files": 1},
    "jobs": [CHECK],
    "pull_requests": [{"number": 1}],
    "tag": {"name": "v1", "commit": {"sha": "a"}},
    "release": {"id": 1, "tag_name": "v1"},
    "latestStatus": {"state": "SUCCESS", "createdAt": AT},
    "__project": {"id": "P1", "key": "o/1"},
    "type": "ISSUE",
    "content": {"databaseId": 7, "repository": {"databaseId": 9}},
    "fieldValues": {
        "nodes": [
            {"field": {"id": "F1"}, "number": 3.0},
            {"field": {"id": "F2"}, "date": "2026-04-01"},
        ]
    },
    "fields": {
        "nodes": [
            {"id": "F1", "name": "P", "dataType": "NUMBER"},
            {"id": "F3", "name": "Status", "dataType": "SINGLE_SELECT", "options": [{"id": "o"}]},
            {
                "id": "F4",
                "name": "I",
                "dataType": "ITERATION",
                "configuration": {
                    "iterations": [{"id": "i", "startDate": "2026-04-01", "duration": 14}],
                    "completedIterations": [],
                },
            },
        ]
    },
    "branch": "main",
    "protection": {"protection": {"required_status_checks": {"contexts": ["x"]}}},
    "rules": [{"type": "required_status_checks", "parameters": {"required_status_checks": []}}],
}
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=8)
    | st.sampled_from(["2026-02-03T04:05:06Z", "OPEN", "closed", "\ud83d", "a\x00b", "9" * 400]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["id", "nodes", "name", "sha", "oid", "unavailable", "commit"]),
            inner,
            max_size=2,
        )
    ),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to everything inside a value."""
    out: list[tuple[Any, ...]] = []
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in inside:
        out.append((*path, name))
        if isinstance(inner, dict | list):
            out.extend(places(inner, (*path, name)))
    return out


PLACES = places(WHOLE)


@given(
    st.sampled_from(STREAMS),
    st.sampled_from(["graphql", "rest"]),
    st.lists(st.tuples(st.sampled_from(PLACES), JUNK), min_size=1, max_size=4),
)
def test_nothing_that_comes_raises(
    stream: str, api: str, changes: list[tuple[tuple[Any, ...], Any]]
) -> None:
    """B45: An owner that is null, a type nobody knew: no record ends a page."""
    payload = deepcopy({**WHOLE, "__api": api})
    for path, junk in changes:
        at: Any = payload
        for part in path[:-1]:
            at = at[part] if isinstance(at, dict | list) and _holds(at, part) else None
        if isinstance(at, dict | list) and _holds(at, path[-1]):
            at[path[-1]] = junk
    found = github.normalize(stream, payload, TABLE, LOOKUPS)
    assert found == github.normalize(stream, payload, TABLE, LOOKUPS)


def _holds(value: Any, part: Any) -> bool:
    if isinstance(value, dict):
        return part in value
    return isinstance(part, int) and part < len(value)
