"""Who answers, what it honours, and the repositories that are read."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from connectors.contract import (
    CannotAuthenticate,
    Capability,
    Identity,
    NotAllowed,
    NotFound,
    Runtime,
    ScopeRef,
    SourceError,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
    WrongAddress,
)
from connectors.github import graphql
from connectors.github.documents import document
from connectors.github.events import CHANGE_EVENTS, EVENTS, TYPE_EVENTS
from connectors.github.options import GitHubOptions
from connectors.github.paging import everything
from connectors.instants import instant
from connectors.jsonbytes import encode
from connectors.transport import Answer, Transport

#: What the documents need of a schema; a server that lacks one is read by REST.
_ISSUE_FIELDS = frozenset({"fullDatabaseId", "parent", "stateReason", "timelineItems"})
_PULL_FIELDS = frozenset({"fullDatabaseId", "closingIssuesReferences", "timelineItems", "files"})


@dataclass(slots=True)
class Site:
    """What connecting found out, shared by all streams of a run and all their threads."""

    transport: Transport
    options: GitHubOptions
    runtime: Runtime
    name: str
    #: capabilities of earlier runs that have not expired.
    remembered: Mapping[str, Any] = field(default_factory=dict)
    identity: Identity | None = None
    #: questions go to GraphQL.
    uses_graphql: bool = False
    #: the schema knows duplicates, dependencies, types of issues and their events.
    newer: bool = False
    sizes: graphql.Sizes = field(default_factory=graphql.Sizes)
    capabilities: dict[str, Capability] = field(default_factory=dict)
    #: id -> repository as the server describes it.
    repositories: dict[str, dict[str, Any]] | None = None
    #: configured name -> why it cannot be read.
    unknown: dict[str, str] = field(default_factory=dict)
    #: configured name -> what is worth saying about it.
    notes: dict[str, str] = field(default_factory=dict)
    #: (repository, issue id) -> number, of those that a census named in this run.
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    #: likewise of pull requests.
    change_numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    #: configured projects, once they were asked for (`projects.Project`).
    projects: Any = None
    #: repository -> what its pull requests' newest was, and when that was asked (UTC).
    latest: dict[str, tuple[datetime, tuple[str, str] | None]] = field(default_factory=dict)
    #: headers of the first answer, for `check`.
    greeting: Mapping[str, str] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    # --- connect ----------------------------------------------------------------------------

    def connect(self) -> Identity:
        """Log in and find out what answers. Raises SourceErrors."""
        answer = self._greet()
        self.greeting = answer.headers
        who = answer.object()
        if self.options.app_id is None and not isinstance(who.get("login"), str):
            raise WrongAddress(
                "something answers, but it is no GitHub API",
                where=self.options.url,
                todo="Check `url`: https://api.github.com, or https://HOST/api/v3 for Enterprise.",
            )
        self._choose_api()
        # Which repository a name stands for is remembered with the rest.
        self.repository_list()
        limited = answer.headers.get("X-RateLimit-Limit", "0") not in ("", "0")
        self.capabilities["rate_limits"] = Capability("rate_limits", limited)
        version = answer.headers.get("X-GitHub-Enterprise-Version", "")
        now, server_time = self.runtime.now(), answer.server_time
        host = urlsplit(self.options.url)
        cloud = host.hostname == "api.github.com"
        app = self.options.app_id is not None
        self.identity = Identity(
            server_id=_server_id(self.options.url),
            server_name="GitHub" if cloud else host.hostname or self.options.url,
            version=version,
            deployment="enterprise" if version or host.path.endswith("/api/v3") else "cloud",
            account_id=f"app:{self.options.app_id}" if app else str(who.get("id") or ""),
            account_name=f"App {self.options.app_id}" if app else str(who.get("login") or ""),
            account_time_zone="UTC",
            clock_offset_seconds=None
            if server_time is None
            else (server_time - now).total_seconds(),
            server_time=server_time or now,
            base_url=_pages_url(self.options.url),
            capabilities=tuple(self.capabilities.values()),
            token_expires_at=_expiry(answer.headers),
        )
        return self.identity

    def _greet(self) -> Answer:
        # An App's installation is no user; it may list what it was installed on.
        path = "user" if self.options.app_id is None else "installation/repositories?per_page=1"
        try:
            return self.transport.get(path)
        except CannotAuthenticate as error:
            raise CannotAuthenticate(
                error.what,
                where=error.where,
                todo="Check that the token is complete and has not expired or been revoked.",
            ) from error
        except NotFound as error:
            raise WrongAddress(
                "something answers, but it is no GitHub API",
                where=self.options.url,
                todo="Check `url`: https://api.github.com, or https://HOST/api/v3 for Enterprise.",
            ) from error

    def _choose_api(self) -> None:
        if self.options.api == "rest":
            return
        known = self.remembered.get("graphql")
        if known is True or (known is False and self.options.api == "auto"):
            self.uses_graphql = known
            self.newer = self.remembered.get("issue_types") is True
            detail = "remembered"
        else:
            detail = self._probe()
        self.capabilities["graphql"] = Capability("graphql", self.uses_graphql, detail)
        self.capabilities["issue_types"] = Capability("issue_types", self.newer)
        if not self.uses_graphql and self.options.api == "graphql":
            raise WrongAddress(
                f"GraphQL does not answer: {detail}",
                where=self.options.url,
                todo='Write api = "rest" or api = "auto" for this connection.',
            )

    def _probe(self) -> str:
        """Whether GraphQL answers and knows what is asked for; the reason where it does not."""
        try:
            found = graphql.ask(self.transport, document("connect"), {}, where="GraphQL").data
        except (CannotAuthenticate, TooManyRequests):
            raise
        except Unavailable as error:
            # Trouble that passes says nothing about the server's kind.
            raise Unavailable(
                error.what,
                where=error.where,
                todo='The next run tries again; if this lasts, write api = "rest".',
            ) from error
        except SourceError as error:
            return error.what
        issue = _names(found.get("issue"), "fields")
        events = _names(found.get("issueTimeline"), "enumValues")
        lacking = sorted(
            (_ISSUE_FIELDS - issue)
            | (_PULL_FIELDS - _names(found.get("pullRequest"), "fields"))
            | (set(EVENTS) - events)
            | (set(CHANGE_EVENTS) - _names(found.get("pullTimeline"), "enumValues"))
        )
        if lacking:
            return f"its schema is older than what is asked for: no {', '.join(lacking)}"
        self.uses_graphql = True
        self.newer = (
            {"issueType", "blockedBy"} <= issue
            and events.issuperset(TYPE_EVENTS)
            and _takes(found.get("issue"), "stateReason", "enableDuplicate")
        )
        return "answers"

    @property
    def events(self) -> list[str]:
        """Kinds of events of an issue that are asked for."""
        return [*EVENTS, *TYPE_EVENTS] if self.newer else list(EVENTS)

    # --- repositories -----------------------------------------------------------------------

    def repository_list(self) -> list[dict[str, Any]]:
        """The configured repositories that are visible (all visible ones if none is configured)."""
        with self._lock:
            if self.repositories is None:
                found = self._named() if self.options.repositories else self._visible()
                self.repositories = {str(one["id"]): one for one in found}
            return list(self.repositories.values())

    def repository(self, id_: str) -> dict[str, Any]:
        """A repository by id. Raises NotFound if it is none of those that are read."""
        self.repository_list()
        found = (self.repositories or {}).get(id_)
        if found is None:
            raise NotFound("the repository is not among those that are read", where=id_)
        return found

    def _named(self) -> list[dict[str, Any]]:
        names = self.options.repositories
        # One request for each: a hundred in a row would be most of an idle run.
        with ThreadPoolExecutor(self.options.max_concurrency) as pool:
            asked = list(pool.map(self._by_name, names))
        found: list[dict[str, Any]] = []
        for name, one in zip(names, asked, strict=True):
            if isinstance(one, SourceError):
                error, former = one, self._by_former_id(name)
                if former is None:
                    self.unknown[name] = f"repository {name!r} cannot be read: {error.what}" + (
                        f". {error.todo}" if isinstance(error, NotAllowed) and error.todo else ""
                    )
                    continue
                one = former
            else:
                one = self._same(name, one)
            called = str(one.get("full_name") or name)
            if called.casefold() != name.casefold() and name not in self.notes:
                self.notes[name] = f"is now called {called}"
            self.capabilities[_named(name)] = Capability(_named(name), str(one["id"]))
            found.append(one)
        return found

    def _by_name(self, name: str) -> dict[str, Any] | SourceError:
        owner, _, short = name.partition("/")
        try:
            return self._get_repository(f"repos/{quote(owner)}/{quote(short)}")
        except (NotAllowed, NotFound) as error:
            return error

    def _same(self, name: str, found: dict[str, Any]) -> dict[str, Any]:
        """The repository that this name stood for, though the name may have been taken anew."""
        before = self.remembered.get(_named(name))
        if before is None or str(before) == str(found["id"]):
            return found
        former = self._by_former_id(name)
        if former is None:
            self.notes[name] = "is another repository than before, which is gone or out of sight"
            return found
        self.notes[name] = (
            f"is another repository by now; the one it stood for is {former.get('full_name')} "
            "and is read on"
        )
        return former

    def _by_former_id(self, name: str) -> dict[str, Any] | None:
        before = self.remembered.get(_named(name))
        if before is None:
            return None
        try:
            return self._get_repository(f"repositories/{before}")
        except (NotAllowed, NotFound):
            return None

    def _get_repository(self, path: str) -> dict[str, Any]:
        found = self.transport.get(path).object()
        if not isinstance(found.get("id"), int):
            raise UnexpectedAnswer("the answer is no repository", where=path)
        return found

    def _visible(self) -> list[dict[str, Any]]:
        if self.options.app_id is not None:
            return everything(self.transport, "installation/repositories", key="repositories")
        return everything(self.transport, "user/repos", {"sort": "full_name"})

    def visible(self, repository_id: str) -> bool:
        """Whether the repository can be read just now."""
        answer = self.transport.get(
            f"repositories/{repository_id}", allow=frozenset({403, 404, 410, 451})
        )
        return answer.status < 400

    # --- scopes -----------------------------------------------------------------------------

    def scopes(self) -> Sequence[ScopeRef]:
        """The site and its repositories; what cannot be resolved carries its error."""
        found = self.repository_list()
        out = [ScopeRef("site", "site", "site", "all of the site")]
        out.extend(
            ScopeRef("repository", "", name, name, facts={"error": error})
            for name, error in self.unknown.items()
        )
        out.extend(
            ScopeRef(
                "repository",
                str(one["id"]),
                str(one.get("full_name") or one["id"]),
                str(one.get("full_name") or ""),
                facts={
                    "node": one.get("node_id"),
                    "private": one.get("private") is True and self.options.hide_private,
                    "issues": one.get("has_issues") is not False,
                    "branch": one.get("default_branch"),
                    "pushed": one.get("pushed_at"),
                    **_open(one),
                },
            )
            for one in found
        )
        return out


def _open(repository: Mapping[str, Any]) -> dict[str, Any]:
    """How many are open, as far as it is told; GitHub counts pull requests among the issues."""
    told = repository.get("open_issues_count")
    known = isinstance(told, int) and repository.get("has_issues") is not False
    return {"open": {"issues+changes": told}} if known else {}


def about(scope: ScopeRef) -> dict[str, Any]:
    """What every payload says of the repository it belongs to."""
    return {
        "id": scope.source_id,
        "name": scope.key,
        "private": scope.facts.get("private") is True,
    }


def payload(scope: ScopeRef, api: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """A payload: what the server sent, by which API, and of which repository."""
    return {"__api": api, "__repository": about(scope), **content}


def node_of(scope: ScopeRef) -> str:
    """The repository's node id, which GraphQL asks by. Raises UnexpectedAnswer without one."""
    node = scope.facts.get("node")
    if not isinstance(node, str):
        raise UnexpectedAnswer("the server names no node id for the repository", where=scope.key)
    return node


