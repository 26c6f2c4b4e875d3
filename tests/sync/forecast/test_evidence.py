"""What a container shows at an instant."""

from datetime import UTC, date, datetime, timedelta

from mappings.vocabulary import StatusCategory as C
from sync.forecast.evidence import Plan, observe
from sync.ledger.timeline import Change, ItemHistory, Stay, Track
from sync.ledger.working_days import WorkCalendar

START = datetime(2026, 2, 2, 9, tzinfo=UTC)
NOW = datetime(2026, 3, 8, 12, tzinfo=UTC)
PLAN = Plan(START, START + timedelta(days=1), date(2026, 6, 1))


def after(days: float) -> datetime:
    return START + timedelta(days=days)


def item(
    id_: str,
    *done: float,
    entered: float = 0,
    left: float | None = None,
    parent: str | None = None,
) -> ItemHistory:
    """Done and reopened in turn at these days after the start."""
    states = [C.TODO, *([C.DONE, C.TODO] * len(done))][: len(done) + 1]
    changes = [
        Change(after(day), old, new)
        for day, old, new in zip(done, states, states[1:], strict=False)
    ]
    return ItemHistory(
        id_,
        (Stay(after(entered), None if left is None else after(left), "event"),),
        Track.of([], None),
        Track.of(changes, states[-1]),
        Track.of([], parent),
    )


def seen(items, plan=PLAN, at=NOW, **more):
    return observe(items, plan, key="k", at=at, calendar=WorkCalendar(), **more)


def test_open_work_and_completions_by_week_newest_first():
    found = seen([item("a"), item("b", 34), item("c", 30), item("d", 1), item("e", 2, 20)])
    assert found.open_items == 2
    assert found.weekly_done == (2, 0, 0, 0, 1)
    assert found.past_shares == (1, 1, 1, 1, 1)
    assert found.baseline_items == 5
    assert found.completed == 3


def test_work_that_was_closed_twice_counts_once_where_it_was_closed_last():
    found = seen([item("a", 3, 10, 30), item("b")])
    assert found.weekly_done == (1, 0, 0, 0, 0)


def test_arrivals_and_departures_since_the_baseline():
    found = seen([item("a"), item("b", entered=20), item("c", left=32), item("d", entered=33)])
    assert (found.added, found.removed, found.open_items) == (2, 1, 3)
    assert found.weekly_net == (0, 0, 1, 0, 0)


def test_work_done_elsewhere_or_before_the_plan_is_no_completion_of_it():
    found = seen([item("a", 1, entered=5), item("b", -20, entered=-30), item("c")])
    assert found.completed == 0
    assert found.added == 0


def test_a_parent_counts_by_its_children():
    found = seen([item("p"), item("a", parent="p"), item("b", 3, parent="p")])
    assert (found.open_items, found.baseline_items, found.completed) == (1, 2, 1)


def test_what_nobody_can_tell_is_counted():
    strange = ItemHistory(
        "x", (Stay(START),), Track.of([], None), Track.of([], C.UNKNOWN), Track.of([], None)
    )
    found = seen([item("a"), strange])
    assert (found.open_items, found.unsure_items) == (1, 1)


def test_weeks_of_the_team_fill_up_a_young_history():
    found = seen([item("a", 30)], team_weekly=(4, 5), at=NOW)
    assert found.team_weekly == (4, 5)
    assert len(found.past_shares) == 7


def test_the_week_it_began_in_counts_from_that_day():
    found = seen([item("a"), item("b", 0.5)], at=after(2))
    assert found.weekly_done == (1,)
    assert found.past_shares == (0.6,)


def test_a_short_plan_is_simulated_by_days():
    assert seen([item("a")], Plan(START, START, date(2026, 3, 10))).daily
    assert not seen([item("a")]).daily


def test_an_emptied_milestone_has_nothing_open():
    assert seen([item("a", left=3), item("b", left=4)]).open_items == 0


def test_what_happens_later_changes_nothing():
    early = [item("a"), item("b", 30), item("c")]
    later = [
        item("a", 40),
        item("b", 30, 41),
        item("c", left=50),
        item("d", entered=44),
    ]
    assert seen(early) == seen(later)
