"""Fixes that are on the main line, and absent or untested on the branch of a release.

A release branch is one that changes were merged to and that has the version's name. A fix belongs
to the release when its item does. It is there when the branch holds what landed, or when a change
to the branch works on the same item, names the fix, or has its title.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from mappings.vocabulary import ChangeState
from sync.reconcile import changes, trunk
from sync.reconcile import inside as reach
from sync.reconcile.changes import ChangeLine, Pair
from sync.reconcile.evidence_of import Content, Ticket, judged
from sync.reconcile.evidence_rate import Piece
from sync.reconcile.program import plain
from sync.reconcile.view import Plan, View
from sync.store import tables_code as code
from sync.verdict.names import Verdict

_PREFIX = re.compile(r"^(?:releases?|rel|stable|maint(?:enance)?|support|branch(?:es)?)[-/_]", re.I)


@dataclass(frozen=True, slots=True)
class BackPort:
    """A fix of a release's item, and how it stands on the release's branch."""

    ticket: Ticket
    fix: ChangeLine
    branch: str
    #: its change to the branch, where one is known; None with `absent` None: not known.
    port: Piece | None
    #: True: it is proven not to be there. None: nobody can tell.
    absent: bool | None


def of(view: View, plan: Plan, content: Content) -> list[BackPort]:
    """Fixes of a milestone that its release branch lacks, or has untested, or may lack."""
    name = plain(plan.facts.name)
    fixes = [
        (ticket, piece.change)
        for ticket in content.tickets
        if ticket.done
        for piece in ticket.pieces
    ]
    main = trunk.default_branches(view)
    branches = {
        pair: branch
        for pair, branch in _branches(view, {_repository(fix) for _, fix in fixes}, name).items()
        if branch != main.get(pair)
    }
    if not branches:
        return []
    on_branch = {
        pair: judged(view, _landed_on(view, pair, branch)) for pair, branch in branches.items()
    }
    held: dict[Pair, reach.Inside | None] = {}
    for pair, branch in branches.items():
        tip = reach.tip(view, pair, branch)
        held[pair] = None if tip is None else reach.inside(reach.commits(view, pair), tip)
    found = []
    for ticket, fix in fixes:
        pair = _repository(fix)
        if pair not in branches or fix.base_ref == branches[pair]:
            continue
        branch = branches[pair]
        mine = {one.change.pair for one in ticket.pieces}
        port = _port(fix, on_branch[pair], mine)
        if port is not None:
            if port.verdict in (Verdict.MERGED_RED, Verdict.NOT_TESTED):
                found.append(BackPort(ticket, fix, branch, port, absent=False))
            continue
        inside = held[pair]
        there = None if inside is None else inside.holds(fix)
        if there is None and inside is not None and fix.title in inside.subjects:
            there = True
        if there is not True:
            found.append(BackPort(ticket, fix, branch, None, None if there is None else True))
    return found


def _port(fix: ChangeLine, landed: Iterable[Piece], of_ticket: Iterable[Pair]) -> Piece | None:
    """The change that brought a fix to the branch."""
    mine = set(of_ticket)
    number = re.compile(rf"(?<!\w)[#!]{re.escape(re.split('[#!]', fix.key)[-1])}(?!\w)")
    for one in landed:
        title = one.change.title
        if one.change.pair in mine or (fix.title and fix.title in title) or number.search(title):
            return one
    return None


def _repository(one: ChangeLine) -> Pair:
    return (one.connection_id, one.scope_id)


def _branches(view: View, repositories: Iterable[Pair], name: str) -> dict[Pair, str]:
    """The branch of each repository that has a version's name; of several alike none."""
    c = code.change_request.c
    wanted = set(repositories)
    rows = view.conn.execute(
        sa.select(c.connection_id, c.scope_id, c.base_ref)
        .where(
            c.state == ChangeState.MERGED.value,
            c.base_ref.is_not(None),
            c.merged_at <= view.as_of,
            c.first_seen_at <= view.known_at,
        )
        .distinct()
    )
    found: dict[Pair, set[str]] = {}
    for row in rows:
        pair = (row.connection_id, row.scope_id)
        if pair in wanted and plain(_PREFIX.sub("", row.base_ref)) == name:
            found.setdefault(pair, set()).add(row.base_ref)
    return {pair: mine.pop() for pair, mine in found.items() if len(mine) == 1}


def _landed_on(view: View, repository: Pair, branch: str) -> Mapping[Pair, ChangeLine]:
    c = code.change_request.c
    ids = view.conn.execute(
        sa.select(c.source_id).where(
            c.connection_id == repository[0],
            c.scope_id == repository[1],
            c.base_ref == branch,
            c.state == ChangeState.MERGED.value,
            c.merged_at <= view.as_of,
        )
    ).scalars()
    return changes.lines(view, {repository[0]: list(ids)})
