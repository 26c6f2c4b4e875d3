"""What is told of a repository as a whole, and verdicts rest on."""

from datetime import datetime

import sqlalchemy as sa

from mappings.vocabulary import HistoryState
from sync.store import schema
from sync.store import tables_code as code
from sync.store.tables_evidence import evidence_upload

#: (connection id, scope id).
Repository = tuple[int, str]


def default_branch(conn: sa.Connection, repository: Repository) -> str | None:
    """Name of the default branch, as far as it is told."""
    c = code.default_branch.c
    return conn.execute(
        sa.select(c.name).where(
            c.connection_id == repository[0],
            c.scope_id == repository[1],
            c.known_to.is_(None),
        )
    ).scalar()


def required(conn: sa.Connection, repository: Repository) -> dict[str, frozenset[str]]:
    """Names without which nothing merges, by branch; a branch that was not read is missing."""
    s, c = code.checks_state.c, code.required_check.c
    read = conn.execute(
        sa.select(s.subject_id, s.state).where(
            s.connection_id == repository[0],
            s.scope_id == repository[1],
            s.subject_kind == "branch",
            s.known_to.is_(None),
        )
    )
    names = {row.subject_id: set[str]() for row in read if row.state == HistoryState.COMPLETE.value}
    rows = conn.execute(
        sa.select(c.branch, c.name).where(
            c.connection_id == repository[0],
            c.scope_id == repository[1],
            c.known_to.is_(None),
        )
    )
    for row in rows:
        names.setdefault(row.branch, set()).add(row.name)
    return {branch: frozenset(held) for branch, held in names.items()}


def required_since(conn: sa.Connection, repository: Repository) -> dict[str, datetime]:
    """Since when all that merging requires now is known to be required, by branch (UTC)."""
    c = code.required_check.c
    rows = conn.execute(
        sa.select(c.branch, c.known_from).where(
            c.connection_id == repository[0],
            c.scope_id == repository[1],
            c.known_to.is_(None),
        )
    )
    since: dict[str, datetime] = {}
    for row in rows:
        since[row.branch] = max(row.known_from, since.get(row.branch, row.known_from))
    return since


def sources(conn: sa.Connection, repository: Repository) -> frozenset[str]:
    """What is asked for by commit (`CheckSource`)."""
    s = code.checks_state.c
    rows = conn.execute(
        sa.select(s.source)
        .distinct()
        .where(
            s.connection_id == repository[0],
            s.scope_id == repository[1],
            s.subject_kind == "commit",
            s.known_to.is_(None),
        )
    )
    return frozenset(rows.scalars())


def runs_complete(conn: sa.Connection, repository: Repository) -> bool | None:
    """Whether the list of runs was read completely; None: it is not read here."""
    s = schema.sync_step.c
    newest = conn.execute(
        sa.select(s.outcome)
        .where(s.connection_id == repository[0], s.scope_id == repository[1], s.stream == "runs")
        .order_by(s.id.desc())
        .limit(1)
    ).scalar()
    return None if newest is None else newest == "complete"


def bots(conn: sa.Connection, connection_id: int) -> frozenset[str]:
    """Accounts of a connection that are bots."""
    a = schema.account.c
    rows = conn.execute(
        sa.select(a.source_id).where(a.connection_id == connection_id, a.is_bot.is_(True))
    )
    return frozenset(rows.scalars())


def path(conn: sa.Connection, repository: Repository) -> str | None:
    """What people call it: `owner/name`."""
    s = schema.scope.c
    return conn.execute(
        sa.select(s.key)
        .where(s.connection_id == repository[0], s.source_id == repository[1], s.kind != "board")
        .order_by(s.kind)
    ).scalar()


def host(conn: sa.Connection, connection_id: int) -> str | None:
    """What kind of system a connection is to."""
    c = schema.connection.c
    return conn.execute(sa.select(c.kind).where(c.id == connection_id)).scalar()


def has_uploads(conn: sa.Connection) -> bool:
    """Whether somebody gave evidence by hand, of any repository."""
    found = sa.select(sa.exists().where(evidence_upload.c.known_to.is_(None)))
    return bool(conn.execute(found).scalar_one())
