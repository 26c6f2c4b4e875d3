"""Changes landed that belong to nothing that was planned."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from mappings.vocabulary import RefKind, RefSource
from sync.ledger.milestones import Key, MilestoneFacts
from sync.links import keys
from sync.links.hosted import Place, hosted_keys
from sync.links.load import Known
from sync.reconcile import changes
from sync.reconcile.changes import ChangeLine, LinkLine, Pair
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
from sync.reconcile.detectors.scope import plans
from sync.reconcile.generated import is_generated
from sync.reconcile.severity import level
from sync.reconcile.view import Plan, View
from sync.reconcile.words import capped, count, day_of, verb
from sync.store import schema
from sync.store import tables_code as code
from sync.store.bulk import select_ids

ID = "scope.unplanned"
#: Ids in one question; SQLite takes 32,766 values, PostgreSQL 65,535.
CHUNK = 20_000


@dataclass
class _Landed:
    """What landed in the window of one milestone, without what bots wrote."""

    planned: list[ChangeLine] = field(default_factory=list)
    #: linked to nothing at all.
    alone: list[ChangeLine] = field(default_factory=list)
    #: linked to items that are in no milestone.
    outside: list[ChangeLine] = field(default_factory=list)
    bots: int = 0

    @property
    def unplanned(self) -> list[ChangeLine]:
        """Both kinds, in the order of landing."""
        return sorted([*self.alone, *self.outside], key=lambda one: (str(one.merged_at), one.pair))

    @property
    def every(self) -> list[ChangeLine]:
        """All of them, in no order."""
        return [*self.planned, *self.alone, *self.outside]


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open milestones beside which a good part of what landed was not planned."""
    plans = [plan for plan in view.plans() if plan.facts.state.is_open]
    hosting = frozenset(one for one, _ in changes.repositories(view)) if plans else frozenset()
    if not hosting:
        return
    links: dict[Pair, list[LinkLine]] = {}
    for link in changes.links(view):
        links.setdefault(link.change, []).append(link)
    repositories = _repositories(view, plans, links, hosting)
    landed = _Code(view, plans, links)
    judged: list[_Judged] = []
    for plan in plans:
        mine = repositories[plan.facts.key]
        if not mine:
            continue
        facts = plan.facts
        if plan.baseline is None or plan.baseline.at > view.as_of:
            yield NotChecked(facts.subject, "it has not begun", facts.connection_id)
            continue
        reasons = [reason for one in sorted(mine) if (reason := changes.lacking(view, one))]
        if reasons:
            yield NotChecked(facts.subject, reasons[0], facts.connection_id)
            continue
        since = plan.baseline.at
        here = landed.sorted_out(facts, since, mine)
        reached = _reached(view, plan, here, thresholds)
        if reached is not None:
            judged.append(_Judged(plan, since, here, reached))
    generated = _generated(view, {one.pair for each in judged for one in each.landed.every})
    for each in judged:
        yield _found(view, each, generated, thresholds)


class _Judged(NamedTuple):
    """A milestone beside which too much landed since an instant (UTC)."""

    plan: Plan
    since: datetime
    landed: _Landed
    reached: Severity


def _reached(
    view: View, plan: Plan, landed: _Landed, thresholds: Mapping[str, Any]
) -> Severity | None:
    number = len(landed.alone) + len(landed.outside)
    if number < thresholds["least_changes"]:
        return None
    return level(
        number / (len(landed.planned) + number),
        {
            Severity.LOW: thresholds["low_share"],
            Severity.MEDIUM: thresholds["medium_share"],
            Severity.HIGH: thresholds["high_share"],
        },
        open_at=thresholds["close_at"] if plans.was_open(view, ID, plan) else 1.0,
    )


