"""Connecting: who answers, what it honours, which projects and boards it shows."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from support.jira_site import Bench, scope_of, serving

from connectors.contract import (
    CannotAuthenticate,
    NotAllowed,
    ScopeRef,
    SourceError,
    Unavailable,
    WrongAddress,
)
from connectors.simulator.faults import Fault


def errors(scopes: Any) -> dict[str, str]:
    return {one.key: one.facts["error"] for one in scopes if one.facts.get("error")}


@pytest.mark.parametrize(("cloud", "deployment"), [(True, "cloud"), (False, "datacenter")])
def test_the_identity_tells_who_and_where(cloud: bool, deployment: str) -> None:
    with serving(cloud=cloud, issues=5) as bench:
        identity = bench.connector().connect()
        owner = bench.world.credentials["owner"]
        assert identity.deployment == deployment
        assert identity.account_time_zone == owner.time_zone
        assert identity.account_name == bench.world.people[owner.account_id].name
        assert identity.server_time == bench.clock.now().replace(microsecond=0)
        assert identity.server_id.startswith("jira:")
        assert identity.clock_offset_seconds is not None
        assert abs(identity.clock_offset_seconds) < 1


def test_one_site_has_one_identity_however_it_is_written() -> None:
    info = {"version": "9", "baseUrl": "HTTPS://Jira.Example.Net:443/base/"}
    with serving(cloud=False, issues=5) as bench:
        bench.simulator.script.faults.append(Fault("serverInfo", 200, orjson.dumps(info)))
        assert bench.connector().connect().server_id == "jira:jira.example.net/base"


@pytest.mark.parametrize("cloud", [True, False])
def test_a_wrong_token_is_refused_once_and_explained(cloud: bool) -> None:
    """B72: Each attempt counts towards the lock of an account."""
    with serving(cloud=cloud, issues=1) as bench:
        with pytest.raises(CannotAuthenticate) as caught:
            bench.connector(token="wrong-token-value").connect()
        assert "Jira Cloud wants `email` and an API token" in caught.value.todo
        assert "wrong-token-value" not in str(caught.value)
        assert sum("myself" in one.path for one in bench.simulator.log) == 1


def test_without_a_token_nothing_is_asked() -> None:
    with serving(issues=1) as bench:
        with pytest.raises(CannotAuthenticate, match="token_env"):
            bench.connector(token=None).connect()
        assert bench.simulator.log == []


def test_a_cloud_token_without_its_address_is_explained() -> None:
    """B73: A token of the cloud is no bearer."""
    with serving(issues=1) as bench, pytest.raises(CannotAuthenticate) as caught:
        bench.connector(email=None).connect()
    assert "neither `email` nor `username` is set" in caught.value.todo


@pytest.mark.parametrize("username", ["owner", None])
def test_a_password_that_is_refused_says_that_refusals_are_counted(username: str | None) -> None:
    """B72: a token locks no account, a password of Data Center does."""
    with serving(cloud=False, issues=1) as bench:
        connector = bench.connector(username=username, token="an-old-password-of-nobody")
        with pytest.raises(CannotAuthenticate) as caught:
            connector.connect()
        assert caught.value.counts is (username is not None)
        assert connector.request_count == len(bench.simulator.log) <= 2


def test_a_sign_in_page_is_a_wrong_address() -> None:
    """B61: A page for people answers to a path that does not exist."""
    with serving(cloud=False, issues=1) as bench:
        page = b"<!DOCTYPE html><html><head><title>Log in</title></head></html>"
        bench.simulator.script.faults.append(
            Fault("myself", 200, page, content_type="text/html", times=None)
        )
        with pytest.raises(WrongAddress, match="it says: Log in"):
            bench.connector().connect()


@pytest.mark.parametrize(
    "fault",
    [
        Fault("serverInfo", 404, b'{"message": "no"}', times=None),
        Fault("serverInfo", 200, b'{"hello": "world"}', times=None),
    ],
)
def test_another_kind_of_server_is_no_jira(fault: Fault) -> None:
    with serving(issues=1) as bench:
        bench.simulator.script.faults.append(fault)
        with pytest.raises(WrongAddress, match="no Jira"):
            bench.connector().connect()


def test_anonymous_reading_is_refused() -> None:
    with serving(cloud=False, issues=1) as bench:
        bench.simulator.script.faults.append(Fault("myself", 200, b"{}"))
        with pytest.raises(CannotAuthenticate, match="without telling who we are"):
            bench.connector().connect()


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        ({"cloud": True}, {"epoch_ms_jql": True}),
        ({"cloud": True, "epoch_ms": False}, {"epoch_ms_jql": False}),
        ({"cloud": False}, {"epoch_ms_jql": True, "id_clause": True}),
        ({"cloud": False, "id_clause": False}, {"epoch_ms_jql": True, "id_clause": False}),
    ],
)
def test_what_a_server_honours_is_found_out(
    dialect: dict[str, Any], expected: dict[str, bool]
) -> None:
    with serving(issues=5, **dialect) as bench:
        identity = bench.connector().connect()
        assert {one.name: one.value for one in identity.capabilities} == expected


def test_what_is_remembered_is_not_asked_again() -> None:
    with serving(cloud=False, issues=5) as bench:
        connector = bench.connector()
        connector.remember({"epoch_ms_jql": False, "id_clause": True})
        identity = connector.connect()
        assert {one.name: one.value for one in identity.capabilities} == {
            "epoch_ms_jql": False,
            "id_clause": True,
        }
        assert not [one for one in bench.simulator.log if one.path.endswith("/search")]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("/search", 503, b"{}", times=None),
        Fault("/search", 429, b"{}", times=None),
        Fault("/search", manner="chop", times=None),
    ],
)
def test_an_unsure_probe_is_not_remembered(fault: Fault) -> None:
    with serving(cloud=False, issues=5) as bench:
        bench.simulator.script.faults.append(fault)
        assert bench.connector().connect().capabilities == ()


def test_a_profile_zone_nobody_knows_is_read_as_the_earliest() -> None:
    with serving(issues=1) as bench:
        bench.simulator.script.faults.append(
            Fault("myself", 200, b'{"accountId": "1", "timeZone": "Mars/Olympus"}')
        )
        assert bench.connector().connect().account_time_zone == "Etc/GMT+12"


def test_scopes_come_site_first_and_boards_know_their_project() -> None:
    with serving(projects=3, issues=5) as bench:
        scopes = bench.connector().scopes()
        kinds = [one.kind for one in scopes]
        assert kinds == ["site"] + ["project"] * 3 + ["board"] * len(bench.world.boards)
        parents = {one.source_id: one.parent_id for one in scopes if one.kind == "board"}
        assert parents == {str(one.id): str(one.project_id) for one in bench.world.boards.values()}


@pytest.mark.parametrize("cloud", [True, False])
def test_a_project_that_does_not_exist_is_named_with_what_is_close(cloud: bool) -> None:
    with serving(cloud=cloud, projects=3, issues=3) as bench:
        scopes = bench.connector(projects=["APO", "BEEE", "ZZZZZZ"]).scopes()
        found = errors(scopes)
        assert found["BEEE"] == (
            "project 'BEEE' does not exist, is archived, or this token cannot see it; "
            "close to it: BEE"
        )
        assert "visible: APO, BEE, KIT" in found["ZZZZZZ"]
        assert scope_of(scopes, "project", "APO").source_id
        assert scope_of(scopes, "project", "BEEE").source_id == ""


@pytest.mark.parametrize("cloud", [True, False])
def test_projects_may_be_named_by_id_and_in_any_case(cloud: bool) -> None:
    with serving(cloud=cloud, projects=3, issues=3) as bench:
        ids = {one.key: str(one.id) for one in bench.world.projects.values()}
        for names in ([ids["APO"]], [ids["APO"], "bee"], ["apo"], [ids["APO"], ids["KIT"]]):
            scopes = bench.connector(projects=names).scopes()
            assert errors(scopes) == {}
            assert len([one for one in scopes if one.kind == "project"]) == len(names)


def test_no_project_configured_means_all_that_are_visible() -> None:
    with serving(projects=3, issues=3) as bench:
        scopes = bench.connector(projects=[]).scopes()
        assert [one.key for one in scopes if one.kind == "project"] == ["APO", "BEE", "KIT"]


def test_boards_of_other_projects_are_left_out() -> None:
    with serving(projects=3, issues=3) as bench:
        scopes = bench.connector(projects=["APO", "BEE"]).scopes()
        ids = {one.key: str(one.id) for one in bench.world.projects.values()}
        parents = {one.parent_id for one in scopes if one.kind == "board"}
        assert parents == {ids["APO"], ids["BEE"]}


def test_boards_without_a_location_are_asked_for_by_project() -> None:
    with serving(cloud=False, projects=2, issues=3) as bench:
        bare = orjson.dumps({"isLast": True, "values": [{"id": 5, "name": "B", "type": "scrum"}]})
        bench.simulator.script.faults.append(Fault("/board$", 200, bare, times=None))
        scopes = bench.connector().scopes()
        asked = [
            one.query.get("projectKeyOrId") for one in bench.simulator.log if "/board" in one.path
        ]
        assert asked == [None, ["APO"], ["BEE"]]
        (board,) = [one for one in scopes if one.kind == "board"]
        assert (board.source_id, board.parent_id) == ("5", scope_of(scopes, "project").source_id)


def test_named_boards_are_read_and_a_lost_one_is_reported() -> None:
    with serving(issues=3) as bench:
        known = next(iter(bench.world.boards))
        body = orjson.dumps({"id": known, "name": "Ours", "type": "scrum"})
        bench.simulator.script.faults.append(Fault(f"/board/{known}$", 200, body, times=None))
        scopes = bench.connector(boards=[known, 99]).scopes()
        boards = [one for one in scopes if one.kind == "board"]
        assert {one.source_id for one in boards} == {"", str(known)}
        assert "board 99 cannot be read" in errors(scopes)["99"]
        assert not [one for one in bench.connector(boards=[]).scopes() if one.kind == "board"]


@pytest.mark.parametrize("status", [403, 404])
def test_without_the_agile_part_projects_are_read_all_the_same(status: int) -> None:
    with serving(issues=3) as bench:
        bench.simulator.script.faults.append(Fault("/rest/agile", status, b"{}", times=None))
        scopes = bench.connector().scopes()
        assert [one.kind for one in scopes] == ["site", "project"]


def test_a_server_in_trouble_is_no_missing_feature() -> None:
    with serving(issues=3) as bench:
        bench.simulator.script.faults.append(Fault("/rest/agile", 503, b"{}", times=None))
        with pytest.raises(Unavailable):
            bench.connector().scopes()


def test_no_secret_in_any_error_of_connecting() -> None:
    with serving(issues=1) as bench:
        token = bench.world.credentials["owner"].token
        for status in (400, 401, 403, 404, 429, 500):
            body = orjson.dumps({"errorMessages": [f"bad Authorization: Basic {token}"]})
            bench.simulator.script.clear()
            bench.simulator.script.faults.append(Fault("myself", status, body, times=None))
            with pytest.raises(SourceError) as caught:
                bench.connector().connect()
            assert token not in f"{caught.value} {caught.value!r}"


# --- check ----------------------------------------------------------------------------------


def items(bench: Bench, **options: Any) -> dict[str, Any]:
    return {one.name: one for one in bench.connector(**options).check()}


def test_a_healthy_site_passes_its_check() -> None:
    with serving(issues=3) as bench:
        found = items(bench)
        assert {name: one.ok for name, one in found.items()} == {
            "sign-in": True,
            "clock": True,
            "token expiry": None,
            "project APO": True,
            "boards": True,
        }


def test_a_missing_permission_and_a_missing_project_say_what_is_not_checked() -> None:
    with serving(issues=3) as bench:
        body = b'{"permissions": {"BROWSE_PROJECTS": {"havePermission": false}}}'
        bench.simulator.script.faults.append(Fault("mypermissions", 200, body, times=None))
        found = items(bench, projects=["APO", "NOPE"])
        for name in ("project APO", "project NOPE"):
            assert found[name].ok is False
            assert found[name].permission == "Browse projects"
            assert "nothing in it is checked" in found[name].remedy


def test_a_clock_that_is_off_is_told() -> None:
    with serving(issues=3) as bench:
        connector = bench.connector()
        runtime = connector._site.runtime
        late = lambda: bench.clock.now() - timedelta(minutes=5)  # noqa: E731 - a clock of its own
        object.__setattr__(runtime, "now", late)
        found = {one.name: one for one in connector.check()}
        assert found["clock"].ok is False
        assert "300 s behind" in found["clock"].detail


def test_a_token_of_data_center_tells_its_end() -> None:
    with serving(cloud=False, issues=3) as bench:
        body = b'[{"id": 1, "name": "drift", "expiringAt": "2026-03-09T08:00:00.000+0000"}]'
        bench.simulator.script.faults.append(Fault("pat/latest", 200, body, times=None))
        found = items(bench)["token expiry"]
        assert (found.ok, found.detail) == (False, "the token expires in 7 days")


def test_unreadable_boards_are_told() -> None:
    with serving(issues=3) as bench:
        bench.simulator.script.faults.append(Fault("/rest/agile", 403, b"{}", times=None))
        found = items(bench)["boards"]
        assert found.ok is False
        assert "not checked" in found.remedy


def test_scopes_are_plain_data() -> None:
    with serving(issues=3) as bench:
        scopes = bench.connector().scopes()
        assert scopes[0] == ScopeRef("site", "site", "site", "all of the site")
        assert scopes[1].name == "Apo product"


_LACKS = b'{"code":401,"message":"Unauthorized; scope does not match"}'


def test_a_scope_that_is_missing_is_no_refused_login() -> None:
    """The gateway of scoped tokens says 401: the token is good, and sent again."""
    with serving(issues=5) as bench:
        bench.simulator.script.faults.append(Fault("rest/agile", 401, _LACKS, times=None))
        found = {one.name: one for one in bench.connector().check()}
        assert found["sign-in"].ok
        assert found["boards"].ok is False
        assert "lacks the scope" in found["boards"].detail
        bench.simulator.script.faults.append(Fault("search/jql", 401, _LACKS, times=None))
        with pytest.raises(NotAllowed, match="lacks the scope") as caught:
            bench.connector().connect()
        assert "all scopes" in caught.value.todo


def test_a_refused_login_stays_one() -> None:
    with serving(issues=5) as bench:
        bench.simulator.script.faults.append(
            Fault("rest/api", 401, b'{"message":"no"}', times=None)
        )
        with pytest.raises(CannotAuthenticate):
            bench.connector().connect()
