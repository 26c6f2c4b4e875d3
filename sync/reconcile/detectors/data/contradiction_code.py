"""Items and the changes that work on them contradict each other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import ChangeState, EventField, LinkKind, StatusCategory, WaitsFor
from sync.ledger.load import ItemFacts
from sync.reconcile import changes
from sync.reconcile.changes import ChangeLine, LinkLine, Pair
from sync.reconcile.contract import Channel, Evidence, Found, NotChecked, Severity
from sync.reconcile.detectors.data import contradiction_branch
from sync.reconcile.detectors.data.contradiction_shared import (
    ID,
    Quiet,
    by_connection,
    moved,
    scope_of,
    stood,
)
from sync.reconcile.view import View
from sync.reconcile.words import capped, count, item_evidence, item_label, verb
from sync.store import schema

#: An item may stay open though its change landed while it waits for one of these.
_WAITS = frozenset(
    one.value for one in (WaitsFor.REVIEW, WaitsFor.QA, WaitsFor.RELEASE, WaitsFor.CUSTOMER)
)
_OPEN = (StatusCategory.TODO, StatusCategory.IN_PROGRESS, StatusCategory.IN_REVIEW)

DONE_UNMERGED = "done-unmerged"
DONE_CLOSED = "done-closed"
DONE_REVERTED = "done-reverted"
DONE_ELSEWHERE = "done-elsewhere"
OPEN_MERGED = "open-merged"
TODO_STARTED = "todo-started"
#: What code hosts call an issue that is not closed, whether somebody has begun it or not.
_BARE = frozenset({"open", "opened"})

RULES = {
    DONE_UNMERGED: "an item is done while a change for it has not landed (medium, mailed)",
    DONE_CLOSED: "an item is done, and every change for it was closed unmerged (medium, mailed)",
    DONE_REVERTED: "an item is done, and what landed for it was taken back (medium, mailed)",
    DONE_ELSEWHERE: "an item is done, and all that landed for it landed on a branch that is "
    "neither the default one nor a line of its own, and nothing is known to carry it on",
    OPEN_MERGED: "an item is open though all its changes landed ten working days ago; never while "
    "it waits for review, QA, release or the customer",
    TODO_STARTED: "an item is not begun, and a change that a person made for it is open",
}


@dataclass(frozen=True, slots=True)
class _Case:
    """An item with what works on it."""

    item: ItemFacts
    category: StatusCategory
    since: datetime | None
    work: tuple[ChangeLine, ...]
    #: words that link each change to the item.
    why: Mapping[Pair, str]
    #: changes that landed and take back the item's work, by what they take back.
    reverts: Mapping[Pair, tuple[ChangeLine, ...]]
    #: both sides must have stood since then (UTC).
    settled: datetime
    #: its status says that it is not closed, and no more.
    bare: bool


def detect(
    view: View,
    quiet: Quiet,
    linked: Mapping[Pair, Sequence[LinkLine]],
    thresholds: Mapping[str, Any],
) -> Iterable[Found | NotChecked]:
    """The rules over items and the changes that work on them."""
    if not linked:
        return
    lacking = {
        repository: reason
        for repository, _ in changes.repositories(view)
        if (reason := changes.lacking(view, repository)) is not None
    }
    for repository, reason in sorted(lacking.items()):
        yield NotChecked(f"repository:{repository[1]}", reason, repository[0])
    reported: set[Pair] = set()
    landed_apart: list[tuple[_Case, list[ChangeLine]]] = []
    for case in _cases(view, quiet, linked):
        pair = (case.item.connection_id, case.item.id)
        blind = [
            lacking[one.connection_id, one.scope_id]
            for one in case.work
            if (one.connection_id, one.scope_id) in lacking
        ]
        if blind:
            # A finding of before is then neither there nor gone.
            if pair not in reported and any(
                view.was_open(ID, pair[0], case.item.subject, rule) for rule in RULES
            ):
                yield NotChecked(case.item.subject, blind[0], pair[0])
            reported.add(pair)
            continue
        if case.category is StatusCategory.DONE:
            found = list(_done(case))
            yield from found
            standing = [] if found else _standing(case)
            if standing and stood(case.since, case.settled):
                landed_apart.append((case, standing))
        elif case.category in _OPEN:
            yield from _open(view, case, thresholds["merged_days"])
            yield from _started(view, case, thresholds["recent_days"])
    yield from _elsewhere(view, landed_apart, thresholds["line_changes"])


# --- done -------------------------------------------------------------------------------------


def _done(case: _Case) -> Iterable[Found]:
    settled = case.settled
    if not stood(case.since, settled):
        return
    merged = [one for one in case.work if one.state is ChangeState.MERGED]
    open_ = [one for one in case.work if one.state is ChangeState.OPEN]
    closed = [one for one in case.work if one.state is ChangeState.CLOSED]
    standing = _standing(case)
    unmerged = _not_landed(open_, standing, settled)
    label = item_label(case.item)
    if unmerged:
        yield _found(
            case,
            DONE_UNMERGED,
            unmerged,
            "is open",
            f"{label} is done, and {_changes(unmerged)} {_have(unmerged)} not landed",
            "What people take for finished is not in the product yet.",
            "Merge or close the change, or open the item again.",
        )
        return
    if merged and not standing:
        back = [each for one in merged for each in case.reverts.get(one.pair, ())]
        if any(one.merged_at is None or one.merged_at > settled for one in back):
            return
        yield _found(
            case,
            DONE_REVERTED,
            merged,
            "landed and was taken back",
            f"{label} is done, and what landed for it was taken back",
            "What people take for finished is not in the product any more.",
            "Open the item again, or say on it why it stays done.",
            more=[
                one.evidence("takes it back", one.merged_at)
                for one in {one.pair: one for one in back}.values()
            ],
        )
        return
    old = [one for one in closed if one.closed_at is not None and one.closed_at <= settled]
    if closed and len(old) == len(closed) == len(case.work):
        yield _found(
            case,
            DONE_CLOSED,
            closed,
            "was closed unmerged",
            f"{label} is done, and {_changes(closed)} {_was(closed)} closed unmerged",
            "Either the work landed some other way, or it never did.",
            "Link the change that did it, or open the item again.",
        )


def _standing(case: _Case) -> list[ChangeLine]:
    """What landed for the item and was not taken back."""
    return [
        one for one in case.work if one.state is ChangeState.MERGED and not _taken_back(case, one)
    ]


def _elsewhere(
    view: View, cases: Sequence[tuple[_Case, list[ChangeLine]]], line_changes: int
) -> Iterable[Found | NotChecked]:
    """Done items of which all that stands lies beside the default branch."""
    branches = contradiction_branch.Branches(
        view, [one for _, standing in cases for one in standing], line_changes
    )
    for repository in branches.unknown:
        reason = "whether work landed beside its default branch: nobody told which that is"
        yield NotChecked(f"repository:{repository[1]}", reason, repository[0])
    for case, standing in cases:
        if not all(branches.beside(one, case.settled) for one in standing):
            continue
        default = branches.default[standing[0].connection_id, standing[0].scope_id]
        names = sorted({one.base_ref or "" for one in standing if not one.restricted})
        where = f"on {', '.join(names)}" if names else "on another branch"
        yield _found(
            case,
            DONE_ELSEWHERE,
            standing,
            f"landed {where}, and not on {default}",
            f"{item_label(case.item)} is done, and {_changes(standing)} for it landed {where}, "
            f"not on {default}",
            f"It may never reach {default}: nothing that carries it on is known.",
            f"See whether it is on {default}; if not, open a change that brings it there.",
            severity=Severity.LOW,
            channel=Channel.DIGEST,
        )


def _not_landed(
    open_: Sequence[ChangeLine], standing: Sequence[ChangeLine], settled: datetime
) -> list[ChangeLine]:
    """Open changes that the item still needs.

    Where another change for it landed, an open one counts only on the same branch and when it is
    no draft: elsewhere it carries the work to an older version.
    """
    old = [one for one in open_ if one.created_at is None or one.created_at <= settled]
    if not standing:
        return old
    landed_on = {(one.connection_id, one.scope_id, one.base_ref) for one in standing}
    return [
        one
        for one in old
        if not one.is_draft and (one.connection_id, one.scope_id, one.base_ref) in landed_on
    ]


def _taken_back(case: _Case, one: ChangeLine) -> bool:
    """Whether what landed was taken back and did not land again since."""
    back = [each.merged_at for each in case.reverts.get(one.pair, ()) if each.merged_at]
    if not back or one.merged_at is None:
        return False
    return max(back) > one.merged_at


# --- open -------------------------------------------------------------------------------------


def _open(view: View, case: _Case, days: int) -> Iterable[Found]:
    if not stood(case.since, case.settled):
        return
    if not case.work or any(one.state is not ChangeState.MERGED for one in case.work):
        return
    if any(_taken_back(case, one) for one in case.work):
        return
    landed = [one.merged_at for one in case.work if one.merged_at is not None]
    if len(landed) < len(case.work) or view.calendar.add(max(landed), days) > view.as_of:
        return
    # Who moved it after the merge has looked at it since.
    if case.since is not None and view.calendar.add(case.since, days) > view.as_of:
        return
    label = item_label(case.item)
    yield _found(
        case,
        OPEN_MERGED,
        list(case.work),
        "landed",
        f"{label} is open though {_changes(case.work)} for it landed",
        "It looks like work that is left, and perhaps none is.",
        "Close it, or say on it what is left.",
        severity=Severity.LOW,
        channel=Channel.DIGEST,
    )


def _started(view: View, case: _Case, days: int) -> Iterable[Found]:
    """Work that is under way on an item that nobody has begun, as its status says."""
    if case.category is not StatusCategory.TODO or case.bare:
        return
    if not stood(case.since, case.settled):
        return
    oldest = view.as_of - timedelta(days=days)
    going = [
        one
        for one in case.work
        if one.state is ChangeState.OPEN
        and not one.by_bot
        and one.created_at is not None
        and oldest <= one.created_at <= case.settled
    ]
    if not going:
        return
    label = item_label(case.item)
    yield _found(
        case,
        TODO_STARTED,
        going,
        "is open",
        f"{label} is not begun, and {_changes(going)} for it {verb(len(going), 'is', 'are')} open",
        "Who plans by the board takes it for work that has yet to start.",
        "Move it to where the work is, or take its key out of the change.",
        severity=Severity.LOW,
        channel=Channel.DIGEST,
    )


# --- reading ----------------------------------------------------------------------------------


def linked(view: View) -> dict[Pair, list[LinkLine]]:
    """Links that say for certain that a change works on an item; by item."""
    found: dict[Pair, list[LinkLine]] = {}
    for link in changes.links(view):
        if link.to_kind == "work_item" and not link.ambiguous:
            found.setdefault(link.to, []).append(link)
    return found


def _cases(view: View, quiet: Quiet, linked: Mapping[Pair, Sequence[LinkLine]]) -> Iterable[_Case]:
    categories = _categories(view, linked)
    wanted = {pair for pair, one in categories.items() if one in (StatusCategory.DONE, *_OPEN)}
    wanted -= waiting(view, {pair for pair in wanted if categories[pair] in _OPEN})
    ids = by_connection(wanted)
    items, since = view.item_facts(ids), view.status_since(ids)
    lines = changes.lines(
        view, by_connection(link.change for pair in wanted for link in linked[pair])
    )
    reverts = _reverts(view, wanted)
    bare = _bare(view, {pair for pair in wanted if categories[pair] is StatusCategory.TODO})
    for pair in sorted(wanted):
        if pair not in items:
            continue
        mine = [link for link in linked[pair] if link.change in lines]
        work = sorted((lines[link.change] for link in mine), key=lambda one: one.pair)
        if not work:
            continue
        yield _Case(
            item=items[pair],
            category=categories[pair],
            since=since.get(pair),
            work=tuple({one.pair: one for one in work}.values()),
            why={link.change: link.evidence for link in mine},
            reverts={
                one.pair: (*reverts.get(("change", one.pair), ()), *reverts.get(("item", pair), ()))
                for one in work
            },
            settled=quiet.before(
                scope_of(items[pair]), *((one.connection_id, one.scope_id) for one in work)
            ),
            bare=pair in bare,
        )


def _bare(view: View, pairs: Iterable[Pair]) -> set[Pair]:
    """Items of which the status tells only that they are open: nobody said that work waits."""
    found: set[Pair] = set()
    wanted = set(pairs)
    then = {} if view.present else moved(view, wanted, EventField.STATUS)
    for connection_id, ids in by_connection(wanted).items():
        for id_, status_id in view.select(
            schema.work_item, ("source_id", "raw_status_id"), connection_id, sorted(ids)
        ):
            left = then.get((connection_id, id_))
            told = left.before if left is not None and left.later else status_id
            if told in _BARE:
                found.add((connection_id, id_))
    return found


def _categories(view: View, pairs: Iterable[Pair]) -> dict[Pair, StatusCategory]:
    """Category of each item as it stood; without items that have children, which close last."""
    items = view.items
    wanted = set(pairs)
    rows = view.conn.execute(
        sa.select(items.c.connection_id, items.c.id, items.c.category).where(
            items.c.connection_id.in_(sorted({pair[0] for pair in wanted})),
            ~view.has_child(items),
        )
    )
    return {
        (row.connection_id, row.id): StatusCategory(row.category)
        for row in rows
        if (row.connection_id, row.id) in wanted
    }


def waiting(view: View, pairs: Iterable[Pair]) -> set[Pair]:
    """Items whose status at the view's instant waits for somebody, or is done but for a release."""
    found: set[Pair] = set()
    wanted = set(pairs)
    then = {} if view.present else moved(view, wanted, EventField.STATUS)
    for connection_id, ids in by_connection(wanted).items():
        told = view.rows(schema.status).c
        statuses = {
            row.source_id: bool(row.waits_for in _WAITS or row.code_complete)
            for row in view.conn.execute(
                sa.select(told.source_id, told.waits_for, told.code_complete).where(
                    told.connection_id == connection_id
                )
            )
        }
        for id_, waits_for, complete, status_id in view.select(
            schema.work_item,
            ("source_id", "waits_for", "code_complete", "raw_status_id"),
            connection_id,
            sorted(ids),
        ):
            left = then.get((connection_id, id_))
            before = left.before if left is not None and left.later else status_id
            if before == status_id:
                waits = bool(waits_for in _WAITS or complete)
            else:
                # A status nobody knows any more may have waited for anything.
                waits = statuses.get(before or "", True)
            if waits:
                found.add((connection_id, id_))
    return found


