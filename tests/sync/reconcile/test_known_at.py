"""What was known then is told the same for ever, whatever is learnt, mapped or agreed later."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as changed
from support.store import START, at, connection, empty, event, item, writer

from mappings.records import FieldEvent, History, Milestone, Scope, Status, WorkItem
from mappings.vocabulary import (
    EventField,
    HistoryState,
    MilestoneKind,
    MilestoneState,
    Priority,
    ScopeKind,
    StatusCategory,
)
from sync.ledger import baseline
from sync.ledger.working_days import WorkCalendar
from sync.reconcile import changes
from sync.reconcile.contract import Policy
from sync.reconcile.view import View
from sync.store.open import Store, open_store
from sync.store.rows import Fate, MembershipRow

few = settings(max_examples=settings.default.max_examples // 8)
POLICY = Policy(judge=("R1",))
ITEMS = ("1", "2", "3", "4")
#: Status id -> category, as mapped at first.
CATEGORIES = {"1": StatusCategory.TODO, "2": StatusCategory.IN_PROGRESS, "3": StatusCategory.DONE}


@dataclass(frozen=True)
class At:
    """A clock that stands."""

    at: datetime

    def now(self) -> datetime:
        """Always the same."""
        return self.at


@dataclass
class World:
    """What the source holds, and how its statuses are mapped."""

    items: dict[str, WorkItem] = field(default_factory=dict)
    events: dict[str, list[FieldEvent]] = field(default_factory=dict)
    #: in v1 since and until (None: still).
    stays: dict[str, list[tuple[datetime, datetime | None]]] = field(default_factory=dict)
    version: Milestone = field(
        default_factory=lambda: Milestone(
            "v1",
            MilestoneKind.VERSION,
            "R1",
            MilestoneState.ACTIVE,
            "unreleased",
            scope_id="10000",
            start_date=date(2026, 3, 2),
            due_date=date(2026, 3, 20),
        )
    )
    categories: dict[str, StatusCategory] = field(default_factory=lambda: dict(CATEGORIES))
    gone: set[str] = field(default_factory=set)

    def tell(self, id_: str, what: EventField, when: datetime, old: Any, new: Any) -> None:
        """An event of the item's history."""
        mine = self.events.setdefault(id_, [])
        is_id = what in (EventField.STATUS, EventField.ASSIGNEE)
        mine.append(
            event(
                id_,
                f"{len(mine) + 1}.0",
                field=what,
                raw_field="estimate" if what is EventField.POINTS else what.value,
                at=when,
                old_ids=(str(old),) if is_id and old else (),
                new_ids=(str(new),) if is_id and new else (),
                old_text=None if old is None else str(old),
                new_text=None if new is None else str(new),
            )
        )


def created(world: World, id_: str, when: datetime, _: int) -> None:
    if id_ not in world.items:
        world.items[id_] = item(id_, created_at=when, updated_at=when, estimate_field="estimate")
        world.stays[id_] = [(when, None)]


def titled(world: World, id_: str, when: datetime, number: int) -> None:
    one = world.items[id_]
    world.tell(id_, EventField.TITLE, when, one.title, f"Title {number}")
    world.items[id_] = changed(one, title=f"Title {number}")


def prioritised(world: World, id_: str, when: datetime, number: int) -> None:
    new = tuple(Priority)[number % len(Priority)]
    world.tell(id_, EventField.PRIORITY, when, world.items[id_].priority.value, new.value)
    world.items[id_] = changed(world.items[id_], priority=new)


def moved_on(world: World, id_: str, when: datetime, number: int) -> None:
    one, new = world.items[id_], str(1 + number % 3)
    if one.raw_status_id != new:
        world.tell(id_, EventField.STATUS, when, one.raw_status_id, new)
        world.items[id_] = changed(one, raw_status_id=new, status_category=world.categories[new])


