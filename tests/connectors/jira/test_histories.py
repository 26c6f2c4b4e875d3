"""Histories are whole, ordered, merged over pages, or said to be cut."""

from typing import Any

import orjson
import pytest
from support.jira_site import Bench, records, scope_of, serving, window

from connectors.contract import Page, ScopeRef, UnexpectedAnswer, Window
from connectors.jira import histories
from connectors.jira.connector import JiraConnector
from connectors.simulator.faults import Fault


def opened(bench: Bench, ids: list[str], **options: Any) -> tuple[JiraConnector, ScopeRef, Window]:
    connector = bench.connector(**options)
    identity = connector.connect()
    scope = scope_of(connector.scopes(), "project")
    return connector, scope, window(identity, ids=tuple(ids))


def read(connector: JiraConnector, scope: ScopeRef, asked: Window) -> list[Page]:
    return list(connector.read("changelogs", scope, None, asked))


def told(page: list[Page]) -> dict[str, dict[str, Any]]:
    return {one.source_id: orjson.loads(one.payload) for one in records(page)}


def check_against_the_truth(bench: Bench, found: dict[str, dict[str, Any]]) -> None:
    for id_, payload in found.items():
        truth = sorted(bench.world.issues[int(id_)].history, key=lambda one: (one.at, one.id))
        assert payload["issueId"] == id_
        assert [one["id"] for one in payload["histories"]] == [str(one.id) for one in truth]
        assert (payload["total"], payload["complete"]) == (len(truth), True)
        assert payload["reason"] is None


def test_the_bulk_endpoint_brings_every_entry_of_every_item() -> None:
    with serving(issues=200) as bench:
        ids = sorted(bench.alive("APO"))
        connector, scope, asked = opened(bench, ids)
        before = connector.request_count
        pages = read(connector, scope, asked)
        assert connector.request_count - before == 1
        assert [page.committed for page in pages] == [True]
        assert pages[0].done_ids == tuple(ids)
        found = told(pages)
        assert set(found) == set(ids)
        check_against_the_truth(bench, found)
        assert any(len(one["histories"]) > 40 for one in found.values())


def test_an_item_that_straddles_pages_is_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    """B84: A long history comes in parts."""
    monkeypatch.setattr(histories, "BULK_ENTRIES", 7)
    with serving(issues=30) as bench:
        connector, scope, asked = opened(bench, sorted(bench.alive("APO")))
        found = told(read(connector, scope, asked))
        check_against_the_truth(bench, found)
        assert sum("bulkfetch" in one.path for one in bench.simulator.log) > 3


def test_more_items_than_one_question_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histories, "BULK_IDS", 25)
    with serving() as bench:
        ids = sorted(bench.alive("APO"))
        connector, scope, asked = opened(bench, ids)
        pages = read(connector, scope, asked)
        assert [page.committed for page in pages] == [False] * (len(pages) - 1) + [True]
        assert set(told(pages)) == set(ids)


def test_an_item_without_history_is_complete_and_empty() -> None:
    with serving() as bench:
        project = next(iter(bench.world.projects.values()))
        fresh = bench.world.create_issue(
            project, "Task", "New", reporter="5b10a0000", at=bench.clock.now()
        )
        connector, scope, asked = opened(bench, [str(fresh.id)])
        payload = told(read(connector, scope, asked))[str(fresh.id)]
        assert (payload["histories"], payload["complete"]) == ([], True)


def test_the_same_token_twice_is_an_error() -> None:
    with serving() as bench:
        connector, scope, asked = opened(bench, ["10001"])
        body = b'{"issueChangeLogs": [], "nextPageToken": "again"}'
        bench.simulator.script.faults.append(Fault("bulkfetch", 200, body, times=None))
        with pytest.raises(UnexpectedAnswer, match="same page token twice"):
            read(connector, scope, asked)


@pytest.mark.parametrize("status", [404, 405, 410])
def test_without_the_bulk_endpoint_each_item_is_asked_for(status: int) -> None:
    with serving(issues=20) as bench:
        ids = sorted(bench.alive("APO"))
        connector, scope, asked = opened(bench, ids)
        bench.simulator.script.faults.append(Fault("bulkfetch", status, b"{}", times=None))
        check_against_the_truth(bench, told(read(connector, scope, asked)))
        read(connector, scope, asked)
        assert sum("bulkfetch" in one.path for one in bench.simulator.log) == 1


def test_data_center_asks_with_the_item_itself_and_learns_that_once() -> None:
    with serving(cloud=False, issues=20) as bench:
        ids = sorted(bench.alive("APO"))
        connector, scope, asked = opened(bench, ids)
        before = connector.request_count
        check_against_the_truth(bench, told(read(connector, scope, asked)))
        assert connector.request_count - before == len(ids) + 1


@pytest.mark.parametrize("cloud", [True, False])
def test_an_item_that_is_gone_is_named_and_the_others_come(cloud: bool) -> None:
    with serving(cloud=cloud, issues=10) as bench:
        ids = sorted(bench.alive("APO"))
        connector, scope, asked = opened(bench, ids)
        bench.simulator.script.faults.append(Fault("bulkfetch", 404, b"{}", times=None))
        bench.world.delete(bench.world.issues[int(ids[3])])
        (page,) = read(connector, scope, asked)
        assert [(one.source_id, one.kind) for one in page.unreadable] == [(ids[3], "missing")]
        assert set(page.done_ids) == set(ids) - {ids[3]}


def test_a_cut_history_says_so() -> None:
    with serving(cloud=False, issues=3) as bench:
        id_ = sorted(bench.alive("APO"))[0]
        connector, scope, asked = opened(bench, [id_])
        body = orjson.dumps({"id": id_, "changelog": {"total": 3, "histories": [{"id": "1"}]}})
        bench.simulator.script.faults.append(Fault(rf"/issue/{id_}$", 200, body))
        payload = told(read(connector, scope, asked))[id_]
        assert payload["complete"] is False
        assert payload["reason"] == "the server gives 1 of 3 changes"


def test_no_ids_is_one_empty_last_page() -> None:
    with serving(issues=1) as bench:
        connector, scope, asked = opened(bench, [])
        before = connector.request_count
        assert read(connector, scope, asked) == [Page((), committed=True)]
        assert connector.request_count == before


def test_entries_are_ordered_by_time_then_number_whatever_the_form() -> None:
    entries = {
        "30": {"id": "30", "created": 1772438400000},
        "4": {"id": "4", "created": "2026-03-02T09:00:00.000+0100"},
        "5": {"id": "5", "created": "2026-03-02T07:59:59.000+0000"},
    }
    payload = orjson.loads(histories._record("1", entries, None).payload)
    assert [one["id"] for one in payload["histories"]] == ["5", "4", "30"]
