"""What a tag or branch holds, as far as the commits that were read tell.

A commit is in it when parents lead to it. That it is not in it is said only where it is proven:
every way back is known until long before it was begun. All else is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from mappings.vocabulary import ChangeState
from sync.reconcile.changes import ChangeLine, Pair
from sync.reconcile.view import View
from sync.store import tables_code as code

#: Clocks of people's machines, which date commits.
_SKEW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Commit:
    """What was read of a commit; instants in UTC."""

    #: None: not told.
    parents: tuple[str, ...] | None
    #: first line of its message.
    subject: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Inside:
    """Commits that a commit holds."""

    sha: str
    seen: frozenset[str]
    #: first lines of their messages: the same work may be there in another commit.
    subjects: frozenset[str]
    #: where the way back is lost: instants of the last known commits; None among them: not even
    #: that is known.
    lost: tuple[datetime | None, ...]
    #: when its newest commit was made.
    newest: datetime | None

    @property
    def is_whole(self) -> bool:
        """Whether every way back was read to its end."""
        return not self.lost

    def holds(self, change: ChangeLine) -> bool | None:
        """Whether it holds what a change landed; None: that is not known."""
        if change.state is not ChangeState.MERGED or change.merged_at is None:
            return False if change.state is ChangeState.CLOSED else None
        if change.landed_sha is None:
            return None
        if change.landed_sha in self.seen:
            return True
        begun = change.created_at or change.merged_at
        # What lies behind a commit that is older than the work cannot hold it.
        if all(at is not None and at < begun - _SKEW for at in self.lost):
            return False
        # No commit holds one that was made after it.
        if self.newest is not None and change.merged_at > self.newest + _SKEW:
            return False
        return None


def commits(view: View, repository: Pair) -> dict[str, Commit]:
    """All commits of a repository that were read by the view's instant."""
    c = code.code_commit.c
    rows = view.conn.execute(
        sa.select(c.sha, c.parents, c.subject, c.committed_at).where(
            c.connection_id == repository[0],
            c.scope_id == repository[1],
            c.first_seen_at <= view.known_at,
        )
    )
    return {
        row.sha: Commit(
            None if row.parents is None else tuple(row.parents), row.subject, row.committed_at
        )
        for row in rows
    }


def inside(known: Mapping[str, Commit], sha: str) -> Inside:
    """What a commit holds; pure, each commit visited once."""
    seen: set[str] = set()
    subjects: set[str] = set()
    lost: list[datetime | None] = []
    waiting: list[tuple[str, datetime | None]] = [(sha, None)]
    while waiting:
        one, from_at = waiting.pop()
        if one in seen:
            continue
        commit = known.get(one)
        if commit is None:
            # Its id is known all the same: what landed may be just this commit.
            seen.add(one)
            lost.append(from_at)
            continue
        seen.add(one)
        if commit.subject:
            subjects.add(commit.subject)
        if commit.parents is None:
            lost.append(commit.at)
        else:
            waiting.extend((parent, commit.at) for parent in commit.parents)
    own = known.get(sha)
    return Inside(
        sha, frozenset(seen), frozenset(subjects), tuple(lost), None if own is None else own.at
    )


def tip(view: View, repository: Pair, branch: str) -> str | None:
    """The newest commit of a branch that is known; None: none is.

    Of other branches than those that are followed, what landed last.
    """
    b, r = code.branch_tip.c, code.change_request.c
    found = view.conn.execute(
        sa.select(b.sha).where(
            b.connection_id == repository[0],
            b.scope_id == repository[1],
            b.branch == branch,
            b.known_from <= view.known_at,
            sa.or_(b.known_to.is_(None), b.known_to > view.known_at),
        )
    ).scalar()
    if found is not None:
        return str(found)
    last = view.conn.execute(
        sa.select(r.landed_sha)
        .where(
            r.connection_id == repository[0],
            r.scope_id == repository[1],
            r.base_ref == branch,
            r.state == ChangeState.MERGED.value,
            r.landed_sha.is_not(None),
            r.merged_at <= view.as_of,
            r.first_seen_at <= view.known_at,
        )
        .order_by(r.merged_at.desc(), r.source_id.desc())
        .limit(1)
    ).scalar()
    return None if last is None else str(last)
