"""What `driftline gate` judges, out of a view: a milestone, or what a tag or branch holds."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

import sqlalchemy as sa

from mappings.vocabulary import ChangeState, StatusCategory
from sync.errors import UsageError
from sync.ledger import baseline as baselines
from sync.reconcile import changes, findings, trunk
from sync.reconcile import inside as reach
from sync.reconcile.changes import ChangeLine, Pair
from sync.reconcile.detectors.test import done_unproven, landed
from sync.reconcile.evidence_of import Content, Ticket, contents, judged
from sync.reconcile.evidence_rate import Piece
from sync.reconcile.gate import Gate
from sync.reconcile.program import plain
from sync.reconcile.release_gate import GateFacts, SignOff
from sync.reconcile.view import Plan, View
from sync.store import schema
from sync.store import tables_code as code
from sync.verdict import repository as repositories
from sync.verdict import uploads
from sync.verdict.report_files import ReportKind
from sync.verdict.repository import KnownRepository

_CONTRADICTION = "data.contradiction"
_DONE = StatusCategory.DONE.value


def of_milestone(view: View, name: str) -> GateFacts:
    """A milestone, or a program milestone with all its parts. Raises UsageError for no such one."""
    program = view.program_called(name)
    chosen = (
        list(program.parts) if program is not None else [baselines.the_one(view.milestones, name)]
    )
    title = program.name if program is not None else chosen[0].name
    plans = view.plans(chosen)
    held = contents(view, plans)
    pieces = _once(piece for one in held for piece in one.pieces)
    tickets = tuple(ticket for one in held for ticket in one.tickets)
    unread = [_unread_plan(view, plan) for plan in plans]
    return GateFacts(
        at=view.as_of,
        name=title,
        pieces=pieces,
        tickets=tickets,
        open_items=tuple(_item(one) for one in tickets if not one.done),
        open_changes=tuple(one for each in held for one in each.open_changes),
        unclear_items=tuple(key for plan in plans for key in _unclear(view, plan)),
        trunks=_trunks(view, pieces),
        contradictions=_contradictions(view, tickets, plans),
        unread=tuple(dict.fromkeys((*filter(None, unread), *_unread(view, pieces)))),
        sign_offs=_signed_by_time(view, title, pieces),
    )


def _item(one: Ticket) -> str:
    return one.item.key if one.item.restricted else f"{one.item.key} {one.item.title}".strip()


def _once(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    return tuple({one.change.pair: one for one in pieces}.values())


def _unclear(view: View, plan: Plan) -> list[str]:
    """Items in it whose status says nothing."""
    return [
        plan.container.items[one.id].key
        for one in plan.container.histories
        if one.stay_at(view.as_of) is not None
        and one.category.undone(view.as_of) is StatusCategory.UNKNOWN
    ]


def _unread_plan(view: View, plan: Plan) -> str | None:
    facts = plan.facts
    reason = Gate(view).reason(done_unproven.DETECTOR, facts.connection_id, facts.subject)
    return None if reason is None else f"{facts.name}: {reason}"


def _unread(view: View, pieces: Collection[Piece]) -> list[str]:
    """Repositories of these changes whose changes or checks were not read whole."""
    found = []
    for pair in sorted({(one.change.connection_id, one.change.scope_id) for one in pieces}):
        kind = view.connections.get(pair[0], ("", ""))[1]
        reason = changes.lacking(view, pair, landed.NEEDS.get(kind, changes.STREAMS))
        if reason is not None:
            found.append(f"{changes.path(view, pair)}: {reason}")
    return found


def _trunks(view: View, pieces: Collection[Piece]) -> tuple[trunk.Trunk, ...]:
    wanted = {(one.change.connection_id, one.change.scope_id) for one in pieces}
    return tuple(one for one in trunk.trunks_of(view) if one.repository in wanted)


def _contradictions(
    view: View, tickets: Collection[Ticket], plans: Collection[Plan]
) -> tuple[str, ...] | None:
    """Open contradictions about these, as the last reconciliation left them."""
    if next(iter(findings.last_runs(view.conn, 1)), None) is None:
        return None
    about = {(one.item.connection_id, one.item.subject) for one in tickets}
    about |= {(one.facts.connection_id, one.facts.subject) for one in plans}
    return tuple(
        one.finding.title
        for one in findings.known(view.conn).values()
        if one.is_open
        and one.finding.detector == _CONTRADICTION
        and (one.connection_id, one.finding.subject) in about
    )


# --- sign-offs --------------------------------------------------------------------------------


def _sign_offs(view: View, name: str, *, exactly: bool) -> list[uploads.Upload]:
    wanted = name if exactly else plain(name)
    return [
        one
        for one in uploads.listing(view.conn)
        if one.kind is ReportKind.SIGNOFF
        and one.added_at <= view.known_at
        and one.ref is not None
        and (one.ref if exactly else plain(one.ref)) == wanted
    ]


def _signed_by_time(view: View, name: str, pieces: Iterable[Piece]) -> tuple[SignOff, ...]:
    """Of a milestone it is the instant that tells what landed since."""
    held = list(pieces)
    return tuple(
        SignOff(one.author, one.added_at, _later(held, one.added_at), one.reason)
        for one in _sign_offs(view, name, exactly=False)
    )


def _later(pieces: Iterable[Piece], at: datetime) -> tuple[str, ...]:
    return tuple(
        one.change.label
        for one in pieces
        if one.change.merged_at is not None and one.change.merged_at > at
    )


# --- refs -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ref:
    """A tag or branch of one repository, and where it stands."""

    repository: KnownRepository
    name: str
    #: None: where it stands is not known.
    sha: str | None
    is_tag: bool


def find_ref(view: View, name: str, repo: str | None = None) -> Ref:
    """The tag or branch of this name. Raises UsageError for none, and for one in several."""
    only = None if repo is None else repositories.called(view.conn, repo)
    known = [one for one in repositories.repositories(view.conn) if only is None or one == only]
    tags = _tags(view)
    found: list[Ref] = []
    names: set[str] = set()
    for one in known:
        mine = tags.get(one.pair, {})
        branches = _branches(view, one.pair)
        names |= mine.keys() | branches
        if name in mine:
            found.append(Ref(one, name, mine[name], is_tag=True))
        elif name in branches:
            found.append(Ref(one, name, reach.tip(view, one.pair, name), is_tag=False))
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(f"{one.repository.connection}/{one.repository.path}" for one in found)
        raise UsageError(
            f"it is in several repositories: {listed}",
            where=f"--ref {name}",
            todo="Name one with --repo.",
        )
    close = get_close_matches(name, sorted(names), n=3)
    raise UsageError(
        "no tag or branch of this name is known",
        where=f"--ref {name}",
        todo=f"Write {' or '.join(close)}." if close else "Run `driftline sync` first.",
    )


def _tags(view: View) -> dict[Pair, dict[str, str | None]]:
    r = code.release.c
    rows = view.conn.execute(
        sa.select(r.connection_id, r.scope_id, r.tag, r.sha)
        .where(
            r.first_seen_at <= view.known_at,
            sa.or_(r.gone_at.is_(None), r.gone_at > min(view.as_of, view.known_at)),
        )
        .order_by(r.sha)
    )
    found: dict[Pair, dict[str, str | None]] = {}
    for row in rows:
        found.setdefault((row.connection_id, row.scope_id), {})[row.tag] = row.sha
    return found


def _branches(view: View, repository: Pair) -> set[str]:
    r, d, b = code.change_request.c, code.default_branch.c, code.branch_tip.c
    bases = sa.select(r.base_ref).where(
        r.connection_id == repository[0],
        r.scope_id == repository[1],
        r.base_ref.is_not(None),
        r.state == ChangeState.MERGED.value,
    )
    first = sa.select(d.name).where(
        d.connection_id == repository[0], d.scope_id == repository[1], d.known_to.is_(None)
    )
    tips = sa.select(b.branch).where(
        b.connection_id == repository[0], b.scope_id == repository[1], b.known_to.is_(None)
    )
    return {row[0] for query in (bases, first, tips) for row in view.conn.execute(query.distinct())}


def of_ref(view: View, ref: Ref) -> GateFacts:
    """What a tag or branch holds beyond the release before it."""
    pair = ref.repository.pair
    commits = reach.commits(view, pair)
    title = f"{ref.name} of {ref.repository.path}"
    inside = None if ref.sha is None else reach.inside(commits, ref.sha)
    before = None if inside is None else _before(view, ref, inside, commits)
    landed_here = _landed(view, pair)
    lines: dict[Pair, ChangeLine] = {}
    uncertain: list[ChangeLine] = []
    for one in landed_here.values():
        there = None if inside is None else inside.holds(one)
        if there is None:
            # What an earlier release holds is not new here, wherever the way back is lost.
            if before is None or before.holds(one) is not True:
                uncertain.append(one)
        elif there and (before is None or before.holds(one) is not True):
            lines[one.pair] = one
    pieces = tuple(judged(view, lines))
    tickets = _tickets(view, {one.change.pair: one for one in pieces})
    missing, plans, content = _planned(view, ref, inside)
    return GateFacts(
        at=view.as_of,
        name=title,
        pieces=pieces,
        tickets=tickets,
        open_items=tuple(
            dict.fromkeys(
                _item(one)
                for one in (*tickets, *(each for held in content for each in held.tickets))
                if not one.done
            )
        ),
        trunks=_trunks(view, pieces),
        contradictions=_contradictions(view, tickets, plans),
        unread=tuple(_unread_ref(view, pair)),
        sign_offs=_signed_ref(view, ref, inside, commits, pieces),
        uncertain=tuple(one.label for one in uncertain),
        missing=missing,
    )


def _before(
    view: View, ref: Ref, inside: reach.Inside, commits: Mapping[str, reach.Commit]
) -> reach.Inside | None:
    """What the newest other tag behind it holds."""
    tags = {
        sha
        for sha in _tags(view).get(ref.repository.pair, {}).values()
        if sha is not None and sha != ref.sha and sha in inside.seen and sha in commits
    }
    dated = [(commits[sha].at, sha) for sha in tags]
    told = [(at, sha) for at, sha in dated if at is not None]
    return reach.inside(commits, max(told)[1]) if told else None


def _landed(view: View, repository: Pair) -> dict[Pair, ChangeLine]:
    c = view.rows(code.change_request).c
    ids = view.conn.execute(
        sa.select(c.source_id).where(
            c.connection_id == repository[0],
            c.scope_id == repository[1],
            c.state == ChangeState.MERGED.value,
            c.merged_at <= view.as_of,
        )
    ).scalars()
    return changes.lines(view, {repository[0]: list(ids)})


def _tickets(view: View, pieces: Mapping[Pair, Piece]) -> tuple[Ticket, ...]:
    """Items that these changes work for."""
    work: dict[Pair, list[Piece]] = {}
    for link in changes.links(view):
        if link.to_kind == "work_item" and not link.ambiguous and link.change in pieces:
            work.setdefault(link.to, []).append(pieces[link.change])
    ids: dict[int, set[str]] = {}
    for connection_id, id_ in work:
        ids.setdefault(connection_id, set()).add(id_)
    facts = view.item_facts(ids)
    done = {
        (connection_id, id_)
        for connection_id, wanted in ids.items()
        for id_, category in view.select(
            schema.work_item, ("source_id", "status_category"), connection_id, sorted(wanted)
        )
        if category == _DONE
    }
    return tuple(
        Ticket(facts[pair], pair in done, tuple(mine), ())
        for pair, mine in sorted(work.items())
        if pair in facts
    )


def _planned(
    view: View, ref: Ref, inside: reach.Inside | None
) -> tuple[tuple[str, ...], list[Plan], Sequence[Content]]:
    """What a milestone of the ref's name wants in this repository, and is proven not inside."""
    name = plain(ref.name)
    plans = view.plans([one for one in view.milestones.values() if plain(one.name) == name])
    held = contents(view, plans)
    missing = []
    for content in held:
        for ticket in content.tickets:
            for piece in ticket.pieces:
                one = piece.change
                mine = (one.connection_id, one.scope_id) == ref.repository.pair
                if mine and inside is not None and inside.holds(one) is False:
                    missing.append(f"{_item(ticket)}: {one.label}")
    return tuple(dict.fromkeys(missing)), plans, held


def _unread_ref(view: View, repository: Pair) -> list[str]:
    kind = view.connections.get(repository[0], ("", ""))[1]
    streams = (*landed.NEEDS.get(kind, changes.STREAMS), "releases")
    reason = changes.lacking(view, repository, streams)
    return [] if reason is None else [f"{changes.path(view, repository)}: {reason}"]


def _signed_ref(
    view: View,
    ref: Ref,
    inside: reach.Inside | None,
    commits: Mapping[str, reach.Commit],
    pieces: Collection[Piece],
) -> tuple[SignOff, ...]:
    """What the ref holds now and did not where it was signed off."""
    found = []
    for one in _sign_offs(view, ref.name, exactly=True):
        if one.repository is not None and one.repository != ref.repository.path:
            continue
        after: tuple[str, ...] | None = None
        if one.sha is not None and one.sha == ref.sha:
            after = ()
        elif one.sha is not None and inside is not None:
            then = reach.inside(commits, one.sha)
            answers = [(piece, then.holds(piece.change)) for piece in pieces]
            if all(there is not None for _, there in answers):
                after = tuple(piece.change.label for piece, there in answers if not there)
        found.append(SignOff(one.author, one.added_at, after, one.reason))
    return tuple(found)
