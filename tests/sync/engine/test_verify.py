"""The store held against the servers: equal after a run, and every difference called what it is."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support import projects
from support.hosts import Hosts, hosts
from support.synced import Synced, synced

from connectors.contract import Outcome
from connectors.simulator.faults import Fault
from connectors.simulator.world import days
from mappings.load import load
from mappings.registry import get
from sync.engine.plan import Plan
from sync.engine.verification import Kind, Verification
from sync.engine.verify import verify
from sync.store import schema
from sync.store.open import Store, open_store

FEW = {"issues": 2, "changes": 3, "repositories": 2}


def jira(it: Synced, *, sample: int = 500, store: Store | None = None, **plan: Any) -> Verification:
    return verify(
        store or it.store,
        it.plan(**plan),
        clock=it.bench.clock,
        sleep=it.bench.clock.sleep,
        sample=sample,
        seed=1,
    )


def code(it: Hosts, options: Mapping[str, Mapping[str, Any]], sample: int = 500) -> Verification:
    plan: Plan = it.plan(options)
    return verify(it.store, plan, clock=it.clock, sleep=it.clock.sleep, sample=sample, seed=1)


def kinds(found: Verification) -> Counter[Kind]:
    return Counter(one.kind for one in found.found)


def change(it: Synced | Hosts, table: str, where: str, **values: Any) -> None:
    """Make the store wrong, as no run would."""
    t = schema.metadata.tables[table]
    with it.store.writing() as conn:
        done = conn.execute(sa.update(t).where(sa.text(where)).values(**values))
        assert done.rowcount > 0


# --- equal ----------------------------------------------------------------------------------


@pytest.mark.full
@pytest.mark.parametrize("cloud", [True, False])
def test_after_a_run_jira_and_the_store_are_equal(store_url: str, cloud: bool) -> None:
    with synced(store_url, cloud=cloud, projects=2, issues=10) as it:
        it.run()
        it.later(hours=1)
        found = jira(it)
        assert (found.found, found.problems, found.exit_codes) == ((), (), frozenset())
        issues = {one.scope: one for one in found.checked if one.stream == "issues"}
        for project in it.bench.world.projects.values():
            number = len(it.bench.alive(project.key))
            one = issues[project.key]
            assert (one.there, one.here, one.compared) == (number, number, number)
        assert {"issues", "versions", "sprints", "statuses", "fields"} == {
            one.stream for one in found.checked
        }


@pytest.mark.full
@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_after_a_run_code_hosts_and_the_store_are_equal(tmp_path: Path, api: str) -> None:
    with hosts(f"{tmp_path}/store.db", **FEW) as it:
        options = {"github": {"api": api}, "gitlab": {"api": api}}
        it.run(**options)
        it.later(hours=1)
        found = code(it, options)
        assert (found.found, found.problems, found.exit_codes) == ((), (), frozenset())
        for kind in ("github", "gitlab"):
            for stream in ("issues", "changes", "milestones", "releases"):
                (one,) = [c for c in found.checked if (c.connection, c.stream) == (kind, stream)]
                assert (one.there, one.compared) == (one.here, one.here)


@pytest.mark.full
@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_what_one_api_told_is_what_the_other_says(tmp_path: Path, api: str) -> None:
    few = {"issues": 10, "changes": 16, "repositories": 2}
    with hosts(f"{tmp_path}/store.db", **few) as it:
        it.run(github={"api": api}, gitlab={"api": api})
        it.later(hours=1)
        other = "rest" if api == "graphql" else "graphql"
        found = code(it, {"github": {"api": other}, "gitlab": {"api": other}})
        assert (found.found, found.problems) == ((), ())


@pytest.mark.full
def test_what_a_project_lays_over_its_issues_is_not_taken_for_their_own_word(
    tmp_path: Path,
) -> None:
    with hosts(f"{tmp_path}/store.db", kinds=("github",), **FEW) as it:
        board = projects.planned(it.world)
        for item in board.items:
            it.world.code.projects.set(item, "Release", "R1")
            it.world.code.projects.set(item, "Points", 5.0)
        options = {"github": {"projects": [projects.options(board)]}}
        it.run(**options)
        it.later(hours=1)
        with it.store.reading() as conn:
            laid = conn.execute(sa.select(schema.metadata.tables["board_overlay"])).all()
        assert laid
        found = code(it, options)
        assert (found.found, found.problems) == ((), ())
        (one,) = projects.rows(it.store, "work_item", source_id=laid[0].work_item_id)
        change(it, "work_item", f"source_id = '{one.source_id}'", title="Not so")
        assert [(one.kind, one.field) for one in code(it, options).found] == [(Kind.WRONG, "title")]


@pytest.mark.full
def test_nothing_is_written(tmp_path: Path) -> None:
    with synced(f"{tmp_path}/store.db", issues=10) as it:
        it.run()
        it.later(hours=3)
        it.bench.world.create_issue(
            next(iter(it.bench.world.projects.values())),
            "Task",
            "New",
            reporter=next(iter(it.bench.world.issues.values())).reporter,
        )
        with it.store.reading() as conn:
            before = {
                table.name: sorted(map(repr, conn.execute(sa.select(table))))
                for table in schema.metadata.sorted_tables
            }
        reading = open_store(f"{tmp_path}/store.db", read_only=True)
        try:
            found = jira(it, store=reading)
        finally:
            reading.close()
        assert kinds(found) == {Kind.NEW: 1}
        with it.store.reading() as conn:
            for table in schema.metadata.sorted_tables:
                rows = sorted(map(repr, conn.execute(sa.select(table))))
                assert rows == before[table.name], table.name


# --- what differs ---------------------------------------------------------------------------


@pytest.mark.full
def test_each_difference_is_called_what_it_is(tmp_path: Path) -> None:
    with synced(f"{tmp_path}/store.db", projects=2, issues=8) as it:
        it.run()
        world = it.bench.world
        first, second = list(world.projects.values())[:2]
        wrong, lost, missing, moved, deleted, gone_over, event = (
            world.issues[id_] for id_ in world.by_project[first.id][:7]
        )
        change(it, "work_item", f"source_id = '{wrong.id}'", title="Not what Jira says")
        with it.store.writing() as conn:
            conn.execute(sa.text(f"DELETE FROM work_item WHERE source_id = '{missing.id}'"))
            (id_,) = conn.execute(
                sa.text(
                    "SELECT MIN(source_event_id) FROM field_event "
                    f"WHERE work_item_id = '{event.id}'"
                )
            ).one()
            conn.execute(
                sa.text(
                    f"DELETE FROM field_event WHERE work_item_id = '{event.id}' "
                    f"AND source_event_id = '{id_}'"
                )
            )
        # A change whose stamp did not move: no incremental reading ever brings it.
        lost.summary = "Changed behind the back"
        it.later(hours=2)
        world.rename(moved, "Moved since")
        world.delete(deleted)
        world.move(gone_over, second)
        new = world.create_issue(first, "Task", "New work", reporter=wrong.reporter)
        found = jira(it)
    told = {(one.source_id, one.field): one for one in found.found}
    assert told[str(wrong.id), "title"].kind is Kind.WRONG
    assert told[str(wrong.id), "title"].here == "Not what Jira says"
    assert told[str(wrong.id), "title"].there == wrong.summary
    assert told[str(lost.id), "title"].kind is Kind.WRONG
    assert told[str(missing.id), ""].kind is Kind.MISSING
    assert told[str(moved.id), "title"].kind is Kind.CHANGED
    assert told[str(deleted.id), ""].kind is Kind.GONE
    assert told[str(deleted.id), ""].detail == "deleted_or_hidden"
    assert told[str(gone_over.id), ""].detail == f"moved, now {gone_over.key}"
    assert told[str(new.id), ""].kind is Kind.NEW
    assert told[str(event.id), f"field_event {id_}"].kind is Kind.WRONG
    assert found.exit_codes == {4}
    assert {one.source_id for one in found.trouble} == {
        str(one.id) for one in (wrong, lost, missing, event)
    }


@pytest.mark.full
def test_what_only_time_explains_is_no_trouble_and_the_next_run_heals_it(tmp_path: Path) -> None:
    with synced(f"{tmp_path}/store.db", issues=10) as it:
        it.run()
        world = it.bench.world
        first, second, third, *_ = world.issues.values()
        it.later(hours=2)
        world.rename(first, "Renamed")
        world.transition(second, "In Progress")
        world.delete(third)
        found = jira(it)
        assert found.exit_codes == frozenset()
        assert {one.kind for one in found.found} <= {Kind.CHANGED, Kind.GONE}
        assert {one.source_id for one in found.found} == {
            str(one.id) for one in (first, second, third)
        }
        it.later(minutes=30)
        it.run(census=True)
        assert jira(it).found == ()


#: (table, column, a value that no server says); of each table the row of its last record.
WRONG = (
    ("change_request", "title", "Not so"),
    ("change_request", "state", "not-so"),
    ("change_request", "created_at", datetime(2001, 1, 1, tzinfo=UTC)),
    ("change_request", "labels", ["not-so"]),
    ("change_file", "additions", 999_999),
    ("review", "raw_verdict", "NOT_SO"),
    ("change_commit", "position", 77),
    ("release", "tag", "not-so"),
    ("work_item", "priority", "not-so"),
    ("work_item", "url", None),
    ("field_event", "at", datetime(2001, 1, 1, tzinfo=UTC)),
)


@pytest.mark.parametrize("api", ["rest", pytest.param("graphql", marks=pytest.mark.full)])
def test_one_wrong_value_anywhere_is_found(tmp_path: Path, api: str) -> None:
    options = {"github": {"api": api}}
    with hosts(f"{tmp_path}/store.db", kinds=("github",), **FEW) as it:
        it.run(**options)
        it.later(hours=1)
        for table, column, value in WRONG:
            _spoil(it.store, schema.metadata.tables[table], column, value)
        found = code(it, options)
    told = {(one.field.split(" ")[0], one.field.split(" ")[-1]) for one in found.found}
    direct = ("change_request", "release", "work_item")
    wanted = {(column if table in direct else table, column) for table, column, _ in WRONG}
    assert told == wanted
    assert found.exit_codes == {4}


def _spoil(store: Store, table: sa.Table, column: str, value: Any) -> None:
    query = sa.select(table)
    if "known_to" in table.c:
        query = query.where(table.c.known_to.is_(None))
    if "origin" in table.c:
        query = query.where(table.c.origin == "source")
    with store.writing() as conn:
        row = conn.execute(query.order_by(*table.primary_key.columns)).mappings().all()[-1]
        assert row[column] != value
        same = [table.c[c.name] == row[c.name] for c in table.primary_key.columns]
        conn.execute(sa.update(table).where(*same).values({column: value}))


@pytest.mark.full
def test_a_listing_without_stamps_leaves_it_unsure_and_says_so(tmp_path: Path) -> None:
    with synced(f"{tmp_path}/store.db", issues=5) as it:
        it.run()
        world = it.bench.world
        version = world.version_named("Release 3.2", next(iter(world.projects.values())))
        it.later(hours=2)
        world.set_version_dates(version, due=version.due + days(9))
        found = jira(it)
        assert [(one.kind, one.field) for one in found.found] == [(Kind.UNSURE, "due_date")]
        assert found.exit_codes == {4}
        it.run()
        assert jira(it).found == ()


# --- what cannot be compared ----------------------------------------------------------------


@pytest.mark.full
def test_what_lies_behind_the_horizon_is_not_missing(tmp_path: Path) -> None:
    with synced(f"{tmp_path}/store.db", issues=30) as it:
        since = {"since": it.bench.clock.now() - days(40), "since_label": "40d"}
        it.run(**since)
        it.later(hours=1)
        found = jira(it, **since)
        assert (found.found, found.problems) == ((), ())
        (issues,) = [one for one in found.checked if one.stream == "issues"]
        assert 0 < (issues.here or 0) < len(it.bench.world.issues)


@pytest.mark.full
def test_trouble_of_one_project_leaves_the_others_verified(tmp_path: Path) -> None:
    with synced(f"{tmp_path}/store.db", projects=2, issues=5) as it:
        it.run()
        first, second = it.bench.world.projects.values()
        it.bench.simulator.script.faults.append(
            Fault(rf"/project/{first.id}/versions", 503, times=None)
        )
        found = jira(it)
        assert found.exit_codes == {4}
        assert {(one.scope, one.stream) for one in found.problems} == {(first.key, "versions")}
        assert (second.key, "versions") in {(one.scope, one.stream) for one in found.checked}
        assert found.found == ()


@pytest.mark.full
def test_a_refused_token_is_one_problem_and_no_difference(tmp_path: Path) -> None:
    with synced(f"{tmp_path}/store.db", issues=5) as it:
        it.run()
        it.options["token"] = "token-nobody-has"
        found = jira(it)
        assert ["credentials" in one.what for one in found.problems] == [True]
        assert (found.found, found.checked, found.exit_codes) == ((), (), {4})
        assert "token-nobody-has" not in repr(found)


def test_what_was_never_read_whole_is_not_called_equal(tmp_path: Path) -> None:
    with synced(f"{tmp_path}/store.db", issues=110) as it:
        assert ["never read" in one.what for one in jira(it).problems] == [True]
        it.bench.simulator.script.faults.append(Fault("search/jql", 400, skip=2, times=1))
        assert it.run().outcome is Outcome.PARTIAL
        found = jira(it)
        assert found.exit_codes == {4}
        assert [one.what for one in found.problems] == ["it was never read whole"]
        assert [one.note for one in found.checked if one.stream == "issues"] == [
            "it was never read whole"
        ]


@pytest.mark.full
def test_another_mapping_is_applied_before_rows_are_compared(tmp_path: Path) -> None:
    with synced(f"{tmp_path}/store.db", issues=5) as it:
        it.run()
        extra = tmp_path / "mine.toml"
        extra.write_text('[status]\n"Done" = "cancelled"\n', encoding="utf-8")
        found = jira(it, mapping=load([get("jira").defaults, extra]))
        assert ["driftline remap" in one.todo for one in found.problems] == [True]


@pytest.mark.full
def test_another_server_behind_the_name_is_not_compared(tmp_path: Path) -> None:
    with synced(f"{tmp_path}/store.db", issues=5) as it:
        it.run()
        change(it, "connection", "name = 'jira'", server_id="jira:elsewhere.example.net")
        found = jira(it)
        assert ["answers as" in one.what for one in found.problems] == [True]
        assert found.checked == ()


# --- drawing --------------------------------------------------------------------------------


@pytest.mark.full
def test_a_seed_draws_the_same_records_and_a_sample_is_no_more_than_asked(tmp_path: Path) -> None:
    with synced(f"{tmp_path}/store.db", projects=2, issues=6) as it:
        it.run()
        it.later(hours=1)
        log = it.bench.simulator.log
        asked: list[list[bytes]] = []
        for _ in range(2):
            before = len(log)
            found = jira(it, sample=5)
            assert sum(one.compared for one in found.checked if one.stream == "issues") == 5
            asked.append([one.body for one in log[before:] if "bulkfetch" in one.path])
        assert asked[0] == asked[1] != []
        before = len(log)
        assert (
            sum(one.compared for one in jira(it, sample=0).checked if one.stream == "issues") == 0
        )
        # Counting alone costs a few requests per project.
        assert len(log) - before <= 16


def test_without_a_seed_one_is_drawn_and_told(tmp_path: Path) -> None:
    with synced(f"{tmp_path}/store.db", issues=1) as it:
        plan = replace(it.plan(), connections=())
        seeds = {verify(it.store, plan, clock=it.bench.clock).seed for _ in range(5)}
        assert len(seeds) > 1


@pytest.mark.full
def test_the_stamps_of_the_last_reading_decide(tmp_path: Path) -> None:
    """What moved within the overlap may still come: it is no proof of a mistake."""
    with synced(f"{tmp_path}/store.db", issues=5) as it:
        issue = next(iter(it.bench.world.issues.values()))
        it.bench.world.rename(issue, "Just before the run")
        it.later(minutes=10)
        it.run()
        change(it, "work_item", f"source_id = '{issue.id}'", title="Not so")
        assert kinds(jira(it)) == {Kind.CHANGED: 1}
        it.later(minutes=10)
        it.bench.clock.advance(timedelta(hours=2))
        it.run()
        change(it, "work_item", f"source_id = '{issue.id}'", title="Not so")
        assert kinds(jira(it)) == {Kind.WRONG: 1}
