"""Absence is proven, never guessed: a whole listing, then a look at the item itself."""

from typing import Any

import orjson
import pytest
from support.jira_site import Bench, records, scope_of, serving, window

from connectors.contract import Gone, GoneReason, NotAllowed, ScopeRef
from connectors.jira.connector import JiraConnector
from connectors.simulator.faults import Fault, Hook

WAYS: list[dict[str, Any]] = [
    {"cloud": True},
    {"cloud": False},
    {"cloud": False, "id_clause": False, "page_cap": 25},
]


def opened(bench: Bench) -> tuple[JiraConnector, ScopeRef]:
    connector = bench.connector()
    connector.connect()
    return connector, scope_of(connector.scopes(), "project", "APO")


def look(connector: JiraConnector, scope: ScopeRef, *ids: str) -> dict[str, Gone]:
    return {one.source_id: one for one in connector.look("census", scope, ids)}


@pytest.mark.parametrize("way", WAYS)
def test_a_census_names_every_issue_and_nothing_else(way: dict[str, Any]) -> None:
    with serving(projects=2, issues=40, **way) as bench:
        connector, scope = opened(bench)
        pages = list(connector.read("census", scope, None, window(connector.connect())))
        found = records(pages)
        assert {one.source_id for one in found} == bench.alive("APO")
        assert {one.payload for one in found} == {b"{}"}
        assert [page.committed for page in pages].count(True) == 1
        assert pages[-1].committed


def test_a_census_of_cloud_costs_two_requests_for_five_thousand() -> None:
    with serving(issues=300) as bench:
        connector, scope = opened(bench)
        before = connector.request_count
        list(connector.read("census", scope, None, window(connector._site.identity)))  # type: ignore[arg-type] # connected
        assert connector.request_count - before == 2


def test_a_project_that_went_out_of_sight_ends_the_census_without_its_last_page() -> None:
    with serving() as bench:
        connector, scope = opened(bench)
        asked = window(connector.connect())

        def hide() -> None:
            owner = bench.world.credentials["owner"]
            object.__setattr__(owner, "hidden_projects", {int(scope.source_id)})

        bench.simulator.script.hooks.append(Hook(r"/project/\d+$", hide))
        pages = connector.read("census", scope, None, asked)
        assert not next(pages).committed
        with pytest.raises(NotAllowed, match="went out of sight"):
            next(pages)


@pytest.mark.parametrize("cloud", [True, False])
def test_a_look_tells_alive_moved_and_gone_apart(cloud: bool) -> None:
    """B08: What a search does not show is looked at by its id first."""
    with serving(cloud=cloud, projects=2, issues=12) as bench:
        connector, scope = opened(bench)
        ids = sorted(bench.alive("APO"))
        alive, moved, deleted = ids[:3]
        other = next(one for one in bench.world.projects.values() if one.key == "BEE")
        bench.world.move(bench.world.issues[int(moved)], other)
        bench.world.delete(bench.world.issues[int(deleted)])
        found = look(connector, scope, alive, moved, deleted)
        assert found[alive].reason is None
        record = found[alive].record
        assert record is not None
        assert (record.stream, record.source_id) == ("issues", alive)
        assert orjson.loads(record.payload)["fields"]["summary"]
        assert record.updated_at is not None
        assert found[moved].reason is GoneReason.MOVED
        assert found[moved].to_scope_id == str(other.id)
        assert found[moved].to_key == bench.world.issues[int(moved)].key
        assert found[deleted].reason is GoneReason.DELETED_OR_HIDDEN


def test_without_the_project_nobody_can_say_deleted() -> None:
    with serving(projects=2) as bench:
        connector, scope = opened(bench)
        owner = bench.world.credentials["owner"]
        object.__setattr__(owner, "hidden_projects", {int(scope.source_id)})
        with pytest.raises(NotAllowed, match="APO is out of sight"):
            look(connector, scope, *sorted(bench.alive("APO"))[:2])


def test_a_mass_deletion_costs_a_sample_and_not_a_request_each() -> None:
    with serving(issues=130) as bench:
        connector, scope = opened(bench)
        ids = sorted(bench.alive("APO"))[:120]
        for id_ in ids[:90]:
            bench.world.delete(bench.world.issues[int(id_)])
        before = connector.request_count
        found = look(connector, scope, *ids)
        assert list(found) == ids
        assert sum(one.reason is None for one in found.values()) == 30
        # fields, two bulk questions, a sample of ten, the project.
        assert connector.request_count - before <= 14


def test_a_bulk_answer_that_leaves_live_items_out_is_not_believed() -> None:
    with serving(issues=40) as bench:
        connector, scope = opened(bench)
        ids = sorted(bench.alive("APO"))[:30]
        empty = b'{"issues": [], "issueErrors": []}'
        bench.simulator.script.faults.append(Fault("bulkfetch", 200, empty, times=None))
        found = look(connector, scope, *ids)
        assert {one.reason for one in found.values()} == {None}


def test_without_the_bulk_endpoint_each_id_is_looked_at() -> None:
    with serving(issues=30) as bench:
        connector, scope = opened(bench)
        ids = sorted(bench.alive("APO"))[:20]
        bench.simulator.script.faults.append(Fault("issue/bulkfetch", 404, b"{}", times=None))
        assert {one.reason for one in look(connector, scope, *ids).values()} == {None}


@pytest.mark.parametrize("cloud", [True, False])
def test_an_archived_project_is_told_apart_from_one_out_of_sight(cloud: bool) -> None:
    with serving(cloud=cloud, issues=5) as bench:
        connector, scope = opened(bench)
        assert connector.whereabouts(scope).reason is None
        project = bench.world.projects[int(scope.source_id)]
        bench.world.archive_project(project)
        found = connector.whereabouts(scope)
        assert (found.reason, found.detail) == (GoneReason.LEFT_SCOPE, "archived")
        bench.world.revoke(bench.world.credentials["owner"], project)
        assert connector.whereabouts(scope).reason is GoneReason.DELETED_OR_HIDDEN
