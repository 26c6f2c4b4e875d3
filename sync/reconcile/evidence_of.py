"""What landed for milestones and tickets, with its verdicts, out of a view."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mappings.vocabulary import ChangeState, HistoryState
from sync.ledger import change_members
from sync.ledger.load import ItemFacts
from sync.reconcile import changes
from sync.reconcile.changes import ChangeLine, Pair
from sync.reconcile.contract import TestedSummary
from sync.reconcile.evidence_rate import Piece, Rate, in_words, pieces_of, rate
from sync.reconcile.view import Plan, View
from sync.store import tables_code as code
from sync.store.bulk import select_ids
from sync.verdict.paths import PathKind, kind_of


@dataclass(frozen=True, slots=True)
class Ticket:
    """A leaf item of a milestone and what landed for it."""

    item: ItemFacts
    done: bool
    pieces: tuple[Piece, ...]
    #: changes for it that are still open.
    open_changes: tuple[ChangeLine, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a milestone."""

    tickets: tuple[Ticket, ...]
    #: changes that are in it themselves, without an item.
    changes: tuple[Piece, ...] = ()
    open_changes: tuple[ChangeLine, ...] = field(default=())

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """All that landed for it, each once, in the order of landing."""
        found = {one.change.pair: one for ticket in self.tickets for one in ticket.pieces}
        found.update({one.change.pair: one for one in self.changes})
        return tuple(sorted(found.values(), key=_order))

    @property
    def rate(self) -> Rate:
        """Its test-evidence rate."""
        return rate(self.pieces)


def _order(one: Piece) -> tuple[str, Pair]:
    at = one.change.merged_at
    return ("" if at is None else at.isoformat(), one.change.pair)


def contents(view: View, plans: Iterable[Plan]) -> list[Content]:
    """What is in each of these milestones; few queries for all."""
    chosen = list(plans)
    linked: dict[Pair, set[Pair]] = {}
    for link in changes.links(view):
        if link.to_kind == "work_item" and not link.ambiguous:
            linked.setdefault(link.to, set()).add(link.change)
    members = {key: mine for key, mine in _members(view, chosen, linked).items() if mine}
    wanted: dict[int, set[str]] = {}
    for plan in chosen:
        for id_ in plan.leaves:
            for connection_id, change in linked.get((plan.facts.connection_id, id_), ()):
                wanted.setdefault(connection_id, set()).add(change)
    for mine in members.values():
        for connection_id, change in mine:
            wanted.setdefault(connection_id, set()).add(change)
    lines = changes.lines(view, wanted)
    pieces = {one.change.pair: one for one in judged(view, lines)}
    return [
        _content(plan, linked, members.get(plan.facts.key, ()), lines, pieces) for plan in chosen
    ]


def _content(
    plan: Plan,
    linked: Mapping[Pair, Collection[Pair]],
    members: Collection[Pair],
    lines: Mapping[Pair, ChangeLine],
    pieces: Mapping[Pair, Piece],
) -> Content:
    tickets = []
    for id_, place in sorted(plan.leaves.items()):
        mine = sorted(linked.get((plan.facts.connection_id, id_), ()))
        tickets.append(
            Ticket(
                plan.container.items[id_],
                place.done,
                tuple(sorted((pieces[one] for one in mine if one in pieces), key=_order)),
                tuple(lines[one] for one in mine if one in lines and _is_open(lines[one])),
            )
        )
    return Content(
        tuple(tickets),
        tuple(pieces[one] for one in sorted(members) if one in pieces),
        tuple(lines[one] for one in sorted(members) if one in lines and _is_open(lines[one])),
    )


def _is_open(one: ChangeLine) -> bool:
    return one.state in (ChangeState.OPEN, ChangeState.UNKNOWN)