def encoded(content: Mapping[str, Any]) -> bytes:
    """JSON bytes of a payload."""
    return encode(content)


def _named(name: str) -> str:
    return f"repository:{name.casefold()}"


def _names(kind: Any, what: str) -> set[str]:
    held = kind.get(what) if isinstance(kind, dict) else None
    return {str(one.get("name")) for one in held or () if isinstance(one, dict)}


def _takes(kind: Any, name: str, argument: str) -> bool:
    held = kind.get("fields") if isinstance(kind, dict) else None
    return any(
        argument in _names(one, "args")
        for one in held or ()
        if isinstance(one, dict) and one.get("name") == name
    )


def _server_id(url: str) -> str:
    parts = urlsplit(url.lower())
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    path = parts.path.rstrip("/").removesuffix("/api/v3")
    return f"github:{parts.hostname or url}{port}{path}"


def _pages_url(url: str) -> str:
    """Where people open pages."""
    if urlsplit(url).hostname == "api.github.com":
        return "https://github.com"
    return url.removesuffix("/api/v3")


def _expiry(headers: Mapping[str, str]) -> datetime | None:
    """`2026-05-01 12:00:00 UTC` or with an offset; None if the token has no end."""
    value = headers.get("github-authentication-token-expiration", "").strip()
    if not value:
        return None
    if value.endswith(" UTC"):
        value = f"{value.removesuffix(' UTC')}+00:00"
    found = instant(value.replace(" +", "+").replace(" -", "-"))
    return None if found is None else found.astimezone(UTC)
