"""Since when an item waits for another one, as far as anybody told."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from mappings.vocabulary import EventField, LinkKind
from sync.forecast.blockers import Blockers
from sync.reconcile.flow_facts import Pair, by_connection
from sync.reconcile.view import View
from sync.store import schema
from sync.store.bulk import select_ids
from sync.store.tables_judged import change_link


def since(
    view: View, of: Blockers, pairs: Iterable[tuple[Pair, Pair]]
) -> dict[tuple[Pair, Pair], datetime]:
    """Instants (UTC) from which each of (blocker, blocked) holds; unknown ones are left out.

    The history of the blocked item tells when it was linked. Where it does not, it has held at
    least since the link was first read.
    """
    wanted = set(pairs)
    if not wanted:
        return {}
    seen = _first_seen(view, wanted)
    told = _told(view, of, wanted)
    return {**seen, **told}


def _first_seen(view: View, wanted: set[tuple[Pair, Pair]]) -> Mapping[tuple[Pair, Pair], datetime]:
    found: dict[tuple[Pair, Pair], datetime] = {}

    def take(pair: tuple[Pair, Pair], at: datetime) -> None:
        if pair in wanted and (pair not in found or at < found[pair]):
            found[pair] = at

    ends = by_connection(end for pair in wanted for end in pair)
    for connection_id, ids in ends.items():
        for start, end, kind, at, withdrawn in select_ids(
            view.conn,
            schema.link,
            ("from_id", "to_id", "kind", "first_seen_at", "withdrawn_at"),
            connection_id,
            "from_id",
            ids,
        ):
            if at > view.known_at or (withdrawn is not None and withdrawn <= view.known_at):
                continue
            first, last = (connection_id, start), (connection_id, end)
            if kind == LinkKind.BLOCKS.value:
                take((first, last), at)
            elif kind == LinkKind.DEPENDS_ON.value:
                take((last, first), at)
    for pair, at in _through_changes(view, wanted):
        take(pair, at)
    return found


def _through_changes(
    view: View, wanted: set[tuple[Pair, Pair]]
) -> list[tuple[tuple[Pair, Pair], datetime]]:
    """What a change says that works on the blocked item: it waits for the other one."""
    waits, works = change_link.alias("waits"), change_link.alias("works")
    rows = view.conn.execute(
        sa.select(
            waits.c.to_connection_id,
            waits.c.to_id,
            works.c.to_connection_id.label("item_connection"),
            works.c.to_id.label("item_id"),
            sa.func.min(waits.c.first_seen_at, type_=waits.c.first_seen_at.type).label("at"),
        )
        .join(
            works,
            sa.and_(
                works.c.from_connection_id == waits.c.from_connection_id,
                works.c.from_id == waits.c.from_id,
            ),
        )
        .where(
            waits.c.kind == LinkKind.DEPENDS_ON.value,
            waits.c.to_kind == "work_item",
            works.c.to_kind == "work_item",
            works.c.kind.in_((LinkKind.IMPLEMENTS.value, LinkKind.CLOSES.value)),
            waits.c.first_seen_at <= view.known_at,
            sa.or_(waits.c.withdrawn_at.is_(None), waits.c.withdrawn_at > view.known_at),
        )
        .group_by(waits.c.to_connection_id, waits.c.to_id, works.c.to_connection_id, works.c.to_id)
    )
    return [
        (((row.to_connection_id, row.to_id), (row.item_connection, row.item_id)), row.at)
        for row in rows
        if ((row.to_connection_id, row.to_id), (row.item_connection, row.item_id)) in wanted
    ]


def _told(
    view: View, of: Blockers, wanted: set[tuple[Pair, Pair]]
) -> Mapping[tuple[Pair, Pair], datetime]:
    """The last time that the history of the blocked item names the blocker's key in a link.

    It may have been another kind of link: then it is blocked for longer than is told.
    """
    keys: dict[tuple[Pair, str], Pair] = {
        (blocked, of.named[blocker].key): blocker
        for blocker, blocked in wanted
        if blocker in of.named
    }
    found: dict[tuple[Pair, Pair], datetime] = {}
    for connection_id, ids in by_connection(blocked for _, blocked in wanted).items():
        for id_, at, new, known_from, known_to in select_ids(
            view.conn,
            schema.field_event,
            ("work_item_id", "at", "new_text", "known_from", "known_to"),
            connection_id,
            "work_item_id",
            ids,
            f"AND field = '{EventField.LINK.value}'",
        ):
            known = known_from <= view.known_at and (known_to is None or known_to > view.known_at)
            item = (connection_id, id_)
            # In whatever language it is said, the other item's key stands last.
            blocker = keys.get((item, (new or "").rpartition(" ")[2]))
            if known and at <= view.as_of and blocker is not None:
                pair = (blocker, item)
                if pair not in found or at > found[pair]:
                    found[pair] = at
    return found
