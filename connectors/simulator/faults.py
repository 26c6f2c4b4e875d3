"""Scripts of what goes wrong, and hooks that move the world around a request."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

from connectors.simulator import spoiling
from connectors.simulator.http import Request, Response

#: How a fault shows. `answer`: its own answer. `drop`: the connection closes without one; `reset`:
#: it breaks. Of the real answer: `cut` ends in its middle, `chop` too and does not show it, `drip`
#: comes slowly, `short` gives fewer rows than asked for and loses none, `hole` leaves a row out,
#: `null` has nothing in the place of one (GraphQL says so among its errors), `repeat` gives the
#: token that it was asked with, `stuck` is the first page whatever was asked for, `foreign` leads
#: on to another server, `mangled` holds something else in one place, drawn from `seed`.
Manner = Literal[
    "answer", "drop", "reset", "cut", "chop", "drip", "short", "hole", "null", "repeat", "stuck",
    "foreign", "mangled",
]  # fmt: skip
_HTML = "text/html;charset=UTF-8"
_PAGE = b"<!DOCTYPE html><html><head><title>Log in</title></head><body></body></html>"
_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body></body></html>"
_SECONDARY = (
    b'{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you'
    b' try again."}'
)


@dataclass(slots=True, kw_only=True)
class _When:
    """Which requests something is for."""

    #: let so many matching requests pass first.
    skip: int = 0
    #: regular expression on the query and body of the request: `query Issues`, `page=2`.
    asking: str = ""

    def _is_due(self, matching: str, line: str, asked: str) -> bool:
        if not re.search(matching, line):
            return False
        if self.asking and not re.search(self.asking, asked):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        return True


@dataclass(slots=True)
class Fault(_When):
    """Answers instead of the server while it matches and has any `times` left."""

    #: regular expression on `METHOD /path`.
    matching: str
    status: int = 500
    body: bytes = b'{"errorMessages":["Internal server error"]}'
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    #: how often; None = always.
    times: int | None = 1
    manner: Manner = "answer"
    #: `Retry-After` as a date, so long after the answer.
    after: timedelta | None = None
    #: what is mangled, and into what, follows from it and from the request.
    seed: int = 0

    def response(self, now: datetime) -> Response:
        """What it answers at an instant."""
        headers = self.headers
        if self.after is not None:
            headers = {**headers, "Retry-After": format_datetime(now + self.after, usegmt=True)}
        return Response(self.status, self.body, headers, self.content_type)

    def takes(self, line: str, asked: str) -> bool:
        """Whether this request is its; counts it."""
        if self.times == 0 or not self._is_due(self.matching, line, asked):
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(slots=True)
class Hook(_When):
    """Runs once: before the answer to a matching request is made, or `after`, before it is sent."""

    matching: str
    run: Callable[[], object]
    done: bool = False
    after: bool = False

    def takes(self, line: str, asked: str) -> bool:
        """Whether it is due with this request; counts it."""
        if self.done or not self._is_due(self.matching, line, asked):
            return False
        self.done = True
        return True


class Script:
    """All faults and hooks of one server."""

    def __init__(self) -> None:
        """Nothing goes wrong."""
        self.faults: list[Fault] = []
        self.hooks: list[Hook] = []
        self._rest = spoiling.Rest()
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self.faults.clear()
            self.hooks.clear()

    def due(self, request: Request) -> tuple[Fault | None, list[Hook]]:
        """The fault that takes this request, if any, and the hooks that are due with it."""
        line = f"{request.method} /{request.path.lstrip('/')}"
        asked = f"{request.text}{request.body.decode('utf-8', 'replace')}"
        with self._lock:
            hooks = [one for one in self.hooks if one.takes(line, asked)]
            fault = next((one for one in self.faults if one.takes(line, asked)), None)
        return fault, hooks

    def answer(
        self, fault: Fault | None, request: Request, handle: Callable[[Request], Response]
    ) -> Response:
        """The real answer of `handle`, as the fault leaves it."""
        manner = fault.manner if fault is not None else "answer"
        heard = spoiling.twist(manner, request)
        response = self._rest.give_back(heard, handle(heard))
        if manner == "short":
            return self._rest.keep(heard, response)
        if manner == "mangled" and fault is not None:
            return spoiling.mangle(fault.seed, heard, response)
        return spoiling.spoil(manner, heard, response)


# --- what servers and those before them answer -----------------------------------------------


def server_trouble(matching: str, status: int = 503, **more: Any) -> Fault:
    """A status of 500 and above; what is no 500 comes from a gateway, as a page."""
    if status == 500:
        return Fault(matching, 500, **more)
    return Fault(matching, status, _GATEWAY, content_type=_HTML, **more)


def too_many(matching: str, wait: float | datetime | timedelta | None, **more: Any) -> Fault:
    """429 with `Retry-After` in seconds, as a date (also so long after the answer), or without."""
    headers = {}
    if isinstance(wait, timedelta):
        more["after"] = wait
    elif isinstance(wait, datetime):
        headers["Retry-After"] = format_datetime(wait, usegmt=True)
    elif wait is not None:
        headers["Retry-After"] = str(wait)
    body = b'{"errorMessages":["Rate limit exceeded."]}'
    return Fault(matching, 429, body, headers, **more)


def secondary_limit(matching: str, wait: int | None = None, **more: Any) -> Fault:
    """GitHub: 403 for too many requests at once, with or without the time to wait."""
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return Fault(matching, 403, _SECONDARY, headers, **more)


def graphql_errors(matching: str, said: str = "Internal server error", **more: Any) -> Fault:
    """GraphQL: status 200, no data, and an error."""
    body = b'{"data":null,"errors":[{"message":"%s"}]}' % said.encode()
    return Fault(matching, 200, body, **more)


def login_page(matching: str, status: int = 200, **more: Any) -> Fault:
    """A page for people instead of an answer, as single sign-on and proxies send it."""
    return Fault(matching, status, _PAGE, content_type=_HTML, **more)


def redirect(matching: str, to: str, status: int = 302, **more: Any) -> Fault:
    """Sends the client elsewhere."""
    return Fault(matching, status, b"", {"Location": to}, content_type=_HTML, **more)


def wrong_type(matching: str, **more: Any) -> Fault:
    """Bytes that are no JSON, under a name that promises none."""
    return Fault(matching, 200, b"\x00\x01", content_type="application/octet-stream", **more)


# --- what is meant to break a client ----------------------------------------------------------


def gzip_bomb(matching: str, megabytes: int = 1024, **more: Any) -> Fault:
    """A small body that unpacks to so many MB of one JSON text."""
    return Fault(
        matching, 200, spoiling.packed(megabytes), {"Content-Encoding": "gzip"}, **more
    )  # fmt: skip


def nested(matching: str, depth: int = 100_000, **more: Any) -> Fault:
    """Lists in lists: valid JSON that a recursive reader cannot read."""
    return Fault(matching, 200, b"[" * depth + b"]" * depth, **more)


def huge_number(matching: str, digits: int = 100_000, **more: Any) -> Fault:
    """A number that takes very long to read."""
    return Fault(matching, 200, b'{"total":' + b"9" * digits + b"}", **more)
