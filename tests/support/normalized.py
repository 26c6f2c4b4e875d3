"""A recording turned into records by the normalizer alone, without a server or a store."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from support.jira_payloads import defaults
from support.peer import Recording

from mappings import jira
from mappings.records import (
    Account,
    DataIssue,
    Field,
    History,
    Link,
    Links,
    Lookups,
    Milestone,
    Record,
    Scope,
    ScopeEntity,
    Status,
    WorkItem,
)
from mappings.schema import MappingTable
from mappings.vocabulary import MilestoneKind


@dataclass
class Normalized:
    """Records by what identifies them."""

    fields: dict[str, Field] = field(default_factory=dict)
    statuses: dict[str, Status] = field(default_factory=dict)
    scopes: dict[str, Scope] = field(default_factory=dict)
    milestones: dict[tuple[MilestoneKind, str], Milestone] = field(default_factory=dict)
    #: sprints as issues mention them.
    mentioned: dict[str, Milestone] = field(default_factory=dict)
    held: set[tuple[str, str]] = field(default_factory=set)
    items: dict[str, WorkItem] = field(default_factory=dict)
    histories: dict[str, History] = field(default_factory=dict)
    #: by item: what it declares.
    links: dict[str, tuple[Link, ...]] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    issues: list[DataIssue] = field(default_factory=list)

    def add(self, record: Record, *, mentioned: bool = False) -> None:
        """Put a record where it belongs."""
        match record:
            case Field():
                self.fields[record.source_id] = record
            case Status():
                self.statuses[record.source_id] = record
            case Scope():
                self.scopes[record.source_id] = record
            case Milestone() if mentioned:
                self.mentioned[record.source_id] = record
            case Milestone():
                self.milestones[record.kind, record.source_id] = record
            case ScopeEntity():
                self.held.add((record.scope_id, record.entity_id))
            case WorkItem():
                self.items[record.source_id] = record
            case History():
                self.histories[record.work_item_id] = record
            case Links():
                self.links[record.work_item_id] = record.links
            case Account():
                self.accounts[record.source_id] = record
            case DataIssue():
                self.issues.append(record)


def lookups_of(
    recording: Recording, mapping: MappingTable, found: Iterable[Field], time_zone: str
) -> Lookups:
    """What normalizing the recording's issues consults."""
    return jira.build_lookups(
        found,
        (),
        mapping=mapping,
        extra={},
        time_zone=time_zone,
        base_url="https://jira.example.org",
    )


def normalized(
    recording: Recording, *, mapping: MappingTable | None = None, time_zone: str | None = None
) -> Normalized:
    """Every record of a recording, streams in the order in which a run reads them."""
    table = mapping or defaults()
    zone = time_zone or recording.time_zone
    out = Normalized()
    lookups = lookups_of(recording, table, (), zone)

    def feed(stream: str, payloads: Iterable[Any], *, mentioned: bool = False) -> None:
        for payload in payloads:
            for record in jira.normalize(stream, orjson.dumps(payload), table, lookups):
                out.add(record, mentioned=mentioned)

    feed("fields", recording.fields)
    lookups = lookups_of(recording, table, out.fields.values(), zone)
    feed("statuses", recording.statuses)
    feed("projects", recording.projects)
    feed("boards", recording.boards)
    for held in recording.versions.values():
        feed("versions", held)
    for board, sprints in recording.sprints.items():
        feed("sprints", ({**one, "boardId": board} for one in sprints))
    feed("issues", recording.issues, mentioned=True)
    feed(
        "changelogs",
        (
            {
                "issueId": id_,
                "histories": list(entries),
                "total": len(entries),
                "complete": True,
                "reason": None,
            }
            for id_, entries in recording.histories.items()
        ),
    )
    return out
