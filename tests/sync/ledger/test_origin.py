"""Where an addition came from: the first answer that fits."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from support.histories import at, item, track

from mappings.vocabulary import ItemType, Priority
from sync.ledger.ledger import Ledger, LineKind, Unit, compute
from sync.ledger.origin import Elsewhere, OriginFacts, OriginKind, explain, origin, split_candidates
from sync.ledger.timeline import ItemHistory

DUE = at(30)
NEW = OriginFacts(at(8), ItemType.FEATURE, Priority.MEDIUM, track(None))
PLANNED = item("p", (-1, None), points=(8.0,))
CHILD_OF_STORY = item("sub", (-1, None), points=(1.0,), parent=("story",))
BEFORE = Elsewhere("earlier", at(-20), at(-1), at(-1))
LATER = Elsewhere("later", at(-20), at(9), at(60))
OLD = {"created_at": at(-1)}
DEFECT = {"item_type": ItemType.DEFECT, "linked": frozenset({"p"})}


def ledger(*items: ItemHistory) -> Ledger:
    return compute(items, since=at(0), counted_from=at(0), at=at(20), unit=Unit.POINTS)


LEDGER = ledger(
    PLANNED,
    item("story", (-1, None)),
    CHILD_OF_STORY,
    item("a", (9, None), points=(3.0,)),
)
(LINE,) = LEDGER.lines


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, OriginKind.NEW),
        ({"elsewhere": (BEFORE,)}, OriginKind.CARRY_OVER),
        ({"elsewhere": (LATER,)}, OriginKind.PULLED_IN),
        ({"elsewhere": (LATER, BEFORE)}, OriginKind.CARRY_OVER),
        ({"elsewhere": (replace(BEFORE, closes=None),)}, OriginKind.PULLED_IN),
        ({"elsewhere": (replace(BEFORE, start=LINE.at),)}, OriginKind.NEW),
        (OLD, OriginKind.PULLED_IN),
        ({**OLD, "elsewhere": (BEFORE,)}, OriginKind.CARRY_OVER),
        ({"created_at": at(0)}, OriginKind.NEW),
        ({**OLD, "parent": track("p")}, OriginKind.PULLED_IN),
        ({"parent": track("p")}, OriginKind.SPLIT),
        ({"parent": track("story")}, OriginKind.SPLIT),
        ({"parent": track("x")}, OriginKind.NEW),
        ({"parent": track(None, (9.9, "p"))}, OriginKind.SPLIT),
        ({"parent": track(None, (10.1, "p"))}, OriginKind.NEW),
        ({"parent": track("p", (10.1, "x"))}, OriginKind.SPLIT),
        ({"split_with": frozenset({"p"})}, OriginKind.SPLIT),
        ({**DEFECT, "split_with": frozenset({"p"})}, OriginKind.SPLIT),
        (DEFECT, OriginKind.DEFECT),
        ({**DEFECT, "linked": frozenset({"story"})}, OriginKind.DEFECT),
        ({**DEFECT, "linked": frozenset({"x"})}, OriginKind.NEW),
        ({"linked": frozenset({"p"})}, OriginKind.NEW),
        ({"priority": Priority.EXPEDITE}, OriginKind.EXPEDITE),
        ({**DEFECT, "priority": Priority.EXPEDITE}, OriginKind.DEFECT),
        ({"created_at": None}, OriginKind.UNKNOWN),
        ({"created_at": None, "priority": Priority.EXPEDITE}, OriginKind.EXPEDITE),
    ],
)
def test_origin(changes: dict[str, Any], kind: OriginKind) -> None:
    assert origin(LINE, replace(NEW, **changes), LEDGER, DUE) is kind


def test_an_earlier_container_needs_no_due_date_of_ours() -> None:
    assert origin(LINE, replace(NEW, elsewhere=(LATER,)), LEDGER, None) is OriginKind.CARRY_OVER


def test_a_parent_that_carries_its_work_again_is_a_split() -> None:
    line = replace(LINE, reason="split")
    assert origin(line, replace(NEW, elsewhere=(BEFORE,)), LEDGER, DUE) is OriginKind.SPLIT


def test_a_parent_that_is_given_after_the_instant_of_the_ledger_changes_nothing() -> None:
    """The child came on day 9; on day 9.5 its parent of day 9.9 was not known to anybody."""
    earlier = compute([PLANNED, item("a", (9, None))], since=at(0), counted_from=at(0), at=at(9.5))
    facts = replace(NEW, parent=track(None, (9.9, "p")))
    assert origin(earlier.lines[0], facts, earlier, DUE) is OriginKind.NEW


# --- split pairs ------------------------------------------------------------------------------


def told(made: Ledger) -> list[tuple[str, str, float]]:
    return [(line.item_id, line.kind.value, line.amount) for line in made.lines]


def split(
    size: float, fall_at: float, fall_to: float, facts: Mapping[str, OriginFacts] | None = None
) -> tuple[Ledger, dict[str, float]]:
    """`p` of 8 falls to a size; `a` of another size was split off from it on day 9."""
    made = ledger(
        item("p", (-1, None), points=(8.0, (fall_at, fall_to))),
        item("a", (9, None), points=(size,)),
    )
    known = {"a": replace(NEW, split_with=frozenset({"p"}))} if facts is None else facts
    explained = explain(made, known)
    assert explained.ledger.balanced
    assert explained.ledger.total(LineKind.SPLIT) == 0
    assert explained.ledger.current == made.current
    return explained.ledger, explained.by_origin


@pytest.mark.parametrize("fall_at", [8.1, 9, 9.9])
def test_a_parent_that_fell_by_what_was_split_off_nets_out(fall_at: float) -> None:
    made, origins = split(3, fall_at, 5)
    assert {line.kind for line in made.lines} == {LineKind.SPLIT}
    assert (made.added, made.reestimated, origins) == (0, 0, {})


def test_only_the_difference_counts() -> None:
    made, origins = split(5, 9, 5)
    assert (made.added, made.reestimated, origins) == (2, 0, {"split": 2})
    made, origins = split(2, 9, 5)
    assert (made.added, made.reestimated, origins) == (0, -1, {})


def test_another_day_is_another_decision() -> None:
    made, origins = split(3, 10.1, 5)
    assert (made.added, made.reestimated, origins) == (3, -3, {"split": 3})


def test_without_a_link_nothing_is_netted() -> None:
    made, origins = split(3, 9, 5, {"a": NEW})
    assert (made.added, made.reestimated, origins) == (3, -3, {"new work": 3})
    made, origins = split(3, 9, 5, {})
    assert (made.added, origins) == (3, {})


def test_one_fall_nets_out_once() -> None:
    """Two of 3 were split off from 8, which fell to 4: 6 - 4 = 2 more than was planned."""
    made = ledger(
        item("p", (-1, None), points=(8.0, (9, 4.0))),
        item("a", (9, None), points=(3.0,)),
        item("b", (9, None), points=(3.0,)),
    )
    facts = replace(NEW, split_with=frozenset({"p"}))
    explained = explain(made, {"a": facts, "b": facts})
    assert explained.by_origin == {"split": 2}
    assert (explained.ledger.added, explained.ledger.reestimated) == (2, 0)
    assert told(explained.ledger)[-1][0] in ("a", "b", "p")


def test_only_what_lies_together_is_looked_up() -> None:
    made = ledger(
        item("p", (-1, None), points=(8.0, (9, 5.0))),
        item("near", (9.9, None), points=(1.0,)),
        item("far", (12, None), points=(1.0,)),
        item("itself", (9, None), points=(3.0, (9.5, 1.0))),
    )
    assert split_candidates(made) == {"near", "itself"}
    alone = ledger(item("itself", (9, None), points=(3.0, (9.5, 1.0))))
    assert not split_candidates(alone)
    grown = ledger(item("p", (-1, None), points=(8.0, (9, 9.0))), item("near", (9, None)))
    assert not split_candidates(grown)


def test_in_items_there_is_nothing_to_net() -> None:
    made = compute(
        [item("p", (-1, None), points=(8.0, (9, 5.0))), item("a", (9, None), points=(3.0,))],
        since=at(0),
        counted_from=at(0),
        at=at(20),
        unit=Unit.ITEMS,
    )
    explained = explain(made, {"a": replace(NEW, split_with=frozenset({"p"}))})
    assert explained.ledger == made
    assert explained.by_origin == {"split": 1}


def test_largest_first() -> None:
    made = ledger(
        item("a", (2, None), points=(3.0,)),
        item("b", (3, None), points=(5.0,)),
        item("c", (4, None), points=(1.0,)),
    )
    facts = {"a": replace(NEW, **OLD), "b": NEW, "c": NEW}
    assert list(explain(made, facts).by_origin.items()) == [("new work", 6), ("pulled in", 3)]
