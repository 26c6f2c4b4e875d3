"""Projects of GitHub through the real engine: what is laid over issues, since when, until when."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.hosts import NOW, WHEN, Hosts, hosts
from support.projects import FIELDS, issue_of, item_row, open_lines, options, planned, rows

from connectors.contract import Outcome
from connectors.simulator.code_projects import ProjectItem, Projects
from sync.engine.run import RunResult
from sync.ledger import ledger, load, milestones
from sync.store import schema

pytestmark = pytest.mark.full_on_postgres

LATER = NOW + timedelta(minutes=10)


class Board:
    """A project in front of the real engine."""

    def __init__(self, at: Hosts) -> None:
        self.at = at
        self.project = planned(at.world)
        self.line = open_lines(self.project)[0]
        self.github: dict[str, Any] = {"projects": [options(self.project)]}

    @property
    def projects(self) -> Projects:
        return self.at.world.code.projects

    def write(self, line: ProjectItem | None = None, **values: Any) -> None:
        for name, value in values.items():
            self.projects.set(line or self.line, name, value)

    def run(self, *, later: bool = False, full: bool = False) -> RunResult:
        if later:
            self.at.later(minutes=10)
        return self.at.run(full=full, github=self.github)

    def item(self, line: ProjectItem | None = None) -> Any:
        return item_row(self.at.store, issue_of(line or self.line))

    def stays(self, line: ProjectItem | None = None) -> list[tuple[Any, ...]]:
        """(name of the milestone, since, until, exact) of what the board tells."""
        names = {row.source_id: row.name for row in self.all_milestones()}
        found = rows(
            self.at.store, "scope_membership", member_id=str(issue_of(line or self.line).id)
        )
        return sorted(
            (names[row.milestone_id], row.valid_from, row.valid_to, row.from_exact)
            for row in found
            if row.milestone_id.startswith("board:")
        )

    def all_milestones(self) -> list[Any]:
        with self.at.store.reading() as conn:
            return list(conn.execute(sa.select(schema.milestone)))

    def events(self, field: str) -> list[tuple[Any, ...]]:
        found = rows(
            self.at.store, "field_event", work_item_id=str(issue_of(self.line).id), field=field
        )
        return [
            (row.at, row.old_text, row.new_text, row.origin)
            for row in sorted(found, key=lambda row: row.at)
        ]

    def issues(self) -> dict[str, str]:
        return {row.kind: row.message for row in rows(self.at.store, "data_issue")}


@contextmanager
def board(url: str) -> Iterator[Board]:
    with hosts(url, kinds=("github",), repositories=1, changes=2, issues=6) as at:
        yield Board(at)


def steps(result: RunResult) -> Mapping[str, Any]:
    return {one.stream: one for one in result.steps if one.scope_kind == "board"}


@pytest.mark.full
def test_what_a_project_says_is_laid_over_its_issue_since_it_was_seen(store_url: str) -> None:
    with board(store_url) as at:
        at.write(
            Status="In Progress",
            Release="R1",
            Target=date(2026, 4, 1),
            Points=3.0,
            Sprint="Sprint 1",
        )
        assert at.run().outcome is Outcome.COMPLETE
        row = at.item()
        assert (row.status_category, row.raw_status) == ("in_progress", "In Progress")
        assert (row.due_date, row.estimate_points) == (date(2026, 4, 1), 3.0)
        # Known from our own reading, not from the creation of the issue.
        assert row.created_at < NOW
        assert at.stays() == [("R1", NOW, None, False), ("Sprint 1", NOW, None, False)]
        assert at.events("status") == [(NOW, "open", "In Progress", "observed")]
        assert at.events("points") == []
        # What the issue says itself stands beside it.
        laid = rows(at.at.store, "board_overlay", field="status")
        assert [(one.original, one.in_force) for one in laid] == [("open", True)]
        # Its own milestone is its own still.
        own = at.at.world.code.milestones
        assert [kind for kind, _ in row.milestones] == ["milestone"] * bool(
            issue_of(at.line).milestone_id in own
        )
        sprint = next(one for one in at.all_milestones() if one.name == "Sprint 1")
        assert (sprint.kind, sprint.start_date, sprint.due_date) == (
            "iteration",
            date(2026, 2, 23),
            date(2026, 3, 8),
        )
        idle = at.run(later=True)
        assert idle.rows_written == 0
        assert {name: one.requests for name, one in steps(idle).items()} == {
            "project_fields": 0,
            "project_items": 1,
        }


def test_an_edit_that_moves_no_issue_is_seen(store_url: str) -> None:
    with board(store_url) as at:
        at.write(Status="In Progress", Points=3.0, Sprint="Sprint 1", Target=date(2026, 4, 1))
        at.run()
        before = at.item().updated_at
        at.at.later(minutes=10)
        at.write(Status="Done", Points=5.0, Sprint="Sprint 2", Target=None)
        at.run()
        row = at.item()
        assert row.updated_at == before
        assert (row.status_category, row.done_at, row.started_at) == ("done", LATER, NOW)
        assert (row.estimate_points, row.due_date) == (5.0, None)
        # Between two whole readings: since when is known.
        assert at.stays() == [("Sprint 1", NOW, LATER, False), ("Sprint 2", LATER, None, True)]
        assert at.events("points") == [(LATER, "3", "5", "observed")]
        assert at.events("due_date") == [(LATER, "2026-04-01", None, "observed")]
        assert at.events("status")[-1] == (LATER, "In Progress", "Done", "observed")
        assert at.run(later=True).rows_written == 0


@pytest.mark.full
def test_a_line_that_left_ends_what_it_said_and_one_only_missed_does_not(tmp_path: Path) -> None:
    with board(str(tmp_path / "store.db")) as at:
        other = open_lines(at.project)[1]
        for line in (at.line, other):
            at.write(line, Status="In Progress", Sprint="Sprint 1")
        at.run()
        at.at.later(minutes=10)
        at.projects.archive(other)
        at.projects.remove(at.line)
        assert steps(at.run())["project_items"].requests == 2
        assert at.stays() == [("Sprint 1", NOW, LATER, False)]
        assert (at.item().raw_status, at.item().status_category) == ("open", "todo")
        # Out of sight of the board's views is not out of the project.
        assert at.stays(other) == [("Sprint 1", NOW, None, False)]
        assert at.item(other).raw_status == "In Progress"
        gone = {row.source_id: row.gone_reason for row in _lines(at) if row.gone_reason is not None}
        assert list(gone.values()) == ["left_scope"]
        assert at.run(later=True).rows_written == 0


def _lines(at: Board) -> list[Any]:
    with at.at.store.reading() as conn:
        return list(conn.execute(sa.select(schema.metadata.tables["board_item"])))


@pytest.mark.full
def test_a_line_that_was_dragged_over_a_page_is_looked_at_before_it_is_gone(store_url: str) -> None:
    with board(store_url) as at:
        at.github["page_size"] = 2
        last = at.project.items[-1]
        at.write(last, Sprint="Sprint 1")
        at.run()
        heard: list[int] = []

        def drag(*_: Any) -> None:
            heard.append(1)
            # After the first page of items the last line becomes the first.
            if len(heard) == 1:
                at.projects.move(last, 0)

        at.at.later(minutes=10)
        with _after_each_page(at, drag):
            result = at.run()
        assert heard
        assert result.outcome is Outcome.COMPLETE
        assert at.stays(last) == [("Sprint 1", NOW, None, False)]


@contextmanager
def _after_each_page(at: Board, what: Any) -> Iterator[None]:
    from connectors.github import projects

    ask = projects._ask

    def and_then(*args: Any) -> Any:
        found = ask(*args)
        what()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projects, "_ask", and_then)
        yield


@pytest.mark.full
def test_an_own_end_counts_more_than_the_board_and_a_reopening_gives_it_back(
    store_url: str,
) -> None:
    with board(store_url) as at:
        at.write(Status="In Progress")
        at.run()
        at.at.later(minutes=10)
        at.at.world.code.close(issue_of(at.line))
        at.run()
        assert (at.item().status_category, at.item().raw_status) == ("done", "closed:completed")
        assert rows(at.at.store, "board_overlay", field="status")[0].in_force is False
        # The issue was in progress, as the board had it, when it was closed.
        assert [one[1] for one in at.events("status")] == ["open", "In Progress"]
        assert at.item().started_at == NOW
        assert at.run(later=True).rows_written == 0
        at.at.later(minutes=10)
        at.at.world.code.reopen(issue_of(at.line))
        at.run()
        assert at.item().raw_status == "In Progress"
        assert at.events("status")[-1][2] == "In Progress"


@pytest.mark.full
def test_names_may_change_because_ids_do_not(store_url: str) -> None:
    with board(store_url) as at:
        at.write(Status="In Progress", Sprint="Sprint 1", Release="R1")
        at.run()
        at.at.later(minutes=10)
        sprint, status = at.project.field("Sprint"), at.project.field("Status")
        sprint.name = "Cycle"
        status.options[status.option("In Progress")] = "In Review"
        release = at.project.field("Release")
        release.options[release.option("R1")] = "Release 1"
        at.run()
        assert at.stays() == [("Release 1", NOW, None, False), ("Sprint 1", NOW, None, False)]
        assert (at.item().raw_status, at.item().status_category) == ("In Review", "in_review")
        assert "write its present name: 'Cycle'" in at.issues()["board-field-missing-iteration"]
        assert at.run(later=True).rows_written == 0


@pytest.mark.full
def test_a_field_that_was_deleted_ends_what_stood_in_it(store_url: str) -> None:
    with board(store_url) as at:
        at.write(Sprint="Sprint 1")
        at.run()
        at.at.later(minutes=10)
        at.projects.remove_field(at.project, "Sprint")
        at.run()
        assert at.stays() == [("Sprint 1", NOW, LATER, False)]
        assert "no iteration is read" in at.issues()["board-field-missing-iteration"]
        gone = [one.name for one in at.all_milestones() if one.gone_at is not None]
        assert gone == ["Sprint 1", "Sprint 2"]


@pytest.mark.full
@pytest.mark.parametrize("why", ["scope", "rest", "permission"])
def test_what_may_not_be_read_is_unavailable_and_nothing_is_taken_back(
    store_url: str, why: str
) -> None:
    with board(store_url) as at:
        at.write(Status="In Progress", Sprint="Sprint 1")
        at.run()
        at.at.later(minutes=10)
        access = at.at.world.code.access_of(at.at.world.credentials["owner"])
        if why == "rest":
            at.github["api"] = "rest"
        elif why == "scope":
            access.scopes = ("repo", "read:org")
        else:
            access.fine_grained = True
            access.lacking.add("projects")
        found = steps(at.run())
        for one in found.values():
            assert one.outcome is Outcome.UNAVAILABLE
            expected = "by GraphQL alone" if why == "rest" else "needs the scope read:project"
            assert expected in (one.reason or "")
        assert at.stays() == [("Sprint 1", NOW, None, False)]
        assert at.item().raw_status == "In Progress"


@pytest.mark.full
def test_two_projects_that_disagree_leave_the_issue_as_it_is_until_one_goes_first(
    store_url: str,
) -> None:
    with board(store_url) as at:
        other = planned(at.at.world, "Other plan")
        at.github["projects"].append(options(other))
        same = next(one for one in other.items if one.content is at.line.content)
        at.write(Status="In Progress", Points=3.0, Sprint="Sprint 1")
        at.write(same, Status="Done", Points=3.0, Sprint="Sprint 1")
        at.run()
        row = at.item()
        assert (row.raw_status, row.estimate_points) == ("open", 3.0)
        assert "'Done' and 'In Progress'" in at.issues()["boards-disagree"]
        # Both hold it.
        assert len(at.stays()) == 2
        at.github["project_order"] = "listed"
        asked = at.run(later=True)
        assert at.item().raw_status == "In Progress"
        assert "boards-disagree" not in at.issues()
        assert asked.outcome is Outcome.COMPLETE
        assert at.run(later=True).rows_written == 0


@pytest.mark.full
def test_a_project_that_is_no_longer_configured_takes_its_overlay_away(store_url: str) -> None:
    with board(store_url) as at:
        at.run()
        bare = at.item()
        at.at.later(minutes=10)
        at.write(Status="In Progress", Points=3.0, Target=date(2026, 4, 1), Sprint="Sprint 1")
        at.projects.add_item(at.project, None, "An idea")
        at.run()
        assert at.item().estimate_points == 3.0
        assert "board-not-counted" in at.issues()
        kept, at.github["projects"] = at.github["projects"], []
        result = at.run(later=True)
        assert not steps(result)
        row = at.item()
        assert (row.raw_status, row.estimate_points, row.due_date) == ("open", None, None)
        assert row.content_hash == bare.content_hash
        # It never was so, as far as is known now: a matter of reading, and no change of scope.
        assert at.stays() == []
        assert at.events("status") == []
        for table in ("board_overlay", "board_value", "board_item"):
            assert rows(at.at.store, table) == []
        assert not {"board-not-counted", "board-field-missing-status"} & at.issues().keys()
        assert at.run(later=True).rows_written == 0
        # Read again, it is as new: what was there meanwhile is not known.
        at.github["projects"] = kept
        at.run(later=True)
        assert at.item().estimate_points == 3.0
        assert at.stays() == [("Sprint 1", at.at.clock.now(), None, False)]
        assert at.run(later=True).rows_written == 0


@pytest.mark.full
def test_another_field_is_read_anew_from_what_is_stored(store_url: str) -> None:
    with board(store_url) as at:
        at.projects.add_field(at.project, "Deadline", "DATE")
        at.write(Target=date(2026, 4, 1), Deadline=date(2026, 5, 1))
        at.run()
        assert at.item().due_date == date(2026, 4, 1)
        fields = {**FIELDS, "due_date": "Deadline"}
        at.github["projects"] = [options(at.project, **fields)]
        # What is stored is normalized before a single item is asked for.
        from sync.engine.remap import remap

        remap(at.at.store, at.at.plan({"github": at.github}), clock=at.at.clock)
        assert at.item().due_date == date(2026, 5, 1)
        assert at.events("due_date") == []
        assert at.run(later=True).rows_written == 0


@pytest.mark.full
def test_reading_everything_again_gives_equal_rows(store_url: str, tmp_path: Any) -> None:
    def story(at: Board) -> None:
        at.write(Status="Done", Sprint="Sprint 2", Points=8.0)
        at.projects.archive(open_lines(at.project)[1])

    with board(store_url) as at:
        at.write(Status="In Progress", Sprint="Sprint 1", Points=3.0)
        at.run()
        at.at.later(minutes=10)
        story(at)
        at.run()
        held = at.at.tables()
        assert at.run(later=True, full=True).rows_written == 0
        assert at.at.tables() == held
    with board(str(tmp_path / "fresh.db")) as fresh:
        fresh.write(Status="In Progress", Sprint="Sprint 1", Points=3.0)
        fresh.at.later(minutes=10)
        story(fresh)
        fresh.run()
        # As it stands now: only the past, which nobody tells, is unknown.
        now = fresh.at.tables()["work_item"]
        assert now == _undated(held["work_item"], now)


def _undated(held: list[tuple[Any, ...]], fresh: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows of an earlier reading without when work began: that was seen, and nobody tells it."""
    names = [one.name for one in schema.work_item.c if one.name not in WHEN]
    at = names.index("started_at")
    by_id = {row[1]: row for row in fresh}
    return [(*row[:at], by_id[row[1]][at], *row[at + 1 :]) for row in held]


