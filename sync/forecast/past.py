"""A container as it could be known at an instant: what came later is cut away; pure.

History that a source dates counts by its own date, also when it was imported later. What only our
readings tell counts from the reading on (drift-spec 2.5.1). What is computed from a cut container
cannot know what came after.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from sync.ledger.load import Container
from sync.ledger.timeline import Change, ItemHistory, Stay, Track

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Late:
    """When what our readings told became known (UTC); what is not named is dated by its source."""

    #: by id of the event.
    events: Mapping[str, datetime] = field(default_factory=dict)
    #: of stays that a reading found, by (item, begin).
    stays: Mapping[tuple[str, datetime], datetime] = field(default_factory=dict)


NONE = Late()


def at(container: Container, t: datetime, late: Late = NONE) -> Container:
    """The container without anything that happened, or was first seen, after `t` (UTC)."""
    cut = {id_: item(one, t, late) for id_, one in container.by_item.items()}
    here = {id_: one for id_, one in cut.items() if one.stays}
    return replace(
        container,
        items={id_: container.items[id_] for id_ in here},
        by_item=here,
        edits=lambda after, until: container.edits(after, min(until, t)),
        nameless=tuple(one for one in container.nameless if one.start <= t),
    )


def item(one: ItemHistory, t: datetime, late: Late = NONE) -> ItemHistory:
    """One item of it."""
    return one._replace(
        stays=tuple(_stays(one, t, late)),
        points=_track(one.points, t, late),
        category=_track(one.category, t, late),
        parent=_track(one.parent, t, late),
    )


def _stays(one: ItemHistory, t: datetime, late: Late) -> list[Stay]:
    found = []
    for stay in one.stays:
        start = max(stay.start, late.stays.get((one.id, stay.start), stay.start))
        if start > t or (stay.end is not None and stay.end <= start):
            continue
        # An end that no event tells is known from the reading on that missed it.
        ended = stay.end if stay.gone_by is None else stay.gone_by
        if ended is not None and ended <= t:
            found.append(stay._replace(start=start))
        else:
            found.append(
                stay._replace(
                    start=start,
                    end=None,
                    end_cause=None,
                    end_event_id=None,
                    end_actor_id=None,
                    held_until=None,
                    gone_by=None,
                )
            )
    return found


def _track(track: Track[T], t: datetime, late: Late) -> Track[T]:
    kept = [one for one in track.changes if _known_at(one, late) <= t]
    first = track.changes[0] if track.changes else None
    held = kept[-1].new if kept else track.held if first is None else first.old
    return Track.of(kept, held)


def _known_at(change: Change[T], late: Late) -> datetime:
    known = late.events.get(change.event_id or "")
    return change.at if known is None else max(change.at, known)
