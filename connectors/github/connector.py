"""The GitHub connector: streams by name, each in its own file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.contract import (
    CONTRACT,
    CheckItem,
    Cursor,
    FeatureOff,
    Gone,
    Identity,
    Page,
    Runtime,
    ScopeRef,
    StreamSpec,
    UnexpectedAnswer,
    Window,
)
from connectors.github import (
    census,
    change_census,
    changes,
    details,
    histories,
    issues,
    jobs,
    listings,
    newest,
    projects,
    runs,
    trunk,
)
from connectors.github.checks import check
from connectors.github.client import make_transport, need_credentials
from connectors.github.options import GitHubOptions
from connectors.github.site import Site
from connectors.github.specs import STREAMS

#: Streams that a repository without issues does not have.
_OF_ISSUES = frozenset({"issues", "histories", "census"})
#: Streams whose newest record is cheap to ask for: name -> version of what is asked for.
_QUIET = {"issues": issues.SHAPE, "changes": changes.SHAPE}


class GitHubConnector:
    """Reads repositories of one GitHub. Constructing it makes no request."""

    contract = CONTRACT

    def __init__(self, name: str, options: GitHubOptions, runtime: Runtime) -> None:
        """`name` is the connection's name in the configuration."""
        self.name, self.options = name, options
        self._transport = make_transport(options, runtime)
        self._site = Site(self._transport, options, runtime, name)

    def streams(self) -> Sequence[StreamSpec]:
        """Every stream; static."""
        return [
            one
            for one in STREAMS
            if (self.options.jobs or one.name != "jobs")
            and (self.options.projects or one.scope_kind != "board")
        ]

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
        identity = self._site.connect()
        if not self.options.projects:
            return identity
        projects.resolve(self._site)
        # Which project a name stands for is remembered with the rest.
        known = tuple(self._site.capabilities.values())
        self._site.identity = replace(identity, capabilities=known)
        return self._site.identity

    def scopes(self) -> Sequence[ScopeRef]:
        """The site, the configured repositories and projects."""
        if self._site.identity is None:
            self.connect()
        return [*self._site.scopes(), *projects.scopes(self._site)]

    def read(
        self, stream: str, scope: ScopeRef, cursor: Cursor | None, window: Window
    ) -> Iterator[Page]:
        """Pages of a stream. Raises SourceErrors."""
        site = self._site
        if stream in _OF_ISSUES and scope.facts.get("issues") is False:
            # Asked all the same, GraphQL answers with an empty list.
            raise FeatureOff(f"issues are switched off in {scope.key}")
        if stream == "project_fields":
            return projects.fields(site, scope, window)
        if stream == "project_items":
            return projects.items(site, scope, window)
        if stream == "issues":
            return issues.read(site, scope, cursor, window)
        if stream == "changes":
            return changes.read(site, scope, cursor, window)
        if stream == "runs":
            return runs.read(site, scope, cursor, window)
        if stream == "trunk":
            return trunk.read(site, scope, cursor, window)
        if stream == "histories":
            return histories.read(site, scope, window)
        if stream == "change_details":
            return details.read(site, scope, window)
        if stream == "jobs":
            return jobs.read(site, scope, window)
        if stream == "census":
            return census.read(site, scope, window)
        if stream == change_census.STREAM:
            return change_census.read(site, scope, window)
        if stream in listings.LISTINGS:
            return listings.read(stream, site, scope, window)
        known = ", ".join(spec.name for spec in self.streams())
        raise UnexpectedAnswer(f"there is no stream {stream!r}", todo=f"Known: {known}.")

    def look(self, stream: str, scope: ScopeRef, ids: Sequence[str]) -> Sequence[Gone]:
        """What became of ids that a census or a listing missed."""
        if stream == "project_items":
            return projects.look(self._site, scope, ids)
        if stream == change_census.STREAM:
            return change_census.look(self._site, scope, ids)
        return census.look(self._site, scope, ids)

    def unchanged(
        self, stream: str, cursors: Mapping[str, Cursor], scopes: Sequence[ScopeRef], window: Window
    ) -> frozenset[str]:
        """Repositories proven to have nothing new."""
        shape = _QUIET.get(stream)
        if shape is None:
            return frozenset()
        return newest.unchanged(self._site, stream, shape, cursors, scopes)

    def check(self) -> Sequence[CheckItem]:
        """Access needed against access held."""
        if self._site.identity is None:
            self.connect()
        return check(self._site)

    def close(self) -> None:
        """Release the session."""
        self._transport.session.close()
