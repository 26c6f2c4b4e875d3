"""Whether the default branch is red: what its tests last said, commit by commit as it grew.

A run on a commit of the branch counts for this commit; a green one on equal content does too. A
failure on the head of a change says nothing of the branch.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from sync.reconcile.changes import Pair
from sync.reconcile.view import View
from sync.store import tables_code as code
from sync.store.tables_judged import verdict as verdict_table
from sync.verdict.names import Grade

#: Longer than any branch should be red.
_BACK = timedelta(days=120)
_GREEN = (Grade.EXACT.value, Grade.EXACT_AFTER.value)


@dataclass(frozen=True, slots=True)
class Point:
    """What landed on the branch, and what its tests said there."""

    #: id of the change, or `push:<sha>`.
    id: str
    at: datetime
    sha: str
    #: checks that passed on this commit or its content, and that failed on this commit.
    green: frozenset[str]
    red: frozenset[str]


@dataclass(frozen=True, slots=True)
class Trunk:
    """The branch of a repository as it stands."""

    repository: Pair
    branch: str
    #: what landed, oldest first.
    points: tuple[Point, ...]
    #: by check that fails now: what landed when it failed first without passing since.
    red: Mapping[str, Point]

    @property
    def since(self) -> datetime | None:
        """When the first of what fails now landed (UTC); None: nothing is known to fail."""
        return min((one.at for one in self.red.values()), default=None)

    @property
    def is_known(self) -> bool:
        """Whether a test said anything on any of its commits."""
        return any(one.green or one.red for one in self.points)

    @property
    def last_green(self) -> Point | None:
        """The last commit on which tests passed and none failed."""
        good = [one for one in self.points if one.green and not one.red]
        return good[-1] if good else None

    def inherits(self, change_id: str, names: Collection[str]) -> bool:
        """Whether each of these checks failed on the branch already when a change landed.

        What began one of the failures does not inherit it; no check at all inherits nothing.
        """
        mine = self._point(change_id)
        if mine is None or not names:
            return False
        firsts = [self.red.get(name) for name in names]
        return all(one is not None and one.id != mine.id and one.at < mine.at for one in firsts)

    def failed_where_it_landed(self, change_id: str, name: str) -> bool:
        """Whether a check failed on what landed, and not on the head of the change alone."""
        mine = self._point(change_id)
        return mine is not None and name in mine.red

    def _point(self, change_id: str) -> Point | None:
        return next((one for one in self.points if one.id == change_id), None)


def failing(points: Iterable[Point]) -> dict[str, Point]:
    """Checks whose last word is a failure, and where each began to fail; pure.

    `points` in the order of landing. A commit on which a check said nothing changes nothing.
    """
    red: dict[str, Point] = {}
    for one in points:
        for name in one.red:
            red.setdefault(name, one)
        for name in one.green - one.red:
            red.pop(name, None)
    return red


def trunks_of(view: View) -> tuple[Trunk, ...]:
    """Default branches on which something landed lately, by repository; read once for a view."""
    if view.read_trunks is None:
        view.read_trunks = tuple(_read(view, view.as_of - _BACK))
    return view.read_trunks


def _read(view: View, since: datetime) -> list[Trunk]:
    v, r = verdict_table.c, code.change_request.c
    rows = view.conn.execute(
        sa.select(
            v.connection_id,
            sa.func.coalesce(v.scope_id, r.scope_id).label("scope_id"),
            v.change_request_id,
            sa.func.coalesce(v.landed_at, r.merged_at).label("at"),
            v.landed_sha,
            v.checks,
            v.subject,
            r.base_ref,
        )
        .outerjoin(
            code.change_request,
            sa.and_(r.connection_id == v.connection_id, r.source_id == v.change_request_id),
        )
        .where(
            v.known_from <= view.known_at,
            sa.or_(v.known_to.is_(None), v.known_to > view.known_at),
            v.landed_sha.is_not(None),
            v.checks.is_not(None),
        )
    )
    branches = default_branches(view)
    held: dict[Pair, list[Point]] = {}
    for row in rows:
        at = row.at
        if isinstance(at, str):
            from sync.store.types import read_instant

            at = read_instant(at)
        pair = (row.connection_id, row.scope_id)
        branch = branches.get(pair)
        if branch is None or at is None or not since < at <= view.as_of:
            continue
        if row.base_ref is not None and row.base_ref != branch:
            continue
        held.setdefault(pair, []).append(_point(row, at))
    found = []
    for pair, mine in sorted(held.items()):
        points = tuple(sorted(mine, key=lambda one: (one.at, one.id)))
        found.append(Trunk(pair, branches[pair], points, failing(points)))
    return found


def _point(row: Any, at: datetime) -> Point:
    checks = row.checks or ()
    return Point(
        row.change_request_id,
        at,
        row.landed_sha,
        frozenset(one["name"] for one in checks if one["grade"] in _GREEN),
        frozenset(
            one["name"]
            for one in checks
            if one["grade"] == Grade.FAILED.value and one.get("sha") == row.landed_sha
        ),
    )


def default_branches(view: View) -> dict[Pair, str]:
    """The branch that each repository shows first, as known at the view's instant."""
    b = code.default_branch.c
    rows = view.conn.execute(
        sa.select(b.connection_id, b.scope_id, b.name).where(
            b.known_from <= view.known_at,
            sa.or_(b.known_to.is_(None), b.known_to > view.known_at),
        )
    )
    return {(row.connection_id, row.scope_id): row.name for row in rows}
