"""Repositories by what people call them, and the commits that are known of them."""

from dataclasses import dataclass

import sqlalchemy as sa

from sync.errors import UsageError
from sync.store import schema
from sync.store import tables_code as code


@dataclass(frozen=True, slots=True)
class KnownRepository:
    """A repository that holds changes."""

    connection_id: int
    scope_id: str
    connection: str
    #: `owner/name`.
    path: str

    @property
    def pair(self) -> tuple[int, str]:
        """Identity in the store."""
        return (self.connection_id, self.scope_id)


def repositories(conn: sa.Connection) -> list[KnownRepository]:
    """All that hold changes, by connection and path."""
    s, c, r = schema.scope.c, schema.connection.c, code.change_request.c
    held = sa.exists().where(r.connection_id == s.connection_id, r.scope_id == s.source_id)
    rows = conn.execute(
        sa.select(s.connection_id, s.source_id, c.name, s.key)
        .join(schema.connection, c.id == s.connection_id)
        .where(s.kind.in_(("project", "repository")), s.key.is_not(None), held)
        .order_by(c.name, s.key)
    )
    return [KnownRepository(*row) for row in rows]


def called(conn: sa.Connection, name: str) -> KnownRepository:
    """The one with this path (`owner/name`, or `CONNECTION/owner/name`). Raises UsageError."""
    known = repositories(conn)
    wanted = name.casefold()
    matches = [
        one
        for one in known
        if wanted in (one.path.casefold(), f"{one.connection}/{one.path}".casefold())
    ]
    if len(matches) == 1:
        return matches[0]
    if matches:
        names = ", ".join(f"{one.connection}/{one.path}" for one in matches)
        raise UsageError("several repositories are called so", where=name, todo=f"Write {names}.")
    names = ", ".join(one.path for one in known[:10])
    raise UsageError(
        "no repository of this name with changes is known",
        where=name,
        todo=f"Known: {names}." if known else "Run `driftline sync` first.",
    )


def commits(
    conn: sa.Connection, prefix: str, repository: KnownRepository | None = None
) -> list[tuple[int, str, str]]:
    """(connection id, scope id, sha) of the known commits that begin so; `prefix` is lower hex."""
    r = code.change_request.c
    places = [
        (table.c.connection_id, table.c.scope_id, table.c.sha)
        for table in (code.code_commit, code.check_result, code.pipeline_run, code.release)
    ]
    places += [
        (r.connection_id, r.scope_id, r.landed_sha),
        (r.connection_id, r.scope_id, r.head_sha),
    ]
    found: set[tuple[int, str, str]] = set()
    ids = list(conn.execute(sa.select(schema.connection.c.id)).scalars())
    for connection_id, scope_id, sha in places:
        query = sa.select(connection_id, scope_id, sha).where(
            # All of them, so that an index that begins with the connection is of use.
            connection_id.in_(ids),
            sha >= prefix,
            # No hexadecimal digit comes after f.
            sha < prefix + "g",
        )
        if repository is not None:
            query = query.where(
                connection_id == repository.connection_id, scope_id == repository.scope_id
            )
        found.update((row[0], row[1], row[2]) for row in conn.execute(query.distinct()))
    return sorted(found)
