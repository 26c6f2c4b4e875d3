"""Open changes that wait for somebody, and how long others took, out of a view."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import ChangeState, Conclusion, HistoryState, ReviewVerdict
from sync.flow.activity import Event, last_by_people
from sync.flow.changes import LIMITS, Review, SizeClass, Waiting, size_class, waiting_on
from sync.flow.work_time import WorkTime
from sync.reconcile import changes, flow_facts
from sync.reconcile.changes import ChangeLine, Pair
from sync.reconcile.view import View
from sync.store import schema
from sync.store import tables_code as code
from sync.store.bulk import select_ids

#: A vendor's `updated_at` this close to a known event is that event.
_SAME_ACT = timedelta(hours=1)
#: What stands for an act of which only its instant is known.
_TOUCHED = "touched"


@dataclass(frozen=True, slots=True)
class OpenChange:
    """A change that asks to be landed; instants in UTC."""

    change: ChangeLine
    opened_at: datetime
    #: when a person last did something to it.
    last_at: datetime
    waiting: Waiting

    @property
    def repository(self) -> Pair:
        """(connection id, scope id)."""
        return (self.change.connection_id, self.change.scope_id)


def open_changes(view: View) -> Mapping[Pair, tuple[OpenChange, ...]]:
    """Open changes of people by repository, drafts left out; of which it is known when they moved.

    What happened to one after the view's instant was overwritten: such a one is left out.
    """
    lines = {
        pair: one
        for pair, one in _candidates(view).items()
        if one.state is ChangeState.OPEN and not one.is_draft and not one.by_bot
    }
    ids = flow_facts.by_connection(lines)
    robots = flow_facts.bots(view, set(ids))
    found: dict[Pair, list[OpenChange]] = {}
    for connection_id, mine in ids.items():
        own = {id_: lines[connection_id, id_] for id_ in mine}
        for one in _of_connection(view, connection_id, own, robots.get(connection_id, set())):
            found.setdefault(one.repository, []).append(one)
    return {key: tuple(mine) for key, mine in found.items()}


def _candidates(view: View) -> dict[Pair, ChangeLine]:
    c = view.rows(code.change_request).c
    wanted = c.state == ChangeState.OPEN.value
    if not view.present:
        wanted = sa.or_(wanted, c.merged_at > view.as_of, c.closed_at > view.as_of)
    rows = view.conn.execute(
        sa.select(c.connection_id, c.source_id).where(
            wanted, sa.or_(c.gone_at.is_(None), c.gone_at > view.as_of)
        )
    )
    return changes.lines(view, flow_facts.by_connection((row[0], row[1]) for row in rows))


def _of_connection(
    view: View, connection_id: int, own: Mapping[str, ChangeLine], robots: Collection[str]
) -> Iterable[OpenChange]:
    told = {
        id_: (author, updated)
        for id_, author, updated in view.select(
            code.change_request, ("source_id", "author_id", "updated_at"), connection_id, own
        )
    }
    reviews = _reviews(view, connection_id, own)
    pushes = _pushes(view, connection_id, own)
    checks = _checks(view, connection_id, own)
    acts = {
        id_: [
            *((one.at, one.reviewer_id) for one in reviews.get(id_) or () if one.at is not None),
            *pushes.get(id_, ()),
        ]
        for id_ in own
    }
    last = _last(view, own, told, acts, robots)
    for id_, one in own.items():
        if one.created_at is None or id_ not in last:
            continue
        author, _ = told[id_]
        said = reviews.get(id_)
        others = None if said is None else [each for each in said if each.reviewer_id != author]
        pushed = max((at for at, _ in pushes.get(id_, ())), default=None)
        yield OpenChange(
            one,
            one.created_at,
            last[id_],
            waiting_on(others, checks.get(one.head_sha or "", ()), pushed),
        )


def _last(
    view: View,
    own: Mapping[str, ChangeLine],
    told: Mapping[str, tuple[str | None, datetime | None]],
    acts: Mapping[str, list[tuple[datetime, str | None]]],
    robots: Collection[str],
) -> dict[str, datetime]:
    """When a person last did something to each change; left out where that may be later."""
    events: list[Event] = []
    unsure: set[str] = set()
    for id_, one in own.items():
        author, updated = told[id_]
        if one.created_at is not None:
            events.append(Event(id_, f"{id_} opened", one.created_at, author))
        # Each of its own: who pushes to ten changes in an hour works on ten changes.
        events += [Event(id_, f"{id_} {n}", at, by) for n, (at, by) in enumerate(acts[id_])]
        if updated is None:
            continue
        if updated > view.as_of:
            unsure.add(id_)
        elif all(abs(updated - at) > _SAME_ACT for at, _ in acts[id_]):
            # Somebody did what is not read, such as a comment; many at once are one act on many.
            events.append(Event(id_, _TOUCHED, updated, _TOUCHED))
    by_scope: dict[str, list[Event]] = {}
    for event in events:
        by_scope.setdefault(own[event.item_id].scope_id, []).append(event)
    found: dict[str, datetime] = {}
    for mine in by_scope.values():
        found |= last_by_people(mine, robots, len({one.item_id for one in mine}))
    return {id_: at for id_, at in found.items() if id_ not in unsure}


def _reviews(
    view: View, connection_id: int, own: Mapping[str, ChangeLine]
) -> dict[str, list[Review]]:
    """What was said of each change; those whose reviews were not read are left out."""
    found: dict[str, list[Review]] = {}
    for id_, part, state, *known in select_ids(
        view.conn,
        code.change_part,
        ("change_request_id", "part", "state", "known_from", "known_to"),
        connection_id,
        "change_request_id",
        own,
    ):
        whole = part == "reviews" and state == HistoryState.COMPLETE.value
        if whole and _was_known(view, *known):
            found[id_] = []
    for id_, reviewer, verdict, at, *known in select_ids(
        view.conn,
        code.review,
        ("change_request_id", "reviewer_id", "verdict", "at", "known_from", "known_to"),
        connection_id,
        "change_request_id",
        own,
    ):
        if id_ in found and _was_known(view, *known) and (at is None or at <= view.as_of):
            found[id_].append(Review(reviewer, ReviewVerdict(verdict), at))
    return found


def _pushes(
    view: View, connection_id: int, own: Mapping[str, ChangeLine]
) -> dict[str, list[tuple[datetime, str | None]]]:
    """When commits came to each change, and whose they are; as far as anybody told."""
    found: dict[str, list[tuple[datetime, str | None]]] = {}
    for id_, at, by, *known in select_ids(
        view.conn,
        code.push_event,
        ("change_request_id", "at", "actor_id", "known_from", "known_to"),
        connection_id,
        "change_request_id",
        own,
    ):
        if _was_known(view, *known) and at <= view.as_of:
            found.setdefault(id_, []).append((at, by))
    by_sha: dict[str, set[str]] = {}
    for id_, sha, *known in select_ids(
        view.conn,
        code.change_commit,
        ("change_request_id", "sha", "known_from", "known_to"),
        connection_id,
        "change_request_id",
        own,
    ):
        if _was_known(view, *known):
            by_sha.setdefault(sha, set()).add(id_)
    for sha, scope_id, at, by in select_ids(
        view.conn,
        code.code_commit,
        ("sha", "scope_id", "committed_at", "author_id"),
        connection_id,
        "sha",
        by_sha,
    ):
        for id_ in by_sha[sha]:
            # A branch may hold commits that are older than the change.
            opened = own[id_].created_at
            if at is not None and at <= view.as_of and own[id_].scope_id == scope_id:
                found.setdefault(id_, []).append((max(at, opened) if opened else at, by))
    return found


def _checks(
    view: View, connection_id: int, own: Mapping[str, ChangeLine]
) -> dict[str, list[Conclusion]]:
    """How the checks of each newest commit ended: the last attempt of each, those that count."""
    heads = {one.head_sha for one in own.values() if one.head_sha is not None}
    newest: dict[tuple[str, str, str], tuple[int, Any, Conclusion]] = {}
    for sha, source, name, word, attempt, at, allowed, superseded, *known in select_ids(
        view.conn,
        code.check_result,
        (
            "sha",
            "source",
            "name",
            "conclusion",
            "attempt",
            "started_at",
            "allow_failure",
            "is_superseded",
            "known_from",
            "known_to",
        ),
        connection_id,
        "sha",
        heads,
    ):
        if allowed or superseded or not _was_known(view, *known):
            continue
        if at is not None and at > view.as_of:
            continue
        key, one = (sha, source, name), (attempt, at.isoformat() if at else "", Conclusion(word))
        if key not in newest or one[:2] >= newest[key][:2]:
            newest[key] = one
    found: dict[str, list[Conclusion]] = {}
    for (sha, _, _), (_, _, conclusion) in sorted(newest.items()):
        found.setdefault(sha, []).append(conclusion)
    return found


def _was_known(view: View, known_from: datetime, known_to: datetime | None) -> bool:
    return known_from <= view.known_at and (known_to is None or known_to > view.known_at)


def landed_days(
    view: View, time: WorkTime, *, days: int, most: int
) -> dict[Pair, dict[SizeClass | None, list[float]]]:
    """Working days from opening to landing of what people landed lately, by repository and size.

    The newest `most` of each, so a large store costs no more.
    """
    c, a = view.rows(code.change_request).c, view.rows(schema.account).c
    lines = c.additions + c.deletions
    size = sa.case(
        *((lines <= most_lines, one.value) for one, most_lines in LIMITS),
        (lines.is_(None), ""),
        else_=SizeClass.HUGE.value,
    )
    place = sa.func.row_number().over(
        partition_by=(c.connection_id, c.scope_id, size),
        order_by=(c.merged_at.desc(), c.source_id),
    )
    chosen = (
        sa.select(
            c.connection_id, c.scope_id, c.created_at, c.merged_at, lines.label("lines"),
            place.label("place"),
        )
        .outerjoin(
            view.rows(schema.account),
            sa.and_(a.connection_id == c.connection_id, a.source_id == c.author_id),
        )
        .where(
            c.state == ChangeState.MERGED.value,
            c.created_at.is_not(None),
            c.merged_at > view.as_of - timedelta(days=days),
            c.merged_at <= view.as_of,
            sa.or_(a.is_bot.is_(None), ~a.is_bot),
        )
        .subquery("chosen")
    )  # fmt: skip
    found: dict[Pair, dict[SizeClass | None, list[float]]] = {}
    for row in view.conn.execute(sa.select(chosen).where(chosen.c.place <= most)):
        mine = found.setdefault((row.connection_id, row.scope_id), {})
        took = time.between(row.created_at, row.merged_at)
        mine.setdefault(size_class(row.lines), []).append(took)
    return found
