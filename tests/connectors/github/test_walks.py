"""Walks over what moved: bounds, borders, long parts, and what comes late."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
from support.github_site import Bench, serving
from support.gitlab_site import read_everything, window

from connectors.contract import Cursor, Page, RawRecord, ScopeRef, Unreadable
from connectors.github.connector import GitHubConnector
from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_things import FileEdit
from connectors.simulator.faults import Hook
from mappings import github
from mappings.code_records import ChangeCommits, ChangeFiles, Checks, Reviews
from mappings.load import load
from mappings.records import History
from mappings.registry import get

TABLE = load([get("github").defaults])
BOTH = pytest.mark.parametrize("api", ["graphql", "rest"])


@pytest.fixture
def bench() -> Iterator[Bench]:
    with serving(11, issues=20, changes=16) as bench:
        yield bench


def scope_of(connector: GitHubConnector) -> ScopeRef:
    return next(one for one in connector.scopes() if one.kind == "repository")


def read(
    bench: Bench, stream: str, cursor: Cursor | None = None, *, api: str, **changes: Any
) -> list[Page]:
    sizes = {name: changes.pop(name) for name in ("page_size",) if name in changes}
    connector = bench.connector(api=api, **sizes)
    identity = connector.connect()
    return list(connector.read(stream, scope_of(connector), cursor, window(identity, **changes)))


def ids(pages: list[Page], stream: str) -> list[str]:
    return [one.source_id for page in pages for one in page.records if one.stream == stream]


def records(raw: RawRecord) -> list[Any]:
    lookups = github.build_lookups(
        (), (), mapping=TABLE, extra={"milestones": {}}, time_zone="UTC", base_url=""
    )
    return list(github.normalize(raw.stream, raw.payload, TABLE, lookups))


@BOTH
@pytest.mark.parametrize("stream", ["issues", "changes"])
def test_a_horizon_leaves_out_closed_work_only(bench: Bench, api: str, stream: str) -> None:
    code, repo = bench.hosting.code, bench.hosting.repo
    items: list[Any] = [*(code.issues_in(repo) if stream == "issues" else code.changes_in(repo))]
    stamps = sorted(one.updated for one in items)
    since = stamps[len(stamps) // 2]
    since = since.replace(microsecond=0)
    pages = read(bench, stream, api=api, since=since, page_size=5)
    expected = {
        str(one.id)
        for one in items
        if one.state == "open" or one.updated.replace(microsecond=0) >= since
    }
    assert set(ids(pages, stream)) == expected
    assert 0 < len(expected) < len(items)
    assert [page.committed for page in pages] == [False] * (len(pages) - 1) + [True]


@BOTH
@pytest.mark.parametrize("stream", ["issues", "changes"])
def test_the_next_walk_brings_what_moved_and_its_overlap(
    bench: Bench, api: str, stream: str
) -> None:
    code, repo = bench.hosting.code, bench.hosting.repo
    cursor = read(bench, stream, api=api)[-1].cursor
    bench.hosting.later(hours=30)
    items: list[Any] = [*(code.issues_in(repo) if stream == "issues" else code.changes_in(repo))]
    code.retitle(items[0], "Another title", at=bench.hosting.clock.now())
    bench.hosting.later(minutes=5)
    pages = read(bench, stream, cursor, api=api)
    assert set(ids(pages, stream)) >= {str(items[0].id)}
    assert len(set(ids(pages, stream))) < len(items)


def test_issues_of_one_second_beyond_a_page_are_all_read(bench: Bench) -> None:
    """Key-set paging by time stands still there: the pages of that second are asked for, twice."""
    code, repo, now = bench.hosting.code, bench.hosting.repo, bench.hosting.clock.now()
    for one in code.issues_in(repo):
        code.retitle(one, f"{one.title}!", at=now)
    bench.hosting.later(minutes=1)
    pages = read(bench, "issues", api="rest", page_size=5)
    found = ids(pages, "issues")
    assert set(found) == {str(one.id) for one in code.issues_in(repo)}
    asked = [one for one in bench.hosting.simulator.log if one.path.endswith("/issues")]
    assert len(asked) <= 14


@pytest.mark.parametrize("skip", [6, 7])
def test_an_issue_that_leaves_a_second_of_many_costs_no_other(bench: Bench, skip: int) -> None:
    """Inside that second pages go by number: what leaves it draws another one over an edge."""
    code, repo, now = bench.hosting.code, bench.hosting.repo, bench.hosting.clock.now()
    for one in code.issues_in(repo):
        code.retitle(one, f"{one.title}!", at=now)
    first = min(code.issues_in(repo), key=lambda one: one.number)

    def move() -> None:
        bench.hosting.later(seconds=30)
        code.retitle(first, "Moved", at=bench.hosting.clock.now())

    connector = bench.connector(api="rest", page_size=5)
    identity = connector.connect()
    bench.hosting.simulator.script.hooks.append(Hook("/issues$", move, skip=skip))
    pages = list(connector.read("issues", scope_of(connector), None, window(identity)))
    assert set(ids(pages, "issues")) == {str(one.id) for one in code.issues_in(repo)}


@BOTH
def test_an_issue_that_moves_during_the_walk_costs_no_other(bench: Bench, api: str) -> None:
    code, repo = bench.hosting.code, bench.hosting.repo
    first = min(code.issues_in(repo), key=lambda one: one.updated)

    def move() -> None:
        bench.hosting.later(seconds=30)
        code.retitle(first, "Moved", at=bench.hosting.clock.now())

    matching = "/graphql$" if api == "graphql" else "/issues$"
    connector = bench.connector(api=api, page_size=6)
    identity = connector.connect()
    bench.hosting.simulator.script.hooks.append(Hook(matching, move, skip=1))
    asked = window(identity)
    pages = list(connector.read("issues", scope_of(connector), None, asked))
    assert set(ids(pages, "issues")) == {str(one.id) for one in code.issues_in(repo)}


@BOTH
def test_nothing_new_is_proven_by_one_question(bench: Bench, api: str) -> None:
    code, repo = bench.hosting.code, bench.hosting.repo
    streams = ("issues", "changes")
    bench.hosting.later(minutes=1)
    cursors = {one: read(bench, one, api=api)[-1].cursor or {} for one in streams}

    def proven(stream: str) -> bool:
        connector = bench.connector(api=api)
        identity = connector.connect()
        scope = scope_of(connector)
        found = connector.unchanged(
            stream, {scope.source_id: cursors[stream]}, [scope], window(identity)
        )
        return scope.source_id in found

    bench.hosting.later(hours=1)
    assert [proven(one) for one in streams] == [True, True]
    code.retitle(code.issues_in(repo)[0], "x", at=bench.hosting.clock.now())
    assert [proven(one) for one in streams] == [False, True]
    code.retitle(code.changes_in(repo)[0], "x", at=bench.hosting.clock.now())
    assert [proven(one) for one in streams] == [False, False]


def test_a_second_that_was_not_over_proves_nothing(bench: Bench) -> None:
    """The same second may have brought more after the walk had passed."""
    code, repo = bench.hosting.code, bench.hosting.repo
    code.retitle(code.issues_in(repo)[0], "x", at=bench.hosting.clock.now())
    cursor = read(bench, "issues", api="graphql")[-1].cursor or {}
    connector = bench.connector(api="graphql")
    identity = connector.connect()
    scope = scope_of(connector)
    assert not connector.unchanged("issues", {scope.source_id: cursor}, [scope], window(identity))


# --- long parts -----------------------------------------------------------------------------


def test_long_parts_of_a_pull_request_are_read_whole(bench: Bench) -> None:
    """B15, B22: Inside a page they are cut: the follow-up goes on in each of them to its end."""
    hosting, now = bench.hosting, bench.hosting.clock.now()
    code, repo = hosting.code, hosting.repo
    people = list(hosting.world.people)
    change = code.open_change(
        repo,
        "A long one",
        "long",
        [
            (f"Step {i}", [FileEdit(f"src/f{i}_{j}.py", "added") for j in range(4)])
            for i in range(60)
        ],
        author=people[0],
        at=now,
    )
    for i in range(70):
        code.review(change, people[i % len(people)], "commented", at=now)
    for i in range(120):
        code.ci.check(repo, change.head_sha, f"check {i}", "scanner", now, "success")
        code.ci.set_status(repo, change.head_sha, f"status/{i}", "success", now)
    hosting.later(minutes=10)
    found: dict[str, dict[str, Any]] = {}
    for api in ("graphql", "rest"):
        run = read_everything(
            bench.connector(api=api, jobs=False), skip=frozenset({"census", "deployments"})
        )
        (raw,) = (one for one in run.records("change_details") if one.source_id == str(change.id))
        told = records(raw)
        checks = [one for one in told if isinstance(one, Checks)]
        found[api] = {
            "reviews": next(one for one in told if isinstance(one, Reviews)).reviews,
            "commits": next(one for one in told if isinstance(one, ChangeCommits)).commits,
            "files": {
                one.path for one in next(one for one in told if isinstance(one, ChangeFiles)).files
            },
            "checks": {one.source_id for part in checks for one in part.results},
        }
        # No page holds it along: it came by the follow-up.
        along = [
            one.source_id
            for page in run.pages[str(repo.id), "changes"]
            for one in page.records
            if one.stream == "change_details"
        ]
        assert str(change.id) not in along
    assert found["graphql"] == found["rest"]
    assert {name: len(held) for name, held in found["graphql"].items()} == {
        "reviews": 70,
        "commits": 60,
        "files": 240,
        "checks": 240,
    }


def test_a_long_history_is_read_whole(bench: Bench) -> None:
    hosting = bench.hosting
    code, repo = hosting.code, hosting.repo
    issue = code.issues_in(repo)[0]
    for i in range(130):
        code.relabel(issue, [f"turn {i}"], at=hosting.clock.now())
    hosting.later(minutes=1)
    lengths = []
    for api in ("graphql", "rest"):
        run = read_everything(
            bench.connector(api=api, jobs=False), skip=frozenset({"census", "deployments"})
        )
        (raw,) = (one for one in run.records("histories") if one.source_id == str(issue.id))
        history = next(one for one in records(raw) if isinstance(one, History))
        lengths.append(len(history.events))
    assert lengths[0] == lengths[1]
    assert lengths[0] >= 259


@BOTH
def test_ids_that_nobody_can_call_are_named(bench: Bench, api: str) -> None:
    for stream in ("histories", "change_details"):
        (page,) = (one for one in read(bench, stream, api=api, ids=("1",)) if one.unreadable)
        assert page.unreadable == (Unreadable("1", "its number is not known", "missing"),)


@BOTH
def test_a_number_that_belongs_to_another_is_no_answer(bench: Bench, api: str) -> None:
    repo = bench.hosting.repo
    change = bench.hosting.code.changes_in(repo)[0]
    keys = {"1": f"{repo.path}#{change.number}", "2": f"{repo.path}#99999"}
    pages = read(bench, "change_details", api=api, ids=("1", "2"), keys=keys)
    assert [one.source_id for page in pages for one in page.unreadable] == ["1", "2"]
    assert not ids(pages, "change_details")


# --- runs -----------------------------------------------------------------------------------


def test_runs_beyond_what_a_listing_shows_are_read_on() -> None:
    """B21: A filtered listing of runs ends at a thousand and says nothing."""
    with serving(11, issues=0, changes=4) as bench:
        hosting = bench.hosting
        code, repo, now = hosting.code, hosting.repo, hosting.clock.now()
        sha = code.git.tip(repo, repo.default_branch)
        assert sha is not None
        for i in range(1150):
            at = now + timedelta(minutes=20 * i)
            code.ci.run(repo, "push", sha, repo.default_branch, at, [JobPlan("unit")])
        hosting.later(days=20)
        pages = read(bench, "runs", api="graphql")
        found = ids(pages, "runs")
        assert set(found) == {str(one.id) for one in code.ci.runs_in(repo)}
        asked = [one for one in hosting.simulator.log if one.path.endswith("/actions/runs")]
        assert len(asked) <= len(found) / 100 + 2


def test_a_run_that_ends_later_is_looked_at_again(bench: Bench) -> None:
    hosting = bench.hosting
    code, repo, now = hosting.code, hosting.repo, hosting.clock.now()
    sha = code.git.tip(repo, repo.default_branch)
    assert sha is not None
    plan = [JobPlan("unit", "failure", seconds=60)]
    run = code.ci.start(repo, "push", sha, repo.default_branch, now, plan)
    cursor = read(bench, "runs", api="rest")[-1].cursor
    assert cursor is not None
    assert str(run.id) in cursor["open"]
    assert orjson.loads(orjson.dumps(cursor)) == cursor
    hosting.later(days=2)
    code.ci.finish(repo, run, plan)
    pages = read(bench, "runs", cursor, api="rest")
    (told,) = (one for page in pages for one in page.records if one.source_id == str(run.id))
    assert orjson.loads(told.payload)["conclusion"] == "failure"
    assert (pages[-1].cursor or {})["open"] == {}


def test_an_interrupted_walk_does_not_forget_what_had_not_ended(bench: Bench) -> None:
    hosting = bench.hosting
    code, repo, now = hosting.code, hosting.repo, hosting.clock.now()
    sha = code.git.tip(repo, repo.default_branch)
    assert sha is not None
    plan = [JobPlan("unit", seconds=60)]
    begun_at = now - timedelta(hours=2)
    late = code.ci.start(repo, "push", sha, repo.default_branch, begun_at, plan)
    cursor = read(bench, "runs", api="rest")[-1].cursor
    for i in range(1, 8):
        at = now + timedelta(days=1, minutes=i)
        code.ci.run(repo, "push", sha, repo.default_branch, at, plan)
    hosting.later(days=2)
    code.ci.finish(repo, late, plan)
    begun = read(bench, "runs", cursor, api="rest", page_size=3)[0]
    assert not begun.committed
    rest = read(bench, "runs", begun.cursor, api="rest", page_size=3)
    assert str(late.id) in ids(rest, "runs")
    assert rest[-1].committed


def test_a_first_load_with_a_horizon_reads_recent_runs(bench: Bench) -> None:
    hosting = bench.hosting
    since = hosting.clock.now() - timedelta(days=700)
    pages = read(bench, "runs", api="rest", since=since)
    earliest = hosting.clock.now() - timedelta(days=90)
    expected = {
        str(one.id)
        for one in hosting.code.ci.runs_in(hosting.repo)
        if one.created >= earliest.replace(microsecond=0)
    }
    assert set(ids(pages, "runs")) == expected


def test_the_price_of_an_incremental_walk_is_its_changes(bench: Bench) -> None:
    cursor = read(bench, "changes", api="graphql")[-1].cursor
    bench.hosting.later(days=3)
    before = len(bench.hosting.simulator.log)
    pages = read(bench, "changes", cursor, api="graphql")
    assert not ids(pages, "changes")
    # Connecting takes three.
    assert len(bench.hosting.simulator.log) - before <= 4
