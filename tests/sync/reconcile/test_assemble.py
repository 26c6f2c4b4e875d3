"""The scope of a milestone as a report gets it: agreed growth apart, and where what left went."""

from datetime import date
from typing import Any

from support.cases import At, build, policy, utc

from sync.reconcile.contract import LedgerSummary
from sync.reconcile.runner import reconcile

NOW = utc(date(2026, 3, 16))
PLANNED = utc(date(2026, 2, 2))
CASE: dict[str, Any] = {
    "now": NOW,
    "judge": ["APO:R1"],
    "milestones": [
        {"id": "v1", "name": "R1", "start": date(2026, 2, 2), "due": date(2026, 4, 30)},
        {"id": "v2", "name": "R2", "start": date(2026, 5, 1), "due": date(2026, 6, 30)},
    ],
    "baselines": [{"milestone": "v1", "at": PLANNED, "created": PLANNED}],
    "agreed": [{"milestone": "v1", "ids": "21-22", "at": date(2026, 2, 21)}],
    "items": [
        {"ids": "1-17", "in": ["v1"]},
        {"id": "18", "in": ["v1"], "left": {"v1": date(2026, 3, 1)}},
        {
            "ids": "19-20",
            "in": ["v1"],
            "left": {"v1": date(2026, 3, 1)},
            "entered": {"v2": utc(date(2026, 3, 1))},
        },
        {"ids": "21-25", "created": date(2026, 2, 20), "entered": {"v1": utc(date(2026, 2, 20))}},
    ],
}


def summary(**changes: Any) -> LedgerSummary:
    data = {**CASE, **changes}
    (line,) = reconcile(build(data), policy(data), clock=At(NOW)).milestones
    assert line.ledger is not None
    return line.ledger


def test_agreed_growth_stands_apart() -> None:
    found = summary()
    assert (found.added, found.added_agreed) == (5.0, 2.0)
    assert summary(agreed=[]).added_agreed == 0.0


def test_what_left_says_where_it_went() -> None:
    found = summary()
    assert found.removed == 3.0
    assert found.removed_by_destination == {"moved": 2.0, "left": 1.0}
    fixed = summary(policy={"fixed_date": ["APO:R1"]})
    assert fixed.removed_by_destination == {"re-planned": 2.0, "left": 1.0}


def test_churn_is_told_where_the_plan_was_agreed_to() -> None:
    assert summary().churn_ratio == 8 / 20
    assert summary(baselines=[]).churn_ratio is None


def test_the_states_of_detectors_are_told() -> None:
    data = {**CASE, "policy": {"channels": {"scope.net": "off"}}}
    states = reconcile(build(data), policy(data), clock=At(NOW)).detector_states
    assert (states["scope.net"], states["plan.overdue"]) == ("off", "checked")
