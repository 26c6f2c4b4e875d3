"""The Jira connector: streams by name, each in its own file."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from connectors.contract import (
    CONTRACT,
    CheckItem,
    Cursor,
    FeatureOff,
    Gone,
    GoneReason,
    Identity,
    NotAllowed,
    NotFound,
    Page,
    RawRecord,
    Runtime,
    ScopeRef,
    StreamSpec,
    UnexpectedAnswer,
    Window,
)
from connectors.jira import census, histories, issues, links
from connectors.jira.checks import check
from connectors.jira.client import make_transport, need_credentials
from connectors.jira.listing import listing
from connectors.jira.options import JiraOptions
from connectors.jira.site import Site
from connectors.jira.specs import REMOTE_LINKS, STREAMS
from connectors.jsonbytes import encode
from connectors.rows import objects


class JiraConnector:
    """Reads one Jira site. Constructing it makes no request."""

    contract = CONTRACT

    def __init__(self, name: str, options: JiraOptions, runtime: Runtime) -> None:
        """`name` is the connection's name in the configuration."""
        self.name, self.options = name, options
        self._transport = make_transport(options, runtime)
        self._site = Site(self._transport, options, runtime, name)

    def streams(self) -> Sequence[StreamSpec]:
        """Every stream; static."""
        return (*STREAMS, REMOTE_LINKS) if self.options.remote_links else STREAMS

    def remember(self, capabilities: Mapping[str, Any]) -> None:
        """Capabilities of earlier runs: they are not asked for again."""
        self._site.remembered = dict(capabilities)

    @property
    def request_count(self) -> int:
        """Requests made so far."""
        return self._transport.requests

    @property
    def thread_request_count(self) -> int:
        """Requests made so far by the calling thread."""
        return self._transport.thread_requests

    def connect(self) -> Identity:
        """Log in. Raises SourceErrors."""
        need_credentials(self.options, self.name)
        return self._site.connect()

    def scopes(self) -> Sequence[ScopeRef]:
        """The site, the configured projects, their boards."""
        if self._site.identity is None:
            self.connect()
        return self._site.scopes()

    def read(
        self, stream: str, scope: ScopeRef, cursor: Cursor | None, window: Window
    ) -> Iterator[Page]:
        """Pages of a stream. Raises SourceErrors."""
        site = self._site
        if stream == "issues":
            return issues.read(site, scope, cursor, window)
        if stream == "changelogs":
            return histories.read(site, scope, window)
        if stream == "census":
            return census.read(site, scope, window)
        if stream == "remote_links" and self.options.remote_links:
            return links.read(site, window)
        read_all = _LISTINGS.get(stream)
        if read_all is None:
            known = ", ".join(spec.name for spec in self.streams())
            raise UnexpectedAnswer(f"there is no stream {stream!r}", todo=f"Known: {known}.")
        return _whole(stream, read_all, site, scope)

    def look(self, stream: str, scope: ScopeRef, ids: Sequence[str]) -> Sequence[Gone]:
        """What became of ids that a census missed."""
        return census.look(self._site, scope, ids)

    def whereabouts(self, scope: ScopeRef) -> Gone:
        """What became of a project or board that is no longer listed: perhaps it is archived.

        Raises FeatureOff for a board where boards could not be listed: that proves nothing.
        """
        if scope.kind == "board" and self._site.boards_error is not None:
            raise self._site.boards_error
        path = f"rest/agile/1.0/board/{scope.source_id}"
        if scope.kind == "project":
            path = f"{self._site.api}/project/{scope.source_id}"
        answer = self._site.transport.get(path, allow=frozenset({403, 404, 410}))
        if answer.status >= 400:
            return Gone(scope.source_id, GoneReason.DELETED_OR_HIDDEN)
        if answer.object().get("archived") is True:
            return Gone(scope.source_id, GoneReason.LEFT_SCOPE, detail="archived")
        return Gone(scope.source_id, None)

    def unchanged(
        self, stream: str, cursors: Mapping[str, Cursor], scopes: Sequence[ScopeRef], window: Window
    ) -> frozenset[str]:
        """Projects proven to have nothing new."""
        if stream != "issues":
            return frozenset()
        return issues.unchanged(self._site, cursors, scopes, window)

    def check(self) -> Sequence[CheckItem]:
        """Access needed against access held."""
        if self._site.identity is None:
            self.connect()
        return check(self._site)

    def close(self) -> None:
        """Release the session."""
        self._transport.session.close()


Listing = Callable[[Site, ScopeRef], Iterable[dict[str, Any]]]


def _whole(stream: str, read_all: Listing, site: Site, scope: ScopeRef) -> Iterator[Page]:
    records = tuple(RawRecord(stream, str(one["id"]), encode(one)) for one in read_all(site, scope))
    yield Page(records, committed=True)


def _statuses(site: Site, scope: ScopeRef) -> list[dict[str, Any]]:
    path = f"{site.api}/status"
    return objects(site.transport.get(path).array(), path, "id")


def _versions(site: Site, scope: ScopeRef) -> list[dict[str, Any]]:
    path = f"{site.api}/project/{scope.source_id}/versions"
    found = objects(site.transport.get(path).array(), path, "id")
    # Some servers leave the project out of its own versions.
    return [{**one, "projectId": one.get("projectId") or scope.source_id} for one in found]


def _sprints(site: Site, scope: ScopeRef) -> list[dict[str, Any]]:
    if scope.facts.get("type") == "kanban":
        return []
    path = f"rest/agile/1.0/board/{scope.source_id}/sprint"

    def page(start: int) -> dict[str, Any]:
        answer = site.transport.get(
            path, {"maxResults": 50, "startAt": start}, allow=frozenset({400, 422})
        )
        if answer.status in (400, 422):
            # 400: the board supports no sprints; 422: no column has a status.
            raise FeatureOff(f"the board {scope.key} has no sprints", where=path)
        return answer.object()

    try:
        found = list(listing(page, "values", path))
    except (NotAllowed, NotFound) as error:
        raise FeatureOff(
            f"the sprints of board {scope.key} cannot be read: {error.what}",
            where=path,
            todo="Ask the board's owner to share its filter with you.",
        ) from error
    # `boardId` says which listing it came from; several boards may list one sprint.
    return [{**one, "boardId": scope.source_id} for one in found]


_LISTINGS: dict[str, Listing] = {
    "fields": lambda site, scope: site.field_list(),
    "statuses": _statuses,
    "projects": lambda site, scope: site.project_list(),
    "boards": lambda site, scope: site.board_list(),
    "versions": _versions,
    "sprints": _sprints,
}
