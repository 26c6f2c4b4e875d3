"""The branch that is red: what began it, what only inherits it, and what is told of each."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import cases

from sync.reconcile.contract import FindingState, Reconciliation
from sync.reconcile.own_failure import Word, failed_before
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


def told(result: Reconciliation) -> set[tuple[str, str]]:
    return {(one.detector, one.subject) for one in result.findings}


#: The branch fails "unit" since change 2 landed, five days ago.
RED_SINCE = {"1": GREEN, "2": RED}


def after(number: int, said: dict[str, Any], **more: Any) -> Reconciliation:
    """What is told where one more change landed on the red branch, three days ago."""
    last = {**change(number, 3), **more.pop("facts", {})}
    return judged(
        changes=[change(1, 9), change(2, 5), last],
        said={**RED_SINCE, str(number): said},
        **more,
    )


@pytest.mark.parametrize("where", ["landed", "h3"])
def test_what_the_branch_does_not_explain_is_told_for_the_change(where: str) -> None:
    """The branch fails "unit"; that "e2e" failed on a change is told nowhere else."""
    for checks in ({"e2e": ["failed", where]}, {**RED["checks"], "e2e": ["failed", where]}):
        result = after(3, {"verdict": "merged_red", "checks": checks})
        assert ("test.merged-red", "change:c3") in told(result)


@pytest.mark.parametrize(
    ("parents", "is_told"),
    [
        # It rests on what landed before the branch failed; on what began it; on nobody knows what.
        (["m1"], True),
        (["m2"], False),
        (["m1", "m2"], False),
        (None, True),
    ],
)
def test_a_failure_on_the_head_is_the_branchs_if_the_head_rests_on_it(
    parents: list[str] | None, is_told: bool
) -> None:
    said = {"verdict": "merged_red", "checks": {"unit": ["failed", "h3"]}}
    commits = [] if parents is None else [{"sha": "h3", "parents": parents}]
    result = after(3, said, commits=commits)
    assert (("test.merged-red", "change:c3") in told(result)) is is_told
    assert ("test.trunk-red", "repository:r1") in told(result)


@pytest.mark.parametrize(
    ("words", "is_told"),
    [
        ([("failure", 7)], True),
        ([("success", 8), ("timed_out", 7)], True),
        # Mended before the branch broke.
        ([("failure", 8), ("success", 7)], False),
        # Rebased on the red branch by then.
        ([("failure", 4)], False),
        # These say nothing of how tests ended.
        ([("cancelled", 7)], False),
        ([("skipped", 7), ("pending", 6)], False),
    ],
)
@pytest.mark.parametrize("name", ["unit", "unit [CI]"])
@pytest.mark.parametrize("by", ["commits", "runs"])
def test_what_failed_before_the_branch_did_is_told_for_the_change(
    by: str, name: str, words: list[tuple[str, int]], is_told: bool
) -> None:
    """An earlier head, which may be rebased away, failed when the branch was green."""
    checks = [
        {
            "sha": "before",
            "name": "unit",
            "stage": "CI",
            "conclusion": word,
            "at": NOW - timedelta(days=days),
        }
        for word, days in words
    ]
    red = {"verdict": "merged_red", "checks": {name: ["failed", "landed"]}}
    facts: dict[str, Any] = {"checks": checks}
    runs = []
    if by == "commits":
        facts["commits"] = ["before"]
    else:
        runs = [{"id": "run", "sha": "before", "changes": [3], "kind": "change"}]
    last = {**change(3, 3), **facts}
    result = judged(
        changes=[change(1, 9), change(2, 5), last],
        said={
            "1": {"verdict": "tested", "checks": {name: ["exact", "landed"]}},
            "2": red,
            "3": red,
        },
        runs=runs,
    )
    assert (("test.merged-red", "change:c3") in told(result)) is is_told


def test_a_check_that_began_before_the_branch_failed_has_not_met_what_made_it_fail() -> None:
    first = {"unit": point(0, set(), {"unit"})}
    began, ended = NOW - timedelta(minutes=20), NOW + timedelta(minutes=20)
    assert failed_before([Word("unit", began, ended, failed=True)], first)
    assert not failed_before([Word("unit", ended, ended, failed=True)], first)
    assert not failed_before([Word("e2e", began, ended, failed=True)], first)


def test_what_the_branch_said_of_the_commit_that_a_change_began_at_is_not_the_changes() -> None:
    """A vendor may name it as the commit before the first push."""
    old = {"sha": "landed", "name": "unit", "conclusion": "failure", "at": NOW - timedelta(days=9)}
    push = {"at": NOW - timedelta(days=8), "before": "m1"}
    result = judged(
        changes=[
            {**change(1, 9), "checks": [old]},
            change(2, 5),
            {**change(3, 3), "pushes": [push]},
        ],
        said={**RED_SINCE, "3": RED},
    )
    assert ("test.merged-red", "change:c3") not in told(result)


def test_what_did_not_run_is_told_unless_it_fails_on_the_branch() -> None:
    for name, is_told in (("e2e", True), ("unit", False)):
        said = {"verdict": "partial", "checks": {name: ["not_run", None], "api": ["exact", "m3"]}}
        result = after(3, said)
        assert (("test.partial", "change:c3") in told(result)) is is_told


def test_lines_that_no_test_executed_are_told_on_a_red_branch_too() -> None:
    said = {"verdict": "partial", "checks": {"unit": ["not_run", None]}}
    diff = {"a.py": "1-100"}
    given = [
        {"change": 3, "diff": diff, "covered": {"a.py": "1-40"}, "uncovered": {"a.py": "41-90"}}
    ]
    result = after(3, said, uploads=given, facts={"files": ["a.py"]})
    assert ("test.partial", "change:c3") in told(result)


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
    assert not trunk.inherits("c1", ["unit"])
