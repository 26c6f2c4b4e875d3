"""Changes with their moments, what waits for review, and what was deployed where.

Few set queries for a whole store. Robots' changes are left out: no person waits for them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import ChangeState, DeploymentState, HistoryState, ReviewVerdict
from sync.flow.dora import Deployment, first_holding
from sync.flow.lead_time import Moments
from sync.flow.people import Person
from sync.reconcile import changes
from sync.reconcile.changes import ChangeLine, Pair
from sync.reconcile.view import View
from sync.reconcile.work import persons
from sync.store import tables_code as code
from sync.store.bulk import select_ids

#: Words in the name of an environment that make it production, where nobody named one.
PRODUCTION = ("production", "prod", "live")
#: What is asked for at a time.
_PART = 500


@dataclass(frozen=True, slots=True)
class Landed:
    """A change of a person that landed."""

    line: ChangeLine
    moments: Moments
    author: Person | None
    #: lines that it altered, without generated and vendored files; None: not told.
    lines: int | None


@dataclass(frozen=True, slots=True)
class Queued:
    """An open change of a person that nobody else has looked at."""

    repository: Pair
    opened_at: datetime | None
    author: Person | None


@dataclass(frozen=True, slots=True)
class Deployed:
    """What was put into production, by repository."""

    deployments: Mapping[Pair, tuple[Deployment, ...]]
    #: repository -> why it is not known what was deployed.
    unknown: Mapping[Pair, str]


def production(environment: str | None, wanted: Sequence[str]) -> bool:
    """Whether an environment is production: as named, else by a word of its name."""
    name = (environment or "").casefold()
    if wanted:
        return name in {one.casefold() for one in wanted}
    words = name.replace("-", " ").replace("_", " ").replace("/", " ").split()
    return any(word in PRODUCTION for word in words)


def deployed(view: View, environments: Sequence[str] = ()) -> Deployed:
    """Deployments to production up to the view's instant; repositories without any say why."""
    d = code.deployment.c
    rows = view.conn.execute(
        sa.select(
            d.connection_id,
            d.scope_id,
            d.source_id,
            d.environment,
            d.state,
            d.sha,
            d.created_at,
            d.finished_at,
        )
        .where(d.first_seen_at <= view.known_at)
        .where(sa.or_(d.gone_at.is_(None), d.gone_at > view.known_at))
        .order_by(d.connection_id, d.source_id)
    ).all()
    found: dict[Pair, list[Deployment]] = {}
    others: set[Pair] = set()
    for row in rows:
        pair = (row.connection_id, row.scope_id)
        one = _deployment(row)
        if one is None or one.at > view.as_of:
            continue
        if production(row.environment, environments):
            found.setdefault(pair, []).append(one)
        else:
            others.add(pair)
    unknown = {}
    for pair, _ in changes.repositories(view):
        lacking = changes.lacking(view, pair, ("deployments",))
        if lacking is not None and pair not in found:
            unknown[pair] = f"no deployments are read: {lacking}"
        elif pair not in found and pair in others:
            unknown[pair] = "none of its environments is called production; name it"
        elif pair not in found:
            unknown[pair] = "no deployment is recorded there"
    return Deployed({pair: tuple(mine) for pair, mine in found.items()}, unknown)


def _deployment(row: Any) -> Deployment | None:
    """None: it did not end, or it is not known when or how."""
    state = DeploymentState(row.state)
    # What a newer one replaced was in production once, and ended when it was replaced.
    replaced = state is DeploymentState.INACTIVE
    at = row.created_at if replaced else row.finished_at or row.created_at
    if at is None or state not in _ENDED:
        return None
    return Deployment(
        row.source_id,
        (row.connection_id, row.scope_id),
        at,
        row.sha,
        state is not DeploymentState.FAILED,
    )


_ENDED = (DeploymentState.SUCCESS, DeploymentState.INACTIVE, DeploymentState.FAILED)


def landed(view: View, since: datetime, where: Deployed) -> tuple[Landed, ...]:
    """What people landed after `since` (UTC), with its moments; in the order of landing."""
    lines = {pair: one for pair, one in changes.landed(view, since).items() if not one.by_bot}
    own = _own_lines(view, lines)
    authors = _authors(view, lines)
    people = persons(view, {(pair[0], author) for pair, author in authors.items()})
    first = _first_commits(view, lines)
    reviewed, read = _first_reviews(view, lines, authors)
    live = _live(view, lines.values(), where)
    found = []
    for pair, line in lines.items():
        if line.merged_at is None:
            continue
        moments = Moments(
            merged_at=line.merged_at,
            created_at=line.created_at,
            first_commit_at=first.get(pair),
            first_review_at=reviewed.get(pair),
            deployed_at=live.get(pair),
            reviews_read=pair in read,
        )
        author = people.get((pair[0], authors.get(pair)))
        found.append(Landed(line, moments, author, own.get(pair, line.lines)))
    return tuple(sorted(found, key=lambda one: (one.moments.merged_at, one.line.pair)))


def queue(view: View) -> tuple[Queued, ...]:
    """Open changes of people, no drafts, that nobody else has reviewed."""
    c = view.rows(code.change_request).c
    rows = view.conn.execute(
        sa.select(c.connection_id, c.source_id)
        .where(sa.or_(c.gone_at.is_(None), c.gone_at > view.as_of))
        .where(
            c.state == ChangeState.OPEN.value
            if view.present
            else sa.or_(c.merged_at.is_(None), c.merged_at > view.as_of)
        )
    )
    ids: dict[int, set[str]] = {}
    for row in rows:
        ids.setdefault(row.connection_id, set()).add(row.source_id)
    lines = {
        pair: one
        for pair, one in changes.lines(view, ids).items()
        if one.state is ChangeState.OPEN and not one.is_draft and not one.by_bot
    }
    authors = _authors(view, lines)
    people = persons(view, {(pair[0], author) for pair, author in authors.items()})
    reviewed, read = _first_reviews(view, lines, authors)
    return tuple(
        Queued(
            (one.connection_id, one.scope_id),
            one.created_at,
            people.get((pair[0], authors.get(pair))),
        )
        for pair, one in sorted(lines.items())
        if pair in read and pair not in reviewed
    )


