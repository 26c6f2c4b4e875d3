"""What was known of a milestone at an instant, and what came of it."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from support.forecast.lives import CANCELLED, DONE, TODO, container, day, facts, item

from mappings.vocabulary import MilestoneState
from sync.forecast import past, replay
from sync.forecast.replay import Instants, Subject
from sync.ledger.milestones import Observed
from sync.ledger.timeline import Stay
from sync.ledger.working_days import WorkCalendar

CALENDAR = WorkCalendar()
NOW = day(400)


def made(of: object, items: list[object], **more: object) -> Subject:
    found = replay.subject(of, container(of, items), CALENDAR, NOW, **more)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_a_cut_container_knows_nothing_of_later() -> None:
    one = item("a", 0, (5, DONE), (9, TODO), (20, DONE), leaves=30)
    cut = past.at(container(facts(), [one, item("b", 12)]), day(10))
    assert set(cut.by_item) == {"a"}
    assert cut.by_item["a"].category.held is TODO
    assert cut.by_item["a"].category.ats == (day(5), day(9))
    assert cut.by_item["a"].stays == (Stay(day(0)),)


def test_what_a_reading_told_counts_from_the_reading_on() -> None:
    one = item("a", 0, (5, DONE))
    late = past.Late({"a-0": day(15)}, {("a", day(0)): day(3)})
    assert past.item(one, day(2), late).stays == ()
    assert past.item(one, day(10), late).category.held is TODO
    assert past.item(one, day(10), late).stays == (Stay(day(3)),)
    assert past.item(one, day(15), late).category.held is DONE


def test_an_end_that_no_event_tells_is_known_when_it_was_missed() -> None:
    gone = Stay(day(0), day(8), held_until=day(8), gone_by=day(12))
    one = item("a", stays=(gone,))
    assert past.item(one, day(10)).stays[0].end is None
    assert past.item(one, day(12)).stays[0].end == day(8)


def test_instants_are_shares_of_the_first_plan_at_the_end_of_a_day() -> None:
    one = made(
        facts(due=date(2026, 2, 13), moves=[(20, date(2026, 4, 1))]),
        [item("a", 0, (60, DONE))],
    )
    found = list(replay.trials(one, Instants(), CALENDAR, NOW))
    assert [trial.share for trial in found] == [0.25, 0.5, 0.75]
    for trial in found:
        assert trial.at.astimezone(UTC).hour == 0
    assert found[0].due == date(2026, 2, 13)
    assert found[-1].due == date(2026, 4, 1)
    assert found[-1].original == date(2026, 2, 13)


def test_without_a_date_its_life_is_the_plan() -> None:
    one = made(facts(), [item("a", 0, (40, DONE))])
    found = list(replay.trials(one, Instants(shares=(0.5,)), CALENDAR, NOW))
    assert [trial.at.date() for trial in found] == [date(2026, 1, 26)]


def test_nothing_is_forecast_once_it_is_done() -> None:
    one = made(facts(due=date(2026, 6, 1)), [item("a", 0, (30, DONE))])
    assert list(replay.trials(one, Instants(), CALENDAR, NOW)) == []


def test_each_monday_up_to_the_end() -> None:
    one = made(facts(), [item("a", 0, (30, DONE))])
    found = list(replay.trials(one, Instants(mondays=True), CALENDAR, NOW))
    assert [trial.at.weekday() for trial in found] == [0, 0, 0, 0]
    assert {(later.at - before.at).days for before, later in pairwise(found)} == {7}


def test_a_date_that_nobody_had_read_is_not_known() -> None:
    late = facts(due=date(2026, 6, 1), seen=50)
    assert replay.facts_at(late, day(49)).due_date is None
    assert replay.facts_at(late, day(50)).due_date == date(2026, 6, 1)
    assert replay.original(late, day(49)) is None


def test_a_date_that_was_taken_back() -> None:
    moved = facts(due=date(2026, 6, 1), moves=[(10, None), (20, date(2026, 8, 1))])
    dates = [replay.facts_at(moved, day(at)).due_date for at in (5, 15, 25)]
    assert dates == [date(2026, 6, 1), None, date(2026, 8, 1)]


def test_who_is_in_an_archive_was_so_from_its_creation() -> None:
    moved = item("a", stays=(Stay(day(9)),))
    held = container(facts(), [moved, item("b", 0, leaves=5)])
    assert set(replay.as_archived(held).by_item) == {"a"}
    assert replay.as_archived(held).by_item["a"].stays == (Stay(day(9)),)


def closing(*states: tuple[float, str], first: str = "active") -> datetime | None:
    told = [Observed("state", None, first, True, None, day(0))]
    told += [Observed("state", None, new, False, None, day(at)) for at, new in states]
    one = facts()
    return replay.closed_at(
        type(one)(
            **{name: getattr(one, name) for name in one.__dataclass_fields__}
            | {"observed": tuple(told)}
        )
    )


def test_a_close_is_dated_by_the_reading_that_found_it() -> None:
    closed = MilestoneState.CLOSED.value
    assert closing((5, closed)) == day(5)
    assert closing((5, closed), (9, "active")) is None
    assert closing(first=closed) is None


def test_weeks_count_each_item_once_where_it_was_last_done() -> None:
    items = [
        item("a", 0, (2, DONE), (10, TODO), (16, DONE)),
        item("b", 0, (3, DONE)),
        item("c", 0),
        item("d", 8, (9, CANCELLED)),
        item("e", 9, leaves=20),
    ]
    held = past.at(container(facts(), items), day(21))
    weeks = replay.weeks(held, day(0), day(1), day(21))
    assert weeks.completions == (1, 0, 1)
    assert weeks.remaining == 1
    assert sum(weeks.arrivals) == 0


def test_nothing_was_ever_in_it() -> None:
    assert replay.subject(facts(), container(facts(), []), CALENDAR, NOW) is None


@pytest.mark.parametrize("at", [1, 3, 6])
def test_less_than_a_week_has_no_weeks(at: int) -> None:
    held = past.at(container(facts(), [item("a", 0, (1, DONE))]), day(at))
    assert replay.weeks(held, day(0), day(0), day(at)).completions == ()
