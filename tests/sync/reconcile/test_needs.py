"""Detectors judge connectors that they do not name by what their streams feed."""

import pytest

from connectors.contract import Mode, StreamSpec
from sync.reconcile import needs
from sync.reconcile.detectors.plan import due_moved, overdue
from sync.reconcile.detectors.test import merged_red
from sync.reconcile.needs import NAMED, by_feeds, offered_by
from sync.reconcile.registry import BUILT_IN

TICKETS = StreamSpec("tickets", "project", Mode.INCREMENTAL, feeds=("work_item", "history"))
GOALS = StreamSpec("goals", "project", Mode.SNAPSHOT, feeds=("milestone",))


def test_streams_are_found_by_what_they_feed() -> None:
    assert by_feeds(overdue.DETECTOR, (TICKETS, GOALS)) == ("tickets", "goals")
    assert by_feeds(due_moved.DETECTOR, (GOALS,)) == ("goals",)


@pytest.mark.parametrize(
    "offered",
    [
        (),
        (GOALS,),
        (StreamSpec("tickets", "project", Mode.INCREMENTAL, feeds=("work_item",)), GOALS),
        (StreamSpec("tickets", "site", Mode.SNAPSHOT, feeds=("work_item", "history")),),
        (StreamSpec("census", "project", Mode.CENSUS, feeds=("work_item", "history")),),
    ],
    ids=["nothing", "no items", "no history", "of the whole site", "ids alone"],
)
def test_without_items_and_their_history_nothing_is_judged(
    offered: tuple[StreamSpec, ...],
) -> None:
    assert by_feeds(overdue.DETECTOR, offered) is None


def test_a_tracker_without_milestones_is_judged_where_none_are_needed() -> None:
    assert by_feeds(overdue.DETECTOR, (TICKETS,)) == ("tickets",)


def test_what_landed_is_judged_only_where_a_detector_names_the_host() -> None:
    assert by_feeds(merged_red.DETECTOR, (TICKETS, GOALS)) is None


def test_connectors_that_detectors_name_are_judged_by_their_names_alone() -> None:
    assert {kind for one in BUILT_IN for kind in one.needs} == NAMED
    assert [offered_by(kind) for kind in sorted(NAMED)] == [(), (), ()]


def test_a_connector_that_is_not_installed_offers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered_by("no-such-connector") == ()
    entry = type("Entry", (), {"streams": staticmethod(lambda: (TICKETS,))})
    monkeypatch.setattr(needs, "get", lambda kind: entry)
    assert offered_by("acme") == (TICKETS,)
