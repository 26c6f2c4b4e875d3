"""Whole runs of the real engine and connector against the simulated server."""

import pytest
import sqlalchemy as sa
from support.jira_site import NOW
from support.synced import Synced, synced

from connectors.contract import Outcome
from connectors.jira.connector import JiraConnector
from connectors.simulator.faults import Fault, Hook
from connectors.simulator.world import days
from sync.store import schema

pytestmark = pytest.mark.full_on_postgres


def test_a_first_load_holds_exactly_what_is_visible(store_url: str) -> None:
    """B94: What no board shows is read by its project all the same."""
    with synced(store_url, projects=2) as it:
        result = it.run()
        assert result.outcome is Outcome.COMPLETE
        assert result.problems == ()
        keys = {row[0] for row in it.rows("SELECT key FROM work_item WHERE gone_at IS NULL")}
        assert keys == {issue.key for issue in it.bench.world.alive()}
        assert it.rows("SELECT COUNT(*) FROM work_item WHERE history_state <> 'complete'") == [(0,)]


@pytest.mark.full
def test_an_unchanged_world_writes_no_row(store_url: str) -> None:
    with synced(store_url, projects=2) as it:
        it.run()
        before = it.contents()
        for hours in (1, 5, 30):
            it.later(hours=hours)
            result = it.run()
            assert (result.outcome, result.rows_written) == (Outcome.COMPLETE, 0)
        assert it.contents() == before


@pytest.mark.full
def test_the_budgets_of_requests_hold(tmp_path: object) -> None:
    with synced(f"{tmp_path}/store.db", issues=1000) as it:
        assert it.run().requests <= 25
        it.later(hours=1)
        assert it.run().requests <= 10


def test_items_of_a_project_with_another_key_are_called_by_it(store_url: str) -> None:
    """B77: A key is a name: no issue is changed at the source, none is lost or there twice."""
    with synced(store_url, projects=2) as it:
        it.run()
        world = it.bench.world
        before = it.rows("SELECT COUNT(*) FROM work_item")
        project = min(world.projects.values(), key=lambda one: one.id)
        former = project.key
        world.rename_project(project, "RENAMED")
        it.later(hours=1)
        result = it.run()
        assert result.outcome is Outcome.COMPLETE, result.problems
        keys = {row[0] for row in it.rows("SELECT key FROM work_item WHERE gone_at IS NULL")}
        assert keys == {issue.key for issue in world.alive()}
        assert it.rows("SELECT COUNT(*) FROM work_item") == before
        kept = it.rows(f"SELECT COUNT(*) FROM work_item_key WHERE key LIKE '{former}-%'")
        assert kept[0][0] == len([key for key in keys if key.startswith("RENAMED-")])


@pytest.mark.full
@pytest.mark.parametrize("projects", [2, 3])
def test_an_idle_run_costs_two_requests_more_per_project(tmp_path: object, projects: int) -> None:
    with synced(f"{tmp_path}/store.db", projects=projects, issues=40) as it:
        it.run()
        it.later(hours=1)
        assert it.run().requests <= 10 + 2 * (projects - 1)


@pytest.mark.full
def test_scope_equals_the_truth_at_any_date(tmp_path: object) -> None:
    """B90: Who is in a sprint now says nothing of its start."""
    with synced(f"{tmp_path}/store.db", seed=3, projects=3) as it:
        it.run()
        world = it.bench.world
        for kind, milestones in (("version", world.versions), ("sprint", world.sprints)):
            for one in milestones:
                for day in range(0, 200, 9):
                    moment = NOW - days(day)
                    truth = {str(id_) for id_ in world.truth_scope(kind, one, moment)}
                    assert _scope(it, kind, one, moment) == truth


def _scope(it: Synced, kind: str, id_: int, moment: object) -> set[str]:
    m = schema.scope_membership.c
    with it.store.reading() as conn:
        return set(
            conn.execute(
                sa.select(m.member_id).where(
                    m.milestone_kind == kind,
                    m.milestone_id == str(id_),
                    m.known_to.is_(None),
                    m.valid_from <= moment,
                    sa.or_(m.valid_to.is_(None), m.valid_to > moment),
                )
            ).scalars()
        )