@pytest.mark.full
def test_what_stands_for_nothing_that_is_read_is_counted_and_not_invented(store_url: str) -> None:
    with hosts(store_url, kinds=("github",), repositories=2, changes=2, issues=4) as at:
        made = Board(at)
        first, second = at.world.code.hosted("github")
        hidden = next(one for one in made.project.items if _home(one) == second.id)
        made.write(hidden, Sprint="Sprint 1")
        made.projects.add_item(made.project, None, "An idea")
        made.projects.add_item(made.project, at.world.code.changes_in(first)[0])
        made.github["repositories"] = (first.path,)
        made.run()
        count = sum(_home(one) == second.id for one in made.project.items)
        told = made.issues()["board-not-counted"]
        assert (
            f"1 drafts without an issue, {count} issues of repositories that are not read" in told
        )
        stored = {row.source_id for row in rows(at.store, "work_item")}
        assert str(issue_of(hidden).id) not in stored
        assert rows(at.store, "board_overlay", work_item_id=str(issue_of(hidden).id)) == []
        # When its repository is read, too, what was seen holds.
        made.github["repositories"] = (first.path, second.path)
        made.run(later=True)
        assert made.stays(hidden) == [("Sprint 1", NOW, None, False)]
        assert "issues of repositories" not in made.issues()["board-not-counted"]


