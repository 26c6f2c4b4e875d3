"""Reconciliations one after the other: what is kept, what is told, what is left alone."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support import cases
from support.cases import At

from sync.errors import ConfigError, StoreError, UsageError
from sync.ledger import baseline
from sync.reconcile.contract import (
    Channel,
    Finding,
    FindingState,
    Found,
    NotChecked,
    Policy,
    Reconciliation,
)
from sync.reconcile.registry import BUILT_IN, Catalogue
from sync.reconcile.runner import load_last, reconcile
from sync.reconcile.view import calendar_of
from sync.store import holds, past, schema
from sync.store.open import Store, memory_store, open_store

pytestmark = pytest.mark.full_on_postgres

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
State = FindingState
POLICY = Policy(program="Apollo", judge=("APO:R1",), config_hash="c1", program_version="1")
WORLD: Mapping[str, Any] = {
    "now": NOW,
    "milestones": [
        {"id": "v1", "name": "R1", "start": datetime(2026, 2, 2).date(), "due": NOW.date()}
    ],
    "items": [
        {"ids": "1-3", "in": ["v1"], "status": "in_progress"},
        {"id": 4, "in": ["v1"], "status": "in_progress", "assignee": ""},
        {"ids": "5-6", "in": ["v1"], "points": 3},
    ],
}
GAP = ("data.plan-gap", "project:pAPO")


@pytest.fixture
def store() -> Iterator[Store]:
    made = memory_store()
    with made.writing() as conn:
        cases.fill(conn, WORLD)
    yield made
    made.close()


def run(store: Store, days: float = 0, policy: Policy = POLICY, **more: Any) -> Reconciliation:
    """A reconciliation some days later, after everything was read again."""
    now = NOW + timedelta(days=days)
    read_again(store, now)
    return reconcile(store, policy, clock=At(now), **more)


def read_again(store: Store, now: datetime, **values: Any) -> None:
    s = schema.sync_step
    with store.writing() as conn:
        conn.execute(sa.update(s).values(fresh_at=now, finished_at=now, **values))


def assign(store: Store, to: str | None) -> None:
    w = schema.work_item
    with store.writing() as conn:
        conn.execute(sa.update(w).where(w.c.source_id == "4").values(assignee_id=to))


def one(result: Reconciliation, identity: tuple[str, str] = GAP) -> Finding:
    (found,) = [f for f in result.findings if (f.detector, f.subject) == identity]
    return found


def rows(store: Store) -> dict[str, list[Any]]:
    with store.reading() as conn:
        return {
            table.name: [tuple(row) for row in conn.execute(sa.select(table))]
            for table in schema.metadata.sorted_tables
        }


# --- lives ------------------------------------------------------------------------------------


def test_the_first_run_is_an_inventory(store: Store) -> None:
    result = run(store)
    assert result.is_first
    assert result.previous_at is None
    assert one(result).state is State.ALREADY_THERE
    assert result.inventory["work_items"] == 6
    assert result.inventory["milestones"] == 1
    assert result.inventory["findings"] == {"data.plan-gap": 1}


def test_a_finding_from_new_to_resolved_and_back(store: Store) -> None:
    assign(store, "u1")
    assert not run(store).findings
    assign(store, None)
    new = one(run(store, 1 / 8))
    assert (new.state, new.first_seen_at) == (State.NEW, NOW + timedelta(hours=3))
    going = one(run(store, 2 / 8))
    assert (going.state, going.first_seen_at) == (State.ONGOING, new.first_seen_at)
    assert going.previous_severity is new.severity
    assign(store, "u1")
    over = run(store, 3 / 8)
    assert not over.findings
    (resolved,) = over.resolved
    assert resolved.state is State.RESOLVED
    assert resolved.resolved_at == NOW + timedelta(hours=9)
    assert not run(store, 4 / 8).resolved
    assign(store, None)
    back = one(run(store, 5 / 8))
    assert (back.state, back.first_seen_at) == (State.REGRESSED, new.first_seen_at)


def test_absence_without_coverage_resolves_nothing(store: Store) -> None:
    run(store)
    assign(store, "u1")
    read_again(store, NOW + timedelta(days=1), outcome="failed", reason="HTTP 500")
    result = reconcile(store, POLICY, clock=At(NOW + timedelta(days=1)))
    assert one(result).state is State.NOT_CHECKED
    assert not result.resolved
    assert ("data.plan-gap", "APO", "issues of project APO could not be read: HTTP 500") in (
        result.not_checked
    )
    read_again(store, NOW + timedelta(days=2), outcome="complete", reason=None)
    after = reconcile(store, POLICY, clock=At(NOW + timedelta(days=2)))
    assert [f.detector for f in after.resolved] == ["data.blind-spot", "data.plan-gap"]


def test_what_moves_because_of_us_is_restated(store: Store) -> None:
    assign(store, "u1")
    run(store)
    assign(store, None)
    changed = replace(POLICY, config_hash="c2")
    result = run(store, 1, changed)
    assert result.restated == ("the configuration changed",)
    assert one(result).state is State.ALREADY_THERE
    assign(store, "u1")
    updated = run(store, 2, replace(changed, program_version="2"))
    assert updated.restated == ("driftline 1 became 2",)
    assert not updated.findings
    assert not updated.resolved


def test_a_fence_that_moved_is_a_reason_to_restate(store: Store) -> None:
    """What left by a setting is no progress, and what came by one is no growth of the plan."""
    apo, bee = holds.Hold("project", "1", "APO", None), holds.Hold("project", "2", "BEE", None)
    with store.writing() as conn:
        holds.hold(conn, 1, [apo], NOW - timedelta(days=9))
    run(store)
    later = NOW + timedelta(hours=1)
    with store.writing() as conn:
        holds.hold(conn, 1, [bee], later)
    came = run(store, 1)
    (name,) = {one.connection for one in came.certificates}
    assert came.restated == (f"project BEE of {name} is read now, too",)
    assert {one.state for one in came.findings} <= {State.ALREADY_THERE, State.ONGOING}
    assert run(store, 2).restated == ()
    with store.writing() as conn:
        words = "no longer in the configuration"
        holds.leave(conn, 1, bee, "configuration", words, NOW + timedelta(days=2, hours=1))
    left = run(store, 3)
    assert left.restated == (f"project BEE of {name} is no longer read ({words})",)
    assert load_last(store, POLICY).restated == left.restated


def test_a_mass_edit_that_was_meant_is_restated_for_its_milestone_alone() -> None:
    world = dict(WORLD)
    world["items"] = [
        *WORLD["items"],
        {"ids": "20-35", "entered": {"v1": NOW - timedelta(days=3)}, "by": "u7"},
    ]
    store = memory_store()
    with store.writing() as conn:
        cases.fill(conn, world)
    (asked,) = [one for one in run(store).questions if "in one go" in one.text]
    assert asked.text.startswith("16 items of R1 changed in one go")
    (held,) = run(store, 0.5).milestones
    assert held.ledger is not None
    assert held.ledger.net_ratio is None
    clock = At(NOW + timedelta(days=0.6))
    baseline.accept(store, calendar_of(POLICY), clock=clock, milestone="APO:R1", author="tpm")
    confirmed = run(store, 1)
    assert not [one for one in confirmed.questions if "in one go" in one.text]
    assert (confirmed.restated, confirmed.agreed) == (
        (),
        ("somebody agreed to the plan of APO:R1",),
    )
    (line,) = confirmed.milestones
    assert line.ledger is not None
    assert line.ledger.net_ratio is not None
    scope = [one for one in confirmed.findings if one.detector.startswith("scope.")]
    assert {one.state for one in scope} <= {State.ALREADY_THERE, State.ONGOING}
    assert load_last(store, POLICY).agreed == confirmed.agreed
    assert run(store, 2).agreed == ()


def test_a_blind_spot_is_new_even_when_something_was_restated(store: Store) -> None:
    run(store)
    later = NOW + timedelta(days=1)
    read_again(store, later, outcome="failed", reason="HTTP 500")
    result = reconcile(store, replace(POLICY, config_hash="c2"), clock=At(later))
    spot = one(result, ("data.blind-spot", "stream:jira/*/*"))
    assert spot.state is State.NEW


def test_a_gap_that_grows_is_not_told_as_resolved(store: Store) -> None:
    run(store)
    s = schema.sync_step
    later = NOW + timedelta(days=1)
    with store.writing() as conn:
        conn.execute(
            sa.update(s).where(s.c.stream == "versions").values(outcome="failed", reason="x")
        )
    reconcile(store, POLICY, clock=At(NOW))
    read_again(store, later, outcome="failed", reason="x")
    result = reconcile(store, POLICY, clock=At(later))
    spots = [f.subject for f in result.findings if f.detector == "data.blind-spot"]
    assert spots == ["stream:jira/*/*"]
    assert not result.resolved


def test_a_milestone_no_longer_judged_ends_its_findings_without_a_word(store: Store) -> None:
    run(store, 4)
    assert one(run(store, 5), ("plan.overdue", "version:v1"))
    result = run(store, 6, replace(POLICY, judge=()))
    assert [f.detector for f in result.findings] == ["data.plan-gap"]
    assert not result.resolved


def test_switching_a_detector_off_ends_its_findings_without_a_word(store: Store) -> None:
    run(store)
    result = run(store, 1, replace(POLICY, channels={"data.plan-gap": Channel.OFF}))
    assert not result.findings
    assert not result.resolved


def test_every_change_of_state_is_kept(store: Store) -> None:
    run(store)
    run(store, 1 / 8)
    run(store, 2 / 8)
    assign(store, "u1")
    run(store, 3 / 8)
    with store.reading() as conn:
        steps = conn.execute(
            sa.select(schema.finding_event.c.from_state, schema.finding_event.c.to_state).order_by(
                schema.finding_event.c.id
            )
        ).all()
    assert [tuple(step) for step in steps] == [
        (None, "already_there"),
        ("already_there", "ongoing"),
        ("ongoing", "resolved"),
    ]


# --- reading only -----------------------------------------------------------------------------


@pytest.mark.full
@pytest.mark.parametrize(
    "how",
    [
        {"as_of": NOW - timedelta(days=3)},
        {"known_at": NOW - timedelta(days=3)},
        {"milestone": "APO:R1"},
        {"record": False},
    ],
    ids=lambda how: next(iter(how)),
)
def test_a_look_writes_nothing(store: Store, how: dict[str, Any]) -> None:
    run(store)
    before = rows(store)
    reconcile(store, POLICY, clock=At(NOW), **how)
    assert rows(store) == before


def test_the_last_run_is_loaded_as_it_was(store: Store) -> None:
    run(store)
    assign(store, "u1")
    result = run(store, 1)
    assert load_last(store, POLICY) == result


@pytest.mark.full
def test_the_last_run_does_not_know_what_was_read_after_it(store: Store) -> None:
    result = run(store, 4)
    later = NOW + timedelta(days=5)
    e, w = schema.field_event, schema.work_item
    with store.writing() as conn:
        for id_ in ("1", "2", "3"):
            conn.execute(
                sa.insert(e).values(
                    connection_id=1,
                    work_item_id=id_,
                    source_event_id=f"{id_}.9",
                    known_from=later,
                    field="status",
                    raw_field="status",
                    at=later - timedelta(hours=1),
                    old_ids="in_progress",
                    new_ids="done",
                    is_delta=False,
                    origin="source",
                )
            )
        mine = w.c.source_id.in_(["1", "2", "3"])
        past.keep(conn, w, later, mine)
        conn.execute(
            sa.update(w)
            .where(mine)
            .values(status_category="done", raw_status_id="done", raw_status="done")
        )
        conn.execute(
            sa.insert(schema.sync_run).values(
                started_at=later,
                finished_at=later,
                outcome="complete",
                program_version="1",
                rows_written=6,
            )
        )
    assert load_last(store, POLICY) == result
    (line,) = reconcile(store, POLICY, clock=At(later), record=False).milestones
    assert (line.done_items, result.milestones[0].done_items) == (3, 0)


def test_nothing_to_load_is_said(store: Store) -> None:
    with pytest.raises(StoreError, match="nothing was reconciled yet"):
        load_last(store, POLICY)


def test_the_past_holds_what_was_so_then() -> None:
    """An item done, assigned and in the release only today was none of it last week."""
    changed = {
        **WORLD,
        "items": [
            {
                "ids": "1-3",
                "entered": {"v1": NOW - timedelta(days=2)},
                "status": "done",
                "since": {"status": "in_progress", "at": NOW - timedelta(days=1)},
                "events": [
                    {"field": "assignee", "at": NOW - timedelta(days=1), "new": "u1"},
                ],
            }
        ],
    }
    store = cases.build(changed)
    week = NOW - timedelta(days=7)
    past = reconcile(store, POLICY, clock=At(NOW), as_of=week)
    (line,) = past.milestones
    assert (line.done_items, line.total_items) == (0, 0)
    gap = one(past)
    assert "3 with no owner, 3 with no milestone" in gap.what
    (now,) = reconcile(store, POLICY, clock=At(NOW), record=False).milestones
    assert (now.done_items, now.total_items) == (3, 3)


@pytest.mark.full
def test_what_was_learnt_later_was_not_known_then() -> None:
    late = NOW - timedelta(days=1)
    changed = {
        **WORLD,
        "items": [
            {
                "ids": "1-3",
                "in": ["v1"],
                "status": "done",
                "events": [
                    {
                        "field": "status",
                        "at": NOW - timedelta(days=20),
                        "old": "todo",
                        "new": "done",
                        "known": late,
                    },
                ],
            },
            {"id": 4, "entered": {"v1": NOW - timedelta(days=20)}, "known": late},
        ],
    }
    store = cases.build(changed)
    w = schema.PAST["work_item"]
    with store.writing() as conn:
        past.keep(conn, schema.work_item, late, schema.work_item.c.source_id.in_(["1", "2", "3"]))
        conn.execute(sa.update(w).values(status_category="todo", raw_status_id="todo"))
    (then,) = reconcile(store, POLICY, clock=At(NOW), known_at=NOW - timedelta(days=2)).milestones
    (now,) = reconcile(store, POLICY, clock=At(NOW), record=False).milestones
    assert (then.done_items, then.total_items) == (0, 3)
    assert (now.done_items, now.total_items) == (3, 4)


# --- baselines --------------------------------------------------------------------------------


@pytest.mark.full
def test_a_suggested_baseline_is_stored_once_and_kept(store: Store) -> None:
    run(store)
    m = schema.milestone
    with store.writing() as conn:
        conn.execute(sa.update(m).values(start_date=datetime(2026, 3, 1).date()))
    (line,) = run(store, 1).milestones
    assert line.baseline_at == datetime(2026, 2, 2, tzinfo=UTC)
    assert (line.baseline_rule, line.baseline_accepted) == ("start_date", False)
    assert len(baseline.list_(store)) == 1


def test_percentages_are_told_once_a_person_agreed(store: Store) -> None:
    (line,) = run(store).milestones
    assert line.ledger is not None
    assert line.ledger.net_ratio is None
    calendar = calendar_of(POLICY)
    baseline.accept(store, calendar, clock=At(NOW), milestone="APO:R1", author="tpm")
    (line,) = run(store, 1).milestones
    assert line.baseline_accepted
    assert line.ledger is not None
    assert line.ledger.net_ratio == 0


def test_numbers_are_withheld_where_a_history_is_cut(store: Store) -> None:
    w = schema.work_item
    with store.writing() as conn:
        conn.execute(sa.update(w).where(w.c.source_id == "1").values(history_state="partial"))
    (line,) = run(store).milestones
    assert line.ledger is None
    assert line.withheld == "the history of 1 of 6 items is not complete"


# --- configuration and plugins ----------------------------------------------------------------


def test_an_unknown_milestone_is_refused_with_close_names(store: Store) -> None:
    with pytest.raises(UsageError, match='Close to it: "APO:R1"'):
        reconcile(store, POLICY, clock=At(NOW), milestone="APO:R2")


def test_the_future_is_not_judged(store: Store) -> None:
    with pytest.raises(UsageError, match="to come"):
        reconcile(store, POLICY, clock=At(NOW), as_of=NOW + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        (Policy(thresholds={"scope.net": {"net_ration": 1}}), 'Write "net_ratio"'),
        (Policy(thresholds={"scope.net": {"net_ratio": "much"}}), "a threshold is a number"),
        (Policy(thresholds={"scope.net": {"net_ratio": True}}), "a threshold is a number"),
        (Policy(channels={"scope.nett": Channel.OFF}), 'Write "scope.net"'),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(store: Store, policy: Policy, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        reconcile(store, policy, clock=At(NOW))


def test_a_plugin_that_fails_stops_nobody(store: Store) -> None:
    def broken(_view: Any, _thresholds: Any) -> Iterator[Found | NotChecked]:
        raise ZeroDivisionError("by zero")

    plugin = replace(BUILT_IN[0], id="acme.broken", family="acme", detect=broken)
    result = run(store, detectors=Catalogue((*BUILT_IN, plugin)))
    assert one(result)
    assert (
        "acme.broken",
        "everything",
        "the detector failed: ZeroDivisionError: by zero",
    ) in result.not_checked


def test_a_plugin_for_another_source_is_not_run_on_this_one(store: Store) -> None:
    gap = next(d for d in BUILT_IN if d.id == "data.plan-gap")
    plugin = replace(gap, id="acme.gap", needs={"github": ("issues",)})
    result = run(store, detectors=Catalogue((plugin,)))
    assert not result.findings
    assert result.not_checked == (("acme.gap", "APO", "it cannot judge what comes from jira"),)


def test_findings_are_sorted_worst_first(store: Store) -> None:
    result = run(store, 9)
    ranks = [f.severity.rank for f in result.findings]
    assert ranks == sorted(ranks, reverse=True)
    assert len(ranks) == 2


# --- both databases, and the number of statements ----------------------------------------------


@pytest.mark.full
def test_the_same_on_both_databases(store_url: str) -> None:
    """A busy world judged now, in the past, and loaded again."""
    data = {
        **WORLD,
        "boards": [{"id": "b1", "project": "APO"}],
        "links": [{"from": 5, "to": 6, "kind": "blocks"}],
    }
    expected = cases.build(data)
    kept = open_store(store_url)
    try:
        with kept.writing() as conn:
            cases.fill(conn, data)
        for days in (0, 4):
            assert run(kept, days) == run(expected, days)
        assert load_last(kept, POLICY) == load_last(expected, POLICY)
        past = {"as_of": NOW - timedelta(days=10), "known_at": NOW}
        clock = At(NOW + timedelta(days=5))
        assert reconcile(kept, POLICY, clock=clock, **past) == reconcile(
            expected, POLICY, clock=clock, **past
        )
    finally:
        kept.close()
        expected.close()


def test_the_number_of_statements_does_not_grow_with_the_items() -> None:
    def statements(items: int) -> int:
        data = {
            **WORLD,
            "items": [
                {"ids": f"1-{items}", "in": ["v1"], "status": "in_progress", "assignee": ""},
                {"ids": f"{items + 1}-{2 * items}", "status": "done", "type": "epic"},
                *(
                    {"id": 2 * items + n, "parent": items + n, "status": "todo"}
                    for n in range(1, items + 1)
                ),
            ],
            "links": [
                {"from": items + n, "to": 2 * items + n, "kind": "blocks"}
                for n in range(1, items + 1)
            ],
        }
        made = cases.build(data)
        count = 0

        def counted(*_: Any) -> None:
            nonlocal count
            count += 1

        sa.event.listen(made.engine, "before_cursor_execute", counted)
        result = reconcile(made, POLICY, clock=At(NOW))
        assert len(result.findings) > 2 * items
        return count

    assert statements(3) == statements(40)
