"""Whether a change that landed on a red branch fails by itself: then it is told beside it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from mappings.vocabulary import Conclusion
from sync.reconcile.changes import ChangeLine
from sync.reconcile.trunk import Point, Trunk
from sync.reconcile.view import View
from sync.store import tables_code as code
from sync.store.bulk import select_ids
from sync.verdict.grade import FAILURES


class Word(NamedTuple):
    """How a check ended on a head of a change; instants in UTC."""

    #: the check, as verdicts call it.
    name: str
    #: the first and the last instant that is told of it.
    begun: datetime
    ended: datetime
    #: else it passed.
    failed: bool


_ENDS = frozenset(one.value for one in (*FAILURES, Conclusion.SUCCESS))
_FAILED = frozenset(one.value for one in FAILURES)
_COLUMNS = (
    "scope_id", "name", "app", "stage", "conclusion", "allow_failure", "known_from", "known_to",
    "created_at", "started_at", "finished_at",
)  # fmt: skip


def fails_by_itself(view: View, trunk: Trunk, change: ChangeLine, failed: Collection[str]) -> bool:
    """Whether one of these checks, which fail on the branch, fails here for another reason.

    That is known where it failed on the change before it failed on the branch. Where it failed on
    the head of the change and not on what landed, the branch is a reason only for a head that rests
    on a commit of the branch on which the check failed already.
    """
    firsts = {name: trunk.red[name] for name in failed}
    alone = [name for name in firsts if not trunk.failed_where_it_landed(change.id, name)]
    if alone:
        base = _base(view, change)
        if not all(_holds(trunk, base, firsts[name]) for name in alone):
            return True
    return failed_before(_words(view, trunk, change, firsts), firsts)


def failed_before(words: Iterable[Word], firsts: Mapping[str, Point]) -> bool:
    """Whether a check's last word before its first failure on the branch was a failure; pure.

    What had begun by then cannot have met what made the branch fail.
    """
    last: dict[str, bool] = {}
    for one in sorted(words, key=lambda one: (one.ended, one.begun)):
        if one.name in firsts and one.begun < firsts[one.name].at:
            last[one.name] = one.failed
    return any(last.values())


def _holds(trunk: Trunk, base: Collection[str], first: Point) -> bool:
    return any(one.sha in base for one in trunk.points if one.at >= first.at)


def _base(view: View, change: ChangeLine) -> frozenset[str]:
    """Commits that the commits of a change rest on, and that are not its own."""
    own = {sha for (sha,) in _of_change(view, change, code.change_commit, ("sha",))}
    held = select_ids(
        view.conn, code.code_commit, ("sha", "parents"), change.connection_id, "sha", sorted(own)
    )
    return frozenset(sha for _, parents in held for sha in parents or ()) - own


def _words(
    view: View, trunk: Trunk, change: ChangeLine, firsts: Mapping[str, Point]
) -> Iterator[Word]:
    """What these checks said on any head that the change ever had, as known at the view."""
    heads = {sha for (sha,) in _of_change(view, change, code.change_commit, ("sha",))}
    for pair in _of_change(view, change, code.push_event, ("before_sha", "after_sha")):
        heads.update(sha for sha in pair if sha)
    heads.update(_built(view, change, max(one.at for one in firsts.values())))
    # A first push may begin at a commit of the branch.
    heads -= {one.sha for one in trunk.points if one.id != change.id}
    rows = select_ids(
        view.conn, code.check_result, _COLUMNS, change.connection_id, "sha", sorted(heads)
    )
    for row in rows:
        scope_id, name, app, stage, conclusion, allowed, known_from, known_to, *instants = row
        # Namesakes are told apart by what stands around them.
        called = {name, f"{name} [{app}]", f"{name} [{stage}]"} & firsts.keys()
        is_known = known_from <= view.known_at and (known_to is None or known_to > view.known_at)
        told = [one for one in instants if one is not None]
        if scope_id == change.scope_id and is_known and told and not allowed:
            for label in called if conclusion in _ENDS else ():
                yield Word(label, min(told), max(told), conclusion in _FAILED)


def _built(view: View, change: ChangeLine, until: datetime) -> set[str]:
    """Commits that runs were started on for the change: a head that was rebased away is one."""
    q, r = code.change_request.c, code.pipeline_run.c
    number = view.conn.execute(
        sa.select(q.number).where(q.connection_id == change.connection_id, q.source_id == change.id)
    ).scalar()
    rows = view.conn.execute(
        sa.select(r.sha, r.change_numbers).where(
            r.connection_id == change.connection_id,
            r.scope_id == change.scope_id,
            sa.or_(r.created_at.is_(None), r.created_at < until),
            r.sha.is_not(None),
            r.first_seen_at <= view.known_at,
        )
    )
    return {row.sha for row in rows if number in row.change_numbers}


def _of_change(
    view: View, change: ChangeLine, table: sa.Table, columns: tuple[str, ...]
) -> list[tuple[Any, ...]]:
    return select_ids(
        view.conn, table, columns, change.connection_id, "change_request_id", [change.id]
    )
