"""Scripts of what goes wrong, and hooks that move the world between two requests."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Literal
from urllib.parse import urlencode

import orjson

from connectors.simulator.http import Request, Response

#: How a fault shows. `answer`: its own answer. `drop`: the connection closes without one. Of the
#: real answer: `cut` sends half, `drip` sends it slowly, `short` gives fewer rows than asked for
#: and loses none, `hole` leaves a row out, `repeat` gives the token that it was asked with.
Manner = Literal["answer", "drop", "cut", "drip", "short", "hole", "repeat"]
_HTML = "text/html;charset=UTF-8"
_PAGE = b"<!DOCTYPE html><html><head><title>Log in</title></head><body></body></html>"
#: Names of the lists that answers hold their rows in.
_ROWS = ("issues", "values", "workflow_runs", "jobs", "check_runs", "statuses")


@dataclass(slots=True)
class Fault:
    """Answers instead of the server while it matches and has any `times` left."""

    #: regular expression on `METHOD /path`.
    matching: str
    status: int = 500
    body: bytes = b'{"errorMessages":["Internal server error"]}'
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    #: how often; None = always.
    times: int | None = 1
    #: let so many matching requests pass first.
    skip: int = 0
    manner: Manner = "answer"

    def response(self) -> Response:
        """What it answers."""
        return Response(self.status, self.body, self.headers, self.content_type)

    def twist(self, request: Request) -> Request:
        """The request as the server is made to understand it."""
        if self.manner != "short":
            return request
        if request.body:
            asked = request.json()
            if "variables" in asked:
                first = asked["variables"].get("first")
                asked["variables"]["first"] = _half(first)
                return replace(request, body=orjson.dumps(asked))
            asked["maxResults"] = _half(asked.get("maxResults"))
            return replace(request, body=orjson.dumps(asked))
        half = str(_half(request.one("maxResults")))
        return replace(request, query={**request.query, "maxResults": [half]})

    def spoil(self, request: Request, response: Response) -> Response:
        """The server's real answer, made wrong."""
        if self.manner not in ("hole", "repeat") or response.status != 200:
            return response
        found = orjson.loads(response.body)
        headers = response.headers
        if self.manner == "hole":
            rows = _rows(found)
            if rows:
                del rows[len(rows) // 2]
        elif isinstance(found, dict) and "data" in found:
            after = (request.json().get("variables") or {}).get("after")
            info = _inside(found["data"], "pageInfo")
            if after and info is not None:
                info["endCursor"], info["hasNextPage"] = after, True
        elif request.one("page"):
            # The next page is this one again, at the address that its links show.
            address = headers.get("Link", "<").split("<", 1)[1].split("?", 1)[0]
            again = f"{address}?{urlencode(request.query, doseq=True)}"
            headers = {**headers, "Link": f'<{again}>; rel="next"'}
        else:
            token = request.json().get("nextPageToken") or request.one("nextPageToken")
            if token:
                found["nextPageToken"], found["isLast"] = token, False
        return replace(response, body=orjson.dumps(found), headers=headers)


def _rows(found: Any) -> list[Any]:
    """The rows of an answer, wherever its vendor puts them."""
    if isinstance(found, list):
        return found
    for name in _ROWS:
        if found.get(name):
            rows: list[Any] = found[name]
            return rows
    return _inside(found.get("data"), "nodes") or []


def _inside(found: Any, name: str) -> Any:
    """The outermost value of a name in nested objects."""
    if not isinstance(found, dict):
        return None
    if name in found:
        return found[name]
    return next((held for one in found.values() if (held := _inside(one, name))), None)


def _half(asked: Any) -> int:
    return max(1, int(asked or 50) // 2)


def too_many(matching: str, wait: int | datetime | None, **more: Any) -> Fault:
    """429 with `Retry-After` in seconds, as a date, or without it."""
    headers = {}
    if isinstance(wait, datetime):
        headers["Retry-After"] = format_datetime(wait, usegmt=True)
    elif wait is not None:
        headers["Retry-After"] = str(wait)
    body = b'{"errorMessages":["Rate limit exceeded."]}'
    return Fault(matching, 429, body, headers, **more)


def login_page(matching: str, status: int = 200, **more: Any) -> Fault:
    """A page for people instead of an answer, as single sign-on and proxies send it."""
    return Fault(matching, status, _PAGE, content_type=_HTML, **more)


def redirect(matching: str, to: str, status: int = 302, **more: Any) -> Fault:
    """Sends the client elsewhere."""
    return Fault(matching, status, b"", {"Location": to}, content_type=_HTML, **more)


def wrong_type(matching: str, **more: Any) -> Fault:
    """Bytes that are no JSON, under a name that promises none."""
    return Fault(matching, 200, b"\x00\x01", content_type="application/octet-stream", **more)


@dataclass(slots=True)
class Hook:
    """Runs once, before the answer to a matching request is made."""

    matching: str
    run: Callable[[], None]
    skip: int = 0
    done: bool = False


class Script:
    """All faults and hooks of one server."""

    def __init__(self) -> None:
        """Nothing goes wrong."""
        self.faults: list[Fault] = []
        self.hooks: list[Hook] = []
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self.faults.clear()
            self.hooks.clear()

    def before(self, request: Request) -> Fault | None:
        """Run the hooks that are due; the fault that takes this request, if any."""
        line = f"{request.method} /{request.path.lstrip('/')}"
        due: list[Hook] = []
        found: Fault | None = None
        with self._lock:
            for hook in self.hooks:
                if hook.done or not re.search(hook.matching, line):
                    continue
                if hook.skip > 0:
                    hook.skip -= 1
                    continue
                hook.done = True
                due.append(hook)
            for fault in self.faults:
                if fault.times == 0 or not re.search(fault.matching, line):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                found = fault
                break
        for hook in due:
            hook.run()
        return found
