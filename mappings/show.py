"""An effective mapping as lines: each value, and the file and line that gave it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mappings.schema import LinkRule, MappingTable, Origin, StatusRule, TeamRule

_NOWHERE = Origin("", None, "")


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One setting that is in force."""

    #: table it stands in: `status`, `issue_type.Bug.status`, `team`, …
    section: str
    #: the vendor's value, or the setting's key.
    name: str
    #: its meaning, in the words of the mapping file.
    value: str
    #: `file:line`, a bare file name for a built-in.
    where: str
    #: project whose own tables gave it, if one's did.
    project: str | None = None
    built_in: bool = False


def show(mapping: MappingTable, project: str | None = None) -> list[ShownLine]:
    """Every setting in force, for all projects or for one (by key or id)."""
    table = mapping if project is None else mapping.for_project(project)
    return list(_lines(table))


def _lines(table: MappingTable) -> Iterator[ShownLine]:
    for section, held in (
        ("status_category", table.categories),
        ("status", table.statuses),
        ("item_type", table.item_types),
        ("priority", table.priorities),
        ("status_label", table.status_labels),
        ("type_label", table.type_labels),
        ("priority_label", table.priority_labels),
        ("resolution", table.cancelled),
        ("link", table.links),
    ):
        yield from _section(table, section, held)
    for type_name, statuses in table.by_type.items():
        for key, rule in statuses.items():
            origin = table.origins.get(("issue_type", type_name, "status", key), _NOWHERE)
            yield _line(f"issue_type.{type_name}.status", key, _value(rule), origin)
    for key, value in (
        ("points", table.points),
        ("team", table.team_fields),
        ("flagged", table.flagged),
    ):
        yield _line("fields", key, ", ".join(value), table.origins.get(("fields", key), _NOWHERE))
    ignored = ", ".join(sorted(table.ignored_labels))
    yield _line("labels", "ignore", ignored, table.origins.get(("labels", "ignore"), _NOWHERE))
    for team in table.teams:
        yield _line("team", team.name, _team(team), table.origins.get(team.path, _NOWHERE))


def _section(table: MappingTable, section: str, held: Mapping[str, object]) -> Iterator[ShownLine]:
    for key, value in held.items():
        yield _line(section, key, _value(value), table.origins.get((section, key), _NOWHERE))


def _line(section: str, key: str, value: str, origin: Origin) -> ShownLine:
    return ShownLine(
        section, origin.name or key, value, origin.where, origin.project, origin.built_in
    )


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "cancelled" if value else "done"
    if isinstance(value, LinkRule):
        return f"{value.kind}, read from the inward side" if value.reverse else value.kind.value
    if isinstance(value, StatusRule):
        parts = [value.category.value]
        if value.waits_for:
            parts.append(f"waits for {value.waits_for}")
        if value.code_complete:
            parts.append("code complete")
        if value.if_category:
            parts.append(f"only if the vendor says {value.if_category}")
        return ", ".join(parts)
    return str(value)


def _team(rule: TeamRule) -> str:
    parts = [
        f"{key} {value}"
        for key, value in (
            ("component", rule.component),
            ("label", rule.label),
            ("field", rule.field),
            ("project", rule.project),
            ("since", rule.since),
            ("until", rule.until),
        )
        if value is not None
    ]
    return ", ".join(parts)
