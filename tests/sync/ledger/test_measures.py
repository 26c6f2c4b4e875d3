"""The numbers of a ledger, each checked by hand."""

import pytest
from support.histories import at, item

from mappings.vocabulary import StatusCategory as Status
from sync.ledger import agreed, measures
from sync.ledger.ledger import Ledger, LineKind, Unit, compute
from sync.ledger.measures import Inflation
from sync.ledger.timeline import ItemHistory

DONE, TODO = Status.DONE, Status.TODO
#: Planned: 10 + 6 + 4 = 20. Entered: n 5 (day 4), late 3 (day 18). Left: c 4 (day 6).
#: Re-sized: a 10 → 12. Now: 12 + 6 + 5 + 3 = 26.
ITEMS = {
    one.id: one
    for one in (
        item("a", (-1, None), points=(10.0, (5, 12.0))),
        item("b", (-1, None), points=(6.0,), status=(TODO, (8, DONE))),
        item("c", (-1, 6), points=(4.0,)),
        item("n", (4, None), points=(5.0,), status=(TODO, (9, DONE), (10, TODO))),
        item("late", (18, None), points=(3.0,)),
    )
}


def ledger(
    items: dict[str, ItemHistory] = ITEMS, until: float = 20, unit: Unit = Unit.POINTS
) -> Ledger:
    return compute(list(items.values()), since=at(0), counted_from=at(0), at=at(until), unit=unit)


def test_all_measures_of_one_ledger() -> None:
    made = ledger()
    assert (made.baseline, made.current) == (20, 26)
    found = measures.measure(made, ITEMS, at(20))
    assert found.net == found.net_known == pytest.approx(6 / 20)
    assert found.churn == pytest.approx((8 + 4 + 2) / 20)
    assert found.swap == pytest.approx(4 / 20)
    assert found.creep is None
    assert found.late_added == pytest.approx(3 / 8)
    assert found.inflation == Inflation(pytest.approx(2 / 16), 0.5)
    assert found.delivered == pytest.approx(6 / 20)
    assert (found.remaining, found.done) == (20, 6)
    assert found.reopened == 0.5
    assert found.growth == pytest.approx((8 - 4) / 6)
    assert (found.unestimated, found.certain) == (0, True)


def test_in_items() -> None:
    found = measures.measure(ledger(unit=Unit.ITEMS), ITEMS, at(20))
    assert found.net == pytest.approx(1 / 3)
    assert (found.inflation, found.remaining, found.done) == (None, 3, 1)
    assert found.delivered == pytest.approx(1 / 3)


def test_nothing_planned_has_no_ratio() -> None:
    made = ledger({"n": ITEMS["n"]})
    found = measures.measure(made, ITEMS, at(20))
    ratios = (found.net, found.net_known, found.churn, found.swap, found.creep, found.inflation)
    assert set(ratios) == {None}
    assert found.delivered is None


def test_nothing_done_has_no_growth_ratio_and_no_reopen_rate() -> None:
    items = {"a": ITEMS["a"]}
    found = measures.measure(ledger(items), items)
    assert (found.growth, found.reopened, found.late_added, found.delivered) == (None,) * 4


@pytest.mark.parametrize(
    ("until", "creep"),
    [
        (27.9, None),
        (28, pytest.approx(1.3 ** (30.4 / 28) - 1)),
        (60.8, pytest.approx(1.3**0.5 - 1)),
    ],
)
def test_growth_by_month_needs_four_weeks(until: float, creep: float | None) -> None:
    """26 of 20 after 60.8 days, which are two months: the square root of 1.3 by month."""
    assert measures.monthly_creep(ledger(until=until)) == creep


def test_what_entered_in_the_last_quarter() -> None:
    """Of 20 days the last five: from day 15 up to the end, not after it."""
    made = ledger(until=25)
    assert [line.item_id for line in measures.late_lines(made, at(20))] == ["late"]
    assert not measures.late_lines(made, at(18))
    assert [line.item_id for line in measures.late_lines(made, at(20), 0.8)] == ["n", "late"]
    assert measures.late_add_share(made, at(0)) is None
    assert measures.late_add_share(made, None) is None


