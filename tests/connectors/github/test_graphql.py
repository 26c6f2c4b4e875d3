"""GraphQL's answers: whole, with holes, too much at once, refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from connectors.contract import (
    CannotAuthenticate,
    NotAllowed,
    NotFound,
    Runtime,
    SourceError,
    Unavailable,
    UnexpectedAnswer,
)
from connectors.github import graphql
from connectors.github.client import make_transport
from connectors.github.graphql import GROW_AFTER, Sizes, TooMuch, ask, next_cursor, repository
from connectors.github.options import GitHubOptions

URL = "https://api.github.com/graphql"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def asked(
    *answers: dict[str, Any], can_shrink: bool = False
) -> tuple[graphql.Found | SourceError, int]:
    """What a question ends in when the server answers so, and how often it was asked."""
    transport = make_transport(
        GitHubOptions(token="t0ken"), Runtime(now=lambda: NOW, sleep=lambda seconds: None)
    )
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for one in answers:
            mock.post(URL, **one)
        try:
            found: graphql.Found | SourceError = ask(
                transport,
                "query Q { viewer { login } }",
                {"a": 1},
                where="here",
                can_shrink=can_shrink,
            )
        except SourceError as error:
            found = error
        assert json.loads(mock.calls[0].request.body)["variables"] == {"a": 1}
        return found, len(mock.calls)


def said(*errors: dict[str, Any], data: Any = None) -> dict[str, Any]:
    return {"json": {"data": data, "errors": list(errors)}}


def test_an_answer_with_holes_is_kept_with_their_places() -> None:
    error = {"type": "FORBIDDEN", "message": "no", "path": ["node", "a", 0, "b"]}
    found, _ = asked(said(error, data={"node": {"a": [{"b": None}]}}))
    assert isinstance(found, graphql.Found)
    (hole,) = found.holes_below("node", "a", 0)
    assert (hole.kind, hole.status, hole.path[-1]) == ("FORBIDDEN", 403, "b")
    assert found.holes_below("node", "c") == ()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "NOT_FOUND", "message": "no such node"}, NotFound),
        ({"type": "FORBIDDEN", "message": "Resource not accessible by token"}, NotAllowed),
        ({"type": "INSUFFICIENT_SCOPES", "message": "needs read:project"}, NotAllowed),
        ({"type": "UNAUTHENTICATED", "message": "who"}, CannotAuthenticate),
        (
            {"message": "Field 'x' doesn't exist", "extensions": {"code": "undefinedField"}},
            UnexpectedAnswer,
        ),
        ({}, UnexpectedAnswer),
    ],
)
def test_a_question_that_brought_nothing_is_one_error(
    error: dict[str, Any], kind: type[SourceError]
) -> None:
    found, count = asked(said(error, data={"node": None, "rateLimit": {"cost": 1}}))
    assert type(found) is kind
    assert count == 1


def test_single_sign_on_says_what_to_do() -> None:
    error = {"type": "FORBIDDEN", "message": "Resource protected by organization SAML enforcement"}
    found, _ = asked(said(error))
    assert isinstance(found, NotAllowed)
    assert "Configure SSO" in found.todo


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 502, "body": "<html>", "content_type": "text/html"},
        {"status": 504, "json": {}},
        said({"type": "RESOURCE_LIMITS_EXCEEDED", "message": "too much"}, data={"node": {}}),
        said({"type": "MAX_NODE_LIMIT_EXCEEDED", "message": "by 3"}),
        said({"message": "Something went wrong while executing your query. Maybe a timeout."}),
    ],
)
def test_too_much_at_once_is_not_asked_again_alike(answer: dict[str, Any]) -> None:
    found, count = asked(answer, can_shrink=True)
    assert isinstance(found, TooMuch)
    assert count == 1


def test_the_smallest_question_is_asked_again_and_then_given_up() -> None:
    """B43: Trouble of one size is not met for ever at the same size."""
    found, count = asked({"status": 502, "json": {}})
    assert type(found) is Unavailable
    assert count == 5


@pytest.mark.parametrize("status", [500, 503])
def test_other_trouble_is_waited_for_at_the_same_size(status: int) -> None:
    good = {"json": {"data": {"viewer": {"login": "x"}}}}
    found, count = asked({"status": status, "json": {}}, good, can_shrink=True)
    assert isinstance(found, graphql.Found)
    assert count == 2


@pytest.mark.parametrize("can_shrink", [True, False])
def test_a_cut_answer_is_asked_for_again_at_the_same_size(can_shrink: bool) -> None:
    good = {"json": {"data": {"viewer": {"login": "x"}}}}
    cut = {"body": '{"data": {"vie', "content_type": "application/json"}
    found, count = asked(cut, good, can_shrink=can_shrink)
    assert isinstance(found, graphql.Found)
    assert count == 2


def test_spent_points_at_status_200_are_waited_for() -> None:
    spent = said({"type": "RATE_LIMITED", "message": "API rate limit exceeded"})
    spent["headers"] = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1772438520"}
    good = {"json": {"data": {"viewer": {"login": "x"}}}}
    for can_shrink in (True, False):
        found, count = asked(spent, good, can_shrink=can_shrink)
        assert isinstance(found, graphql.Found)
        assert count == 2


def test_a_repository_is_the_one_that_was_asked_for() -> None:
    good = graphql.Found({"node": {"databaseId": 7}})
    assert repository(good, "7", "here") == {"databaseId": 7}
    for other in ({"node": {"databaseId": 8}}, {"node": None}, {}):
        with pytest.raises(NotFound, match="gone or out of sight"):
            repository(graphql.Found(other), "7", "here")


def test_a_page_that_leads_to_itself_is_an_error() -> None:
    """B12: A cursor that comes again is no way on."""
    page = {"pageInfo": {"hasNextPage": True, "endCursor": "a"}}
    assert next_cursor(page) == "a"
    assert next_cursor({"pageInfo": {"hasNextPage": False, "endCursor": "a"}}) is None
    assert next_cursor({}) is None
    with pytest.raises(UnexpectedAnswer, match="for ever"):
        next_cursor(page, "a")


def test_sizes_halve_at_once_and_grow_slowly() -> None:
    sizes = Sizes()
    assert sizes.get("r", "q", 25) == 25
    size = 25
    for expected in (12, 6, 3, 1, 1):
        size = sizes.shrink("r", "q", size)
        assert size == expected
    assert sizes.get("other", "q", 25) == 25
    grown = []
    for _ in range(GROW_AFTER * 12):
        sizes.worked("r", "q", 25)
        grown.append(sizes.get("r", "q", 25))
    assert grown[GROW_AFTER - 2] == 1
    assert grown[GROW_AFTER - 1] == 2
    assert sorted(grown) == grown
    assert grown[-1] == 25
