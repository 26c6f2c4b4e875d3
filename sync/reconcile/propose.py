"""Which milestones a person may want to have judged: a proposal, never a decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from mappings.vocabulary import MilestoneKind, MilestoneState, StatusCategory
from sync.clock import Clock
from sync.ledger.milestones import Key, MilestoneFacts
from sync.reconcile.contract import Policy
from sync.reconcile.view import View
from sync.reconcile.words import count, day
from sync.store.open import Store

#: A milestone is proposed when its date lies between so many days ago and so many days ahead.
DAYS_BACK = 60
DAYS_AHEAD = 120

_OPEN = (
    StatusCategory.TODO.value,
    StatusCategory.IN_PROGRESS.value,
    StatusCategory.IN_REVIEW.value,
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A milestone that looks worth judging."""

    #: what to write under `[milestones] judge`.
    line: str
    kind: MilestoneKind
    name: str
    project_key: str | None
    due_date: date | None
    open_items: int
    #: one sentence for a person.
    why: str


def propose(store: Store, policy: Policy, *, clock: Clock) -> tuple[Proposal, ...]:
    """Open milestones with open work and a date that is near; of sprints the active ones.

    Those already judged are left out. Sorted by date, undated ones last.
    """
    now = clock.now()
    with store.reading() as conn:
        view = View(conn, policy, now, now)
        return proposals(view, open_items(view))


def proposals(view: View, open_: Mapping[Key, int]) -> tuple[Proposal, ...]:
    """The same for a view that is already open; `open_`: open items by milestone."""
    judged = {one.key for one in view.judged}
    found = [
        _proposal(one, open_[key], view)
        for key, one in view.milestones.items()
        if key not in judged and open_.get(key) and _is_near(one, view)
    ]
    return tuple(
        sorted(found, key=lambda one: (one.due_date or date.max, one.line, one.kind.value))
    )


def left_over(view: View, open_: Mapping[Key, int]) -> int:
    """Open milestones that are neither judged nor proposed; `open_`: open items by milestone."""
    judged = {one.key for one in view.judged}
    return sum(
        1
        for key, one in view.milestones.items()
        if one.state.is_open and key not in judged and not (open_.get(key) and _is_near(one, view))
    )


def _is_near(one: MilestoneFacts, view: View) -> bool:
    if not one.state.is_open or one.unseen:
        return False
    if one.kind is MilestoneKind.SPRINT and one.state is not MilestoneState.ACTIVE:
        return False
    if one.due_date is None:
        return one.kind is MilestoneKind.SPRINT
    return -DAYS_BACK <= (one.due_date - view.today).days <= DAYS_AHEAD


def _proposal(one: MilestoneFacts, items: int, view: View) -> Proposal:
    work = count(items, "open item")
    if one.due_date is None:
        why = f"active, {work}"
    elif one.due_date < view.today:
        why = f"its date {day(one.due_date)} has passed, {work}"
    else:
        why = f"due {day(one.due_date)}, {work}"
    return Proposal(one.line, one.kind, one.name, one.project_key, one.due_date, items, why)


def open_items(view: View) -> Mapping[Key, int]:
    """How many items with open work each milestone holds; one query."""
    items, members = view.items, view.memberships
    rows = view.conn.execute(
        sa.select(
            members.c.connection_id,
            members.c.milestone_kind,
            members.c.milestone_id,
            sa.func.count().label("open"),
        )
        .select_from(members)
        .join(
            items,
            sa.and_(
                items.c.connection_id == members.c.connection_id,
                items.c.id == members.c.item_id,
            ),
        )
        .where(items.c.category.in_(_OPEN), ~view.has_child_inside(members, items))
        .group_by(members.c.connection_id, members.c.milestone_kind, members.c.milestone_id)
    )
    return {
        (row.connection_id, MilestoneKind(row.milestone_kind), row.milestone_id): row.open
        for row in rows
    }