def sized(world: World, id_: str, when: datetime, number: int) -> None:
    one, new = world.items[id_], float(number)
    if one.estimate_points != new:
        world.tell(id_, EventField.POINTS, when, one.estimate_points, new)
        world.items[id_] = changed(one, estimate_points=new)


def left_or_came(world: World, id_: str, when: datetime, _: int) -> None:
    start, end = world.stays[id_][-1]
    if end is None:
        world.stays[id_][-1] = (start, when)
    else:
        world.stays[id_].append((when, None))


def vanished(world: World, id_: str, _: datetime, __: int) -> None:
    world.gone.add(id_)


def redated(world: World, _: str, __: datetime, number: int) -> None:
    world.version = changed(world.version, due_date=date(2026, 3, 20) + timedelta(days=number))


def renamed(world: World, _: str, __: datetime, number: int) -> None:
    world.version = changed(world.version, description=f"Number {number}", url=f"/v/{number}")


def remapped(world: World, _: str, __: datetime, number: int) -> None:
    """The mapping says something else of a status, and all items are read anew under it."""
    id_ = str(1 + number % 3)
    world.categories[id_] = tuple(StatusCategory)[number % len(StatusCategory)]
    for name, one in world.items.items():
        category = world.categories[str(one.raw_status_id)]
        world.items[name] = changed(one, status_category=category)


Deed = Callable[[World, str, datetime, int], None]
DEEDS: Mapping[str, Deed] = {
    one.__name__: one
    for one in (
        created,
        titled,
        prioritised,
        moved_on,
        sized,
        left_or_came,
        vanished,
        redated,
        renamed,
        remapped,
    )
}
OF_THE_WHOLE = ("redated", "renamed", "remapped")
#: What happens between two readings: what, to which item, how many minutes before the reading.
deeds = st.tuples(
    st.sampled_from(sorted(DEEDS)),
    st.sampled_from(ITEMS),
    st.integers(0, 59),
    st.integers(0, 12),
)
lives = st.lists(st.lists(deeds, min_size=1, max_size=5), min_size=2, max_size=4)


def read(store: Store, world: World, now: datetime) -> None:
    """All of the world, as a connector would bring it."""
    with writer(store, now=now) as one:
        one.scopes([Scope("10000", ScopeKind.PROJECT, "APO", "Apollo")])
        one.statuses(
            [Status(id_, id_, None, category) for id_, category in world.categories.items()]
        )
        one.milestones([world.version])
        there = {id_: held for id_, held in world.items.items() if id_ not in world.gone}
        one.work_items([changed(held, updated_at=now) for held in there.values()])
        one.histories(
            [History(id_, HistoryState.COMPLETE, tuple(world.events.get(id_, ()))) for id_ in there]
        )
        one.memberships({id_: [stay(*held) for held in world.stays[id_]] for id_ in there})
        one.tombstones({id_: Fate("deleted") for id_ in world.gone & world.items.keys()})


def stay(start: datetime, end: datetime | None) -> MembershipRow:
    cause = None if end is None else "event"
    return MembershipRow(MilestoneKind.VERSION, "v1", start, end, True, "event", None, cause, None)


def answer(store: Store, as_of: datetime, known_at: datetime, *, present: bool) -> list[Any]:
    """All that a report says of the milestone and its items."""
    with store.reading() as conn:
        view = View(conn, POLICY, as_of, known_at, present=present)
        items, members = view.items, view.memberships
        return [
            {key: replace(one, first_seen_at=START) for key, one in view.milestones.items()},
            [
                (plan.container.items, plan.container.by_item, plan.baseline, plan.ledger)
                for plan in view.plans()
            ],
            [plan.withheld for plan in view.plans()],
            sorted(map(repr, conn.execute(sa.select(items)))),
            sorted(map(repr, conn.execute(sa.select(members)))),
            view.projects,
            view.holders,
            view.item_facts({1: ITEMS}),
            changes.repositories(view),
        ]


