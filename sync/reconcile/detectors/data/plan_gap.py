"""Work has started that the plan does not hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import MilestoneKind, StatusCategory
from sync.reconcile.contract import (
    Channel,
    Detector,
    Evidence,
    Found,
    NotChecked,
    Severity,
    Voice,
    Words,
)
from sync.reconcile.view import Project, View, joined_key
from sync.reconcile.words import capped, count
from sync.store import schema

ID = "data.plan-gap"

_STARTED = (StatusCategory.IN_PROGRESS.value, StatusCategory.IN_REVIEW.value)
_OWNER, _ESTIMATE, _MILESTONE, _DATE = "no owner", "no estimate", "no milestone", "no date"


@dataclass(frozen=True, slots=True)
class _Started:
    """A started leaf item: a row of `View.items` and what is known of its milestones."""

    row: Any
    open_milestones: int
    #: at least one of them has a date, or it has one of its own.
    dated: bool


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Projects with started leaf items that lack an owner, an estimate, a milestone or a date."""
    rows = _started(view)
    estimating = _estimating(view, thresholds["estimated_share"])
    judged = _judged_projects(view)
    for project in view.projects:
        mine = rows.get((project.connection_id, project.source_id), [])
        gaps = [
            (one.row, lacking)
            for one in mine
            if (lacking := _lacking(one, project, estimating, judged))
        ]
        if len(gaps) >= thresholds["least_items"]:
            yield _found(project, gaps, len(mine), thresholds)


def _lacking(
    one: _Started,
    project: Project,
    estimating: frozenset[tuple[int, str]],
    judged: frozenset[tuple[int, str]],
) -> list[str]:
    key = (project.connection_id, project.source_id)
    found = []
    if one.row.assignee_id is None:
        found.append(_OWNER)
    if one.row.points is None and one.row.seconds is None and key in estimating:
        found.append(_ESTIMATE)
    if not one.open_milestones:
        if key in judged:
            found.append(_MILESTONE)
    elif not one.dated:
        found.append(_DATE)
    return found


def _found(
    project: Project,
    gaps: list[tuple[Any, list[str]]],
    started: int,
    thresholds: Mapping[str, Any],
) -> Found:
    sums = {
        name: sum(1 for _, lacking in gaps if name in lacking)
        for name in (_OWNER, _ESTIMATE, _MILESTONE, _DATE)
    }
    listed = ", ".join(f"{number} with {name}" for name, number in sums.items() if number)
    return Found(
        subject=project.subject,
        severity=Severity.LOW if len(gaps) < thresholds["medium_from"] else Severity.MEDIUM,
        magnitude=float(len(gaps)),
        values={
            "project": project.key,
            "items": count(len(gaps), "started item"),
            "verb": "is" if len(gaps) == 1 else "are",
            "started": started,
            "listed": listed,
        },
        evidence=capped(
            [
                Evidence(
                    f"{row.key} {row.title}: started with {' and '.join(lacking)}",
                    row.url,
                    None,
                    f"issue:{row.id}",
                    bool(row.restricted),
                )
                for row, lacking in gaps
            ]
        ),
        connection_id=project.connection_id,
    )


def _started(view: View) -> dict[tuple[int, str], list[_Started]]:
    """Started leaf items by project, with how many open milestones hold each."""
    items, members = view.items, view.memberships
    rows = view.conn.execute(
        sa.select(items)
        .where(items.c.category.in_(_STARTED), ~view.has_child(items))
        .order_by(items.c.connection_id, items.c.scope_id, items.c.id)
    ).all()
    started = {(row.connection_id, row.id) for row in rows}
    held: dict[tuple[int, str], list[bool]] = {}
    # Members of all started items in one query; their milestones are a small table in memory.
    chosen = sa.select(items.c.connection_id, items.c.id).where(items.c.category.in_(_STARTED))
    narrowed = chosen.subquery("started")
    for row in view.conn.execute(
        sa.select(
            members.c.connection_id,
            members.c.item_id,
            members.c.milestone_kind,
            members.c.milestone_id,
        ).join(
            narrowed,
            sa.and_(
                narrowed.c.connection_id == members.c.connection_id,
                narrowed.c.id == members.c.item_id,
            ),
        )
    ):
        key = (row.connection_id, row.item_id)
        facts = view.milestones.get(
            (row.connection_id, MilestoneKind(row.milestone_kind), row.milestone_id)
        )
        if key in started and facts is not None and facts.state.is_open:
            held.setdefault(key, []).append(facts.due_date is not None)
    found: dict[tuple[int, str], list[_Started]] = {}
    own = _dated(view, started)
    for row in rows:
        key = (row.connection_id, row.id)
        dates = held.get(key, [])
        found.setdefault((row.connection_id, row.scope_id), []).append(
            _Started(row, len(dates), any(dates) or key in own)
        )
    return found


