"""Who answers, what it honours, and the projects that all streams share."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import quote, urlsplit

from connectors.contract import (
    BrokenAnswer,
    CannotAuthenticate,
    Capability,
    FeatureOff,
    Identity,
    NotAllowed,
    NotFound,
    Runtime,
    ScopeRef,
    SourceError,
    UnexpectedAnswer,
    WrongAddress,
)
from connectors.gitlab.graphql import GraphQL, TooLarge, number
from connectors.gitlab.options import GitLabOptions
from connectors.gitlab.paging import listing
from connectors.rows import objects, table
from connectors.transport import Answer, Transport

API = "api/v4"
#: What a project can switch off: feature -> (flag, older flag, what it is called).
_FEATURES = {
    "issues": ("issues_access_level", "issues_enabled", "issues"),
    "merge_requests": (
        "merge_requests_access_level",
        "merge_requests_enabled",
        "merge requests",
    ),
    "builds": ("builds_access_level", "jobs_enabled", "CI/CD"),
    "repository": ("repository_access_level", "", "the repository"),
    "releases": ("releases_access_level", "", "releases"),
    "environments": ("environments_access_level", "", "environments"),
}
#: Fields of paid tiers: a server that has none of them is a Community Edition.
_PAID = "Issue.weight"


@dataclass(slots=True)
class Site:
    """What connecting found out, shared by all streams of a run and all their threads."""

    transport: Transport
    options: GitLabOptions
    runtime: Runtime
    name: str
    graphql: GraphQL = field(init=False)
    #: capabilities of earlier runs that have not expired.
    remembered: Mapping[str, Any] = field(default_factory=dict)
    identity: Identity | None = None
    #: whether bulk reads go through GraphQL.
    bulk: bool = False
    #: why GraphQL is not used, for `check`.
    no_graphql: str = ""
    capabilities: dict[str, Capability] = field(default_factory=dict)
    #: major and minor version; (0, 0) where it is hidden.
    version: tuple[int, int] = (0, 0)
    scopes_of_token: tuple[str, ...] | None = None
    #: project id -> project as the server describes it.
    projects: dict[str, dict[str, Any]] | None = None
    #: configured project -> why it cannot be read.
    unknown: dict[str, str] = field(default_factory=dict)
    #: (project, merge request id) -> number, of those that a census named in this run.
    change_numbers: dict[tuple[str, str], str] = field(default_factory=dict)
    #: issues that came in this run together with all that they wait for.
    blockers_told: set[str] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _lacking: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """The GraphQL side works on the same transport."""
        self.graphql = GraphQL(self.transport, self.options.page_size)

    def may(self, endpoint: str) -> bool:
        """Whether an endpoint has not yet been found missing in this run."""
        return endpoint not in self._lacking

    def lacks(self, endpoint: str) -> None:
        """Remember for this run that an endpoint is missing."""
        self._lacking.add(endpoint)

    def asks(self, name: str) -> bool:
        """Whether a question goes by GraphQL: it is on, and the question is not too dear for it."""
        return self.bulk and self.may(f"GraphQL {name}")

    def asks_no_more(self, name: str) -> None:
        """For the rest of the run a question goes by REST."""
        self.lacks(f"GraphQL {name}")

    @property
    def paid(self) -> bool | None:
        """Whether the server has the paid tiers' fields; None where it was not asked."""
        return _PAID in self.graphql.known if self.bulk else None

    # --- connect ----------------------------------------------------------------------------

    def connect(self) -> Identity:
        """Log in and find out what the server offers. Raises SourceErrors."""
        try:
            return self._connect()
        except CannotAuthenticate as error:
            raise CannotAuthenticate(
                error.what,
                where=error.where,
                todo="GitLab wants an access token with the scope read_api. Check that it has not "
                "expired or been revoked.",
            ) from error

    def _connect(self) -> Identity:
        who, version, answer = self._by_graphql() or self._by_rest()
        self.version = _version(version)
        now = self.runtime.now()
        server_time = answer.server_time
        expires = self._token()
        host = (urlsplit(self.options.url).hostname or "").lower()
        self.identity = Identity(
            server_id=_server_id(self.options.url),
            server_name="GitLab",
            version=version,
            deployment="gitlab.com" if host == "gitlab.com" else "self-managed",
            account_id=number(who["id"]),
            account_name=str(who.get("name") or who.get("username") or who["id"]),
            account_time_zone="UTC",
            clock_offset_seconds=None
            if server_time is None
            else (server_time - now).total_seconds(),
            server_time=server_time or now,
            base_url=self.options.url,
            capabilities=tuple(self.capabilities.values()),
            token_expires_at=expires,
        )
        return self.identity

    def _by_graphql(self) -> tuple[dict[str, Any], str, Answer] | None:
        """Account and version by GraphQL; None where it is off. Raises CannotAuthenticate."""
        if self.options.api == "rest":
            self.no_graphql = "the configuration says `api = rest`"
            return None
        if self.options.api == "auto" and self.remembered.get("graphql") is False:
            self.no_graphql = "an earlier run found it off"
            self.capabilities["graphql"] = Capability("graphql", False, "remembered")
            return None
        try:
            # Trouble of a moment does not show that a server has no GraphQL.
            data, answer = self.graphql.ask("identity", {}, patient=True)
        except BrokenAnswer:
            raise
        except (NotAllowed, NotFound, UnexpectedAnswer, WrongAddress, TooLarge) as error:
            if self.options.api == "graphql":
                raise FeatureOff(
                    f"GraphQL cannot be used: {error}",
                    where=self.options.url,
                    todo='Set `api = "auto"` for this connection.',
                ) from error
            self.no_graphql = str(error)
            self.capabilities["graphql"] = Capability("graphql", False, self.no_graphql[:200])
            return None
        who = data.get("currentUser")
        if not isinstance(who, dict) or not who.get("id"):
            raise CannotAuthenticate(
                "the server does not know this token", where=f"{self.options.url}/api/graphql"
            )
        self.graphql.known = frozenset(
            f"{type_}.{one['name']}"
            for alias, type_ in (("issue", "Issue"), ("pipeline", "Pipeline"))
            for one in table(data.get(alias)).get("fields") or ()
            if isinstance(one, dict) and one.get("name")
        )
        limit = table(data.get("queryComplexity")).get("limit")
        self.capabilities["graphql"] = Capability("graphql", True, "answers")
        if isinstance(limit, int):
            self.capabilities["graphql_limit"] = Capability(
                "graphql_limit", limit, "points per question"
            )
        self.bulk = True
        return who, str(table(data.get("metadata")).get("version") or ""), answer

    def _by_rest(self) -> tuple[dict[str, Any], str, Answer]:
        try:
            answer = self.transport.get(f"{API}/version", allow=frozenset({403}))
        except NotFound as error:
            raise self._no_gitlab() from error
        # Fine-grained tokens may be refused here; who we are is what counts.
        version = answer.parsed.get("version") if isinstance(answer.parsed, dict) else None
        if answer.status < 400 and version is None:
            raise self._no_gitlab()
        answer = self.transport.get(f"{API}/user")
        who = answer.object()
        if not who.get("id"):
            raise CannotAuthenticate(
                "the server answers without telling who we are",
                where=f"{self.options.url}/{API}/user",
            )
        return who, str(version or ""), answer

    def _no_gitlab(self) -> WrongAddress:
        return WrongAddress(
            "something answers, but it is no GitLab",
            where=self.options.url,
            todo="Check `url` of this connection; a path such as /gitlab belongs to it.",
        )

    def _token(self) -> datetime | None:
        """When the token ends, by its last whole day; remembered, since it costs a request."""
        held = self.remembered.get("token_expires")
        if isinstance(held, str):
            self.capabilities["token_expires"] = Capability("token_expires", held, "remembered")
            return _end_of(held)
        try:
            answer = self.transport.get(
                f"{API}/personal_access_tokens/self",
                allow=frozenset({400, 401, 403, 404}),
                attempts=1,
            )
        except SourceError:
            return None
        told = answer.parsed if answer.status < 400 and isinstance(answer.parsed, dict) else {}
        scopes = told.get("scopes")
        if isinstance(scopes, list):
            self.scopes_of_token = tuple(str(one) for one in scopes)
        day = told.get("expires_at")
        value = day if isinstance(day, str) else "never" if told else "not told"
        self.capabilities["token_expires"] = Capability("token_expires", value, "told by GitLab")
        return _end_of(value)

    # --- projects ---------------------------------------------------------------------------

    def project_list(self) -> dict[str, dict[str, Any]]:
        """The configured projects that can be read, by id; all memberships if none is named."""
        with self._lock:
            if self.projects is None:
                found = self._named() if self.options.projects else self._memberships()
                self.projects = {str(one["id"]): one for one in found}
            return self.projects

    def _memberships(self) -> list[dict[str, Any]]:
        query = {
            "membership": "true",
            "archived": "false",
            "pagination": "keyset",
            "order_by": "id",
            "sort": "asc",
        }
        rows = listing(self.transport, f"{API}/projects", query, self.options.page_size)
        return objects(list(rows), f"{API}/projects", "id")

    def _named(self) -> list[dict[str, Any]]:
        """The configured projects, asked for side by side; what is wrong with the others."""
        names = self.options.projects
        with ThreadPoolExecutor(min(len(names), self.options.max_concurrency)) as pool:
            answers = list(pool.map(self._project, names))
        self.unknown = {
            name: one for name, one in zip(names, answers, strict=True) if isinstance(one, str)
        }
        return [one for one in answers if isinstance(one, dict)]

    def _project(self, name: str) -> dict[str, Any] | str:
        """One project by path or id, a moved one by its former path too; or why it cannot be."""
        try:
            found = self.transport.get(f"{API}/projects/{quote(name, safe='')}").object()
        except (NotFound, NotAllowed) as error:
            return f"project {name!r} does not exist or this token cannot see it ({error.what})"
        if found.get("id") is None:
            return f"project {name!r}: the answer does not say which project it is"
        return found

    def project(self, scope: ScopeRef) -> dict[str, Any]:
        """What the server says of a project."""
        return self.project_list().get(scope.source_id, {})

    def path(self, scope: ScopeRef) -> str:
        """The project's full path as it is now."""
        return str(self.project(scope).get("path_with_namespace") or scope.key)

    def visibility(self, scope: ScopeRef) -> str | None:
        """Who may see the project: `private`, `internal` or `public`; None if it does not say.

        None, too, for a private one that the configuration says need not be hidden.
        """
        told = self.project(scope).get("visibility")
        if told == "private" and not self.options.hide_private:
            return None
        return told if isinstance(told, str) else None

    def web_origin(self, scope: ScopeRef) -> str:
        """Scheme and host of the pages that people open; behind a proxy it may not be ours."""
        parts = urlsplit(str(self.project(scope).get("web_url") or self.options.url))
        return f"{parts.scheme}://{parts.netloc}"

    def scopes(self) -> list[ScopeRef]:
        """The site, then the projects; one that cannot be read says why."""
        found = [ScopeRef("site", "site", "site", "all of the server")]
        for id_, one in self.project_list().items():
            path = str(one.get("path_with_namespace") or id_)
            told = one.get("open_issues_count")
            facts = {"open": {"issues": told}} if isinstance(told, int) else {}
            found.append(ScopeRef("project", id_, path, str(one.get("name") or path), facts=facts))
        found.extend(
            ScopeRef("project", "", name, name, facts={"error": error})
            for name, error in self.unknown.items()
        )
        return found

    def need(self, scope: ScopeRef, *features: str) -> None:
        """Raise FeatureOff, without a request, where the project has switched a part off."""
        for feature in features:
            if is_off(self.project(scope), feature):
                raise FeatureOff(
                    f"project {scope.key} has switched {_FEATURES[feature][2]} off",
                    where=scope.key,
                    todo="Nothing to do, unless it should be on.",
                )


def is_off(project: Mapping[str, Any], feature: str) -> bool:
    """Whether a project says that it has switched a part off; nothing said counts as on."""
    flag, older, _ = _FEATURES[feature]
    return project.get(flag) == "disabled" or (bool(older) and project.get(older) is False)


def _version(text: str) -> tuple[int, int]:
    parts = text.split("-")[0].split(".")
    try:
        return int(parts[0]), int(parts[1])
    except (ValueError, IndexError):
        return 0, 0


def _end_of(day: str) -> datetime | None:
    """A token ends at midnight UTC at the beginning of its day."""
    try:
        return datetime.combine(date.fromisoformat(day), time(), UTC)
    except ValueError:
        return None


def _server_id(url: str) -> str:
    parts = urlsplit(url)
    port = "" if parts.port in (None, 80, 443) else f":{parts.port}"
    return f"gitlab:{(parts.hostname or '').lower()}{port}{parts.path.rstrip('/')}"