def _home(line: ProjectItem) -> int:
    return line.content.repo_id if line.content is not None else 0


@pytest.mark.full
def test_a_line_that_may_not_be_seen_now_says_nothing_against_what_was_seen(store_url: str) -> None:
    with board(store_url) as at:
        at.write(Sprint="Sprint 1")
        at.run()
        at.at.later(minutes=10)
        code, who = at.at.world.code, at.at.world.credentials["owner"]
        repo = code.hosted("github")[0]
        repo.private = True
        code.hide(who, repo)
        at.run()
        assert at.stays() == [("Sprint 1", NOW, None, False)]
        assert "may not see" in at.issues()["board-not-counted"]


@pytest.mark.full
def test_a_reading_that_broke_off_takes_nothing_away(store_url: str) -> None:
    with board(store_url) as at:
        at.github["page_size"] = 2
        for line in open_lines(at.project):
            at.write(line, Sprint="Sprint 1")
        at.run()
        at.at.later(minutes=10)
        at.projects.remove(at.line)

        def fail(*_: Any) -> None:
            raise RuntimeError("the second page is broken")

        with _after_each_page(at, fail):
            found = steps(at.run())["project_items"]
        assert found.outcome is Outcome.FAILED
        assert at.stays() == [("Sprint 1", NOW, None, False)]


