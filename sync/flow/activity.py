"""When a person last did something; pure. Robots and mass edits move nothing."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from sync.flow.work_time import WorkTime
from sync.ledger.mass_edit import Edit, mass_edits

#: Working days without a person's event from which work has stalled.
STALLED_DAYS = 5.0


class Event(NamedTuple):
    """Something that was done to an item; instant in UTC."""

    item_id: str
    field: str
    at: datetime
    #: None: nobody is named; it counts as a person's.
    actor_id: str | None


def last_by_people(
    events: Iterable[Event], bots: Collection[str], size: int
) -> dict[str, datetime]:
    """When a person last touched each item (UTC); items without such an event are left out.

    `bots`: accounts of robots. `size`: how many items belong together, which decides from how many
    alike edits within an hour by one account it is a mass edit.
    """
    human = [one for one in events if one.actor_id is None or one.actor_id not in bots]
    edits = [Edit(*one[:3], one.actor_id) for one in human if one.actor_id is not None]
    mass = mass_edits(edits, size)
    found: dict[str, datetime] = {}
    for one in human:
        if one.actor_id is not None and any(
            one.field == act.field
            and one.item_id in act.items
            and act.first_at <= one.at <= act.last_at
            for act in mass
        ):
            continue
        if one.item_id not in found or one.at > found[one.item_id]:
            found[one.item_id] = one.at
    return found


def is_stalled(last: datetime, as_of: datetime, time: WorkTime, days: float = STALLED_DAYS) -> bool:
    """Whether no person has done anything for so many working days."""
    return time.between(last, as_of) >= days
