"""Which issues there are, by id alone, and a look at the ones that a census missed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

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
from connectors.github.documents import document
from connectors.github.graphql import connection, next_cursor
from connectors.github.issues import id_of, record_of
from connectors.github.keys import is_pull, number_of
from connectors.github.moments import stamp
from connectors.github.paging import everything, pages
from connectors.github.site import Site, node_of
from connectors.rows import whole


def read(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """All ids of issues (within the horizon, if one is given), but for those made discussions.

    Its last page comes only if the repository is still visible afterwards: raises NotAllowed else.
    """
    ask = _by_graphql if site.uses_graphql else _by_rest
    for part in ("all",) if window.since is None else ("open", "recent"):
        for ids in ask(site, scope, window.since, part):
            yield Page(tuple(RawRecord("census", id_, b"{}") for id_ in ids))
    if not site.visible(scope.source_id):
        raise NotAllowed(
            f"repository {scope.key} went out of sight during the census", where=scope.key
        )
    yield Page((), committed=True)


def _by_graphql(
    site: Site, scope: ScopeRef, recent: datetime | None, part: str
) -> Iterator[list[str]]:
    where = f"census of {scope.key}"
    after: str | None = None
    since = stamp(recent) if part == "recent" and recent is not None else None
    while True:
        variables = {
            "repository": node_of(scope),
            "after": after,
            "since": since,
            "states": ["OPEN"] if part == "open" else None,
        }
        found = graphql.ask(site.transport, document("census"), variables, where=where)
        held = connection(graphql.repository(found, scope.source_id, scope.key), "issues", where)
        nodes = held["nodes"]
        if any(not isinstance(one, dict) for one in nodes):
            raise UnexpectedAnswer("a census page holds an issue without an id", where=where)
        for one in nodes:
            site.numbers[scope.source_id, id_of(one)] = whole(one.get("number"))
        yield [id_of(one) for one in nodes if not _items(one.get("timelineItems"))]
        after = next_cursor(held, after)
        if after is None:
            return


def _by_rest(
    site: Site, scope: ScopeRef, recent: datetime | None, part: str
) -> Iterator[list[str]]:
    params = {
        "state": "open" if part == "open" else "all",
        "sort": "created",
        "direction": "asc",
    }
    if part == "recent" and recent is not None:
        params["since"] = stamp(recent)
    path = f"repositories/{scope.source_id}/issues"
    for page in pages(site.transport, path, params, size=site.options.page_size):
        found = [one for one in page if not is_pull(one) and one.get("id") is not None]
        for one in found:
            site.numbers[scope.source_id, str(one["id"])] = whole(one.get("number"))
        yield [str(one["id"]) for one in found if not _became_discussion(site, scope, one)]


def _items(held: Any) -> list[Any]:
    nodes = held.get("nodes") if isinstance(held, Mapping) else None
    return nodes if isinstance(nodes, list) else []


def _became_discussion(site: Site, scope: ScopeRef, issue: Mapping[str, Any]) -> bool:
    """Whether a listed issue lives on as a discussion: it stays listed, closed and locked."""
    number = issue.get("number")
    if issue.get("locked") is not True or issue.get("state") != "closed":
        return False
    return isinstance(number, int) and _converted(site, scope, number)


def look(site: Site, scope: ScopeRef, ids: Sequence[str]) -> list[Gone]:
    """What became of each id: alive, deleted, transferred, made a discussion, out of sight.

    An issue is asked for by its number: `scope.facts["keys"]` holds what ids are called, as far as
    that is stored, beside what a census of this run named.
    """
    held = scope.facts.get("keys")
    keys: Mapping[str, str] = held if isinstance(held, Mapping) else {}
    if not site.visible(scope.source_id):
        raise NotAllowed(
            f"repository {scope.key} is out of sight: what became of its issues is not known",
            where=scope.key,
        )
    if scope.facts.get("issues") is False:
        detail = "issues are switched off there"
        return [Gone(id_, GoneReason.HIDDEN, detail=detail) for id_ in ids]
    numbers = {
        id_: number_of(keys.get(id_)) or site.numbers.get((scope.source_id, id_)) for id_ in ids
    }
    if not all(numbers.values()):
        # No API gives an issue by its id alone: what is listed is listed with its number.
        ask = _by_graphql if site.uses_graphql else _by_rest
        for _ in ask(site, scope, None, "all"):
            pass
    return [
        _look(site, scope, id_, number or site.numbers.get((scope.source_id, id_)))
        for id_, number in numbers.items()
    ]


def _look(site: Site, scope: ScopeRef, id_: str, number: int | None) -> Gone:
    if not number:
        return Gone(id_, GoneReason.DELETED_OR_HIDDEN, detail="its number is not known")
    path = f"repositories/{scope.source_id}/issues/{number}"
    answer = site.transport.get(path, allow=frozenset({403, 404, 410}))
    if answer.status == 410:
        return Gone(id_, GoneReason.DELETED)
    if answer.status >= 400:
        # A transfer to where this token cannot look ends here too.
        return Gone(id_, GoneReason.DELETED_OR_HIDDEN)
    issue = answer.object()
    if str(issue.get("id")) == id_ and _belongs(issue, answer.url, scope):
        if _converted(site, scope, number):
            return Gone(id_, GoneReason.CONVERTED, detail="it became a discussion")
        return Gone(id_, None, record=record_of(scope, issue))
    key, repository = _key(issue), _repository_id(answer.url)
    if key is not None and not _belongs(issue, answer.url, scope):
        return Gone(id_, GoneReason.TRANSFERRED, to_scope_id=repository, to_key=key)
    return Gone(id_, GoneReason.DELETED_OR_HIDDEN, detail="its number belongs to another issue")


def _belongs(issue: Mapping[str, Any], url: str, scope: ScopeRef) -> bool:
    """Whether the answer came from this repository: a transferred issue redirects to another."""
    answered = _repository_id(url)
    if answered is not None and answered != scope.source_id:
        return False
    key = _key(issue)
    return key is None or key.rpartition("#")[0].casefold() == scope.key.casefold()


def _repository_id(url: str) -> str | None:
    parts = urlsplit(url).path.split("/repositories/")
    head = parts[1].partition("/")[0] if len(parts) == 2 else ""
    return head if head.isdecimal() else None


def _key(issue: Mapping[str, Any]) -> str | None:
    """`owner/name#7` from the address of the repository that an issue names."""
    path = urlsplit(str(issue.get("repository_url") or "")).path.split("/repos/")
    number = issue.get("number")
    return f"{path[1]}#{number}" if len(path) == 2 and isinstance(number, int) else None


def _converted(site: Site, scope: ScopeRef, number: int) -> bool:
    path = f"repositories/{scope.source_id}/issues/{number}/events"
    events = everything(site.transport, path, size=site.options.page_size)
    return any(one.get("event") == "converted_to_discussion" for one in events)
