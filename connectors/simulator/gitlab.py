"""GitLab's dialect: REST, paged by offset and by key, and GraphQL with a limit of complexity."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from connectors.simulator.clock import Clock
from connectors.simulator.gitlab_rest import Rest, Settings
from connectors.simulator.gitlab_shapes import Shapes
from connectors.simulator.gitlab_view import Cache, View
from connectors.simulator.http import Request, Response, json_response
from connectors.simulator.limits import Limit, Taken
from connectors.simulator.world import Credential, World

#: Scopes of a token that may read the whole API.
READING = frozenset({"api", "read_api"})
#: Scopes that GitLab knows; others belong to other vendors' tokens.
SCOPES = READING | {"read_user", "read_repository", "write_repository", "read_registry"}
_PAGE = b"<!DOCTYPE html><html><head><title>Sign in - GitLab</title></head><body></body></html>"


@dataclass(slots=True)
class GitLab:
    """One GitLab server in front of the world."""

    prefix: str = "gitlab"
    version: str = "18.6.0-ee"
    #: weights, iterations, approval rules.
    premium: bool = True
    #: whether issues can be paged by key, as since 18.3.
    keyset_issues: bool = True
    #: whether approvals tell when they were given.
    approval_times: bool = True
    #: whether GraphQL answers at all: some proxies let only REST through.
    graphql: bool = True
    #: whether GraphQL knows what was added since the middle of 2023.
    newer_fields: bool = True
    #: most points of a GraphQL query.
    complexity_limit: int = 250
    #: points of single GraphQL fields by `Type.field`; releases change them.
    weights: Mapping[str, int] = field(default_factory=dict)
    #: most records that a GraphQL query may ask for before it takes too long; None: any number.
    max_nodes: int | None = None
    #: last day of the token.
    token_expires: date | None = None
    #: requests of one user; None: no limit.
    limit: Limit | None = None
    #: requests for a project alone, whose answers tell nothing of the limit; None: no limit.
    project_limit: Limit | None = None
    _cache: Cache = field(default_factory=Cache)

    def credential(self, world: World, request: Request) -> Credential | None:
        """A token in a header of its own, or as Bearer."""
        token = request.headers.get("Private-Token", "")
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        if not token and kind.lower() == "bearer":
            token = value
        for one in world.credentials.values():
            if token and token == one.token and not one.revoked:
                return one
        return None

    def handle(self, world: World, clock: Clock, request: Request) -> Response:
        """Answer one request, with the headers of every answer."""
        who = self.credential(world, request)
        headers = {"X-Request-Id": f"{clock.now():%H%M%S}", "X-Gitlab-Meta": '{"version":"1"}'}
        refused = None
        if self.limit is not None and who is not None:
            taken = self.limit.take(who.name, clock.now())
            headers |= _limits(taken)
            if not taken.allowed:
                headers["Retry-After"] = taken.retry_after
                refused = Response(429, b"Retry later\n", content_type="text/plain")
        response = refused or self._answer(world, clock, request, who)
        return replace(response, headers={**headers, **response.headers})

    def _answer(
        self, world: World, clock: Clock, request: Request, who: Credential | None
    ) -> Response:
        path = request.path.strip("/")
        if not path.startswith("api/"):
            return Response(200, _PAGE, content_type="text/html; charset=utf-8")
        if path == "api/graphql" and not self.graphql:
            return Response(404, _PAGE, content_type="text/html; charset=utf-8")
        if who is None:
            if path == "api/graphql":
                return json_response({"errors": [{"message": "Invalid token"}]}, 401)
            return json_response({"message": "401 Unauthorized"}, 401)
        expired = self.token_expires is not None and self.token_expires < clock.now().date()
        if expired:
            return json_response(
                {"error": "invalid_token", "error_description": "Token is expired."}, 401
            )
        if not world.people[who.account_id].active:
            return json_response({"message": "403 Forbidden - Your account has been blocked."}, 403)
        scopes = self.scopes(world, who)
        about_me = path in ("api/v4/user", "api/v4/personal_access_tokens/self")
        if not READING & set(scopes) and not (about_me and "read_user" in scopes):
            return json_response(
                {
                    "error": "insufficient_scope",
                    "error_description": "The request requires higher privileges than provided "
                    "by the access token.",
                    "scope": "api read_api",
                },
                403,
            )
        view = View(world, who, self._cache)
        shapes = Shapes(view, clock.now(), self.approval_times, self.premium)
        if path.startswith("api/v4/"):
            return self._rest(view, shapes, clock, request, scopes)
        if path == "api/graphql":
            return self._graphql(shapes, request)
        return json_response({"error": "404 Not Found"}, 404)

    def _graphql(self, shapes: Shapes, request: Request) -> Response:
        # The engine of GraphQL takes a while to import: only where somebody asks.
        from connectors.simulator.gitlab_graphql import answer

        return answer(
            request,
            shapes,
            self.version,
            newer=self.newer_fields,
            limit=self.complexity_limit,
            weights=self.weights,
            max_nodes=self.max_nodes,
        )

    def scopes(self, world: World, who: Credential) -> tuple[str, ...]:
        """Scopes of the token; one of which nothing is said may read."""
        told = tuple(one for one in world.code.access_of(who).scopes if one in SCOPES)
        return told or ("read_api",)

    def _rest(
        self, view: View, shapes: Shapes, clock: Clock, request: Request, scopes: tuple[str, ...]
    ) -> Response:
        parts = request.path.strip("/").split("/")
        limit = self.project_limit if parts[2:3] == ["projects"] and len(parts) == 4 else None
        if limit is not None and not limit.take(view.who.name, clock.now()).allowed:
            said = "This endpoint has been requested too many times. Try again later."
            return json_response({"message": {"error": said}}, 429)
        settings = Settings(
            self.prefix,
            self.version,
            self.premium,
            self.keyset_issues,
            self.token_expires,
            scopes,
        )
        return Rest(settings, view, shapes, request).answer()


def _limits(taken: Taken) -> Mapping[str, str]:
    """What is left, as every answer tells it."""
    return {
        "RateLimit-Limit": str(taken.limit),
        "RateLimit-Observed": str(taken.limit - taken.remaining),
        "RateLimit-Remaining": str(taken.remaining),
        "RateLimit-Reset": str(int(taken.reset.timestamp())),
        "RateLimit-Name": "throttle_authenticated_api",
    }
