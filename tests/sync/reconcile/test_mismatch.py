"""A ledger that does not add up, from the store to the report: none of its numbers is shown."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from support import cases
from support.cases import At

from sync.ledger import baseline
from sync.reconcile.contract import Channel, Policy, Reconciliation, Severity
from sync.reconcile.runner import reconcile
from sync.reconcile.view import calendar_of
from sync.report.build import build
from sync.report.json_ import render
from sync.store.open import open_store

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
POLICY = Policy(judge=("APO:R1",))


def world(told: str) -> dict[str, Any]:
    """Item 6 holds 8 points; its only event says that 3 became `told`. Ten items came later."""
    event = {"field": "points", "at": date(2026, 2, 20), "old": "3", "new": told}
    return {
        "now": NOW,
        "milestones": [
            {"id": "v1", "name": "R1", "start": date(2026, 2, 2), "due": date(2026, 3, 30)}
        ],
        "items": [
            {"ids": "1-5", "in": ["v1"], "points": 5},
            {"id": 6, "in": ["v1"], "points": 8, "events": [event]},
            {"ids": "7-16", "points": 2, "entered": {"v1": datetime(2026, 3, 2, 9, tzinfo=UTC)}},
        ],
    }


def judged(store_url: str, told: str) -> tuple[Reconciliation, dict[str, Any]]:
    """What was found after a person agreed to the plan, and the report's JSON."""
    store = open_store(store_url)
    try:
        with store.writing() as conn:
            cases.fill(conn, world(told))
        calendar = calendar_of(POLICY)
        baseline.accept(store, calendar, clock=At(NOW), milestone="R1", author="tpm")
        found = reconcile(store, POLICY, clock=At(NOW))
    finally:
        store.close()
    return found, json.loads(render(build(found)))


@pytest.mark.full_on_postgres
def test_a_mismatch_withholds_the_numbers_and_is_a_blind_spot(store_url: str) -> None:
    found, report = judged(store_url, "5")
    (line,) = found.milestones
    assert line.withheld == "its lines do not add up to what is there now"
    (blind,) = (one for one in found.findings if one.detector == "data.blind-spot")
    assert (blind.severity, blind.channel) == (Severity.HIGH, Channel.MAILED)
    assert "driftline sync --full" in blind.remedy
    assert blind.evidence[1].text == (
        "APO-6 Title 6: a change of its size, status or parent is missing"
    )
    assert not [one for one in found.findings if one.detector.startswith("scope.")]
    unjudged = {detector: reason for detector, _, reason in found.not_checked}
    assert unjudged["scope.net"] == line.withheld
    (row,) = report["milestones"]
    assert (row["scope"], row["net_ratio"]) == (f"withheld: {line.withheld}", None)
    assert report["ledgers"] == []


@pytest.mark.full_on_postgres
def test_the_same_scope_with_all_its_events_is_judged(store_url: str) -> None:
    """Planned 5 x 5 + 3 = 28; 10 x 2 entered and 5 were re-sized: 53."""
    found, report = judged(store_url, "8")
    (line,) = found.milestones
    assert line.withheld is None
    assert "version:v1" in {one.subject for one in found.findings if one.detector == "scope.net"}
    assert "data.blind-spot" not in {one.detector for one in found.findings}
    assert report["milestones"][0]["net_ratio"] == pytest.approx(25 / 28)
    assert [(row["baseline"], row["current"]) for row in report["ledgers"]] == [(28, 53)]