@pytest.mark.full
def test_a_project_of_many_lines_costs_a_request_for_a_hundred(store_url: str) -> None:
    with board(store_url) as at:
        for number in range(230):
            at.projects.add_item(at.project, None, f"Idea {number}")
        first = steps(at.run())["project_items"]
        assert (first.requests, first.remote_count) == (3, len(at.project.items))
        assert steps(at.run(later=True))["project_items"].requests == 3


@pytest.mark.full
def test_the_ledger_of_an_iteration_balances_and_calls_nothing_added_that_was_there(
    store_url: str,
) -> None:
    with board(store_url) as at:
        first, second, third = open_lines(at.project)[:3]
        for line in (first, second):
            at.write(line, Sprint="Sprint 2", Points=3.0, Status="In Progress")
        at.run()
        at.at.later(hours=24)
        at.write(first, Status="Done", Points=5.0)
        at.write(second, Sprint=None)
        at.write(third, Sprint="Sprint 2", Points=2.0)
        at.run()
        now = at.at.clock.now()
        with at.at.store.reading() as conn:
            (facts,) = (
                one for one in milestones.at(conn, now, now).values() if one.name == "Sprint 2"
            )
            assert facts.line == f"{at.project.key}:Sprint 2"
            (container,) = load.containers(conn, [facts], known_at=now, present=True).values()
        found = ledger.compute(
            container.histories, since=NOW + timedelta(hours=1), counted_from=NOW, at=now
        )
        assert found.balanced
        ids = [str(issue_of(line).id) for line in (first, second, third)]
        assert (found.planned, found.present) == (frozenset(ids[:2]), frozenset({ids[0], ids[2]}))
        assert {(one.item_id, one.reason, one.amount) for one in found.lines} == {
            (ids[1], "left", -3.0),
            (ids[2], "entered", 2.0),
            (ids[0], "re-sized", 2.0),
        }
        # Before we came nothing is known, so nothing before that is judged.
        assert container.gaps(NOW + timedelta(hours=1)) == ()
        assert container.gaps(NOW - timedelta(hours=1)) == (
            "since when 2 items are in it is not known",
        )


