"""Two facts contradict each other, within one system or between two."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import LinkKind, MilestoneKind, MilestoneState
from sync.ledger.load import ItemFacts
from sync.ledger.milestones import Key, MilestoneFacts
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
from sync.reconcile.detectors.data import (
    contradiction_code,
    contradiction_mirror,
    contradiction_missing,
    contradiction_paper,
    contradiction_program,
    contradiction_release,
)
from sync.reconcile.detectors.data.contradiction_shared import (
    CLOSED,
    DONE,
    ID,
    OPEN,
    Quiet,
    item_found,
    scope_of,
    stood,
)
from sync.reconcile.view import View, joined_key
from sync.reconcile.words import capped, count, day, item_evidence, item_label, verb
from sync.store import schema

Pair = tuple[int, str]


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """All rules; each holds only after both sides stood still for a while."""
    quiet = Quiet(view, thresholds["settled_hours"])
    linked = contradiction_code.linked(view)
    yield from _released_open(view, quiet, thresholds["released_days"])
    yield from _parents_and_children(view, quiet)
    yield from _blocked_by_done(view, quiet)
    yield from contradiction_code.detect(view, quiet, linked, thresholds)
    yield from contradiction_missing.detect(view, quiet, linked, thresholds)
    yield from contradiction_paper.detect(view, quiet, linked, thresholds)
    yield from contradiction_release.detect(view, quiet, linked, thresholds)
    yield from contradiction_mirror.detect(view, quiet)
    yield from contradiction_program.detect(view, quiet)


# --- released-open ----------------------------------------------------------------------------

#: What says of each kind of milestone that nothing more goes into it. A sprint ends with what is
#: left, and that goes on.
_OVER = {
    MilestoneKind.VERSION: MilestoneState.RELEASED,
    MilestoneKind.MILESTONE: MilestoneState.CLOSED,
}


def _released_open(view: View, quiet: Quiet, days: int) -> Iterable[Found]:
    judged = {one.key for one in view.judged}
    recent = view.as_of - timedelta(days=days)
    candidates: list[MilestoneFacts] = []
    for facts in view.milestones.values():
        if facts.state is not _OVER.get(facts.kind):
            continue
        at = contradiction_release.released_at(view, facts)
        old_enough = at is None or at <= quiet.before(_place(facts))
        if old_enough and (facts.key in judged or (at is not None and at >= recent)):
            candidates.append(facts)
    held = _open_leaves(view, candidates)
    ids: dict[int, set[str]] = {}
    for key, mine in held.items():
        ids.setdefault(key[0], set()).update(mine)
    since, items = view.status_since(ids), view.item_facts(ids)
    for facts in candidates:
        standing = []
        for id_, entered in held.get(facts.key, {}).items():
            item = items[facts.connection_id, id_]
            settled = quiet.before(_place(facts), scope_of(item))
            if entered <= settled and stood(since.get((facts.connection_id, id_)), settled):
                standing.append(item)
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
                    contradiction_release.released_at(view, facts),
                    facts.subject,
                ),
                *capped([item_evidence(item, "is not done") for item in standing]),
            ),
            connection_id=facts.connection_id,
            milestone=(facts.kind, facts.source_id),
        )


def _place(facts: MilestoneFacts) -> Pair:
    return (facts.connection_id, facts.scope_id or "")


def _open_leaves(
    view: View, candidates: Iterable[MilestoneFacts]
) -> dict[Key, dict[str, datetime]]:
    """Leaf items with open work in each milestone, and since when they are in it."""
    wanted: dict[tuple[int, MilestoneKind], list[str]] = {}
    for one in candidates:
        wanted.setdefault((one.connection_id, one.kind), []).append(one.source_id)
    items, members = view.items, view.memberships
    found: dict[Key, dict[str, datetime]] = {}
    for (connection_id, kind), ids in wanted.items():
        rows = view.conn.execute(
            sa.select(members.c.milestone_id, items.c.id, members.c.since)
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
                items.c.category.in_(OPEN),
                ~view.has_child_inside(members, items),
            )
            .order_by(members.c.milestone_id, items.c.id)
        )
        for row in rows:
            key = (connection_id, kind, row.milestone_id)
            found.setdefault(key, {})[row.id] = row.since
    return found


# --- parents and children ---------------------------------------------------------------------


def _parents_and_children(view: View, quiet: Quiet) -> Iterable[Found]:
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
        .where(parent.c.category == DONE, child.c.category.in_(OPEN))
    ).all()
    unfinished = view.has_child(parent, view.children.c.category.not_in(CLOSED))
    open_parents = view.conn.execute(
        sa.select(*columns)
        .select_from(parent.join(child, pair))
        .where(parent.c.category.in_(OPEN), child.c.category == DONE, ~unfinished)
    ).all()
    done = _families(done_parents)
    open_ = _families(open_parents)
    ids: dict[int, set[str]] = {}
    for (connection_id, id_), children in [*done.items(), *open_.items()]:
        ids.setdefault(connection_id, set()).update({id_, *children})
    facts, since = view.item_facts(ids), view.status_since(ids)
    for family, rule in ((done, "parent-done-open-children"), (open_, "children-done-parent-open")):
        for key, children in sorted(family.items()):
            sides = [scope_of(facts[key[0], one]) for one in (key[1], *children)]
            settled = quiet.before(*sides)
            # Both sides have to stand still; of open children one that does is enough.
            steady = [c for c in children if stood(since.get((key[0], c)), settled)]
            whole = steady if rule == "parent-done-open-children" else children
            if not steady or len(steady) < len(whole) or not stood(since.get(key), settled):
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
    return item_found(
        parent,
        rule,
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
        magnitude=float(number),
    )


# --- blocked by done work ---------------------------------------------------------------------


def _blocked_by_done(view: View, quiet: Quiet) -> Iterable[Found]:
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
                blocker.c.category == DONE,
                blocked.c.category.in_(OPEN),
            )
        )
        for row in rows:
            found.setdefault((row.connection_id, row.blocked), set()).add(row.by)
    ids: dict[int, set[str]] = {}
    for (connection_id, id_), by in found.items():
        ids.setdefault(connection_id, set()).update({id_, *by})
    facts, since = view.item_facts(ids), view.status_since(ids)
    for key, by in sorted(found.items()):
        sides = [scope_of(facts[key[0], one]) for one in (key[1], *by)]
        settled = quiet.before(*sides)
        steady = sorted(one for one in by if stood(since.get((key[0], one)), settled))
        if not steady or not stood(since.get(key), settled):
            continue
        item = facts[key]
        blockers = [facts[key[0], one] for one in steady]
        label = item_label(item)
        names = item_label(blockers[0]) if len(blockers) == 1 else count(len(blockers), "item")
        yield item_found(
            item,
            "blocked-by-done",
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
            magnitude=float(len(blockers)),
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
        executive=Voice(
            so_what="Two places say different things, so one of the reports on it is wrong.",
        ),
    ),
    channel=Channel.DIGEST,
    defaults={
        "settled_hours": 24,
        "released_days": 90,
        "merged_days": 10,
        "recent_days": 90,
        "line_changes": 5,
        "started_days": 10,
        "done_items": 20,
        "changes_share": 0.95,
    },
    explain={
        "settled_hours": "hours both sides must have stood before it is a finding, counted back "
        "from the oldest reading that it rests on",
        "released_days": "days after its release in which a version nobody judges is looked at",
        "merged_days": "working days after its last change landed from which an open item is a "
        "finding",
        "recent_days": "days in which an item was created, done or sized, or a change opened, to "
        "be looked at by the rules on these",
        "line_changes": "changes on a branch from which it is a line of its own",
        "started_days": "working days in progress from which an item without a change is a finding",
        "done_items": "items of a type that a project must have finished lately before anything "
        "is said of those without a change",
        "changes_share": "share of these that must have a change; a share above 1 says nothing "
        "of any",
    },
    detect=detect,
    rules={
        "released-open": "a released version, or a closed milestone, holds open items (medium, "
        "mailed)",
        "parent-done-open-children": "an item is done while a child is open",
        "children-done-parent-open": "an item is open while all its children are done or cancelled",
        "blocked-by-done": "an open item is marked as blocked by one that is done",
        **contradiction_code.RULES,
        **contradiction_missing.RULES,
        **contradiction_paper.RULES,
        **contradiction_release.RULES,
        **contradiction_mirror.RULES,
        **contradiction_program.RULES,
    },
    about="project",
)
