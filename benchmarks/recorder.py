"""A simulated GitHub that keeps every answer, so that it can be served again at no cost."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from urllib.parse import unquote

import orjson

from connectors.simulator.clock import Clock
from connectors.simulator.faults import Manner
from connectors.simulator.github import GitHub
from connectors.simulator.github_shapes import Shapes
from connectors.simulator.http import Dialect, Request, Response, json_response
from connectors.simulator.limits import Limit
from connectors.simulator.server import Simulator
from connectors.simulator.world import World

#: What a request is told apart by: method, path with sorted query, body.
Key = tuple[str, str, bytes]
#: Status, body, headers.
Answer = tuple[int, bytes, dict[str, str]]

#: Stands for the address of whoever serves, which answers name in their links.
HERE = "http://bench.invalid"

_USER = re.compile(r"(?:api/v3/)?users/([^/]+)(/orgs)?")
_REVIEWERS = re.compile(r"(.+/pulls/\d+)/requested_reviewers")
_PAGE = re.compile(r"[?&]page=(\d+)")


class Recorder(Simulator):
    """Serves, and keeps what it served."""

    def __init__(self, world: World, clock: Clock) -> None:
        """Cloud and Enterprise of one world, with limits that no measured run reaches."""
        super().__init__(world, clock, dialects=_dialects())
        self.kept: dict[Key, Answer] = {}

    def answer(self, prefix: str, request: Request) -> tuple[Response, Manner]:
        """The simulator's answer, with what only peers ask for or count on."""
        asked, listing = request, request.path.endswith("/issues")
        if listing and (number := request.one("after")):
            others = {name: one for name, one in request.query.items() if name != "after"}
            asked = replace(request, query={**others, "page": [number]})
        response, manner = super().answer(prefix, asked)
        if response.status == 404:
            response = self._missed(prefix, request.path) or response
        elif listing and request.method == "GET":
            response = _completed(response)
        here = f"http://127.0.0.1:{self.port}"
        headers = {name: text.replace(here, HERE) for name, text in response.headers.items()}
        body = response.body.replace(here.encode(), HERE.encode())
        kept = key(request.method, f"/{prefix}/{request.path}", request.query, request.body)
        self.kept.setdefault(kept, (response.status, body, headers))
        self.log.clear()
        return response, manner

    def take(self) -> dict[Key, Answer]:
        """What was kept since the last taking, in the order of the first asking."""
        kept, self.kept = self.kept, {}
        return kept

    def _missed(self, prefix: str, path: str) -> Response | None:
        """Accounts, and who is asked to review: the simulator does not serve them."""
        if found := _REVIEWERS.fullmatch(path):
            again = Request("GET", found[1], {}, self._bearer, b"")
            pull = orjson.loads(super().answer(prefix, again)[0].body)
            return json_response({"users": pull["requested_reviewers"], "teams": []})
        if (found := _USER.fullmatch(path)) is None:
            return None
        login = unquote(found[1])
        for one in self.world.people.values():
            if login in (one.login, f"{one.login}[bot]"):
                shapes = Shapes(self.world, self.url(prefix))
                return json_response([] if found[2] else shapes.me(one))
        return None

    @property
    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.world.credentials['owner'].token}"}


def key(method: str, path: str, query: Mapping[str, Sequence[str]], body: bytes) -> Key:
    """What tells requests apart."""
    asked = (f"{name}={value}" for name, values in sorted(query.items()) for value in values)
    return method, f"{path}?{'&'.join(asked)}", body


def _dialects() -> tuple[Dialect, ...]:
    hour = timedelta(hours=1)
    limits = [Limit(10**7, hour) for _ in range(4)]
    return (
        GitHub(limit=limits[0], points=limits[1]),
        GitHub(prefix="github-enterprise", enterprise=True, limit=limits[2], points=limits[3]),
    )


def _completed(response: Response) -> Response:
    """A listing of issues with the cursor beside the page, and with members that peers count on."""
    issues = orjson.loads(response.body)
    for one in issues:
        one.setdefault("type", None)
        one.setdefault("reactions", {"total_count": 0})
    link = response.headers.get("Link", "")
    linked = _PAGE.sub(lambda found: f"{found[0]}&after={found[1]}", link)
    headers = {**response.headers, "Link": linked} if link else response.headers
    return replace(response, body=orjson.dumps(issues), headers=headers)
