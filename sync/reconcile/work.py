"""Leaf work that is going on or was done lately, with its stages and whose it is.

Few set queries for a whole store; nothing of a person leaves this module but a key that tells two
people apart.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from mappings.vocabulary import ItemType, StatusCategory
from sync.flow import histories
from sync.flow.people import Person
from sync.flow.stages import ItemFlow, Stage
from sync.reconcile.view import View
from sync.store import schema
from sync.store.tables_judged import person_account

#: (connection id, item id).
Item = tuple[int, str]
_GOING_ON = (StatusCategory.IN_PROGRESS.value, StatusCategory.IN_REVIEW.value)


@dataclass(frozen=True, slots=True)
class Work:
    """One leaf item; instants in UTC."""

    id: Item
    scope_id: str
    item_type: ItemType
    #: None: nobody is named, or a robot is.
    person: Person | None
    flow: ItemFlow
    #: when it was done, if it is; None: it is not, or nobody tells when.
    done_at: datetime | None
    is_done: bool

    @property
    def is_started(self) -> bool:
        """Whether work on it goes on."""
        return self.flow.stage.is_started


def work(view: View, since: datetime) -> tuple[Work, ...]:
    """Leaf items that are going on, and those done after `since` (UTC) or nobody knows when.

    Epics and items with children carry no work of their own.
    """
    i, held = view.items.c, view.rows(schema.work_item)
    w = held.c
    rows = view.conn.execute(
        sa.select(
            i.connection_id, i.id, i.scope_id, i.item_type, i.assignee_id, i.category, w.done_at
        )
        .select_from(
            view.items.join(held, sa.and_(w.connection_id == i.connection_id, w.source_id == i.id))
        )
        .where(
            i.item_type != ItemType.EPIC.value,
            ~view.has_child(view.items),
            sa.or_(
                i.category.in_(_GOING_ON),
                sa.and_(
                    i.category == StatusCategory.DONE.value,
                    sa.or_(w.done_at.is_(None), w.done_at > since),
                ),
            ),
        )
        .order_by(i.connection_id, i.id)
    ).all()
    flows = flows_of(view, ((row.connection_id, row.id) for row in rows))
    people = persons(view, {(row.connection_id, row.assignee_id) for row in rows})
    found = []
    for row in rows:
        item = (row.connection_id, row.id)
        flow = flows.get(item, ItemFlow(row.id, ()))
        is_done = row.category == StatusCategory.DONE.value
        done_at = _done_at(view, flow, row.done_at) if is_done else None
        if is_done and done_at is not None and done_at <= since:
            continue
        found.append(
            Work(
                item,
                row.scope_id,
                ItemType(row.item_type),
                people.get((row.connection_id, row.assignee_id)),
                flow,
                done_at,
                is_done,
            )
        )
    return tuple(found)


def _done_at(view: View, flow: ItemFlow, held: datetime | None) -> datetime | None:
    if flow.whole and flow.stage is Stage.DONE and flow.spans[-1].start != flow.spans[0].start:
        return flow.spans[-1].start
    return held if held is not None and held <= view.as_of else None


def flows_of(view: View, items: Iterable[Item]) -> dict[Item, ItemFlow]:
    """The stages of these items at the view's instant."""
    wanted: dict[int, list[str]] = {}
    for connection_id, id_ in items:
        wanted.setdefault(connection_id, []).append(id_)
    return {
        (connection_id, id_): one
        for connection_id, ids in wanted.items()
        for id_, one in histories.read(
            view.conn,
            connection_id,
            ids,
            as_of=view.as_of,
            known_at=view.known_at,
            rows_at=view.rows_at,
        ).items()
    }


def persons(
    view: View, accounts: Collection[tuple[int, str | None]]
) -> Mapping[tuple[int, str | None], Person]:
    """Who is behind each of these accounts; robots are left out, and whoever is not named."""
    p = person_account.c
    rows = view.conn.execute(
        sa.select(p.connection_id, p.account_id, p.person).where(
            p.known_from <= view.known_at,
            sa.or_(p.known_to.is_(None), p.known_to > view.known_at),
        )
    )
    configured = {(row.connection_id, row.account_id): row.person for row in rows}
    wanted: dict[int, set[str]] = {}
    for connection_id, account in accounts:
        if account is not None:
            wanted.setdefault(connection_id, set()).add(account)
    found: dict[tuple[int, str | None], Person] = {}
    for connection_id, ids in wanted.items():
        bots = {
            id_
            for id_, is_bot in view.select(
                schema.account, ("source_id", "is_bot"), connection_id, sorted(ids)
            )
            if is_bot
        }
        for id_ in ids - bots:
            person = configured.get((connection_id, id_))
            # No account is called so: ids hold no line break.
            name = f"person\n{person}" if person else id_
            found[connection_id, id_] = (connection_id, name)
    return found


def tells_waiting(view: View, connection_id: int) -> bool:
    """Whether any status of the connection says that work waits."""
    s = view.rows(schema.status).c
    waits = sa.or_(s.waits_for.is_not(None), s.category == StatusCategory.IN_REVIEW.value)
    row = view.conn.execute(
        sa.select(s.source_id).where(s.connection_id == connection_id, waits).limit(1)
    ).first()
    return row is not None
