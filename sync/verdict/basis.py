"""What the verdicts of a whole repository rest on, as a hash each: another one has all judged anew.

Nobody notes these things as they are written: they are few, and are looked at each time.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

import sqlalchemy as sa

from sync.store import schema
from sync.store.tables_judged import test_check
from sync.verdict.exempt import Testing
from sync.verdict.frame import Repository


def of(
    conn: sa.Connection, repositories: Sequence[Repository], testing: Testing
) -> dict[Repository, str]:
    """What each of these rests on: this program, the rules, the bots, people's words, the runs."""
    said, runs, bots = _said(conn), _runs(conn), _bots(conn)
    every = (_program(), _rules(testing))
    return {
        one: _hash(every, bots.get(one[0]), said.get(one), runs.get(one)) for one in repositories
    }


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _program() -> str:
    """How verdicts are made, as it is written down: a program that judges otherwise judges anew."""
    files = sorted(
        (one.name, one.read_bytes())
        for one in resources.files("sync.verdict").iterdir()
        if one.name.endswith(".py")
    )
    return _hash(files)


def _rules(testing: Testing) -> tuple[object, ...]:
    bots = (sorted(testing.update_bots), sorted(testing.release_bots))
    return (testing.rules, *bots, testing.target, testing.paths)


def _said(conn: sa.Connection) -> dict[Repository, list[tuple[str, bool]]]:
    """What a person said of checks."""
    c = test_check.c
    rows = conn.execute(
        sa.select(c.connection_id, c.scope_id, c.name, c.is_test)
        .where(c.known_to.is_(None), c.confirmed_by.is_not(None))
        .order_by(c.connection_id, c.scope_id, c.name)
    )
    found: dict[Repository, list[tuple[str, bool]]] = {}
    for connection_id, scope_id, name, is_test in rows:
        found.setdefault((connection_id, scope_id), []).append((name, bool(is_test)))
    return found


def _runs(conn: sa.Connection) -> dict[Repository, bool]:
    """Whether the list of runs was read completely the last time."""
    s = schema.sync_step.c
    newest = (
        sa.select(sa.func.max(s.id))
        .where(s.stream == "runs")
        .group_by(s.connection_id, s.scope_id)
        .scalar_subquery()
    )
    rows = conn.execute(sa.select(s.connection_id, s.scope_id, s.outcome).where(s.id.in_(newest)))
    return {(row.connection_id, row.scope_id): row.outcome == "complete" for row in rows}


def _bots(conn: sa.Connection) -> dict[int, list[str]]:
    a = schema.account.c
    rows = conn.execute(
        sa.select(a.connection_id, a.source_id)
        .where(a.is_bot.is_(True))
        .order_by(a.connection_id, a.source_id)
    )
    found: dict[int, list[str]] = {}
    for connection_id, source_id in rows:
        found.setdefault(connection_id, []).append(source_id)
    return found
