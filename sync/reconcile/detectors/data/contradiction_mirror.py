"""One piece of work that stands in two systems, and the two say different things.

The configuration says which items are one (`links.mirrors`). Besides, an issue mirrors the item of
another connection whose key its title begins with, as tools that copy items write it; several
issues that begin with one key are parts of it, and no mirrors.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from mappings.vocabulary import EventField, MilestoneKind
from sync.ledger.load import ItemFacts
from sync.reconcile.changes import Pair
from sync.reconcile.combined import configured_mirrors
from sync.reconcile.contract import Channel, Evidence, Found, NotChecked
from sync.reconcile.detectors.data.contradiction_code import waiting
from sync.reconcile.detectors.data.contradiction_shared import (
    CLOSED,
    DONE,
    ID,
    OPEN,
    Moved,
    Quiet,
    by_connection,
    item_found,
    moved,
    scope_of,
    stood,
)
from sync.reconcile.persons import persons_of
from sync.reconcile.view import View, joined_key
from sync.reconcile.words import day, item_evidence, item_label
from sync.store import schema

STATE = "mirror-state"
OWNER = "mirror-owner"
DUE = "mirror-due"
MILESTONE = "mirror-milestone"

RULES = {
    STATE: "an item is done and its mirror in the other system is open, or the reverse; never "
    "while the open one waits for review, QA, release or the customer",
    OWNER: "an item and its mirror are owned by two persons; accounts are a person's only by "
    "configuration",
    DUE: "an item and its mirror are due on two days",
    MILESTONE: "an item is in one confirmed program milestone and its mirror in another, or in "
    "none though that has a part where the mirror stands",
}

#: How a tracker writes the key of an item, perhaps in brackets, before the title of a copy.
_KEY = re.compile(r"^\s*[\[(]?(?P<key>[A-Za-z][A-Za-z0-9_]*-[1-9][0-9]*)(?=[\])\s:|-]|$)")
#: What may stand before the key.
_BEFORE = " [("
_PROJECT = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class _Mirror:
    """An item of a tracker and the issue that stands for it."""

    item: ItemFacts
    copy: ItemFacts
    #: since when nothing may have changed (UTC).
    settled: datetime

    @property
    def pairs(self) -> tuple[Pair, Pair]:
        """Identities in the store."""
        return (
            (self.item.connection_id, self.item.id),
            (self.copy.connection_id, self.copy.id),
        )


def detect(view: View, quiet: Quiet) -> Iterable[Found | NotChecked]:
    """The rules over mirrors."""
    mirrors: list[_Mirror] = []
    for item, copy in _pairs(view):
        reason = _not_read(view, item, copy)
        if reason is None:
            settled = quiet.before(scope_of(item), scope_of(copy))
            mirrors.append(_Mirror(item, copy, settled))
        elif any(view.was_open(ID, item.connection_id, item.subject, rule) for rule in RULES):
            yield NotChecked(item.subject, reason, item.connection_id)
    if not mirrors:
        return
    every = [pair for one in mirrors for pair in one.pairs]
    categories, assignees = _now(view, every)
    yield from _states(view, mirrors, categories)
    going = [one for one in mirrors if all(categories.get(pair) in OPEN for pair in one.pairs)]
    yield from _owners(view, going, assignees)
    yield from _dates(view, going)
    yield from _milestones(view, going)


# --- rules ------------------------------------------------------------------------------------


def _states(
    view: View, mirrors: Sequence[_Mirror], categories: Mapping[Pair, str]
) -> Iterable[Found]:
    apart = [
        one
        for one in mirrors
        if {categories.get(pair) == DONE for pair in one.pairs} == {True, False}
        and all(categories.get(pair) in (*OPEN, DONE) for pair in one.pairs)
    ]
    pairs = [pair for one in apart for pair in one.pairs]
    since = view.status_since(by_connection(pairs))
    waits = waiting(view, {pair for pair in pairs if categories[pair] in OPEN})
    for one in apart:
        steady = all(stood(since.get(pair), one.settled) for pair in one.pairs)
        if not steady or any(pair in waits for pair in one.pairs):
            continue
        yield _found(
            one,
            STATE,
            "done in one system and open in the other",
            "Who looks at one system takes it for finished, who looks at the other does not.",
            "Close the one that is open, or open the other again.",
            [
                item_evidence(
                    side,
                    "is done" if categories[pair] in CLOSED else "is open",
                    at=since.get(pair),
                )
                for side, pair in zip((one.item, one.copy), one.pairs, strict=True)
            ],
        )


def _owners(
    view: View, mirrors: Sequence[_Mirror], assignees: Mapping[Pair, str | None]
) -> Iterable[Found]:
    persons = persons_of(view)
    if not persons:
        return
    apart = []
    for one in mirrors:
        owners = [persons.get((pair[0], assignees.get(pair) or "")) for pair in one.pairs]
        if None not in owners and owners[0] != owners[1]:
            apart.append(one)
    history = moved(view, [pair for one in apart for pair in one.pairs], EventField.ASSIGNEE)
    for one in apart:
        if not _steady(history, one):
            continue
        names = [persons[pair[0], assignees[pair] or ""] for pair in one.pairs]
        yield _found(
            one,
            OWNER,
            "owned by two persons",
            "Each may think that the other one does it.",
            "Agree on who does it, and write that in both systems.",
            [
                item_evidence(side, f"is assigned to {name}")
                for side, name in zip((one.item, one.copy), names, strict=True)
            ],
        )


def _dates(view: View, mirrors: Sequence[_Mirror]) -> Iterable[Found]:
    pairs = [pair for one in mirrors for pair in one.pairs]
    history = moved(view, pairs, EventField.DUE_DATE)
    dates: dict[Pair, date] = {}
    for connection_id, ids in by_connection(pairs).items():
        for id_, due in view.select(
            schema.work_item, ("source_id", "due_date"), connection_id, sorted(ids)
        ):
            then = _due(due, history.get((connection_id, id_)))
            if then is not None:
                dates[connection_id, id_] = then
    for one in mirrors:
        mine = [dates.get(pair) for pair in one.pairs]
        if None in mine or mine[0] == mine[1] or not _steady(history, one):
            continue
        yield _found(
            one,
            DUE,
            "due on two days",
            "Who looks at one system plans for another day than who looks at the other.",
            "Agree on one date, and set it in both systems.",
            [
                item_evidence(side, f"is due on {day(dates[pair])}")
                for side, pair in zip((one.item, one.copy), one.pairs, strict=True)
            ],
        )


def _milestones(view: View, mirrors: Sequence[_Mirror]) -> Iterable[Found]:
    """Only parts of confirmed program milestones are compared: other names may mean anything."""
    part_of = {
        part.key: one.name for one in view.programs for part in one.parts if part.state.is_open
    }
    if not part_of or not mirrors:
        return
    places = {
        (name, (key[0], view.milestones[key].scope_id or "")) for key, name in part_of.items()
    }
    held = _held(view, [pair for one in mirrors for pair in one.pairs], part_of)
    for one in mirrors:
        mine, its = (held.get(pair, {}) for pair in one.pairs)
        entered = [at for side in (mine, its) for at in side.values()]
        if mine.keys() & its.keys() or any(at > one.settled for at in entered):
            continue
        both = bool(mine and its)
        # One side in none: only where the program milestone has a part in that very place.
        lacking = any((name, scope_of(one.copy)) in places for name in mine) or any(
            (name, scope_of(one.item)) in places for name in its
        )
        if not both and not lacking:
            continue
        yield _found(
            one,
            MILESTONE,
            "planned into different deliveries",
            "The delivery holds the work in one system and not in the other.",
            "Put both into the same delivery, or take the one out.",
            [
                item_evidence(
                    side, f"is in {', '.join(sorted(names))}" if names else "is in no part of it"
                )
                for side, names in ((one.item, mine), (one.copy, its))
            ],
        )


# --- reading ----------------------------------------------------------------------------------


def _pairs(view: View) -> Iterable[tuple[ItemFacts, ItemFacts]]:
    """Items and the issues of other connections that mirror them; one to one."""
    told = configured_mirrors(view)
    settled = {one for pair in told for one in pair}
    alike = _by_title(view, [one for one in _copies(view) if one[0] not in settled])
    found = [*told, *(pair for pair in alike if pair[0] not in settled)]
    facts = view.item_facts(by_connection(one for pair in found for one in pair))
    for item, copy in sorted(found):
        if item in facts and copy in facts:
            yield facts[item], facts[copy]


def _by_title(view: View, copies: Sequence[tuple[Pair, str]]) -> list[tuple[Pair, Pair]]:
    if not copies:
        return []
    k = schema.work_item_key.c
    wanted = sorted({key for _, key in copies})
    rows = view.conn.execute(
        sa.select(k.connection_id, k.key, k.work_item_id).where(
            k.key.in_(wanted), k.first_seen_at <= view.known_at
        )
    )
    holders: dict[str, set[Pair]] = {}
    for row in rows:
        holders.setdefault(row.key, set()).add((row.connection_id, row.work_item_id))
    claims: dict[tuple[Pair, int], list[Pair]] = {}
    for copy, key in copies:
        items = {one for one in holders.get(key, ()) if one[0] != copy[0]}
        # Two trackers with one key: nobody knows which of them is meant.
        if len(items) == 1:
            claims.setdefault((items.pop(), copy[0]), []).append(copy)
    return [(item, mine[0]) for (item, _), mine in claims.items() if len(mine) == 1]


def _copies(view: View) -> list[tuple[Pair, str]]:
    """Items whose title begins with a key of a project of another connection, and that key."""
    s = view.rows(schema.scope).c
    projects: dict[str, set[int]] = {}
    for place in view.conn.execute(
        sa.select(s.connection_id, s.key).where(s.kind == "project", s.key.is_not(None))
    ):
        if _PROJECT.fullmatch(place.key):
            projects.setdefault(place.key, set()).add(place.connection_id)
    if not projects or len(view.connections) < 2:
        return []
    items = view.items
    start = sa.func.ltrim(items.c.title, _BEFORE)
    first = (
        sa.func.substr(start, 1, sa.func.instr(start, "-") - 1)
        if view.conn.dialect.name == "sqlite"
        else sa.func.split_part(start, "-", 1)
    )
    titles = view.conn.execute(
        sa.select(items.c.connection_id, items.c.id, items.c.title)
        .where(first.in_(sorted(projects)))
        .order_by(items.c.connection_id, items.c.id)
    )
    found: list[tuple[Pair, str]] = []
    for row in titles:
        match = _KEY.match(row.title)
        if match is None:
            continue
        project = match["key"].rpartition("-")[0]
        if projects.get(project, set()) - {row.connection_id}:
            found.append(((row.connection_id, row.id), match["key"]))
    return found


def _not_read(view: View, *sides: ItemFacts) -> str | None:
    """Why two items cannot be compared; None: they can."""
    for one in sides:
        kind, key = view.holders.get(scope_of(one), ("project", None))
        connector = view.connections.get(one.connection_id, ("", ""))[1]
        streams = ("issues", "changelogs" if connector == "jira" else "histories")
        lacking = view.coverage.lacks((one.connection_id, kind, one.scope_id), key, streams, kind)
        if lacking:
            return lacking[0]
    return None


def _now(view: View, pairs: Iterable[Pair]) -> tuple[dict[Pair, str], dict[Pair, str | None]]:
    """Category and assignee of these items at the view's instant."""
    items = view.items
    rows = view.conn.execute(
        sa.select(items.c.connection_id, items.c.id, items.c.category, items.c.assignee_id).where(
            joined_key(items.c.connection_id, items.c.id).in_(
                sorted({f"{connection_id}/{id_}" for connection_id, id_ in pairs})
            )
        )
    ).all()
    return (
        {(row.connection_id, row.id): row.category for row in rows},
        {(row.connection_id, row.id): row.assignee_id for row in rows},
    )