def _members(
    view: View, plans: Iterable[Plan], linked: Mapping[Pair, Collection[Pair]]
) -> dict[object, set[Pair]]:
    """Changes that are in these milestones themselves, and work on no item in there."""
    chosen = list(plans)
    told = change_members.load(view.conn, [one.facts for one in chosen], view.known_at)
    works_on: dict[Pair, set[Pair]] = {}
    for item, mine in linked.items():
        for one in mine:
            works_on.setdefault(one, set()).add(item)
    found: dict[object, set[Pair]] = {}
    for plan in chosen:
        connection_id = plan.facts.connection_id
        members = told.get(plan.facts.key, {})
        if not members:
            continue
        items = {
            id_: {
                item for at, item in works_on.get((connection_id, id_), ()) if at == connection_id
            }
            for id_ in members
        }
        counted = change_members.counted(members, items, plan.container, view.as_of)
        found[plan.facts.key] = {(connection_id, id_) for id_ in counted}
    return found


def judged(view: View, lines: Mapping[Pair, ChangeLine]) -> list[Piece]:
    """Those of these changes that landed, with their verdicts and their own lines."""
    merged = {pair: one for pair, one in lines.items() if one.state is ChangeState.MERGED}
    return pieces_of(list(merged.values()), changes.verdicts_of(view, merged), own(view, merged))


def own(view: View, lines: Mapping[Pair, ChangeLine]) -> dict[Pair, tuple[int | None, bool]]:
    """Lines that each change altered in files that people here wrote, and whether one is source.

    Where its list of files was not read whole, all its lines, as if they were source.
    """
    by_connection: dict[int, set[str]] = {}
    for connection_id, id_ in lines:
        by_connection.setdefault(connection_id, set()).add(id_)
    found: dict[Pair, tuple[int | None, bool]] = {}
    rules = view.policy.testing.paths
    for connection_id, ids in by_connection.items():
        whole = {
            id_
            for id_, part, state, known_from, known_to in select_ids(
                view.conn,
                code.change_part,
                ("change_request_id", "part", "state", "known_from", "known_to"),
                connection_id,
                "change_request_id",
                sorted(ids),
            )
            if part == "files"
            and state == HistoryState.COMPLETE.value
            and _was_known(view, known_from, known_to)
        }
        sums: dict[str, int | None] = dict.fromkeys(whole, 0)
        source: set[str] = set()
        for id_, path, added, removed, known_from, known_to in select_ids(
            view.conn,
            code.change_file,
            ("change_request_id", "path", "additions", "deletions", "known_from", "known_to"),
            connection_id,
            "change_request_id",
            sorted(whole),
        ):
            if not _was_known(view, known_from, known_to):
                continue
            repository = changes.path(view, (connection_id, lines[connection_id, id_].scope_id))
            kind = kind_of(path, rules, repository)
            if kind is PathKind.SOURCE:
                source.add(id_)
            held = sums[id_]
            if not kind.is_own or held is None:
                continue
            told = None if added is None else added + (removed or 0)
            sums[id_] = None if told is None else held + told
        for id_, number in sums.items():
            line = lines[connection_id, id_]
            found[line.pair] = (line.lines if number is None else number, id_ in source)
    return found


def _was_known(view: View, known_from: datetime, known_to: datetime | None) -> bool:
    return known_from <= view.known_at and (known_to is None or known_to > view.known_at)


def summary(view: View, pieces: Collection[Piece]) -> TestedSummary | None:
    """What a report says of these changes; None: there are none.

    Without a person's word on which checks are tests, for every repository in it, no share is told.
    """
    told = rate(pieces)
    if not told.changes:
        return None
    confirmed = changes.confirmed(view)
    wanted = {(one.change.connection_id, one.change.scope_id) for one in pieces}
    asked = sorted(changes.path(view, one) for one in wanted - confirmed)
    if asked:
        words = f"not confirmed which checks of {asked[0]} are tests" + (
            f", and of {len(asked) - 1} more" if len(asked) > 1 else ""
        )
    else:
        words = in_words(told)
    return TestedSummary(
        None if asked else told.share,
        None if asked else told.ready,
        told.changes,
        told.unknown_changes,
        told.exempt_changes,
        words,
    )
