"""Program milestones: judged as one over their parts, on both clocks, each item once."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from support import cases

from mappings.vocabulary import MilestoneKind
from sync.errors import UsageError
from sync.ledger import baseline
from sync.ledger.milestones import Milestones
from sync.reconcile import parts
from sync.reconcile.combined import ProgramPlan, plan, sums
from sync.reconcile.contract import MilestoneLine, PartRule, Policy
from sync.reconcile.program import suggestions
from sync.reconcile.runner import reconcile
from sync.reconcile.view import View, calendar_of
from sync.store.open import Store, memory_store, open_store

pytestmark = pytest.mark.full_on_postgres

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
DAY = timedelta(days=1)
JIRA, HUB = "jira/APO:R1", "hub/acme/web:v1"
POLICY = Policy(program="Apollo", judge=("Launch",), config_hash="c1")
WORLD: Mapping[str, Any] = {
    "now": NOW,
    "milestones": [
        {"id": "v1", "name": "R1", "start": date(2026, 2, 2), "due": date(2026, 4, 10)},
        {"id": "s1", "name": "Train 1", "start": date(2026, 2, 9), "due": date(2026, 4, 2)},
        {"id": "old", "name": "R0", "state": "closed", "finished": NOW - 3 * DAY},
        {"id": "new", "name": "R0", "seen": NOW - 2 * DAY},
    ],
    "hub_milestones": [{"id": "5", "name": "v1", "due": date(2026, 4, 17)}],
    "items": [
        {"ids": "1-3", "in": ["v1"], "status": "in_progress", "points": 3},
        {"id": 4, "in": ["v1"], "status": "in_progress", "points": 5},
        {
            "ids": "5-6",
            "in": ["v1", "s1"],
            "status": "done",
            "since": {"status": "in_progress", "at": datetime(2026, 3, 2, tzinfo=UTC)},
            "points": 5,
        },
        {"id": 7, "in": ["s1"], "points": 2},
        {"id": 8, "entered": {"s1": datetime(2026, 3, 4, tzinfo=UTC)}, "points": 3},
    ],
    "hub_items": [{"id": "90", "title": "Same as APO-1", "in": ["5"]}],
    "programs": {"Launch": [[1, "version", "v1"], [1, "version", "s1"]]},
}


def filled(world: Mapping[str, Any] = WORLD, url: str | None = None) -> Store:
    made = memory_store() if url is None else open_store(url)
    with made.writing() as conn:
        cases.fill(conn, world)
    return made


@pytest.fixture
def store() -> Iterator[Store]:
    made = filled()
    yield made
    made.close()


def lines(store: Store, policy: Policy = POLICY, **more: Any) -> list[MilestoneLine]:
    return list(reconcile(store, policy, clock=cases.At(NOW), **more).milestones)


def program(store: Store, policy: Policy = POLICY, at: datetime = NOW, **more: Any) -> ProgramPlan:
    with store.reading() as conn:
        view = View(conn, policy, at, more.pop("known_at", at), **more)
        (one,) = view.programs
        return plan(view, one)


def test_its_name_judges_its_parts_and_it_stands_above_them(store: Store) -> None:
    found = lines(store)
    assert [(one.kind.value, one.name) for one in found] == [
        ("program", "Launch"),
        ("version", "Train 1"),
        ("version", "R1"),
    ]
    whole = found[0]
    assert whole.parts == ("jira/APO:Train 1", "jira/APO:R1")
    assert (whole.total_items, whole.done_items) == (8, 2)
    assert sum(one.total_items for one in found[1:]) == 10
    assert (whole.due_date, whole.start_date) == (date(2026, 4, 10), date(2026, 2, 2))
    assert whole.ledger is not None
    assert (whole.ledger.baseline, whole.ledger.added, whole.ledger.current) == (26, 3, 29)
    assert whole.ledger.added_by_origin == {"pulled in": 3.0}
    assert whole.ledger.added_agreed == 0.0
    assert sum(whole.ledger.removed_by_destination.values()) == whole.ledger.removed


def test_no_question_asks_what_a_program_milestone_is(store: Store) -> None:
    result = reconcile(store, POLICY, clock=cases.At(NOW))
    assert not [one for one in result.questions if "Launch" in one.text]
    # That nothing can be forecast of it is no question about what it is.
    told = {one[0] for one in result.not_checked if "Launch" in one[1]}
    assert told <= {"plan.forecast-late"}


def test_one_of_judged_parts_only_needs_no_name(store: Store) -> None:
    found = lines(store, replace(POLICY, judge=("APO:R1", "APO:Train 1")))
    assert [one.name for one in found] == ["Launch", "R1", "Train 1"]
    assert [one.name for one in lines(store, replace(POLICY, judge=("APO:R1",)))] == ["R1"]


def test_a_percentage_needs_every_plan_agreed_to(store: Store) -> None:
    calendar = calendar_of(POLICY)

    def accept(name: str) -> MilestoneLine:
        baseline.accept(store, calendar, clock=cases.At(NOW), milestone=name, author="tpm")
        return lines(store)[0]

    first = accept("APO:R1")
    assert (first.baseline_accepted, first.ledger and first.ledger.net_ratio) == (False, None)
    both = accept("APO:Train 1")
    assert both.baseline_accepted
    assert both.ledger is not None
    assert both.ledger.net_ratio == pytest.approx(3 / 26)


def test_points_lead_only_where_they_do_in_every_part(store: Store) -> None:
    world = {**WORLD, "programs": {"Launch": [[1, "version", "v1"], [2, "milestone", "5"]]}}
    mixed = filled(world)
    assert (whole := program(mixed).ledger) is not None
    assert whole.unit.value == "items"
    assert (ours := program(store).ledger) is not None
    assert ours.unit.value == "points"
    mixed.close()


def test_mirrors_count_once_only_where_that_is_configured() -> None:
    world = {**WORLD, "programs": {"Launch": [[1, "version", "v1"], [2, "milestone", "5"]]}}
    made = filled(world)
    assert len(program(made).leaves) == 7
    pair = ("jira:APO-1", "hub:acme/web#90")
    once = program(made, replace(POLICY, mirrors=(pair,)))
    assert len(once.leaves) == 6
    assert once.combined is not None
    assert once.combined.shared == {"1:1"}
    # A key that nothing answers to joins nothing.
    assert len(program(made, replace(POLICY, mirrors=((pair[0], "hub:nothing"),))).leaves) == 7
    made.close()


@pytest.mark.full
def test_a_part_that_is_not_there_withholds_the_sum() -> None:
    world = {**WORLD, "programs": {"Launch": [[1, "version", "v1"], [1, "version", "x"]]}}
    made = filled(world)
    found = program(made)
    assert found.withheld == "1 of its parts are not there any more"
    assert [one.ledger for one in lines(made) if one.kind is MilestoneKind.PROGRAM] == [None]
    made.close()


def test_a_part_that_has_not_begun_is_planned_as_it_stands() -> None:
    later = {"id": "s1", "name": "Train 1", "start": date(2026, 5, 4)}
    made = filled({**WORLD, "milestones": [WORLD["milestones"][0], later]})
    found = program(made)
    assert found.withheld is None
    assert found.ledger is not None
    assert (found.ledger.baseline, found.ledger.lines) == (29, ())
    assert not found.accepted
    made.close()


# --- who said what when -----------------------------------------------------------------------


def linked(store: Store, now: datetime, *words: str, **more: Any) -> None:
    with store.writing() as conn:
        known = Milestones(conn, now, now)
        parts.link(conn, known, clock=cases.At(now), name="L", parts=words, author="tpm", **more)


def names(store: Store, as_of: datetime, known_at: datetime) -> list[str]:
    with store.reading() as conn:
        view = View(conn, Policy(), as_of, known_at, present=False)
        return [one.name for made in view.programs if made.name == "L" for one in made.parts]


def test_parts_named_later_change_no_older_answer(store_url: str) -> None:
    made = filled({**WORLD, "programs": {}}, store_url)
    march = datetime(2026, 3, 2, tzinfo=UTC)
    linked(made, NOW, JIRA, "jira/APO:Train 1")
    assert names(made, march, march) == []
    assert names(made, march, NOW) == ["Train 1", "R1"]
    later = NOW + 5 * DAY
    linked(made, later, JIRA, HUB)
    assert names(made, later, later) == ["R1", "v1"]
    assert names(made, NOW + DAY, NOW + DAY) == ["Train 1", "R1"]
    # What is known now of then: the other part ended later, the new one began later.
    assert names(made, NOW + DAY, later) == ["Train 1", "R1"]
    assert names(made, later, NOW + DAY) == ["Train 1", "R1"]
    with made.writing() as conn:
        assert parts.unlink(conn, clock=cases.At(later + DAY), name="L", author="tpm") == 2
    assert names(made, later + 2 * DAY, later + 2 * DAY) == []
    assert names(made, later, later + 2 * DAY) == ["R1", "v1"]
    made.close()


def test_parts_may_be_dated(store: Store) -> None:
    since = datetime(2026, 3, 2, tzinfo=UTC)
    with pytest.raises(UsageError, match="it is a part of 'Launch' already"):
        linked(store, NOW, JIRA, HUB)
    with store.writing() as conn:
        parts.unlink(conn, clock=cases.At(NOW), name="Launch", author="tpm", since=since)
    linked(store, NOW, "jira/APO:Train 1", HUB)
    linked(store, NOW, JIRA, HUB, since=since)
    assert names(store, since - DAY, NOW) == ["Train 1", "v1"]
    assert names(store, since, NOW) == ["R1", "v1"]


def test_the_configured_parts_are_kept_with_what_was_known_when(store_url: str) -> None:
    made = filled(WORLD, store_url)
    first = {"Launch": (PartRule(JIRA), PartRule(HUB, date(2026, 3, 2), date(2026, 3, 31)))}
    one = replace(POLICY, programs=first)

    def kept(policy: Policy, now: datetime) -> int:
        with made.writing() as conn:
            return parts.refresh(conn, now, policy, calendar_of(policy))

    def at(as_of: datetime, known_at: datetime) -> list[str]:
        with made.reading() as conn:
            view = View(conn, Policy(), as_of, known_at, present=False)
            return [part.name for made in view.programs for part in made.parts]

    assert kept(one, NOW) == 4
    assert kept(one, NOW + DAY) == 0
    april = datetime(2026, 4, 1, tzinfo=UTC)
    assert at(NOW, NOW) == ["R1", "v1"]
    assert at(april, NOW) == ["R1"]
    assert at(NOW - DAY, NOW - DAY) == ["Train 1", "R1"]
    # A name that means nothing now takes nothing away of what it meant.
    strange = replace(POLICY, programs={"Launch": (PartRule(JIRA), PartRule("hub/acme/web:v2"))})
    assert kept(strange, NOW + 2 * DAY) == 0
    assert kept(POLICY, NOW + 3 * DAY) == 2
    assert at(NOW + 3 * DAY, NOW + 3 * DAY) == []
    assert at(NOW, NOW) == ["R1", "v1"]
    made.close()


def test_a_milestone_that_came_again_is_a_question(store: Store) -> None:
    with store.reading() as conn:
        asked = [one for one in suggestions(View(conn, POLICY, NOW, NOW)) if one.name == "R0"]
    (one,) = asked
    assert one.question == (
        "R0 was closed, and a milestone of its name came within two days. Does it go on with it?"
    )
    assert one.command == 'driftline milestones link "R0" "jira/version:old" "jira/version:new"'
    linked(store, NOW, "jira/version:old", "jira/version:new")
    with store.reading() as conn:
        assert not [x for x in suggestions(View(conn, POLICY, NOW, NOW)) if x.name == "R0"]


def test_the_sums_of_the_parts_are_the_sum_of_all(store: Store) -> None:
    with store.reading() as conn:
        view = View(conn, POLICY, NOW, NOW)
        made = plan(view, view.programs[0])
        told = sums(view, made)
    assert made.ledger is not None
    assert (told.added, told.removed) == (made.ledger.added, made.ledger.removed)
    assert made.ledger.balanced
