"""Jira's dialect: Cloud (v3, search by token, bulk histories) and Data Center (v2, offsets)."""

import base64
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import merge
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from connectors.simulator import jql
from connectors.simulator.clock import Clock
from connectors.simulator.document import document
from connectors.simulator.http import Request, Response, json_response
from connectors.simulator.limits import Limit, Taken
from connectors.simulator.world import (
    BASE_URL,
    EPIC_FIELD,
    FLAG_FIELD,
    LINK_TYPES,
    POINTS_FIELD,
    PRIORITIES,
    SPRINT_FIELD,
    STATUS_BY_ID,
    STATUSES,
    TYPES,
    Board,
    Credential,
    Entry,
    Issue,
    Project,
    Sprint,
    Version,
    World,
)

#: Cloud: newest entries sent inline with an issue; page caps of the vendor.
INLINE_ENTRIES, FULL_PAGE, ID_PAGE = 40, 100, 5000
#: Permissions on projects that clients ask about, and those a login without rights to write holds.
PROJECT_PERMISSIONS = frozenset({"BROWSE_PROJECTS", "VIEW_DEV_TOOLS", "ADMINISTER_PROJECTS"})
HELD = frozenset({"BROWSE_PROJECTS", "VIEW_DEV_TOOLS"})
LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Log in - Jira</title></head><body></body></html>"


@dataclass(slots=True)
class Jira:
    """One Jira server in front of the world."""

    prefix: str = "jira-cloud"
    cloud: bool = True
    #: Data Center: `id > n` is honoured; else ignored, as some servers do.
    id_clause: bool = True
    #: `ORDER BY updated` is not in order.
    updated_order: bool = True
    epoch_ms: bool = True
    #: Data Center: most issues per page.
    page_cap: int = 1000
    #: what changed more recently than this is not in the search index yet, not even as it was.
    index_lag: timedelta = timedelta(0)
    #: bulk histories tell time in epoch milliseconds, as some sites do against the documentation.
    epoch_histories: bool = False
    #: None: no limit.
    limit: Limit | None = None
    #: Data Center: failed basic logins after which only a CAPTCHA helps.
    captcha_after: int = 3
    version: str = "9.12.4"
    _failed_logins: int = 0

    def credential(self, world: World, request: Request) -> Credential | None:
        """Basic (e-mail or login and token) or Bearer."""
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                user, _, token = base64.b64decode(value).decode().partition(":")
            except ValueError:
                return None
            for one in world.credentials.values():
                login = world.people[one.account_id].login
                if user in (one.email, login) and token == one.token and not one.revoked:
                    return one
        if kind.lower() == "bearer" and not self.cloud:
            for one in world.credentials.values():
                if value == one.token and not one.revoked:
                    return one
        return None

    def handle(self, world: World, clock: Clock, request: Request) -> Response:
        """Answer one request, with the headers of every answer."""
        who = self.credential(world, request)
        headers = {"X-AREQUESTID": f"{clock.now():%H%M}x1"}
        if not self.cloud:
            headers["X-AUSERNAME"] = world.people[who.account_id].login if who else "anonymous"
            headers["X-Seraph-LoginReason"] = "OK" if who else "AUTHENTICATED_FAILED"
        refused = None
        if self.limit is not None and who is not None:
            # Cloud counts per endpoint and method, Data Center per user.
            shape = re.sub(r"\d+|[A-Z]+-\d+", "*", request.path)
            key = (request.method, shape) if self.cloud else who.name
            refused = self._limited(self.limit.take(key, clock.now()), headers)
        response = refused or self._answer(world, clock, request, who)
        return replace(response, headers={**headers, **response.headers})

    def _limited(self, taken: Taken, headers: dict[str, str]) -> Response | None:
        """Tell what is left in `headers`; an answer if nothing is."""
        headers["X-RateLimit-Limit"] = str(taken.limit)
        headers["X-RateLimit-Remaining"] = str(taken.remaining)
        if self.cloud and taken.near:
            headers["X-RateLimit-NearLimit"] = "true"
        if not self.cloud:
            headers["X-RateLimit-FillRate"] = str(taken.limit)
            headers["X-RateLimit-Interval-Seconds"] = taken.retry_after
        if taken.allowed:
            return None
        headers["Retry-After"] = taken.retry_after
        if self.cloud:
            headers["X-RateLimit-Reset"] = f"{taken.reset:%Y-%m-%dT%H:%M:%SZ}"
            headers["RateLimit-Reason"] = "jira-burst-based"
        return json_response({"errorMessages": ["Rate limit exceeded."]}, 429)

    def _answer(
        self, world: World, clock: Clock, request: Request, who: Credential | None
    ) -> Response:
        path = request.path.strip("/")
        if not path.startswith("rest/"):
            # Whatever is no API is a page for people.
            return Response(200, LOGIN_PAGE, content_type="text/html;charset=UTF-8")
        if path == "rest/api/2/serverInfo" or (self.cloud and path == "rest/api/3/serverInfo"):
            return json_response(self._server_info(clock))
        if "Authorization" in request.headers and who is None:
            return self._failed_login(request)
        if not self.cloud and path.startswith("rest/api/3/"):
            return Response(404, LOGIN_PAGE, content_type="text/html;charset=UTF-8")
        if who is None:
            return json_response({"errorMessages": ["You are not authenticated."]}, 401)
        scene = _Scene(self, world, clock, who, request)
        found = False
        for method, pattern, view in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match and method == request.method:
                return view(scene, *match.groups())
            found = found or match is not None
        if found:
            return json_response({"errorMessages": ["Method not allowed"]}, 405)
        return json_response({"errorMessages": ["Not found"]}, 404)

    def _failed_login(self, request: Request) -> Response:
        self._failed_logins += 1
        basic = request.headers["Authorization"].lower().startswith("basic")
        if not self.cloud and basic and self._failed_logins > self.captcha_after:
            denied = {
                "X-Seraph-LoginReason": "AUTHENTICATION_DENIED",
                "X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=/login.jsp",
            }
            return Response(403, LOGIN_PAGE, denied, "text/html;charset=UTF-8")
        return json_response(
            {"errorMessages": ["Client must be authenticated to access this resource."]},
            401,
            X_Seraph_LoginReason="AUTHENTICATED_FAILED",
        )

    def _server_info(self, clock: Clock) -> dict[str, Any]:
        return {
            "baseUrl": BASE_URL if self.cloud else f"{BASE_URL}/dc",
            "version": "1001.0.0-SNAPSHOT" if self.cloud else self.version,
            "versionNumbers": [1001, 0, 0] if self.cloud else [9, 12, 4],
            "deploymentType": "Cloud" if self.cloud else "Server",
            "buildNumber": 100280,
            "serverTime": _stamp(clock.now(), "UTC"),
            "serverTitle": "Jira",
        }


