"""A number that is missing between two others is that of a run that was deleted."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sync.verdict.lost_runs import Counted, gaps, reason

_BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


def counted(number: int, series: str = "CI") -> Counted:
    return Counted(series, number, _BEGIN + timedelta(hours=number))


def hour(number: float) -> datetime:
    return _BEGIN + timedelta(hours=number)


def test_a_missing_number_is_a_gap_with_its_time() -> None:
    (gap,) = gaps([counted(1), counted(2), counted(4)])
    assert (gap.series, gap.after, gap.before, gap.count) == ("CI", hour(2), hour(4), 1)
    assert gap.reason == (
        "a run of CI between 2026-03-02 02:00 and 2026-03-02 04:00 UTC was deleted before it was "
        "read"
    )


def test_only_what_was_there_meanwhile_may_have_lost_results() -> None:
    found = gaps([counted(1), counted(5)])
    assert reason(found, hour(3), hour(4)) is not None
    assert reason(found, None, hour(2)) is not None
    assert reason(found, hour(6), hour(9)) is None
    assert reason(found, hour(-3), hour(0)) is None


def test_each_workflow_counts_for_itself_and_attempts_do_not_count() -> None:
    runs = [counted(1), counted(2), counted(2), counted(7, "Nightly"), counted(8, "Nightly")]
    assert gaps(runs) == ()


@given(st.sets(st.integers(1, 40), min_size=1), st.randoms())
def test_as_many_are_missing_as_numbers_are(numbers: set[int], random: object) -> None:
    runs = [counted(one) for one in numbers]
    random.shuffle(runs)  # type: ignore[attr-defined]  # hypothesis' random
    missing = set(range(min(numbers), max(numbers) + 1)) - numbers
    assert sum(one.count for one in gaps(runs)) == len(missing)
