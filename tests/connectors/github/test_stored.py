"""GitHub through the real engine into a store: equal tables, and what an idle run costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.github_site import Bench, serving
from support.synced import SOURCE_TABLES

from connectors.github.options import GitHubOptions
from connectors.simulator.code_ci import JobPlan
from mappings.load import load
from mappings.registry import get
from sync.engine.plan import ConnectionPlan, Plan
from sync.engine.run import RunResult, sync
from sync.store.open import Store, open_store
from sync.store.schema import metadata

#: Written by what was read, for both kinds of work.
TABLES = (
    *(name for name in SOURCE_TABLES if name != "raw_record"),
    "change_request",
    "change_request_key",
    "change_file",
    "review",
    "code_commit",
    "change_commit",
    "push_event",
    "reference",
    "pipeline_run",
    "check_result",
    "checks_state",
    "release",
    "required_check",
    "default_branch",
)
#: When we looked, and not what is so.
WHEN = frozenset(
    {
        "id",
        "known_from",
        "known_to",
        "first_seen_at",
        "fetched_at",
        "observed_at",
        "observed_after",
        "content_hash",
        "connection_id",
        "as_of",
        "read_at",
    }
)
#: What one API does not tell: (table, column).
ONLY_ONE_TELLS = {
    ("change_file", "old_path"),
    ("push_event", "before_sha"),
    ("check_result", "stage"),
    ("field_event", "old_ids"),
    ("field_event", "new_ids"),
    ("field_event", "old_text"),
}


def plan(bench: Bench, api: str, **options: Any) -> Plan:
    mapping = load([get("github").defaults])
    made = GitHubOptions(**bench.options(api=api, **options))
    return Plan(connections=(ConnectionPlan("github", "github", made, mapping),), workers=1)


def run(bench: Bench, store: Store, api: str = "auto", **options: Any) -> RunResult:
    clock = bench.hosting.clock
    return sync(store, plan(bench, api, **options), clock=clock, sleep=clock.sleep)


@contextmanager
def stored(path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{path}")
    yield store
    store.close()


def rows(store: Store, name: str) -> list[dict[str, Any]]:
    """What a table says now, without when that was learned."""
    table = metadata.tables[name]
    query = sa.select(*(column for column in table.columns if column.name not in WHEN))
    for ended in ("known_to", "withdrawn_at"):
        if ended in table.c:
            query = query.where(table.c[ended].is_(None))
    with store.reading() as conn:
        return [dict(row) for row in conn.execute(query).mappings()]


def comparable(name: str, row: dict[str, Any], keep: bool) -> str:
    return repr(
        sorted(
            (column, repr(value))
            for column, value in row.items()
            if keep or (name, column) not in ONLY_ONE_TELLS
        )
    )


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with serving(5, issues=24, changes=30) as bench:
        code, now = bench.hosting.code, bench.hosting.clock.now()
        first, second = code.issues_in(bench.hosting.repo)[:2]
        code.set_parent(first, second, at=now)
        code.block(first, second, at=now)
        bench.hosting.later(minutes=1)
        yield bench


@pytest.mark.full
def test_both_apis_fill_equal_tables(bench: Bench, tmp_path: Path) -> None:
    with stored(tmp_path / "g.db") as left, stored(tmp_path / "r.db") as right:
        for store, api in ((left, "graphql"), (right, "rest")):
            done = run(bench, store, api)
            assert not done.problems
        for name in TABLES:
            mine, other = rows(left, name), rows(right, name)
            if name == "reference":
                mine = [one for one in mine if one["source"] != "declared"]
            assert sorted(comparable(name, one, keep=False) for one in mine) == sorted(
                comparable(name, one, keep=False) for one in other
            ), name
        assert rows(left, "change_request")
        declared = [one for one in rows(left, "reference") if one["source"] == "declared"]
        assert declared
        assert not [one for one in rows(right, "reference") if one["source"] == "declared"]
        # What REST does not give is unavailable with its reason, and not merely missing.
        step = next(one for one in done.steps if one.stream == "deployments")
        assert step.outcome.value == "unavailable"
        assert "GraphQL" in (step.reason or "")


@pytest.mark.full
def test_an_idle_run_costs_ten_requests_and_writes_nothing(bench: Bench, tmp_path: Path) -> None:
    log = bench.hosting.simulator.log
    with stored(tmp_path / "s.db") as store:
        run(bench, store)
        bench.hosting.later(minutes=20)
        before = len(log)
        done = run(bench, store)
        assert len(log) - before <= 10
        assert sum(step.rows_written for step in done.steps) == 0
        assert all(step.outcome.value == "complete" for step in done.steps)


#: What only a store knows that was there before. GitHub takes a pull request away from its runs as
#: soon as its head moves on.
REMEMBERED = frozenset({"gone_at", "gone_reason", "valid_from", "valid_to", "change_numbers"})


@pytest.mark.full
@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_what_happens_between_two_runs_ends_as_if_read_at_once(tmp_path: Path, api: str) -> None:
    """B27: What was merged meanwhile is merged here, by both APIs."""
    with (
        serving(9, issues=14, changes=14) as bench,
        stored(tmp_path / "twice.db") as twice,
        stored(tmp_path / "once.db") as once,
    ):
        run(bench, twice, api)
        bench.hosting.later(hours=3)
        left_behind = _let_things_happen(bench)
        bench.hosting.later(hours=26)
        done = run(bench, twice, api)
        assert not done.problems
        assert not run(bench, once, api).problems
        for name in (
            "work_item",
            "field_event",
            "change_request",
            "change_file",
            "review",
            "change_commit",
            "push_event",
            "reference",
            "pipeline_run",
            "check_result",
            "checks_state",
            "link",
        ):
            mine, fresh = (_present(store, name) for store in (twice, once))
            # Nobody who comes later asks what was checked at a head that is no longer one.
            assert [one for one in mine if left_behind not in one] == [
                one for one in fresh if left_behind not in one
            ], name
        gone = [one for one in rows(twice, "work_item") if one["gone_at"] is not None]
        assert {one["gone_reason"] for one in gone} == {"deleted"}


def _present(store: Store, name: str) -> list[str]:
    missing = {one["source_id"] for one in rows(store, "work_item") if one["gone_at"] is not None}
    return sorted(
        repr(sorted((key, repr(value)) for key, value in row.items() if key not in REMEMBERED))
        for row in rows(store, name)
        if row.get("gone_at") is None and row.get("work_item_id") not in missing
    )


def _let_things_happen(bench: Bench) -> str:
    """Some of what moves with and without a stamp; the head that a pull request left behind."""
    hosting, now = bench.hosting, bench.hosting.clock.now()
    code, repo = hosting.code, hosting.repo
    people = list(hosting.world.people)
    first, second, third, fourth = code.issues_in(repo)[:4]
    code.retitle(first, "Another title", at=now)
    code.relabel(second, ["wip"], at=now)
    code.close(third, at=now, by=people[0])
    code.delete_issue(fourth, at=now)
    waiting = [one for one in code.changes_in(repo) if one.state == "open"]
    assert waiting
    change = waiting[0]
    former = change.head_sha
    code.push(change, "ABC-9 Once more", at=now)
    code.review(change, people[1], at=now)
    straight = code.commit(repo, "Straight to the branch", author=people[0], at=now)
    plan = [JobPlan("unit", "failure", seconds=60)]
    code.ci.run(repo, "push", straight.sha, repo.default_branch, now, plan)
    # No stamp of the pull request moves with a check that comes late.
    code.ci.check(repo, change.head_sha, "late scan", "scanner", now, "failure")
    return former
