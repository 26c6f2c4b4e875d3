"""GitHub's JSON to normalized records; pure: the same payload gives the same records.

A payload of either API gives equal records, except for what only one of them tells.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from mappings import (
    github_board,
    github_change,
    github_ci,
    github_details,
    github_history,
    github_issue,
    github_site,
    github_trunk,
)
from mappings.github_out import Out, broken
from mappings.records import Field, Lookups, Payload, Record, Status
from mappings.schema import MappingTable

#: Events of milestones name a title and no id.
NEEDS_MILESTONES = True

_STREAMS: dict[str, Callable[[dict[str, Any], Out], None]] = {
    "statuses": github_site.status,
    "repositories": github_site.repository,
    "milestones": github_site.milestone,
    "issues": github_issue.issue,
    "histories": github_history.history,
    "changes": github_change.change,
    "change_details": github_details.details,
    "runs": github_ci.run,
    "jobs": github_ci.jobs,
    "trunk": github_trunk.trunk,
    "releases": github_site.release,
    "deployments": github_site.deployment,
    "required_checks": github_site.required_checks,
    "project_fields": github_board.fields,
    "project_items": github_board.item,
}


def normalize(
    stream: str, payload: Payload, mapping: MappingTable, lookups: Lookups
) -> Sequence[Record]:
    """Records of one payload, one JSON object as the connector stored it.

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
        # orjson refuses lone surrogates, which texts may hold; they are cleaned one by one.
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
    """A snapshot of what normalizing consults; `extra["milestones"]` names milestones by title.

    `time_zone` is the IANA name in which the connection's calendar dates are meant; `base_url` the
    address that people open. Raises ZoneInfoNotFoundError for a zone that does not exist.
    """
    return Lookups(
        fields={one.source_id: one for one in fields},
        statuses={one.source_id: one for one in statuses},
        extra={**extra, "zone": ZoneInfo(time_zone)},
        time_zone=time_zone,
        base_url=base_url.rstrip("/"),
    )
