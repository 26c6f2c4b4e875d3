"""One thing, read once: two connections may lead to the same server."""

from collections.abc import Iterable
from dataclasses import replace

from sync.engine.session import Session


def leave_out_twins(sessions: Iterable[Session]) -> None:
    """Give each scope to the first connection that holds it; in the others it says why not.

    Read twice, everything in it would count twice.
    """
    reader: dict[tuple[str, str, str], str] = {}
    for session in sessions:
        scopes = []
        for scope in session.scopes:
            key = (session.identity.server_id, scope.kind, scope.source_id)
            name = session.plan.name
            if scope.kind == "site" or not scope.source_id or reader.setdefault(key, name) == name:
                scopes.append(scope)
                continue
            error = (
                f"connection {reader[key]!r} reads it too, from the same server; it is read there "
                "alone: leave it out of one of the two"
            )
            scopes.append(replace(scope, facts={**scope.facts, "error": error}))
        session.scopes = tuple(scopes)
