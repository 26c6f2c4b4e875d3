"""GitLab's GraphQL endpoint: limits of length, complexity and time, and the answer."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from graphql import DocumentNode, ObjectTypeDefinitionNode, parse, print_ast
from graphql.error import GraphQLError

from connectors.simulator.gitlab_complexity import Complexity
from connectors.simulator.gitlab_fields import FIELDS, Graph
from connectors.simulator.gitlab_shapes import Shapes
from connectors.simulator.graphql import Question, Service
from connectors.simulator.http import Request, Response, json_response

#: Longest query in characters.
MAX_LENGTH = 10_000
#: Fields that only a paid server has.
PAID = frozenset(
    {
        "Issue.weight",
        "Issue.healthStatus",
        "Issue.iteration",
        "Issue.epic",
        "Issue.blockedByCount",
        "Issue.blockedByIssues",
    }
)
_PAID = PAID | {"Project.iterations", "Group.iterations"}


def answer(
    request: Request,
    shapes: Shapes,
    version: str,
    *,
    newer: bool,
    limit: int,
    weights: Mapping[str, int],
    max_nodes: int | None,
) -> Response:
    """The answer to one query.

    `newer`: whether the server knows what was added since the middle of 2023; `limit`: most points
    of a query; `weights`: points of single fields by `Type.field`; `max_nodes`: most records that
    the server finds in time.
    """
    if request.method != "POST":
        return json_response({"error": "404 Not Found"}, 404)
    asked = request.json()
    text = asked.get("query")
    if not isinstance(text, str) or not text.strip():
        return _refused("No query string was present")
    if len(text) > MAX_LENGTH:
        return _refused("Query too large", 422)
    served = service(shapes.premium, newer)
    question = served.question(text, asked.get("variables"), asked.get("operationName"))
    if isinstance(question, list):
        return json_response({"errors": [_error(one) for one in question]})
    score = Complexity(served.schema, weights).score(question)
    if score > limit:
        return _refused(f"Query has complexity of {score}, which exceeds max complexity of {limit}")
    if max_nodes is not None and _nodes(served, question) > max_nodes:
        return _refused(
            "Request timed out. Please try a less complex query or a smaller set of records.", 503
        )
    found = served.answer(question, Graph(shapes.view, shapes, version, score, limit, newer))
    body: dict[str, Any] = {"data": found.data}
    if found.errors:
        body["errors"] = [_error(one) for one in found.errors]
    return json_response(body)


@cache
def service(premium: bool, newer: bool) -> Service:
    """The schema as a server of this kind knows it."""
    here = files("connectors.simulator")
    document = parse((here / "gitlab.graphql").read_text("utf-8"))
    more = (here / "gitlab_newer.graphql").read_text("utf-8") if newer else ""
    kept = document if premium else _without(document, _PAID)
    return Service(print_ast(kept), FIELDS, lambda value: "UserCore", more=more)


def _without(document: DocumentNode, names: frozenset[str]) -> DocumentNode:
    """A schema without some fields."""
    for one in document.definitions:
        if isinstance(one, ObjectTypeDefinitionNode):
            one.fields = tuple(
                field for field in one.fields if f"{one.name.value}.{field.name.value}" not in names
            )
    return document


def _nodes(served: Service, question: Question) -> int:
    """How many records a query may bring at most."""
    return sum(one.times * (one.page or 0) for one in served.asked(question))


def _error(error: GraphQLError) -> dict[str, Any]:
    return {
        "message": error.message,
        "locations": [{"line": one.line, "column": one.column} for one in error.locations or ()],
        "path": list(error.path or ()),
    }


def _refused(message: str, status: int = 200) -> Response:
    return json_response({"errors": [{"message": message}]}, status)
