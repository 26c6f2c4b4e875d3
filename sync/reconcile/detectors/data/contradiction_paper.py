"""Entries that were made or changed after the fact: one finding per project."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import ChangeState, EventField
from sync.reconcile import changes
from sync.reconcile.changes import ChangeLine, LinkLine, Pair
from sync.reconcile.contract import Evidence, Found, NotChecked
from sync.reconcile.detectors.data.contradiction_shared import (
    DONE,
    ID,
    Quiet,
    at_once,
    by_connection,
    project_found,
    project_name,
    scope_of,
)
from sync.reconcile.view import View
from sync.reconcile.words import capped, count, item_evidence, verb
from sync.store import schema

CREATED_LATE = "created-after-merge"
SIZED_LATE = "estimate-after-done"

RULES = {
    CREATED_LATE: "items were created after all changes that name them had landed; one finding per "
    "project",
    SIZED_LATE: "estimates of items changed more than a day after these were done; one finding per "
    "project",
}

#: Two servers' clocks, and who writes the item while the change lands.
_TOGETHER = timedelta(hours=1)
#: So many at once are an import or a script: nobody's entry after the fact.
_MANY = 10


def detect(
    view: View,
    quiet: Quiet,
    linked: Mapping[Pair, Sequence[LinkLine]],
    thresholds: Mapping[str, Any],
) -> Iterable[Found | NotChecked]:
    """Both rules, over what happened lately."""
    oldest = view.as_of - timedelta(days=thresholds["recent_days"])
    yield from _created_late(view, quiet, linked, oldest)
    yield from _sized_late(view, quiet, oldest)


# --- created after the merge ------------------------------------------------------------------


def _created_late(
    view: View, quiet: Quiet, linked: Mapping[Pair, Sequence[LinkLine]], oldest: datetime
) -> Iterable[Found | NotChecked]:
    items = view.items
    rows = view.conn.execute(
        sa.select(items.c.connection_id, items.c.id, items.c.created_at).where(
            items.c.created_at >= oldest
        )
    )
    created = {
        pair: row.created_at for row in rows if (pair := (row.connection_id, row.id)) in linked
    }
    lines = changes.lines(
        view, by_connection(link.change for pair in created for link in linked[pair])
    )
    late: dict[Pair, list[ChangeLine]] = {}
    for pair, at in created.items():
        work = [lines[link.change] for link in linked[pair] if link.change in lines]
        if work and all(_landed_before(one, at) for one in work):
            late[pair] = list({one.pair: one for one in work}.values())
    facts = view.item_facts(by_connection(late))
    blind = _blind(view, late.values())
    projects: dict[Pair, list[Pair]] = {}
    for pair in sorted(late.keys() - set(at_once({one: created[one] for one in late}, _MANY))):
        projects.setdefault(scope_of(facts[pair]), []).append(pair)
    for project, pairs in sorted(projects.items()):
        hidden = [
            blind[one.connection_id, one.scope_id]
            for pair in pairs
            for one in late[pair]
            if (one.connection_id, one.scope_id) in blind
        ]
        subject = f"project:{project[1]}"
        if hidden:
            if view.was_open(ID, project[0], subject, CREATED_LATE):
                yield NotChecked(subject, hidden[0], project[0])
            continue
        mine = [
            pair
            for pair in pairs
            if created[pair]
            <= quiet.before(project, *((one.connection_id, one.scope_id) for one in late[pair]))
        ]
        if not mine:
            continue
        proofs: list[Evidence] = []
        for pair in mine:
            proofs.append(item_evidence(facts[pair], "was created", at=created[pair]))
            proofs.extend(one.evidence("had landed", one.merged_at) for one in late[pair])
        number, name = len(mine), project_name(view, project)
        yield project_found(
            view,
            project,
            CREATED_LATE,
            (
                f"{count(number, 'item')} of {name} {verb(number, 'was', 'were')} created after "
                "the work had landed",
                f"{count(number, 'item')} of {name} {verb(number, 'was', 'were')} created after "
                "all changes that name them had landed.",
                "This work was in no plan when it was done; numbers of planned work hold it now.",
                "Where this is how unplanned work is noted, nothing is to do; else note it before.",
            ),
            capped(proofs, "proof"),
            number,
        )


def _landed_before(one: ChangeLine, created: datetime) -> bool:
    landed = one.state is ChangeState.MERGED and one.merged_at is not None
    return landed and not one.by_bot and (one.merged_at or created) < created - _TOGETHER


def _blind(view: View, late: Iterable[Sequence[ChangeLine]]) -> dict[Pair, str]:
    """Repositories among these that were not read well enough, and why."""
    places = {(one.connection_id, one.scope_id) for work in late for one in work}
    return {one: reason for one in places if (reason := changes.lacking(view, one)) is not None}


# --- sized after it was done ------------------------------------------------------------------


def _sized_late(view: View, quiet: Quiet, oldest: datetime) -> Iterable[Found]:
    items, held, e = view.items, view.rows(schema.work_item), schema.field_event.c
    w = held.c
    rows = view.conn.execute(
        sa.select(e.connection_id, e.work_item_id, e.at, e.actor_id, e.old_text, e.new_text)
        .select_from(held)
        .join(
            schema.field_event,
            sa.and_(e.connection_id == w.connection_id, e.work_item_id == w.source_id),
        )
        .join(items, sa.and_(items.c.connection_id == w.connection_id, items.c.id == w.source_id))
        .where(
            # What changed lately was touched lately: few items are looked into.
            sa.or_(w.updated_at.is_(None), w.updated_at >= oldest),
            items.c.category == DONE,
            e.field == EventField.POINTS.value,
            e.at >= oldest,
            e.at <= view.as_of,
            e.known_from <= view.known_at,
            sa.or_(e.known_to.is_(None), e.known_to > view.known_at),
            # The first estimate of an item is none that changed.
            e.old_text.is_not(None),
            e.old_text != "",
        )
        .order_by(e.connection_id, e.work_item_id, e.at)
    ).all()
    ids = by_connection((row.connection_id, row.work_item_id) for row in rows)
    since, facts = view.status_since(ids), view.item_facts(ids)
    late: dict[Pair, Any] = {}
    for row in rows:
        pair = (row.connection_id, row.work_item_id)
        done_at = since.get(pair)
        if done_at is None or pair not in facts:
            continue
        settled = quiet.before(scope_of(facts[pair]))
        # What is set right on the day itself is part of ending the work.
        if done_at + quiet.time < row.at <= settled and row.old_text != row.new_text:
            late[pair] = row
    for pair in at_once({pair: row.at for pair, row in late.items()}, _MANY):
        del late[pair]
    projects: dict[Pair, list[Pair]] = {}
    for pair in sorted(late):
        projects.setdefault(scope_of(facts[pair]), []).append(pair)
    for project, pairs in sorted(projects.items()):
        number, name = len(pairs), project_name(view, project)
        yield project_found(
            view,
            project,
            SIZED_LATE,
            (
                f"{count(number, 'estimate')} of {name} changed after the work was done",
                f"{count(number, 'item')} of {name} {verb(number, 'was', 'were')} done, and the "
                "estimate changed more than a day later.",
                "What was finished looks larger or smaller than what was planned, and so does the "
                "pace that is read from it.",
                "Take the change back, or say on the item why it was made.",
            ),
            capped(
                [
                    item_evidence(
                        facts[pair],
                        f"its estimate changed from {late[pair].old_text} to "
                        f"{late[pair].new_text or 'none'} after it was done",
                        at=late[pair].at,
                    )
                    for pair in pairs
                ]
            ),
            number,
        )