@pytest.mark.full
def test_an_item_is_called_by_the_present_name_of_its_repository(store_url: str) -> None:
    with board(store_url) as at:
        at.run()
        code = at.at.world.code
        repo = code.hosted("github")[0]
        at.at.later(minutes=10)
        code.rename_repository(repo, "apollo/renamed")
        # As if its issues lay behind the horizon: their payloads have the former name.
        with at.at.store.writing() as conn:
            payloads = conn.execute(sa.select(schema.raw_record)).mappings().all()
        at.run()
        with at.at.store.writing() as conn:
            raw = schema.raw_record
            for row in payloads:
                conn.execute(
                    sa.update(raw)
                    .where(raw.c.stream == row["stream"], raw.c.source_id == row["source_id"])
                    .values(payload=row["payload"])
                )
        at.at.later(minutes=10)
        at.write(Status="In Progress")
        at.run()
        row = at.item()
        assert (row.key, row.raw_status) == (
            f"apollo/renamed#{issue_of(at.line).number}",
            "In Progress",
        )


@pytest.mark.full
def test_an_item_without_a_history_is_in_the_milestones_of_its_project(store_url: str) -> None:
    with board(store_url) as at:
        at.run()
        item = schema.work_item
        with at.at.store.writing() as conn:
            conn.execute(
                sa.delete(schema.raw_record).where(schema.raw_record.c.stream == "histories")
            )
            conn.execute(sa.update(item).values(history_state="unavailable", history_reason="off"))
        at.at.later(minutes=10)
        at.write(Sprint="Sprint 1")
        at.run()
        assert at.stays() == [("Sprint 1", LATER, None, False)]


@pytest.mark.full
def test_an_issue_that_was_deleted_is_not_brought_back_by_what_its_line_said(
    store_url: str,
) -> None:
    with board(store_url) as at:
        at.write(Status="In Progress", Sprint="Sprint 1")
        at.run()
        at.at.later(hours=30)
        gone = at.at.clock.now()
        at.at.world.code.delete_issue(issue_of(at.line))
        at.projects.remove(at.line)
        at.at.run(census=True, github=at.github)
        assert at.item().gone_reason in ("deleted", "deleted_or_hidden")
        assert [one[:3] for one in at.stays()] == [("Sprint 1", NOW, gone)]
        assert at.run(later=True).rows_written == 0
