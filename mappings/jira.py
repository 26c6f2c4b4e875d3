"""Jira's JSON to normalized records; pure: the same payload gives the same records."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from mappings import jira_fields, jira_history, jira_issue, jira_site
from mappings.jira_out import Out, broken
from mappings.records import Field, Lookups, Payload, Record, Status
from mappings.schema import MappingTable

_STREAMS: dict[str, Callable[[dict[str, Any], Out], None]] = {
    "fields": jira_site.field,
    "statuses": jira_site.status,
    "projects": jira_site.project,
    "boards": jira_site.board,
    "versions": jira_site.version,
    "sprints": jira_site.listed_sprint,
    "issues": jira_issue.issue,
    "changelogs": jira_history.changelog,
    "remote_links": jira_issue.remote_links,
}


def normalize(
    stream: str, payload: Payload, mapping: MappingTable, lookups: Lookups
) -> Sequence[Record]:
    """Records of one payload, one JSON object as the vendor sent it.

    `payload` is JSON bytes, or what they decode to, which is left as it is. What is not understood
    becomes a `DataIssue` and the value `unknown`; never raises. A stream without records of its own
    (`census`) gives none.
    """
    make = _STREAMS.get(stream)
    if make is None:
        return ()
    try:
        raw = _decode(payload) if isinstance(payload, bytes) else payload
    except (ValueError, RecursionError):
        return (broken(stream, "the payload is not JSON"),)
    if not isinstance(raw, dict):
        return (broken(stream, "the payload is not an object"),)
    out = Out(mapping, lookups)
    make(raw, out)
    return out.records


def _decode(payload: bytes) -> Any:
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        # orjson refuses lone surrogates, which Jira stores; texts are cleaned one by one.
        return json.loads(payload)


def build_lookups(
    fields: Iterable[Field],
    statuses: Iterable[Status],
    *,
    mapping: MappingTable,
    extra: Mapping[str, Any],
    time_zone: str,
    base_url: str,
) -> Lookups:
    """A snapshot of what normalizing consults; `extra["plan"]` is the `FieldPlan`.

    `time_zone` is the IANA name in which the connection's calendar dates are meant; `base_url` the
    address that people open. Raises ZoneInfoNotFoundError for a zone that does not exist.
    """
    held = list(fields)
    return Lookups(
        fields={one.source_id: one for one in held},
        statuses={one.source_id: one for one in statuses},
        extra={
            **extra,
            "plan": jira_fields.plan(held, mapping.points, mapping.team_fields, mapping.flagged),
            "zone": ZoneInfo(time_zone),
        },
        time_zone=time_zone,
        base_url=base_url.rstrip("/"),
    )
