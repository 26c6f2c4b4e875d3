"""Who reviews and who writes what lands, out of a view; for concentration as a risk, only."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from mappings.vocabulary import ChangeState, FileChange, HistoryState
from sync.flow.concentration import Touch
from sync.reconcile import evidence_of, flow_facts
from sync.reconcile.changes import Pair
from sync.reconcile.generated import is_generated
from sync.reconcile.view import Plan, View
from sync.store import schema
from sync.store import tables_code as code
from sync.store.bulk import select_ids


@dataclass(frozen=True, slots=True)
class Acts:
    """What people did in one repository lately, an account for each act."""

    #: one for each change that somebody else than its author reviewed.
    reviews: tuple[str, ...]
    #: one for each change that landed.
    landed: tuple[str, ...]

    @property
    def people(self) -> int:
        """How many people that were."""
        return len({*self.reviews, *self.landed})


def acts(view: View, *, days: float) -> dict[Pair, Acts]:
    """Reviews and landed changes of people in so many days before the view's instant."""
    since = view.as_of - timedelta(days=days)
    c, r = view.rows(code.change_request).c, code.review.c
    robots = flow_facts.bots(view, set(view.connections))
    reviews: dict[Pair, set[tuple[str, str]]] = {}
    for row in view.conn.execute(
        sa.select(c.connection_id, c.scope_id, c.source_id, c.author_id, r.reviewer_id)
        .join(
            code.review,
            sa.and_(r.connection_id == c.connection_id, r.change_request_id == c.source_id),
        )
        .where(
            r.at > since,
            r.at <= view.as_of,
            r.reviewer_id.is_not(None),
            r.known_from <= view.known_at,
            sa.or_(r.known_to.is_(None), r.known_to > view.known_at),
        )
    ):
        bot = row.reviewer_id in robots.get(row.connection_id, ())
        if row.reviewer_id != row.author_id and not bot:
            mine = reviews.setdefault((row.connection_id, row.scope_id), set())
            mine.add((row.source_id, row.reviewer_id))
    landed: dict[Pair, list[str]] = {}
    for connection_id, scope_id, author_id in view.conn.execute(
        sa.select(c.connection_id, c.scope_id, c.author_id)
        .where(
            c.state == ChangeState.MERGED.value,
            c.merged_at > since,
            c.merged_at <= view.as_of,
            c.author_id.is_not(None),
        )
        .order_by(c.connection_id, c.scope_id, c.source_id)
    ):
        if author_id not in robots.get(connection_id, ()):
            landed.setdefault((connection_id, scope_id), []).append(author_id)
    return {
        key: Acts(tuple(by for _, by in sorted(reviews.get(key, ()))), tuple(landed.get(key, ())))
        for key in sorted({*reviews, *landed})
    }


def names(view: View, accounts: Iterable[Pair]) -> dict[Pair, str]:
    """What people call these accounts."""
    found: dict[Pair, str] = {}
    for connection_id, ids in flow_facts.by_connection(accounts).items():
        for id_, name, login in view.select(
            schema.account, ("source_id", "name", "login"), connection_id, ids
        ):
            found[connection_id, id_] = name or login or id_
    return found


def touched(
    view: View, plans: Collection[Plan], *, days: float, most: int
) -> dict[int, list[Touch]]:
    """What landed lately in the files that each of these milestones touches, by its place.

    Files of all repositories are told apart by their repository; generated ones are left out. Of a
    repository the newest `most` changes count.
    """
    contents = evidence_of.contents(view, plans)
    paths: list[set[tuple[int, str, str]]] = []
    wanted: dict[Pair, set[str]] = {}
    for content in contents:
        mine = [piece.change for piece in content.pieces]
        for ticket in content.tickets:
            mine += ticket.open_changes
        mine += content.open_changes
        files = _files(view, {(one.connection_id, one.id): one.scope_id for one in mine})
        paths.append({(key[0], scope, path) for key, scope, path, _ in files})
        for connection_id, scope, path in paths[-1]:
            wanted.setdefault((connection_id, scope), set()).add(path)
    authors = _landed(view, wanted, days=days, most=most)
    scopes = {pair: scope for pair, (scope, _, _) in authors.items()}
    history: dict[tuple[int, str, str], list[Touch]] = {}
    for pair, scope, path, added in _files(view, scopes):
        _, author, at = authors[pair]
        if path in wanted.get((pair[0], scope), ()):
            name = (pair[0], scope, path)
            history.setdefault(name, []).append(Touch("/".join(map(str, name)), author, at, added))
    return {
        place: [touch for name in sorted(mine) for touch in history.get(name, ())]
        for place, mine in enumerate(paths)
    }


def _landed(
    view: View, wanted: Mapping[Pair, Collection[str]], *, days: float, most: int
) -> dict[Pair, tuple[str, str, datetime]]:
    """(scope, author, when) of what people landed lately in these repositories, by change."""
    if not wanted:
        return {}
    robots = flow_facts.bots(view, {key[0] for key in wanted})
    c = view.rows(code.change_request).c
    place = sa.func.row_number().over(
        partition_by=(c.connection_id, c.scope_id), order_by=(c.merged_at.desc(), c.source_id)
    )
    chosen = (
        sa.select(
            c.connection_id, c.scope_id, c.source_id, c.author_id, c.merged_at, place.label("place")
        )
        .where(
            c.state == ChangeState.MERGED.value,
            c.author_id.is_not(None),
            c.merged_at > view.as_of - timedelta(days=days),
            c.merged_at <= view.as_of,
        )
        .subquery("chosen")
    )
    return {
        (row.connection_id, row.source_id): (row.scope_id, row.author_id, row.merged_at)
        for row in view.conn.execute(sa.select(chosen).where(chosen.c.place <= most))
        if (row.connection_id, row.scope_id) in wanted
        and row.author_id not in robots.get(row.connection_id, ())
    }


def _files(view: View, of: Mapping[Pair, str]) -> list[tuple[Pair, str, str, bool]]:
    """(change, its scope, path, whether it brought the file) of changes whose files were read."""
    found: list[tuple[Pair, str, str, bool]] = []
    for connection_id, ids in flow_facts.by_connection(of).items():
        whole = {
            id_
            for id_, part, state, *known in select_ids(
                view.conn,
                code.change_part,
                ("change_request_id", "part", "state", "known_from", "known_to"),
                connection_id,
                "change_request_id",
                ids,
            )
            if part == "files" and state == HistoryState.COMPLETE.value and _held(view, *known)
        }
        for id_, path, change, *known in select_ids(
            view.conn,
            code.change_file,
            ("change_request_id", "path", "change", "known_from", "known_to"),
            connection_id,
            "change_request_id",
            sorted(whole),
        ):
            if _held(view, *known) and not is_generated(path):
                pair = (connection_id, id_)
                found.append((pair, of[pair], path, change == FileChange.ADDED.value))
    return found


def _held(view: View, known_from: datetime, known_to: datetime | None) -> bool:
    return known_from <= view.known_at and (known_to is None or known_to > view.known_at)
