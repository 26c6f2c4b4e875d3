"""Which checks of a repository count as tests: shown to a person, and what that person says."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

import sqlalchemy as sa

from mappings.vocabulary import WHOLE_PIPELINE, ChangeState, HistoryState
from sync.errors import UsageError
from sync.store import tables_code as code
from sync.store.tables_judged import test_check
from sync.verdict.catalogue import Named, catalogue, kinds, of
from sync.verdict.frame import JUDGED, Repository
from sync.verdict.refresh import replace_known
from sync.verdict.repository import KnownRepository, called


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check of a repository."""

    name: str
    is_test: bool
    #: half a sentence.
    why: str
    #: who said so and when (UTC); None: nobody did yet.
    confirmed_by: str | None
    confirmed_at: datetime | None
    #: results of it on changes that landed lately.
    results: int
    #: whether merging into some branch requires it; None: not told. It makes no test of it.
    is_required: bool | None = None


@dataclass(frozen=True, slots=True)
class RepositoryChecks:
    """A repository with its checks, tests first."""

    connection: str
    path: str
    checks: tuple[CheckLine, ...]
    #: changes that landed lately.
    landed: int


def listing(conn: sa.Connection, name: str, now: datetime) -> RepositoryChecks:
    """The checks seen on what landed lately in a repository, by its path.

    Raises UsageError for a repository that is not known, or that two connections know.
    """
    found = called(conn, name)
    return _listing(conn, found, catalogue(conn, found.pair).named, now)


def confirm(
    conn: sa.Connection,
    name: str,
    *,
    now: datetime,
    author: str,
    are: Sequence[str] = (),
    are_not: Sequence[str] = (),
) -> RepositoryChecks:
    """Take the list as it is shown for a person's word, but for the checks that are named.

    Raises UsageError for a repository or check that is not known, and for a check named twice.
    """
    found = called(conn, name)
    named = catalogue(conn, found.pair).named
    both = sorted(set(are) & set(are_not))
    if both:
        raise UsageError(
            f"{both[0]!r} cannot be a test and none", where=found.path, todo="Name it once."
        )
    known = {one.label for one in named} | {one.name for one in named}
    for one in (*are, *are_not):
        _check_known(one, known, found.path)
    if not named:
        raise UsageError(
            "no check was seen on what landed here lately",
            where=found.path,
            todo="Run `driftline sync` first.",
        )
    for check in named:
        _keep(conn, found.pair, check, _word(check, are, are_not), author, now)
    said = {one.label: _word(one, are, are_not) for one in named}
    return _listing(conn, found, of(kinds(conn, found.pair), said).named, now)


def _word(one: Named, are: Collection[str], are_not: Collection[str]) -> bool:
    mine = {one.label, one.name}
    if mine & set(are):
        return True
    return False if mine & set(are_not) else one.test.is_test


def _check_known(name: str, known: Collection[str], path: str) -> None:
    if name in known:
        return
    close = get_close_matches(name, sorted(known), n=1)
    todo = f'Write "{close[0]}".' if close else f"`driftline tests {path}` lists them."
    raise UsageError(f"no check {name!r} was seen", where=path, todo=todo)


def _keep(
    conn: sa.Connection,
    repository: Repository,
    one: Named,
    is_test: bool,
    author: str,
    now: datetime,
) -> None:
    c = test_check.c
    held = conn.execute(
        sa.select(c.is_test, c.confirmed_by, c.known_from).where(
            c.connection_id == repository[0],
            c.scope_id == repository[1],
            c.name == one.label,
            c.known_to.is_(None),
        )
    ).one_or_none()
    if held is not None and held.confirmed_by is not None and bool(held.is_test) == is_test:
        return
    values = {
        "connection_id": repository[0],
        "scope_id": repository[1],
        "name": one.label,
        "is_test": is_test,
        "why": "a person said so",
        "confirmed_by": author,
        "confirmed_at": now,
    }
    replace_known(conn, test_check, [(values, None if held is None else held.known_from)], now)


def _listing(
    conn: sa.Connection, found: KnownRepository, named: Sequence[Named], now: datetime
) -> RepositoryChecks:
    c = test_check.c
    said = {
        row.name: row
        for row in conn.execute(
            sa.select(c.name, c.is_test, c.why, c.confirmed_by, c.confirmed_at).where(
                c.connection_id == found.pair[0],
                c.scope_id == found.pair[1],
                c.known_to.is_(None),
                c.confirmed_by.is_not(None),
            )
        )
    }
    required = _required(conn, found.pair)
    lines = []
    for one in named:
        row = said.pop(one.label, None)
        lines.append(
            CheckLine(
                one.label,
                one.test.is_test,
                one.test.why,
                None if row is None else row.confirmed_by,
                None if row is None else row.confirmed_at,
                one.results,
                _is_required(one, required),
            )
        )
    # What a person spoke of stays listed, though nothing of it was seen lately.
    lines += [
        CheckLine(name, bool(row.is_test), row.why, row.confirmed_by, row.confirmed_at, 0)
        for name, row in said.items()
    ]
    lines.sort(key=lambda one: (not one.is_test, one.name))
    landed = _landed(conn, found.pair, now - JUDGED)
    return RepositoryChecks(found.connection, found.path, tuple(lines), landed)


def _landed(conn: sa.Connection, repository: Repository, since: datetime) -> int:
    """How many changes landed since then."""
    c = code.change_request.c
    query = sa.select(sa.func.count()).where(
        c.connection_id == repository[0],
        c.scope_id == repository[1],
        c.state == ChangeState.MERGED.value,
        c.merged_at >= since,
        c.gone_at.is_(None),
    )
    return int(conn.execute(query).scalar_one())


def _required(conn: sa.Connection, repository: Repository) -> frozenset[str] | None:
    """Names without which some branch takes no merge; None: that was not read for any branch."""
    s, q = code.checks_state.c, code.required_check.c
    mine = (s.connection_id == repository[0], s.scope_id == repository[1], s.known_to.is_(None))
    states = conn.execute(
        sa.select(s.state).where(*mine, s.subject_kind == "branch", s.source == "required")
    ).scalars()
    names = conn.execute(
        sa.select(q.name).where(
            q.connection_id == repository[0],
            q.scope_id == repository[1],
            q.known_to.is_(None),
        )
    ).scalars()
    held = frozenset(names)
    return held if held or HistoryState.COMPLETE.value in set(states) else None


def _is_required(one: Named, required: frozenset[str] | None) -> bool | None:
    if required is None:
        return None
    return bool({one.label, one.name, WHOLE_PIPELINE} & required)
