"""Who answers, what it honours, and which projects and boards it shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from connectors.contract import (
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
from connectors.jira.options import JiraOptions
from connectors.transport import Transport

#: A moment far ahead (year 2100): a server that reads epoch milliseconds finds nothing after it.
_FAR_AHEAD = 4102444800000
#: Larger than any issue id in use.
_HUGE_ID = 2147483646


@dataclass(slots=True)
class Site:
    """What connecting found out, shared by all streams of a run."""

    transport: Transport
    options: JiraOptions
    runtime: Runtime
    name: str
    #: capabilities of earlier runs that have not expired.
    remembered: Mapping[str, Any] = field(default_factory=dict)
    cloud: bool = True
    account_zone: str = "UTC"
    capabilities: dict[str, Capability] = field(default_factory=dict)
    fields: list[dict[str, Any]] | None = None
    projects: list[dict[str, Any]] | None = None
    boards: list[dict[str, Any]] | None = None
    #: why boards cannot be listed, if they cannot.
    boards_error: SourceError | None = None

    @property
    def api(self) -> str:
        """Base path of the REST API: v3 brings documents, Data Center has v2 only."""
        return "rest/api/3" if self.cloud else "rest/api/2"

    def can(self, capability: str) -> bool:
        """Whether the server was found to honour it."""
        found = self.capabilities.get(capability)
        return bool(found.value) if found is not None else False

    # --- connect ----------------------------------------------------------------------------

    def connect(self) -> Identity:
        """Log in, tell Cloud from Data Center, find out what is honoured."""
        info_answer = self.transport.get("rest/api/2/serverInfo")
        info = info_answer.object()
        if "version" not in info and "deploymentType" not in info and "baseUrl" not in info:
            raise WrongAddress(
                "something answers, but it is no Jira",
                where=self.options.url,
                todo="Check `url` of this connection.",
            )
        self.cloud = self._is_cloud(info)
        answer = self.transport.get(f"{self.api}/myself")
        me = answer.object()
        account = me.get("accountId") or me.get("key") or me.get("name")
        if not account:
            raise CannotAuthenticate(
                "the server answers without telling who we are",
                where=f"{self.options.url}/{self.api}/myself",
                todo="Check user and token; anonymous reading would miss items.",
            )
        self.account_zone = str(me.get("timeZone") or "UTC")
        now = self.runtime.now()
        server_time = answer.server_time or now
        self._probe()
        base = str(info.get("baseUrl") or self.options.url).rstrip("/")
        return Identity(
            server_id=_server_id(base),
            server_name=str(info.get("serverTitle") or "Jira"),
            version=str(info.get("version") or ""),
            deployment="cloud" if self.cloud else "datacenter",
            account_id=str(account),
            account_name=str(me.get("displayName") or account),
            account_time_zone=self.account_zone,
            clock_offset_seconds=None
            if answer.server_time is None
            else (answer.server_time - now).total_seconds(),
            server_time=server_time,
            base_url=base,
            capabilities=tuple(self.capabilities.values()),
        )

    def _is_cloud(self, info: Mapping[str, Any]) -> bool:
        if self.options.deployment != "auto":
            return self.options.deployment == "cloud"
        return str(info.get("deploymentType", "Server")).lower() == "cloud"

    def _probe(self) -> None:
        names = ["epoch_ms_jql"] if self.cloud else ["epoch_ms_jql", "id_clause"]
        for name in names:
            if name in self.remembered:
                self.capabilities[name] = Capability(name, self.remembered[name], "remembered")
                continue
            clause = f"updated >= {_FAR_AHEAD}" if name == "epoch_ms_jql" else f"id > {_HUGE_ID}"
            self.capabilities[name] = Capability(name, self._finds_nothing(clause), clause)

    def _finds_nothing(self, clause: str) -> bool:
        """Whether a clause that nothing can match is accepted and finds nothing."""
        path = f"{self.api}/search/jql" if self.cloud else f"{self.api}/search"
        answer = self.transport.post(
            path,
            {"jql": clause, "fields": ["id"], "maxResults": 1},
            allow=frozenset({400, 403, 404}),
        )
        if answer.status != 200 or not isinstance(answer.parsed, dict):
            return False
        return answer.parsed.get("issues") == []

    # --- listings that several streams share ------------------------------------------------

    def field_list(self) -> list[dict[str, Any]]:
        """Every field definition; asked for once per run."""
        if self.fields is None:
            found = self.transport.get(f"{self.api}/field").array()
            self.fields = [one for one in found if isinstance(one, dict) and one.get("id")]
        return self.fields

    def project_list(self) -> list[dict[str, Any]]:
        """The configured projects that are visible (all visible ones if none is configured)."""
        if self.projects is None:
            self.projects = self._cloud_projects() if self.cloud else self._dc_projects()
        return self.projects

    def _cloud_projects(self) -> list[dict[str, Any]]:
        wanted = self.options.projects
        params: dict[str, Any] = {"maxResults": 100}
        if wanted:
            keys = [one for one in wanted if not one.isdecimal()]
            ids = [one for one in wanted if one.isdecimal()]
            if keys:
                params["keys"] = keys
            if ids:
                params["id"] = ids
            if keys and ids:
                # The vendor joins the two filters with AND: ask for everything instead.
                del params["keys"], params["id"]
        found = self._paged(f"{self.api}/project/search", params, "values")
        return [one for one in found if not wanted or _is_wanted(one, wanted)]

    def _dc_projects(self) -> list[dict[str, Any]]:
        found = self.transport.get(f"{self.api}/project").array()
        wanted = self.options.projects
        return [
            one
            for one in found
            if isinstance(one, dict) and (not wanted or _is_wanted(one, wanted))
        ]

    def board_list(self) -> list[dict[str, Any]]:
        """Boards of the projects. Raises FeatureOff or NotAllowed where there are none to see."""
        if self.boards_error is not None:
            raise self.boards_error
        if self.boards is None:
            try:
                self.boards = self._boards()
            except (NotAllowed, NotFound, UnexpectedAnswer) as error:
                self.boards_error = FeatureOff(
                    f"boards cannot be listed: {error.what}",
                    where=error.where,
                    todo="Sprints are then read from the items alone.",
                )
                raise self.boards_error from error
        return self.boards

    def _boards(self) -> list[dict[str, Any]]:
        configured = self.options.boards
        if configured == ():
            return []
        projects = self.project_list()
        params: dict[str, Any] = {"maxResults": 50}
        if len(projects) == 1:
            params["projectKeyOrId"] = str(projects[0]["id"])
        found = self._paged("rest/agile/1.0/board", params, "values")
        if configured != "auto":
            return [one for one in found if one.get("id") in configured]
        ids = {str(one["id"]) for one in projects}
        keys = {str(one.get("key")) for one in projects}
        return [one for one in found if len(projects) == 1 or _board_in(one, ids, keys)]

    def _paged(self, path: str, params: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
        """All pages of a `startAt` listing, by `isLast` or an empty page, never by a short one."""
        out: list[dict[str, Any]] = []
        start = 0
        while True:
            page = self.transport.get(path, {**params, "startAt": start}).object()
            values = page.get(name)
            if not isinstance(values, list):
                raise UnexpectedAnswer(f"the answer has no list {name!r}", where=path)
            out.extend(one for one in values if isinstance(one, dict) and one.get("id") is not None)
            total = page.get("total")
            start += len(values)
            if page.get("isLast") is True or not values:
                return out
            if page.get("isLast") is None and isinstance(total, int) and start >= total:
                return out

    # --- scopes -----------------------------------------------------------------------------

    def scopes(self) -> Sequence[ScopeRef]:
        """The site, its projects and their boards; an unresolved project carries its error."""
        projects = self.project_list()
        out = [ScopeRef("site", "site", "site", "all of the site")]
        for wanted in self.options.projects:
            if not any(_is_wanted(one, (wanted,)) for one in projects):
                out.append(
                    ScopeRef("project", "", wanted, wanted, facts={"error": self._unknown(wanted)})
                )
        out.extend(
            ScopeRef(
                "project", str(one["id"]), str(one.get("key") or one["id"]), str(one.get("name"))
            )
            for one in projects
        )
        try:
            boards = self.board_list()
        except FeatureOff:
            return out
        out.extend(
            ScopeRef(
                "board",
                str(one["id"]),
                str(one.get("name") or one["id"]),
                str(one.get("name") or one["id"]),
                parent_id=_location(one).get("projectId"),
                facts={"type": str(one.get("type") or "")},
            )
            for one in boards
        )
        return out

    def _unknown(self, wanted: str) -> str:
        sentence = f"project {wanted!r} does not exist, or this token cannot see it"
        try:
            everything = (
                self._paged(f"{self.api}/project/search", {"maxResults": 100}, "values")
                if self.cloud
                else [o for o in self.transport.get(f"{self.api}/project").array()]
            )
        except SourceError:
            return sentence
        keys = [str(one.get("key")) for one in everything]
        close = get_close_matches(wanted.upper(), keys, n=1, cutoff=0.5)
        if close:
            return f"{sentence}; did you mean {close[0]!r}?"
        return f"{sentence}; it sees {', '.join(sorted(keys)[:10]) or 'none'}"

    def project_visible(self, project_id: str) -> bool:
        """Whether the project itself can be read just now."""
        answer = self.transport.get(
            f"{self.api}/project/{project_id}", allow=frozenset({403, 404, 410})
        )
        return answer.status == 200


def _is_wanted(project: Mapping[str, Any], wanted: Sequence[str]) -> bool:
    key, id_ = str(project.get("key", "")).casefold(), str(project.get("id"))
    return any(one.casefold() == key or one == id_ for one in wanted)


def _location(board: Mapping[str, Any]) -> dict[str, str]:
    location = board.get("location")
    return {k: str(v) for k, v in location.items()} if isinstance(location, dict) else {}


def _board_in(board: Mapping[str, Any], ids: set[str], keys: set[str]) -> bool:
    location = _location(board)
    if not location:
        # Data Center before 8.x tells no location: such a board is read, its sprints are few.
        return True
    return location.get("projectId") in ids or location.get("projectKey") in keys


def _server_id(base_url: str) -> str:
    parts = urlsplit(base_url.lower())
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    return f"jira:{parts.hostname or base_url}{port}{parts.path.rstrip('/')}"