def _found(
    view: View, judged: _Judged, generated: Mapping[Pair, int], thresholds: Mapping[str, Any]
) -> Found:
    plan, since, landed, reached = judged
    unplanned, total = landed.unplanned, len(landed.every)
    rising = _rising(view, landed, since, thresholds)
    if rising:
        reached = list(Severity)[min(reached.rank + 1, Severity.HIGH.rank)]
    return Found(
        subject=plan.facts.subject,
        severity=plans.severity(view, plan, reached, thresholds["raise_within"]),
        magnitude=len(unplanned) / total,
        values={
            "milestone": plan.facts.name,
            "number": len(unplanned),
            "total": count(total, "change"),
            "belong": verb(len(unplanned), "belongs", "belong"),
            "since": day_of(since, view.calendar),
            "alone": len(landed.alone),
            "outside": len(landed.outside),
            "bots": f" Changes of bots are left out ({landed.bots})." if landed.bots else "",
            "rising": rising,
            "lines": _lines(landed, generated),
        },
        evidence=_proofs(landed),
        connection_id=plan.facts.connection_id,
        milestone=(plan.facts.kind, plan.facts.source_id),
        channel=plans.channel(plan),
    )


def _rising(view: View, landed: _Landed, since: datetime, thresholds: Mapping[str, Any]) -> str:
    """A sentence where the later half of the time brought a clearly larger share; else empty."""
    middle = since + (view.as_of - since) / 2
    every, unplanned = landed.every, [*landed.alone, *landed.outside]
    early = sum(one.merged_at is not None and one.merged_at < middle for one in every)
    before = sum(one.merged_at is not None and one.merged_at < middle for one in unplanned)
    late, after = len(every) - early, len(unplanned) - before
    if min(early, late) < thresholds["trend_changes"]:
        return ""
    if after / late + 1e-9 < before / early * thresholds["rising"] or after <= before:
        return ""
    day = day_of(middle, view.calendar)
    return f" It is rising: {before} of {early} before {day}, {after} of {late} since."


def _generated(view: View, pairs: Iterable[Pair]) -> dict[Pair, int]:
    """Changed lines of these changes that are in generated files; those without any left out."""
    found: dict[Pair, int] = {}
    columns = ("change_request_id", "path", "additions", "deletions", "known_from", "known_to")
    for connection_id, ids in _by_connection(pairs).items():
        for id_, path, added, deleted, known_from, known_to in select_ids(
            view.conn, code.change_file, columns, connection_id, "change_request_id", ids
        ):
            known = known_from <= view.known_at and (known_to is None or known_to > view.known_at)
            if known and is_generated(path):
                pair = (connection_id, id_)
                found[pair] = found.get(pair, 0) + (added or 0) + (deleted or 0)
    return found


def _lines(landed: _Landed, generated: Mapping[Pair, int]) -> str:
    """A sentence on changed lines, without those of generated files; empty where some are unknown.

    A change without its count of lines would make the share of the others wrong.
    """
    sizes: dict[Pair, int] = {}
    for one in landed.every:
        if one.lines is None:
            return ""
        sizes[one.pair] = max(0, one.lines - generated.get(one.pair, 0))
    mine = sum(sizes[one.pair] for some in (landed.alone, landed.outside) for one in some)
    total = sum(sizes.values())
    if not total:
        return ""
    return f" In changed lines, without generated files, that is {mine:,} of {total:,}."


def _proofs(landed: _Landed) -> tuple[Evidence, ...]:
    alone = {one.pair for one in landed.alone}
    return capped(
        [
            one.evidence(
                "landed, and names no item"
                if one.pair in alone
                else "landed for an item that is in no milestone",
                one.merged_at,
            )
            for one in landed.unplanned
        ],
        "change",
    )


# --- what belongs where -----------------------------------------------------------------------


def _repositories(
    view: View,
    plans: Iterable[Plan],
    links: Mapping[Pair, Iterable[LinkLine]],
    hosting: Collection[Pair],
) -> dict[Key, frozenset[Pair]]:
    """Where each plan's work lands: its own repository, and those whose changes name its items."""
    by_item: dict[int, dict[str, list[Pair]]] = {}
    for change, held in links.items():
        for link in held:
            if link.to_kind == "work_item":
                connection_id, id_ = link.to
                by_item.setdefault(connection_id, {}).setdefault(id_, []).append(change)
    working = {}
    for plan in plans:
        told = by_item.get(plan.facts.connection_id, {})
        named = told.keys() & plan.container.by_item.keys()
        working[plan.facts.key] = {change for id_ in named for change in told[id_]}
    homes = changes.homes(view, _by_connection(one for some in working.values() for one in some))
    found = {}
    for key, some in working.items():
        mine = {homes[one] for one in some if one in homes}
        own = (key[0], view.milestones[key].scope_id or "")
        found[key] = frozenset({*mine, own} if own in hosting else mine)
    return found