@pytest.mark.full
@pytest.mark.parametrize("cloud", [True, False])
def test_runs_in_between_end_like_one_run_at_the_end(
    store_url: str, tmp_path: object, cloud: bool
) -> None:
    """B27, B79, B82: Incremental runs over edits equal a full reading of the final state."""
    with synced(store_url, cloud=cloud, projects=2) as it:
        it.run()
        world = it.bench.world
        project, other = list(world.projects.values())[:2]
        issues = [world.issues[id_] for id_ in world.by_project[project.id]][:8]
        version = world.version_named("Release 3.3", project)
        it.later(hours=3)
        world.add_to_version(issues[3], version)
        world.rename(issues[4], "Another title, ~ ünïcode")
        world.transition(issues[5], "In Progress")
        it.run()
        it.later(hours=3)
        world.remove_from_version(issues[3], version)
        world.move(issues[6], other)
        world.delete(issues[7])
        world.create_issue(project, "Task", "New work", reporter=issues[3].reporter)
        it.run()
        it.later(hours=25)
        it.run(census=True)
        known = it.contents()
        with_fresh = Synced(it.bench, _fresh(f"{tmp_path}/fresh.db"))
        with_fresh.run()
        fresh = with_fresh.contents()
        with_fresh.store.close()
    gone = str(issues[7].id)
    for table in ("work_item", "field_event", "scope_membership", "link", "milestone"):
        held = [row for row in known[table] if f"'{gone}'" not in row]
        assert _without_gone(table, held) == _without_gone(table, fresh[table])


