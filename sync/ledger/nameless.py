"""Stays of items in some milestone whose title is lost: they are a gap of every one it may be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from mappings.vocabulary import MilestoneKind
from sync.ledger.milestones import Key, MilestoneFacts
from sync.store import schema
from sync.store.rows import NAMELESS


@dataclass(frozen=True, slots=True)
class Nameless:
    """An item was in a milestone that this one may have been."""

    item_id: str
    start: datetime
    #: None: it has not ended.
    end: datetime | None

    def holds(self, at: datetime) -> bool:
        """Whether it was so at this instant (UTC)."""
        return self.start <= at and (self.end is None or at < self.end)


def of_milestones(
    conn: sa.Connection,
    connection_id: int,
    milestones: Iterable[MilestoneFacts],
    known_at: datetime,
) -> Mapping[Key, Sequence[Nameless]]:
    """What is lost, by milestone of the same repository; empty nearly always. One query."""
    wanted = [one for one in milestones if one.kind is MilestoneKind.MILESTONE and one.scope_id]
    if not wanted:
        return {}
    c, w = schema.scope_membership.c, schema.work_item.c
    rows = conn.execute(
        sa.select(c.member_id, c.valid_from, c.valid_to, w.scope_id)
        .join_from(
            schema.scope_membership,
            schema.work_item,
            sa.and_(w.connection_id == c.connection_id, w.source_id == c.member_id),
        )
        .where(
            c.connection_id == connection_id,
            c.milestone_kind == MilestoneKind.MILESTONE.value,
            c.milestone_id == NAMELESS,
            c.member_kind == "work_item",
            c.known_from <= known_at,
            sa.or_(c.known_to.is_(None), c.known_to > known_at),
        )
        .order_by(c.valid_from, c.member_id)
    )
    by_scope: dict[str, list[Nameless]] = {}
    for row in rows:
        by_scope.setdefault(row.scope_id, []).append(
            Nameless(row.member_id, row.valid_from, row.valid_to)
        )
    return {
        one.key: by_scope[one.scope_id]
        for one in wanted
        if one.scope_id is not None and one.scope_id in by_scope
    }
