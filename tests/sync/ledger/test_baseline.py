"""Where baselines come from, and what a person makes of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support import cases
from support.cases import At

from mappings.vocabulary import MilestoneKind
from sync.errors import UsageError
from sync.ledger import baseline, load, milestones
from sync.ledger.working_days import WorkCalendar
from sync.reconcile.runner import reconcile
from sync.store import schema
from sync.store.open import Store

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
CALENDAR = WorkCalendar()


def suggested(data: dict[str, Any], at: datetime = NOW, zone: str = "UTC") -> Any:
    """(rule, instant) of the baseline suggested for the case's only milestone."""
    store = cases.build({"now": NOW, **data})
    with store.reading() as conn:
        (facts,) = milestones.at(conn, at, NOW).values()
        container = load.containers(conn, [facts], known_at=NOW, present=True)[facts.key]
    store.close()
    found = baseline.suggest(facts, container, WorkCalendar(zone), at)
    return None if found is None else (found.rule.value, found.at)


def sprint(**more: Any) -> dict[str, Any]:
    one = {"id": "s1", "kind": "sprint", "board": "b1", "due": date(2026, 3, 20), **more}
    return {"boards": [{"id": "b1", "project": "APO"}], "milestones": [one]}


def release(**more: Any) -> dict[str, Any]:
    return {"milestones": [{"id": "v1", "name": "R1", **more}]}


def test_a_sprint_is_planned_when_it_was_really_started() -> None:
    started = datetime(2026, 3, 9, 10, tzinfo=UTC)
    planned = sprint(start=date(2026, 3, 6), started=started)
    assert suggested(planned) == ("activation", started)
    assert suggested(planned, started - timedelta(seconds=1)) is None


def test_a_sprint_to_come_has_no_baseline() -> None:
    assert suggested(sprint(state="future", start=date(2026, 3, 6))) is None


def test_a_release_is_planned_at_the_beginning_of_its_start_date_in_its_zone() -> None:
    data = release(start=date(2026, 3, 2), due=date(2026, 3, 30))
    assert suggested(data) == ("start_date", datetime(2026, 3, 2, tzinfo=UTC))
    assert suggested(data, zone="Europe/Berlin") == (
        "start_date",
        datetime(2026, 3, 1, 23, tzinfo=UTC),
    )
    assert suggested(release(start=date(2026, 3, 17))) is None


def test_without_a_start_it_is_planned_when_it_held_three_items_and_had_a_date() -> None:
    third = datetime(2026, 2, 20, 9, tzinfo=UTC)
    items = [
        {"ids": "1-2", "in": ["v1"]},
        {"id": 3, "entered": {"v1": third}},
        {"id": 4, "entered": {"v1": third + timedelta(days=1)}},
    ]
    dated = {**release(due=date(2026, 3, 30)), "items": items}
    assert suggested(dated) == ("inferred", third)
    seen = datetime(2026, 3, 1, tzinfo=UTC)
    late = {**release(due=date(2026, 3, 30), moves=[{"new": date(2026, 3, 30), "at": seen}])}
    assert suggested({**late, "items": items}) == ("inferred", seen)


def test_with_less_than_three_items_it_is_what_we_first_saw() -> None:
    assert suggested({**release(), "items": [{"ids": "1-2", "in": ["v1"]}]}) == (
        "observed",
        cases.SEEN,
    )


def test_a_history_with_gaps_makes_a_partial_baseline() -> None:
    data = {
        "now": NOW,
        **release(start=date(2026, 3, 2)),
        "items": [{"id": 1, "in": ["v1"], "history": "partial"}],
    }
    store = cases.build(data)
    line = baseline.accept(store, CALENDAR, clock=At(NOW), milestone="R1", author="tpm")
    assert line.baseline.is_partial


@pytest.fixture
def store() -> Iterator[Store]:
    made = cases.build(
        {
            "now": NOW,
            "projects": ["APO", "BEE"],
            "milestones": [
                {"id": "v1", "name": "R1", "start": date(2026, 3, 2), "due": date(2026, 3, 30)},
                {"id": "v2", "name": "R2", "start": date(2026, 4, 2)},
                {"id": "v3", "name": "Same"},
                {"id": "v4", "name": "Same", "project": "BEE"},
            ],
            "items": [{"ids": "1-3", "in": ["v1"], "points": 3}],
        }
    )
    yield made
    made.close()


