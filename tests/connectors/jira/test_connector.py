"""The connector as the engine drives it: requests, streams, words."""

from typing import Any

import orjson
import pytest
from support.jira_site import later, read_everything, records, scope_of, serving, window

from connectors.contract import FeatureOff, Mode, ScopeRef, UnexpectedAnswer, Window
from connectors.simulator.faults import Fault


@pytest.mark.full
def test_a_first_load_of_a_thousand_issues_with_history_stays_in_its_budget() -> None:
    with serving(issues=1000) as bench:
        run = read_everything(bench.connector())
        assert len(set(run.ids("issues"))) >= 1000
        assert set(run.ids("changelogs")) == set(run.ids("issues")) == bench.alive("APO")
        assert run.total_requests <= 25


@pytest.mark.parametrize("way", [{"cloud": True}, {"cloud": False}])
def test_an_idle_run_stays_in_its_budget(way: dict[str, Any]) -> None:
    requests = []
    for projects in (1, 2, 3):
        with serving(projects=projects, issues=20, **way) as bench:
            first = read_everything(bench.connector())
            later(bench, minutes=90)
            connector = bench.connector()
            connector.remember({one.name: one.value for one in first.identity.capabilities})
            run = read_everything(connector, cursors=first.cursors())
            assert run.ids("issues") == []
            requests.append(run.total_requests)
    assert requests[0] <= 10
    assert requests[1] - requests[0] <= 2
    assert requests[2] - requests[1] <= 2


def test_streams_declare_their_price_and_keep_to_it() -> None:
    with serving(issues=150) as bench:
        connector = bench.connector()
        run = read_everything(connector, skip=frozenset())
        specs = {spec.name: spec for spec in connector.streams()}
        for (_, stream), count in run.requests.items():
            items = max(1, sum(len(page.records) for page in run.pages[_, stream]))
            assert count <= specs[stream].requests_per_item * items + 1, stream


def test_constructing_and_listing_streams_makes_no_request() -> None:
    with serving(issues=1) as bench:
        connector = bench.connector()
        names = [spec.name for spec in connector.streams()]
        assert len(names) == len(set(names))
        assert connector.request_count == 0
        assert bench.simulator.log == []


def test_every_stream_of_the_site_and_its_projects_is_whole() -> None:
    with serving(projects=3, issues=15) as bench:
        run = read_everything(bench.connector())
        # Histories came along with their issues: the follow-up had nothing left to ask.
        left = {key: pages for key, pages in run.pages.items() if key[1] != "changelogs"}
        assert all(pages[-1].committed for pages in left.values())
        assert set(run.ids("changelogs")) == set(run.ids("issues"))
        assert not any(pages for key, pages in run.pages.items() if key[1] == "changelogs")
        assert set(run.ids("projects")) == {str(id_) for id_ in bench.world.projects}
        assert set(run.ids("boards")) == {str(id_) for id_ in bench.world.boards}
        assert set(run.ids("versions")) == {str(id_) for id_ in bench.world.versions}
        assert set(run.ids("sprints")) == {str(id_) for id_ in bench.world.sprints}
        assert set(run.ids("statuses"))
        assert "customfield" in " ".join(run.ids("fields"))


def test_versions_name_their_project_and_sprints_their_board() -> None:
    with serving() as bench:
        run = read_everything(bench.connector())
        for (scope, stream), pages in run.pages.items():
            for record in records(pages):
                payload = orjson.loads(record.payload)
                if stream == "versions":
                    assert str(payload["projectId"]) == scope
                if stream == "sprints":
                    assert payload["boardId"] == scope


def test_a_kanban_board_has_no_sprints_and_costs_nothing() -> None:
    with serving(projects=2) as bench:
        connector = bench.connector()
        asked = window(connector.connect())
        boards = [one for one in connector.scopes() if one.kind == "board"]
        kanban = next(one for one in boards if one.facts["type"] == "kanban")
        before = connector.request_count
        (page,) = connector.read("sprints", kanban, None, asked)
        assert (page.records, page.committed, connector.request_count) == ((), True, before)


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_board_without_readable_sprints_is_a_feature_that_is_off(status: int) -> None:
    """B93: A board that cannot have sprints refuses to list them."""
    with serving() as bench:
        connector = bench.connector()
        asked = window(connector.connect())
        board = scope_of(connector.scopes(), "board")
        bench.simulator.script.faults.append(Fault("/sprint", status, b"{}", times=None))
        with pytest.raises(FeatureOff, match="sprints"):
            list(connector.read("sprints", board, None, asked))


def test_an_unknown_stream_is_named_with_the_known_ones() -> None:
    with serving(issues=1) as bench:
        connector = bench.connector()
        site = ScopeRef("site", "site", "site")
        with pytest.raises(UnexpectedAnswer, match=r"no stream 'worklogs'.*Known: fields, "):
            connector.read("worklogs", site, None, Window(run_started_at=bench.clock.now()))
        with pytest.raises(UnexpectedAnswer, match="no stream 'remote_links'"):
            connector.read("remote_links", site, None, Window(run_started_at=bench.clock.now()))


def test_remote_links_are_opt_in_and_cost_one_request_each() -> None:
    with serving(issues=5) as bench:
        connector = bench.connector(remote_links=True)
        spec = connector.streams()[-1]
        assert (spec.name, spec.mode, spec.optional) == ("remote_links", Mode.FOLLOW_UP, True)
        identity = connector.connect()
        scope = scope_of(connector.scopes(), "project")
        ids = tuple(sorted(bench.alive("APO")))
        bench.simulator.script.faults.append(Fault(f"{ids[1]}/remotelink", 403, b"{}", times=None))
        before = connector.request_count
        pages = list(connector.read("remote_links", scope, None, window(identity, ids=ids)))
        assert connector.request_count - before == len(ids)
        done = [id_ for page in pages for id_ in page.done_ids]
        assert done == [id_ for id_ in ids if id_ != ids[1]]
        assert [one.kind for page in pages for one in page.unreadable] == ["forbidden"]


def test_closing_twice_is_fine() -> None:
    with serving(issues=1) as bench:
        connector = bench.connector()
        connector.connect()
        connector.close()
        connector.close()
