"""The branch that is red: what began it, what only inherits it, and what is told of each."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support import cases

from sync.reconcile.contract import FindingState, Reconciliation
from sync.reconcile.runner import reconcile
from sync.reconcile.trunk import Point, Trunk, failing

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
RED = {"verdict": "merged_red", "checks": {"unit": ["failed", "landed"]}}
GREEN = {"verdict": "tested_after", "checks": {"unit": ["exact_after", "landed"]}}


def judged(**more: Any) -> Reconciliation:
    data = {"now": NOW, "judge": [], **more}
    store = cases.build(data)
    try:
        return reconcile(store, cases.policy(data), clock=cases.At(NOW), record=False)
    finally:
        store.close()


def change(number: int, days: float) -> dict[str, Any]:
    return {"id": number, "merged": NOW - timedelta(days=days)}


def test_what_landed_on_a_red_branch_is_told_with_the_branch() -> None:
    """What began it stays a finding of its own, at its own level; what came after is held back."""
    result = judged(
        changes=[change(1, 9), change(2, 5), change(3, 4), change(4, 3)],
        said={"1": GREEN, "2": RED, "3": RED, "4": RED},
    )
    told = {(one.detector, one.subject): one.severity.value for one in result.findings}
    mine = {key: level for key, level in told.items() if key[0].startswith("test.")}
    assert mine == {
        ("test.merged-red", "change:c2"): "critical",
        ("test.trunk-red", "repository:r1"): "high",
    }
    held = {one.subject: one.state for one in result.suppressed}
    assert held == {"change:c3": FindingState.SUPPRESSED, "change:c4": FindingState.SUPPRESSED}


def test_a_green_branch_holds_nothing_back() -> None:
    result = judged(
        changes=[change(1, 9), change(2, 5), change(3, 4)],
        said={"1": RED, "2": RED, "3": GREEN},
    )
    told = {one.subject for one in result.findings if one.detector == "test.merged-red"}
    assert told == {"change:c1", "change:c2"}
    assert not result.suppressed


def point(number: int, green: set[str], red: set[str]) -> Point:
    at = NOW + timedelta(hours=number)
    return Point(f"c{number}", at, f"m{number}", frozenset(green), frozenset(red))


NAMES = st.sets(st.sampled_from(["unit", "e2e", "api"]))


@given(st.lists(st.tuples(NAMES, NAMES), max_size=12))
def test_the_last_word_of_each_check_counts(words: list[tuple[set[str], set[str]]]) -> None:
    """A check is red exactly when the last commit on which it spoke was red."""
    points = [point(number, green, red) for number, (green, red) in enumerate(words)]
    red = failing(points)
    for name in ("unit", "e2e", "api"):
        spoke = [one for one in points if name in one.green | one.red]
        assert (name in red) == bool(spoke and name in spoke[-1].red)
        if name in red:
            first = points.index(red[name])
            assert not any(name in one.green - one.red for one in points[first:])


def test_nothing_is_known_of_an_empty_branch() -> None:
    """An empty set is neither green nor red."""
    trunk = Trunk((1, "r"), "main", (), {})
    assert not trunk.is_known
    assert trunk.since is None
    assert trunk.last_green is None
    assert not trunk.inherits("c1")
