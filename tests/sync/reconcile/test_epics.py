"""A judged epic: found by its key, judged like any milestone, and a part of a program milestone."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support import cases

from mappings.vocabulary import MilestoneKind
from sync.ledger import baseline
from sync.ledger.milestones import Milestones
from sync.reconcile import parts
from sync.reconcile.contract import Policy
from sync.reconcile.runner import reconcile
from sync.reconcile.view import View, calendar_of
from sync.store.open import Store, memory_store, open_store

pytestmark = pytest.mark.full_on_postgres

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
MARCH = datetime(2026, 3, 2, tzinfo=UTC)
POLICY = Policy(program="Apollo", judge=("APO-10",), config_hash="c1")
WORLD: Mapping[str, Any] = {
    "now": NOW,
    "milestones": [{"id": "v1", "name": "R1", "start": date(2026, 2, 2)}],
    "items": [
        {"id": 10, "type": "epic", "title": "Checkout", "due": date(2026, 3, 6)},
        {"ids": "1-3", "parent": "10", "status": "in_progress"},
        {"id": 4, "parent": "10", "status": "done", "in": ["v1"]},
        {"id": 5, "parent": "10", "in": ["v1"]},
        {"ids": "6-7", "type": "subtask", "parent": "3"},
    ],
}


def filled(url: str | None = None) -> Store:
    made = memory_store() if url is None else open_store(url)
    with made.writing() as conn:
        cases.fill(conn, WORLD)
    return made


@pytest.fixture
def store() -> Iterator[Store]:
    made = filled()
    yield made
    made.close()


def test_its_key_judges_it_like_any_milestone(store_url: str) -> None:
    made = filled(store_url)
    result = reconcile(made, POLICY, clock=cases.At(NOW))
    (line,) = result.milestones
    assert (line.kind, line.name, line.source_id) == (MilestoneKind.EPIC, "Checkout", "10")
    # Stories with sub-tasks are counted by them.
    assert (line.total_items, line.done_items) == (6, 1)
    assert line.due_date == date(2026, 3, 6)
    late = [one for one in result.findings if one.detector == "plan.overdue"]
    assert [one.subject_label for one in late] == ["Checkout"]
    made.close()


def test_a_baseline_of_it_can_be_agreed_to(store: Store) -> None:
    said = baseline.accept(
        store, calendar_of(POLICY), clock=cases.At(NOW), milestone="APO:Checkout", author="tpm"
    )
    assert (said.kind, said.baseline.key) == (MilestoneKind.EPIC, (1, MilestoneKind.EPIC, "10"))
    (line,) = reconcile(store, POLICY, clock=cases.At(NOW)).milestones
    assert line.baseline_accepted


def test_set_queries_see_what_is_below_it(store_url: str) -> None:
    made = filled(store_url)
    for present, as_of in ((True, NOW), (False, NOW)):
        with made.reading() as conn:
            view = View(conn, POLICY, as_of, NOW, present=present)
            m = view.memberships.c
            rows = conn.execute(sa.select(m.item_id).where(m.milestone_kind == "epic"))
            assert sorted(row.item_id for row in rows) == ["1", "2", "3", "4", "5", "6", "7"]
    made.close()


def test_an_epic_may_be_a_part_of_a_program_milestone(store: Store) -> None:
    with store.writing() as conn:
        known = Milestones(conn, NOW, NOW)
        names = ("jira/APO-10", "jira/APO:R1")
        parts.link(conn, known, clock=cases.At(NOW), name="Launch", parts=names, author="tpm")
    later = NOW + timedelta(hours=1)
    policy = Policy(program="Apollo", judge=("Launch",), config_hash="c1")
    found = reconcile(store, policy, clock=cases.At(later)).milestones
    assert [one.name for one in found] == ["Launch", "Checkout", "R1"]
    # Two items are in both.
    assert [one.total_items for one in found] == [6, 6, 2]


def test_no_epic_is_listed_that_nobody_asked_for(store: Store) -> None:
    with store.reading() as conn:
        view = View(conn, Policy(judge=("APO:R1",)), NOW, NOW)
        assert [one.name for one in view.judged] == ["R1"]
        assert [one.kind for one in view.milestones.values()] == [MilestoneKind.VERSION]
        assert "epic" not in str(view.memberships.select())


def test_leaves_of_containers_in_the_past_are_asked_for_beside_a_judged_epic(
    store_url: str,
) -> None:
    made = filled(store_url)
    with made.reading() as conn:
        view = View(conn, POLICY, NOW, NOW, present=False)
        m, i = view.memberships.c, view.items.c
        rows = conn.execute(
            sa.select(m.milestone_kind, i.id)
            .join_from(
                view.memberships,
                view.items,
                sa.and_(m.connection_id == i.connection_id, m.item_id == i.id),
            )
            .where(~view.has_child_inside(view.memberships, view.items))
            .order_by(m.milestone_kind, i.id)
        )
        found = [tuple(row) for row in rows]
    made.close()
    assert found == [("epic", id_) for id_ in "124567"] + [("version", "4"), ("version", "5")]
