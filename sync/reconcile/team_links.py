"""What the team map is made of, out of a view: open work, who it waits for, where it came from."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import ItemType, LinkKind, StatusCategory
from sync.flow.dora import WEEK
from sync.flow.team_map import Blocking, Item, TeamItem, TeamMap, team_map
from sync.flow.work_time import WorkTime
from sync.forecast.graph import Standing
from sync.reconcile import teams, waiting
from sync.reconcile.view import View
from sync.reconcile.work import persons, work
from sync.store import schema

#: So many items are asked for by their ids.
FEW = 500
_OPEN = (
    StatusCategory.TODO.value,
    StatusCategory.IN_PROGRESS.value,
    StatusCategory.IN_REVIEW.value,
)


def read(view: View, weeks: int) -> TeamMap:
    """The map of what goes on, what is open in judged milestones, and what blocks or is blocked.

    What was done in the last `weeks` tells who is in a team, and of hand-offs.
    """
    plans = view.plans()
    inside = {
        plan.facts.line: [(plan.facts.connection_id, id_) for id_ in plan.open_ids]
        for plan in plans
    }
    blockings = _blockings(view)
    wanted = {item for mine in inside.values() for item in mine}
    wanted |= {end for one in blockings for end in (one.blocker, one.blocked)}
    wanted |= {one.id for one in work(view, view.as_of - weeks * WEEK)}
    return team_map(_items(view, wanted), blockings, inside)


def _items(view: View, wanted: Iterable[Item]) -> list[TeamItem]:
    ids: dict[int, list[str]] = {}
    for connection_id, id_ in sorted(wanted):
        ids.setdefault(connection_id, []).append(id_)
    told = teams.histories(view, ids)
    rows = _rows(view, ids)
    people = persons(view, {(row.connection_id, row.assignee_id) for row in rows})
    return [
        TeamItem(
            (row.connection_id, row.id),
            told.get((row.connection_id, row.id), ()),
            people.get((row.connection_id, row.assignee_id)),
            is_open=row.category in _OPEN,
            is_started=row.category in _OPEN[1:],
        )
        for row in rows
        if row.item_type != ItemType.EPIC.value
    ]


def _rows(view: View, ids: Mapping[int, Sequence[str]]) -> list[Any]:
    """The rows of these items; of many all are read once, for each question works out the past."""
    i = view.items.c
    query = sa.select(i.connection_id, i.id, i.category, i.assignee_id, i.item_type)
    found = []
    for connection_id, mine in ids.items():
        here = query.where(i.connection_id == connection_id)
        if len(mine) > FEW:
            wanted = set(mine)
            found += [row for row in view.conn.execute(here) if row.id in wanted]
        else:
            found += view.conn.execute(here.where(i.id.in_(mine))).all()
    return found


def _blockings(view: View) -> list[Blocking]:
    """Open items that wait for open ones, and how long we know of it."""
    graph = waiting.blockers(view).graph
    since = _since(view)
    time = WorkTime.of(view.calendar)
    found = []
    for one in graph.edges:
        ends = (one.blocker, one.blocked)
        # A part of another team's item is no link between teams.
        if one.method == "sub_issue":
            continue
        if all(graph.standing.get(end) is Standing.OPEN for end in ends):
            first = since.get(ends)
            days = None if first is None else time.between(first, view.as_of)
            found.append(Blocking(one.blocker, one.blocked, days))
    return found


def _since(view: View) -> dict[tuple[Item, Item], datetime]:
    """When each link between two items was first seen; what other claims say has no such day."""
    c = schema.link.c
    rows = view.conn.execute(
        sa.select(c.connection_id, c.from_id, c.to_id, c.kind, c.first_seen_at).where(
            c.kind.in_((LinkKind.BLOCKS.value, LinkKind.DEPENDS_ON.value)),
            c.first_seen_at <= view.known_at,
            sa.or_(c.withdrawn_at.is_(None), c.withdrawn_at > view.known_at),
        )
    )
    found: dict[tuple[Item, Item], datetime] = {}
    for row in rows:
        start, end = (row.connection_id, row.from_id), (row.connection_id, row.to_id)
        if row.kind == LinkKind.DEPENDS_ON.value:
            start, end = end, start
        if (start, end) not in found or row.first_seen_at < found[start, end]:
            found[start, end] = row.first_seen_at
    return found
