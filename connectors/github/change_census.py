"""Which pull requests there are, by id alone, and a look at the ones that a census missed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.contract import (
    Gone,
    GoneReason,
    NotAllowed,
    Page,
    RawRecord,
    ScopeRef,
    UnexpectedAnswer,
    Window,
)
from connectors.github import graphql
from connectors.github.changes import record_of
from connectors.github.documents import document
from connectors.github.graphql import connection, next_cursor
from connectors.github.issues import id_of
from connectors.github.keys import number_of
from connectors.github.paging import pages
from connectors.github.site import Site, node_of
from connectors.instants import instant
from connectors.rows import whole

STREAM = "change_census"


def read(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """All ids of pull requests; with a horizon, of the open ones and those that moved since.

    Its last page comes only if the repository is still visible afterwards: raises NotAllowed else.
    """
    for rows in (_by_graphql if site.uses_graphql else _by_rest)(site, scope):
        wanted = [one for one in rows if _is_within(one, window)]
        yield Page(tuple(RawRecord(STREAM, id_of(one), b"{}") for one in wanted))
    if not site.visible(scope.source_id):
        raise NotAllowed(
            f"repository {scope.key} went out of sight during the census", where=scope.key
        )
    yield Page((), committed=True)


def _by_graphql(site: Site, scope: ScopeRef) -> Iterator[list[dict[str, Any]]]:
    where = f"census of pull requests of {scope.key}"
    after: str | None = None
    while True:
        variables = {"repository": node_of(scope), "after": after}
        found = graphql.ask(site.transport, document(STREAM), variables, where=where)
        repository = graphql.repository(found, scope.source_id, scope.key)
        held = connection(repository, "pullRequests", where)
        nodes = held["nodes"]
        if any(not isinstance(one, dict) for one in nodes):
            raise UnexpectedAnswer("a census page holds a pull request without an id", where=where)
        for one in nodes:
            site.change_numbers[scope.source_id, id_of(one)] = whole(one.get("number"))
        yield nodes
        after = next_cursor(held, after)
        if after is None:
            return


def _by_rest(site: Site, scope: ScopeRef) -> Iterator[list[dict[str, Any]]]:
    path = f"repositories/{scope.source_id}/pulls"
    params = {"state": "all", "sort": "created", "direction": "asc"}
    for page in pages(site.transport, path, params, size=site.options.page_size):
        rows = [
            {
                "databaseId": one.get("id"),
                "number": one.get("number"),
                "state": str(one.get("state") or "").upper(),
                "updatedAt": one.get("updated_at"),
            }
            for one in page
        ]
        for one in rows:
            site.change_numbers[scope.source_id, id_of(one)] = whole(one.get("number"))
        yield rows


def _is_within(row: Mapping[str, Any], window: Window) -> bool:
    if window.since is None or row.get("state") == "OPEN":
        return True
    updated = instant(row.get("updatedAt"))
    return updated is None or updated >= window.since.replace(microsecond=0)


def look(site: Site, scope: ScopeRef, ids: Sequence[str]) -> list[Gone]:
    """What became of each id: alive, or deleted, or out of sight.

    `scope.facts["keys"]` holds what ids are called, as far as that is stored. A pull request that
    nobody shows may be deleted, or be that of an account that is hidden: GitHub tells nobody which.
    """
    held = scope.facts.get("keys")
    keys: Mapping[str, str] = held if isinstance(held, Mapping) else {}
    if not site.visible(scope.source_id):
        raise NotAllowed(
            f"repository {scope.key} is out of sight: nothing is known of its pull requests",
            where=scope.key,
        )
    known, listed = {id_: number_of(keys.get(id_)) for id_ in ids}, site.change_numbers
    if any(not known[id_] and (scope.source_id, id_) not in listed for id_ in ids):
        # No API gives one by its id alone: what is listed is listed with its number.
        for _ in (_by_graphql if site.uses_graphql else _by_rest)(site, scope):
            pass
    return [
        _look(site, scope, id_, known[id_] or listed.get((scope.source_id, id_))) for id_ in ids
    ]


def _look(site: Site, scope: ScopeRef, id_: str, number: int | None) -> Gone:
    if not number:
        return Gone(id_, GoneReason.DELETED_OR_HIDDEN, detail="its number is not known")
    answer = site.transport.get(
        f"repositories/{scope.source_id}/pulls/{number}", allow=frozenset({403, 404, 410})
    )
    if answer.status == 410:
        return Gone(id_, GoneReason.DELETED)
    if answer.status >= 400:
        return Gone(id_, GoneReason.DELETED_OR_HIDDEN)
    found = answer.object()
    if str(found.get("id")) != id_:
        detail = "its number belongs to another pull request"
        return Gone(id_, GoneReason.DELETED_OR_HIDDEN, detail=detail)
    return Gone(id_, None, record=record_of(scope, found))
