"""Whether the tickets that answers wait for are closed, as far as a complete reading tells."""

from collections.abc import Collection
from dataclasses import replace

import sqlalchemy as sa

from sync.reconcile.answers import Ticket
from sync.reconcile.detectors.data import plan_gap
from sync.reconcile.gate import Gate
from sync.reconcile.view import View
from sync.store import schema

_OVER = frozenset({"done", "cancelled"})
#: What has to be read of its project.
_NEEDS = replace(
    plan_gap.DETECTOR,
    needs=dict.fromkeys(plan_gap.DETECTOR.needs, ("issues",)),
)


def tickets(view: View, asked: Collection[str]) -> dict[str, Ticket]:
    """What is known of each ticket: a key as its source writes it, or its link.

    A ticket is closed only where its project was read completely and it is there. Several systems
    may use one key: then nothing is known of it.
    """
    gate = Gate(view)
    return {one: _ticket(view, gate, one) for one in sorted(set(asked))}


def _ticket(view: View, gate: Gate, asked: str) -> Ticket:
    w, k = schema.work_item.c, schema.work_item_key.c
    text = asked.strip()
    by_key = sa.and_(
        k.connection_id == w.connection_id,
        k.work_item_id == w.source_id,
        sa.func.lower(k.key) == text.lower(),
    )
    rows = view.conn.execute(
        sa.select(w.connection_id, w.source_id, w.gone_at).where(
            sa.or_(w.url == text, sa.exists().where(by_key))
        )
    ).all()
    if not rows:
        return Ticket(False, "nothing that was read has this key or link")
    if len(rows) > 1:
        return Ticket(False, f"{len(rows)} items have this key")
    (row,) = rows
    if row.gone_at is not None:
        return Ticket(False, "it can no longer be read")
    lacking = gate.reason(_NEEDS, row.connection_id, f"issue:{row.source_id}")
    if lacking is not None:
        return Ticket(False, lacking)
    items = view.items.c
    category = view.conn.execute(
        sa.select(items.category).where(
            items.connection_id == row.connection_id, items.id == row.source_id
        )
    ).scalar()
    if category is None or category == "unknown":
        return Ticket(False, "its status means nothing known")
    return Ticket(category in _OVER)
