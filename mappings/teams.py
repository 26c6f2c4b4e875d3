"""Which team an item belongs to: by rules with dates, else by what the vendor itself says."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from mappings.schema import MappingTable, TeamRule


def team_of(
    mapping: MappingTable,
    *,
    components: Iterable[str] = (),
    labels: Iterable[str] = (),
    called: Iterable[str] = (),
    project: Iterable[str] = (),
    day: date | None,
) -> str | None:
    """The first rule in force on `day` that matches; else the vendor's team; None without either.

    `called`: names and ids in the vendor's team fields, the most readable first. `project`: its key
    and id.
    """
    return by_rules(
        mapping.teams,
        components=components,
        labels=labels,
        called=called,
        project=project,
        day=day,
    )


def by_rules(
    rules: Iterable[TeamRule],
    *,
    components: Iterable[str] = (),
    labels: Iterable[str] = (),
    called: Iterable[str] = (),
    project: Iterable[str] = (),
    day: date | None,
) -> str | None:
    """The same for rules that stand alone."""
    named = tuple(called)
    having: tuple[set[str], ...] = ()
    for rule in rules:
        if not having:
            having = tuple(
                {one.casefold() for one in values}
                for values in (components, labels, named, project)
            )
        if rule.in_force(day) and all(
            wanted is None or wanted in held
            for wanted, held in zip(rule.condition, having, strict=True)
        ):
            return rule.name
    return named[0] if named else None


def flat(mapping: MappingTable) -> tuple[TeamRule, ...]:
    """All rules of a mapping in one order; those of a project's own layer ask for the project."""
    own: list[TeamRule] = []
    for key, table in mapping.projects.items():
        inherited = len(mapping.teams)
        for rule in table.teams[: len(table.teams) - inherited]:
            if rule.project is None:
                own.append(replace(rule, project=key))
            elif rule.project.casefold() == key:
                own.append(rule)
    return (*own, *mapping.teams)


def before(mapping: MappingTable, rules: Iterable[TeamRule]) -> MappingTable:
    """The mapping with these rules asked before its own, in its projects too."""
    first = tuple(rules)
    if not first:
        return mapping
    return replace(
        mapping,
        teams=(*first, *mapping.teams),
        projects={
            key: replace(table, teams=(*first, *table.teams))
            for key, table in mapping.projects.items()
        },
    )