def test_accepting_keeps_instant_and_rule(store: Store) -> None:
    line = baseline.accept(
        store, CALENDAR, clock=At(NOW), milestone="APO:R1", author="tpm", reason="as planned"
    )
    made = line.baseline
    assert (made.rule.value, made.at) == ("start_date", datetime(2026, 3, 2, tzinfo=UTC))
    assert (made.accepted, made.author, made.reason) == (True, "tpm", "as planned")
    assert made.due_date == date(2026, 3, 30)
    with store.reading() as conn:
        items = conn.execute(sa.select(schema.baseline_item)).all()
    assert [(item.work_item_id, item.points) for item in items] == [
        ("1", 3.0),
        ("2", 3.0),
        ("3", 3.0),
    ]


def test_a_new_baseline_supersedes_and_deletes_nothing(store: Store) -> None:
    first = baseline.accept(store, CALENDAR, clock=At(NOW), milestone="R1", author="tpm")
    then = NOW + timedelta(days=1)
    second = baseline.set_(
        store, CALENDAR, clock=At(then), milestone="r1", author="tpm", at=NOW, reason="agreed"
    )
    assert second.baseline.rule.value == "explicit"
    assert second.baseline.supersedes == first.baseline.id
    lines = baseline.list_(store, milestone="R1")
    assert [(line.baseline.id, line.in_force) for line in lines] == [
        (first.baseline.id, False),
        (second.baseline.id, True),
    ]
    assert baseline.list_(store) == lines
    with store.reading() as conn:
        then_known = baseline.stored(conn, None, NOW)[1, MilestoneKind.VERSION, "v1"]
    assert [one.id for one in then_known] == [first.baseline.id]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("R9", "there is no milestone of this name.*APO:R1"),
        ("zzz", "Sync first"),
        ("Same", '2 milestones have this name.*"APO:Same", "BEE:Same"'),
    ],
)
def test_a_name_must_mean_one_milestone(store: Store, name: str, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        baseline.set_(store, CALENDAR, clock=At(NOW), milestone=name, author="tpm")


def test_what_has_not_begun_has_nothing_to_accept(store: Store) -> None:
    with pytest.raises(UsageError, match='driftline baseline set "APO:R2"'):
        baseline.accept(store, CALENDAR, clock=At(NOW), milestone="R2", author="tpm")


def test_a_baseline_does_not_lie_in_the_future(store: Store) -> None:
    with pytest.raises(UsageError, match="cannot lie in the future"):
        baseline.set_(
            store,
            CALENDAR,
            clock=At(NOW),
            milestone="R1",
            author="tpm",
            at=NOW + timedelta(seconds=1),
        )


def test_without_any_date_the_history_tells_when_it_held_three_items() -> None:
    """Also before driftline came: a history is kept, whenever it is read."""
    third = datetime(2025, 11, 20, 9, tzinfo=UTC)
    items = [
        {"ids": "1-2", "in": ["v1"], "created": date(2025, 11, 3)},
        {"id": 3, "created": date(2025, 11, 3), "entered": {"v1": third}},
        {"id": 4, "created": date(2025, 11, 3), "entered": {"v1": third + timedelta(days=9)}},
    ]
    assert third < cases.SEEN
    assert suggested({**release(), "items": items}) == ("inferred", third)
    assert suggested({**release(), "items": items}, third) == ("inferred", third)
    dated = {**release(due=date(2026, 3, 30)), "items": items}
    assert suggested(dated) == ("inferred", cases.SEEN)
    assert suggested(dated, third) is None


def test_an_inferred_baseline_is_stored_once_and_never_worked_out_again() -> None:
    third = datetime(2026, 2, 20, 9, tzinfo=UTC)
    items = [
        {"ids": "1-2", "in": ["v1"]},
        {"id": 3, "entered": {"v1": third}},
        {"id": 4, "entered": {"v1": third + timedelta(days=5)}},
    ]
    store = cases.build({"now": NOW, **release(due=date(2026, 4, 30)), "items": items})
    for day in (0, 1):
        reconcile(store, cases.policy({"judge": ["R1"]}), clock=At(NOW + timedelta(days=day)))
        with store.writing() as conn:
            (row,) = conn.execute(sa.select(schema.baseline)).all()
            held = conn.execute(sa.select(schema.baseline_item.c.work_item_id)).scalars().all()
            # A correction that is learnt later: all were in it since long before.
            early = {"valid_from": datetime(2026, 1, 6, tzinfo=UTC)}
            conn.execute(sa.update(schema.scope_membership).values(early))
        assert (row.rule, row.at, sorted(held)) == ("inferred", third, ["1", "2", "3"])
    store.close()


def test_one_of_the_past_holds_what_was_there_then_and_was_promised_then(store: Store) -> None:
    with store.writing() as conn:
        conn.execute(
            sa.update(schema.scope_membership)
            .where(schema.scope_membership.c.member_id == "3")
            .values(valid_to=datetime(2026, 3, 5, tzinfo=UTC))
        )
    day = datetime(2026, 3, 3, tzinfo=UTC)
    made = {
        at: baseline.set_(
            store, CALENDAR, clock=At(NOW), milestone="R1", author="tpm", at=at
        ).baseline
        for at in (day, NOW)
    }
    with store.reading() as conn:
        held = conn.execute(sa.select(schema.baseline_item)).all()
    for at, number in ((day, 3), (NOW, 2)):
        assert len([one for one in held if one.baseline_id == made[at].id]) == number
    assert [line.number for line in baseline.list_(store)] == [1, 2]


def test_a_date_told_with_a_re_plan_wins(store: Store) -> None:
    told = date(2026, 5, 1)
    for due, kept in ((None, date(2026, 3, 30)), (told, told)):
        line = baseline.set_(
            store, CALENDAR, clock=At(NOW), milestone="R1", author="tpm", reason="less", due=due
        )
        assert line.baseline.due_date == kept


def test_a_date_is_that_of_the_day_it_is_made_for() -> None:
    moves = [{"old": date(2026, 4, 3), "new": date(2026, 4, 10), "at": date(2026, 3, 9)}]
    store = cases.build({"now": NOW, **release(due=date(2026, 4, 10), moves=moves)})
    before = datetime(2026, 3, 5, tzinfo=UTC)
    for at, due in ((before, 3), (NOW, 10), (cases.SEEN - timedelta(days=1), 10)):
        line = baseline.set_(store, CALENDAR, clock=At(NOW), milestone="R1", author="tpm", at=at)
        assert line.baseline.due_date == date(2026, 4, due)
    store.close()


@pytest.mark.full
def test_the_original_is_agreed_to_when_its_very_instant_is(store: Store) -> None:
    key = (1, MilestoneKind.VERSION, "v1")
    reconcile(store, cases.policy({"judge": ["APO:R1"]}), clock=At(NOW))
    baseline.accept(store, CALENDAR, clock=At(NOW + timedelta(hours=1)), milestone="R1", author="t")
    with store.reading() as conn:
        first, accepted = baseline.stored(conn, None, NOW + timedelta(days=1))[key]
    assert (first.accepted, accepted.accepted) == (False, True)
    assert baseline.original((first,)) == first
    found = baseline.original((first, accepted))
    assert found is not None
    assert (found.id, found.accepted) == (first.id, True)
    moved = replace(accepted, at=NOW)
    assert baseline.original((first, moved)) == first
    assert baseline.original(()) is None


def test_in_force_is_the_newest_whose_instant_had_come(store: Store) -> None:
    days = [datetime(2026, 3, day, tzinfo=UTC) for day in (3, 9)]
    for at in days:
        baseline.set_(store, CALENDAR, clock=At(NOW), milestone="R1", author="tpm", at=at)
    with store.reading() as conn:
        made = baseline.stored(conn, None, NOW)[1, MilestoneKind.VERSION, "v1"]
    hour = timedelta(hours=1)
    for at, number in ((days[0] - hour, 0), (days[0], 0), (days[1] - hour, 0), (days[1], 1)):
        assert baseline.in_force(made, at) == made[number]
    assert baseline.in_force((), NOW) is None
