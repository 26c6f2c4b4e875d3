"""All milestones of the store with their whole lives, for the backtest."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import sqlalchemy as sa

from mappings.vocabulary import Origin
from sync.forecast import past, replay
from sync.forecast.replay import Subject
from sync.ledger import load
from sync.ledger.load import Container
from sync.ledger.milestones import Key, MilestoneFacts, Milestones
from sync.ledger.working_days import WorkCalendar
from sync.store import schema

#: Containers that are held in memory together.
_TOGETHER = 200


def subjects(
    conn: sa.Connection,
    calendar: WorkCalendar,
    now: datetime,
    *,
    only: Collection[Key] | None = None,
    final: bool = False,
    least_items: int = 1,
) -> tuple[list[Subject], dict[str, int]]:
    """Milestones that can be replayed, and how many cannot, by reason.

    `only`: these, besides all others of the same kind, from which they learn. `final`: who is in
    it at the end was so from its creation on. `least_items`: smaller ones are left out.
    """
    known = Milestones(conn, now, now)
    found: list[Subject] = []
    left: Counter[str] = Counter()
    gone = schema.milestone.c
    deleted = conn.scalar(
        sa.select(sa.func.count()).select_from(schema.milestone).where(gone.gone_at.is_not(None))
    )
    if deleted:
        left["deleted: how they ended is not known"] = deleted
    kinds = None if only is None else {key[1] for key in only}
    chosen = [one for one in known.values() if kinds is None or one.kind in kinds]
    late = _late(conn, {one.connection_id for one in chosen})
    for some in _portions(chosen):
        held = load.containers(conn, some, known_at=now, present=True)
        for facts in some:
            why = _refused(held[facts.key], final=final, least_items=least_items)
            if why is not None:
                left[why] += 1
                continue
            made = replay.subject(
                facts,
                held[facts.key],
                calendar,
                now,
                late=late.get(facts.connection_id, past.NONE),
                final=final,
            )
            if made is not None:
                found.append(made)
    return found, dict(left)


def _portions(chosen: Sequence[MilestoneFacts]) -> Iterator[Sequence[MilestoneFacts]]:
    for begin in range(0, len(chosen), _TOGETHER):
        yield chosen[begin : begin + _TOGETHER]


def _refused(container: Container, *, final: bool, least_items: int) -> str | None:
    """Why a milestone cannot be replayed: what has no history is left out, never guessed."""
    if not container.by_item:
        return "nothing was ever in it"
    if any(not one.whole for one in container.histories):
        return "the history of its items has gaps"
    if container.nameless:
        return "items were in a milestone whose title is lost"
    if container.read_since is not None and not final:
        entered = min(stay.start for one in container.histories for stay in one.stays)
        if entered < container.read_since:
            return "its early work was closed before the first reading's horizon"
    if len(container.by_item) < least_items:
        return f"fewer than {least_items} items"
    return None


def _late(conn: sa.Connection, connections: Collection[int]) -> dict[int, past.Late]:
    """What our own readings told, and since when that was known."""
    found: dict[int, past.Late] = {}
    for connection_id in connections:
        e, m = schema.field_event.c, schema.scope_membership.c
        events = conn.execute(
            sa.select(e.source_event_id, e.known_from).where(
                e.connection_id == connection_id,
                e.origin == Origin.OBSERVED.value,
                e.known_to.is_(None),
                e.known_from > e.at,
            )
        )
        stays = conn.execute(
            sa.select(m.member_id, m.valid_from, m.known_from).where(
                m.connection_id == connection_id,
                m.member_kind == "work_item",
                m.cause == Origin.OBSERVED.value,
                m.known_to.is_(None),
                m.known_from > m.valid_from,
            )
        )
        found[connection_id] = past.Late(
            {row[0]: row[1] for row in events}, {(row[0], row[1]): row[2] for row in stays}
        )
    return found
