"""Where work lay: wait states in working days, the longest first."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mappings.vocabulary import WaitsFor
from sync.flow.delays import delays
from sync.flow.stages import ItemFlow, Span, Stage
from sync.flow.work_time import WorkTime
from sync.ledger.working_days import WorkCalendar

#: A Monday.
START = datetime(2026, 2, 2, tzinfo=UTC)
TIME = WorkTime.of(WorkCalendar())


def flow(id_: str, *spans: tuple[float, float | None, Stage, WaitsFor | None]) -> ItemFlow:
    return ItemFlow(
        id_,
        tuple(
            Span(day(start), None if end is None else day(end), stage, waits_for)
            for start, end, stage, waits_for in spans
        ),
    )


def day(number: float) -> datetime:
    return START + timedelta(days=number)


# item  state    from  to    working days
# a     review   Mon   Wed   2
# a     review   Thu   Sat   2 (Thursday, Friday)
# b     review   Fri   Mon   1 (the weekend is none)
# b     flagged  Mon   open  1 until Tuesday
# c     qa       Sat   Mon   0: it is not told
ITEMS = (
    flow(
        "a",
        (0, 2, Stage.WAITING, WaitsFor.REVIEW),
        (2, 3, Stage.IN_PROGRESS, None),
        (3, 5, Stage.WAITING, WaitsFor.REVIEW),
    ),
    flow("b", (4, 7, Stage.WAITING, WaitsFor.REVIEW), (7, None, Stage.BLOCKED, None)),
    flow("c", (5, 7, Stage.WAITING, WaitsFor.QA)),
)
WHOLE = {one.id: (START, day(8)) for one in ITEMS}


def test_wait_states_add_up_working_days_and_name_who_lay_longest() -> None:
    found = delays(ITEMS, WHOLE, TIME)
    assert [(one.state, one.days, one.items) for one in found] == [
        ("review", 5.0, 2),
        ("flagged", 1.0, 1),
    ]
    review = found[0]
    assert (review.p50, review.p85) == (1.0, 4.0)
    assert review.longest == (("a", 4.0), ("b", 1.0))


def test_only_the_time_in_the_span_counts() -> None:
    (one,) = delays(ITEMS, {"a": (day(1), day(4))}, TIME)
    assert (one.days, one.items) == (2.0, 1)
    assert delays(ITEMS, {}, TIME) == ()


@given(st.permutations(ITEMS))
def test_the_order_of_items_changes_nothing(items: list[ItemFlow]) -> None:
    assert delays(items, WHOLE, TIME) == delays(ITEMS, WHOLE, TIME)
