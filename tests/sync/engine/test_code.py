"""Changes, pipelines and their child data through the real engine, from a tiny code host."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.code_host import START, Host, Hosted, hosted

from connectors.contract import Outcome
from sync.engine import remap, run, stream
from sync.engine.remap import remap_connection
from sync.store import schema
from sync.store.open import open_store

pytestmark = pytest.mark.full_on_postgres

Opened = Callable[..., Hosted]


@contextmanager
def opening(monkeypatch: pytest.MonkeyPatch, store_url: str) -> Iterator[Opened]:
    """Opens hosts in front of an empty store, `along` as asked."""
    with ExitStack() as stack:

        def open_one(*, along: bool = False) -> Hosted:
            return stack.enter_context(hosted(monkeypatch, store_url, along=along))

        yield open_one


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, store_url: str) -> Iterator[Opened]:
    """A host in front of an empty store on each database."""
    with opening(monkeypatch, store_url) as one:
        yield one


@pytest.fixture
def opened_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Opened]:
    """The same on SQLite alone, for what no database does its own way."""
    with opening(monkeypatch, str(tmp_path / "store.db")) as one:
        yield one


def busy(host: Host) -> None:
    """More of everything than one page holds."""
    host.milestone("7", "Apollo")
    for number in range(1, 8):
        host.issue(number, milestone="7" if number < 3 else None, events=[[number, "Apollo"]])
        host.change(number, checks={"test": "success"}, reviews=["approved"], milestone="7")
        host.run(number, jobs={"unit": "success", "lint": "failure"})
        host.clock.at += timedelta(seconds=1)
    host.tag("v1")
    host.clock.at = START + timedelta(minutes=1)


def lasting(host: Host) -> None:
    """Changes and runs that are long over: nothing of them is watched."""
    long_ago = host.stamp() - 30 * 24 * 3600 * 1000
    for number in range(1, 8):
        host.change(number, state="merged", merged=long_ago, landed=f"m{number}")
        host.run(number, finished=long_ago)


def test_both_ways_of_reading_end_in_equal_rows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = []
    for along in (False, True):
        host = Host()
        busy(host)
        with hosted(monkeypatch, str(tmp_path / f"{along}.db"), along=along, host=host) as it:
            assert it.run().outcome is Outcome.COMPLETE
            assert bool(it.asked("change_details")) is not along
            assert bool(it.asked("jobs")) is not along
            found.append(it.contents())
    assert found[0] == found[1]
    assert all(
        found[0][name] for name in ("change_file", "review", "check_result", "reference", "release")
    )


@pytest.mark.full
@pytest.mark.parametrize("along", [False, True])
def test_an_unchanged_host_writes_nothing_and_asks_for_no_child(
    opened_here: Opened, along: bool
) -> None:
    it = opened_here(along=along)
    busy(it.host)
    lasting(it.host)
    it.run()
    before = it.contents()
    for hours in (1, 5, 30):
        it.later(hours=hours)
        result = it.run()
        assert (result.outcome, result.rows_written) == (Outcome.COMPLETE, 0)
        children = [it.asked(name) for name in ("histories", "change_details", "jobs")]
        assert children == [[], [], []]
    assert it.contents() == before


@pytest.mark.full
@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.full)])
@pytest.mark.parametrize("along", [False, True])
def test_a_run_broken_anywhere_ends_where_an_unbroken_one_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, along: bool, every: int
) -> None:
    empty = str(tmp_path / "empty.db")
    open_store(empty).close()
    url = str(shutil.copy(empty, tmp_path / "whole.db"))
    host = Host()
    busy(host)
    with hosted(monkeypatch, url, along=along, host=host) as whole:
        whole.run()
        expected = whole.contents()
        requests = len(host.asked)
    assert requests > 12
    for broken_at in range(0, requests, every):
        host = Host()
        busy(host)
        url = str(shutil.copy(empty, tmp_path / f"{broken_at}.db"))
        with hosted(monkeypatch, url, along=along, host=host) as it:
            host.fails_at = broken_at
            assert it.run().outcome is not Outcome.COMPLETE
            it.later(minutes=1)
            assert it.run().outcome is Outcome.COMPLETE
            assert it.contents() == expected, f"broken at request {broken_at}"


def test_child_data_is_asked_for_again_when_its_parent_moved(opened: Opened) -> None:
    """B29: A window that reaches far back asks for no child of what stayed as it was."""
    it = opened()
    busy(it.host)
    lasting(it.host)
    it.run()
    it.later(hours=2)
    it.host.change(3, files=["b.py"])
    it.host.run(5, jobs={"unit": "failure"})
    it.host.issue(6, title="Renamed")
    it.run()
    assert it.asked("change_details") == ["2003"]
    assert it.asked("jobs") == ["3005"]
    assert it.asked("histories") == ["1006"]
    path = "SELECT path FROM v_change_file WHERE change_request_id = '2003'"
    assert it.rows(path) == [("b.py",)]
    conclusion = "SELECT name, conclusion FROM v_check WHERE run_id = '3005'"
    assert it.rows(conclusion) == [("unit", "failure")]


def test_a_child_that_came_along_unchanged_counts_as_read(opened: Opened) -> None:
    it = opened(along=True)
    busy(it.host)
    lasting(it.host)
    it.run()
    it.later(hours=2)
    # The title is no part of the child data, which stays as it was.
    it.host.change(3, title="APO-9 change")
    it.run()
    assert it.rows("SELECT target FROM v_reference WHERE target = 'APO-9'") == [("APO-9",)]
    assert it.asked("change_details") == []


def test_ids_come_with_what_people_call_them(opened_here: Opened) -> None:
    it = opened_here()
    busy(it.host)
    it.run()
    assert it.host.keys["histories"]["1003"] == "acme/web#3"
    assert it.host.keys["change_details"]["2003"] == "acme/web#3"
    assert it.host.keys["jobs"]["3003"] == "3003"


def test_what_may_change_without_a_sign_is_read_again_after_an_hour(opened: Opened) -> None:
    it = opened()
    host = it.host
    host.change(1, checks={"test": "pending"})
    host.change(2, state="merged", merged=host.stamp(), landed="m2")
    host.change(3, state="merged", merged=host.stamp() - 4 * 24 * 3600 * 1000, landed="m3")
    host.change(4, state="closed")
    host.run(1, conclusion="pending", jobs={"unit": "pending"})
    host.run(2, finished=host.stamp() - 4 * 24 * 3600 * 1000)
    it.run()
    it.later(minutes=50)
    it.run()
    assert it.asked("change_details") == it.asked("jobs") == []
    it.later(minutes=20)
    host.changes["2001"]["checks"] = {"test": "failure"}
    host.runs["3001"]["jobs"] = {"unit": "success"}
    result = it.run()
    assert it.asked("change_details") == ["2001", "2002"]
    assert it.asked("jobs") == ["3001"]
    assert result.outcome is Outcome.COMPLETE
    assert it.rows("SELECT name, conclusion FROM v_check ORDER BY name") == [
        ("test", "failure"),
        ("unit", "success"),
    ]
    it.later(days=4)
    it.run()
    # Landed long enough ago; what is open or runs stays on the list.
    assert it.asked("change_details") == ["2001"]
    assert it.asked("jobs") == ["3001"]
    it.later(days=4)
    it.run()
    it.later(hours=20)
    it.run()
    # Nothing has moved for a week: once a day is enough.
    assert it.asked("change_details") == it.asked("jobs") == []
    it.later(hours=5)
    it.run()
    assert (it.asked("change_details"), it.asked("jobs")) == (["2001"], ["3001"])


@pytest.mark.full
def test_the_watch_list_is_bounded_and_nobody_starves(
    opened_here: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "WATCH_AT_MOST", 5)
    it = opened_here()
    for number in range(1, 10):
        it.host.change(number)
    it.run()
    seen: set[str] = set()
    for _ in range(2):
        it.later(hours=2)
        it.run()
        assert len(it.asked("change_details")) == 5
        seen.update(it.asked("change_details"))
    assert len(seen) == 9


def test_watched_data_that_cannot_be_read_is_told(
    opened_here: Opened,
) -> None:
    it = opened_here()
    it.host.change(1)
    it.run()
    it.later(hours=2)
    it.host.unreadable.add("2001")
    result = it.run()
    steps = {step.stream: step for step in result.steps}
    assert steps["change_details"].outcome is Outcome.PARTIAL
    assert "could not be read again" in str(steps["change_details"].reason)
    assert steps["changes"].outcome is Outcome.COMPLETE


def test_a_child_that_cannot_be_read_stays_asked_for(opened_here: Opened) -> None:
    it = opened_here()
    busy(it.host)
    lasting(it.host)
    it.host.unreadable.add("2003")
    result = it.run()
    step = next(one for one in result.steps if one.stream == "change_details")
    assert (step.outcome, step.unreadable) == (Outcome.PARTIAL, 1)
    # No row says that there is no file: nobody knows.
    state = "SELECT files_state FROM v_change_request WHERE change_request_id = '2003'"
    assert it.rows(state) == [(None,)]
    it.host.unreadable.clear()
    it.later(hours=2)
    assert it.run().outcome is Outcome.COMPLETE
    assert it.asked("change_details") == ["2003"]
    assert it.rows(state) == [("complete",)]


def test_a_repository_that_is_called_otherwise_keeps_what_it_holds(opened: Opened) -> None:
    it = opened()
    busy(it.host)
    it.run()
    it.later(hours=2)
    it.host.repositories["900"] = "apollo/site"
    it.run()
    assert it.rows("SELECT COUNT(*), MIN(key) FROM work_item") == [(7, "apollo/site#1")]
    assert it.rows("SELECT COUNT(*), MIN(key) FROM change_request") == [(7, "apollo/site#1")]
    alias = "SELECT work_item_id FROM work_item_key WHERE key = '{}#3'"
    for name in ("acme/web", "apollo/site"):
        assert it.rows(alias.format(name)) == [("1003",)]
    alias = "SELECT change_request_id FROM change_request_key WHERE key = '{}#3'"
    for name in ("acme/web", "apollo/site"):
        assert it.rows(alias.format(name)) == [("2003",)]
    it.later(hours=2)
    assert it.run().rows_written == 0


def test_a_remap_writes_nothing_new_and_keeps_present_keys(opened_here: Opened) -> None:
    it = opened_here()
    busy(it.host)
    it.run()
    # So long after that no overlap reads the payloads again: they keep the old name.
    it.later(hours=40)
    it.run()
    it.later(hours=40)
    it.host.repositories["900"] = "apollo/site"
    it.run()
    assert it.rows("SELECT COUNT(*) FROM work_item WHERE key LIKE 'apollo/site#%'") == [(7,)]
    before = it.contents()
    plan = it.plan().connections[0]
    payloads, rows = remap_connection(it.store, plan, 1, "", clock=it.host.clock)
    assert (rows, payloads > 40) == (0, True)
    assert it.contents() == before
    # As after a change of the mapping: every row is made again, from payloads of the old name.
    with it.store.writing() as conn:
        for table in (schema.work_item, schema.tables_code.change_request):
            conn.execute(sa.update(table).values(content_hash=b"other"))
    _, rows = remap_connection(it.store, plan, 1, "", clock=it.host.clock)
    assert rows >= 14
    assert it.contents() == before


def test_a_remap_brings_nothing_back_that_is_gone(opened: Opened) -> None:
    """Stored payloads say what things are, and nothing of which are there."""
    it = opened()
    busy(it.host)
    it.host.milestone("8", "Beta")
    it.run()
    it.later(hours=30)
    del it.host.issues["1001"], it.host.tags["v1"], it.host.milestones["8"]
    it.run()
    gone = (
        "SELECT source_id, gone_at, gone_reason, history_state FROM work_item "
        "WHERE gone_at IS NOT NULL UNION ALL "
        "SELECT tag, gone_at, gone_reason, '' FROM release WHERE gone_at IS NOT NULL UNION ALL "
        "SELECT name, gone_at, gone_reason, '' FROM milestone WHERE gone_at IS NOT NULL UNION ALL "
        "SELECT entity_id, known_from, reason, '' FROM absence WHERE known_to IS NULL"
    )
    before = sorted(map(str, it.rows(gone)))
    assert len(before) == 4
    stays = it.contents()["scope_membership"]
    plan = it.plan().connections[0]
    _, rows = remap_connection(it.store, plan, 1, "", clock=it.host.clock)
    assert rows == 0
    # As after a change of the mapping: every row is made again.
    with it.store.writing() as conn:
        for table in (schema.work_item, schema.milestone, schema.tables_code.release):
            conn.execute(sa.update(table).values(content_hash=b"other"))
    _, rows = remap_connection(it.store, plan, 1, "", clock=it.host.clock)
    assert rows > 8
    assert sorted(map(str, it.rows(gone))) == before
    assert it.contents()["scope_membership"] == stays


@pytest.mark.full
def test_only_what_normalizing_consults_has_everything_read_again(
    opened_here: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = opened_here()
    busy(it.host)
    it.run()
    again: list[int] = []
    whole = run.remap_connection

    def counted(*args: Any, **named: Any) -> tuple[int, int]:
        again.append(1)
        return whole(*args, **named)

    monkeypatch.setattr(run, "remap_connection", counted)
    it.later(hours=2)
    it.host.repositories["901"] = "acme/api"
    it.run()
    assert again == []
    it.host.repositories["901"] = "acme/backend"
    it.later(hours=2)
    it.run()
    assert again == [1]
    it.later(hours=2)
    it.host.statuses.append("stuck")
    with monkeypatch.context() as broken:
        broken.setattr(run, "remap_connection", _breaks)
        result = it.run()
    assert (result.outcome, result.exit_codes) == (Outcome.PARTIAL, {1})
    assert "RuntimeError: stopped" in result.problems[0].what
    # The listing is stored by now and tells nothing new; what it asked for is not forgotten.
    it.later(hours=2)
    it.run()
    assert again == [1, 1]
    it.later(hours=2)
    it.run()
    assert again == [1, 1]


def _breaks(*_: Any, **__: Any) -> None:
    raise RuntimeError("stopped")


def test_of_payloads_about_one_commit_a_remap_takes_the_newest_word(
    opened_here: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remap, "PAGE", 1)
    it = opened_here()
    merged_long_ago = it.host.stamp() - 30 * 24 * 3600 * 1000
    for number in (1, 2):
        it.host.change(number, head="h", state="merged", merged=merged_long_ago, checks={})
    it.run()
    it.later(hours=2)
    # The first one is read again, and the commit has got a check since.
    it.host.change(1, checks={"test": "success"})
    it.run()
    check = "SELECT name FROM v_check"
    assert it.rows(check) == [("test",)]
    plan = it.plan().connections[0]
    remap_connection(it.store, plan, 1, "", clock=it.host.clock)
    assert it.rows(check) == [("test",)]
    it.later(hours=2)
    assert it.run().rows_written == 0


def test_histories_that_name_milestones_by_title_follow_what_titles_mean(opened: Opened) -> None:
    it = opened()
    member = "SELECT key, cause FROM v_membership WHERE milestone_id = '7' ORDER BY key"
    it.host.issue(1, milestone="7", events=[[5, "Apollo"]])
    it.host.issue(2, events=[[5, "Hermes"]])
    it.host.milestone("7", "Apollo")
    it.run()
    assert it.rows(member) == [("acme/web#1", "event")]
    it.later(hours=2)
    # The former title goes on meaning it; a second one of that title makes it unsure.
    it.host.milestone("7", "Apollo 2")
    it.run()
    assert it.rows(member) == [("acme/web#1", "event")]
    known = "SELECT new_ids FROM v_field_event WHERE key = 'acme/web#{}'"
    it.later(hours=2)
    it.host.milestone("8", "Hermes")
    result = it.run()
    assert result.outcome is Outcome.COMPLETE
    assert it.asked("histories") == []
    assert it.rows(known.format(2)) == [("8",)]
    it.later(hours=2)
    it.host.milestone("9", "Apollo")
    it.run()
    assert it.rows(known.format(1)) == [(None,)]
    it.later(hours=2)
    assert it.run().rows_written == 0


def test_a_crash_before_histories_follow_new_titles_forgets_nothing(
    opened_here: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = opened_here()
    it.host.issue(1, events=[[5, "Hermes"]])
    it.run()
    it.later(hours=2)
    it.host.milestone("8", "Hermes")
    with monkeypatch.context() as broken:
        broken.setattr(run, "remap_histories", _breaks)
        result = it.run()
    assert (result.outcome, result.exit_codes) == (Outcome.PARTIAL, {1})
    known = "SELECT new_ids FROM v_field_event"
    assert it.rows(known) == [(None,)]
    it.later(hours=2)
    assert it.run().outcome is Outcome.COMPLETE
    assert it.rows(known) == [("8",)]


def test_changes_are_members_since_they_were_seen(opened: Opened) -> None:
    it = opened()
    it.host.milestone("7", "Apollo")
    it.host.milestone("8", "Hermes")
    it.host.change(1, milestone="7")
    it.host.change(2)
    it.run()
    it.later(hours=2)
    it.host.change(1, milestone="8")
    it.run()
    since, until = START, START + timedelta(hours=2)
    query = (
        "SELECT milestone_id, valid_from, valid_to, from_exact FROM scope_membership "
        "WHERE member_kind = 'change_request' AND known_to IS NULL ORDER BY valid_from"
    )
    if it.store.dialect == "sqlite":
        stamps = [f"{one:%Y-%m-%d %H:%M:%S.%f}" for one in (since, until)]
        expected = [("7", stamps[0], stamps[1], 0), ("8", stamps[1], None, 0)]
    else:
        expected = [("7", since, until, False), ("8", until, None, False)]  # type: ignore[list-item]  # as that driver hands out
    assert it.rows(query) == expected


def test_a_milestone_of_a_group_is_there_while_a_repository_lists_it(
    opened_here: Opened,
) -> None:
    it = opened_here()
    it.host.repositories["901"] = "acme/api"
    it.host.milestone("7", "Apollo")
    it.host.milestone("8", "Program", "group")
    it.host.issue(1, events=[[1, "Program"]])
    it.run()
    gone = "SELECT milestone_id, gone_reason FROM v_milestone ORDER BY milestone_id"
    assert it.rows(gone) == [("7", None), ("8", None)]
    # Histories may name it as they name those of the repository.
    assert it.rows("SELECT new_ids FROM v_field_event") == [("8",)]
    held = "SELECT scope_id FROM scope_entity WHERE known_to IS NULL ORDER BY scope_id"
    assert it.rows(held) == [("900",), ("901",)]
    it.later(hours=2)
    del it.host.milestones["8"]
    it.run()
    assert it.rows(gone) == [("7", None), ("8", "left_scope")]
    it.later(hours=2)
    it.host.milestone("8", "Program", "group")
    it.run()
    assert it.rows(gone) == [("7", None), ("8", None)]


def test_tags_go_only_by_a_complete_listing(opened_here: Opened) -> None:
    it = opened_here()
    it.host.tag("v1")
    it.run()
    gone = "SELECT tag, gone_reason FROM v_release ORDER BY tag"
    it.later(hours=2)
    del it.host.tags["v1"]
    it.host.fails_on = "releases"
    it.run()
    assert it.rows(gone) == [("v1", None)]
    it.later(hours=2)
    it.run()
    assert it.rows(gone) == [("v1", "deleted")]


def test_issues_of_a_repository_are_proven_gone_by_a_census(opened_here: Opened) -> None:
    it = opened_here()
    busy(it.host)
    it.run()
    it.later(hours=30)
    del it.host.issues["1004"]
    it.run()
    assert it.rows("SELECT key, gone_reason FROM work_item WHERE gone_at IS NOT NULL") == [
        ("acme/web#4", "deleted")
    ]


@pytest.mark.full
def test_a_census_is_taken_when_counts_disagree_and_once_for_the_same_numbers(
    opened: Opened,
) -> None:
    it = opened()
    busy(it.host)
    it.host.miscounts = 0
    it.run()
    gone = "SELECT key, gone_reason FROM work_item WHERE gone_at IS NOT NULL"
    it.later(hours=1)
    it.run()
    assert it.asked("census") == []
    del it.host.issues["1004"]
    it.run()
    assert it.rows(gone) == [("acme/web#4", "deleted")]
    # A host that counts what nobody can see is not asked again and again.
    it.host.miscounts = 2
    for hours, asked in ((1, 1), (1, 0), (24, 1)):
        it.later(hours=hours)
        it.run()
        assert len(it.asked("census")) == asked
    it.host.miscounts = None
    it.later(hours=1)
    it.run()
    assert it.asked("census") == []