class _Code:
    """All that landed since the first baseline, and where it belongs: read once for all plans."""

    def __init__(
        self, view: View, plans: Iterable[Plan], links: Mapping[Pair, list[LinkLine]]
    ) -> None:
        begun = [
            plan.baseline.at
            for plan in plans
            if plan.baseline is not None and plan.baseline.at <= view.as_of
        ]
        lines = changes.landed(view, min(begun)).values() if begun else ()
        self._links = links
        self._by_repository: dict[Pair, list[ChangeLine]] = {}
        for one in sorted(lines, key=lambda one: one.pair):
            self._by_repository.setdefault((one.connection_id, one.scope_id), []).append(one)
        people = [one for one in lines if not one.by_bot]
        members = _members(view, {link.to for one in people for link in links.get(one.pair, ())})
        own = _changes_in(view) if people else {}
        self._places = {
            one.pair: own.get(one.pair, set()).union(
                *(members.get(link.to, ()) for link in links.get(one.pair, ()))
            )
            for one in people
        }
        bare = [one for one in people if not links.get(one.pair)]
        self._unclear = _unclear(view, bare, Known(view.conn, view.policy.trackers))

    def sorted_out(
        self, facts: MilestoneFacts, since: datetime, repositories: Collection[Pair]
    ) -> _Landed:
        """What landed there since the plan's baseline."""
        found = _Landed()
        key = (facts.connection_id, facts.kind.value, facts.source_id)
        for repository in sorted(repositories):
            for one in self._by_repository.get(repository, ()):
                if one.merged_at is None or one.merged_at <= since:
                    continue
                if one.by_bot:
                    found.bots += 1
                    continue
                where, held = self._places[one.pair], self._links.get(one.pair, ())
                if key in where:
                    found.planned.append(one)
                elif where or one.pair in self._unclear or any(link.ambiguous for link in held):
                    # It belongs to another plan, or to something that cannot be seen from here.
                    continue
                elif held:
                    found.outside.append(one)
                else:
                    found.alone.append(one)
        return found


_Place = tuple[int, str, str]


def _members(view: View, wanted: Iterable[Pair]) -> dict[Pair, set[_Place]]:
    """Milestones of these items at the view's instant; a child is where its parent is, too."""
    i = view.items.c
    parents: dict[Pair, Pair] = {}
    ids = _by_connection(wanted)
    for connection_id, some in _chunks(ids):
        rows = view.conn.execute(
            sa.select(i.id, i.parent_id).where(i.connection_id == connection_id, i.id.in_(some))
        )
        for row in rows:
            # Asked of the database, it would look through every item that has one.
            if row.parent_id is not None:
                parents[connection_id, row.id] = (connection_id, row.parent_id)
    for connection_id, parent in parents.values():
        ids[connection_id].add(parent)
    m = view.memberships.c
    found: dict[Pair, set[_Place]] = {}
    for connection_id, some in _chunks(ids):
        places = view.conn.execute(
            sa.select(m.item_id, m.milestone_kind, m.milestone_id).where(
                m.connection_id == connection_id, m.item_id.in_(some)
            )
        )
        for place in places:
            found.setdefault((connection_id, place.item_id), set()).add(
                (connection_id, place.milestone_kind, place.milestone_id)
            )
    for child, above in parents.items():
        if above in found:
            found.setdefault(child, set()).update(found[above])
    return found


def _chunks(ids: Mapping[int, Collection[str]]) -> Iterable[tuple[int, list[str]]]:
    """As many ids as every database takes in one question."""
    for connection_id, mine in ids.items():
        listed = sorted(mine)
        for first in range(0, len(listed), CHUNK):
            yield connection_id, listed[first : first + CHUNK]