def _reverts(view: View, items: Iterable[Pair]) -> dict[tuple[str, Pair], tuple[ChangeLine, ...]]:
    """Landed changes that take something back, by the change or the item they name.

    One that was taken back in turn takes nothing back.
    """
    links = changes.links(view, kinds=(LinkKind.REVERTS,))
    lines = changes.lines(view, by_connection(link.change for link in links))
    landed = [
        (link, lines[link.change])
        for link in links
        if link.change in lines
        and lines[link.change].state is ChangeState.MERGED
        and not link.ambiguous
    ]
    of_changes: dict[Pair, list[ChangeLine]] = {}
    for link, one in landed:
        if link.to_kind == "change_request":
            of_changes.setdefault(link.to, []).append(one)
    wanted = set(items)
    found: dict[tuple[str, Pair], list[ChangeLine]] = {}
    for link, one in landed:
        kind = "change" if link.to_kind == "change_request" else "item"
        if (kind == "change" or link.to in wanted) and _in_force(one, of_changes):
            found.setdefault((kind, link.to), []).append(one)
    return {key: tuple(mine) for key, mine in found.items()}


def _in_force(one: ChangeLine, reverts: Mapping[Pair, Sequence[ChangeLine]]) -> bool:
    """Whether no later change that is in force itself takes this one back."""
    return not any(
        one.merged_at is not None
        and each.merged_at is not None
        and each.merged_at > one.merged_at
        and _in_force(each, reverts)
        for each in reverts.get(one.pair, ())
    )