def _stamp(moment: datetime | None, zone: str) -> str | None:
    """`2026-03-01T12:00:00.000+0100`, in the profile's zone, as Jira writes it."""
    if moment is None:
        return None
    local = moment.astimezone(ZoneInfo(zone))
    text = local.isoformat(timespec="milliseconds")
    return text[:-3] + text[-2:]


@dataclass(slots=True)
class _Scene:
    """One request and everything needed to answer it."""

    jira: Jira
    world: World
    clock: Clock
    who: Credential
    request: Request

    @property
    def is_v3(self) -> bool:
        return self.request.path.strip("/").startswith("rest/api/3")

    def stamp(self, moment: datetime | None) -> str | None:
        return _stamp(moment, self.who.time_zone)

    # --- who and what -----------------------------------------------------------------------

    def myself(self) -> Response:
        person = self.person(self.who.account_id)
        assert person is not None
        return json_response(
            {**person, "emailAddress": self.who.email, "timeZone": self.who.time_zone}
        )

    def permissions(self) -> Response:
        asked = [one for one in self.request.one("permissions").split(",") if one]
        if self.jira.cloud and not asked:
            return json_response(
                {"errorMessages": ["The 'permissions' query parameter is required."]}, 400
            )
        named = self.request.one("projectKey") or self.request.one("projectId")
        project = self.project_named(named) if named else None
        if named and project is None:
            return _not_found(f"No project could be found with key '{named}'.")
        anywhere = project is not None or bool(self.visible_projects())
        return json_response(
            {
                "permissions": {
                    key: {
                        "id": str(10 + n),
                        "key": key,
                        "name": key.replace("_", " ").title(),
                        "type": "PROJECT" if key in PROJECT_PERMISSIONS else "GLOBAL",
                        "description": "",
                        "havePermission": anywhere and key in HELD,
                    }
                    for n, key in enumerate(asked or sorted(PROJECT_PERMISSIONS))
                }
            }
        )

    def fields(self) -> Response:
        out: list[dict[str, Any]] = []
        for name in (
            "summary status issuetype priority resolution resolutiondate created updated duedate "
            "assignee reporter parent labels components fixVersions issuelinks description "
            "security timeoriginalestimate project"
        ).split():
            out.append(_field_def(name, name.title(), {"type": "string", "system": name}))
        greenhopper = "com.pyxis.greenhopper.jira"
        for id_, name, custom in (
            (SPRINT_FIELD, "Sprint", f"{greenhopper}:gh-sprint"),
            (EPIC_FIELD, "Epic Link", f"{greenhopper}:gh-epic-link"),
            (
                POINTS_FIELD,
                "Story Points",
                "com.atlassian.jira.plugin.system.customfieldtypes:float",
            ),
            (
                FLAG_FIELD,
                "Flagged",
                "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes",
            ),
        ):
            schema = {"type": "any", "custom": custom, "customId": int(id_.rsplit("_", 1)[1])}
            out.append(_field_def(id_, name, schema))
        return json_response(out)

    def statuses(self) -> Response:
        return json_response([self.status(one.id) for one in STATUSES])

    def status(self, id_: str) -> dict[str, Any]:
        one = STATUS_BY_ID[id_]
        number, name, colour = {
            "new": (2, "To Do", "blue-gray"),
            "indeterminate": (4, "In Progress", "yellow"),
            "done": (3, "Done", "green"),
        }[one.category]
        return {
            "self": f"{BASE_URL}/rest/api/3/status/{id_}",
            "description": "",
            "iconUrl": f"{BASE_URL}/",
            "name": one.name,
            "id": id_,
            "statusCategory": {
                "self": f"{BASE_URL}/rest/api/3/statuscategory/{number}",
                "id": number,
                "key": one.category,
                "colorName": colour,
                "name": name,
            },
        }

    def person(self, account_id: str | None) -> dict[str, Any] | None:
        if account_id is None or account_id not in self.world.people:
            return None
        one = self.world.people[account_id]
        base: dict[str, Any] = {
            "self": f"{BASE_URL}/rest/api/3/user?accountId={account_id}",
            "displayName": one.name,
            "active": one.active,
            "timeZone": "UTC",
        }
        if self.jira.cloud:
            kind = "app" if one.bot else "atlassian"
            return {**base, "accountId": account_id, "accountType": kind}
        return {
            **base,
            "name": one.login,
            "key": f"JIRAUSER{account_id[-4:]}",
            "emailAddress": f"{one.login}@example.net",
        }

    # --- projects, versions, boards ---------------------------------------------------------

    def visible_projects(self) -> list[Project]:
        found = [p for p in self.world.projects.values() if self.world.project_listed(self.who, p)]
        return sorted(found, key=lambda one: one.key)

    def project(self, one: Project) -> dict[str, Any]:
        out: dict[str, Any] = {
            "self": f"{BASE_URL}/rest/api/3/project/{one.id}",
            "id": str(one.id),
            "key": one.key,
            "name": one.name,
            "projectTypeKey": "software",
        }
        if self.jira.cloud:
            out.update(simplified=False, style="classic", isPrivate=False)
        if one.archived:
            out["archived"] = True
        return out

    def project_search(self) -> Response:
        asked = self.request.query
        states = set(",".join(asked.get("status", ["live"])).split(","))
        found = self.visible_projects() if "live" in states else []
        if "archived" in states:
            found += [
                one
                for one in self.world.projects.values()
                if one.archived and self.world.project_visible(self.who, one)
            ]
        keys, ids = asked.get("keys"), asked.get("id")
        if keys:
            found = [one for one in found if any(map(one.is_called, keys))]
        if ids:
            found = [one for one in found if str(one.id) in ids]
        return self.page([self.project(one) for one in found], "values", 100)

    def project_list(self) -> Response:
        return json_response([self.project(one) for one in self.visible_projects()])

    def project_named(self, id_or_key: str) -> Project | None:
        for one in self.world.projects.values():
            if one.is_called(id_or_key) and self.world.project_visible(self.who, one):
                return one
        return None

    def project_get(self, id_or_key: str) -> Response:
        found = self.project_named(id_or_key)
        if found is None:
            return _not_found(f"No project could be found with key '{id_or_key}'.")
        return json_response(self.project(found))

    def version(self, one: Version) -> dict[str, Any]:
        out: dict[str, Any] = {
            "self": f"{BASE_URL}/rest/api/3/version/{one.id}",
            "id": str(one.id),
            "name": one.name,
            "archived": one.archived,
            "released": one.released,
            "projectId": one.project_id,
        }
        if one.start is not None:
            out["startDate"] = one.start.isoformat()
        if one.due is not None:
            out["releaseDate"] = one.due.isoformat()
            out["overdue"] = not one.released and one.due < self.clock.now().date()
        return out

    def versions(self, id_or_key: str) -> Response:
        project = self.project_named(id_or_key)
        if project is None:
            return _not_found(f"No project could be found with key '{id_or_key}'.")
        return json_response(
            [
                self.version(one)
                for one in self.world.versions.values()
                if one.project_id == project.id and not one.deleted
            ]
        )

    def versions_paged(self, id_or_key: str) -> Response:
        found = self.versions(id_or_key)
        if found.status != 200:
            return found
        return self.page(orjson.loads(found.body), "values", 50)

    def boards(self) -> Response:
        wanted = self.request.one("projectKeyOrId")
        out = []
        for one in self.world.boards.values():
            project = self.world.projects[one.project_id]
            if not self.world.project_visible(self.who, project):
                continue
            if wanted and not project.is_called(wanted):
                continue
            out.append(self.board(one, project))
        return self.page(out, "values", 50, with_total=False)

    def board(self, one: Board, project: Project) -> dict[str, Any]:
        return {
            "id": one.id,
            "self": f"{BASE_URL}/rest/agile/1.0/board/{one.id}",
            "name": one.name,
            "type": one.kind,
            "location": {
                "projectId": project.id,
                "displayName": f"{project.name} ({project.key})",
                "projectName": project.name,
                "projectKey": project.key,
                "projectTypeKey": "software",
                "name": f"{project.name} ({project.key})",
            },
        }

    def board_named(self, board_id: int) -> Board | None:
        board = self.world.boards.get(board_id)
        if board is None or not self.world.project_visible(
            self.who, self.world.projects[board.project_id]
        ):
            return None
        return board

    def board_get(self, board_id: str) -> Response:
        found = self.board_named(int(board_id))
        if found is None:
            return _not_found("Board does not exist or you do not have permission to see it.")
        return json_response(self.board(found, self.world.projects[found.project_id]))

    def sprint_get(self, sprint_id: str) -> Response:
        found = self.world.sprints.get(int(sprint_id))
        if found is None or found.deleted or self.board_named(found.board_id) is None:
            return _not_found("Sprint does not exist.")
        return json_response(self.sprint(found))

    def sprints(self, board_id: str) -> Response:
        board = self.board_named(int(board_id))
        if board is None:
            return _not_found("Board does not exist or you do not have permission to see it.")
        if board.kind == "kanban":
            return json_response(
                {"errorMessages": ["The board does not support sprints"], "errors": {}}, 400
            )
        states = set(filter(None, self.request.one("state").split(",")))
        found = [
            self.sprint(one)
            for one in self.world.sprints.values()
            if one.board_id == board.id and not one.deleted and (not states or one.state in states)
        ]
        return self.page(found, "values", 50)

    def sprint(self, one: Sprint) -> dict[str, Any]:
        out: dict[str, Any] = {
            "id": one.id,
            "self": f"{BASE_URL}/rest/agile/1.0/sprint/{one.id}",
            "state": one.state,
            "name": one.name,
            "originBoardId": one.board_id,
            "goal": one.goal,
        }
        for name, moment in (
            ("startDate", one.start),
            ("endDate", one.end),
            ("completeDate", one.completed),
        ):
            if moment is not None:
                out[name] = _zulu(moment)
        return out

    def page(
        self, values: Sequence[Any], name: str, most: int, *, with_total: bool = True
    ) -> Response:
        start = int(self.request.one("startAt", "0"))
        size = min(int(self.request.one("maxResults", str(most))), most)
        part = values[start : start + size]
        out: dict[str, Any] = {
            "maxResults": size,
            "startAt": start,
            "isLast": start + len(part) >= len(values),
            name: part,
        }
        if with_total:
            out["total"] = len(values)
        return json_response(out)

    # --- issues -----------------------------------------------------------------------------

    def search_by_token(self) -> Response:
        asked = self.request.json() if self.request.method == "POST" else _from_query(self.request)
        try:
            query = self.parse(str(asked.get("jql", "")))
        except jql.BadQuery as error:
            return json_response({"errorMessages": [str(error)], "errors": {}}, 400)
        fields = list(asked.get("fields") or ["id"])
        bare = all(name in ("id", "key") for name in fields)
        cap = ID_PAGE if bare else FULL_PAGE
        size = min(int(asked.get("maxResults") or 50), cap)
        after = _unpack(asked.get("nextPageToken"))
        found: list[Issue] = []
        for issue in self.walk(query, after):
            found.append(issue)
            if len(found) > size:
                break
        more = len(found) > size
        found = found[:size]
        inline = "changelog" in _words(asked.get("expand"))
        out: dict[str, Any] = {
            "issues": [self.issue(one, fields, inline=inline) for one in found],
            "isLast": not more,
        }
        if more:
            out["nextPageToken"] = _pack(_sort_key(found[-1], query))
        return json_response(out)

    def approximate_count(self) -> Response:
        try:
            query = self.parse(str(self.request.json().get("jql", "")))
        except jql.BadQuery as error:
            return json_response({"errorMessages": [str(error)], "errors": {}}, 400)
        return json_response({"count": sum(1 for _ in self.walk(query, None))})

    def search_by_offset(self) -> Response:
        if self.jira.cloud:
            return json_response(
                {
                    "errorMessages": [
                        "The requested API has been removed. Please migrate to the "
                        "/rest/api/3/search/jql API."
                    ]
                },
                410,
            )
        asked = self.request.json() if self.request.method == "POST" else _from_query(self.request)
        try:
            query = self.parse(str(asked.get("jql", "")))
        except jql.BadQuery as error:
            return json_response({"errorMessages": [str(error)], "errors": {}}, 400)
        start = int(asked.get("startAt") or 0)
        size = min(int(asked.get("maxResults") or 50), self.jira.page_cap)
        found = list(self.walk(query, None))
        part = found[start : start + size]
        fields = list(asked.get("fields") or ["*navigable"])
        inline = "changelog" in _words(asked.get("expand"))
        return json_response(
            {
                "expand": "schema,names",
                "startAt": start,
                "maxResults": size,
                "total": len(found),
                "issues": [self.issue(one, fields, inline=inline) for one in part],
            }
        )

    def parse(self, text: str) -> jql.Query:
        dialect = jql.Dialect(self.jira.epoch_ms, self.jira.id_clause)
        return jql.parse(text, self.world, self.who, self.clock.now(), dialect)

    def walk(self, query: jql.Query, after: Any) -> Iterable[Issue]:
        """Matching visible issues in the query's order, after a sort key."""
        name, descending = query.order[0] if query.order else ("created", True)
        name = {"issuekey": "id", "key": "id"}.get(name, name)
        if name == "updated" and not self.jira.updated_order:
            name = "created"
        projects = query.projects if query.projects is not None else self.world.by_project.keys()
        lists = [
            self.world.in_order(one, name)
            for one in sorted(projects)
            if self.world.project_listed(self.who, self.world.projects[one])
        ]
        bound: Any = None
        if name == "updated" and query.updated_from is not None:
            bound = (query.updated_from, -1)
        if name == "id" and query.id_above is not None:
            bound = (query.id_above, query.id_above)
        indexed = self.clock.now() - self.jira.index_lag
        parts = [_part(one, bound, after, descending) for one in lists]
        pairs = parts[0] if len(parts) == 1 else merge(*parts, reverse=descending)
        for _, id_ in pairs:
            issue = self.world.issues[id_]
            if self.jira.index_lag and issue.updated > indexed:
                continue
            if self.world.visible(self.who, issue) and query.matches(issue):
                yield issue

    def issue_named(self, id_or_key: str) -> Issue | None:
        id_ = int(id_or_key) if id_or_key.isdecimal() else self.world.by_key.get(id_or_key, 0)
        found = self.world.issues.get(id_)
        return found if found is not None and self.world.visible(self.who, found) else None

    def issue_get(self, id_or_key: str) -> Response:
        found = self.issue_named(id_or_key)
        if found is None:
            return _not_found("Issue does not exist or you do not have permission to see it.")
        fields = self.request.one("fields", "*all").split(",")
        inline = "changelog" in self.request.one("expand")
        return json_response(self.issue(found, fields, inline=inline))

    def bulk_issues(self) -> Response:
        asked = self.request.json()
        ids = [str(one) for one in asked.get("issueIdsOrKeys", ())]
        if len(ids) > 100:
            return json_response({"errorMessages": ["Too many issues."]}, 400)
        found = [issue for id_ in ids if (issue := self.issue_named(id_)) is not None]
        fields = list(asked.get("fields") or ["*all"])
        return json_response(
            {"issues": [self.issue(one, fields, inline=False) for one in found], "issueErrors": []}
        )

    def changelog(self, id_or_key: str) -> Response:
        if not self.jira.cloud:
            return _not_found("null for uri")
        found = self.issue_named(id_or_key)
        if found is None:
            return _not_found("Issue does not exist or you do not have permission to see it.")
        entries = [self.entry(one) for one in sorted(found.history, key=lambda e: (e.at, e.id))]
        return self.page(entries, "values", 100)

    def bulk_changelogs(self) -> Response:
        asked = self.request.json()
        ids = [str(one) for one in asked.get("issueIdsOrKeys", ())]
        if not 1 <= len(ids) <= 1000:
            return json_response({"errorMessages": ["1 to 1000 issues, please."]}, 400)
        size = min(int(asked.get("maxResults") or 1000), 10000)
        entries: list[tuple[datetime, int, int, Entry]] = []
        for id_ in ids:
            issue = self.issue_named(id_)
            if issue is not None:
                entries.extend((one.at, issue.id, one.id, one) for one in issue.history)
        entries.sort(key=lambda one: one[:3])
        start = int(_unpack(asked.get("nextPageToken")) or 0)
        part = entries[start : start + size]
        logs: dict[int, list[dict[str, Any]]] = {}
        for _, issue_id, _, one in part:
            shown = self.entry(one)
            if self.jira.epoch_histories:
                shown["created"] = int(one.at.timestamp() * 1000)
            logs.setdefault(issue_id, []).append(shown)
        out: dict[str, Any] = {
            "issueChangeLogs": [
                {"issueId": str(id_), "changeHistories": values} for id_, values in logs.items()
            ]
        }
        if start + size < len(entries):
            out["nextPageToken"] = _pack(start + size)
        return json_response(out)

    def remote_links(self, id_or_key: str) -> Response:
        found = self.issue_named(id_or_key)
        if found is None:
            return _not_found("Issue does not exist or you do not have permission to see it.")
        return json_response([])

    def entry(self, one: Entry) -> dict[str, Any]:
        items = []
        for item in one.items:
            shown = {key: value for key, value in item.items() if value is not None}
            if not self.jira.cloud:
                # Data Center's entries name the field only.
                shown.pop("fieldId", None)
            for name in ("from", "fromString", "to", "toString"):
                shown.setdefault(name, None)
            items.append(shown)
        out: dict[str, Any] = {
            "id": str(one.id),
            "created": self.stamp(one.at),
            "items": items,
        }
        author = self.person(one.author)
        if author is not None:
            out["author"] = author
        return out

    def issue(self, one: Issue, fields: Sequence[str], *, inline: bool) -> dict[str, Any]:
        out: dict[str, Any] = {
            "expand": "",
            "id": str(one.id),
            "self": f"{BASE_URL}/rest/api/3/issue/{one.id}",
            "key": one.key,
        }
        wanted = set(fields)
        if wanted != {"id"}:
            every = "*all" in wanted or "*navigable" in wanted
            values = self.values(one)
            out["fields"] = {k: v for k, v in values.items() if every or k in wanted}
        if inline:
            entries = sorted(one.history, key=lambda e: (e.at, e.id))
            shown = entries[-INLINE_ENTRIES:] if self.jira.cloud else entries
            if self.jira.cloud:
                shown = list(reversed(shown))
            out["changelog"] = {
                "startAt": 0,
                "maxResults": len(shown),
                "total": len(entries),
                "histories": [self.entry(e) for e in shown],
            }
        return out

    def values(self, one: Issue) -> dict[str, Any]:
        world = self.world
        project = world.projects[one.project_id]
        type_id, level, subtask = TYPES[one.type]
        issue_type: dict[str, Any] = {
            "id": type_id,
            "name": one.type,
            "subtask": subtask,
            "description": "",
        }
        if self.jira.cloud:
            issue_type["hierarchyLevel"] = level
        out: dict[str, Any] = {
            "summary": one.summary,
            "status": self.status(one.status_id),
            "issuetype": issue_type,
            "priority": {"id": PRIORITIES[one.priority], "name": one.priority},
            "resolution": None
            if one.resolution is None
            else {"id": "1", "name": one.resolution, "description": ""},
            "resolutiondate": self.stamp(one.resolved),
            "created": self.stamp(one.created),
            "updated": self.stamp(one.updated),
            "duedate": one.due.isoformat() if one.due else None,
            "assignee": self.person(one.assignee),
            "reporter": self.person(one.reporter),
            "labels": list(one.labels),
            "components": [
                {"id": str(20000 + i), "name": name} for i, name in enumerate(one.components)
            ],
            "fixVersions": [
                {
                    "id": str(id_),
                    "name": world.versions[id_].name,
                    "archived": world.versions[id_].archived,
                    "released": world.versions[id_].released,
                }
                for id_ in one.versions
                if not world.versions[id_].deleted
            ],
            "issuelinks": [
                shown for id_ in one.links if (shown := self.link(id_, one)) is not None
            ],
            "description": (document(one.description) if self.is_v3 else one.description or None),
            "timeoriginalestimate": one.estimate_seconds,
            "project": self.project(project),
            FLAG_FIELD: [{"id": "10019", "value": "Impediment"}] if one.flagged else None,
            POINTS_FIELD: one.points,
            SPRINT_FIELD: self.sprint_field(one),
        }
        if one.restricted:
            out["security"] = {"id": "10300", "name": "Internal", "description": ""}
        parent = world.issues.get(one.parent_id) if one.parent_id else None
        if parent is not None and not parent.deleted:
            if self.jira.cloud or subtask:
                out["parent"] = {"id": str(parent.id), "key": parent.key}
            else:
                out[EPIC_FIELD] = parent.key
        return out

    def sprint_field(self, one: Issue) -> list[Any] | None:
        if not one.sprints:
            return None
        found = [self.world.sprints[id_] for id_ in one.sprints]
        if not self.jira.cloud:
            return [_greenhopper(sprint) for sprint in found]
        out = []
        for sprint in found:
            shown = self.sprint(sprint)
            shown["boardId"] = shown.pop("originBoardId")
            del shown["self"]
            out.append(shown)
        return out

    def link(self, id_: int, one: Issue) -> dict[str, Any] | None:
        made = self.world.link_defs.get(id_)
        if made is None:
            return None
        other = self.world.issues[made.target if made.source == one.id else made.source]
        if not self.world.visible(self.who, other):
            return None
        type_id, inward, outward = LINK_TYPES[made.kind]
        side = "outwardIssue" if made.source == one.id else "inwardIssue"
        return {
            "id": str(id_),
            "self": f"{BASE_URL}/rest/api/3/issueLink/{id_}",
            "type": {"id": type_id, "name": made.kind, "inward": inward, "outward": outward},
            side: {
                "id": str(other.id),
                "key": other.key,
                "fields": {"summary": other.summary, "status": self.status(other.status_id)},
            },
        }


