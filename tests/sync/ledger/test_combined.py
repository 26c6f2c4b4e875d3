"""A program milestone's ledger: every item once, every part from its own baseline."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.histories import at, containers, item

from mappings.vocabulary import StatusCategory
from sync.ledger.combined import Combined, PartScope, combine, item_of, named
from sync.ledger.ledger import Unit, compute
from sync.ledger.timeline import ItemHistory, Stay, in_scope

ALWAYS = ((at(-100), None),)
UNITS = st.sampled_from(list(Unit))


def part(
    *items: ItemHistory,
    since: float = 0,
    grace: float = 0,
    connection: int = 1,
    spans: Sequence[tuple[datetime, datetime | None]] = ALWAYS,
) -> PartScope:
    return PartScope(connection, items, at(since), at(since + grace), spans)


def lines(made: Combined) -> list[tuple[str, str, float, str]]:
    return [
        (item_of(one.item_id)[1], one.kind.value, one.amount, one.reason)
        for one in made.ledger.lines
    ]


def of(*parts: PartScope, until: float = 10, unit: Unit = Unit.POINTS, **same: str) -> Combined:
    return combine(parts, at=at(until), unit=unit, same=same)


# --- properties -------------------------------------------------------------------------------


@given(items=containers(), unit=UNITS, until=st.integers(0, 18), grace=st.integers(0, 3))
def test_one_part_is_its_own_ledger(
    items: list[ItemHistory], unit: Unit, until: int, grace: int
) -> None:
    alone = compute(items, since=at(0), counted_from=at(grace), at=at(until), unit=unit)
    made = of(part(*items, grace=grace), until=until, unit=unit).ledger
    assert (made.baseline, made.current) == (alone.baseline, alone.current)
    assert [one.amount for one in made.lines] == [one.amount for one in alone.lines]


@given(
    first=containers(),
    other=containers(),
    days=st.integers(-5, 5),
    unit=UNITS,
    until=st.integers(9, 18),
    begins=st.tuples(*[st.integers(0, 9)] * 3),
)
def test_the_identity_holds_over_any_parts(
    first: list[ItemHistory],
    other: list[ItemHistory],
    days: int,
    unit: Unit,
    until: int,
    begins: tuple[int, int, int],
) -> None:
    """Parts of one system share what they tell of an item; only its stays differ."""
    moved = [one._replace(stays=tuple(_later(stay, days) for stay in one.stays)) for one in first]
    made = of(
        part(*first, since=begins[0]),
        part(*moved[1:], since=begins[1]),
        part(*other, since=begins[2], connection=2),
        until=until,
        unit=unit,
    )
    assert made.ledger.balanced
    assert all(one.balanced for one in made.by_part)
    assert made.ledger.current == pytest.approx(sum(one.current for one in made.by_part))
    homes = [one.planned | one.present for one in made.by_part]
    assert sum(map(len, homes)) == len(frozenset().union(*homes))


def _later(stay: Stay, days: int) -> Stay:
    by = timedelta(days=days)
    return Stay(stay.start + by, stay.end and stay.end + by, stay.end_cause)


@given(items=containers(), until=st.integers(0, 18))
def test_the_same_part_twice_counts_once(items: list[ItemHistory], until: int) -> None:
    once = of(part(*items), until=until, unit=Unit.ITEMS).ledger
    twice = of(part(*items), part(*items), until=until, unit=Unit.ITEMS).ledger
    assert (once.baseline, once.current) == (twice.baseline, twice.current)
    assert once.current == len(in_scope(items, at(until), at(0)))


# --- named cases ------------------------------------------------------------------------------


def test_an_item_that_goes_from_part_to_part_did_not_leave() -> None:
    here, there = item("a", (-1, 4), points=(3,)), item("a", (4, None), points=(3,))
    made = of(part(here, item("b", (-1, None), points=(5,))), part(there, since=2))
    assert (made.ledger.baseline, made.ledger.current, lines(made)) == (8, 8, [])


def test_a_part_of_later_keeps_its_own_plan() -> None:
    """What the second part held when it began is no growth of the program."""
    made = of(
        part(item("a", (-1, None), points=(3,))),
        part(item("b", (4, None), points=(5,)), item("c", (7, None), points=(1,)), since=5),
    )
    assert (made.ledger.baseline, made.ledger.current) == (8, 9)
    assert lines(made) == [("c", "added", 1.0, "entered")]


def test_a_story_in_one_part_and_its_tasks_in_another_count_once() -> None:
    made = of(
        part(item("story", (-1, None), points=(8,))),
        part(
            item("t1", (-1, None), points=(3,), parent=("story",)),
            item("t2", (-1, None), points=(5,), parent=("story",)),
        ),
    )
    assert (made.ledger.baseline, made.ledger.current) == (8, 8)
    assert made.ledger.present == {"1:t1", "1:t2"}


def test_work_that_was_planned_in_both_is_seen_to_be_one() -> None:
    """A story is split into tasks that another part planned: what was planned twice goes once."""
    made = of(
        part(item("story", (-1, None), points=(8,))),
        part(item("t1", (-1, None), points=(8,), parent=(None, (5, "story"))), since=1),
    )
    assert (made.ledger.baseline, made.ledger.current) == (16, 8)
    assert made.ledger.balanced


def test_mirrors_count_once_where_somebody_said_so() -> None:
    jira = part(item("7", (-1, None), points=(3, (4, 5))))
    hub = part(item("7", (1, None), points=(1,)), connection=2)
    apart = of(jira, hub, unit=Unit.ITEMS)
    assert apart.ledger.current == 2
    assert apart.shared == frozenset()
    once = combine([jira, hub], at=at(10), unit=Unit.POINTS, same={"2:7": "1:7"})
    assert once.ledger.current == 5
    assert once.shared == {"1:7"}
    assert lines(once) == [("7", "reestimated", 2.0, "re-sized")]
    back = combine([hub, jira], at=at(10), unit=Unit.POINTS, same={"2:7": "1:7"})
    assert back.ledger.current == 5


def test_the_mirror_stays_for_the_one_that_counts() -> None:
    """While either system holds it, it is in."""
    jira = part(item("7", (-1, 5), points=(3,)))
    hub = part(item("9", (-1, None), points=(1,)), connection=2)
    made = combine([jira, hub], at=at(10), unit=Unit.POINTS, same={"2:9": "1:7"})
    assert (made.ledger.current, lines(made)) == (3, [])


def test_a_part_counts_while_it_is_one() -> None:
    over = part(item("a", (-1, None)), item("b", (6, None)), spans=((at(-100), at(5)),))
    made = of(over, part(item("c", (-1, None))), unit=Unit.ITEMS)
    assert lines(made) == [("a", "removed", -1.0, "left")]
    later = part(item("a", (-1, None)), spans=((at(5), None),))
    assert lines(of(later, part(item("c", (-1, None))), unit=Unit.ITEMS)) == [
        ("a", "added", 1.0, "entered")
    ]


def test_what_was_done_before_its_plan_is_not_in_it() -> None:
    done = item("a", (-1, None), status=(StatusCategory.TODO, (3, StatusCategory.DONE)))
    early, late = of(part(done), unit=Unit.ITEMS), of(part(done, since=4), unit=Unit.ITEMS)
    assert (early.ledger.baseline, late.ledger.baseline) == (1, 0)


def test_names_keep_systems_apart() -> None:
    assert item_of(named(12, "board:3")) == (12, "board:3")
