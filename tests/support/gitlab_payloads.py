"""Payloads as the GitLab connector stores them, the same thing as either API writes it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import orjson

from mappings import gitlab
from mappings.load import load
from mappings.records import DataIssue, Lookups, Record
from mappings.registry import get
from mappings.schema import MappingTable

Kind = TypeVar("Kind")
BASE = "https://gitlab.example.net"


def defaults() -> MappingTable:
    """The built-in mapping of GitLab."""
    return load([get("gitlab").defaults])


def with_lines(folder: Path, text: str) -> MappingTable:
    """The built-in mapping with a file of these lines over it."""
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return load([get("gitlab").defaults, file])


def lookups(table: MappingTable, time_zone: str = "UTC") -> Lookups:
    """Lookups as the engine builds them."""
    return gitlab.build_lookups(
        (), (), mapping=table, extra={}, time_zone=time_zone, base_url=f"{BASE}/"
    )


def made(stream: str, payload: Any, table: MappingTable | None = None) -> Sequence[Record]:
    """Records of one payload."""
    used = table if table is not None else defaults()
    return gitlab.normalize(stream, orjson.dumps(payload), used, lookups(used))


def every(records: Sequence[Record], kind: type[Kind]) -> list[Kind]:
    """Records of one kind."""
    return [one for one in records if isinstance(one, kind)]


def only(records: Sequence[Record], kind: type[Kind]) -> Kind:
    """The one record of a kind."""
    [found] = every(records, kind)
    return found


def issues(records: Sequence[Record]) -> list[tuple[str, str | None]]:
    """What could not be understood: (kind, raw value)."""
    return [(one.kind, one.raw_value) for one in every(records, DataIssue)]


# --- people ---------------------------------------------------------------------------------


def user(id_: int = 11, name: str = "ana", **more: Any) -> dict[str, Any]:
    """An account by REST."""
    page = f"{BASE}/{name}"
    return {
        "id": id_,
        "username": name,
        "name": name.title(),
        "state": "active",
        "web_url": page,
        **more,
    }


def person(id_: int = 11, name: str = "ana", **more: Any) -> dict[str, Any]:
    """The same account by GraphQL."""
    return {
        "id": f"gid://gitlab/User/{id_}",
        "username": name,
        "name": name.title(),
        "state": "active",
        "webUrl": f"{BASE}/{name}",
        **more,
    }


# --- issues ---------------------------------------------------------------------------------


def rest_issue(**more: Any) -> dict[str, Any]:
    """An issue by REST."""
    return {
        "__api": "rest",
        "id": 501,
        "iid": 7,
        "project_id": 42,
        "title": "Cart loses items",
        "description": "It *does*.\n",
        "state": "opened",
        "created_at": "2026-01-05T10:00:00.250Z",
        "updated_at": "2026-01-06T11:00:00.750+01:00",
        "closed_at": None,
        "labels": ["bug", "area::cart"],
        "milestone": {"id": 901, "iid": 2, "title": "3.2"},
        "iteration": {"id": 801, "title": None},
        "assignees": [user()],
        "author": user(12, "ben"),
        "type": "ISSUE",
        "issue_type": "issue",
        "confidential": False,
        "weight": 3,
        "due_date": "2026-02-01",
        "time_stats": {"time_estimate": 7200, "total_time_spent": 0},
        "severity": "UNKNOWN",
        "web_url": f"{BASE}/group/shop/-/issues/7",
        "references": {"short": "#7", "relative": "#7", "full": "group/shop#7"},
        "moved_to_id": None,
        "epic": None,
        **more,
    }


def graphql_issue(**more: Any) -> dict[str, Any]:
    """The same issue by GraphQL."""
    return {
        "__api": "graphql",
        "projectId": "42",
        "projectPath": "group/shop",
        "id": "gid://gitlab/Issue/501",
        "iid": "7",
        "title": "Cart loses items",
        "description": "It *does*.\n",
        "state": "opened",
        "createdAt": "2026-01-05T10:00:00Z",
        "updatedAt": "2026-01-06T10:00:00Z",
        "closedAt": None,
        "labels": {"nodes": [{"title": "area::cart"}, {"title": "bug"}]},
        "milestone": {"id": "gid://gitlab/Milestone/901"},
        "iteration": {"id": "gid://gitlab/Iteration/801"},
        "assignees": {"nodes": [person()]},
        "author": person(12, "ben"),
        "type": "ISSUE",
        "confidential": False,
        "weight": 3,
        "dueDate": "2026-02-01T00:00:00Z",
        "timeEstimate": 7200,
        "severity": "UNKNOWN",
        "webUrl": f"{BASE}/group/shop/-/issues/7",
        "movedTo": None,
        "epic": None,
        **more,
    }


def change(**more: Any) -> dict[str, Any]:
    """A merge request, which only REST lists."""
    return {
        "__api": "rest",
        "id": 601,
        "iid": 9,
        "project_id": 42,
        "target_project_id": 42,
        "source_project_id": 42,
        "title": "Keep items in the cart",
        "description": "Closes #7",
        "state": "merged",
        "draft": False,
        "created_at": "2026-01-07T10:00:00.000Z",
        "updated_at": "2026-01-08T10:00:00.000Z",
        "closed_at": None,
        "merged_at": "2026-01-08T10:00:00.000Z",
        "author": user(),
        "merge_user": user(12, "ben"),
        "assignees": [user()],
        "reviewers": [],
        "target_branch": "main",
        "source_branch": "SHOP-12-cart",
        "sha": "a" * 40,
        "merge_commit_sha": "c" * 40,
        "squash_commit_sha": None,
        "labels": ["bug"],
        "milestone": {"id": 901},
        "web_url": f"{BASE}/group/shop/-/merge_requests/9",
        "references": {"full": "group/shop!9"},
        **more,
    }