# --- words ------------------------------------------------------------------------------------


def _changes(lines: Sequence[ChangeLine]) -> str:
    if len(lines) > 1:
        return count(len(lines), "change")
    return "a restricted change" if lines[0].restricted else f"change {lines[0].key}"


def _have(lines: Sequence[ChangeLine]) -> str:
    return verb(len(lines), "has", "have")


def _was(lines: Sequence[ChangeLine]) -> str:
    return verb(len(lines), "was", "were")


def _found(
    case: _Case,
    rule: str,
    lines: Sequence[ChangeLine],
    text: str,
    title: str,
    so_what: str,
    remedy: str,
    *,
    more: Sequence[Evidence] = (),
    severity: Severity = Severity.MEDIUM,
    channel: Channel = Channel.MAILED,
) -> Found:
    item = case.item
    state = "is done" if case.category is StatusCategory.DONE else "is open"
    return Found(
        subject=item.subject,
        severity=severity,
        magnitude=float(len(lines)),
        rule=rule,
        channel=channel,
        values={
            "title": title,
            "what": f"{title}.",
            "so_what": so_what,
            "who": f"whoever works on {item_label(item)}",
            "remedy": remedy,
        },
        evidence=(
            item_evidence(item, state, at=case.since),
            *capped([_proof(case, one, text) for one in lines], "change"),
            *more,
        ),
        connection_id=item.connection_id,
    )


def _proof(case: _Case, one: ChangeLine, text: str) -> Evidence:
    words = case.why.get(one.pair, "")
    said = f' (it says "{words}")' if words else ""
    return one.evidence(f"{text}{said}", one.merged_at or one.closed_at or one.created_at)
