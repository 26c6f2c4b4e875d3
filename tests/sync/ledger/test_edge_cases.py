"""Every row of the table of edge cases, by its words, with numbers that were checked by hand."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from support.histories import at, item, track

from mappings.vocabulary import HistoryState, ItemType, MilestoneKind, MilestoneState, Priority
from mappings.vocabulary import StatusCategory as Status
from sync.engine import membership
from sync.ledger import baseline, measures, origin
from sync.ledger.combined import PartScope, combine
from sync.ledger.destination import DestinationKind, by_destination
from sync.ledger.ledger import REMAINING_WORK, Ledger, Unit, compute
from sync.ledger.load import Container
from sync.ledger.milestones import MilestoneFacts
from sync.ledger.origin import Elsewhere, OriginFacts
from sync.ledger.successor import successors
from sync.ledger.timeline import Change, ItemHistory, Stay, Track
from sync.ledger.working_days import WorkCalendar

DONE, TODO, CANCELLED = Status.DONE, Status.TODO, Status.CANCELLED


def ledger(
    *items: ItemHistory, until: float = 20, unit: Unit = Unit.POINTS, since: float = 0
) -> Ledger:
    """Planned at day `since`, without grace."""
    return compute(items, since=at(since), counted_from=at(since), at=at(until), unit=unit)


def by_id(*items: ItemHistory) -> dict[str, ItemHistory]:
    return {one.id: one for one in items}


def told(made: Ledger) -> list[tuple[str, str, float, str]]:
    return [(line.item_id, line.kind.value, line.amount, line.reason) for line in made.lines]


def sprint(**more: Any) -> MilestoneFacts:
    values: dict[str, Any] = {
        "connection_id": 1,
        "connection": "jira",
        "kind": MilestoneKind.SPRINT,
        "source_id": "s1",
        "name": "Sprint 1",
        "state": MilestoneState.ACTIVE,
        "scope_id": "b1",
        "project_key": "APO",
        "start_date": at(0).date(),
        "due_date": at(14).date(),
        "started_at": at(0),
        "finished_at": None,
        "url": None,
        "first_seen_at": at(-30),
    }
    return MilestoneFacts(**{**values, **more})


def facts(**more: Any) -> OriginFacts:
    """A new feature of day 3 without any relation."""
    values: dict[str, Any] = {
        "created_at": at(3),
        "item_type": ItemType.FEATURE,
        "priority": Priority.MEDIUM,
        "parent": track(None),
    }
    return OriginFacts(**{**values, **more})


@pytest.mark.parametrize(("started", "late"), [(2.0, 2), (-3.0, -1)], ids=["late", "early"])
def test_sprint_started_late_or_early(started: float, late: int) -> None:
    """The baseline is the activation; how late it was is its own fact; the due date stays.

    Started two days late (a Wednesday instead of Monday): b came between the planned and the real
    start, so it was planned: 3 + 5 = 8; c came after it: + 2 = 10, a quarter more.
    Started on the Friday before: the plan is a alone: 3; b and c came after it.
    """
    held = (
        item("a", (-9, None), points=(3.0,)),
        item("b", (1, None), points=(5.0,)),
        item("c", (5, None), points=(2.0,)),
    )
    one = sprint(started_at=at(started))
    container = Container(one, {}, by_id(*held))
    calendar = WorkCalendar()
    found = baseline.suggest(one, container, calendar, at(9))
    assert found is not None
    assert (found.rule.value, found.at, found.due_date) == (
        "activation",
        at(started),
        at(14).date(),
    )
    made = baseline.ledger_of(container, found, calendar, grace_days=0, at=at(9), unit=Unit.POINTS)
    assert measures.days_late(one, calendar) == late
    if started > 0:
        assert (made.baseline, made.added, made.net_ratio) == (8, 2, pytest.approx(0.25))
    else:
        assert (made.baseline, made.added, made.current) == (3, 7, 10)


@pytest.mark.parametrize(("size", "shown"), [(5.0, False), (6.0, True)])
def test_added_and_removed_within_the_window(size: float, shown: bool) -> None:
    """Gross both count, net is 0; hidden up to 5 % of W: of 100 points 5 are, 6 are not."""
    made = ledger(item("a", (-1, None), points=(100.0,)), item("b", (2, 4), points=(size,)))
    assert (made.added, made.removed, made.net_ratio) == (size, size, 0)
    assert made.transient == {"b"}
    assert measures.churn(made) == pytest.approx(2 * size / 100)
    assert measures.transient_shown(made) is shown


def test_moved_from_a_to_b_by_bulk_edit_then_back() -> None:
    """The same edit told twice is one: out on day 2, back on day 5, and nothing else."""
    a, b = frozenset({"A"}), frozenset({"B"})
    out, back = (
        membership.Change(f"e{day}", at(day), old, new, False)
        for day, old, new in ((2, a, b), (5, b, a))
    )
    again = structs.replace(out, event_id="e2-again", at=at(2.01))
    rows = membership.derive(
        membership.ItemState(
            at(-3), at(5), frozenset({(MilestoneKind.VERSION, "A")}), HistoryState.COMPLETE
        ),
        [(MilestoneKind.VERSION, one) for one in (out, again, back)],
        (),
        at(9),
    )
    stays = [(one.valid_from, one.valid_to) for one in rows if one.milestone_id == "A"]
    assert stays == [(at(-3), at(2)), (at(5), None)]
    made = ledger(
        item("x", points=(3.0,))._replace(stays=tuple(Stay(start, end) for start, end in stays))
    )
    assert (made.baseline, made.removed, made.added, made.current) == (3, 3, 3, 3)
    assert not made.entered | made.left


def test_two_identical_consecutive_events_collapse() -> None:
    """3 → 5 told twice and taken back once is 3 again; without collapsing it would not add up."""
    points = Track.of(
        [Change(at(2), 3.0, 5.0), Change(at(3), 3.0, 5.0), Change(at(4), 5.0, 3.0)], 3.0
    )
    one = item("x", (-1, None))._replace(points=points)
    halfway = ledger(one, until=2.5)
    assert halfway.balanced
    assert (halfway.current, ledger(one).current) == (5, 3)
    assert ledger(one).reestimated == 0


def test_item_in_two_containers() -> None:
    """A ledger of each; together it counts once: 3 + 5 here, 3 + 2 there, 10 in all."""
    shared = item("shared", (-1, None), points=(3.0,))
    parts = [
        PartScope(1, (shared, other), at(0), at(0), ((at(-9), None),))
        for other in (
            item("here", (-1, None), points=(5.0,)),
            item("there", (-1, None), points=(2.0,)),
        )
    ]
    alone = [ledger(*one.histories) for one in parts]
    assert [one.current for one in alone] == [8, 5]
    assert combine(parts, at=at(9), unit=Unit.POINTS).ledger.current == 10


def test_sub_tasks_and_child_items() -> None:
    """A parent counts by its own estimate or by its children's sum, never both.

    A story of 8 with sub-tasks of 3 and 2 counts 5. Without them it counts 8.
    """
    story = item("story", (-1, None), points=(8.0,))
    children = [
        item(name, (-1, None), points=(size,), parent=("story",))
        for name, size in (("one", 3.0), ("two", 2.0))
    ]
    assert ledger(story, *children).baseline == 5
    assert ledger(story).baseline == 8
    assert ledger(story, *children, unit=Unit.ITEMS).baseline == 2


def test_estimate_changed_after_done() -> None:
    """No change of the scope: 3 stays 3; the later 8 is still there for who reviews estimates."""
    one = item("a", (-1, None), points=(3.0, (5, 8.0)), status=(TODO, (4, DONE)))
    made = ledger(one)
    assert not made.lines
    assert (made.current, measures.churn(made)) == (3, 0)
    assert one.points.told(at(6)) == 8


def moved_on(line_at: float, next_sprint: Elsewhere | None) -> frozenset[str]:
    """Items whose estimate went from 8 to 3 at this day; the sprint ended at day 14."""
    made = ledger(
        item("a", (-1, None), points=(8.0, (line_at, 3.0))),
        item("b", (-1, None), points=(5.0,)),
        until=14,
    )
    assert made.balanced
    assert (made.baseline, made.reestimated, made.current) == (13, -5, 8)
    around = {"a": facts(elsewhere=(next_sprint,) if next_sprint else ())}
    tagged = origin.tagged(made, around, at(14))
    assert tagged.balanced
    edits = [line for line in tagged.lines if line.reason == REMAINING_WORK]
    assert measures.churn(tagged) == pytest.approx((0 if edits else 5) / 13)
    return frozenset(line.item_id for line in edits)


def test_estimate_lowered_to_what_is_left_at_sprint_end() -> None:
    """Half a day before its end and taken on by the next sprint: a tag, not a cut of the scope."""
    following = Elsewhere("s2", at(14), None, at(28))
    assert moved_on(13.5, following) == {"a"}
    assert not moved_on(12, following)
    assert not moved_on(13.5, None)
    assert not moved_on(13.5, Elsewhere("s0", at(-20), at(-1), at(-14)))


def test_first_estimate_given_after_start() -> None:
    """From nothing to 5 is late sizing, 5 to 8 is re-estimation: 13 = 5 + L 5 + E 3.

    The plan of 5 did not grow by 160 %: without what was not known when planned, by 60 %.
    """
    made = ledger(
        item("a", (-1, None), points=(None, (2, 5.0), (4, 8.0))),
        item("b", (-1, None), points=(5.0,)),
    )
    assert (made.baseline, made.late_sized, made.reestimated, made.current) == (5, 5, 3, 13)
    assert made.net_ratio == pytest.approx(1.6)
    assert measures.net_known(made) == pytest.approx(0.6)


def test_completed_outside_the_window_or_before_start() -> None:
    """Done before the plan: not its work. Done in another sprint: counted there, listed here."""
    items = (
        item("before", (-5, None), points=(2.0,), status=(TODO, (-1, DONE))),
        item("away", (-5, 3), points=(3.0,), status=(TODO, (6, DONE))),
        item("here", (-5, None), points=(5.0,), status=(TODO, (6, DONE))),
        item("away-open", (-5, 3), points=(1.0,)),
    )
    made = ledger(*items)
    assert (made.baseline, made.removed, made.current) == (9, 4, 5)
    assert measures.done_elsewhere(made, by_id(*items)) == {"away"}
    delivered = measures.delivered_as_planned(made, by_id(*items), at(10))
    assert delivered == pytest.approx(5 / 9)


def test_reopened_after_close_of_container() -> None:
    """The finished sprint keeps its numbers and gets a note; the next one holds the work."""
    one = item("a", (-1, None), points=(3.0,), status=(TODO, (5, DONE), (16, TODO)))
    closed = sprint(finished_at=at(14), state=MilestoneState.CLOSED)
    container = Container(closed, {}, by_id(one))
    calendar = WorkCalendar()
    found = baseline.suggest(closed, container, calendar, at(20))
    assert found is not None
    made = baseline.ledger_of(container, found, calendar, grace_days=0, at=at(20))
    assert made.at == at(14)
    summed = measures.measure(made, container.by_item, at(14))
    assert (summed.done, summed.remaining, summed.reopened) == (1, 0, 0)
    assert measures.reopened_after([one], at(14), at(20)) == {"a"}
    assert not measures.reopened_after([one], at(14), at(15))
    following = one._replace(stays=(Stay(at(14), None),))
    next_one = ledger(following, since=17, until=20)
    assert (next_one.baseline, next_one.current) == (3, 3)


def test_cancelled_wont_do_or_duplicate() -> None:
    """A removal with its reason and no completion: of 3 + 5 + 2 points 2 are left, none done."""
    items = (
        item("a", (-1, None), points=(3.0,), status=(TODO, (2, CANCELLED))),
        item("b", (-1, None), points=(5.0,), status=(TODO, (3, CANCELLED))),
        item("c", (-1, None), points=(2.0,)),
    )
    made = ledger(*items)
    assert told(made) == [("a", "removed", -3, "cancelled"), ("b", "removed", -5, "cancelled")]
    assert by_destination(
        made, {"b": facts(duplicates=frozenset({"z"}))}, None, fixed_date=False
    ) == {"duplicate": 5, "cancelled": 3}
    assert measures.measure(made, by_id(*items)).done == 0


def test_converted_type_moved_project_new_key() -> None:
    """Stored by its id, it is the same item; `test_relations` tells it with its events."""
    made = ledger(item("10042", (-1, None), points=(3.0,)))
    assert not made.lines


def test_milestone_renamed_or_closed_and_re_created() -> None:
    """By id it is another one; the same name in the same project within two days is a question."""
    old = sprint(kind=MilestoneKind.VERSION, source_id="v1", name="R 3", finished_at=at(10))
    old = replace(old, state=MilestoneState.RELEASED)
    new = replace(
        old,
        source_id="v2",
        state=MilestoneState.ACTIVE,
        finished_at=None,
        first_seen_at=at(11),
    )
    assert successors([old, new]) == ((old, new),)
    assert not successors([old, replace(new, first_seen_at=at(12.1))])
    assert not successors([old, replace(new, name="R 4")])
    assert not successors([old, replace(new, project_key="BEE", scope_id="b2")])
    assert not successors([replace(old, finished_at=None), new])
    assert not successors([replace(old, state=MilestoneState.ACTIVE), new])


def test_history_missing() -> None:
    """What was before the first event is unknown, and the numbers say so.

    a and b are known: 3 + 5. c was there when we came on day 4: perhaps it was planned.
    """
    known = (item("a", (-1, None), points=(3.0,)), item("b", (-1, None), points=(5.0,)))
    late = item("c", points=(2.0,))._replace(stays=(Stay(at(4), exact=False),))
    made = ledger(*known, late)
    assert (made.unsure, made.unknown_before) == ({"c"}, at(4))
    assert not measures.measure(made, by_id(*known, late)).certain
    assert not ledger(*known, late, since=5).unsure
    cut = item("d", (-1, None), points=(1.0,), status=(TODO, (6, DONE)))._replace(whole=False)
    assert ledger(*known, cut).unknown_before is None
    cut = cut._replace(stays=(Stay(at(6)),))
    assert ledger(*known, cut).unknown_before == at(6)
    assert measures.measure(ledger(*known), by_id(*known)).certain


def test_an_end_that_nobody_saw() -> None:
    """Read on day 5 with b, on day 7 without it: on day 6 nobody knows, before and after we do."""
    stay = Stay(at(-1), at(7), "deleted", held_until=at(5), gone_by=at(7))
    items = (
        item("a", (-1, None), points=(3.0,)),
        item("b", points=(5.0,))._replace(stays=(stay,)),
    )
    assert [ledger(*items, until=day).unsure for day in (5, 6, 7)] == [set(), {"b"}, set()]
    assert ledger(*items, since=6).unsure == {"b"}
    assert not measures.measure(ledger(*items, until=6), by_id(*items)).certain


def test_fixed_date_milestones_re_plan() -> None:
    """Onto the next train: re-planned where the date stands, moved where the scope does."""
    made = ledger(
        item("later", (-1, 2), points=(3.0,)),
        item("out", (-1, 4), points=(5.0,)),
        item("gone", (-1, 5), points=(2.0,), end_cause="deleted"),
    )
    following = facts(elsewhere=(Elsewhere("v2", at(2), None, at(60)),))
    for fixed, kind in ((True, DestinationKind.REPLANNED), (False, DestinationKind.MOVED)):
        found = by_destination(made, {"later": following}, at(30), fixed_date=fixed)
        assert found == {"left": 5, kind.value: 3, "gone": 2}
    undated = facts(elsewhere=(Elsewhere("v2", at(2), None, None),))
    assert by_destination(made, {"later": undated}, at(30), fixed_date=True)["moved"] == 3
