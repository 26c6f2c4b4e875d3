"""Requests and answers of the simulated servers, apart from any vendor."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import orjson

from connectors.jsonbytes import encode
from connectors.simulator.clock import Clock
from connectors.simulator.world import Credential, World


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked; `path` is below the dialect's prefix."""

    method: str
    path: str
    #: every value of each query parameter.
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    #: the query as it was sent.
    text: str = ""

    def one(self, name: str, default: str = "") -> str:
        """The last value of a parameter."""
        values = self.query.get(name)
        return values[-1] if values else default

    @property
    def origin(self) -> str:
        """Scheme and host as the client reached them, for links in answers."""
        scheme = self.headers.get("X-Forwarded-Proto", "http")
        return f"{scheme}://{self.headers.get('Host', '127.0.0.1')}"

    def json(self) -> dict[str, Any]:
        """The body as an object; empty for nothing or nonsense."""
        try:
            found = orjson.loads(self.body or b"{}")
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Response:
    """What is sent back."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Logged:
    """One line of the request log."""

    method: str
    #: with the dialect's prefix.
    path: str
    query: Mapping[str, list[str]]
    #: of the request, with what it proves who asks by.
    headers: Mapping[str, str]
    body: bytes
    #: name of the login that asked; None: none that is known.
    credential: str | None
    status: int
    #: the answer's body.
    sent: bytes
    at: datetime


class Dialect(Protocol):
    """One vendor's manner of speaking, under a path prefix."""

    prefix: str

    def handle(self, world: World, clock: Clock, request: Request) -> Response:
        """The answer to one request; called under the world's lock."""
        ...

    def credential(self, world: World, request: Request) -> Credential | None:
        """Who asks, if the request proves it."""
        ...


def json_response(value: Any, status: int = 200, **headers: str) -> Response:
    """A JSON answer."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(status, encode(value), named)
