"""The GitLab connector: streams by name, each in its own file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from connectors.contract import (
    CONTRACT,
    CheckItem,
    Cursor,
    Gone,
    GoneReason,
    Identity,
    NotAllowed,
    NotFound,
    Page,
    Runtime,
    ScopeRef,
    StreamSpec,
    UnexpectedAnswer,
    Window,
)
from connectors.gitlab import (
    census,
    change_census,
    changes,
    comparisons,
    details,
    histories,
    issues,
    jobs,
    listings,
    runs,
    trunk,
)
from connectors.gitlab.checks import check
from connectors.gitlab.client import make_transport, need_credentials
from connectors.gitlab.options import GitLabOptions
from connectors.gitlab.site import API, Site
from connectors.gitlab.specs import STREAMS


class GitLabConnector:
    """Reads one GitLab server. Constructing it makes no request."""

    contract = CONTRACT

    def __init__(self, name: str, options: GitLabOptions, runtime: Runtime) -> None:
        """`name` is the connection's name in the configuration."""
        self.name, self.options = name, options
        self._transport = make_transport(options, runtime)
        self._site = Site(self._transport, options, runtime, name)

    def streams(self) -> Sequence[StreamSpec]:
        """Every stream; static."""
        return STREAMS

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
        """The server and the configured projects."""
        if self._site.identity is None:
            self.connect()
        return self._site.scopes()

    def read(
        self, stream: str, scope: ScopeRef, cursor: Cursor | None, window: Window
    ) -> Iterator[Page]:
        """Pages of a stream. Raises SourceErrors."""
        if stream in _WALKS:
            return _WALKS[stream](self._site, scope, cursor, window)
        if stream in _WHOLE:
            return _WHOLE[stream](self._site, scope, window)
        known = ", ".join(spec.name for spec in STREAMS)
        raise UnexpectedAnswer(f"there is no stream {stream!r}", todo=f"Known: {known}.")

    def look(self, stream: str, scope: ScopeRef, ids: Sequence[str]) -> Sequence[Gone]:
        """What became of ids that a census missed."""
        if stream == change_census.STREAM:
            return change_census.look(self._site, scope, ids)
        return census.look(self._site, scope, ids)

    def whereabouts(self, scope: ScopeRef) -> Gone:
        """What became of a project that is no longer listed: an archived one is left out."""
        try:
            project = self._site.transport.get(f"{API}/projects/{scope.source_id}").object()
        except (NotFound, NotAllowed):
            return Gone(scope.source_id, GoneReason.DELETED_OR_HIDDEN)
        if project.get("archived") is True:
            return Gone(scope.source_id, GoneReason.LEFT_SCOPE, detail="archived")
        return Gone(scope.source_id, None)

    def unchanged(
        self, stream: str, cursors: Mapping[str, Cursor], scopes: Sequence[ScopeRef], window: Window
    ) -> frozenset[str]:
        """GitLab proves nothing about many projects at once: each is asked by itself."""
        return frozenset()

    def check(self) -> Sequence[CheckItem]:
        """Access needed against access held."""
        if self._site.identity is None:
            self.connect()
        return check(self._site)

    def close(self) -> None:
        """Release the session."""
        self._transport.session.close()


_WALKS: dict[str, Callable[[Site, ScopeRef, Cursor | None, Window], Iterator[Page]]] = {
    "issues": issues.read,
    "changes": changes.read,
    "runs": runs.read,
    "trunk": trunk.read,
}
_WHOLE: dict[str, Callable[[Site, ScopeRef, Window], Iterator[Page]]] = {
    "statuses": listings.statuses,
    "projects": listings.projects,
    "milestones": listings.milestones,
    "iterations": listings.iterations,
    "releases": listings.releases,
    "deployments": listings.deployments,
    "histories": histories.read,
    "change_details": details.read,
    "comparisons": comparisons.read,
    "required_checks": listings.required_checks,
    "jobs": jobs.read,
    "census": census.read,
    change_census.STREAM: change_census.read,
}