def _changes_in(view: View) -> dict[Pair, set[_Place]]:
    """Milestones that changes themselves are in."""
    c = schema.scope_membership.c
    rows = view.conn.execute(
        sa.select(c.connection_id, c.member_id, c.milestone_kind, c.milestone_id).where(
            # Named, so that the index finds them among millions of items.
            c.connection_id.in_(sorted(view.connections)),
            c.member_kind == "change_request",
            c.valid_from <= view.as_of,
            sa.or_(c.valid_to.is_(None), c.valid_to > view.as_of),
            c.known_from <= view.known_at,
            sa.or_(c.known_to.is_(None), c.known_to > view.known_at),
        )
    )
    found: dict[Pair, set[_Place]] = {}
    for row in rows:
        found.setdefault((row.connection_id, row.member_id), set()).add(
            (row.connection_id, row.milestone_kind, row.milestone_id)
        )
    return found


def _unclear(view: View, lines: Iterable[ChangeLine], known: Known) -> set[Pair]:
    """Changes without a link that name something which may exist where this token cannot look."""
    found: set[Pair] = set()
    places = {
        one.pair: Place(changes.path(view, (one.connection_id, one.scope_id))) for one in lines
    }
    for connection_id, ids in _by_connection(places).items():
        for change_id, kind, source, target in select_ids(
            view.conn,
            code.reference,
            ("change_request_id", "kind", "source", "target"),
            connection_id,
            "change_request_id",
            sorted(ids),
            "AND known_to IS NULL",
        ):
            if kind not in (RefKind.IMPLEMENTS.value, RefKind.CLOSES.value):
                continue
            pair = (connection_id, change_id)
            project = keys.project_of(target)
            if source == RefSource.BRANCH.value and project is not None:
                project = project.upper()
            is_known = project is not None and bool(known.projects([project]))
            if is_known or hosted_keys(target, places[pair]) or source == RefSource.DECLARED.value:
                found.add(pair)
    return found


def _by_connection(pairs: Iterable[Pair]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for connection_id, id_ in pairs:
        found.setdefault(connection_id, set()).add(id_)
    return found


DETECTOR = Detector(
    id=ID,
    name="Changes landed that nobody planned",
    family="scope",
    needs=plans.NEEDS,
    words=Words(
        title="{milestone}: {number} of {total} that landed {belong} to nothing planned",
        what=(
            "Since {since}, {total} landed where the work of {milestone} lands: {alone} of them "
            "name no item, and {outside} name items that are in no milestone. Changes for other "
            "milestones are not counted.{lines}{rising}{bots}"
        ),
        so_what="Time goes into work that no plan shows, and the date was promised without it.",
        who="whoever decides what belongs to {milestone}",
        by_when="at the next planning",
        remedy="Name the item in the change, or take the work into a milestone.",
        executive=Voice(
            what="{number} of {total} changes beside {milestone} belong to no plan.{rising}",
            remedy="Decide whether this work is wanted; then give it a place in a plan.",
        ),
        engineer=Voice(
            so_what="Nobody can see what these changes are for, or that they took time.",
            remedy="Name the item in the title or the branch; open one where there is none.",
        ),
    ),
    channel=Channel.DIGEST,
    defaults={
        "low_share": 0.20,
        "medium_share": 0.35,
        "high_share": 0.50,
        "least_changes": 3,
        "rising": 1.25,
        "trend_changes": 5,
        "close_at": 0.8,
        "raise_within": 10,
    },
    explain={
        "low_share": "share of what landed that was not planned from which it is a finding",
        "medium_share": "share from which it is medium",
        "high_share": "share from which it is high",
        "least_changes": "fewest changes that were not planned",
        "rising": "times the share of the earlier half of the time from which the share is rising, "
        "which is one level more, up to high",
        "trend_changes": "fewest changes in each half for that",
        "close_at": "share of the limit below which an open finding closes",
        "raise_within": "working days before its date from which it is one level more",
    },
    detect=detect,
)