def _held(
    view: View, pairs: Iterable[Pair], part_of: Mapping[tuple[int, MilestoneKind, str], str]
) -> dict[Pair, dict[str, datetime]]:
    """Program milestones that hold each item through a part, and since when."""
    members = view.memberships
    wanted = {f"{connection_id}/{id_}" for connection_id, id_ in pairs}
    rows = view.conn.execute(
        sa.select(members).where(
            joined_key(
                members.c.connection_id, members.c.milestone_kind, members.c.milestone_id
            ).in_(sorted(f"{key[0]}/{key[1].value}/{key[2]}" for key in part_of))
        )
    )
    found: dict[Pair, dict[str, datetime]] = {}
    for row in rows:
        if f"{row.connection_id}/{row.item_id}" not in wanted:
            continue
        name = part_of[row.connection_id, MilestoneKind(row.milestone_kind), row.milestone_id]
        mine = found.setdefault((row.connection_id, row.item_id), {})
        mine[name] = min(row.since, mine.get(name, row.since))
    return found


def _due(held: date | None, history: Moved | None) -> date | None:
    """The due date at the view's instant."""
    if history is None or not history.later:
        return held
    return date.fromisoformat(history.before[:10]) if history.before else None


def _steady(history: Mapping[Pair, Moved], one: _Mirror) -> bool:
    """Whether a field of both sides stood since then."""
    last = [history[pair].last_at for pair in one.pairs if pair in history]
    return all(stood(at, one.settled) for at in last)


def _found(
    one: _Mirror,
    rule: str,
    what: str,
    so_what: str,
    remedy: str,
    evidence: Sequence[Evidence],
) -> Found:
    label = item_label(one.item)
    its = "a restricted issue" if one.copy.restricted else one.copy.key
    title = f"{label} and its mirror {its} are {what}"
    return item_found(
        one.item,
        rule,
        (title, f"{title}.", so_what, remedy),
        evidence,
        channel=Channel.DIGEST,
    )
