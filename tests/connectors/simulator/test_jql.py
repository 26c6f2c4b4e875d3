"""The query language that clients of the simulator may use."""

from datetime import UTC, datetime, timedelta

import pytest
from support.jira_site import NOW

from connectors.simulator.build import build
from connectors.simulator.jql import BadQuery, Dialect, parse
from connectors.simulator.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return build(3, now=NOW, projects=2)


def matching(world: World, text: str, **dialect: bool) -> set[str]:
    query = parse(text, world, world.credentials["owner"], NOW, Dialect(**dialect))
    return {one.key for one in world.alive() if query.matches(one)}


def test_a_project_by_key_and_by_id(world: World) -> None:
    project = next(iter(world.projects.values()))
    keys = {one.key for one in world.alive() if one.project_id == project.id}
    assert matching(world, f"project = {project.key}") == keys
    assert matching(world, f'project in ("{project.id}") ORDER BY id ASC') == keys


def test_one_unknown_project_makes_the_whole_query_wrong(world: World) -> None:
    with pytest.raises(BadQuery, match="does not exist for the field 'project'"):
        matching(world, "project in (APO, NOPE)")


def test_a_query_without_restriction_is_refused(world: World) -> None:
    with pytest.raises(BadQuery, match="Unbounded"):
        matching(world, "ORDER BY created")


def test_or_binds_weaker_than_and(world: World) -> None:
    done = {one.key for one in world.alive() if one.is_done}
    apo = {one.key for one in world.alive() if one.key.startswith("APO-")}
    assert matching(world, "project = APO AND statusCategory = Done OR project = BEE") >= done & apo
    assert matching(world, "project = APO AND (statusCategory != Done OR updated >= -1d)") == {
        one.key
        for one in world.alive()
        if one.key in apo and (not one.is_done or one.updated >= NOW - timedelta(days=1))
    }


def test_a_literal_is_read_in_the_profile_zone(world: World) -> None:
    who = world.credentials["owner"]
    who.time_zone = "America/Los_Angeles"
    query = parse('updated >= "2026-03-01 12:00"', world, who, NOW, Dialect())
    assert query.updated_from == datetime(2026, 3, 1, 20, 0, tzinfo=UTC)


def test_a_time_in_the_spring_gap_does_not_exist(world: World) -> None:
    who = world.credentials["owner"]
    who.time_zone = "America/Los_Angeles"
    with pytest.raises(BadQuery, match="invalid"):
        parse('updated >= "2025-03-09 02:45"', world, who, NOW, Dialect())


def test_epoch_milliseconds_are_a_matter_of_the_server(world: World) -> None:
    stamp = int((NOW - timedelta(days=2)).timestamp() * 1000)
    assert matching(world, f"project = APO AND updated >= {stamp}")
    with pytest.raises(BadQuery):
        matching(world, f"project = APO AND updated >= {stamp}", epoch_ms=False)


def test_a_server_that_ignores_the_id_clause_returns_everything(world: World) -> None:
    assert matching(world, "project = APO AND id > 999999999") == set()
    assert matching(world, "project = APO AND id > 999999999", id_clause=False) == {
        one.key for one in world.alive() if one.key.startswith("APO-")
    }


def test_what_is_negated_bounds_nothing(world: World) -> None:
    apo = matching(world, "project = APO")
    everything = {one.key for one in world.alive()}
    assert matching(world, "NOT project = APO") == everything - apo
    query = parse("NOT id > 5", world, world.credentials["owner"], NOW, Dialect())
    assert (query.id_above, query.projects) == (None, None)


def test_versions_and_sprints_by_id_and_by_name(world: World) -> None:
    version = next(one for one in world.versions.values() if one.name == "Release 3.2")
    expected = {one.key for one in world.alive() if version.id in one.versions}
    assert matching(world, f"fixVersion = {version.id}") == expected
    assert matching(world, 'project = APO AND fixVersion = "Release 3.2"') == expected
    sprint = next(one for one in world.sprints.values() if one.state == "active")
    inside = {one.key for one in world.alive() if sprint.id in one.sprints}
    assert matching(world, f'sprint in ("{sprint.name}")') == inside
    assert matching(world, f"sprint != {sprint.id}") == {o.key for o in world.alive()} - inside


def test_a_relative_time_counts_back_from_the_servers_clock(world: World) -> None:
    assert matching(world, "updated >= -2h") == {
        one.key for one in world.alive() if one.updated >= NOW - timedelta(hours=2)
    }


def test_the_order_is_read(world: World) -> None:
    text = "project = APO ORDER BY updated DESC, id"
    query = parse(text, world, world.credentials["owner"], NOW, Dialect())
    assert query.order == (("updated", True), ("id", False))


@pytest.mark.parametrize(
    "text",
    [
        "project =",
        "project ~ APO",
        "nonsense = 1",
        "project in APO",
        "project = APO ORDER BY colour",
        "project = APO ORDER BY",
        "project = APO ORDER BY " + ", ".join(["id"] * 8),
        "fixVersion = Nowhere",
        "sprint > 3",
        "id > APO-1",
        "project = APO project = BEE",
        "(project = APO",
    ],
)
def test_a_broken_query_is_told(world: World, text: str) -> None:
    with pytest.raises(BadQuery):
        matching(world, text)
