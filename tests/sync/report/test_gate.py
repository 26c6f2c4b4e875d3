"""The quality gate's lists: what landed untested, red or unreviewed, and why a list is empty."""

from dataclasses import replace

from support import reconciliations as given_

from sync.reconcile.contract import Channel
from sync.report.build import build
from sync.report.data import GateList

CHECKED = {"test.not-tested": "checked", "test.merged-red": "checked", "test.unreviewed": "off"}


def lists(**changes: object) -> dict[str, GateList]:
    data = build(given_.reconciliation(detector_states=CHECKED, **changes))
    return {one.name: one for one in data.gate}


def test_five_are_listed_and_the_rest_is_counted() -> None:
    found = lists(
        findings=tuple(
            given_.finding(str(n), detector="test.not-tested", channel=Channel.DIGEST)
            for n in range(7)
        )
    )
    one = found["not tested"]
    assert (one.count, len(one.items), one.more, one.note) == (7, 5, 2, "")


def test_an_empty_list_says_why_it_is_empty() -> None:
    found = lists(
        not_checked=(("test.merged-red", "shop/web", "no checks were read"),),
        certificates=(given_.certificate("changes"),),
    )
    assert [(one.name, one.checked, one.note) for one in found.values()] == [
        ("not tested", True, "none found in what was read"),
        ("merged red", True, "1 subject not checked"),
        ("unreviewed", False, "switched off"),
    ]


def test_without_a_source_of_changes_nothing_was_looked_at() -> None:
    one = lists()["not tested"]
    assert (one.checked, one.note) == (False, "not checked: no changes are read")


def test_what_nobody_looked_at_is_not_called_fine() -> None:
    data = build(given_.reconciliation())
    assert [(one.checked, one.note) for one in data.gate] == [(False, "not checked")] * 3


def test_findings_of_flow_are_grouped_and_no_other_is() -> None:
    data = build(
        given_.reconciliation(
            findings=(
                given_.finding("a", detector="flow.stuck", channel=Channel.DIGEST),
                given_.finding("b", detector="flow.stuck", channel=Channel.OFF),
                given_.finding("c", detector="scope.net"),
            )
        )
    )
    assert [(one.detector, one.count) for one in data.flow] == [("flow.stuck", 1)]


def test_what_people_answered_is_no_longer_listed_and_yet_told() -> None:
    (accepted,) = [one for one in given_.answered() if one.fingerprint == "fp-accepted"]
    told = lists(findings=(replace(accepted, detector="test.not-tested"),))["not tested"]
    assert (told.count, told.items, told.note) == (0, (), "1 answered")
