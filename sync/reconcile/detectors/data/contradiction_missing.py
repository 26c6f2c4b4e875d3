"""Work of which no change is known, where work of its kind nearly always has one.

Many items need no change, and a link may be missing: these are questions and never mailed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import ItemType, LinkKind, StatusCategory
from sync.reconcile import changes
from sync.reconcile.changes import LinkLine, Pair
from sync.reconcile.contract import Channel, Found, NotChecked
from sync.reconcile.coverage import Reading
from sync.reconcile.detectors.data.contradiction_code import waiting
from sync.reconcile.detectors.data.contradiction_shared import (
    DONE,
    ID,
    Quiet,
    by_connection,
    item_found,
    project_found,
    project_name,
    scope_of,
)
from sync.reconcile.view import View
from sync.reconcile.words import capped, count, item_evidence, item_label, verb
from sync.store import schema
from sync.store.bulk import select_ids

DONE_NO_CHANGE = "done-no-change"
STARTED_NO_CHANGE = "started-no-change"

RULES = {
    DONE_NO_CHANGE: "items are done and no change names them, though nearly all of their type and "
    "project have one; one finding per project",
    STARTED_NO_CHANGE: "an item is in progress for ten working days and no change names it, though "
    "nearly all of its type and project have one when they are done",
}

#: What people make with code. Whether a project's tasks need any is not to be told.
_TYPES = (ItemType.FEATURE.value, ItemType.DEFECT.value)
#: A project and a type of item.
_Kind = tuple[Pair, str]


@dataclass
class _Done:
    """Items of one kind that were done lately."""

    linked: int = 0
    alone: dict[Pair, datetime] = field(default_factory=dict)


def detect(
    view: View,
    quiet: Quiet,
    linked: Mapping[Pair, Sequence[LinkLine]],
    thresholds: Mapping[str, Any],
) -> Iterable[Found | NotChecked]:
    """Both rules, where every repository was read: elsewhere the change may be in the others."""
    if not linked:
        return
    unread = _not_read(view)
    if unread:
        for one, trouble in unread:
            yield NotChecked(
                f"repository:{one.scope_id or one.scope_key}", trouble, one.connection_id
            )
        yield from _held(view, unread[0][1])
        return
    named = linked.keys() | {link.to for link in changes.links(view, kinds=(LinkKind.MENTIONS,))}
    kinds = _needing(view, linked, thresholds)
    yield from _done(view, quiet, kinds, named)
    yield from _started(view, quiet, kinds, named, thresholds["started_days"])


def _not_read(view: View) -> list[tuple[Reading, str]]:
    """Readings without which not all changes are known, and why."""
    found = []
    for one in view.coverage.in_force:
        trouble = view.coverage.trouble(one) if one.stream in changes.STREAMS else None
        if trouble is not None:
            found.append((one, f"{one.stream} of {one.scope_kind} {one.scope_key} {trouble}"))
    return found


def _held(view: View, reason: str) -> Iterable[NotChecked]:
    """Findings of before are neither there nor gone."""
    rules = (DONE_NO_CHANGE, STARTED_NO_CHANGE)
    for detector, connection_id, subject, rule in sorted(
        view.open_before, key=lambda one: (one[1] or 0, *one)
    ):
        if detector == ID and rule in rules:
            yield NotChecked(subject, reason, connection_id)


def _needing(
    view: View, linked: Mapping[Pair, Sequence[LinkLine]], thresholds: Mapping[str, Any]
) -> dict[_Kind, _Done]:
    """Kinds of items of which nearly all that were done lately have a change."""
    items, held = view.items, view.rows(schema.work_item)
    w = held.c
    oldest = view.as_of - timedelta(days=thresholds["recent_days"])
    rows = view.conn.execute(
        sa.select(items.c.connection_id, items.c.id, items.c.scope_id, items.c.item_type)
        .select_from(items)
        .join(
            held,
            sa.and_(w.connection_id == items.c.connection_id, w.source_id == items.c.id),
        )
        .where(
            items.c.category == DONE,
            items.c.item_type.in_(_TYPES),
            # It was done at the instant, and its last end is not before: so neither was that one.
            w.done_at >= oldest,
            ~view.has_child(items),
        )
    ).all()
    kinds = {
        (row.connection_id, row.id): ((row.connection_id, row.scope_id), row.item_type)
        for row in rows
    }
    found: dict[_Kind, _Done] = {}
    for pair, at in view.status_since(by_connection(kinds)).items():
        if at < oldest:
            continue
        one = found.setdefault(kinds[pair], _Done())
        if pair in linked:
            one.linked += 1
        else:
            one.alone[pair] = at
    return {
        kind: one
        for kind, one in found.items()
        if one.linked + len(one.alone) >= thresholds["done_items"]
        and one.linked >= thresholds["changes_share"] * (one.linked + len(one.alone))
    }


def _done(
    view: View, quiet: Quiet, kinds: Mapping[_Kind, _Done], named: Iterable[Pair]
) -> Iterable[Found]:
    projects: dict[Pair, dict[Pair, datetime]] = {}
    for (project, _), one in kinds.items():
        projects.setdefault(project, {}).update(one.alone)
    known = set(named)
    every = {pair for alone in projects.values() for pair in alone} - known
    excused = _copies(view, every)
    facts = view.item_facts(by_connection(every))
    for project, alone in sorted(projects.items()):
        mine = [
            (facts[pair], at)
            for pair, at in sorted(alone.items())
            if pair in every and pair not in excused and pair in facts
            if at <= quiet.before(project)
            if (pair[0], facts[pair].parent_id) not in known
        ]
        if not mine:
            continue
        number, name = len(mine), project_name(view, project)
        yield project_found(
            view,
            project,
            DONE_NO_CHANGE,
            (
                f"{count(number, 'done item')} of {name} {verb(number, 'has', 'have')} no change",
                f"{count(number, 'item')} of {name} {verb(number, 'is', 'are')} done, and no "
                "change names them; nearly all others of their type have one.",
                "Some work needs no change. Where it did, what was done cannot be looked up, nor "
                "whether it was tested.",
                "Name the item in the title of its change; where there was none, nothing is to do.",
            ),
            capped(
                [item_evidence(item, "is done, no change is known", at=at) for item, at in mine]
            ),
            number,
        )


def _started(
    view: View,
    quiet: Quiet,
    kinds: Mapping[_Kind, _Done],
    named: Iterable[Pair],
    days: int,
) -> Iterable[Found]:
    if not kinds:
        return
    items, known = view.items, set(named)
    rows = view.conn.execute(
        sa.select(items.c.connection_id, items.c.id, items.c.scope_id, items.c.item_type).where(
            items.c.category == StatusCategory.IN_PROGRESS.value,
            items.c.item_type.in_(sorted({type_ for _, type_ in kinds})),
            ~view.has_child(items),
        )
    )
    pairs = {
        (row.connection_id, row.id)
        for row in rows
        if ((row.connection_id, row.scope_id), row.item_type) in kinds
    } - known
    since = {
        pair: at
        for pair, at in view.status_since(by_connection(pairs)).items()
        if view.calendar.add(at, days) <= view.as_of
    }
    waits = waiting(view, since)
    facts = view.item_facts(by_connection(since))
    for pair, at in sorted(since.items()):
        item = facts[pair]
        parent = (pair[0], item.parent_id)
        if pair in waits or parent in known or at > quiet.before(scope_of(item)):
            continue
        label = item_label(item)
        yield item_found(
            item,
            STARTED_NO_CHANGE,
            (
                f"{label} is in progress, and no change for it is known",
                f"{label} is in progress since {days} working days or more, and no change names "
                "it; nearly all others of its type have one.",
                "The work may wait for something, or be somewhere that nobody else can see.",
                "Ask what it waits for; open a draft of the change, or move the item back.",
            ),
            (item_evidence(item, "is in progress, no change is known", at=at),),
            magnitude=float(view.calendar.between(view.calendar.local_date(at), view.today)),
            channel=Channel.DIGEST,
        )


def _copies(view: View, pairs: Iterable[Pair]) -> set[Pair]:
    """Those whose work is another item's: duplicates, and what was split."""
    kinds = (LinkKind.DUPLICATES, LinkKind.CLONES, LinkKind.SPLITS)
    words = ", ".join(f"'{one.value}'" for one in kinds)
    found: set[Pair] = set()
    for connection_id, ids in by_connection(pairs).items():
        for column in ("from_id", "to_id"):
            rows = select_ids(
                view.conn,
                schema.link,
                (column, "first_seen_at", "withdrawn_at"),
                connection_id,
                column,
                sorted(ids),
                f"AND kind IN ({words})",
            )
            found |= {
                (connection_id, id_)
                for id_, first, withdrawn in rows
                if first <= view.known_at and (withdrawn is None or withdrawn > view.known_at)
            }
    return found
