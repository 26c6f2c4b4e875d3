"""What opened at a limit closes below it, or says why there is nothing to swing."""

from sync.reconcile.registry import BUILT_IN

#: Detectors without `close_at`, and why a finding of theirs does not come and go at a limit.
WITHOUT = {
    "data.blind-spot": "a stream was read or was not",
    "data.contradiction": "two systems agree or do not; ages only grow",
    "data.plan-gap": "a field is filled or is not",
    "flow.aging": "an age only grows until the item is done",
    "flow.blocked": "a time only grows until the block is gone",
    "flow.stalled-change": "a time only grows until somebody moves",
    "plan.due-moved": "moves are counted and never undone",
    "plan.overdue": "days only grow until another date is promised",
    "scope.carryover": "rolls are counted and never undone",
    "scope.criteria": "an item's text was changed or was not",
    "test.done-unproven": "a change is proven or is not",
    "test.merged-red": "a change landed red or did not",
    "test.not-tested": "a change is tested or is not",
    "test.partial": "a change is covered or is not",
    "test.stale": "a result is fresh or is not",
    "test.trunk-red": "hours only grow until it is green",
    "test.unreviewed": "a change was reviewed or was not",
}


def test_every_detector_with_a_limit_has_a_lower_one_to_close() -> None:
    without = {one.id for one in BUILT_IN if "close_at" not in one.defaults}
    assert without == set(WITHOUT)


def test_what_closes_below_its_limit_says_so() -> None:
    for one in BUILT_IN:
        if "close_at" in one.defaults:
            assert 0 < one.defaults["close_at"] < 1, one.id
            assert "below" in one.explain["close_at"] or "less" in one.explain["close_at"], one.id


def test_flow_is_told_from_the_second_run_on() -> None:
    for one in BUILT_IN:
        assert one.standing == (2 if one.family == "flow" else 1), one.id
