"""What was written and verdicts rest on: noted as it is written, taken when they are judged anew.

Every note is a row of its own: one that arrives while somebody judges is never taken for one that
was judged already.
"""

from collections.abc import Iterable
from enum import StrEnum

import sqlalchemy as sa

from sync.store.tables_judged import verdict_due, verdict_refresh

#: Ids in one statement.
_AT_ONCE = 500


class Kind(StrEnum):
    """What a note names."""

    #: by sha: its results, its tree, its parents.
    COMMIT = "commit"
    #: by the id of the run.
    RUN = "run"
    #: by the id of the change.
    CHANGE = "change"
    #: by the id of the repository: all of it.
    SCOPE = "scope"


#: (kind, subject).
Note = tuple[str, str]


def is_kept(conn: sa.Connection, connection_id: int) -> bool:
    """Whether verdicts of this connection were made, so that what arrives has to be noted."""
    c = verdict_refresh.c
    found = sa.select(sa.exists().where(c.connection_id == connection_id))
    return bool(conn.execute(found).scalar())


def note(conn: sa.Connection, connection_id: int, notes: Iterable[Note]) -> None:
    """Have what rests on these judged anew; in the transaction that writes them."""
    rows = [
        {"connection_id": connection_id, "kind": Kind(kind).value, "subject": subject}
        for kind, subject in sorted(set(notes))
    ]
    if rows:
        conn.execute(sa.insert(verdict_due), rows)


def take(conn: sa.Connection) -> dict[int, dict[Kind, set[str]]]:
    """All that waits, by connection and kind; it waits no longer when the transaction ends well."""
    c = verdict_due.c
    found: dict[int, dict[Kind, set[str]]] = {}
    taken = []
    for row in conn.execute(sa.select(c.id, c.connection_id, c.kind, c.subject)):
        taken.append(row.id)
        kinds = found.setdefault(row.connection_id, {kind: set() for kind in Kind})
        kinds[Kind(row.kind)].add(row.subject)
    # Just what was read: on PostgreSQL others may have written more, with lower ids even.
    for start in range(0, len(taken), _AT_ONCE):
        conn.execute(sa.delete(verdict_due).where(c.id.in_(taken[start : start + _AT_ONCE])))
    return found
