"""Questions that shrink until the server can answer them, and errors that come with status 200."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import requests
import responses
from support.gitlab_site import read_everything, serving

from connectors.contract import (
    CannotAuthenticate,
    NotAllowed,
    NotFound,
    Runtime,
    SourceError,
    Unavailable,
    UnexpectedAnswer,
)
from connectors.gitlab.client import make_transport
from connectors.gitlab.graphql import Cost, GraphQL, NotUnderstood, Refused
from connectors.gitlab.options import GitLabOptions
from connectors.simulator.faults import Fault

BASE = "https://gitlab.example.net"
URL = f"{BASE}/api/graphql"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
GOOD = {"data": {"queryComplexity": {"score": 90, "limit": 250}, "project": {"id": "1"}}}


@pytest.fixture
def web() -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def client(page_size: int = 100) -> GraphQL:
    runtime = Runtime(now=lambda: NOW, sleep=lambda seconds: None)
    options = GitLabOptions(url=BASE, token="s3cret", page_size=page_size)  # type: ignore[arg-type] # as read from the environment
    return GraphQL(make_transport(options, runtime), page_size)


def at_most(limit: int, error: Callable[[int], Any]) -> Callable[[Any], tuple[int, Any, str]]:
    """A server that answers pages of this size, and an error above."""

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        size = orjson.loads(request.body)["variables"]["size"]
        said = GOOD if size <= limit else error(size)
        status = said if isinstance(said, int) else 200
        body = {} if isinstance(said, int) else said
        return status, {"Content-Type": "application/json"}, orjson.dumps(body).decode()

    return answer  # type: ignore[return-value] # headers as `responses` wants them


def too_dear(size: int) -> Any:
    message = f"Query has complexity of {size * 10}, which exceeds max complexity of 250"
    return {"errors": [{"message": message}]}


def timed_out(size: int) -> Any:
    return {"errors": [{"message": "Timeout on Project.issues"}], "data": None}


@pytest.mark.parametrize("error", [too_dear, timed_out, lambda size: 504])
def test_a_page_is_halved_until_it_is_answered_and_stays_so(web: Any, error: Any) -> None:
    """B44: What a question costs changes with the server's version."""
    web.add_callback("POST", URL, at_most(20, error))
    asked = client()
    project, size = asked.shrinking("issues", lambda size: {"size": size})
    assert (project["id"], size) == ("1", 12)
    before = len(web.calls)
    asked.shrinking("issues", lambda size: {"size": size})
    assert len(web.calls) == before + 1
    assert asked.costs["issues"] == Cost(90, 250, 12)
    assert asked.size("runs") == 50


def test_a_page_that_arrives_cut_again_and_again_is_halved(web: Any) -> None:
    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        whole = orjson.dumps(GOOD).decode()
        cut = orjson.loads(request.body)["variables"]["size"] > 30
        return 200, {"Content-Type": "application/json"}, whole[:20] if cut else whole

    web.add_callback("POST", URL, answer)
    assert client().shrinking("issues", lambda size: {"size": size})[1] == 25


@pytest.mark.parametrize("status", [429, 0])
def test_what_passes_is_waited_for_as_often_as_anywhere(web: Any, status: int) -> None:
    """B43: a limit, or a connection that breaks, three times in a row."""
    for _ in range(3):
        if status:
            web.post(URL, status=status, json={}, headers={"Retry-After": "1"})
        else:
            web.post(URL, body=requests.ConnectionError("reset by peer"))
    web.post(URL, json=GOOD)
    assert client().ask("issues", {"size": 100})[0] == GOOD["data"]
    assert len(web.calls) == 4


def test_trouble_of_a_moment_is_got_over_at_the_smallest_size(web: Any) -> None:
    for _ in range(4):
        web.post(URL, status=503, json={})
    web.post(URL, json=GOOD)
    assert client(page_size=1).shrinking("issues", lambda size: {"size": size})[1] == 1


def test_what_is_too_dear_even_for_one_record_is_an_error(web: Any) -> None:
    """B44: Where even one record costs too much, that is said."""
    web.add_callback("POST", URL, at_most(0, too_dear))
    with pytest.raises(Unavailable, match="even for one record"):
        client().shrinking("issues", lambda size: {"size": size})


