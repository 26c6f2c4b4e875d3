"""The incremental walk: nothing is lost by stopping, by edits during it, by zones or lag."""

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from support.jira_site import Bench, later, read_everything, records, scope_of, serving, window

from connectors.contract import Cursor, Page, ScopeRef, UnexpectedAnswer, Window
from connectors.jira import paging
from connectors.jira.connector import JiraConnector
from connectors.jira.issues import wanted_fields
from connectors.jira.paging import Found
from connectors.simulator.faults import Fault, Hook
from connectors.simulator.world import Issue

WAYS: list[dict[str, Any]] = [
    {"cloud": True},
    {"cloud": True, "epoch_ms": False},
    {"cloud": False},
    {"cloud": False, "id_clause": False, "epoch_ms": False},
]


def opened(bench: Bench, **options: Any) -> tuple[JiraConnector, ScopeRef, Window]:
    connector = bench.connector(**{"page_size": 20, **options})
    identity = connector.connect()
    return connector, scope_of(connector.scopes(), "project"), window(identity)


def read(
    connector: JiraConnector, scope: ScopeRef, cursor: Cursor | None, asked: Window
) -> list[Page]:
    return list(connector.read("issues", scope, cursor, asked))


def ids(pages: list[Page]) -> list[str]:
    return [record.source_id for record in records(pages, "issues")]


def some(bench: Bench, number: int) -> Issue:
    alive = sorted(bench.world.alive(), key=lambda one: one.id)
    return alive[number]


def advanced(bench: Bench, **by: float) -> None:
    later(bench, **by)
    bench.world.now = bench.clock.now()


@pytest.mark.parametrize("way", WAYS)
def test_a_first_load_brings_every_issue_once(way: dict[str, Any]) -> None:
    with serving(**way) as bench:
        connector, scope, asked = opened(bench)
        pages = read(connector, scope, None, asked)
        assert len(pages) > 2
        assert sorted(ids(pages)) == sorted(bench.alive("APO"))
        assert [page.committed for page in pages] == [False] * (len(pages) - 1) + [True]
        assert pages[-1].cursor is not None
        assert pages[-1].cursor["since"] == int(asked.run_started_at.timestamp() * 1000)


@pytest.mark.parametrize("way", WAYS)
def test_only_what_moved_is_read_again(way: dict[str, Any]) -> None:
    with serving(**way) as bench:
        connector, scope, asked = opened(bench)
        cursor = read(connector, scope, None, asked)[-1].cursor
        advanced(bench, hours=5)
        moved = some(bench, 3)
        bench.world.rename(moved, "Another name")
        advanced(bench, hours=1)
        connector, scope, asked = opened(bench)
        found = records(read(connector, scope, cursor, asked), "issues")
        assert str(moved.id) in {record.source_id for record in found}
        # Bounds are minutes of the account's zone, an hour earlier in the repeated one.
        assert all(
            record.updated_at is not None
            and record.updated_at >= bench.clock.now() - timedelta(hours=8)
            for record in found
        )


@pytest.mark.parametrize("way", WAYS)
def test_stopped_after_any_page_and_resumed_nothing_is_lost(way: dict[str, Any]) -> None:
    with serving(issues=70, **way) as bench:
        connector, scope, asked = opened(bench)
        whole = len(read(connector, scope, None, asked))
        for stop in range(1, whole):
            kept: set[str] = set()
            cursor: Cursor | None = None
            for number, page in enumerate(connector.read("issues", scope, None, asked), 1):
                kept.update(record.source_id for record in page.records)
                cursor = page.cursor or cursor
                if number == stop:
                    break
            rest = read(connector, scope, orjson.loads(orjson.dumps(cursor)), asked)
            assert kept | set(ids(rest)) == bench.alive("APO")
            assert rest[-1].committed


def test_a_resumed_walk_repeats_little_on_cloud_and_none_by_id() -> None:
    for cloud, most in ((True, 40), (False, 0)):
        with serving(issues=200, cloud=cloud) as bench:
            connector, scope, asked = opened(bench)
            pages = connector.read("issues", scope, None, asked)
            first = [next(pages) for _ in range(5)]
            rest = read(connector, scope, first[-1].cursor, asked)
            assert len(set(ids(first)) & set(ids(rest))) <= most


@pytest.mark.parametrize("way", WAYS)
def test_an_issue_edited_and_one_deleted_during_the_walk_cost_nobody_else(
    way: dict[str, Any],
) -> None:
    with serving(issues=100, **way) as bench:
        world = bench.world
        victim, edited = some(bench, 2), some(bench, 5)

        def disturb() -> None:
            world.now = bench.clock.now()
            world.delete(victim)
            world.rename(edited, "Edited meanwhile")

        connector, scope, asked = opened(bench)
        bench.simulator.script.hooks.append(Hook("/search", disturb, skip=2))
        pages = read(connector, scope, None, asked)
        assert bench.alive("APO") <= set(ids(pages))
        assert bench.simulator.script.hooks[0].done


