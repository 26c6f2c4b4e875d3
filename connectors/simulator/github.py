"""GitHub's dialect: REST and GraphQL with their limits, as a cloud and as an Enterprise server."""

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import orjson
from graphql import GraphQLError

from connectors.simulator import github_nodes as nodes
from connectors.simulator import github_rest as rest
from connectors.simulator.clock import Clock
from connectors.simulator.github_ids import instant
from connectors.simulator.github_scene import Scene
from connectors.simulator.github_shapes import Shapes
from connectors.simulator.graphql import Question, Refused, Service
from connectors.simulator.http import Request, Response, json_response
from connectors.simulator.limits import Limit, Taken
from connectors.simulator.world import Credential, World

#: Most nodes that a query may ask for.
NODE_LIMIT = 500_000
_HOUR = timedelta(hours=1)
_GATEWAY_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body></body></html>"


def _hourly() -> Limit:
    return Limit(5000, _HOUR)


@dataclass(frozen=True, slots=True)
class App:
    """A GitHub App that was installed: its tokens see what a login of the company sees."""

    id: str = "4711"
    installation_id: int = 99
    credential: str = "owner"
    #: how long each of its tokens is good for.
    lifetime: timedelta = timedelta(hours=1)


@dataclass(slots=True)
class GitHub:
    """One GitHub in front of the world."""

    prefix: str = "github"
    #: a company's own server: the API is below `api/v3`, GraphQL at `api/graphql`.
    enterprise: bool = False
    #: GraphQL answers at all.
    graphql: bool = True
    #: the schema knows types of issues and duplicates.
    newer: bool = True
    #: the schema knows projects (v2).
    projects: bool = True
    #: requests in an hour; None: limits are switched off.
    limit: Limit | None = field(default_factory=_hourly)
    #: GraphQL's points in an hour.
    points: Limit | None = field(default_factory=_hourly)
    #: limits that are switched off are told as nothing of nothing, as some servers do.
    tells_zero: bool = False
    #: requests of both in a while, answered without a reset when there are too many.
    secondary: Limit | None = None
    #: a query that asks for more nodes takes longer than the server waits.
    max_nodes: int | None = None
    #: required checks are told by rulesets; else by the classic protection of branches.
    rulesets: bool = True
    #: when the people's tokens end (UTC); None: never.
    token_expires: datetime | None = None
    app: App | None = None
    version: str = "3.14.2"
    #: tokens of the App's installation, and when they end.
    _minted: dict[str, datetime] = field(default_factory=dict)

    def credential(self, world: World, request: Request) -> Credential | None:
        """A token as Bearer, `token` or password; an App's installation counts as its login."""
        value = self._token(request)
        if value in self._minted and self.app is not None:
            return world.credentials[self.app.credential]
        return next(
            (one for one in world.credentials.values() if one.token == value and not one.revoked),
            None,
        )

    def _token(self, request: Request) -> str | None:
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                value = base64.b64decode(value).decode().partition(":")[2]
            except ValueError:
                return None
        elif kind.lower() not in ("bearer", "token"):
            return None
        return value

    def _ended(self, request: Request, clock: Clock) -> bool:
        """Whether the time of the token that asks is over."""
        ends = self._minted.get(self._token(request) or "", self.token_expires)
        return ends is not None and ends <= clock.now()

    def handle(self, world: World, clock: Clock, request: Request) -> Response:
        """Answer one request, with the headers of every answer."""
        who = self.credential(world, request)
        path = request.path.strip("/")
        headers = {
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-GitHub-Request-Id": f"{clock.now():%H%M%S}:1",
            "X-GitHub-Api-Version-Selected": request.headers.get(
                "X-Github-Api-Version", "2022-11-28"
            ),
        }
        if self.enterprise:
            headers["X-GitHub-Enterprise-Version"] = self.version
            inside = path.removeprefix("api/v3").lstrip("/") if path.startswith("api/v3") else None
            is_graphql = path == "api/graphql"
        else:
            inside, is_graphql = path, path == "graphql"
        by_app = self._token(request) in self._minted
        if self.app is not None and request.method == "POST" and inside is not None and who is None:
            response = self._mint(self.app, request, clock, inside)
        elif who is None or self._ended(request, clock):
            known = "Authorization" in request.headers
            message = "Bad credentials" if known else "Requires authentication"
            response = rest.Problem(401, message).response()
        elif is_graphql and self.graphql:
            response = self._graphql(world, clock, request, who)
        elif inside is not None and not is_graphql:
            response = self._rest(world, clock, request, who, inside, by_app=by_app)
        else:
            response = rest.Problem(404, "Not Found").response()
        if self.limit is None and self.tells_zero:
            headers |= {"X-RateLimit-Limit": "0", "X-RateLimit-Remaining": "0"}
        access = world.code.access_of(who) if who else None
        if self.token_expires is not None and who is not None and not by_app:
            ends = f"{self.token_expires:%Y-%m-%d %H:%M:%S} UTC"
            headers["GitHub-Authentication-Token-Expiration"] = ends
        if access is not None and not access.fine_grained and not by_app:
            headers["X-OAuth-Scopes"] = ", ".join(access.scopes)
        return replace(response, headers={**headers, **response.headers})

    def _mint(self, app: App, request: Request, clock: Clock, path: str) -> Response:
        """A new token of the installation, for who names the App in a signed claim."""
        if path != f"app/installations/{app.installation_id}/access_tokens":
            return rest.Problem(404, "Not Found").response()
        if _issuer(self._token(request) or "") != app.id:
            message = "A JSON web token could not be decoded"
            return rest.Problem(401, message).response()
        token, ends = f"ghs_{len(self._minted) + 1:036d}", clock.now() + app.lifetime
        self._minted[token] = ends
        permissions = {"contents": "read", "issues": "read", "metadata": "read"}
        return json_response(
            {
                "token": token,
                "expires_at": instant(ends),
                "permissions": permissions,
                "repository_selection": "all",
            },
            201,
        )

    # --- limits -----------------------------------------------------------------------------

    def _look(self, limit: Limit | None, who: Credential, clock: Clock, cost: int) -> Taken | None:
        return None if limit is None else limit.take(who.name, clock.now(), cost)

    def _secondary(self, who: Credential, clock: Clock) -> Response | None:
        taken = self._look(self.secondary, who, clock, 1)
        if taken is None or taken.allowed:
            return None
        return rest.Problem(
            403,
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try"
            " again.",
            {"Retry-After": str(max(60, int(taken.retry_after)))},
        ).response()

    def _exceeded(self, world: World, who: Credential) -> str:
        return f"API rate limit exceeded for user ID {world.code.user_id(who.account_id)}."

    # --- REST -------------------------------------------------------------------------------

    def _rest(
        self,
        world: World,
        clock: Clock,
        request: Request,
        who: Credential,
        path: str,
        *,
        by_app: bool,
    ) -> Response:
        if path == "rate_limit":
            return self._rate_limit(clock, who)
        if path == "meta":
            told: dict[str, Any] = {"verifiable_password_authentication": not self.enterprise}
            if self.enterprise:
                told["installed_version"] = self.version
            return json_response(told)
        looked = self._look(self.limit, who, clock, 0)
        if looked is not None and not looked.allowed:
            problem = rest.Problem(403, self._exceeded(world, who), _told(looked, "core"))
            return problem.response()
        refused = self._secondary(who, clock)
        if refused is not None:
            return refused
        base = f"{request.origin}/{self.prefix}"
        root = f"{base}/api/v3" if self.enterprise else base
        scene = rest.Scene(Shapes(world, root), who, request, self.rulesets, by_app)
        try:
            if request.method != "GET":
                raise rest.Problem(404, "Not Found")
            response = _tagged(rest.answer(scene, path), request, who)
        except (rest.Problem, rest.Elsewhere) as other:
            response = other.response()
        # What has not changed costs nothing.
        taken = self._look(self.limit, who, clock, 0 if response.status == 304 else 1)
        told_headers = _told(taken, "core") if taken is not None else {}
        return replace(response, headers={**response.headers, **told_headers})

    def _rate_limit(self, clock: Clock, who: Credential) -> Response:
        core = self._look(self.limit, who, clock, 0)
        points = self._look(self.points, who, clock, 0)
        if core is None or points is None:
            return rest.Problem(404, "Rate limiting is not enabled.").response()
        rate = _budget(core)
        search = {"limit": 30, "remaining": 30, "used": 0, "reset": rate["reset"]}
        resources = {"core": rate, "search": search, "graphql": _budget(points)}
        return json_response({"resources": resources, "rate": rate})

    # --- GraphQL ----------------------------------------------------------------------------

    def _graphql(self, world: World, clock: Clock, request: Request, who: Credential) -> Response:
        looked = self._look(self.points, who, clock, 0)
        if looked is not None and not looked.allowed:
            error = {"type": "RATE_LIMITED", "message": self._exceeded(world, who)}
            found = json_response({"errors": [error]})
            return replace(found, headers=_told(looked, "graphql"))
        refused = self._secondary(who, clock)
        if refused is not None:
            return refused
        asked = request.json()
        service = schema_of(newer=self.newer, projects=self.projects)
        question = service.question(
            str(asked.get("query") or ""), asked.get("variables"), asked.get("operationName")
        )
        if isinstance(question, list):
            return json_response({"errors": [_error(one) for one in question]})
        cost, count = price(service, question)
        if count > NODE_LIMIT:
            message = (
                f"This query requests up to {count:,} possible nodes which exceeds the maximum"
                f" limit of {NODE_LIMIT:,}."
            )
            error = {"type": "MAX_NODE_LIMIT_EXCEEDED", "message": message}
            return json_response({"errors": [error]})
        taken = self._look(self.points, who, clock, cost)
        headers = _told(taken, "graphql") if taken is not None else {}
        if self.max_nodes is not None and count > self.max_nodes:
            # Ten seconds are over; the points are spent all the same.
            return Response(502, _GATEWAY_PAGE, headers, "text/html; charset=utf-8")
        scene = Scene(world, who, taken, cost, count)
        answer = service.answer(question, scene)
        body: dict[str, Any] = {"data": answer.data}
        if answer.errors:
            body["errors"] = [_error(one) for one in answer.errors]
        return replace(json_response(body), headers=headers)


