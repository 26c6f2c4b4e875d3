"""Findings of a milestone in the order in which they came, and how long each stood."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from support.cases import build, policy

from sync.reconcile.stood import Stood, findings_of
from sync.reconcile.view import View
from sync.store import schema

#: A Monday.
NOW = datetime(2026, 3, 16, tzinfo=UTC)
CASE: dict[str, Any] = {
    "now": NOW,
    "judge": ["APO:R1"],
    "milestones": [{"id": "v1", "name": "R1"}, {"id": "v2", "name": "R2"}],
    "items": [
        {"id": 1, "in": ["v1"]},
        {"id": 2, "in": ["v1"], "restricted": True},
        {"id": 3, "in": ["v2"]},
    ],
    "open": [
        {"detector": "plan.overdue", "subject": "version:v1"},
        {"detector": "flow.aging", "subject": "issue:1"},
        {"detector": "flow.aging", "subject": "issue:2"},
        {"detector": "flow.aging", "subject": "issue:3"},
        {"detector": "plan.overdue", "subject": "version:v2"},
    ],
}
#: Days before now, and what it became; 14 days before now is a Monday.
LIVES = {
    "plan.overdue version:v1": [(14, "new"), (12, "resolved"), (5, "regressed")],
    "flow.aging issue:1": [(19, "already_there"), (14, "resolved")],
    "flow.aging issue:2": [(3, "new")],
    "flow.aging issue:3": [(3, "new")],
    "plan.overdue version:v2": [(3, "new")],
}


def told() -> tuple[Stood, ...]:
    store = build(CASE)
    with store.writing() as conn:
        run = conn.execute(
            sa.insert(schema.reconcile_run)
            .values(
                at=NOW,
                as_of=NOW,
                config_hash="",
                mapping_version="",
                program_version="",
                coverage={},
            )
            .returning(schema.reconcile_run.c.id)
        ).scalar_one()
        for name, steps in LIVES.items():
            for days, state in steps:
                conn.execute(
                    sa.insert(schema.finding_event).values(
                        fingerprint=name,
                        reconcile_run_id=run,
                        at=NOW - timedelta(days=days),
                        to_state=state,
                        severity="medium",
                    )
                )
    with store.reading() as conn:
        view = View(conn, policy(CASE), NOW, NOW)
        (plan,) = view.plans()
        return findings_of(view, plan, NOW)


def test_the_first_comes_first_and_only_its_own_are_told() -> None:
    found = told()
    assert [one.fingerprint for one in found] == [
        "flow.aging issue:1",
        "plan.overdue version:v1",
        "flow.aging issue:2",
    ]
    assert [one.was_there for one in found] == [True, False, False]


def test_standing_counts_working_days_while_it_was_there() -> None:
    aging, overdue, _ = told()
    # Wednesday 25 February to Monday 2 March: Wed, Thu, Fri.
    assert aging.working_days == 3
    assert aging.resolved_at == NOW - timedelta(days=14)
    # Monday to Wednesday, then from Wednesday 11 March on: 2 + 3.
    assert overdue.working_days == 5
    assert (overdue.resolved_at, overdue.returns) == (None, 1)


def test_a_finding_about_a_restricted_item_has_no_words() -> None:
    assert [one.title for one in told()] == ["-", "-", None]
