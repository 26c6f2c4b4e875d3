"""What a mapping says: vendor values to the common vocabulary; frozen, cheap to ask."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from enum import StrEnum
from typing import Any

from mappings.vocabulary import ItemType, LinkKind, Priority, StatusCategory, WaitsFor

#: Raised when the normalizers themselves give other rows for the same payload and mapping.
REVISION = 2


@dataclass(frozen=True, slots=True)
class StatusRule:
    """What one workflow status means."""

    category: StatusCategory
    waits_for: WaitsFor | None = None
    #: the code is finished; what follows is review, test or release.
    code_complete: bool = False
    #: the rule holds only where the vendor puts the status into this category of its own.
    if_category: str | None = None


@dataclass(frozen=True, slots=True)
class LinkRule:
    """What a link type means, read from the vendor's outward side."""

    kind: LinkKind
    #: the vendor's inward side is the one that the relation is read from.
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class TeamRule:
    """Items matching it belong to the team while the rule is in force; the first match wins.

    Every condition given must hold; names are compared without regard to case.
    """

    name: str
    component: str | None = None
    label: str | None = None
    #: value of the team field, by name or id.
    field: str | None = None
    #: project key or id.
    project: str | None = None
    #: first and last day of the rule; None = open.
    since: date | None = None
    until: date | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """Its path among the origins of a table."""
        return ("team", *(str(one) for one in (self.name, *self.condition, self.since, self.until)))

    def in_force(self, day: date | None) -> bool:
        """Whether the rule holds on a day; where no day is known, whether it is not over."""
        if day is None:
            return self.until is None
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )

    @property
    def condition(self) -> tuple[str | None, ...]:
        """What an item must have, apart from dates."""
        return tuple(
            None if one is None else one.casefold()
            for one in (self.component, self.label, self.field, self.project)
        )


@dataclass(frozen=True, slots=True)
class Origin:
    """Which line of which file a setting comes from."""

    file: str
    #: from 1; None if it cannot be told.
    line: int | None
    #: the name as it is written there.
    name: str
    #: key or id of the project whose tables the line stands in.
    project: str | None = None
    built_in: bool = False

    @property
    def where(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class MappingTable:
    """An effective mapping. Names are compared without regard to case; keys are folded."""

    statuses: Mapping[str, StatusRule] = field(default_factory=dict)
    #: vendor's status category key -> category.
    categories: Mapping[str, StatusCategory] = field(default_factory=dict)
    item_types: Mapping[str, ItemType] = field(default_factory=dict)
    priorities: Mapping[str, Priority] = field(default_factory=dict)
    #: resolution -> whether it means that the item was dropped and not done.
    cancelled: Mapping[str, bool] = field(default_factory=dict)
    links: Mapping[str, LinkRule] = field(default_factory=dict)
    #: estimate fields by name or id, in order of preference.
    points: tuple[str, ...] = ()
    #: fields by name or id that name the team, beside the vendor's own team fields.
    team_fields: tuple[str, ...] = ()
    #: fields by name or id that flag an item as stuck.
    flagged: tuple[str, ...] = ()
    #: label -> what an open item that carries it stands for, where labels are the statuses.
    status_labels: Mapping[str, StatusRule] = field(default_factory=dict)
    #: label -> kind of the item.
    type_labels: Mapping[str, ItemType] = field(default_factory=dict)
    #: label -> urgency.
    priority_labels: Mapping[str, Priority] = field(default_factory=dict)
    #: labels that say nothing about the work and are left out.
    ignored_labels: frozenset[str] = frozenset()
    teams: tuple[TeamRule, ...] = ()
    #: issue type -> statuses that mean something else for it.
    by_type: Mapping[str, Mapping[str, StatusRule]] = field(default_factory=dict)
    #: project key or id -> table with its overrides applied.
    projects: Mapping[str, "MappingTable"] = field(default_factory=dict)
    #: board -> what a field of it is the source of -> fields by name or id, preferred first.
    boards: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    #: where boards contradict each other, the one that stands first counts.
    boards_in_order: bool = False
    #: path of a setting (folded) -> the line that is in force.
    origins: Mapping[tuple[str, ...], Origin] = field(default_factory=dict)
    #: hash of the contents (12 hex digits): rows are kept under the version that made them.
    version: str = ""

    def for_project(self, key: str, id_: str | None = None) -> "MappingTable":
        """The table with the project's own layer, if it has one (by its key, or by its id)."""
        found = self.projects.get(key.casefold())
        if found is None and id_ is not None:
            found = self.projects.get(id_)
        return self if found is None else found

    @property
    def field_names(self) -> tuple[str, ...]:
        """Names or ids of all fields that this mapping and its projects' layers read."""
        tables = (self, *self.projects.values())
        return tuple(
            dict.fromkeys(
                name
                for table in tables
                for name in (*table.points, *table.team_fields, *table.flagged)
            )
        )

    def status(
        self,
        name: str | None,
        id_: str | None,
        raw_type: str | None,
        vendor_category: str | None = None,
    ) -> StatusRule | None:
        """The rule for a status, by its id, then its name; the issue type's own rule first."""
        typed = self.by_type.get((raw_type or "").casefold()) if self.by_type else None
        for table in (typed, self.statuses):
            if not table:
                continue
            for key in (id_, name):
                rule = table.get(key.casefold()) if key else None
                if rule is not None and rule.if_category in (None, vendor_category):
                    return rule
        return None


#: Settings that came later: while they are empty they leave a version as it was.
_LATER = ("status_labels", "type_labels", "priority_labels", "boards", "boards_in_order")


def with_version(table: MappingTable) -> MappingTable:
    """The table with `version` computed from everything that can change a row."""
    content = json.dumps([REVISION, _plain(table)], sort_keys=True)
    version = hashlib.sha256(content.encode()).hexdigest()[:12]
    projects = {key: with_version(inner) for key, inner in table.projects.items()}
    return replace(table, version=version, projects=projects)


def with_boards(
    table: MappingTable,
    boards: Mapping[str, Mapping[str, tuple[str, ...]]],
    *,
    in_order: bool = False,
) -> MappingTable:
    """The table with the fields of these boards, `owner/number`, as sources; with its version."""
    folded = {key.casefold(): dict(roles) for key, roles in boards.items()}
    return with_version(replace(table, boards=folded, boards_in_order=in_order and bool(folded)))


def _plain(value: Any) -> Any:
    if isinstance(value, (MappingTable, StatusRule, LinkRule, TeamRule)):
        return {
            one.name: _plain(getattr(value, one.name))
            for one in fields(value)
            if one.name not in ("origins", "version")
            and (one.name not in _LATER or getattr(value, one.name))
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    return value
