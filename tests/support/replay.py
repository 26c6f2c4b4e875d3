"""Serve a recording over loopback as a Jira would: paged, filtered, a field only if asked for.

    with serving(devlake_cloud(peer_data), page=10) as replay:
        JiraOptions(url=replay.url, email="a@example.org", token="t", …)

It knows the questions that a reader of issues asks, answers 404 to all others, and keeps a list of
what it was asked.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from support.peer import Recording

Json = dict[str, Any]
Params = Mapping[str, Any]

#: When the recordings are served, by the server's own clock.
SERVED_AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that was answered."""

    method: str
    path: str
    params: Params
    status: int


class NotServed(Exception):
    """An answer that is an error: status and the vendor's message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass
class Replay:
    """A recording being served."""

    recording: Recording
    #: most issues per page, whatever is asked for.
    page: int = 100
    #: whether `updated >=` takes epoch milliseconds; else minutes in the account's zone alone.
    epoch_ms: bool = True
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._issues = {str(one["id"]): one for one in self.recording.issues}

    # --- answers ------------------------------------------------------------------------------

    def answer(self, method: str, path: str, params: Params) -> Any:
        """The JSON of an answer. Raises NotServed."""
        api = "3" if self.recording.cloud else "2"
        for verb, pattern, make in self._routes:
            match = re.fullmatch(pattern.replace("{api}", f"(?:2|{api})"), path)
            if match and method in verb:
                return make(self, params, *match.groups())
        raise NotServed(404, f"nothing is served at {method} {path}")

    def server_info(self, params: Params) -> Json:
        kind = "Cloud" if self.recording.cloud else "Server"
        version = "1001.0.0-SNAPSHOT" if self.recording.cloud else "8.20.10"
        return {
            "baseUrl": self.url,
            "version": version,
            "deploymentType": kind,
            "serverTitle": self.recording.name,
        }

    def myself(self, params: Params) -> Json:
        name = {"accountId": "reader"} if self.recording.cloud else {"name": "reader", "key": "r"}
        return {**name, "displayName": "Reader", "timeZone": self.recording.time_zone}

    def fields(self, params: Params) -> list[Json]:
        return list(self.recording.fields)

    def statuses(self, params: Params) -> list[Json]:
        return list(self.recording.statuses)

    def projects(self, params: Params) -> list[Json]:
        return list(self.recording.projects)

    def project_search(self, params: Params) -> Json:
        wanted = {one.upper() for one in _list(params.get("keys"))}
        ids = set(_list(params.get("id")))
        found = [
            one
            for one in self.recording.projects
            if not (wanted or ids) or one["key"].upper() in wanted or str(one["id"]) in ids
        ]
        return _listing(found, params, 50)

    def project(self, params: Params, name: str) -> Json:
        for one in self.recording.projects:
            if name in (str(one["id"]), one["key"]):
                return one
        raise NotServed(404, f"No project could be found with key '{name}'.")

    def versions(self, params: Params, name: str) -> list[Json]:
        return list(self.recording.versions.get(str(self.project(params, name)["id"]), ()))

    def boards(self, params: Params) -> Json:
        wanted = params.get("projectKeyOrId")
        found = [
            one
            for one in self.recording.boards
            if wanted is None
            or wanted in (str(one["location"]["projectId"]), one["location"]["projectKey"])
        ]
        return _listing(found, params, 50)

    def board(self, params: Params, id_: str) -> Json:
        for one in self.recording.boards:
            if str(one["id"]) == id_:
                return one
        raise NotServed(404, "Board does not exist or you do not have permission to see it.")

    def sprints(self, params: Params, id_: str) -> Json:
        if self.board(params, id_)["type"] == "kanban":
            raise NotServed(400, "The board does not support sprints.")
        return _listing(self.recording.sprints.get(id_, ()), params, 50)

    def search_by_token(self, params: Params) -> Json:
        if not self.recording.cloud:
            raise NotServed(404, "null for uri")
        found = self._find(params)
        start = int(params.get("nextPageToken") or 0)
        size = self._size(params)
        end = start + size
        answer: Json = {
            "issues": [self._shown(one, params) for one in found[start:end]],
            "isLast": end >= len(found),
        }
        if end < len(found):
            answer["nextPageToken"] = str(end)
        return answer

    def search_by_offset(self, params: Params) -> Json:
        if self.recording.cloud:
            raise NotServed(410, "The requested API has been removed. Use /rest/api/3/search/jql.")
        found = self._find(params)
        start, size = int(params.get("startAt") or 0), self._size(params)
        return {
            "startAt": start,
            "maxResults": size,
            "total": len(found),
            "issues": [self._shown(one, params) for one in found[start : start + size]],
        }

    def issue(self, params: Params, name: str) -> Json:
        return self._shown(self._issue(name), {"fields": "*all", **params})

    def issues(self, params: Params) -> Json:
        ids = _list(params.get("issueIdsOrKeys"))
        found = [self._issues[id_] for id_ in ids if id_ in self._issues]
        return {"issues": [self._shown(one, params) for one in found], "issueErrors": []}

    def changelog(self, params: Params, name: str) -> Json:
        if not self.recording.cloud:
            raise NotServed(404, "null for uri")
        return _listing(self._history(self._issue(name)), params, 100)

    def changelogs(self, params: Params) -> Json:
        if not self.recording.cloud:
            raise NotServed(404, "null for uri")
        logs = [
            {"issueId": id_, "changeHistories": [entry]}
            for id_ in _list(params.get("issueIdsOrKeys"))
            if id_ in self._issues
            for entry in self._history(self._issues[id_])
        ]
        start = int(params.get("nextPageToken") or 0)
        # Small pages, so that one issue straddles two of them.
        end = start + min(int(params.get("maxResults") or 1000), self.page * 5)
        answer: Json = {"issueChangeLogs": logs[start:end]}
        if end < len(logs):
            answer["nextPageToken"] = str(end)
        return answer

    _routes: Sequence[tuple[str, str, Callable[..., Any]]] = (
        ("GET", "/rest/api/2/serverInfo", server_info),
        ("GET", "/rest/api/{api}/myself", myself),
        ("GET", "/rest/api/{api}/field", fields),
        ("GET", "/rest/api/{api}/status", statuses),
        ("GET", "/rest/api/{api}/project", projects),
        ("GET", "/rest/api/{api}/project/search", project_search),
        ("GET", "/rest/api/{api}/project/([^/]+)", project),
        ("GET", "/rest/api/{api}/project/([^/]+)/versions", versions),
        ("GET POST", "/rest/api/{api}/search/jql", search_by_token),
        ("GET POST", "/rest/api/{api}/search", search_by_offset),
        ("POST", "/rest/api/{api}/issue/bulkfetch", issues),
        ("GET", "/rest/api/{api}/issue/([^/]+)", issue),
        ("GET", "/rest/api/{api}/issue/([^/]+)/changelog", changelog),
        ("POST", "/rest/api/{api}/changelog/bulkfetch", changelogs),
        ("GET", "/rest/agile/1.0/board", boards),
        ("GET", "/rest/agile/1.0/board/([^/]+)", board),
        ("GET", "/rest/agile/1.0/board/([^/]+)/sprint", sprints),
    )

    # --- issues -------------------------------------------------------------------------------

    def _issue(self, name: str) -> Json:
        for one in self._issues.values():
            if name in (str(one["id"]), one["key"]):
                return one
        raise NotServed(404, "Issue does not exist or you do not have permission to see it.")

    def _size(self, params: Params) -> int:
        # Only ids: the vendor's pages are larger then.
        cap = self.page * 50 if _list(params.get("fields")) == ["id"] else self.page
        return min(int(params.get("maxResults") or 50), cap)

    def _history(self, issue: Json) -> list[Json]:
        held = self.recording.histories.get(str(issue["id"]))
        if held is None:
            held = tuple((issue.get("changelog") or {}).get("histories") or ())
        return list(held)

    def _shown(self, issue: Json, params: Params) -> Json:
        """The issue with the fields asked for; without any word, ids and keys alone."""
        names = _list(params.get("fields"))
        shown = {key: issue[key] for key in ("id", "key") if key in issue}
        fields = issue["fields"]
        if "*all" in names:
            shown["fields"] = fields
        elif names and names != ["id"]:
            shown["fields"] = {name: fields[name] for name in names if name in fields}
        if "changelog" in _list(params.get("expand")):
            entries = self._history(issue)
            shown["changelog"] = {
                "startAt": 0,
                "maxResults": len(entries),
                "total": len(entries),
                "histories": entries,
            }
        return shown

    def _find(self, params: Params) -> list[Json]:
        clauses, _, order = str(params.get("jql") or "").partition(" ORDER BY ")
        if not clauses.strip():
            raise NotServed(400, "Unbounded JQL queries are not allowed here.")
        holds = self._parse(clauses)
        found = [one for one in self._issues.values() if holds(one)]
        for key in reversed([part.strip() for part in order.split(",") if part.strip()]):
            name, _, way = key.partition(" ")
            found.sort(key=_ORDERS[name], reverse=way.upper() == "DESC")
        return found

    def _parse(self, text: str) -> Callable[[Json], bool]:
        """A query of clauses joined by AND and OR, with parentheses."""
        tokens = re.findall(r'"[^"]*"|[()]|,|>=|!=|=|>|[^\s()=<>!,"]+', text)
        holds, rest = self._either(tokens)
        if rest:
            raise NotServed(400, f"Error in the JQL Query: {' '.join(rest)}")
        return holds

    def _either(self, tokens: list[str]) -> tuple[Callable[[Json], bool], list[str]]:
        parts = []
        while True:
            part, tokens = self._both(tokens)
            parts.append(part)
            if tokens[:1] != ["OR"]:
                return (lambda issue: any(one(issue) for one in parts)), tokens
            tokens = tokens[1:]

    def _both(self, tokens: list[str]) -> tuple[Callable[[Json], bool], list[str]]:
        parts = []
        while True:
            part, tokens = self._clause(tokens)
            parts.append(part)
            if tokens[:1] != ["AND"]:
                return (lambda issue: all(one(issue) for one in parts)), tokens
            tokens = tokens[1:]

    def _clause(self, tokens: list[str]) -> tuple[Callable[[Json], bool], list[str]]:
        if tokens[:1] == ["("]:
            holds, tokens = self._either(tokens[1:])
            return holds, tokens[1:]
        match tokens:
            case ["project", "=", value, *rest]:
                return self._in_projects([value]), rest
            case ["project", "in", "(", *more]:
                end = more.index(")")
                return self._in_projects([one for one in more[:end] if one != ","]), more[end + 1 :]
            case ["id", ">", value, *rest]:
                return (lambda issue: int(issue["id"]) > int(value)), rest
            case ["updated", ">=", value, *rest]:
                bound = self._instant(value)
                return (lambda issue: _moment(issue["fields"]["updated"]) >= bound), rest
            case ["statusCategory", "!=", "Done", *rest]:
                return (lambda issue: _category(issue) != "done"), rest
        raise NotServed(400, f"Error in the JQL Query: {' '.join(tokens)}")

    def _in_projects(self, names: Sequence[str]) -> Callable[[Json], bool]:
        ids = {str(self._known_project(name.strip('"'))["id"]) for name in names}
        return lambda issue: str(issue["fields"]["project"]["id"]) in ids

    def _known_project(self, name: str) -> Json:
        try:
            return self.project({}, name)
        except NotServed as error:
            raise NotServed(
                400, f"The value '{name}' does not exist for the field 'project'."
            ) from error

    def _instant(self, value: str) -> datetime:
        if value.isdecimal():
            if not self.epoch_ms:
                raise NotServed(400, f"Date value '{value}' for field 'updated' is invalid.")
            return datetime.fromtimestamp(int(value) / 1000, UTC)
        local = datetime.strptime(value.strip('"'), "%Y-%m-%d %H:%M")
        return local.replace(tzinfo=ZoneInfo(self.recording.time_zone)).astimezone(UTC)


_ORDERS: Mapping[str, Callable[[Json], Any]] = {
    "id": lambda issue: int(issue["id"]),
    "updated": lambda issue: _moment(issue["fields"]["updated"]),
    "created": lambda issue: _moment(issue["fields"]["created"]),
}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _category(issue: Json) -> str:
    return str(issue["fields"]["status"].get("statusCategory", {}).get("key"))


def _list(value: Any) -> list[str]:
    """A list in a body, or commas in an address."""
    if isinstance(value, list):
        return [part for one in value for part in str(one).split(",")]
    return [] if value is None else str(value).split(",")


def _listing(values: Sequence[Json], params: Params, cap: int) -> Json:
    start = int(params.get("startAt") or 0)
    size = min(int(params.get("maxResults") or cap), cap)
    return {
        "startAt": start,
        "maxResults": size,
        "total": len(values),
        "isLast": start + size >= len(values),
        "values": list(values[start : start + size]),
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        self._respond({key: ",".join(values) for key, values in query.items()})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._respond(json.loads(body) if body else {})

    def _respond(self, params: Params) -> None:
        replay = self.server.replay
        path = urlsplit(self.path).path
        status = 200
        try:
            if not self.headers.get("Authorization"):
                raise NotServed(401, "You are not authenticated.")
            answer = replay.answer(self.command, path, params)
        except NotServed as error:
            status, answer = error.status, {"errorMessages": [error.message], "errors": {}}
        replay.asked.append(Asked(self.command, path, params, status))
        payload = json.dumps(answer).encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "application/json;charset=UTF-8")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return f"{SERVED_AT:%a, %d %b %Y %H:%M:%S} GMT"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what was asked is kept in `Replay.asked`."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, replay: Replay) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replay = replay


@contextmanager
def serving(recording: Recording, *, page: int = 100, epoch_ms: bool = True) -> Iterator[Replay]:
    """The recording behind `.url`, until the block ends."""
    replay = Replay(recording, page=page, epoch_ms=epoch_ms)
    server = _Server(replay)
    replay.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield replay
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