@cache
def schema_of(*, newer: bool, projects: bool = True) -> Service:
    """The schema of a server of today, or of one before types of issues or before projects."""
    here = files("connectors.simulator")
    schema = (here / "github.graphql").read_text("utf-8")
    more = (here / "github_projects.graphql").read_text("utf-8") if projects else ""
    if newer:
        more += (here / "github_newer.graphql").read_text("utf-8")
    else:
        schema = schema.replace("(enableDuplicate: Boolean = false)", "")
    return Service(schema, nodes.RESOLVERS, nodes.type_of, more=more)


def price(service: Service, question: Question) -> tuple[int, int]:
    """(points, nodes) of a query.

    As documented: how often each connection is asked for, all together, by a hundred, at least one
    point; and the nodes of all connections if every page is full.
    """
    connections = [(one.times, one.page) for one in service.asked(question) if one.page]
    requests = sum(times for times, _ in connections)
    return max(1, round(requests / 100)), sum(times * (page or 0) for times, page in connections)


def _issuer(claim: str) -> str | None:
    """Who a signed claim says it is from; the signature is taken on trust."""
    parts = claim.split(".")
    if len(parts) != 3:
        return None
    try:
        told = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return str(told.get("iss")) if isinstance(told, dict) else None


def _error(error: GraphQLError) -> dict[str, Any]:
    cause = error.original_error
    found: dict[str, Any] = {"message": error.message}
    if isinstance(cause, Refused):
        found["type"] = cause.kind
        if "SAML" in error.message:
            found["extensions"] = {"saml_failure": True}
    if error.path:
        found["path"] = list(error.path)
    if error.locations:
        found["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    return found


def _budget(taken: Taken) -> dict[str, int]:
    return {
        "limit": taken.limit,
        "remaining": taken.remaining,
        "used": taken.limit - taken.remaining,
        "reset": math.ceil(taken.reset.timestamp()),
    }


def _told(taken: Taken, resource: str) -> dict[str, str]:
    """The headers that tell what is left."""
    numbers = {f"X-RateLimit-{name.title()}": str(value) for name, value in _budget(taken).items()}
    return {**numbers, "X-RateLimit-Resource": resource}


def _tagged(response: Response, request: Request, who: Credential) -> Response:
    """With its ETag, which belongs to the token; 304 if the client holds it already."""
    mark = sha256(who.token.encode() + response.body).hexdigest()[:40]
    tag = f'W/"{mark}"'
    headers = {
        **response.headers,
        "ETag": tag,
        "Cache-Control": "private, max-age=60, s-maxage=60",
        "Vary": "Accept, Authorization, Cookie, X-GitHub-OTP",
    }
    held: Mapping[str, str] = request.headers
    if held.get("If-None-Match", "").removeprefix("W/") == tag.removeprefix("W/"):
        return Response(304, b"", headers)
    return replace(response, headers=headers)
