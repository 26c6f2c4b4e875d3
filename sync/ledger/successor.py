"""A milestone that was closed and made anew: a question to a person, never a merge; pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sync.ledger.milestones import MilestoneFacts

#: So soon after the end of one another of the same name may be its successor.
SOON = timedelta(days=2)


def successors(
    known: Iterable[MilestoneFacts],
) -> tuple[tuple[MilestoneFacts, MilestoneFacts], ...]:
    """(ended, made anew): same name, kind and project, first seen within two days around the end.

    Milestones stay apart by their ids; whether the new one goes on with the old one is asked.
    """
    by_name: dict[tuple[object, ...], list[MilestoneFacts]] = {}
    for one in known:
        place = (one.connection_id, one.kind, one.scope_id, one.name.strip().casefold())
        by_name.setdefault(place, []).append(one)
    found = [
        (old, new)
        for mine in by_name.values()
        if len(mine) > 1
        for old in mine
        if (ended := ended_at(old)) is not None
        for new in mine
        if new is not old
        and new.state.is_open
        and old.first_seen_at < new.first_seen_at
        and abs(new.first_seen_at - ended) <= SOON
    ]
    return tuple(sorted(found, key=lambda pair: (pair[0].line, pair[1].source_id)))


def ended_at(facts: MilestoneFacts) -> datetime | None:
    """When it was closed (UTC), as the source says or as we saw it; None: open, or unknown."""
    if facts.state.is_open:
        return None
    seen = [one.observed_at for one in facts.observed if one.field == "state" and not one.is_first]
    return facts.finished_at or (seen[-1] if seen else None)
