"""Which of a Jira's fields mean what: by `schema.custom`, never by position, by name as a last."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mappings.records import Account, Field, Milestone
from mappings.text import clean
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
}
#: Names of Jira Software's own custom fields, for entries that carry no field id.
SOFTWARE = {
    "sprint": EventField.SPRINT,
    "epic link": EventField.PARENT,
    "flagged": EventField.FLAG,
}
#: Most changes of histories, sprints and accounts remembered by a plan.
MEMORY = 4096

#: What a change of a history says, in the order of a `FieldEvent`: the field's role and name, ids
#: before and after, texts before and after, whether these are what was taken away and added. Last,
#: of a membership, the text that stands without its id, if one does.
Told = tuple[
    EventField,
    str,
    tuple[str, ...],
    tuple[str, ...],
    str | None,
    str | None,
    bool,
    str | None,
]


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """Ids of the custom fields that are read, and what change log entries mean."""

    sprint: tuple[str, ...] = ()
    epic: tuple[str, ...] = ()
    #: estimate fields in order of preference.
    points: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    #: field id -> meaning.
    roles: Mapping[str, EventField] = field(default_factory=dict)
    #: lower-case name of a custom field -> meaning.
    custom_names: Mapping[str, EventField] = field(default_factory=lambda: SOFTWARE)
    #: field id -> name a person knows.
    names: Mapping[str, str] = field(default_factory=dict)
    #: sprint as an issue writes it -> its id and what it says, once it was read without trouble.
    mentions: dict[str, tuple[str, Milestone | None]] = field(
        default_factory=dict, compare=False, repr=False
    )
    #: id of an account -> the words it came in last, and what they say.
    people: dict[str, tuple[dict[str, Any], Account]] = field(
        default_factory=dict, compare=False, repr=False
    )
    #: change as a history writes it -> what it says, of those that were read lately.
    changes: dict[tuple[Any, ...], Told] = field(default_factory=dict, compare=False, repr=False)

    def entry(self, item: Mapping[str, Any]) -> tuple[EventField, str]:
        """What an item of a change log is about, and its field's name.

        The field's id decides, else its name then; `fieldtype` (`jira` or `custom`) tells Jira's
        own fields from custom ones that bear their names.
        """
        field_id, name, kind = item.get("fieldId"), item.get("field"), item.get("fieldtype")
        shown = clean(name) if isinstance(name, str) else "?"
        role = self._find(
            field_id if isinstance(field_id, str) else None,
            shown,
            kind if isinstance(kind, str) else None,
        )
        return role, shown

    def _find(self, field_id: str | None, name: str, field_type: str | None) -> EventField:
        if field_id is not None:
            role = self.roles.get(field_id)
            if role is not None:
                return role
            if field_id.startswith("customfield_") and field_id in self.names:
                return EventField.OTHER
        folded = name.casefold()
        if field_type == "custom" or (field_id or "").startswith("customfield_"):
            return self.custom_names.get(folded, EventField.OTHER)
        role = SYSTEM.get(folded)
        if role is None and field_type is None:
            role = self.custom_names.get(folded)
        return EventField.OTHER if role is None else role


def role_of(
    id_: str, name: str, custom: str | None, points: Iterable[str], flagged: Iterable[str] = ()
) -> EventField | None:
    """What a field definition is read for; None for all the others."""
    if _is(id_, name, points):
        return EventField.POINTS
    if custom in CUSTOM_TYPES:
        return CUSTOM_TYPES[custom]
    if not id_.startswith("customfield_"):
        return SYSTEM.get(id_.casefold())
    return EventField.FLAG if _is(id_, name, flagged) else None


def _is(id_: str, name: str, wanted: Iterable[str]) -> bool:
    mine = (id_.casefold(), name.casefold())
    return any(one.casefold() in mine for one in wanted)


def plan(
    fields: Iterable[Field],
    points: Sequence[str],
    team: Sequence[str] = (),
    flagged: Sequence[str] = (),
) -> FieldPlan:
    """The plan for these definitions; `points` names estimate fields in order of preference."""
    held = list(fields)
    by_role: dict[EventField, list[str]] = {}
    roles: dict[str, EventField] = {}
    custom_names = {**SOFTWARE, **{one.casefold(): EventField.POINTS for one in points}}
    for one in held:
        role = role_of(one.source_id, one.name, one.raw_type, points, flagged)
        if role is None:
            continue
        roles[one.source_id] = role
        if one.source_id.startswith("customfield_"):
            custom_names[one.name.casefold()] = role
            by_role.setdefault(role, []).append(one.source_id)
    return FieldPlan(
        sprint=tuple(by_role.get(EventField.SPRINT, ())),
        epic=tuple(by_role.get(EventField.PARENT, ())),
        points=_ordered(held, points, by_role.get(EventField.POINTS, ())),
        team=_ordered(
            held, team, tuple(one.source_id for one in held if one.raw_type in TEAM_TYPES)
        ),
        roles=roles,
        custom_names=custom_names,
        names={one.source_id: one.name for one in held},
    )


def _ordered(
    held: Iterable[Field], wanted: Iterable[str], others: Iterable[str]
) -> tuple[str, ...]:
    """Ids of the fields named, in the order of naming, then the others."""
    fields = list(held)
    order = [
        one.source_id for name in wanted for one in fields if _is(one.source_id, one.name, (name,))
    ]
    return tuple(dict.fromkeys((*order, *others)))
