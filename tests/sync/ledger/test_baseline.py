"""Where baselines come from, and what a person makes of them."""

from collections.abc import Iterator
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
