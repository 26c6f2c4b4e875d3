"""Detectors by id: built-ins and plugins, each loaded alone."""

from dataclasses import replace
from typing import Any

from sync.reconcile.registry import BUILT_IN, catalogue, detectors


class Point:
    """An installed entry point that gives what it was made with, or raises it."""

    def __init__(self, name: str, gives: Any) -> None:
        self.name, self.gives = name, gives

    def load(self) -> Any:
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


ACME = replace(BUILT_IN[0], id="acme.one", family="acme")


def test_built_ins_have_ids_of_their_own_and_are_all_there() -> None:
    assert sorted(detectors()) == [
        "data.blind-spot",
        "data.contradiction",
        "data.plan-gap",
        "flow.aging",
        "flow.blocked",
        "flow.concentration",
        "flow.stalled-change",
        "flow.wip",
        "plan.dependency",
        "plan.diverging",
        "plan.due-moved",
        "plan.forecast-late",
        "plan.forecast-shift",
        "plan.overdue",
        "scope.carryover",
        "scope.churn",
        "scope.criteria",
        "scope.late-add",
        "scope.net",
        "scope.reestimate",
        "scope.reopened",
        "scope.unplanned",
        "test.done-unproven",
        "test.merged-red",
        "test.not-tested",
        "test.partial",
        "test.stale",
        "test.trunk-red",
        "test.unreviewed",
    ]


def test_plugins_bring_one_detector_or_several() -> None:
    two = replace(ACME, id="acme.two")
    found = catalogue([Point("a", ACME), Point("b", (two, replace(ACME, id="acme.three")))])
    assert {"acme.one", "acme.two", "acme.three"} < {one.id for one in found.detectors}
    assert not found.broken
    assert found.get("acme.two") == two
    assert found.get("acme.four") is None


def test_a_broken_plugin_is_named_and_the_others_work() -> None:
    found = catalogue(
        [
            Point("bad", ImportError("no module named acme")),
            Point("good", ACME),
            Point("old", replace(ACME, id="acme.old", contract=0)),
            Point("thief", replace(ACME, id="scope.net")),
            Point("what", "a text"),
        ]
    )
    assert found.get("acme.one") == ACME
    assert {one.name: one.reason for one in found.broken} == {
        "bad": "it cannot be loaded: ImportError: no module named acme",
        "old": "it is made for contract 0, and this driftline speaks 1",
        "thief": "there is already a detector 'scope.net'",
        "what": "it offers something that is no detector",
    }
    assert found.get("scope.net") in BUILT_IN
