"""Small Jira payloads, and what normalizing them takes."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import orjson

from mappings import jira
from mappings.load import load
from mappings.records import DataIssue, Field, Lookups, Record
from mappings.registry import get
from mappings.schema import MappingTable

_Kind = TypeVar("_Kind")

SPRINT = Field("customfield_1", "Sprint", "com.pyxis.greenhopper.jira:gh-sprint")
EPIC = Field("customfield_2", "Epic Link", "com.pyxis.greenhopper.jira:gh-epic-link")
POINTS = Field(
    "customfield_3", "Story Points", "com.atlassian.jira.plugin.system.customfieldtypes:float"
)
ESTIMATE = Field(
    "customfield_4", "Story point estimate", "com.pyxis.greenhopper.jira:jsw-story-points"
)
TEAM = Field(
    "customfield_5", "Team", "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team"
)
FLAG = Field(
    "customfield_6", "Flagged", "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes"
)
FIELDS = (SPRINT, EPIC, POINTS, ESTIMATE, TEAM, FLAG)


@cache
def defaults() -> MappingTable:
    """The built-in mapping of Jira."""
    return load([get("jira").defaults])


def with_lines(folder: Path, text: str) -> MappingTable:
    """The built-in mapping with a file of these lines over it."""
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return load([get("jira").defaults, file])


def lookups(
    mapping: MappingTable, *, fields: Iterable[Field] = FIELDS, time_zone: str = "UTC"
) -> Lookups:
    """Lookups of a site that has these fields."""
    return jira.build_lookups(
        fields,
        (),
        mapping=mapping,
        extra={},
        time_zone=time_zone,
        base_url="https://jira.example.org/",
    )


def records(
    stream: str, payload: Any, mapping: MappingTable | None = None, *, time_zone: str = "UTC"
) -> list[Record]:
    """Records of one payload under a mapping (the built-in one)."""
    table = defaults() if mapping is None else mapping
    return list(
        jira.normalize(stream, orjson.dumps(payload), table, lookups(table, time_zone=time_zone))
    )


def only(found: Iterable[Record], kind: type[_Kind]) -> _Kind:
    """The one record of a kind."""
    (one,) = every(found, kind)
    return one


def every(found: Iterable[Record], kind: type[_Kind]) -> list[_Kind]:
    """All records of a kind."""
    return [one for one in found if isinstance(one, kind)]


def issues(found: Iterable[Record]) -> list[tuple[str, str | None]]:
    """Kind and raw value of every data issue."""
    return [(one.kind, one.raw_value) for one in every(found, DataIssue)]


def issue(**fields: Any) -> dict[str, Any]:
    """An issue as Jira Cloud sends it, with these fields changed or added."""
    return {
        "id": "10042",
        "key": "SHOP-7",
        "fields": {
            "summary": "Pay by invoice",
            "issuetype": {"id": "10001", "name": "Story", "subtask": False, "hierarchyLevel": 0},
            "project": {"id": "10000", "key": "SHOP"},
            "status": status("To Do", "1", "new"),
            "priority": {"id": "3", "name": "Medium"},
            "created": "2026-01-05T10:00:00.000+0100",
            "updated": "2026-02-01T08:30:00.123+0000",
            **fields,
        },
    }


def status(name: str, id_: str, category: str | None) -> dict[str, Any]:
    """A status object."""
    made: dict[str, Any] = {"id": id_, "name": name}
    if category is not None:
        made["statusCategory"] = {"key": category}
    return made


def entry(id_: str, created: Any, *items: dict[str, Any], author: Any = None) -> dict[str, Any]:
    """One entry of a change log."""
    return {"id": id_, "created": created, "author": author, "items": list(items)}


def change(field: str, old: Any, new: Any, **more: Any) -> dict[str, Any]:
    """A change by ids; the texts are `fromString` and `toString` in `more`."""
    return {
        "field": field,
        "fieldtype": "jira",
        "from": old,
        "to": new,
        "fromString": None,
        "toString": None,
        **more,
    }


def changelog(*entries: Any, complete: bool = True, reason: str | None = None) -> dict[str, Any]:
    """A whole history of item 10042."""
    return {
        "issueId": "10042",
        "histories": list(entries),
        "total": len(entries),
        "complete": complete,
        "reason": reason,
    }