def _by_connection(pairs: Iterable[Pair]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for connection_id, id_ in sorted(pairs):
        found.setdefault(connection_id, []).append(id_)
    return found


def _own_lines(view: View, lines: Mapping[Pair, ChangeLine]) -> dict[Pair, int | None]:
    from sync.reconcile.evidence_of import own

    return {pair: number for pair, (number, _) in own(view, lines).items()}


def _authors(view: View, lines: Mapping[Pair, ChangeLine]) -> dict[Pair, str | None]:
    return {
        (connection_id, id_): author
        for connection_id, ids in _by_connection(lines).items()
        for id_, author in view.select(
            code.change_request, ("source_id", "author_id"), connection_id, ids
        )
    }


def _whole(view: View, lines: Iterable[Pair], part: str) -> set[Pair]:
    """Changes of which this set of children was read whole."""
    return {
        (connection_id, id_)
        for connection_id, ids in _by_connection(lines).items()
        for id_, name, state, known_from, known_to in select_ids(
            view.conn,
            code.change_part,
            ("change_request_id", "part", "state", "known_from", "known_to"),
            connection_id,
            "change_request_id",
            ids,
        )
        if name == part
        and state == HistoryState.COMPLETE.value
        and _was_known(view, known_from, known_to)
    }


def _was_known(view: View, known_from: datetime, known_to: datetime | None) -> bool:
    return known_from <= view.known_at and (known_to is None or known_to > view.known_at)


def _first_commits(view: View, lines: Mapping[Pair, ChangeLine]) -> dict[Pair, datetime]:
    """When the oldest commit of each change was written; where all its commits were read."""
    m, k = code.change_commit.c, code.code_commit.c
    found: dict[Pair, datetime] = {}
    for connection_id, ids in _by_connection(_whole(view, lines, "commits")).items():
        for start in range(0, len(ids), _PART):
            rows = view.conn.execute(
                sa.select(m.change_request_id, k.authored_at, k.committed_at)
                .join(
                    code.code_commit,
                    sa.and_(k.connection_id == m.connection_id, k.sha == m.sha),
                )
                .where(
                    m.connection_id == connection_id,
                    m.change_request_id.in_(ids[start : start + _PART]),
                    m.known_from <= view.known_at,
                    sa.or_(m.known_to.is_(None), m.known_to > view.known_at),
                )
            )
            for id_, authored, committed in rows:
                at = authored or committed
                pair = (connection_id, id_)
                if at is not None and (pair not in found or at < found[pair]):
                    found[pair] = at
    return found


def _first_reviews(
    view: View, lines: Mapping[Pair, ChangeLine], authors: Mapping[Pair, str | None]
) -> tuple[dict[Pair, datetime], set[Pair]]:
    """When somebody else reviewed each change first, and the changes whose reviews were read."""
    read = _whole(view, lines, "reviews")
    told: list[tuple[Pair, str, datetime]] = []
    for connection_id, ids in _by_connection(lines).items():
        for id_, reviewer, verdict, at, known_from, known_to in select_ids(
            view.conn,
            code.review,
            ("change_request_id", "reviewer_id", "verdict", "at", "known_from", "known_to"),
            connection_id,
            "change_request_id",
            ids,
        ):
            pair = (connection_id, id_)
            if (
                at is not None
                and at <= view.as_of
                and reviewer is not None
                and reviewer != authors.get(pair)
                and verdict != ReviewVerdict.PENDING.value
                and _was_known(view, known_from, known_to)
            ):
                told.append((pair, reviewer, at))
    people = persons(view, {(pair[0], reviewer) for pair, reviewer, _ in told})
    found: dict[Pair, datetime] = {}
    for pair, reviewer, at in told:
        # A robot's comment is no review.
        if (pair[0], reviewer) in people and (pair not in found or at < found[pair]):
            found[pair] = at
    return found, read


def _live(view: View, lines: Iterable[ChangeLine], where: Deployed) -> dict[Pair, datetime]:
    """When each change first was in production (UTC), as far as that is known."""
    by_repository: dict[Pair, list[ChangeLine]] = {}
    for one in lines:
        if one.landed_sha is not None:
            by_repository.setdefault((one.connection_id, one.scope_id), []).append(one)
    found: dict[Pair, datetime] = {}
    for repository, mine in by_repository.items():
        deployments = where.deployments.get(repository, ())
        if not deployments:
            continue
        held = first_holding(deployments, _parents(view, repository))
        for one in mine:
            at = held.get(one.landed_sha or "")
            if at is not None and one.merged_at is not None and at >= one.merged_at:
                found[one.pair] = at
    return found


def _parents(view: View, repository: Pair) -> dict[str, Sequence[str]]:
    k = code.code_commit.c
    rows = view.conn.execute(
        sa.select(k.sha, k.parents).where(
            k.connection_id == repository[0],
            k.scope_id == repository[1],
            k.parents.is_not(None),
            k.first_seen_at <= view.known_at,
        )
    )
    return {row.sha: row.parents for row in rows if row.parents}
