"""Who answers, what it honours, and the listings that several streams share."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
    WrongAddress,
)
from connectors.jira.jql import in_projects
from connectors.jira.listing import listing
from connectors.jira.options import JiraOptions
from connectors.rows import objects
from connectors.transport import Transport

#: 2000-01-01 and 2100-01-01 in epoch milliseconds: every issue lies between them.
_LONG_AGO, _FAR_AHEAD = 946684800000, 4102444800000
#: Larger than any issue id in use.
_HUGE_ID = 2147483646
#: Where a profile's zone is unknown: no zone has an earlier wall clock, so no bound is too late.
_EARLIEST_ZONE = "Etc/GMT+12"
#: Boards per page (vendor's limit).
_BOARDS_PAGE = 50


@dataclass(slots=True)
class Site:
    """What connecting found out, shared by all streams of a run and all their threads."""

    transport: Transport
    options: JiraOptions
    runtime: Runtime
    name: str
    #: capabilities of earlier runs that have not expired.
    remembered: Mapping[str, Any] = field(default_factory=dict)
    cloud: bool = True
    account_zone: str = "UTC"
    identity: Identity | None = None
    capabilities: dict[str, Capability] = field(default_factory=dict)
    #: estimate fields that the engine named, by name or id.
    estimates: tuple[str, ...] = ()
    fields: list[dict[str, Any]] | None = None
    projects: list[dict[str, Any]] | None = None
    #: configured project -> why it cannot be read.
    unknown: dict[str, str] = field(default_factory=dict)
    boards: list[dict[str, Any]] | None = None
    #: why boards cannot be listed, if they cannot.
    boards_error: FeatureOff | None = None
    #: configured boards that cannot be read, with the reason.
    lost_boards: dict[int, str] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _lacking: set[str] = field(default_factory=set)
    #: board -> project whose boards were asked for, where boards do not tell.
    _parents: dict[str, str] = field(default_factory=dict)

    @property
    def api(self) -> str:
        """Base path of the REST API: v3 brings documents, Data Center has v2 only."""
        return "rest/api/3" if self.cloud else "rest/api/2"

    def can(self, capability: str) -> bool:
        """Whether the server was found to honour it."""
        found = self.capabilities.get(capability)
        return bool(found.value) if found is not None else False

    def may(self, endpoint: str) -> bool:
        """Whether an endpoint has not yet been found missing in this run."""
        return endpoint not in self._lacking

    def lacks(self, endpoint: str) -> None:
        """Remember for this run that an endpoint is missing."""
        self._lacking.add(endpoint)

    # --- connect ----------------------------------------------------------------------------

    def connect(self) -> Identity:
        """Log in, tell Cloud from Data Center, find out what is honoured. Raises SourceErrors."""
        try:
            return self._connect()
        except CannotAuthenticate as error:
            # A password of Data Center: refused three times, it locks the account.
            counts = error.counts or self.options.username is not None
            raise CannotAuthenticate(
                error.what, where=error.where, todo=self._which_token(), counts=counts
            ) from error

    def _connect(self) -> Identity:
        try:
            info = self.transport.get("rest/api/2/serverInfo").object()
        except NotFound as error:
            raise self._no_jira() from error
        if "version" not in info and "deploymentType" not in info and "baseUrl" not in info:
            raise self._no_jira()
        self.cloud = self._is_cloud(info)
        answer = self.transport.get(f"{self.api}/myself")
        me = answer.object()
        account = me.get("accountId") or me.get("key") or me.get("name")
        if not account:
            raise CannotAuthenticate(
                "the server answers without telling who we are",
                where=f"{self.options.url}/{self.api}/myself",
            )
        zone = str(me.get("timeZone") or "")
        self.account_zone = zone if _is_zone(zone) else _EARLIEST_ZONE
        now = self.runtime.now()
        server_time = answer.server_time
        self._probe()
        base = str(info.get("baseUrl") or "").rstrip("/")
        if urlsplit(base).scheme not in ("http", "https"):
            base = self.options.url
        self.identity = Identity(
            server_id=_server_id(base),
            server_name=str(info.get("serverTitle") or "Jira"),
            version=str(info.get("version") or ""),
            deployment="cloud" if self.cloud else "datacenter",
            account_id=str(account),
            account_name=str(me.get("displayName") or account),
            account_time_zone=self.account_zone,
            clock_offset_seconds=None
            if server_time is None
            else (server_time - now).total_seconds(),
            server_time=server_time or now,
            base_url=base,
            capabilities=tuple(self.capabilities.values()),
        )
        return self.identity

    def _no_jira(self) -> WrongAddress:
        return WrongAddress(
            "something answers, but it is no Jira",
            where=self.options.url,
            todo="Check `url` of this connection; a context path such as /jira belongs to it.",
        )

    def _which_token(self) -> str:
        cloud = "Jira Cloud wants `email` and an API token"
        center = "Data Center wants a personal access token and no `email`"
        have = (
            "`email` is set"
            if self.options.email
            else "`username` is set"
            if self.options.username
            else "neither `email` nor `username` is set"
        )
        return f"{cloud}; {center}; here {have}. Check that the token has not expired."

    def _is_cloud(self, info: Mapping[str, Any]) -> bool:
        if self.options.deployment != "auto":
            return self.options.deployment == "cloud"
        return str(info.get("deploymentType", "Server")).lower() == "cloud"

    def _probe(self) -> None:
        """Ask what is not documented; without a project to ask about the safe way is taken."""
        names = ("epoch_ms_jql",) if self.cloud else ("epoch_ms_jql", "id_clause")
        for name in names:
            if name in self.remembered:
                self.capabilities[name] = Capability(name, self.remembered[name], "remembered")
                continue
            projects = self.project_list()
            if not projects:
                return
            one = projects[0]
            project = in_projects(
                {str(one["id"]): str(one.get("key") or one["id"])}, by_id=self.cloud
            )
            if name == "epoch_ms_jql":
                # Read as days, as some servers do, both bounds lie ahead and nothing is found.
                clause = f"updated >= {_LONG_AGO} AND updated <= {_FAR_AHEAD}"
                found = self._finds(f"{project} AND {clause}")
                value = None if found is None else found > 0
            else:
                clause = f"id > {_HUGE_ID}"
                found = self._finds(f"{project} AND {clause}")
                value = None if found is None else found == 0
            if value is not None:
                self.capabilities[name] = Capability(name, value, clause)

    def _finds(self, jql: str) -> int | None:
        """How many issues a page of one holds: -1 if the query is refused, None if unsure."""
        path = f"{self.api}/search/jql" if self.cloud else f"{self.api}/search"
        try:
            answer = self.transport.get(
                path,
                {"jql": jql, "fields": "id", "maxResults": 1},
                allow=frozenset({400, 403, 404, 500}),
                attempts=2,
            )
        except (Unavailable, TooManyRequests, BrokenAnswer):
            return None
        if answer.status >= 400:
            return -1
        issues = answer.object().get("issues")
        return len(issues) if isinstance(issues, list) else -1

    # --- listings ---------------------------------------------------------------------------

    def field_list(self) -> list[dict[str, Any]]:
        """Every field definition; asked for once per run."""
        with self._lock:
            if self.fields is None:
                path = f"{self.api}/field"
                self.fields = objects(self.transport.get(path).array(), path, "id")
            return self.fields

    def project_list(self) -> list[dict[str, Any]]:
        """The configured projects that are visible (all visible ones if none is configured)."""
        with self._lock:
            if self.projects is None:
                self.projects = self._projects()
            return self.projects

    def _projects(self) -> list[dict[str, Any]]:
        wanted = self.options.projects
        keys = [one for one in wanted if not one.isdecimal()]
        params: dict[str, Any] = {}
        # The vendor joins the two filters with AND: a mixed list asks for everything.
        if keys and len(keys) == len(wanted):
            params["keys"] = [one.upper() for one in keys]
        elif wanted and not keys:
            params["id"] = list(wanted)
        found = self._visible(params)
        if not wanted:
            return found
        out: dict[str, dict[str, Any]] = {}
        for name in wanted:
            project = next((one for one in found if _is(one, name)), None) or self._renamed(name)
            if project is None:
                self.unknown[name] = self._suggest(name, found if not params else None)
            else:
                out[str(project["id"])] = project
        return list(out.values())

    def _visible(self, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        if not self.cloud:
            path = f"{self.api}/project"
            return objects(self.transport.get(path).array(), path, "id")
        path = f"{self.api}/project/search"
        return list(
            listing(
                lambda start: self.transport.get(
                    path, {"maxResults": 50, **params, "startAt": start}
                ).object(),
                "values",
                path,
            )
        )

    def _renamed(self, name: str) -> dict[str, Any] | None:
        """A project by a former key, which the server still knows; None if it knows none."""
        if not name.replace("_", "").isalnum():
            return None
        answer = self.transport.get(
            f"{self.api}/project/{name}", allow=frozenset({400, 403, 404, 410})
        )
        found = answer.parsed if answer.status < 400 else None
        if not isinstance(found, dict) or found.get("id") is None or found.get("archived") is True:
            return None
        # Some servers answer any name with a project of theirs.
        former = found.get("projectKeys")
        return found if _is(found, name) or isinstance(former, list) or self.cloud else None

    def _suggest(self, name: str, known: Sequence[Mapping[str, Any]] | None) -> str:
        sentence = f"project {name!r} does not exist, is archived, or this token cannot see it"
        try:
            everything = known if known is not None else self._visible({})
        except SourceError:
            return sentence
        keys = sorted(str(one.get("key")) for one in everything)
        close = get_close_matches(name.upper(), keys, n=3, cutoff=0.5)
        if close:
            return f"{sentence}; close to it: {', '.join(close)}"
        return f"{sentence}; visible: {', '.join(keys[:10]) or 'none'}"

    def board_list(self) -> list[dict[str, Any]]:
        """Boards of the projects. Raises FeatureOff where they cannot be listed."""
        with self._lock:
            if self.boards_error is not None:
                raise self.boards_error
            if self.boards is None:
                try:
                    self.boards = self._boards()
                except (NotAllowed, NotFound, UnexpectedAnswer) as error:
                    self.boards_error = FeatureOff(
                        f"boards cannot be listed: {error.what}",
                        where=error.where,
                        todo="Sprints are then known from the items alone.",
                    )
                    raise self.boards_error from error
            return self.boards

    def _boards(self) -> list[dict[str, Any]]:
        configured = self.options.boards
        projects = self.project_list()
        if configured == () or not projects:
            return []
        if configured != "auto":
            return self._named_boards(configured)
        ids = {str(one["id"]) for one in projects}
        keys = {str(one.get("key")) for one in projects}
        pages: list[Mapping[str, Any]] = []
        if len(projects) > 1:
            pages.append(self._board_page({}, 0))
            total = pages[0].get("total")
            many = isinstance(total, int) and total > _BOARDS_PAGE * len(projects)
            values = pages[0].get("values")
            told = isinstance(values, list) and all(_location(one) for one in values)
            if told and not many:
                found = listing(
                    lambda start: self._board_page({}, start) if start else pages[0],
                    "values",
                    "board",
                )
                return [one for one in found if _board_in(one, ids, keys)]
        # Many boards, or none that tells its project (Data Center): each project's own.
        out: dict[str, dict[str, Any]] = {}
        for project in projects:
            of = {"projectKeyOrId": str(project.get("key") or project["id"])}
            for one in listing(partial(self._board_page, of), "values", "board"):
                if _location(one) and not _board_in(one, ids, keys):
                    continue
                out.setdefault(str(one["id"]), one)
                self._parents.setdefault(str(one["id"]), str(project["id"]))
        return list(out.values())

    def _board_page(self, params: Mapping[str, Any], start: int) -> Mapping[str, Any]:
        return self.transport.get(
            "rest/agile/1.0/board", {"maxResults": _BOARDS_PAGE, **params, "startAt": start}
        ).object()

    def _named_boards(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        out: list[dict[str, Any]] = []
        for id_ in ids:
            try:
                out.append(self.transport.get(f"rest/agile/1.0/board/{id_}").object())
            except (NotAllowed, NotFound, UnexpectedAnswer) as error:
                self.lost_boards[id_] = f"board {id_} cannot be read: {error.what}"
        return out

    # --- scopes -----------------------------------------------------------------------------

    def scopes(self) -> Sequence[ScopeRef]:
        """The site, its projects and their boards; what cannot be resolved carries its error."""
        projects = self.project_list()
        out = [ScopeRef("site", "site", "site", "all of the site")]
        out.extend(
            ScopeRef("project", "", name, name, facts={"error": error})
            for name, error in self.unknown.items()
        )
        out.extend(
            ScopeRef(
                "project",
                str(one["id"]),
                str(one.get("key") or one["id"]),
                str(one.get("name") or ""),
            )
            for one in projects
        )
        try:
            boards = self.board_list()
        except FeatureOff:
            return out
        ids = {str(one.get("key")): str(one["id"]) for one in projects}
        out.extend(
            ScopeRef("board", "", str(id_), f"board {id_}", facts={"error": error})
            for id_, error in self.lost_boards.items()
        )
        for one in boards:
            id_, location = str(one["id"]), _location(one)
            name = str(one.get("name") or id_)
            parent = (
                location.get("projectId")
                or ids.get(location.get("projectKey", ""))
                or self._parents.get(id_)
            )
            facts = {"type": str(one.get("type") or "")}
            out.append(ScopeRef("board", id_, name, name, parent_id=parent, facts=facts))
        return out

    def project_visible(self, project_id: str) -> bool:
        """Whether the project itself can be read just now."""
        answer = self.transport.get(
            f"{self.api}/project/{project_id}", allow=frozenset({403, 404, 410})
        )
        return answer.status < 400


def _is(project: Mapping[str, Any], name: str) -> bool:
    key, id_ = str(project.get("key", "")).casefold(), str(project.get("id"))
    return name.casefold() == key or name == id_


def _location(board: Any) -> dict[str, str]:
    location = board.get("location") if isinstance(board, Mapping) else None
    if not isinstance(location, dict):
        return {}
    return {key: str(value) for key, value in location.items() if value is not None}


def _board_in(board: Mapping[str, Any], ids: set[str], keys: set[str]) -> bool:
    location = _location(board)
    return location.get("projectId") in ids or location.get("projectKey") in keys


def _is_zone(name: str) -> bool:
    try:
        datetime(2026, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _server_id(base_url: str) -> str:
    parts = urlsplit(base_url.lower())
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    return f"jira:{parts.hostname or base_url}{port}{parts.path.rstrip('/')}"