def _without_gone(table: str, rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return sorted(rows, key=repr)


def _fresh(url: str) -> object:
    from sync.store.open import open_store

    return open_store(url)


def test_what_a_census_proves_gone_is_gone_with_its_reason(store_url: str) -> None:
    """B79: Searches never tell of a deletion."""
    with synced(store_url, projects=2) as it:
        it.run()
        world = it.bench.world
        first, second = list(world.projects.values())[:2]
        deleted, hidden, moved = (world.issues[id_] for id_ in world.by_project[first.id][5:8])
        it.later(hours=2)
        world.delete(deleted)
        hidden.hidden_from.add("owner")
        world.move(moved, second)
        it.run()
        assert it.rows("SELECT COUNT(*) FROM work_item WHERE gone_at IS NOT NULL") == [(0,)]
        it.later(hours=25)
        it.run()
        gone = dict(
            it.rows("SELECT source_id, gone_reason FROM work_item WHERE gone_at IS NOT NULL")
        )
        assert gone == {
            str(deleted.id): "deleted_or_hidden",
            str(hidden.id): "deleted_or_hidden",
        }
        keys = {
            row[0]
            for row in it.rows(
                "SELECT key FROM work_item_key WHERE work_item_id = :id", id=str(moved.id)
            )
        }
        assert len(keys) == 2
        hidden.hidden_from.clear()
        it.later(hours=25)
        it.run()
        assert it.rows(
            "SELECT gone_at FROM work_item WHERE source_id = :id", id=str(hidden.id)
        ) == [(None,)]


def test_a_failed_reading_takes_nothing_away(store_url: str) -> None:
    """B62: A server that answers nothing, or 404, proves no absence."""
    with synced(store_url, projects=2) as it:
        it.run()
        before = it.contents()
        cursors = it.rows("SELECT scope_id, stream, committed FROM cursor ORDER BY 1, 2")
        it.later(hours=30)
        it.bench.simulator.script.faults.append(Fault(r"search/jql", status=503, times=None))
        result = it.run(census=True)
        assert result.outcome is Outcome.PARTIAL
        assert result.exit_codes == {4}
        assert it.contents() == before
        assert it.rows("SELECT scope_id, stream, committed FROM cursor ORDER BY 1, 2") == cursors
        it.bench.simulator.script.clear()
        assert it.run().outcome is Outcome.COMPLETE


def test_one_failing_project_does_not_stop_the_other(store_url: str) -> None:
    with synced(store_url, projects=2) as it:
        first, second = list(it.bench.world.projects.values())[:2]
        it.bench.simulator.script.faults.append(
            Fault(rf"GET /rest/api/3/project/{first.id}/versions", status=500, times=None)
        )
        result = it.run()
        failed = {(s.scope_key, s.stream) for s in result.steps if s.outcome is Outcome.FAILED}
        assert failed == {(first.key, "versions")}
        count = it.rows("SELECT COUNT(*) FROM work_item WHERE scope_id = :id", id=str(second.id))
        assert count[0][0] == len(it.bench.world.by_project[second.id])


def test_a_wrong_token_is_one_clear_problem(store_url: str) -> None:
    with synced(store_url, options={"token": "wrong-token-value"}) as it:
        result = it.run()
        assert result.outcome is Outcome.FAILED
        assert len(result.problems) == 1
        assert "credentials" in result.problems[0].what
        assert "wrong-token-value" not in repr(result)


def test_a_connection_that_fails_after_a_scope_got_another_name_is_certified_once(
    store_url: str,
) -> None:
    with synced(store_url) as it:
        (project,) = it.bench.world.projects.values()
        it.options["projects"] = (str(project.id),)
        it.run()
        project.key = "NEW"
        it.later(hours=1)
        it.run()
        it.later(hours=1)
        it.bench.simulator.script.faults.append(Fault("serverInfo", 503, times=None))
        result = it.run()
        assert result.outcome is Outcome.FAILED
        steps = [(one.scope_id, one.stream) for one in result.steps]
        assert len(steps) == len(set(steps)) > 5
        keys = {one.scope_key for one in result.steps if one.scope_id == str(project.id)}
        assert keys == {"NEW"}


def test_an_unknown_project_is_named_and_the_others_are_read(store_url: str) -> None:
    with synced(store_url, options={"projects": ("APO", "APQ")}) as it:
        result = it.run()
        assert result.outcome is Outcome.PARTIAL
        assert ["APQ" in problem.what for problem in result.problems] == [True]
        assert it.rows("SELECT COUNT(*) FROM work_item")[0][0] == len(it.bench.world.issues)


def test_a_broken_walk_goes_on_where_it_was(store_url: str) -> None:
    """The server fails in mid first load; the next run reads the rest, and what moved since."""
    with synced(store_url, issues=350, options={"page_size": 25}) as it:
        it.bench.simulator.script.faults.append(Fault(r"search/jql", status=400, skip=10, times=1))
        assert it.run().outcome is Outcome.PARTIAL
        half = it.rows("SELECT COUNT(*) FROM work_item")[0][0]
        assert 0 < half < len(it.bench.world.issues)
        it.later(minutes=5)
        result = it.run()
        assert result.outcome is Outcome.COMPLETE
        assert it.rows("SELECT COUNT(*) FROM work_item")[0][0] == len(it.bench.world.issues)
        searches = [s.requests for s in result.steps if s.stream == "issues"]
        # A whole reading takes 31.
        assert searches[0] < 15


def test_the_time_box_yields_between_pages_and_goes_on(store_url: str) -> None:
    with synced(store_url, issues=150, options={"page_size": 50}) as it:
        script = it.bench.simulator.script
        script.hooks.append(Hook("search/jql", lambda: it.later(hours=1), skip=2))
        result = it.run(time_box_seconds=60)
        assert result.outcome is Outcome.PARTIAL
        assert any("time box" in problem.what for problem in result.problems)
        assert it.run().outcome is Outcome.COMPLETE
        assert it.rows("SELECT COUNT(*) FROM work_item")[0][0] == len(it.bench.world.issues)


def test_an_edit_during_the_walk_is_read_in_this_run_or_the_next(store_url: str) -> None:
    with synced(store_url, issues=250) as it:
        world = it.bench.world
        early = world.issues[min(world.by_project[next(iter(world.projects))])]
        script = it.bench.simulator.script
        script.hooks.append(
            Hook("search/jql", lambda: world.rename(early, "edited while we read"), skip=2)
        )
        it.run()
        it.later(minutes=20)
        it.run()
        assert it.rows("SELECT title FROM work_item WHERE source_id = :id", id=str(early.id)) == [
            ("edited while we read",)
        ]


def test_a_changed_horizon_reads_the_older_work_too(store_url: str) -> None:
    with synced(store_url) as it:
        it.run(since=NOW - days(30), since_label="30d")
        some = it.rows("SELECT COUNT(*) FROM work_item")[0][0]
        assert some < len(it.bench.world.issues)
        it.later(hours=1)
        it.run()
        assert it.rows("SELECT COUNT(*) FROM work_item")[0][0] == len(it.bench.world.issues)


def test_open_work_is_read_however_old_it_is(store_url: str) -> None:
    with synced(store_url) as it:
        it.run(since=NOW - days(1), since_label="1d")
        held = {row[0] for row in it.rows("SELECT key FROM work_item")}
        assert {i.key for i in it.bench.world.alive() if not i.is_done} <= held


def test_a_changed_milestone_date_is_kept_as_an_event(store_url: str) -> None:
    with synced(store_url) as it:
        it.run()
        world = it.bench.world
        version = world.version_named("Release 3.2", next(iter(world.projects.values())))
        before = version.due
        it.later(hours=4)
        world.set_version_dates(version, due=before + days(9))
        it.run()
        events = it.rows(
            "SELECT old, new, is_first FROM milestone_date_event "
            "WHERE milestone_id = :id AND field = 'due_date' ORDER BY observed_at",
            id=str(version.id),
        )
        assert [(old, new) for old, new, _ in events] == [
            (None, before.isoformat()),
            (before.isoformat(), (before + days(9)).isoformat()),
        ]


def test_a_version_that_is_deleted_is_gone_and_kept(store_url: str) -> None:
    with synced(store_url) as it:
        it.run()
        world = it.bench.world
        version = world.version_named("Release 3.3", next(iter(world.projects.values())))
        it.later(hours=1)
        version.deleted = True
        it.run()
        assert it.rows(
            "SELECT gone_reason FROM milestone WHERE source_id = :id", id=str(version.id)
        ) == [("deleted",)]


def test_two_runs_at_once_do_not_write_the_same_scope(store_url: str) -> None:
    """The second run says who holds the scope and leaves with 75."""
    with synced(store_url) as it:
        results = []
        script = it.bench.simulator.script
        script.hooks.append(Hook("search/jql", lambda: results.append(it.run()), skip=1))
        first = it.run()
        assert first.outcome is Outcome.COMPLETE
        assert 75 in results[0].exit_codes
        assert any("pid" in problem.what for problem in results[0].problems)


def test_a_run_that_lost_its_lease_cannot_write(store_url: str) -> None:
    """A paused holder wakes up after another took over: fencing."""
    with synced(store_url, issues=250) as it:

        def take_over() -> None:
            it.later(hours=1)
            with it.store.writing() as conn:
                conn.execute(
                    sa.update(schema.lease)
                    .where(schema.lease.c.scope_kind == "project")
                    .values(token=schema.lease.c.token + 1, holder="other pid 1 run 99 abcd")
                )

        it.bench.simulator.script.hooks.append(Hook("search/jql", take_over, skip=2))
        result = it.run()
        assert 75 in result.exit_codes
        count = it.rows("SELECT COUNT(*) FROM work_item")[0][0]
        assert count < len(it.bench.world.issues)


def test_a_killed_run_is_told_as_failed_by_the_next(store_url: str) -> None:
    with synced(store_url) as it:
        with it.store.writing() as conn:
            conn.execute(
                sa.insert(schema.sync_run).values(
                    started_at=NOW, outcome="running", program_version="x"
                )
            )
        it.run()
        assert it.rows("SELECT outcome FROM sync_run ORDER BY id") == [("failed",), ("complete",)]


def test_another_server_behind_the_same_name_is_refused(store_url: str) -> None:
    with synced(store_url) as it:
        it.run()
        with it.store.writing() as conn:
            conn.execute(sa.update(schema.connection).values(server_id="jira:elsewhere"))
        result = it.run()
        assert result.outcome is Outcome.FAILED
        assert "another name" in result.problems[0].todo


def test_a_bug_in_a_connector_stops_neither_the_run_nor_the_other_streams(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = JiraConnector.read

    def read(self: JiraConnector, stream: str, *rest: object) -> object:
        if stream == "versions":
            raise TypeError("unexpected token-owner-7")
        return real(self, stream, *rest)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(JiraConnector, "read", read)
    with synced(store_url) as it:
        result = it.run()
        assert result.outcome is Outcome.PARTIAL
        assert result.exit_codes == {1}
        assert "TypeError" in result.problems[0].what
        assert it.rows("SELECT COUNT(*) FROM work_item")[0][0] == len(it.bench.world.issues)


def test_a_bug_at_connect_is_one_clear_problem(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(self: JiraConnector) -> object:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(JiraConnector, "connect", connect)
    with synced(store_url) as it:
        result = it.run()
        assert (result.outcome, result.exit_codes) == (Outcome.FAILED, {1})
        assert it.rows("SELECT outcome FROM sync_run") == [("failed",)]
