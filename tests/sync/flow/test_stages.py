"""Stages of an item: what its events say, and what may not be measured."""

from datetime import UTC, datetime, timedelta

import pytest

from mappings.vocabulary import StatusCategory, WaitsFor
from sync.flow.measures import age, cycle_time, handoffs, in_progress, percentile, spent, wait_share
from sync.flow.stages import Cycle, ItemFlow, Meaning, Stage, item_flow
from sync.flow.work_time import WorkTime
from sync.ledger.timeline import Change
from sync.ledger.working_days import WorkCalendar

#: A Monday.
DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
TODO, DOING = Meaning(StatusCategory.TODO), Meaning(StatusCategory.IN_PROGRESS)
REVIEW = Meaning(StatusCategory.IN_REVIEW, WaitsFor.REVIEW)
DONE, UNKNOWN = Meaning(StatusCategory.DONE), Meaning(StatusCategory.UNKNOWN)
CANCELLED = Meaning(StatusCategory.CANCELLED)
TIME = WorkTime(WorkCalendar())


def at(days: float) -> datetime:
    """So many days after the item was created."""
    return DAY + timedelta(days=days)


def flow(
    *moves: tuple[float, Meaning],
    first: Meaning = TODO,
    until: float = 20,
    flags: tuple[tuple[float, bool], ...] = (),
    whole: bool = True,
) -> ItemFlow:
    """An item that was moved so many days after it was created."""
    changes, before = [], first
    for days, after in moves:
        changes.append(Change(at(days), before, after))
        before = after
    return item_flow(
        "1",
        DAY,
        changes,
        before,
        as_of=at(until),
        flags=[(at(days), on) for days, on in flags],
        whole=whole,
    )


def stages(one: ItemFlow) -> list[str]:
    """Names of its stages in order."""
    return [span.stage.value for span in one.spans]


def test_from_the_backlog_to_done() -> None:
    one = flow((1, DOING), (2, REVIEW), (4, DONE))
    assert stages(one) == ["todo", "in_progress", "waiting", "done"]
    assert one.cycle == Cycle(at(1), at(4))
    assert one.started_at is None
    assert cycle_time(Cycle(at(1), at(4)), TIME) == pytest.approx(3)


def test_it_goes_on() -> None:
    one = flow((1, DOING), (2, REVIEW), until=3)
    assert one.started_at == at(1)
    assert one.since == at(2)
    assert one.waits_for is WaitsFor.REVIEW
    assert one.cycle is None
    assert age(one, at(3), TIME) == pytest.approx(2)


def test_what_happens_later_does_not_count() -> None:
    moves = ((1, DOING), (2, REVIEW), (4, DONE))
    assert flow(*moves, until=3).spans == flow(*moves[:2], until=3).spans


def test_back_in_the_backlog_it_still_ages_from_its_first_start() -> None:
    one = flow((1, DOING), (2, TODO), (7, DOING), until=8)
    assert one.started_at == at(1)


def test_what_is_reopened_begins_anew() -> None:
    moves = ((1, DOING), (2, DONE), (8, DOING))
    assert flow(*moves, until=9).started_at == at(8)
    again = flow(*moves, (9, DONE))
    assert again.cycles == (Cycle(at(1), at(2)), Cycle(at(8), at(9)))
    assert again.cycle == Cycle(at(8), at(9))


def test_closed_again_without_a_start_has_no_time() -> None:
    assert flow((1, DOING), (2, DONE), (8, TODO), (9, DONE)).cycle is None


def test_done_without_a_start_has_no_time() -> None:
    assert flow((1, DONE)).cycle is None


def test_cancelled_work_is_no_cycle() -> None:
    one = flow((1, DOING), (2, CANCELLED))
    assert (one.cycles, one.stage) == ((), Stage.CANCELLED)


def test_a_flag_blocks_what_is_begun_and_nothing_else() -> None:
    one = flow((2, DOING), (6, DONE), flags=((1, True), (4, False), (7, True)))
    assert stages(one) == ["todo", "blocked", "in_progress", "done"]
    assert one.spans[1].start == at(2)


def test_a_status_that_waits_for_something_else_blocks() -> None:
    one = flow((1, Meaning(StatusCategory.IN_PROGRESS, WaitsFor.OTHER)), until=5)
    assert (one.stage, one.since) == (Stage.BLOCKED, at(1))


def test_a_review_waits_whether_or_not_the_mapping_says_so() -> None:
    one = flow((1, Meaning(StatusCategory.IN_REVIEW)), until=2)
    assert (one.stage, one.waits_for) == (Stage.WAITING, WaitsFor.REVIEW)


def test_an_unknown_status_hides_the_start() -> None:
    assert flow((1, UNKNOWN), (2, DOING), until=5).started_at is None
    assert flow((1, UNKNOWN), (2, DOING), (3, DONE)).cycle is None
    assert flow((1, UNKNOWN), (2, DONE), (3, DOING), until=5).started_at == at(3)


def test_an_incomplete_history_measures_nothing() -> None:
    cut = flow((1, DOING), (3, DONE), whole=False)
    assert (cut.cycles, flow((1, DOING), whole=False).started_at) == ((), None)


def test_a_missing_event_measures_nothing() -> None:
    torn = [Change(at(1), TODO, DOING), Change(at(5), TODO, DONE)]
    one = item_flow("1", DAY, torn, DONE, as_of=at(9))
    assert not one.whole
    assert one.cycle is None


def test_two_moves_at_one_instant_leave_no_empty_span() -> None:
    one = flow((1, DOING), (1, REVIEW), (2, DOING), (2, REVIEW), until=3)
    assert stages(one) == ["todo", "waiting"]


def test_not_yet_created_is_nothing() -> None:
    one = flow((1, DOING), until=-1)
    assert (one.spans, one.stage) == ((), Stage.UNKNOWN)


def test_wait_share_leaves_the_backlog_out() -> None:
    one = flow((1, DOING), (2, REVIEW), until=4)
    assert wait_share(one.spans, at(4), TIME) == pytest.approx(2 / 3)
    assert wait_share(flow(until=4).spans, at(4), TIME) is None
    assert spent(one.spans, at(4), TIME)[Stage.TODO] == pytest.approx(1)


def test_spans_are_cut_to_a_window() -> None:
    one = flow((1, DOING), (3, DONE))
    assert [(span.start, span.end) for span in one.within(at(2), at(5))] == [
        (at(2), at(3)),
        (at(3), at(5)),
    ]
    assert in_progress([one], at(2)) == 1
    assert in_progress([one], at(3)) == 0
    assert one.at(at(-1)) is None


def test_percentile_is_a_value_that_was_there() -> None:
    assert percentile(range(1, 21), 0.85) == 17
    assert percentile(range(1, 21), 0.95) == 19
    assert percentile([4.0], 0.85) == 4.0
    assert percentile([], 0.85) is None


def test_hand_offs_are_changes_of_owner() -> None:
    assert handoffs(["a", None, "a", "b", "b", "a"]) == 2
    assert handoffs([]) == 0
