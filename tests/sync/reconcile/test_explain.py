"""One finding with its proof, its life and its rule."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from support import cases
from support.cases import At

from sync.errors import UsageError
from sync.reconcile.contract import Policy
from sync.reconcile.explain import explain
from sync.reconcile.findings import stored
from sync.reconcile.runner import reconcile
from sync.store.open import Store

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[Store]:
    made = cases.build(
        {
            "now": NOW,
            "items": [
                {"id": 1, "status": "in_progress", "assignee": ""},
                {
                    "id": 2,
                    "status": "done",
                    "since": {"status": "todo", "at": NOW - timedelta(days=9)},
                },
                {"id": 3, "parent": 2, "restricted": True, "title": "Secret"},
            ],
        }
    )
    reconcile(made, Policy(), clock=At(NOW))
    reconcile(made, Policy(), clock=At(NOW + timedelta(hours=1)))
    yield made
    made.close()


def test_a_finding_with_all_that_is_known(store: Store) -> None:
    medium = next(one for one in stored(store) if one.detector == "data.contradiction")
    found = explain(store, medium.fingerprint[:6])
    assert found.finding == medium
    assert found.detector_name == "Two facts contradict each other"
    assert found.rule == "an item is done while a child is open"
    assert found.thresholds["settled_hours"] == (
        24,
        "hours both sides must have stood before it is a finding, counted back from the oldest "
        "reading that it rests on",
    )
    assert [one.to_state for one in found.life] == ["already_there", "ongoing"]
    assert [one.restricted for one in found.finding.evidence] == [False, True]


def test_thresholds_in_force_are_told(store: Store) -> None:
    gap = next(one for one in stored(store) if one.detector == "data.plan-gap")
    policy = Policy(thresholds={"data.plan-gap": {"medium_from": 2}})
    assert explain(store, gap.fingerprint, policy).thresholds["medium_from"][0] == 2


@pytest.mark.parametrize("prefix", ["zzzz", ""])
def test_no_such_finding(store: Store, prefix: str) -> None:
    with pytest.raises(UsageError, match="no finding has this fingerprint"):
        explain(store, prefix)


def test_more_than_one_begins_like_this() -> None:
    """Of seventeen fingerprints two share their first hexadecimal digit."""
    done = {"status": "done", "since": {"status": "todo", "at": NOW - timedelta(days=9)}}
    made = cases.build(
        {
            "now": NOW,
            "items": [{"ids": "1-17"}, {"id": 18, **done}],
            "links": [{"from": 18, "to": n, "kind": "blocks"} for n in range(1, 18)],
        }
    )
    reconcile(made, Policy(), clock=At(NOW))
    digits = Counter(one.fingerprint[0] for one in stored(made))
    shared, _ = digits.most_common(1)[0]
    with pytest.raises(UsageError, match="findings begin like this"):
        explain(made, shared)
