"""What a mapping says: vendor values to the common vocabulary; frozen, cheap to ask."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from mappings.vocabulary import ItemType, LinkKind, Priority, StatusCategory, WaitsFor


@dataclass(frozen=True, slots=True)
class StatusRule:
    """What one workflow status means."""

    category: StatusCategory
    waits_for: WaitsFor | None = None
    #: the code is finished; what follows is review, test or release.
    code_complete: bool = False


@dataclass(frozen=True, slots=True)
class TeamRule:
    """Items matching it belong to the team while the rule is in force; the first match wins."""

    name: str
    component: str | None = None
    label: str | None = None
    #: value of the team field, by name or id.
    field: str | None = None
    project: str | None = None
    #: first and last day of the rule; None = open.
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class MappingTable:
    """An effective mapping. Names are compared without regard to case."""

    statuses: Mapping[str, StatusRule] = field(default_factory=dict)
    #: vendor's status category key -> category.
    categories: Mapping[str, StatusCategory] = field(default_factory=dict)
    item_types: Mapping[str, ItemType] = field(default_factory=dict)
    priorities: Mapping[str, Priority] = field(default_factory=dict)
    #: resolution -> whether it means that the item was dropped and not done.
    cancelled: Mapping[str, bool] = field(default_factory=dict)
    links: Mapping[str, LinkKind] = field(default_factory=dict)
    #: estimate fields by name or id, in order of preference.
    points: tuple[str, ...] = ()
    teams: tuple[TeamRule, ...] = ()
    #: issue type -> statuses that mean something else for it.
    by_type: Mapping[str, Mapping[str, StatusRule]] = field(default_factory=dict)
    #: project key -> table with its overrides applied.
    projects: Mapping[str, "MappingTable"] = field(default_factory=dict)
    #: path of a setting -> (file, line) it comes from, for `mapping show`.
    origins: Mapping[tuple[str, ...], tuple[str, int | None]] = field(default_factory=dict)
    #: hash of the contents (12 hex digits): rows are kept under the version that made them.
    version: str = ""

    def for_project(self, key: str) -> "MappingTable":
        """The table with the project's own layer, if it has one."""
        return self.projects.get(key.casefold(), self)

    def status(self, name: str | None, id_: str | None, raw_type: str | None) -> StatusRule | None:
        """The rule for a status, by its id, then its name; the issue type's own rule first."""
        typed = self.by_type.get((raw_type or "").casefold()) if self.by_type else None
        for table in (typed, self.statuses):
            if table:
                rule = table.get(id_ or "") or table.get((name or "").casefold())
                if rule is not None:
                    return rule
        return None


def with_version(table: MappingTable) -> MappingTable:
    """The table with `version` computed from everything that can change a row."""
    digest = hashlib.sha256(json.dumps(_plain(table), sort_keys=True).encode()).hexdigest()
    return replace(table, version=digest[:12])


def _plain(value: Any) -> Any:
    if isinstance(value, MappingTable):
        names = (
            "statuses categories item_types priorities cancelled links points teams by_type "
            "projects"
        )
        return {name: _plain(getattr(value, name)) for name in names.split()}
    if isinstance(value, (StatusRule, TeamRule)):
        return {name: _plain(getattr(value, name)) for name in value.__slots__}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, date):
        return value.isoformat()
    return value