def test_a_cloud_walk_out_of_order_restarts_from_its_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    days = ["2026-02-01", "2026-02-02", "2026-02-01", "2026-02-03", "2026-02-04"]
    found = [
        Found([{"id": str(n), "fields": {"updated": f"{day}T10:00:30.000+0000"}}], n == len(days))
        for n, day in enumerate(days, 1)
    ]
    monkeypatch.setattr(paging, "by_token", lambda site, question: iter(found))
    with serving(issues=1) as bench:
        connector, scope, asked = opened(bench)
        pages = read(connector, scope, None, asked)
    marks = [(page.cursor or {})["walk"].get("updated") for page in pages[:-1]]
    first, second = 1769940030000, 1770026430000
    assert marks == [first, second, None, None]


def test_the_cursor_is_the_start_of_the_run_and_never_later() -> None:
    with serving() as bench:
        connector, scope, asked = opened(bench)
        started = asked.run_started_at
        later(bench, minutes=30)
        cursor = read(connector, scope, None, asked)[-1].cursor
        assert cursor is not None
        assert cursor["since"] == int(started.timestamp() * 1000)


@pytest.mark.parametrize("way", WAYS)
def test_the_horizon_leaves_old_closed_work_out_and_no_open_work(way: dict[str, Any]) -> None:
    with serving(**way) as bench:
        connector, scope, asked = opened(bench)
        since = bench.clock.now() - timedelta(days=10)
        limited = Window(run_started_at=asked.run_started_at, since=since)
        found = set(ids(read(connector, scope, None, limited)))
        expected = {
            str(one.id) for one in bench.world.alive() if not one.is_done or one.updated >= since
        }
        old = {
            str(one.id)
            for one in bench.world.alive()
            if one.is_done and one.updated < since - timedelta(hours=2)
        }
        assert old
        assert expected <= found
        assert not found & old


def test_another_list_of_fields_reads_everything_again() -> None:
    with serving() as bench:
        connector, scope, asked = opened(bench)
        pages = read(connector, scope, None, asked)
        cursor = dict(pages[-1].cursor or {})
        shapes = {record.shape for record in records(pages, "issues")}
        assert shapes == {cursor["shape"]}
        later(bench, hours=30)
        connector, scope, asked = opened(bench)
        assert len(ids(read(connector, scope, cursor, asked))) < 60
        named = Window(run_started_at=asked.run_started_at, hints={"points": ["Flagged", "Rank"]})
        assert read(connector, scope, cursor, named)[-1].cursor is not None
        cursor["shape"] += 1
        assert set(ids(read(connector, scope, cursor, asked))) == bench.alive("APO")


def test_fields_are_named_and_found_by_type() -> None:
    with serving() as bench:
        connector, scope, asked = opened(bench)
        read(connector, scope, None, asked)
        query = [one.query for one in bench.simulator.log if "/search/jql" in one.path][-1]
        fields = query["fields"][0].split(",")
        assert {"summary", "status", "issuelinks", "project", "description"} <= set(fields)
        assert "comment" not in fields
        assert "*all" not in fields
        custom = [name for name in fields if name.startswith("customfield_")]
        site = connector._site
        names = {one["id"]: one["name"] for one in site.field_list()}
        assert sorted(names[one] for one in custom) == [
            "Epic Link",
            "Flagged",
            "Sprint",
            "Story Points",
        ]
        assert wanted_fields(site, {"points": ["SUMMARY"]})[-1].startswith("customfield_")


@pytest.mark.parametrize("way", WAYS)
def test_a_quiet_project_is_proven_by_one_request(way: dict[str, Any]) -> None:
    with serving(projects=2, **way) as bench:
        first = read_everything(bench.connector())
        advanced(bench, minutes=50)
        connector = bench.connector()
        identity = connector.connect()
        projects = [one for one in connector.scopes() if one.kind == "project"]
        before = connector.request_count
        connector._site.field_list()
        quiet = connector.unchanged("issues", first.cursors(), projects, window(identity))
        assert quiet == {one.source_id for one in projects}
        assert connector.request_count - before == 2
        bench.world.rename(next(iter(bench.world.alive())), "Another name")
        touched = str(next(iter(bench.world.alive())).project_id)
        quiet = connector.unchanged("issues", first.cursors(), projects, window(identity))
        assert quiet == {one.source_id for one in projects} - {touched}


def test_a_change_just_before_the_run_is_not_taken_for_new_nor_a_later_one_for_old() -> None:
    with serving() as bench:
        moved = some(bench, 4)
        bench.world.now = bench.clock.now()
        bench.world.rename(moved, "Just now")
        connector, scope, asked = opened(bench)
        cursors = {scope.source_id: read(connector, scope, None, asked)[-1].cursor or {}}
        assert cursors[scope.source_id]["seen"]
        assert connector.unchanged("issues", cursors, [scope], asked) == {scope.source_id}
        advanced(bench, seconds=1)
        bench.world.rename(moved, "And again")
        assert connector.unchanged("issues", cursors, [scope], asked) == frozenset()


