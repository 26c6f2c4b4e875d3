"""Two facts contradict each other, within one system or between two."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import LinkKind, MilestoneKind, MilestoneState, StatusCategory
from sync.ledger.load import ItemFacts
from sync.ledger.milestones import Key, MilestoneFacts
from sync.reconcile.contract import (
    Channel,
    Detector,
    Evidence,
    Found,
    NotChecked,
    Severity,
    Words,
)
from sync.reconcile.detectors.data import contradiction_code, contradiction_program
from sync.reconcile.view import View, joined_key
from sync.reconcile.words import capped, count, day, item_evidence, item_label, verb
from sync.store import schema

ID = "data.contradiction"

_DONE = StatusCategory.DONE.value
_CLOSED = (StatusCategory.DONE.value, StatusCategory.CANCELLED.value)
#: Unknown statuses are neither open nor closed.
_OPEN = (
    StatusCategory.TODO.value,
    StatusCategory.IN_PROGRESS.value,
    StatusCategory.IN_REVIEW.value,
)

Pair = tuple[int, str]


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """All rules; each holds only after both sides stood still for a while."""
    settled = view.as_of - timedelta(hours=thresholds["settled_hours"])
    yield from _released_open(view, settled, thresholds["released_days"])
    yield from _parents_and_children(view, settled)
    yield from _blocked_by_done(view, settled)
    yield from contradiction_code.detect(view, settled, thresholds)
    yield from contradiction_program.detect(view, settled)


# --- released-open ----------------------------------------------------------------------------

#: What says of each kind of milestone that nothing more goes into it. A sprint ends with what is
#: left, and that goes on.
_OVER = {
    MilestoneKind.VERSION: MilestoneState.RELEASED,
    MilestoneKind.MILESTONE: MilestoneState.CLOSED,
}


def _released_open(view: View, settled: datetime, days: int) -> Iterable[Found]:
    judged = {one.key for one in view.judged}
    recent = view.as_of - timedelta(days=days)
    candidates: list[MilestoneFacts] = []
    for facts in view.milestones.values():
        if facts.state is not _OVER.get(facts.kind):
            continue
        at = released_at(view, facts)
        old_enough = at is None or at <= settled
        if old_enough and (facts.key in judged or (at is not None and at >= recent)):
            candidates.append(facts)
    held = _open_leaves(view, candidates, settled)
    ids: dict[int, set[str]] = {}
    for key, mine in held.items():
        ids.setdefault(key[0], set()).update(mine)
    since, items = view.status_since(ids), view.item_facts(ids)
    for facts in candidates:
        standing = [
            items[facts.connection_id, id_]
            for id_ in held.get(facts.key, ())
            if _stood(since.get((facts.connection_id, id_)), settled)
        ]
        if not standing:
            continue
        over = facts.state.value
        yield Found(
            subject=facts.subject,
            severity=Severity.MEDIUM,
            magnitude=float(len(standing)),
            rule="released-open",
            channel=Channel.MAILED,
            values={
                "title": f"{facts.name} is {over} and holds {count(len(standing), 'open item')}",
                "what": (
                    f"{facts.name} is marked as {over}, and {count(len(standing), 'item')} in "
                    f"it {verb(len(standing), 'is', 'are')} not done."
                ),
                "so_what": "Either the release lacks what people think it has, or the items lie.",
                "who": f"the owner of {facts.name}",
                "remedy": f"Close the items, or move them out of {facts.name}.",
            },
            evidence=(
                Evidence(
                    f"{facts.name} is {over}"
                    + (f", its date is {day(facts.due_date)}" if facts.due_date else ""),
                    facts.url,
                    released_at(view, facts),
                    facts.subject,
                ),
                *capped([item_evidence(item, "is not done") for item in standing]),
            ),
            connection_id=facts.connection_id,
            milestone=(facts.kind, facts.source_id),
        )


def released_at(view: View, facts: MilestoneFacts) -> datetime | None:
    """When a milestone was released or closed at the latest, as far as we know; None: long ago.

    A version says that it is released, not when: its date counts where it lies between the two
    readings that saw the change, else the later reading does.
    """
    if facts.finished_at is not None:
        return facts.finished_at
    seen = [one for one in facts.observed if one.field == "state" and one.new == facts.state.value]
    due = view.calendar.end_of(facts.due_date) if facts.due_date is not None else None
    if not seen or seen[-1].is_first:
        return due if due is None or due <= view.as_of else None
    last = seen[-1]
    after = last.observed_after
    if due is not None and due <= last.observed_at and (after is None or due > after):
        return due
    return last.observed_at


def _open_leaves(
    view: View, candidates: Iterable[MilestoneFacts], settled: datetime
) -> dict[Key, list[str]]:
    """Leaf items with open work that each milestone has held for long enough."""
    wanted: dict[tuple[int, MilestoneKind], list[str]] = {}
    for one in candidates:
        wanted.setdefault((one.connection_id, one.kind), []).append(one.source_id)
    items, members = view.items, view.memberships
    found: dict[Key, list[str]] = {}
    for (connection_id, kind), ids in wanted.items():
        rows = view.conn.execute(
            sa.select(members.c.milestone_id, items.c.id)
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
                members.c.milestone_kind == kind.value,
                # Looked up in a set: as an index range it would be tried for each item.
                joined_key(members.c.milestone_id).in_(ids),
                members.c.since <= settled,
                items.c.category.in_(_OPEN),
                ~view.has_child_inside(members, items),
            )
            .order_by(members.c.milestone_id, items.c.id)
        )
        for row in rows:
            key = (connection_id, kind, row.milestone_id)
            found.setdefault(key, []).append(row.id)
    return found


# --- parents and children ---------------------------------------------------------------------


def _parents_and_children(view: View, settled: datetime) -> Iterable[Found]:
    items = view.items
    parent, child = items.alias("parent"), items.alias("child")
    pair = sa.and_(
        child.c.connection_id == parent.c.connection_id,
        child.c.parent_id == parent.c.id,
        child.c.id != parent.c.id,
    )
    columns = (
        parent.c.connection_id,
        parent.c.id.label("parent_id"),
        child.c.id.label("child_id"),
    )
    done_parents = view.conn.execute(
        sa.select(*columns)
        .select_from(parent.join(child, pair))
        .where(parent.c.category == _DONE, child.c.category.in_(_OPEN))
    ).all()
    unfinished = view.has_child(parent, view.children.c.category.not_in(_CLOSED))
    open_parents = view.conn.execute(
        sa.select(*columns)
        .select_from(parent.join(child, pair))
        .where(parent.c.category.in_(_OPEN), child.c.category == _DONE, ~unfinished)
    ).all()
    done = _families(done_parents)
    open_ = _families(open_parents)
    ids: dict[int, set[str]] = {}
    for (connection_id, id_), children in [*done.items(), *open_.items()]:
        ids.setdefault(connection_id, set()).update({id_, *children})
    facts, since = view.item_facts(ids), view.status_since(ids)
    for family, rule in ((done, "parent-done-open-children"), (open_, "children-done-parent-open")):
        for key, children in sorted(family.items()):
            # Both sides have to stand still; of open children one that does is enough.
            steady = [c for c in children if _stood(since.get((key[0], c)), settled)]
            whole = steady if rule == "parent-done-open-children" else children
            if not steady or len(steady) < len(whole) or not _stood(since.get(key), settled):
                continue
            mine = [facts[key[0], c] for c in steady]
            yield _family(facts[key], mine, rule, since)


def _families(rows: Iterable[Any]) -> dict[Pair, list[str]]:
    found: dict[Pair, list[str]] = {}
    for row in rows:
        found.setdefault((row.connection_id, row.parent_id), []).append(row.child_id)
    return {key: sorted(children) for key, children in found.items()}


def _family(
    parent: ItemFacts, children: list[ItemFacts], rule: str, since: Mapping[Pair, datetime]
) -> Found:
    label, number = item_label(parent), len(children)
    if rule == "parent-done-open-children":
        title = f"{label} is done with {count(number, 'open child', 'open children')}"
        what = f"{label} is done, and {count(number, 'child is', 'children are')} still open."
        so_what = "The work is reported as finished, and it is not."
        remedy = "Close what is done among the children, or open the parent again."
        texts = ("is done", "is open")
    else:
        title = f"{label} is open though all its children are done"
        what = f"All {number} children of {label} are done, and it is open."
        if number == 1:
            what = f"The only child that is left of {label} is done, and it is open."
        so_what = "It looks like work that is left, and perhaps none is."
        remedy = "Close it, or add the work that is left as a child."
        texts = ("is open", "is done")
    return _item_found(
        parent,
        rule,
        float(number),
        (title, what, so_what, remedy),
        (
            item_evidence(parent, texts[0], at=since.get((parent.connection_id, parent.id))),
            *capped(
                [
                    item_evidence(c, texts[1], at=since.get((c.connection_id, c.id)))
                    for c in children
                ]
            ),
        ),
    )


# --- blocked by done work ---------------------------------------------------------------------


def _blocked_by_done(view: View, settled: datetime) -> Iterable[Found]:
    items, links = view.items, schema.link.c
    blocker, blocked = items.alias("blocker"), items.alias("blocked")
    # `blocks` is read from the blocker, `depends on` from the blocked side.
    ways = (
        (LinkKind.BLOCKS, links.from_id, links.to_id),
        (LinkKind.DEPENDS_ON, links.to_id, links.from_id),
    )
    found: dict[Pair, set[str]] = {}
    for kind, by_id, blocked_id in ways:
        rows = view.conn.execute(
            sa.select(
                blocked.c.connection_id, blocked.c.id.label("blocked"), blocker.c.id.label("by")
            )
            .select_from(schema.link)
            .join(
                blocker,
                sa.and_(blocker.c.connection_id == links.connection_id, blocker.c.id == by_id),
            )
            .join(
                blocked,
                sa.and_(blocked.c.connection_id == links.connection_id, blocked.c.id == blocked_id),
            )
            .where(
                links.kind == kind.value,
                links.first_seen_at <= view.known_at,
                sa.or_(links.withdrawn_at.is_(None), links.withdrawn_at > view.known_at),
                blocker.c.category == _DONE,
                blocked.c.category.in_(_OPEN),
            )
        )
        for row in rows:
            found.setdefault((row.connection_id, row.blocked), set()).add(row.by)
    ids: dict[int, set[str]] = {}
    for (connection_id, id_), by in found.items():
        ids.setdefault(connection_id, set()).update({id_, *by})
    facts, since = view.item_facts(ids), view.status_since(ids)
    for key, by in sorted(found.items()):
        steady = sorted(one for one in by if _stood(since.get((key[0], one)), settled))
        if not steady or not _stood(since.get(key), settled):
            continue
        item = facts[key]
        blockers = [facts[key[0], one] for one in steady]
        label = item_label(item)
        names = item_label(blockers[0]) if len(blockers) == 1 else count(len(blockers), "item")
        yield _item_found(
            item,
            "blocked-by-done",
            float(len(blockers)),
            (
                f"{label} is marked as blocked by work that is done",
                f"{label} is marked as blocked by {names}, and that is done.",
                "It may be waiting for nothing.",
                "Remove the link, or say on the item what it still waits for.",
            ),
            (
                item_evidence(item, "is open", at=since.get(key)),
                *[
                    item_evidence(one, "is done", at=since.get((one.connection_id, one.id)))
                    for one in blockers
                ],
            ),
        )


# --- shared -----------------------------------------------------------------------------------


def _stood(since: datetime | None, settled: datetime) -> bool:
    """Whether a status is that old; an age nobody knows is old."""
    return since is None or since <= settled


def _item_found(
    item: ItemFacts,
    rule: str,
    magnitude: float,
    words: tuple[str, str, str, str],
    evidence: tuple[Evidence, ...],
) -> Found:
    title, what, so_what, remedy = words
    return Found(
        subject=item.subject,
        severity=Severity.LOW,
        magnitude=magnitude,
        rule=rule,
        values={
            "title": title,
            "what": what,
            "so_what": so_what,
            "who": f"whoever works on {item_label(item)}",
            "remedy": remedy,
        },
        evidence=evidence,
        connection_id=item.connection_id,
    )


DETECTOR = Detector(
    id=ID,
    name="Two facts contradict each other",
    family="data",
    needs={
        "jira": ("issues", "changelogs", "versions"),
        "github": ("issues", "histories", "milestones"),
        "gitlab": ("issues", "histories", "milestones"),
    },
    words=Words(
        title="{title}",
        what="{what}",
        so_what="{so_what}",
        who="{who}",
        by_when="at the next look at the board",
        remedy="{remedy}",
    ),
    channel=Channel.DIGEST,
    defaults={"settled_hours": 24, "released_days": 90, "merged_days": 10},
    explain={
        "settled_hours": "hours both sides must have stood before it is a finding",
        "released_days": "days after its release in which a version nobody judges is looked at",
        "merged_days": "working days after its last change landed from which an open item is a "
        "finding",
    },
    detect=detect,
    rules={
        "released-open": "a released version, or a closed milestone, holds open items (medium, "
        "mailed)",
        "parent-done-open-children": "an item is done while a child is open",
        "children-done-parent-open": "an item is open while all its children are done or cancelled",
        "blocked-by-done": "an open item is marked as blocked by one that is done",
        **contradiction_code.RULES,
        **contradiction_program.RULES,
    },
    about="project",
)
