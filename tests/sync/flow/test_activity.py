"""What counts as somebody having done something."""

from datetime import UTC, datetime, timedelta

from sync.flow.activity import Event, is_stalled, last_by_people
from sync.flow.work_time import WorkTime
from sync.ledger.working_days import WorkCalendar

DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_robots_do_not_count() -> None:
    events = [Event("1", "status", DAY, "ann"), Event("1", "labels", DAY + timedelta(1), "bot")]
    assert last_by_people(events, {"bot"}, 3) == {"1": DAY}


def test_a_mass_edit_does_not_count() -> None:
    later = DAY + timedelta(days=4)
    edits = [Event(str(n), "labels", later + timedelta(minutes=n), "ann") for n in range(10)]
    found = last_by_people([Event("1", "status", DAY, "ann"), *edits], (), 100)
    assert found == {"1": DAY}


def test_one_edit_less_is_no_mass_edit() -> None:
    edits = [Event(str(n), "labels", DAY + timedelta(minutes=n), "ann") for n in range(9)]
    assert len(last_by_people(edits, (), 100)) == 9


def test_another_edit_beside_a_mass_edit_counts() -> None:
    edits = [Event(str(n), "labels", DAY + timedelta(minutes=n), "ann") for n in range(10)]
    own = Event("1", "status", DAY + timedelta(minutes=3), "ann")
    assert last_by_people([*edits, own], (), 100) == {"1": own.at}


def test_nobody_named_is_a_person() -> None:
    assert last_by_people([Event("1", "status", DAY, None)], {"bot"}, 1) == {"1": DAY}


def test_five_working_days_are_silence() -> None:
    time = WorkTime(WorkCalendar())
    assert not is_stalled(DAY, DAY + timedelta(days=6, hours=23), time)
    assert is_stalled(DAY, DAY + timedelta(days=7), time)
