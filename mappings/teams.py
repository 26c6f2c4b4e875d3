"""Which team an item belongs to: by rules with dates, else by what the vendor itself says."""

from collections.abc import Iterable
from datetime import date

from mappings.schema import MappingTable


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
    named = tuple(called)
    if mapping.teams:
        having = tuple(
            {one.casefold() for one in values} for values in (components, labels, named, project)
        )
        for rule in mapping.teams:
            if rule.in_force(day) and all(
                wanted is None or wanted in held
                for wanted, held in zip(rule.condition, having, strict=True)
            ):
                return rule.name
    return named[0] if named else None