def test_done_after_the_due_date_is_not_delivered_as_planned() -> None:
    assert measures.delivered_as_planned(ledger(), ITEMS, at(7)) == 0
    assert measures.delivered_as_planned(ledger(until=8), ITEMS, at(20)) == pytest.approx(0.3)


def test_estimates_taken_away_are_not_nothing() -> None:
    items = {
        "a": item("a", (-1, None), points=(10.0, (3, None))),
        "b": item("b", (-1, None), points=(4.0, (3, 5.0))),
        "c": item("c", (-1, None), points=(None, (3, 2.0))),
    }
    made = ledger(items)
    assert measures.estimates(made, items) == {"b": (4, 5)}
    assert measures.inflation(made, items) == Inflation(0.25, 1.0)
    assert measures.measure(made, items).unestimated == 1


def test_reopenings_count_while_it_was_in_and_its_status_is_known() -> None:
    status = (TODO, (1, DONE), (2, TODO), (3, DONE), (4, Status.IN_PROGRESS), (5, DONE))
    items = {
        "twice": item("twice", (-1, None), status=status),
        "out": item("out", (-1, 1.5), status=status),
        "unknown": item("unknown", (-1, None), status=(TODO, (1, DONE), (2, Status.UNKNOWN))),
        "cancelled": item("cancelled", (-1, None), status=(DONE, (2, Status.CANCELLED))),
        "before": item("before", (-1, None), status=(DONE, (2, TODO))),
    }
    made = ledger(items, unit=Unit.ITEMS)
    assert measures.reopenings(made, items) == {"twice": 2, "before": 1}
    assert measures.reopen_rate(made, items) == pytest.approx(2 / 4)


# --- agreed growth ----------------------------------------------------------------------------


def test_agreed_growth_is_told_apart() -> None:
    """n was agreed to: 5 of 8 added; the drift without it is (26 - 20 - 5) / 20."""
    found = agreed.growth(ledger(), {"n": at(3)})
    assert (found.agreed, found.unagreed) == (5, 3)
    assert found.net == pytest.approx(1 / 20)
    assert agreed.growth(ledger(), {}).net == measures.net_known(ledger())


def test_an_agreement_after_the_entry_counts_as_well() -> None:
    assert agreed.growth(ledger(), {"n": at(12)}).agreed == 5


def test_an_agreement_does_not_cover_what_its_item_grew_later() -> None:
    """a grew by 2 on day 5: agreed on day 6 it is covered, agreed on day 4 it is not."""
    assert agreed.growth(ledger(), {"a": at(6)}).net == pytest.approx(4 / 20)
    assert agreed.growth(ledger(), {"a": at(4)}).net == pytest.approx(6 / 20)


def test_agreed_work_that_left_again_takes_nothing_from_the_plan() -> None:
    """x came and left; c was planned, and leaving is no growth: (26 - 20) / 20 stays."""
    items = {**ITEMS, "x": item("x", (2, 3), points=(7.0,))}
    found = agreed.growth(ledger(items), {"x": at(2), "c": at(2)})
    assert (found.agreed, found.net) == (7, pytest.approx(6 / 20))


def test_first_estimates_of_planned_items_are_no_growth_to_agree_to() -> None:
    items = {
        "a": item("a", (-1, None), points=(4.0,)),
        "b": item("b", (-1, None), points=(None, (3, 2.0))),
        "c": item("c", (2, None), points=(None, (3, 5.0))),
    }
    made = ledger(items)
    covered = [
        line
        for line in made.lines
        if agreed.covers(line, dict.fromkeys("abc", at(9)), made.planned)
    ]
    assert [(line.item_id, line.kind) for line in covered] == [
        ("c", LineKind.ADDED),
        ("c", LineKind.LATE_SIZED),
    ]
    assert agreed.growth(made, {"b": at(9), "c": at(9)}).net == 0


def test_without_a_plan_there_is_no_drift_net_of_agreements() -> None:
    assert agreed.growth(ledger({"n": ITEMS["n"]}), {}).net is None
