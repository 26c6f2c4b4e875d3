"""Many items changed alike within an hour by one account: confirm before judging; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

WINDOW = timedelta(hours=1)
#: From this many items on, or from this share of a container that holds at least `FEW` of them.
MANY = 10
SHARE = 0.2
FEW = 5
#: In place of a field: the item itself, which was there and is not. Who took it away is not known.
PRESENCE = "presence"


class Edit(NamedTuple):
    """One change by one account; instants in UTC."""

    item_id: str
    field: str
    at: datetime
    actor_id: str


@dataclass(frozen=True, slots=True)
class MassEdit:
    """Changes that belong together. Who made them is not kept: nobody is ranked."""

    field: str
    first_at: datetime
    last_at: datetime
    items: frozenset[str]


def mass_edits(edits: Iterable[Edit], container_size: int) -> tuple[MassEdit, ...]:
    """Groups of edits that are one act; each edit belongs to at most one group."""
    limit = min(MANY, max(FEW, SHARE * container_size))
    groups: dict[tuple[str, str], list[Edit]] = {}
    for edit in edits:
        groups.setdefault((edit.field, edit.actor_id), []).append(edit)
    found: list[MassEdit] = []
    for (name, _), mine in sorted(groups.items()):
        if len(mine) < limit:
            continue
        mine.sort(key=lambda edit: (edit.at, edit.item_id))
        start = 0
        while start < len(mine):
            end = start
            while end < len(mine) and mine[end].at - mine[start].at <= WINDOW:
                end += 1
            items = frozenset(edit.item_id for edit in mine[start:end])
            if len(items) >= limit:
                found.append(MassEdit(name, mine[start].at, mine[end - 1].at, items))
                start = end
            else:
                start += 1
    return tuple(sorted(found, key=lambda one: one.first_at))