# --- shapes -------------------------------------------------------------------------------------


def _field_def(id_: str, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": id_,
        "key": id_,
        "name": name,
        "custom": id_.startswith("customfield_"),
        "orderable": True,
        "navigable": True,
        "searchable": True,
        "clauseNames": [id_],
        "schema": schema,
    }


def _greenhopper(sprint: Sprint) -> str:
    def shown(moment: datetime | None) -> str:
        return "<null>" if moment is None else (_stamp(moment, "UTC") or "")

    return (
        f"com.atlassian.greenhopper.service.sprint.Sprint@{sprint.id:x}[id={sprint.id},"
        f"rapidViewId={sprint.board_id},state={sprint.state.upper()},name={sprint.name},"
        f"startDate={shown(sprint.start)},endDate={shown(sprint.end)},"
        f"completeDate={shown(sprint.completed)},activatedDate={shown(sprint.activated)},"
        f"sequence={sprint.id},goal={sprint.goal or '<null>'},autoStartStop=false]"
    )


def _zulu(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _not_found(message: str) -> Response:
    return json_response({"errorMessages": [message], "errors": {}}, 404)


def _from_query(request: Request) -> dict[str, Any]:
    out: dict[str, Any] = {name: values[-1] for name, values in request.query.items()}
    if "fields" in out:
        out["fields"] = [part for part in out["fields"].split(",") if part]
    return out


def _words(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return str(value or "").split(",")


def _sort_key(issue: Issue, query: jql.Query) -> Any:
    name = query.order[0][0] if query.order else "created"
    if name in ("id", "issuekey", "key"):
        return (issue.id, issue.id)
    return (getattr(issue, name), issue.id)


def _pack(value: Any) -> str:
    text = repr(value) if isinstance(value, int) else repr(_plain(value))
    return base64.urlsafe_b64encode(text.encode()).decode()


def _plain(value: Any) -> tuple[Any, ...]:
    first, second = value
    return ("t", first.isoformat(), second) if isinstance(first, datetime) else ("n", first, second)


def _unpack(token: Any) -> Any:
    if not token:
        return None
    text = base64.urlsafe_b64decode(str(token)).decode()
    if text.isdecimal():
        return int(text)
    kind, first, second = re.fullmatch(r"\('(.)', '?([^',]+)'?, (\d+)\)", text).groups()  # type: ignore[union-attr]  # our own token
    if kind == "t":
        return (datetime.fromisoformat(first), int(second))
    return (int(first), int(second))


Pairs = list[tuple[Any, int]]


def _part(pairs: Pairs, bound: Any, after: Any, descending: bool) -> Iterator[tuple[Any, int]]:
    """The pairs above `bound` and beyond `after`, in order or in reverse."""
    low = 0 if bound is None else bisect_right(pairs, bound)
    if not descending:
        if after is not None:
            low = max(low, bisect_right(pairs, after))
        return (pairs[i] for i in range(low, len(pairs)))
    high = len(pairs) if after is None else bisect_left(pairs, after)
    return (pairs[i] for i in range(high - 1, low - 1, -1))


View = Callable[..., Response]
_API = r"rest/api/[23]"
_ROUTES: tuple[tuple[str, str, View], ...] = (
    ("GET", rf"{_API}/myself", _Scene.myself),
    ("GET", rf"{_API}/mypermissions", _Scene.permissions),
    ("GET", rf"{_API}/field", _Scene.fields),
    ("GET", rf"{_API}/status", _Scene.statuses),
    ("GET", rf"{_API}/project/search", _Scene.project_search),
    ("GET", rf"{_API}/project", _Scene.project_list),
    ("GET", rf"{_API}/project/([^/]+)", _Scene.project_get),
    ("GET", rf"{_API}/project/([^/]+)/versions", _Scene.versions),
    ("GET", rf"{_API}/project/([^/]+)/version", _Scene.versions_paged),
    ("GET", r"rest/agile/1\.0/board", _Scene.boards),
    ("GET", r"rest/agile/1\.0/board/(\d+)", _Scene.board_get),
    ("GET", r"rest/agile/1\.0/board/(\d+)/sprint", _Scene.sprints),
    ("GET", r"rest/agile/1\.0/sprint/(\d+)", _Scene.sprint_get),
    ("GET", rf"{_API}/search/jql", _Scene.search_by_token),
    ("POST", rf"{_API}/search/jql", _Scene.search_by_token),
    ("POST", rf"{_API}/search/approximate-count", _Scene.approximate_count),
    ("GET", rf"{_API}/search", _Scene.search_by_offset),
    ("POST", rf"{_API}/search", _Scene.search_by_offset),
    ("POST", rf"{_API}/issue/bulkfetch", _Scene.bulk_issues),
    ("POST", rf"{_API}/changelog/bulkfetch", _Scene.bulk_changelogs),
    ("GET", rf"{_API}/issue/([^/]+)/changelog", _Scene.changelog),
    ("GET", rf"{_API}/issue/([^/]+)/remotelink", _Scene.remote_links),
    ("GET", rf"{_API}/issue/([^/]+)", _Scene.issue_get),
)
