"""Links of GitLab's issues through the real engine into a store, and what is judged by them."""

from collections.abc import Iterator
from datetime import date, timedelta

import orjson
import pytest
import sqlalchemy as sa
from support.gitlab_site import NOW, Bench, serving

from connectors.gitlab.options import GitLabOptions
from connectors.simulator.code_things import HostIssue
from connectors.simulator.faults import Fault
from mappings.load import load
from mappings.registry import get
from sync.engine.plan import ConnectionPlan, Plan
from sync.engine.run import RunResult, sync
from sync.reconcile.contract import Policy
from sync.reconcile.registry import BUILT_IN, Catalogue
from sync.reconcile.runner import reconcile
from sync.store import schema
from sync.store.open import Store, memory_store

ONLY = Catalogue(tuple(one for one in BUILT_IN if one.id == "plan.dependency"))
APIS = ("graphql", "rest")


@pytest.fixture
def bench() -> Iterator[Bench]:
    with serving(5, issues=12, changes=1) as bench:
        yield bench


def run(bench: Bench, store: Store, api: str) -> RunResult:
    options = GitLabOptions(
        url=bench.simulator.url("gitlab"),
        token=bench.world.credentials["owner"].token,
        projects=tuple(one.path for one in bench.world.code.hosted("gitlab")),
        api=api,
    )
    mapping = load([get("gitlab").defaults])
    plan = Plan(connections=(ConnectionPlan("gitlab", "gitlab", options, mapping),), workers=1)
    return sync(store, plan, clock=bench.clock, sleep=bench.clock.sleep)


def planned(bench: Bench) -> tuple[HostIssue, HostIssue]:
    """An issue of an early milestone that is blocked by one of a late milestone."""
    code = bench.world.code
    repo = code.hosted("gitlab")[0]
    early = code.add_milestone(repo, "Early", due=date(2026, 3, 31), at=NOW - timedelta(days=40))
    late = code.add_milestone(repo, "Late", due=date(2026, 4, 30), at=NOW - timedelta(days=40))
    found = []
    for milestone in (early, late):
        issue = code.create_issue(
            repo, f"Part of {milestone.title}", author=None, at=NOW - timedelta(days=30)
        )
        code.plan(issue, milestone, at=NOW - timedelta(days=29))
        found.append(issue)
    blocked, blocker = found
    code.block(blocked, blocker, at=NOW - timedelta(days=20))
    return blocked, blocker


def links(store: Store) -> list[tuple[str, str, str, str]]:
    """Links that hold: from, to, kind, and what the vendor calls it."""
    c = schema.link.c
    with store.reading() as conn:
        rows = conn.execute(
            sa.select(c.from_id, c.to_id, c.kind, c.raw_kind).where(c.withdrawn_at.is_(None))
        )
        return sorted(tuple(row) for row in rows)


def judged(bench: Bench, store: Store) -> tuple[list[str], list[str]]:
    """What waits too long by its title, and reasons of what could not be judged."""
    policy = Policy(program="Apollo", time_zone="UTC", judge=("Early",))
    told = reconcile(store, policy, clock=bench.clock, record=False, detectors=ONLY)
    reasons = [reason for id_, _, reason in told.not_checked if id_ == "plan.dependency"]
    return [one.title for one in told.findings if one.detector == "plan.dependency"], reasons


@pytest.mark.full
def test_both_apis_give_the_same_links_and_the_detector_sees_them(bench: Bench) -> None:
    blocked, blocker = planned(bench)
    for api in APIS:
        store = memory_store()
        assert not run(bench, store, api).problems
        assert links(store) == [(str(blocker.id), str(blocked.id), "blocks", "blocked_by")], api
        titles, reasons = judged(bench, store)
        assert len(titles) == 1
        assert "1 item waits for work that comes" in titles[0]
        assert reasons == []


@pytest.mark.full
@pytest.mark.parametrize("api", APIS)
def test_a_link_that_was_taken_out_is_withdrawn(bench: Bench, api: str) -> None:
    blocked, _ = planned(bench)
    store = memory_store()
    run(bench, store, api)
    bench.clock.sleep(3600)
    blocked.blocked_by.clear()
    # GitLab writes a note when a link is taken out, which moves the issue.
    bench.world.code.comment(blocked, "No longer blocked", by=None, at=bench.clock.now())
    bench.clock.sleep(3600)
    run(bench, store, api)
    assert links(store) == []
    assert judged(bench, store) == ([], [])


@pytest.mark.full
def test_links_that_are_refused_leave_the_milestone_unknown(bench: Bench) -> None:
    planned(bench)
    bench.simulator.script.faults.append(
        Fault("/links$", 403, orjson.dumps({"message": "403 Forbidden"}), times=None)
    )
    store = memory_store()
    run(bench, store, "rest")
    assert links(store) == []
    titles, reasons = judged(bench, store)
    assert titles == []
    assert len(reasons) == 1
    assert "1 open item waits for is not read" in reasons[0]


@pytest.mark.full
@pytest.mark.parametrize("api", APIS)
def test_an_idle_run_asks_for_no_links(bench: Bench, api: str) -> None:
    planned(bench)
    store = memory_store()
    run(bench, store, api)
    bench.clock.sleep(1200)
    before = len(bench.simulator.log)
    done = run(bench, store, api)
    asked = [one.path for one in list(bench.simulator.log)[before:]]
    # Ten for the project, and who answers there.
    assert len(asked) <= 10 + 4
    assert not [path for path in asked if path.endswith("/links")]
    assert sum(step.rows_written for step in done.steps) == 0
