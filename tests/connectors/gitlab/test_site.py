"""Connecting: who answers, what it honours, which projects it shows; and what is wrong with it."""

from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from support.gitlab_site import Bench, read_everything, serving, window

from connectors.contract import (
    CannotAuthenticate,
    FeatureOff,
    NotAllowed,
    ScopeRef,
    SourceError,
    Unavailable,
    WrongAddress,
)
from connectors.simulator.faults import Fault


def project_scope(connector: Any) -> ScopeRef:
    return next(one for one in connector.scopes() if one.kind == "project" and one.source_id)


def issues_of(bench: Bench) -> int:
    code = bench.world.code
    return len(code.issues_in(code.hosted("gitlab")[0]))


def paths(bench: Bench) -> list[str]:
    return [one.path for one in bench.simulator.log]


# --- who answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_the_identity_tells_who_and_where(api: str) -> None:
    with serving(issues=1, changes=1, token_expires=date(2026, 6, 1)) as bench:
        identity = bench.connector(api=api).connect()
        owner = bench.world.credentials["owner"]
        assert identity.account_name == bench.world.people[owner.account_id].name
        assert identity.account_id.isdecimal()
        assert (identity.version, identity.deployment) == ("18.6.0-ee", "self-managed")
        assert identity.server_id == f"gitlab:127.0.0.1:{bench.simulator.port}/gitlab"
        assert identity.server_time == bench.clock.now().replace(microsecond=0)
        assert identity.token_expires_at == datetime(2026, 6, 1, tzinfo=UTC)


def test_both_apis_tell_the_same_account() -> None:
    with serving(issues=1, changes=1) as bench:
        one, other = (bench.connector(api=api).connect() for api in ("graphql", "rest"))
        assert (one.account_id, one.server_id) == (other.account_id, other.server_id)


def test_a_wrong_token_is_refused_once_and_explained() -> None:
    with serving(issues=1, changes=1) as bench:
        with pytest.raises(CannotAuthenticate) as caught:
            bench.connector(token="wrong-token-value").connect()
        assert "read_api" in caught.value.todo
        assert "wrong-token-value" not in str(caught.value)
        assert len(bench.simulator.log) == 1


def test_an_expired_token_is_refused() -> None:
    with (
        serving(issues=1, changes=1, token_expires=date(2026, 1, 1)) as bench,
        pytest.raises(CannotAuthenticate),
    ):
        bench.connector().connect()


def test_an_answer_that_names_nobody_is_no_sign_in() -> None:
    with serving(issues=1, changes=1) as bench:
        bench.simulator.script.faults.append(
            Fault("graphql", 200, orjson.dumps({"data": {"currentUser": None}}), times=None)
        )
        with pytest.raises(CannotAuthenticate, match="does not know this token"):
            bench.connector().connect()
        bench.simulator.script.faults.append(Fault("v4/user$", 200, b"{}", times=None))
        with pytest.raises(CannotAuthenticate, match="without telling who we are"):
            bench.connector(api="rest").connect()


def test_some_other_json_is_no_gitlab() -> None:
    with serving(issues=1, changes=1) as bench:
        bench.simulator.script.faults.append(Fault("v4/version$", 200, b'{"hello": 1}'))
        with pytest.raises(WrongAddress, match="no GitLab"):
            bench.connector(api="rest").connect()


def test_without_a_token_nothing_is_asked() -> None:
    with serving(issues=1, changes=1) as bench:
        with pytest.raises(CannotAuthenticate, match="token_env"):
            bench.connector(token=None).connect()
        assert bench.simulator.log == []


def test_a_token_without_the_scope_is_told_by_check() -> None:
    with serving(issues=1, changes=1) as bench:
        bench.world.code.access_of(bench.world.credentials["owner"]).scopes = ("read_user",)
        connector = bench.connector()
        connector.connect()
        items = {one.name: one for one in connector.check()}
        assert items["token scope"].ok is False
        assert "read_api" in items["token scope"].remedy
        assert [one for one in connector.scopes() if one.source_id and one.kind == "project"] == []


def test_a_page_instead_of_data_is_a_wrong_address() -> None:
    with serving(issues=1, changes=1) as bench:
        page = b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>"
        bench.simulator.script.faults.append(
            Fault("api/", 200, page, content_type="text/html", times=None)
        )
        with pytest.raises(WrongAddress, match="it says: Sign in"):
            bench.connector().connect()


def test_something_that_is_no_gitlab_is_told() -> None:
    with serving(issues=1, changes=1) as bench:
        bench.simulator.script.faults.append(Fault("api/", 404, b"{}", times=None))
        with pytest.raises(WrongAddress, match="no GitLab"):
            bench.connector().connect()


# --- GraphQL --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 404])
def test_without_graphql_everything_is_read_by_rest(status: int) -> None:
    with serving(issues=3, changes=2) as bench:
        bench.simulator.script.faults.append(
            Fault("api/graphql", status, b"<html>", content_type="text/html", times=None)
        )
        connector = bench.connector()
        run = read_everything(connector)
        assert {one.name: one.value for one in run.identity.capabilities}["graphql"] is False
        assert len(run.records("issues")) == issues_of(bench)
        assert run.records("change_details")
        told = {one.name: one for one in connector.check()}["GraphQL"]
        assert told.ok is None
        assert "not used" in told.detail


def test_graphql_that_is_wanted_and_off_is_an_error() -> None:
    with (
        serving(issues=1, changes=1, graphql=False) as bench,
        pytest.raises(FeatureOff, match="GraphQL cannot be used"),
    ):
        bench.connector(api="graphql").connect()


