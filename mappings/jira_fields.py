"""Which of a Jira's fields mean what: by `schema.custom`, never by position, by name as a last."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mappings.records import Field
from mappings.vocabulary import EventField

#: Custom field types (Atlassian's own identities) that mean the same everywhere.
CUSTOM_TYPES = {
    "com.pyxis.greenhopper.jira:gh-sprint": EventField.SPRINT,
    "com.pyxis.greenhopper.jira:gh-epic-link": EventField.PARENT,
    "com.pyxis.greenhopper.jira:jsw-story-points": EventField.POINTS,
}
TEAM_TYPES = frozenset(
    {
        "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team",
        "com.atlassian.teams:rm-teams-custom-field-team",
    }
)
#: Names in change logs (lower case) of the fields that every Jira has.
SYSTEM = {
    "status": EventField.STATUS,
    "assignee": EventField.ASSIGNEE,
    "fix version": EventField.VERSION,
    "fix version/s": EventField.VERSION,
    "fixversions": EventField.VERSION,
    "sprint": EventField.SPRINT,
    "epic link": EventField.PARENT,
    "parent": EventField.PARENT,
    "parent issue": EventField.PARENT,
    "issueparentassociation": EventField.PARENT,
    "timeoriginalestimate": EventField.SECONDS,
    "priority": EventField.PRIORITY,
    "summary": EventField.TITLE,
    "description": EventField.DESCRIPTION,
    "issuetype": EventField.TYPE,
    "key": EventField.KEY,
    "project": EventField.PROJECT,
    "resolution": EventField.RESOLUTION,
    "duedate": EventField.DUE_DATE,
    "labels": EventField.LABELS,
    "link": EventField.LINK,
    "issuelinks": EventField.LINK,
    "flagged": EventField.FLAG,
}


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """Ids of the custom fields that are read, and what change log entries mean."""

    sprint: tuple[str, ...] = ()
    epic: tuple[str, ...] = ()
    #: estimate fields in order of preference.
    points: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    #: field id or lower-case name -> meaning.
    roles: Mapping[str, EventField] = field(default_factory=lambda: SYSTEM)
    #: field id -> name a person knows.
    names: Mapping[str, str] = field(default_factory=dict)


def role_of(id_: str, name: str, custom: str | None, points: Iterable[str]) -> EventField | None:
    """What a field definition is read for; None for all the others."""
    wanted = [one.casefold() for one in points]
    if id_ in wanted or name.casefold() in wanted:
        return EventField.POINTS
    if custom in CUSTOM_TYPES:
        return CUSTOM_TYPES[custom]
    if not id_.startswith("customfield_"):
        return SYSTEM.get(id_.casefold())
    return EventField.FLAG if name.casefold() == "flagged" else None


def plan(fields: Iterable[Field], points: Iterable[str]) -> FieldPlan:
    """The plan for these definitions; `points` names estimate fields in order of preference."""
    held = [one for one in fields]
    by_role: dict[EventField, list[str]] = {}
    roles: dict[str, EventField] = dict(SYSTEM)
    for one in held:
        role = role_of(one.source_id, one.name, one.raw_type, points)
        if role is None:
            continue
        roles[one.source_id] = role
        roles[one.source_id.casefold()] = role
        if one.source_id.startswith("customfield_"):
            roles[one.name.casefold()] = role
            by_role.setdefault(role, []).append(one.source_id)
    order: list[str] = []
    for wanted in points:
        order.extend(
            one.source_id
            for one in held
            if wanted.casefold() in (one.source_id.casefold(), one.name.casefold())
        )
    order.extend(by_role.get(EventField.POINTS, []))
    return FieldPlan(
        sprint=tuple(by_role.get(EventField.SPRINT, [])),
        epic=tuple(by_role.get(EventField.PARENT, [])),
        points=tuple(dict.fromkeys(order)),
        team=tuple(one.source_id for one in held if one.raw_type in TEAM_TYPES),
        roles=roles,
        names={one.source_id: one.name for one in held},
    )