def test_an_item_that_vanished_from_the_window_is_no_proof_of_quiet() -> None:
    with serving() as bench:
        moved = some(bench, 4)
        bench.world.now = bench.clock.now()
        bench.world.rename(moved, "Just now")
        connector, scope, asked = opened(bench)
        cursors = {scope.source_id: read(connector, scope, None, asked)[-1].cursor or {}}
        bench.world.delete(moved)
        assert connector.unchanged("issues", cursors, [scope], asked) == frozenset()


def test_a_change_that_the_index_shows_late_is_still_seen() -> None:
    """B09: An index that is behind shows a change after the run that wanted it."""
    lag = timedelta(minutes=10)
    with serving(index_lag=lag) as bench:
        advanced(bench, hours=1)
        moved = some(bench, 4)
        bench.world.rename(moved, "Hidden by the index for now")
        connector, scope, asked = opened(bench)
        pages = read(connector, scope, None, asked)
        cursors = {scope.source_id: pages[-1].cursor or {}}
        assert str(moved.id) not in ids(pages)
        advanced(bench, minutes=11)
        connector, scope, asked = opened(bench)
        assert connector.unchanged("issues", cursors, [scope], asked) == frozenset()
        again = read(connector, scope, cursors[scope.source_id], asked)
        assert str(moved.id) in ids(again)


def test_cursors_of_a_resumed_walk_prove_nothing() -> None:
    with serving() as bench:
        connector, scope, asked = opened(bench)
        first = next(iter(connector.read("issues", scope, None, asked)))
        last = read(connector, scope, first.cursor, asked)[-1].cursor or {}
        assert last["seen"] is None
        assert connector.unchanged("issues", {scope.source_id: last}, [scope], asked) == set()


def test_data_center_histories_come_with_the_issues() -> None:
    with serving(cloud=False) as bench:
        connector, scope, asked = opened(bench)
        for record in records(read(connector, scope, None, asked), "issues"):
            log = orjson.loads(record.payload)["changelog"]
            truth = bench.world.issues[int(record.source_id)].history
            assert len(log["histories"]) == log["total"] == len(truth)


def test_cloud_searches_never_ask_for_cut_histories() -> None:
    with serving() as bench:
        connector, scope, asked = opened(bench)
        assert all(
            b'"changelog"' not in one.payload
            for one in records(read(connector, scope, None, asked), "issues")
        )
        assert all("expand" not in one.query for one in bench.simulator.log)


def test_a_page_that_fails_for_good_stops_the_stream_and_keeps_the_pages_before() -> None:
    with serving() as bench:
        connector, scope, asked = opened(bench)
        broken = b'{"errorMessages": ["Something is wrong"]}'
        bench.simulator.script.faults.append(Fault("/search/jql", 400, broken, times=None, skip=2))
        pages = connector.read("issues", scope, None, asked)
        kept = [next(pages), next(pages)]
        with pytest.raises(UnexpectedAnswer, match="Something is wrong"):
            next(pages)
        assert next(pages, None) is None
        assert len(ids(kept)) == 40


def test_times_come_as_utc() -> None:
    with serving() as bench:
        connector, scope, asked = opened(bench)
        for record in records(read(connector, scope, None, asked), "issues"):
            truth = bench.world.issues[int(record.source_id)].updated
            assert record.updated_at is not None
            assert record.updated_at.utcoffset() == timedelta(0)
            assert abs(record.updated_at - truth) < timedelta(milliseconds=1)


def test_every_account_zone_sees_a_change_of_the_last_minutes() -> None:
    """B04: A bound in another zone than the account's leaves hours out."""
    for seed in range(4):
        with serving(seed, issues=8, epoch_ms=False) as bench:
            connector, scope, asked = opened(bench)
            cursor = read(connector, scope, None, asked)[-1].cursor
            advanced(bench, minutes=3)
            bench.world.rename(some(bench, 1), "Moved")
            connector, scope, asked = opened(bench)
            assert str(some(bench, 1).id) in ids(read(connector, scope, cursor, asked))


def test_a_walk_over_the_hour_that_happens_twice_loses_nothing() -> None:
    start = datetime.fromisoformat("2026-10-25T00:10:00+00:00")
    for minutes in range(0, 150, 35):
        with serving(1, issues=8, epoch_ms=False) as bench:
            credential = bench.world.credentials["owner"]
            object.__setattr__(credential, "time_zone", "Europe/Berlin")
            bench.clock.advance(start - bench.clock.now() + timedelta(minutes=minutes))
            bench.world.now = bench.clock.now()
            connector, scope, asked = opened(bench)
            cursor = read(connector, scope, None, asked)[-1].cursor
            advanced(bench, minutes=20)
            bench.world.rename(some(bench, 1), "Moved")
            connector, scope, asked = opened(bench)
            assert str(some(bench, 1).id) in ids(read(connector, scope, cursor, asked))