def test_a_gateway_that_is_down_is_no_reason_to_read_by_ones(web: Any) -> None:
    web.add_callback("POST", URL, at_most(0, lambda size: 503))
    asked = client()
    with pytest.raises(Unavailable, match="503"):
        asked.shrinking("issues", lambda size: {"size": size})
    assert asked.size("issues") == 100
    assert len(web.calls) <= 20


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"errors": [{"message": "Invalid token"}]}, CannotAuthenticate),
        ({"errors": [{"message": "insufficient_scope"}]}, CannotAuthenticate),
        ({"errors": [{"message": "You don't have permission to do this"}]}, NotAllowed),
        ({"errors": [{"message": "Field 'x' doesn't exist on type 'Issue'"}]}, NotUnderstood),
        ({"errors": [{"message": "Something went wrong"}]}, Refused),
        ({"errors": ["odd"]}, Refused),
        ({"data": None}, UnexpectedAnswer),
        ({"data": {"project": None}}, NotFound),
    ],
)
def test_errors_with_status_200_are_told_apart(
    web: Any, said: Any, error: type[SourceError]
) -> None:
    web.post(URL, json=said)
    with pytest.raises(error):
        client().shrinking("issues", lambda size: {"size": size})


def test_a_person_may_want_smaller_pages(web: Any) -> None:
    web.add_callback("POST", URL, at_most(100, too_dear))
    assert client(page_size=7).shrinking("runs", lambda size: {"size": size})[1] == 7


@pytest.mark.full
@pytest.mark.parametrize(
    "dialect", [{"complexity_limit": 120}, {"max_nodes": 400}, {"weights": {"Issue.title": 60}}]
)
def test_a_server_of_narrow_limits_is_read_whole(dialect: dict[str, Any]) -> None:
    with serving(4, issues=30, changes=20, **dialect) as bench:
        run = read_everything(bench.connector(api="graphql"))
        code = bench.world.code
        repo = code.hosted("gitlab")[0]
        assert len(run.records("issues")) == len(code.issues_in(repo))
        assert len(run.records("change_details")) == len(code.changes_in(repo))
        assert len(run.records("jobs")) == len(code.ci.runs_in(repo))


def test_a_page_of_a_hundred_issues_is_not_too_dear_for_gitlab() -> None:
    """B44: GitLab counts five points for the blockers of each issue."""
    spent = []
    for limit in (200, 100_000):
        weights = {"Issue.blockedByIssues": 5}
        with serving(4, issues=8, changes=1, complexity_limit=limit, weights=weights) as bench:
            run = read_everything(bench.connector(api="graphql"))
            assert all("blockedByIssues" in (one.parsed or {}) for one in run.records("issues"))
            spent.append(next(n for (_, stream), n in run.requests.items() if stream == "issues"))
    assert spent[0] == spent[1]


def test_a_schema_that_lacks_something_is_read_whole_by_rest() -> None:
    with serving(4, issues=8, changes=6) as bench:
        connector = bench.connector(api="graphql")
        connector.connect()
        said = {"errors": [{"message": "Field 'jobs' doesn't accept argument 'jobKind'"}]}
        bench.simulator.script.faults.append(
            Fault("api/graphql$", 200, orjson.dumps(said), times=None, skip=1)
        )
        run = read_everything(connector)
        code = bench.world.code
        repo = code.hosted("gitlab")[0]
        assert len(run.records("issues")) == len(code.issues_in(repo))
        assert len(run.records("change_details")) == len(code.changes_in(repo))
        assert len(run.records("jobs")) == len(code.ci.runs_in(repo))
        # One attempt for each of three questions.
        assert sum("graphql" in one.path for one in bench.simulator.log) == 5


@pytest.mark.parametrize("dialect", [{"newer_fields": False}, {"premium": False}])
def test_a_server_without_newer_or_paid_fields_is_read_whole(dialect: dict[str, Any]) -> None:
    with serving(4, issues=8, changes=10, **dialect) as bench:
        run = read_everything(
            bench.connector(api="graphql"),
            skip=frozenset({"census", "change_census", "iterations"}),
        )
        assert len(run.records("issues")) == 8
        assert run.records("runs")
        assert run.unreadable == []


@pytest.mark.parametrize(
    "fault", [Fault("api/graphql", 502, times=3), Fault("api/graphql", manner="chop", times=3)]
)
def test_trouble_of_a_moment_does_not_show_that_there_is_no_graphql(fault: Fault) -> None:
    with serving(3, issues=2, changes=1) as bench:
        bench.simulator.script.faults.append(fault)
        found = {one.name: one.value for one in bench.connector().connect().capabilities}
        assert found["graphql"] is True
        assert fault.times == 0
