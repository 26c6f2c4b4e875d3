"""How a promised date moved."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from mappings.vocabulary import MilestoneKind, MilestoneState
from sync.forecast.dates import history
from sync.ledger.milestones import MilestoneFacts, Observed
from sync.ledger.working_days import WorkCalendar

SEEN = datetime(2026, 1, 5, 8, tzinfo=UTC)


def facts(*dates: tuple[str, str]) -> MilestoneFacts:
    """Dates, each with the day of the reading that saw it; there is one each day."""
    read = [(due, datetime.fromisoformat(f"{on}T08:00+00:00")) for due, on in dates]
    observed = [Observed("due_date", None, read[0][0], True, None, read[0][1])]
    observed += [
        Observed("due_date", old, new, False, at - timedelta(days=1), at)
        for (old, _), (new, at) in pairwise(read)
    ]
    return MilestoneFacts(
        connection_id=1,
        connection="jira",
        kind=MilestoneKind.VERSION,
        source_id="1",
        name="R1",
        state=MilestoneState.ACTIVE,
        scope_id="p",
        project_key="APO",
        start_date=None,
        due_date=date.fromisoformat(read[-1][0]),
        started_at=None,
        finished_at=None,
        url=None,
        first_seen_at=SEEN,
        observed=tuple(observed),
    )


def seen(*dates: tuple[str, str], as_of: str = "2026-03-16") -> Any:
    at = datetime.fromisoformat(f"{as_of}T08:00+00:00")
    return history(facts(*dates), WorkCalendar(), at, since=SEEN)


def test_a_date_that_stands_did_not_move() -> None:
    found = seen(("2026-04-30", "2026-01-05"))
    assert (found.number, found.slip, found.rate) == (0, 0, 0)


def test_slip_counts_working_days_and_its_rate_by_time_passed() -> None:
    found = seen(("2026-03-27", "2026-01-05"), ("2026-04-03", "2026-02-02"))
    assert (found.number, found.original, found.slip) == (1, date(2026, 3, 27), 5)
    assert found.rate == pytest.approx(5 / 50)
    assert (found.last_minute_at_most, found.after_it_passed_at_most) == (0, 0)


def test_a_date_that_recedes_as_fast_as_time_passes_has_a_rate_of_one() -> None:
    found = seen(("2026-01-30", "2026-01-05"), ("2026-04-10", "2026-01-20"))
    assert found.rate == 1


def test_a_move_back_is_a_negative_slip() -> None:
    found = seen(("2026-04-30", "2026-01-05"), ("2026-04-23", "2026-02-02"))
    assert found.slip == -5


def test_a_move_in_the_last_tenth_is_one_of_the_last_minute() -> None:
    found = seen(("2026-03-02", "2026-01-05"), ("2026-04-03", "2026-03-01"))
    assert (found.last_minute, found.last_minute_at_most) == (1, 1)
    assert found.after_it_passed_at_most == 0


def test_a_move_after_the_date_had_passed() -> None:
    found = seen(("2026-03-02", "2026-01-05"), ("2026-04-03", "2026-03-10"))
    assert (found.after_it_passed, found.after_it_passed_at_most) == (1, 1)
    assert found.last_minute_at_most == 0


def test_between_two_readings_it_may_be_either() -> None:
    found = seen(("2026-03-02", "2026-01-05"), ("2026-04-03", "2026-03-03"))
    assert (found.after_it_passed, found.after_it_passed_at_most) == (0, 1)
    assert (found.last_minute, found.last_minute_at_most) == (0, 1)
