"""What milestones of the same project got done by week: the history that a young one has not yet.

One set query for all projects of the judged milestones, whatever the number of items.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from mappings.vocabulary import EventField, MilestoneKind, StatusCategory
from sync.forecast.days import WEEK
from sync.forecast.inputs import Prior
from sync.forecast.rates import HISTORY_WEEKS, prior
from sync.ledger import load
from sync.ledger.milestones import Key
from sync.ledger.working_days import WorkCalendar
from sync.reconcile.view import View
from sync.store import schema

#: How far back others count: a full history before each week of a full history.
BACK_WEEKS = 2 * HISTORY_WEEKS
#: With fewer weeks a project says too little by itself: then all of them do.
FEW_WEEKS = 3

#: (connection id, kind, project or board).
Group = tuple[int, MilestoneKind, str | None]


@dataclass(frozen=True, slots=True)
class Pace:
    """Completions of milestones by week back from a day; week 0 ends with that day."""

    #: of each milestone: its project, and how many were done in each week of its work.
    weeks: Mapping[Key, tuple[Group, Mapping[int, int]]]

    def team_weekly(self, group: Group, but: Key, since: int) -> list[float | None]:
        """What one milestone of the group got done on average, in week `since` and before.

        Only of milestones that were worked on in that week; None: there was none.
        """
        mine = [by for key, (where, by) in self.weeks.items() if where == group and key != but]
        last = max((max(by) for by in mine), default=-1)
        found: list[float | None] = []
        for week in range(since, min(BACK_WEEKS, last + 1)):
            active = [by.get(week, 0) for by in mine if min(by) <= week <= max(by)]
            found.append(sum(active) / len(active) if active else None)
        return found

    def prior(self, group: Group, but: Key) -> Prior:
        """What other milestones of the group, or else all, let one expect of a week."""
        near = [_whole(by) for key, (of, by) in self.weeks.items() if of == group and key != but]
        if sum(map(len, near)) < FEW_WEEKS:
            near = [_whole(by) for key, (_, by) in self.weeks.items() if key != but]
        return prior(near) if sum(map(len, near)) >= FEW_WEEKS else Prior()


def _whole(by: Mapping[int, int]) -> list[float]:
    """Every week from its first to its last completion."""
    return [float(by.get(week, 0)) for week in range(min(by), max(by) + 1)]


def pace(view: View, groups: Iterable[Group], calendar: WorkCalendar, day: date) -> Pace:
    """The pace of all milestones of these groups up to the view's instant.

    An item counts once, where it was done last; what was reopened since counts not.
    """
    wanted = set(groups)
    found: dict[Key, tuple[Group, dict[int, int]]] = {}
    by_connection: dict[int, set[str]] = {}
    for connection_id, kind, scope_id in wanted:
        if scope_id is not None and kind is not MilestoneKind.EPIC:
            by_connection.setdefault(connection_id, set()).add(scope_id)
    for connection_id, scopes in by_connection.items():
        for kind_, id_, scope_id, done in _done(view, connection_id, scopes):
            group = (connection_id, MilestoneKind(kind_), scope_id)
            week = (day - calendar.local_date(done)).days // WEEK
            if group in wanted and 0 <= week < BACK_WEEKS:
                by = found.setdefault((connection_id, group[1], id_), (group, {}))[1]
                by[week] = by.get(week, 0) + 1
    return Pace(found)


def _done(
    view: View, connection_id: int, scopes: Iterable[str]
) -> list[tuple[str, str, str, datetime]]:
    """(kind, milestone, its scope, when) of everything that was done in one while it was in it."""
    e, m = schema.field_event.c, schema.scope_membership.c
    stone = view.rows(schema.milestone).c
    of = view.rows(schema.status)
    new, old = of.alias("new_status"), of.alias("old_status")
    is_done = StatusCategory.DONE.value
    to_done = sa.and_(
        new.c.category == is_done, sa.or_(old.c.category.is_(None), old.c.category != is_done)
    )
    from_done = sa.and_(
        old.c.category == is_done, sa.or_(new.c.category.is_(None), new.c.category != is_done)
    )
    first = view.as_of - timedelta(weeks=BACK_WEEKS + 1)
    rows = view.conn.execute(
        sa.select(
            m.milestone_kind,
            m.milestone_id,
            stone.scope_id,
            sa.func.max(sa.case((to_done, e.at)), type_=e.at.type).label("done"),
            sa.func.max(sa.case((from_done, e.at)), type_=e.at.type).label("reopened"),
        )
        .select_from(
            view.rows(schema.milestone)
            .join(
                schema.scope_membership,
                sa.and_(
                    m.connection_id == stone.connection_id,
                    m.milestone_kind == stone.kind,
                    m.milestone_id == stone.source_id,
                ),
            )
            .join(
                schema.field_event,
                sa.and_(e.connection_id == m.connection_id, e.work_item_id == m.member_id),
            )
            .outerjoin(
                new, sa.and_(new.c.connection_id == e.connection_id, new.c.source_id == e.new_ids)
            )
            .outerjoin(
                old, sa.and_(old.c.connection_id == e.connection_id, old.c.source_id == e.old_ids)
            )
        )
        .where(
            stone.connection_id == connection_id,
            stone.scope_id.in_(sorted(scopes)),
            m.member_kind == "work_item",
            load.known(schema.scope_membership, view.known_at),
            load.known(schema.field_event, view.known_at),
            e.field == EventField.STATUS.value,
            e.at > first,
            e.at <= view.as_of,
            m.valid_from <= e.at,
            # Who leaves in the very instant in which it is done was done in it.
            sa.or_(m.valid_to.is_(None), m.valid_to >= e.at),
        )
        .group_by(m.milestone_kind, m.milestone_id, stone.scope_id, m.member_id)
    )
    return [
        (row[0], row[1], row[2], row.done)
        for row in rows
        if row.done is not None and (row.reopened is None or row.reopened < row.done)
    ]