def live(store: Store, life: list[list[tuple[str, str, int, int]]]) -> list[tuple[Any, ...]]:
    """Let a life go on; the answers given on the way: (as of, known at, answer)."""
    empty(store)
    connection(store)
    world = World()
    given_: list[tuple[Any, ...]] = []
    calendar = WorkCalendar("UTC", frozenset({1, 2, 3, 4, 5}), frozenset())
    for number, id_ in enumerate(ITEMS[:2]):
        created(world, id_, at(-60 * 24 - number), 0)
    for step, done in enumerate(life):
        now = at(60 * 24 * step)
        for what, id_, minutes, number in sorted(done, key=lambda one: -one[2]):
            when = now - timedelta(minutes=minutes)
            if (id_ in world.items and id_ not in world.gone) or what in ("created", *OF_THE_WHOLE):
                DEEDS[what](world, id_, when, number)
        read(store, world, now)
        given_.append((now, now, answer(store, now, now, present=True)))
        for days in (0, 1):
            then = now - timedelta(days=days, minutes=30)
            given_.append((then, now, answer(store, then, now, present=False)))
        if step == 1:
            baseline.set_(
                store, calendar, clock=At(now + timedelta(minutes=5)), milestone="R1", author="ana"
            )
    return given_


@pytest.fixture
def store(store_url: str) -> Any:
    made = open_store(store_url)
    yield made
    made.close()


@pytest.mark.full
@pytest.mark.full_on_postgres
@few
@given(life=lives)
def test_nothing_that_comes_later_changes_an_answer_given_before(
    store: Store, life: list[list[tuple[str, str, int, int]]]
) -> None:
    for as_of, known_at, expected in live(store, life):
        assert answer(store, as_of, known_at, present=False) == expected


@pytest.mark.full
def test_a_remap_keeps_the_old_interpretation(store: Store) -> None:
    empty(store)
    connection(store)
    world = World()
    for id_ in ITEMS:
        created(world, id_, at(-60), 0)
        sized(world, id_, at(-30), 3)
        moved_on(world, id_, at(-20), 2)
    read(store, world, START)
    before = answer(store, START, START, present=True)
    # Another meaning of a status, and another field for estimates.
    remapped(world, "1", at(1), 2)
    world.categories["3"] = StatusCategory.CANCELLED
    world.items = {
        id_: changed(
            one,
            status_category=StatusCategory.CANCELLED,
            estimate_points=8.0,
            estimate_field="other",
        )
        for id_, one in world.items.items()
    }
    read(store, world, at(60))
    after = answer(store, at(60), at(60), present=True)
    assert after != before
    assert answer(store, START, START, present=False) == before
    with store.reading() as conn:
        now, then = (
            View(conn, POLICY, START, known, present=False).plans()[0].leaves
            for known in (at(60), START)
        )
    assert (len(now), len(then)) == (0, 4)
    assert {one.points for one in then.values()} == {3.0}


def test_a_title_and_a_priority_of_then_are_undone_from_those_of_now(store: Store) -> None:
    empty(store)
    connection(store)
    world = World()
    created(world, "1", at(-60), 0)
    read(store, world, START)
    titled(world, "1", at(30), 7)
    prioritised(world, "1", at(31), 0)
    created(world, "2", at(5), 0)
    prioritised(world, "2", at(32), 1)
    read(store, world, at(60))
    with store.reading() as conn:

        def facts(as_of: datetime, known_at: datetime) -> Any:
            return View(conn, POLICY, as_of, known_at, present=False).item_facts({1: ["1", "2"]})

        then, now = facts(at(10), at(60)), facts(at(60), at(60))
        assert (then[1, "1"].title, now[1, "1"].title) == ("Item 1", "Title 7")
        assert now[1, "1"].priority is Priority.EXPEDITE
        assert then[1, "1"].priority is item("1").priority
        # It was first read after its priority had changed: what it was nobody knows.
        assert then[1, "2"].priority is Priority.UNKNOWN
        # What was first seen later is not there.
        assert facts(at(10), at(10)).keys() == {(1, "1")}