def _dated(view: View, items: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those of these items that have a date of their own."""
    ids: dict[int, list[str]] = {}
    for connection_id, id_ in sorted(items):
        ids.setdefault(connection_id, []).append(id_)
    return {
        (connection_id, id_)
        for connection_id, mine in ids.items()
        for id_, due in view.select(
            schema.work_item, ("source_id", "due_date"), connection_id, mine
        )
        if due is not None
    }


def _estimating(view: View, share: float) -> frozenset[tuple[int, str]]:
    """Projects that do estimate: enough leaf items of their open milestones have a size."""
    open_ids: dict[tuple[int, str], list[str]] = {}
    for (connection_id, kind, id_), facts in view.milestones.items():
        if facts.state.is_open:
            open_ids.setdefault((connection_id, kind.value), []).append(id_)
    items, members = view.items, view.memberships
    sized = sa.or_(items.c.points.is_not(None), items.c.seconds.is_not(None))
    seen: dict[tuple[int, str], dict[str, bool]] = {}
    for (connection_id, kind_name), ids in open_ids.items():
        rows = view.conn.execute(
            sa.select(items.c.scope_id, items.c.id, sa.case((sized, 1), else_=0).label("sized"))
            .select_from(members)
            .join(
                items,
                sa.and_(
                    items.c.connection_id == members.c.connection_id,
                    items.c.id == members.c.item_id,
                ),
            )
            .where(
                members.c.connection_id == connection_id,
                members.c.milestone_kind == kind_name,
                # Looked up in a set: as an index range it would be tried for each item.
                joined_key(members.c.milestone_id).in_(ids),
                items.c.category != StatusCategory.CANCELLED.value,
                ~view.has_child(items),
            )
        )
        for row in rows:
            seen.setdefault((connection_id, row.scope_id), {})[row.id] = bool(row.sized)
    return frozenset(
        key for key, mine in seen.items() if mine and sum(mine.values()) >= share * len(mine)
    )


def _judged_projects(view: View) -> frozenset[tuple[int, str]]:
    """Projects with an open judged milestone."""
    found = set()
    for one in view.judged:
        if not one.state.is_open:
            continue
        for project in view.projects:
            if project.connection_id == one.connection_id and project.key == one.project_key:
                found.add((project.connection_id, project.source_id))
    return frozenset(found)


DETECTOR = Detector(
    id=ID,
    name="Started work has gaps in its plan",
    family="data",
    needs={
        "jira": ("issues", "versions", "sprints"),
        "github": ("issues", "milestones"),
        "gitlab": ("issues", "milestones"),
    },
    words=Words(
        title="{project}: {items} {verb} not fully planned",
        what="Of {started} started items in {project}: {listed}.",
        so_what="Work nobody owns, sized or dated cannot be part of any forecast.",
        who="the lead of {project}",
        by_when="within this week",
        remedy="Fill in what is missing on each item, or put it back to the backlog.",
        executive=Voice(
            what="Work has begun in {project} that has no owner, size or place in a plan: {items}.",
        ),
        engineer=Voice(
            so_what="Nobody can see that you are busy with it, or plan around it.",
            remedy="Fill in what is missing on the items that are yours.",
        ),
    ),
    channel=Channel.MAILED,
    defaults={"least_items": 1, "medium_from": 5, "estimated_share": 0.5},
    explain={
        "least_items": "fewest started items with a gap",
        "medium_from": "items with a gap from which it is medium",
        "estimated_share": "share of estimated items in open milestones from which a missing "
        "estimate is a gap",
    },
    detect=detect,
    about="project",
)
