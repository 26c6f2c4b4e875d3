"""Named cases of the detector: from a served tracker through driftline to the finding."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from acme_server import TOKEN, Tracker, ms, serving
from mappings.load import load
from sync.engine.plan import ConnectionPlan, Plan
from sync.engine.run import sync
from sync.reconcile.contract import Policy, Reconciliation
from sync.reconcile.registry import Catalogue
from sync.reconcile.runner import reconcile
from sync.store.open import memory_store

from acme_tracker.connector import AcmeOptions
from acme_tracker.detectors import DETECTORS
from acme_tracker.mapping import ENTRY

ID = "acme.unowned"
FILE = Path(__file__).parent / "cases" / f"{ID}.toml"
RAW = tomllib.loads(FILE.read_text(encoding="utf-8"))
CASES = [{**RAW["defaults"], **one} for one in RAW["case"]]


class Clock:
    """Stands still."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


def served(case: Mapping[str, Any], now: datetime) -> Tracker:
    """The tracker that a case describes."""
    tracker = Tracker(now)
    tracker.add_project("p1", "SHOP")
    state = case.get("state", "open")
    tracker.add_goal("g1", "p1", "R1", case["ends"] or None, state=state)
    for one in case["tickets"]:
        more = {name: value for name, value in one.items() if name not in ("id", "owner")}
        if "owner" in one:
            more["owner"] = {"id": one["owner"], "name": "Somebody"}
        tracker.add_ticket(one["id"], "p1", created=ms(datetime(2026, 2, 2, tzinfo=UTC)), **more)
    if case.get("broken"):
        tracker.fault = (403, {}, {"message": "not for you"})
    return tracker


def judged(case: Mapping[str, Any]) -> Reconciliation:
    """What driftline says after one reading."""
    now = case["now"].astimezone(UTC)
    store = memory_store()
    try:
        with serving(served(case, now)) as url:
            options = AcmeOptions(url=url, token=TOKEN, projects=("SHOP",))
            one = ConnectionPlan("acme", "acme", options, load([ENTRY.defaults]))
            plan = Plan((one,), workers=1)
            sync(store, plan, clock=Clock(now), sleep=lambda seconds: None)
        thresholds = {ID: case["thresholds"]} if "thresholds" in case else {}
        policy = Policy(judge=tuple(case["judge"]), thresholds=thresholds)
        return reconcile(
            store, policy, clock=Clock(now), record=False, detectors=Catalogue(DETECTORS)
        )
    finally:
        store.close()


@pytest.mark.parametrize("case", CASES, ids=lambda one: one["name"])
def test_case(case: Mapping[str, Any]) -> None:
    result = judged(case)
    expected = case.get("expect")
    assert [one.detector for one in result.findings] == ([ID] if expected else [])
    if expected:
        (found,) = result.findings
        assert found.subject == "milestone:g1"
        assert found.severity.value == expected["severity"]
        for words in expected.get("says", ()):
            assert words in f"{found.title} {found.what}"
        for words in expected.get("proof", ()):
            assert any(words in proof.text for proof in found.evidence)
        assert sum(one.restricted for one in found.evidence) == expected.get("restricted", 0)
    unchecked = [label for id_, label, _ in result.not_checked if id_ == ID]
    assert bool(unchecked) is case.get("not_checked", False)
