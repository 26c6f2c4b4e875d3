"""Contradictions on both databases, and at instants that have passed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from support import cases

from sync.reconcile.detectors.data import contradiction
from sync.reconcile.registry import Catalogue
from sync.reconcile.runner import reconcile
from sync.store.open import Store, memory_store, open_store

ID = contradiction.ID
ONLY = Catalogue((contradiction.DETECTOR,))
NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)


def per_rule() -> list[cases.Case]:
    """The first case of each rule that finds something by it."""
    found: dict[str, cases.Case] = {}
    for one in cases.load(ID):
        for wanted in one.data.get("expect", ()):
            found.setdefault(wanted["rule"], one)
    return list({one.name: one for one in found.values()}.values())


def found_at(store: Store, case: Mapping[str, Any], at: datetime) -> set[tuple[str, str]]:
    result = reconcile(
        store,
        cases.policy(case),
        clock=cases.At(NOW),
        as_of=at,
        record=False,
        detectors=ONLY,
    )
    return {(one.subject, one.rule) for one in result.findings}


def wanted(case: cases.Case) -> set[tuple[str, str]]:
    return {(one["subject"], one["rule"]) for one in case.data.get("expect", ())}


def test_every_rule_has_a_case_that_finds_something() -> None:
    rules = {rule for one in per_rule() for _, rule in wanted(one)}
    assert rules == contradiction.DETECTOR.rules.keys()


@pytest.mark.full
def test_what_is_so_now_is_told_the_same_as_of_now(store_url: str) -> None:
    """The way over the past, with nothing to undo, ends where the present does."""
    store = open_store(store_url)
    try:
        for one in per_rule():
            cases.refill(store, one.data)
            assert (one.name, found_at(store, one.data, NOW)) == (one.name, wanted(one))
    finally:
        store.close()


@pytest.fixture(scope="module")
def store() -> Store:
    return memory_store()


@pytest.mark.full
@pytest.mark.parametrize("case", cases.load(ID), ids=lambda case: case.name)
def test_every_case_is_told_the_same_as_of_now(case: cases.Case, store: Store) -> None:
    cases.refill(store, case.data)
    assert found_at(store, case.data, case.now) == wanted(case)


#: What happened on 10 March at noon and is found as of the 12th, and not as of the morning of that
#: day: title, case, and the finding.
STEPS: tuple[tuple[str, Mapping[str, Any], tuple[str, str]], ...] = (
    (
        "done with its change open",
        {
            "items": [
                {"id": 1, "status": "done", "since": {"status": "in_review", "at": "then"}},
            ],
            "changes": [{"id": 9, "refs": [{"target": "APO-1"}]}],
        },
        ("issue:1", "done-unmerged"),
    ),
    (
        "landed on another branch",
        {
            "items": [{"id": 1, "status": "done"}],
            "changes": [
                {"id": 7, "merged": datetime(2026, 2, 1, tzinfo=UTC)},
                {"id": 8, "merged": "then", "base": "x", "refs": [{"target": "APO-1"}]},
            ],
        },
        ("issue:1", "done-elsewhere"),
    ),
    (
        "the estimate changed",
        {
            "items": [
                {
                    "id": 1,
                    "status": "done",
                    "points": 8,
                    "events": [{"field": "points", "old": "5", "new": "8", "at": "then"}],
                }
            ],
            "changes": [],
        },
        ("project:pAPO", "estimate-after-done"),
    ),
    (
        "the mirror was closed",
        {
            "items": [{"id": 1}],
            "hub_items": [
                {
                    "id": 40,
                    "title": "APO-1 Title",
                    "status": "done",
                    "since": {"status": "todo", "at": "then"},
                },
            ],
        },
        ("issue:1", "mirror-state"),
    ),
    (
        "the mirror got another date",
        {
            "items": [{"id": 1, "due": datetime(2026, 4, 1).date()}],
            "hub_items": [
                {
                    "id": 40,
                    "title": "APO-1 Title",
                    "due": datetime(2026, 4, 8).date(),
                    "events": [
                        {
                            "field": "due_date",
                            "old": "2026-04-01",
                            "new": "2026-04-08",
                            "at": "then",
                        }
                    ],
                },
            ],
        },
        ("issue:1", "mirror-due"),
    ),
)


def _then(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _then(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_then(one) for one in value]
    return datetime(2026, 3, 10, 12, tzinfo=UTC) if value == "then" else value


@pytest.mark.full
@pytest.mark.parametrize(("case", "finding"), [one[1:] for one in STEPS], ids=[o[0] for o in STEPS])
def test_as_of_a_day_only_what_had_happened_by_then_counts(
    case: Mapping[str, Any], finding: tuple[str, str]
) -> None:
    data = {"now": NOW, "derived": datetime(2026, 1, 2, tzinfo=UTC), **_then(case)}
    store = cases.build(data)
    before = found_at(store, data, datetime(2026, 3, 10, 8, tzinfo=UTC))
    too_early = found_at(store, data, datetime(2026, 3, 11, 11, 59, tzinfo=UTC))
    after = found_at(store, data, datetime(2026, 3, 12, 12, tzinfo=UTC))
    assert finding not in before
    assert finding not in too_early
    assert finding in after