def test_what_an_earlier_run_found_is_not_asked_again() -> None:
    with serving(issues=1, changes=1, graphql=False) as bench:
        connector = bench.connector()
        connector.remember({"graphql": False, "token_expires": "2026-06-01"})
        identity = connector.connect()
        assert identity.token_expires_at == datetime(2026, 6, 1, tzinfo=UTC)
        assert not any("graphql" in one or "personal_access" in one for one in paths(bench))


# --- projects -------------------------------------------------------------------------------


def test_a_project_that_is_not_there_stops_no_other() -> None:
    with serving(issues=1, changes=1) as bench:
        good = bench.world.code.hosted("gitlab")[0].path
        found = bench.connector(projects=[good, "no/such"]).scopes()
        lost = [one for one in found if one.facts.get("error")]
        assert [one.key for one in lost] == ["no/such"]
        assert [one.key for one in found if one.kind == "project" and one.source_id] == [good]


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_a_moved_project_is_read_by_its_number(api: str) -> None:
    with serving(issues=3, changes=2) as bench:
        code = bench.world.code
        repo = code.hosted("gitlab")[0]
        former = repo.path
        code.rename_repository(repo, "apollo/elsewhere")
        run = read_everything(bench.connector(api=api, projects=[former]))
        scope = next(one for one in run.scopes if one.kind == "project")
        assert (scope.source_id, scope.key) == (str(repo.id), "apollo/elsewhere")
        assert len(run.records("issues")) == issues_of(bench)


def test_projects_keep_their_order_and_one_that_is_named_twice_is_one() -> None:
    with serving(issues=1, changes=1, repositories=3) as bench:
        repos = bench.world.code.hosted("gitlab")[::-1]
        named = [*(one.path for one in repos), str(repos[0].id)]
        found = bench.connector(projects=named).scopes()
        keys = [one.key for one in found if one.kind == "project"]
        assert keys == [one.path for one in repos]


def test_without_projects_all_memberships_are_read() -> None:
    with serving(issues=1, changes=1, repositories=2) as bench:
        found = bench.connector(projects=[]).scopes()
        held = {one.path for one in bench.world.code.hosted("gitlab")}
        assert {one.key for one in found if one.kind == "project"} == held


@pytest.mark.parametrize(
    ("feature", "stream"),
    [
        ("issues", "issues"),
        ("issues", "histories"),
        ("issues", "census"),
        ("changes", "changes"),
        ("changes", "change_details"),
        ("changes", "change_census"),
        ("ci", "runs"),
        ("ci", "jobs"),
    ],
)
def test_what_a_project_has_switched_off_is_not_asked_for(feature: str, stream: str) -> None:
    with serving(issues=1, changes=1) as bench:
        code = bench.world.code
        code.switch(code.hosted("gitlab")[0], feature, on=False)
        connector = bench.connector()
        identity = connector.connect()
        scope = project_scope(connector)
        before = len(bench.simulator.log)
        with pytest.raises(FeatureOff, match="switched"):
            list(connector.read(stream, scope, None, window(identity, ids=("1",))))
        assert len(bench.simulator.log) == before


@pytest.mark.parametrize("stream", ["issues", "changes", "runs"])
def test_a_stream_that_the_token_may_not_read_says_so(stream: str) -> None:
    listed = {"issues": "issues", "changes": "merge_requests", "runs": "pipelines"}[stream]
    with serving(issues=1, changes=1) as bench:
        connector = bench.connector(api="rest")
        identity = connector.connect()
        scope = project_scope(connector)
        said = orjson.dumps({"message": "403 Forbidden"})
        bench.simulator.script.faults.append(Fault(f"/{listed}$", 403, said, times=None))
        with pytest.raises(NotAllowed):
            list(connector.read(stream, scope, None, window(identity)))


def test_what_judgements_need_is_not_optional() -> None:
    with serving(issues=1, changes=1) as bench:
        optional = {one.name for one in bench.connector().streams() if one.optional}
        assert optional == {
            "iterations",
            "runs",
            "jobs",
            "comparisons",
            "required_checks",
            "trunk",
            "releases",
            "deployments",
        }


# --- limits ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        # A reset that is over by the server's own clock.
        {"RateLimit-Remaining": "0", "RateLimit-Reset": "1000000000"},
    ],
)
def test_a_limit_that_does_not_tell_its_end_waits_a_minute(headers: dict[str, str]) -> None:
    with serving(issues=1, changes=1) as bench:
        bench.simulator.script.faults.append(Fault("api/graphql", 429, b"{}", headers))
        before = bench.clock.now()
        bench.connector().connect()
        assert (bench.clock.now() - before).total_seconds() >= 60
        assert [one.reason for one in bench.pauses]


def test_a_server_in_trouble_is_left_alone_soon() -> None:
    with serving(issues=1, changes=1) as bench:
        connector = bench.connector()
        identity = connector.connect()
        scope = project_scope(connector)
        bench.simulator.script.faults.append(Fault("api/graphql", 503, b"{}", times=None))
        before = len(bench.simulator.log)
        with pytest.raises(Unavailable):
            list(connector.read("issues", scope, None, window(identity)))
        assert len(bench.simulator.log) - before <= 20


def test_the_token_follows_no_redirect_to_another_host() -> None:
    with serving(issues=1, changes=1) as bench:
        elsewhere = f"http://localhost:{bench.simulator.port}/elsewhere"
        bench.simulator.script.faults.append(
            Fault("api/v4/projects", 302, b"", {"Location": elsewhere}, times=None)
        )
        connector = bench.connector(api="rest")
        connector.connect()
        with pytest.raises(SourceError):
            connector.scopes()
        assert not any("elsewhere" in one for one in paths(bench))
